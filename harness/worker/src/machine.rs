//! The machine, for the record.

use std::fs::read_to_string;

use secateur_store::Machine;
use tch::Device;

/// Processor, cores, memory, system and device.
pub(crate) fn describe(device: Device) -> Machine {
    let field = |path: &str, name: &str| -> String {
        let text = read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let kernel = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let memory = field("/proc/meminfo", "MemTotal");
    let kibibytes: u64 = memory.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0);
    Machine {
        processor: field("/proc/cpuinfo", "model name"),
        cores: std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32),
        memory_bytes: kibibytes * 1024,
        system: format!("{} {} {}", std::env::consts::OS, std::env::consts::ARCH, kernel.trim()),
        device: match device {
            Device::Cuda(index) => read_to_string(gpu_file(index)).map_or_else(
                |_| format!("cuda:{index}"),
                |text| {
                    let model = text.lines().find_map(|line| line.strip_prefix("Model:"));
                    model.map_or_else(|| format!("cuda:{index}"), |model| model.trim().to_owned())
                },
            ),
            _ => "cpu".to_owned(),
        },
    }
}

/// The driver's description of a GPU; the folders are named by bus address, in the order of the devices.
fn gpu_file(index: usize) -> std::path::PathBuf {
    let mut folders: Vec<_> = std::fs::read_dir("/proc/driver/nvidia/gpus")
        .map(|entries| entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect())
        .unwrap_or_default();
    folders.sort();
    folders.get(index).map(|folder| folder.join("information")).unwrap_or_default()
}
