//! FGVC Aircraft: `data/images_variant_{train,val,test}.txt` have a number and a variant in each line.

use super::super::draft::{Draft, Format};
use super::super::tree::Tree;
use super::lines::{bad_line, lines};
use crate::{DataError, Split};

pub(super) const FORMAT: Format = Format {
    metadata: &[
        "data/variants.txt",
        "data/images_variant_train.txt",
        "data/images_variant_val.txt",
        "data/images_variant_test.txt",
    ],
    read,
};

fn read(tree: &Tree<'_>) -> Result<Draft, DataError> {
    let base = tree.need("data/images_variant_test.txt")?;
    let variants = lines(tree, &format!("{base}data/variants.txt"))?;
    let mut classes: Vec<String> = variants.into_iter().map(|(_, name)| name).collect();
    classes.sort();
    let mut draft = Draft::of(classes);
    for (split, list) in [(Split::Train, "train"), (Split::Validation, "val"), (Split::Test, "test")] {
        let file = format!("{base}data/images_variant_{list}.txt");
        for line in lines(tree, &file)? {
            // Variants have spaces in their names.
            let Some((number, variant)) = line.1.split_once(' ') else {
                return Err(bad_line(tree, &file, &line, "`<number> <variant>`"));
            };
            let label = draft.label(tree, &file, variant.trim())?;
            draft.add(split, format!("{number}.jpg"), label, format!("{base}data/images/{number}.jpg"));
        }
    }
    Ok(draft)
}
