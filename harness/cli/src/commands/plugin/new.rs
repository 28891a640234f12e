//! `secateur plugin new`: a folder outside of the repository that builds, validates and runs as it is.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};

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

/// The contract for C and C++, copied into the folder so that it needs no checkout.
const HEADER: &str = include_str!("../../../../abi/include/secateur_plugin.h");
const CPP_HEADER: &str = include_str!("../../../../abi/include/secateur_plugin.hpp");

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

/// A name in the forms that languages ask for.
struct Names {
    /// As it was given: `my-method`.
    name: String,
    /// Of a file or a library: `my_method`.
    snake: String,
    /// Of a type: `MyMethod`.
    camel: String,
    /// For people: `My method`.
    title: String,
}

impl Names {
    fn of(name: &str) -> anyhow::Result<Self> {
        let good = name.len() <= 64
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            && name.ends_with(|last: char| last.is_ascii_alphanumeric());
        ensure!(
            good,
            "`{name}` is no name for a method; take a letter, then letters, digits, `-` and `_`, and at the end a letter or digit, for \
             example `soft-threshold`"
        );
        let snake = name.to_ascii_lowercase().replace('-', "_");
        // Cargo refuses these as names of packages, or the crate would hide one that it needs.
        ensure!(
            !RESERVED.contains(&snake.as_str()),
            "`{name}` means something else in Rust; take another name, for example `{name}-pruning`"
        );
        let words: Vec<&str> = name.split(['-', '_']).filter(|word| !word.is_empty()).collect();
        let capital = |word: &str| {
            let (first, rest) = word.split_at(1);
            format!("{}{rest}", first.to_ascii_uppercase())
        };
        let mut camel: String = words.iter().map(|word| capital(word)).collect();
        if TAKEN.contains(&camel.as_str()) {
            camel.push_str("Method");
        }
        Ok(Self { title: capital(&words.join(" ")), camel, snake, name: name.to_owned() })
    }
}

const RESERVED: [&str; 66] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "schemars",
    "secateur_abi",
    "secateur_sdk",
    "self",
    "serde",
    "static",
    "std",
    "struct",
    "super",
    "tch",
    "test",
    "torch_sys",
    "tracing",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
    "build",
    "deps",
    "examples",
];

/// Types that the templates use, in Rust or in C++.
const TAKEN: [&str; 40] = [
    "Batch",
    "Box",
    "CStr",
    "ChannelCriterion",
    "Clone",
    "Config",
    "Copy",
    "Criterion",
    "Cut",
    "Debug",
    "Default",
    "Deserialize",
    "Device",
    "Err",
    "Error",
    "ErrorKind",
    "Flags",
    "Granularity",
    "Group",
    "Hooks",
    "JsonSchema",
    "Kind",
    "None",
    "Ok",
    "Option",
    "Param",
    "PerChannel",
    "PruneMethod",
    "Request",
    "Result",
    "Run",
    "Scope",
    "Self",
    "Side",
    "Some",
    "Split",
    "StepAction",
    "Target",
    "Tensor",
    "Vec",
];

/// The beginning that a kind has in a language.
struct Source {
    template: &'static str,
    /// The file, or the ending of one that is called as the method is.
    file: &'static str,
    what: &'static str,
    example_params: &'static str,
}

fn source(lang: Language, kind: Kind) -> Source {
    macro_rules! template {
        ($path:literal) => {
            include_str!(concat!("../../../templates/", $path))
        };
    }
    // In C, what all kinds have in common is around what is the kind's own.
    macro_rules! c_template {
        ($kind:literal) => {
            concat!(
                template!("c/begin.c"),
                include_str!(concat!("../../../templates/c/", $kind, "-about.h")),
                template!("c/middle.c"),
                include_str!(concat!("../../../templates/c/", $kind, ".c")),
                template!("c/end.c")
            )
        };
    }
    let (template, file) = match (lang, kind) {
        (Language::Rust, Kind::Criterion) => (template!("rust/criterion.rs"), "src/lib.rs"),
        (Language::Rust, Kind::Hooks) => (template!("rust/hooks.rs"), "src/lib.rs"),
        (Language::Rust, Kind::Method) => (template!("rust/method.rs"), "src/lib.rs"),
        (Language::Rust, Kind::Channels) => (template!("rust/channels.rs"), "src/lib.rs"),
        (Language::Cpp, Kind::Criterion) => (template!("cpp/criterion.cpp"), ".cpp"),
        (Language::Cpp, Kind::Hooks) => (template!("cpp/hooks.cpp"), ".cpp"),
        (Language::Cpp, Kind::Method) => (template!("cpp/method.cpp"), ".cpp"),
        (Language::Cpp, Kind::Channels) => (template!("cpp/channels.cpp"), ".cpp"),
        (Language::Python, Kind::Criterion) => (template!("python/criterion.py"), ".py"),
        (Language::Python, Kind::Hooks) => (template!("python/hooks.py"), ".py"),
        (Language::Python, Kind::Method) => (template!("python/method.py"), ".py"),
        (Language::Python, Kind::Channels) => (template!("python/channels.py"), ".py"),
        (Language::C, Kind::Criterion) => (c_template!("criterion"), ".c"),
        (Language::C, Kind::Hooks) => (c_template!("hooks"), ".c"),
        (Language::C, Kind::Method) => (c_template!("method"), ".c"),
        (Language::C, Kind::Channels) => (c_template!("channels"), ".c"),
    };
    let (what, example_params) = match (lang, kind) {
        (Language::C, Kind::Criterion) => {
            ("Keeps the weights with the largest absolute values.", "scope: uniform")
        }
        (Language::Python, Kind::Channels) => {
            ("Keeps the channels whose filters have the largest single weights.", "readers: true")
        }
        (_, Kind::Criterion) => ("Keeps the weights with the largest absolute values.", "relative: true"),
        (_, Kind::Hooks) => (
            "Gradual magnitude pruning: the smallest weights go little by little while the host trains.",
            "every: 5",
        ),
        (_, Kind::Method) => (
            "Magnitude pruning in rounds: each removes the smallest weights, and trains in between.",
            "rounds: 5",
        ),
        (_, Kind::Channels) => ("Keeps the channels whose filters have the largest norm.", "exponent: 1"),
    };
    Source { template, file, what, example_params }
}

/// The checkout of Secateur that this program lies in, or else was built from.
fn checkout() -> Option<PathBuf> {
    let is_one = |folder: &Path| folder.join("harness/sdk/Cargo.toml").is_file();
    let exe = std::env::current_exe().ok().and_then(|exe| std::fs::canonicalize(exe).ok());
    let around =
        exe.as_deref().and_then(|exe| exe.ancestors().find(|folder| is_one(folder)).map(Path::to_owned));
    let built_from = || Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(Path::to_owned);
    around.or_else(|| built_from().filter(|folder| is_one(folder)))
}

/// A crate with a workspace of its own would break that of the checkout.
fn refuse_inside_of_a_checkout(folder: &Path) -> anyhow::Result<()> {
    let absolute =
        std::path::absolute(folder).with_context(|| format!("`{}` is no folder", folder.display()))?;
    if let Some(root) = absolute.ancestors().find(|folder| folder.join("harness/sdk/Cargo.toml").is_file()) {
        bail!(
            "{} lies in the checkout {}; take a folder outside of it with --path, or make a crate of the workspace, as \
             docs/adding-a-method.md says",
            folder.display(),
            root.display()
        );
    }
    Ok(())
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

/// A text between quotation marks of TOML.
fn toml(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Where a crate finds the SDK.
enum Sdk {
    /// A checkout of Secateur.
    Checkout { root: PathBuf, named: bool },
    /// A git repository.
    Git { url: String, revision: Option<String> },
}

impl Sdk {
    fn find(named: Option<&str>, checkout: Option<PathBuf>) -> anyhow::Result<Self> {
        let Some(named) = named else {
            let root = checkout.context(
                "this program does not lie in a checkout of Secateur, and the one it was built from is gone; say with --sdk where the \
                 SDK is: a checkout, or the URL of a git repository",
            )?;
            return Ok(Self::Checkout { root, named: false });
        };
        let path = Path::new(named);
        if !path.exists() && (named.contains("://") || named.starts_with("git@")) {
            let (url, revision) = match named.split_once('#') {
                Some((url, revision)) => (url.to_owned(), Some(revision.to_owned())),
                None => (named.to_owned(), None),
            };
            return Ok(Self::Git { url, revision });
        }
        let path = std::fs::canonicalize(path)
            .with_context(|| format!("--sdk {named} is neither a folder nor the URL of a git repository"))?;
        // The checkout, or the SDK's own folder in it.
        let root = path.ancestors().take(3).find(|folder| folder.join("harness/sdk/Cargo.toml").is_file());
        let root = root.with_context(|| {
            format!(
                "--sdk {named} is no checkout of Secateur: there is no {}",
                path.join("harness/sdk/Cargo.toml").display()
            )
        })?;
        Ok(Self::Checkout { root: root.to_owned(), named: true })
    }

    /// The dependency, and a comment that says where it comes from.
    fn dependency(&self) -> (String, String) {
        match self {
            Self::Checkout { root, named } => {
                let path = root.join("harness/sdk");
                let origin = if *named {
                    "The SDK of the checkout that --sdk named."
                } else {
                    "The SDK of the checkout that `secateur` was built from."
                };
                let comment = format!(
                    "{origin} For another one, or on another machine, write its path, or `git = \"URL\", rev = \"...\"`."
                );
                (format!("path = {}", toml(&path.display().to_string())), comment)
            }
            Self::Git { url, revision } => {
                let mut dependency = format!("git = {}", toml(url));
                if let Some(revision) = revision {
                    dependency.push_str(&format!(", rev = {}", toml(revision)));
                }
                (
                    dependency,
                    "The SDK of the repository that --sdk named; Cargo.lock holds its revision.".to_owned(),
                )
            }
        }
    }
}

/// A crate in Rust.
fn rust_crate(
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
    files.add("Cargo.toml", fill(include_str!("../../../templates/rust/manifest.toml"), values));
    files.add("build.rs", fill(include_str!("../../../templates/rust/build.rs"), values));
    files.add(".cargo/config.toml", fill(include_str!("../../../templates/rust/config.toml"), values));
    files.add("src/lib.rs", fill(source.template, values));
    Ok(())
}

/// A folder that one line of a C or C++ compiler builds.
fn native_folder(lang: Language, names: &Names, source: &Source, values: &mut Values, files: &mut Files) {
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
            include_str!("../../../templates/cpp/build.sh")
        }
        _ => include_str!("../../../templates/c/build.sh"),
    };
    files.add("build.sh", fill(build, values));
}

/// A folder with a class, which is run as it is.
fn python_folder(kind: Kind, names: &Names, source: &Source, values: &mut Values, files: &mut Files) {
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
struct Files(Vec<(String, String)>);

impl Files {
    fn add(&mut self, name: &str, text: String) {
        self.0.push((name.to_owned(), text));
    }

    /// Makes the folder and everything in it; a folder that is there is left as it is.
    fn write(&self, folder: &Path) -> anyhow::Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_forms_that_languages_ask_for() {
        let names = Names::of("soft-threshold_2").expect("a good name");
        assert_eq!(names.snake, "soft_threshold_2");
        assert_eq!(names.camel, "SoftThreshold2");
        assert_eq!(names.title, "Soft threshold 2");
        // The prelude has a `Run`.
        assert_eq!(Names::of("run").expect("a good name").camel, "RunMethod");
        for bad in
            ["", "2fast", "-x", "a b", "größe", "a/b", "..", "x-", "self", "secateur-sdk", &"x".repeat(65)]
        {
            let error = Names::of(bad).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(&format!("`{bad}`")) && error.contains("take"), "{bad}: {error}");
        }
    }

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
