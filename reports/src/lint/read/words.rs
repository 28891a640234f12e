//! What is left of a piece of Markdown without its marks.

/// Entities that tables have.
const ENTITIES: [(&str, &str); 13] = [
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&plusmn;", "±"),
    ("&pm;", "±"),
    ("&times;", "×"),
    ("&minus;", "−"),
    ("&ndash;", "–"),
    ("&mdash;", "—"),
    ("&nbsp;", " "),
    ("&#64;", "@"),
    ("&Delta;", "Δ"),
    ("&quot;", "\""),
    ("&amp;", "&"),
];
/// Ways to write bold.
const BOLD: [(&str, &str); 5] =
    [("**", "**"), ("__", "__"), ("<b>", "</b>"), ("<strong>", "</strong>"), ("\\textbf{", "}")];

/// The text without marks, and whether it was marked as the best: whether it begins in bold.
pub(super) fn marked(cell: &str) -> (String, bool) {
    let text = cell.trim().trim_start_matches('$');
    let bold = BOLD.iter().any(|(open, close)| {
        text.strip_prefix(open).is_some_and(|rest| !rest.starts_with('*') && rest.contains(close))
            || text
                .strip_prefix('*')
                .and_then(|it| it.strip_prefix(open))
                .is_some_and(|rest| rest.contains(close))
    });
    (plain(cell), bold)
}

/// The text without emphasis, links, code, tags, notes and escapes.
pub(crate) fn plain(text: &str) -> String {
    // Most cells have no mark at all.
    if !text.contains(['*', '_', '`', '[', '<', '&', '\\', '$', '~', '{']) {
        return text.trim().to_owned();
    }
    let text = without_tags(&without_links(text));
    let mut text =
        text.replace("\\textbf{", "").replace("\\pm", "±").replace("\\times", "×").replace('}', "");
    for (entity, meaning) in ENTITIES {
        text = text.replace(entity, meaning);
    }
    let mut out = String::with_capacity(text.len());
    let mut escaped = false;
    let inner = text.trim();
    // A single underscore inside of a word is part of it.
    let emphasis = inner.len() > 2 && inner.starts_with('_') && inner.ends_with('_');
    for c in text.replace("**", "").replace("__", "").replace("~~", "").chars() {
        match c {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '*' | '`' | '$' if !escaped => {}
            '_' if emphasis && !escaped => {}
            _ => out.push(c),
        }
        escaped = false;
    }
    out.trim().to_owned()
}

/// `[text](address)` becomes `text`, `[^note]` nothing.
fn without_links(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('[') {
        let (before, after) = rest.split_at(at);
        let inside = after.find(']').map(|end| (&after[1..end], &after[end + 1..]));
        match inside {
            Some((note, behind)) if note.starts_with('^') => {
                out.push_str(before);
                rest = behind;
            }
            Some((label, behind)) if behind.starts_with('(') && behind.contains(')') => {
                out.push_str(before.strip_suffix('!').unwrap_or(before));
                out.push_str(label);
                rest = behind.split_once(')').map_or("", |(_, behind)| behind);
            }
            _ => {
                out.push_str(before);
                out.push('[');
                rest = &after[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Tags go; what is set high is a note, and goes with them.
fn without_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let name = after[1..].trim_start_matches('/');
        let Some(end) = after.find('>').filter(|_| name.starts_with(|c: char| c.is_ascii_alphabetic()))
        else {
            out.push('<');
            rest = &after[1..];
            continue;
        };
        if after.starts_with("<br") {
            out.push(' ');
        }
        rest = &after[end + 1..];
        if after.starts_with("<sup>") {
            rest = rest.split_once("</sup>").map_or("", |(_, behind)| behind);
        }
    }
    out.push_str(rest);
    out
}
