//! Remarks for the user that are no errors, each made once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Where remarks go. Clones share what was said already.
#[derive(Clone)]
pub struct Notes {
    say: Arc<dyn Fn(&str) + Send + Sync>,
    said: Arc<Mutex<HashSet<String>>>,
}

impl Notes {
    /// Hands each remark to `say` when it is made for the first time.
    pub fn new(say: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self {
            say: Arc::new(say),
            said: Arc::default(),
        }
    }

    /// For whoever does not want to know.
    pub fn silent() -> Self {
        Self::new(|_| ())
    }

    /// Makes a remark, unless it was made before.
    pub fn say(&self, remark: &str) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = said.insert(remark.to_owned());
        drop(said);
        if is_new {
            (self.say)(remark);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_is_made_once_over_all_clones() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink = heard.clone();
        let notes = Notes::new(move |remark| sink.lock().unwrap().push(remark.to_owned()));
        for remark in ["one", "two", "one"] {
            notes.clone().say(remark);
        }
        assert_eq!(*heard.lock().unwrap(), ["one", "two"]);
    }
}
