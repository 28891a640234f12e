//! Single steps give PIL's and torchvision's bytes.

use secateur_pictures::{
    Draw, Interpolation, Part, Picture, Raster, Resizer, Resizing, Step, View, Viewer, resized,
};
use sha2::{Digest, Sha256};

use crate::golden::{Golden, distance, json};

fn interpolation(name: &str) -> Interpolation {
    match name {
        "bilinear" => Interpolation::Bilinear,
        "bicubic" => Interpolation::Bicubic,
        other => panic!("{other}"),
    }
}

fn size(text: &str) -> (u32, u32) {
    let (width, height) = text.split_once('x').unwrap();
    (width.parse().unwrap(), height.parse().unwrap())
}

#[test]
fn resizing_is_pils() {
    let golden = Golden::read("steps.safetensors");
    let mut resizer = Resizer::default();
    for name in golden.names("resize/") {
        let [filter, picture, target] = name.split('/').collect::<Vec<_>>()[..] else { panic!("{name}") };
        let input = golden.raster(picture);
        let (width, height) = size(target);
        let mut output = Raster::default();
        resizer.resize(
            Part::whole(&input),
            &Resizing::whole(width, height, interpolation(filter)),
            &mut output,
        );
        let (mean, most) = distance(&output, &golden.raster(&format!("resize/{name}")));
        assert_eq!(most, 0, "{name}: {mean} on average");
    }
}

#[test]
fn resizing_noise_is_pils() {
    let golden = json("geometry.json");
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let noise = Raster::from_planes(250, 187, (0..3 * 250 * 187).map(|_| next()).collect()).unwrap();
    let mut output = Raster::default();
    for (name, digest) in golden["noise"].as_object().unwrap() {
        let (filter, target) = name.split_once('/').unwrap();
        let (width, height) = size(target);
        let resizing = Resizing::whole(width, height, interpolation(filter));
        Resizer::default().resize(Part::whole(&noise), &resizing, &mut output);
        let own: String =
            Sha256::digest(output.to_interleaved()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(&own, digest.as_str().unwrap(), "{name}");
    }
}

#[test]
fn sizes_are_torchvisions() {
    for case in json("geometry.json")["resize"].as_array().unwrap() {
        let [width, height, side, new_width, new_height] =
            std::array::from_fn(|i| case[i].as_u64().unwrap() as u32);
        assert_eq!(resized(width, height, side), (new_width, new_height), "{case}");
    }
}

/// The picture after one step, which has nothing random.
fn after(picture: &Raster, step: Step) -> Raster {
    let mut out = Raster::default();
    let draw = Draw { seed: 0, epoch: 0, index: 0 };
    let view = View { steps: vec![step] };
    Viewer::new().make(Picture::Decoded(picture), &[view], draw, |_, view| out = view.clone()).unwrap();
    out
}

#[test]
fn flips_greys_and_centres_are_torchvisions() {
    let golden = Golden::read("steps.safetensors");
    let photo = golden.raster("photo");
    assert_eq!(after(&photo, Step::Flip { probability: 1.0 }), golden.raster("flip"));
    assert_eq!(after(&photo, Step::Flip { probability: 0.0 }), photo);
    assert_eq!(after(&photo, Step::Grayscale { probability: 1.0 }), golden.raster("grayscale"));
    for side in golden.names("center/") {
        let step = Step::CenterCrop { side: side.parse().unwrap() };
        assert_eq!(after(&photo, step), golden.raster(&format!("center/{side}")), "{side}");
    }
}

#[test]
fn blurs_are_pils_and_torchvisions() {
    let golden = Golden::read("steps.safetensors");
    let photo = golden.raster("photo");
    for name in golden.names("boxes/") {
        let sigma: f64 = name.parse().unwrap();
        let blurred = after(&photo, Step::PillowBlur { sigma: [sigma, sigma], probability: 1.0 });
        assert_eq!(distance(&blurred, &golden.raster(&format!("boxes/{name}"))), (0.0, 0), "{name}");
    }
    for name in golden.names("gaussian/") {
        let (taps, sigma) = name.split_once('/').unwrap();
        let (taps, sigma): (u32, f64) = (taps.parse().unwrap(), sigma.parse().unwrap());
        let blurred = after(&photo, Step::GaussianBlur { taps, sigma: [sigma, sigma], probability: 1.0 });
        // Rounding of single precision: a value in a thousand may be a step away.
        let (mean, most) = distance(&blurred, &golden.raster(&format!("gaussian/{name}")));
        assert!(mean < 0.001 && most <= 1, "{name}: {mean} on average, {most} at the most");
    }
}
