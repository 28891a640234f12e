mod order;

use super::*;
use crate::testing::{Sample, sample, synthetic, synthetic_detection};
use crate::{
    Gallery, GalleryColumn, GalleryDetection, GalleryPicture, GalleryTrack, GalleryTruth, ReportInput,
    StageCost,
};

fn overview_of(input: &ReportInput) -> String {
    index_html(&Report::new(input), input).expect("the template renders")
}

/// The pages that are made of the input, one after another.
fn page_of(input: &ReportInput) -> String {
    pages_of(input).into_iter().map(|file| file.content).collect()
}

fn pages_of(input: &ReportInput) -> Vec<SiteFile> {
    let mut site = site(&Report::new(input), input).expect("the templates render");
    site.retain(|file| file.path.ends_with(".html") && file.path != "reading.html");
    site
}

/// What quoted attributes of that name hold.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let begin = format!(" {name}=\"");
    page.split(begin.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// Archives of publications.
const CITED: [&str; 2] = ["https://arxiv.org/abs/", "https://doi.org/"];

#[test]
fn a_method_is_cited_as_its_plugin_says() {
    let input = synthetic(1224);
    let site = site(&Report::new(&input), &input).expect("the templates render");
    let page = site.iter().find(|file| file.path == "methods/magnitude.html").expect("a page");
    let link = "<a href=\"https://arxiv.org/abs/1506.02626\" rel=\"noreferrer\">arXiv:1506.02626</a>";
    assert!(page.content.contains(link), "{}", page.content);
}

#[test]
fn pages_need_nothing_but_each_other() {
    for input in [synthetic(1224), synthetic_detection(), ReportInput::default()] {
        let site = site(&Report::new(&input), &input).expect("the templates render");
        let tables = ["leaderboard.tex", "report.json", "summary.md"];
        let there = |path: &str| {
            site.iter().any(|file| file.path == path) || path.ends_with(".csv") || tables.contains(&path)
        };
        for file in &site {
            let (page, path) = (&file.content, &file.path);
            if path.ends_with(".css") {
                assert!(!page.contains("@import") && !page.contains("url("), "{path}");
            }
            if !path.ends_with(".html") {
                continue;
            }
            // Where a method was published is a link that a reader may follow; nothing is loaded from there.
            let plain = CITED
                .iter()
                .fold(page.clone(), |page, place| page.replace(&format!("<a href=\"{place}"), ""));
            for outside in ["http://", "https://", "@import", "url("] {
                assert!(!plain.contains(outside), "{path} contains {outside}");
            }
            assert!(page.contains("default-src 'none'"), "{path}");
            // Every link and every file leads to a place that is there.
            for target in attributes(page, "href").into_iter().chain(attributes(page, "src")) {
                if target.starts_with("data:") || CITED.iter().any(|place| target.starts_with(place)) {
                    continue;
                }
                let (name, anchor) = target.split_once('#').unwrap_or((target, ""));
                let name = match name.strip_prefix("../") {
                    Some(name) => name,
                    None if path.contains('/') && !name.is_empty() => panic!("{path} leads to {target}"),
                    None => name,
                };
                let name = if name.is_empty() { path } else { name };
                assert!(there(name), "{path} leads to {target}, which is not there");
                let page = site.iter().find(|file| file.path == *name).map_or("", |file| &file.content);
                // The empty report has no methods to lead to.
                let empty = input.rows.is_empty() && ["methods", "tasks"].contains(&anchor);
                assert!(
                    anchor.is_empty() || empty || page.contains(&format!("id=\"{anchor}\"")),
                    "{path} leads to {target}, which has no such place"
                );
            }
        }
    }
}

#[test]
fn every_identifier_of_a_page_is_there_once() {
    for file in pages_of(&synthetic(1224)).into_iter().chain(pages_of(&synthetic_detection())) {
        let mut ids = attributes(&file.content, "id");
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "{}", file.path);
    }
}

#[test]
fn untrusted_text_stays_text() {
    const EVIL: &str = "</script><img src=x onerror=alert(1)>\"'&{{999983*7}}";
    let mut input = ReportInput::default();
    for replicate in 0..2 {
        let mut row = sample(&Sample { replicate, ..Sample::default() });
        for text in [
            &mut row.suite,
            &mut row.track,
            &mut row.task,
            &mut row.method,
            &mut row.metric,
            &mut row.prunable_set,
            &mut row.granularity,
        ] {
            *text = EVIL.to_owned();
        }
        let mut failed = row.clone();
        failed.outcome = crate::Outcome::Failed;
        failed.outcome_detail = EVIL.to_owned();
        failed.keep = 0.5;
        input.rows.extend([row, failed]);
    }
    let pair = || (EVIL.to_owned(), EVIL.to_owned());
    input.provenance.machine = EVIL.to_owned();
    input.provenance.plugins = vec![pair()];
    input.provenance.facts = vec![pair()];
    let mut costs: Vec<StageCost> = synthetic(408).costs;
    costs.truncate(1);
    costs[0].method = EVIL.to_owned();
    input.costs = costs;
    for method in ["", "2"] {
        let evil = || EVIL.to_owned();
        input.resampled.push(crate::Resampled {
            suite: evil(),
            track: evil(),
            protocol: evil(),
            regime: evil(),
            task: evil(),
            method: EVIL.to_owned() + method,
            control: None,
            keep: 0.5,
            replicate: 0,
            score: 0.5,
            values: vec![Some(0.5)],
        });
    }
    for number in 0..13 {
        let class = secateur_store::ClassFacts {
            name: format!("{number}{EVIL}"),
            objects: 1,
            ap: Some(0.5),
            ap50: Some(0.5),
        };
        let facts = secateur_store::DetectionFacts { classes: vec![class], ..Default::default() };
        input.strata.extend(crate::strata::scores(&input.rows[0], &facts));
    }
    let page = page_of(&input);
    assert!(page.contains("Differences between methods") && page.contains("4 classes, 0&lt;"));
    assert!(!page.contains("<img"));
    assert!(page.contains("&lt;img"));
    assert!(!page.contains("6999881"), "a label was run as a template");
    assert_eq!(page.matches("</script>").count(), page.matches("<script").count());
}

#[test]
fn tags_are_balanced() {
    for page in [page_of(&synthetic(1224)), page_of(&synthetic_detection())] {
        for tag in [
            "section", "table", "tbody", "tr", "th", "td", "svg", "g", "details", "ul", "li", "dl", "div",
            "figure",
        ] {
            let opened =
                page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }
}

#[test]
fn a_small_report_has_a_mark_for_every_trial_and_a_large_one_stays_bounded() {
    let small = synthetic(1224);
    let page = overview_of(&small);
    // Each leads to its trial.
    assert_eq!(page.matches("<a class=\"dot ").count(), 1224);
    assert!(page.contains("timeout. the stage took longer than its limit of 600 s"));
    let large = synthetic(12_000);
    let page = overview_of(&large);
    assert!(!page.contains("<td class=\"dots\">"));
    assert!(page.matches("<td><i class=\"dot ").count() <= 500);
}

#[test]
fn the_page_is_the_same_for_rows_in_another_order() {
    for mut input in [synthetic(1224), synthetic_detection()] {
        let page = page_of(&input);
        input.rows.reverse();
        input.costs.reverse();
        input.strata.reverse();
        input.galleries.reverse();
        input.resampled.reverse();
        input.masks.reverse();
        input.tests.reverse();
        input.trials.trials.reverse();
        assert_eq!(page_of(&input), page);
    }
}

#[test]
fn odd_reports_render() {
    assert!(page_of(&ReportInput::default()).contains("Nothing in the store yet"));
    // One point, a perfect score, a keep of zero, dense only.
    for (keep, score) in
        [(0.1, Some(1.0)), (0.0, Some(0.0)), (1.0, Some(0.5)), (0.1, None), (f64::NAN, Some(0.5))]
    {
        let rows = vec![sample(&Sample { keep, score, ..Sample::default() })];
        let page = page_of(&ReportInput { rows, ..ReportInput::default() });
        assert!(!page.contains("NaN") || keep.is_nan(), "keep {keep}");
    }
    let dense =
        sample(&Sample { control: Some(crate::Control::DenseTrained), keep: 1.0, ..Sample::default() });
    page_of(&ReportInput { rows: vec![dense], ..ReportInput::default() });
}

/// A gallery of one picture in which a network sees what `detections` says.
fn gallery(truths: Vec<GalleryTruth>, detections: Vec<GalleryDetection>) -> Gallery {
    let column = GalleryColumn {
        method: "dcp".to_owned(),
        control: None,
        keep: 0.25,
        detections: vec![detections],
        problem: None,
    };
    let picture = GalleryPicture {
        index: 7,
        name: "000007".to_owned(),
        width: 200,
        height: 100,
        png: "iVBORw0KGgo=".to_owned(),
        truths,
    };
    Gallery {
        task: "generated/figures".to_owned(),
        classes: vec!["arrow".to_owned(), "star".to_owned()],
        test_pictures: 500,
        pictures: vec![picture],
        tracks: vec![GalleryTrack { track: "short".to_owned(), columns: vec![column] }],
        ..Gallery::default()
    }
}

fn truth(class: usize, corners: [f64; 4]) -> GalleryTruth {
    GalleryTruth { class, corners, difficult: false, crowd: false }
}

fn detection(class: usize, score: f64, corners: [f64; 4]) -> GalleryDetection {
    GalleryDetection { class, score, corners }
}

#[test]
fn a_picture_shows_hits_misses_and_false_alarms() {
    let truths = vec![truth(0, [10.0, 10.0, 50.0, 50.0]), truth(1, [100.0, 10.0, 150.0, 60.0])];
    let detections = vec![
        detection(0, 0.93, [10.0, 10.0, 50.0, 48.0]),
        detection(1, 0.52, [10.0, 60.0, 30.0, 90.0]),
        detection(0, 0.41, [12.0, 10.0, 50.0, 50.0]),
    ];
    let galleries = vec![gallery(truths, detections)];
    let page = page_of(&ReportInput { galleries, ..ReportInput::default() });
    assert!(page.contains("aria-label=\"dcp: 1 of 2 objects found, 2 false alarms at score 0.4\""));
    assert!(page.contains("aria-label=\"Ground truth of picture 000007, 2 objects\""));
    assert!(page.contains("1 of 500 test pictures") && page.contains("a score of at least 0.4 are drawn"));
    for title in
        ["arrow 0.93: hit", "star 0.52: false alarm", "arrow 0.41: false alarm", "star: missed", "star"]
    {
        assert_eq!(page.matches(&format!("<title>{title}</title>")).count(), 1, "{title}");
    }
    let boxes = |kind: &str| page.matches(&format!("<g class=\"{kind} s")).count();
    // Two objects and one hit; each stroke once more in the key.
    assert_eq!((boxes("hit"), boxes("alarm"), boxes("miss"), boxes("excused")), (3 + 1, 2 + 1, 1 + 1, 0));
    // The picture stands once on the page, and both figures refer to it with its true proportions.
    assert_eq!(page.matches("data:image/png;base64,iVBORw0KGgo=").count(), 1);
    assert_eq!(page.matches("viewBox=\"0 0 200 100\" role=\"img\"").count(), 2);
    assert_eq!(page.matches("<use href=\"#picture-0-0\"/>").count(), 2);
    assert!(page.contains("width=\"200\" height=\"100\" preserveAspectRatio=\"none\""));
}

#[test]
fn difficult_objects_are_told_apart() {
    let difficult = GalleryTruth { difficult: true, ..truth(0, [10.0, 10.0, 50.0, 50.0]) };
    let galleries = vec![gallery(vec![difficult], vec![detection(0, 0.9, difficult.corners)])];
    let page = page_of(&ReportInput { galleries, ..ReportInput::default() });
    assert!(page.contains("dcp: 0 of 0 objects found, 0 false alarms"));
    assert!(page.contains("<title>arrow (difficult)</title>") && page.contains("arrow 0.90: does not count"));
    assert!(page.contains("need not be found"));
}

#[test]
fn text_from_data_and_odd_boxes_do_no_harm() {
    const EVIL: &str = "</title></svg><img src=x>\"'&";
    let odd = [
        [-50.0, -50.0, 400.0, 400.0],
        [90.0, 90.0, 10.0, 10.0],
        [f64::MAX, 0.0, f64::MAX, 1.0],
        [500.0, 500.0, 600.0, 600.0],
        [f64::NAN, 0.0, f64::INFINITY, 10.0],
    ];
    let mut one = gallery(Vec::new(), odd.map(|corners| detection(0, 0.9, corners)).to_vec());
    one.classes[0] = EVIL.to_owned();
    one.pictures[0].name = EVIL.to_owned();
    one.pictures[0].png = EVIL.to_owned();
    one.tracks[0].track = EVIL.to_owned();
    one.tracks[0].columns[0].method = EVIL.to_owned();
    let mut other = one.clone();
    other.problem = Some(EVIL.to_owned());
    let page = page_of(&ReportInput { galleries: vec![one, other], ..ReportInput::default() });
    assert!(!page.contains("<img"));
    assert!(!page.contains("NaN") && !page.contains("inf\"") && !page.contains("width=\"-"));
}

#[test]
fn what_does_not_fit_beside_is_named_and_below() {
    let page = page_of(&synthetic_detection());
    assert!(page.contains("<summary>Not shown above: dcp, localization-aware</summary>"));
    assert_eq!(page.matches("<table class=\"gallery\">").count(), 2);
    assert!(page.contains("aria-label=\"localization-aware: "));
    assert!(page.contains(">No detections: timeout.</td>"));
}

#[test]
fn sizes_and_metrics_stand_on_the_page_in_words() {
    let page = page_of(&synthetic_detection());
    assert!(page.contains("<h2>Objects by size</h2>"));
    assert!(page.contains("small: up to 221 px², 431 objects; medium: 221 to 829 px², 612 objects"));
    // Two controls and eight methods at two keeps, each with AP and AP50 of three sizes, which begin at a line.
    let sizes = section(&page, "sizes");
    let rows = 2 + 2 * 8;
    assert_eq!(sizes.matches("<td class=\"num stratum\">").count(), rows * 3);
    assert_eq!(sizes.matches("<td class=\"num\">").count(), rows * (1 + 3));
    assert!(!sizes.contains("ρ"));
    assert!(page.contains("; metric AP50 (VOC)"));
    assert!(!page.contains("voc-ap50"));
    // A report without detectors has none of it.
    let page = page_of(&synthetic(1224));
    assert!(!page.contains("Objects by size") && !page.contains("What the detectors see"));
    assert!(page.contains("metric mean per class on 3, top-1 on 9"));
}

#[test]
fn classes_stand_on_the_page_by_frequency() {
    let page = page_of(&synthetic_detection());
    let classes = section(&page, "classes");
    let order = ["ring", "heart", "arrow", "cross", "crescent", "star-5"];
    let heads: Vec<&str> = classes
        .split("<th class=\"stratum\" colspan=\"1\" scope=\"colgroup\">")
        .skip(1)
        .filter_map(|rest| rest.split('<').next())
        .collect();
    assert_eq!(heads, order);
    assert!(classes.contains("In the test split: ring: 420 objects; heart: 300 objects; "));
    // More than four columns have AP alone, and a correlation for every method; dense rows have a dash.
    let rows = 2 + 2 * 8;
    assert_eq!(classes.matches("<td class=\"num stratum\">").count(), rows * (6 + 1));
    assert_eq!(classes.matches("<td class=\"num stratum\">–").count(), 2);
    assert!(!classes.contains("AP50 %") && classes.contains("ρ of frequency"));
    // A store of older scores has no classes, and three classes have no correlation.
    let mut input = synthetic_detection();
    input.strata.retain(|score| !["cross", "crescent", "star-5"].contains(&score.stratum.name.as_str()));
    let page = page_of(&input);
    let three = section(&page, "classes");
    assert!(three.contains("AP50 %") && !three.contains("ρ of frequency"));
    input.strata.retain(|score| score.stratum.kind() == crate::StrataKind::Size);
    assert!(!page_of(&input).contains("Objects by class"));
}

/// The part of a page with the differences.
fn pairs_of(page: &str) -> &str {
    let (_, section) = page.split_once("<section id=\"pairs\">").expect("a section");
    section.split_once("</section>").expect("an end").0
}

#[test]
fn differences_stand_in_a_table_of_method_against_method() {
    let page = page_of(&synthetic_detection());
    let section = pairs_of(&page);
    // The smallest keep is first and open.
    let (open, closed) = section.split_once("<details><summary>Keep 0.5</summary>").expect("two keeps");
    assert!(open.contains("<details open><summary>Keep 0.25</summary>"));
    for keep in [open, closed] {
        // Eight methods, each against seven and dense-trained, and itself.
        assert_eq!(keep.matches("<th scope=\"row\"").count(), 8);
        assert_eq!(keep.matches("<td class=\"num\"><b>").count(), 8 * 8);
        assert_eq!(keep.matches("<td class=\"self\">").count(), 8);
        // One method has one replicate: its row but for itself, and its column.
        assert_eq!(keep.matches("<small>over pictures only</small>").count(), 8 + 7);
    }
    assert!(section.contains("6 of 51 scored networks are in no pair"));
    // A pair is the same from both sides.
    let differences = |sign: char| section.matches(&format!("<td class=\"num\"><b>{sign}")).count();
    assert_eq!(differences('+') + differences('−'), 2 * 8 * 8);
    assert!(!page_of(&synthetic(408)).contains("Differences between methods"));
}

#[test]
fn intervals_with_zero_say_so_in_words() {
    let page = page_of(&synthetic_detection());
    let section = pairs_of(&page);
    let mut with_zero = 0;
    for cell in section.split("<td class=\"num\"><b>").skip(1) {
        let interval = cell.split("<small>").nth(1).expect("an interval");
        let zero = interval.starts_with('−') && interval.contains("to +");
        assert_eq!(cell.contains("<small>includes zero</small>"), zero, "{interval}");
        with_zero += usize::from(zero);
    }
    assert!(with_zero > 0 && with_zero % 2 == 0, "{with_zero}");
}

#[test]
fn very_many_methods_are_cut_and_counted_and_apart_ones_are_no_pair() {
    let mut input = synthetic_detection();
    let network = input.resampled.iter().find(|it| it.method == "dcp").expect("a network").clone();
    input.resampled = (0..30)
        .map(|number| crate::Resampled { method: format!("m{number:02}"), ..network.clone() })
        .collect();
    // The first is compared with the last only, which is not on the page.
    input.resampled[0].replicate += 1;
    input.resampled[29].replicate += 1;
    let page = page_of(&input);
    let section = pairs_of(&page);
    assert_eq!(section.matches("<th scope=\"row\"").count(), 24);
    assert!(section.contains("6 more methods are in pairs.csv."));
    assert_eq!(section.matches("no shared replicate").count(), 2 * 23);
    assert!(section.contains("One replicate, intervals over pictures only"));
}

#[test]
fn published_figures_stand_below_as_they_are_printed_and_cannot_break_the_page() {
    let figure = |method: &str, value: &str, spread: Option<&str>| crate::PublishedFigure {
        citation: "arXiv:1".to_owned(),
        place: "table <2>".to_owned(),
        origin: "paper".to_owned(),
        network: "r50".to_owned(),
        protocol: "transfer".to_owned(),
        regime: "full".to_owned(),
        method: method.to_owned(),
        sparsity_percent: Some(90.0),
        task: "cars".to_owned(),
        metric: "top1".to_owned(),
        value: value.to_owned(),
        spread: spread.map(str::to_owned),
        runs: Some(3),
    };
    let published = vec![figure("<b>RigL</b>", "80.10", Some("0.4")), figure("STR", "-0.5", None)];
    let page = page_of(&ReportInput { published, ..ReportInput::default() });
    assert!(page.contains("80.10 <small>± 0.4</small>") && page.contains("paper: table &lt;2&gt;"));
    assert!(page.contains("&lt;b&gt;RigL") && !page.contains("<b>RigL"));
    assert!(!page_of(&ReportInput::default()).contains("id=\"published\""));
}

/// The part of a page between this heading and the next section.
fn section<'a>(page: &'a str, id: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("<section id=\"{id}\"")).expect("a section");
    rest.split_once("</section>").expect("its end").0
}

#[test]
fn masks_have_a_cell_for_each_pair_and_each_layer() {
    let input = synthetic(1224);
    let page = page_of(&input);
    let similarity = section(&page, "similarity");
    // Five methods, three keeps, three replicates.
    assert_eq!(similarity.matches("<rect ").count(), 3 * 25);
    assert_eq!(similarity.matches("class=\"marked\"").count(), 3 * 5);
    assert_eq!(similarity.matches("<details").count(), 3);
    assert!(similarity.contains("<title>imp and magnitude *: "));
    assert!(similarity.contains("<title>imp, one replicate and another: "));
    assert!(similarity.contains("Masks of 1 of 15 networks are not in the store any more."));
    let layers = section(&page, "layers");
    assert_eq!(layers.matches("<rect ").count(), 3 * 25);
    assert!(layers.contains(">layer4.0.conv1 (3.20k)</text>"));
    // The one emptied layer is framed, named above the maps and warned of.
    assert_eq!(layers.matches("class=\"marked\"").count(), 1);
    assert!(layers.contains("; nothing left in 1 of them</title>"));
    let named = "Layers without a weight left: imp-rewind-init at 0.05 (layer5.0.conv1).";
    assert!(layers.contains(named));
    assert_eq!(page.matches(named).count(), 2);
    // A report without masks has neither section.
    let page = page_of(&ReportInput { masks: Vec::new(), ..input });
    assert!(!page.contains("<section id=\"similarity\"") && !page.contains("<section id=\"layers\""));
}

#[test]
fn labels_in_maps_stay_text() {
    let network = |replicate| {
        let mut network = crate::testing::masked_network("<img src=x>\"'&", None, replicate);
        network.suite = "</title><img>".to_owned();
        (network, vec![vec![true, false]])
    };
    let mut set = crate::testing::mask_set(0.5, vec![network(0), network(1)]);
    set.layers[0].name = "<img src=y>".to_owned();
    let page = page_of(&ReportInput { masks: vec![set], ..ReportInput::default() });
    assert!(!page.contains("<img") && page.contains("&lt;img src=y&gt;"));
}

#[test]
fn perturbed_tickets_stand_below_their_keep() {
    let mut input = ReportInput::default();
    for (method, params, score) in [
        ("imp", "{}", 0.5),
        ("imp-c", r#"{"perturb":"complement"}"#, 0.25),
        ("imp-r", r#"{"perturb":"random"}"#, 0.5),
    ] {
        for replicate in 0..2 {
            let mut row = sample(&Sample { method, replicate, score: Some(score), ..Sample::default() });
            row.params = params.to_owned();
            input.rows.push(row);
        }
    }
    let page = page_of(&input);
    let section = section(&page, "perturbation");
    assert!(section.contains("<th scope=\"row\">complement</th><td>imp-c</td>"));
    assert!(section.contains("<b>−25.00</b>"));
    assert!(section.contains("A complement at keep k is that of the ticket at keep 1 − k"));
    assert_eq!(section.matches("includes zero").count(), 1);
    assert!(!page_of(&synthetic(408)).contains("<section id=\"perturbation\""));
}
