use super::*;

/// The test vectors of RFC 4648, section 10.
#[test]
fn base64_is_that_of_the_standard() {
    let vectors = [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("foobar", "Zm9vYmFy"),
    ];
    for (text, coded) in vectors {
        assert_eq!(base64(text.as_bytes()), coded);
    }
    assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
}

#[test]
fn a_picture_is_what_was_packed() {
    // Two rows of three pixels: red, green and blue planes one after the other.
    let values: Vec<u8> = (0..18).map(|value| value * 10).collect();
    let bytes = png([3, 2, 3], &values).unwrap();
    let decoded = image::load_from_memory(&bytes).unwrap().to_rgb8();
    assert_eq!(decoded.dimensions(), (3, 2));
    assert_eq!(decoded.get_pixel(1, 0).0, [10, 70, 130]);
    assert_eq!(decoded.get_pixel(2, 1).0, [50, 110, 170]);
    let gray = image::load_from_memory(&png([1, 2, 3], &values[..6]).unwrap()).unwrap();
    assert_eq!(gray.to_luma8().get_pixel(0, 1).0, [30]);
}

#[test]
fn large_pictures_shrink_in_proportion() {
    let bytes = png([3, 300, 600], &vec![77; 3 * 300 * 600]).unwrap();
    let decoded = image::load_from_memory(&bytes).unwrap().to_rgb8();
    assert_eq!(decoded.dimensions(), (300, 150));
    assert!(decoded.pixels().all(|pixel| pixel.0 == [77; 3]));
}

#[test]
fn what_is_no_picture_is_refused() {
    for (shape, values) in [([2, 1, 1], 2), ([3, 2, 2], 11), ([3, 0, 4], 0)] {
        assert!(png(shape, &vec![0; values]).unwrap_err().contains("are no picture"), "{shape:?}");
    }
}
