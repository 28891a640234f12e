//! Damaged files end in errors: no panic, and no more memory than their size allows.

use proptest::prelude::*;
use secateur_pictures::{Decoder, Header, PictureError, Raster, Region, decode};

use crate::golden::Golden;

fn files() -> Vec<(String, Vec<u8>)> {
    let golden = Golden::read("decode.safetensors");
    let names = golden.names("");
    let names = names.iter().filter_map(|name| name.strip_suffix("/file"));
    names.map(|name| (name.to_string(), golden.bytes(&format!("{name}/file")))).collect()
}

#[test]
fn a_file_that_ends_too_early_is_an_error() {
    for (name, bytes) in files() {
        // GIF and BMP may end with bytes that say nothing, and PNG with a chunk that does; half of a file is never enough.
        for length in (0..bytes.len() / 2).step_by(1 + bytes.len() / 40) {
            assert!(decode(&name, &bytes[..length]).is_err(), "{name}: {length} of {} bytes", bytes.len());
        }
        if name.ends_with(".jpg") {
            for missing in [1, 2, 20] {
                let error = decode(&name, &bytes[..bytes.len() - missing]).unwrap_err();
                assert!(matches!(error, PictureError::Truncated(_)), "{name}: {error}");
            }
        }
    }
}

#[test]
fn missing_rows_are_noticed_though_the_end_is_there() {
    let (name, bytes) = files().into_iter().find(|(name, _)| name == "420.jpg").unwrap();
    let mut cut = bytes[..bytes.len() * 3 / 4].to_vec();
    cut.extend([0xff, 0xd9]);
    let error = decode(&name, &cut).unwrap_err();
    assert!(matches!(error, PictureError::Truncated(_)), "{error}");
}

#[test]
fn large_claims_of_small_files_are_refused() {
    for (name, mut bytes) in files() {
        let sides: &[usize] = match name.rsplit_once('.').unwrap().1 {
            "jpg" => {
                let frame = bytes.windows(2).position(|pair| matches!(pair, [0xff, 0xc0 | 0xc2])).unwrap();
                &[frame + 5, frame + 7]
            }
            "gif" => {
                // Little-endian: the upper byte is the second.
                bytes[7] = 0xff;
                bytes[9] = 0xff;
                &[]
            }
            "png" if name != "named.png" => &[16, 20],
            _ => continue,
        };
        for side in sides {
            bytes[*side..side + 2].fill(0x7f);
        }
        if sides.contains(&16) {
            let checksum = crc(&bytes[12..29]);
            bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
        }
        let error = decode(&name, &bytes).unwrap_err();
        assert!(matches!(error, PictureError::TooLarge { .. }), "{name}: {error}");
    }
}

/// The checksum of PNG's chunks (ISO 15948, annex D).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 },
        )
    })
}

proptest! {
    #[test]
    fn changed_bytes_do_not_panic(
        which in 0_usize..1000,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
        corner in (0_u32..20, 0_u32..20),
    ) {
        let files = files();
        let (_, mut bytes) = files[which % files.len()].clone();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let (mut decoder, mut raster) = (Decoder::new(), Raster::default());
        if let Ok(header) = Header::read(&bytes) {
            prop_assert!(u64::from(header.width) * u64::from(header.height) * 3 <= 512 << 20);
            let region = Region { left: corner.0, top: corner.1, width: 9, height: 5 };
            if decoder.decode_region(&bytes, region, &mut raster).is_ok() {
                prop_assert_eq!((raster.width(), raster.height()), (9, 5));
            }
            if decoder.decode(&bytes, &mut raster).is_ok() {
                prop_assert_eq!((raster.width(), raster.height()), (header.width, header.height));
            }
        }
    }

    #[test]
    fn any_bytes_behind_a_beginning_do_not_panic(
        start in prop::sample::select(vec![
            &b"\xff\xd8\xff"[..], b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"RIFF\0\0\0\0WEBPVP8 ",
        ]),
        rest in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let bytes = [start, &rest].concat();
        let _ = decode("any", &bytes);
    }
}
