//! Telling people how far a run is: a bar on a terminal, plain lines otherwise.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use secateur_store::{Outcome, StageResult};

use crate::schedule::Tally;

/// Is told what happens.
pub(crate) trait Progress {
    /// The number of stages is known.
    fn total(&mut self, stages: usize);
    /// Time has passed.
    fn tick(&mut self, tally: Tally, running: usize);
    /// A stage has ended.
    fn finished(&mut self, result: &StageResult);
}

/// A bar, or lines.
pub(crate) struct Display {
    bar: Option<ProgressBar>,
    total: usize,
    done: usize,
}

impl Display {
    pub(crate) fn new(quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new(0);
            if let Ok(style) =
                ProgressStyle::with_template("{bar:30} {pos}/{len} stages  {elapsed}  {wide_msg}")
            {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, total: 0, done: 0 }
    }

    pub(crate) fn close(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Display {
    fn total(&mut self, stages: usize) {
        self.total = stages;
        if let Some(bar) = &self.bar {
            bar.set_length(stages as u64);
        }
    }

    fn tick(&mut self, tally: Tally, running: usize) {
        self.done = tally.stored + tally.ran;
        if let Some(bar) = &self.bar {
            bar.set_position(self.done as u64);
            bar.set_message(format!("{running} running, {} not ok", tally.not_ok));
        }
    }

    fn finished(&mut self, result: &StageResult) {
        let line = if result.outcome == Outcome::Ok {
            format!("{:>7.1} s  {}", result.cost.seconds, result.label)
        } else {
            let detail: String = result.detail.lines().next().unwrap_or_default().chars().take(200).collect();
            format!("{:>7.1} s  {}: {}: {detail}", result.cost.seconds, result.label, result.outcome)
        };
        match &self.bar {
            Some(bar) if result.outcome == Outcome::Ok => bar.set_message(result.label.clone()),
            Some(bar) => bar.println(line),
            None => eprintln!("[{}/{}] {line}", self.done + 1, self.total),
        }
    }
}
