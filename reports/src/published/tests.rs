use std::path::Path;

use super::*;

const HEADER: &str =
    "citation,where,origin,network,protocol,regime,method,sparsity_percent,task,metric,value,spread,runs\n";

fn read(lines: &str) -> Result<Vec<PublishedFigure>, PublishedError> {
    let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    std::fs::write(file.path(), format!("{HEADER}{lines}")).unwrap();
    read_published(file.path())
}

#[test]
fn figures_become_tables_in_their_order() {
    let figures = read(
        "arXiv:1,table 2,paper,r50,transfer,full,B,90,cars,top1,80.10,,3\n\
         arXiv:1,table 2,paper,r50,transfer,full,A,90,cars,top1,81.5,0.4,3\n\
         arXiv:1,table 3,paper,r50,transfer,full,A,90,pets,top1,90,,3\n\
         arXiv:1,table 3,paper,r50,transfer,linear,A,,pets,top1,-0.5,,\n",
    )
    .unwrap();
    let tables = published_tables(&figures, &[]);
    assert_eq!(tables.len(), 2);
    let column = |task: &str| (task.to_owned(), "top1".to_owned());
    assert_eq!(tables[0].columns, [column("cars"), column("pets")]);
    let line = |index: usize| (&tables[0].lines[index].method[..], tables[0].lines[index].values.clone());
    // The value stays as it was printed.
    assert_eq!(line(0), ("B", vec![Some(("80.10".to_owned(), None)), None]));
    let spread = Some("0.4".to_owned());
    assert_eq!(line(1), ("A", vec![Some(("81.5".to_owned(), spread)), Some(("90".to_owned(), None))]));
    assert_eq!(tables[0].sources, BTreeSet::from(["paper: table 2".to_owned(), "paper: table 3".to_owned()]));
    assert_eq!((tables[1].regime.as_str(), tables[1].lines[0].sparsity_percent), ("linear", None));
}

#[test]
fn what_is_no_figure_is_refused_with_its_line() {
    let fine = "arXiv:1,table 2,paper,r50,transfer,full,B,90,cars,top1,80.1,,3";
    for (from, to, expected) in [
        ("80.1", "high", "`value` is `high`, which is no number"),
        ("80.1", "NaN", "`value` is `NaN`"),
        ("arXiv:1", "somewhere", "begins with none of arXiv:"),
        (",paper,", ",memory,", "`origin` is `memory`, which is none of paper"),
        (",90,", ",190,", "not from 0 to 100"),
        (",cars,", ",,", "`task` is empty"),
        (",3", ",3,4", "found record with 14 fields"),
    ] {
        assert!(fine.contains(from), "{from}");
        let error = read(&format!("{fine}\n{}\n", fine.replacen(from, to, 1))).unwrap_err().to_string();
        assert!(error.contains(".csv:3: ") && error.contains(expected), "{error}");
    }
    let missing = read_published(Path::new("nowhere.csv")).unwrap_err().to_string();
    assert!(missing.contains("cannot read nowhere.csv"), "{missing}");
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(read_published(empty.path()), Err(PublishedError::Empty { .. })));
}

/// The repository's own tables: every line is whole, none stands twice, and means are those of what they are means of.
#[test]
fn the_published_tables_of_the_repository_are_sound() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benchmarks/published");
    let figures = read_published(&folder).unwrap();
    let mut seen = BTreeSet::new();
    let mut tasks: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut means: BTreeMap<String, f64> = BTreeMap::new();
    for figure in &figures {
        let line = format!(
            "{} {} {} {} {} {:?}",
            figure.citation,
            figure.network,
            figure.protocol,
            figure.regime,
            figure.method,
            figure.sparsity_percent
        );
        assert!(
            seen.insert(format!("{line} {} {}", figure.task, figure.metric)),
            "{line} on {} twice",
            figure.task
        );
        let value = figure.value.parse::<f64>().unwrap();
        if figure.task == "twelve tasks" {
            continue;
        }
        if figure.task == "mean of 12" {
            means.insert(line, value);
        } else {
            tasks.entry(line).or_default().push(value);
        }
    }
    let mut checked = 0;
    for (line, mean) in means {
        let Some(values) = tasks.get(&line) else { continue };
        let found = values.iter().sum::<f64>() / values.len() as f64;
        // Rounded once per task and once more for the mean.
        assert!(values.len() == 12 && (found - mean).abs() < 0.0101, "{line}: {found}, {mean}");
        checked += 1;
    }
    assert_eq!(checked, 2 * 20);
    assert_eq!(increases_of_error(&figures), 2 * 19);
}

/// Recomputes the mean relative increases of error over the twelve data sets from the scores that the paper's raw results
/// give, which are rounded to hundredths. Returns how many there are.
fn increases_of_error(figures: &[PublishedFigure]) -> usize {
    let mut scores: BTreeMap<(&str, &str, &str, i64), BTreeMap<&str, f64>> = BTreeMap::new();
    let mut increases = Vec::new();
    for figure in figures.iter().filter(|figure| figure.protocol == "transfer") {
        let Some(sparsity) = figure.sparsity_percent else { continue };
        let key = (figure.network.as_str(), figure.regime.as_str(), figure.method.as_str(), sparsity as i64);
        let value = figure.value.parse::<f64>().unwrap();
        match figure.task.as_str() {
            "twelve tasks" => increases.push((key, value)),
            task if !task.starts_with("mean of") && figure.citation == "arXiv:2111.13445" => {
                scores.entry(key).or_default().insert(task, value);
            }
            _ => {}
        }
    }
    for (key, published) in &increases {
        let (own, dense) = (&scores[key], &scores[&(key.0, key.1, "Dense", 0)]);
        let errors = own.iter().map(|(task, score)| (100.0 - score, 100.0 - dense[task]));
        let found = errors.map(|(own, dense)| 100.0 * (own - dense) / dense).sum::<f64>() / own.len() as f64;
        assert!(own.len() == 12 && (found - published).abs() < 0.11, "{key:?}: {found}, {published}");
    }
    increases.len()
}
