//! Files of PyTorch are read as PyTorch reads them.

use std::collections::BTreeMap;

use secateur_checkpoint::{Format, ParseError, Tensors, normalize_names, parse, read};

use super::golden;

/// Type, shape and bytes of each tensor.
type Described = BTreeMap<String, (String, Vec<usize>, Vec<u8>)>;

/// What PyTorch reads from each file.
fn expected() -> BTreeMap<String, Described> {
    let text = std::fs::read_to_string(golden("expected.json")).expect("committed");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let tensor = |value: &serde_json::Value| {
        let hex = value["hex"].as_str().expect("text");
        let bytes = (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("hex"));
        let shape = value["shape"]
            .as_array()
            .expect("array")
            .iter()
            .map(|size| size.as_u64().expect("size") as usize);
        (value["dtype"].as_str().expect("text").to_owned(), shape.collect(), bytes.collect())
    };
    let files = json.as_object().expect("object").iter().map(|(file, tensors)| {
        let tensors =
            tensors.as_object().expect("object").iter().map(|(name, value)| (name.clone(), tensor(value)));
        (file.clone(), tensors.collect())
    });
    files.collect()
}

#[test]
fn tensors_are_pytorchs_bit_for_bit() {
    let expected = expected();
    assert_eq!(expected.len(), 7);
    for (file, expected) in expected {
        let checkpoint = read(&golden(&file)).unwrap_or_else(|error| panic!("{error}"));
        let format = if file.contains("legacy") { Format::PytorchLegacy } else { Format::PytorchZip };
        assert_eq!(checkpoint.format, format, "{file}");
        let names = |tensors: &Tensors| tensors.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&checkpoint.tensors), expected.keys().cloned().collect::<Vec<_>>(), "{file}");
        for (name, (dtype, shape, bytes)) in expected {
            let tensor = &checkpoint.tensors[&name];
            assert_eq!(
                (tensor.dtype.name(), &tensor.shape, &tensor.bytes),
                (dtype.as_str(), &shape, &bytes),
                "{file}: {name}"
            );
        }
    }
}

#[test]
fn plain_values_beside_the_state_dict_are_metadata() {
    for file in ["model.pth.tar", "model_legacy.pth.tar"] {
        let metadata = read(&golden(file)).expect("readable").metadata;
        let expected = [("arch", "tiny"), ("best", "0.25"), ("epoch", "3")];
        assert_eq!(metadata, expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    }
}

#[test]
fn the_prefix_of_data_parallel_training_is_stripped_on_request_only() {
    let tensors = read(&golden("model.pth.tar")).expect("readable").tensors;
    assert!(tensors.contains_key("module.conv1.weight"));
    let normalized = normalize_names(tensors.clone());
    assert_eq!(normalized["conv1.weight"], tensors["module.conv1.weight"]);
    assert_eq!(normalized.len(), tensors.len());
    // A prefix that not every name has is a part of the names.
    let mut mixed = tensors;
    mixed.insert("fc.weight".to_owned(), normalized["fc.weight"].clone());
    assert_eq!(normalize_names(mixed.clone()), mixed);
}

#[test]
fn values_become_f32() {
    let tensors = read(&golden("views.pt")).expect("readable").tensors;
    let half = tensors["half_values"].to_f32().expect("float");
    assert_eq!(half, [0.333_251_95, -65504.0, 5.960_464_5e-8, f32::INFINITY]);
    let bfloat = tensors["bfloat16_values"].to_f32().expect("float");
    assert_eq!(bfloat[0], 0.333_984_38);
    assert_eq!(bfloat[3], f32::NEG_INFINITY);
    assert_eq!(tensors["sliced"].to_f32().expect("float")[..4], [21.0, 22.0, 23.0, 31.0]);
    assert_eq!(tensors["expanded"].to_f32().expect("float"), [1.5, 1.5, 1.5, -2.5, -2.5, -2.5]);
    assert_eq!(tensors["F64"].to_f32().expect("float"), [1.0, 1.0, 0.0]);
    let error = tensors["I64"].to_f32().expect_err("an integer").to_string();
    assert!(error.contains("I64 is not floating point"), "{error}");
}

#[test]
fn pickles_that_ask_for_more_than_tensors_are_refused_by_name() {
    for (file, wanted) in [
        // Python names the module after the operating system's.
        ("evil.pt", "posix.system"),
        ("evil_legacy.pth", "posix.system"),
        ("module.pt", "torch.nn.modules.linear.Linear"),
    ] {
        let bytes = std::fs::read(golden(file)).expect("committed");
        let error = parse(&bytes).expect_err("refused");
        assert_eq!(error, ParseError::ForbiddenGlobal { global: wanted.to_owned() }, "{file}");
        let message = read(&golden(file)).expect_err("refused").to_string();
        assert!(
            message.contains(file) && message.contains("torch.save(model.state_dict(), path)"),
            "{message}"
        );
    }
}

#[test]
fn every_way_to_name_a_global_is_refused() {
    let programs: [&[u8]; 4] = [
        b"\x80\x02cos\nsystem\n.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
        // The older instance opcodes are not known at all.
        b"\x80\x02(ios\nsystem\n.",
        b"\x80\x02(X\x01\x00\x00\x00aos\nsystem\no.",
    ];
    for program in programs {
        let error = parse(program).expect_err("refused");
        assert!(matches!(error, ParseError::ForbiddenGlobal { .. } | ParseError::Unsupported(_)), "{error}");
    }
}

#[test]
fn a_file_without_tensors_says_what_it_has() {
    let error = read(&golden("no_tensors.pt")).expect_err("no tensors").to_string();
    assert!(error.contains("holds no tensors") && error.ends_with("its keys are: epoch, lr"), "{error}");
}
