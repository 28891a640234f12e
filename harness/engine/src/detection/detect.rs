//! From predictions to detections.

use secateur_vision::{batched_nms, clip};
use tch::{Kind, Tensor};

use crate::detection::{Detector, SceneSet};
use crate::error::{Error, Result};
use crate::examples::Examples;
use crate::forward::Pass;
use crate::model::Model;

/// Pictures in one batch. Results do not depend on it.
const BATCH: usize = 32;

/// Which predictions become detections. The default has SSD's values (arXiv 1512.02325, section 3.1) and, where the paper
/// names none, torchvision's: 400 candidates of a class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectionRules {
    /// Least probability of a class.
    pub least_score: f64,
    /// Candidates of each class, those with the highest scores.
    pub candidates: i64,
    /// Overlap above which the weaker of two detections of a class is dropped.
    pub overlap: f64,
    /// Detections of a picture, those with the highest scores.
    pub most: i64,
}

impl Default for DetectionRules {
    fn default() -> Self {
        Self { least_score: 0.01, candidates: 400, overlap: 0.45, most: 200 }
    }
}

/// Detections of a whole split, those of a picture one after the other by falling score.
#[derive(Clone, Debug, PartialEq)]
pub struct Detections {
    /// Where the detections of each picture begin, and at the end their number, `[pictures + 1]`.
    pub offsets: Vec<usize>,
    /// Class of each detection, from 0, without the background.
    pub classes: Vec<u32>,
    /// Probability of that class.
    pub scores: Vec<f32>,
    /// Left, top, right and bottom edge in pixels of the original picture, within it.
    pub boxes: Vec<[f32; 4]>,
    /// Mean loss of the split's batches, as in training but on pictures as they are.
    pub loss: f64,
}

/// Finds objects in all pictures of a split, in evaluation mode and without gradients.
///
/// # Errors
/// Fails if there is no picture, the network is no detector for this set, or libtorch fails.
pub fn detect(model: &Model, set: &SceneSet, rules: &DetectionRules) -> Result<Detections> {
    if set.is_empty() {
        return Err(Error::Data("there is no picture to find objects in".to_owned()));
    }
    let _guard = tch::no_grad_guard();
    let mut found = Detections::default();
    for start in (0..set.len()).step_by(BATCH) {
        let indices: Vec<i64> = (start..set.len().min(start + BATCH)).map(|index| index as i64).collect();
        let (input, target) = set.gather(&indices)?;
        let output = model.forward(&input, &Pass::default())?;
        found.loss += set.loss(&output, &target, 0.0)?.f_double_value(&[])? * indices.len() as f64;
        found.add(set, &output, start, rules)?;
    }
    found.loss /= set.len() as f64;
    Ok(found)
}

/// No pictures yet.
impl Default for Detections {
    fn default() -> Self {
        Self { offsets: vec![0], classes: Vec::new(), scores: Vec::new(), boxes: Vec::new(), loss: 0.0 }
    }
}

impl Detections {
    /// Number of pictures.
    #[must_use]
    pub fn pictures(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Adds the detections of pictures of a set from `first` on, given a network's output `[n, boxes, 4 + labels]` for
    /// them.
    ///
    /// # Errors
    /// Fails if the output is not one for this set.
    pub fn add(
        &mut self,
        set: &SceneSet,
        output: &Tensor,
        first: usize,
        rules: &DetectionRules,
    ) -> Result<()> {
        let detector = set.detector();
        let [offsets, scores] = detector.split(output)?;
        let boxes = detector.decode(&offsets)?;
        let scores = scores.f_softmax(2, Kind::Float)?;
        for position in 0..output.size()[0] {
            let size = set.size(first + position as usize);
            self.add_picture(
                detector,
                &boxes.f_select(0, position)?,
                &scores.f_select(0, position)?,
                size,
                rules,
            )?;
        }
        Ok(())
    }

    /// Adds the detections of a picture: boxes `[boxes, 4]` in pixels of the input and probabilities `[boxes, labels]`.
    fn add_picture(
        &mut self,
        detector: &Detector,
        boxes: &Tensor,
        scores: &Tensor,
        size: [u32; 2],
        rules: &DetectionRules,
    ) -> Result<()> {
        let classes = detector.labels() - 1;
        let scores = scores.f_narrow(1, 1, classes)?;
        let candidates = rules.candidates.min(boxes.size()[0]);
        let (scores, places) = scores.f_topk(candidates, 0, true, true)?;
        let class = Tensor::f_arange(classes, (Kind::Int64, scores.device()))?.f_view([1, classes])?;
        let class = class.f_expand([candidates, classes], false)?.f_reshape([-1])?;
        let chosen = scores.f_reshape([-1])?.f_gt(rules.least_score)?.f_nonzero()?.f_view([-1])?;
        let scores = scores.f_reshape([-1])?.f_index_select(0, &chosen)?;
        let class = class.f_index_select(0, &chosen)?;
        let boxes = boxes.f_index_select(0, &places.f_reshape([-1])?.f_index_select(0, &chosen)?)?;
        let boxes = clip(&detector.in_original(&boxes, size)?, f64::from(size[1]), f64::from(size[0]))?;
        let kept = batched_nms(&boxes, &scores, &class, rules.overlap)?;
        let kept = kept.f_narrow(0, 0, rules.most.min(kept.size()[0]))?;
        let flat = Vec::<f32>::try_from(boxes.f_index_select(0, &kept)?.f_reshape([-1])?)?;
        self.boxes.extend_from_slice(flat.as_chunks::<4>().0);
        self.scores.extend(Vec::<f32>::try_from(scores.f_index_select(0, &kept)?)?);
        let class = Vec::<i64>::try_from(class.f_index_select(0, &kept)?)?;
        self.classes.extend(class.into_iter().map(|class| class as u32));
        self.offsets.push(self.classes.len());
        Ok(())
    }
}
