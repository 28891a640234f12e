use std::cell::Cell;
use std::convert::Infallible;

use super::*;

/// Files, what is remembered of them, and how often they were read.
struct Bench {
    folder: tempfile::TempDir,
    reads: Cell<u32>,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap(), reads: Cell::new(0) };
        std::fs::create_dir(bench.path("data")).unwrap();
        bench.write("data/a", "one");
        bench.write("data/b", "two");
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).unwrap();
    }

    fn digests(&self, verify: bool) -> Digests {
        Digests { folder: Some(self.path("cache")), verify }
    }

    /// The digest a minute after every change, or now.
    fn digest(&self, digests: &Digests, name: &str, later: bool) -> String {
        let now = SystemTime::now() + Duration::from_secs(if later { 60 } else { 0 });
        let read = |path: &Path| {
            self.reads.set(self.reads.get() + 1);
            Ok::<_, Infallible>(secateur_data::folder::digest_source(path).unwrap())
        };
        digests.digest_at(now, "data", &self.path(name), read).unwrap()
    }

    /// Whether it was read for the digest, which must be right in any case.
    fn is_read(&self, digests: &Digests, name: &str) -> bool {
        let before = self.reads.get();
        let digest = self.digest(digests, name, true);
        assert_eq!(digest, secateur_data::folder::digest_source(&self.path(name)).unwrap());
        self.reads.get() > before
    }
}

#[test]
fn what_has_not_changed_is_not_read_again() {
    let bench = Bench::new();
    let digests = bench.digests(false);
    for name in ["data", "data/a"] {
        assert!(bench.is_read(&digests, name));
        assert!(!bench.is_read(&digests, name));
    }
    // However it is spelled.
    assert!(!bench.is_read(&digests, "data/../data") && !bench.is_read(&digests, "./data/./a"));
    // Another run of the program knows it, too.
    assert!(!bench.is_read(&bench.digests(false), "data"));
}

#[test]
fn a_changed_byte_is_seen_whatever_the_size_and_the_time_say() {
    let bench = Bench::new();
    let digests = bench.digests(false);
    bench.is_read(&digests, "data");
    // More than the clock of the file system is coarse.
    std::thread::sleep(Duration::from_millis(20));
    bench.write("data/a", "0ne");
    assert!(bench.is_read(&digests, "data"));
    // The time of the change of content is set back; that of the state cannot be.
    let old = std::fs::metadata(bench.path("data/a")).unwrap().modified().unwrap();
    std::thread::sleep(Duration::from_millis(20));
    bench.write("data/a", "1ne");
    std::fs::File::options().write(true).open(bench.path("data/a")).unwrap().set_modified(old).unwrap();
    assert!(bench.is_read(&digests, "data"));
    assert!(!bench.is_read(&digests, "data"));
}

#[test]
fn files_that_come_go_or_change_places_are_seen() {
    let bench = Bench::new();
    let digests = bench.digests(false);
    bench.is_read(&digests, "data");
    bench.write("data/c", "three");
    assert!(bench.is_read(&digests, "data"));
    std::fs::remove_file(bench.path("data/b")).unwrap();
    assert!(bench.is_read(&digests, "data"));
    std::fs::rename(bench.path("data/c"), bench.path("data/b")).unwrap();
    assert!(bench.is_read(&digests, "data"));
    assert!(!bench.is_read(&digests, "data"));
}

#[test]
fn what_was_changed_a_moment_ago_is_not_remembered() {
    let bench = Bench::new();
    let digests = bench.digests(false);
    bench.digest(&digests, "data", false);
    bench.digest(&digests, "data", false);
    assert_eq!(bench.reads.get(), 2);
    assert!(!bench.path("cache").exists());
}

#[test]
fn what_changes_while_it_is_read_is_not_remembered() {
    let bench = Bench::new();
    let digests = bench.digests(false);
    let now = SystemTime::now() + Duration::from_secs(60);
    let read = |path: &Path| {
        let digest = secateur_data::folder::digest_source(path).unwrap();
        bench.write("data/a", "another");
        Ok::<_, Infallible>(digest)
    };
    digests.digest_at(now, "data", &bench.path("data"), read).unwrap();
    assert!(bench.is_read(&digests, "data"));
}

#[test]
fn who_asks_for_it_reads_everything() {
    let bench = Bench::new();
    bench.is_read(&bench.digests(false), "data");
    assert!(bench.is_read(&bench.digests(true), "data"));
    assert!(!bench.is_read(&bench.digests(false), "data"));
}

#[test]
fn a_cache_that_is_damaged_or_cannot_be_written_only_costs_time() {
    let bench = Bench::new();
    let digests = bench.digests(false);
    bench.is_read(&digests, "data");
    let entry = std::fs::read_dir(bench.path("cache")).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&entry, "{\"stamp\": 3").unwrap();
    assert!(bench.is_read(&digests, "data"));
    bench.write("file", "");
    let nowhere = Digests { folder: Some(bench.path("file/below")), verify: false };
    assert!(bench.is_read(&nowhere, "data") && bench.is_read(&nowhere, "data"));
    let none = Digests { folder: None, verify: false };
    assert!(bench.is_read(&none, "data") && bench.is_read(&none, "data"));
    // Another way to compute a digest is another digest.
    let other =
        digests.digest_at(SystemTime::now() + Duration::from_secs(60), "other", &bench.path("data"), |_| {
            Ok::<_, Infallible>("other".to_owned())
        });
    assert_eq!(other.unwrap(), "other");
    assert!(!bench.is_read(&digests, "data"));
}
