//! What cargo knows of the workspace, and cargo commands.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Root of the workspace that this command runs for.
pub(crate) fn workspace_root() -> Result<PathBuf> {
    // What cargo says at run time counts: checkouts that share a target folder share this program, too.
    let package =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| OsString::from(env!("CARGO_MANIFEST_DIR")));
    let root = Path::new(&package)
        .ancestors()
        .nth(2)
        .context("this package stands two folders below the workspace")?;
    ensure!(
        root.join("Cargo.toml").is_file(),
        "`{}` is no workspace; run this as `cargo xtask`",
        root.display()
    );
    Ok(root.to_owned())
}

/// A command that runs cargo in the workspace.
pub(crate) fn command(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    // Cargo tells a program that it runs of which package it is. Build scripts that look at it would run anew, with all that depends on
    // them, whenever somebody starts cargo without this program.
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_package(name)) {
        command.env_remove(name);
    }
    command
}

/// Whether a variable tells of a package.
fn is_of_package(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
}

/// Runs a command whose output the user sees.
pub(crate) fn status(mut command: Command) -> Result<ExitStatus> {
    command.status().with_context(|| format!("could not start `{}`", command.get_program().display()))
}

/// A library or executable of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Artifact {
    /// The package.
    pub(crate) package: String,
    /// Its version.
    pub(crate) version: String,
    /// Name of the file.
    pub(crate) file: String,
}

/// What the workspace builds that others need beside libraries.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    /// Plugins: dynamic libraries in `plugins/`.
    pub(crate) plugins: Vec<Artifact>,
    /// Plugins that misbehave on purpose: dynamic libraries elsewhere.
    pub(crate) fixtures: Vec<Artifact>,
    /// `secateur` and `secateur-worker`, as far as they exist.
    pub(crate) binaries: Vec<Artifact>,
}

/// Names of the executables.
pub(crate) const BINARIES: [&str; 2] = ["secateur", "secateur-worker"];

impl Workspace {
    /// Asks cargo.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut command = command(root);
        command.args(["metadata", "--format-version", "1", "--no-deps", "--offline"]);
        let output = command.output().context("could not start cargo")?;
        ensure!(
            output.status.success(),
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        let metadata = serde_json::from_slice(&output.stdout).context("cargo metadata is no JSON")?;
        Self::parse(&metadata, root).context("cargo metadata lacks fields")
    }

    fn parse(metadata: &Value, root: &Path) -> Option<Self> {
        let mut workspace =
            Self { target: PathBuf::from(metadata.get("target_directory")?.as_str()?), ..Self::default() };
        for package in metadata.get("packages")?.as_array()? {
            let text = |key: &str| Some(package.get(key)?.as_str()?.to_owned());
            let folder = Path::new(package.get("manifest_path")?.as_str()?).parent()?.to_owned();
            for target in package.get("targets")?.as_array()? {
                let name = target.get("name")?.as_str()?;
                let has = |key: &str, value: &str| {
                    let values = target.get(key).and_then(Value::as_array);
                    values.is_some_and(|values| values.iter().any(|other| other.as_str() == Some(value)))
                };
                let artifact =
                    |file: String| Some(Artifact { package: text("name")?, version: text("version")?, file });
                if has("crate_types", "cdylib") && !has("kind", "example") {
                    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
                    let artifact = artifact(format!("{prefix}{}{suffix}", name.replace('-', "_")))?;
                    let shipped = folder.starts_with(root.join("plugins"));
                    if shipped { &mut workspace.plugins } else { &mut workspace.fixtures }.push(artifact);
                } else if has("kind", "bin") && BINARIES.contains(&name) {
                    workspace.binaries.push(artifact(format!("{name}{}", std::env::consts::EXE_SUFFIX))?);
                }
            }
        }
        for list in [&mut workspace.plugins, &mut workspace.fixtures, &mut workspace.binaries] {
            list.sort_by(|left, right| left.file.cmp(&right.file));
        }
        Some(workspace)
    }

    /// Checks that both executables exist.
    pub(crate) fn require_binaries(&self) -> Result<()> {
        for name in BINARIES {
            let found = self.binaries.iter().any(|binary| binary.file.trim_end_matches(".exe") == name);
            ensure!(found, "no package of this workspace has a binary `{name}`");
        }
        Ok(())
    }
}

/// Builds the packages of artifacts; nothing if there are none.
pub(crate) fn build(root: &Path, artifacts: &[&Artifact], release: bool) -> Result<bool> {
    if artifacts.is_empty() {
        return Ok(true);
    }
    let mut packages: Vec<&str> = artifacts.iter().map(|artifact| artifact.package.as_str()).collect();
    packages.sort_unstable();
    packages.dedup();
    let mut command = build_command(root, release);
    for package in packages {
        command.args(["--package", package]);
    }
    Ok(status(command)?.success())
}

/// Builds the whole workspace with all that its tests need.
///
/// Tests are among it since they enable features of dependencies: without them all libraries would be compiled for the artifacts
/// and once more for the tests.
pub(crate) fn build_with_tests(root: &Path, release: bool) -> Result<bool> {
    let mut command = build_command(root, release);
    command.args(["--workspace", "--lib", "--bins", "--tests", "--examples"]);
    Ok(status(command)?.success())
}

fn build_command(root: &Path, release: bool) -> Command {
    let mut command = command(root);
    command.arg("build");
    if release {
        command.arg("--release");
    }
    command
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_command_knows_nothing_of_the_package_that_starts_it() {
        // Cargo tells this test, too, of which package it is.
        assert!(
            std::env::var_os("CARGO_MANIFEST_DIR").is_some() && std::env::var_os("CARGO_PKG_NAME").is_some()
        );
        let command = command(Path::new("."));
        let removed: Vec<_> = command.get_envs().filter(|(_, value)| value.is_none()).collect();
        for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_PKG_VERSION_MAJOR"] {
            assert!(removed.iter().any(|(removed, _)| *removed == name), "{name}");
        }
        assert!(!removed.iter().any(|(removed, _)| *removed == "CARGO_HOME" || *removed == "CARGO"));
    }

    #[test]
    fn plugins_fixtures_and_binaries_are_found_by_what_they_build() {
        let package = |name: &str, folder: &str, target: Value| {
            json!({
                "name": name, "version": "0.1.0", "manifest_path": format!("/w/{folder}/Cargo.toml"), "targets": [target],
            })
        };
        let library =
            |name: &str, kinds: &[&str]| json!({ "name": name, "kind": kinds, "crate_types": kinds });
        let metadata = json!({
            "target_directory": "/w/target",
            "packages": [
                package("secateur-random", "plugins/random", library("secateur_random", &["cdylib", "rlib"])),
                package("secateur-magnitude", "plugins/magnitude", library("secateur-magnitude", &["cdylib"])),
                package("fixture-panics", "tests/fixtures/panics", library("fixture_panics", &["cdylib"])),
                package("secateur-network", "harness/network", library("secateur_network", &["lib"])),
                package("secateur-cli", "harness/cli", library("secateur", &["bin"])),
                package("secateur-xtask", "harness/xtask", library("secateur-xtask", &["bin"])),
            ],
        });
        let workspace = Workspace::parse(&metadata, Path::new("/w")).expect("complete");
        let names =
            |list: &[Artifact]| list.iter().map(|artifact| artifact.package.clone()).collect::<Vec<_>>();
        assert_eq!(names(&workspace.plugins), ["secateur-magnitude", "secateur-random"]);
        assert_eq!(names(&workspace.fixtures), ["fixture-panics"]);
        assert_eq!(names(&workspace.binaries), ["secateur-cli"]);
        assert_eq!(workspace.target, Path::new("/w/target"));
        if cfg!(target_os = "linux") {
            assert_eq!(workspace.plugins[0].file, "libsecateur_magnitude.so");
        }
        let error = workspace.require_binaries().expect_err("one is missing").to_string();
        assert!(error.contains("`secateur-worker`"), "{error}");
        assert!(Workspace::parse(&json!({}), Path::new("/w")).is_none());
    }
}
