//! RoIAlign, plain and contextual.

use proptest::prelude::*;
use secateur_vision::{RoiAlign, contextual_roi_align, enclosing, regions, roi_align};
use tch::{Device, Kind, Tensor};

use crate::support::{Golden, KINDS, assert_close, assert_gradient, noise, relative, table, values};

/// A golden case: how to pool, which regions, and what multiplies the output before it is summed up.
struct Case {
    name: String,
    how: RoiAlign,
    regions: Tensor,
    weights: Tensor,
}

fn cases(golden: &Golden) -> Vec<Case> {
    let names = (0..).map(|number| format!("roi_align/{number}"));
    names
        .map_while(|name| {
            let options = values(&golden.find(&format!("{name}/options"))?);
            let [scale, rows, columns, ratio, aligned] = options.try_into().unwrap();
            let how = RoiAlign {
                output: [rows as i64, columns as i64],
                spatial_scale: scale,
                sampling_ratio: ratio as i64,
                aligned: aligned != 0.0,
            };
            let regions = golden.get("roi_align/rois").index_select(0, &golden.get(&format!("{name}/rows")));
            let weights = golden.get(&format!("{name}/weights"));
            Some(Case { name, how, regions, weights })
        })
        .collect()
}

/// Output, and gradient of the weighted sum with respect to the features.
fn both(features: &Tensor, regions: &Tensor, case: &Case) -> (Tensor, Tensor) {
    let kind = features.kind();
    let leaf = features.copy().set_requires_grad(true);
    let output = roi_align(&leaf, regions, &case.how).unwrap();
    (&output * case.weights.to_kind(kind)).sum(kind).backward();
    (output.detach(), leaf.grad())
}

#[test]
fn outputs_and_gradients_are_those_of_torchvision() {
    let golden = Golden::read();
    let cases = cases(&golden);
    assert_eq!(cases.len(), 12);
    for case in &cases {
        for (name, kind, tolerance) in KINDS {
            let features = golden.get("roi_align/features").to_kind(kind);
            let (output, gradient) = both(&features, &case.regions.to_kind(kind), case);
            let expected = |what: &str| golden.get(&format!("{}/{what}/{name}", case.name));
            let text = format!("{:?}, {name}", case.how);
            assert_close(&output, &expected("output"), tolerance, &format!("output, {text}"));
            assert_close(&gradient, &expected("gradient"), tolerance, &format!("gradient, {text}"));
        }
    }
}

/// A pixel is a quarter of a cell, so this also is what an offset of half a cell that is forgotten would do.
#[test]
fn golden_regions_tell_a_box_that_is_a_pixel_off() {
    let golden = Golden::read();
    let features = golden.get("roi_align/features");
    for case in cases(&golden) {
        for shift in [[0.0, 1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0]] {
            let (output, gradient) = both(&features, &(&case.regions + Tensor::from_slice(&shift)), &case);
            let expected = |what: &str| golden.get(&format!("{}/{what}/f64", case.name));
            assert!(relative(&output, &expected("output")) > 0.01, "{:?}", case.how);
            assert!(relative(&gradient, &expected("gradient")) > 0.01, "{:?}", case.how);
        }
    }
}

/// RoIAlign as it is defined, sample by sample.
fn by_definition(features: &Tensor, region: &[f64], how: &RoiAlign) -> Vec<f64> {
    let size = features.size();
    let (height, width) = (size[2], size[3]);
    let map = |channel: i64| values(&features.get(region[0] as i64).get(channel));
    let axis = |low: f64, high: f64, bins: i64| {
        let offset = if how.aligned { 0.5 } else { 0.0 };
        let start = low * how.spatial_scale - offset;
        let extent = high * how.spatial_scale - offset - start;
        let extent = if how.aligned { extent } else { extent.max(1.0) };
        let bin = extent / bins as f64;
        let samples = if how.sampling_ratio > 0 { how.sampling_ratio } else { (bin.ceil() as i64).max(0) };
        (start, bin, samples)
    };
    let (y, bin_height, ys) = axis(region[2], region[4], how.output[0]);
    let (x, bin_width, xs) = axis(region[1], region[3], how.output[1]);
    // The two cells around a position and the part of the second.
    let around = |position: f64, cells: i64| {
        let position = position.clamp(0.0, (cells - 1) as f64);
        let low = position as i64;
        (low as usize, (low + 1).min(cells - 1) as usize, position - low as f64)
    };
    let mut output = Vec::new();
    for channel in 0..size[1] {
        let map = map(channel);
        let cell = |row: usize, column: usize| map[row * width as usize + column];
        for row in 0..how.output[0] {
            for column in 0..how.output[1] {
                let mut sum = 0.0;
                for sample in 0..ys * xs {
                    let (i, j) = ((sample / xs) as f64 + 0.5, (sample % xs) as f64 + 0.5);
                    let y = y + row as f64 * bin_height + i * bin_height / ys as f64;
                    let x = x + column as f64 * bin_width + j * bin_width / xs as f64;
                    if y < -1.0 || y > height as f64 || x < -1.0 || x > width as f64 {
                        continue;
                    }
                    let (top, bottom, down) = around(y, height);
                    let (left, right, across) = around(x, width);
                    sum += (1.0 - down) * ((1.0 - across) * cell(top, left) + across * cell(top, right))
                        + down * ((1.0 - across) * cell(bottom, left) + across * cell(bottom, right));
                }
                output.push(sum / (ys * xs).max(1) as f64);
            }
        }
    }
    output
}

fn assert_defined(features: &Tensor, regions: &Tensor, how: &RoiAlign) {
    let found = roi_align(features, regions, how).unwrap();
    let expected: Vec<f64> =
        values(regions).chunks(5).flat_map(|region| by_definition(features, region, how)).collect();
    let expected = Tensor::from_slice(&expected).reshape(found.size());
    assert_close(&found, &expected, 1e-10, &format!("{how:?}"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn every_region_is_pooled_as_defined(
        seed in any::<u64>(),
        (height, width) in (1..8_i64, 1..8_i64),
        output in [1..5_i64, 1..5_i64],
        sampling_ratio in -1..5_i64,
        spatial_scale in 0.1..2.0_f64,
        aligned in any::<bool>(),
        corners in prop::collection::vec(-9.0..18.0_f64, 4 * 6),
    ) {
        let features = noise(seed, &[2, 2, height, width]);
        let boxes = Tensor::from_slice(&corners).reshape([6, 4]);
        let regions = regions(&Tensor::from_slice(&[0_i64, 1, 1, 0, 1, 0]), &boxes).unwrap();
        assert_defined(&features, &regions, &RoiAlign { output, spatial_scale, sampling_ratio, aligned });
    }
}

/// So many samples that they cannot be looked at all at once.
#[test]
fn very_long_regions_are_pooled_as_defined() {
    let features = noise(7, &[1, 1, 40, 5]);
    let rows: Vec<f64> = (0..60)
        .flat_map(|index| [0.0, 1.0, -20.0 * f64::from(index), 3.0, 4000.0 - 20.0 * f64::from(index)])
        .collect();
    let regions = Tensor::from_slice(&rows).reshape([60, 5]);
    let how = RoiAlign { output: [1, 1], spatial_scale: 1.0, sampling_ratio: 0, aligned: true };
    assert_defined(&features, &regions, &how);
}

const HOW: RoiAlign = RoiAlign { output: [2, 3], spatial_scale: 0.5, sampling_ratio: 2, aligned: true };

/// Bilinear samples of a plane are exact, and the mean over a bin's samples is the plane at the bin's middle.
#[test]
fn a_plane_is_pooled_to_its_values_at_the_middles_of_bins() {
    let (rows, columns) =
        (Tensor::arange(12, (Kind::Double, Device::Cpu)), Tensor::arange(16, (Kind::Double, Device::Cpu)));
    // In pixels, of which two make a cell, the value is 3 y + x. The middle of the first cell is at pixel 1.
    let plane: Tensor = (rows * 2.0 + 1.0).unsqueeze(1) * 3.0 + (columns * 2.0 + 1.0);
    let features = plane.reshape([1, 1, 12, 16]);
    let (default, truth) = (table([[4.0, 2.0, 16.0, 10.0]]), table([[10.0, 6.0, 28.0, 18.0]]));
    let pictures = Tensor::from_slice(&[0_i64]);
    let plain = roi_align(&features, &regions(&pictures, &default).unwrap(), &HOW).unwrap();
    // Bins of 4 by 4 pixels from 4, 2 on.
    let inside = table([[18.0, 22.0, 26.0], [30.0, 34.0, 38.0]]);
    assert_close(&plain, &inside.reshape([1, 1, 2, 3]), 1e-12, "the default box");
    // The smallest box around both is 4, 2, 28, 18: bins of 8 by 8.
    let around = table([[26.0, 34.0, 42.0], [50.0, 58.0, 66.0]]);
    let contextual = contextual_roi_align(&features, &pictures, &default, &truth, &HOW).unwrap();
    assert_close(&contextual, &(inside + around).reshape([1, 1, 2, 3]), 1e-12, "with context");
}

#[test]
fn contextual_pooling_is_a_sum_of_two() {
    let features = noise(1, &[3, 4, 9, 11]);
    let pictures = Tensor::from_slice(&[2_i64, 0, 1, 2]);
    let low = noise(2, &[4, 2]) * 6.0 + 6.0;
    let defaults = Tensor::cat(&[&low, &(&low + noise(3, &[4, 2]) * 2.0 + 4.0)], 1);
    let truths = &defaults + noise(4, &[4, 1]) * 5.0;
    for sampling_ratio in [2, 0] {
        let how = RoiAlign { sampling_ratio, ..HOW };
        let found = contextual_roi_align(&features, &pictures, &defaults, &truths, &how).unwrap();
        let pooled =
            |boxes: &Tensor| roi_align(&features, &regions(&pictures, boxes).unwrap(), &how).unwrap();
        let expected = pooled(&defaults) + pooled(&enclosing(&defaults, &truths).unwrap());
        assert_close(&found, &expected, 1e-14, "contextual");
    }
}

#[test]
fn the_gradient_of_contextual_pooling_is_that_of_finite_differences() {
    let features = noise(5, &[2, 2, 5, 6]);
    let pictures = Tensor::from_slice(&[1_i64, 0]);
    let defaults = table([[1.3, 0.4, 7.2, 6.1], [-2.0, 3.0, 5.0, 14.0]]);
    let truths = table([[3.1, 2.2, 9.4, 8.3], [0.5, 1.0, 4.5, 7.0]]);
    let weights = noise(6, &[2, 2, 2, 3]);
    for sampling_ratio in [2, 0] {
        let how = RoiAlign { sampling_ratio, ..HOW };
        assert_gradient(&features, 1e-8, |features| {
            let pooled = contextual_roi_align(features, &pictures, &defaults, &truths, &how).unwrap();
            (pooled * &weights).sum(Kind::Double)
        });
    }
}

#[test]
fn the_layout_of_the_features_changes_nothing() {
    let features = noise(8, &[2, 3, 6, 5]);
    let channels_last = features.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]);
    let cut = noise(9, &[2, 3, 8, 5]).narrow(2, 1, 6);
    let regions = table([[1.0, 1.0, 0.0, 8.0, 9.0], [0.0, -2.0, 3.0, 4.0, 30.0]]);
    let found = roi_align(&features, &regions, &HOW).unwrap();
    assert_eq!(roi_align(&channels_last, &regions, &HOW).unwrap(), found);
    assert_defined(&cut, &regions, &HOW);
}

#[test]
fn no_region_is_an_output_of_none_with_a_gradient_of_zero() {
    for sampling_ratio in [2, 0] {
        let features = noise(8, &[2, 3, 6, 5]).set_requires_grad(true);
        let regions = Tensor::zeros([0, 5], (Kind::Double, Device::Cpu));
        let output = roi_align(&features, &regions, &RoiAlign { sampling_ratio, ..HOW }).unwrap();
        assert_eq!(output.size(), [0, 3, 2, 3]);
        output.sum(Kind::Double).backward();
        assert_eq!(features.grad().abs().sum(Kind::Double).double_value(&[]), 0.0);
    }
}

#[test]
fn regions_that_are_not_finite_are_zero_and_have_no_gradient() {
    let rows = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(|value| [0.0, 1.0, 1.0, value, 6.0]);
    let regions = table(rows).set_requires_grad(true);
    for sampling_ratio in [2, 0] {
        let features = noise(8, &[1, 3, 6, 5]).set_requires_grad(true);
        let output = roi_align(&features, &regions, &RoiAlign { sampling_ratio, ..HOW }).unwrap();
        assert_eq!(values(&output), vec![0.0; 3 * 18]);
        output.sum(Kind::Double).backward();
        assert_eq!(values(&features.grad()), vec![0.0; 90]);
        assert!(!regions.grad().defined());
    }
}
