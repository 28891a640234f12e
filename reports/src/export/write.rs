//! Writing a report to a folder.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::html::SiteFile;
use super::{csv, html, json, latex, markdown};
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

/// What lists the pages of the last report in a folder.
const PAGES: &str = "assets/pages.txt";

/// Writes every file of the report into `out_dir`, which is made if it is not there, and returns their paths; the first page
/// of the site comes first after the tables.
///
/// All files are computed before the first is written, and each appears whole or not at all: a page that is being
/// served is never half a page. Pages that an earlier report has left in the folder and this one does not have, such as those of a
/// method that is not run any more, are removed; nothing else is.
///
/// # Errors
/// Fails if something cannot be printed, written or removed.
pub fn write_all(input: &ReportInput, out_dir: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let report = Report::new(input);
    let tables: [(&str, Vec<u8>); 17] = [
        ("results.csv", csv::results_csv(input)?),
        ("costs.csv", csv::costs_csv(input)?),
        ("speed.csv", csv::speed_csv(input)?),
        ("sizes.csv", csv::strata::sizes_csv(input)?),
        ("classes.csv", csv::strata::classes_csv(input)?),
        ("pairs.csv", csv::pairs_csv(&report)?),
        ("tickets.csv", csv::tickets::tickets_csv(&report)?),
        ("upstream_transfer.csv", csv::upstream::upstream_transfer_csv(&report)?),
        ("agreement.csv", csv::agreement::agreement_csv(&report)?),
        ("mask_similarity.csv", csv::mask_similarity_csv(&report)?),
        ("layers.csv", csv::layers_csv(&report)?),
        ("perturbation.csv", csv::perturbation_csv(&report)?),
        ("leaderboard.csv", csv::leaderboard_csv(&report)?),
        ("statistics.csv", csv::statistics::statistics_csv(&report)?),
        ("leaderboard.tex", latex::leaderboard_tex(&report).into_bytes()),
        ("summary.md", markdown::summary_md(&report, &input.provenance).into_bytes()),
        ("report.json", json::report_json(&report, &input.provenance)?),
    ];
    let mut site = html::site(&report, input)?;
    let listed: Vec<String> = site.iter().map(|file| file.path.clone() + "\n").collect();
    site.push(SiteFile { path: PAGES.to_owned(), content: listed.concat() });
    let before = std::fs::read_to_string(out_dir.join(PAGES)).unwrap_or_default();
    make_folder(out_dir)?;
    for folder in ["assets", "methods", "tasks", "trials"] {
        if site.iter().any(|file| file.path.split_once('/').is_some_and(|(first, _)| first == folder)) {
            make_folder(&out_dir.join(folder))?;
        }
    }
    let mut paths = Vec::with_capacity(tables.len() + site.len());
    let site = site.into_iter().map(|file| (file.path, file.content.into_bytes()));
    for (name, bytes) in tables.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).chain(site) {
        let path = out_dir.join(name);
        write_atomic(&path, &bytes).map_err(failed(&path))?;
        paths.push(path);
    }
    remove_left_over(&before, &listed.concat(), out_dir)?;
    Ok(paths)
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

fn write_atomic(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // In the same folder, for a rename does not cross file systems.
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".report-");
    // Temporary files are private by default; a report is for everyone the user's umask lets read it.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
