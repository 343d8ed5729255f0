//! Results in the order of what was asked for, though they come in any.

use super::row::Outcome;
use std::collections::BTreeMap;

/// Hands results on in their order. What still waits for an earlier one when the command is cut
/// short is handed on then: it is done, and must not be lost.
pub(super) struct InOrder<F: FnMut(Outcome)> {
    next: usize,
    waiting: BTreeMap<usize, Vec<Outcome>>,
    take: F,
}

impl<F: FnMut(Outcome)> InOrder<F> {
    /// Hands on to `take`.
    pub(super) fn new(take: F) -> Self {
        Self {
            next: 0,
            waiting: BTreeMap::new(),
            take,
        }
    }

    /// What came of the item at this position, counted from 0.
    pub(super) fn add(&mut self, position: usize, outcomes: Vec<Outcome>) {
        self.waiting.insert(position, outcomes);
        while let Some(outcomes) = self.waiting.remove(&self.next) {
            self.next += 1;
            outcomes.into_iter().for_each(&mut self.take);
        }
    }
}

impl<F: FnMut(Outcome)> Drop for InOrder<F> {
    fn drop(&mut self) {
        for (_, outcomes) in std::mem::take(&mut self.waiting) {
            outcomes.into_iter().for_each(&mut self.take);
        }
    }
}
