//! Changes to valid files: of bytes, of the words that a text is made of, and of numbers that count something.

use proptest::prelude::*;
use proptest::sample::Index;

/// One change. Places are fractions of whatever length the file has by then.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// One bit.
    Flip(Index, u8),
    /// Some bytes in place of as many.
    Overwrite(Index, Vec<u8>),
    /// A number of 1, 2, 4 or 8 bytes, little- or big-endian, at any place.
    Number(Index, u64, u8, bool),
    /// Everything from here to there is gone.
    Cut(Index, Index),
    /// The end is gone.
    Truncate(Index),
    /// Some bytes between two others.
    Insert(Index, Vec<u8>),
    /// A part once more, so many times, at another place.
    Duplicate(Index, Index, Index, u8),
    /// A word, which is a run of letters and digits, becomes another one.
    Word(Index, String),
    /// Two words change places.
    Swap(Index, Index),
    /// Everything from one line to another is repeated or left out.
    Lines(Index, Index, bool),
}

/// Numbers at which something overflows, or memory ends.
const NUMBERS: [u64; 14] = [
    0,
    1,
    2,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    1 << 40,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    u64::MAX,
];

/// Words that mean something to one of the readers.
const WORDS: [&str; 44] = [
    "0",
    "-1",
    "1e999",
    "-0.0",
    "nan",
    ".nan",
    ".inf",
    "Infinity",
    "null",
    "true",
    "4294967295",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "1e-320",
    "9999999999999999999999999999999",
    "{",
    "}",
    "[",
    "]",
    "[[[[[[[[",
    "{a: ",
    "\"",
    "'",
    "&a [*a]",
    "*a",
    "<<: *base",
    "!!binary aGk=",
    "? ",
    "- - - - ",
    "|\n",
    "---\n",
    "<a>",
    "</object>",
    "<object><object>",
    "&lt;",
    "&#0;",
    "<!ENTITY a \"b\">",
    "<![CDATA[",
    "\u{0}",
    "\u{fffd}",
    "\\ud800",
    ",",
    ":",
];

fn number() -> impl Strategy<Value = u64> {
    let near = (prop::sample::select(NUMBERS.to_vec()), -3_i64..4);
    prop_oneof![near.prop_map(|(number, by)| number.wrapping_add_signed(by)), any::<u64>()]
}

fn edit() -> impl Strategy<Value = Edit> {
    let bytes = || prop::collection::vec(any::<u8>(), 1..12);
    let word = prop_oneof![
        3 => prop::sample::select(WORDS.to_vec()).prop_map(str::to_owned),
        2 => number().prop_map(|number| number.to_string()),
        1 => "[a-z_]{1,12}",
    ];
    prop_oneof![
        2 => (any::<Index>(), 0_u8..8).prop_map(|(at, bit)| Edit::Flip(at, bit)),
        1 => (any::<Index>(), bytes()).prop_map(|(at, bytes)| Edit::Overwrite(at, bytes)),
        3 => (any::<Index>(), number(), 0_u8..4, any::<bool>())
            .prop_map(|(at, number, width, big)| Edit::Number(at, number, width, big)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Edit::Cut(from, to)),
        1 => any::<Index>().prop_map(Edit::Truncate),
        1 => (any::<Index>(), bytes()).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        1 => (any::<Index>(), any::<Index>(), any::<Index>(), 1_u8..30)
            .prop_map(|(from, to, at, times)| Edit::Duplicate(from, to, at, times)),
        5 => (any::<Index>(), word).prop_map(|(at, word)| Edit::Word(at, word)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Edit::Swap(one, other)),
        1 => (any::<Index>(), any::<Index>(), any::<bool>())
            .prop_map(|(from, to, twice)| Edit::Lines(from, to, twice)),
    ]
}

/// A few changes, of which most files survive one or two.
pub(crate) fn edits() -> impl Strategy<Value = Vec<Edit>> {
    prop::collection::vec(edit(), 1..6)
}

/// No file grows beyond this by being changed.
const LARGEST: usize = 256 << 10;

/// Both places in order, as positions among `count`.
fn range(from: &Index, to: &Index, count: usize) -> std::ops::Range<usize> {
    let (from, to) = (from.index(count + 1), to.index(count + 1));
    from.min(to)..from.max(to)
}

/// Where the words of a text begin and end.
fn words(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, byte) in bytes.iter().chain(b" ").enumerate() {
        match (start, byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                words.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// The file after its changes.
pub(crate) fn apply(file: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for edit in edits {
        if bytes.is_empty() || bytes.len() > LARGEST {
            break;
        }
        let length = bytes.len();
        match edit {
            Edit::Flip(at, bit) => bytes[at.index(length)] ^= 1 << bit,
            Edit::Overwrite(at, new) => overwrite(&mut bytes, at.index(length), new),
            Edit::Number(at, number, width, big) => {
                let width = 1 << width;
                let new = if *big {
                    number.to_be_bytes()[8 - width..].to_vec()
                } else {
                    number.to_le_bytes()[..width].to_vec()
                };
                overwrite(&mut bytes, at.index(length), &new);
            }
            Edit::Cut(from, to) => drop(bytes.drain(range(from, to, length))),
            Edit::Truncate(at) => bytes.truncate(at.index(length)),
            Edit::Insert(at, new) => {
                drop(bytes.splice(at.index(length)..at.index(length), new.iter().copied()))
            }
            Edit::Duplicate(from, to, at, times) => {
                let part = bytes[range(from, to, length)].repeat(usize::from(*times));
                let at = at.index(length);
                bytes.splice(at..at, part.into_iter().take(LARGEST));
            }
            Edit::Word(at, word) => {
                let words = words(&bytes);
                if !words.is_empty() {
                    bytes.splice(words[at.index(words.len())].clone(), word.bytes());
                }
            }
            Edit::Swap(one, other) => {
                let words = words(&bytes);
                if words.len() > 1 {
                    let (one, other) = (one.index(words.len()), other.index(words.len()));
                    let (first, last) = (words[one.min(other)].clone(), words[one.max(other)].clone());
                    if first != last {
                        let (new_first, new_last) =
                            (bytes[last.clone()].to_vec(), bytes[first.clone()].to_vec());
                        bytes.splice(last, new_last);
                        bytes.splice(first, new_first);
                    }
                }
            }
            Edit::Lines(from, to, twice) => {
                let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
                let range = range(from, to, lines.len());
                let middle = if *twice { lines[range.clone()].repeat(2) } else { Vec::new() };
                bytes = [&lines[..range.start], &middle, &lines[range.end..]].concat().concat();
            }
        }
    }
    bytes
}

fn overwrite(bytes: &mut [u8], at: usize, new: &[u8]) {
    let end = bytes.len().min(at + new.len());
    bytes[at..end].copy_from_slice(&new[..end - at]);
}

/// Bytes that are no file at all.
pub(crate) fn noise() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..400)
}

/// One of some files, changed; now and then noise.
pub(crate) fn changed(files: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let changed = (prop::sample::select(files), edits()).prop_map(|(file, edits)| apply(&file, &edits));
    prop_oneof![15 => changed, 1 => noise()]
}

#[test]
fn changes_change_and_end() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let file = b"name: mini\nkeeps: [0.3, 0.1]\n".repeat(10);
    let mut runner = TestRunner::deterministic();
    let mut same = 0;
    for _ in 0..300 {
        let edits = edits().new_tree(&mut runner).expect("edits").current();
        same += usize::from(apply(&file, &edits) == file);
    }
    assert!(same < 60, "{same} of 300 changed nothing");
}
