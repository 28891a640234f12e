//! Published figures: tables that people write.

use proptest::prelude::*;
use secateur_reports::{read_names, read_published};

use crate::memory::bounded;
use crate::mutate::{apply, edits};
use crate::{cases, workspace};

/// A line has a dozen texts.
const TIMES: usize = 400;

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn changed_tables_are_read_or_refused_with_the_file(which in any::<prop::sample::Index>(), edits in edits()) {
        let mut paths: Vec<_> = std::fs::read_dir(workspace().join("benchmarks/published"))
            .expect("tables")
            .map(|entry| entry.expect("readable").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
            .collect();
        paths.sort();
        let path = &paths[which.index(paths.len())];
        let bytes = apply(&std::fs::read(path).expect("readable"), &edits);
        let folder = tempfile::tempdir().expect("a folder");
        let copy = folder.path().join(path.file_name().expect("a name"));
        std::fs::write(&copy, &bytes).expect("written");
        let read = bounded(bytes.len(), TIMES, || (read_published(&copy).err(), read_names(folder.path()).err()));
        for error in [read.0, read.1].into_iter().flatten() {
            prop_assert!(error.to_string().contains(&folder.path().display().to_string()), "{}", error);
        }
    }
}
