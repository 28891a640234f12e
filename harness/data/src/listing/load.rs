//! From listed pictures to pixels of one size, all of them in memory.

use rayon::prelude::*;
use secateur_pictures::{Draw, Interpolation, Picture, Raster, Step, View, Viewer};

use super::{Content, Listing, decode};
use crate::files::Batch;
use crate::{DataError, Pictures, Split};

/// The largest side that pictures are resized to, in pixels.
const LARGEST_SIDE: u32 = 4096;

/// The pictures of a listing.
pub(crate) struct Loaded {
    /// By split. Those that are broken are missing.
    pub(crate) pictures: [Pictures; 3],
    /// Number of pictures with one gray channel, which was repeated.
    pub(crate) gray: usize,
    /// Number of pictures that were resized.
    pub(crate) resized: usize,
}

/// Refuses sides that pictures cannot be resized to.
///
/// # Errors
/// [`DataError::Option`] says what is possible.
pub(crate) fn check_side(option: &'static str, side: Option<u32>) -> Result<(), DataError> {
    match side {
        Some(side) if !(1..=LARGEST_SIDE).contains(&side) => Err(DataError::Option {
            option,
            problem: format!("{side} pixels; choose between 1 and {LARGEST_SIDE}"),
        }),
        _ => Ok(()),
    }
}

impl Listing {
    /// Decodes all pictures on all of rayon's threads. With `side`, which [`check_side`] has allowed, the shorter side of
    /// every picture is resized to it (bilinear, as PIL does) and the middle is cut out; without it all pictures must have
    /// one size already. Beside the decoded pictures a batch of files is in memory.
    ///
    /// `broken` is told of each picture that cannot be decoded, and why; the picture is left out if that is well.
    ///
    /// # Errors
    /// As [`Listing::read`]; [`DataError::Sizes`] if pictures differ in size and no side is given; and what `broken` returns.
    pub(crate) fn load(
        &self,
        side: Option<u32>,
        broken: &mut dyn FnMut(Split, usize, String) -> Result<(), DataError>,
    ) -> Result<Loaded, DataError> {
        let mut filling = Filling::new(self, side, broken);
        let mut batch = Batch::new();
        self.read(&self.all(), &mut |split, index, content| {
            let bytes = content.bytes();
            match batch.add(Read { split, index, content }, bytes) {
                Some(pictures) => filling.add(&pictures),
                None => Ok(()),
            }
        })?;
        filling.add(&batch.take())?;
        Ok(filling.finish())
    }
}

/// A picture that has been read but not decoded.
struct Read {
    split: Split,
    index: usize,
    content: Content,
}

struct Seen {
    raster: Raster,
    gray: bool,
    resized: bool,
}

/// Pictures of a split in the order in which they come. Memory is taken for no more than have come: the size of the first
/// says nothing about the others yet.
#[derive(Default)]
struct Rows {
    indices: Vec<usize>,
    pixels: Vec<u8>,
}

/// Pictures that are being decoded, in any order.
struct Filling<'a> {
    listing: &'a Listing,
    view: Option<View>,
    /// Height and width of all pictures, once that is known.
    size: Option<(u32, u32)>,
    /// By split.
    rows: [Rows; 3],
    gray: usize,
    resized: usize,
    broken: &'a mut dyn FnMut(Split, usize, String) -> Result<(), DataError>,
}

impl<'a> Filling<'a> {
    fn new(
        listing: &'a Listing,
        side: Option<u32>,
        broken: &'a mut dyn FnMut(Split, usize, String) -> Result<(), DataError>,
    ) -> Self {
        let view = side.map(|side| View {
            steps: vec![
                Step::Resize { side, interpolation: Interpolation::Bilinear },
                Step::CenterCrop { side },
            ],
        });
        let size = side.map(|side| (side, side));
        Self { listing, view, size, rows: Default::default(), gray: 0, resized: 0, broken }
    }

    /// Decodes pictures on all threads and keeps them.
    fn add(&mut self, batch: &[Read]) -> Result<(), DataError> {
        let view = self.view.as_ref();
        let seen: Vec<Result<Seen, String>> =
            batch.par_iter().map_init(Viewer::new, |viewer, read| see(viewer, view, &read.content)).collect();
        for (read, seen) in batch.iter().zip(seen) {
            let seen = match seen {
                Ok(seen) => seen,
                Err(problem) => {
                    (self.broken)(read.split, read.index, problem)?;
                    continue;
                }
            };
            let own = (seen.raster.height(), seen.raster.width());
            let size = *self.size.get_or_insert(own);
            if own != size {
                return Err(DataError::Sizes {
                    path: self.listing.source.root.clone(),
                    file: self.listing.split(read.split)[read.index].name.clone(),
                    width: own.1,
                    height: own.0,
                    expected: format!("{}x{}", size.1, size.0),
                });
            }
            let rows = &mut self.rows[read.split as usize];
            rows.indices.push(read.index);
            rows.pixels.extend_from_slice(seen.raster.planes());
            self.gray += usize::from(seen.gray);
            self.resized += usize::from(seen.resized);
        }
        Ok(())
    }

    /// Puts the pictures of each split into the order of the listing.
    fn finish(mut self) -> Loaded {
        let (height, width) = self.size.unwrap_or_default();
        let shape = [3, height as usize, width as usize];
        let pictures = Split::ALL.map(|split| {
            let Rows { mut indices, mut pixels } = std::mem::take(&mut self.rows[split as usize]);
            sort_rows(&mut pixels, shape.iter().product(), &indices);
            pixels.shrink_to_fit();
            indices.sort_unstable();
            let listed = self.listing.split(split);
            let labels = indices.into_iter().map(|index| listed[index].label).collect();
            Pictures { shape, pixels, labels }
        });
        Loaded { pictures, gray: self.gray, resized: self.resized }
    }
}

fn see(viewer: &mut Viewer, view: Option<&View>, content: &Content) -> Result<Seen, String> {
    let decoded = decode(content)?;
    let Some(view) = view else {
        return Ok(Seen { raster: decoded.raster, gray: decoded.gray, resized: false });
    };
    let before = (decoded.raster.width(), decoded.raster.height());
    let mut raster = Raster::default();
    // Nothing in this view is random.
    let draw = Draw { seed: 0, epoch: 0, index: 0 };
    viewer
        .make(Picture::Decoded(&decoded.raster), std::slice::from_ref(view), draw, |_, seen| {
            raster.clone_from(seen);
        })
        .map_err(|error| error.to_string())?;
    let resized = before != (raster.width(), raster.height());
    Ok(Seen { raster, gray: decoded.gray, resized })
}

/// Sorts rows of bytes by their indices, in place, since all pictures may take half of the memory.
fn sort_rows(bytes: &mut [u8], row: usize, indices: &[usize]) {
    let mut sorted: Vec<(usize, usize)> = indices.iter().copied().zip(0..).collect();
    sorted.sort_unstable();
    // Where each row belongs.
    let mut places = vec![0; sorted.len()];
    for (place, (_, at)) in sorted.into_iter().enumerate() {
        places[at] = place;
    }
    for at in 0..places.len() {
        while places[at] != at {
            let other = places[at];
            // All rows before this one are in their places, so what belongs elsewhere belongs behind it.
            let (head, tail) = bytes.split_at_mut(other * row);
            head[at * row..][..row].swap_with_slice(&mut tail[..row]);
            places.swap(at, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_are_sorted_by_their_indices(
            order in Just((0..30_u8).collect::<Vec<u8>>()).prop_shuffle(), count in 0_usize..30, row in 1_usize..4
        ) {
            let order = &order[..count];
            let indices: Vec<usize> = order.iter().map(|index| usize::from(*index)).collect();
            let mut bytes: Vec<u8> = order.iter().flat_map(|index| vec![*index; row]).collect();
            sort_rows(&mut bytes, row, &indices);
            let mut expected = order.to_vec();
            expected.sort_unstable();
            let expected: Vec<u8> = expected.into_iter().flat_map(|index| vec![index; row]).collect();
            prop_assert_eq!(bytes, expected);
        }
    }
}
