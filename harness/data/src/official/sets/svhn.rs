//! Street View House Numbers: MAT-files with the pixels of all pictures in one array, `[32, 32, 3, count]`.

use super::super::draft::{Claim, Draft, Drafted, Format};
use super::super::tree::Tree;
use crate::listing::raw::{Order, RawFile, RawShape, Wrap};
use crate::mat::{self, Array, Position, Value};
use crate::{DataError, Split};

pub(super) const FORMAT: Format = Format { metadata: &[], read };

const SHAPE: RawShape = RawShape { channels: 3, height: 32, width: 32, order: Order::Columns };
const PIXELS: u64 = 3072;
/// The labels of half a million pictures, the largest part of the set, take 10 MB.
const MEMORY: usize = 64 << 20;

fn read(tree: &Tree<'_>) -> Result<Draft, DataError> {
    let mut draft = Draft::of((0..10).map(|digit| digit.to_string()).collect());
    let parts = [("train", Split::Train, "train_32x32.mat"), ("test", Split::Test, "test_32x32.mat")];
    for (file, (name, split, mark)) in parts.into_iter().enumerate() {
        let path = tree.need(mark)? + mark;
        let located = tree.find(&path).ok_or_else(|| tree.absent(mark, &tree.how(&[mark])))?;
        let mut found = None;
        tree.source.scan(std::slice::from_ref(&located), &mut |_, visited| {
            visited.read(|reader, _| {
                let variables = mat::read(reader, &|name| name == "y", MEMORY);
                let parts = variables.and_then(|variables| parts_of(&variables));
                found = Some(parts.map_err(|problem| tree.file_error(&path, problem))?);
                Ok(())
            })
        })?;
        let Some((position, labels)) = found else { continue };
        for (index, label) in labels.into_iter().enumerate() {
            // The digit 0 has the label 10.
            let label = if label == 10 { 0 } else { label as usize };
            let claim = Claim::Raw { file, offset: index as u64 * PIXELS };
            draft.split_mut(split).push(Drafted { name: format!("{name}/{index:05}"), label, claim });
        }
        draft.raw.push(RawFile {
            path: located.0,
            archive: located.1,
            wrap: Wrap::Mat(position),
            shape: SHAPE,
        });
    }
    Ok(draft)
}

/// Where the pixels are, and the labels from 1 to 10.
fn parts_of(variables: &[(String, Array)]) -> Result<(Position, Vec<u64>), String> {
    let pixels = mat::variable(variables, "X")?;
    let labels = mat::variable(variables, "y")?.counts()?;
    if let Some(bad) = labels.iter().find(|label| !(1..=10).contains(*label)) {
        return Err(format!("has the label {bad}; they are 1 to 10"));
    }
    match &pixels.value {
        Value::Elsewhere(position) if position.bytes && pixels.dims == [32, 32, 3, labels.len()] => {
            Ok((position.clone(), labels))
        }
        _ => Err(format!("has pixels of shape {:?} for {} labels", pixels.dims, labels.len())),
    }
}
