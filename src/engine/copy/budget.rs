//! How much may be on its way at once, and which blob goes next.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Bytes on their way at once, as long as there is more than one blob: many small ones fill the
/// time that a far registry takes to answer, a few big ones fill the line.
const BUDGET: u64 = 128 * 1024 * 1024;
/// So many go side by side whatever their size.
const FEW: usize = 4;

/// What all images of a run share.
#[derive(Debug)]
pub(super) struct Budget {
    jobs: usize,
    used: Mutex<Used>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Used {
    blobs: usize,
    bytes: u64,
}

/// The right of one blob to be on its way.
#[derive(Debug)]
pub(super) struct Permit {
    budget: Arc<Budget>,
    size: u64,
}

impl Budget {
    pub(super) fn new(jobs: usize) -> Arc<Self> {
        Arc::new(Self {
            jobs: jobs.max(1),
            used: Mutex::default(),
            freed: Notify::new(),
        })
    }

    /// Lets a blob of `size` bytes set off, if there is room for it now.
    pub(super) fn take(self: &Arc<Self>, size: u64) -> Option<Permit> {
        let mut used = self.lock();
        let few = used.blobs < FEW.min(self.jobs);
        let room = used.blobs < self.jobs && used.bytes.saturating_add(size) <= BUDGET;
        if !(few || room) {
            return None;
        }
        used.blobs += 1;
        used.bytes = used.bytes.saturating_add(size);
        Some(Permit {
            budget: Arc::clone(self),
            size,
        })
    }

    /// Waits until something has arrived. To be enabled before [`Budget::take`] is tried, so that
    /// what arrives in between is not missed.
    pub(super) fn freed(&self) -> Notified<'_> {
        self.freed.notified()
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut used = self.budget.lock();
        used.blobs -= 1;
        used.bytes = used.bytes.saturating_sub(self.size);
        drop(used);
        self.budget.freed.notify_waiters();
    }
}

/// The blobs of one image that wait, biggest first, so that the last one to finish is small.
pub(super) struct Queue {
    waiting: VecDeque<(usize, u64)>,
}

impl Queue {
    /// `blobs`: their positions and sizes.
    pub(super) fn new(blobs: impl Iterator<Item = (usize, u64)>) -> Self {
        let mut waiting: Vec<_> = blobs.collect();
        waiting.sort_by_key(|&(position, size)| (std::cmp::Reverse(size), position));
        Self {
            waiting: waiting.into(),
        }
    }

    /// Whether none waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The next blob that may set off now.
    pub(super) fn next(&mut self, budget: &Arc<Budget>) -> Option<(usize, Permit)> {
        let &(position, size) = self.waiting.front()?;
        let permit = budget.take(size)?;
        self.waiting.pop_front();
        Some((position, permit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(sizes: &[u64]) -> Queue {
        Queue::new(sizes.iter().copied().enumerate())
    }

    fn started(queue: &mut Queue, budget: &Arc<Budget>) -> Vec<(usize, Permit)> {
        std::iter::from_fn(|| queue.next(budget)).collect()
    }

    #[test]
    fn the_biggest_goes_first() {
        let started = started(&mut queue(&[1, 3, 2]), &Budget::new(8));
        let order: Vec<usize> = started.iter().map(|(position, _)| *position).collect();
        assert_eq!(order, [1, 2, 0]);
    }

    #[test]
    fn many_small_ones_and_few_big_ones_go_at_once() {
        let small = started(&mut queue(&[1 << 20; 60]), &Budget::new(48));
        assert_eq!(small.len(), 48);
        let (mut big, budget) = (queue(&[1 << 30; 60]), Budget::new(48));
        let mut on_their_way = started(&mut big, &budget);
        assert_eq!(on_their_way.len(), FEW);
        on_their_way.pop();
        assert_eq!(started(&mut big, &budget).len(), 1);
    }

    #[test]
    fn the_user_may_want_fewer() {
        assert_eq!(started(&mut queue(&[1; 9]), &Budget::new(2)).len(), 2);
    }

    #[test]
    fn images_share_the_room() {
        let budget = Budget::new(3);
        let (mut one, mut other) = (queue(&[1; 2]), queue(&[1; 2]));
        let first = started(&mut one, &budget);
        let second = started(&mut other, &budget);
        assert_eq!((first.len(), second.len()), (2, 1));
        assert!(one.is_empty() && !other.is_empty());
        drop(first);
        assert_eq!(started(&mut other, &budget).len(), 1);
    }
}
