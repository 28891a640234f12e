//! Batches of pictures in a given order, made ahead on threads.

use std::{
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{
    error::PictureError,
    random::Draw,
    recipe::{RecipeError, View},
    source::Source,
    view::{Normalisation, Picture, Pixel, Viewer},
};

/// A picture to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    /// Its number in its source.
    pub index: usize,
    /// How often it was seen before: what is random in its views follows from this, too.
    pub epoch: u64,
}

impl Pick {
    /// Pictures of one epoch.
    pub fn of_epoch(epoch: u64, indices: impl IntoIterator<Item = usize>) -> Vec<Self> {
        indices.into_iter().map(|index| Self { index, epoch }).collect()
    }
}

/// How pictures are loaded.
#[derive(Clone, Debug)]
pub struct LoaderOptions {
    /// Views of each picture; all with the same side.
    pub views: Vec<View>,
    /// What bytes become, if the batches are `f32`.
    pub normalisation: Normalisation,
    /// The seed of the run's views.
    pub seed: u64,
    /// Pictures of a batch. The last one has what is left.
    pub batch: usize,
    /// Threads that decode.
    pub threads: usize,
    /// Batches in memory, with the one that the consumer has; at least 2.
    pub in_flight: usize,
}

/// Why there is no next batch.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A picture's file could not be read.
    #[error("cannot read the picture {name}")]
    Read {
        /// The picture.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// A picture could not be decoded.
    #[error("the picture {name} cannot be used: {source}")]
    Picture {
        /// The picture.
        name: String,
        /// Why.
        source: PictureError,
    },
    /// The views are not what a batch can be made of.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The options or the order are not.
    #[error("{0}")]
    Options(String),
    /// No thread could be started.
    #[error("cannot start a thread that decodes")]
    Thread(#[source] io::Error),
    /// A thread panicked: an error of this program.
    #[error("a thread that decodes panicked; this is an error of the program, please report it")]
    Panicked,
}

/// A batch, as long as the next one is not asked for.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a, P> {
    /// The pictures.
    pub picks: &'a [Pick],
    /// Their classes.
    pub labels: &'a [u32],
    /// Side of the views in pixels.
    pub side: usize,
    pixels: &'a [P],
}

impl<'a, P> Batch<'a, P> {
    /// One view of all pictures, `[n, 3, side, side]`; none if there is no view of this number.
    #[must_use]
    pub fn view(&self, number: usize) -> Option<&'a [P]> {
        let length = self.picks.len() * 3 * self.side * self.side;
        self.pixels.get(number * length..(number + 1) * length)
    }

    /// All views, `[views, n, 3, side, side]`.
    #[must_use]
    pub fn pixels(&self) -> &'a [P] {
        self.pixels
    }
}

/// Pictures that are being loaded. What it yields does not depend on the number of threads.
///
/// Memory is bounded by `in_flight` batches: threads that are that far ahead wait. Dropping it ends and joins its threads.
pub struct Loader<P: Pixel> {
    shared: Arc<Shared<P>>,
    threads: Vec<JoinHandle<()>>,
    /// The number of the next batch.
    next: usize,
    /// The batch that the consumer has.
    lent: Vec<P>,
    labels: Vec<u32>,
    waited: Duration,
    ended: bool,
}

/// What the threads share.
struct Shared<P> {
    source: Arc<dyn Source>,
    order: Vec<Pick>,
    options: LoaderOptions,
    side: usize,
    state: Mutex<State>,
    /// Told when batches may be begun, or when all is to end.
    room: Condvar,
    /// Told when a batch is ready, or when a thread panicked.
    ready: Condvar,
    slots: Vec<Mutex<Slot<P>>>,
}

struct State {
    /// The next place of the order that nobody works on.
    next: usize,
    /// The first batch that the consumer has not handed back.
    first: usize,
    /// Pictures that are missing, of the batch in each slot.
    missing: Vec<usize>,
    stopping: bool,
    panicked: bool,
}

/// The batch that is being made; batch `b` lies in slot `b` modulo their number.
struct Slot<P> {
    pixels: Vec<P>,
    /// The first place of the order with an error.
    problem: Option<(usize, LoadError)>,
}

impl<P: Pixel> Loader<P> {
    /// Begins to load the pictures `order` of `source`, batch by batch.
    ///
    /// # Errors
    /// If the views do not fit a batch, an option is 0, the order has a number that the source does not, or a thread cannot
    /// be started.
    pub fn new(source: Arc<dyn Source>, order: Vec<Pick>, options: LoaderOptions) -> Result<Self, LoadError> {
        let mut side = None;
        for (index, view) in options.views.iter().enumerate() {
            let own = view.check(&format!("view {index}"))?;
            let first = *side.get_or_insert(own);
            if own != first {
                return Err(RecipeError::Sides(first, own).into());
            }
        }
        let side = side.ok_or(RecipeError::NoView)? as usize;
        for (key, value, least) in [
            ("batch", options.batch, 1),
            ("threads", options.threads, 1),
            ("in_flight", options.in_flight, 2),
        ] {
            if value < least {
                return Err(LoadError::Options(format!("`{key}` is {value}, but must be at least {least}")));
            }
        }
        if let Some(pick) = order.iter().find(|pick| pick.index >= source.len()) {
            let message = format!("the order has picture {}, but there are {}", pick.index, source.len());
            return Err(LoadError::Options(message));
        }
        let batches = order.len().div_ceil(options.batch);
        let slots = options.in_flight.min(batches.max(2));
        let largest = options.batch.min(order.len()) * options.views.len() * 3 * side * side;
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                next: 0,
                first: 0,
                missing: (0..slots).map(|batch| size_of_batch(batch, &order, options.batch)).collect(),
                stopping: false,
                panicked: false,
            }),
            room: Condvar::new(),
            ready: Condvar::new(),
            slots: (0..slots)
                .map(|_| Mutex::new(Slot { pixels: vec![P::default(); largest], problem: None }))
                .collect(),
            source,
            order,
            options,
            side,
        });
        let mut loader = Self {
            threads: Vec::new(),
            next: 0,
            lent: Vec::new(),
            labels: Vec::new(),
            waited: Duration::ZERO,
            ended: false,
            shared,
        };
        for number in 0..loader.shared.options.threads.min(loader.shared.order.len()) {
            let shared = Arc::clone(&loader.shared);
            let thread =
                thread::Builder::new().name(format!("pictures-{number}")).spawn(move || work(&shared));
            // What was started ends as the loader is dropped.
            loader.threads.push(thread.map_err(LoadError::Thread)?);
        }
        Ok(loader)
    }

    /// The next batch; none after the last one, and none after an error.
    ///
    /// # Errors
    /// If one of its pictures could not be used: the first of them in the order.
    pub fn next_batch(&mut self) -> Result<Option<Batch<'_, P>>, LoadError> {
        if self.ended {
            return Ok(None);
        }
        self.hand_back();
        let shared = &*self.shared;
        let number = self.next;
        let start = number * shared.options.batch;
        let count = size_of_batch(number, &shared.order, shared.options.batch);
        if count == 0 {
            self.ended = true;
            return Ok(None);
        }
        let begun = Instant::now();
        let slot = number % shared.slots.len();
        let mut state = lock(&shared.state);
        while state.missing[slot] > 0 && !state.panicked {
            state = shared.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let panicked = state.panicked;
        drop(state);
        self.waited += begun.elapsed();
        if panicked {
            self.ended = true;
            return Err(LoadError::Panicked);
        }
        let mut slot = lock(&shared.slots[slot]);
        if let Some((_, error)) = slot.problem.take() {
            self.ended = true;
            return Err(error);
        }
        self.lent = std::mem::take(&mut slot.pixels);
        drop(slot);
        self.next += 1;
        let picks = &shared.order[start..start + count];
        self.labels.clear();
        self.labels.extend(picks.iter().map(|pick| shared.source.label(pick.index)));
        let pixels = &self.lent[..count * shared.options.views.len() * 3 * shared.side * shared.side];
        Ok(Some(Batch { picks, labels: &self.labels, side: shared.side, pixels }))
    }

    /// How long the consumer had to wait for batches so far.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Gives the memory of the last batch to the batch that comes next in its slot.
    fn hand_back(&mut self) {
        let shared = &*self.shared;
        let Some(last) = self.next.checked_sub(1) else { return };
        let slots = shared.slots.len();
        lock(&shared.slots[last % slots]).pixels = std::mem::take(&mut self.lent);
        let mut state = lock(&shared.state);
        state.first = self.next;
        state.missing[last % slots] = size_of_batch(last + slots, &shared.order, shared.options.batch);
        drop(state);
        shared.room.notify_all();
    }
}

impl<P: Pixel> Drop for Loader<P> {
    fn drop(&mut self) {
        lock(&self.shared.state).stopping = true;
        self.shared.room.notify_all();
        for thread in self.threads.drain(..) {
            // A panic was told already, or nobody asks any more.
            let _ = thread.join();
        }
    }
}

/// Pictures of a batch; 0 for one that there is not.
fn size_of_batch(number: usize, order: &[Pick], batch: usize) -> usize {
    order.len().saturating_sub(number.saturating_mul(batch)).min(batch)
}

/// A lock that outlives a panic: what it guards is consistent at every step, and the panic is told by [`Alarm`].
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells the consumer when its thread panics, so that it does not wait for ever.
struct Alarm<'a, P>(&'a Shared<P>);

impl<P> Drop for Alarm<'_, P> {
    fn drop(&mut self) {
        if thread::panicking() {
            lock(&self.0.state).panicked = true;
            self.0.ready.notify_all();
        }
    }
}

/// What a thread does until there is nothing more to do.
fn work<P: Pixel>(shared: &Shared<P>) {
    let _alarm = Alarm(shared);
    let mut viewer = Viewer::new();
    let (mut bytes, mut pixels) = (Vec::new(), Vec::new());
    while let Some(place) = claim(shared) {
        let result = load(shared, shared.order[place], &mut viewer, &mut bytes, &mut pixels);
        let slot = place / shared.options.batch % shared.slots.len();
        {
            let mut slot = lock(&shared.slots[slot]);
            match result {
                Ok(()) => put(shared, place, &pixels, &mut slot.pixels),
                Err(error) => {
                    if slot.problem.as_ref().is_none_or(|(first, _)| place < *first) {
                        slot.problem = Some((place, error));
                    }
                }
            }
        }
        let mut state = lock(&shared.state);
        state.missing[slot] -= 1;
        if state.missing[slot] == 0 {
            drop(state);
            shared.ready.notify_one();
        }
    }
}

/// The next place of the order, once there is room for its batch.
fn claim<P>(shared: &Shared<P>) -> Option<usize> {
    let mut state = lock(&shared.state);
    loop {
        if state.stopping || state.next == shared.order.len() {
            return None;
        }
        if state.next / shared.options.batch < state.first + shared.slots.len() {
            state.next += 1;
            return Some(state.next - 1);
        }
        state = shared.room.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
}

/// Makes the views of one picture, one after the other.
fn load<P: Pixel>(
    shared: &Shared<P>,
    Pick { index, epoch }: Pick,
    viewer: &mut Viewer,
    bytes: &mut Vec<u8>,
    pixels: &mut Vec<P>,
) -> Result<(), LoadError> {
    let (source, options) = (&*shared.source, &shared.options);
    let length = 3 * shared.side * shared.side;
    pixels.resize(options.views.len() * length, P::default());
    let picture = if let Some(raster) = source.decoded(index) {
        Picture::Decoded(raster)
    } else {
        bytes.clear();
        source
            .read(index, bytes)
            .map_err(|error| LoadError::Read { name: source.name(index), source: error })?;
        Picture::Encoded(bytes)
    };
    let draw = Draw { seed: options.seed, epoch, index: index as u64 };
    viewer
        .make(picture, &options.views, draw, |view, raster| {
            P::write(raster.planes(), &options.normalisation, &mut pixels[view * length..][..length]);
        })
        .map_err(|error| LoadError::Picture { name: source.name(index), source: error })
}

/// Copies the views of the picture at `place` into its batch, `[views, n, 3, side, side]`.
fn put<P: Pixel>(shared: &Shared<P>, place: usize, pixels: &[P], batch: &mut [P]) {
    let length = 3 * shared.side * shared.side;
    let number = place / shared.options.batch;
    let count = size_of_batch(number, &shared.order, shared.options.batch);
    let row = place % shared.options.batch;
    for (view, pixels) in pixels.chunks_exact(length).enumerate() {
        batch[(view * count + row) * length..][..length].copy_from_slice(pixels);
    }
}
