//! Servers that fail, for a while or for good.

use super::*;

/// How long a connection stays open on which nothing comes; longer than a stall may take.
const LONG: Duration = Duration::from_secs(20);

#[test]
fn errors_that_pass_are_waited_for() {
    let official = content(3 * SEGMENT, 10);
    for status in ["500 Internal Server Error", "503 Service Unavailable", "429 Too Many Requests"] {
        let served = official.clone();
        let server = Server::start(move |request| match request.number {
            // The first request, and then one of a worker.
            0 | 1 | 3 => Reply::new(status, b"busy"),
            _ => Reply::file(request, &served, ETAG),
        });
        let case = Case::new(&official);
        case.succeeds(&server, &official);
        assert!(case.noted(status) && case.noted("again in"), "{:?}", case.notes);
    }
}

#[test]
fn errors_that_do_not_pass_end_it() {
    let case = Case::new(b"anything");
    let server = Server::start(|_| Reply::new("500 Internal Server Error", b""));
    let error = case.fails(&server);
    assert!(error.contains("500") && error.contains("after 3 retries"), "{error}");
    assert_eq!(server.requests().len(), 4);

    let server = Server::start(|_| Reply::new("404 Not Found", b"a page"));
    let error = case.fails(&server);
    assert!(error.contains("404 Not Found") && error.contains(&server.address()), "{error}");
    assert_eq!(server.requests().len(), 1, "it is not asked again for what is not there");
    assert!(case.files().is_empty());
}

#[test]
fn nobody_there_is_an_error() {
    let case = Case::new(b"anything");
    let server = Server::start(|request| Reply::file(request, b"anything", ETAG));
    let wanted = Wanted {
        entry: entry("dtd").expect("a set"),
        archive: &case.archive,
        // Nothing listens there.
        address: "http://127.0.0.1:1/archive.tar".to_owned(),
        place: case.place(),
    };
    drop(server);
    let error = fetch(&wanted, &case.settings, &case.stop, &case).expect_err("no server").to_string();
    assert!(error.contains("127.0.0.1:1") && error.contains("after 3 retries"), "{error}");
}

/// A server that stalls, or closes, in the middle of two answers.
fn interrupted(pause: Duration) -> (Case, Vec<Request>) {
    let official = content(3 * SEGMENT, 11);
    let served = official.clone();
    let server = Server::start(move |request| {
        let reply = Reply::file(request, &served, ETAG);
        if request.number < 2 { reply.cut(4_321, pause) } else { reply }
    });
    let mut case = Case::new(&official);
    // So that the order of requests is certain.
    case.settings.connections = 1;
    let start = Instant::now();
    case.succeeds(&server, &official);
    assert!(start.elapsed() < LONG / 2, "a stall is not waited out");
    (case, server.requests())
}

#[test]
fn a_stall_is_given_up_and_continued_where_it_was() {
    let (case, requests) = interrupted(LONG);
    assert!(case.noted("nothing came for too long"), "{:?}", case.notes);
    assert_eq!(
        ranges(&requests)[..4],
        [(0, SEGMENT), (4_321, SEGMENT), (8_642, SEGMENT), (SEGMENT, 2 * SEGMENT)]
    );
    assert!(requests[1..].iter().all(|request| request.if_range.as_deref() == Some(ETAG.1)));
}

#[test]
fn a_connection_that_is_closed_is_continued_where_it_was() {
    let (case, requests) = interrupted(Duration::ZERO);
    assert!(case.noted("again in"), "{:?}", case.notes);
    assert_eq!(ranges(&requests)[..3], [(0, SEGMENT), (4_321, SEGMENT), (8_642, SEGMENT)]);
}

#[test]
fn without_ranges_what_is_cut_begins_at_the_beginning() {
    let official = content(3 * SEGMENT, 12);
    let served = official.clone();
    let server = Server::start(move |request| {
        let reply = Reply::new("200 OK", &served);
        if request.number == 0 { reply.cut(SEGMENT, Duration::ZERO) } else { reply }
    });
    let case = Case::new(&official);
    case.succeeds(&server, &official);
    assert!(case.noted("from the beginning"), "{:?}", case.notes);
}

#[test]
fn what_is_cut_again_and_again_is_given_up_however_much_came() {
    let official = content(2 << 20, 16);
    let served = official.clone();
    let server = Server::start(move |_| Reply::new("200 OK", &served).cut(3 << 19, Duration::ZERO));
    let error = Case::new(&official).fails(&server);
    assert!(error.contains("after 3 retries"), "{error}");
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn a_length_that_is_a_lie_is_noticed() {
    let mut case = Case::new(&content(SEGMENT, 13));
    let served = content(SEGMENT - 1, 13);
    // It differs from the official one.
    let server = Server::start(move |request| Reply::file(request, &served, ETAG));
    let error = case.fails(&server);
    assert!(error.contains("has 9999 bytes, the official file 10000"), "{error}");
    assert!(case.files().is_empty());
    // More is promised than comes, again and again.
    case.archive.bytes = None;
    let served = content(SEGMENT / 2, 13);
    let server = Server::start(move |_| {
        let mut reply = Reply::new("200 OK", &served);
        reply.length = SEGMENT;
        reply
    });
    let error = case.fails(&server);
    assert!(error.contains("after 3 retries"), "{error}");
    assert_eq!(server.requests().len(), 4);
    assert!(!case.place().exists());
}

#[test]
fn another_range_than_was_asked_for_is_refused() {
    let official = content(2 * SEGMENT, 14);
    let served = official.clone();
    let server = Server::start(move |request| {
        let other = Request { range: Some((1, SEGMENT)), ..request.clone() };
        Reply::file(&other, &served, ETAG)
    });
    let error = Case::new(&official).fails(&server);
    assert!(error.contains("from 0 on") && error.contains("bytes 1-9999/20000"), "{error}");
}

#[test]
fn other_bytes_are_set_aside_and_fetched_anew() {
    let official = content(3 * SEGMENT, 15);
    let mut other = official.clone();
    other[2 * SEGMENT] ^= 1;
    let (served, first) = (official.clone(), other.clone());
    let server = Server::start(move |request| {
        let bytes = if request.number < 3 { &first } else { &served };
        Reply::file(request, bytes, ETAG)
    });
    let case = Case::new(&official);
    let error = case.fails(&server);
    let expected = &case.archive.sha256_head.as_ref().expect("a digest").0;
    assert!(error.contains(&format!("officially {expected}")) && error.contains("SHA-256"), "{error}");
    let bad = format!("{FILE}.bad");
    assert!(error.contains(&bad), "{error}");
    assert_eq!(case.files(), std::slice::from_ref(&bad));
    assert!(std::fs::read(case.folder.path().join(&bad)).expect("a file") == other);
    // The next time everything is asked for again.
    assert_eq!(case.fetch(&server).expect("it works"), Ended::InPlace);
    assert!(std::fs::read(case.place()).expect("a file") == official);
    assert_eq!(server.requests().len(), 6);
}

#[test]
fn what_there_is_no_room_for_is_not_begun() {
    let mut case = Case::new(b"");
    case.archive.bytes = None;
    let server = Server::start(|_| {
        let mut reply = Reply::new("206 Partial Content", b"first");
        reply.headers.push(("Content-Range", format!("bytes 0-4/{}", 1_u64 << 60)));
        reply
    });
    let error = case.fails(&server);
    assert!(error.contains("1152921504606846976 bytes are to come"), "{error}");
    assert!(case.files().is_empty());
}
