//! What came earlier is continued, unless the file was changed since.

use std::fs::File;

use super::*;

const LENGTH: usize = 10 * SEGMENT + 7;

/// Fetches until a part of the file is there; how many bytes were kept.
fn stopped(case: &mut Case, header: (&'static str, &'static str)) -> u64 {
    let served = content(LENGTH, 20);
    let server = Server::start(move |request| {
        std::thread::sleep(Duration::from_millis(10));
        let reply = Reply::file(request, &served, header);
        // Some ranges end in the middle.
        if request.number >= 4 { reply.cut(3_000, Duration::from_secs(5)) } else { reply }
    });
    case.stop_at = Some(4 * SEGMENT as u64 + 1);
    let start = Instant::now();
    assert_eq!(case.fetch(&server).expect("it stops"), Ended::Stopped);
    assert!(start.elapsed() < Duration::from_secs(3), "nobody waits for the network");
    case.stop_at = None;
    case.begun.lock().expect("no panic").clear();
    assert_eq!(case.files(), [format!("{FILE}.part"), format!("{FILE}.part.json")]);
    let kept = kept_bytes(&case.place());
    assert!(kept > 4 * SEGMENT as u64 && kept < LENGTH as u64, "{kept}");
    kept
}

#[test]
fn the_same_command_goes_on() {
    for header in [ETAG, ("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")] {
        let official = content(LENGTH, 20);
        let mut case = Case::new(&official);
        let kept = stopped(&mut case, header);
        let served = official.clone();
        let server = Server::start(move |request| Reply::file(request, &served, header));
        case.succeeds(&server, &official);
        assert_eq!(*case.begun.lock().expect("no panic"), [kept]);
        let requests = server.requests();
        let asked: usize = ranges(&requests).iter().map(|(start, end)| end - start).sum();
        assert_eq!(asked as u64, LENGTH as u64 - kept, "only what is missing is asked for");
        assert!(requests.iter().all(|request| request.if_range.as_deref() == Some(header.1)));
    }
}

#[test]
fn a_weak_tag_promises_nothing() {
    let official = content(LENGTH, 20);
    let mut case = Case::new(&official);
    let weak = ("ETag", "W/\"first\"");
    stopped(&mut case, weak);
    let served = official.clone();
    let server = Server::start(move |request| Reply::file(request, &served, weak));
    case.succeeds(&server, &official);
    assert!(server.requests().iter().all(|request| request.if_range.is_none()));
}

#[test]
fn a_file_that_was_changed_begins_anew() {
    let header = |second| if second { ("ETag", "\"second\"") } else { ETAG };
    // It was changed in all bytes, or is shorter, or cannot be had in ranges any more, and a server may look at the
    // condition or not.
    for (length, heeds, has_ranges) in [
        (LENGTH, true, true),
        (LENGTH, false, true),
        (LENGTH - 1, true, true),
        (LENGTH - 1, false, true),
        (SEGMENT / 2, false, true),
        (LENGTH, true, false),
    ] {
        let new = content(length, 21);
        let mut case = Case::new(&content(LENGTH, 20));
        stopped(&mut case, header(false));
        case.archive = Case::new(&new).archive;
        let served = new.clone();
        let server = Server::start(move |request| {
            let mut request = request.clone();
            request.if_range = request.if_range.filter(|_| heeds);
            request.range = request.range.filter(|_| has_ranges);
            Reply::file(&request, &served, header(true))
        });
        case.succeeds(&server, &new);
        assert!(case.noted("beginning anew"), "{:?}", case.notes);
        assert_eq!(*case.begun.lock().expect("no panic"), [0]);
        // One request has told that it was changed; what it is now comes in ranges again.
        let requests = server.requests().len();
        let expected = if has_ranges { length.div_ceil(SEGMENT) + 1 } else { 2 };
        assert_eq!(requests, expected, "{length} {heeds} {has_ranges}");
    }
}

#[test]
fn a_file_that_changes_while_it_comes_begins_anew() {
    let new = content(LENGTH, 21);
    let (old, served) = (content(LENGTH, 20), new.clone());
    let server = Server::start(move |request| match request.number {
        0..5 => Reply::file(request, &old, ETAG),
        _ => Reply::file(request, &served, ("ETag", "\"second\"")),
    });
    let case = Case::new(&new);
    case.succeeds(&server, &new);
    assert!(case.noted("beginning anew"), "{:?}", case.notes);
}

#[test]
fn a_file_that_always_changes_is_given_up() {
    let official = content(LENGTH, 20);
    let served = official.clone();
    let server = Server::start(move |request| {
        let mut reply = Reply::file(&Request { if_range: None, ..request.clone() }, &served, ("X", ""));
        reply.headers.push(("ETag", format!("\"{}\"", request.number)));
        reply
    });
    let error = Case::new(&official).fails(&server);
    assert!(error.contains("changed each time"), "{error}");
}

#[test]
fn a_record_that_does_not_fit_is_not_believed() {
    let official = content(LENGTH, 20);
    let validator = r#""validator": { "etag": null, "last_modified": null }"#;
    let record = |segments: &str| {
        format!(r#"{{ "version": 1, "bytes": {LENGTH}, {validator}, "segments": [{segments}] }}"#)
    };
    let whole = format!("[0, 5000, {LENGTH}]");
    for (record, bytes) in [
        (String::new(), 5000),
        ("{".to_owned(), 5000),
        (record(""), 5000),
        (record("[0, 5000, 6000]"), 5000),
        (record(&format!("[0, 5000, 6000], [6001, 6001, {LENGTH}]")), 5000),
        (record(&format!("[0, 7000, 6000], [6000, 6000, {LENGTH}]")), 7000),
        (record(&format!("[5, 0, {LENGTH}]")), 5000),
        (record(&whole), 4999),
        (record(&whole).replace("\"version\": 1", "\"version\": 2"), 5000),
    ] {
        let case = Case::new(&official);
        // Other bytes, so that what is believed is noticed.
        std::fs::write(case.folder.path().join(format!("{FILE}.part")), vec![0; bytes]).expect("a file");
        std::fs::write(case.folder.path().join(format!("{FILE}.part.json")), &record).expect("a file");
        assert_eq!(kept_bytes(&case.place()), 0, "{record}");
        let served = official.clone();
        let server = Server::start(move |request| Reply::file(request, &served, ETAG));
        case.succeeds(&server, &official);
    }
}

#[test]
fn what_was_whole_already_is_only_compared() {
    let official = content(LENGTH, 20);
    let case = Case::new(&official);
    let record = format!(
        r#"{{ "version": 1, "bytes": {LENGTH}, "validator": {{ "etag": null, "last_modified": null }},
             "segments": [[0, {LENGTH}, {LENGTH}]] }}"#
    );
    std::fs::write(case.folder.path().join(format!("{FILE}.part")), &official).expect("a file");
    std::fs::write(case.folder.path().join(format!("{FILE}.part.json")), record).expect("a file");
    let server = Server::start(|_| Reply::new("404 Not Found", b""));
    case.succeeds(&server, &official);
    assert!(server.requests().is_empty());
}

#[test]
fn two_processes_do_not_write_one_file() {
    let official = content(LENGTH, 20);
    let mut case = Case::new(&official);
    let kept = stopped(&mut case, ETAG);
    let other = File::open(case.folder.path().join(format!("{FILE}.part"))).expect("a file");
    other.lock().expect("a lock");
    let served = official.clone();
    let server = Server::start(move |request| Reply::file(request, &served, ETAG));
    let error = case.fails(&server);
    assert!(error.contains("another process"), "{error}");
    assert_eq!(kept_bytes(&case.place()), kept);
    drop(other);
    case.succeeds(&server, &official);
}
