//! What a pickle may name.

use crate::error::ParseError;
use crate::tensor::Dtype;

/// What kind of pickle it is, and so which globals it may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allowed {
    Checkpoint,
    Arrays,
}

/// What a pickle may name. Nothing here runs code of the file's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Global {
    OrderedDict,
    Storage(Dtype),
    RebuildTensor,
    RebuildParameter,
    MakeArray,
    ArrayType,
    DtypeType,
}

impl Global {
    /// The allow-list.
    pub(crate) fn find(allowed: Allowed, module: &str, name: &str) -> Result<Self, ParseError> {
        let forbidden = || Err(ParseError::ForbiddenGlobal { global: format!("{module}.{name}") });
        if allowed == Allowed::Arrays {
            return match (module, name) {
                ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => Ok(Self::MakeArray),
                ("numpy", "ndarray") => Ok(Self::ArrayType),
                ("numpy", "dtype") => Ok(Self::DtypeType),
                _ => forbidden(),
            };
        }
        Ok(match (module, name) {
            ("collections", "OrderedDict") => Self::OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2") => Self::RebuildTensor,
            ("torch._utils", "_rebuild_parameter") => Self::RebuildParameter,
            ("torch", "DoubleStorage") => Self::Storage(Dtype::F64),
            ("torch", "FloatStorage") => Self::Storage(Dtype::F32),
            ("torch", "HalfStorage") => Self::Storage(Dtype::F16),
            ("torch", "BFloat16Storage") => Self::Storage(Dtype::BF16),
            ("torch", "LongStorage") => Self::Storage(Dtype::I64),
            ("torch", "IntStorage") => Self::Storage(Dtype::I32),
            ("torch", "ShortStorage") => Self::Storage(Dtype::I16),
            ("torch", "CharStorage") => Self::Storage(Dtype::I8),
            ("torch", "ByteStorage") => Self::Storage(Dtype::U8),
            ("torch", "BoolStorage") => Self::Storage(Dtype::Bool),
            _ => return forbidden(),
        })
    }
}
