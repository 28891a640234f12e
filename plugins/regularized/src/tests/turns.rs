//! AC/DC's phases as the network sees them.

use std::cell::RefCell;
use std::ffi::CStr;

use secateur_sdk::prelude::*;
use secateur_sdk::secateur_abi as abi;
use secateur_sdk::{Exported, NoConfig, SharedEntry, build_entry};

use super::bench::run;
use crate::ac_dc::Turns;
use crate::phases::{Change, Phases};
use crate::trainings::{count_nonzero, for_each_target};

/// After a step: whether there are masks, and how many weights are not zero.
#[derive(Clone, Copy, Debug)]
struct Seen {
    masked: bool,
    nonzero: u64,
}

thread_local! {
    static SEEN: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) };
}

fn phases() -> Phases {
    Phases { warmup: 0.1, compressed: 0.1, decompressed: 0.1, last_decompressed: 0.2, last_compressed: 0.2 }
}

/// AC/DC, watched.
struct Watched;

impl PruneMethod for Watched {
    const ID: &'static CStr = c"org.secateur.test.watched";
    const NAME: &'static CStr = c"Watched AC/DC";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr = c"Tells what it sees after each step.";
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags = Flags::TRAINS;
    type Config = NoConfig;

    fn create(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        for_each_target(run, request, 1.0, 1, |target, steps| {
            let turns = Turns {
                changes: phases().changes(steps)?,
                next: 0,
                scope: Scope::Global,
                count: target.count,
                reset_momentum: true,
            };
            run.train_with(TrainOptions::afresh(steps), &mut Watcher(turns))?;
            Ok(())
        })
    }
}

struct Watcher(Turns);

impl TrainHooks for Watcher {
    fn after_step(&mut self, run: &Run<'_>, step: u64) -> Result<()> {
        self.0.after_step(run, step)?;
        let mut seen = Seen { masked: false, nonzero: 0 };
        for param in run.prunable() {
            seen.masked |= run.mask(&param)?.is_some();
            seen.nonzero += count_nonzero(&run.weight(&param)?)?;
        }
        SEEN.with_borrow_mut(|all| all.push(seen));
        Ok(())
    }
}

extern "C" fn watched_entry() -> *const abi::Entry {
    static ENTRY: std::sync::OnceLock<SharedEntry> = std::sync::OnceLock::new();
    ENTRY.get_or_init(|| build_entry(&[Exported::<Watched>::describe], None)).0
}

#[test]
fn masked_weights_come_back_at_zero_and_are_trained_on() {
    let steps = 40;
    let answer = run(watched_entry, "org.secateur.test.watched", "{}", steps, &[0.2]).unwrap().remove(0);
    let seen = SEEN.take();
    assert_eq!(seen.len() as u64, steps);
    let changes = phases().changes(steps).unwrap();
    let mut decompressions = 0;
    for done in 1..=steps {
        let now = seen[done as usize - 1];
        let last = changes.iter().rev().find(|(at, _)| *at <= done);
        assert_eq!(now.masked, last.is_some_and(|(_, change)| *change == Change::Compress), "step {done}");
        match last {
            None => assert_eq!(now.nonzero, 270),
            Some((_, Change::Compress)) => assert_eq!(now.nonzero, answer.count, "step {done}"),
            // Without masks, but the values are still those of the compressed network.
            Some((at, Change::Decompress)) if *at == done => {
                assert_eq!(now.nonzero, answer.count, "step {done}");
                decompressions += 1;
            }
            Some((_, Change::Decompress)) => {
                assert!(now.nonzero > answer.count, "step {done}: nothing came back to life");
            }
        }
    }
    assert_eq!(decompressions, 3);
}
