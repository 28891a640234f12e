//! Memory that is counted, so that a test can say how much of it reading a hostile file may take.

use std::alloc::{GlobalAlloc, Layout, System};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What reading anything may take, however short it is: threads, buffers, and tables of the libraries.
const CONSTANT: usize = 24 << 20;

/// How long reading a few kilobytes may take. A hundred times more than the slowest case on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator with a count of the bytes that are in use. It is for this one program.
struct Counting;

fn took(bytes: usize) {
    let now = NOW.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(now, Ordering::Relaxed);
}

fn gave(bytes: usize) {
    NOW.fetch_sub(bytes, Ordering::Relaxed);
}

#[expect(unsafe_code, reason = "an allocator can be written in no other way")]
// SAFETY: every call is passed on to the system's allocator as it came; counting touches no memory of the caller.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: the caller keeps what `alloc` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: the caller keeps what `alloc_zeroed` asks for.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        gave(layout.size());
        // SAFETY: the block came from the system's allocator, with this layout.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both blocks may be there for a moment.
        took(size);
        // SAFETY: as for `dealloc`, and the caller keeps what `realloc` asks for.
        let new = unsafe { System.realloc(place, layout, size) };
        gave(layout.size());
        new
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Reads `length` bytes of hostile input by calling `read`, in a thread with the stack that threads have by default.
/// Panics if that panics, does not end in time, or has more than `constant + times * length` bytes in use at once.
#[track_caller]
pub(crate) fn bounded_beyond<T: Send>(
    constant: usize,
    length: usize,
    times: usize,
    read: impl FnOnce() -> T + Send,
) -> T {
    // One at a time: the count is of the whole process.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let before = NOW.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let (sender, receiver) = channel();
    let result = std::thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(read));
            let _ = sender.send(());
            result
        });
        if receiver.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            // The scope would wait for the thread, so there is no other end than this.
            eprintln!("{length} bytes were not read within {PATIENCE:?}");
            std::process::abort();
        }
        reader.join()
    });
    let peak = PEAK.load(Ordering::Relaxed).saturating_sub(before);
    let result = match result {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) | Err(panic) => resume_unwind(panic),
    };
    let bound = constant + times * length;
    assert!(peak <= bound, "reading {length} bytes took {peak} bytes of memory; the bound is {bound}");
    result
}

/// The same with a constant that suits most readers.
#[track_caller]
pub(crate) fn bounded<T: Send>(length: usize, times: usize, read: impl FnOnce() -> T + Send) -> T {
    bounded_beyond(CONSTANT, length, times, read)
}

#[test]
fn what_takes_too_much_is_noticed() {
    let take = |bytes: usize| bounded(1000, 8, move || std::hint::black_box(vec![1_u8; bytes]).len());
    assert_eq!(take(CONSTANT / 2), CONSTANT / 2);
    let refused = catch_unwind(|| take(CONSTANT + 9000)).expect_err("too much");
    let text = refused.downcast_ref::<String>().expect("a message");
    assert!(text.contains("reading 1000 bytes took"), "{text}");
    let panicked = catch_unwind(|| bounded(1, 1, || panic!("as the reader did"))).expect_err("a panic");
    assert_eq!(panicked.downcast_ref::<&str>(), Some(&"as the reader did"));
}
