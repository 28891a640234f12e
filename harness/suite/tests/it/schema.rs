use crate::{WHOLE, read};

#[test]
fn the_committed_schema_is_that_of_the_code() {
    let committed: serde_json::Value =
        serde_json::from_str(include_str!("../../../../docs/suite.schema.json")).unwrap();
    assert_eq!(
        committed,
        secateur_suite::schema(),
        "docs/suite.schema.json is out of date; write it anew with `secateur schema > docs/suite.schema.json`"
    );
}

#[test]
fn the_suites_of_the_repository_are_fine() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benchmarks/suites");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let beside = |name: &str| {
            std::fs::read_to_string(path.parent().unwrap().join(name)).map_err(|error| error.to_string())
        };
        let text = std::fs::read_to_string(&path).unwrap();
        let suite = secateur_suite::read_suite_with(&path.display().to_string(), &text, &beside).unwrap();
        assert_eq!(Some(suite.name.as_str()), path.file_stem().and_then(|stem| stem.to_str()));
        count += 1;
    }
    assert!(count >= 3, "{count}");
}

#[test]
fn a_suite_survives_json() {
    let suite = read(WHOLE);
    let again: secateur_suite::Suite = serde_json::from_str(&serde_json::to_string(&suite).unwrap()).unwrap();
    assert_eq!(again, suite);
}
