//! Pictures with objects in boxes, on a device.

use secateur_data::detection::augment::Augmentation as Views;
use secateur_data::detection::view::View;
use secateur_data::detection::{DetectionInfo, Scenes};
use secateur_metrics::detection::{BoundingBox, Truth};
use secateur_network::Network;
use tch::{Device, Kind, Tensor};

use crate::detection::photometric::{Photometric, change};
use crate::detection::{DetectionRules, Detector, MatchedBoxes, detect, metric};
use crate::error::{Error, Result};
use crate::examples::{Augmentation, Draw, Examples, Score};
use crate::model::Model;
use crate::random::unit;

/// Interpolation of `grid_sampler`: bilinear.
const BILINEAR: i64 = 0;
/// What `grid_sampler` gives beyond the edges: zeros, which is the mean colour of normalized pictures.
const ZEROS: i64 = 0;

/// One split of a detection task on a device: pictures as 8-bit values, normalized when a batch is made, and their objects.
///
/// Targets are f32 `[m, 6]`, one row for each object: position of the picture in the batch, class from 0, and left, top,
/// right and bottom edge in pixels of the network's input. Rows go by pictures. Crowds are left out, since a box around
/// many objects is none to learn; difficult objects are learned, as in the original SSD.
#[derive(Debug)]
pub struct SceneSet {
    pictures: Tensor,
    scale: Tensor,
    offset: Tensor,
    sizes: Vec<[u32; 2]>,
    /// Classes and boxes of the objects to learn in each picture, in pixels of the original picture.
    objects: Vec<(Vec<u16>, Vec<[f64; 4]>)>,
    /// All objects, for scoring.
    truths: Vec<Truth>,
    /// Most objects to learn in a picture.
    most: i64,
    info: DetectionInfo,
    detector: Detector,
}

impl SceneSet {
    /// Copies a split to a device, for a network that is a detector.
    ///
    /// # Errors
    /// Fails if the network is no detector for these classes and this size of pictures, or libtorch fails.
    pub fn new(scenes: &Scenes, info: &DetectionInfo, network: &Network, device: Device) -> Result<Self> {
        let detector = Detector::of(network, device)?;
        let classes = info.classes.len();
        if detector.labels() != classes as i64 + 1 {
            return Err(Error::Data(format!(
                "task {} has {classes} classes, but network {} scores {} labels, the background among them",
                info.id,
                network.name(),
                detector.labels()
            )));
        }
        if scenes.shape != network.input() {
            return Err(Error::Data(format!(
                "task {} has pictures of {:?}, but network {} reads {:?}",
                info.id,
                scenes.shape,
                network.name(),
                network.input()
            )));
        }
        let [channels, height, width] = scenes.shape.map(|size| size as i64);
        let count = scenes.len();
        if scenes.pixels.len() as i64 != count as i64 * channels * height * width {
            return Err(Error::Data(format!(
                "task {}: {} bytes of pixels do not make {count} pictures of {channels}x{height}x{width}",
                info.id,
                scenes.pixels.len()
            )));
        }
        let per_channel = |values: &[f32]| -> Result<Tensor> {
            Ok(Tensor::f_from_slice(values)?.f_view([1, channels, 1, 1])?.f_to_device(device)?)
        };
        if info.mean.len() as i64 != channels || info.std.len() as i64 != channels {
            return Err(Error::Data(format!("task {}: mean and std need {channels} values each", info.id)));
        }
        let (mut objects, mut truths) = (Vec::with_capacity(count), Vec::new());
        for picture in 0..count {
            let (mut own_classes, mut own_boxes) = (Vec::new(), Vec::new());
            for object in scenes.objects_of(picture) {
                if !object.crowd {
                    own_classes.push(object.class);
                    own_boxes.push(object.corners);
                }
                let [x1, y1, x2, y2] = object.corners;
                truths.push(Truth {
                    image: picture as u32,
                    class: u32::from(object.class),
                    bbox: BoundingBox::new(x1, y1, x2, y2),
                    area: object.area,
                    difficult: object.difficult,
                    crowd: object.crowd,
                });
            }
            objects.push((own_classes, own_boxes));
        }
        let size = [count as i64, channels, height, width];
        Ok(Self {
            pictures: Tensor::f_from_data_size(&scenes.pixels, &size, Kind::Uint8)?.f_to_device(device)?,
            scale: per_channel(&info.std)?,
            offset: per_channel(&info.mean)?,
            sizes: scenes.sizes.clone(),
            most: objects.iter().map(|(classes, _)| classes.len() as i64).max().unwrap_or(0),
            objects,
            truths,
            info: info.clone(),
            detector,
        })
    }

    /// What the network's predictions mean.
    pub fn detector(&self) -> &Detector {
        &self.detector
    }

    /// What the task is.
    #[must_use]
    pub fn info(&self) -> &DetectionInfo {
        &self.info
    }

    /// All objects of the split, crowds and difficult ones among them.
    #[must_use]
    pub fn truths(&self) -> &[Truth] {
        &self.truths
    }

    /// Width and height of a picture before it was packed.
    ///
    /// # Panics
    /// If there is no such picture.
    #[must_use]
    pub fn size(&self, picture: usize) -> [u32; 2] {
        self.sizes[picture]
    }

    /// Pictures f32 on the scale from 0 to 1.
    fn values(&self, indices: &[i64]) -> Result<Tensor> {
        let indices = Tensor::f_from_slice(indices)?.f_to_device(self.pictures.device())?;
        Ok(self.pictures.f_index_select(0, &indices)?.f_to_kind(Kind::Float)?.f_div_scalar(255.0)?)
    }

    fn normalize(&self, pictures: &Tensor) -> Result<Tensor> {
        Ok(pictures.f_sub(&self.offset)?.f_div(&self.scale)?)
    }

    /// The target of pictures that are seen in these views.
    fn target(&self, indices: &[i64], views: &[View]) -> Result<Tensor> {
        let [height, width] = [2, 3].map(|dim| self.pictures.size()[dim] as f64);
        let mut rows: Vec<f32> = Vec::new();
        for (position, (index, view)) in indices.iter().zip(views).enumerate() {
            let (classes, boxes) = self.picture(*index)?;
            let seen = view.see(boxes);
            for (object, [x1, y1, x2, y2]) in seen.kept.into_iter().zip(seen.boxes) {
                rows.extend([position as f32, f32::from(classes[object])]);
                rows.extend([x1 * width, y1 * height, x2 * width, y2 * height].map(|edge| edge as f32));
            }
        }
        Ok(Tensor::f_from_slice(&rows)?.f_view([-1, 6])?.f_to_device(self.pictures.device())?)
    }

    fn picture(&self, index: i64) -> Result<(&[u16], &[[f64; 4]])> {
        let picture = usize::try_from(index).ok().and_then(|index| self.objects.get(index));
        let (classes, boxes) = picture.ok_or_else(|| {
            Error::Data(format!("there is no picture {index}; the set has {}", self.sizes.len()))
        })?;
        Ok((classes, boxes))
    }

    /// Parts of normalized pictures, one view each, stretched to the size of the pictures.
    fn seen(&self, pictures: &Tensor, indices: &[i64], views: &[View]) -> Result<Tensor> {
        // From the cell of a view in [-1, 1] to the place in the picture in [-1, 1].
        let mut maps: Vec<f32> = Vec::with_capacity(6 * views.len());
        for (index, view) in indices.iter().zip(views) {
            let [left, top, right, bottom] = view.relative_source(self.sizes[*index as usize]);
            let width = if view.mirrored { left - right } else { right - left };
            let row = [width, 0.0, left + right - 1.0, 0.0, bottom - top, top + bottom - 1.0];
            maps.extend(row.map(|value| value as f32));
        }
        let maps = Tensor::f_from_slice(&maps)?.f_view([-1, 2, 3])?.f_to_device(pictures.device())?;
        let grid = Tensor::f_affine_grid_generator(&maps, pictures.size(), false)?;
        Ok(pictures.f_grid_sampler(&grid, BILINEAR, ZEROS, false)?)
    }
}

impl Examples for SceneSet {
    fn len(&self) -> usize {
        self.sizes.len()
    }

    fn classes_of_pictures(&self) -> Result<Vec<Vec<usize>>> {
        let distinct = |classes: &[u16]| {
            let set: std::collections::BTreeSet<usize> =
                classes.iter().map(|class| usize::from(*class)).collect();
            set.into_iter().collect()
        };
        Ok(self.objects.iter().map(|(classes, _)| distinct(classes)).collect())
    }

    fn gather(&self, indices: &[i64]) -> Result<(Tensor, Tensor)> {
        let views = indices.iter().map(|index| {
            self.picture(*index)?;
            Ok(View::whole(self.sizes[*index as usize]))
        });
        let views = views.collect::<Result<Vec<View>>>()?;
        Ok((self.normalize(&self.values(indices)?)?, self.target(indices, &views)?))
    }

    fn check_augmentation(&self, augmentation: &Augmentation) -> Result<()> {
        if augmentation.shift > 0 {
            return Err(Error::Data(
                "the recipe's `shift` is for pictures with one class each; detection has `crop`, `expand`, \
                 `photometric` and `flip`"
                    .to_owned(),
            ));
        }
        augmentation.check_without_views("detection")
    }

    fn draw(&self, draw: &Draw<'_>) -> Result<(Tensor, Tensor)> {
        let wanted = draw.augmentation;
        if wanted == Augmentation::default() {
            return self.gather(draw.indices);
        }
        let rules = Views {
            expand: if wanted.expand > 1.0 { Views::SSD.expand } else { 0.0 },
            most_expansion: wanted.expand.max(1.0),
            crop: wanted.crop,
            mirror: if wanted.flip { Views::SSD.mirror } else { 0.0 },
            ..Views::SSD
        };
        let (mut views, mut colours) = (Vec::new(), Vec::new());
        let first = draw.batch * draw.indices.len() as u64;
        for (position, index) in (first..).zip(draw.indices) {
            let (_, boxes) = self.picture(*index)?;
            let mut rng = draw.streams.rng("view", position);
            views.push(rules.draw(self.sizes[*index as usize], boxes, &mut || unit(&mut rng)));
            if wanted.photometric {
                colours.push(Photometric::draw(&mut draw.streams.rng("colour", position)));
            }
        }
        let mut pictures = self.values(draw.indices)?;
        if wanted.photometric {
            pictures = change(&pictures, &colours)?;
        }
        let pictures = self.seen(&self.normalize(&pictures)?, draw.indices, &views)?;
        Ok((pictures, self.target(draw.indices, &views)?))
    }

    fn loss(&self, output: &Tensor, target: &Tensor, label_smoothing: f64) -> Result<Tensor> {
        self.detector.loss(output, target, self.most, label_smoothing)
    }

    /// A picture counts by the fraction of the batch's matched default boxes whose class is right.
    fn loss_and_right(
        &self,
        output: &Tensor,
        target: &Tensor,
        label_smoothing: f64,
    ) -> Result<(Tensor, Tensor)> {
        let (loss, right) = self.detector.loss_and_right(output, target, self.most, label_smoothing)?;
        Ok((loss, right.f_mul_scalar(output.size()[0] as f64)?))
    }

    fn score(&self, model: &Model) -> Result<Score> {
        let found = detect(model, self, &DetectionRules::default())?;
        Ok(Score { metric: metric(self, &found)?, loss: found.loss })
    }

    fn matched(&self, target: &Tensor, output: Option<&Tensor>) -> Result<Option<MatchedBoxes>> {
        Ok(Some(self.detector.matched(target, self.most, output)?))
    }

    fn has_boxes(&self) -> bool {
        true
    }
}
