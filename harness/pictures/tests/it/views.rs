//! Whole views: torchvision's numbers, and randomness that follows from its key alone.

use proptest::prelude::*;
use secateur_pictures::{
    Draw, Interpolation, Normalisation, Picture, Pixel, Raster, Recipe, Region, Step, View, Viewer, decode,
};

use crate::golden::Golden;

const START: Draw = Draw { seed: 1, epoch: 0, index: 0 };

fn views(viewer: &mut Viewer, picture: Picture, views: &[View], draw: Draw) -> Vec<Raster> {
    let mut out = Vec::new();
    viewer
        .make(picture, views, draw, |number, view| {
            assert_eq!(number, out.len());
            out.push(view.clone());
        })
        .unwrap();
    out
}

#[test]
fn the_test_view_is_torchvisions_to_the_bit() {
    let golden = Golden::read("steps.safetensors");
    let file = golden.bytes("view/file");
    for (name, interpolation) in [("bilinear", Interpolation::Bilinear), ("bicubic", Interpolation::Bicubic)]
    {
        let recipe = Recipe::published(56, interpolation);
        assert_eq!(recipe.test.steps[0], Step::Resize { side: 64, interpolation });
        let view = &views(&mut Viewer::new(), Picture::Encoded(&file), &[recipe.test], START)[0];
        let mut own = vec![0.0; view.bytes()];
        f32::write(view.planes(), &Normalisation::new(recipe.mean, recipe.std), &mut own);
        let expected = golden.floats(&format!("view/{name}"));
        assert!(own.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits()), "{name}");
        let mut bytes = vec![0; view.bytes()];
        u8::write(view.planes(), &Normalisation::new(recipe.mean, recipe.std), &mut bytes);
        assert_eq!(bytes, view.planes());
    }
}

#[test]
fn a_resized_crop_is_torchvisions_two_steps() {
    let golden = Golden::read("steps.safetensors");
    let photo = golden.raster("photo");
    let whole = photo.to_interleaved();
    // What the random step does, with its part known: cut out 30x21 pixels at (7, 5), then resize these alone.
    let rows = (5..26).flat_map(|y| whole[(y * 45 + 7) * 3..(y * 45 + 37) * 3].iter().copied());
    let part = Raster::from_interleaved(30, 21, &rows.collect::<Vec<u8>>()).unwrap();
    for (name, interpolation) in [("bilinear", Interpolation::Bilinear), ("bicubic", Interpolation::Bicubic)]
    {
        let step =
            Step::RandomResizedCrop { side: 24, scale: [1.0, 1.0], ratio: [10.0 / 7.0; 2], interpolation };
        let view =
            &views(&mut Viewer::new(), Picture::Decoded(&part), &[View { steps: vec![step] }], START)[0];
        assert_eq!(*view, golden.raster(&format!("resized_crop/{name}")), "{name}");
    }
}

/// The same steps, one at a time on the whole picture, without planning.
fn slowly(viewer: &mut Viewer, picture: &Raster, view: &View, draw: Draw) -> Raster {
    // A crop of everything keeps the viewer from beginning with the view's own geometry.
    let nothing = Step::Flip { probability: 0.0 };
    let mut steps = vec![nothing];
    steps.extend(&view.steps);
    views(viewer, Picture::Decoded(picture), &[View { steps }], draw).remove(0)
}

#[test]
fn planning_ahead_changes_nothing() {
    let golden = Golden::read("steps.safetensors");
    let file = golden.bytes("view/file");
    let whole = decode("a.jpg", &file).unwrap().raster;
    let mut viewer = Viewer::new();
    for interpolation in [Interpolation::Bilinear, Interpolation::Bicubic] {
        for side in [16, 56, 64, 100] {
            let recipe = Recipe::published(side, interpolation);
            let quick =
                &views(&mut viewer, Picture::Encoded(&file), std::slice::from_ref(&recipe.test), START)[0];
            assert_eq!(*quick, slowly(&mut viewer, &whole, &recipe.test, START), "{side}");
            assert_eq!((quick.width(), quick.height()), (side, side));
        }
    }
}

proptest! {
    /// Two views out of one decoding are those of two decodings, and of the decoded picture.
    #[test]
    fn views_do_not_depend_on_each_other(seed: u64, epoch: u64, index: u64, moco: bool) {
        let file = Golden::read("steps.safetensors").bytes("view/file");
        let whole = decode("a.jpg", &file).unwrap().raster;
        let recipe = if moco { Recipe::moco_v2 } else { Recipe::simclr }(32, Interpolation::Bilinear);
        let draw = Draw { seed, epoch, index };
        let mut viewer = Viewer::new();
        let both = views(&mut viewer, Picture::Encoded(&file), &recipe.train, draw);
        prop_assert_eq!(&both, &views(&mut viewer, Picture::Decoded(&whole), &recipe.train, draw));
        prop_assert_eq!(&both[..1], &views(&mut viewer, Picture::Encoded(&file), &recipe.train[..1], draw)[..]);
        prop_assert_ne!(&both[0], &both[1]);
        let other = Draw { epoch: epoch ^ 1, ..draw };
        prop_assert_ne!(both, views(&mut viewer, Picture::Encoded(&file), &recipe.train, other));
    }

    /// Pictures of any shape become squares, whatever the recipe.
    #[test]
    fn every_shape_becomes_a_square(width in 1_u32..60, height in 1_u32..60, which in 0_usize..4, seed: u64) {
        let pixels = (0..3 * width * height).map(|i| (i * 7) as u8).collect();
        let picture = Raster::from_planes(width, height, pixels).unwrap();
        let recipe = match which {
            0 => Recipe::published(24, Interpolation::Bicubic),
            1 => Recipe::simclr(24, Interpolation::Bilinear),
            2 => Recipe::moco_v2(24, Interpolation::Bilinear),
            _ => Recipe { train: vec![View { steps: vec![Step::CenterCrop { side: 24 }] }], ..Recipe::published(24, Interpolation::Bilinear) },
        };
        let mut all = recipe.train.clone();
        all.push(recipe.test);
        for view in views(&mut Viewer::new(), Picture::Decoded(&picture), &all, Draw { seed, ..START }) {
            prop_assert_eq!((view.width(), view.height()), (24, 24));
        }
    }
}

#[test]
fn flips_come_as_often_as_they_should() {
    let picture = Raster::from_planes(2, 1, vec![0, 1, 0, 1, 0, 1]).unwrap();
    let view = [View { steps: vec![Step::Flip { probability: 0.25 }] }];
    let mut viewer = Viewer::new();
    let flipped = (0..4000)
        .filter(|index| {
            views(&mut viewer, Picture::Decoded(&picture), &view, Draw { index: *index, ..START })[0]
                != picture
        })
        .count();
    // Six standard deviations of a binomial with n = 4,000 and p = 1/4.
    assert!((836..=1164).contains(&flipped), "{flipped}");
}

#[test]
fn absurd_shapes_do_not_take_absurd_memory() {
    let picture = Raster::from_planes(60_000, 1, vec![9; 180_000]).unwrap();
    let mut viewer = Viewer::new();
    // Only the middle is ever made.
    let recipe = Recipe::published(1024, Interpolation::Bilinear);
    let middle = &views(&mut viewer, Picture::Decoded(&picture), &[recipe.test], START)[0];
    assert_eq!(*middle, Raster::from_planes(1024, 1024, vec![9; 3 << 20]).unwrap());
    let steps = vec![
        Step::Resize { side: 1024, interpolation: Interpolation::Bilinear },
        Step::Flip { probability: 0.0 },
    ];
    let error = viewer.make(Picture::Decoded(&picture), &[View { steps }], START, |_, _| {}).unwrap_err();
    assert!(error.to_string().contains("too different"), "{error}");
    assert!(Region::whole(60_000, 1).fits(60_000, 1));
}
