//! `cargo xtask dist`: a folder that runs on a machine without Rust.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

use crate::cargo::{self, Workspace};
use crate::{libtorch, setup};

/// Builds for release and copies what a user needs into one folder.
pub(crate) fn run(root: &Path, out: &Path) -> Result<ExitCode> {
    setup::ensure(root, false)?;
    let workspace = Workspace::read(root)?;
    workspace.require_binaries()?;
    let artifacts: Vec<_> = workspace.plugins.iter().chain(&workspace.binaries).collect();
    if !cargo::build(root, &artifacts, true)? {
        return Ok(ExitCode::FAILURE);
    }
    let version = workspace.binaries.first().map_or("0.0.0", |binary| binary.version.as_str());
    let out = root.join(out);
    fs::create_dir_all(&out).with_context(|| format!("could not create `{}`", out.display()))?;
    let made = tempfile::Builder::new().prefix("making-").tempdir_in(&out)?;
    fill(root, &workspace, &workspace.target.join("release"), version, made.path())?;
    let folder = out.join(format!("secateur-{version}-{}", target()?));
    place(made, &folder)?;
    println!("{}", folder.display());
    Ok(ExitCode::SUCCESS)
}

/// Copies executables, plugins, suites, checkpoints and licences, and writes the README.
fn fill(root: &Path, workspace: &Workspace, built: &Path, version: &str, folder: &Path) -> Result<()> {
    for (part, artifacts) in [("bin", &workspace.binaries), ("plugins", &workspace.plugins)] {
        fs::create_dir(folder.join(part))?;
        for artifact in artifacts {
            copy(&built.join(&artifact.file), &folder.join(part).join(&artifact.file))?;
        }
    }
    for part in ["suites", "checkpoints"] {
        fs::create_dir(folder.join(part))?;
        copy_files(&root.join("benchmarks").join(part), &folder.join(part))?;
    }
    for license in ["LICENSE-APACHE", "LICENSE-MIT"] {
        copy(&root.join(license), &folder.join(license))?;
    }
    fs::write(folder.join("README"), readme(version)).context("could not write README")
}

/// Moves the finished folder to its place and removes an older one.
fn place(made: tempfile::TempDir, folder: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(made.path(), fs::Permissions::from_mode(0o755))?;
    }
    if folder.exists() {
        // Only what an earlier run made is removed, never a folder that merely has this name.
        ensure!(
            folder.join("bin").is_dir() && folder.join("README").is_file(),
            "`{}` is there and is no distribution; move it away",
            folder.display()
        );
        fs::remove_dir_all(folder).with_context(|| format!("could not remove `{}`", folder.display()))?;
    }
    fs::rename(made.keep(), folder).with_context(|| format!("could not make `{}`", folder.display()))
}

/// Copies a folder with its subfolders (a checkpoint is a folder); one that is not there has no files.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(to).with_context(|| format!("could not make `{}`", to.display()))?;
    let paths: Vec<PathBuf> = fs::read_dir(from)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    for path in paths {
        let Some(name) = path.file_name() else { continue };
        if path.is_dir() {
            copy_files(&path, &to.join(name))?;
        } else {
            copy(&path, &to.join(name))?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .with_context(|| format!("could not copy `{}` to `{}`", from.display(), to.display()))?;
    Ok(())
}

/// The machine that the compiler builds for, for example `x86_64-unknown-linux-gnu`.
fn target() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().context("could not start rustc")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .context("rustc names no host")
}

/// What a user of the folder must know.
fn readme(version: &str) -> String {
    let libtorch = libtorch::VERSION;
    format!(
        "Secateur {version}: a benchmark harness for neural-network pruning.

What it needs: libtorch {libtorch}, exactly. It is found through the variable LIBTORCH (a folder with lib/libtorch_cpu),
or through a python3 that has torch {libtorch} (python3 -m pip install torch=={libtorch}).

    bin/secateur run suites/quick.yaml --store store --plugin plugins/NAME
    bin/secateur report --store store --out report
    bin/secateur --help

bin/          the programs; secateur starts secateur-worker, so keep them together
plugins/      pruning methods; give each that a suite names with --plugin
suites/       what to run
checkpoints/  networks that the suites start from
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::Artifact;

    fn artifact(file: &str) -> Artifact {
        Artifact { package: file.to_owned(), version: "1.2.3".to_owned(), file: file.to_owned() }
    }

    #[test]
    fn the_folder_has_what_a_user_needs_and_is_replaced() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |name: &str| {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, name).expect("written");
        };
        for name in
            ["built/secateur", "built/secateur-worker", "built/liba.so", "benchmarks/suites/quick.yaml"]
        {
            write(name);
        }
        for name in ["benchmarks/checkpoints/tiny.safetensors", "LICENSE-APACHE", "LICENSE-MIT"] {
            write(name);
        }
        let workspace = Workspace {
            plugins: vec![artifact("liba.so")],
            binaries: vec![artifact("secateur"), artifact("secateur-worker")],
            ..Workspace::default()
        };
        let folder = root.path().join("out");
        for _ in 0..2 {
            let made = tempfile::tempdir_in(root.path()).expect("a folder");
            fill(root.path(), &workspace, &root.path().join("built"), "1.2.3", made.path()).expect("filled");
            place(made, &folder).expect("placed");
        }
        for name in [
            "bin/secateur",
            "bin/secateur-worker",
            "plugins/liba.so",
            "suites/quick.yaml",
            "checkpoints/tiny.safetensors",
            "LICENSE-MIT",
        ] {
            assert!(folder.join(name).is_file(), "{name}");
        }
        let readme = fs::read_to_string(folder.join("README")).expect("there");
        assert!(readme.contains("Secateur 1.2.3") && readme.contains("torch==2.11.0"), "{readme}");
        // A folder that no distribution is in is not removed.
        let precious = root.path().join("precious");
        fs::create_dir(&precious).expect("a folder");
        let made = tempfile::tempdir_in(root.path()).expect("a folder");
        assert!(place(made, &precious).is_err());
        assert!(precious.is_dir());
    }
}
