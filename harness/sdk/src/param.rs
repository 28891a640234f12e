//! Parameters of the network.

use secateur_abi as abi;

use crate::run::{slice, text};

/// A parameter of the network.
#[derive(Clone, Copy, Debug)]
pub struct Param<'a> {
    raw: &'a abi::Param,
}

impl<'a> Param<'a> {
    /// Of the host's table, which lives until `prune` returns.
    pub(crate) fn new(raw: &'a abi::Param) -> Self {
        Self { raw }
    }

    /// Index.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.raw.id
    }

    /// Name, for example `layer1.0.conv2.weight`.
    #[must_use]
    pub fn name(&self) -> &str {
        // SAFETY: the host's table lives until `prune` returns, and so does every `Param`.
        unsafe { text(self.raw.name) }
    }

    /// Shape.
    #[must_use]
    pub fn shape(&self) -> &[i64] {
        // SAFETY: as above.
        unsafe { slice(self.raw.shape, self.raw.ndim as usize) }
    }

    /// Number of weights.
    #[must_use]
    pub fn numel(&self) -> u64 {
        self.shape().iter().product::<i64>() as u64
    }

    /// Whether it is a bias or the shift of a normalization.
    #[must_use]
    pub fn is_bias(&self) -> bool {
        self.raw.flags & abi::PARAM_BIAS != 0
    }

    /// Whether it is the scale or the shift of a normalization.
    #[must_use]
    pub fn is_norm(&self) -> bool {
        self.raw.flags & abi::PARAM_NORM != 0
    }

    /// Whether it belongs to the suite's prunable set.
    #[must_use]
    pub fn is_prunable(&self) -> bool {
        self.raw.flags & abi::PARAM_PRUNABLE != 0
    }
}
