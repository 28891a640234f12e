//! What tests share.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Holds libtorch's generator, which all threads of a process share.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static DRAWING: Mutex<()> = Mutex::new(());
    DRAWING.lock().unwrap_or_else(PoisonError::into_inner)
}
