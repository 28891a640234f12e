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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    const NONE: Photometric = Photometric { brightness: 0.0, contrast: 1.0, saturation: 1.0, hue: 0.0 };

    /// A picture of one pixel, changed.
    fn changed(colour: [f32; 3], how: Photometric) -> Vec<f32> {
        let picture = Tensor::from_slice(&colour).view([1, 3, 1, 1]);
        Vec::try_from(change(&picture, &[how]).unwrap().view([-1])).unwrap()
    }

    fn close(found: &[f32], expected: [f32; 3]) -> bool {
        found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6)
    }

    #[test]
    fn hue_and_saturation_are_those_of_hsv() {
        // Values of Python's colorsys: hue turned by so many sixths, saturation scaled and cut at 1.
        for (colour, hue, saturation, expected) in COLOURS {
            let found = changed(colour, Photometric { hue, saturation, ..NONE });
            assert!(close(&found, expected), "{colour:?}: {found:?}");
        }
        let gray = changed([0.4; 3], Photometric { hue: 0.3, saturation: 1.5, ..NONE });
        assert!(close(&gray, [0.4; 3]), "gray has no hue: {gray:?}");
        assert!(close(&changed([1.0, 0.0, 0.0], Photometric { hue: 1.0, ..NONE }), [1.0, 1.0, 0.0]));
        assert!(close(&changed([0.0, 0.0, 1.0], Photometric { hue: -2.0, ..NONE }), [0.0, 1.0, 0.0]));
    }

    #[test]
    fn brightness_is_added_before_contrast_and_everything_stays_in_range() {
        let how = Photometric { brightness: 0.1, contrast: 1.5, ..NONE };
        assert!(close(&changed([0.2, 0.5, 0.9], how), [0.45, 0.9, 1.0]));
        let dark = Photometric { brightness: -0.125, contrast: 0.5, ..NONE };
        assert!(close(&changed([0.1, 0.5, 0.9], dark), [0.0, 0.1875, 0.3875]));
    }

    #[test]
    fn each_picture_has_its_own_change_and_half_of_the_parts_happen() {
        let pictures = Tensor::from_slice(&[0.2_f32, 0.5, 0.7, 0.2, 0.5, 0.7]).view([2, 3, 1, 1]);
        let both = change(&pictures, &[NONE, Photometric { brightness: 0.1, ..NONE }]).unwrap();
        assert!((both.double_value(&[0, 0, 0, 0]) - 0.2).abs() < 1e-6);
        assert!((both.double_value(&[1, 0, 0, 0]) - 0.3).abs() < 1e-6);
        let mut rng = Streams::new(0).rng("colour", 0);
        let draws: Vec<Photometric> = (0..4000).map(|_| Photometric::draw(&mut rng)).collect();
        let still = |part: fn(&Photometric) -> bool| draws.iter().filter(|draw| part(draw)).count();
        // Half of 4000, six standard deviations.
        for count in [
            still(|draw| draw.brightness == 0.0),
            still(|draw| draw.contrast == 1.0),
            still(|draw| draw.saturation == 1.0),
            still(|draw| draw.hue == 0.0),
        ] {
            assert!((1810..=2190).contains(&count), "{count}");
        }
        assert!(draws.iter().all(|draw| draw.brightness.abs() <= 32.0 / 255.0 && draw.hue.abs() <= 0.3));
        assert!(draws.iter().all(|draw| (0.5..=1.5).contains(&draw.contrast)));
    }

    /// Colour, hue in sixths, saturation, result.
    const COLOURS: [([f32; 3], f32, f32, [f32; 3]); 3] = [
        ([0.2, 0.5, 0.7], 0.3, 1.0, [0.2, 0.35, 0.7]),
        ([0.9, 0.1, 0.4], -0.2, 0.6, [0.9, 0.42, 0.696]),
        ([0.3, 0.8, 0.1], 0.25, 1.1, [0.0575, 0.8, 0.03]),
    ];
}
