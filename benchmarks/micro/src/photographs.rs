//! Files like those of photographs.

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use secateur_data::generated;

/// Their width in pixels: that of many data sets.
const WIDTH: usize = 500;
/// Their height in pixels.
const HEIGHT: usize = 375;

/// Generated scenes with noise, 500x375 pixels, as JPEGs of quality 90.
///
/// # Panics
/// If there is no memory for them.
#[must_use]
pub fn photographs(count: usize) -> Vec<Vec<u8>> {
    let task =
        generated::generate_first("generated/upstream", 1, WIDTH, count).expect("it is in the catalogue");
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 28) as u8
    };
    let area = WIDTH * WIDTH;
    let files = task.train.pixels.chunks_exact(3 * area).map(|planes| {
        let pixels: Vec<u8> = (0..HEIGHT * WIDTH)
            .flat_map(|place| [planes[place], planes[area + place], planes[2 * area + place]])
            .map(|value| value.saturating_add(noise()).saturating_sub(8))
            .collect();
        let mut file = Vec::new();
        JpegEncoder::new_with_quality(&mut file, 90)
            .encode(&pixels, WIDTH as u32, HEIGHT as u32, ExtendedColorType::Rgb8)
            .expect("it fits into memory");
        file
    });
    files.collect()
}
