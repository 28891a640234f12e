//! What this process holds.

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
