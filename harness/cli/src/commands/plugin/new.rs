//! `secateur plugin new`: a folder outside of the repository that builds, validates and runs as it is.

mod folder;
mod names;
mod sdk;
mod source;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::ensure;
use clap::{Args, ValueEnum};
use folder::{Files, native_folder, python_folder, rust_crate};
use names::Names;
use sdk::{Sdk, checkout, refuse_inside_of_a_checkout};
use source::source;

/// Arguments of `plugin new`.
#[derive(Args, Debug)]
pub(crate) struct New {
    /// Name of the method: a letter, then letters, digits, `-` and `_`.
    name: String,
    /// What kind of method the folder begins with.
    #[arg(long, value_enum, default_value_t = Kind::Criterion)]
    kind: Kind,
    /// The language it is written in.
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    lang: Language,
    /// The folder to make; it must not be there yet [default: NAME, in the current folder].
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
    /// Where a crate in Rust finds the SDK: a checkout of Secateur, or the URL of a git repository, with `#REVISION` behind it if need
    /// be [default: the checkout that this program was built from].
    #[arg(long, value_name = "PATH-OR-URL")]
    sdk: Option<String>,
}

/// Kinds of methods, as in docs/adding-a-method.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A score for each weight; the host selects, masks and trains.
    Criterion,
    /// Takes part while the host trains.
    Hooks,
    /// The whole run.
    Method,
    /// A score for each channel.
    Channels,
}

/// Languages that there is a beginning in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    /// A crate on the SDK.
    Rust,
    /// C++17 on libtorch's C++ API.
    Cpp,
    /// C11 on libtorch's C shim.
    C,
    /// A class in Python, which the Python bridge runs.
    Python,
}

impl New {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let names = Names::of(&self.name)?;
        let source = source(self.lang, self.kind);
        let folder = self.path.unwrap_or_else(|| PathBuf::from(&self.name));
        let checkout = checkout();
        refuse_inside_of_a_checkout(&folder)?;
        let mut values = values(&names, self.kind, checkout.as_deref());
        let mut files = Files::default();
        match self.lang {
            Language::Rust => {
                let sdk = Sdk::find(self.sdk.as_deref(), checkout)?;
                rust_crate(&names, &sdk, &source, &mut values, &mut files)?;
            }
            Language::Cpp | Language::C => {
                ensure!(
                    self.sdk.is_none(),
                    "--sdk is for crates in Rust; plugins in C and C++ need the header alone, which is copied"
                );
                native_folder(self.lang, &names, &source, &mut values, &mut files);
            }
            Language::Python => {
                ensure!(
                    self.sdk.is_none(),
                    "--sdk is for crates in Rust; methods in Python need the Python bridge alone"
                );
                python_folder(self.kind, &names, &source, &mut values, &mut files);
            }
        }
        let (suite, readme) = match (self.lang, self.kind) {
            (Language::Python, Kind::Channels) => (
                include_str!("../../../templates/python/suite-channels.yaml"),
                include_str!("../../../templates/python/README.md"),
            ),
            (Language::Python, _) => (
                include_str!("../../../templates/python/suite-weights.yaml"),
                include_str!("../../../templates/python/README.md"),
            ),
            (_, Kind::Channels) => (
                include_str!("../../../templates/suite-channels.yaml"),
                include_str!("../../../templates/README.md"),
            ),
            _ => (
                include_str!("../../../templates/suite-weights.yaml"),
                include_str!("../../../templates/README.md"),
            ),
        };
        files.add("suite.yaml", fill(suite, &values));
        files.add(".gitignore", fill(include_str!("../../../templates/gitignore"), &values));
        files.add("README.md", fill(readme, &values));
        files.write(&folder)?;

        let value = |key| find(&values, key);
        println!("made {} with the method {}", folder.display(), value("id"));
        println!("\nnext, as its README.md says:\n");
        println!("  cd {}", quoted(&folder.display().to_string()));
        if !value("build").is_empty() {
            println!("  {}", value("build"));
        }
        let validate = format!("{} plugin validate {}", value("secateur"), value("library"));
        println!("  {}", format!("{validate} {}", value("validate_more")).trim_end());
        let run = format!("{} run suite.yaml --store store --plugin {}", value("secateur"), value("library"));
        println!("  {}", format!("{run} {}", value("baseline_plugin")).trim_end());
        println!("  {} report --store store --out report", value("secateur"));
        Ok(ExitCode::SUCCESS)
    }
}

/// What a template's placeholders stand for; `@key@` in the text.
type Values = Vec<(&'static str, String)>;

fn fill(template: &str, values: &Values) -> String {
    values.iter().fold(template.to_owned(), |text, (key, value)| text.replace(&format!("@{key}@"), value))
}

fn find<'a>(values: &'a Values, key: &str) -> &'a str {
    values.iter().find(|(name, _)| *name == key).map_or("", |(_, value)| value)
}

/// What all languages have in common.
fn values(names: &Names, kind: Kind, checkout: Option<&Path>) -> Values {
    let (baselines, library) = match kind {
        Kind::Channels => ("random pruning and the L1 norm", "libsecateur_channel_baselines"),
        _ => ("random pruning and magnitude", "libsecateur_magnitude"),
    };
    let file = format!("{library}{}", std::env::consts::DLL_SUFFIX);
    let found =
        crate::plugins::folders().into_iter().map(|folder| folder.join(&file)).find(|path| path.is_file());
    let found = found.and_then(|path| std::fs::canonicalize(path).ok());
    let note = if found.is_some() {
        "\nA run with `--plugin` takes no other plugins than those that are named; the second one has the baselines.\n".to_owned()
    } else {
        format!(
            "\nThe baselines of the suite are in `{file}`, which was not found when this folder was made. Build Secateur, and name \
             that file with a second `--plugin`.\n"
        )
    };
    let libtorch = checkout.map(|root| root.join(".libtorch")).filter(|link| link.join("lib").is_dir());
    let given = || std::env::var_os("LIBTORCH").map(PathBuf::from);
    let libtorch = libtorch.or_else(given).map(|path| path.display().to_string());
    let secateur = std::env::current_exe().ok().filter(|_| !is_on_the_path());
    let text = |path: PathBuf| quoted(&path.display().to_string());
    vec![
        ("name", names.name.clone()),
        ("crate", names.name.to_ascii_lowercase()),
        ("id", format!("org.example.{}", names.name.to_ascii_lowercase())),
        ("Type", names.camel.clone()),
        ("title", names.title.clone()),
        ("baselines", baselines.to_owned()),
        ("baseline_plugin", found.map(|path| format!("--plugin {}", text(path))).unwrap_or_default()),
        ("baseline_note", note),
        ("secateur", secateur.map_or_else(|| "secateur".to_owned(), text)),
        ("libtorch", libtorch.unwrap_or_default()),
        ("libtorch_version", secateur_suite::LIBTORCH_VERSION.to_owned()),
    ]
}

/// Whether `secateur` alone starts this program.
fn is_on_the_path() -> bool {
    let own = std::env::current_exe().ok().and_then(|exe| std::fs::canonicalize(exe).ok());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let first =
        std::env::split_paths(&path).map(|folder| folder.join("secateur")).find(|file| file.is_file());
    own.is_some() && first.and_then(|file| std::fs::canonicalize(file).ok()) == own
}

/// A word of a shell's command.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+:@%=,~".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_of_every_template_is_filled() {
        let names = Names::of("my-method").expect("a good name");
        let sdk = Sdk::Git { url: "https://example.org/x.git".to_owned(), revision: Some("abc".to_owned()) };
        for lang in [Language::Rust, Language::Cpp, Language::C, Language::Python] {
            for kind in [Kind::Criterion, Kind::Hooks, Kind::Method, Kind::Channels] {
                let source = source(lang, kind);
                let mut values = values(&names, kind, None);
                let mut files = Files::default();
                match lang {
                    Language::Rust => {
                        rust_crate(&names, &sdk, &source, &mut values, &mut files).expect("files")
                    }
                    Language::Python => python_folder(kind, &names, &source, &mut values, &mut files),
                    _ => native_folder(lang, &names, &source, &mut values, &mut files),
                }
                let readme = match lang {
                    Language::Python => include_str!("../../../templates/python/README.md"),
                    _ => include_str!("../../../templates/README.md"),
                };
                files.add("README.md", fill(readme, &values));
                for (name, text) in &files.0 {
                    for word in text.split(|c: char| c.is_whitespace() || "\"'`({,".contains(c)) {
                        let unfilled = word.len() > 2 && word.starts_with('@');
                        assert!(!unfilled, "{name} has {word}");
                    }
                }
                let manifest = files.0.iter().find(|(name, _)| name == "Cargo.toml");
                if let Some((_, text)) = manifest {
                    assert!(text.contains("git = \"https://example.org/x.git\", rev = \"abc\""), "{text}");
                }
            }
        }
    }

    #[test]
    fn words_of_a_shell_are_quoted() {
        assert_eq!(quoted("/a/b-1.so"), "/a/b-1.so");
        assert_eq!(quoted("ein Prüfstand"), "'ein Prüfstand'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
