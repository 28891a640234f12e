//! Digests of files and folders.

use std::io;
use std::path::Path;

/// blake3 of a file, in hexadecimal.
///
/// # Errors
/// Fails if the file cannot be read.
pub fn digest_file(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(std::fs::File::open(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Digest of a file, or of a folder: the sorted relative names and digests of its files.
///
/// # Errors
/// Fails if something cannot be read, or is neither a file nor a folder.
pub fn digest_output(path: &Path) -> io::Result<String> {
    let kind = path.symlink_metadata()?.file_type();
    if kind.is_file() {
        return digest_file(path);
    }
    if !kind.is_dir() {
        return Err(special(path));
    }
    digest_folder(path, &|_| true)
}

/// Digest of a file or folder that people write and a method reads: as [`digest_output`], but without folders named
/// `__pycache__`, which appear wherever somebody tries Python files by hand.
///
/// # Errors
/// As [`digest_output`].
pub fn digest_declared(path: &Path) -> io::Result<String> {
    if !path.is_dir() {
        return digest_file(path);
    }
    digest_folder(path, &|name| name != "__pycache__")
}

fn digest_folder(path: &Path, enters: &dyn Fn(&str) -> bool) -> io::Result<String> {
    let mut files = Vec::new();
    collect(path, "", enters, &mut files)?;
    files.sort();
    let mut hasher = blake3::Hasher::new();
    for name in files {
        let digest = digest_file(&path.join(&name))?;
        hasher.update(format!("{name}\0{digest}\n").as_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// Names of all files below a folder, of whose folders only those are entered that `enters` takes by their name.
fn collect(
    folder: &Path,
    prefix: &str,
    enters: &dyn Fn(&str) -> bool,
    files: &mut Vec<String>,
) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| {
            io::Error::new(io::ErrorKind::InvalidData, format!("the file name {name:?} is not UTF-8"))
        })?;
        let is_folder = entry.file_type()?.is_dir();
        if is_folder && !enters(&name) {
            continue;
        }
        let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        match entry.file_type()? {
            kind if kind.is_dir() => collect(&entry.path(), &name, enters, files)?,
            kind if kind.is_file() => files.push(name),
            _ => return Err(special(&entry.path())),
        }
    }
    Ok(())
}

/// A link leads out of the folder, and who opens a pipe waits.
fn special(path: &Path) -> io::Error {
    let problem = format!("`{}` is neither a file nor a folder", path.display());
    io::Error::new(io::ErrorKind::InvalidData, problem)
}
