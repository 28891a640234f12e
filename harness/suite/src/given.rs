//! What a suite gives its methods: networks to begin with, pictures, and a recipe.

use crate::recipe::Length;
use crate::spec::{MethodEntry, NetworkSpec, Prunable, PruneSet, Start, Suite, Track};
use crate::upstream::Upstream;

impl Suite {
    /// The pre-training whose network a track prunes.
    #[must_use]
    pub fn base(&self, track: &Track) -> &Upstream {
        // `check` has made sure that there is one of the name.
        track.pretraining.as_ref().and_then(|name| self.pretrainings.get(name)).unwrap_or(&self.upstream)
    }

    /// The pre-training of a track by the track's name; that of `upstream` for names that no track has.
    #[must_use]
    pub fn base_of(&self, track: &str) -> &Upstream {
        self.tracks.iter().find(|own| own.name == track).map_or(&self.upstream, |own| self.base(own))
    }

    /// The network of a pre-training: with its projection, if it is trained without labels.
    #[must_use]
    pub fn network_of(&self, upstream: &Upstream) -> NetworkSpec {
        NetworkSpec { projection: upstream.projection, ..self.network.clone() }
    }

    /// Recipe and pictures of the training of the dense network that is pruned, of a pre-training or on a task of the direct protocol:
    /// what methods that begin from initialization have beside the allowance of their track. `None` if the suite does not
    /// say, or says it in epochs, whose pictures are not known before the data is read.
    #[must_use]
    pub fn dense_training<'a>(&'a self, upstream: &'a Upstream, direct: bool) -> Option<(&'a str, u64)> {
        let on_tasks = self.direct.as_ref().filter(|_| direct);
        let (recipe, length) = match (on_tasks, &upstream.train, &upstream.trained) {
            (Some(direct), ..) => (&direct.recipe, direct.length),
            (None, Some(train), _) => (&train.recipe, train.length),
            (None, None, Some(trained)) => (&trained.recipe, trained.length),
            (None, None, None) => return None,
        };
        let batch = u64::from(self.recipes.get(recipe)?.batch);
        match length {
            Length::Samples(samples) => Some((recipe, samples)),
            Length::Steps(steps) => Some((recipe, steps.checked_mul(batch)?)),
            Length::Epochs(_) => None,
        }
    }

    /// Name of the recipe of a track on the upstream task, or on the tasks of the direct protocol.
    #[must_use]
    pub fn track_recipe<'a>(&'a self, track: &'a Track, direct: bool) -> Option<&'a str> {
        // A track without training has no recipe.
        let of_track = track.recipe.as_deref();
        match self.direct.as_ref().filter(|_| direct) {
            Some(direct) => of_track.map(|_| direct.recipe.as_str()),
            None => of_track,
        }
    }

    /// Training pictures of one entry's `prune` stages in a track, and the recipe's name; `direct`: on a task of the direct
    /// protocol.
    #[must_use]
    pub fn given<'a>(
        &'a self,
        entry: &MethodEntry,
        track: &'a Track,
        direct: bool,
    ) -> (u64, Option<&'a str>) {
        // `check` has made sure that allowances are counted in pictures.
        let allowance = track.allowance.steps(1, 0);
        let (samples, recipe) = match (entry.start, self.dense_training(self.base(track), direct)) {
            (Start::Init, Some((recipe, samples))) => (allowance.saturating_add(samples), Some(recipe)),
            _ => (allowance, self.track_recipe(track, direct)),
        };
        (samples.saturating_mul(u64::from(entry.stretch)), recipe)
    }

    /// By how much what the method of this label is given is multiplied; 1 for labels that no entry has.
    #[must_use]
    pub fn stretch(&self, label: &str) -> u32 {
        self.methods.iter().find(|entry| entry.label == label).map_or(1, |entry| entry.stretch)
    }

    /// Training pictures that the method of this label has beside its allowance in a track because it begins from initialization,
    /// before they are stretched; `direct`: on a task of the direct protocol.
    #[must_use]
    pub fn init_samples(&self, label: &str, track: &str, direct: bool) -> u64 {
        let begins = self.methods.iter().any(|entry| entry.label == label && entry.start == Start::Init);
        self.dense_training(self.base_of(track), direct).filter(|_| begins).map_or(0, |(_, samples)| samples)
    }

    /// What its methods may remove. A suite that was checked has exactly one of the two sets; of none, this is an
    /// empty set of weights.
    #[must_use]
    pub fn prune_set(&self) -> PruneSet {
        match (&self.channels, &self.prunable) {
            (Some(set), _) => PruneSet::Channels(set.clone()),
            (None, Some(set)) => PruneSet::Weights(set.clone()),
            (None, None) => PruneSet::Weights(Prunable::default()),
        }
    }
}
