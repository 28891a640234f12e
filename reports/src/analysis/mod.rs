//! Analyses beyond the boards. Of scores: which tickets match the dense network, how far they go from each pre-training, which family
//! of methods does best, how transfer follows upstream scores, how far rankings agree with published ones, and which published
//! figures may stand beside ours. Of masks: how alike they are, how much of each layer stays, and how much it matters which positions
//! a ticket has.

pub(crate) mod agreement;
pub(crate) mod beside;
pub(crate) mod families;
pub(crate) mod layers;
pub(crate) mod masks;
pub(crate) mod perturbation;
pub(crate) mod pretraining;
pub(crate) mod similarity;
pub(crate) mod statistics;
pub(crate) mod tickets;
pub(crate) mod upstream;
