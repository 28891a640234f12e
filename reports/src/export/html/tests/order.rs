//! How sure the order of a board is, as it stands on the pages.

use super::*;

/// The part of a page from where a text begins to where another one does.
fn between<'a>(page: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = page.split_once(begin).unwrap_or_else(|| panic!("no {begin}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no {end} after {begin}")).0
}

#[test]
fn who_may_not_be_ranked_in_public_stands_below_the_line_with_the_reason() {
    let page = overview_of(&synthetic(1224));
    // One method lost a trial at the smallest keep, on both boards.
    assert_eq!(page.matches("class=\"below\"").count(), 2);
    let below = between(&page, "<tbody data-group=\"0.05\" class=\"below\">", "</tbody>");
    assert!(below.contains("not ranked in public: imp-rewind-init (35 of 36 trials have a score).<"));
    assert_eq!(attributes(below, "data-method"), ["imp-rewind-init"]);
    assert!(below.contains("data-of=\"public-rank\" data-value=\"\""));
    // Above it, ranks begin at one, and the row is there once.
    let above = between(&page, "<tbody data-group=\"0.05\">", "</tbody>");
    assert!(above.contains("data-of=\"public-rank\" data-value=\"1\"") && !above.contains("imp-rewind-init"));
    // Counts and outcomes have everybody.
    assert_eq!(page.matches("data-method=\"imp-rewind-init\" data-keep=\"0.05\"").count(), 2 * 2);
    assert!(!page.contains("class=\"barred\""));
    let site = pages_of(&synthetic(1224));
    let own = site.iter().find(|file| file.path == "methods/imp-rewind-init.html").expect("its page");
    assert_eq!(
        own.content.matches("Not ranked in public: keep 0.05 (35 of 36 trials have a score).").count(),
        2
    );
    // One replicate stands against everybody, and places are what is left.
    let page = overview_of(&synthetic(408));
    let reason = "<b>Not to be ranked in public</b>: 1 replicate of 3.";
    assert_eq!(page.matches(reason).count(), 2);
    assert!(
        between(&page, "id=\"answers\"", "</section>")
            .contains("not to be ranked in public</span>: 1 replicate of 3")
    );
    assert!(!page.contains("data-of=\"public-rank\" data-value=\"1\""));
    assert!(page.contains("data-of=\"place\" data-value=\"1\""));
}

#[test]
fn the_order_has_a_diagram_where_ranks_differ_and_a_sentence_where_they_do_not() {
    let page = overview_of(&synthetic(1224));
    // Two boards of three keeps.
    assert_eq!(page.matches("<svg class=\"critical\"").count(), 6);
    assert_eq!(page.matches("There are differences").count(), 6);
    let diagram = between(&page, "<svg class=\"critical\"", "</svg>");
    assert!(diagram.contains("diagram of 5 methods over 12 tasks at keep 0.2"));
    for method in ["random", "random-layerwise", "magnitude", "imp", "imp-rewind-init"] {
        assert_eq!(diagram.matches(&format!("<title>{method}: average rank ")).count(), 1, "{method}");
    }
    // Scores that say nothing: each method is the best on as many tasks as any other.
    let mut rows = Vec::new();
    for task in ["a", "b", "c", "d", "e", "f"] {
        for (at, method) in ["x", "y", "z"].into_iter().enumerate() {
            let turn = (at + task.len() + usize::from(task.as_bytes()[0])) % 3;
            let score = Some(0.5 + turn as f64 / 10.0);
            rows.push(sample(&Sample { method, task, score, ..Sample::default() }));
        }
    }
    let few = rows.iter().filter(|row| row.task.as_str() < "e").cloned().collect();
    let page = overview_of(&ReportInput { rows, ..ReportInput::default() });
    assert!(
        page.contains("No difference is shown")
            && page.contains("No two methods are told apart by their ranks")
    );
    assert!(page.contains("tasks show no difference between any methods"));
    assert!(!page.contains("<svg class=\"critical\""));
    let page = overview_of(&ReportInput { rows: few, ..ReportInput::default() });
    assert_eq!(page.matches("4 tasks; a test of ranks needs at least 5").count(), 2);
}

#[test]
fn fronts_are_drawn_and_listed_for_every_cost() {
    let input = synthetic(1224);
    let report = Report::new(&input);
    let page = analyses_html(&report, &input).expect("the template renders");
    let fronts: Vec<&crate::Front> = report.statistics.iter().flat_map(|it| &it.fronts).collect();
    assert!(fronts.len() >= 8);
    let section = between(&page, "<section id=\"fronts\">", "</section>");
    assert_eq!(section.matches("<figure data-cost=").count(), fronts.len());
    assert_eq!(
        section.matches("<li data-method=").count(),
        fronts.iter().map(|it| it.front.len()).sum::<usize>()
    );
    let behind: usize = fronts.iter().map(|it| it.points - it.front.len()).sum();
    assert_eq!(section.matches("<g class=\"behind\">").count(), behind);
    assert!(!section.contains("data-cost=\"executed-macs\""), "masked networks execute the same");
    // A board of one keep has no area.
    assert_eq!(
        page.matches("data-of=\"area\"").count(),
        report.statistics.iter().flat_map(|it| &it.areas).map(|it| it.lines.len()).sum::<usize>()
    );
    let empty =
        analyses_html(&Report::new(&ReportInput::default()), &ReportInput::default()).expect("it renders");
    assert!(!empty.contains("id=\"fronts\"") && !empty.contains("id=\"areas\""));
}
