//! Synaptic flow (SynFlow, arXiv 2006.05467).

use std::ffi::CStr;

use secateur_sdk::Forward;
use secateur_sdk::prelude::*;
use secateur_sdk::tch::no_grad_guard;

use crate::looking::{At, afford};

/// Factor by which input and shifts go down when the flow overflows, a power of two, so that nothing is rounded.
const DOWN: f64 = 1.0 / (1_u64 << 40) as f64;

/// Times that they may go down before 32-bit floats end at the other side.
const MOST_DOWN: u32 = 3;

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// Rounds of scoring and removing; after round k of n the fraction `keep^(k/n)` of the weights is left.
    #[serde(default = "default_rounds")]
    pub(crate) rounds: u32,
    /// How weights compete.
    #[serde(default)]
    pub(crate) scope: Scope,
    /// The network that is scored and handed in.
    #[serde(default)]
    pub(crate) at: At,
}

fn default_rounds() -> u32 {
    100
}

/// Keeps the weights with the largest synaptic flow, which it removes little by little and without any picture
/// (algorithm 1).
pub(crate) struct SynFlow {
    config: Config,
}

impl PruneMethod for SynFlow {
    const ID: &'static CStr = c"org.secateur.synflow";
    const NAME: &'static CStr = c"SynFlow";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr =
        c"Keeps the weights on the strongest paths through the network, found without pictures.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:2006.05467");
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags = Flags::NEEDS_GRAD.and(Flags::WRITES_WEIGHTS).and(Flags::DETERMINISTIC);
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        if config.rounds == 0 {
            return Err(Error::invalid("`rounds` must be at least 1"));
        }
        Ok(Self { config })
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        let targets = request.targets();
        let Config { rounds, scope, at } = self.config;
        afford(
            run,
            u64::from(rounds) * targets.len() as u64,
            "lower `rounds`, ask for fewer keeps in a trial, or raise the allowance",
        )?;
        let total: u64 = run.prunable().iter().map(Param::numel).sum();
        for (index, target) in targets.iter().enumerate() {
            let mut flow = Flow::new(run, at)?;
            for round in 1..=rounds {
                let before = run.allowance()?.left_samples;
                let scores = flow.scores(run)?;
                if index == 0 && round == 1 {
                    let spent = before.saturating_sub(run.allowance()?.left_samples);
                    afford_rest(run, u64::from(rounds), targets.len() as u64, spent)?;
                }
                for (param, scores) in run.prunable().iter().zip(scores) {
                    run.set_scores(param, &scores)?;
                }
                run.select(scope, left_after(round, rounds, target.count, total))?;
            }
            // Masks stay, all else is as it was.
            at.rewind(run)?;
            run.emit(index)?;
            run.progress(index as u64 + 1, targets.len() as u64, "targets");
        }
        Ok(())
    }
}

/// Refuses what comes behind the very first round, which took `first` samples: one, and more where the flow overflowed. The
/// flow is never larger than with all weights, so that the first round of each other keep takes as many, and later ones one.
fn afford_rest(run: &Run<'_>, rounds: u64, targets: u64, first: u64) -> Result<()> {
    let advice = format!(
        "the flow is beyond 32-bit floats, and to scale it down takes {first} samples for the first round of each keep; \
         lower `rounds`, ask for fewer keeps in a trial, or raise the allowance"
    );
    afford(run, rounds - 1 + (targets - 1) * (first + rounds - 1), &advice)
}

/// Weights that round `round` of `rounds` leaves: the density falls exponentially.
pub(crate) fn left_after(round: u32, rounds: u32, count: u64, total: u64) -> u64 {
    if round == rounds {
        return count;
    }
    let density = count as f64 / total.max(1) as f64;
    ((total as f64 * density.powf(f64::from(round) / f64::from(rounds))).round() as u64).max(count)
}

/// The network with the absolute values of all its parameters, and an input of ones.
pub(crate) struct Flow {
    input: Tensor,
    at: At,
    /// How often input and shifts have been multiplied by [`DOWN`].
    down: u32,
}

impl Flow {
    /// Lifts all masks and makes the live parameters absolute.
    pub(crate) fn new(run: &Run<'_>, at: At) -> Result<Self> {
        let saturating = |op: &str| matches!(op, "relu6" | "hardswish");
        if let Some((node, op)) = run.nodes().into_iter().find(|(_, op)| saturating(op)) {
            return Err(Error::unsupported(format!(
                "SynFlow needs activations that do not saturate, and `{node}` is a {op}: through it absolute weights \
                 have no gradient"
            )));
        }
        run.lift_masks()?;
        // Only the shape of a picture is looked at.
        run.rewind_data(Split::Train, 1, 0)?;
        let Some(picture) = run.next_batch()? else {
            return Err(Error::unsupported("this task has no training pictures to tell the input's shape"));
        };
        let flow = Self { input: picture.input.f_ones_like()?, at, down: 0 };
        flow.make_absolute(run, 1.0)?;
        Ok(flow)
    }

    /// Sets all parameters to the absolute values at the state that is looked at, with shifts multiplied by a factor.
    fn make_absolute(&self, run: &Run<'_>, shifts: f64) -> Result<()> {
        self.at.rewind(run)?;
        let _guard = no_grad_guard();
        for param in run.params() {
            let mut weight = run.weight(&param)?;
            let _ = weight.f_abs_()?;
            if param.is_bias() && shifts != 1.0 {
                let _ = weight.f_mul_scalar_(shifts)?;
            }
        }
        Ok(())
    }

    /// `w * dR/dw` of each prunable parameter, of its shape, divided by `R`, the sum of the outputs (equation 2 with
    /// the flow of section 5); minus infinity for what is masked.
    ///
    /// # Errors
    /// [`ErrorKind::Infeasible`] if nothing flows through the network any more.
    pub(crate) fn scores(&mut self, run: &Run<'_>) -> Result<Vec<Tensor>> {
        let (sum, value) = self.sum(run)?;
        if value <= 0.0 {
            return Err(no_flow());
        }
        run.zero_grad()?;
        // All scores are divided by the same number, which keeps them in the range of 32-bit floats.
        run.backward(&sum.f_div_scalar(value)?)?;
        let mut scores = Vec::new();
        // Summed where the scores are, and read once.
        let mut flowing: Option<Tensor> = None;
        for param in run.prunable() {
            let weight = run.weight(&param)?.detach();
            let flow = match run.grad(&param)? {
                Some(grad) => weight.f_mul(&grad)?.f_abs()?,
                None => weight.f_zeros_like()?,
            };
            let own = flow.f_count_nonzero(None)?;
            flowing = Some(match flowing {
                Some(sum) => sum.f_add(&own)?,
                None => own,
            });
            scores.push(match run.mask(&param)? {
                Some(mask) => flow.f_masked_fill(&mask.f_logical_not()?, f64::NEG_INFINITY)?,
                None => flow,
            });
        }
        run.zero_grad()?;
        let flowing = flowing.map_or(Ok(0), |sum| sum.f_int64_value(&[]))?;
        if flowing == 0 {
            // What the network gives are its shifts alone.
            return Err(no_flow());
        }
        if self.down > 0 && value < 1.0 / DOWN {
            // The network has become thin enough for a larger input.
            self.go_to(run, self.down - 1)?;
        }
        Ok(scores)
    }

    /// The sum of what the network gives, with its graph, and its value, which is finite.
    fn sum(&mut self, run: &Run<'_>) -> Result<(Tensor, f64)> {
        loop {
            let sum = run.forward(&self.input)?.f_sum(Kind::Float)?;
            let value = sum.detach().f_double_value(&[])?;
            if value.is_finite() {
                return Ok((sum, value));
            }
            drop(sum);
            if self.down == MOST_DOWN || !self.scales(run)? {
                return Err(Error::unsupported(
                    "the flow through the network is beyond 32-bit floats, and its batch norms' running means forbid \
                     scaling it down; score where they are zero (`at: init`), or a less deep network",
                ));
            }
            self.go_to(run, self.down + 1)?;
        }
    }

    /// Brings input and shifts to another scale. If all that the network adds is scaled with the input, so is all that it
    /// gives, and scores keep their proportions.
    fn go_to(&mut self, run: &Run<'_>, down: u32) -> Result<()> {
        self.down = down;
        let factor = DOWN.powi(down as i32);
        let _guard = no_grad_guard();
        let _ = self.input.f_fill_(factor)?;
        self.make_absolute(run, factor)
    }

    /// Whether the output scales with input and shifts: without both, all batch norms must give zero, which they do if
    /// their running means are zero. The parameters are to be set again afterwards.
    fn scales(&self, run: &Run<'_>) -> Result<bool> {
        self.make_absolute(run, 0.0)?;
        let nothing = self.input.f_zeros_like()?;
        let options = Forward { no_grad: true, ..Forward::default() };
        for (index, (_, op)) in run.nodes().iter().enumerate() {
            if op != "batch_norm" {
                continue;
            }
            let output = run.forward_with(&nothing, Some(index as u32), options)?;
            if output.f_count_nonzero(None)?.f_int64_value(&[])? > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn no_flow() -> Error {
    Error::new(
        ErrorKind::Infeasible,
        "no path leads through the weights that are left, so that none of them has a flow; keep more weights",
    )
}
