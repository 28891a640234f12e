//! A bitmap font, five columns wide, for captions.

/// Height of a line of glyphs, with room for descenders.
pub(super) const GLYPH_HEIGHT: usize = 9;
/// Row on which letters stand, counted from the top, excluded.
pub(super) const BASELINE: usize = 7;
const SPACE: usize = 3;

/// One glyph: up to nine rows, top first; `#` is ink. Rows that are missing are empty.
struct Glyph(char, &'static [&'static str]);

/// Rows of a character; unknown ones are shown as a box.
fn rows(character: char) -> &'static [&'static str] {
    const BOX: &[&str] = &["#####", "#   #", "#   #", "#   #", "#   #", "#   #", "#####"];
    GLYPHS.iter().find(|glyph| glyph.0 == character).map_or(BOX, |glyph| glyph.1)
}

fn advance(character: char) -> usize {
    if character == ' ' {
        return SPACE + 1;
    }
    rows(character).iter().map(|row| row.len()).max().unwrap_or(0) + 1
}

/// Width of a text in font pixels, without the gap after its last glyph.
pub(super) fn text_width(text: &str) -> usize {
    text.chars().map(advance).sum::<usize>().saturating_sub(1)
}

/// Calls `ink` with column and row of every inked font pixel.
pub(super) fn draw(text: &str, mut ink: impl FnMut(usize, usize)) {
    let mut left = 0;
    for character in text.chars() {
        if character != ' ' {
            for (y, row) in rows(character).iter().enumerate() {
                for (x, _) in row.bytes().enumerate().filter(|(_, byte)| *byte == b'#') {
                    ink(left + x, y);
                }
            }
        }
        left += advance(character);
    }
}

/// The text, or its beginning and an ellipsis, so that it is at most `width` font pixels wide.
pub(super) fn fitted(text: &str, width: usize) -> String {
    if text_width(text) <= width {
        return text.to_owned();
    }
    let mut kept = text.to_owned();
    while kept.pop().is_some() {
        let shown = format!("{}...", kept.trim_end());
        if text_width(&shown) <= width {
            return shown;
        }
    }
    String::new()
}

/// The text in at most `lines` lines of at most `width` font pixels, broken between words.
pub(super) fn wrapped(text: &str, width: usize, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut next = 0;
    while next < words.len() && out.len() < lines {
        let mut end = next + 1;
        while end < words.len() && text_width(&words[next..=end].join(" ")) <= width {
            end += 1;
        }
        // The last line takes the rest and is cut.
        let end = if out.len() + 1 == lines { words.len() } else { end };
        out.push(fitted(&words[next..end].join(" "), width));
        next = end;
    }
    out
}

#[rustfmt::skip]
const GLYPHS: &[Glyph] = &[
    Glyph('A', &[" ### ", "#   #", "#   #", "#####", "#   #", "#   #", "#   #"]),
    Glyph('B', &["#### ", "#   #", "#   #", "#### ", "#   #", "#   #", "#### "]),
    Glyph('C', &[" ### ", "#   #", "#    ", "#    ", "#    ", "#   #", " ### "]),
    Glyph('D', &["#### ", "#   #", "#   #", "#   #", "#   #", "#   #", "#### "]),
    Glyph('E', &["#####", "#    ", "#    ", "#### ", "#    ", "#    ", "#####"]),
    Glyph('F', &["#####", "#    ", "#    ", "#### ", "#    ", "#    ", "#    "]),
    Glyph('G', &[" ### ", "#   #", "#    ", "#  ##", "#   #", "#   #", " ####"]),
    Glyph('H', &["#   #", "#   #", "#   #", "#####", "#   #", "#   #", "#   #"]),
    Glyph('I', &["###", " # ", " # ", " # ", " # ", " # ", "###"]),
    Glyph('J', &["  ###", "   # ", "   # ", "   # ", "   # ", "#  # ", " ##  "]),
    Glyph('K', &["#   #", "#  # ", "# #  ", "##   ", "# #  ", "#  # ", "#   #"]),
    Glyph('L', &["#    ", "#    ", "#    ", "#    ", "#    ", "#    ", "#####"]),
    Glyph('M', &["#   #", "## ##", "# # #", "# # #", "#   #", "#   #", "#   #"]),
    Glyph('N', &["#   #", "##  #", "# # #", "#  ##", "#   #", "#   #", "#   #"]),
    Glyph('O', &[" ### ", "#   #", "#   #", "#   #", "#   #", "#   #", " ### "]),
    Glyph('P', &["#### ", "#   #", "#   #", "#### ", "#    ", "#    ", "#    "]),
    Glyph('Q', &[" ### ", "#   #", "#   #", "#   #", "# # #", "#  # ", " ## #"]),
    Glyph('R', &["#### ", "#   #", "#   #", "#### ", "# #  ", "#  # ", "#   #"]),
    Glyph('S', &[" ####", "#    ", "#    ", " ### ", "    #", "    #", "#### "]),
    Glyph('T', &["#####", "  #  ", "  #  ", "  #  ", "  #  ", "  #  ", "  #  "]),
    Glyph('U', &["#   #", "#   #", "#   #", "#   #", "#   #", "#   #", " ### "]),
    Glyph('V', &["#   #", "#   #", "#   #", "#   #", "#   #", " # # ", "  #  "]),
    Glyph('W', &["#   #", "#   #", "#   #", "# # #", "# # #", "## ##", "#   #"]),
    Glyph('X', &["#   #", "#   #", " # # ", "  #  ", " # # ", "#   #", "#   #"]),
    Glyph('Y', &["#   #", "#   #", " # # ", "  #  ", "  #  ", "  #  ", "  #  "]),
    Glyph('Z', &["#####", "    #", "   # ", "  #  ", " #   ", "#    ", "#####"]),
    Glyph('a', &["", "", " ### ", "    #", " ####", "#   #", " ####"]),
    Glyph('b', &["#    ", "#    ", "# ## ", "##  #", "#   #", "#   #", "#### "]),
    Glyph('c', &["", "", " ### ", "#    ", "#    ", "#   #", " ### "]),
    Glyph('d', &["    #", "    #", " ## #", "#  ##", "#   #", "#   #", " ####"]),
    Glyph('e', &["", "", " ### ", "#   #", "#####", "#    ", " ### "]),
    Glyph('f', &["  ##", " #  ", "### ", " #  ", " #  ", " #  ", " #  "]),
    Glyph('g', &["", "", " ####", "#   #", "#   #", "#   #", " ####", "    #", " ### "]),
    Glyph('h', &["#    ", "#    ", "# ## ", "##  #", "#   #", "#   #", "#   #"]),
    Glyph('i', &["#", "", "#", "#", "#", "#", "#"]),
    Glyph('j', &["  #", "", "  #", "  #", "  #", "  #", "  #", "  #", "## "]),
    Glyph('k', &["#   ", "#   ", "#  #", "# # ", "##  ", "# # ", "#  #"]),
    Glyph('l', &["# ", "# ", "# ", "# ", "# ", "# ", " #"]),
    Glyph('m', &["", "", "## # ", "# # #", "# # #", "# # #", "#   #"]),
    Glyph('n', &["", "", "# ## ", "##  #", "#   #", "#   #", "#   #"]),
    Glyph('o', &["", "", " ### ", "#   #", "#   #", "#   #", " ### "]),
    Glyph('p', &["", "", "#### ", "#   #", "#   #", "#   #", "#### ", "#    ", "#    "]),
    Glyph('q', &["", "", " ####", "#   #", "#   #", "#   #", " ####", "    #", "    #"]),
    Glyph('r', &["", "", "# ##", "##  ", "#   ", "#   ", "#   "]),
    Glyph('s', &["", "", " ####", "#    ", " ### ", "    #", "#### "]),
    Glyph('t', &[" #  ", " #  ", "####", " #  ", " #  ", " #  ", "  ##"]),
    Glyph('u', &["", "", "#   #", "#   #", "#   #", "#  ##", " ## #"]),
    Glyph('v', &["", "", "#   #", "#   #", "#   #", " # # ", "  #  "]),
    Glyph('w', &["", "", "#   #", "#   #", "# # #", "# # #", " # # "]),
    Glyph('x', &["", "", "#   #", " # # ", "  #  ", " # # ", "#   #"]),
    Glyph('y', &["", "", "#   #", "#   #", "#   #", "#   #", " ####", "    #", " ### "]),
    Glyph('z', &["", "", "#####", "   # ", "  #  ", " #   ", "#####"]),
    Glyph('0', &[" ### ", "#   #", "#  ##", "# # #", "##  #", "#   #", " ### "]),
    Glyph('1', &["  # ", " ## ", "  # ", "  # ", "  # ", "  # ", " ###"]),
    Glyph('2', &[" ### ", "#   #", "    #", "   # ", "  #  ", " #   ", "#####"]),
    Glyph('3', &[" ### ", "#   #", "    #", "  ## ", "    #", "#   #", " ### "]),
    Glyph('4', &["   # ", "  ## ", " # # ", "#  # ", "#####", "   # ", "   # "]),
    Glyph('5', &["#####", "#    ", "#### ", "    #", "    #", "#   #", " ### "]),
    Glyph('6', &["  ## ", " #   ", "#    ", "#### ", "#   #", "#   #", " ### "]),
    Glyph('7', &["#####", "    #", "   # ", "  #  ", "  #  ", " #   ", " #   "]),
    Glyph('8', &[" ### ", "#   #", "#   #", " ### ", "#   #", "#   #", " ### "]),
    Glyph('9', &[" ### ", "#   #", "#   #", " ####", "    #", "   # ", " ##  "]),
    Glyph('.', &["", "", "", "", "", "", "#"]),
    Glyph(',', &["", "", "", "", "", "", " #", "# "]),
    Glyph(';', &["", "", "", " #", "", "", " #", "# "]),
    Glyph(':', &["", "", "", "#", "", "", "#"]),
    Glyph('-', &["", "", "", "", "####"]),
    Glyph('+', &["", "", "  #  ", "  #  ", "#####", "  #  ", "  #  "]),
    Glyph('/', &["    #", "    #", "   # ", "  #  ", " #   ", "#    ", "#    "]),
    Glyph('(', &[" #", "# ", "# ", "# ", "# ", "# ", " #"]),
    Glyph(')', &["# ", " #", " #", " #", " #", " #", "# "]),
    Glyph('\'', &["#", "#"]),
    Glyph('%', &["##  #", "##  #", "   # ", "  #  ", " #   ", "#  ##", "#  ##"]),
    Glyph('_', &["", "", "", "", "", "", "", "#####"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glyphs_fit_their_cell_and_are_unique() {
        for (index, Glyph(character, rows)) in GLYPHS.iter().enumerate() {
            assert!(rows.len() <= GLYPH_HEIGHT, "{character}");
            let width = rows.iter().map(|row| row.len()).max().unwrap();
            assert!(width <= 5, "{character}");
            assert!(rows.iter().all(|row| row.is_empty() || row.len() == width), "{character}");
            assert!(GLYPHS[..index].iter().all(|other| other.0 != *character), "{character} twice");
        }
    }

    #[test]
    fn long_texts_are_wrapped_and_cut() {
        assert_eq!(text_width("if"), 6);
        assert_eq!(fitted("short", 100), "short");
        let cut = fitted("a rather long caption", 60);
        assert!(cut.ends_with("...") && text_width(&cut) <= 60);
        let lines = wrapped("one two three four five six seven", 60, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| text_width(line) <= 60));
        assert_eq!(wrapped("", 60, 2), Vec::<String>::new());
    }
}
