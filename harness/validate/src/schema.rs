//! The JSON Schema of a method's parameters: its properties, and values that it allows or does not.

use serde_json::{Map, Value, json};

/// How deep references are followed.
const DEPTH: usize = 8;

/// Properties by name.
pub(crate) fn properties(schema: &Value) -> Map<String, Value> {
    schema["properties"].as_object().cloned().unwrap_or_default()
}

/// Names of properties that must be given.
pub(crate) fn required(schema: &Value) -> Vec<String> {
    let names = schema["required"].as_array().cloned().unwrap_or_default();
    names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// The alternatives that a property's schema comes down to, references followed.
fn alternatives<'s>(root: &'s Value, schema: &'s Value, depth: usize) -> Vec<&'s Value> {
    if depth > DEPTH {
        return Vec::new();
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#'));
        return target.map(|target| alternatives(root, target, depth + 1)).unwrap_or_default();
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        if let Some(parts) = schema[key].as_array() {
            return parts.iter().flat_map(|part| alternatives(root, part, depth + 1)).collect();
        }
    }
    vec![schema]
}

fn allows(schema: &Value, kind: &str) -> bool {
    match &schema["type"] {
        Value::String(own) => own == kind || own == "number" && kind == "integer",
        Value::Array(several) => several.iter().any(|own| own == kind),
        // An enumeration of texts, or nothing that would say.
        _ => match &schema["const"] {
            Value::Null => schema["enum"].is_null() || kind == "string",
            value => value.is_string() == (kind == "string"),
        },
    }
}

/// A value of a kind that a property does not have; `None` if it takes every kind.
pub(crate) fn wrong_value(root: &Value, property: &Value) -> Option<Value> {
    let own = alternatives(root, property, 0);
    let candidates = [
        ("string", json!("neither number nor truth")),
        ("number", json!(17.5)),
        ("boolean", json!(true)),
        ("array", json!([])),
    ];
    candidates
        .into_iter()
        .find(|(kind, _)| own.iter().all(|schema| !allows(schema, kind)))
        .map(|(_, value)| value)
}

/// Values that a property allows, as far as its schema tells, extreme ones among them.
pub(crate) fn values(root: &Value, property: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    if !property["default"].is_null() {
        found.push(property["default"].clone());
    }
    for schema in alternatives(root, property, 0) {
        if !schema["const"].is_null() {
            found.push(schema["const"].clone());
        } else if let Some(several) = schema["enum"].as_array() {
            found.extend(several.iter().cloned());
        } else if allows(schema, "boolean") && schema["type"] != Value::Null {
            found.extend([json!(true), json!(false)]);
        } else if schema["type"] == "integer" || allows(schema, "integer") && !allows(schema, "number") {
            found.extend([0, 1, 2, 3, 5, 16].map(|number: i64| json!(number)));
        } else if allows(schema, "number") && schema["type"] != Value::Null {
            found.extend([0.0, 1e-9, 0.01, 0.25, 0.5, 0.9, 1.0, 2.0, -1.0].map(|number| json!(number)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Value {
        json!({
            "properties": {
                "count": {"type": "integer", "default": 3},
                "rate": {"type": "number"},
                "scope": {"$ref": "#/$defs/Scope"},
                "optional": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "flag": {"type": "boolean"},
                "anything": {},
            },
            "$defs": {"Scope": {"oneOf": [{"const": "global", "type": "string"}, {"const": "erk", "type": "string"}]}},
            "required": ["rate"],
        })
    }

    #[test]
    fn wrong_values_are_of_another_kind() {
        let schema = schema();
        let wrong = |name: &str| wrong_value(&schema, &schema["properties"][name]);
        assert!(wrong("count").is_some_and(|value| value.is_string()));
        assert!(wrong("rate").is_some_and(|value| value.is_string()));
        assert!(wrong("scope").is_some_and(|value| value.is_number()));
        assert!(wrong("optional").is_some_and(|value| value.is_number()));
        assert!(wrong("flag").is_some_and(|value| value.is_string()));
        assert_eq!(wrong("anything"), None);
    }

    #[test]
    fn values_are_of_the_kind() {
        let schema = schema();
        let values = |name: &str| values(&schema, &schema["properties"][name]);
        assert!(values("count").iter().all(Value::is_i64) && values("count").contains(&json!(3)));
        assert!(values("rate").iter().all(Value::is_f64));
        assert_eq!(values("scope"), [json!("global"), json!("erk")]);
        assert_eq!(values("flag"), [json!(true), json!(false)]);
        assert_eq!(required(&schema), ["rate"]);
        assert_eq!(properties(&schema).len(), 6);
    }
}
