//! Unpacks wheels into one folder of libtorch: headers, the libraries that are needed, and licences.

use std::fs::{self, File};
use std::io::{self, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use zip::ZipArchive;

use crate::libtorch;
use crate::platform::Platform;

/// Unpacks what is needed of the wheels into `folder`, which is empty or does not exist.
pub(crate) fn unpack(wheels: &[PathBuf], folder: &Path, platform: Platform, cuda: bool) -> Result<()> {
    for wheel in wheels {
        unpack_one(wheel, folder, platform, cuda)
            .with_context(|| format!("could not unpack `{}` to `{}`", wheel.display(), folder.display()))?;
    }
    if platform != Platform::MacArm {
        // PyTorch's own libtorch.so needs CUDA's libraries. All that a build wants of it is libtorch_cpu.
        fs::write(folder.join("lib/libtorch.so"), "INPUT(-ltorch_cpu)\n")?;
    }
    fs::write(folder.join("build-version"), libtorch::VERSION)?;
    Ok(())
}

fn unpack_one(wheel: &Path, folder: &Path, platform: Platform, cuda: bool) -> Result<()> {
    let mut archive = ZipArchive::new(BufReader::new(File::open(wheel)?))?;
    let mut wanted = Vec::new();
    let mut total = 0;
    for index in 0..archive.len() {
        let entry = archive.by_index(index)?;
        if let Some(place) = place(entry.name()?.as_ref(), platform, cuda) {
            total += entry.size();
            wanted.push((index, place));
        }
    }
    let mut progress = Progress::new(wheel, total);
    for (index, place) in wanted {
        let path = folder.join(place);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut entry = archive.by_index(index)?;
        let mut file = File::create(&path)?;
        // In pieces, since one library has nine tenths of all bytes. The end of an entry checks its checksum.
        loop {
            let copied = io::copy(&mut io::Read::take(&mut entry, 1 << 24), &mut file)?;
            if copied == 0 {
                break;
            }
            progress.add(copied);
        }
    }
    progress.finish();
    Ok(())
}

/// Where an entry of a wheel belongs in the folder of libtorch, if it is wanted.
fn place(entry: &str, platform: Platform, cuda: bool) -> Option<PathBuf> {
    // Names come from a file, so that they may not lead out of the folder.
    if entry.split('/').any(|part| matches!(part, ".." | ".")) || entry.contains('\\') || entry.ends_with('/')
    {
        return None;
    }
    let file = entry.rsplit('/').next()?;
    let shared = file.ends_with(".dylib") || file.contains(".so");
    if let Some(header) = entry.strip_prefix("torch/include/") {
        return Some(Path::new("include").join(header));
    }
    let library = || Some(Path::new("lib").join(file));
    if (entry.strip_prefix("torch/lib/") == Some(file) || entry.starts_with("torch.libs/")) && shared {
        let of_python =
            ["libtorch_python", "libshm", "libtorch_global_deps"].iter().any(|name| file.starts_with(name));
        let of_cuda = ["cuda", "nvshmem", "nvrtc"].iter().any(|name| file.contains(name));
        let replaced = platform != Platform::MacArm && file == "libtorch.so";
        return if of_python || replaced || (of_cuda && !cuda) { None } else { library() };
    }
    if entry.starts_with("nvidia/") && entry.contains("/lib/") && shared {
        let always = file.starts_with("libcudart.so") || file.starts_with("libcupti.so");
        return if always || cuda { library() } else { None };
    }
    // Licences ask to be kept with what they license.
    let (package, rest) = entry.split_once(".dist-info/")?;
    let of_folder = rest.strip_prefix("licenses/");
    let license = of_folder.is_some() || rest.starts_with("LICENSE") || rest.starts_with("License");
    license.then(|| Path::new("licenses").join(package).join(of_folder.unwrap_or(rest).replace('/', "-")))
}

/// Progress of one wheel on a terminal; elsewhere one line.
struct Progress {
    name: String,
    done: u64,
    total: u64,
    terminal: bool,
}

impl Progress {
    fn new(wheel: &Path, total: u64) -> Self {
        let name = wheel.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let progress = Self { name, done: 0, total, terminal: io::stdout().is_terminal() };
        progress.show(false);
        progress
    }

    fn add(&mut self, bytes: u64) {
        self.done += bytes;
        if self.terminal {
            self.show(false);
        }
    }

    fn finish(&self) {
        if self.terminal {
            self.show(true);
        }
    }

    fn show(&self, end: bool) {
        let mib = |bytes: u64| (bytes as f64 / f64::from(1 << 20)).ceil();
        if self.terminal {
            print!("\runpacking {}: {} of {} MiB", self.name, mib(self.done), mib(self.total));
            if end {
                println!();
            }
            // Progress that cannot be shown is no reason to stop.
            let _ = io::stdout().flush();
        } else {
            println!("unpacking {} ({} MiB)", self.name, mib(self.total));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(entry: &str, platform: Platform, cuda: bool) -> Option<String> {
        place(entry, platform, cuda).map(|path| path.display().to_string())
    }

    #[test]
    fn only_what_is_needed_has_a_place() {
        let cpu = |entry: &str| placed(entry, Platform::LinuxX86, false);
        assert_eq!(cpu("torch/include/ATen/ATen.h").as_deref(), Some("include/ATen/ATen.h"));
        assert_eq!(cpu("torch/lib/libtorch_cpu.so").as_deref(), Some("lib/libtorch_cpu.so"));
        assert_eq!(cpu("torch/lib/libgomp.so.1").as_deref(), Some("lib/libgomp.so.1"));
        assert_eq!(cpu("nvidia/cu13/lib/libcudart.so.13").as_deref(), Some("lib/libcudart.so.13"));
        assert_eq!(cpu("nvidia/cu13/lib/libcupti.so.13").as_deref(), Some("lib/libcupti.so.13"));
        assert_eq!(
            cpu("torch-2.11.0.dist-info/licenses/LICENSE").as_deref(),
            Some("licenses/torch-2.11.0/LICENSE")
        );
        for entry in [
            "torch/lib/libtorch.so",
            "torch/lib/libtorch_python.so",
            "torch/lib/libtorch_cuda.so",
            "torch/lib/libc10_cuda.so",
            "torch/lib/libtorch_nvshmem.so",
            "torch/nn/modules/linear.py",
            "torch/lib/",
            "nvidia/cu13/lib/libnvperf_host.so",
            "nvidia/cu13/include/cuda.h",
            "torch-2.11.0.dist-info/METADATA",
        ] {
            assert_eq!(cpu(entry), None, "{entry}");
        }
    }

    #[test]
    fn cuda_adds_its_libraries() {
        for entry in
            ["torch/lib/libtorch_cuda.so", "torch/lib/libc10_cuda.so", "nvidia/cudnn/lib/libcudnn.so.9"]
        {
            assert!(placed(entry, Platform::LinuxX86, true).is_some(), "{entry}");
        }
        assert_eq!(placed("torch/lib/libtorch_python.so", Platform::LinuxX86, true), None);
    }

    #[test]
    fn other_platforms_take_their_libraries() {
        assert!(placed("torch/lib/libtorch.dylib", Platform::MacArm, false).is_some());
        assert!(placed("torch/lib/libomp.dylib", Platform::MacArm, false).is_some());
        assert!(placed("torch.libs/libgomp-98.so.1.0.0", Platform::LinuxArm, false).is_some());
    }

    #[test]
    fn names_cannot_lead_out_of_the_folder() {
        for entry in ["torch/include/../../evil", "torch/include/..\\evil", "torch/lib/../libc10.so"] {
            assert_eq!(placed(entry, Platform::LinuxX86, true), None, "{entry}");
        }
    }
}
