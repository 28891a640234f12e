//! Encoded pictures of every format, and listings of folders and archives of them.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use proptest::prelude::*;
use secateur_checkpoint::read;
use secateur_data::folder::{self, Survey, Validation};
use secateur_data::listing::{Content, Listing};
use secateur_data::official::testing::zip_of;
use secateur_data::{DataError, Split};
use secateur_pictures::{
    Decoder, Draw, Header, Interpolation, Picture, PictureError, Raster, Region, View, Viewer, decode,
};

use crate::data::{Files, correct_checksums, gzip, sorted_files, tar_of, write};
use crate::memory::{bounded, bounded_beyond};
use crate::mutate::{apply, changed, edits, noise};
use crate::{cases, workspace};

/// What a picture of any file may take, and the buffers of its decoder beside it.
const CONSTANT: usize = 96 << 20;
/// A picture may have 512 times as many bytes as its file, and its decoder as much again for the parts it is made of.
const TIMES: usize = 3 * 512;
/// A listing has paths and names, and of an archive one file at a time.
const LISTED: usize = 64;

/// The pictures that the decoder is held against Pillow with.
fn pictures() -> &'static [Vec<u8>] {
    static PICTURES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    PICTURES.get_or_init(|| {
        let golden = workspace().join("harness/pictures/tests/golden/decode.safetensors");
        let golden = read(&golden).expect("readable").tensors;
        golden.into_iter().filter(|(name, _)| name.ends_with("/file")).map(|(_, file)| file.bytes).collect()
    })
}

/// Decodes a file as a whole, in part, and as a view; what each says of it must fit together.
fn use_up(bytes: &[u8], corner: (u32, u32)) -> Result<(), PictureError> {
    let header = Header::read(bytes)?;
    let (mut decoder, mut raster) = (Decoder::new(), Raster::default());
    let whole = decoder.decode(bytes, &mut raster).map(|_| raster.clone());
    let width = 1 + corner.0 % header.width;
    let height = 1 + corner.1 % header.height;
    let region = Region { left: header.width - width, top: header.height - height, width, height };
    let part = decoder.decode_region(bytes, region, &mut raster);
    if let Ok(whole) = &whole {
        assert_eq!((whole.width(), whole.height()), (header.width, header.height));
        // A part can be read where the whole can, and has its pixels.
        part.expect("a part of a picture that is well");
        let row = |raster: &Raster, top: u32, left: u32| {
            let at = (top * raster.width() + left) as usize;
            raster.planes()[at..at + width as usize].to_vec()
        };
        for line in [0, height - 1] {
            assert_eq!(row(&raster, line, 0), row(whole, region.top + line, region.left));
        }
    }
    let view = View::middle(16, Interpolation::Bilinear);
    let draw = Draw { seed: 0, epoch: 0, index: 0 };
    let seen = Viewer::new().make(Picture::Encoded(bytes), std::slice::from_ref(&view), draw, |_, raster| {
        assert_eq!((raster.width(), raster.height()), (16, 16));
    });
    whole.and(seen)
}

/// Reads everything that is listed, and what is held out must not change which pictures there are.
fn read_all(listing: &Listing) -> Result<(), DataError> {
    let mut seen = BTreeSet::new();
    listing.read(&listing.all(), &mut |split, index, content| {
        assert!(matches!(content, Content::File(_)));
        assert!(seen.insert((split, index)), "read twice");
        Ok(())
    })?;
    assert_eq!(seen.len(), Split::ALL.map(|split| listing.split(split).len()).iter().sum::<usize>());
    Ok(())
}

fn list_and_read(path: &std::path::Path, options: &folder::Options) -> Result<(), DataError> {
    let survey = if options.labelled { Survey::of(path)? } else { Survey::unlabelled(path)? };
    let all = survey.listing(options, &BTreeSet::new())?;
    read_all(&all)?;
    let left_out = BTreeSet::from([all.train[0].name.clone()]);
    // It may have been the only one of its class.
    if let Ok(rest) = survey.listing(options, &left_out) {
        assert_eq!(rest.all().len() + 1, all.all().len());
    }
    Ok(())
}

/// Lists a file whose content is hostile, within bounds, without an opinion on what comes out.
fn list_file(name: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("written");
    for labelled in [true, false] {
        let own = folder::Options::new("folder/some");
        let options = folder::Options { validation: Validation::None, labelled, ..own };
        let outcome = bounded_beyond(CONSTANT, bytes.len(), LISTED, || list_and_read(&path, &options));
        if let Err(error) = outcome {
            assert!(error.to_string().len() < 2000 + 8 * bytes.len());
        }
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn changed_files_end_in_a_picture_or_an_error(
        bytes in changed(pictures().to_vec()), corner in (any::<u32>(), any::<u32>())
    ) {
        let outcome = bounded_beyond(CONSTANT, bytes.len(), TIMES, || use_up(&bytes, corner));
        if let Err(error) = outcome {
            prop_assert!(error.to_string().len() < 1000, "{}", error);
        }
    }
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn changed_archives_end_in_a_listing_or_an_error(
        kind in 0_u8..3, edits in edits(), correct in any::<bool>(), noise in noise(), noisy in 0_u8..20
    ) {
        let files = sorted_files();
        let bytes = match kind {
            _ if noisy == 0 => noise,
            0 => apply(&zip_of(&files), &edits),
            kind => {
                let mut bytes = apply(&tar_of(&files), &edits);
                if correct {
                    correct_checksums(&mut bytes);
                }
                if kind == 1 { gzip(&bytes) } else { bytes }
            }
        };
        list_file("some.tar", &bytes);
    }

    #[test]
    fn changed_names_end_in_a_listing_or_an_error(which in any::<prop::sample::Index>(), edits in edits(), zip in any::<bool>()) {
        let mut files: Files = sorted_files();
        let at = which.index(files.len());
        let name = apply(files[at].0.as_bytes(), &edits);
        files[at].0 = String::from_utf8_lossy(&name).chars().filter(|c| *c != '\0').take(90).collect();
        // What writes archives refuses some names before we can.
        let (name, others) = (files[at].0.clone(), files.iter().filter(|(name, _)| *name == files[at].0).count());
        prop_assume!(!name.is_empty() && !name.starts_with('/') && !name.contains("..") && others == 1);
        let bytes = if zip { zip_of(&files) } else { tar_of(&files) };
        list_file("some.tar", &bytes);
    }
}

#[test]
fn the_pictures_that_are_changed_can_be_read() {
    assert!(pictures().len() > 20);
    for bytes in pictures() {
        bounded_beyond(CONSTANT, bytes.len(), TIMES, || use_up(bytes, (3, 5))).expect("a picture");
        bounded(bytes.len(), TIMES, || decode("some", bytes)).expect("a picture");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let options = folder::Options { validation: Validation::None, ..folder::Options::new("folder/some") };
    write(folder.path(), &sorted_files());
    list_and_read(folder.path(), &options).expect("a folder");
    for (name, bytes) in [("a.tar", tar_of(&sorted_files())), ("a.zip", zip_of(&sorted_files()))] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        list_and_read(&path, &options).expect("an archive");
    }
}
