//! When AC/DC compresses and decompresses.

use secateur_sdk::prelude::*;

/// Lengths of AC/DC's phases as fractions of the training. The rest is filled with compressed and decompressed phases
/// in turns, beginning and ending with a compressed one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phases {
    /// Dense training before the first compression.
    pub(crate) warmup: f64,
    /// A compressed phase.
    pub(crate) compressed: f64,
    /// A decompressed phase between two compressed ones.
    pub(crate) decompressed: f64,
    /// The last decompressed phase.
    pub(crate) last_decompressed: f64,
    /// The compressed phase at the end.
    pub(crate) last_compressed: f64,
}

/// What happens between two phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The smallest weights are masked.
    Compress,
    /// The masks are lifted.
    Decompress,
}

impl Phases {
    /// Refuses lengths that are no schedule.
    pub(crate) fn check(&self) -> Result<()> {
        let lengths = [
            ("warmup", self.warmup, 0.0),
            ("compressed", self.compressed, f64::MIN_POSITIVE),
            ("decompressed", self.decompressed, f64::MIN_POSITIVE),
            ("last_decompressed", self.last_decompressed, f64::MIN_POSITIVE),
            ("last_compressed", self.last_compressed, f64::MIN_POSITIVE),
        ];
        for (name, length, least) in lengths {
            if !(least..1.0).contains(&length) {
                return Err(Error::invalid(format!(
                    "`{name}` is {length}, which is not a fraction of the training"
                )));
            }
        }
        if self.between() <= 0.0 {
            return Err(Error::invalid(format!(
                "`warmup`, `last_decompressed` and `last_compressed` are {} together, which leaves no training for other phases",
                1.0 - self.between()
            )));
        }
        Ok(())
    }

    /// What is left for the phases in turns.
    fn between(&self) -> f64 {
        1.0 - self.warmup - self.last_decompressed - self.last_compressed
    }

    /// All changes in a training, each with the number of steps that have been done before it.
    ///
    /// As many turns as fit best between the first and the last phases are stretched to fit exactly; with the paper's
    /// lengths seven compressed and six decompressed phases fit as they are.
    ///
    /// # Errors
    /// [`ErrorKind::Exhausted`] if a phase would have no step.
    pub(crate) fn changes(&self, steps: u64) -> Result<Vec<(u64, Change)>> {
        let turn = self.compressed + self.decompressed;
        let turns = ((self.between() + self.decompressed) / turn).round().max(1.0);
        // Each turn has two changes, and a third one comes behind the last. More than there are steps cannot be told apart,
        // and of tiny phases there would be more than memory holds.
        let count = 2.0 * turns + 1.0;
        let too_few = || {
            let message = format!(
                "{steps} steps for each target are too few for {} phases; raise the allowance or `search_fraction`, ask \
                 for fewer keeps in a trial, or lengthen `compressed` and `decompressed`",
                (count as u64).saturating_add(u64::from(self.warmup > 0.0))
            );
            Error::new(ErrorKind::Exhausted, message)
        };
        if count > steps as f64 {
            return Err(too_few());
        }
        let stretch = self.between() / (turns * turn - self.decompressed);
        let mut at = Vec::new();
        for index in 0..turns as u64 {
            let begin = self.warmup + index as f64 * turn * stretch;
            at.push((begin, Change::Compress));
            at.push((begin + self.compressed * stretch, Change::Decompress));
        }
        // The decompressed phase behind the last turn is the last one, and longer.
        at.push((1.0 - self.last_compressed, Change::Compress));
        let changes: Vec<(u64, Change)> =
            at.into_iter().map(|(at, change)| ((at * steps as f64).round() as u64, change)).collect();
        let whole = changes.windows(2).all(|pair| pair[0].0 < pair[1].0)
            && (changes[0].0 > 0 || self.warmup == 0.0)
            && changes[changes.len() - 1].0 < steps;
        if whole { Ok(changes) } else { Err(too_few()) }
    }
}
