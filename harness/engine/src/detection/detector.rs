//! What the predictions of a single-shot detector mean.

use secateur_network::{Network, Op};
use secateur_vision::{BoxCoder, Clipping, DefaultBoxes, FeatureMap, Matches, match_boxes};
use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};

/// Overlap from which on a default box stands for an object (section 2.2).
const OVERLAP: f64 = 0.5;
/// Columns of a target: picture, class, and four edges.
const COLUMNS: i64 = 6;

/// The default boxes of a network on a device, with centre and size held within the picture as the common SSD300 has them.
#[derive(Debug)]
pub struct Detector {
    /// `[boxes, 4]`, corners, in parts of the picture.
    corners: Tensor,
    /// `[boxes, 4]`, centre form, in parts of the picture.
    centres: Tensor,
    coder: BoxCoder,
    labels: i64,
    /// Width and height of the network's input in pixels: `[1, 4]`, twice each.
    size: Tensor,
}

/// Default boxes that stand for objects, one row each, in the pixels of the network's input.
#[derive(Debug)]
pub struct MatchedBoxes {
    /// i64 `[n]`: position of the picture in its batch.
    pub pictures: Tensor,
    /// f32 `[n, 4]`: the default boxes, corners.
    pub defaults: Tensor,
    /// f32 `[n, 4]`: what the network makes of them, differentiable; `None` without an output.
    pub predicted: Option<Tensor>,
    /// f32 `[n, 4]`: the boxes of the objects.
    pub truths: Tensor,
    /// i64 `[n]`: their classes, from 0, without the background.
    pub classes: Tensor,
}

impl Detector {
    /// The detector that a network is.
    ///
    /// # Errors
    /// Fails if the network does not end with [`Op::BoxPredictions`].
    pub fn of(network: &Network, device: Device) -> Result<Self> {
        let answers = network.node(network.output());
        let Op::BoxPredictions { labels, side, maps } = &answers.op else {
            return Err(Error::Unsupported(format!(
                "network {} predicts no boxes; `secateur networks` lists detectors by names with `ssd`",
                network.name()
            )));
        };
        let maps = maps.iter().zip(answers.inputs.chunks(2)).map(|(map, inputs)| {
            let shape = network.shape(inputs[0]);
            FeatureMap {
                cells: [shape[1], shape[2]],
                step: map.step,
                scale: map.scale,
                next_scale: map.next_scale,
                aspect_ratios: map.aspect_ratios.clone(),
            }
        });
        let boxes =
            DefaultBoxes { picture: [*side; 2], maps: maps.collect(), clipping: Clipping::CentreAndSize };
        let [_, height, width] = network.input().map(|size| size as f32);
        Ok(Self {
            corners: boxes.corners(Kind::Float, device)?,
            centres: boxes.centres(Kind::Float, device)?,
            coder: BoxCoder::default(),
            labels: *labels as i64,
            size: Tensor::f_from_slice(&[width, height, width, height])?
                .f_view([1, 4])?
                .f_to_device(device)?,
        })
    }

    /// Labels that are scored: the background, which is label 0, and the classes.
    #[must_use]
    pub fn labels(&self) -> i64 {
        self.labels
    }

    /// Number of default boxes.
    #[must_use]
    pub fn boxes(&self) -> i64 {
        self.corners.size()[0]
    }

    /// Offsets `[n, boxes, 4]` and scores `[n, boxes, labels]` of an output `[n, boxes, 4 + labels]`.
    ///
    /// # Errors
    /// Returns [`Error::Shape`] if the output is not one of this detector.
    pub fn split(&self, output: &Tensor) -> Result<[Tensor; 2]> {
        let [pictures, boxes, numbers] = output.size()[..] else {
            return Err(self.wrong_output(output));
        };
        if pictures == 0 || boxes != self.boxes() || numbers != 4 + self.labels {
            return Err(self.wrong_output(output));
        }
        Ok([output.f_narrow(2, 0, 4)?, output.f_narrow(2, 4, self.labels)?])
    }

    fn wrong_output(&self, output: &Tensor) -> Error {
        Error::Shape {
            what: "a detector's output".to_owned(),
            found: output.size(),
            expected: vec![-1, self.boxes(), 4 + self.labels],
        }
    }

    /// Boxes `[n, boxes, 4]`, corners in pixels of the input, at offsets from the default boxes. Differentiable.
    ///
    /// # Errors
    /// Fails if these are not offsets.
    pub fn decode(&self, offsets: &Tensor) -> Result<Tensor> {
        Ok(self.coder.decode(offsets, &self.centres)?.f_mul(&self.size)?)
    }

    /// Boxes `[n, 4]` from pixels of the input to those of a picture of the given width and height.
    pub(super) fn in_original(&self, boxes: &Tensor, [width, height]: [u32; 2]) -> Result<Tensor> {
        let (width, height) = (width as f32, height as f32);
        let size = Tensor::f_from_slice(&[width, height, width, height])?.f_to_device(boxes.device())?;
        Ok(boxes.f_div(&self.size)?.f_mul(&size)?)
    }

    /// Which default boxes stand for which objects of `pictures` pictures. On a CPU, `most` is not looked at; on a GPU
    /// it is how many objects a picture has at most, so that nothing must wait for the device.
    ///
    /// # Errors
    /// Fails if the target is not one of boxes.
    pub(super) fn assign(&self, pictures: i64, target: &Tensor, most: i64) -> Result<Assignment> {
        let _guard = tch::no_grad_guard();
        let [rows, COLUMNS] = target.size()[..] else { return Err(wrong_target(target)) };
        let device = target.device();
        // Whoever made the target may have put its rows in any order; of one picture's objects, the first stays first.
        let order = target.f_select(1, 0)?.f_argsort_stable(true, 0, false)?;
        let target = target.f_index_select(0, &order)?;
        let picture = target.f_select(1, 0)?.f_to_kind(Kind::Int64)?;
        let counts = Tensor::f_zeros([pictures], (Kind::Int64, device))?.f_index_add(
            0,
            &picture,
            &Tensor::f_ones([rows], (Kind::Int64, device))?,
        )?;
        let most = if device == Device::Cpu { counts.f_max()?.f_int64_value(&[])? } else { most }.max(1);
        // The n-th object of a picture stands at place n of its row.
        let first = counts.f_cumsum(0, Kind::Int64)?.f_sub(&counts)?;
        let place =
            Tensor::f_arange(rows, (Kind::Int64, device))?.f_sub(&first.f_index_select(0, &picture)?)?;
        let place = place.f_add(&picture.f_mul_scalar(most)?)?;
        let boxes = target.f_narrow(1, 2, 4)?.f_div(&self.size)?;
        let truths = Tensor::f_zeros([pictures * most, 4], (Kind::Float, device))?
            .f_index_copy(0, &place, &boxes)?
            .f_view([pictures, most, 4])?;
        let labels = target.f_select(1, 1)?.f_to_kind(Kind::Int64)?.f_add_scalar(1)?;
        let labels = Tensor::f_zeros([pictures * most], (Kind::Int64, device))?
            .f_index_copy(0, &place, &labels)?
            .f_view([pictures, most])?;
        let matches = match_boxes(&self.corners, &truths, &counts, OVERLAP)?;
        let positive = matches.positive()?;
        Ok(Assignment { labels: matches.classes(&labels, 0)?, positive, truths, matches })
    }

    /// Offsets `[n, boxes, 4]` that a network should predict; zero for the background.
    pub(super) fn offsets(&self, assignment: &Assignment) -> Result<Tensor> {
        let truths = assignment.matches.boxes(&assignment.truths)?;
        let background = assignment.positive.f_logical_not()?.f_unsqueeze(-1)?;
        Ok(self.coder.encode(&truths, &self.centres)?.f_masked_fill(&background, 0.0)?)
    }

    /// The default boxes that stand for objects of a target, with what an output for the same pictures makes of them.
    /// `most` is how many objects a picture has at most. Waits for a GPU, since the number of rows must be known.
    ///
    /// # Errors
    /// Fails if output and target are not of this detector, or not of the same pictures.
    pub fn matched(&self, target: &Tensor, most: i64, output: Option<&Tensor>) -> Result<MatchedBoxes> {
        let [rows, COLUMNS] = target.size()[..] else { return Err(wrong_target(target)) };
        let pictures = match output {
            Some(output) => self.split(output)?[0].size()[0],
            None if rows == 0 => 1,
            None => target.f_select(1, 0)?.f_max()?.f_double_value(&[])? as i64 + 1,
        };
        let assignment = self.assign(pictures, target, most)?;
        let places = assignment.positive.f_nonzero()?;
        let (picture, place) = (places.f_select(1, 0)?, places.f_select(1, 1)?);
        let flat = picture.f_mul_scalar(self.boxes())?.f_add(&place)?;
        let rows =
            |boxes: &Tensor| -> Result<Tensor> { Ok(boxes.f_reshape([-1, 4])?.f_index_select(0, &flat)?) };
        let truths = assignment.matches.boxes(&assignment.truths)?.f_mul(&self.size)?;
        let predicted = match output {
            None => None,
            Some(output) => {
                let [offsets, _] = self.split(output)?;
                let defaults = self.centres.f_index_select(0, &place)?;
                Some(self.coder.decode(&rows(&offsets)?, &defaults)?.f_mul(&self.size)?)
            }
        };
        Ok(MatchedBoxes {
            defaults: self.corners.f_index_select(0, &place)?.f_mul(&self.size)?,
            predicted,
            truths: rows(&truths)?,
            classes: assignment.labels.f_reshape([-1])?.f_index_select(0, &flat)?.f_sub_scalar(1)?,
            pictures: picture,
        })
    }
}

fn wrong_target(target: &Tensor) -> Error {
    let what = "a target of boxes".to_owned();
    Error::Shape { what, found: target.size(), expected: vec![-1, COLUMNS] }
}

/// What each default box should say.
pub(super) struct Assignment {
    /// i64 `[n, boxes]`: labels, 0 for the background.
    pub(super) labels: Tensor,
    /// Bool `[n, boxes]`: which stand for objects.
    pub(super) positive: Tensor,
    /// `[n, most, 4]`, in parts of the picture, padded.
    truths: Tensor,
    matches: Matches,
}
