//! What judges a layer's channels beside the reconstruction error.

use secateur_sdk::prelude::*;
use secateur_sdk::{Batch, Capture, Forward};

use crate::heads::{Head, Seen};

/// Weight decay of the auxiliary heads (DCP, section 4.1).
const WEIGHT_DECAY: f64 = 1e-4;

/// The losses of a method, over the whole network.
pub(crate) enum Losses {
    /// None anywhere: the reconstruction error alone.
    Reconstruction,
    /// Auxiliary heads in the network's order; behind the last one, the network's own loss.
    Heads(Vec<Box<dyn Head>>),
}

/// The loss behind a layer.
#[derive(Clone, Copy)]
pub(crate) enum Behind<'h> {
    /// None.
    Nothing,
    /// An auxiliary head's.
    Head(&'h dyn Head),
    /// The network's own.
    Network,
}

impl Losses {
    /// The loss behind a node: that of the next head, or of the network.
    pub(crate) fn behind(&self, node: u32) -> Behind<'_> {
        match self {
            Self::Reconstruction => Behind::Nothing,
            Self::Heads(heads) => match heads.iter().find(|head| head.node() > node) {
                Some(head) => Behind::Head(head.as_ref()),
                None => Behind::Network,
            },
        }
    }

    fn heads(&self) -> &[Box<dyn Head>] {
        match self {
            Self::Reconstruction => &[],
            Self::Heads(heads) => heads,
        }
    }

    /// Trains the network for so many steps, together with its heads if there are any.
    ///
    /// The sum of all losses is stepped on at once. DCP's code trains jointly too, but steps once for each loss, with
    /// gradients scaled by where it stands; its paper takes two steps, the auxiliary loss first (supplement, algorithm S1).
    pub(crate) fn train(&self, run: &Run<'_>, steps: u64) -> Result<()> {
        if steps == 0 {
            return Ok(());
        }
        let heads = self.heads();
        let last = run.nodes().len() as u32 - 1;
        let output = heads.iter().any(|head| head.needs_whole_pass()).then_some(last);
        if let Some(node) = output {
            run.capture(node, Capture::Output)?;
        }
        let trained = run.train_with(TrainOptions::afresh(steps), &mut Joint { heads, output })?;
        let heads = heads.len();
        tracing::info!(steps, heads, loss = trained.loss, "trained before the search");
        Ok(())
    }
}

impl Behind<'_> {
    /// Runs the network on a batch as far as this loss and the node `reached` need it. The loss, a scalar with a graph;
    /// `None` where there is none.
    pub(crate) fn loss(&self, run: &Run<'_>, batch: Batch, reached: u32) -> Result<Option<Tensor>> {
        let until = match self {
            Self::Nothing => Some(reached),
            Self::Head(head) if !head.needs_whole_pass() => Some(head.node()),
            Self::Head(_) | Self::Network => None,
        };
        let output = run.forward_with(&batch.input, until, Forward::default())?;
        match self {
            Self::Nothing => Ok(None),
            Self::Head(head) => {
                let whole = until.is_none().then_some(output);
                head.loss(&Seen::new(run, batch, whole), false).map(Some)
            }
            Self::Network => run.loss(&output, &batch.target).map(Some),
        }
    }
}

/// Adds the losses of all heads to the network's own while the host trains.
struct Joint<'h> {
    heads: &'h [Box<dyn Head>],
    /// The network's last node, if a head wants its output.
    output: Option<u32>,
}

impl TrainHooks for Joint<'_> {
    fn extra_params(&self) -> (Vec<Tensor>, f64) {
        (self.heads.iter().flat_map(|head| head.leaves()).collect(), WEIGHT_DECAY)
    }

    fn extra_loss(&mut self, run: &Run<'_>, _: u64) -> Result<Option<Tensor>> {
        let Some((first, others)) = self.heads.split_first() else { return Ok(None) };
        let output = match self.output {
            Some(node) => Some(run.captured(node, Capture::Output)?),
            None => None,
        };
        let seen = Seen::new(run, run.step_batch()?, output);
        let mut sum = first.loss(&seen, true)?;
        for head in others {
            sum = sum.f_add(&head.loss(&seen, true)?)?;
        }
        Ok(Some(sum))
    }
}
