//! Checkpoints that others have published, by names: which network each is of, where it is, and how to know it.
//!
//! All are torchvision's, trained on ImageNet-1k. Their files are called as `torch.hub` wants it, with the first eight digits of
//! their SHA-256 at the end; names, sizes and scores are those of torchvision 0.26's table of weights.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::error::CheckpointError;
use crate::tensor::Tensors;
use crate::{Format, normalize_names, parse};

/// Where all of them lie.
const FOLDER: &str = "https://download.pytorch.org/models";

/// What is known of the terms of all of them.
pub const PUBLISHED_TERMS: &str = "torchvision is under BSD-3-Clause, and says that weights may have terms of the data they were \
                                   trained on; ImageNet is for research that is not commercial";

/// A published checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Published {
    /// What it is called here.
    pub name: &'static str,
    /// The network that it is of, as the zoo knows it, with 1000 classes.
    pub network: &'static str,
    /// The published file.
    pub file: &'static str,
    /// What is known of the file's SHA-256: its first digits, or all.
    pub sha256: &'static str,
    /// Size of the file in MiB, as the publisher rounds it.
    pub mebibytes: f64,
    /// To how many pixels the shorter side is resized before the middle of [`Published::SIDE`] is cut out.
    pub short_side: u32,
    /// Percent of the official validation pictures that it classifies correctly, as its publisher says.
    pub top1: f64,
}

const fn of(
    name: &'static str,
    network: &'static str,
    (file, sha256): (&'static str, &'static str),
    mebibytes: f64,
    short_side: u32,
    top1: f64,
) -> Published {
    Published { name, network, file, sha256, mebibytes, short_side, top1 }
}

/// Of the networks that the zoo has.
const PUBLISHED: [Published; 10] = [
    of("resnet18-imagenet1k-v1", "resnet18", ("resnet18-f37072fd.pth", "f37072fd"), 44.661, 256, 69.758),
    of("resnet34-imagenet1k-v1", "resnet34", ("resnet34-b627a593.pth", "b627a593"), 83.275, 256, 73.314),
    of("resnet50-imagenet1k-v1", "resnet50", ("resnet50-0676ba61.pth", "0676ba61"), 97.781, 256, 76.13),
    of("resnet50-imagenet1k-v2", "resnet50", ("resnet50-11ad3fa6.pth", "11ad3fa6"), 97.79, 232, 80.858),
    of("resnet101-imagenet1k-v1", "resnet101", ("resnet101-63fe2227.pth", "63fe2227"), 170.511, 256, 77.374),
    of("resnet101-imagenet1k-v2", "resnet101", ("resnet101-cd907fc2.pth", "cd907fc2"), 170.53, 232, 81.886),
    of(
        "mobilenet_v2-imagenet1k-v1",
        "mobilenet_v2",
        // Computed from a copy.
        ("mobilenet_v2-b0353104.pth", "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889"),
        13.555,
        256,
        71.878,
    ),
    of(
        "mobilenet_v2-imagenet1k-v2",
        "mobilenet_v2",
        ("mobilenet_v2-7ebf99e0.pth", "7ebf99e0"),
        13.598,
        232,
        72.154,
    ),
    of("vgg16-imagenet1k-v1", "vgg16", ("vgg16-397923af.pth", "397923af"), 527.796, 256, 71.592),
    of("vgg16_bn-imagenet1k-v1", "vgg16_bn", ("vgg16_bn-6c64b313.pth", "6c64b313"), 527.866, 256, 73.36),
];

impl Published {
    /// Side of the pictures in pixels.
    pub const SIDE: u32 = 224;
    /// What is subtracted from red, green and blue, on the scale from 0 to 1.
    pub const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
    /// What they are divided by then.
    pub const STD: [f32; 3] = [0.229, 0.224, 0.225];

    /// All of them, by family and size.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &PUBLISHED
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        PUBLISHED.iter().find(|published| published.name == name)
    }

    /// Where it is published.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{FOLDER}/{}", self.file)
    }

    /// Whether a file of that SHA-256, in hexadecimal digits, is this one.
    #[must_use]
    pub fn is(&self, sha256: &str) -> bool {
        sha256.starts_with(self.sha256)
    }
}

/// A checkpoint as networks take it.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Tensors without the counters of batches (`num_batches_tracked`) that nothing reads, and without `module.` before their
    /// names.
    pub tensors: Tensors,
    /// What the file said beside its tensors, and where it came from: `source_file`, `source_sha256`, and of a published one
    /// `source`, `published` and `network`.
    pub metadata: BTreeMap<String, String>,
    /// How the file was written.
    pub format: Format,
    /// Which published file it is.
    pub published: Option<&'static Published>,
}

/// Reads a checkpoint and finds out which published one it is: by its digest, or by the name of its file, which then must
/// have the digest.
///
/// # Errors
/// As [`read`](crate::read); [`CheckpointError::Digest`] if it is not the one that is expected, or that its name promises.
pub fn import(path: &Path, expected: Option<&'static Published>) -> Result<Imported, CheckpointError> {
    let bytes = fs::read(path).map_err(|source| CheckpointError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    })?;
    let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let published = expected
        .or_else(|| PUBLISHED.iter().find(|published| published.is(&sha256)))
        .or_else(|| PUBLISHED.iter().find(|published| published.file == file));
    if let Some(published) = published.filter(|published| !published.is(&sha256)) {
        return Err(CheckpointError::Digest {
            path: path.to_owned(),
            name: published.name,
            known: published.sha256,
            found: sha256,
        });
    }
    let checkpoint =
        parse(&bytes).map_err(|source| CheckpointError::Parse { path: path.to_owned(), source })?;
    let mut tensors = normalize_names(checkpoint.tensors);
    tensors.retain(|name, _| !name.ends_with("num_batches_tracked"));
    let mut metadata = checkpoint.metadata;
    metadata.insert("source_file".to_owned(), file);
    metadata.insert("source_sha256".to_owned(), sha256);
    if let Some(published) = published {
        metadata.insert("source".to_owned(), published.address());
        metadata.insert("published".to_owned(), published.name.to_owned());
        metadata.insert("network".to_owned(), published.network.to_owned());
    }
    Ok(Imported { tensors, metadata, format: checkpoint.format, published })
}

#[cfg(test)]
mod tests {
    use secateur_network::zoo;

    use super::*;

    #[test]
    fn names_files_and_digests_belong_to_one_each() {
        let all = Published::all();
        for (index, published) in all.iter().enumerate() {
            assert_eq!(Published::named(published.name), Some(published));
            // `torch.hub` takes what stands between the last hyphen and the ending for the beginning of the digest.
            let (stem, ending) = published.file.rsplit_once('.').unwrap();
            let (_, head) = stem.rsplit_once('-').unwrap();
            assert_eq!((head.len(), ending), (8, "pth"));
            assert!(published.sha256.starts_with(head), "{}", published.name);
            assert!(published.name.starts_with(&format!("{}-", published.network)));
            for other in &all[..index] {
                assert!(published.name != other.name && published.file != other.file);
            }
        }
        assert_eq!(Published::named("resnet50"), None);
    }

    #[test]
    fn files_are_as_long_as_their_networks() {
        for published in Published::all() {
            let network = zoo::build(published.network, &zoo::Options::default()).unwrap();
            let statistics: usize =
                network.buffers().iter().map(|buffer| buffer.shape.iter().product::<usize>()).sum();
            let bytes = 4.0 * (network.count_params() + statistics as u64) as f64;
            // Names and padding take some hundred bytes for each tensor.
            let more = published.mebibytes * f64::from(1 << 20) - bytes;
            let tensors = network.params().len() + network.buffers().len();
            assert!((0.0..500.0 * tensors as f64).contains(&more), "{}: {more} bytes", published.name);
        }
    }
}
