//! Which of a checkpoint's values are the tensors.

use std::collections::BTreeMap;

use crate::error::ParseError;
use crate::pickle::{Pickle, Value};
use crate::tensor::Tensors;

/// What data-parallel training puts before every name.
pub(crate) const PREFIX: &str = "module.";

/// Tensors by name, as indices in the pickle, and the plain values beside the state dict.
pub(crate) type Selection<'a> = (BTreeMap<&'a str, usize>, BTreeMap<String, String>);

/// Finds the state dict: under `state_dict` or `model`, or the outermost dict itself. The plain values have no more bytes
/// than `limit`: a text that the pickle recalls often would be copied as often.
pub(crate) fn select<'a>(
    root: Value<'a>,
    pickle: &Pickle<'a>,
    limit: usize,
) -> Result<Selection<'a>, ParseError> {
    let Value::Dict(root) = root else {
        return Err(ParseError::Unsupported(
            "the file holds no dict of tensors; save it with torch.save(model.state_dict(), path)".to_owned(),
        ));
    };
    let root = &pickle.dicts[root];
    for key in ["state_dict", "model"] {
        let inner = root.iter().rev().find(|(name, _)| *name == Value::Str(key));
        if let Some((_, Value::Dict(inner))) = inner {
            let tensors = tensors(&pickle.dicts[*inner]);
            if !tensors.is_empty() {
                return Ok((tensors, scalars(root, limit)?));
            }
        }
    }
    let tensors = tensors(root);
    if tensors.is_empty() {
        let keys: Vec<&str> = root.iter().filter_map(|(key, _)| text(*key)).take(8).collect();
        return Err(ParseError::Unsupported(format!(
            "the file's outermost dict holds no tensors, and no state dict under `state_dict` or `model`; its keys are: {}",
            keys.join(", ")
        )));
    }
    Ok((tensors, scalars(root, limit)?))
}

fn tensors<'a>(dict: &[(Value<'a>, Value<'a>)]) -> BTreeMap<&'a str, usize> {
    dict.iter()
        .filter_map(|(key, value)| match (key, value) {
            (Value::Str(name), Value::Tensor(tensor)) => Some((*name, *tensor)),
            _ => None,
        })
        .collect()
}

fn scalars(dict: &[(Value<'_>, Value<'_>)], limit: usize) -> Result<BTreeMap<String, String>, ParseError> {
    let mut scalars = BTreeMap::new();
    let mut left = limit;
    for (key, value) in dict {
        let Some(key) = text(*key) else { continue };
        let length = key.len() + text(*value).map_or(0, str::len);
        let value = match value {
            Value::Str(_) if length > left => String::new(),
            Value::Str(text) => (*text).to_owned(),
            Value::Int(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            _ => continue,
        };
        left = left.checked_sub(length).ok_or_else(|| {
            ParseError::TooLarge(format!("the texts beside its tensors need more than {limit} bytes"))
        })?;
        scalars.insert(key.to_owned(), value);
    }
    Ok(scalars)
}

fn text(value: Value<'_>) -> Option<&str> {
    match value {
        Value::Str(text) => Some(text),
        _ => None,
    }
}

/// Strips the prefix `module.` that data-parallel training puts before names, if *every* name has it.
#[must_use]
pub fn normalize_names(tensors: Tensors) -> Tensors {
    if !tensors.keys().all(|name| name.len() > PREFIX.len() && name.starts_with(PREFIX)) {
        return tensors;
    }
    tensors.into_iter().map(|(name, tensor)| (name[PREFIX.len()..].to_owned(), tensor)).collect()
}
