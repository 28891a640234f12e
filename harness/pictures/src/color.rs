//! Colours: conversions and jitter, to the bit as PIL and torchvision's functions on PIL pictures.

use multiversion::multiversion;

use crate::raster::Raster;

/// Cyan, magenta, yellow and key as light, the way of PIL's `convert("RGB")`.
pub(crate) fn cmyk_to_rgb([cyan, magenta, yellow, key]: [u8; 4]) -> [u8; 3] {
    let light = 255 - u32::from(key);
    [cyan, magenta, yellow].map(|ink| {
        // The product over 255, rounded, without a division.
        let product = u32::from(ink) * light + 128;
        (light.saturating_sub(((product >> 8) + product) >> 8)) as u8
    })
}

/// Grey of a pixel: ITU-R BT.601 luma with 16 bits of fraction, PIL's `convert("L")`.
#[inline(always)]
fn luma(red: u8, green: u8, blue: u8) -> u8 {
    ((u32::from(red) * 19_595 + u32::from(green) * 38_470 + u32::from(blue) * 7_471 + 0x8000) >> 16) as u8
}

/// `from + factor (to - from)` in single precision, cut off and clamped, which is `Image.blend`.
#[inline(always)]
fn blend(from: u8, to: u8, factor: f32) -> u8 {
    let (from, to) = (i16::from(from), i16::from(to));
    // The cast cuts off and clamps.
    (f32::from(from) + factor * f32::from(to - from)) as u8
}

/// Makes a picture grey, in place.
pub(crate) fn grayscale(raster: &mut Raster) {
    saturate(raster, 0.0);
}

/// 0 is black, 1 leaves it as it is, above 1 is brighter (`ImageEnhance.Brightness`).
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+fma+lzcnt+movbe+popcnt"))]
pub(crate) fn brighten(raster: &mut Raster, factor: f32) {
    for plane in raster.each_plane_mut() {
        plane.iter_mut().for_each(|value| *value = blend(0, *value, factor));
    }
}

/// 0 is the mean grey everywhere, 1 leaves it as it is (`ImageEnhance.Contrast`).
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+fma+lzcnt+movbe+popcnt"))]
pub(crate) fn contrast(raster: &mut Raster, factor: f32) {
    let [red, green, blue] = raster.each_plane();
    let sum: u64 = red.iter().zip(green).zip(blue).map(|((r, g), b)| u64::from(luma(*r, *g, *b))).sum();
    let mean = (sum as f64 / red.len().max(1) as f64 + 0.5) as u8;
    for plane in raster.each_plane_mut() {
        plane.iter_mut().for_each(|value| *value = blend(mean, *value, factor));
    }
}

/// 0 is grey, 1 leaves it as it is (`ImageEnhance.Color`).
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+fma+lzcnt+movbe+popcnt"))]
pub(crate) fn saturate(raster: &mut Raster, factor: f32) {
    let [red, green, blue] = raster.each_plane_mut();
    for ((r, g), b) in red.iter_mut().zip(green).zip(blue) {
        let grey = luma(*r, *g, *b);
        [*r, *g, *b] = [*r, *g, *b].map(|value| blend(grey, value, factor));
    }
}

/// Turns the hue by `factor` of a full turn, -0.5 to 0.5 (torchvision's `adjust_hue` on a PIL picture, so by way of
/// hues, saturations and values of 8 bits each, even if the factor is 0).
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+fma+lzcnt+movbe+popcnt"))]
pub(crate) fn turn_hue(raster: &mut Raster, factor: f64) {
    let turn = (factor * 255.0) as i32 as u8;
    let [red, green, blue] = raster.each_plane_mut();
    for ((r, g), b) in red.iter_mut().zip(green).zip(blue) {
        let [hue, saturation, value] = rgb_to_hsv([*r, *g, *b]);
        [*r, *g, *b] = hsv_to_rgb([hue.wrapping_add(turn), saturation, value]);
    }
}

/// Hue, saturation and value of 8 bits, as PIL rounds them.
#[inline(always)]
fn rgb_to_hsv([red, green, blue]: [u8; 3]) -> [u8; 3] {
    let most = red.max(green).max(blue);
    let spread = most - red.min(green).min(blue);
    if spread == 0 {
        return [0, 0, most];
    }
    let wide = f32::from(spread);
    let distance = |channel: u8| f32::from(most - channel) / wide;
    // Sixths of a turn. PIL adds in double precision and keeps single.
    let sixths = if red == most {
        distance(blue) - distance(green)
    } else if green == most {
        (2.0 + f64::from(distance(red)) - f64::from(distance(blue))) as f32
    } else {
        (4.0 + f64::from(distance(green)) - f64::from(distance(red))) as f32
    };
    // Between 5/6 and 11/6 of a turn, of which a whole one is taken off.
    let turns = f64::from(sixths) / 6.0 + 1.0;
    let turns = (if turns < 1.0 { turns } else { turns - 1.0 }) as f32;
    let eight_bits = |part: f32| (f64::from(part) * 255.0) as u8;
    [eight_bits(turns), eight_bits(wide / f32::from(most)), most]
}

#[inline(always)]
fn hsv_to_rgb([hue, saturation, value]: [u8; 3]) -> [u8; 3] {
    if saturation == 0 {
        return [value; 3];
    }
    let sixths = f64::from(f32::from(hue) * 6.0) / 255.0;
    // None of these is below zero, so casts round down, and halves go up.
    let sector = sixths as u8;
    let inside = f64::from((sixths - f64::from(sector)) as f32);
    let saturation = f64::from(f32::from(saturation) / 255.0);
    let scaled = |part: f64| (f64::from(value) * (1.0 - part) + 0.5) as u8;
    let (low, falling, rising) =
        (scaled(saturation), scaled(saturation * inside), scaled(saturation * (1.0 - inside)));
    match sector % 6 {
        0 => [value, rising, low],
        1 => [falling, value, low],
        2 => [low, value, rising],
        3 => [low, falling, value],
        4 => [rising, low, value],
        _ => [value, low, falling],
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// All colours, blue changing fastest, converted and hashed; the digests are from `tests/golden/make.py`.
    fn digest(convert: impl Fn([u8; 3]) -> [u8; 3]) -> String {
        let mut hasher = Sha256::new();
        let mut row = Vec::with_capacity(3 << 16);
        for red in 0..=255 {
            row.clear();
            for green in 0..=255 {
                for blue in 0..=255 {
                    row.extend(convert([red, green, blue]));
                }
            }
            hasher.update(&row);
        }
        hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn golden(name: &str) -> String {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/colors.json");
        let golden: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        golden[name].as_str().unwrap().to_string()
    }

    /// Changes the golden photo by each factor that PIL changed it by.
    fn like_pil(step: &str, change: impl Fn(&mut Raster, f64)) {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/steps.safetensors");
        let file = std::fs::read(file).unwrap();
        let tensors = safetensors::SafeTensors::deserialize(&file).unwrap();
        let picture = |name: &str| {
            let tensor = tensors.tensor(name).unwrap();
            Raster::from_interleaved(tensor.shape()[1] as u32, tensor.shape()[0] as u32, tensor.data())
                .unwrap()
        };
        let names = tensors.names();
        let factors: Vec<&str> =
            names.iter().filter_map(|name| name.strip_prefix(step)?.strip_prefix('/')).collect();
        assert!(factors.len() > 3, "{step}");
        for factor in factors {
            let mut photo = picture("photo");
            change(&mut photo, factor.parse().unwrap());
            assert!(photo == picture(&format!("{step}/{factor}")), "{step} by {factor}");
        }
    }

    #[test]
    fn jitter_is_torchvisions() {
        like_pil("brightness", |photo, factor| brighten(photo, factor as f32));
        like_pil("contrast", |photo, factor| contrast(photo, factor as f32));
        like_pil("saturation", |photo, factor| saturate(photo, factor as f32));
        like_pil("hue", turn_hue);
    }

    #[test]
    fn every_colour_has_pils_hue() {
        assert_eq!(digest(rgb_to_hsv), golden("rgb_to_hsv"));
    }

    #[test]
    fn every_hue_has_pils_colour() {
        assert_eq!(digest(hsv_to_rgb), golden("hsv_to_rgb"));
    }

    #[test]
    fn every_colour_has_pils_grey() {
        assert_eq!(digest(|[r, g, b]| [luma(r, g, b); 3]), golden("luma"));
    }

    #[test]
    fn inks_have_pils_colours() {
        // Every pair of an ink and a key; inks do not touch each other.
        assert_eq!(digest(|[_, ink, key]| cmyk_to_rgb([ink, ink, ink, key])), golden("cmyk_to_rgb"));
    }
}
