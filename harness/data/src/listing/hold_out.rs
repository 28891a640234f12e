//! Validation splits that are held out of the training pictures.

use super::Listing;
use crate::DataError;

/// How the validation split is taken from the training pictures. Which ones are taken follows from the seed, the
/// class and each picture's name alone, so other pictures may come and go without moving a picture between splits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Validation {
    /// No validation split.
    None,
    /// This many pictures of each class.
    PerClass {
        /// Pictures of each class; a class must have more.
        count: usize,
        /// Seed of the choice.
        seed: u64,
    },
    /// This fraction of each class, rounded down.
    Fraction {
        /// Between 0 and 1, both excluded.
        fraction: f64,
        /// Seed of the choice.
        seed: u64,
    },
}

impl Validation {
    /// Which of the training pictures of a class are held out, as indices in no particular order.
    ///
    /// # Errors
    /// What is wrong if the class would be left without training pictures.
    fn choose(self, class: &str, names: &[&str]) -> Result<Vec<usize>, String> {
        let (count, seed) = match self {
            Self::None => return Ok(Vec::new()),
            Self::PerClass { count, seed } => (count, seed),
            Self::Fraction { fraction, seed } => ((fraction * names.len() as f64).floor() as usize, seed),
        };
        if count >= names.len() {
            return Err(format!(
                "class `{class}` has {} training pictures, of which {count} should be held out for validation",
                names.len()
            ));
        }
        let rank = |name: &str| {
            let mut hasher = blake3::Hasher::new_derive_key("secateur-data 2026 validation");
            hasher.update(&seed.to_le_bytes());
            hasher.update(name.as_bytes());
            *hasher.finalize().as_bytes()
        };
        let mut ranked: Vec<_> = names.iter().map(|name| rank(name)).zip(0..).collect();
        ranked.sort_unstable();
        Ok(ranked[..count].iter().map(|(_, index)| *index).collect())
    }
}

impl Listing {
    /// Moves training pictures to the validation split. Returns of each former training picture whether it was moved.
    ///
    /// # Errors
    /// [`DataError::File`] for a class that would be left without training pictures.
    pub(crate) fn hold_out(&mut self, rule: Validation) -> Result<Vec<bool>, DataError> {
        let mut classes: Vec<Vec<usize>> = vec![Vec::new(); self.info.classes.len()];
        for (index, picture) in self.train.iter().enumerate() {
            classes[usize::from(picture.label)].push(index);
        }
        let mut held = vec![false; self.train.len()];
        for (class, members) in
            self.info.classes.iter().zip(&classes).filter(|(_, members)| !members.is_empty())
        {
            let names: Vec<&str> = members.iter().map(|&index| self.train[index].name.as_str()).collect();
            let chosen = rule.choose(class, &names).map_err(|problem| DataError::File {
                path: self.source.root.clone(),
                file: class.clone(),
                problem,
            })?;
            for chosen in chosen {
                held[members[chosen]] = true;
            }
        }
        let mut flags = held.iter();
        let (moved, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.train).into_iter().partition(|_| flags.next().copied().unwrap_or(false));
        self.train = kept;
        self.validation.extend(moved);
        Ok(held)
    }
}
