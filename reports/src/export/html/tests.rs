use super::*;
use crate::testing::{Sample, sample, synthetic};
use crate::{ReportInput, StageCost};

fn page_of(input: &ReportInput) -> String {
    index_html(&Report::new(input), &input.provenance).expect("the template renders")
}

#[test]
fn the_page_needs_nothing_beside_itself() {
    let page = page_of(&synthetic(1224));
    for outside in ["http://", "https://", "@import", "url(", "<link", "src="] {
        assert!(!page.contains(outside), "the page contains {outside}");
    }
    assert!(page.contains("default-src 'none'"));
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
    let page = page_of(&input);
    assert!(!page.contains("<img"));
    assert!(page.contains("&lt;img"));
    assert!(!page.contains("6999881"), "a label was run as a template");
    assert_eq!(page.matches("</script>").count(), 1);
}

#[test]
fn tags_are_balanced() {
    let page = page_of(&synthetic(1224));
    for tag in
        ["section", "table", "tbody", "tr", "td", "svg", "g", "details", "ul", "li", "dl", "div", "figure"]
    {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn a_small_report_has_a_mark_for_every_trial_and_a_large_one_stays_bounded() {
    let small = synthetic(1224);
    let page = page_of(&small);
    assert_eq!(
        page.matches("<i class=\"dot ").count() - page.matches("<td><i class=\"dot ").count(),
        1224 + 2 * 4
    );
    assert!(page.contains("timeout. the stage took longer than its limit of 600 s"));
    let large = synthetic(12_000);
    let page = page_of(&large);
    assert!(!page.contains("<td class=\"dots\">"));
    assert!(page.matches("<td><i class=\"dot ").count() <= 500);
}

#[test]
fn the_page_is_the_same_for_rows_in_another_order() {
    let mut input = synthetic(1224);
    let page = page_of(&input);
    input.rows.reverse();
    input.costs.reverse();
    assert_eq!(page_of(&input), page);
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
