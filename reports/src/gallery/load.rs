//! From a store to galleries.
//!
//! What a stage has scored is found through its inputs: the digest of its `test` input is that of an output of a
//! `prepare` stage of the suite, whose folder in the store is the pack. Whatever of this is not in the store any more,
//! or cannot be read, is said in the gallery's place; a report never fails for want of pictures.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use secateur_data::{DataError, Split, pack};
use secateur_store::{ManifestScore, ManifestTrial, Outcome, ScoreFacts, StageResult, Store, SuiteManifest};

use super::{
    Gallery, GalleryColumn, GalleryPicture, GalleryTrack, GalleryTruth, base64, picture_png, predictions,
    spread,
};
use crate::row::Control;

/// Replicate of which detections are shown.
const REPLICATE: u32 = 0;

/// Galleries of a suite: one for each protocol, regime and task in which a detector was scored. `results` are those
/// of the suite's stages.
pub(crate) fn load(
    store: &Store,
    manifest: &SuiteManifest,
    results: &BTreeMap<String, StageResult>,
) -> Vec<Gallery> {
    let source = Source { store, manifest, results };
    // Galleries are of test splits, which a suite that is scored on validation never sees.
    let scored = manifest.trials.iter().flat_map(|trial| &trial.scores);
    let scored = scored.filter(|score| score.protocol != "validation");
    let detected = scored.filter(|score| source.detected(score).is_some());
    let keys: BTreeSet<Key<'_>> = detected.map(key).collect();
    keys.into_iter().map(|key| source.gallery(key)).collect()
}

/// Protocol, regime and task.
type Key<'a> = (&'a str, &'a str, &'a str);

fn key(score: &ManifestScore) -> Key<'_> {
    (&score.protocol, &score.regime, &score.task)
}

struct Source<'a> {
    store: &'a Store,
    manifest: &'a SuiteManifest,
    results: &'a BTreeMap<String, StageResult>,
}

/// A network whose detections are to be shown, with its score of a gallery's task.
type Shown<'a> = (&'a ManifestTrial, &'a ManifestScore);

impl<'a> Source<'a> {
    /// The result of a score, if it is that of a detector.
    fn detected(&self, score: &ManifestScore) -> Option<&'a StageResult> {
        let result =
            self.results.get(score.stage.as_ref()?).filter(|result| result.outcome == Outcome::Ok)?;
        result.facts::<ScoreFacts>().ok()?.detection.map(|_| result)
    }

    fn gallery(&self, key: Key<'_>) -> Gallery {
        let (protocol, regime, task) = key;
        let mut gallery = Gallery {
            suite: self.manifest.suite.name.clone(),
            protocol: protocol.to_owned(),
            regime: regime.to_owned(),
            task: task.to_owned(),
            ..Gallery::default()
        };
        let tracks = self.tracks(key);
        // All networks of a task are scored on one pack.
        let test = tracks
            .iter()
            .flat_map(|(_, shown)| shown)
            .find_map(|(_, score)| self.detected(score)?.inputs.get("test"));
        if let Err(problem) = self.pictures(&mut gallery, test) {
            gallery.problem = Some(problem);
            return gallery;
        }
        for (track, shown) in tracks {
            let columns = shown.into_iter().map(|shown| self.column(shown, &gallery, test)).collect();
            gallery.tracks.push(GalleryTrack { track: track.to_owned(), columns });
        }
        gallery
    }

    /// For each track the networks to show: the dense control, then every method at its smallest keep.
    fn tracks(&self, wanted: Key<'_>) -> Vec<(&'a str, Vec<Shown<'a>>)> {
        let mut tracks: Vec<(&str, Vec<Shown<'a>>)> = Vec::new();
        for trial in self.manifest.trials.iter().filter(|trial| trial.replicate == REPLICATE) {
            let Some(score) = trial.scores.iter().find(|score| key(score) == wanted) else { continue };
            let known = tracks.iter().position(|(track, _)| *track == trial.track);
            let place = known.unwrap_or_else(|| {
                tracks.push((&trial.track, Vec::new()));
                tracks.len() - 1
            });
            tracks[place].1.push((trial, score));
        }
        for (_, shown) in &mut tracks {
            *shown = self.choose(shown);
        }
        tracks
    }

    fn choose(&self, trials: &[Shown<'a>]) -> Vec<Shown<'a>> {
        let with = |control: &str| trials.iter().find(|(trial, _)| trial.control == control).copied();
        let (trained, untouched) = (with("dense-trained"), with("dense-as-is"));
        let there = |it: &Shown<'a>| self.detected(it.1).is_some();
        let mut chosen: Vec<Shown<'a>> = Vec::new();
        chosen.extend(trained.filter(there).or(untouched.filter(there)).or(trained).or(untouched));
        for shown in trials.iter().filter(|(trial, _)| !trial.method_id.is_empty()) {
            let same = |it: &Shown<'_>| !it.0.method_id.is_empty() && it.0.method == shown.0.method;
            match chosen.iter().position(same) {
                Some(place) if shown.0.keep < chosen[place].0.keep => chosen[place] = *shown,
                Some(_) => {}
                None => chosen.push(*shown),
            }
        }
        chosen
    }

    /// Fills in classes and pictures.
    fn pictures(&self, gallery: &mut Gallery, test: Option<&String>) -> Result<(), String> {
        let folder = test.and_then(|digest| self.pack(digest)).ok_or_else(|| gone("The test split"))?;
        let unreadable = |error: DataError| trouble("The test split", error);
        let info = pack::read_detection_info(&folder).map_err(unreadable)?;
        let mut chosen = Vec::new();
        let scenes = pack::read_detection_pictures(&folder, Split::Test, |total| {
            gallery.test_pictures = total;
            chosen = spread(total);
            chosen.clone()
        });
        let scenes = scenes.map_err(unreadable)?;
        let values = scenes.shape.iter().product::<usize>();
        for (place, index) in chosen.into_iter().enumerate() {
            let pixels = &scenes.pixels[place * values..(place + 1) * values];
            let png = picture_png(scenes.shape, pixels)
                .map_err(|problem| format!("The test split's picture {index} cannot be shown: {problem}."))?;
            let [width, height] = scenes.sizes[place];
            let truths = scenes.objects_of(place).map(|object| GalleryTruth {
                class: usize::from(object.class),
                corners: object.corners,
                difficult: object.difficult,
                crowd: object.crowd,
            });
            gallery.pictures.push(GalleryPicture {
                index,
                name: scenes.names[place].clone(),
                width,
                height,
                png: base64(&png),
                truths: truths.collect(),
            });
        }
        gallery.classes = info.classes;
        Ok(())
    }

    /// The folder with the test split of that digest.
    fn pack(&self, digest: &str) -> Option<PathBuf> {
        let prepared = self.manifest.shared.iter().filter_map(|identity| self.results.get(identity));
        prepared.filter(|result| result.kind == "prepare").find_map(|result| {
            let output = result.outputs.get("test").filter(|output| output.digest == digest)?;
            Some(self.store.object_dir(&result.identity).join(&output.path))
        })
    }

    fn column(&self, (trial, score): Shown<'a>, gallery: &Gallery, test: Option<&String>) -> GalleryColumn {
        let read = self.detections(trial, score, gallery, test);
        let (detections, problem) = match read {
            Ok(detections) => (detections, None),
            Err(problem) => (Vec::new(), Some(problem)),
        };
        GalleryColumn {
            method: trial.method.clone(),
            control: Control::of_manifest(&trial.control),
            keep: trial.keep,
            detections,
            problem,
        }
    }

    fn detections(
        &self,
        trial: &ManifestTrial,
        score: &ManifestScore,
        gallery: &Gallery,
        test: Option<&String>,
    ) -> Result<Vec<Vec<super::GalleryDetection>>, String> {
        let Some(result) = self.detected(score) else {
            let ended = score.stage.as_ref().and_then(|stage| self.results.get(stage));
            let blocked = || score.blocked.as_ref().or(trial.blocked.as_ref()).map(|(outcome, _)| *outcome);
            let outcome = ended.map(|result| result.outcome).or_else(blocked).unwrap_or(Outcome::Missing);
            return Err(format!("No detections: {outcome}."));
        };
        if result.inputs.get("test") != test {
            return Err("It was scored on another test split.".to_owned());
        }
        let output = result.outputs.get("predictions").ok_or_else(|| gone("Its file of predictions"))?;
        let path = self.store.object_dir(&result.identity).join(&output.path);
        let bytes = std::fs::read(path).map_err(|error| refused("Its file of predictions", &error))?;
        let pictures: Vec<usize> = gallery.pictures.iter().map(|picture| picture.index).collect();
        predictions::read(&bytes, gallery.test_pictures, gallery.classes.len(), &pictures)
            .map_err(|problem| format!("Its file of predictions cannot be used: {problem}."))
    }
}

fn gone(what: &str) -> String {
    format!("{what} is not in the store any more.")
}

fn refused(what: &str, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => gone(what),
        kind => format!("{what} cannot be read: {kind}."),
    }
}

/// What is wrong with a pack, without the path of a machine that a reader does not have.
fn trouble(what: &str, error: DataError) -> String {
    match error {
        DataError::Io { cause, .. } => refused(what, &cause),
        DataError::Packed { problem, .. } => format!("{what} cannot be read: {problem}."),
        other => format!("{what} cannot be read: {other}."),
    }
}

#[cfg(test)]
mod tests;
