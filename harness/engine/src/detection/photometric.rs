//! Random changes of colour (SSD's training, after Howard, arXiv 1312.5402).

use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

use crate::error::Result;
use crate::random::unit;

/// Brightness: at most this is added, on the scale from 0 to 1.
const BRIGHTNESS: f64 = 32.0 / 255.0;
/// Contrast and saturation: at most so far from a factor of 1.
const FACTOR: f64 = 0.5;
/// Hue: at most so many sixths of the colour circle (18 degrees).
const HUE: f64 = 18.0 / 60.0;

/// What happens to the colours of one picture.
pub(super) struct Photometric {
    brightness: f32,
    contrast: f32,
    saturation: f32,
    hue: f32,
}

impl Photometric {
    /// Draws a change; each of its four parts happens to every second picture.
    pub(super) fn draw(rng: &mut ChaCha8Rng) -> Self {
        let mut part = |most: f64| {
            let (happens, value) = (unit(rng) < 0.5, (2.0 * unit(rng) - 1.0) * most);
            if happens { value as f32 } else { 0.0 }
        };
        Self {
            brightness: part(BRIGHTNESS),
            contrast: 1.0 + part(FACTOR),
            saturation: 1.0 + part(FACTOR),
            hue: part(HUE),
        }
    }
}

/// Changes pictures f32 `[n, 3, h, w]` on the scale from 0 to 1: brightness, contrast, then saturation and hue, all within
/// that scale. Pictures with another number of channels keep their colours.
///
/// The original applies contrast before or after the colours at random and never exchanges channels, as here.
pub(super) fn change(pictures: &Tensor, changes: &[Photometric]) -> Result<Tensor> {
    let device = pictures.device();
    let column =
        |value: fn(&Photometric) -> f32| numbers(&changes.iter().map(value).collect::<Vec<_>>(), device);
    let pictures = pictures.f_add(&column(|change| change.brightness)?)?;
    let pictures = pictures.f_mul(&column(|change| change.contrast)?)?.f_clamp(0.0, 1.0)?;
    if pictures.size()[1] != 3 {
        return Ok(pictures);
    }
    let (value, _) = pictures.f_max_dim(1, true)?;
    let (least, _) = pictures.f_min_dim(1, true)?;
    let chroma = value.f_sub(&least)?;
    let [red, green, blue] = [0, 1, 2].map(|channel| pictures.f_narrow(1, channel, 1));
    let (red, green, blue) = (red?, green?, blue?);
    // Hue in sixths of the circle, as in the definition of HSV; gray has none, and chroma zero makes it irrelevant.
    let part = |one: &Tensor, other: &Tensor| -> Result<Tensor> {
        Ok(one.f_sub(other)?.f_div(&chroma.f_clamp_min(1e-12)?)?)
    };
    let of_blue = part(&red, &green)?.f_add_scalar(4.0)?;
    let of_green = part(&blue, &red)?.f_add_scalar(2.0)?;
    let of_red = part(&green, &blue)?;
    let hue = of_green.f_where_self(&value.f_eq_tensor(&green)?, &of_blue)?;
    let hue = of_red.f_where_self(&value.f_eq_tensor(&red)?, &hue)?;
    let hue = hue.f_add(&column(|change| change.hue)?)?;
    let chroma = chroma.f_mul(&column(|change| change.saturation)?)?.f_minimum(&value)?;
    let channel = |offset: f64| -> Result<Tensor> {
        let place = hue.f_add_scalar(offset)?.f_remainder(6.0)?;
        let ramp = place.f_minimum(&place.f_neg()?.f_add_scalar(4.0)?)?.f_clamp(0.0, 1.0)?;
        Ok(value.f_sub(&chroma.f_mul(&ramp)?)?)
    };
    Ok(Tensor::f_cat(&[channel(5.0)?, channel(3.0)?, channel(1.0)?], 1)?)
}

/// One number for each picture, `[n, 1, 1, 1]`.
fn numbers(values: &[f32], device: Device) -> Result<Tensor> {
    Ok(Tensor::f_from_slice(values)?.f_view([-1, 1, 1, 1])?.f_to_kind(Kind::Float)?.f_to_device(device)?)
}
