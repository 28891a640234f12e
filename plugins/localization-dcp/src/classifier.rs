//! DCP's auxiliary head: it classifies whole pictures (equations 4 and 5).

use secateur_sdk::prelude::*;

use crate::heads::{Head, Place, Seen};
use crate::readout::Readout;

/// Classifies pictures by the features behind a node; its loss is the task's.
pub(crate) struct Classifier {
    node: u32,
    readout: Readout,
}

impl Classifier {
    /// A new one of so many classes.
    pub(crate) fn new(place: &Place, classes: i64) -> Result<Self> {
        let readout = Readout::new(place.channels, classes, place.seed, place.device)?;
        Ok(Self { node: place.node, readout })
    }
}

impl Head for Classifier {
    fn node(&self) -> u32 {
        self.node
    }

    fn leaves(&self) -> Vec<Tensor> {
        self.readout.leaves()
    }

    fn loss(&self, seen: &Seen<'_>, train: bool) -> Result<Tensor> {
        seen.task_loss(&self.readout.outputs(&seen.features(self.node)?, train)?)
    }
}
