//! The same on a GPU, where there is one.

use secateur_vision::{
    BoxCoder, DefaultBoxes, RoiAlign, batched_nms, contextual_roi_align, giou_loss, match_boxes,
    pairwise_giou, regions, roi_align,
};
use tch::{Cuda, Device, Kind, Tensor};

use crate::support::{Golden, assert_close, integers, noise};

#[expect(clippy::print_stderr, reason = "a skipped test says why")]
fn devices() -> Option<[Device; 2]> {
    if Cuda::is_available() {
        return Some([Device::Cpu, Device::Cuda(0)]);
    }
    eprintln!("left out: there is no CUDA device");
    None
}

/// What a computation gives on a CPU and on a GPU must be the same but for rounding.
#[track_caller]
fn compare(devices: [Device; 2], what: &str, compute: impl Fn(Device) -> Vec<Tensor>) {
    let [cpu, gpu] = devices.map(&compute);
    for (cpu, gpu) in cpu.iter().zip(&gpu) {
        assert!(gpu.device().is_cuda(), "{what} left the GPU");
        assert_close(gpu, cpu, 1e-5, what);
    }
}

#[test]
fn pooling_and_its_gradient() {
    let Some(devices) = devices() else { return };
    let golden = Golden::read();
    let (features, rois) = (golden.get("roi_align/features"), golden.get("roi_align/rois"));
    for kind in [Kind::Float, Kind::Double] {
        for sampling_ratio in [1, 2, 0] {
            let how = RoiAlign { output: [3, 5], spatial_scale: 0.25, sampling_ratio, aligned: true };
            compare(devices, &format!("{how:?}"), |device| {
                let leaf = features.to_device(device).to_kind(kind).detach().set_requires_grad(true);
                let output = roi_align(&leaf, &rois.to_device(device).to_kind(kind), &how).unwrap();
                let weights = noise(3, &output.size()).to_device(device).to_kind(kind);
                (&output * weights).sum(kind).backward();
                vec![output, leaf.grad()]
            });
        }
    }
    // A picture that is not there would be an error on a CPU.
    let how = RoiAlign { output: [3, 5], spatial_scale: 0.25, sampling_ratio: 2, aligned: true };
    let lost = (&rois + Tensor::from_slice(&[9.0, 0.0, 0.0, 0.0, 0.0])).to_device(devices[1]);
    let output = roi_align(&features.to_device(devices[1]), &lost, &how).unwrap();
    assert_eq!(output.abs().max().double_value(&[]), 0.0);
}

#[test]
fn contextual_pooling_and_overlaps() {
    let Some(devices) = devices() else { return };
    let golden = Golden::read();
    let (predicted, truth) = (golden.get("overlap/predicted"), golden.get("overlap/truth"));
    let how = RoiAlign { output: [7, 7], spatial_scale: 0.25, sampling_ratio: 2, aligned: true };
    compare(devices, "contextual pooling and GIoU", |device| {
        let (predicted, truth) = (predicted.to_device(device), truth.to_device(device));
        let pictures = Tensor::zeros([24], (Kind::Int64, device));
        let leaf = predicted.detach().copy().set_requires_grad(true);
        let loss = giou_loss(&leaf, &truth).unwrap();
        loss.sum(Kind::Double).backward();
        let features = noise(4, &[1, 8, 10, 10]).to_device(device);
        let pooled = contextual_roi_align(&features, &pictures, &predicted, &truth, &how).unwrap();
        assert_eq!(regions(&pictures, &predicted).unwrap().device(), device);
        vec![pooled, loss, leaf.grad(), pairwise_giou(&predicted, &truth).unwrap()]
    });
}

#[test]
fn matching_coding_and_suppression() {
    let Some(devices) = devices() else { return };
    let golden = Golden::read();
    compare(devices, "matching and coding", |device| {
        let ssd = DefaultBoxes::ssd300();
        let (corners, centres) =
            (ssd.corners(Kind::Float, device).unwrap(), ssd.centres(Kind::Float, device).unwrap());
        let get = |name: &str| golden.get(&format!("matching/{name}")).to_device(device);
        let matches = match_boxes(&corners, &get("truths"), &get("counts"), 0.5).unwrap();
        let boxes = matches.boxes(&get("truths")).unwrap();
        let codes = BoxCoder::default().encode(&boxes, &centres).unwrap();
        let decoded = BoxCoder::default().decode(&codes, &centres).unwrap();
        vec![matches.truth, codes, decoded]
    });
    let kept = devices.map(|device| {
        let get = |name: &str| golden.get(&format!("nms/many/{name}")).to_device(device);
        let kept = batched_nms(&get("boxes"), &get("scores"), &get("classes"), 0.5).unwrap();
        assert_eq!(kept.device(), device);
        integers(&kept)
    });
    assert_eq!(kept[0], kept[1]);
}
