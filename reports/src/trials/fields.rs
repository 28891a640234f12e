//! Fields of stored records as names and values.

use serde_json::Value;

use crate::text::{self, clean};

/// Characters of a value.
const LONGEST_VALUE: usize = 400;

/// Names and values of a record, nested names joined by dots. Empty values say nothing and are left out.
pub(crate) fn flatten(prefix: &str, value: &Value, fields: &mut Vec<(String, String)>) {
    let inner = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
    let text = match value {
        Value::Null => return,
        Value::Object(entries) => {
            entries.iter().for_each(|(name, value)| flatten(&inner(&clean(name)), value, fields));
            return;
        }
        Value::Array(values) if values.iter().any(|it| it.is_object() || it.is_array()) => {
            values
                .iter()
                .enumerate()
                .for_each(|(place, value)| flatten(&inner(&place.to_string()), value, fields));
            return;
        }
        Value::Array(values) => {
            let words: Vec<String> = values.iter().map(word).collect();
            words.join(", ")
        }
        other => word(other),
    };
    if !text.is_empty() {
        fields.push((prefix.to_owned(), text::fit(&text, LONGEST_VALUE)));
    }
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => clean(text),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_records_have_dotted_names_and_no_empty_values() {
        let mut fields = Vec::new();
        let record = json!({
            "list": [{ "a": "x".repeat(1000) }, { "a": "b\u{1b}" }],
            "numbers": [1, 2.5],
            "none": null,
            "empty": "",
            "nothing": [],
        });
        flatten("", &record, &mut fields);
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["list.0.a", "list.1.a", "numbers"]);
        assert_eq!(fields[0].1.chars().count(), LONGEST_VALUE);
        assert_eq!(fields[1].1, "b\u{fffd}");
        assert_eq!(fields[2].1, "1, 2.5");
    }
}
