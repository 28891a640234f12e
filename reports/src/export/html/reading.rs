//! The guide to a report, which is kept in `docs/` and rendered from there, so that it exists once.

use pulldown_cmark::{Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};
use serde::Serialize;

/// The guide as it lies in the repository.
const SOURCE: &str = include_str!("../../../../docs/reading-a-report.md");

/// The guide as a page.
#[derive(Serialize)]
pub(super) struct Guide {
    /// Headings of the second level with their anchors.
    contents: Vec<Heading>,
    /// HTML of our own text.
    body: String,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Heading {
    anchor: String,
    text: String,
}

/// Renders the guide.
pub(super) fn guide() -> Guide {
    render(SOURCE)
}

fn render(source: &str) -> Guide {
    let mut events: Vec<Event<'_>> = Parser::new_ext(source, Options::ENABLE_TABLES).collect();
    let contents = name_headings(&mut events);
    // Tables are wider than a phone, and scroll in a box of their own. Links to other documents lead nowhere from a
    // report, which travels alone; their text stays.
    let mut outside = Vec::new();
    let events = events.into_iter().flat_map(|event| match event {
        Event::Start(Tag::Table(_)) => vec![Event::Html("<div class=\"scroll\">".into()), event],
        Event::End(TagEnd::Table) => vec![event, Event::Html("</div>".into())],
        Event::Start(Tag::Link { link_type, ref dest_url, .. }) => {
            let stays = link_type != LinkType::Email && dest_url.starts_with('#');
            outside.push(!stays);
            if stays { vec![event] } else { Vec::new() }
        }
        // Pictures lie beside the guide, and no report has them.
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => Vec::new(),
        Event::End(TagEnd::Link) => {
            if outside.pop() == Some(true) {
                Vec::new()
            } else {
                vec![event]
            }
        }
        other => vec![other],
    });
    let mut body = String::with_capacity(source.len() * 3 / 2);
    html::push_html(&mut body, events);
    let body = body.replace("<table>", "<table class=\"plain\">").replace("<th>", "<th scope=\"col\">");
    Guide { contents, body }
}

/// Gives headings the anchors that GitHub gives them, so that links of the guide work on both, and lists those of the second
/// level. The title itself is taken out.
fn name_headings(events: &mut Vec<Event<'_>>) -> Vec<Heading> {
    let mut contents = Vec::new();
    let mut place = 0;
    while place < events.len() {
        let Event::Start(Tag::Heading { level, .. }) = events[place] else {
            place += 1;
            continue;
        };
        let end = (place..events.len())
            .find(|at| matches!(events[*at], Event::End(TagEnd::Heading(_))))
            .unwrap_or(events.len() - 1);
        let text: String = events[place..end]
            .iter()
            .filter_map(|event| match event {
                Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
                _ => None,
            })
            .collect();
        if level == HeadingLevel::H1 {
            events.drain(place..=end);
            continue;
        }
        let anchor = anchor(&text);
        if let Event::Start(Tag::Heading { id, .. }) = &mut events[place] {
            *id = Some(anchor.clone().into());
        }
        if level == HeadingLevel::H2 {
            contents.push(Heading { anchor, text });
        }
        place = end + 1;
    }
    contents
}

fn anchor(text: &str) -> String {
    text.to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' | '-' => Some('-'),
            c if c.is_alphanumeric() || c == '_' => Some(c),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_tables_and_links_are_made_for_a_page() {
        let guide = render(
            "# Title\n\nOne [there](#two--words) and [away](suites.md#tasks) and [far](https://example.org) ![seen](x.png).\n\n## Two: *words*\n\n\
             | a | b |\n|---|---|\n| 1 | <script>x</script> |\n\n### Three\n",
        );
        assert_eq!(
            guide.contents,
            [Heading { anchor: "two-words".to_owned(), text: "Two: words".to_owned() }]
        );
        assert!(guide.body.contains("<h2 id=\"two-words\">") && guide.body.contains("<h3 id=\"three\">"));
        assert!(!guide.body.contains("Title"));
        assert!(guide.body.contains("<a href=\"#two--words\">there</a> and away and far seen."));
        assert!(guide.body.contains("<div class=\"scroll\"><table class=\"plain\">"));
    }

    #[test]
    fn every_link_of_the_guide_has_its_heading() {
        let guide = guide();
        assert!(guide.contents.len() > 5);
        for rest in guide.body.split("href=\"#").skip(1) {
            let anchor = rest.split('"').next().unwrap_or_default();
            assert!(guide.body.contains(&format!("id=\"{anchor}\"")), "#{anchor} leads nowhere");
        }
    }
}
