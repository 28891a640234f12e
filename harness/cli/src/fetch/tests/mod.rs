//! Fetching from a server that behaves well, and from one that does not.

mod failing;
mod resuming;
pub(super) mod server;

use std::sync::Mutex;

use secateur_data::official::{Known, Verified, entry};
use server::{Reply, Request, Server};
use sha2::{Digest as _, Sha256};

use super::*;

const FILE: &str = "archive.tar";
const ETAG: (&str, &str) = ("ETag", "\"first\"");
const SEGMENT: usize = 10_000;

/// Bytes of which no range equals another one.
fn content(length: usize, seed: u32) -> Vec<u8> {
    let step = |state: &mut u32| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some((*state >> 24) as u8)
    };
    std::iter::repeat_n((), length).scan(seed, |state, ()| step(state)).collect()
}

/// A folder to fetch into, and what is known of the file.
struct Case {
    folder: tempfile::TempDir,
    archive: Archive,
    settings: Settings,
    stop: AtomicBool,
    /// To stop when so many bytes are there.
    stop_at: Option<u64>,
    notes: Mutex<Vec<String>>,
    begun: Mutex<Vec<u64>>,
}

impl Case {
    /// The official file is `official`.
    fn new(official: &[u8]) -> Self {
        let sha256: String = Sha256::digest(official).iter().map(|byte| format!("{byte:02x}")).collect();
        let archive = Archive {
            file: FILE.to_owned(),
            gives: "folder/".to_owned(),
            bytes: Some(Known(official.len() as u64, Verified::Copy)),
            md5: None,
            sha256_head: Some(Known(sha256[..16].to_owned(), Verified::Copy)),
            address: None,
            dead: false,
        };
        let settings = Settings {
            connections: 3,
            segment_bytes: SEGMENT as u64,
            stall: Duration::from_millis(400),
            wait: Duration::from_millis(2),
            retries: 3,
            proxy: None,
        };
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            archive,
            settings,
            stop: AtomicBool::new(false),
            stop_at: None,
            notes: Mutex::default(),
            begun: Mutex::default(),
        }
    }

    fn fetch(&self, server: &Server) -> anyhow::Result<Ended> {
        let wanted = Wanted {
            entry: entry("dtd").expect("a set"),
            archive: &self.archive,
            address: format!("{}/{FILE}", server.address()),
            place: self.place(),
        };
        self.stop.store(false, Ordering::Relaxed);
        fetch(&wanted, &self.settings, &self.stop, self)
    }

    /// The error of a fetch that fails.
    fn fails(&self, server: &Server) -> String {
        format!("{:#}", self.fetch(server).expect_err("it cannot work"))
    }

    /// Fetches to the end, and compares.
    fn succeeds(&self, server: &Server, official: &[u8]) {
        assert_eq!(self.fetch(server).expect("it works"), Ended::InPlace);
        assert!(std::fs::read(self.place()).expect("a file") == official, "other bytes");
        assert_eq!(self.files(), [FILE], "nothing else stays");
    }

    fn place(&self) -> PathBuf {
        self.folder.path().join(FILE)
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("a folder");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.expect("a file").file_name().into_string().expect("UTF-8")
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    /// Whether a note has this in it.
    fn noted(&self, text: &str) -> bool {
        self.notes.lock().expect("no panic").iter().any(|note| note.contains(text))
    }
}

impl Watch for Case {
    fn begin(&self, done: u64, _: Option<u64>) {
        self.begun.lock().expect("no panic").push(done);
    }

    fn progress(&self, done: u64) {
        if self.stop_at.is_some_and(|bytes| done >= bytes) {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    fn comparing(&self) {}

    fn note(&self, text: &str) {
        self.notes.lock().expect("no panic").push(text.to_owned());
    }
}

/// Ranges that were asked for, in order.
fn ranges(requests: &[Request]) -> Vec<(usize, usize)> {
    let mut ranges: Vec<(usize, usize)> =
        requests.iter().map(|request| request.range.expect("a range")).collect();
    ranges.sort_unstable();
    ranges
}

#[test]
fn a_large_file_comes_in_ranges_side_by_side() {
    let official = content(10 * SEGMENT + 7, 1);
    let served = official.clone();
    let server = Server::start(move |request| {
        std::thread::sleep(Duration::from_millis(20));
        Reply::file(request, &served, ETAG)
    });
    let case = Case::new(&official);
    case.succeeds(&server, &official);
    let mut next = 0;
    for (start, end) in ranges(&server.requests()) {
        assert_eq!(start, next, "each byte is asked for once");
        assert!(end - start <= SEGMENT);
        next = end;
    }
    assert_eq!(next, official.len());
    let most = server.most_at_once();
    assert!((2..=3).contains(&most), "{most} requests at the same time, with three connections");
}

#[test]
fn a_small_file_is_one_request() {
    // The digests of this sentence are known everywhere.
    let official = b"The quick brown fox jumps over the lazy dog";
    let mut case = Case::new(official);
    case.archive.md5 = Some(Known("9e107d9d372bb6826bd81d3542a419d6".to_owned(), Verified::Memory));
    case.archive.sha256_head = Some(Known("d7a8fbb307d78094".to_owned(), Verified::Memory));
    let server = Server::start(|request| Reply::file(request, official, ETAG));
    case.succeeds(&server, official);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_server_without_ranges_sends_the_file_as_a_whole() {
    let official = content(5 * SEGMENT, 2);
    let served = official.clone();
    let server = Server::start(move |_| Reply::new("200 OK", &served));
    let case = Case::new(&official);
    case.succeeds(&server, &official);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn redirects_are_followed_with_the_range() {
    let official = content(3 * SEGMENT, 3);
    let served = official.clone();
    let server = Server::start(move |request| {
        if request.line.starts_with("GET /elsewhere ") {
            return Reply::file(request, &served, ETAG);
        }
        let mut reply = Reply::new("302 Found", b"");
        reply.headers.push(("Location", "/elsewhere".to_owned()));
        reply
    });
    let case = Case::new(&official);
    case.succeeds(&server, &official);
    let (there, elsewhere): (Vec<Request>, Vec<Request>) =
        server.requests().into_iter().partition(|request| request.line.contains(FILE));
    assert_eq!(ranges(&there), ranges(&elsewhere));
}

/// Servers tell of `.tar.gz` that it is a `.tar` in the encoding gzip; the archive is wanted as it is.
#[test]
fn what_is_called_encoded_is_not_decoded() {
    let official = content(2 * SEGMENT, 4);
    let served = official.clone();
    let server = Server::start(move |request| {
        let mut reply = Reply::file(request, &served, ETAG);
        reply.headers.push(("Content-Encoding", "gzip".to_owned()));
        reply
    });
    Case::new(&official).succeeds(&server, &official);
}

#[test]
fn waits_grow_to_a_bound_and_end() {
    let mut settings = Settings::new(1);
    settings.retries = 9;
    let mut patience = Patience::new(&settings);
    let waits: Vec<u64> = std::iter::from_fn(|| patience.again()).map(|wait| wait.as_secs()).collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
}
