//! Which blob goes next.

use crate::oci::Descriptor;
use std::collections::VecDeque;

/// Bytes on their way at once, as long as there is more than one blob: many small ones fill the
/// time that a far registry takes to answer, a few big ones fill the line.
const BUDGET: u64 = 128 * 1024 * 1024;
/// So many go side by side whatever their size.
const FEW: usize = 4;

/// Blobs that wait, biggest first, so that the last one to finish is small.
pub(super) struct Queue {
    waiting: VecDeque<(usize, u64)>,
    jobs: usize,
    running: usize,
    bytes: u64,
}

impl Queue {
    pub(super) fn new(blobs: &[Descriptor], jobs: usize) -> Self {
        let mut waiting: Vec<_> = blobs.iter().map(Descriptor::size).enumerate().collect();
        waiting.sort_by_key(|&(position, size)| (std::cmp::Reverse(size), position));
        Self {
            waiting: waiting.into(),
            jobs: jobs.max(1),
            running: 0,
            bytes: 0,
        }
    }

    /// The next blob that may set off now.
    pub(super) fn next(&mut self) -> Option<usize> {
        let &(position, size) = self.waiting.front()?;
        let few = self.running < FEW.min(self.jobs);
        let room = self.running < self.jobs && self.bytes + size <= BUDGET;
        if !(few || room) {
            return None;
        }
        self.waiting.pop_front();
        self.running += 1;
        self.bytes += size;
        Some(position)
    }

    /// A blob of `size` bytes has arrived.
    pub(super) fn done(&mut self, size: u64) {
        self.running -= 1;
        self.bytes -= size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::MediaType;
    use crate::oci::digest::sha256;

    fn blobs(sizes: &[u64]) -> Vec<Descriptor> {
        let blob =
            |&size: &u64| Descriptor::new(MediaType::ImageLayer, size, sha256(&size.to_be_bytes()));
        sizes.iter().map(blob).collect()
    }

    fn started(queue: &mut Queue) -> Vec<usize> {
        std::iter::from_fn(|| queue.next()).collect()
    }

    #[test]
    fn the_biggest_goes_first() {
        let mut queue = Queue::new(&blobs(&[1, 3, 2]), 8);
        assert_eq!(started(&mut queue), [1, 2, 0]);
    }

    #[test]
    fn many_small_ones_and_few_big_ones_go_at_once() {
        let mut small = Queue::new(&blobs(&[1 << 20; 60]), 48);
        assert_eq!(started(&mut small).len(), 48);
        let mut big = Queue::new(&blobs(&[1 << 30; 60]), 48);
        assert_eq!(started(&mut big).len(), FEW);
        big.done(1 << 30);
        assert_eq!(started(&mut big).len(), 1);
    }

    #[test]
    fn the_user_may_want_fewer() {
        let mut queue = Queue::new(&blobs(&[1; 9]), 2);
        assert_eq!(started(&mut queue).len(), 2);
    }
}
