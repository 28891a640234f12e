use super::*;
use crate::testing::synthetic_detection;
use crate::{Report, StrataTable};

/// The lines of a table, with the names of its columns.
fn lines(bytes: &[u8]) -> Vec<Vec<(String, String)>> {
    let mut reader = csv::Reader::from_reader(bytes);
    let header = reader.headers().expect("a header").clone();
    let line = |line: csv::StringRecord| {
        header.iter().zip(line.iter()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    reader.records().map(|it| line(it.expect("our own CSV"))).collect()
}

fn value<'a>(line: &'a [(String, String)], column: &str) -> &'a str {
    &line.iter().find(|(name, _)| name == column).expect("a column").1
}

#[test]
fn an_empty_table_has_its_header() {
    let empty = ReportInput::default();
    let sizes = sizes_csv(&empty).expect("sizes");
    assert!(
        sizes.starts_with(b"suite,track,")
            && sizes.ends_with(b",size,area_from,area_to,objects,ap,ap50,stage\n")
    );
    let classes = classes_csv(&empty).expect("classes");
    assert!(classes.starts_with(b"suite,track,") && classes.ends_with(b",class,objects,ap,ap50,stage\n"));
}

#[test]
fn every_column_has_what_its_name_says() {
    let input = synthetic_detection();
    let names = |score: &StratumScore| {
        [
            ("suite", score.suite.clone()),
            ("track", score.track.clone()),
            ("protocol", score.protocol.clone()),
            ("regime", score.regime.clone()),
            ("task", score.task.clone()),
            ("method", score.method.clone()),
            ("stage", score.stage.clone()),
            ("replicate", score.replicate.to_string()),
            ("objects", score.stratum.objects.to_string()),
        ]
    };
    let float = |line: &[(String, String)], column: &str| value(line, column).parse::<f64>().ok();
    for (bytes, kind, stratum) in [
        (sizes_csv(&input).expect("sizes"), StrataKind::Size, "size"),
        (classes_csv(&input).expect("classes"), StrataKind::Class, "class"),
    ] {
        let lines = lines(&bytes);
        let scores: Vec<&StratumScore> = input.strata.iter().filter(|it| it.stratum.kind() == kind).collect();
        assert_eq!(lines.len(), scores.len());
        for score in scores {
            let found = lines
                .iter()
                .find(|line| {
                    value(line, "stage") == score.stage && value(line, stratum) == score.stratum.name
                })
                .expect("a line for every score");
            for (column, text) in names(score) {
                assert_eq!(value(found, column), text, "{column}");
            }
            let control = serde_json::to_value(score.control).expect("JSON");
            assert_eq!(value(found, "control"), control.as_str().unwrap_or_default());
            assert_eq!(float(found, "keep"), Some(score.keep));
            assert_eq!((float(found, "ap"), float(found, "ap50")), (score.ap, score.ap50));
            if let Extent::Size { area_from, area_to } = score.stratum.extent {
                assert_eq!((float(found, "area_from"), float(found, "area_to")), (Some(area_from), area_to));
            }
        }
    }
}

#[test]
fn frequent_classes_and_small_sizes_come_first() {
    let input = synthetic_detection();
    let of_first = |bytes: &[u8], column: &str| -> Vec<String> {
        let lines = lines(bytes);
        let stage = value(&lines[0], "stage").to_owned();
        let own = lines.iter().take_while(|line| value(line, "stage") == stage);
        own.map(|line| value(line, column).to_owned()).collect()
    };
    assert_eq!(of_first(&sizes_csv(&input).expect("sizes"), "size"), ["small", "medium", "large"]);
    let classes = of_first(&classes_csv(&input).expect("classes"), "class");
    assert_eq!(classes, ["ring", "heart", "arrow", "cross", "crescent", "star-5"]);
}

#[test]
fn scores_have_one_order_whatever_the_store_says() {
    let mut input = synthetic_detection();
    // Contradictions, too: two scores of one network on the same objects, and another number of these.
    for place in 0..9 {
        let mut copy = input.strata[place].clone();
        copy.ap50 = None;
        copy.stratum.objects += 1;
        input.strata.push(copy);
    }
    let written = |input: &ReportInput| {
        let report = Report::new(input);
        let tables: [Vec<StrataTable>; 2] = [report.sizes, report.classes];
        (sizes_csv(input).expect("sizes"), classes_csv(input).expect("classes"), tables)
    };
    let first = written(&input);
    input.strata.reverse();
    assert!(written(&input) == first);
    input.strata.rotate_left(100);
    assert!(written(&input) == first);
}
