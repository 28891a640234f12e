//! What can go wrong with data, in words that say where and what to do.

use std::path::{Path, PathBuf};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The operating system refused to read or write.
    #[error("cannot {action} {path}: {cause}", path = path.display())]
    Io {
        /// What was tried, for example `read`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's own error.
        cause: std::io::Error,
    },
    /// No generated task has this identifier.
    #[error("no generated task is called `{id}`; there are: {known}")]
    UnknownTask {
        /// What was asked for.
        id: String,
        /// The identifiers there are, separated by commas.
        known: String,
    },
    /// Pictures of this size cannot be made.
    #[error("cannot make pictures with a side of {side} pixels; choose between {least} and {most}")]
    Side {
        /// What was asked for, in pixels.
        side: usize,
        /// The smallest possible side.
        least: usize,
        /// The largest possible side.
        most: usize,
    },
    /// Labels, pixels and classes of a task do not fit together.
    #[error("inconsistent task `{id}`: {problem}")]
    Inconsistent {
        /// The task's identifier.
        id: String,
        /// What does not fit.
        problem: String,
    },
    /// A folder or archive does not have the expected arrangement of files.
    #[error("{path}: {problem}; expected {expected}", path = path.display())]
    Layout {
        /// The folder or archive.
        path: PathBuf,
        /// What was found.
        problem: String,
        /// The arrangement that was expected.
        expected: &'static str,
    },
    /// A folder cannot be listed or an archive cannot be read, whatever is in it.
    #[error("{path}: {problem}", path = path.display())]
    Unreadable {
        /// The folder or archive.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file of a data set says something impossible, or is missing.
    #[error("{file} in {path}: {problem}", path = path.display())]
    File {
        /// The folder or archive.
        path: PathBuf,
        /// The file's path inside it.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A picture cannot be decoded.
    #[error(
        "{file} in {path}: {problem}; repair or remove it, or set `skip_broken` to leave such files out",
        path = path.display()
    )]
    Picture {
        /// The folder or archive.
        path: PathBuf,
        /// The picture's path inside it.
        file: String,
        /// What the decoder said.
        problem: String,
    },
    /// Pictures differ in size and no common size was asked for.
    #[error(
        "{file} in {path} has {width}x{height} pixels, others have {expected}; set a side to resize all to",
        path = path.display()
    )]
    Sizes {
        /// The folder or archive.
        path: PathBuf,
        /// The first picture that differs, by name.
        file: String,
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
        /// Width and height of the first picture.
        expected: String,
    },
    /// No official data set has this identifier.
    #[error("no official data set is called `{id}`; {help}")]
    UnknownSet {
        /// What was asked for.
        id: String,
        /// The nearest name, and all there are.
        help: String,
    },
    /// Something without which a data set cannot be read is not there.
    #[error("{path}: {what} of the data set `{id}` is not there; {help}", path = path.display())]
    Absent {
        /// The set's folder.
        path: PathBuf,
        /// The set.
        id: String,
        /// A file, a folder, or one of several.
        what: String,
        /// How to come by it.
        help: String,
    },
    /// A data set has not as many pictures as it officially has.
    #[error("{path}: the data set `{id}` has {problem}; {help}", path = path.display())]
    Incomplete {
        /// The set's folder.
        path: PathBuf,
        /// The set.
        id: String,
        /// Found and official numbers, and the first pictures that are missing.
        problem: String,
        /// What to do.
        help: &'static str,
    },
    /// An option has a value that makes no sense.
    #[error("option `{option}`: {problem}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// What is wrong with its value.
        problem: String,
    },
    /// A packed file is damaged or of another format.
    #[error("{path}: {problem}; delete the folder and prepare the task again", path = path.display())]
    Packed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The picture of several tasks cannot be made.
    #[error("cannot make a contact sheet: {problem}")]
    Sheet {
        /// Why not.
        problem: String,
    },
}

impl DataError {
    /// For `map_err` on input and output.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |cause| Self::Io { action, path, cause }
    }
}
