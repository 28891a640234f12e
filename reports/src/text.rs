//! Numbers and names as people read them.

/// A fraction as a percentage without its sign: `0.81234` is `81.23`.
pub(crate) fn percent(fraction: f64, decimals: usize) -> String {
    let text = format!("{:.*}", decimals, fraction * 100.0);
    // A rounded "-0.00" reads like a loss.
    if text.starts_with('-') && text.chars().all(|c| matches!(c, '-' | '0' | '.')) {
        text[1..].to_owned()
    } else {
        text
    }
}

/// A percentage with a typographic minus, for prose and pages.
pub(crate) fn signed(fraction: f64, decimals: usize) -> String {
    percent(fraction, decimals).replace('-', "−")
}

/// A difference of two fractions in points, with its sign either way: `0.0153` is `+1.53`.
pub(crate) fn points(difference: f64, decimals: usize) -> String {
    let text = signed(difference, decimals);
    // A rounded zero has no sign.
    if text.starts_with('−') || text.chars().all(|c| matches!(c, '0' | '.')) {
        text
    } else {
        format!("+{text}")
    }
}

/// An integer with thousands separated by commas.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three significant digits with a unit prefix: `1814073344` is `1.81 G`.
pub(crate) fn si(number: f64) -> String {
    const PREFIXES: [&str; 6] = ["", " k", " M", " G", " T", " P"];
    if !number.is_finite() {
        return "–".to_owned();
    }
    let mut scaled = number;
    let mut prefix = 0;
    // 999.5 would be printed as 1000 with three digits.
    while scaled.abs() >= 999.5 && prefix + 1 < PREFIXES.len() {
        scaled /= 1000.0;
        prefix += 1;
    }
    let decimals = match scaled.abs() {
        _ if prefix == 0 && number.fract() == 0.0 => 0,
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        _ => 2,
    };
    format!("{scaled:.decimals$}{}", PREFIXES[prefix])
}

/// Bytes in binary units: `1610612736` is `1.5 GiB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut scaled = number as f64;
    let mut unit = 0;
    while scaled >= 1024.0 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    let decimals = usize::from(unit > 0 && scaled < 100.0);
    format!("{scaled:.decimals$} {}", UNITS[unit])
}

/// Seconds in the unit that fits.
pub(crate) fn seconds(number: f64) -> String {
    match number {
        s if !s.is_finite() || s < 0.0 => "–".to_owned(),
        s if s < 0.0995 => format!("{:.0} ms", s * 1000.0),
        s if s < 9.95 => format!("{s:.2} s"),
        s if s < 99.5 => format!("{s:.1} s"),
        s if s < 7200.0 => {
            let whole = s.round() as u64;
            format!("{} min {:02} s", whole / 60, whole % 60)
        }
        s => {
            let minutes = (s / 60.0).round() as u64;
            format!("{} h {:02} min", minutes / 60, minutes % 60)
        }
    }
}

/// A ratio such as a compression: `4.96×`.
pub(crate) fn times(ratio: f64) -> String {
    match ratio {
        r if !r.is_finite() => "–".to_owned(),
        r if r.abs() >= 99.5 => format!("{r:.0}×"),
        r if r.abs() >= 9.995 => format!("{r:.1}×"),
        r => format!("{r:.2}×"),
    }
}

/// A p-value with three decimals; smaller ones are as sure as it gets.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// The same in a sentence: `p < 0.001`, `p = 0.024`.
pub(crate) fn p_words(p: f64) -> String {
    let value = p_value(p);
    if value.starts_with('<') { format!("p {value}") } else { format!("p = {value}") }
}

/// Untrusted text for a terminal or a table: control characters, which could move the cursor or forge lines, and
/// direction overrides, which could reorder what is read, become a replacement character.
pub(crate) fn clean(text: &str) -> String {
    let hostile = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if hostile(c) { '\u{fffd}' } else { c }).collect()
}

/// `text` in at most `width` characters, cut with an ellipsis.
pub(crate) fn fit(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    if width > 0 {
        cut.push('…');
    }
    cut
}

/// A metric in people's words; one that is not known here keeps its own name.
pub(crate) fn metric(name: &str) -> String {
    match name {
        "top1" => "top-1".to_owned(),
        "mean-per-class" => "mean per class".to_owned(),
        "voc-ap50" => "AP50 (VOC)".to_owned(),
        "voc07-ap50" => "AP50 (VOC 2007)".to_owned(),
        "coco-ap" => "AP (COCO)".to_owned(),
        other => clean(other),
    }
}

/// Short column names for task identifiers: the part after the last slash, unless two tasks would share it.
pub(crate) fn short_names(ids: &[String]) -> Vec<String> {
    let tail = |id: &str| id.rsplit('/').next().unwrap_or(id).to_owned();
    let mut seen = std::collections::HashMap::new();
    for id in ids {
        *seen.entry(tail(id)).or_insert(0_usize) += 1;
    }
    ids.iter()
        .map(|id| match tail(id) {
            short if !short.is_empty() && seen[&short] == 1 => clean(&short),
            _ => clean(id),
        })
        .collect()
}

/// Escapes text for HTML and SVG, in text as well as in quoted attributes.
pub(crate) fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(percent(0.812_34, 2), "81.23");
        assert_eq!(percent(-0.000_01, 2), "0.00");
        assert_eq!(signed(-0.0153, 2), "−1.53");
        assert_eq!(points(0.0153, 2), "+1.53");
        assert_eq!(points(-0.0153, 2), "−1.53");
        assert_eq!([points(0.000_01, 2), points(-0.000_01, 2)], ["0.00", "0.00"]);
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(25_557_032), "25,557,032");
        assert_eq!(si(1_814_073_344.0), "1.81 G");
        assert_eq!(si(999_600.0), "1.00 M");
        assert_eq!(si(512.0), "512");
        assert_eq!(bytes(1_610_612_736), "1.5 GiB");
        assert_eq!(bytes(12), "12 B");
        assert_eq!(seconds(0.012), "12 ms");
        assert_eq!(seconds(119.7), "2 min 00 s");
        assert_eq!(seconds(f64::NAN), "–");
        assert_eq!(times(4.957), "4.96×");
    }

    #[test]
    fn metrics_are_called_as_people_call_them() {
        let names = ["top1", "mean-per-class", "voc-ap50", "voc07-ap50", "coco-ap", "own\u{7}"].map(metric);
        let words = ["top-1", "mean per class", "AP50 (VOC)", "AP50 (VOC 2007)", "AP (COCO)", "own\u{fffd}"];
        assert_eq!(names, words);
    }

    #[test]
    fn hostile_text_loses_its_power() {
        assert_eq!(clean("a\u{1b}[2Jb\nc\u{202e}"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
        assert_eq!(html("<a href='x'>&\""), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
    }

    #[test]
    fn task_names_are_short_unless_they_would_be_the_same() {
        let ids = ["generated/textures", "photos/pets", "drawn/pets"].map(str::to_owned);
        assert_eq!(short_names(&ids), ["textures", "photos/pets", "drawn/pets"]);
    }
}
