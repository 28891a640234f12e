//! Analyses of what methods have left: how alike masks are, how much of each layer stays, and how much it matters
//! which positions a ticket has.

pub(crate) mod layers;
pub(crate) mod masks;
pub(crate) mod perturbation;
pub(crate) mod similarity;
