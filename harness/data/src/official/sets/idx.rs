//! MNIST and Fashion-MNIST: IDX files, compressed or not. A big-endian header (two zeros, the type of values, the number
//! of dimensions, and each of these) stands before the values.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::super::draft::{Claim, Draft, Drafted, Format};
use super::super::tree::Tree;
use crate::listing::Located;
use crate::listing::raw::{Order, RawFile, RawShape, Wrap};
use crate::{DataError, Split};

pub(super) const FORMAT: Format = Format { metadata: &[], read };

/// Values of 8 bits.
const BYTES: u8 = 8;
/// A file with more pictures, or with larger ones, is of another set.
const MOST_PICTURES: usize = 1 << 18;
const LARGEST_SIDE: usize = 1024;

fn read(tree: &Tree<'_>) -> Result<Draft, DataError> {
    let mut draft = Draft::of(class_names(&tree.entry.id));
    let parts = [("train", Split::Train, "train"), ("test", Split::Test, "t10k")];
    for (file, (name, split, prefix)) in parts.into_iter().enumerate() {
        let (pictures, wrap) = find(tree, &format!("{prefix}-images-idx3-ubyte"))?;
        let (sides, _) = content(tree, &pictures, &wrap, 3, false)?;
        let (labels_file, labels_wrap) = find(tree, &format!("{prefix}-labels-idx1-ubyte"))?;
        let (counts, labels) = content(tree, &labels_file, &labels_wrap, 1, true)?;
        let (&[count, height, width], &[labelled]) = (&sides[..], &counts[..]) else {
            return Err(tree.file_error(&pictures.0, "has no pictures"));
        };
        if count != labelled {
            let problem = format!("has {count} pictures, but {} has {labelled} labels", labels_file.0);
            return Err(tree.file_error(&pictures.0, problem));
        }
        let shape = RawShape { channels: 1, height, width, order: Order::Rows };
        for (index, label) in labels.into_iter().enumerate() {
            let offset = header_length(3) + (index * shape.bytes()) as u64;
            let claim = Claim::Raw { file, offset };
            draft.split_mut(split).push(Drafted {
                name: format!("{name}/{index:05}"),
                label: label.into(),
                claim,
            });
        }
        draft.raw.push(RawFile { path: pictures.0, archive: pictures.1, wrap, shape });
    }
    Ok(draft)
}

/// Names as the authors give them; MNIST's are the digits.
fn class_names(id: &str) -> Vec<String> {
    const FASHION: [&str; 10] = [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ];
    match id {
        "fashion-mnist" => FASHION.iter().map(|name| (*name).to_owned()).collect(),
        _ => (0..10).map(|digit| digit.to_string()).collect(),
    }
}

/// A file, unpacked or compressed.
fn find(tree: &Tree<'_>, name: &str) -> Result<(Located, Wrap), DataError> {
    for (ending, wrap) in [("", Wrap::None), (".gz", Wrap::Gzip)] {
        let mark = format!("{name}{ending}");
        if let Some(base) = tree.base(&mark)?
            && let Some(located) = tree.find(&format!("{base}{mark}"))
        {
            return Ok((located, wrap));
        }
    }
    Err(tree.absent(&format!("`{name}` or `{name}.gz`"), &tree.how(&[name])))
}

fn header_length(dimensions: usize) -> u64 {
    4 + 4 * dimensions as u64
}

/// The dimensions of a file, and, if they are asked for, its values. Whether it has them all is looked at either way.
fn content(
    tree: &Tree<'_>,
    file: &Located,
    wrap: &Wrap,
    dimensions: usize,
    values: bool,
) -> Result<(Vec<usize>, Vec<u8>), DataError> {
    let mut found = (Vec::new(), Vec::new());
    tree.source.scan(std::slice::from_ref(file), &mut |_, visited| {
        visited.read(|reader, _| {
            let outcome = match wrap {
                Wrap::Gzip => parse(&mut MultiGzDecoder::new(reader), dimensions, values),
                _ => parse(reader, dimensions, values),
            };
            found = outcome.map_err(|problem| tree.file_error(&file.0, problem))?;
            Ok(())
        })
    })?;
    Ok(found)
}

fn parse(reader: &mut dyn Read, dimensions: usize, values: bool) -> Result<(Vec<usize>, Vec<u8>), String> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => "ends too early".to_owned(),
        _ => format!("cannot be unpacked ({error})"),
    };
    let mut magic = [0; 4];
    reader.read_exact(&mut magic).map_err(unreadable)?;
    if magic != [0, 0, BYTES, dimensions as u8] {
        return Err(format!("is no IDX file of bytes in {dimensions} dimensions"));
    }
    let mut sides = Vec::new();
    for _ in 0..dimensions {
        let mut side = [0; 4];
        reader.read_exact(&mut side).map_err(unreadable)?;
        sides.push(u32::from_be_bytes(side) as usize);
    }
    let pictures_fit = sides.first().is_some_and(|count| *count <= MOST_PICTURES);
    if !pictures_fit || sides.iter().skip(1).any(|side| !(1..=LARGEST_SIDE).contains(side)) {
        return Err(format!("claims the dimensions {sides:?}, which no file of this set has"));
    }
    let expected: u64 = sides.iter().map(|side| *side as u64).product();
    let mut kept = Vec::new();
    // One byte more than there should be, so that a longer file is noticed.
    let mut rest = reader.take(expected + 1);
    let found = if values {
        rest.read_to_end(&mut kept).map_err(unreadable)? as u64
    } else {
        io::copy(&mut rest, &mut io::sink()).map_err(unreadable)?
    };
    match found {
        found if found == expected => Ok((sides, kept)),
        found if found < expected => Err(format!("has {found} of {expected} values")),
        _ => Err(format!("has more than the {expected} values that it claims")),
    }
}
