//! The subcommands, one module each.

pub(crate) mod compare;
pub(crate) mod data;
pub(crate) mod lint_board;
pub(crate) mod methods;
pub(crate) mod networks;
pub(crate) mod nightly;
pub(crate) mod plan;
pub(crate) mod plugin;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod show;
pub(crate) mod store;
pub(crate) mod tasks;
pub(crate) mod weights;
