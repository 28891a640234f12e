//! Lists in text files.

use super::super::tree::Tree;
use crate::DataError;

/// No list of a set comes near; a file that unpacks to nothing but ends of lines does.
const MOST_LINES: usize = 1 << 18;

/// The lines of a file that hold something, with their numbers from 1, without what stands at their ends.
///
/// # Errors
/// As [`Tree::text`], and [`DataError::File`] if there are too many.
pub(super) fn lines(tree: &Tree<'_>, file: &str) -> Result<Vec<(usize, String)>, DataError> {
    let text = tree.text(file)?;
    if text.lines().count() > MOST_LINES {
        return Err(
            tree.file_error(file, format!("has more than {MOST_LINES} lines, which no list of this set has"))
        );
    }
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim().to_owned()));
    Ok(lines.filter(|(_, line)| !line.is_empty()).collect())
}

/// The error for a line that is not as it should be.
pub(super) fn bad_line(tree: &Tree<'_>, file: &str, line: &(usize, String), expected: &str) -> DataError {
    let (number, text) = line;
    let start: String = text.chars().take(80).collect();
    tree.file_error(file, format!("line {number} is `{start}`; expected {expected}"))
}
