//! Where pictures come from.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

use crate::{
    decode::{Decoder, Header},
    loader::LoadError,
    raster::Raster,
    region::Region,
};

/// Pictures with classes, in a fixed order.
pub trait Source: Send + Sync {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The class of a picture.
    fn label(&self, index: usize) -> u32;

    /// What to call a picture in errors, such as its path inside of a folder.
    fn name(&self, index: usize) -> String;

    /// Appends a picture's file to `bytes`, which is empty. It is called from many threads at once.
    ///
    /// # Errors
    /// If it cannot be read.
    fn read(&self, index: usize, bytes: &mut Vec<u8>) -> io::Result<()>;

    /// The picture, if it was decoded already; it is not read then.
    fn decoded(&self, _index: usize) -> Option<&Raster> {
        None
    }
}

/// A source whose pictures were all decoded, for small sets.
pub struct Cached {
    source: Arc<dyn Source>,
    rasters: Vec<Raster>,
}

/// Why pictures were not kept decoded.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// There are too many, or they are too large.
    #[error(
        "the pictures need more than the {budget_bytes} bytes that they may have decoded: do not keep them"
    )]
    TooLarge {
        /// What they may take.
        budget_bytes: u64,
    },
    /// One of them cannot be decoded.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl Cached {
    /// Decodes all pictures on `threads` threads, if together they take no more than `budget_bytes` (three for each pixel).
    ///
    /// # Errors
    /// If they take more, or if one cannot be read or decoded: then that of the lowest number that was come to.
    pub fn new(source: Arc<dyn Source>, budget_bytes: u64, threads: usize) -> Result<Self, CacheError> {
        let count = source.len();
        let (next, used, full) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicBool::new(false));
        let done = Mutex::new(Done { rasters: vec![Raster::default(); count], problem: None });
        let work = || {
            let (mut decoder, mut bytes) = (Decoder::new(), Vec::new());
            while !full.load(Ordering::Relaxed) {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    break;
                }
                let within = |size: u64| used.fetch_add(size, Ordering::Relaxed) + size <= budget_bytes;
                let result = load(&*source, index, &mut decoder, &mut bytes, within);
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                match result {
                    Ok(Some(raster)) => done.rasters[index] = raster,
                    Ok(None) => full.store(true, Ordering::Relaxed),
                    Err(error) => {
                        if done.problem.as_ref().is_none_or(|(first, _)| index < *first) {
                            done.problem = Some((index, error));
                        }
                        break;
                    }
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads.max(1) {
                scope.spawn(work);
            }
            work();
        });
        if full.into_inner() {
            return Err(CacheError::TooLarge { budget_bytes });
        }
        match done.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Done { problem: Some((_, error)), .. } => Err(error.into()),
            Done { rasters, problem: None } => Ok(Self { source, rasters }),
        }
    }
}

/// What the threads have decoded so far.
struct Done {
    rasters: Vec<Raster>,
    /// The error of the lowest number.
    problem: Option<(usize, LoadError)>,
}

/// Decodes a picture, unless its size is refused.
fn load(
    source: &dyn Source,
    index: usize,
    decoder: &mut Decoder,
    bytes: &mut Vec<u8>,
    within: impl Fn(u64) -> bool,
) -> Result<Option<Raster>, LoadError> {
    bytes.clear();
    let name = || source.name(index);
    source.read(index, bytes).map_err(|source| LoadError::Read { name: name(), source })?;
    let error = |source| LoadError::Picture { name: name(), source };
    let header = Header::read(bytes).map_err(error)?;
    if !within(u64::from(header.width) * u64::from(header.height) * 3) {
        return Ok(None);
    }
    let mut raster = Raster::default();
    decoder
        .decode_part(bytes, &header, Region::whole(header.width, header.height), &mut raster)
        .map_err(error)?;
    Ok(Some(raster))
}

impl Source for Cached {
    fn len(&self) -> usize {
        self.rasters.len()
    }

    fn label(&self, index: usize) -> u32 {
        self.source.label(index)
    }

    fn name(&self, index: usize) -> String {
        self.source.name(index)
    }

    fn read(&self, index: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
        self.source.read(index, bytes)
    }

    fn decoded(&self, index: usize) -> Option<&Raster> {
        self.rasters.get(index)
    }
}
