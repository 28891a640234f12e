//! Caltech-101 and Caltech-256: a folder for each class with numbered pictures, and no official split.
//!
//! The reference takes the first 30 or 60 pictures of a class by name for training. Here it is the number that counts:
//! on the whole set that is the same, since pictures are numbered without gaps, and where some are missing, no other
//! picture changes its split.

use std::collections::BTreeMap;

use super::super::draft::{Draft, Format};
use super::super::tree::Tree;
use crate::{DataError, Split};

pub(super) const FORMAT_101: Format = Format { metadata: &[], read: read_101 };
pub(super) const FORMAT_256: Format = Format { metadata: &[], read: read_256 };

/// Not a class, but pictures of anything.
const BACKGROUND: &str = "BACKGROUND_Google";

fn read_101(tree: &Tree<'_>) -> Result<Draft, DataError> {
    // `image_0001.jpg`
    let number = |_: &str, file: &str| number(file.strip_prefix("image_")?);
    read(tree, "101_ObjectCategories/", 30, &number)
}

fn read_256(tree: &Tree<'_>) -> Result<Draft, DataError> {
    // `001_0001.jpg` in `001.ak47`
    let number = |class: &str, file: &str| {
        let (place, _) = class.split_once('.')?;
        number(file.strip_prefix(place)?.strip_prefix('_')?)
    };
    read(tree, "256_ObjectCategories/", 60, &number)
}

/// The number of `0001.jpg`.
fn number(file: &str) -> Option<usize> {
    let digits = file.strip_suffix(".jpg")?;
    let plain = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|number| plain && *number > 0)
}

fn read(
    tree: &Tree<'_>,
    folder: &str,
    trained: usize,
    number: &dyn Fn(&str, &str) -> Option<usize>,
) -> Result<Draft, DataError> {
    let base = tree.need(folder)? + folder;
    let mut classes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for path in tree.below(&base) {
        let Some((class, file)) = path.split_once('/').filter(|(class, _)| *class != BACKGROUND) else {
            continue;
        };
        // Caltech-256 has a folder and a file of other kinds in its classes.
        if file.contains('/') || !file.ends_with(".jpg") {
            continue;
        }
        let Some(number) = number(class, file) else {
            return Err(
                tree.file_error(&format!("{base}{path}"), "is not called as the pictures of its class are")
            );
        };
        classes.entry(class).or_default().push(number);
    }
    let mut draft = Draft::default();
    for (label, (class, mut numbers)) in classes.into_iter().enumerate() {
        numbers.sort_unstable();
        let last = numbers.last().copied().unwrap_or_default();
        for number in 1..=last {
            // What is missing between two numbers is listed, too, so that it can be named.
            let file = match folder {
                "101_ObjectCategories/" => format!("image_{number:04}.jpg"),
                _ => format!("{}_{number:04}.jpg", class.split('.').next().unwrap_or_default()),
            };
            let split = if number <= trained { Split::Train } else { Split::Test };
            let name = format!("{class}/{file}");
            let path = format!("{base}{name}");
            draft.add(split, name, label, path);
        }
        draft.classes.push(class.to_owned());
    }
    Ok(draft)
}
