//! Facts about the libtorch that is running, and the door to CUDA.

use std::ffi::CStr;
use std::path::{Path, PathBuf};

use libloading::os::unix::Library;

/// libtorch's ABI version: major, minor, patch in the three highest bytes.
#[must_use]
pub fn torch_abi_version() -> u64 {
    // SAFETY: the symbol is a function of libtorch_cpu, which this program is linked with, declared in
    // torch/csrc/inductor/aoti_torch/c/shim.h as `uint64_t aoti_torch_abi_version()`.
    unsafe {
        Library::this()
            .get::<unsafe extern "C" fn() -> u64>(c"aoti_torch_abi_version")
            .map_or(0, |function| function())
    }
}

/// libtorch's version, for example `2.11.0`.
#[must_use]
pub fn torch_version() -> String {
    version_text(torch_abi_version())
}

/// Major, minor and patch of an ABI version.
pub(crate) fn version_text(abi: u64) -> String {
    format!("{}.{}.{}", abi >> 56, (abi >> 48) & 0xff, (abi >> 40) & 0xff)
}

/// Opens `libtorch_cuda.so` beside the running `libtorch_cpu.so`, or in `LIBTORCH/lib`, if it can be found.
///
/// The program is linked with `libtorch_cpu` only, so that one build serves machines with and without a GPU. The
/// library registers CUDA as it is opened, which must happen before anybody asks whether there is CUDA.
///
/// # Errors
/// Returns where it looked, or why the library does not open.
pub fn load_cuda() -> Result<PathBuf, String> {
    let mut folders: Vec<PathBuf> = loaded_libraries()
        .into_iter()
        .filter(|path| path.file_name().is_some_and(|name| name == "libtorch_cpu.so"))
        .filter_map(|path| path.parent().map(Path::to_owned))
        .collect();
    folders.extend(std::env::var_os("LIBTORCH").map(|root| PathBuf::from(root).join("lib")));
    let candidates: Vec<PathBuf> = folders.iter().map(|folder| folder.join("libtorch_cuda.so")).collect();
    let Some(path) = candidates.iter().find(|path| path.exists()) else {
        let looked: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
        return Err(format!("there is no libtorch_cuda.so in {}", looked.join(", ")));
    };
    // SAFETY: libtorch_cuda.so belongs to the libtorch that is running; opening it is what libtorch's own Python
    // package does. It is global because its own companions look symbols up in it, and it is never closed.
    match unsafe { Library::open(Some(path), libc::RTLD_NOW | libc::RTLD_GLOBAL) } {
        Ok(library) => {
            std::mem::forget(library);
            Ok(path.clone())
        }
        Err(error) => Err(crate::loader::chain(&error)),
    }
}

/// Keeps freed blocks in the process instead of giving them back to the system after every batch: glibc's defaults
/// cost thousands of page faults a batch.
pub fn tune_allocator() {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt takes two numbers and is called before other threads exist.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 2_000_000_000);
    }
}

/// Gives freed blocks back to the system after all, so that the memory of what follows can be told apart.
pub fn release_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim takes a number and only touches free blocks.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Paths of all libraries in this process.
pub(crate) fn loaded_libraries() -> Vec<PathBuf> {
    unsafe extern "C" fn add(
        info: *mut libc::dl_phdr_info,
        _: libc::size_t,
        data: *mut libc::c_void,
    ) -> libc::c_int {
        // SAFETY: the loader passes a valid description, and `data` is the vector given below.
        unsafe {
            let paths = &mut *data.cast::<Vec<PathBuf>>();
            if !(*info).dlpi_name.is_null() {
                let name = CStr::from_ptr((*info).dlpi_name);
                paths.push(PathBuf::from(name.to_string_lossy().into_owned()));
            }
        }
        0
    }
    let mut paths: Vec<PathBuf> = Vec::new();
    // SAFETY: the callback has the type that the loader expects, and the vector lives until it returns.
    unsafe { libc::dl_iterate_phdr(Some(add), (&raw mut paths).cast()) };
    paths
}

/// Folders of all libraries in this process, and of the libraries they may still open.
#[must_use]
pub fn library_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        loaded_libraries().into_iter().filter_map(|path| path.parent().map(Path::to_owned)).collect();
    folders.retain(|folder| !folder.as_os_str().is_empty());
    folders.sort();
    folders.dedup();
    folders
}
