//! What the metrics of detection promise: other evaluators' numbers, values worked out by hand, and properties.

mod coco;
mod golden;
mod input;
mod properties;
mod voc;

use secateur_metrics::detection::{
    BoundingBox, CocoMatches, CocoScores, CocoSettings, Detection, DetectionError, Extent, Grouped, Truth,
    VocInterpolation, VocMatches, VocScores,
};

/// Truths and detections with the number of pictures and classes.
#[derive(Clone, Debug)]
struct Scene {
    extent: Extent,
    truths: Vec<Truth>,
    detections: Vec<Detection>,
}

impl Scene {
    fn new(images: usize, classes: usize) -> Self {
        Self { extent: Extent { images, classes }, truths: Vec::new(), detections: Vec::new() }
    }

    /// Adds an object whose area is that of its box.
    fn truth(mut self, image: u32, class: u32, bbox: [f64; 4]) -> Self {
        let bbox = BoundingBox::from(bbox);
        self.truths.push(Truth { image, class, bbox, area: bbox.area(), difficult: false, crowd: false });
        self
    }

    /// Makes the object that was added last a crowd.
    fn crowd(mut self) -> Self {
        self.truths.last_mut().unwrap().crowd = true;
        self
    }

    /// Makes the object that was added last difficult.
    fn difficult(mut self) -> Self {
        self.truths.last_mut().unwrap().difficult = true;
        self
    }

    fn detect(mut self, image: u32, class: u32, score: f64, bbox: [f64; 4]) -> Self {
        self.detections.push(Detection { image, class, score, bbox: bbox.into() });
        self
    }

    fn grouped(&self) -> Result<Grouped<'_>, DetectionError> {
        Grouped::new(self.extent, &self.truths, &self.detections)
    }

    fn coco(&self) -> CocoScores {
        let matches = CocoMatches::new(&self.grouped().unwrap(), CocoSettings::default()).unwrap();
        matches.accumulate(None).unwrap().scores()
    }

    fn voc(&self, interpolation: VocInterpolation) -> VocScores {
        let matches = VocMatches::new(&self.grouped().unwrap(), 0.5).unwrap();
        matches.accumulate(interpolation, None).unwrap()
    }

    /// The scene with each picture as often as its weight says, copies side by side.
    fn repeated(&self, weights: &[u32]) -> Self {
        let first = |image: u32| weights[..image as usize].iter().sum::<u32>();
        let copies = |image: u32| first(image)..first(image) + weights[image as usize];
        let truths =
            self.truths.iter().flat_map(|truth| copies(truth.image).map(|image| Truth { image, ..*truth }));
        let detections = self
            .detections
            .iter()
            .flat_map(|detection| copies(detection.image).map(|image| Detection { image, ..*detection }));
        Self {
            extent: Extent { images: weights.iter().sum::<u32>() as usize, classes: self.extent.classes },
            truths: truths.collect(),
            detections: detections.collect(),
        }
    }
}

/// Asserts that two optional numbers are equal up to rounding.
#[track_caller]
fn assert_close(actual: Option<f64>, expected: Option<f64>, what: &str) {
    let close = match (actual, expected) {
        (Some(actual), Some(expected)) => (actual - expected).abs() < 1e-9,
        (None, None) => true,
        _ => false,
    };
    assert!(close, "{what}: {actual:?} instead of {expected:?}");
}
