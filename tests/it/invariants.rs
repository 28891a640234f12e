//! What ARCHITECTURE promises about crates, held against cargo's own account of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::workspace;

/// Direct dependencies of every package by name, those of tests and build scripts left out.
struct Crates {
    dependencies: BTreeMap<String, BTreeSet<String>>,
    folders: BTreeMap<String, String>,
}

/// The platform that the compiler builds for.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host").to_owned()
}

impl Crates {
    fn read() -> Self {
        let output = Command::new(env!("CARGO"))
            // Without a platform cargo asks for packages that only others need.
            .args([
                "metadata",
                "--format-version",
                "1",
                "--offline",
                "--locked",
                "--filter-platform",
                &host(),
            ])
            .current_dir(workspace())
            .output()
            .expect("cargo starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let packages = list(&metadata["packages"]);
        let names: BTreeMap<String, String> =
            packages.iter().map(|package| (text(&package["id"]), text(&package["name"]))).collect();
        let members: BTreeSet<String> = list(&metadata["workspace_members"]).iter().map(text).collect();
        let root = format!("{}/", workspace().display());
        let folder = |package: &Value| {
            let manifest = text(&package["manifest_path"]);
            let folder = Path::new(&manifest).parent().map(|folder| format!("{}/", folder.display()));
            folder.unwrap_or_default().trim_start_matches(&root).trim_end_matches('/').to_owned()
        };
        let own = packages.iter().filter(|package| members.contains(&text(&package["id"])));
        let folders = own.map(|package| (text(&package["name"]), folder(package))).collect();
        let mut dependencies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in list(&metadata["resolve"]["nodes"]) {
            let normal = list(&node["deps"]).into_iter().filter(|dependency| {
                list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null())
            });
            let needed = normal.map(|dependency| names[&text(&dependency["pkg"])].clone());
            dependencies.entry(names[&text(&node["id"])].clone()).or_default().extend(needed);
        }
        Self { dependencies, folders }
    }

    /// Everything that a package links, itself left out.
    fn all(&self, package: &str) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut stack = vec![package];
        while let Some(next) = stack.pop() {
            for dependency in self.dependencies.get(next).into_iter().flatten() {
                if found.insert(dependency.as_str()) {
                    stack.push(dependency);
                }
            }
        }
        found
    }

    fn direct(&self, package: &str) -> BTreeSet<&str> {
        self.dependencies.get(package).into_iter().flatten().map(String::as_str).collect()
    }
}

#[test]
fn the_command_line_and_all_it_plans_with_link_no_libtorch() {
    let crates = Crates::read();
    for name in
        ["network", "suite", "data", "metrics", "store", "checkpoint", "cli", "xtask", "reports", "abi"]
    {
        let package = format!("secateur-{name}");
        assert!(crates.folders.contains_key(&package), "there is no {package}");
        let all = crates.all(&package);
        for forbidden in ["tch", "torch-sys", "libloading"] {
            assert!(!all.contains(forbidden), "{package} depends on {forbidden}");
        }
    }
    // The walk does find what it looks for.
    assert!(crates.all("secateur-worker").contains("torch-sys"));
}

#[test]
fn only_the_host_opens_libraries_and_the_engine_does_not_know_it() {
    let crates = Crates::read();
    for package in crates.folders.keys() {
        let opens = crates.direct(package).contains("libloading");
        assert_eq!(opens, package == "secateur-host", "{package}");
    }
    let engine = crates.all("secateur-engine");
    for forbidden in ["secateur-host", "secateur-abi", "secateur-sdk"] {
        assert!(!engine.contains(forbidden), "the engine depends on {forbidden}");
    }
}

#[test]
fn vision_is_tensors_and_nothing_of_the_harness() {
    let crates = Crates::read();
    // Plugins link it beside the SDK, so what it links, each of them carries.
    assert_eq!(crates.direct("secateur-vision"), BTreeSet::from(["tch", "thiserror", "torch-sys"]));
}

#[test]
fn the_contract_depends_on_nothing_and_nobody_on_a_plugin() {
    let crates = Crates::read();
    assert!(crates.direct("secateur-abi").is_empty(), "{:?}", crates.direct("secateur-abi"));
    let plugins: Vec<&String> = crates
        .folders
        .iter()
        .filter(|(_, folder)| folder.starts_with("plugins/") || folder.starts_with("tests/fixtures/"))
        .map(|(name, _)| name)
        .collect();
    assert!(plugins.len() >= 5, "{plugins:?}");
    for package in crates.folders.keys() {
        for plugin in &plugins {
            assert!(
                !crates.direct(package).contains(plugin.as_str()),
                "{package} depends on the plugin {plugin}"
            );
        }
    }
    // A plugin knows the SDK, and nothing of the host or of what the host is made of.
    for plugin in plugins {
        let own: BTreeSet<&str> =
            crates.all(plugin).into_iter().filter(|name| crates.folders.contains_key(*name)).collect();
        let allowed: BTreeSet<&str> = ["secateur-sdk", "secateur-abi", "secateur-vision"].into();
        assert!(own.is_subset(&allowed), "{plugin}: {own:?}");
    }
}

/// `unsafe` is for the border between host and plugins.
#[test]
fn unsafe_code_stands_at_the_border_only() {
    fn look(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                look(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("readable");
                if text
                    .lines()
                    .any(|line| line.contains("unsafe {") || line.trim_start().starts_with("unsafe impl"))
                {
                    found.push(path.strip_prefix(workspace()).expect("inside").display().to_string());
                }
            }
        }
    }
    let mut found = Vec::new();
    for folder in ["harness", "plugins", "reports"] {
        look(&workspace().join(folder), &mut found);
    }
    let border = ["harness/abi/", "harness/sdk/", "harness/host/"];
    found.retain(|path| !border.iter().any(|border| path.starts_with(border)));
    assert_eq!(found, Vec::<String>::new());
}
