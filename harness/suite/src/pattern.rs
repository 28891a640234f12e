//! Patterns of N remaining weights among M consecutive ones.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// In every group of `of` weights that follow each other along the input channels, exactly `keep` remain (N:M sparsity;
/// 2:4 is what NVIDIA's sparse tensor cores multiply with, arXiv 2104.08378). Written as `2:4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    keep: u32,
    of: u32,
}

impl Pattern {
    /// Weights of a group that remain: at least 1, and fewer than [`Pattern::of`].
    #[must_use]
    pub fn keep(self) -> usize {
        self.keep as usize
    }

    /// Weights of a group.
    #[must_use]
    pub fn of(self) -> usize {
        self.of as usize
    }

    /// The keep that follows from it, the only one that a suite with this pattern can ask for.
    #[must_use]
    pub fn fraction(self) -> f64 {
        f64::from(self.keep) / f64::from(self.of)
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.keep, self.of)
    }
}

impl std::str::FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |digits: &str| {
            let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse().ok()).flatten()
        };
        text.split_once(':')
            .and_then(|(keep, of)| Some(Self { keep: number(keep)?, of: number(of)? }))
            .filter(|pattern| pattern.keep < pattern.of)
            .ok_or_else(|| {
                format!(
                    "`{text}` is not a pattern; write `2:4` for two that remain of each four, the first number smaller"
                )
            })
    }
}

impl Serialize for Pattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Pattern {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Pattern".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[1-9][0-9]*:[1-9][0-9]*$",
            "description": "N of M: `2:4` for two weights that remain of each four along the input channels."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Prunable;

    #[test]
    fn patterns_are_read_and_written() {
        for (text, fraction) in [("2:4", 0.5), ("1:4", 0.25), ("4:8", 0.5), ("1:2", 0.5), ("15:16", 0.9375)] {
            let pattern: Pattern = text.parse().unwrap();
            assert_eq!(pattern.to_string(), text);
            assert_eq!(pattern.fraction(), fraction);
        }
        for text in
            ["", "2", ":", "2:", ":4", "4:4", "5:4", "0:4", "02:4", "+2:4", "2:4:8", " 2:4", "2.0:4", "-1:4"]
        {
            let error = text.parse::<Pattern>().unwrap_err();
            assert!(error.contains("`2:4`"), "{error}");
        }
    }

    #[test]
    fn a_set_without_a_pattern_is_written_as_ever() {
        // What enters the identities of stages: no key may be new.
        let set = Prunable { name: "all".to_owned(), shortcuts: true, ..Prunable::default() };
        let text = serde_json::to_string(&set).unwrap();
        assert_eq!(text, r#"{"name":"all","linear":false,"stem":false,"shortcuts":true,"head":false}"#);
        let with = Prunable { pattern: Some("2:4".parse().unwrap()), ..set };
        let text = serde_json::to_string(&with).unwrap();
        assert!(text.ends_with(r#","head":false,"pattern":"2:4"}"#), "{text}");
        assert_eq!(serde_json::from_str::<Prunable>(&text).unwrap(), with);
    }
}
