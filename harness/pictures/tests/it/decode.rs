//! Files become PIL's pixels, and what is odd about them is told.

use secateur_pictures::{Decoder, Format, Header, Oddity, PictureError, Raster, Region, decode};

use crate::golden::{Golden, distance};

#[test]
fn every_file_is_decoded_as_pil_does() {
    let golden = Golden::read("decode.safetensors");
    let mut files = 0;
    for name in golden.names("") {
        let Some(name) = name.strip_suffix("/file") else { continue };
        let decoded = decode(name, &golden.bytes(&format!("{name}/file")))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let (mean, most) = distance(&decoded.raster, &golden.raster(&format!("{name}/rgb")));
        assert_eq!(most, 0, "{name}: {mean} on average, {most} at the most");
        files += 1;
    }
    assert!(files > 80, "{files}");
}

#[test]
fn regions_are_parts_of_the_whole() {
    let golden = Golden::read("decode.safetensors");
    let mut decoder = Decoder::new();
    for name in golden.names("") {
        let Some(name) = name.strip_suffix("/file") else { continue };
        let bytes = golden.bytes(&format!("{name}/file"));
        let whole = golden.raster(&format!("{name}/rgb")).to_interleaved();
        let Header { width, height, .. } = Header::read(&bytes).unwrap();
        let mut part = Raster::default();
        for (left, top, right, bottom) in [
            (0, 0, 1, 1),
            (1, 1, 2, 2),
            (7, 9, 25, 20),
            (16, 8, 32, 24),
            (17, 30, 45, 37),
            (0, 31, 45, 37),
            (40, 0, 45, 37),
        ] {
            let region = Region { left, top, width: right - left, height: bottom - top };
            if !region.fits(width, height) {
                let error = decoder.decode_region(&bytes, region, &mut part).unwrap_err();
                assert!(matches!(error, PictureError::Outside(..)), "{error}");
                continue;
            }
            decoder.decode_region(&bytes, region, &mut part).unwrap();
            let expected: Vec<u8> = (top..bottom)
                .flat_map(|y| {
                    let start = (y * width + left) as usize * 3;
                    whole[start..start + region.width as usize * 3].iter().copied()
                })
                .collect();
            assert_eq!(part.to_interleaved(), expected, "{name}, {region:?}");
        }
    }
}

#[test]
fn what_is_odd_is_told() {
    let golden = Golden::read("decode.safetensors");
    let oddities = |name: &str| {
        decode(name, &golden.bytes(&format!("{name}/file"))).unwrap().oddities.iter().collect::<Vec<_>>()
    };
    assert_eq!(oddities("420.jpg"), []);
    assert_eq!(oddities("rgb.png"), []);
    assert_eq!(oddities("lossy.webp"), []);
    assert_eq!(oddities("grey.jpg"), [Oddity::Gray]);
    assert_eq!(oddities("cmyk.jpg"), [Oddity::Cmyk]);
    assert_eq!(oddities("ycck.jpg"), [Oddity::Cmyk]);
    assert_eq!(oddities("rgba.png"), [Oddity::Alpha]);
    assert_eq!(oddities("palette.png"), [Oddity::Palette]);
    assert_eq!(oddities("palette-transparent.png"), [Oddity::Palette, Oddity::Alpha]);
    assert_eq!(oddities("rgb-16.png"), [Oddity::SixteenBits]);
    assert_eq!(oddities("transparent.gif"), [Oddity::Palette, Oddity::Alpha]);
    assert_eq!(oddities("frames.gif"), [Oddity::Palette, Oddity::Frames]);
    assert_eq!(oddities("palette.bmp"), [Oddity::Palette]);
    assert_eq!(oddities("named.png"), [Oddity::OtherFormat { named: Format::Png, found: Format::Jpeg }]);
}

#[test]
fn what_is_no_picture_is_refused() {
    for bytes in [&b""[..], b"hello", b"<!DOCTYPE html>", b"\xff\xd8"] {
        let error = decode("a.jpg", bytes).unwrap_err();
        assert!(matches!(error, PictureError::UnknownFormat(_)), "{error}");
    }
    assert!(decode("a.jpg", b"hello").unwrap_err().to_string().contains("68 65 6c 6c 6f"));
}
