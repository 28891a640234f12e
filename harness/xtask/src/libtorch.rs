//! What a usable libtorch folder is.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::platform::Platform;

/// The only version that tch 0.24 compiles and runs with.
pub(crate) const VERSION: &str = "2.11.0";

/// Checks that a folder is a complete libtorch of [`VERSION`].
///
/// The build script of torch-sys checks the version too, but only where there is a `build-version` file, which
/// PyTorch's own Python package does not have.
pub(crate) fn check(folder: &Path, platform: Platform) -> Result<()> {
    ensure!(folder.is_dir(), "`{}` is no folder", folder.display());
    let suffix = platform.suffix_of_libraries();
    for library in ["libtorch_cpu", "libc10", "libtorch"] {
        let path = folder.join("lib").join(format!("{library}.{suffix}"));
        ensure!(path.is_file(), "`{}` is missing, so this is no complete libtorch", path.display());
    }
    let found = version(folder)?;
    ensure!(found == VERSION, "`{}` is libtorch {found}, but {VERSION} is needed exactly", folder.display());
    Ok(())
}

/// Whether a folder has the libraries for NVIDIA GPUs.
pub(crate) fn has_cuda(folder: &Path) -> bool {
    folder.join("lib/libtorch_cuda.so").is_file()
}

/// Version of the libtorch in a folder, without its build label (`+cpu`).
///
/// The headers are asked first: unlike the other files, they cannot be of another version than what is compiled.
fn version(folder: &Path) -> Result<String> {
    let header = folder.join("include/torch/headeronly/version.h");
    if header.is_file() {
        return header_version(&read(&header)?)
            .with_context(|| format!("`{}` states no version", header.display()));
    }
    let text = folder.join("build-version");
    if text.is_file() {
        return Ok(unlabelled(&read(&text)?));
    }
    bail!(
        "`{}` has neither `{}` nor a file `build-version`",
        folder.display(),
        "include/torch/headeronly/version.h"
    )
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("could not read `{}`", path.display()))
}

/// The version that PyTorch's header defines.
fn header_version(header: &str) -> Option<String> {
    let part = |name: &str| {
        let line =
            header.lines().find_map(|line| line.strip_prefix("#define TORCH_VERSION_")?.strip_prefix(name));
        line.and_then(|value| value.trim().parse::<u32>().ok())
    };
    Some(format!("{}.{}.{}", part("MAJOR ")?, part("MINOR ")?, part("PATCH ")?))
}

/// A version without its build label.
pub(crate) fn unlabelled(version: &str) -> String {
    version.trim().split('+').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with libraries and, if given, a header and a version file.
    fn folder(header: Option<[u32; 3]>, text: Option<&str>) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("lib")).expect("a folder");
        for library in ["libtorch_cpu.so", "libc10.so", "libtorch.so"] {
            fs::write(folder.path().join("lib").join(library), "").expect("written");
        }
        if let Some([major, minor, patch]) = header {
            let text = format!(
                "#pragma once\n/// Major\n#define TORCH_VERSION_MAJOR {major}\n#define TORCH_VERSION_MINOR {minor}\n\
                 #define TORCH_VERSION_PATCH {patch}\n#define TORCH_VERSION_ABI_TAG 0\n"
            );
            let folder = folder.path().join("include/torch/headeronly");
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(folder.join("version.h"), text).expect("written");
        }
        if let Some(text) = text {
            fs::write(folder.path().join("build-version"), text).expect("written");
        }
        folder
    }

    fn checked(folder: &tempfile::TempDir) -> Result<()> {
        check(folder.path(), Platform::LinuxX86)
    }

    #[test]
    fn the_exact_version_is_accepted_with_any_label() {
        checked(&folder(Some([2, 11, 0]), None)).expect("headers agree");
        checked(&folder(None, Some("2.11.0+cpu\n"))).expect("the file agrees");
    }

    #[test]
    fn other_versions_are_refused_by_name() {
        for (folder, found) in [
            (folder(Some([2, 11, 1]), None), "2.11.1"),
            (folder(None, Some("2.12.0+cu130")), "2.12.0"),
            // Headers count, whatever the file says.
            (folder(Some([2, 10, 0]), Some("2.11.0")), "2.10.0"),
        ] {
            let error = checked(&folder).expect_err("another version").to_string();
            assert!(error.contains(&format!("libtorch {found}, but 2.11.0")), "{error}");
        }
    }

    #[test]
    fn incomplete_folders_are_refused() {
        let without_version = folder(None, None);
        assert!(checked(&without_version).is_err());
        let without_library = folder(Some([2, 11, 0]), None);
        fs::remove_file(without_library.path().join("lib/libc10.so")).expect("removed");
        let error = checked(&without_library).expect_err("incomplete").to_string();
        assert!(error.contains("libc10.so") && error.contains("missing"), "{error}");
        assert!(check(Path::new("/nowhere"), Platform::LinuxX86).is_err());
    }
}
