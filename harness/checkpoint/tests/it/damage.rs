//! Damaged and hostile files end in an error, and never in a panic or a full memory.

use std::fs;

use proptest::prelude::*;
use secateur_checkpoint::{ParseError, parse, read};

use super::golden;

#[test]
fn a_file_truncated_anywhere_is_an_error() {
    for name in ["small.pt", "views_legacy.pth", "model_legacy.pth.tar", "protocol4.pt"] {
        let bytes = fs::read(golden(name)).expect("committed");
        assert!(parse(&bytes).is_ok(), "{name}");
        for length in 0..bytes.len() {
            let error = parse(&bytes[..length]).expect_err("truncated");
            assert!(!error.to_string().is_empty());
        }
    }
}

#[test]
fn a_truncated_file_says_so() {
    for name in ["small.pt", "model_legacy.pth.tar"] {
        let bytes = fs::read(golden(name)).expect("committed");
        let error = parse(&bytes[..bytes.len() - 2]).expect_err("truncated");
        assert!(error.to_string().contains("truncated"), "{name}: {error}");
    }
}

#[test]
fn files_of_other_kinds_are_recognized() {
    let cases: [(&[u8], &str); 6] = [
        (b"", "it is empty"),
        (b"<!DOCTYPE html><title>404</title>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"\x93NUMPY\x01\x00", "begins with the bytes 93 4e 55 4d"),
        (b"\x80\x02}q\x00.", "not written by torch.save"),
    ];
    for (bytes, expected) in cases {
        let error = parse(bytes).expect_err("not a checkpoint").to_string();
        assert!(error.contains(expected), "{error}");
    }
    let error = read(&golden("missing.pt")).expect_err("no file").to_string();
    assert!(error.contains("could not read checkpoint") && error.contains("missing.pt"), "{error}");
}

#[test]
fn compressed_archives_are_refused() {
    // Whether the zip library could unpack them depends on what else is built with it.
    let error = read(&golden("compressed.pt")).expect_err("refused").to_string();
    assert!(error.contains("` is compressed; torch.save did not write it"), "{error}");
}

/// The old format around a pickled object that refers to storage `0` of some floats.
fn legacy(object: &[u8], elements: &[f32]) -> Vec<u8> {
    let mut file =
        b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.".to_vec();
    file.extend_from_slice(object);
    file.extend_from_slice(b"\x80\x02]X\x01\x00\x00\x000a.");
    file.extend_from_slice(&(elements.len() as u64).to_le_bytes());
    file.extend(elements.iter().flat_map(|element| element.to_le_bytes()));
    file
}

/// `{"w": tensor}` with a storage of 4 floats, and this offset, shape and strides.
fn object(offset: i32, shape: &[i32], strides: &[i32]) -> Vec<u8> {
    let int = |value: i32| [b"J".as_slice(), &value.to_le_bytes()].concat();
    let tuple = |values: &[i32]| {
        let items: Vec<u8> = values.iter().flat_map(|&value| int(value)).collect();
        [b"(".as_slice(), &items, b"t"].concat()
    };
    let storage =
        b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04Nt";
    let mut object = b"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n(".to_vec();
    object.extend_from_slice(storage);
    object.push(b'Q');
    object.extend(int(offset));
    object.extend(tuple(shape));
    object.extend(tuple(strides));
    object.extend_from_slice(b"\x89}tRs.");
    object
}

#[test]
fn strides_outside_the_storage_are_refused_with_the_tensors_name() {
    let elements = [1.0, 2.0, 3.0, 4.0];
    let good = parse(&legacy(&object(1, &[3], &[1]), &elements)).expect("inside");
    assert_eq!(good.tensors["w"].to_f32().expect("float"), [2.0, 3.0, 4.0]);
    for (offset, shape, strides) in [
        (2, vec![3], vec![1]),
        (0, vec![2, 2], vec![3, 2]),
        (0, vec![i32::MAX], vec![i32::MAX]),
        (9, vec![1], vec![1]),
    ] {
        let error =
            parse(&legacy(&object(offset, &shape, &strides), &elements)).expect_err("outside").to_string();
        assert!(error.contains("tensor `w`") || error.contains("times the size"), "{error}");
    }
    for (offset, shape, strides) in [(-1, vec![1], vec![1]), (0, vec![-3], vec![1]), (0, vec![1], vec![-1])] {
        let error = parse(&legacy(&object(offset, &shape, &strides), &elements)).expect_err("negative");
        assert!(matches!(error, ParseError::Invalid(_)), "{error}");
    }
    let error = parse(&legacy(&object(0, &[1, 2], &[1]), &elements)).expect_err("ranks differ").to_string();
    assert!(error.contains("shape [1, 2] but strides [1]"), "{error}");
}

#[test]
fn a_small_file_cannot_describe_a_huge_tensor() {
    let bytes = legacy(&object(0, &[1 << 30, 1 << 30], &[0, 0]), &[1.0; 4]);
    let error = parse(&bytes).expect_err("refused");
    assert!(matches!(error, ParseError::TooLarge(_)), "{error}");
}

#[test]
fn a_storage_must_have_as_many_elements_as_the_pickle_says() {
    let error = parse(&legacy(&object(0, &[2], &[1]), &[1.0, 2.0])).expect_err("two are missing").to_string();
    assert!(error.contains("storage `0` has 2 elements and not 4"), "{error}");
}

#[test]
fn pickles_that_grow_without_end_are_refused() {
    // Each turn recalls a list of a thousand items and copies it into an ordered dict.
    let mut bomb = b"\x80\x02]q\x00(".to_vec();
    for _ in 0..1000 {
        bomb.extend_from_slice(b"K\x01K\x02\x86");
    }
    bomb.extend_from_slice(b"e");
    for _ in 0..10_000 {
        bomb.extend_from_slice(b"ccollections\nOrderedDict\nh\x00\x85R");
    }
    bomb.push(b'.');
    assert!(matches!(parse(&bomb), Err(ParseError::TooLarge(_))));
    // Nesting and cycles cost nothing.
    let mut deep = b"\x80\x02".to_vec();
    deep.extend(std::iter::repeat_n(b']', 100_000));
    deep.extend(std::iter::repeat_n(b'a', 99_999));
    deep.push(b'.');
    assert!(matches!(parse(&deep), Err(ParseError::Unsupported(_))));
    assert!(matches!(parse(b"\x80\x02]q\x00h\x00a."), Err(ParseError::Unsupported(_))));
}

proptest! {
    /// A changed byte may go unnoticed, but it never panics.
    #[test]
    fn a_changed_byte_never_panics(at in any::<prop::sample::Index>(), value in any::<u8>(), which in 0_usize..4) {
        let name = ["small.pt", "model_legacy.pth.tar", "views_legacy.pth", "big_endian.pt"][which];
        let mut bytes = fs::read(golden(name)).expect("committed");
        let at = at.index(bytes.len());
        bytes[at] = value;
        let _ = parse(&bytes);
    }

    /// Neither does a random program.
    #[test]
    fn random_programs_never_panic(
        program in prop::collection::vec(prop::sample::select(b"(.01NJKMGXTBU})]tae sqrhjcRbQ\x80\x85\x86\x87\x88\x8a\x8c\x93\x94\x00\x01".to_vec()), 0..60)
    ) {
        let _ = parse(&legacy(&[b"\x80\x02".as_slice(), &program, b"."].concat(), &[1.0]));
    }
}
