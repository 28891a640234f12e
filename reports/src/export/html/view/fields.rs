//! Fields of stored records: what several of them have in common once, and what differs in a table.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::trials::fields::flatten;

/// Fields of a record that are shown; lists of hundreds of classes are in the store, and no page.
const MOST_FIELDS: usize = 80;

/// Records beside each other.
#[derive(Serialize)]
pub(super) struct FieldsView {
    /// Name and value of what all have in common.
    common: Vec<(String, String)>,
    /// Names of what differs.
    heads: Vec<String>,
    /// One line for each record, in the order of the heads.
    rows: Vec<Vec<String>>,
    /// Fields that are not shown.
    hidden: usize,
}

/// Arranges records of the same kind. Fields that none of them has a value for are left out; a field that only some
/// have differs.
///
/// Fields whose names `first` has come first and in that order; the others follow by the records' own order.
pub(super) fn arrange(records: &[Value], first: &[&str]) -> FieldsView {
    let mut hidden = 0;
    let flat: Vec<Vec<(String, String)>> = records
        .iter()
        .map(|record| {
            let mut fields = Vec::new();
            flatten("", record, &mut fields);
            hidden = hidden.max(fields.len().saturating_sub(MOST_FIELDS));
            fields.truncate(MOST_FIELDS);
            fields
        })
        .collect();
    // In the order of the first record that has it, since that is how whoever wrote it thinks of it.
    let mut names: Vec<&String> = Vec::new();
    let mut values: BTreeMap<&String, Vec<Option<&String>>> = BTreeMap::new();
    for (place, fields) in flat.iter().enumerate() {
        for (name, value) in fields {
            let column = values.entry(name).or_insert_with(|| {
                names.push(name);
                vec![None; flat.len()]
            });
            column[place] = Some(value);
        }
    }
    names.sort_by_key(|name| first.iter().position(|it| it == name).unwrap_or(first.len()));
    let same = |name: &String| values[name].iter().all(|value| value.is_some() && *value == values[name][0]);
    let (common, differing): (Vec<&String>, Vec<&String>) = names.into_iter().partition(|name| same(name));
    FieldsView {
        common: common
            .into_iter()
            .map(|name| (name.clone(), values[name][0].cloned().unwrap_or_default()))
            .collect(),
        rows: (0..flat.len())
            .map(|place| {
                differing.iter().map(|name| values[*name][place].cloned().unwrap_or_default()).collect()
            })
            .collect(),
        heads: differing.into_iter().cloned().collect(),
        hidden,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_the_same_stands_once() {
        let view = arrange(
            &[
                json!({ "recipe": { "lr": 0.5, "batch": 64 }, "seed": 1, "gone": null, "empty": "" }),
                json!({ "recipe": { "lr": 0.5, "batch": 64 }, "seed": 2, "extra": [1, 2] }),
            ],
            &["extra"],
        );
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(view.common, [pair("recipe.batch", "64"), pair("recipe.lr", "0.5")]);
        assert_eq!(view.heads, ["extra", "seed"]);
        assert_eq!(view.rows, [["", "1"], ["1, 2", "2"]]);
    }

    #[test]
    fn long_records_are_cut_and_counted() {
        let many: serde_json::Map<String, Value> =
            (0..MOST_FIELDS + 7).map(|number| (format!("f{number:03}"), json!(number))).collect();
        let view = arrange(&[Value::Object(many)], &[]);
        assert_eq!((view.common.len(), view.hidden), (MOST_FIELDS, 7));
    }

    #[test]
    fn nothing_is_arranged_as_nothing() {
        let view = arrange(&[], &[]);
        assert!(view.common.is_empty() && view.heads.is_empty() && view.rows.is_empty());
    }
}
