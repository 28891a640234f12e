//! What of a set lies in its folder, and which archives would give the rest, by the names of files alone.

use std::path::{Path, PathBuf};

use super::catalogue::{Archive, Entry, Need};
use super::tree::Tree;
use crate::DataError;

/// How something that a set needs is supplied.
#[derive(Clone, Debug, PartialEq)]
pub enum Supply<'e> {
    /// It lies there, unpacked.
    Unpacked(&'e Need),
    /// An archive that gives it lies there.
    There(&'e Archive, PathBuf),
    /// It is not there; this archive would give it.
    Absent(&'e Archive),
    /// It is not there, and no archive gives it.
    ByHand(&'e Need),
}

/// How each need of a set is supplied in its folder, which need not exist. No archive is opened, so this is fast, and
/// an archive that is damaged counts as there. Of several archives that give the same the first is asked for.
///
/// # Errors
/// [`DataError::Io`] and [`DataError::Unreadable`] if the folder cannot be read, [`DataError::File`] for what is there in
/// several places.
pub fn supplies<'e>(folder: &Path, entry: &'e Entry) -> Result<Vec<Supply<'e>>, DataError> {
    let tree = if folder.is_dir() { Some(Tree::of_folder(folder, entry)?) } else { None };
    entry.needs.iter().map(|need| supply(tree.as_ref(), entry, need)).collect()
}

fn supply<'e>(tree: Option<&Tree<'e>>, entry: &'e Entry, need: &'e Need) -> Result<Supply<'e>, DataError> {
    if let Some(tree) = tree {
        for archive in entry.archives_for(need) {
            if let Some(prefix) = tree.base(&archive.file)? {
                return Ok(Supply::There(archive, tree.source.root.join(prefix + &archive.file)));
            }
        }
        for mark in &need.any {
            if tree.base(mark)?.is_some() {
                return Ok(Supply::Unpacked(need));
            }
        }
    }
    Ok(entry.archives_for(need).next().map_or(Supply::ByHand(need), Supply::Absent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::official::entry;

    fn found(id: &str, files: &[&str]) -> Vec<String> {
        let root = tempfile::tempdir().expect("a folder");
        for file in files {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, b"x").expect("a file");
        }
        let said = |supply: &Supply<'_>| match supply {
            Supply::Unpacked(_) => "unpacked".to_owned(),
            Supply::There(archive, path) => {
                assert!(path.is_file() && path.ends_with(&archive.file), "{}", path.display());
                format!("there {}", archive.file)
            }
            Supply::Absent(archive) => format!("absent {}", archive.file),
            Supply::ByHand(need) => format!("by hand {}", need.any.join(" ")),
        };
        let supplies = supplies(root.path(), entry(id).expect("a set")).expect("it can be read");
        supplies.iter().map(said).collect()
    }

    #[test]
    fn of_alternatives_the_first_is_wanted_and_any_is_enough() {
        assert_eq!(found("cifar10", &[]), ["absent cifar-10-binary.tar.gz"]);
        assert_eq!(found("cifar10", &["cifar-10-python.tar.gz"]), ["there cifar-10-python.tar.gz"]);
        assert_eq!(found("cifar10", &["cifar-10-batches-py/data_batch_1"]), ["unpacked"]);
        assert_eq!(found("caltech101", &[]), ["absent caltech-101.zip"]);
    }

    #[test]
    fn files_that_are_used_as_they_are_and_parts_of_files() {
        assert_eq!(
            found("flowers", &["102flowers.tgz.part", "setid.mat", "below/imagelabels.mat"]),
            ["absent 102flowers.tgz", "there imagelabels.mat", "there setid.mat"]
        );
        let mnist = found("mnist", &["train-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz.bad"]);
        assert_eq!(mnist[0], "unpacked");
        assert_eq!(mnist[2], "absent t10k-images-idx3-ubyte.gz");
    }

    #[test]
    fn what_no_archive_gives_is_by_hand() {
        assert_eq!(found("birdsnap", &[]), ["absent birdsnap.tgz", "by hand download/images/"]);
        assert_eq!(found("imagenet", &["train/n01440764/1.JPEG"]), ["unpacked", "by hand val/"]);
    }

    #[test]
    fn a_folder_that_does_not_exist_has_nothing() {
        let none = Path::new("a folder that does not exist");
        let supplies = supplies(none, entry("pets").expect("a set")).expect("nothing to read");
        assert!(supplies.iter().all(|supply| matches!(supply, Supply::Absent(_))), "{supplies:?}");
    }
}
