//! Values of other tools, from `tests/golden/make.py`.

use std::{fs, path::PathBuf};

use safetensors::{Dtype, SafeTensors};
use secateur_pictures::Raster;

/// A file of tensors.
pub(crate) struct Golden(Vec<u8>);

impl Golden {
    pub(crate) fn read(name: &str) -> Self {
        Self(fs::read(path(name)).unwrap())
    }

    pub(crate) fn tensors(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.0).unwrap()
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        let tensors = self.tensors();
        let tensor = tensors.tensor(name).unwrap();
        assert_eq!(tensor.dtype(), Dtype::U8);
        tensor.data().to_vec()
    }

    /// A picture, which is stored as `[height, width, 3]`.
    pub(crate) fn raster(&self, name: &str) -> Raster {
        let tensors = self.tensors();
        let tensor = tensors.tensor(name).unwrap();
        let [height, width, 3] = *tensor.shape() else { panic!("{name}: {:?}", tensor.shape()) };
        Raster::from_interleaved(width as u32, height as u32, tensor.data()).unwrap()
    }

    pub(crate) fn floats(&self, name: &str) -> Vec<f32> {
        let tensors = self.tensors();
        let tensor = tensors.tensor(name).unwrap();
        assert_eq!(tensor.dtype(), Dtype::F32);
        tensor.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }

    /// Names that begin so, without their beginning.
    pub(crate) fn names(&self, start: &str) -> Vec<String> {
        let tensors = self.tensors();
        let mut names: Vec<String> =
            tensors.names().iter().filter_map(|name| name.strip_prefix(start)).map(str::to_string).collect();
        names.sort();
        assert!(!names.is_empty(), "no value is called {start}...");
        names
    }
}

pub(crate) fn json(name: &str) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path(name)).unwrap()).unwrap()
}

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", name].iter().collect()
}

/// Mean and greatest distance of two pictures, in steps of 255.
pub(crate) fn distance(one: &Raster, other: &Raster) -> (f64, u8) {
    assert_eq!((one.width(), one.height()), (other.width(), other.height()));
    let distances = one.planes().iter().zip(other.planes()).map(|(a, b)| a.abs_diff(*b));
    let sum: u64 = distances.clone().map(u64::from).sum();
    (sum as f64 / one.bytes() as f64, distances.max().unwrap_or(0))
}
