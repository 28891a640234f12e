//! Analyses beyond the boards. Of scores: which tickets match the dense network, which family of methods does best, how
//! transfer follows upstream scores, how far rankings agree with published ones. Of masks: how alike they are, how much of
//! each layer stays, and how much it matters which positions a ticket has.

pub(crate) mod agreement;
pub(crate) mod families;
pub(crate) mod layers;
pub(crate) mod masks;
pub(crate) mod perturbation;
pub(crate) mod similarity;
pub(crate) mod statistics;
pub(crate) mod tickets;
pub(crate) mod upstream;
