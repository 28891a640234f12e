//! Channels: which live or die together, what removing them leaves, and which to remove for a budget.
//!
//! - [`Groups`] are found from the graph by [`Network::channel_groups`](crate::Network::channel_groups);
//! - [`Kept`] says which of their units stay, and [`Surgery`] what that means for every tensor;
//! - [`Budget`] counts what remains, and [`select_units`] chooses units by their scores.

mod budget;
mod group;
mod select;
mod surgery;
mod trace;

pub use budget::{Budget, Tally};
pub use group::{Group, Groups, Member, NOWHERE, Protection, Side, TensorId};
pub use select::{Rules, SelectUnitsError, Selected, UnitScope, select_units};
pub use surgery::{Cut, Kept, Surgery, SurgeryError};
