//! What a folder consists of in each language.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, bail};

use super::names::Names;
use super::sdk::{Sdk, toml};
use super::source::Source;
use super::{Kind, Language, Values, fill, find, quoted};

/// The contract for C and C++, copied into the folder so that it needs no checkout.
const HEADER: &str = include_str!("../../../../../abi/include/secateur_plugin.h");
const CPP_HEADER: &str = include_str!("../../../../../abi/include/secateur_plugin.hpp");

/// A crate in Rust.
pub(super) fn rust_crate(
    names: &Names,
    sdk: &Sdk,
    source: &Source,
    values: &mut Values,
    files: &mut Files,
) -> anyhow::Result<()> {
    let version = secateur_suite::LIBTORCH_VERSION;
    let (dependency, comment) = sdk.dependency();
    let mut described =
        "| `Cargo.toml`, `build.rs` | the crate; a comment says where it has the SDK from |\n\
         | `.cargo/config.toml` | where libtorch is |"
            .to_owned();
    // The host's own versions of everything: libtorch's bindings must be the same, and nothing needs to be looked up.
    if let Sdk::Checkout { root, .. } = sdk {
        let lock = root.join("Cargo.lock");
        if lock.is_file() {
            let text =
                std::fs::read_to_string(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
            files.add("Cargo.lock", text);
            described.push_str(
                "\n| `Cargo.lock` | versions of dependencies, those of the SDK's checkout to begin with |",
            );
        }
    }
    let libtorch = find(values, "libtorch").to_owned();
    let (libtorch_comment, libtorch_env, needs) = if libtorch.is_empty() {
        (
            format!("Say here where libtorch {version} is, or set LIBTORCH."),
            "# [env]\n# LIBTORCH = \"/path/to/libtorch\"".to_owned(),
            format!(
                "It needs Rust 1.89 or newer, a C++ compiler, and libtorch {version}: say in `.cargo/config.toml` where it is, or set \
                 `LIBTORCH`."
            ),
        )
    } else {
        (
            format!("libtorch {version}, the one of Secateur's checkout. A LIBTORCH of your own wins."),
            format!("[env]\nLIBTORCH = {}", toml(&libtorch)),
            format!(
                "It needs Rust 1.89 or newer, a C++ compiler, and libtorch {version}, whose place stands in `.cargo/config.toml`. The \
                 first build compiles libtorch's bindings, which takes some minutes on two cores."
            ),
        )
    };
    let library = format!("target/release/lib{}{}", names.snake, std::env::consts::DLL_SUFFIX);
    values.extend([
        ("sdk", dependency),
        ("sdk_comment", comment),
        ("libtorch_comment", libtorch_comment),
        ("libtorch_env", libtorch_env),
        ("needs", needs),
        ("files", described),
        ("library", library),
        ("source", source.file.to_owned()),
        ("what", source.what.to_owned()),
        ("example_params", source.example_params.to_owned()),
        ("build", "cargo build --release".to_owned()),
        ("ignored", "/target".to_owned()),
    ]);
    files.add("Cargo.toml", fill(include_str!("../../../../templates/rust/manifest.toml"), values));
    files.add("build.rs", fill(include_str!("../../../../templates/rust/build.rs"), values));
    files.add(".cargo/config.toml", fill(include_str!("../../../../templates/rust/config.toml"), values));
    files.add("src/lib.rs", fill(source.template, values));
    Ok(())
}

/// A folder that one line of a C or C++ compiler builds.
pub(super) fn native_folder(
    lang: Language,
    names: &Names,
    source: &Source,
    values: &mut Values,
    files: &mut Files,
) {
    let file = format!("{}{}", names.snake, source.file);
    let version = secateur_suite::LIBTORCH_VERSION;
    let library = format!("lib{}{}", names.snake, std::env::consts::DLL_SUFFIX);
    let (compiler, headers, needs) = match lang {
        Language::Cpp => (
            "C++",
            "`include/` | the plugin contract and its C++ side",
            format!(
                "It needs a C++17 compiler and libtorch {version}, whose place stands in `build.sh`. The host accepts no other version."
            ),
        ),
        _ => (
            "C",
            "`include/` | the plugin contract",
            "It needs a C11 compiler and nothing else: libtorch is found in the process that opens the library.".to_owned(),
        ),
    };
    let libtorch_comment = if find(values, "libtorch").is_empty() {
        "None was found when this was written, so set it."
    } else {
        "The one of Secateur's checkout is taken if it is not set."
    };
    values.extend([
        ("libtorch_comment", libtorch_comment.to_owned()),
        ("needs", needs),
        (
            "files",
            format!(
                "| `build.sh` | one line of the {compiler} compiler |\n| {headers}, copied from Secateur |"
            ),
        ),
        // A relative path with a slash: what has none could be taken for a library of the system.
        ("library", format!("./{library}")),
        ("file", file.clone()),
        ("source", file.clone()),
        ("what", source.what.to_owned()),
        ("example_params", source.example_params.to_owned()),
        ("build", "sh build.sh".to_owned()),
        ("ignored", format!("/{library}")),
    ]);
    files.add(&file, fill(source.template, values));
    files.add("include/secateur_plugin.h", HEADER.to_owned());
    let build = match lang {
        Language::Cpp => {
            files.add("include/secateur_plugin.hpp", CPP_HEADER.to_owned());
            include_str!("../../../../templates/cpp/build.sh")
        }
        _ => include_str!("../../../../templates/c/build.sh"),
    };
    files.add("build.sh", fill(build, values));
}

/// A folder with a class, which is run as it is.
pub(super) fn python_folder(
    kind: Kind,
    names: &Names,
    source: &Source,
    values: &mut Values,
    files: &mut Files,
) {
    let file = format!("{}{}", names.snake, source.file);
    let bridge = format!("libsecateur_python_bridge{}", std::env::consts::DLL_SUFFIX);
    let found =
        crate::plugins::folders().into_iter().map(|folder| folder.join(&bridge)).find(|path| path.is_file());
    let library = found
        .and_then(|path| std::fs::canonicalize(path).ok())
        .map_or(bridge, |path| quoted(&path.display().to_string()));
    let method = match kind {
        Kind::Channels => "org.secateur.python-channels",
        _ => "org.secateur.python",
    };
    let params = serde_json::json!({"class": names.camel, "path": "file:method"});
    values.extend([
        ("library", library),
        ("validate_more", format!("--method {method} --file method={file} --params '{params}'")),
        ("file", file.clone()),
        ("source", file.clone()),
        ("what", source.what.to_owned()),
        ("example_params", source.example_params.to_owned()),
        ("ignored", "__pycache__".to_owned()),
    ]);
    files.add(&file, fill(source.template, values));
}

/// Files to be written, by their place in the folder.
#[derive(Default)]
pub(super) struct Files(pub(super) Vec<(String, String)>);

impl Files {
    pub(super) fn add(&mut self, name: &str, text: String) {
        self.0.push((name.to_owned(), text));
    }

    /// Makes the folder and everything in it; a folder that is there is left as it is.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        match std::fs::create_dir(folder) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(
                "{} is there already, and nothing in it was touched; take another name, or another folder with --path",
                folder.display()
            ),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot make {}", folder.display()));
            }
        }
        for (name, text) in &self.0 {
            let path = folder.join(name);
            let parent = path.parent().unwrap_or(folder);
            std::fs::create_dir_all(parent)
                .and_then(|()| std::fs::write(&path, text))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}
