use safetensors::tensor::TensorView;

use super::*;

/// A file of predictions.
pub(in super::super) fn file(offsets: &[i64], found: &[(i32, f32, [f32; 4])]) -> Vec<u8> {
    let offsets_bytes: Vec<u8> = offsets.iter().flat_map(|it| it.to_le_bytes()).collect();
    let classes: Vec<u8> = found.iter().flat_map(|it| it.0.to_le_bytes()).collect();
    let scores: Vec<u8> = found.iter().flat_map(|it| it.1.to_le_bytes()).collect();
    let boxes: Vec<u8> = found.iter().flat_map(|it| it.2).flat_map(f32::to_le_bytes).collect();
    let count = found.len();
    let tensors = [
        ("offsets", TensorView::new(Dtype::I64, vec![offsets.len()], &offsets_bytes).unwrap()),
        ("classes", TensorView::new(Dtype::I32, vec![count], &classes).unwrap()),
        ("scores", TensorView::new(Dtype::F32, vec![count], &scores).unwrap()),
        ("boxes", TensorView::new(Dtype::F32, vec![count, 4], &boxes).unwrap()),
    ];
    safetensors::serialize(tensors, None).unwrap()
}

const BOX: [f32; 4] = [1.0, 2.0, 3.5, 4.0];

#[test]
fn detections_of_the_asked_pictures_are_read_from_the_threshold_on() {
    let bytes = file(
        &[0, 2, 2, 5],
        &[(0, 0.9, BOX), (1, 0.1, BOX), (1, 0.75, BOX), (0, 0.4, [0.0, 0.0, 9.0, 9.0]), (0, 0.39, BOX)],
    );
    let found = read(&bytes, 3, 2, &[2, 1]).unwrap();
    assert_eq!(found[1], []);
    let corners = BOX.map(f64::from);
    assert_eq!(found[0][0], GalleryDetection { class: 1, score: 0.75, corners });
    assert_eq!(found[0].len(), 2);
    assert_eq!(found[0][1].corners, [0.0, 0.0, 9.0, 9.0]);
}

#[test]
fn only_the_surest_of_very_many_are_kept() {
    let count = MOST_DETECTIONS as i64 + 20;
    let many: Vec<_> = (0..count).map(|place| (0, 0.5 + place as f32 / 1000.0, BOX)).collect();
    let found = read(&file(&[0, count], &many), 1, 1, &[0]).unwrap();
    assert_eq!(found[0].len(), MOST_DETECTIONS);
    assert!((found[0][0].score - f64::from(0.5 + (count - 1) as f32 / 1000.0)).abs() < 1e-12);
}

#[test]
fn files_that_do_not_fit_are_refused() {
    let good = [(0, 0.9, BOX)];
    let refused = |bytes: &[u8], total: usize| read(bytes, total, 1, &[0]).unwrap_err();
    assert!(refused(b"nothing", 1).contains("safetensors"));
    assert!(refused(&file(&[0, 1], &good), 2).contains("`offsets`"));
    assert!(refused(&file(&[0, 2], &good), 1).contains("`classes`"));
    assert!(refused(&file(&[0, -1], &good), 1).contains("negative"));
    assert!(refused(&file(&[1, 1], &good), 1).contains("does not rise"));
    assert!(refused(&file(&[0, 3, 1], &good), 2).contains("does not rise"));
    assert!(refused(&file(&[0, 1], &[(1, 0.9, BOX)]), 1).contains("no class"));
    assert!(refused(&file(&[0, 1], &[(-1, 0.9, BOX)]), 1).contains("no class"));
    assert!(refused(&file(&[0, 1], &[(0, f32::NAN, BOX)]), 1).contains("not finite"));
    assert!(refused(&file(&[0, 1], &[(0, 0.9, [0.0, f32::INFINITY, 1.0, 1.0])]), 1).contains("not finite"));
    assert!(read(&file(&[0, 1], &good), 1, 1, &[5]).unwrap_err().contains("number 5"));
}
