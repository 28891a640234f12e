//! ImageNet-1k: `{train,val}/<WordNet id>/<picture>.JPEG`. The official validation pictures are what is scored on.

use std::collections::BTreeSet;

use super::super::draft::{Draft, Format};
use super::super::tree::Tree;
use crate::{DataError, Split};

pub(super) const FORMAT: Format = Format { metadata: &[], read };

fn read(tree: &Tree<'_>) -> Result<Draft, DataError> {
    let mut pictures: Vec<(Split, &str, &str)> = Vec::new();
    let folders =
        [(Split::Train, tree.need("train/")? + "train/"), (Split::Test, tree.need("val/")? + "val/")];
    for (split, folder) in &folders {
        for path in tree.below(folder).filter(|path| is_picture(path)) {
            match path.split('/').collect::<Vec<_>>()[..] {
                [class, _] => pictures.push((*split, class, path)),
                [_] => {
                    let problem = "lies in no folder of a class. Sort the pictures into folders called by WordNet ids: \
                                   those to train on are in one archive for each class, and of the validation \
                                   pictures the development kit has the ground truth, in the order of their names";
                    return Err(tree.file_error(&format!("{folder}{path}"), problem));
                }
                _ => return Err(tree.file_error(&format!("{folder}{path}"), "lies in a folder in a class")),
            }
        }
    }
    let classes: BTreeSet<&str> =
        pictures.iter().filter(|(split, ..)| *split == Split::Train).map(|(_, class, _)| *class).collect();
    let mut draft = Draft::of(classes.iter().map(|class| (*class).to_owned()).collect());
    for (split, class, path) in pictures {
        let Ok(label) = draft.classes.binary_search_by(|known| known.as_str().cmp(class)) else {
            return Err(tree.file_error(path, "is a validation picture of a class without training pictures"));
        };
        let (folder, name) = match split {
            Split::Train => (&folders[0].1, format!("train/{path}")),
            _ => (&folders[1].1, format!("val/{path}")),
        };
        draft.add(split, name, label, format!("{folder}{path}"));
    }
    Ok(draft)
}

fn is_picture(path: &str) -> bool {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    matches!(ending.as_deref(), Some("jpeg" | "jpg" | "png"))
}
