//! Selection of one layer's channels (DCP, algorithm 2).

use secateur_sdk::prelude::*;
use secateur_sdk::{Batch, Capture, Forward};

use crate::config::{RankedAt, Score, Search, Settings};
use crate::layers::{Layer, Reader};
use crate::losses::Behind;

const MOMENTUM: f64 = 0.9;
const WEIGHT_DECAY: f64 = 1e-4;

/// Selection among the channels of one layer.
///
/// The same batches are read again at every pass, in the same order, so that no pictures are kept.
pub(crate) struct LayerSearch<'s, 'a> {
    run: &'s Run<'a>,
    settings: &'s Settings,
    layer: &'s Layer<'s>,
    behind: Behind<'s>,
    /// Pictures in a batch.
    batch: u32,
    /// For each batch of a pass, what the readers give in the reference network.
    references: Vec<Vec<Tensor>>,
    /// Weights of the readers as the search finds them.
    original: Vec<Tensor>,
    velocity: Vec<Tensor>,
}

/// In what order channels joined, and how much the loss fell with each, relative to the loss without any.
pub(crate) struct Order {
    /// Units, first one first.
    pub(crate) units: Vec<usize>,
    /// For each of them.
    pub(crate) gains: Vec<f64>,
}

impl<'s, 'a> LayerSearch<'s, 'a> {
    /// Reads the pictures and what the reference network makes of them at this layer.
    pub(crate) fn new(
        run: &'s Run<'a>,
        settings: &'s Settings,
        layer: &'s Layer<'s>,
        behind: Behind<'s>,
    ) -> Result<Self> {
        for reader in &layer.readers {
            run.capture(reader.node, Capture::Output)?;
        }
        let batch = match settings.batch {
            Some(batch) => batch,
            None => run.allowance()?.batch.max(1),
        };
        let batch = batch.min(settings.samples);
        let mut original = Vec::new();
        let mut velocity = Vec::new();
        for reader in &layer.readers {
            let weight = run.weight(&reader.weight)?.detach().copy();
            velocity.push(weight.f_zeros_like()?);
            original.push(weight);
        }
        let mut search =
            Self { run, settings, layer, behind, batch, references: Vec::new(), original, velocity };
        search.rewind()?;
        let pass = Forward { reference: true, no_grad: true, ..Forward::default() };
        for _ in 0..settings.samples / batch {
            let Some(pictures) = run.next_batch()? else { break };
            let readers = layer.readers.iter();
            let references = readers.map(|reader| run.forward_with(&pictures.input, Some(reader.node), pass));
            search.references.push(references.collect::<Result<_>>()?);
        }
        Ok(search)
    }

    fn rewind(&self) -> Result<()> {
        self.run.rewind_data(Split::Train, self.batch, 0)
    }

    fn next_batch(&self) -> Result<Batch> {
        let batch = self.run.next_batch()?;
        batch.ok_or_else(|| Error::new(ErrorKind::Internal, "the host gave fewer pictures than before"))
    }

    /// Keeps `count` units: picks them and leaves the readers' weights optimized for them.
    pub(crate) fn keep(&mut self, count: usize) -> Result<Vec<bool>> {
        let units = match self.settings.search {
            Search::Greedy => self.greedy(count)?.units,
            Search::TopK => self.top_k(count)?,
        };
        Ok(marked(self.layer.group.units(), &units))
    }

    /// The `count` units that one ranking has first.
    fn top_k(&mut self, count: usize) -> Result<Vec<usize>> {
        if self.settings.ranked_at == RankedAt::Zero {
            self.clear()?;
        }
        let scores = self.scores()?.0;
        let mut units = ranked((0..scores.len()).collect(), &scores);
        units.truncate(count);
        let kept = marked(scores.len(), &units);
        self.set_weights(&vec![false; scores.len()], &kept)?;
        self.optimize(&kept)?;
        Ok(units)
    }

    /// The order in which the greedy search would let `count` units join.
    pub(crate) fn greedy(&mut self, count: usize) -> Result<Order> {
        let units = self.layer.group.units();
        let mut kept = vec![false; units];
        self.clear()?;
        let mut order = Order { units: Vec::with_capacity(count), gains: Vec::with_capacity(count) };
        let (mut scores, beginning) = self.scores()?;
        let mut before = beginning;
        while order.units.len() < count {
            let mut open = ranked((0..units).filter(|unit| !kept[*unit]).collect(), &scores);
            open.truncate(self.settings.channels_at_a_time.min(count - order.units.len()));
            let old = kept.clone();
            for unit in &open {
                kept[*unit] = true;
            }
            // What joins starts from the weights it had.
            self.set_weights(&old, &kept)?;
            self.optimize(&kept)?;
            let (next, loss) = self.scores()?;
            let gain = (before - loss) / beginning.max(f64::MIN_POSITIVE) / open.len() as f64;
            order.gains.extend(open.iter().map(|_| gain));
            order.units.extend(open);
            (scores, before) = (next, loss);
        }
        Ok(order)
    }

    /// Sets all weights that read the layer's channels to zero.
    fn clear(&self) -> Result<()> {
        let _guard = tch::no_grad_guard();
        for reader in &self.layer.readers {
            drop(self.run.weight(&reader.weight)?.f_zero_()?);
        }
        Ok(())
    }

    /// Gives units that are new their original weights and those that are gone zeros; the others stay as they are.
    fn set_weights(&mut self, old: &[bool], new: &[bool]) -> Result<()> {
        let _guard = tch::no_grad_guard();
        for ((reader, original), velocity) in
            self.layer.readers.iter().zip(&self.original).zip(&mut self.velocity)
        {
            let mut weight = self.run.weight(&reader.weight)?;
            let stays = mask(reader, old)?.f_to_device(weight.device())?;
            let joins = mask(reader, new)?.f_to_device(weight.device())? - &stays;
            let value = &weight * &stays + original * joins;
            weight.f_copy_(&value)?;
            *velocity = velocity.f_mul(&stays)?;
        }
        Ok(())
    }

    /// The joint loss on the next batch, number `index` of the pass, and its number of pictures: reconstruction error
    /// plus the weighted loss behind the layer (DCP, equation 6).
    ///
    /// The reconstruction error is the mean over all elements, without the paper's half, as in the authors' code.
    fn loss(&self, index: usize) -> Result<(Tensor, i64)> {
        let batch = self.next_batch()?;
        let pictures = batch.input.size()[0];
        let behind = self.behind.loss(self.run, batch, self.layer.last)?;
        let mut loss = behind.map(|loss| loss.f_mul_scalar(self.settings.weight)).transpose()?;
        for (reader, reference) in self.layer.readers.iter().zip(&self.references[index]) {
            let found = self.run.captured(reader.node, Capture::Output)?;
            let error = found.f_mse_loss(reference, tch::Reduction::Mean)?;
            loss = Some(match loss {
                Some(loss) => loss.f_add(&error)?,
                None => error,
            });
        }
        let loss = loss.ok_or_else(|| Error::new(ErrorKind::Internal, "a layer that nothing reads"))?;
        Ok((loss, pictures))
    }

    /// Norms of the joint loss's gradient for every unit, over all samples, and the mean loss.
    fn scores(&self) -> Result<(Vec<f64>, f64)> {
        let units = self.layer.group.units();
        let mut scores = vec![0.0; units];
        let (mut sum, mut pictures) = (0.0, 0.0);
        self.rewind()?;
        for index in 0..self.references.len() {
            self.run.zero_grad()?;
            let (loss, count) = self.loss(index)?;
            sum += loss.f_double_value(&[])? * count as f64;
            pictures += count as f64;
            self.run.backward(&loss)?;
            for reader in &self.layer.readers {
                let Some(gradient) = self.run.grad(&reader.weight)? else { continue };
                let channels = channel_norms(&gradient, self.settings.score)?;
                for (score, own) in scores.iter_mut().zip(reader.member.sum_by_unit(&channels)?) {
                    *score += own;
                }
            }
        }
        self.run.zero_grad()?;
        Ok((scores, sum / f64::max(pictures, 1.0)))
    }

    /// Optimizes the weights of the units that are kept (equations 8 and 9).
    fn optimize(&mut self, kept: &[bool]) -> Result<()> {
        for _ in 0..self.settings.passes {
            self.rewind()?;
            for index in 0..self.references.len() {
                self.run.zero_grad()?;
                let (loss, _) = self.loss(index)?;
                self.run.backward(&loss)?;
                let _guard = tch::no_grad_guard();
                for (reader, velocity) in self.layer.readers.iter().zip(&mut self.velocity) {
                    let Some(gradient) = self.run.grad(&reader.weight)? else { continue };
                    let mut weight = self.run.weight(&reader.weight)?;
                    let mask = mask(reader, kept)?.f_to_device(weight.device())?;
                    let gradient = (gradient + &weight * WEIGHT_DECAY) * mask;
                    *velocity = &*velocity * MOMENTUM + &gradient;
                    // Nesterov's form.
                    let step = (gradient + &*velocity * MOMENTUM) * self.settings.lr;
                    drop(weight.f_sub_(&step)?);
                }
            }
        }
        self.run.zero_grad()?;
        self.refuse_divergence()
    }

    /// Weights that are no numbers are no answer; looked at once for each optimization, since it waits for the device.
    fn refuse_divergence(&self) -> Result<()> {
        for reader in &self.layer.readers {
            let weight = self.run.weight(&reader.weight)?;
            if weight.f_isfinite()?.f_all()?.f_int64_value(&[])? == 0 {
                return Err(Error::invalid(format!(
                    "with `lr` {} the weights of `{}` grow beyond all bounds; take a smaller one",
                    self.settings.lr,
                    reader.weight.name()
                )));
            }
        }
        Ok(())
    }
}

/// Units with the highest scores first; of equal scores, the first by position.
fn ranked(mut units: Vec<usize>, scores: &[f64]) -> Vec<usize> {
    units.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    units
}

/// Which units are in a list.
fn marked(units: usize, list: &[usize]) -> Vec<bool> {
    let mut marks = vec![false; units];
    for unit in list {
        marks[*unit] = true;
    }
    marks
}

/// One for the input channels of the units that are kept, zero for the rest: `[1, channels, 1, 1]`. Channels that do not
/// belong to the group count as kept.
fn mask(reader: &Reader<'_>, kept: &[bool]) -> Result<Tensor> {
    let mut flags = vec![1.0_f32; reader.weight.shape()[1] as usize];
    for (unit, kept) in kept.iter().enumerate() {
        for entry in reader.member.entries(unit) {
            flags[entry as usize] = f32::from(u8::from(*kept));
        }
    }
    Ok(Tensor::f_from_slice(&flags)?.f_view([1, -1, 1, 1])?)
}

/// Norms of a gradient `[out, in, kh, kw]` for each input channel, `[in]`.
pub(crate) fn channel_norms(gradient: &Tensor, score: Score) -> Result<Tensor> {
    let squares = gradient.f_square()?;
    Ok(match score {
        Score::SumOfNorms => {
            let kernels = squares.f_sum_dim_intlist([2, 3].as_slice(), false, Kind::Double)?.f_sqrt()?;
            kernels.f_sum_dim_intlist(0, false, Kind::Double)?
        }
        Score::Frobenius => squares.f_sum_dim_intlist([0, 2, 3].as_slice(), false, Kind::Double)?.f_sqrt()?,
    })
}
