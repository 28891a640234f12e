//! Oxford Flowers-102: labels and splits are in MAT-files.

use super::super::draft::{Draft, Format};
use super::super::tree::Tree;
use super::cars::in_file;
use crate::mat;
use crate::{DataError, Split};

pub(super) const FORMAT: Format = Format { metadata: &["imagelabels.mat", "setid.mat"], read };

/// Labels of 8,189 pictures take 80 kB.
const MEMORY: usize = 2 << 20;

fn read(tree: &Tree<'_>) -> Result<Draft, DataError> {
    let pictures = tree.need("jpg/")? + "jpg/";
    let file = tree.need("imagelabels.mat")? + "imagelabels.mat";
    let labels = in_file(tree, &file, MEMORY, |variables| mat::variable(variables, "labels")?.counts())?;
    // The set has no names of its classes.
    let classes = labels.iter().copied().max().unwrap_or(0).min(1000);
    let mut draft = Draft::of((1..=classes).map(|class| class.to_string()).collect());
    let file = tree.need("setid.mat")? + "setid.mat";
    for (split, name) in [(Split::Train, "trnid"), (Split::Validation, "valid"), (Split::Test, "tstid")] {
        let numbers = in_file(tree, &file, MEMORY, |variables| mat::variable(variables, name)?.counts())?;
        for number in numbers {
            let label = number.checked_sub(1).and_then(|index| labels.get(usize::try_from(index).ok()?));
            let Some(label) = label.and_then(|label| label.checked_sub(1)) else {
                return Err(
                    tree.file_error(&file, format!("{name} has picture {number}, which has no label"))
                );
            };
            let picture = format!("image_{number:05}.jpg");
            let path = format!("{pictures}{picture}");
            draft.add(split, picture, label as usize, path);
        }
    }
    Ok(draft)
}
