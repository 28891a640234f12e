//! Getting all bytes of a file, whatever they are.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anyhow::bail;
use ureq::{Agent, BodyReader};

use super::client::{Answer, Extent, Failure, Validator, agent, get};
use super::part::{Names, Part};
use super::workers::{Event, Shared, Trouble};
use super::{LOOK, Patience, Settings, Wanted, Watch, free_bytes, unless_stopped, wait};

/// How often a file is begun anew that changes while it comes.
const MOST_BEGINNINGS: usize = 4;
/// How often it is recorded what has come. As much may have to come again if the process is killed.
const RECORDED: Duration = Duration::from_secs(5);

/// How one beginning ended.
enum Round {
    Whole(Part),
    Stopped,
    Anew(String),
}

/// Gets all bytes; nothing if it was to stop.
///
/// # Errors
/// As [`super::fetch`], but for the digest.
pub(super) fn transfer(
    wanted: &Wanted<'_>,
    names: &Names,
    settings: &Settings,
    stop: &AtomicBool,
    watch: &dyn Watch,
) -> anyhow::Result<Option<Part>> {
    let agent = agent(settings.stall, settings.proxy.clone());
    let transfer = Transfer { wanted, names, settings, stop, watch, agent };
    let mut kept = Part::take_up(names)?;
    for _ in 0..MOST_BEGINNINGS {
        match transfer.round(kept.take())? {
            Round::Whole(part) => return Ok(Some(part)),
            Round::Stopped => return Ok(None),
            Round::Anew(why) => watch.note(&format!("{why}; beginning anew")),
        }
    }
    bail!("{} was begun {MOST_BEGINNINGS} times and changed each time; try again later", wanted.address)
}

struct Transfer<'a> {
    wanted: &'a Wanted<'a>,
    names: &'a Names,
    settings: &'a Settings,
    stop: &'a AtomicBool,
    watch: &'a dyn Watch,
    agent: Agent,
}

impl Transfer<'_> {
    /// Continues what has come, or begins.
    fn round(&self, mut kept: Option<Part>) -> anyhow::Result<Round> {
        if let Some(part) = kept.take_if(|part| part.is_whole()) {
            self.watch.begin(part.done(), part.bytes);
            return Ok(Round::Whole(part));
        }
        // The first request says whether there are ranges at all.
        let missing = kept.as_ref().and_then(|part| part.missing().next());
        let range = missing.map_or((0, self.settings.segment_bytes), |segment| (segment.at(), segment.end));
        let validator = kept.as_ref().map(|part| part.validator.clone());
        let Some(answer) = self.open(range, validator)? else { return Ok(Round::Stopped) };
        let Answer { extent, validator, body } = answer;
        let part = match (extent, kept) {
            (Extent::Range { bytes, .. }, Some(part)) => {
                if part.bytes != Some(bytes) || part.validator.differs(&validator) {
                    return Ok(Round::Anew("the file was changed on the server since".to_owned()));
                }
                self.check_size(part.bytes, part.done())?;
                part
            }
            (Extent::Range { bytes, .. }, None) => {
                self.check_size(Some(bytes), 0)?;
                Part::begin(self.names, Some(bytes), validator, Some(self.settings.segment_bytes))?
            }
            // Asked without a condition, the server may still give ranges of what the file is now.
            (Extent::Whole(_), Some(_)) => {
                let why = "the file was changed on the server since, or cannot be had in ranges any more";
                return Ok(Round::Anew(why.to_owned()));
            }
            (Extent::Whole(bytes), None) => {
                self.check_size(bytes, 0)?;
                Part::begin(self.names, bytes, validator, None)?
            }
            (Extent::Outside, Some(_)) => {
                return Ok(Round::Anew("the file was changed on the server since".to_owned()));
            }
            (Extent::Outside, None) => {
                bail!("{}: the server says that the file is empty", self.wanted.address)
            }
        };
        self.run(part, body)
    }

    /// The answer to the first request; nothing if it was to stop.
    fn open(&self, range: (u64, u64), validator: Option<Validator>) -> anyhow::Result<Option<Answer>> {
        let mut patience = Patience::new(self.settings);
        loop {
            let (agent, address) = (self.agent.clone(), self.wanted.address.clone());
            let condition = validator.clone();
            let asked =
                unless_stopped(self.stop, move || get(&agent, &address, Some(range), condition.as_ref()));
            let why = match asked {
                None => return Ok(None),
                Some(Ok(answer)) => return Ok(Some(answer)),
                Some(Err(Failure::Lasting(why))) => return self.give_up(&why),
                Some(Err(Failure::Passing(why))) => why,
            };
            let Some(time) = patience.again() else {
                return self.give_up(&format!("{why}, after {} retries", self.settings.retries));
            };
            self.watch.note(&format!("{why}; again in {:.1} s", time.as_secs_f64()));
            if !wait(time, &[self.stop]) {
                return Ok(None);
            }
        }
    }

    fn give_up<T>(&self, why: &str) -> anyhow::Result<T> {
        bail!("{}: {why}", self.wanted.address)
    }

    /// Compares the size that the server tells with the official one, and with the room that there is.
    fn check_size(&self, bytes: Option<u64>, done: u64) -> anyhow::Result<()> {
        let Some(bytes) = bytes else { return Ok(()) };
        let address = &self.wanted.address;
        if let Some(official) = &self.wanted.archive.bytes
            && official.0 != bytes
        {
            bail!(
                "{address} has {bytes} bytes, the official file {}; fetch it from elsewhere with --mirror",
                official.0
            );
        }
        let folder = self.names.place.parent().unwrap_or(&self.names.place);
        let (missing, free) = (bytes.saturating_sub(done), free_bytes(folder)?);
        if missing > free {
            bail!("{address}: {missing} bytes are to come, and {} has room for {free}", folder.display());
        }
        Ok(())
    }

    /// Has workers fill what is missing; the body is the answer to a request for the first missing segment.
    fn run(&self, part: Part, body: BodyReader<'static>) -> anyhow::Result<Round> {
        self.watch.begin(part.done(), part.bytes);
        let shared = Arc::new(Shared::new(&self.agent, &self.wanted.address, self.settings, &part));
        let workers = self.settings.connections.clamp(1, part.missing().count().max(1));
        let (sender, events) = mpsc::channel();
        let mut first = shared.next().map(|segment| (segment, Some(body)));
        for _ in 0..workers {
            let (shared, sender, first) = (Arc::clone(&shared), sender.clone(), first.take());
            std::thread::spawn(move || shared.work(first, &sender));
        }
        drop(sender);
        let ended = self.follow(&part, &events, workers);
        // Workers may hang in the network for as long as a stall may take, and are not waited for.
        shared.halt.store(true, Ordering::Relaxed);
        part.record()?;
        match ended? {
            Followed::Whole => Ok(Round::Whole(part)),
            Followed::Stopped => Ok(Round::Stopped),
            Followed::Anew(why) => Ok(Round::Anew(why)),
        }
    }

    fn follow(
        &self,
        part: &Part,
        events: &mpsc::Receiver<Event>,
        workers: usize,
    ) -> anyhow::Result<Followed> {
        let mut running = workers;
        let mut recorded = Instant::now();
        while running > 0 {
            match events.recv_timeout(LOOK) {
                Ok(Event::Note(text)) => self.watch.note(&text),
                Ok(Event::Done) => running -= 1,
                Ok(Event::Ended(Trouble::Anew(why))) => return Ok(Followed::Anew(why)),
                Ok(Event::Ended(Trouble::Lasting(why))) => return self.give_up(&why),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => bail!("a worker ended before its time"),
            }
            self.watch.progress(part.done());
            if self.stop.load(Ordering::Relaxed) {
                return Ok(Followed::Stopped);
            }
            if recorded.elapsed() >= RECORDED {
                part.record()?;
                recorded = Instant::now();
            }
        }
        Ok(Followed::Whole)
    }
}

/// How following the workers ended.
enum Followed {
    Whole,
    Stopped,
    Anew(String),
}
