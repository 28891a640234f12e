//! `results.csv` read back.

use crate::row::Row;

/// Why a table is no `results.csv`.
#[derive(Debug, thiserror::Error)]
#[error("it is no results.csv of Secateur: {0}")]
pub struct ResultsError(#[from] csv::Error);

/// The rows of a `results.csv`. Columns may stand in any order; those that older versions did not write may be missing.
///
/// # Errors
/// Names the line and the column that cannot be read.
pub fn read_results(bytes: &[u8]) -> Result<Vec<Row>, ResultsError> {
    let mut reader = csv::Reader::from_reader(bytes);
    Ok(reader.deserialize().collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn what_is_written_is_read_again() {
        let input = testing::synthetic(200);
        let bytes = crate::results_csv(&input).unwrap();
        let read = read_results(&bytes).unwrap();
        assert_eq!(read.len(), input.rows.len());
        let again = crate::results_csv(&crate::ReportInput { rows: read, ..input }).unwrap();
        assert_eq!(again, bytes);
    }

    #[test]
    fn what_is_none_is_refused_with_its_place() {
        let error = read_results(b"suite,track\na,b\n").unwrap_err().to_string();
        assert!(error.contains("line: 2") && error.contains("protocol"), "{error}");
        assert!(read_results(b"\x80\xff\n\x01,2,3\n").is_err());
        assert!(read_results(b"").unwrap().is_empty());
    }
}
