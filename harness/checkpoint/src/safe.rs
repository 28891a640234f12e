//! safetensors: read with the library of that name, written here so that equal tensors make equal bytes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use safetensors::SafeTensors;

use crate::error::{CheckpointError, ParseError, TensorError};
use crate::tensor::{Dtype, TensorData, Tensors};
use crate::{Checkpoint, Format};

/// Reads a file in memory.
pub(crate) fn parse(bytes: &[u8]) -> Result<Checkpoint, ParseError> {
    let header = bytes.first_chunk::<8>().map_or(u64::MAX, |length| u64::from_le_bytes(*length));
    if header > bytes.len() as u64 - 8 {
        return Err(ParseError::truncated("the header of safetensors"));
    }
    let malformed = |error: safetensors::SafeTensorError| {
        use safetensors::SafeTensorError as E;
        match error {
            // The library compares the end of the last tensor with the end of the file.
            E::MetadataIncompleteBuffer => {
                ParseError::invalid("the file is not as long as its tensors; fetch it again")
            }
            error => ParseError::invalid(format!("safetensors: {error}")),
        }
    };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(malformed)?;
    let file = SafeTensors::deserialize(bytes).map_err(malformed)?;
    let mut tensors = Tensors::new();
    for (name, view) in file.iter() {
        let dtype = dtype(view.dtype()).ok_or_else(|| {
            ParseError::Unsupported(format!("tensor `{name}` has elements of type {:?}", view.dtype()))
        })?;
        let tensor = TensorData { dtype, shape: view.shape().to_vec(), bytes: view.data().to_vec() };
        tensors.insert(name.to_owned(), tensor);
    }
    let metadata =
        header.metadata().iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
    Ok(Checkpoint { tensors, metadata, format: Format::Safetensors })
}

/// The element type, if it is supported.
fn dtype(dtype: safetensors::Dtype) -> Option<Dtype> {
    use safetensors::Dtype as D;
    Some(match dtype {
        D::F64 => Dtype::F64,
        D::F32 => Dtype::F32,
        D::F16 => Dtype::F16,
        D::BF16 => Dtype::BF16,
        D::I64 => Dtype::I64,
        D::I32 => Dtype::I32,
        D::I16 => Dtype::I16,
        D::I8 => Dtype::I8,
        D::U8 => Dtype::U8,
        D::BOOL => Dtype::Bool,
        _ => return None,
    })
}

/// One tensor's entry in the header.
#[derive(serde::Serialize)]
struct Entry<'a> {
    dtype: &'static str,
    shape: &'a [usize],
    data_offsets: [usize; 2],
}

/// Writes tensors and metadata as safetensors: complete or not at all, also when the machine stops.
///
/// Equal tensors and metadata make equal bytes on every machine. The library's own writer does not promise
/// that, because it keeps metadata in a hash map.
///
/// # Errors
/// Returns an error when a tensor's shape and bytes do not agree, or the file cannot be written.
pub fn write_safetensors(
    path: &Path,
    tensors: &Tensors,
    metadata: &BTreeMap<String, String>,
) -> Result<(), CheckpointError> {
    for (name, tensor) in tensors {
        tensor
            .validate()
            .map_err(|source| TensorError::Named { name: name.clone(), source: Box::new(source) })?;
    }
    let io_error = |source| CheckpointError::Io { action: "write", path: path.to_owned(), source };
    // Wide elements first keeps every tensor aligned to its element size, which readers that map the file want.
    let mut order: Vec<(&String, &TensorData)> = tensors.iter().collect();
    order.sort_by_key(|(_, tensor)| std::cmp::Reverse(tensor.dtype.size()));
    let header = header(&order, metadata).map_err(io_error)?;
    atomically(path, |file| {
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(&header)?;
        order.iter().try_for_each(|(_, tensor)| file.write_all(&tensor.bytes))
    })
    .map_err(io_error)
}

/// The header: JSON with sorted keys, padded with spaces so that the data begins at a multiple of 8 bytes.
fn header(order: &[(&String, &TensorData)], metadata: &BTreeMap<String, String>) -> io::Result<Vec<u8>> {
    let mut entries: BTreeMap<&str, serde_json::Value> = BTreeMap::new();
    if !metadata.is_empty() {
        entries.insert("__metadata__", serde_json::to_value(metadata)?);
    }
    let mut offset = 0;
    for (name, tensor) in order {
        let end = offset + tensor.bytes.len();
        let entry = Entry { dtype: tensor.dtype.name(), shape: &tensor.shape, data_offsets: [offset, end] };
        if entries.insert(name, serde_json::to_value(entry)?).is_some() {
            return Err(io::Error::other(format!("no tensor may have the name `{name}`")));
        }
        offset = end;
    }
    let mut header = serde_json::to_vec(&entries)?;
    header.resize(header.len().next_multiple_of(8), b' ');
    Ok(header)
}

/// Writes a file beside its place, makes it durable, and moves it there.
fn atomically(
    path: &Path,
    write: impl FnOnce(&mut io::BufWriter<&File>) -> io::Result<()>,
) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tmp-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The user's umask applies, as to any other new file; the library's default is private.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let temporary = builder.tempfile_in(folder)?;
    let mut writer = io::BufWriter::with_capacity(1 << 16, temporary.as_file());
    write(&mut writer)?;
    writer.flush()?;
    drop(writer);
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    // The move itself is durable once the folder is.
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}
