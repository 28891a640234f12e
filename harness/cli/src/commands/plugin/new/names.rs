//! Names of methods, in the forms that languages ask for.

use anyhow::ensure;

/// A name in the forms that languages ask for.
pub(super) struct Names {
    /// As it was given: `my-method`.
    pub(super) name: String,
    /// Of a file or a library: `my_method`.
    pub(super) snake: String,
    /// Of a type: `MyMethod`.
    pub(super) camel: String,
    /// For people: `My method`.
    pub(super) title: String,
}

impl Names {
    pub(super) fn of(name: &str) -> anyhow::Result<Self> {
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
}
