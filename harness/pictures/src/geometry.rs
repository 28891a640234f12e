//! Where views look: torchvision's arithmetic of sizes and crops.

use crate::{raster::Raster, region::Region};

/// How often [`random_resized_crop`] tries.
const TRIES: usize = 10;

/// Width and height of a picture whose shorter side becomes `side` (`Resize(side)`): the longer one is cut off to a whole
/// number of pixels.
#[must_use]
pub fn resized(width: u32, height: u32, side: u32) -> (u32, u32) {
    let (short, long) = (width.min(height).max(1), width.max(height));
    let longer = (f64::from(side) * f64::from(long) / f64::from(short)) as u32;
    if width <= height { (side, longer) } else { (longer, side) }
}

/// The middle square of `side` pixels (`CenterCrop(side)`), if the picture is large enough. Halves of a pixel go to the
/// even side, as Python rounds.
#[must_use]
pub fn center(width: u32, height: u32, side: u32) -> Option<Region> {
    let start = |length: u32| (f64::from(length - side) / 2.0).round_ties_even() as u32;
    (width >= side && height >= side).then(|| Region {
        left: start(width),
        top: start(height),
        width: side,
        height: side,
    })
}

/// Cuts the middle square out of a picture; what is smaller is padded with black first.
pub(crate) fn center_crop(raster: &mut Raster, scratch: &mut Raster, side: u32) {
    let (width, height) = (raster.width(), raster.height());
    if width < side || height < side {
        // The smaller half of the padding comes first.
        let before = |length: u32| side.saturating_sub(length) / 2;
        scratch.clone_from(raster);
        pad(scratch, raster, width.max(side), height.max(side), before(width), before(height));
    }
    if let Some(region) = center(raster.width(), raster.height(), side) {
        raster.crop(region);
    }
}

fn pad(input: &Raster, output: &mut Raster, width: u32, height: u32, left: u32, top: u32) {
    output.set_size(width as usize, height as usize);
    let (width, inner) = (width as usize, input.width() as usize);
    for (plane, out) in input.each_plane().into_iter().zip(output.each_plane_mut()) {
        out.fill(0);
        let rows = out.chunks_exact_mut(width).skip(top as usize);
        for (row, target) in plane.chunks_exact(inner).zip(rows) {
            target[left as usize..][..inner].copy_from_slice(row);
        }
    }
}

/// A random part of a picture (`RandomResizedCrop`, Inception's crop): its share of the area is between the numbers of `scale`,
/// its width over its height between those of `ratio`, evenly in the logarithm. If ten tries do not fit, the largest part
/// from the middle whose ratio is allowed.
///
/// `draw` gives numbers in `[0, 1)`. torchvision draws in single precision and from its own generators; this rounds
/// doubles, so a side may be a pixel longer for the same numbers, once in millions of times.
pub(crate) fn random_resized_crop(
    (width, height): (u32, u32),
    scale: [f64; 2],
    ratio: [f64; 2],
    mut draw: impl FnMut() -> f64,
) -> Region {
    let area = f64::from(width) * f64::from(height);
    let logarithms = ratio.map(libm::log);
    let between = |[low, high]: [f64; 2], draw: &mut dyn FnMut() -> f64| low + (high - low) * draw();
    for _ in 0..TRIES {
        let target = area * between(scale, &mut draw);
        // From one library everywhere, since that of the system may round in another way.
        let aspect = libm::exp(between(logarithms, &mut draw));
        let columns = (target * aspect).sqrt().round_ties_even();
        let rows = (target / aspect).sqrt().round_ties_even();
        if columns > 0.0 && columns <= f64::from(width) && rows > 0.0 && rows <= f64::from(height) {
            let (columns, rows) = (columns as u32, rows as u32);
            let mut place = |free: u32| (f64::from(free + 1) * draw()) as u32;
            let top = place(height - rows);
            let left = place(width - columns);
            return Region { left, top, width: columns, height: rows };
        }
    }
    let own = f64::from(width) / f64::from(height);
    let (columns, rows) = if own < ratio[0] {
        (width, (f64::from(width) / ratio[0]).round_ties_even() as u32)
    } else if own > ratio[1] {
        ((f64::from(height) * ratio[1]).round_ties_even() as u32, height)
    } else {
        (width, height)
    };
    // A picture of a few pixels can round to none, or to more than there are.
    let (columns, rows) = (columns.clamp(1, width), rows.clamp(1, height));
    Region { left: (width - columns) / 2, top: (height - rows) / 2, width: columns, height: rows }
}

/// Mirrors a picture, left to right.
pub(crate) fn flip(raster: &mut Raster) {
    let width = raster.width() as usize;
    for plane in raster.each_plane_mut() {
        plane.chunks_exact_mut(width.max(1)).for_each(<[u8]>::reverse);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn random_crops_are_torchvisions_for_the_same_numbers() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/geometry.json");
        let golden: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let cases = golden["crops"].as_array().unwrap();
        assert!(cases.len() > 100);
        for case in cases {
            let number = |value: &serde_json::Value| value.as_f64().unwrap();
            let size = (number(&case[0]) as u32, number(&case[1]) as u32);
            let mut draws = case[3].as_array().unwrap().iter().map(number);
            let scale = [number(&case[2][0]), number(&case[2][1])];
            let crop = random_resized_crop(size, scale, [3.0 / 4.0, 4.0 / 3.0], || draws.next().unwrap());
            let expected: Vec<u32> =
                case[4].as_array().unwrap().iter().map(|side| number(side) as u32).collect();
            assert_eq!([crop.left, crop.top, crop.width, crop.height], expected[..], "{size:?}, {scale:?}");
        }
    }

    proptest! {
        #[test]
        fn random_crops_lie_inside(
            width in 1_u32..3000,
            height in 1_u32..3000,
            low in 0.0001..1.0,
            draws in proptest::collection::vec(0.0..1.0, 40),
        ) {
            let mut draws = draws.into_iter();
            let crop =
                random_resized_crop((width, height), [low, 1.0], [3.0 / 4.0, 4.0 / 3.0], || draws.next().unwrap());
            prop_assert!(crop.fits(width, height), "{crop:?}");
        }

        #[test]
        fn two_flips_are_none(width in 1_u32..40, height in 1_u32..9, start: u8) {
            let pixels = (0..3 * width * height).map(|i| (i as u8).wrapping_mul(31).wrapping_add(start)).collect();
            let picture = Raster::from_planes(width, height, pixels).unwrap();
            let mut twice = picture.clone();
            flip(&mut twice);
            prop_assert_eq!(twice == picture, width == 1);
            flip(&mut twice);
            prop_assert_eq!(twice, picture);
        }
    }
}
