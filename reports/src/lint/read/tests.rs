use proptest::prelude::*;

use super::*;
use crate::lint::number::Decimals;

fn read(name: &str, text: &str) -> Vec<Table> {
    tables(name, text.as_bytes(), None).expect("tables")
}

fn row(table: &Table, row: usize) -> Vec<&str> {
    (0..table.width_of(row)).map(|column| table.cell(row, column)).collect()
}

#[test]
fn markdown_tables_are_read_with_lines_and_headings() {
    let text = "# Board\n\ntext\n\n| method | top-1 |\n|:--|--:|\n| [l1](x.md) | **76.1** |\n| a \\| b | 75 |\n\n```\n| no | table |\n|--|--|\n```\n## Next\na | b\n--|--\n1 | 2\nend\n";
    let found = read("b.md", text);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].title.as_str(), found[0].line), ("Board", 5));
    assert_eq!(found[0].header, ["method", "top-1"]);
    assert_eq!(row(&found[0], 0), ["l1", "76.1"]);
    assert!(found[0].is_bold(0, 1) && !found[0].is_bold(1, 1));
    assert_eq!((row(&found[0], 1), found[0].line_of(1)), (vec!["a | b", "75"], 8));
    assert_eq!((found[1].title.as_str(), row(&found[1], 0)), ("Next", vec!["1", "2"]));
}

#[test]
fn rows_keep_the_cells_they_have() {
    let found = read("b.md", "|a|b|c|\n|-|-|\n|1|2|\n|1|2|3|4|\n");
    assert_eq!(found[0].dashes, Some(2));
    assert_eq!([found[0].width_of(0), found[0].width_of(1)], [2, 4]);
    let found = read("b.csv", "a,b,\n1,2\n\n,,\n\"x,\ny\",2,3\n1,2,3,4\n");
    assert_eq!(found[0].header, ["a", "b", ""]);
    let widths: Vec<usize> = (0..found[0].rows()).map(|row| found[0].width_of(row)).collect();
    assert_eq!(widths, [2, 3, 4]);
    assert_eq!([found[0].line_of(0), found[0].line_of(1), found[0].line_of(2)], [2, 5, 7]);
}

#[test]
fn formats_are_told_from_names_and_texts() {
    for (name, text) in [
        ("x.csv", "a;b\n76,1;2\n"),
        ("x.tsv", "a\tb\n1\t2\n"),
        ("x", "a\tb\n1\t2\n"),
        ("x", "a|b\n-|-\n1|2\n"),
    ] {
        let found = read(name, text);
        assert_eq!((found[0].columns(), found[0].rows()), (2, 1), "{text}");
    }
    assert_eq!(read("x.csv", "a;b\n76,1;2\n")[0].decimals, Decimals::Comma);
    assert_eq!(read("x.csv", "a,b\n76.1,2\n")[0].decimals, Decimals::Point);
}

#[test]
fn marks_are_taken_off() {
    for (cell, text, bold) in [
        ("**76.1** ± 0.2", "76.1 ± 0.2", true),
        ("<b>3</b>", "3", true),
        ("*dense-trained*", "dense-trained", false),
        ("_dense_", "dense", false),
        ("76.1[^2]<sup>a</sup>", "76.1", false),
        ("x86\\_64 &plusmn; 2", "x86_64 ± 2", false),
        ("$76.1 \\pm 0.2$", "76.1 ± 0.2", false),
        ("p < 0.05 [1]", "p < 0.05 [1]", false),
        ("`a_b`", "a_b", false),
    ] {
        assert_eq!(super::words::marked(cell), (text.to_owned(), bold), "{cell}");
    }
}

#[test]
fn what_is_no_table_is_refused_with_a_reason() {
    for (bytes, reason) in [
        (b"" as &[u8], "is empty"),
        (b" \n", "is empty"),
        (b"%PDF-1.7\n\xff\xfe", "not text"),
        (b"a\0b", "not text"),
        (b"only words\nand more\n", "has one column"),
    ] {
        let error = tables("x.csv", bytes, None).expect_err("no table").to_string();
        assert!(error.contains("x.csv") && error.contains(reason), "{error}");
    }
    let error = tables("x.md", b"no table\n", None).expect_err("no table").to_string();
    assert!(error.contains("|---|"), "{error}");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), name in "x\\.(csv|tsv|md|txt)") {
        let _ = tables(&name, &bytes, None);
    }

    #[test]
    fn any_bars_are_read_or_refused(text in "[|\\-:* \\n\\\\`#<>\\[\\]()_&$a1.]{0,200}") {
        for table in tables("x.md", text.as_bytes(), None).unwrap_or_default() {
            for row in 0..table.rows() {
                prop_assert!(table.width_of(row) > 0 && table.line_of(row) > table.line);
            }
        }
    }
}
