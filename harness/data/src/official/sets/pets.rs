//! Oxford-IIIT Pets: `annotations/{trainval,test}.txt` have a name, class, species and breed in each line.

use std::collections::BTreeMap;

use super::super::draft::{Draft, Format};
use super::super::tree::Tree;
use super::lines::{bad_line, lines};
use crate::{DataError, Split};

pub(super) const FORMAT: Format =
    Format { metadata: &["annotations/trainval.txt", "annotations/test.txt"], read };

fn read(tree: &Tree<'_>) -> Result<Draft, DataError> {
    let base = tree.need("annotations/trainval.txt")?;
    let pictures = tree.need("images/")? + "images/";
    let mut draft = Draft::default();
    let mut classes: BTreeMap<usize, String> = BTreeMap::new();
    for (split, list) in [(Split::Train, "trainval"), (Split::Test, "test")] {
        let file = format!("{base}annotations/{list}.txt");
        for line in lines(tree, &file)? {
            if line.1.starts_with('#') {
                continue;
            }
            let mut cells = line.1.split_whitespace();
            let name = cells.next().and_then(|name| Some((name, name.rsplit_once('_')?.0)));
            let class = cells.next().and_then(|class| class.parse::<usize>().ok()).filter(|class| *class > 0);
            let (Some((name, breed)), Some(class)) = (name, class) else {
                return Err(bad_line(
                    tree,
                    &file,
                    &line,
                    "`<breed>_<number> <class from 1> <species> <breed>`",
                ));
            };
            let known = classes.entry(class).or_insert_with(|| breed.to_owned());
            if known != breed {
                let problem = format!("line {} has a {breed} in class {class}, which is {known}", line.0);
                return Err(tree.file_error(&file, problem));
            }
            let picture = format!("{name}.jpg");
            let path = format!("{pictures}{picture}");
            draft.add(split, picture, class - 1, path);
        }
    }
    let numbers: Vec<usize> = classes.keys().copied().collect();
    if let Some(missing) = (1..=numbers.len()).find(|number| !classes.contains_key(number)) {
        return Err(
            tree.file_error(&format!("{base}annotations"), format!("has no picture of class {missing}"))
        );
    }
    draft.classes = classes.into_values().collect();
    Ok(draft)
}
