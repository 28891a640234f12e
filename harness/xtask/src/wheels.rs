//! The wheels that libtorch is unpacked from, each with its digest.
//!
//! The version of Python does not matter, because only headers and C++ libraries are used; all machines take
//! the wheel for 3.11. The digests are those of the Python package index.

use crate::platform::Platform;

/// One file of the package index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wheel<'a> {
    /// What to ask pip for.
    pub(crate) requirement: &'a str,
    /// Name of the file that pip then fetches.
    pub(crate) file: &'a str,
    /// Digest of the file, in lower-case hex.
    pub(crate) sha256: &'a str,
}

impl<'a> Wheel<'a> {
    /// The platform tags in the file's name.
    pub(crate) fn platforms(&self) -> impl Iterator<Item = &'a str> {
        let stem = self.file.strip_suffix(".whl").unwrap_or(self.file);
        stem.rsplit('-').next().unwrap_or_default().split('.')
    }
}

const fn wheel(requirement: &'static str, file: &'static str, sha256: &'static str) -> Wheel<'static> {
    Wheel { requirement, file, sha256 }
}

/// PyTorch, and the two CUDA libraries that its CPU half needs even where there is no GPU.
const LINUX_X86: [Wheel<'static>; 3] = [
    wheel(
        "torch==2.11.0",
        "torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl",
        "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a",
    ),
    wheel(
        "nvidia-cuda-runtime==13.0.96",
        "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
    ),
    wheel(
        "nvidia-cuda-cupti==13.0.85",
        "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
        "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
    ),
];

const LINUX_ARM: [Wheel<'static>; 3] = [
    wheel(
        "torch==2.11.0",
        "torch-2.11.0-cp311-cp311-manylinux_2_28_aarch64.whl",
        "d91aac77f24082809d2c5a93f52a5f085032740a1ebc9252a7b052ef5a4fddc6",
    ),
    wheel(
        "nvidia-cuda-runtime==13.0.96",
        "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl",
        "ef9bcbe90493a2b9d810e43d249adb3d02e98dd30200d86607d8d02687c43f55",
    ),
    wheel(
        "nvidia-cuda-cupti==13.0.85",
        "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_aarch64.whl",
        "796bd679890ee55fb14a94629b698b6db54bcfd833d391d5e94017dd9d7d3151",
    ),
];

const MAC_ARM: [Wheel<'static>; 1] = [wheel(
    "torch==2.11.0",
    "torch-2.11.0-cp311-cp311-macosx_11_0_arm64.whl",
    "7b6a60d48062809f58595509c524b88e6ddec3ebe25833d6462eeab81e5f2ce4",
)];

/// What PyTorch's wheel names as its requirements on a GPU, with the versions that `cuda-toolkit==13.0.2` pins.
const CUDA_X86: [Wheel<'static>; 13] = [
    wheel(
        "nvidia-cublas==13.1.0.3",
        "nvidia_cublas-13.1.0.3-py3-none-manylinux_2_27_x86_64.whl",
        "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171",
    ),
    wheel(
        "nvidia-cuda-nvrtc==13.0.88",
        "nvidia_cuda_nvrtc-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
        "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
    ),
    wheel(
        "nvidia-cudnn-cu13==9.19.0.56",
        "nvidia_cudnn_cu13-9.19.0.56-py3-none-manylinux_2_27_x86_64.whl",
        "d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf",
    ),
    wheel(
        "nvidia-cufft==12.0.0.61",
        "nvidia_cufft-12.0.0.61-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
    ),
    wheel(
        "nvidia-cufile==1.15.1.6",
        "nvidia_cufile-1.15.1.6-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        "08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44",
    ),
    wheel(
        "nvidia-curand==10.4.0.35",
        "nvidia_curand-10.4.0.35-py3-none-manylinux_2_27_x86_64.whl",
        "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
    ),
    wheel(
        "nvidia-cusolver==12.0.4.66",
        "nvidia_cusolver-12.0.4.66-py3-none-manylinux_2_27_x86_64.whl",
        "0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112",
    ),
    wheel(
        "nvidia-cusparse==12.6.3.3",
        "nvidia_cusparse-12.6.3.3-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b",
    ),
    wheel(
        "nvidia-cusparselt-cu13==0.8.0",
        "nvidia_cusparselt_cu13-0.8.0-py3-none-manylinux2014_x86_64.whl",
        "25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd",
    ),
    wheel(
        "nvidia-nccl-cu13==2.28.9",
        "nvidia_nccl_cu13-2.28.9-py3-none-manylinux_2_18_x86_64.whl",
        "e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42",
    ),
    wheel(
        "nvidia-nvjitlink==13.0.88",
        "nvidia_nvjitlink-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
        "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
    ),
    wheel(
        "nvidia-nvshmem-cu13==3.4.5",
        "nvidia_nvshmem_cu13-3.4.5-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80",
    ),
    wheel(
        "nvidia-nvtx==13.0.85",
        "nvidia_nvtx-13.0.85-py3-none-manylinux1_x86_64.manylinux_2_5_x86_64.whl",
        "4936d1d6780fbe68db454f5e72a42ff64d1fd6397df9f363ae786930fd5c1cd4",
    ),
];

/// What a platform needs.
pub(crate) fn needed(platform: Platform, cuda: bool) -> Vec<Wheel<'static>> {
    let base: &[Wheel<'static>] = match platform {
        Platform::LinuxX86 => &LINUX_X86,
        Platform::LinuxArm => &LINUX_ARM,
        Platform::MacArm => &MAC_ARM,
    };
    let extra: &[Wheel<'static>] = if cuda && platform == Platform::LinuxX86 { &CUDA_X86 } else { &[] };
    base.iter().chain(extra).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wheel_is_of_its_platform_and_has_a_digest() {
        for (platform, tag) in
            [(Platform::LinuxX86, "x86_64"), (Platform::LinuxArm, "aarch64"), (Platform::MacArm, "arm64")]
        {
            for wheel in needed(platform, true) {
                assert!(
                    wheel.platforms().count() > 0 && wheel.platforms().all(|name| name.ends_with(tag)),
                    "{wheel:?}"
                );
                assert_eq!(wheel.sha256.len(), 64, "{wheel:?}");
                assert!(
                    wheel.sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
                    "{wheel:?}"
                );
                let (package, version) = wheel.requirement.split_once("==").expect("pinned");
                assert!(
                    wheel.file.starts_with(&format!("{}-{version}-", package.replace('-', "_"))),
                    "{wheel:?}"
                );
            }
        }
    }

    #[test]
    fn every_platform_has_pytorch_first() {
        for platform in [Platform::LinuxX86, Platform::LinuxArm, Platform::MacArm] {
            assert_eq!(
                needed(platform, false)[0].requirement,
                format!("torch=={}", crate::libtorch::VERSION)
            );
        }
    }
}
