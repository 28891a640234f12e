//! What a detector does beside its layers, on boxes that are the same every time. `pytorch/vision.py` makes
//! the same boxes, so that the two can be compared.

use secateur_vision::{
    DefaultBoxes, Matches, Result, RoiAlign, batched_nms, contextual_roi_align, match_boxes, regions,
    roi_align,
};
use tch::{Device, Kind, Tensor};

/// Pictures are squares of this many pixels.
const SIDE: f64 = 300.0;

/// Numbers from 0 to 1 without a pattern, always the same.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1 << 24) as f64
    }

    /// A box of which small ones are more frequent than large ones, as default boxes that are matched are.
    fn corners(&mut self) -> [f32; 4] {
        let [x, y, w, h] = [(); 4].map(|()| self.next());
        let (x, y) = (200.0 * x, 200.0 * y);
        [x, y, x + 15.0 + 150.0 * w * w, y + 15.0 + 150.0 * h * h].map(|number| number as f32)
    }

    fn boxes(&mut self, count: usize) -> Tensor {
        let numbers: Vec<f32> = (0..count).flat_map(|_| self.corners()).collect();
        Tensor::from_slice(&numbers).reshape([-1, 4])
    }
}

/// RoIAlign of 300 regions of eight pictures into 7 by 7 bins of 2 by 2 samples, forward and backward.
pub struct Pooling {
    features: Tensor,
    pictures: Tensor,
    default_boxes: Tensor,
    truths: Tensor,
    how: RoiAlign,
}

impl Pooling {
    /// Features of that many channels and rows and columns of cells.
    #[must_use]
    pub fn new(channels: i64, cells: i64) -> Self {
        tch::manual_seed(0);
        let mut numbers = Numbers(1);
        let count = 300;
        Self {
            features: Tensor::randn([8, channels, cells, cells], (Kind::Float, Device::Cpu))
                .set_requires_grad(true),
            pictures: Tensor::from_slice(&(0..count).map(|index| index % 8).collect::<Vec<i64>>()),
            default_boxes: numbers.boxes(count as usize),
            truths: numbers.boxes(count as usize),
            how: RoiAlign {
                output: [7, 7],
                spatial_scale: cells as f64 / SIDE,
                sampling_ratio: 2,
                aligned: true,
            },
        }
    }

    /// Pools and returns the gradient of the outputs' sum.
    ///
    /// # Errors
    /// Fails if libtorch does.
    pub fn plain(&self) -> Result<Tensor> {
        self.gradient(roi_align(&self.features, &regions(&self.pictures, &self.default_boxes)?, &self.how)?)
    }

    /// The same with context.
    ///
    /// # Errors
    /// Fails if libtorch does.
    pub fn contextual(&self) -> Result<Tensor> {
        let Self { features, pictures, default_boxes, truths, how } = self;
        self.gradient(contextual_roi_align(features, pictures, default_boxes, truths, how)?)
    }

    fn gradient(&self, output: Tensor) -> Result<Tensor> {
        let sum = output.f_sum(Kind::Float)?;
        Ok(Tensor::f_run_backward(&[sum], &[&self.features], false, false)?.remove(0))
    }
}

/// Suppression of what a detector of 80 classes finds in a picture: of each class the best so many, in heaps
/// of ten.
pub struct Suppression {
    boxes: Tensor,
    scores: Tensor,
    classes: Tensor,
}

impl Suppression {
    /// So many candidates of each class.
    #[must_use]
    pub fn new(per_class: usize) -> Self {
        let mut numbers = Numbers(2);
        let (mut boxes, mut scores, mut classes) = (Vec::new(), Vec::new(), Vec::new());
        for class in 0..80_i64 {
            for _ in 0..per_class / 10 {
                let heap = numbers.corners();
                for _ in 0..10 {
                    boxes.extend(heap.map(|number| number + (20.0 * numbers.next()) as f32));
                    scores.push(numbers.next() as f32);
                    classes.push(class);
                }
            }
        }
        Self {
            boxes: Tensor::from_slice(&boxes).reshape([-1, 4]),
            scores: Tensor::from_slice(&scores),
            classes: Tensor::from_slice(&classes),
        }
    }

    /// Positions of those that stay.
    ///
    /// # Errors
    /// Fails if libtorch does.
    pub fn run(&self) -> Result<Tensor> {
        batched_nms(&self.boxes, &self.scores, &self.classes, 0.5)
    }
}

/// Matching of the 8732 default boxes of SSD300 to the objects of 32 pictures, 1 to 20 in each.
pub struct Matching {
    default_boxes: Tensor,
    truths: Tensor,
    counts: Tensor,
}

impl Matching {
    /// The boxes.
    ///
    /// # Errors
    /// Fails if libtorch does.
    pub fn new() -> Result<Self> {
        let default_boxes = DefaultBoxes::ssd300().corners(Kind::Float, Device::Cpu)?;
        let truths = Numbers(3).boxes(32 * 20).reshape([32, 20, 4]) / SIDE;
        let counts = Tensor::from_slice(&(0..32).map(|picture| 1 + picture * 7 % 20).collect::<Vec<i64>>());
        Ok(Self { default_boxes, truths, counts })
    }

    /// For each default box of each picture its object.
    ///
    /// # Errors
    /// Fails if libtorch does.
    pub fn run(&self) -> Result<Matches> {
        match_boxes(&self.default_boxes, &self.truths, &self.counts, 0.5)
    }
}
