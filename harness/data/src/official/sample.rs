//! A sample of a set: as many of its pictures to learn from and to choose on as somebody wants, the same for everybody.

/// How many pictures of a set are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Pictures to train on.
    pub train: usize,
    /// Pictures to choose on.
    pub validation: usize,
}

impl Sample {
    /// Which of the pictures that are not for testing are taken, as indices: to train on, and to choose on. Pictures are ranked by
    /// a hash of their names; the first ones are for training, the next for validation. So a larger sample has the training
    /// pictures of a smaller one, and classes are as frequent as in the set, but for chance: rare ones may be missing.
    ///
    /// # Errors
    /// What is wrong if there are not as many.
    pub(super) fn choose(self, names: &[&str]) -> Result<(Vec<usize>, Vec<usize>), String> {
        let wanted = self.train.saturating_add(self.validation);
        if self.train == 0 || wanted > names.len() {
            return Err(format!(
                "{} pictures to train on and {} to choose on, of {} that are not for testing; take less, and one to train on at least",
                self.train,
                self.validation,
                names.len()
            ));
        }
        let rank = |name: &str| {
            let mut hasher = blake3::Hasher::new_derive_key("secateur-data 2026 sample");
            hasher.update(name.as_bytes());
            *hasher.finalize().as_bytes()
        };
        let mut ranked: Vec<_> = names.iter().map(|name| rank(name)).zip(0..).collect();
        ranked.sort_unstable();
        let mut chosen: Vec<usize> = ranked[..wanted].iter().map(|(_, index)| *index).collect();
        let validation = chosen.split_off(self.train);
        Ok((chosen, validation))
    }
}
