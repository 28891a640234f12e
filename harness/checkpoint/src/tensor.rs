//! Tensors as bytes.

use std::collections::BTreeMap;
use std::fmt;

use half::{bf16, f16};

use crate::error::TensorError;

/// Tensors by name.
pub type Tensors = BTreeMap<String, TensorData>;

/// Type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[non_exhaustive]
pub enum Dtype {
    /// 64-bit floating point.
    F64,
    /// 32-bit floating point.
    F32,
    /// IEEE half precision.
    F16,
    /// Upper half of a 32-bit floating-point number.
    BF16,
    /// Signed 64-bit integer.
    I64,
    /// Signed 32-bit integer.
    I32,
    /// Signed 16-bit integer.
    I16,
    /// Signed 8-bit integer.
    I8,
    /// Unsigned 8-bit integer.
    U8,
    /// Truth value, one byte of 0 or 1.
    Bool,
}

impl Dtype {
    /// Bytes of one element.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::BF16 | Self::I16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// Whether elements are floating-point numbers.
    #[must_use]
    pub fn is_float(self) -> bool {
        matches!(self, Self::F64 | Self::F32 | Self::F16 | Self::BF16)
    }

    /// Name in safetensors.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F64 => "F64",
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::I64 => "I64",
            Self::I32 => "I32",
            Self::I16 => "I16",
            Self::I8 => "I8",
            Self::U8 => "U8",
            Self::Bool => "BOOL",
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A tensor: contiguous, row-major (last dimension fastest), little-endian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorData {
    /// Element type.
    pub dtype: Dtype,
    /// Shape, outermost dimension first; empty for a scalar.
    pub shape: Vec<usize>,
    /// Elements.
    pub bytes: Vec<u8>,
}

impl TensorData {
    /// A tensor of these bytes.
    ///
    /// # Errors
    /// Returns an error when the number of bytes is not that of the shape.
    pub fn new(dtype: Dtype, shape: Vec<usize>, bytes: Vec<u8>) -> Result<Self, TensorError> {
        let tensor = Self { dtype, shape, bytes };
        tensor.validate()?;
        Ok(tensor)
    }

    /// A 32-bit tensor of these values.
    ///
    /// # Errors
    /// Returns an error when the number of values is not that of the shape.
    pub fn from_f32(shape: Vec<usize>, values: &[f32]) -> Result<Self, TensorError> {
        Self::new(Dtype::F32, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// Number of elements that the shape asks for; saturates where it does not fit a `usize`.
    #[must_use]
    pub fn numel(&self) -> usize {
        numel(&self.shape).unwrap_or(usize::MAX)
    }

    /// The values as 32-bit numbers in row-major order; 64-bit values are rounded to the nearest.
    ///
    /// # Errors
    /// Returns an error when the tensor is not floating point, or has not the bytes that its shape asks for.
    pub fn to_f32(&self) -> Result<Vec<f32>, TensorError> {
        self.validate()?;
        let bytes = self.bytes.as_slice();
        Ok(match self.dtype {
            Dtype::F32 => chunks(bytes).map(f32::from_le_bytes).collect(),
            Dtype::F64 => chunks(bytes).map(|chunk| f64::from_le_bytes(chunk) as f32).collect(),
            Dtype::F16 => chunks(bytes).map(|chunk| f16::from_le_bytes(chunk).to_f32()).collect(),
            Dtype::BF16 => chunks(bytes).map(|chunk| bf16::from_le_bytes(chunk).to_f32()).collect(),
            dtype => return Err(TensorError::NotFloat { dtype }),
        })
    }

    /// Checks that shape and bytes agree.
    pub(crate) fn validate(&self) -> Result<(), TensorError> {
        let expected = numel(&self.shape).and_then(|numel| numel.checked_mul(self.dtype.size()));
        if expected == Some(self.bytes.len()) {
            return Ok(());
        }
        Err(TensorError::Size {
            dtype: self.dtype,
            shape: self.shape.clone(),
            expected: expected
                .map_or_else(|| "more than fit in memory".to_owned(), |bytes| bytes.to_string()),
            actual: self.bytes.len(),
        })
    }
}

/// Number of elements of a shape, if it fits.
pub(crate) fn numel(shape: &[usize]) -> Option<usize> {
    // A zero anywhere makes the tensor empty, however large the other dimensions are.
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size))
}

/// Elements of `N` bytes each.
fn chunks<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}
