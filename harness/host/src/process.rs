//! What this process holds, and how it ends.

use std::io::Write;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Threads of this process; 0 where the system does not tell.
#[must_use]
pub fn thread_count() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// Bytes of the C heap that are in use; `None` where the C library does not tell. Tensors on a CPU lie there, too.
#[must_use]
pub fn allocated_bytes() -> Option<u64> {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        use libloading::os::unix::Library;
        // SAFETY: the symbol, where there is one, is glibc's function (2.33 and newer), which takes nothing and returns the
        // structure of this name. It is looked up so that older systems lack a check and not the whole program.
        let info = unsafe {
            let symbol = Library::this().get::<unsafe extern "C" fn() -> libc::mallinfo2>(c"mallinfo2");
            symbol.ok()?()
        };
        Some((info.uordblks + info.hblkhd) as u64)
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    None
}

/// Lets out what streams of C hold back. A thread that a plugin left behind may hold the lock of one for ever; then what that stream
/// and those after it hold back is given up after a second.
pub fn flush_streams() {
    let (done, flushed) = mpsc::channel();
    let flush = move || {
        // SAFETY: no stream means all of them.
        unsafe {
            libc::fflush(std::ptr::null_mut());
        }
        // Who waited may have given up.
        let _ = done.send(());
    };
    if thread::Builder::new().spawn(flush).is_ok() {
        let _ = flushed.recv_timeout(Duration::from_secs(1));
    }
}

/// Ends the process at once, after [`flush_streams`].
///
/// Functions registered for the exit and destructors of static objects are left out. Those of libtorch take back each registered operator,
/// for a fourth of the time that a process without work takes, and those of a plugin could still crash a stage that has ended well.
pub fn leave(code: u8) -> ! {
    // Nobody is left to tell.
    let _ = std::io::stdout().flush();
    flush_streams();
    // SAFETY: nothing of this process is needed any more, and what `_exit` leaves out is not to run.
    unsafe { libc::_exit(i32::from(code)) }
}
