//! Fetches wheels: each once, and only with the right digest.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::python;
use crate::wheels::Wheel;

/// What fetches a wheel into a folder: pip, or a test's stand-in.
pub(crate) type Get<'g> = dyn FnMut(&Wheel<'_>, &Path) -> Result<()> + 'g;

/// The file of a wheel in the folder of downloads. `get` fetches it into a folder, if it is not there yet.
///
/// A wheel gets its name in `downloads` only after its digest was checked, so that a set-up that was stopped
/// goes on with what it has.
pub(crate) fn wheel(downloads: &Path, wheel: &Wheel<'_>, get: &mut Get<'_>) -> Result<PathBuf> {
    let kept = downloads.join(wheel.file);
    if kept.exists() {
        match verify(&kept, wheel.sha256) {
            Ok(()) => return Ok(kept),
            Err(error) => println!("{error:#}; fetching it again"),
        }
    }
    fs::create_dir_all(downloads).with_context(|| format!("could not create `{}`", downloads.display()))?;
    // In the same folder, because a move between file systems would be a copy.
    let partial = tempfile::Builder::new().prefix("partial-").tempdir_in(downloads)?;
    get(wheel, partial.path())?;
    let fetched = partial.path().join(wheel.file);
    if !fetched.is_file() {
        let found = fs::read_dir(partial.path())?.filter_map(|entry| Some(entry.ok()?.file_name()));
        let found: Vec<String> = found.map(|name| name.to_string_lossy().into_owned()).collect();
        bail!("asked for `{}`, but fetched {found:?}; does pip use another index?", wheel.file);
    }
    verify(&fetched, wheel.sha256)?;
    fs::rename(&fetched, &kept).with_context(|| format!("could not move a wheel to `{}`", kept.display()))?;
    Ok(kept)
}

/// Checks a file's digest; a file with another one is removed.
pub(crate) fn verify(path: &Path, sha256: &str) -> Result<()> {
    let digest = digest(path).with_context(|| format!("could not read `{}`", path.display()))?;
    if digest == sha256 {
        return Ok(());
    }
    fs::remove_file(path).with_context(|| format!("could not remove `{}`", path.display()))?;
    bail!("`{}` has sha256 {digest} instead of {sha256}; it was removed", path.display())
}

/// The SHA-256 of a file, in lower-case hex.
fn digest(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            length => hasher.update(&buffer[..length]),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Fetches a wheel with pip, which shows its own progress and honours the user's index, proxy and cache.
pub(crate) fn with_pip(wheel: &Wheel<'_>, folder: &Path) -> Result<()> {
    println!("fetching {}", wheel.file);
    let mut pip = python::pip()?;
    pip.args([
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--implementation",
        "cp",
        "--python-version",
        "3.11",
    ]);
    pip.args(["--abi", "cp311"]);
    for platform in wheel.platforms() {
        pip.args(["--platform", platform]);
    }
    pip.arg("--dest").arg(folder).arg(wheel.requirement);
    python::run(pip, &format!("download {}", wheel.requirement))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SHA-256 of `abc`, from FIPS 180-2.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const WHEEL: Wheel<'static> = Wheel { requirement: "a==1", file: "a-1-py3-none-any.whl", sha256: ABC };

    #[test]
    fn the_digest_is_sha256() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("abc");
        fs::write(&path, "abc").expect("written");
        assert_eq!(digest(&path).expect("readable"), ABC);
        verify(&path, ABC).expect("right");
        assert!(path.exists());
    }

    #[test]
    fn a_file_with_a_wrong_digest_is_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("abd");
        fs::write(&path, "abd").expect("written");
        let error = verify(&path, ABC).expect_err("wrong").to_string();
        assert!(error.contains(ABC) && error.contains("it was removed"), "{error}");
        assert!(!path.exists());
    }

    #[test]
    fn a_wheel_is_fetched_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let downloads = folder.path().join("downloads");
        let mut fetched = 0;
        for _ in 0..3 {
            let path = wheel(&downloads, &WHEEL, &mut |wheel, to| {
                fetched += 1;
                Ok(fs::write(to.join(wheel.file), "abc")?)
            });
            assert_eq!(path.expect("fetched"), downloads.join(WHEEL.file));
        }
        assert_eq!(fetched, 1);
        // A kept file that went bad is fetched again.
        fs::write(downloads.join(WHEEL.file), "bad").expect("written");
        let path = wheel(&downloads, &WHEEL, &mut |wheel, to| Ok(fs::write(to.join(wheel.file), "abc")?));
        assert_eq!(fs::read(path.expect("fetched")).expect("readable"), b"abc");
    }

    #[test]
    fn nothing_is_kept_of_a_failed_fetch() {
        let folder = tempfile::tempdir().expect("a folder");
        let get: [&mut Get<'_>; 3] = [
            &mut |wheel, to| Ok(fs::write(to.join(wheel.file), "tampered")?),
            &mut |_, to| Ok(fs::write(to.join("a-2-py3-none-any.whl"), "abc")?),
            &mut |_, _| bail!("no network"),
        ];
        let expected = ["instead of", "a-2-py3-none-any.whl", "no network"];
        for (get, expected) in get.into_iter().zip(expected) {
            let error = wheel(folder.path(), &WHEEL, get).expect_err("failed").to_string();
            assert!(error.contains(expected), "{error}");
            assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
        }
    }
}
