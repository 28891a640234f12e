//! The order in which training sees a set: one permutation after the other, cut into full batches.

use std::cell::RefCell;

use crate::random::Streams;

/// An endless order of a set's pictures. What stands at a position is a function of the streams and the position alone, so
/// training can resume anywhere.
#[derive(Debug)]
pub(crate) struct Order {
    streams: Streams,
    count: usize,
    /// The permutation of the last epoch that was asked for.
    epoch: RefCell<Option<(u64, Vec<i64>)>>,
}

impl Order {
    /// The order of `count` pictures, which are not none.
    pub(crate) fn new(streams: Streams, count: usize) -> Self {
        Self { streams, count, epoch: RefCell::new(None) }
    }

    /// The pictures at positions from `first` on, each with its epoch.
    pub(crate) fn at(&self, first: u64, length: usize) -> Vec<(i64, u64)> {
        let count = self.count as u64;
        let mut current = self.epoch.borrow_mut();
        let mut picked = Vec::with_capacity(length);
        for position in first..first + length as u64 {
            let epoch = position / count;
            if current.as_ref().is_none_or(|(own, _)| *own != epoch) {
                *current = Some((epoch, self.streams.permutation("order", epoch, self.count)));
            }
            if let Some((_, order)) = &*current {
                picked.push((order[(position % count) as usize], epoch));
            }
        }
        picked
    }
}
