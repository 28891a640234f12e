use safetensors::tensor::{Dtype, TensorView};

use super::*;
use crate::testing::{Sample, detection_facts, detection_sample};

/// A file of predictions with one detection, and `values` as the metric on draws, if any.
pub(crate) fn file(values: Option<&[f64]>) -> Vec<u8> {
    let bytes: Vec<u8> = values.unwrap_or_default().iter().flat_map(|it| it.to_le_bytes()).collect();
    let scores = 0.5_f32.to_le_bytes();
    let offsets = [0_i64.to_le_bytes(), 1_i64.to_le_bytes()].concat();
    let mut tensors = vec![
        ("offsets", TensorView::new(Dtype::I64, vec![2], &offsets).unwrap()),
        ("scores", TensorView::new(Dtype::F32, vec![1], &scores).unwrap()),
    ];
    if let Some(values) = values {
        tensors.push(("resampled", TensorView::new(Dtype::F64, vec![values.len()], &bytes).unwrap()));
    }
    safetensors::serialize(tensors, None).unwrap()
}

fn values_of(bytes: &[u8]) -> Vec<Option<f64>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("detections.safetensors");
    std::fs::write(&path, bytes).unwrap();
    let row = detection_sample(&Sample::default(), &detection_facts(0.5));
    resampled(&row, Some(&path)).unwrap().values
}

#[test]
fn the_one_tensor_is_read_and_what_is_not_a_number_is_nothing() {
    assert_eq!(values_of(&file(Some(&[0.25, f64::NAN, 0.75]))), [Some(0.25), None, Some(0.75)]);
}

#[test]
fn a_network_is_named_as_its_row_is() {
    let sample = Sample { method: "dcp", keep: 0.25, replicate: 3, task: "t", ..Sample::default() };
    let row = detection_sample(&sample, &detection_facts(0.5));
    let network = resampled(&row, None).unwrap();
    assert_eq!(
        (network.suite, network.track, network.task),
        (row.suite.clone(), row.track.clone(), "t".to_owned())
    );
    assert_eq!((network.protocol, network.regime), (row.protocol.clone(), row.regime.clone()));
    assert_eq!((network.method.as_str(), network.keep, network.replicate), ("dcp", 0.25, 3));
    assert_eq!((Some(network.score), network.values), (row.score, Vec::new()));
    let failed = Row { score: None, ..row };
    assert_eq!(resampled(&failed, None), None);
}

#[test]
fn older_missing_and_damaged_files_have_no_values() {
    assert_eq!(values_of(&file(None)), []);
    assert_eq!(values_of(b""), []);
    assert_eq!(values_of(b"nothing of the kind"), []);
    let good = file(Some(&[0.25, 0.75]));
    for end in [4, 8, 60, good.len() - 1] {
        assert_eq!(values_of(&good[..end]), [], "cut to {end} bytes");
    }
    let mut long = good.clone();
    long[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert_eq!(values_of(&long), []);
    let narrow = 0.5_f32.to_le_bytes();
    let other = TensorView::new(Dtype::F32, vec![1], &narrow).unwrap();
    assert_eq!(values_of(&safetensors::serialize([("resampled", other)], None).unwrap()), []);
    let row = detection_sample(&Sample::default(), &detection_facts(0.5));
    let gone = resampled(&row, Some(Path::new("/there/is/no/such/file"))).unwrap();
    assert_eq!(gone.values, []);
}
