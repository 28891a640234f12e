//! Set-up with small wheels in place of PyTorch's.

use std::cell::Cell;
use std::io::Write;

use sha2::{Digest, Sha256};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

const VERSION_HEADER: &str =
    "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 11\n#define TORCH_VERSION_PATCH 0\n";

/// A wheel with these entries, and its digest.
fn make(entries: &[(&str, &str)]) -> (Vec<u8>, String) {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, content) in entries {
        writer.start_file(*name, options).expect("started");
        writer.write_all(content.as_bytes()).expect("written");
    }
    let bytes = writer.finish().expect("finished").into_inner();
    let digest = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    (bytes, digest)
}

/// What a set-up with two wheels needs, and how often it fetched.
struct Index {
    torch: (Vec<u8>, String),
    runtime: (Vec<u8>, String),
    fetched: Cell<usize>,
}

impl Index {
    fn new() -> Self {
        let torch = make(&[
            ("torch/include/torch/headeronly/version.h", VERSION_HEADER),
            ("torch/lib/libtorch_cpu.so", &"cpu".repeat(1000)),
            ("torch/lib/libc10.so", "c10"),
            ("torch/lib/libtorch.so", "needs CUDA"),
            ("torch/__init__.py", "raise RuntimeError"),
        ]);
        let runtime = make(&[("nvidia/cu13/lib/libcudart.so.13", "cudart")]);
        Self { torch, runtime, fetched: Cell::new(0) }
    }

    fn wheels(&self) -> [Wheel<'_>; 2] {
        [
            Wheel { requirement: "torch==2.11.0", file: "torch-2.11.0-any.whl", sha256: &self.torch.1 },
            Wheel { requirement: "runtime==1", file: "runtime-1-any.whl", sha256: &self.runtime.1 },
        ]
    }

    fn get(&self, wheel: &Wheel<'_>, folder: &Path) -> Result<()> {
        self.fetched.set(self.fetched.get() + 1);
        let (bytes, _) = if wheel.file.starts_with("torch") { &self.torch } else { &self.runtime };
        Ok(fs::write(folder.join(wheel.file), bytes)?)
    }

    fn set_up(&self, cache: &Path) -> Result<PathBuf> {
        let wheels = self.wheels();
        cached(cache, Platform::LinuxX86, false, &wheels, &mut |wheel, folder| self.get(wheel, folder))
    }
}

#[test]
fn wheels_become_a_usable_libtorch_once() {
    let cache = tempfile::tempdir().expect("a folder");
    let index = Index::new();
    let folder = index.set_up(cache.path()).expect("set up");
    assert_eq!(folder, cache.path().join("libtorch-2.11.0-cpu-linux-x86_64"));
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("there");
    assert_eq!(read("lib/libtorch.so"), "INPUT(-ltorch_cpu)\n");
    assert_eq!(read("lib/libtorch_cpu.so").len(), 3000);
    assert_eq!(read("lib/libcudart.so.13"), "cudart");
    assert_eq!(read("build-version"), "2.11.0");
    assert!(!folder.join("__init__.py").exists());
    // Nothing is left behind: the folder, the lock and an empty folder of downloads.
    assert_eq!(fs::read_dir(cache.path()).expect("a folder").count(), 3);
    assert_eq!(fs::read_dir(cache.path().join("downloads")).expect("a folder").count(), 0);
    index.set_up(cache.path()).expect("still set up");
    assert_eq!(index.fetched.get(), 2);
}

#[test]
fn a_stopped_set_up_goes_on_with_what_it_has() {
    let cache = tempfile::tempdir().expect("a folder");
    let index = Index::new();
    let wheels = index.wheels();
    let stopped = cached(cache.path(), Platform::LinuxX86, false, &wheels, &mut |wheel, folder| {
        ensure!(wheel.file.starts_with("torch"), "the network went away");
        index.get(wheel, folder)
    });
    assert!(stopped.expect_err("stopped").to_string().contains("network"));
    assert_eq!(index.fetched.get(), 1);
    index.set_up(cache.path()).expect("set up");
    assert_eq!(index.fetched.get(), 2);
}

#[test]
fn leftovers_of_killed_set_ups_are_removed() {
    let cache = tempfile::tempdir().expect("a folder");
    for leftover in ["unpacking-abc/lib", "downloads/partial-def"] {
        fs::create_dir_all(cache.path().join(leftover)).expect("a folder");
    }
    Index::new().set_up(cache.path()).expect("set up");
    assert!(!cache.path().join("unpacking-abc").exists());
    assert_eq!(fs::read_dir(cache.path().join("downloads")).expect("a folder").count(), 0);
}

#[test]
fn a_damaged_folder_is_made_again() {
    let cache = tempfile::tempdir().expect("a folder");
    let index = Index::new();
    let folder = index.set_up(cache.path()).expect("set up");
    fs::remove_file(folder.join("lib/libc10.so")).expect("removed");
    assert_eq!(index.set_up(cache.path()).expect("set up"), folder);
    assert!(folder.join("lib/libc10.so").exists());
}

#[test]
fn wheels_of_another_version_are_refused() {
    let cache = tempfile::tempdir().expect("a folder");
    let mut index = Index::new();
    let header = VERSION_HEADER.replace("11", "12");
    let libraries = [("torch/lib/libtorch_cpu.so", "cpu"), ("torch/lib/libc10.so", "c10")];
    index.torch = make(
        &[[("torch/include/torch/headeronly/version.h", header.as_str())].as_slice(), &libraries].concat(),
    );
    let error = format!("{:#}", index.set_up(cache.path()).expect_err("another version"));
    assert!(error.contains("2.12.0"), "{error}");
    assert!(!cache.path().join("libtorch-2.11.0-cpu-linux-x86_64").exists());
}

#[test]
fn only_one_set_up_runs_at_a_time() {
    let cache = tempfile::tempdir().expect("a folder");
    let path = cache.path().join("lock");
    let held = lock(&path).expect("free");
    let other = File::open(&path).expect("there");
    assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
    drop(held);
    other.try_lock().expect("free again");
}

#[test]
fn two_set_ups_at_once_fetch_once() {
    let cache = tempfile::tempdir().expect("a folder");
    let fetched = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let index = Index::new();
                index.set_up(cache.path()).expect("set up");
                fetched.fetch_add(index.fetched.get(), std::sync::atomic::Ordering::Relaxed);
            });
        }
    });
    assert_eq!(fetched.into_inner(), 2);
}

#[cfg(unix)]
#[test]
fn the_link_is_replaced_and_nothing_else_is() {
    let root = tempfile::tempdir().expect("a folder");
    let link = root.path().join(LINK);
    for name in ["one", "two", "two"] {
        let folder = root.path().join(name);
        fs::create_dir_all(&folder).expect("a folder");
        let target = point(&link, &folder).expect("made");
        assert_eq!(fs::read_link(&link).expect("a link"), target);
        assert!(same(&link, &folder));
    }
    // A link whose target is gone is replaced as well.
    fs::remove_dir(root.path().join("two")).expect("removed");
    point(&link, &root.path().join("one")).expect("made");
    fs::remove_file(&link).expect("removed");
    fs::create_dir(&link).expect("a folder");
    let error = point(&link, &root.path().join("one")).expect_err("no link").to_string();
    assert!(error.contains("is not a link"), "{error}");
}
