//! Writing a report to a folder.

use std::io::Write as _;
use std::path::{Path, PathBuf};

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
    /// The page could not be rendered.
    #[error("cannot render index.html: {0:#}")]
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

/// Writes every file of the report into `out_dir`, which is made if it is not there, and returns their paths.
///
/// All files are computed before the first is written, and each appears whole or not at all: a page that is being
/// served is never half a page.
pub fn write_all(input: &ReportInput, out_dir: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let report = Report::new(input);
    let files: [(&str, Vec<u8>); 18] = [
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
        ("index.html", html::index_html(&report, &input.provenance)?.into_bytes()),
    ];
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ReportError::Write { path, source }
    };
    std::fs::create_dir_all(out_dir).map_err(failed(out_dir))?;
    let mut paths = Vec::with_capacity(files.len());
    for (name, bytes) in files {
        let path = out_dir.join(name);
        write_atomic(&path, &bytes).map_err(failed(&path))?;
        paths.push(path);
    }
    Ok(paths)
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
