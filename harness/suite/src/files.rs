//! Files that the parameters of a method name: `file:NAME` stands for a file that the suite's entry declares.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::yaml::nearest;

/// What a parameter begins with that stands for a declared file.
const PREFIX: &str = "file:";

/// Names of the files that parameters stand for, each once for every place.
#[must_use]
pub fn named_files(params: &Value) -> Vec<&str> {
    match params {
        Value::String(text) => text.strip_prefix(PREFIX).into_iter().collect(),
        Value::Array(values) => values.iter().flat_map(named_files).collect(),
        Value::Object(values) => values.values().flat_map(named_files).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// Parameters as a method gets them: with the paths of the files in place of their names.
///
/// # Errors
/// Names a file that is not declared, or whose path is not UTF-8.
pub fn with_paths(params: &Value, files: &BTreeMap<String, PathBuf>) -> Result<Value, String> {
    Ok(match params {
        Value::String(text) => match text.strip_prefix(PREFIX) {
            None => params.clone(),
            Some(name) => {
                let path = files.get(name).ok_or_else(|| undeclared(name, files.keys()))?;
                let text = path.to_str().ok_or_else(|| {
                    format!("the path of file `{name}`, {}, is not UTF-8; rename it", path.display())
                })?;
                Value::String(text.to_owned())
            }
        },
        Value::Array(values) => {
            Value::Array(values.iter().map(|value| with_paths(value, files)).collect::<Result<_, _>>()?)
        }
        Value::Object(values) => {
            let values = values.iter().map(|(key, value)| Ok((key.clone(), with_paths(value, files)?)));
            Value::Object(values.collect::<Result<_, String>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => params.clone(),
    })
}

/// Why a name stands for nothing.
pub(crate) fn undeclared<'a>(name: &str, declared: impl Iterator<Item = &'a String>) -> String {
    match nearest(name, declared.map(String::as_str)) {
        Some(near) => {
            format!(
                "`{PREFIX}{name}` names a file that `files` does not have; did you mean `{PREFIX}{near}`?"
            )
        }
        None => format!(
            "`{PREFIX}{name}` names a file that `files` does not have; declare it there as `{name}: PATH`"
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_become_paths_wherever_they_stand() {
        let params = json!({"path": "file:a", "list": ["file:b", 1], "deep": {"x": "file:a"}, "text": "a file:b", "n": null});
        assert_eq!(named_files(&params), ["a", "b", "a"]);
        let files =
            [("a".to_owned(), PathBuf::from("/x/a.py")), ("b".to_owned(), PathBuf::from("/y"))].into();
        let expected = json!({"path": "/x/a.py", "list": ["/y", 1], "deep": {"x": "/x/a.py"}, "text": "a file:b", "n": null});
        assert_eq!(with_paths(&params, &files), Ok(expected));
    }

    #[test]
    fn a_name_that_is_not_declared_is_an_error_with_the_nearest_one() {
        let files = [("method".to_owned(), PathBuf::from("/x"))].into();
        let error = with_paths(&json!({"path": "file:methud"}), &files).unwrap_err();
        assert!(error.contains("`file:methud`") && error.contains("`file:method`"), "{error}");
        let error = with_paths(&json!("file:x"), &BTreeMap::new()).unwrap_err();
        assert!(error.contains("`x: PATH`"), "{error}");
    }
}
