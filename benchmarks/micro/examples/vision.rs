//! Does on demand what a detector does beside its layers, to be run side by side with torchvision: for each
//! line on standard input, a number, it does it so many times and prints how many it did a second of the
//! clock, and of processor time.
//!
//!     vision THREADS (plain CHANNELS CELLS | contextual CHANNELS CELLS | nms PER_CLASS | match)
//!
//! `interleave.py` in the folder `pytorch` drives it, and `vision.py` there is its counterpart.

use std::io::{BufRead, Write};
use std::time::Instant;

use secateur_micro::{Matching, Pooling, Suppression, keep_memory, processor_seconds};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let usage = "vision THREADS (plain CHANNELS CELLS | contextual CHANNELS CELLS | nms PER_CLASS | match)";
    let [threads, kind, numbers @ ..] = args.as_slice() else { return Err(usage.into()) };
    keep_memory();
    tch::set_num_threads(threads.parse()?);
    match (kind.as_str(), numbers) {
        ("plain", [channels, cells]) => {
            let pooling = Pooling::new(channels.parse()?, cells.parse()?);
            serve(|| pooling.plain())
        }
        ("contextual", [channels, cells]) => {
            let pooling = Pooling::new(channels.parse()?, cells.parse()?);
            serve(|| pooling.contextual())
        }
        ("nms", [per_class]) => {
            let suppression = Suppression::new(per_class.parse()?);
            serve(|| suppression.run())
        }
        ("match", []) => {
            let matching = Matching::new()?;
            serve(|| matching.run())
        }
        _ => Err(usage.into()),
    }
}

fn serve<T>(run: impl Fn() -> secateur_vision::Result<T>) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let count: u64 = line?.trim().parse()?;
        let (start, start_processor) = (Instant::now(), processor_seconds());
        (0..count).try_for_each(|_| run().map(drop))?;
        let (clock, processor) = (start.elapsed().as_secs_f64(), processor_seconds() - start_processor);
        writeln!(out, "{:.2} {:.2}", count as f64 / clock, count as f64 / processor)?;
        out.flush()?;
    }
    Ok(())
}
