//! The end of a log.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use crate::text::clean;

/// Bytes of a log's end that are kept.
const TAIL_BYTES: u64 = 8 * 1024;

/// The last whole lines of a log, without anything that could move a cursor or forge a page, and how many bytes the whole
/// log has. A log that is not there or cannot be read is empty: a report does not fail for want of one.
pub(super) fn tail(path: &Path) -> (String, u64) {
    let read = || -> std::io::Result<(Vec<u8>, u64)> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        // A log that grows while it is read is not read without end.
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok((bytes, length))
    };
    read().map_or_else(
        |_| (String::new(), 0),
        |(bytes, length)| (readable(&bytes, length > TAIL_BYTES), length),
    )
}

fn readable(bytes: &[u8], cut: bool) -> String {
    let text = String::from_utf8_lossy(bytes);
    // The first line of a cut log is half a line, unless it is the only one.
    let whole = match text.split_once('\n') {
        Some((_, rest)) if cut && !rest.is_empty() => rest,
        _ => &text,
    };
    let lines: Vec<String> =
        whole.lines().map(|line| clean(&without_colour(line).replace('\t', "    "))).collect();
    lines.join("\n").trim_end().to_owned()
}

/// Colours of terminals are no content: `ESC [ … m` goes, everything else stays and is cleaned.
fn without_colour(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        let end = after.find(|c: char| !c.is_ascii_digit() && c != ';');
        match end {
            Some(end) if after[end..].starts_with('m') => rest = &after[end + 1..],
            _ => {
                out.push('\u{1b}');
                out.push('[');
                rest = after;
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(content: &[u8]) -> (String, u64) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log.txt");
        std::fs::write(&path, content).expect("a log");
        tail(&path)
    }

    #[test]
    fn short_logs_are_whole_and_missing_ones_empty() {
        assert_eq!(of(b"one\n\ttwo\n"), ("one\n    two".to_owned(), 9));
        assert_eq!(tail(Path::new("no/such/log.txt")), (String::new(), 0));
    }

    #[test]
    fn long_logs_are_cut_at_a_line() {
        let lines: String = (0..4000).map(|number| format!("line {number:04}\n")).collect();
        let (text, bytes) = of(lines.as_bytes());
        assert_eq!(bytes, 40_000);
        assert!(text.len() <= TAIL_BYTES as usize && text.len() > TAIL_BYTES as usize - 32);
        assert!(text.lines().all(|line| line.len() == 9) && text.ends_with("line 3999"));
        // One endless line has no beginning to cut at.
        let (text, _) = of("x".repeat(20_000).as_bytes());
        assert_eq!(text.len(), TAIL_BYTES as usize);
    }

    #[test]
    fn logs_lose_their_colours_and_their_power() {
        let (text, _) = of(b"\x1b[32m INFO\x1b[0m done\x1b[2J\x07 \xff\xe2\x80\xae");
        assert_eq!(text, " INFO done\u{fffd}[2J\u{fffd} \u{fffd}\u{fffd}");
        // An end that is no end.
        assert_eq!(of(b"a\x1b[31").0, "a\u{fffd}[31");
    }
}
