//! safetensors: stable bytes, complete files, and what `check_against` finds.

use std::collections::BTreeMap;
use std::fs;

use secateur_checkpoint::{
    CheckpointError, Dtype, Format, TensorData, Tensors, check_against, normalize_names, parse, read,
    write_safetensors,
};
use secateur_network::zoo::{self, Options};
use secateur_network::{Builder, Network, Op};

use super::golden;

fn metadata() -> BTreeMap<String, String> {
    [("z", "last"), ("a", "first"), ("quote", "\"\\\u{1f600}")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

#[test]
fn what_is_written_is_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("out.safetensors");
    let tensors = read(&golden("views.pt")).expect("readable").tensors;
    write_safetensors(&path, &tensors, &metadata()).expect("written");
    let back = read(&path).expect("readable");
    assert_eq!(back.tensors, tensors);
    assert_eq!(back.metadata, metadata());
    assert_eq!(back.format, Format::Safetensors);
    // Writing again replaces the file with the same bytes and leaves nothing beside it.
    let before = fs::read(&path).expect("readable");
    write_safetensors(&path, &tensors, &metadata()).expect("written");
    assert_eq!(fs::read(&path).expect("readable"), before);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    for length in 0..before.len() {
        parse(&before[..length]).expect_err("truncated");
    }
}

#[test]
fn bytes_are_the_same_everywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("out.safetensors");
    let tensors: Tensors = [
        ("b".to_owned(), TensorData::new(Dtype::U8, vec![3], vec![1, 2, 3]).expect("sound")),
        ("w".to_owned(), TensorData::from_f32(vec![1, 2], &[1.0, -2.0]).expect("sound")),
    ]
    .into();
    write_safetensors(&path, &tensors, &[("k".to_owned(), "v".to_owned())].into()).expect("written");
    let bytes = fs::read(&path).expect("readable");
    let header = "{\"__metadata__\":{\"k\":\"v\"},\
                  \"b\":{\"data_offsets\":[8,11],\"dtype\":\"U8\",\"shape\":[3]},\
                  \"w\":{\"data_offsets\":[0,8],\"dtype\":\"F32\",\"shape\":[1,2]}}";
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    assert_eq!(length % 8, 0);
    assert_eq!(std::str::from_utf8(&bytes[8..8 + length]).expect("text").trim_end(), header);
    // The wide elements come first, so that they are aligned.
    assert_eq!(bytes[8 + length..], [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 1, 2, 3]);
}

#[test]
fn a_header_that_looks_like_a_pickle_is_read() {
    // A length of 640 has the bytes 80 02, as a pickle of protocol 2 has.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("out.safetensors");
    for length in 590..640 {
        let metadata = [("k".to_owned(), "v".repeat(length))].into();
        write_safetensors(&path, &Tensors::new(), &metadata).expect("written");
        assert!(read(&path).is_ok(), "{length}");
        if fs::read(&path).expect("readable")[..2] == [0x80, 2] {
            return;
        }
    }
    panic!("no header of 640 bytes was made");
}

#[test]
fn unsound_tensors_are_not_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("out.safetensors");
    let unsound = TensorData { dtype: Dtype::F32, shape: vec![2], bytes: vec![0; 7] };
    let error =
        write_safetensors(&path, &[("w".to_owned(), unsound)].into(), &BTreeMap::new()).expect_err("refused");
    assert_eq!(error.to_string(), "tensor `w`: tensor of F32 with shape [2] has 7 bytes instead of 8");
    let nowhere = folder.path().join("missing/out.safetensors");
    let error = write_safetensors(&nowhere, &Tensors::new(), &BTreeMap::new()).expect_err("no folder");
    assert!(matches!(error, CheckpointError::Io { action: "write", .. }), "{error}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

/// All tensors that a network needs, zero.
fn zeros(network: &Network) -> Tensors {
    let params = network.params().iter().map(|param| (param.name.clone(), param.shape.clone()));
    let buffers = network.buffers().iter().map(|buffer| (buffer.name.clone(), buffer.shape.clone()));
    let zero = |shape: Vec<usize>| {
        let values = vec![0.0; shape.iter().product()];
        TensorData::from_f32(shape, &values).expect("sound")
    };
    params.chain(buffers).map(|(name, shape)| (name, zero(shape))).collect()
}

#[test]
fn a_networks_own_tensors_fit_and_every_difference_is_named() {
    let network = zoo::build("resnet8", &Options::default()).expect("consistent");
    let mut tensors = zeros(&network);
    let counter = TensorData::new(Dtype::I64, vec![], vec![0; 8]).expect("sound");
    tensors.insert("bn1.num_batches_tracked".to_owned(), counter.clone());
    check_against(&network, &tensors).expect("fits");

    tensors.remove("fc.bias");
    tensors.insert("fc.weight".to_owned(), TensorData::from_f32(vec![2], &[0.0; 2]).expect("sound"));
    tensors.insert("head.weight".to_owned(), TensorData::from_f32(vec![1], &[0.0]).expect("sound"));
    tensors
        .insert("bn1.weight".to_owned(), TensorData::new(Dtype::I32, vec![16], vec![0; 64]).expect("sound"));
    let error = check_against(&network, &tensors).expect_err("differs");
    assert_eq!(
        error.to_string(),
        "tensors are not those of network `resnet8`; 1 missing: `fc.bias` [10]; 1 extra: `head.weight` [1]; \
         1 misshapen: `fc.weight` is [2], not [10, 64]; 1 not floating point: `bn1.weight` of I32"
    );
    let CheckpointError::Mismatch(mismatch) = error else { panic!("{error}") };
    assert_eq!(mismatch.missing, [("fc.bias".to_owned(), vec![10])]);
}

#[test]
fn long_lists_of_differences_are_cut_and_counted() {
    let network = zoo::build("resnet20", &Options::default()).expect("consistent");
    let error = check_against(&network, &Tensors::new()).expect_err("nothing there").to_string();
    let needed = network.params().len() + network.buffers().len();
    assert!(error.contains(&format!("; {needed} missing: `bn1.bias` [16], ")), "{error}");
    assert!(error.ends_with(&format!(" and {} more", needed - 5)), "{error}");
    assert!(error.len() < 400);
}

#[test]
fn a_forgotten_prefix_is_explained() {
    let mut builder = Builder::new("tiny", [2, 1, 1]);
    let flat = builder.input();
    let flat = builder.push("flatten", Op::Flatten, &[flat]);
    builder.push("fc", Op::Linear { in_features: 2, out_features: 3, bias: true }, &[flat]);
    let network = builder.finish().expect("consistent");
    let mut tensors = read(&golden("model.pth.tar")).expect("readable").tensors;
    tensors.retain(|name, _| name.starts_with("module.fc."));
    let error = check_against(&network, &tensors).expect_err("prefixed").to_string();
    assert!(
        error.ends_with("all extra names begin with `module.`, which normalizing names strips"),
        "{error}"
    );
    check_against(&network, &normalize_names(tensors)).expect("fits");
}
