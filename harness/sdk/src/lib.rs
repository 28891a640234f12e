//! What the author of a pruning method links.
//!
//! Three levels over one contract, each a thin layer on the next:
//!
//! 1. [`Criterion`]: return a score for each weight; the host selects, masks and trains. About ten lines.
//!    [`ChannelCriterion`] is the same for channels.
//! 2. [`TrainHooks`]: regularize, prune or regrow while the host trains.
//! 3. [`PruneMethod`]: the whole run under the method's control.
//!
//! A library ends with [`export_plugin!`], which names its methods.
#![expect(unsafe_code, reason = "this crate is one of the three that cross the plugin border")]

mod boxes;
mod calibration;
mod channels;
mod error;
mod export;
mod hooks;
mod log;
mod method;
mod param;
mod run;

pub use boxes::MatchedBoxes;
pub use calibration::{Capture, Forward, Split};
pub use channels::{ChannelCriterion, Group, Member, PerChannel, Side};
pub use error::{Error, ErrorKind, Result};
#[doc(hidden)]
pub use export::{Exported, Registration, SharedEntry, build_entry};
pub use hooks::{Hooked, StepAction, TrainHooks};
pub use method::{Criterion, Flags, Granularity, PruneMethod, Scope};
pub use param::Param;
pub use run::{Allowance, Batch, Cost, Request, Run, Target, TrainOptions, Trained};
pub use {schemars, secateur_abi, serde, tch, tracing};

/// Everything that a plugin usually needs.
pub mod prelude {
    pub use schemars::{self, JsonSchema};
    pub use serde::{self, Deserialize};
    pub use tch::{self, Device, Kind, Tensor};
    pub use tracing;

    pub use crate::{
        ChannelCriterion, Criterion, Error, ErrorKind, Flags, Granularity, Group, Param, PerChannel,
        PruneMethod, Request, Result, Run, Scope, Side, Split, StepAction, Target, TrainHooks, TrainOptions,
        export_plugin,
    };
}

/// The method has no parameters: `type Config = NoConfig`.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}
