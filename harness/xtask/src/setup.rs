//! `cargo xtask setup`: finds or fetches libtorch, and points the link `.libtorch` at it.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::platform::Platform;
use crate::wheels::{self, Wheel};
use crate::{compiler, fetch, libtorch, python, unpack};

/// Name of the link in the workspace's root, which `.cargo/config.toml` names as LIBTORCH.
const LINK: &str = ".libtorch";

/// The command.
pub(crate) fn run(root: &Path, cuda: bool) -> Result<()> {
    let folder = ensure(root, cuda)?;
    println!("libtorch {} stands in `{}`; `cargo build` now works", libtorch::VERSION, folder.display());
    Ok(())
}

/// Makes sure that the link leads to a usable libtorch; says nothing if it already does.
pub(crate) fn ensure(root: &Path, cuda: bool) -> Result<PathBuf> {
    let platform = Platform::current()?;
    if cuda {
        ensure!(
            platform == Platform::LinuxX86,
            "--cuda knows the libraries of Linux on x86-64 only; elsewhere, set LIBTORCH to a libtorch with CUDA"
        );
    }
    let link = root.join(LINK);
    let user = std::env::var_os("LIBTORCH").map(PathBuf::from);
    if let Some(folder) = user.filter(|folder| !folder.as_os_str().is_empty() && !same(folder, &link)) {
        libtorch::check(&folder, platform)
            .context("LIBTORCH is set, but unusable; unset it to let this command find or fetch libtorch")?;
        return point(&link, &folder);
    }
    // A choice that was made stays, even if a Python with PyTorch comes or goes: other libraries would mean a new
    // build and other bits in results. Remove the link to choose anew.
    if usable(&link, platform, cuda) {
        return fs::canonicalize(&link).context("could not resolve `.libtorch`");
    }
    compiler::check()?;
    if let Some(folder) = of_python(platform, cuda) {
        return point(&link, &folder);
    }
    let folder =
        cached(&platform.cache()?, platform, cuda, &wheels::needed(platform, cuda), &mut fetch::with_pip)?;
    point(&link, &folder)
}

/// Whether two paths lead to one place. Cargo sets LIBTORCH to the link itself for this very process.
fn same(left: &Path, right: &Path) -> bool {
    if left == right {
        return true;
    }
    match (fs::canonicalize(left), fs::canonicalize(right)) {
        (Ok(left), Ok(right)) => left == right,
        _ => false,
    }
}

/// Whether a folder is a libtorch with all that is asked for.
fn usable(folder: &Path, platform: Platform, cuda: bool) -> bool {
    libtorch::check(folder, platform).is_ok() && (!cuda || libtorch::has_cuda(folder))
}

/// The folder of the PyTorch that `python3` has, if it is of the right version.
fn of_python(platform: Platform, cuda: bool) -> Option<PathBuf> {
    let (version, folder) = python::torch()?;
    if version != libtorch::VERSION {
        println!("python3 has torch {version}; {} is needed, so it is not used", libtorch::VERSION);
        return None;
    }
    if let Err(error) = libtorch::check(&folder, platform) {
        println!("python3's torch is not used: {error:#}");
        return None;
    }
    if cuda && !libtorch::has_cuda(&folder) {
        println!("python3's torch is not used, because it has no CUDA");
        return None;
    }
    println!("using python3's torch {version}");
    Some(folder)
}

/// The folder in this user's cache, filled if it is not there yet. Every checkout shares it.
fn cached(
    cache: &Path,
    platform: Platform,
    cuda: bool,
    wheels: &[Wheel<'_>],
    get: &mut fetch::Get<'_>,
) -> Result<PathBuf> {
    let kind = if cuda { "cuda" } else { "cpu" };
    let folder = cache.join(format!("libtorch-{}-{kind}-{}", libtorch::VERSION, platform.name()));
    if usable(&folder, platform, cuda) {
        return Ok(folder);
    }
    fs::create_dir_all(cache).with_context(|| format!("could not create `{}`", cache.display()))?;
    let _lock = lock(&cache.join("lock"))?;
    // Whoever held the lock before may have done the work.
    if usable(&folder, platform, cuda) {
        return Ok(folder);
    }
    let downloads = cache.join("downloads");
    remove_leftovers(cache, "unpacking-")?;
    remove_leftovers(&downloads, "partial-")?;
    if platform != Platform::LinuxX86 {
        println!("note: set-up on {} is untested; please report how it went", platform.name());
    }
    let files =
        wheels.iter().map(|wheel| fetch::wheel(&downloads, wheel, get)).collect::<Result<Vec<_>>>()?;
    // Unpacked beside its place and then renamed, so that no half of a folder is ever used.
    let unpacked = tempfile::Builder::new().prefix("unpacking-").tempdir_in(cache)?;
    unpack::unpack(&files, unpacked.path(), platform, cuda)?;
    libtorch::check(unpacked.path(), platform).context("what was unpacked is unusable")?;
    if folder.exists() {
        // Unusable, as was found above.
        fs::remove_dir_all(&folder).with_context(|| format!("could not remove `{}`", folder.display()))?;
    }
    publish(unpacked, &folder)?;
    for file in files {
        fs::remove_file(&file).with_context(|| format!("could not remove `{}`", file.display()))?;
    }
    Ok(folder)
}

/// Removes temporary folders of set-ups that were killed. Only the holder of the lock may do this.
fn remove_leftovers(folder: &Path, prefix: &str) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).with_context(|| format!("could not list `{}`", folder.display()))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            fs::remove_dir_all(entry.path())
                .with_context(|| format!("could not remove `{}`", entry.path().display()))?;
        }
    }
    Ok(())
}

/// Moves an unpacked folder to its place.
fn publish(unpacked: tempfile::TempDir, folder: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Temporary folders are private; a cache may be shared.
        fs::set_permissions(unpacked.path(), fs::Permissions::from_mode(0o755))?;
    }
    let temporary = unpacked.keep();
    fs::rename(&temporary, folder)
        .with_context(|| format!("could not move `{}` to `{}`", temporary.display(), folder.display()))
}

/// Takes the lock of the cache, which ends with the returned file or with this process.
fn lock(path: &Path) -> Result<File> {
    let failed = || format!("could not lock `{}`", path.display());
    let file = File::options().create(true).append(true).open(path).with_context(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            println!("another checkout is setting up libtorch; waiting for it");
            file.lock().with_context(failed)?;
        }
        Err(TryLockError::Error(error)) => return Err(error).with_context(failed),
    }
    Ok(file)
}

/// Points the link at a folder in one step, so that a build that runs meanwhile sees the old one or the new one.
fn point(link: &Path, folder: &Path) -> Result<PathBuf> {
    let folder =
        fs::canonicalize(folder).with_context(|| format!("could not resolve `{}`", folder.display()))?;
    if fs::read_link(link).is_ok_and(|target| target == folder) {
        return Ok(folder);
    }
    ensure!(
        link.is_symlink() || !link.exists(),
        "`{}` is not a link; move it away, since this command makes a link of that name",
        link.display()
    );
    let temporary = link.with_file_name(format!("{LINK}-{}", std::process::id()));
    #[cfg(unix)]
    {
        let made =
            std::os::unix::fs::symlink(&folder, &temporary).and_then(|()| fs::rename(&temporary, link));
        made.with_context(|| format!("could not make the link `{}`", link.display()))?;
    }
    #[cfg(not(unix))]
    anyhow::bail!("no links on this platform: `{}`", temporary.display());
    Ok(folder)
}

#[cfg(test)]
mod tests;
