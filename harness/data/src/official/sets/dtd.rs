//! Describable Textures: `labels/{train,val,test}1.txt` name the pictures of the first of ten partitions.

use std::collections::BTreeSet;

use super::super::draft::{Draft, Format};
use super::super::tree::Tree;
use super::lines::{bad_line, lines};
use crate::{DataError, Split};

pub(super) const FORMAT: Format =
    Format { metadata: &["labels/train1.txt", "labels/val1.txt", "labels/test1.txt"], read };

fn read(tree: &Tree<'_>) -> Result<Draft, DataError> {
    let base = tree.need("labels/test1.txt")?;
    let mut pictures: Vec<(Split, String, String)> = Vec::new();
    for (split, list) in [(Split::Train, "train1"), (Split::Validation, "val1"), (Split::Test, "test1")] {
        let file = format!("{base}labels/{list}.txt");
        for line in lines(tree, &file)? {
            let Some((class, _)) = line.1.split_once('/') else {
                return Err(bad_line(tree, &file, &line, "`<class>/<picture>.jpg`"));
            };
            pictures.push((split, class.to_owned(), line.1));
        }
    }
    let classes: BTreeSet<&String> = pictures.iter().map(|(_, class, _)| class).collect();
    let mut draft = Draft::of(classes.into_iter().cloned().collect());
    for (split, class, name) in pictures {
        let label = draft.label(tree, "labels", &class)?;
        let path = format!("{base}images/{name}");
        draft.add(split, name, label, path);
    }
    Ok(draft)
}
