//! What `check` finds.

use std::fs;

use image::ImageFormat;
use md5::{Digest as _, Md5};

use super::*;
use crate::official::catalogue::{Known, Verified};
use crate::official::{ArchiveState, CheckOptions, CheckReport, DigestState, Odd, check};
use crate::testing::{encoded, flat};

const DEEP: CheckOptions = CheckOptions { deep: true, digests: false };
const DIGESTS: CheckOptions = CheckOptions { deep: false, digests: true };

fn odd(report: &CheckReport) -> Vec<(Odd, usize)> {
    report.odd.iter().map(|odd| (odd.odd, odd.count)).collect()
}

#[test]
fn whole_sets_are_well_in_both_forms() {
    for id in SETS {
        let set = small(id);
        for folder in [set.unpacked(), set.packed()] {
            for options in [CheckOptions::default(), DEEP] {
                let report = check(folder.path(), &set.entry, &options);
                assert!(report.is_well() && report.odd.is_empty(), "{id}: {report:?}");
                assert!(report.splits.iter().all(|split| split.found == split.official), "{id}");
            }
        }
    }
}

#[test]
fn what_is_absent_is_listed_with_what_to_do() {
    let empty = tempfile::tempdir().unwrap();
    for folder in [empty.path().to_path_buf(), empty.path().join("none")] {
        for entry in crate::official::catalogue() {
            let report = check(&folder, entry, &CheckOptions::default());
            assert!(!report.is_well(), "{}", entry.id);
            assert_eq!(report.absent.len(), entry.needs.len(), "{}", entry.id);
            assert!(report.absent.iter().all(|absence| absence.help.len() > 10), "{report:?}");
            assert!(report.problems.is_empty(), "{report:?}");
            assert!(
                report.archives.iter().all(|archive| archive.state == ArchiveState::Absent),
                "{report:?}"
            );
        }
    }
}

#[test]
fn the_state_of_every_archive_is_told() {
    let state = |folder: &Path, entry: &Entry| {
        let report = check(folder, entry, &CheckOptions::default());
        report.archives.into_iter().map(|archive| (archive.file, archive.state)).collect::<Vec<_>>()
    };
    let set = small("flowers");
    let folder = set.packed();
    let there = |name: &str| (name.to_owned(), ArchiveState::There);
    assert_eq!(
        state(folder.path(), &set.entry),
        [there("102flowers.tgz"), there("imagelabels.mat"), there("setid.mat")]
    );
    let unpacked = state(set.unpacked().path(), &set.entry);
    assert_eq!(unpacked[0].1, ArchiveState::Unpacked);
    let set = small("cifar10");
    let states: Vec<_> =
        state(set.unpacked().path(), &set.entry).into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, [ArchiveState::Unpacked, ArchiveState::NotNeeded]);
}

#[test]
fn missing_pictures_are_counted_and_named() {
    let mut set = small("pets");
    set.remove("Cat_of_2_02.jpg");
    set.remove("dog_1_21.jpg");
    let report = check(set.packed().path(), &set.entry, &CheckOptions::default());
    assert!(!report.is_well());
    assert_eq!((report.missing, report.missing_first.len()), (2, 2));
    assert!(report.missing_first.contains(&"images/dog_1_21.jpg".to_owned()), "{report:?}");
    assert_eq!(
        report.splits.iter().map(|split| (split.found, split.official)).collect::<Vec<_>>(),
        [(12, 13), (9, 10)]
    );
}

#[test]
fn odd_pictures_are_counted_by_their_kind() {
    let jpeg = |picture: image::DynamicImage| encoded(&picture, ImageFormat::Jpeg);
    let noise =
        image::RgbImage::from_fn(32, 32, |x, y| image::Rgb([(x * 77 + y * 13) as u8, (x * y) as u8, 9]));
    let noisy = jpeg(image::DynamicImage::ImageRgb8(noise));
    let gray = jpeg(image::DynamicImage::ImageLuma8(image::GrayImage::new(8, 8)));
    let mut damaged = encoded(&flat([1, 2, 3], 9, 9), ImageFormat::Png);
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x55;
    let mut set = small("aircraft");
    let mut put = |name: &str, bytes: Vec<u8>| set.file_mut(name).1 = bytes;
    put("images/1000000.jpg", gray);
    put("images/1000001.jpg", encoded(&flat([1, 2, 3], 9, 9), ImageFormat::Png));
    put("images/1000002.jpg", b"GIF89a and so on;".to_vec());
    put("images/1000003.jpg", b"<html>not found</html>".to_vec());
    put("images/1000004.jpg", Vec::new());
    put("images/1000005.jpg", noisy[..noisy.len() / 2].to_vec());
    put("images/1000006.jpg", damaged);
    put("images/1000007.jpg", b"II\x2a\0 and so on".to_vec());
    let shallow = vec![
        (Odd::Gray, 1),
        (Odd::Png, 2),
        (Odd::Gif, 1),
        (Odd::OtherFormat, 1),
        (Odd::Empty, 1),
        (Odd::NoPicture, 1),
    ];
    // The GIF has nothing but its first word.
    let deep = [&shallow[..], &[(Odd::Truncated, 1), (Odd::NotDecodable, 1), (Odd::Damaged, 2)]].concat();
    for folder in [set.unpacked(), set.packed()] {
        let report = check(folder.path(), &set.entry, &CheckOptions::default());
        assert_eq!(odd(&report), shallow);
        // Two of them are no pictures at all.
        assert!(!report.is_well() && report.missing == 0);
        let report = check(folder.path(), &set.entry, &DEEP);
        assert_eq!(odd(&report), deep);
        let truncated = report.odd.iter().find(|odd| odd.odd == Odd::Truncated).unwrap();
        assert_eq!(truncated.first, ["1000005.jpg"]);
    }
    // What is only unusual is no fault.
    let mut set = small("aircraft");
    set.file_mut("images/1000001.jpg").1 = encoded(&flat([1, 2, 3], 9, 9), ImageFormat::Png);
    assert!(check(set.unpacked().path(), &set.entry, &DEEP).is_well());
}

#[test]
fn digests_of_archives_and_of_members_are_compared() {
    let hexadecimal = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut set = small("pets");
    let folder = set.packed();
    // The catalogue's digests are those of the real archives.
    let report = check(folder.path(), &set.entry, &DIGESTS);
    assert!(!report.is_well());
    let DigestState::Wrong(text) = &report.archives[0].digest else { panic!("{report:?}") };
    assert!(
        text.contains("officially 791918971") && text.contains("5c4f3ee8e5d25df40f4fd59a7f44e54c"),
        "{text}"
    );
    for archive in &mut set.entry.archives {
        let bytes = fs::read(folder.path().join(&archive.file)).unwrap();
        let sha256 = sha2::Sha256::digest(&bytes);
        archive.bytes = Some(Known(bytes.len() as u64, Verified::Copy));
        archive.md5 = Some(Known(hexadecimal(&Md5::digest(&bytes)), Verified::Copy));
        archive.sha256_head = Some(Known(hexadecimal(&sha256)[..16].to_owned(), Verified::Copy));
    }
    let report = check(folder.path(), &set.entry, &DIGESTS);
    assert!(
        report.is_well() && report.archives.iter().all(|archive| archive.digest == DigestState::Right),
        "{report:?}"
    );
    set.entry.archives[1].sha256_head = Some(Known("0".repeat(16), Verified::Copy));
    let report = check(folder.path(), &set.entry, &DIGESTS);
    assert!(
        matches!(&report.archives[1].digest, DigestState::Wrong(text) if text.starts_with("SHA-256")),
        "{report:?}"
    );
    // Nobody asked, nothing is compared.
    assert!(check(folder.path(), &set.entry, &CheckOptions::default()).is_well());

    // Compressed anew, but with the content that it should have.
    let mut set = small("fashion-mnist");
    let folder = set.packed();
    assert!(!check(folder.path(), &set.entry, &DIGESTS).is_well());
    for member in &mut set.entry.members {
        let mut content = Vec::new();
        let packed = fs::File::open(folder.path().join(format!("{}.gz", member.path))).unwrap();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed), &mut content).unwrap();
        member.md5.0 = hexadecimal(&Md5::digest(&content));
    }
    let report = check(folder.path(), &set.entry, &DIGESTS);
    assert!(report.is_well() && report.archives.len() == 4, "{report:?}");

    let mut set = small("cifar10-python");
    for member in &mut set.entry.members {
        let files = set.parts.iter().flat_map(|part| &part.files);
        let (_, bytes) = files.clone().find(|(path, _)| *path == member.path).unwrap();
        member.md5.0 = hexadecimal(&Md5::digest(bytes));
    }
    for folder in [set.unpacked(), set.packed()] {
        set.entry
            .archives
            .iter_mut()
            .for_each(|archive| (archive.md5, archive.bytes, archive.sha256_head) = (None, None, None));
        assert!(check(folder.path(), &set.entry, &DIGESTS).is_well());
    }
    set.file_mut("test_batch").1.push(0);
    let report = check(set.packed().path(), &set.entry, &DIGESTS);
    assert!(report.problems.iter().any(|problem| problem.contains("test_batch has the MD5")), "{report:?}");
}
