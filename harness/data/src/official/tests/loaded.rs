//! Sets as tasks of pictures of one size.

use std::fs;

use secateur_pictures::{Interpolation, Part, Raster, Region, Resizer, Resizing};

use super::{SETS, SMALL, contents};
use crate::listing::{Content, decode};
use crate::official::testing::{Size, publish};
use crate::official::{HeldOut, Options, entry, list, load};
use crate::{DataError, Split};

const AS_PUBLISHED: Options = Options { reduced: false, held_out: HeldOut::Nothing };

#[test]
fn every_picture_stands_where_the_listing_has_it() {
    for id in SETS {
        let set = publish(id, SMALL);
        let folder = set.packed();
        let listing = list(folder.path(), &set.entry, &AS_PUBLISHED).unwrap();
        let (task, report) = load(folder.path(), &set.entry, &AS_PUBLISHED, None).unwrap();
        assert_eq!(&task.info, listing.info());
        let unpacked = set.unpacked();
        assert_eq!(load(unpacked.path(), &set.entry, &AS_PUBLISHED, None).unwrap().0, task, "{id}");
        let mut pictures = 0;
        for split in Split::ALL {
            let own = task.split(split);
            let area = own.shape.iter().product::<usize>();
            let contents = contents(&listing, split);
            for (index, listed) in listing.split(split).iter().enumerate() {
                let decoded = decode(&contents[&listed.name]).unwrap();
                assert_eq!(own.labels[index], listed.label, "{id}");
                assert_eq!(
                    &own.pixels[index * area..][..area],
                    decoded.raster.planes(),
                    "{id} {}",
                    listed.name
                );
                pictures += 1;
            }
        }
        assert_eq!((report.pictures, report.resized), (pictures, 0), "{id}");
    }
}

#[test]
fn pictures_are_resized_by_their_shorter_side_and_cut_in_the_middle() {
    let mut set = publish("pets", SMALL);
    let wide = image::RgbImage::from_fn(24, 12, |x, y| image::Rgb([(x * 10) as u8, (y * 20) as u8, 77]));
    let mut bytes = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    wide.write_with_encoder(encoder).unwrap();
    set.file_mut("dog_1_01.jpg").1 = bytes;
    let folder = set.unpacked();
    let options = AS_PUBLISHED;
    let listing = list(folder.path(), &set.entry, &options).unwrap();
    // Without a side, pictures of two sizes are no task.
    let error = load(folder.path(), &set.entry, &options, None).unwrap_err();
    assert!(matches!(error, DataError::Sizes { .. }), "{error}");
    let (task, report) = load(folder.path(), &set.entry, &options, Some(6)).unwrap();
    assert_eq!((task.train.shape, report.resized), ([3, 6, 6], report.pictures));
    let (split, index) = Split::ALL
        .into_iter()
        .find_map(|split| {
            let found = listing.split(split).iter().position(|picture| picture.name.contains("dog_1_01"));
            Some((split, found?))
        })
        .unwrap();
    // Of 24x12 pixels 12x6 are left, and of these columns 3 to 8.
    let whole = Raster::from_interleaved(24, 12, wide.as_raw()).unwrap();
    let window = Region { left: 3, top: 0, width: 6, height: 6 };
    let resizing = Resizing { size: (12, 6), window, interpolation: Interpolation::Bilinear };
    let mut expected = Raster::default();
    Resizer::default().resize(Part::whole(&whole), &resizing, &mut expected);
    assert_eq!(&task.split(split).pixels[index * 108..][..108], expected.planes());
}

#[test]
fn a_part_of_the_classes_is_a_reduced_set_that_says_so() {
    let set = publish("flowers", Size { classes: 3, train: 6, validation: 3, test: 3 });
    let folder = set.packed();
    let official = entry("flowers").unwrap();
    let error = load(folder.path(), official, &AS_PUBLISHED, Some(8)).unwrap_err().to_string();
    assert!(error.contains("3 classes, officially 102"), "{error}");
    let options = Options { reduced: true, ..AS_PUBLISHED };
    let (task, _) = load(folder.path(), official, &options, Some(8)).unwrap();
    assert_eq!(task.info.classes.len(), 3);
    assert!(task.info.title.contains("reduced: 3 of 102 classes, 9 of 2040 training"), "{}", task.info.title);
}

#[test]
fn a_picture_that_cannot_be_decoded_is_named() {
    let mut set = publish("dtd", SMALL);
    let name = {
        let folder = set.unpacked();
        list(folder.path(), &set.entry, &AS_PUBLISHED).unwrap().test[2].name.clone()
    };
    set.file_mut(&name).1 = b"<html>not found</html>".to_vec();
    let folder = set.unpacked();
    let error = load(folder.path(), &set.entry, &AS_PUBLISHED, Some(8)).unwrap_err().to_string();
    assert!(error.contains(&name) && error.contains("cannot be decoded"), "{error}");
    assert!(fs::metadata(folder.path()).is_ok());
    let error = load(folder.path(), &set.entry, &AS_PUBLISHED, Some(0)).unwrap_err().to_string();
    assert!(error.contains("0 pixels"), "{error}");
    let gray = Content::Pixels { shape: [2, 2, 1], values: vec![1, 2, 3, 4] };
    let decoded = decode(&gray).unwrap();
    assert!(decoded.gray && decoded.raster.planes() == [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
    assert!(decode(&Content::Pixels { shape: [2, 2, 1], values: vec![1] }).is_err());
}
