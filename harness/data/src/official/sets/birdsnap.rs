//! Birdsnap: `images.txt` has the path, the species and the MD5 of every picture, `test_images.txt` those to test on.
//! The pictures are what the set's own program has downloaded.

use std::collections::{BTreeSet, HashMap};

use md5::{Digest as _, Md5};

use super::super::draft::{Claim, Draft, Format};
use super::super::tree::Tree;
use super::lines::{bad_line, lines};
use crate::listing::Located;
use crate::{DataError, Split};

pub(super) const FORMAT: Format =
    Format { metadata: &["images.txt", "species.txt", "test_images.txt"], read };

/// Where the program puts what it downloads.
const PICTURES: &str = "download/images/";

fn read(tree: &Tree<'_>) -> Result<Draft, DataError> {
    let base = tree.need("test_images.txt")?;
    let pictures = tree.need(PICTURES)? + PICTURES;
    let species = Table::read(tree, format!("{base}species.txt"))?;
    let (id, folder) = (species.column(tree, "id")?, species.column(tree, "dir")?);
    // The reference sorts folders; an ImageFolder of what is left today would shift the labels of missing species.
    let mut folders: Vec<(String, String)> = Vec::new();
    for row in &species.rows {
        folders.push((species.cell(tree, row, folder)?.to_owned(), species.cell(tree, row, id)?.to_owned()));
    }
    folders.sort();
    let label_of: HashMap<&str, usize> =
        folders.iter().enumerate().map(|(label, (_, id))| (id.as_str(), label)).collect();

    let test_file = format!("{base}test_images.txt");
    let tested: BTreeSet<String> =
        lines(tree, &test_file)?.into_iter().skip(1).map(|(_, path)| path).collect();
    let images = Table::read(tree, format!("{base}images.txt"))?;
    let columns = ["md5", "path", "species_id"].map(|name| images.column(tree, name));
    let [digest, path, species_id] = columns;
    let (digest, path, species_id) = (digest?, path?, species_id?);
    let mut draft = Draft::default();
    let mut listed: BTreeSet<&str> = BTreeSet::new();
    let mut digests = Vec::new();
    for row in &images.rows {
        let path = images.cell(tree, row, path)?;
        let species = images.cell(tree, row, species_id)?;
        let Some(&label) = label_of.get(species) else {
            return Err(tree.file_error(&images.file, format!("line {} names species {species}", row.0)));
        };
        let split = if tested.contains(path) { Split::Test } else { Split::Train };
        draft.add(split, path, label, format!("{pictures}{path}"));
        digests.push((split, draft.split(split).len() - 1, images.cell(tree, row, digest)?));
        listed.insert(path);
    }
    if let Some(path) = tested.iter().find(|path| !listed.contains(path.as_str())) {
        return Err(tree.file_error(&test_file, format!("names {path}, which is not in images.txt")));
    }
    compare(tree, &mut draft, &digests)?;
    draft.classes = folders.into_iter().map(|(folder, _)| folder).collect();
    Ok(draft)
}

/// Finds pictures with another MD5 than the set says: pages of errors, and pictures that were replaced.
fn compare(tree: &Tree<'_>, draft: &mut Draft, digests: &[(Split, usize, &str)]) -> Result<(), DataError> {
    let mut files: Vec<Located> = Vec::new();
    let mut whose = Vec::new();
    for &(split, index, digest) in digests {
        if let Claim::File(path) = &draft.split(split)[index].claim
            && let Some(located) = tree.find(path)
        {
            files.push(located);
            whose.push((split, index, digest));
        }
    }
    tree.source.scan(&files, &mut |file, visited| {
        let (split, index, digest) = whose[file];
        if hexadecimal(&Md5::digest(visited.bytes()?)) != digest.to_ascii_lowercase() {
            let claim = &mut draft.split_mut(split)[index].claim;
            *claim = Claim::Changed(files[file].0.clone());
        }
        Ok(())
    })
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file of cells between tabs, with names of columns in its first line.
struct Table {
    file: String,
    header: Vec<String>,
    rows: Vec<(usize, String)>,
}

impl Table {
    fn read(tree: &Tree<'_>, file: String) -> Result<Self, DataError> {
        let mut rows = lines(tree, &file)?;
        if rows.is_empty() {
            return Err(tree.file_error(&file, "is empty"));
        }
        let (_, header) = rows.remove(0);
        let header = header.split('\t').map(|name| name.trim().to_owned()).collect();
        Ok(Self { file, header, rows })
    }

    fn column(&self, tree: &Tree<'_>, name: &str) -> Result<usize, DataError> {
        self.header.iter().position(|known| known == name).ok_or_else(|| {
            let header = self.header.iter().take(20).cloned().collect::<Vec<_>>().join(", ");
            tree.file_error(&self.file, format!("has no column `{name}`, but {header}"))
        })
    }

    fn cell<'r>(
        &self,
        tree: &Tree<'_>,
        row: &'r (usize, String),
        column: usize,
    ) -> Result<&'r str, DataError> {
        let cell = row.1.split('\t').nth(column).map(str::trim).filter(|cell| !cell.is_empty());
        cell.ok_or_else(|| bad_line(tree, &self.file, row, "as many cells as the first line has"))
    }
}
