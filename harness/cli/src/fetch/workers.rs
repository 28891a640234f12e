//! Threads that fill the segments of a file.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use ureq::{Agent, BodyReader};

use super::client::{Extent, Failure, Validator, body_failure, get};
use super::part::{Part, Segment};
use super::{Patience, Settings, wait};

/// Bytes that are read at a time.
const BUFFER: usize = 1 << 18;
/// After so many bytes of one request earlier failures are forgotten.
const NOTEWORTHY: u64 = 1 << 20;

/// What a worker tells.
pub(super) enum Event {
    /// Something failed, and is tried again.
    Note(String),
    /// It has nothing more to do.
    Done,
    /// The transfer cannot go on like this.
    Ended(Trouble),
}

/// Why a transfer cannot go on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The file was changed, or cannot be had in ranges any more.
    Anew(String),
    /// The file cannot be had.
    Lasting(String),
}

/// A segment, and the answer to a request for it where there is one.
pub(super) type Answered = (Arc<Segment>, Option<BodyReader<'static>>);

/// What all workers of a file have in common.
pub(super) struct Shared {
    agent: Agent,
    address: String,
    settings: Settings,
    file: Arc<File>,
    bytes: Option<u64>,
    validator: Validator,
    ranges: bool,
    queue: Mutex<VecDeque<Arc<Segment>>>,
    /// Set when nobody waits for the workers any more. What they write after that goes to a file that was given up, or
    /// again to where it belongs.
    pub(super) halt: AtomicBool,
}

impl Shared {
    pub(super) fn new(agent: &Agent, address: &str, settings: &Settings, part: &Part) -> Self {
        Self {
            agent: agent.clone(),
            address: address.to_owned(),
            settings: settings.clone(),
            file: Arc::clone(&part.file),
            bytes: part.bytes,
            validator: part.validator.clone(),
            ranges: part.ranges,
            queue: Mutex::new(part.missing().cloned().collect()),
            halt: AtomicBool::new(false),
        }
    }

    /// The next segment that nobody fills.
    pub(super) fn next(&self) -> Option<Arc<Segment>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Fills segments until none is left, or until it is to halt: first the one that an answer is there for.
    pub(super) fn work(&self, first: Option<Answered>, events: &Sender<Event>) {
        let mut end = Event::Done;
        let mut next = first.or_else(|| Some((self.next()?, None)));
        while let Some((segment, body)) = next {
            if let Err(trouble) = self.fill(&segment, body, events) {
                end = Event::Ended(trouble);
                break;
            }
            next = self.next().map(|segment| (segment, None));
        }
        // Nobody listens any more after a stop.
        let _ = events.send(end);
    }

    fn fill(
        &self,
        segment: &Segment,
        mut body: Option<BodyReader<'static>>,
        events: &Sender<Event>,
    ) -> Result<(), Trouble> {
        let mut patience = Patience::new(&self.settings);
        while !self.halted() {
            let before = segment.at();
            let filled = match body.take() {
                Some(body) => self.copy(segment, body),
                None => self.ask(segment).and_then(|body| self.copy(segment, body)),
            };
            let why = match filled {
                Ok(()) => return Ok(()),
                Err(Stop::Trouble(trouble)) => return Err(trouble),
                Err(Stop::Passing(why)) => why,
            };
            // Without ranges all that came is lost, however much it was.
            if self.ranges && segment.at().saturating_sub(before) >= NOTEWORTHY {
                patience = Patience::new(&self.settings);
            }
            let Some(time) = patience.again() else {
                return Err(Trouble::Lasting(format!("{why}, after {} retries", self.settings.retries)));
            };
            let from = if self.ranges { "" } else { ", from the beginning, since the server has no ranges" };
            let _ = events.send(Event::Note(format!("{why}; again in {:.1} s{from}", time.as_secs_f64())));
            if !self.ranges {
                segment.rewind();
                // The next answer may be shorter.
                self.file.set_len(0).map_err(|error| cannot_write(&error))?;
            }
            wait(time, &[&self.halt]);
        }
        Ok(())
    }

    /// Asks for what is missing of a segment.
    fn ask(&self, segment: &Segment) -> Result<BodyReader<'static>, Stop> {
        let range = self.ranges.then(|| (segment.at(), segment.end));
        let answer = get(&self.agent, &self.address, range, Some(&self.validator))?;
        let anew = |why: &str| Err(Stop::Trouble(Trouble::Anew(why.to_owned())));
        let bytes = match answer.extent {
            Extent::Range { bytes, .. } => Some(bytes),
            Extent::Whole(bytes) if !self.ranges => bytes,
            Extent::Whole(_) | Extent::Outside => return anew("the file was changed on the server"),
        };
        if bytes != self.bytes || answer.validator.differs(&self.validator) {
            return anew("the file was changed on the server");
        }
        Ok(answer.body)
    }

    /// Writes what comes to the end of a segment.
    fn copy(&self, segment: &Segment, mut body: BodyReader<'static>) -> Result<(), Stop> {
        let mut buffer = vec![0; BUFFER];
        while !segment.is_whole() {
            let missing = segment.end - segment.at();
            let most = usize::try_from(missing).map_or(BUFFER, |missing| missing.min(BUFFER));
            let count = match body.read(&mut buffer[..most]) {
                Ok(0) if self.bytes.is_none() => return Ok(()),
                Ok(0) => {
                    return Err(Stop::Passing(format!("the connection ended {missing} bytes too early")));
                }
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(body_failure(&error).into()),
            };
            if self.halted() {
                return Ok(());
            }
            segment
                .write(&self.file, &buffer[..count])
                .map_err(|error| Stop::Trouble(cannot_write(&error)))?;
        }
        Ok(())
    }

    fn halted(&self) -> bool {
        self.halt.load(Ordering::Relaxed)
    }
}

fn cannot_write(error: &std::io::Error) -> Trouble {
    Trouble::Lasting(format!("what comes cannot be written: {error}"))
}

/// Why a segment is not filled.
enum Stop {
    /// It may be the next time.
    Passing(String),
    /// It will not be.
    Trouble(Trouble),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Passing(why) => Self::Passing(why),
            Failure::Lasting(why) => Self::Trouble(Trouble::Lasting(why)),
        }
    }
}
