//! Reading YAML: the one place that knows the parser and closes its holes.
//!
//! The parser accepts a repeated key in untyped data, turns NaN into null and leaves merge keys alone. Hence a
//! document is first read as a YAML value (repeated keys are errors there), merge keys are applied, and untyped
//! parameters are converted by [`to_json`], which refuses what JSON cannot hold.

use std::cell::Cell;
use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IgnoredAny, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde_json::Value as Json;
use serde_yaml::Value;

/// What is wrong with a YAML text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}{}", self.place(), self.snippet())]
pub struct YamlError {
    /// File name as the user gave it.
    pub file: String,
    /// Line from 1, if known.
    pub line: Option<usize>,
    /// Column from 1, if known.
    pub column: Option<usize>,
    /// What is wrong, and what to do.
    pub message: String,
    /// The line's text.
    pub text: String,
}

impl YamlError {
    fn place(&self) -> String {
        match (self.line, self.column) {
            (Some(line), Some(column)) => format!("{}:{line}:{column}: ", self.file),
            _ => format!("{}: ", self.file),
        }
    }

    fn snippet(&self) -> String {
        match (self.line, self.column) {
            (Some(line), Some(column)) if !self.text.is_empty() => {
                let number = line.to_string();
                let margin = " ".repeat(number.len());
                format!(
                    "\n {margin} |\n {number} | {}\n {margin} | {}^",
                    self.text,
                    " ".repeat(column.saturating_sub(1))
                )
            }
            _ => String::new(),
        }
    }
}

/// Reads a document into a type. Unknown keys name the nearest valid one.
///
/// # Errors
/// Returns the place and the reason.
pub(crate) fn from_str<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, YamlError> {
    check_size(file, text)?;
    // The typed reading of the text gives errors with places; the untyped one finds repeated keys.
    let mut value: Value = serde_yaml::from_str(text).map_err(|error| describe(file, text, &error))?;
    if text.contains("<<") && has_merge_key(&value) {
        value.apply_merge().map_err(|error| describe(file, text, &error))?;
        return serde_yaml::from_value(value).map_err(|error| describe(file, text, &error));
    }
    serde_yaml::from_str(text).map_err(|error| describe(file, text, &error))
}

/// Largest text that is read, in bytes; suites have a few kilobytes.
const LARGEST: usize = 1 << 20;
/// How many values the aliases of a document may add to those that are written.
const ALIASED: usize = 20_000;
/// How deep brackets may stand in one another before the parser sees them: it takes time with the square of the depth, and
/// goes no deeper than 128 itself.
const DEEPEST: usize = 256;

/// Refuses texts that would take unreasonable time or memory. A few aliases of aliases make gigabytes.
fn check_size(file: &str, text: &str) -> Result<(), YamlError> {
    let refuse = |line: Option<usize>, message: String| {
        let text = line.and_then(|line| text.lines().nth(line - 1)).unwrap_or_default();
        // The line itself may be what is too long.
        let text = text.chars().take(100).collect();
        Err(YamlError { file: file.to_owned(), line, column: line.map(|_| 1), message, text })
    };
    if text.len() > LARGEST {
        let message = format!("it has {} bytes; at most {} MiB are read", text.len(), LARGEST >> 20);
        return refuse(None, message);
    }
    let mut depth = 0_usize;
    for (index, line) in text.lines().enumerate() {
        let mut deepest = depth;
        for byte in line.bytes() {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            deepest = deepest.max(depth);
        }
        // Every indicator and two spaces may be a level, too.
        let outside = line.trim_start_matches([' ', '-', '?', ':', '\t']);
        if deepest > DEEPEST || line.len() - outside.len() > 2 * DEEPEST {
            return refuse(Some(index + 1), format!("is nested deeper than {DEEPEST} levels"));
        }
    }
    let counter = Counter { values: &Cell::new(0), most: text.len() + ALIASED };
    // Other errors are those of the readings that follow, which come no further.
    let _ = counter.deserialize(serde_yaml::Deserializer::from_str(text));
    if counter.values.get() > counter.most {
        let message = format!("its aliases repeat too much: they add more than {ALIASED} values");
        return refuse(None, message);
    }
    Ok(())
}

/// Counts the values of a document without keeping them.
#[derive(Clone, Copy)]
struct Counter<'a> {
    values: &'a Cell<usize>,
    most: usize,
}

impl Counter<'_> {
    fn count<E: serde::de::Error>(self) -> Result<(), E> {
        self.values.set(self.values.get() + 1);
        if self.values.get() > self.most { Err(E::custom("too many values")) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for Counter<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Counter<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while entries.next_key_seed(self)?.is_some() {
            entries.next_value_seed(self)?;
        }
        Ok(())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<(), A::Error> {
        let (_, content) = tagged.variant::<IgnoredAny>()?;
        content.newtype_variant_seed(self)
    }
}

fn has_merge_key(value: &Value) -> bool {
    match value {
        Value::Mapping(entries) => {
            entries.iter().any(|(key, item)| key.as_str() == Some("<<") || has_merge_key(item))
        }
        Value::Sequence(items) => items.iter().any(has_merge_key),
        Value::Tagged(tagged) => has_merge_key(&tagged.value),
        _ => false,
    }
}

fn describe(file: &str, text: &str, error: &serde_yaml::Error) -> YamlError {
    let location = error.location();
    let mut message = error.to_string();
    // The place stands before the message already.
    if let Some(at) = message.rfind(" at line ") {
        message.truncate(at);
    }
    if let Some(nearest) = nearest_expected(&message) {
        message.push_str(&format!("\n  help: did you mean `{nearest}`?"));
    }
    let line = location.as_ref().map(serde_yaml::Location::line);
    YamlError {
        file: file.to_owned(),
        line,
        column: location.as_ref().map(serde_yaml::Location::column),
        message,
        text: line.and_then(|line| text.lines().nth(line.saturating_sub(1))).unwrap_or_default().to_owned(),
    }
}

/// From "unknown field `x`, expected one of `a`, `b`" the nearest of the expected names.
pub(crate) fn nearest_expected(message: &str) -> Option<String> {
    if !message.contains("unknown field") && !message.contains("unknown variant") {
        return None;
    }
    let mut names = message.split('`').skip(1).step_by(2);
    let wrong = names.next()?;
    nearest(wrong, names)
}

/// No name is longer, and comparing two takes time and memory with the product of their lengths.
const LONGEST_NAME: usize = 200;

/// The name that is nearest to a misspelt one, if any is near.
pub fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    if wrong.len() > LONGEST_NAME {
        return None;
    }
    names
        .filter(|name| name.len() <= LONGEST_NAME)
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name.to_owned())
}

/// Converts untyped YAML into JSON.
///
/// # Errors
/// Refuses tags, keys that are no strings, NaN and infinities, naming the key.
pub fn to_json(value: &Value) -> Result<Json, String> {
    convert(value, &Path::Root)
}

/// Where a value stands; written out only where something is wrong with it.
enum Path<'a> {
    Root,
    Index(&'a Path<'a>, usize),
    Key(&'a Path<'a>, &'a str),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("params"),
            Self::Index(above, index) => write!(f, "{above}[{index}]"),
            Self::Key(above, key) => write!(f, "{above}.{key}"),
        }
    }
}

fn convert(value: &Value, path: &Path<'_>) -> Result<Json, String> {
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Number(number) => {
            let json = if let Some(whole) = number.as_u64() {
                Some(whole.into())
            } else if let Some(whole) = number.as_i64() {
                Some(whole.into())
            } else {
                number.as_f64().and_then(serde_json::Number::from_f64)
            };
            Json::Number(json.ok_or_else(|| format!("`{path}` is {number}, which is not a finite number"))?)
        }
        Value::String(text) => Json::String(text.clone()),
        Value::Sequence(items) => Json::Array(
            items
                .iter()
                .enumerate()
                .map(|(index, item)| convert(item, &Path::Index(path, index)))
                .collect::<Result<_, _>>()?,
        ),
        Value::Mapping(entries) => Json::Object(
            entries
                .iter()
                .map(|(key, item)| {
                    let key =
                        key.as_str().ok_or_else(|| format!("`{path}` has a key that is not a string"))?;
                    Ok((key.to_owned(), convert(item, &Path::Key(path, key))?))
                })
                .collect::<Result<_, String>>()?,
        ),
        Value::Tagged(tagged) => {
            return Err(format!("`{path}` has the tag {}, which is not supported", tagged.tag));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Result<Json, String> {
        to_json(&serde_yaml::from_str(text).map_err(|error: serde_yaml::Error| error.to_string())?)
    }

    #[test]
    fn numbers_keep_their_values() {
        let value = json("{lr: 1e-3, keep: .5, seed: 18446744073709551615, off: -3}").unwrap();
        assert_eq!(value["lr"], 0.001);
        assert_eq!(value["keep"], 0.5);
        assert_eq!(value["seed"], 18_446_744_073_709_551_615_u64);
        assert_eq!(value["off"], -3);
    }

    #[test]
    fn words_stay_words() {
        assert_eq!(json("{norm: no}").unwrap()["norm"], "no");
    }

    #[test]
    fn what_json_cannot_hold_is_refused() {
        assert!(json("{x: .nan}").unwrap_err().contains("params.x"));
        assert!(json("{x: [1, .inf]}").unwrap_err().contains("params.x[1]"));
        assert!(json("{1: 2}").unwrap_err().contains("not a string"));
        assert!(json("{x: !tag 2}").unwrap_err().contains("tag"));
    }

    #[test]
    fn repeated_keys_are_errors_in_untyped_data_too() {
        assert!(json("{x: 1, x: 2}").is_err());
        assert!(from_str::<Value>("a.yaml", "x:\n  y: 1\n  y: 2\n").is_err());
    }

    #[test]
    fn merge_keys_are_applied() {
        let text = "base: &base {a: 1, b: 2}\nuse:\n  <<: *base\n  b: 3\n";
        let value: Value = from_str("a.yaml", text).unwrap();
        assert_eq!(value["use"]["a"], Value::from(1));
        assert_eq!(value["use"]["b"], Value::from(3));
        let value: Value = from_str("a.yaml", "base: &base {a: 1}\nuse: {<<: *base, b: 3}\n").unwrap();
        assert_eq!(value["use"]["a"], Value::from(1));
        // A text is no key.
        let value: Value = from_str("a.yaml", "a: \"<<: b\"\n").unwrap();
        assert_eq!(value["a"], Value::from("<<: b"));
    }

    #[test]
    fn unknown_keys_name_place_and_nearest() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Suite {
            #[expect(dead_code, reason = "only the reading is tested")]
            replicates: u32,
        }
        let error = from_str::<Suite>("s.yaml", "replicates: 3\nreplicats: 2\n").unwrap_err();
        assert_eq!(error.line, Some(2));
        assert!(error.to_string().contains("did you mean `replicates`"), "{error}");
        assert!(error.to_string().starts_with("s.yaml:2:"), "{error}");
    }
}
