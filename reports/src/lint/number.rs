//! Numbers as people print them: `76.13 ± 0.2`, `4.12G`, `25.6 M`, `3.85×`, `88.7%`, `−0.4`, `25,557,032`.

use super::range::Range;

/// What a cell of a column of numbers holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reading {
    /// Nothing, or a mark for nothing.
    Missing,
    /// Words in the place of a number, such as an outcome, or a bound such as `<0.1`.
    Words,
    /// A number.
    Number(Number),
    /// So many of so many: `35/36`.
    Of(f64, f64),
    /// Meant to be a number, and is none.
    Broken,
}

impl Reading {
    /// The number, if it is one.
    pub(crate) fn number(self) -> Option<Number> {
        match self {
            Reading::Number(number) => Some(number),
            _ => None,
        }
    }
}

/// A printed number: it stands for all values that round to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Number {
    /// As printed, times its unit prefix.
    pub(crate) value: f64,
    /// Half of a unit in the last printed place.
    pub(crate) half: f64,
    /// What stands behind a ±, with half of a unit in its last place.
    pub(crate) spread: Option<(f64, f64)>,
    /// Digits behind the decimal point.
    pub(crate) decimals: u8,
    /// Whether the last digit is a zero behind the point.
    pub(crate) ends_in_zero: bool,
    /// Followed by a percent sign.
    pub(crate) percent: bool,
    /// Followed by `=`, which marks a tie.
    pub(crate) tied: bool,
}

impl Number {
    /// All values that print so.
    pub(crate) fn range(self) -> Range {
        Range::around(self.value, self.half)
    }
}

/// What separates whole digits from decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Decimals {
    /// `76.1`
    #[default]
    Point,
    /// `76,1`, as in files with semicolons between cells.
    Comma,
}

/// Marks for nothing.
const MISSING: [&str; 14] =
    ["-", "–", "—", "−", "--", "---", "n/a", "na", "n.a.", "none", "null", "?", "/", "tbd"];
/// Prefixes and units that may follow a number, with the factor they stand for.
const UNITS: [(&str, f64); 42] = [
    ("k", 1e3),
    ("m", 1e6),
    ("g", 1e9),
    ("t", 1e12),
    ("b", 1e9),
    ("bn", 1e9),
    ("mio", 1e6),
    ("kparams", 1e3),
    ("mparams", 1e6),
    ("mparam", 1e6),
    ("params", 1.0),
    ("mac", 1.0),
    ("macs", 1.0),
    ("kmacs", 1e3),
    ("mmac", 1e6),
    ("mmacs", 1e6),
    ("gmac", 1e9),
    ("gmacs", 1e9),
    ("tmacs", 1e12),
    ("flops", 1.0),
    ("kflops", 1e3),
    ("mflop", 1e6),
    ("mflops", 1e6),
    ("gflop", 1e9),
    ("gflops", 1e9),
    ("tflops", 1e12),
    ("gmadds", 1e9),
    ("mmadds", 1e6),
    ("ms", 1.0),
    ("s", 1.0),
    ("h", 1.0),
    ("min", 1.0),
    ("pp", 1.0),
    ("pt", 1.0),
    ("pts", 1.0),
    ("points", 1.0),
    ("ep", 1.0),
    ("epochs", 1.0),
    ("kb", 1e3),
    ("mb", 1e6),
    ("gb", 1e9),
    ("img/s", 1.0),
];
/// Longest text that is looked at; numbers are shorter.
const LONGEST: usize = 80;

/// Reads a cell of a column of numbers.
pub(crate) fn read(text: &str, decimals: Decimals) -> Reading {
    let text = text.trim();
    let lower = text.to_lowercase();
    if text.is_empty() || MISSING.contains(&lower.as_str()) {
        return Reading::Missing;
    }
    if ["nan", "inf", "-inf", "infinity"].contains(&lower.as_str()) {
        return Reading::Broken;
    }
    if text.len() > LONGEST
        || !text.contains(|c: char| c.is_ascii_digit())
        || text.starts_with(['<', '>', '≤', '≥'])
    {
        return Reading::Words;
    }
    if let Some((part, whole)) = text.split_once('/').or_else(|| text.split_once(" of "))
        && let (Some(part), Some(whole)) = (plain(part, decimals), plain(whole, decimals))
    {
        return Reading::Of(part.value, whole.value);
    }
    // What stands in brackets behind a number explains it: an interval, a difference, a count.
    let outside = text.split(['(', '[']).next().unwrap_or_default().trim();
    let (main, spread) = split_spread(if outside.is_empty() { text } else { outside });
    let (Some(number), Some(spread)) = (
        plain(main, decimals),
        spread.map_or(Some(None), |it| {
            plain(it, decimals).filter(|it| it.value >= 0.0).map(|it| Some((it.value, it.half)))
        }),
    ) else {
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        return if letters > 3 { Reading::Words } else { Reading::Broken };
    };
    // A prefix behind the spread belongs to both: 25.6 ± 0.1 M is rare, and is read as the unit of the spread alone.
    Reading::Number(Number { spread, ..number })
}

fn split_spread(text: &str) -> (&str, Option<&str>) {
    for sign in ["±", "+/-", "+-", "+/−", "\\pm"] {
        if let Some((main, spread)) = text.split_once(sign) {
            return (main, Some(spread));
        }
    }
    (text, None)
}

/// A number with a sign, a prefix or a unit, and nothing else.
fn plain(text: &str, decimals: Decimals) -> Option<Number> {
    let mut text = text.trim().trim_end_matches(['*', '†', '‡', '§', '¹', '²', '³', '$']).trim();
    let mut negative = false;
    if let Some(rest) = text.strip_prefix('↓').or_else(|| text.strip_suffix('↓')) {
        (negative, text) = (true, rest.trim());
    } else if let Some(rest) = text.strip_prefix('↑').or_else(|| text.strip_suffix('↑')) {
        text = rest.trim();
    }
    text = text.trim_start_matches(['~', '≈', '$', '#']).trim_start();
    if let Some(rest) = text.strip_prefix(['-', '−', '–', '‐', '‑']) {
        (negative, text) = (!negative, rest.trim_start());
    } else if let Some(rest) = text.strip_prefix('+') {
        text = rest.trim_start();
    }
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || ".,'\u{a0}\u{202f}\u{2009} ".contains(c)))
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let (exponent, rest) = exponent(rest)?;
    let (value, places) = unsigned(digits.trim_end(), decimals)?;
    let rest = rest.trim();
    let (percent, tied) =
        (rest.starts_with('%'), rest == "=" || rest == "= " || rest.eq_ignore_ascii_case("(tie)"));
    let factor = match rest {
        "" | "%" | "=" | "×" | "x" | "X" | "\\times" | "% pts" | "%p" => 1.0,
        unit => {
            let unit = unit.to_lowercase().replace(' ', "");
            UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor)?
        }
    };
    let scale = factor * 10_f64.powi(exponent);
    let value = if negative { -value } else { value } * scale;
    let half = 0.5 * 10_f64.powi(-i32::from(places)) * scale;
    if !value.is_finite() || !half.is_finite() {
        return None;
    }
    let ends_in_zero = places > 0 && digits.trim_end().ends_with('0');
    Some(Number { value, half, spread: None, decimals: places, ends_in_zero, percent, tied })
}

/// `e-3` at the beginning of what follows the digits. `None` if it is one and cannot be read.
fn exponent(rest: &str) -> Option<(i32, &str)> {
    let Some(after) = rest.strip_prefix(['e', 'E']) else { return Some((0, rest)) };
    let (sign, digits) = match after.strip_prefix(['-', '−']) {
        Some(digits) => (-1, digits),
        None => (1, after.strip_prefix('+').unwrap_or(after)),
    };
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    if end == 0 {
        // `ep` and `epochs` are units.
        return Some((0, rest));
    }
    let value: i32 = digits[..end].parse().ok().filter(|it| *it <= 300)?;
    Some((sign * value, &digits[end..]))
}

/// Digits with one decimal separator at the most, and separators of thousands where they belong.
fn unsigned(text: &str, decimals: Decimals) -> Option<(f64, u8)> {
    let (point, thousands) = match decimals {
        Decimals::Point => ('.', ','),
        Decimals::Comma => (',', '.'),
    };
    let (whole, fraction) = match text.split_once(point) {
        Some((whole, fraction)) => (whole, fraction),
        None => (text, ""),
    };
    let separator = |c: char| c == thousands || "'\u{a0}\u{202f}\u{2009} ".contains(c);
    let groups: Vec<&str> = whole.split(separator).collect();
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let grouped = groups.len() == 1
        || (groups[0].len() <= 3
            && groups[1..].iter().all(|group| group.len() == 3)
            && whole.split(separator).all(is_digits));
    let fits = grouped && (is_digits(groups[0]) || (whole.is_empty() && is_digits(fraction)));
    if !fits || !(fraction.is_empty() || is_digits(fraction)) {
        return None;
    }
    let value: f64 = format!("0{}.{fraction}0", groups.concat()).parse().ok()?;
    Some((value, u8::try_from(fraction.len()).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Number {
        read(text, Decimals::Point)
            .number()
            .unwrap_or_else(|| panic!("`{text}` is {:?}", read(text, Decimals::Point)))
    }

    #[test]
    fn numbers_are_read_as_people_print_them() {
        for (text, value, half) in [
            ("76.13", 76.13, 0.005),
            ("4.12G", 4.12e9, 0.005e9),
            ("25.6 M", 25.6e6, 0.05e6),
            ("3.85×", 3.85, 0.005),
            ("3.85x", 3.85, 0.005),
            ("88.7%", 88.7, 0.05),
            ("88.7 %", 88.7, 0.05),
            ("-0.4", -0.4, 0.05),
            ("−0.4", -0.4, 0.05),
            ("+ 0.4", 0.4, 0.05),
            ("↓0.4", -0.4, 0.05),
            ("25,557,032", 25_557_032.0, 0.5),
            ("25 557 032", 25_557_032.0, 0.5),
            ("1.2e-3", 0.0012, 0.000_05),
            ("300.8 MFLOPs", 300.8e6, 0.05e6),
            ("76.1†", 76.1, 0.05),
            ("76.1 (−0.3)", 76.1, 0.05),
            (".5", 0.5, 0.05),
            ("12 epochs", 12.0, 0.5),
        ] {
            let found = number(text);
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs().max(1.0);
            assert!(near(found.value, value) && near(found.half, half), "`{text}` is {found:?}");
        }
        assert_eq!(number("76.13 ± 0.2").spread, Some((0.2, 0.05)));
        assert_eq!(number("76.13 +/- 0.20").spread.map(|it| it.0), Some(0.2));
        assert!(number("2=").tied && number("88.70%").ends_in_zero);
        assert_eq!(read("76,1", Decimals::Comma).number().map(|it| it.decimals), Some(1));
        assert_eq!(read("35/36", Decimals::Point), Reading::Of(35.0, 36.0));
    }

    #[test]
    fn what_is_no_number_is_told_from_what_is_missing() {
        for text in ["76,1", "7O.3", "76.l", "76.1.2", "7 6.1", "1,23,456", "nan", "76.1 ± x2", "--3a"] {
            assert_eq!(read(text, Decimals::Point), Reading::Broken, "{text}");
        }
        for text in ["", " ", "–", "N/A", "?"] {
            assert_eq!(read(text, Decimals::Point), Reading::Missing, "{text}");
        }
        for text in ["crashed", "out of memory after 3 steps", "<0.1"] {
            assert_eq!(read(text, Decimals::Point), Reading::Words, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_printed_number_holds_what_was_printed(value in -1e6..1e6_f64, decimals in 0_usize..6) {
            let found = number(&format!("{value:.decimals$}"));
            prop_assert!(found.range().meets(Range::exactly(value)), "{value} is not in {found:?}");
            prop_assert_eq!(usize::from(found.decimals), decimals);
        }

        #[test]
        fn any_text_is_read(text in "\\PC{0,60}") {
            let _ = (read(&text, Decimals::Point), read(&text, Decimals::Comma));
        }
    }
}
