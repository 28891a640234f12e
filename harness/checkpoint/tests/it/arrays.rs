//! Pickled dictionaries with arrays; `tests/golden/arrays.py` says where they come from.

use proptest::prelude::*;
use secateur_checkpoint::{ParseError, PickledDict, parse};

use super::golden;

fn bytes_of(name: &str) -> Vec<u8> {
    std::fs::read(golden(name)).expect("committed")
}

#[test]
fn arrays_of_every_form_are_read() {
    let expected: Vec<u8> = (0..60).map(|value: usize| (value * 7 % 256) as u8).collect();
    for name in ["arrays_python2.pkl", "arrays_protocol3.pkl", "arrays_protocol4.pkl"] {
        let bytes = bytes_of(name);
        let dict = PickledDict::parse(&bytes).unwrap();
        assert_eq!(dict.integers("labels").unwrap(), [6, 9, 9, 4, 1], "{name}");
        let names = dict.texts("filenames").unwrap();
        assert_eq!((names.len(), names[4]), (5, &b"leptodactylus_pentadactylus_s_000004.png"[..]), "{name}");
        let array = dict.array("data").unwrap();
        assert_eq!((array.dtype, &array.shape[..]), ("u1", &[5, 12][..]), "{name}");
        assert_eq!(array.values, expected, "{name}");
        // A reader that knows the offset needs no pickle.
        assert_eq!(bytes[array.offset..array.offset + 60], expected, "{name}");
    }
}

#[test]
fn what_is_not_there_or_of_another_kind_is_named() {
    let bytes = bytes_of("arrays_python2.pkl");
    let dict = PickledDict::parse(&bytes).unwrap();
    let error = dict.integers("fine_labels").unwrap_err().to_string();
    assert!(error.contains("it has no `fine_labels`"), "{error}");
    assert!(
        dict.integers("filenames")
            .unwrap_err()
            .to_string()
            .contains("`filenames` has what is no whole number")
    );
    assert!(dict.texts("labels").unwrap_err().to_string().contains("no string"));
    assert!(dict.array("labels").unwrap_err().to_string().contains("`labels` is no array"));
    assert!(dict.texts("batch_label").unwrap_err().to_string().contains("no list"));
    assert!(matches!(dict.array("wide"), Err(ParseError::Unsupported(text)) if text.contains("i8")));
    let columns = PickledDict::parse(&bytes_of("arrays_columns.pkl")).unwrap_err();
    assert!(
        matches!(&columns, ParseError::Unsupported(text) if text.contains("columns come first")),
        "{columns}"
    );
}

#[test]
fn nothing_but_arrays_can_be_asked_for() {
    for (pickle, global) in [
        (&b"\x80\x02cos\nsystem\nU\x02ls\x85R."[..], "os.system"),
        (b"\x80\x02ctorch\nFloatStorage\n.", "torch.FloatStorage"),
        (b"\x80\x02cnumpy\nload\n.", "numpy.load"),
    ] {
        match PickledDict::parse(pickle) {
            Err(ParseError::ForbiddenGlobal { global: named }) => assert_eq!(named, global),
            other => panic!("{other:?}"),
        }
    }
    let newest = bytes_of("arrays_protocol5.pkl");
    assert!(matches!(PickledDict::parse(&newest), Err(ParseError::ForbiddenGlobal { .. })));
    // What makes arrays stays forbidden in checkpoints.
    let error = parse(b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n.").unwrap_err();
    assert!(matches!(error, ParseError::ForbiddenGlobal { .. }), "{error}");
}

proptest! {
    #[test]
    fn damage_ends_in_an_error_or_a_dict(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(), whole in any::<bool>()) {
        let mut bytes = bytes_of("arrays_python2.pkl");
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(dict) = PickledDict::parse(&bytes)
            && let Ok(array) = dict.array("data")
        {
            prop_assert_eq!(&bytes[array.offset..array.offset + array.values.len()], array.values);
        }
    }
}
