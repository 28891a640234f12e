//! Which machine this is.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// An operating system and processor that has wheels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Platform {
    /// What is tested.
    LinuxX86,
    /// Should work; nobody has tried.
    LinuxArm,
    /// Should work, without containment of plugins; nobody has tried.
    MacArm,
}

impl Platform {
    /// This machine's.
    pub(crate) fn current() -> Result<Self> {
        match (std::env::consts::OS, std::env::consts::ARCH) {
            ("linux", "x86_64") => Ok(Self::LinuxX86),
            ("linux", "aarch64") => Ok(Self::LinuxArm),
            ("macos", "aarch64") => Ok(Self::MacArm),
            (os, arch) => bail!(
                "there is no libtorch {} for {os} on {arch}; build it yourself and set LIBTORCH to its folder",
                crate::libtorch::VERSION
            ),
        }
    }

    /// Name in the cache.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::LinuxX86 => "linux-x86_64",
            Self::LinuxArm => "linux-aarch64",
            Self::MacArm => "macos-arm64",
        }
    }

    /// Ending of shared libraries.
    pub(crate) fn suffix_of_libraries(self) -> &'static str {
        match self {
            Self::LinuxX86 | Self::LinuxArm => "so",
            Self::MacArm => "dylib",
        }
    }

    /// Where this user's caches stand: `$XDG_CACHE_HOME`, else the platform's usual folder.
    pub(crate) fn cache(self) -> Result<PathBuf> {
        let absolute =
            |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        if let Some(cache) = absolute("XDG_CACHE_HOME") {
            return Ok(cache.join("secateur"));
        }
        let home = absolute("HOME")
            .context("neither XDG_CACHE_HOME nor HOME is set, so there is no place for libtorch")?;
        Ok(home.join(if self == Self::MacArm { "Library/Caches" } else { ".cache" }).join("secateur"))
    }
}
