//! Tensors on their way: safetensors files that have no name, in memory that both processes can read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::sync::Once;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use secateur_sdk::prelude::*;

/// Element types that both sides know.
const KINDS: [(Kind, Dtype); 10] = [
    (Kind::Bool, Dtype::BOOL),
    (Kind::Uint8, Dtype::U8),
    (Kind::Int8, Dtype::I8),
    (Kind::Int16, Dtype::I16),
    (Kind::Int, Dtype::I32),
    (Kind::Int64, Dtype::I64),
    (Kind::Half, Dtype::F16),
    (Kind::BFloat16, Dtype::BF16),
    (Kind::Float, Dtype::F32),
    (Kind::Double, Dtype::F64),
];

/// Name of the element type of a tensor, as safetensors has it.
pub(crate) fn dtype(kind: Kind) -> Result<Dtype> {
    let found = KINDS.iter().find(|(known, _)| *known == kind);
    found.map(|(_, dtype)| *dtype).ok_or_else(|| {
        Error::unsupported(format!("tensors of {kind:?} cannot be given to Python; convert it first"))
    })
}

fn internal(what: &str) -> impl FnOnce(std::io::Error) -> Error + '_ {
    move |error| Error::new(ErrorKind::Internal, format!("tensors for Python: cannot {what}: {error}"))
}

/// A file with tensors by name.
pub(crate) fn write(tensors: &[(String, Tensor)]) -> Result<OwnedFd> {
    let mut parts = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let tensor = tensor.detach().f_to_device(Device::Cpu)?.f_contiguous()?;
        let dtype = dtype(tensor.kind())?;
        let numel = tensor.numel();
        let mut bytes = vec![0_u8; numel * tensor.kind().elt_size_in_bytes()];
        tensor.f_copy_data_u8(&mut bytes, numel)?;
        let shape: Vec<usize> = tensor.size().into_iter().map(|size| size as usize).collect();
        parts.push((name.as_str(), dtype, shape, bytes));
    }
    let malformed = |error| {
        Error::new(ErrorKind::Internal, format!("tensors for Python do not fit into a file: {error}"))
    };
    let views = parts.iter().map(|(name, dtype, shape, bytes)| {
        Ok((*name, TensorView::new(*dtype, shape.clone(), bytes).map_err(malformed)?))
    });
    let bytes = safetensors::serialize(views.collect::<Result<Vec<_>>>()?, None).map_err(malformed)?;
    let mut file = File::from(memory().map_err(internal("make a file in memory"))?);
    file.write_all(&bytes).map_err(internal("write to memory"))?;
    Ok(file.into())
}

/// The tensors of a file, on the CPU.
pub(crate) fn read(file: &File) -> Result<BTreeMap<String, Tensor>> {
    let length = file.metadata().map_err(internal("see how long a file is"))?.len();
    let mut bytes = vec![0; length as usize];
    file.read_exact_at(&mut bytes, 0).map_err(internal("read from memory"))?;
    let parts = SafeTensors::deserialize(&bytes).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("tensors from Python are no safetensors file: {error}"))
    })?;
    let mut tensors = BTreeMap::new();
    for (name, view) in parts.iter() {
        let kind = KINDS.iter().find(|(_, known)| *known == view.dtype());
        let kind = kind.map(|(kind, _)| *kind).ok_or_else(|| {
            Error::invalid(format!("tensors of {:?} cannot be taken from Python", view.dtype()))
        })?;
        let shape: Vec<i64> = view.shape().iter().map(|size| *size as i64).collect();
        tensors.insert(name.to_owned(), Tensor::f_from_data_size(view.data(), &shape, kind)?);
    }
    Ok(tensors)
}

/// A file without a name: in memory, or where the system has no such files in the folder for temporary ones.
fn memory() -> std::io::Result<OwnedFd> {
    static TOLD: Once = Once::new();
    #[cfg(target_os = "linux")]
    match rustix::fs::memfd_create("secateur-tensors", rustix::fs::MemfdFlags::CLOEXEC) {
        Ok(file) => return Ok(file),
        Err(error) => {
            TOLD.call_once(|| tracing::warn!("no files in memory ({error}), so tensors go through the disk"));
        }
    }
    TOLD.call_once(|| tracing::warn!("this system has no files in memory, so tensors go through the disk"));
    Ok(tempfile::tempfile()?.into())
}
