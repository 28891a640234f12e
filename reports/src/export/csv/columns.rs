//! What the columns of `results.csv` are, for programs that read it.

use serde_json::{Value, json};

use super::RESULTS_HEADER;
use crate::row::Row;

/// Name and version of the table; a column that goes or changes its meaning raises the number, a new one does not.
pub const COLUMNS_SCHEMA: &str = "secateur-results/1";

/// Units of the columns that are numbers, and whether more of it is better; nothing where neither direction is better by
/// itself.
#[rustfmt::skip]
const UNITS: [(&str, &str, Option<bool>); 28] = [
    ("keep", "fraction", None),
    ("replicate", "number", None),
    ("score", "fraction", Some(true)),
    ("top1", "fraction", Some(true)),
    ("mean_per_class", "fraction", Some(true)),
    ("test_pictures", "pictures", None),
    ("target_count", "weights", None),
    ("achieved_count", "weights", None),
    ("prunable_total", "weights", None),
    ("params_total", "params", Some(false)),
    ("params_remaining", "params", Some(false)),
    ("conv_fc_total", "weights", Some(false)),
    ("conv_fc_remaining", "weights", Some(false)),
    ("macs_executed", "MACs", Some(false)),
    ("macs_nonzero", "MACs", Some(false)),
    ("allowance_samples", "samples", None),
    ("init_samples", "samples", None),
    ("stretch", "factor", None),
    ("method_samples", "samples", Some(false)),
    ("recover_samples", "samples", Some(false)),
    ("training_macs", "dense training samples", Some(false)),
    ("nonzero_before", "weights", None),
    ("ap", "fraction", Some(true)),
    ("ap50", "fraction", Some(true)),
    ("ar", "fraction", Some(true)),
    ("ap_small", "fraction", Some(true)),
    ("ap_medium", "fraction", Some(true)),
    ("ap_large", "fraction", Some(true)),
];

/// The columns of `results.csv` in their order: name, type, unit, direction, and what they are. An absent value is an empty cell.
#[must_use]
pub fn results_columns() -> Value {
    // What a column is stands once, at the field.
    let schema = schemars::schema_for!(Row).to_value();
    let field = |name: &str, key: &str| schema["properties"][name][key].clone();
    let column = |name: &&str| {
        let unit = UNITS.iter().find(|it| it.0 == *name);
        let kind = match field(name, "type") {
            Value::Array(kinds) => kinds.into_iter().find(|kind| kind != "null").unwrap_or_default(),
            // A word of a short list, described elsewhere in the schema.
            Value::Null => json!("string"),
            kind => kind,
        };
        json!({
            "name": name,
            "type": kind,
            "unit": unit.map(|it| it.1),
            "higher_is_better": unit.and_then(|it| it.2),
            "description": field(name, "description"),
        })
    };
    json!({
        "schema": COLUMNS_SCHEMA,
        "table": "results.csv",
        "columns": RESULTS_HEADER.iter().map(column).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_described_and_every_number_has_a_unit() {
        let columns = results_columns();
        let columns = columns["columns"].as_array().expect("a list");
        assert_eq!(columns.len(), RESULTS_HEADER.len());
        for column in columns {
            assert!(column["description"].as_str().is_some_and(|it| it.len() > 10), "{column}");
            let is_number = column["type"] == "number" || column["type"] == "integer";
            assert_eq!(column["unit"].is_string(), is_number, "{column}");
        }
        assert!(UNITS.iter().all(|it| RESULTS_HEADER.contains(&it.0)));
    }
}
