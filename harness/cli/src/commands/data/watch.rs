//! Telling people how far a file is: a bar on a terminal, plain lines otherwise.

use std::cell::Cell;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::size;
use crate::fetch::Watch;

/// How often there is a line where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// A bar, or lines.
pub(super) struct Display {
    bar: Option<ProgressBar>,
    bytes: Cell<Option<u64>>,
    /// When the last line was written, and how much was there.
    last: Cell<(Instant, u64)>,
}

impl Display {
    /// Says the label first.
    pub(super) fn new(label: &str) -> Self {
        eprintln!("{label}");
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::no_length();
            let style = ProgressStyle::with_template(
                "{bar:20} {decimal_bytes} of {decimal_total_bytes}  {decimal_bytes_per_sec}  {eta}  {wide_msg}",
            );
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, bytes: Cell::new(None), last: Cell::new((Instant::now(), 0)) }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(format!("  {text}")),
            None => eprintln!("  {text}"),
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Watch for Display {
    fn begin(&self, done: u64, bytes: Option<u64>) {
        self.bytes.set(bytes);
        self.last.set((Instant::now(), done));
        if let Some(bar) = &self.bar {
            if let Some(bytes) = bytes {
                bar.set_length(bytes);
            }
            bar.set_position(done);
            // What came earlier says nothing of the speed now.
            bar.reset_eta();
        }
        if done > 0 {
            self.line(&format!("goes on after {}", size(done)));
        }
    }

    fn progress(&self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            return;
        }
        let (since, before) = self.last.get();
        let elapsed = since.elapsed();
        if elapsed < BETWEEN_LINES {
            return;
        }
        let of = self.bytes.get().map_or_else(String::new, |bytes| format!(" of {}", size(bytes)));
        let speed = done.saturating_sub(before) as f64 / elapsed.as_secs_f64();
        self.line(&format!("{}{of}, {}/s", size(done), size(speed as u64)));
        self.last.set((Instant::now(), done));
    }

    fn comparing(&self) {
        match &self.bar {
            Some(bar) => bar.set_message("comparing digests"),
            None => self.line("comparing digests"),
        }
    }

    fn note(&self, text: &str) {
        self.line(text);
    }
}
