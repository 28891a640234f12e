//! Commands that need no worker, and so no libtorch, on the program itself.

mod data;
mod fetch;
mod lint_board;
mod plan;
mod weights;
