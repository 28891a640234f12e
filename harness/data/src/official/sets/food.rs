//! Food-101: `meta/{train,test}.json` map each class to its pictures, without their ending.

use std::collections::BTreeMap;

use super::super::draft::{Draft, Format};
use super::super::tree::Tree;
use crate::{DataError, Split};

pub(super) const FORMAT: Format = Format { metadata: &["meta/train.json", "meta/test.json"], read };

/// The list of training pictures has 2 MB.
const LARGEST: usize = 8 << 20;

fn read(tree: &Tree<'_>) -> Result<Draft, DataError> {
    let base = tree.need("meta/test.json")?;
    let mut draft = Draft::default();
    for (split, list) in [(Split::Train, "train"), (Split::Test, "test")] {
        let file = format!("{base}meta/{list}.json");
        let bytes = tree.bytes(&file)?;
        if bytes.len() > LARGEST {
            return Err(
                tree.file_error(&file, format!("has {} bytes; the official one has 2 MB", bytes.len()))
            );
        }
        let classes: BTreeMap<String, Vec<String>> = serde_json::from_slice(&bytes)
            .map_err(|error| tree.file_error(&file, format!("does not map classes to pictures ({error})")))?;
        if split == Split::Train {
            draft.classes = classes.keys().cloned().collect();
        }
        for (class, pictures) in classes {
            let label = draft.label(tree, &file, &class)?;
            for picture in pictures {
                if picture.split_once('/').is_none_or(|(folder, _)| folder != class) {
                    return Err(tree.file_error(&file, format!("has {picture} in the class `{class}`")));
                }
                let name = format!("{picture}.jpg");
                let path = format!("{base}images/{name}");
                draft.add(split, name, label, path);
            }
        }
    }
    Ok(draft)
}
