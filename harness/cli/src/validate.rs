//! `secateur plugin validate`: asks a worker for each check, since any of them may end it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use secateur_store::{Check, CheckSubject, Status, ValidationQuestion, Verdict};
use serde::Serialize;

use crate::executor::on_one_line;
use crate::interpreter;
use crate::plugins::{PluginInfo, inspect};
use crate::question::{Ended, Question};
use crate::worker::Worker;

/// How long a check may take, beside random requests.
const PATIENCE: Duration = Duration::from_secs(180);

/// What is to be checked.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) path: PathBuf,
    /// Methods; all if there are none.
    pub(crate) methods: Vec<String>,
    pub(crate) level: u8,
    /// Checks; all of the level if there are none.
    pub(crate) only: Vec<Check>,
    pub(crate) params: serde_json::Value,
    /// Files that the parameters name, by name.
    pub(crate) files: BTreeMap<String, PathBuf>,
    pub(crate) seconds: f64,
    pub(crate) reproduce: Option<u64>,
    pub(crate) jobs: usize,
}

/// A check that was made.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Checked {
    pub(crate) check: Check,
    pub(crate) level: u8,
    pub(crate) method: Option<String>,
    #[serde(flatten)]
    pub(crate) verdict: Verdict,
    pub(crate) seconds: f64,
}

impl Checked {
    /// For people: the check, how it ended, and why on lines of its own.
    pub(crate) fn line(&self) -> String {
        let method = self.method.as_deref().unwrap_or_default();
        let status = self.verdict.status.word();
        let mut line = format!("{}  {:<28}{status:<10}{method}", self.level, self.check.name());
        let line_length = line.trim_end().len();
        line.truncate(line_length);
        // What holds needs no words, and neither does what was not to be checked.
        if !self.verdict.text.is_empty() && self.verdict.status != Status::Passed {
            line.push_str(&format!("\n     {}", on_one_line(&self.verdict.text)));
        }
        line
    }
}

/// How many checks ended in which way.
pub(crate) fn tally(checked: &[Checked]) -> String {
    let all =
        [Status::Passed, Status::Warning, Status::Skipped, Status::Failed, Status::Crashed, Status::TimedOut];
    let counts: Vec<String> = all
        .into_iter()
        .map(|status| (status, checked.iter().filter(|checked| checked.verdict.status == status).count()))
        .filter(|(status, count)| *count > 0 || *status == Status::Failed)
        .map(|(status, count)| format!("{count} {}", status.word()))
        .collect();
    format!("{} checks: {}", checked.len(), counts.join(", "))
}

/// Makes all checks, several at a time, and tells of each in their order.
pub(crate) fn validate(wanted: &Wanted, mut tell: impl FnMut(&Checked)) -> anyhow::Result<Vec<Checked>> {
    let path = std::fs::canonicalize(&wanted.path)
        .with_context(|| format!("cannot read plugin {}", wanted.path.display()))?;
    let worker = Worker::find()?;
    // What does not load has no methods to check; its library checks say why.
    let info = inspect(&path);
    let known =
        info.as_ref().map(|info| info.methods.iter().map(|method| method.id.clone()).collect::<Vec<_>>());
    if let Ok(known) = &known
        && let Some(missing) = wanted.methods.iter().find(|id| !known.contains(id))
    {
        bail!("the plugin has no method `{missing}`; there are {}", known.join(", "));
    }
    let given = given(wanted, info.as_ref().ok())?;
    let methods: Vec<Option<String>> = match (&known, wanted.methods.is_empty()) {
        (Ok(known), true) => known.iter().cloned().map(Some).collect(),
        (Ok(_), false) => wanted.methods.iter().cloned().map(Some).collect(),
        (Err(_), _) => vec![None],
    };
    let mut tasks = Vec::new();
    for check in Check::ALL.iter().copied() {
        if check.level() > wanted.level || !wanted.only.is_empty() && !wanted.only.contains(&check) {
            continue;
        }
        match check.subject() {
            CheckSubject::Library => tasks.push((check, None)),
            CheckSubject::Method => tasks.extend(methods.iter().map(|method| (check, method.clone()))),
        }
    }
    let next = AtomicUsize::new(0);
    let ended: Vec<Mutex<Option<Checked>>> = tasks.iter().map(|_| Mutex::new(None)).collect();
    let make = |(check, method): &(Check, Option<String>)| {
        let start = Instant::now();
        let verdict = if check.subject() == CheckSubject::Method && method.is_none() {
            Verdict::skipped("the plugin does not load")
        } else {
            let question = ValidationQuestion {
                check: *check,
                method: method.clone(),
                params: given.params.clone(),
                readable: given.readable.clone(),
                seconds: wanted.seconds,
                reproduce: wanted.reproduce,
            };
            ask(&worker, &path, &question).unwrap_or_else(|error| Verdict::failed(format!("{error:#}")))
        };
        let seconds = start.elapsed().as_secs_f64();
        Checked { check: *check, level: check.level(), method: method.clone(), verdict, seconds }
    };
    let mut told = Vec::with_capacity(tasks.len());
    thread::scope(|scope| {
        for _ in 0..wanted.jobs.clamp(1, tasks.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(task) = tasks.get(index) else { break };
                    let checked = make(task);
                    if let Ok(mut slot) = ended[index].lock() {
                        *slot = Some(checked);
                    }
                }
            });
        }
        for slot in &ended {
            loop {
                let checked = slot.lock().ok().and_then(|mut slot| slot.take());
                if let Some(checked) = checked {
                    tell(&checked);
                    told.push(checked);
                    break;
                }
                thread::sleep(Duration::from_millis(5));
            }
        }
    });
    Ok(told)
}

/// Parameters as the method gets them, and what they name.
struct Given {
    params: serde_json::Value,
    readable: Vec<PathBuf>,
}

fn given(wanted: &Wanted, info: Option<&PluginInfo>) -> anyhow::Result<Given> {
    let mut files = BTreeMap::new();
    for (name, path) in &wanted.files {
        let found = std::fs::canonicalize(path).with_context(|| format!("cannot read {}", path.display()))?;
        files.insert(name.clone(), found);
    }
    let mut params = secateur_suite::with_paths(&wanted.params, &files).map_err(anyhow::Error::msg)?;
    let mut readable: Vec<PathBuf> = files.into_values().collect();
    let methods = info.into_iter().flat_map(|info| &info.methods);
    let mut chosen =
        methods.filter(|method| wanted.methods.is_empty() || wanted.methods.contains(&method.id));
    if let Some(parameter) = chosen.find_map(interpreter::parameter) {
        let name = interpreter::named(&params, parameter);
        let found = interpreter::ask(&name, parameter, std::path::Path::new("."), &[])?;
        readable.extend(found.readable());
        if let Some(params) = params.as_object_mut() {
            let program = found.interpreter.program.to_string_lossy();
            params.insert(parameter.to_owned(), program.into());
        }
    }
    Ok(Given { params, readable })
}

/// Asks a worker for one check.
fn ask(worker: &Worker, path: &Path, question: &ValidationQuestion) -> anyhow::Result<Verdict> {
    let mut limit = PATIENCE;
    if question.check == Check::RandomRequests {
        limit += Duration::from_secs_f64(question.seconds.clamp(0.0, 86_400.0));
    }
    // Freed blocks that glibc's threads keep for themselves would count as in use.
    let environment = [("OMP_NUM_THREADS", "1"), ("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0")];
    let input = serde_json::to_string(question)?;
    let answer =
        Question { mode: "--validate", path, input, environment: &environment, limit }.ask(worker)?;
    let with_said = |text: String| match answer.last_words() {
        "" => text,
        said => format!("{text}; its last words: {said}"),
    };
    let described = || with_said(answer.ended.describe(limit));
    Ok(match answer.ended {
        Ended::TimedOut => Verdict { status: Status::TimedOut, text: described() },
        Ended::Signal(_) => Verdict { status: Status::Crashed, text: described() },
        Ended::Exited(0) => serde_json::from_str(&answer.line).unwrap_or_else(|_| {
            let text = "the process ended without an answer, as `exit(0)` would end it".to_owned();
            Verdict { status: Status::Crashed, text: with_said(text) }
        }),
        Ended::Exited(_) => Verdict::failed(answer.last_words().trim_start_matches("error: ")),
    })
}
