//! The beginning that a kind of method has in a language.

use super::{Kind, Language};

/// The beginning that a kind has in a language.
pub(super) struct Source {
    pub(super) template: &'static str,
    /// The file, or the ending of one that is called as the method is.
    pub(super) file: &'static str,
    pub(super) what: &'static str,
    pub(super) example_params: &'static str,
}

pub(super) fn source(lang: Language, kind: Kind) -> Source {
    macro_rules! template {
        ($path:literal) => {
            include_str!(concat!("../../../../templates/", $path))
        };
    }
    // In C, what all kinds have in common is around what is the kind's own.
    macro_rules! c_template {
        ($kind:literal) => {
            concat!(
                template!("c/begin.c"),
                include_str!(concat!("../../../../templates/c/", $kind, "-about.h")),
                template!("c/middle.c"),
                include_str!(concat!("../../../../templates/c/", $kind, ".c")),
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
