//! Writes a report of synthetic data: `cargo run -p secateur-reports --example synthetic -- OUT [ROWS | detection]`.

use std::io::Write as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().unwrap_or_else(|| "synthetic-report".to_owned());
    let what = arguments.next().unwrap_or_else(|| "1224".to_owned());
    let started = std::time::Instant::now();
    let input = match what.as_str() {
        "detection" => secateur_reports::testing::synthetic_detection(),
        rows => secateur_reports::testing::synthetic(rows.parse()?),
    };
    let report = secateur_reports::Report::new(&input);
    let paths = secateur_reports::write_report(&report, &input, std::path::Path::new(&out))?;
    let mut stdout = std::io::stdout().lock();
    let width = std::env::var("COLUMNS").ok().and_then(|width| width.parse().ok()).unwrap_or(140);
    write!(
        stdout,
        "{}",
        secateur_reports::terminal_of(&report, width, std::env::var_os("NO_COLOR").is_none())
    )?;
    for path in paths {
        writeln!(stdout, "wrote {} ({} bytes)", path.display(), std::fs::metadata(&path)?.len())?;
    }
    writeln!(stdout, "{} rows in {:.2?}", input.rows.len(), started.elapsed())?;
    Ok(())
}
