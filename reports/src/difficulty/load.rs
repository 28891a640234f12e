//! From a store to test splits and their difficulty.
//!
//! Of a pack only the labels and the pictures that are shown are read, and of predictions no more than a bound: a report never
//! fails, and never takes long, for want or for plenty of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use safetensors::Dtype;
use secateur_data::pack;
use secateur_store::{ManifestScore, ManifestTrial, Outcome, StageResult, Store, SuiteManifest};

use super::{Difficulty, Tally, TaskExample, TaskTest};
use crate::gallery::{base64, picture_png};
use crate::tensors::{Header, read};

/// Pictures that are shown.
const EXAMPLES: usize = 16;
/// Bytes of predictions that are read for a suite; 256 MiB are 67 million answers.
const MOST_BYTES: u64 = 256 << 20;

/// Test splits of a suite, one for each classification task that was scored on one. `results` are those of the suite's stages.
pub(crate) fn load(
    store: &Store,
    manifest: &SuiteManifest,
    results: &BTreeMap<String, StageResult>,
) -> Vec<TaskTest> {
    let mut source = Source { store, manifest, results, left: MOST_BYTES };
    // A suite that is scored on validation never sees a test split.
    let scores = manifest.trials.iter().flat_map(|trial| &trial.scores);
    let tasks: BTreeSet<&String> =
        scores.filter(|score| score.protocol != "validation").map(|score| &score.task).collect();
    tasks.into_iter().filter_map(|task| source.task(task)).collect()
}

struct Source<'a> {
    store: &'a Store,
    manifest: &'a SuiteManifest,
    results: &'a BTreeMap<String, StageResult>,
    /// Bytes of predictions that may still be read.
    left: u64,
}

/// Track, protocol, regime and keep.
type Key<'a> = (&'a str, &'a str, &'a str, u64);

impl<'a> Source<'a> {
    /// The scores of a task that ended ok, with their trials.
    fn scored(&self, task: &str) -> Vec<(&'a ManifestTrial, &'a ManifestScore, &'a StageResult)> {
        let (manifest, results) = (self.manifest, self.results);
        let all =
            manifest.trials.iter().flat_map(|trial| trial.scores.iter().map(move |score| (trial, score)));
        all.filter(|(_, score)| score.task == task && score.protocol != "validation")
            .filter_map(|(trial, score)| {
                let result = results.get(score.stage.as_ref()?)?;
                (result.outcome == Outcome::Ok).then_some((trial, score, result))
            })
            .collect()
    }

    /// The digest of the test split that was scored: an input of the stage, or of the one that took its pictures' features.
    fn test_of(&self, score: &ManifestScore, result: &'a StageResult) -> Option<&'a String> {
        let features = || self.results.get(score.features.as_ref()?)?.inputs.get("test");
        result.inputs.get("test").or_else(features)
    }

    fn task(&mut self, task: &str) -> Option<TaskTest> {
        let scored = self.scored(task);
        let digest = scored.iter().find_map(|(_, score, result)| self.test_of(score, result))?;
        let mut test = TaskTest {
            suite: self.manifest.suite.name.clone(),
            task: task.to_owned(),
            ..TaskTest::default()
        };
        let Some(folder) = self.pack(digest) else {
            test.problem = Some("The test split is not in the store any more.".to_owned());
            return Some(test);
        };
        let labels = match split(&folder, &mut test) {
            Ok(Some(labels)) => labels,
            // Pictures with boxes have galleries.
            Ok(None) => return None,
            Err(error) => {
                test.problem = Some(format!("The test split cannot be read: {}.", error.kind()));
                return Some(test);
            }
        };
        let (mut dense, mut pruned): (BTreeMap<Key<'_>, Tally>, BTreeMap<Key<'_>, Tally>) =
            Default::default();
        let mut unread = 0;
        for (trial, score, result) in scored {
            let tallies = match trial.control.as_str() {
                "dense-trained" => &mut dense,
                _ if trial.method_id.is_empty() => continue,
                _ => &mut pruned,
            };
            if self.test_of(score, result) != Some(digest) {
                continue;
            }
            match self.predictions(result, labels.len()) {
                Some(predictions) => {
                    let key = (&*trial.track, &*score.protocol, &*score.regime, trial.keep.to_bits());
                    tallies.entry(key).or_insert_with(|| Tally::new(labels.len())).add(&labels, &predictions);
                }
                None => unread += 1,
            }
        }
        if unread > 0 {
            test.problem = Some(format!(
                "Predictions of {unread} networks are not counted: they are not in the store any more, cannot be read, or are too many."
            ));
        }
        test.difficulty = pruned
            .iter()
            .map(|((track, protocol, regime, keep), tally)| {
                let dense = dense.get(&(*track, *protocol, *regime, 1.0_f64.to_bits()));
                let (right_by_all, right_by_none, lost) = tally.counts(dense);
                Difficulty {
                    track: (*track).to_owned(),
                    protocol: (*protocol).to_owned(),
                    regime: (*regime).to_owned(),
                    keep: f64::from_bits(*keep),
                    networks: tally.networks(),
                    right_by_all,
                    right_by_none,
                    lost,
                }
            })
            .collect();
        Some(test)
    }

    /// The folder with the test split of that digest.
    fn pack(&self, digest: &str) -> Option<PathBuf> {
        let prepared = self.manifest.shared.iter().filter_map(|identity| self.results.get(identity));
        prepared.filter(|result| result.kind == "prepare").find_map(|result| {
            let output = result.outputs.get("test").filter(|output| output.digest == digest)?;
            Some(self.store.object_dir(&result.identity).join(&output.path))
        })
    }

    /// One class for each picture, if the file is there, is whole, and is not one too many.
    fn predictions(&mut self, result: &StageResult, pictures: usize) -> Option<Vec<i32>> {
        let output = result.outputs.get("predictions")?;
        let path = self.store.object_dir(&result.identity).join(&output.path);
        self.left = self.left.checked_sub(4 * pictures as u64)?;
        let header = Header::read(&path).ok()?;
        let info =
            header.info("predictions").filter(|info| info.dtype == Dtype::I32 && info.shape == [pictures])?;
        let bytes = read(&path, header.place(info)).ok()?;
        Some(bytes.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect())
    }
}

/// Fills in classes and examples, and gives the labels; nothing if the split is not one of classification.
fn split(folder: &Path, test: &mut TaskTest) -> io::Result<Option<Vec<u16>>> {
    let path = folder.join("test.safetensors");
    let header = Header::read(&path)?;
    let (Some(labels), Some(pixels)) = (header.info("labels"), header.info("pixels")) else {
        return Ok(None);
    };
    let damaged = || io::Error::from(io::ErrorKind::InvalidData);
    let &[count, channels, height, width] = pixels.shape.as_slice() else { return Err(damaged()) };
    if labels.dtype != Dtype::U16 || pixels.dtype != Dtype::U8 || labels.shape != [count] {
        return Err(damaged());
    }
    let info = pack::read_info(folder).map_err(|_| damaged())?;
    let bytes = read(&path, header.place(labels))?;
    let labels: Vec<u16> = bytes.as_chunks().0.iter().map(|bytes| u16::from_le_bytes(*bytes)).collect();
    let values = channels * height * width;
    let shown = count.min(EXAMPLES);
    for place in 0..shown {
        let index = place * (count - 1) / (shown - 1).max(1);
        let picture = read(&path, header.place(pixels).part(index * values, values))?;
        let png = picture_png([channels, height, width], &picture).map_err(|_| damaged())?;
        test.examples.push(TaskExample { index, class: usize::from(labels[index]), png: base64(&png) });
    }
    test.pictures = count;
    test.classes = info.classes;
    Ok(Some(labels))
}

#[cfg(test)]
mod tests;
