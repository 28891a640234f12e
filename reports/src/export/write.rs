//! Writing a report to a folder.

use std::io::Write;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use tempfile::TempPath;

use super::html::{Site, SiteFile};
use super::{csv, json, latex, markdown};
use crate::Report;
use crate::row::ReportInput;

/// Why a report could not be made or written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A table could not be printed.
    #[error("cannot print a table: {0}")]
    Csv(#[from] ::csv::Error),
    /// `report.json` could not be printed.
    #[error("cannot print report.json: {0}")]
    Json(#[from] serde_json::Error),
    /// A page could not be rendered.
    #[error("cannot render a page: {0:#}")]
    Page(#[from] minijinja::Error),
    /// A file or folder could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl ReportError {
    /// Names the file where all that is known is that something could not be written.
    fn in_file(self, path: &Path) -> ReportError {
        match self {
            ReportError::Csv(error) if error.is_io_error() => match error.into_kind() {
                ::csv::ErrorKind::Io(source) => failed(path)(source),
                other => failed(path)(std::io::Error::other(format!("{other:?}"))),
            },
            ReportError::Json(error) if error.is_io() => failed(path)(error.into()),
            other => other,
        }
    }
}

/// What lists the pages of the last report in a folder.
const PAGES: &str = "assets/pages.txt";

/// Writes every file of the report into `out_dir`, which is made if it is not there, and returns their paths; the first page
/// of the site comes first after the tables.
///
/// All files are written beside their places before the first takes its own, and each appears whole or not at all: a page
/// that is being served is never half a page. Pages that an earlier report has left in the folder and this one does not have, such
/// as those of a method that is not run any more, are removed; nothing else is.
///
/// # Errors
/// Fails if something cannot be printed, written or removed.
pub fn write_all(input: &ReportInput, out_dir: &Path) -> Result<Vec<PathBuf>, ReportError> {
    write_report(&Report::new(input), input, out_dir)
}

/// As [`write_all`], for a report that was already computed from this input.
///
/// # Errors
/// As [`write_all`].
pub fn write_report(
    report: &Report,
    input: &ReportInput,
    out_dir: &Path,
) -> Result<Vec<PathBuf>, ReportError> {
    let before = std::fs::read_to_string(out_dir.join(PAGES)).unwrap_or_default();
    make_folder(out_dir)?;
    let mut staged = vec![
        stage(out_dir, "results.csv", |out, _| csv::write_results(input, out))?,
        stage(out_dir, "costs.csv", |out, _| csv::write_costs(input, out))?,
    ];
    // One by one, so that one at a time is in memory.
    let mut add = |name: &str, table: Result<Vec<u8>, ReportError>| -> Result<(), ReportError> {
        staged.push(stage(out_dir, name, write_bytes(&table?))?);
        Ok(())
    };
    add("speed.csv", csv::speed_csv(input))?;
    add("sizes.csv", csv::strata::sizes_csv(input))?;
    add("classes.csv", csv::strata::classes_csv(input))?;
    add("pairs.csv", csv::pairs_csv(report))?;
    add("tickets.csv", csv::tickets::tickets_csv(report))?;
    add("pretraining.csv", csv::pretraining::pretraining_csv(report))?;
    add("upstream_transfer.csv", csv::upstream::upstream_transfer_csv(report))?;
    add("agreement.csv", csv::agreement::agreement_csv(report))?;
    add("mask_similarity.csv", csv::mask_similarity_csv(report))?;
    add("layers.csv", csv::layers_csv(report))?;
    add("perturbation.csv", csv::perturbation_csv(report))?;
    staged.push(stage(out_dir, "leaderboard.csv", |out, _| csv::write_leaderboard(report, out))?);
    let statistics = csv::statistics::statistics_csv(report)?;
    staged.push(stage(out_dir, "statistics.csv", write_bytes(&statistics))?);
    staged.push(stage(out_dir, "leaderboard.tex", write_bytes(latex::leaderboard_tex(report).as_bytes()))?);
    let summary = markdown::summary_md(report, &input.provenance);
    staged.push(stage(out_dir, "summary.md", write_bytes(summary.as_bytes()))?);
    let document = |out: &mut dyn Write, _: &Path| json::write_report(report, &input.provenance, out);
    staged.push(stage(out_dir, "report.json", document)?);
    let site = Site::new(report, input)?;
    let pages = site
        .pages()
        .par_iter()
        .map(|page| {
            let SiteFile { path, content } = site.render(page)?;
            stage(out_dir, &path, write_bytes(content.as_bytes()))
        })
        .collect::<Result<Vec<Staged>, ReportError>>()?;
    let listed: String = pages.iter().map(|page| format!("{}\n", page.name)).collect();
    staged.extend(pages);
    staged.push(stage(out_dir, PAGES, write_bytes(listed.as_bytes()))?);
    let paths = staged.into_iter().map(|file| file.appear(out_dir)).collect::<Result<_, _>>()?;
    remove_left_over(&before, &listed, out_dir)?;
    Ok(paths)
}

/// A file that is written and not in its place yet. It goes if it is dropped.
struct Staged {
    name: String,
    file: TempPath,
}

impl Staged {
    fn appear(self, out_dir: &Path) -> Result<PathBuf, ReportError> {
        let path = out_dir.join(&self.name);
        self.file.persist(&path).map_err(|error| failed(&path)(error.error))?;
        Ok(path)
    }
}

/// Writes a file beside its place, in a folder that is made if need be: a rename does not cross file systems.
fn stage(
    out_dir: &Path,
    name: &str,
    write: impl FnOnce(&mut dyn Write, &Path) -> Result<(), ReportError>,
) -> Result<Staged, ReportError> {
    let path = out_dir.join(name);
    let folder = path.parent().unwrap_or(out_dir);
    make_folder(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".report-");
    // Temporary files are private by default; a report is for everyone the user's umask lets read it.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder.tempfile_in(folder).map_err(failed(&path))?;
    let mut out = std::io::BufWriter::with_capacity(1 << 18, file);
    write(&mut out, &path).map_err(|error| error.in_file(&path))?;
    let file = out.into_inner().map_err(|error| failed(&path)(error.into_error()))?;
    // What takes the place of a good file must outlast a power loss.
    file.as_file().sync_all().map_err(failed(&path))?;
    // Open files are few, and pages may be many.
    let file = file.into_temp_path();
    Ok(Staged { name: name.to_owned(), file })
}

fn write_bytes(bytes: &[u8]) -> impl FnOnce(&mut dyn Write, &Path) -> Result<(), ReportError> {
    |out, path| out.write_all(bytes).map_err(failed(path))
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> ReportError {
    let path = path.to_owned();
    move |source| ReportError::Write { path: path.clone(), source }
}

fn make_folder(path: &Path) -> Result<(), ReportError> {
    std::fs::create_dir_all(path).map_err(failed(path))
}

/// Removes pages of an earlier report that are not in this one. A list that somebody has changed removes nothing but pages in
/// folders of a site.
fn remove_left_over(before: &str, now: &str, out_dir: &Path) -> Result<(), ReportError> {
    let kept: std::collections::BTreeSet<&str> = now.lines().collect();
    let ours = |name: &&str| {
        let plain = |part: &str| !part.starts_with('.') && !part.contains(['/', '\\']);
        matches!(name.split_once('/'), Some(("methods" | "tasks" | "trials", file)) if plain(file) && file.ends_with(".html"))
    };
    for name in before.lines().filter(ours).filter(|name| !kept.contains(name)) {
        let path = out_dir.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(&path)(error)),
            _ => {}
        }
    }
    Ok(())
}
