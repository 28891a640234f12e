//! SSD's default boxes.

use tch::{Device, Kind, Tensor};

use crate::boxes::centre_to_corners;
use crate::error::{Error, Result, float_kind};

/// The default boxes of one feature map.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureMap {
    /// Rows and columns of cells.
    pub cells: [usize; 2],
    /// Pixels of the picture from one cell to the next, in both directions. The first cell's centre is half
    /// of it from the edge.
    pub step: f64,
    /// Side of the smaller square, in pixels.
    pub scale: f64,
    /// Side of the smaller square of the next map, in pixels; the larger square here is the geometric mean of
    /// both.
    pub next_scale: f64,
    /// Width over height of the other boxes. Each stands for two, as it is and on its side.
    pub aspect_ratios: Vec<f64>,
}

impl FeatureMap {
    /// Boxes at each cell.
    #[must_use]
    pub fn per_cell(&self) -> usize {
        2 + 2 * self.aspect_ratios.len()
    }

    /// Width and height of the boxes at each cell, in pixels: both squares, then wide and high by aspect
    /// ratio.
    fn sizes(&self) -> Vec<[f64; 2]> {
        let large = (self.scale * self.next_scale).sqrt();
        let mut sizes = vec![[self.scale; 2], [large; 2]];
        for ratio in &self.aspect_ratios {
            let (long, short) = (self.scale * ratio.sqrt(), self.scale / ratio.sqrt());
            sizes.extend([[long, short], [short, long]]);
        }
        sizes
    }
}

/// What becomes of default boxes that reach over the picture's edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clipping {
    /// They stay as they are.
    None,
    /// Centre and size are held between 0 and 1, each for itself, so that a box is at most as large as the
    /// picture but still may reach over its edge.
    CentreAndSize,
    /// Corners are cut at the edge.
    Corners,
}

/// The default boxes of a single-shot detector (arXiv 1512.02325, section 2.2).
///
/// Order: by feature map, in it by row, by column, and at each cell by kind: the smaller square, the larger
/// one, then for each aspect ratio the wide box and the high one. A head's output f32 `[n, kinds * 4, rows,
/// columns]` is brought into it by `permute([0, 2, 3, 1])`, `reshape([n, -1, 4])`, and concatenation over
/// maps. (Ports that view a head's output as `[n, 4, -1]` order by kind before row and column, and their heads' channels
/// by coordinate before kind: weights from there must be permuted.)
#[derive(Clone, Debug, PartialEq)]
pub struct DefaultBoxes {
    /// Height and width of the picture in pixels.
    pub picture: [f64; 2],
    /// The maps, in the order of the heads.
    pub maps: Vec<FeatureMap>,
    /// What becomes of boxes that reach over the edge.
    pub clipping: Clipping,
}

impl DefaultBoxes {
    /// The 8732 default boxes of SSD300 on COCO: scales of 7, 15, 33, 51, 69, 87 and 105 % of 300 pixels, as
    /// the common SSD300 on ResNet-50 has them, with centre and size clipped.
    #[must_use]
    pub fn ssd300() -> Self {
        let scales = [21.0, 45.0, 99.0, 153.0, 207.0, 261.0, 315.0];
        let maps: [(usize, f64, &[f64]); 6] = [
            (38, 8.0, &[2.0]),
            (19, 16.0, &[2.0, 3.0]),
            (10, 32.0, &[2.0, 3.0]),
            (5, 64.0, &[2.0, 3.0]),
            (3, 100.0, &[2.0]),
            (1, 300.0, &[2.0]),
        ];
        let maps =
            maps.into_iter().zip(scales.windows(2)).map(|((cells, step, ratios), scales)| FeatureMap {
                cells: [cells; 2],
                step,
                scale: scales[0],
                next_scale: scales[1],
                aspect_ratios: ratios.to_vec(),
            });
        Self { picture: [300.0; 2], maps: maps.collect(), clipping: Clipping::CentreAndSize }
    }

    /// How many boxes there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.maps.iter().map(|map| map.cells[0] * map.cells[1] * map.per_cell()).sum()
    }

    /// The boxes `[count, 4]` in centre form, in parts of the picture's width and height. Computed in f64,
    /// whatever the kind.
    ///
    /// # Errors
    /// Fails if a measure is not a positive number or the kind is neither f32 nor f64.
    pub fn centres(&self, kind: Kind, device: Device) -> Result<Tensor> {
        match self.clipping {
            Clipping::Corners => crate::boxes::corners_to_centre(&self.exact_corners()?),
            _ => self.exact_centres(),
        }
        .and_then(|boxes| converted(&boxes, kind, device))
    }

    /// The boxes `[count, 4]` as corners, in parts of the picture's width and height. Computed in f64,
    /// whatever the kind.
    ///
    /// # Errors
    /// Fails if a measure is not a positive number or the kind is neither f32 nor f64.
    pub fn corners(&self, kind: Kind, device: Device) -> Result<Tensor> {
        converted(&self.exact_corners()?, kind, device)
    }

    fn exact_corners(&self) -> Result<Tensor> {
        let corners = centre_to_corners(&self.exact_centres()?)?;
        if self.clipping == Clipping::Corners { crate::boxes::clip(&corners, 1.0, 1.0) } else { Ok(corners) }
    }

    fn exact_centres(&self) -> Result<Tensor> {
        self.check()?;
        let [height, width] = self.picture;
        let mut values = Vec::with_capacity(4 * self.count());
        for map in &self.maps {
            let sizes = map.sizes();
            for row in 0..map.cells[0] {
                for column in 0..map.cells[1] {
                    let centre = |cell: usize| (cell as f64 + 0.5) * map.step;
                    for [w, h] in &sizes {
                        values.extend([centre(column) / width, centre(row) / height, w / width, h / height]);
                    }
                }
            }
        }
        if self.clipping == Clipping::CentreAndSize {
            values.iter_mut().for_each(|value| *value = value.clamp(0.0, 1.0));
        }
        Ok(Tensor::f_from_slice(&values)?.f_reshape([-1, 4])?)
    }

    fn check(&self) -> Result<()> {
        let check = |what: String, value: f64| {
            if value.is_finite() && value > 0.0 {
                Ok(())
            } else {
                Err(Error::value(what, value, "a positive number"))
            }
        };
        check("the picture's height".to_owned(), self.picture[0])?;
        check("the picture's width".to_owned(), self.picture[1])?;
        for (index, map) in self.maps.iter().enumerate() {
            check(format!("the step of feature map {index}"), map.step)?;
            check(format!("the scale of feature map {index}"), map.scale)?;
            check(format!("the next scale of feature map {index}"), map.next_scale)?;
            for ratio in &map.aspect_ratios {
                check(format!("an aspect ratio of feature map {index}"), *ratio)?;
            }
        }
        Ok(())
    }
}

fn converted(boxes: &Tensor, kind: Kind, device: Device) -> Result<Tensor> {
    let boxes = boxes.f_to_kind(kind)?;
    float_kind("default boxes", &boxes)?;
    Ok(boxes.f_to_device(device)?)
}
