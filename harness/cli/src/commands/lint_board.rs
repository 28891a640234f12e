//! `secateur lint-board`.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use secateur_reports::lint::{self, CHECKS, ColumnChoice, Format, LintOptions, LintReport, Role, RoleOption};

/// Arguments of `lint-board`.
#[derive(Args, Debug)]
#[command(after_help = after_help())]
pub(crate) struct LintBoard {
    /// Tables: CSV, TSV, or Markdown with any number of them; `-` for the standard input.
    #[arg(value_name = "FILE", required_unless_present_any = ["list", "explain"])]
    files: Vec<PathBuf>,
    /// What a column is, if it is not recognised, for example `val_acc=score:fraction`.
    #[arg(long, value_name = "NAME=ROLE[:OPTION]", value_parser = ColumnChoice::parse)]
    column: Vec<ColumnChoice>,
    /// The same for many columns, in YAML: `columns` (name: role), `key`, `group`, `lower_is_better`.
    #[arg(long, value_name = "FILE.yaml")]
    map: Option<PathBuf>,
    /// Columns that tell rows apart: two rows that are equal in them are about the same thing.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    key: Vec<String>,
    /// Columns within which rows are ranked and compared.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    group: Vec<String>,
    /// Columns whose lower values are better.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    lower_is_better: Vec<String>,
    /// How files are written, if their names do not tell.
    #[arg(long, value_enum)]
    format: Option<FileFormat>,
    /// Print what each column was taken for, and which checks could run.
    #[arg(long)]
    show_columns: bool,
    /// Print what one check looks for.
    #[arg(long, value_name = "CHECK")]
    explain: Option<String>,
    /// Print all checks.
    #[arg(long)]
    list: bool,
    /// For machines.
    #[arg(long, conflicts_with = "show_columns")]
    json: bool,
}

/// Formats of files.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FileFormat {
    /// Cells between commas or semicolons.
    Csv,
    /// Cells between tabs.
    Tsv,
    /// Tables between bars, and other text.
    Markdown,
}

fn after_help() -> String {
    let roles: Vec<&str> = Role::ALL.iter().map(|(_, name)| *name).collect();
    let options: Vec<&str> = RoleOption::ALL.iter().map(|(_, name)| *name).collect();
    format!(
        "Roles: {}.\nOptions: {}.\nExit code: 0 nothing but notes, 1 errors or warnings were found, 2 usage or an unreadable file.",
        roles.join(", "),
        options.join(", ")
    )
}

impl LintBoard {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        if let Some(id) = &self.explain {
            println!("{}", explain(id)?);
            return Ok(ExitCode::SUCCESS);
        }
        if self.list {
            for check in &CHECKS {
                println!("{:<20} {:<8} {}", check.id, check.severity.word(), check.explanation);
            }
            return Ok(ExitCode::SUCCESS);
        }
        let options = self.options()?;
        let mut reports = Vec::new();
        for file in &self.files {
            let (name, bytes) = read(file)?;
            reports.push(lint::lint(&name, &bytes, &options)?);
        }
        let has_findings = reports.iter().any(LintReport::has_findings);
        if self.json {
            let documents = reports.iter().map(lint::lint_json).collect::<Result<Vec<_>, _>>()?;
            // One file is one document, several are a list.
            match &documents[..] {
                [one] => println!("{one}"),
                many => println!("[{}]", many.join(",\n")),
            }
        } else {
            for report in &reports {
                if self.show_columns {
                    print!("{}", lint::columns_text(report));
                }
                print!("{}", lint::findings_text(report));
            }
        }
        Ok(ExitCode::from(u8::from(has_findings)))
    }

    fn options(&self) -> anyhow::Result<LintOptions> {
        let mut options = LintOptions {
            format: self.format.map(|format| match format {
                FileFormat::Csv => Format::Csv,
                FileFormat::Tsv => Format::Tsv,
                FileFormat::Markdown => Format::Markdown,
            }),
            columns: self.column.clone(),
            key: self.key.clone(),
            group: self.group.clone(),
            lower_is_better: self.lower_is_better.clone(),
        };
        if let Some(map) = &self.map {
            let (name, bytes) = read(map)?;
            let text = String::from_utf8(bytes).with_context(|| format!("{name} is not text in UTF-8"))?;
            options.add_map(&name, &text)?;
        }
        Ok(options)
    }
}

/// What a check looks for, with an example.
fn explain(id: &str) -> anyhow::Result<String> {
    let Some(check) = lint::check(id) else {
        match lint::nearest_check(id) {
            Some(nearest) => bail!("there is no check `{id}`; did you mean `{nearest}`? --list prints all"),
            None => bail!("there is no check `{id}`; --list prints all"),
        }
    };
    Ok(format!(
        "{} ({}): {}\nFor example: {}.",
        check.id,
        check.severity.word(),
        check.explanation,
        check.example
    ))
}

/// A file's name and bytes. Of a file that is too large one byte more is read than may be, so that it is refused.
fn read(path: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    let most = lint::MOST_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin().take(most).read_to_end(&mut bytes).context("cannot read the standard input")?;
        return Ok(("standard input".to_owned(), bytes));
    }
    let name = path.display().to_string();
    let file = std::fs::File::open(path).with_context(|| format!("cannot read {name}"))?;
    file.take(most).read_to_end(&mut bytes).with_context(|| format!("cannot read {name}"))?;
    Ok((name, bytes))
}
