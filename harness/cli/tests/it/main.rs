//! Commands that need no worker, and so no libtorch, on the program itself.

mod data;
mod lint_board;
