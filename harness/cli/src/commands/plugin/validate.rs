//! `secateur plugin validate`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};
use clap::Args;
use secateur_store::Check;

use crate::validate::{Wanted, tally, validate};

/// Arguments of `plugin validate`.
#[derive(Args, Debug)]
pub(crate) struct Validate {
    /// The library.
    #[arg(required_unless_present = "list")]
    path: Option<PathBuf>,
    /// Only this method; may be repeated.
    #[arg(long = "method", value_name = "ID")]
    methods: Vec<String>,
    /// Up to this level: 1 the file, 2 descriptions, 3 instances, 4 pruning, 5 state, 6 repetition, 7 faults, 8 random requests.
    #[arg(long, value_name = "LEVEL", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=8))]
    level: u8,
    /// Only this check; may be repeated.
    #[arg(long = "only", value_name = "NAME")]
    only: Vec<String>,
    /// Parameters of the methods, a JSON object; needed where one has no default.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    params: String,
    /// A file that `--params` names as `file:NAME`; may be repeated.
    #[arg(long = "file", value_name = "NAME=PATH")]
    files: Vec<String>,
    /// How long each method gets random requests.
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    seconds: f64,
    /// Make one random request again.
    #[arg(long, value_name = "SEED")]
    reproduce: Option<u64>,
    /// Checks at a time; the number of cores by default.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// List the checks and end.
    #[arg(long)]
    list: bool,
    /// For machines.
    #[arg(long)]
    json: bool,
}

impl Validate {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        if self.list {
            for check in Check::ALL {
                println!("{}  {:<28}{}", check.level(), check.name(), check.about());
            }
            return Ok(ExitCode::SUCCESS);
        }
        let mut only = Vec::new();
        for name in &self.only {
            let Some(check) = Check::named(name) else {
                let near = secateur_suite::nearest(name, Check::ALL.iter().map(|check| check.name()));
                let help = near.map_or_else(
                    || "`--list` lists them".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                bail!("there is no check `{name}`; {help}");
            };
            only.push(check);
        }
        let params: serde_json::Value = serde_json::from_str(&self.params).context("--params is not JSON")?;
        if !params.is_object() {
            bail!("--params is no JSON object");
        }
        let mut files = BTreeMap::new();
        for file in &self.files {
            let Some((name, path)) = file.split_once('=') else {
                bail!("`--file {file}` is not of the form NAME=PATH");
            };
            files.insert(name.to_owned(), PathBuf::from(path));
        }
        let wanted = Wanted {
            files,
            path: self.path.unwrap_or_default(),
            methods: self.methods,
            level: self.level,
            only,
            params,
            seconds: self.seconds,
            reproduce: self.reproduce,
            jobs: self.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
        };
        let start = Instant::now();
        let json = self.json;
        let checked = validate(&wanted, |checked| {
            if !json {
                println!("{}", checked.line());
            }
        })?;
        let bad = checked.iter().filter(|checked| checked.verdict.status.is_bad()).count();
        if json {
            println!("{}", serde_json::to_string_pretty(&checked)?);
        } else {
            println!("{}; {:.1} s", tally(&checked), start.elapsed().as_secs_f64());
        }
        Ok(if bad > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }
}
