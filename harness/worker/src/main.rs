//! `secateur-worker ORDER.json` runs one stage and exits. The parent, `secateur`, writes the order and reads the
//! report; for a debugger the worker can be run by hand on an order that is there.
//!
//! `secateur-worker --inspect PLUGIN` prints what a plugin says of itself as JSON. `secateur-worker --check PLUGIN` reads a JSON
//! list of methods with parameters and prints what the methods refuse of them. `secateur-worker --validate PLUGIN` reads a question
//! as JSON, makes one check of the plugin, and prints the verdict on a last line.

mod best;
mod contain;
mod features;
mod machine;
mod order;
mod stages;
mod training;
mod weights;

use std::path::Path;

use anyhow::Context;
use secateur_store::{Outcome, ParamsQuestion, StageOrder, ValidationQuestion, WorkerReport, write_atomic};
use secateur_suite::{LIBTORCH_VERSION, StageSpec};

use crate::order::Order;
use crate::stages::Ended;

fn main() {
    secateur_host::leave(work())
}

/// Does what the arguments say and tells the exit code.
fn work() -> u8 {
    secateur_host::tune_allocator();
    if let Ok(parent) = std::env::var("SECATEUR_PARENT")
        && !contain::end_with(&parent)
    {
        return 2;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--inspect", plugin] => inspect(Path::new(plugin)),
        ["--check", plugin] => check(Path::new(plugin)),
        ["--validate", plugin] => validate(Path::new(plugin)),
        [order] if !order.starts_with('-') => run(Path::new(order)),
        _ => {
            #[expect(clippy::print_stderr, reason = "a program's usage")]
            {
                eprintln!(
                    "usage: secateur-worker ORDER.json\n       secateur-worker --inspect PLUGIN\n       \
                     secateur-worker --check PLUGIN < PARAMETERS.json\n       secateur-worker --validate PLUGIN < \
                     QUESTION.json"
                );
            }
            return 2;
        }
    };
    match result {
        Ok(()) => 0,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "a program's error")]
            {
                eprintln!("error: {error:#}");
            }
            2
        }
    }
}

fn inspect(path: &Path) -> anyhow::Result<()> {
    contain::restrict_to_reading(path, &[])?;
    let plugin = secateur_host::Plugin::load(path)?;
    answer(&plugin.info())
}

/// One answer for each question: nothing, or why the parameters are refused. Other failures are for the stage to tell.
fn check(path: &Path) -> anyhow::Result<()> {
    let questions: Vec<ParamsQuestion> =
        serde_json::from_reader(std::io::stdin()).context("the questions are not JSON")?;
    let named: Vec<_> = questions.iter().flat_map(|question| question.readable.iter().cloned()).collect();
    contain::restrict_to_reading(path, &named)?;
    let plugin = secateur_host::Plugin::load(path)?;
    let answers: Vec<Option<String>> = questions
        .iter()
        .map(|question| {
            let refused =
                secateur_host::check_params(&plugin, &question.method, &question.params.to_string()).err();
            refused.filter(|failure| failure.status == secateur_abi::E_INVALID).map(|failure| failure.message)
        })
        .collect();
    answer(&answers)
}

/// One check. The plugin may print whatever it likes, so the verdict begins a line of its own and is the last one.
fn validate(path: &Path) -> anyhow::Result<()> {
    let question: ValidationQuestion =
        serde_json::from_reader(std::io::stdin()).context("the question is not JSON")?;
    contain::restrict_to_reading(path, &question.readable)?;
    let verdict = secateur_validate::answer(path, &question)?;
    answer(&verdict)
}

/// Prints an answer on a line of its own, which is the last: what a plugin printed before it may still be held back.
#[expect(clippy::print_stdout, reason = "the output of the command")]
fn answer(answer: &impl serde::Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string(answer)?;
    secateur_host::flush_streams();
    println!("\n{text}");
    Ok(())
}

fn run(path: &Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let order: StageOrder =
        serde_json::from_str(&text).with_context(|| format!("{} is not a stage order", path.display()))?;
    // What CUDA consists of lies in many folders, and only opening it tells in which. That starts no thread.
    let cuda = match order.device.as_str() {
        "cpu" => None,
        _ => Some(secateur_host::load_cuda().map_err(anyhow::Error::msg).context("no CUDA")?),
    };
    // Before anything else that could start a thread: a thread that exists already would not be restricted.
    let containment = match order.spec {
        StageSpec::Prune(_) => Some(contain::restrict(&order)?),
        _ => None,
    };
    tracing_subscriber::fmt()
        .with_ansi(false)
        // The last line of a log may become a trial's detail, and details are reproducible.
        .without_time()
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::INFO)
        .init();
    if let Some(containment) = containment {
        tracing::info!("{containment}");
    }
    if let Some(library) = cuda {
        tracing::info!("CUDA from {}", library.display());
    }
    let running = secateur_host::torch_version();
    anyhow::ensure!(
        running == LIBTORCH_VERSION,
        "this is libtorch {running}, and results are made with {LIBTORCH_VERSION}; run `cargo xtask setup`"
    );
    let order = Order::new(order)?;
    let machine = machine::describe(order.device);
    let ended = stages::run(&order).unwrap_or_else(|error| Ended {
        outcome: if order.is_cancelled() { Outcome::Cancelled } else { Outcome::Failed },
        detail: format!("{error:#}"),
        outputs: Default::default(),
        facts: serde_json::Value::Null,
    });
    let report = WorkerReport {
        outcome: ended.outcome,
        detail: ended.detail,
        outputs: ended.outputs,
        facts: ended.facts,
        machine,
    };
    write_atomic(&order.work_dir().join("report.json"), &serde_json::to_vec_pretty(&report)?)?;
    Ok(())
}
