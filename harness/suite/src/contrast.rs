//! Training without labels: two views of a picture should be told from views of others.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A contrastive loss, in place of the task's own. The network then ends in a [`Projection`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "loss", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Contrast {
    /// simCLR: each view is to be told from all other views of its batch (NT-Xent; arXiv 2002.05709, equation 1).
    Simclr {
        /// What similarities are divided by.
        temperature: f64,
    },
    /// MoCo v2: a view is to be told from views of earlier batches, which an average of earlier networks encodes (InfoNCE;
    /// arXiv 1911.05722, equations 1 and 2; arXiv 2003.04297).
    MocoV2 {
        /// What similarities are divided by.
        temperature: f64,
        /// Earlier views that are kept; a multiple of the batch.
        queue: u32,
        /// Share of the average that stays with each step.
        momentum: f64,
    },
}

/// What a network ends in where there are no classes: fully connected, ReLU, fully connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Projection {
    /// Numbers in the middle; absent: as many as the network has features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<u32>,
    /// Numbers at the end.
    pub out: u32,
}

/// What makes steps of gradients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// Stochastic gradient descent.
    #[default]
    Sgd,
    /// The same with a rate for each layer, in proportion to its weights' norm over its gradients' (LARS, arXiv 1708.03888,
    /// equation 6). Biases and batch norms have neither decay nor such a rate (arXiv 2002.05709, section 2.1 and its code).
    Lars,
}

impl Optimizer {
    /// Whether it is the one that files need not name.
    #[must_use]
    pub fn is_sgd(&self) -> bool {
        *self == Self::Sgd
    }
}

impl Contrast {
    /// What is wrong with the values at a batch size, if anything.
    pub(crate) fn problem(&self, batch: u32) -> Option<String> {
        let (Self::Simclr { temperature } | Self::MocoV2 { temperature, .. }) = *self;
        if !(temperature.is_finite() && temperature > 0.0) {
            return Some(format!("a temperature of {temperature} is not a positive number"));
        }
        if batch < 2 {
            return Some("a batch of one picture has nothing to be told from".to_owned());
        }
        let Self::MocoV2 { queue, momentum, .. } = *self else { return None };
        if queue == 0 || queue % batch != 0 {
            return Some(format!("a queue of {queue} is not a multiple of the batch, {batch}"));
        }
        if !(0.0..1.0).contains(&momentum) {
            return Some(format!("a momentum of {momentum} is not in [0, 1)"));
        }
        None
    }
}
