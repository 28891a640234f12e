//! SUN397: `Training_01.txt` and `Testing_01.txt` have a path in each line, of which the folders are the class.

use std::collections::HashMap;

use super::super::draft::{Draft, Format};
use super::super::tree::Tree;
use super::lines::{bad_line, lines};
use crate::{DataError, Split};

pub(super) const FORMAT: Format =
    Format { metadata: &["Training_01.txt", "Testing_01.txt", "ClassName.txt"], read };

fn read(tree: &Tree<'_>) -> Result<Draft, DataError> {
    let pictures = tree.need("SUN397/a/")? + "SUN397";
    let lists = tree.need("Testing_01.txt")?;
    // It is in both archives.
    let beside = format!("{lists}ClassName.txt");
    let class_file = if tree.find(&beside).is_some() { beside } else { format!("{pictures}/ClassName.txt") };
    let folders = lines(tree, &class_file)?;
    let mut draft = Draft::default();
    let mut labels: HashMap<&str, usize> = HashMap::new();
    for (label, line) in folders.iter().enumerate() {
        // `/a/abbey`, `/c/church/outdoor`
        let name = line.1.strip_prefix('/').and_then(|path| path.split_once('/'));
        let Some((_, name)) = name else {
            return Err(bad_line(tree, &class_file, line, "`/<letter>/<class>`"));
        };
        draft.classes.push(name.to_owned());
        labels.insert(&line.1, label);
    }
    for (split, list) in [(Split::Train, "Training_01.txt"), (Split::Test, "Testing_01.txt")] {
        let file = format!("{lists}{list}");
        for line in lines(tree, &file)? {
            let label = line.1.rsplit_once('/').and_then(|(folder, _)| labels.get(folder));
            let Some(&label) = label else {
                return Err(bad_line(
                    tree,
                    &file,
                    &line,
                    "`/<letter>/<class>/<picture>.jpg` of a class of ClassName.txt",
                ));
            };
            let path = format!("{pictures}{}", line.1);
            draft.add(split, line.1.trim_start_matches('/'), label, path);
        }
    }
    Ok(draft)
}
