//! Gradients of mini-batches, of which every matrix here is made.

use secateur_sdk::prelude::*;
use secateur_sdk::tch::no_grad_guard;

use crate::flat;

/// Where gradients come from: mini-batches of training pictures, one after the other.
///
/// Collections go on where the last one ended, so that each step of a gradual run sees other pictures as long as
/// there are some.
#[derive(Debug)]
pub(crate) struct Gradients {
    count: u64,
    batch: u32,
}

impl Gradients {
    /// At most `wanted` gradients of `batch` pictures each. A split with fewer pictures gives as many whole
    /// mini-batches as it has: the same picture twice would add nothing to a mean.
    ///
    /// # Errors
    /// Fails if the split has less than one mini-batch.
    pub(crate) fn open(run: &Run<'_>, wanted: u32, batch: u32) -> Result<Self> {
        let count = mini_batches(run, wanted, batch)?;
        if count == 0 {
            return Err(Error::invalid(format!(
                "`batch` is {batch}, but the training split has fewer pictures than that; lower it"
            )));
        }
        if count < u64::from(wanted) {
            tracing::info!(
                wanted,
                count,
                batch,
                "the training split has fewer mini-batches than gradients wanted"
            );
        }
        run.rewind_data(Split::Train, batch, 0)?;
        Ok(Self { count, batch })
    }

    /// Training samples that one collection is charged for.
    pub(crate) fn samples(&self) -> u64 {
        self.count * u64::from(self.batch)
    }

    /// The gradients of the mean loss of each mini-batch at the weights as they stand, in evaluation mode: f32
    /// `[gradients, n]`, zero for weights that `keep` (bool `[n]`) does not keep.
    ///
    /// # Errors
    /// [`ErrorKind::Exhausted`] if the allowance does not reach; fails if a gradient is not finite.
    pub(crate) fn collect(&self, run: &Run<'_>, keep: Option<&Tensor>) -> Result<Tensor> {
        let device = match run.prunable().first() {
            Some(param) => run.weight(param)?.device(),
            None => return Err(Error::unsupported("the suite's prunable set is empty")),
        };
        let keep = keep.map(|keep| keep.f_to_kind(Kind::Float)).transpose()?;
        let rows =
            Tensor::f_zeros([self.count as i64, flat::sizes(run).iter().sum()], (Kind::Float, device))?;
        // Read once at the end: the device is not waited for in between.
        let sums = Tensor::f_zeros([self.count as i64], (Kind::Double, device))?;
        for index in 0..self.count {
            let pictures = self.next(run)?;
            run.zero_grad()?;
            let output = run.forward(&pictures.input)?;
            run.backward(&run.loss(&output, &pictures.target)?)?;
            let _guard = no_grad_guard();
            let mut row = rows.f_select(0, index as i64)?;
            for (param, mut part) in flat::parts(run, &row)? {
                if let Some(gradient) = run.grad(&param)? {
                    part.f_copy_(&gradient)?;
                }
            }
            if let Some(keep) = &keep {
                drop(row.f_mul_(keep)?);
            }
            sums.f_select(0, index as i64)?.f_copy_(&row.f_sum(Kind::Double)?)?;
            run.progress(index + 1, self.count, "gradients");
        }
        run.zero_grad()?;
        let sums = Vec::<f64>::try_from(sums.f_to_device(Device::Cpu)?)?;
        match sums.iter().position(|sum| !sum.is_finite()) {
            None => Ok(rows),
            Some(index) => Err(Error::new(
                ErrorKind::Internal,
                format!(
                    "gradient {index} is not finite; the network that the trial starts from has diverged"
                ),
            )),
        }
    }

    fn next(&self, run: &Run<'_>) -> Result<secateur_sdk::Batch> {
        if let Some(pictures) = run.next_batch()?
            && is_whole(&pictures.input, self.batch)
        {
            return Ok(pictures);
        }
        run.rewind_data(Split::Train, self.batch, 0)?;
        run.next_batch()?
            .ok_or_else(|| Error::new(ErrorKind::Internal, "the training split has become empty"))
    }
}

/// Whole mini-batches of the training split, `wanted` at most.
fn mini_batches(run: &Run<'_>, wanted: u32, batch: u32) -> Result<u64> {
    let wanted = u64::from(wanted);
    let allowance = run.allowance()?;
    // All steps of an epoch but the last have a whole batch, and the last has a picture. Without a recipe steps count pictures.
    let before_the_last = allowance.steps_per_epoch.saturating_sub(1) * u64::from(allowance.batch.max(1));
    if allowance.steps_per_epoch > 0 && before_the_last + 1 >= wanted * u64::from(batch) {
        return Ok(wanted);
    }
    // A small split is read through to count them, which is not charged.
    run.rewind_data(Split::Train, batch, 0)?;
    let mut count = 0;
    while count < wanted {
        match run.next_batch()? {
            Some(pictures) if is_whole(&pictures.input, batch) => count += 1,
            _ => break,
        }
    }
    Ok(count)
}

fn is_whole(input: &Tensor, batch: u32) -> bool {
    input.size().first() == Some(&i64::from(batch))
}
