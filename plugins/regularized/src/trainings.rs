//! A training of its own for each target, from where the trial starts, out of one allowance.

use secateur_sdk::prelude::*;

/// The part of the allowance that a method trains with by default: all of it, since its sparse training is the training.
pub(crate) fn whole() -> f64 {
    1.0
}

/// Refuses a fraction of the allowance that is none.
pub(crate) fn check_fraction(fraction: f64) -> Result<()> {
    if fraction > 0.0 && fraction <= 1.0 {
        return Ok(());
    }
    Err(Error::invalid(format!("`search_fraction` is {fraction}, which is not in (0, 1]")))
}

/// Answers every target by a training from the untouched start. Each has the same number of steps, at least `least`,
/// which `train` gets with the target; when it returns, masks keep the target's count.
///
/// # Errors
/// [`ErrorKind::Infeasible`] for a target without weights, [`ErrorKind::Exhausted`] if the allowance is too small.
pub(crate) fn for_each_target(
    run: &Run<'_>,
    request: &Request<'_>,
    fraction: f64,
    least: u64,
    mut train: impl FnMut(Target, u64) -> Result<()>,
) -> Result<()> {
    let targets = request.targets();
    if let Some(target) = targets.iter().find(|target| target.count == 0) {
        let message = format!("keep {} leaves no weight at all; there is nothing to train", target.keep);
        return Err(Error::new(ErrorKind::Infeasible, message));
    }
    let allowance = run.allowance()?;
    let steps = allowance.steps_each(fraction, targets.len() as u64);
    if steps < least {
        return Err(Error::new(
            ErrorKind::Exhausted,
            format!(
                "an allowance of {} samples has {steps} steps for each of {} trainings, and {least} are needed at least; \
                 raise the allowance or `search_fraction`, or ask for fewer keeps in a trial",
                allowance.left_samples,
                targets.len()
            ),
        ));
    }
    for (index, target) in targets.iter().enumerate() {
        start_over(run)?;
        train(*target, steps)?;
        run.emit(index)?;
        run.progress(index as u64 + 1, targets.len() as u64, "targets");
    }
    Ok(())
}

/// Lifts all masks and sets the network back to where the trial started.
pub(crate) fn start_over(run: &Run<'_>) -> Result<()> {
    run.lift_masks()?;
    run.rewind_to("start")
}

/// Gives the host the absolute values of all prunable weights as scores.
pub(crate) fn score_by_magnitude(run: &Run<'_>) -> Result<()> {
    for param in run.prunable() {
        let magnitude = run.weight(&param)?.detach().f_abs()?;
        run.set_scores(&param, &magnitude)?;
    }
    Ok(())
}

/// The number of elements that are not zero.
pub(crate) fn count_nonzero(tensor: &Tensor) -> Result<u64> {
    Ok(tensor.f_ne(0.0)?.f_sum(Kind::Int64)?.f_int64_value(&[])? as u64)
}
