//! `secateur data fetch`: what it plans, asks and says, against a server of the test. Official files cannot be served here, so
//! that what arrives is never official; that whole files get to their places is tested in `src/fetch`.

#[path = "../../src/fetch/tests/server.rs"]
mod server;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use server::{Reply, Request, Server};

fn command(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_secateur"));
    command.args(["data", "fetch", "--data-root"]).arg(root).args(arguments).stdin(Stdio::null());
    // Whoever runs the tests may be behind a proxy.
    command.env("NO_PROXY", "127.0.0.1").env_remove("no_proxy");
    command
}

/// What was printed, after the exit code was looked at.
fn said(root: &Path, arguments: &[&str], code: i32) -> String {
    let output = command(root, arguments).output().expect("secateur runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
    out + &err
}

fn assert_has(text: &str, expected: &[&str]) {
    for part in expected {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

#[test]
fn nobody_is_asked_where_there_is_no_terminal() {
    let root = tempfile::tempdir().expect("a folder");
    let text = said(root.path(), &["flowers", "caltech256", "pets"], 2);
    assert_has(
        &text,
        &[
            "flowers: 102flowers.tgz (345 MB) from https://www.robots.ox.ac.uk/",
            "pets (terms: CC BY-SA 4.0)",
            "6 files, 1.2 GB and 1 file of unknown size",
            "--yes fetches without asking",
        ],
    );
    assert_eq!(std::fs::read_dir(root.path()).expect("a folder").count(), 0, "nothing is made");
}

#[test]
fn what_cannot_be_fetched_says_what_to_do() {
    let root = tempfile::tempdir().expect("a folder");
    let text = said(root.path(), &["cars", "imagenet"], 1);
    let folder = root.path().join("cars").display().to_string();
    assert_has(
        &text,
        &[
            "cars_train.tgz (979 MB, MD5 065e5b463ae28d29e77c1b4b166cfe61) was at https://ai.stanford.edu/",
            "where nothing is any more",
            &format!("put a copy into {folder}"),
            "imagenet: train/ cannot be fetched: unpack ILSVRC2012_img_train.tar",
            "not there, or not all: cars, imagenet",
        ],
    );
    let text = said(root.path(), &["birdsnap"], 2);
    assert_has(&text, &["download/images/ cannot be fetched: the archive has metadata only", "birdsnap.tgz"]);
}

#[test]
fn what_is_there_is_not_fetched() {
    let root = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(root.path().join("mnist")).expect("a folder");
    for name in ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"]
        .map(|name| name.to_owned() + "-ubyte")
    {
        std::fs::write(root.path().join("mnist").join(name), b"unpacked").expect("a file");
    }
    let text = said(root.path(), &["mnist"], 0);
    assert_has(
        &text,
        &["train-images-idx3-ubyte or train-images-idx3-ubyte.gz: there, unpacked", "all is there"],
    );
    // A file that is there and is not official is not overwritten.
    std::fs::create_dir(root.path().join("dtd")).expect("a folder");
    let own = root.path().join("dtd/dtd-r1.0.1.tar.gz");
    std::fs::write(&own, b"of somebody").expect("a file");
    let text = said(root.path(), &["dtd", "--yes"], 1);
    assert_has(
        &text,
        &[
            "not official (bytes 11, officially 625239812",
            &format!("remove {}", own.display()),
            "not all: dtd",
        ],
    );
    assert_eq!(std::fs::read(&own).expect("a file"), b"of somebody");
}

#[test]
fn a_mirror_is_asked_by_name_and_what_is_not_official_is_set_aside() {
    let root = tempfile::tempdir().expect("a folder");
    let server = Server::start(|request: &Request| {
        let asked = |name: &str| request.line.starts_with(&format!("GET /data/flowers/{name} "));
        if asked("imagelabels.mat") {
            // Of the official size.
            return Reply::file(request, &[7; 502], ("ETag", "\"labels\""));
        }
        if asked("setid.mat") {
            return Reply::new("200 OK", b"a page in place of the file").cut(5, Duration::ZERO);
        }
        Reply::new("404 Not Found", b"")
    });
    let mirror = format!("{}/data/{{set}}/", server.address());
    let text = said(root.path(), &["flowers", "--yes", "--mirror", &mirror], 1);
    assert_has(
        &text,
        &[
            "102flowers.tgz: http://127.0.0.1",
            "the server answers 404 Not Found",
            "MD5 ",
            "officially e0620be6f572b9609742df49c70aed4d",
            "imagelabels.mat.bad",
            "setid.mat has 27 bytes, the official file 14989",
            "not there, or not all: flowers",
        ],
    );
    assert_eq!(server.requests().len(), 3);
    assert!(server.most_at_once() == 1);
    let folder = root.path().join("flowers");
    let names: Vec<_> =
        std::fs::read_dir(&folder).expect("a folder").flatten().map(|file| file.file_name()).collect();
    assert_eq!(names, ["imagelabels.mat.bad"]);
}

#[test]
fn a_signal_stops_it_and_the_same_command_goes_on() {
    let root = tempfile::tempdir().expect("a folder");
    let content = [7; 502];
    let server = Server::start(move |request: &Request| {
        let reply = Reply::file(request, &content, ("ETag", "\"labels\""));
        if !request.line.contains("imagelabels") {
            return Reply::new("404 Not Found", b"");
        }
        // The first time it comes to a halt in the middle.
        if request.range.is_some_and(|(start, _)| start == 0) {
            reply.cut(200, Duration::from_secs(30))
        } else {
            reply
        }
    });
    let arguments = ["flowers", "--yes", "--mirror", &server.address()];
    let mut child = command(root.path(), &arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let part = root.path().join("flowers/imagelabels.mat.part");
    let came = |_: &u32| {
        std::thread::sleep(Duration::from_millis(20));
        std::fs::metadata(&part).is_ok_and(|part| part.len() == 200)
    };
    assert!((0..1000).any(|turn| came(&turn)), "nothing came");
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).expect("it runs");
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(1));
    let output = child.wait_with_output().expect("its output");
    assert_has(
        &String::from_utf8_lossy(&output.stdout),
        &["stopped before the end; the same command goes on"],
    );
    let text = said(root.path(), &arguments, 1);
    assert_has(&text, &["of which 200 B are there", "goes on after 200 B", "imagelabels.mat.bad"]);
    let ranges: Vec<_> = server.requests().iter().filter_map(|request| request.range).collect();
    assert!(ranges.contains(&(200, 502)), "{ranges:?}");
    let bad = std::fs::read(root.path().join("flowers/imagelabels.mat.bad")).expect("a file");
    assert_eq!(bad, content);
}

#[test]
fn what_has_come_of_a_file_that_fails_is_kept() {
    let root = tempfile::tempdir().expect("a folder");
    let server = Server::start(|request: &Request| {
        if request.number == 0 {
            return Reply::file(request, &[7; 502], ("ETag", "\"first\"")).cut(200, Duration::ZERO);
        }
        Reply::new("404 Not Found", b"")
    });
    // Only the labels are missing.
    let folder = root.path().join("flowers");
    std::fs::create_dir(&folder).expect("a folder");
    for name in ["102flowers.tgz", "setid.mat"] {
        std::fs::write(folder.join(name), b"another file").expect("a file");
    }
    let text = said(root.path(), &["flowers", "--yes", "--mirror", &server.address()], 1);
    assert_has(
        &text,
        &["again in 1.0 s", "404 Not Found", "200 B are kept, and the same command goes on there"],
    );
}

#[test]
fn the_proxy_of_the_environment_is_asked() {
    let root = tempfile::tempdir().expect("a folder");
    let proxy = Server::start(|_: &Request| Reply::new("403 Forbidden", b""));
    let mut command = command(root.path(), &["dtd", "--yes", "--mirror", "http://archives.invalid"]);
    for name in ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "http_proxy"] {
        command.env_remove(name);
    }
    command.env("HTTP_PROXY", proxy.address()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it runs");
    let asked = (0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        proxy.requests().iter().any(|request| request.line.contains("archives.invalid:80"))
    });
    child.kill().expect("it waits for the next retry");
    child.wait().expect("it ends");
    assert!(asked, "{:?}", proxy.requests());
}

#[test]
fn wrong_usage_exits_with_2() {
    let root = tempfile::tempdir().expect("a folder");
    let text = said(root.path(), &["flower"], 2);
    assert_has(&text, &["did you mean `flowers`?"]);
    assert_has(&said(root.path(), &["flowers", "--mirror", "ftp://somewhere"], 2), &["begins with http://"]);
    assert_has(&said(root.path(), &["flowers", "--connections", "0"], 2), &["1..=16"]);
}
