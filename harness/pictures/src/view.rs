//! Making views of one picture.

use std::ops::Range;

use crate::{
    blur::Blur,
    color,
    decode::{Decoder, Header},
    error::PictureError,
    geometry,
    random::{Draw, Stream},
    raster::Raster,
    recipe::{Step, View},
    region::Region,
    resize::{Part, Resizer, Resizing},
};

/// What a resized picture may take between two steps, in bytes.
const LARGEST_BYTES: u64 = 512 << 20;

/// A picture that views are made of.
#[derive(Clone, Copy, Debug)]
pub enum Picture<'a> {
    /// A file's bytes.
    Encoded(&'a [u8]),
    /// Pixels that were decoded before.
    Decoded(&'a Raster),
}

/// How a view begins: what it needs of the picture, and how that becomes its first raster.
#[derive(Clone, Copy, Debug)]
struct Opening {
    /// The part that stands for the whole picture from here on.
    crop: Region,
    resizing: Option<Resizing>,
    /// Steps that this stands for.
    steps: usize,
}

impl Opening {
    /// The geometry that a view begins with, in one resize of as few pixels as it takes.
    fn plan(view: &View, (width, height): (u32, u32), stream: &mut Stream) -> Self {
        let whole = Region::whole(width, height);
        match view.steps[..] {
            [Step::RandomResizedCrop { side, scale, ratio, interpolation }, ..] => {
                let crop = geometry::random_resized_crop((width, height), scale, ratio, || stream.unit());
                Self { crop, resizing: Some(Resizing::whole(side, side, interpolation)), steps: 1 }
            }
            [Step::Resize { side: short, interpolation }, ref rest @ ..] => {
                let size = geometry::resized(width, height, short);
                let middle = match rest {
                    [Step::CenterCrop { side }, ..] => geometry::center(size.0, size.1, *side),
                    _ => None,
                };
                let window = middle.unwrap_or(Region::whole(size.0, size.1));
                let resizing = Resizing { size, window, interpolation };
                Self { crop: whole, resizing: Some(resizing), steps: 1 + usize::from(middle.is_some()) }
            }
            _ => Self { crop: whole, resizing: None, steps: 0 },
        }
    }

    /// The pixels of the picture that it needs.
    fn needs(&self) -> Region {
        let Some(resizing) = self.resizing else { return self.crop };
        let inner = resizing.needs(self.crop.width, self.crop.height);
        Region { left: self.crop.left + inner.left, top: self.crop.top + inner.top, ..inner }
    }
}

/// Makes views, with the buffers that this takes, which are used again for the next picture.
#[derive(Default)]
pub struct Viewer {
    decoder: Decoder,
    resizer: Resizer,
    blur: Blur,
    decoded: Raster,
    view: Raster,
    scratch: Raster,
    openings: Vec<(Opening, Stream)>,
}

impl Viewer {
    /// A maker of any number of views.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes `views` of a picture and hands each to `emit`, with its number. What is random in view `i` follows from `draw` and
    /// `i` alone. The views must have passed [`View::check`].
    ///
    /// Of a file no more is decoded than all views need together; the bytes are those that decoding everything would give.
    ///
    /// # Errors
    /// If the picture cannot be decoded, or if it would become too large between two steps.
    pub fn make(
        &mut self,
        picture: Picture,
        views: &[View],
        draw: Draw,
        mut emit: impl FnMut(usize, &Raster),
    ) -> Result<(), PictureError> {
        let (size, header) = match picture {
            Picture::Encoded(bytes) => {
                let header = Header::read(bytes)?;
                ((header.width, header.height), Some((bytes, header)))
            }
            Picture::Decoded(raster) => ((raster.width(), raster.height()), None),
        };
        self.openings.clear();
        self.openings.extend(views.iter().zip(0..).map(|(view, number)| {
            let mut stream = Stream::new(draw, number);
            (Opening::plan(view, size, &mut stream), stream)
        }));
        for (opening, _) in &self.openings {
            if let Some(resizing) = opening.resizing {
                check_size(resizing.window.width, resizing.window.height)?;
            }
        }
        let needs = self.openings.iter().map(|(opening, _)| opening.needs());
        let Some(region) = needs.reduce(|all, own| all.union(&own)) else { return Ok(()) };
        let (input, region) = match (picture, header) {
            (_, Some((bytes, header))) => {
                self.decoder.decode_part(bytes, &header, region, &mut self.decoded)?;
                (&self.decoded, region)
            }
            (Picture::Decoded(raster), _) => (raster, Region::whole(size.0, size.1)),
            (Picture::Encoded(_), None) => return Ok(()),
        };
        for (number, view) in views.iter().enumerate() {
            let (opening, stream) = &mut self.openings[number];
            let Opening { crop, resizing, steps } = *opening;
            if let Some(resizing) = resizing {
                let origin = |input: u32, crop: u32| (i64::from(input) - i64::from(crop)) as i32;
                let part = Part {
                    raster: input,
                    whole: (crop.width, crop.height),
                    origin: (origin(region.left, crop.left), origin(region.top, crop.top)),
                };
                self.resizer.resize(part, &resizing, &mut self.view);
            } else {
                self.view.clone_from(input);
            }
            for step in &view.steps[steps..] {
                apply(step, &mut self.view, stream, &mut self.scratch, &mut self.resizer, &mut self.blur)?;
            }
            emit(number, &self.view);
        }
        Ok(())
    }
}

/// Does one step. It draws the same numbers whatever the picture is, except for crops that do not fit.
fn apply(
    step: &Step,
    raster: &mut Raster,
    stream: &mut Stream,
    scratch: &mut Raster,
    resizer: &mut Resizer,
    blur: &mut Blur,
) -> Result<(), PictureError> {
    let size = (raster.width(), raster.height());
    let mut resize = |raster: &mut Raster, width, height, interpolation| -> Result<(), PictureError> {
        check_size(width, height)?;
        resizer.resize(Part::whole(raster), &Resizing::whole(width, height, interpolation), scratch);
        std::mem::swap(raster, scratch);
        Ok(())
    };
    match *step {
        Step::RandomResizedCrop { side, scale, ratio, interpolation } => {
            raster.crop(geometry::random_resized_crop(size, scale, ratio, || stream.unit()));
            resize(raster, side, side, interpolation)?;
        }
        Step::Resize { side, interpolation } => {
            let (width, height) = geometry::resized(size.0, size.1, side);
            resize(raster, width, height, interpolation)?;
        }
        Step::CenterCrop { side } => geometry::center_crop(raster, scratch, side),
        Step::Flip { probability } => {
            if stream.chance(probability) {
                geometry::flip(raster);
            }
        }
        Step::ColorJitter { brightness, contrast, saturation, hue, probability } => {
            let chance = stream.chance(probability);
            let mut order: [usize; 4] = std::array::from_fn(|index| index);
            stream.shuffle(&mut order);
            let factors = [brightness, contrast, saturation].map(|reach| factor(reach, stream));
            let turn = stream.between([-hue, hue]);
            if chance {
                jitter(raster, order, factors, (hue > 0.0).then_some(turn));
            }
        }
        Step::Grayscale { probability } => {
            if stream.chance(probability) {
                color::grayscale(raster);
            }
        }
        Step::GaussianBlur { taps, sigma, probability } => {
            let (chance, sigma) = (stream.chance(probability), stream.between(sigma) as f32);
            if chance {
                blur.convolve(raster, taps as usize, sigma);
            }
        }
        Step::PillowBlur { sigma, probability } => {
            let (chance, sigma) = (stream.chance(probability), stream.between(sigma) as f32);
            if chance {
                blur.boxes(raster, sigma);
            }
        }
    }
    Ok(())
}

/// A factor of colour jitter; none where nothing is to change.
fn factor(reach: f64, stream: &mut Stream) -> Option<f32> {
    let drawn = stream.between([(1.0 - reach).max(0.0), 1.0 + reach]);
    (reach > 0.0).then_some(drawn as f32)
}

/// Changes colours in a given order of brightness (0), contrast (1), saturation (2) and hue (3).
fn jitter(raster: &mut Raster, order: [usize; 4], factors: [Option<f32>; 3], turn: Option<f64>) {
    for which in order {
        match (which, factors.get(which).copied().flatten()) {
            (0, Some(factor)) => color::brighten(raster, factor),
            (1, Some(factor)) => color::contrast(raster, factor),
            (2, Some(factor)) => color::saturate(raster, factor),
            (3, _) => {
                if let Some(turn) = turn {
                    color::turn_hue(raster, turn);
                }
            }
            _ => {}
        }
    }
}

fn check_size(width: u32, height: u32) -> Result<(), PictureError> {
    if u64::from(width) * u64::from(height) * 3 > LARGEST_BYTES {
        return Err(PictureError::TooLong { width, height });
    }
    Ok(())
}

/// Writes the values of a range of bytes as another type; a batch is filled with them.
pub trait Pixel: Copy + Default + Send + 'static {
    /// Writes the planes of a view, `[3, side, side]`.
    fn write(planes: &[u8], table: &Normalisation, out: &mut [Self]);
}

impl Pixel for u8 {
    fn write(planes: &[u8], _: &Normalisation, out: &mut [Self]) {
        out.copy_from_slice(planes);
    }
}

impl Pixel for f32 {
    fn write(planes: &[u8], table: &Normalisation, out: &mut [Self]) {
        let area = planes.len() / 3;
        for (channel, values) in table.values.iter().enumerate() {
            let range: Range<usize> = channel * area..(channel + 1) * area;
            for (out, byte) in out[range.clone()].iter_mut().zip(&planes[range]) {
                *out = values[usize::from(*byte)];
            }
        }
    }
}

/// What each byte of each channel becomes: `(byte / 255 - mean) / std` in single precision, as `ToTensor` and `Normalize`
/// compute it.
#[derive(Clone, Debug)]
pub struct Normalisation {
    values: [[f32; 256]; 3],
}

impl Normalisation {
    /// For means and standard deviations of red, green and blue, of 1.
    #[must_use]
    pub fn new(mean: [f32; 3], std: [f32; 3]) -> Self {
        let value = |channel: usize, byte: usize| (byte as f32 / 255.0 - mean[channel]) / std[channel];
        Self { values: std::array::from_fn(|channel| std::array::from_fn(|byte| value(channel, byte))) }
    }
}
