//! Checkpoints: PyTorch's zip archives and its older row of pickles, and safetensors.

use std::io::{Cursor, Read, Write};

use proptest::prelude::*;
use secateur_checkpoint::{ParseError, TensorData, Tensors, parse, write_safetensors};

use crate::memory::bounded;
use crate::mutate::{apply, changed, edits};
use crate::{cases, workspace};

/// An opcode of one byte makes a value, and a list that holds it; each has room for a few more.
const TIMES: usize = 400;

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(workspace().join("harness/checkpoint/tests/golden").join(name)).expect("committed")
}

/// Reads without an opinion on what comes out, except that what was read must be of the sizes that it says.
fn read(bytes: &[u8]) -> Result<(), ParseError> {
    bounded(bytes.len(), TIMES, || {
        let checkpoint = parse(bytes)?;
        for (name, tensor) in &checkpoint.tensors {
            assert_eq!(tensor.bytes.len(), tensor.numel() * tensor.dtype.size(), "{name}");
        }
        Ok(())
    })
    .inspect_err(|error: &ParseError| {
        let text = error.to_string();
        assert!(text.len() < 600 + 8 * bytes.len(), "an error of {} bytes", text.len());
    })
}

/// Entries of an archive, uncompressed.
fn entries(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip archive");
    (0..archive.len())
        .map(|index| {
            let mut entry = archive.by_index(index).expect("an entry");
            let mut content = Vec::new();
            entry.read_to_end(&mut content).expect("readable");
            (entry.name().expect("a name").into_owned(), content)
        })
        .collect()
}

/// An archive with right checksums, whatever its entries hold.
fn archive(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in entries {
        writer.start_file(name.as_str(), options).expect("an entry");
        writer.write_all(content).expect("written");
    }
    writer.finish().expect("an archive").into_inner()
}

/// A file of safetensors with a header of this text, whose length is right.
pub(crate) fn with_header(header: &[u8], data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header, data].concat()
}

/// Header and data of a file of safetensors.
pub(crate) fn parts(bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (length, rest) = bytes.split_first_chunk::<8>().expect("a length");
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    (header.to_vec(), data.to_vec())
}

fn safetensors() -> Vec<u8> {
    static BYTES: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    BYTES.get_or_init(written).clone()
}

fn written() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("some.safetensors");
    let mut tensors = Tensors::new();
    for (name, shape) in [("conv1.weight", vec![2, 3, 3]), ("fc.bias", vec![4]), ("empty", vec![0, 7])] {
        let values = vec![0.5; shape.iter().product()];
        tensors.insert(name.to_owned(), TensorData::from_f32(shape, &values).expect("it fits"));
    }
    let metadata = [("step".to_owned(), "8".to_owned())].into();
    write_safetensors(&path, &tensors, &metadata).expect("written");
    std::fs::read(path).expect("readable")
}

proptest! {
    #![proptest_config(cases(3000))]

    #[test]
    fn changed_old_files_end_in_a_checkpoint_or_an_error(
        bytes in changed(["model_legacy.pth.tar", "views_legacy.pth", "evil_legacy.pth"].map(golden).to_vec())
    ) {
        let _ = read(&bytes);
    }

    #[test]
    fn changed_archives_end_in_a_checkpoint_or_an_error(
        bytes in changed(["small.pt", "big_endian.pt", "protocol4.pt", "compressed.pt"].map(golden).to_vec())
    ) {
        let _ = read(&bytes);
    }

    /// With right checksums, so that the interpreter sees what was changed.
    #[test]
    fn changed_entries_of_archives_end_in_a_checkpoint_or_an_error(
        which in 0_usize..3, entry in any::<prop::sample::Index>(), program in any::<bool>(), edits in edits()
    ) {
        let mut entries = entries(&golden(["small.pt", "views.pt", "module.pt"][which]));
        let at = entries.iter().position(|(name, _)| program && name.ends_with("data.pkl"));
        let at = at.unwrap_or_else(|| entry.index(entries.len()));
        entries[at].1 = apply(&entries[at].1, &edits);
        let _ = read(&archive(&entries));
    }

    #[test]
    fn changed_safetensors_end_in_a_checkpoint_or_an_error(bytes in changed(vec![safetensors()])) {
        let _ = read(&bytes);
    }

    #[test]
    fn changed_headers_of_safetensors_end_in_a_checkpoint_or_an_error(edits in edits()) {
        let (header, data) = parts(&safetensors());
        let _ = read(&with_header(&apply(&header, &edits), &data));
    }
}

/// The old format around a pickled object that refers to storage `0` of one float.
fn legacy(object: &[u8]) -> Vec<u8> {
    let mut file =
        b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.".to_vec();
    file.extend_from_slice(object);
    file.extend_from_slice(b"\x80\x02]X\x01\x00\x00\x000a.\x01\0\0\0\0\0\0\0\0\0\x80\x3f");
    file
}

/// `_rebuild_tensor_v2`, and the arguments of a tensor with one element and these bytes as shape and strides.
fn tensor(shape: &[u8]) -> Vec<u8> {
    let storage =
        b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x01NtQ";
    [b"ctorch._utils\n_rebuild_tensor_v2\n(".as_slice(), storage, b"K\x00", shape, shape, b"\x89}t"].concat()
}

/// One long text that is recalled as the value of many keys.
#[test]
fn a_text_that_is_recalled_often_is_not_copied_as_often() {
    let length = 60_000_u32;
    let mut object = b"\x80\x02}(X\x01\x00\x00\x00w".to_vec();
    object.extend(tensor(b")"));
    object.extend_from_slice(b"RX\x01\x00\x00\x00tX");
    object.extend(length.to_le_bytes());
    object.extend(std::iter::repeat_n(b'x', length as usize));
    object.extend_from_slice(b"q\x00");
    for key in 0..8000_u32 {
        object.extend_from_slice(b"X\x04\x00\x00\x00");
        object.extend_from_slice(format!("{key:04}").as_bytes());
        object.extend_from_slice(b"h\x00");
    }
    object.extend_from_slice(b"u.");
    let error = read(&legacy(&object)).expect_err("refused");
    assert!(matches!(error, ParseError::TooLarge(_)), "{error}");
}

/// One tuple of arguments with a long shape, of which many tensors are made.
#[test]
fn a_shape_that_is_recalled_often_is_not_copied_as_often() {
    let shape = [b"(".as_slice(), &b"K\x01".repeat(64), b"t"].concat();
    let mut object = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nq\x00".to_vec();
    object.extend(&tensor(&shape)[b"ctorch._utils\n_rebuild_tensor_v2\n".len()..]);
    object.extend_from_slice(b"q\x01]");
    for _ in 0..60_000 {
        object.extend_from_slice(b"h\x00h\x01Ra");
    }
    object.push(b'.');
    let error = read(&legacy(&object)).expect_err("refused");
    assert!(matches!(error, ParseError::TooLarge(_)), "{error}");
}

/// Nesting costs no stack, neither in a pickle nor in a header.
#[test]
fn deep_nesting_is_an_error() {
    let deep = [b"\x80\x02".as_slice(), &b"]".repeat(200_000), &b"a".repeat(199_999), b"."].concat();
    read(&legacy(&deep)).expect_err("no dict");
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let header = format!("{{\"w\":{}{}}}", open.repeat(100_000), close.repeat(100_000));
        read(&with_header(header.as_bytes(), b"")).expect_err("no tensor");
    }
}
