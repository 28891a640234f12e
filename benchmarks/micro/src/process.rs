//! Settings and meters of the whole process.

/// Tells glibc to keep memory that is freed instead of giving it back to the system, as the worker does: a training
/// step frees and asks for the same large blocks again and again, and each time the system would hand out pages of
/// zeros, one fault each.
#[expect(unsafe_code, reason = "a setting of the C library")]
pub fn keep_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: mallopt takes any values, and has no effect on blocks that exist.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30);
            libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        }
    }
}

/// Processor time of all threads of this process so far, in seconds. Unlike the clock it does not count what other
/// processes take, but it counts threads that wait for each other by spinning.
#[must_use]
#[expect(unsafe_code, reason = "a clock of the C library")]
pub fn processor_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is valid for this call. Should it fail, the time stays zero.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
