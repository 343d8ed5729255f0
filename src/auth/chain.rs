//! Several sources one after the other, and the credentials that were typed.

use crate::auth::credential::{Credential, CredentialError, CredentialSource, Found, Subject};
use crate::auth::key::Key;
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Asks its sources in order; the first that has a credential decides, the first that is broken
/// ends the search. Answers are remembered.
pub struct Chain {
    sources: Vec<Arc<dyn CredentialSource>>,
    answers: Mutex<HashMap<Subject, Option<Found>>>,
}

impl Chain {
    /// A chain of `sources`, the most important first.
    pub fn new(sources: Vec<Arc<dyn CredentialSource>>) -> Self {
        Self {
            sources,
            answers: Mutex::default(),
        }
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<Subject, Option<Found>>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, subject: &Subject) -> Result<Option<Found>, CredentialError> {
        for source in &self.sources {
            if let Some(found) = source.credential(subject).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

#[async_trait]
impl CredentialSource for Chain {
    fn name(&self) -> String {
        let names: Vec<String> = self.sources.iter().map(|source| source.name()).collect();
        names.join(", ")
    }

    async fn credential(&self, subject: &Subject) -> Result<Option<Found>, CredentialError> {
        let known = self.answers().get(subject).cloned();
        if let Some(answer) = known {
            return Ok(answer);
        }
        let answer = self.ask(subject).await?;
        self.answers().insert(subject.clone(), answer.clone());
        Ok(answer)
    }

    fn forget(&self, subject: &Subject, rejected: &Credential) {
        let mut answers = self.answers();
        let known = answers.get(subject).and_then(Option::as_ref);
        if known.is_some_and(|found| found.credential == *rejected) {
            answers.remove(subject);
        }
        drop(answers);
        for source in &self.sources {
            source.forget(subject, rejected);
        }
    }
}

/// Credentials that are at hand: typed, or from variables. The longest path wins.
pub struct Fixed {
    name: String,
    entries: Vec<(Key, Found)>,
}

impl Fixed {
    /// A source without credentials that people call `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            entries: Vec::new(),
        }
    }

    /// Adds a credential for `key`, found at `origin`.
    pub fn with(mut self, key: Key, credential: Credential, origin: impl Into<String>) -> Self {
        let origin = origin.into();
        self.entries.push((key, Found { credential, origin }));
        self
    }

    /// Whether there is no credential at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[async_trait]
impl CredentialSource for Fixed {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn credential(&self, subject: &Subject) -> Result<Option<Found>, CredentialError> {
        let wanted = Key::from(subject);
        let covering = self.entries.iter().filter(|(key, _)| key.covers(&wanted));
        // `max_by_key` takes the last of equals, and the first one shall win.
        let best = covering.rev().max_by_key(|(key, _)| key.depth());
        Ok(best.map(|(_, found)| found.clone()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::oci::reference::Repository;
    use crate::transport::secret::Secret;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn fixed(name: &str, keys: &[&str]) -> Fixed {
        keys.iter().fold(Fixed::new(name), |fixed, key| {
            let credential = Credential::Identity(Secret::new(*key));
            fixed.with(key.parse().unwrap(), credential, format!("{name} {key}"))
        })
    }

    fn repository(host: &str, name: &str) -> Subject {
        Subject::Repository(Repository {
            host: host.parse().unwrap(),
            name: name.parse().unwrap(),
        })
    }

    async fn origin(source: &dyn CredentialSource, subject: &Subject) -> String {
        let found = source.credential(subject).await.unwrap();
        found.map_or(String::new(), |found| found.origin)
    }

    /// Fails for `broken.io`, has nothing else, and counts how often it is asked.
    struct Counting(AtomicUsize);

    #[async_trait]
    impl CredentialSource for Counting {
        fn name(&self) -> String {
            "counting".to_owned()
        }

        async fn credential(&self, subject: &Subject) -> Result<Option<Found>, CredentialError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            match subject {
                Subject::Host(host) if host.as_str() == "broken.io" => {
                    Err(CredentialError::Malformed {
                        origin: "counting".to_owned(),
                        reason: "broken".to_owned(),
                    })
                }
                _ => Ok(None),
            }
        }
    }

    #[tokio::test]
    async fn the_longest_path_wins_and_among_equals_the_first() {
        let keys = ["reg.io", "reg.io/team", "https://reg.io/v2/", "docker.io"];
        let source = fixed("typed", &keys);
        for (host, name, expected) in [
            ("reg.io", "team/app", "typed reg.io/team"),
            ("reg.io", "team2/app", "typed reg.io"),
            ("reg.io.evil.com", "team/app", ""),
            ("index.docker.io", "library/app", "typed docker.io"),
        ] {
            assert_eq!(origin(&source, &repository(host, name)).await, expected);
        }
        let whole = Subject::Host("reg.io".parse().unwrap());
        assert_eq!(origin(&source, &whole).await, "typed reg.io");
    }

    #[tokio::test]
    async fn the_first_source_that_has_one_decides() {
        let first = Arc::new(fixed("first", &["a.io"]));
        let second = Arc::new(fixed("second", &["a.io/team", "b.io"]));
        let chain = Chain::new(vec![first, second]);
        for (host, expected) in [
            ("a.io", "first a.io"),
            ("b.io", "second b.io"),
            ("c.io", ""),
        ] {
            assert_eq!(
                origin(&chain, &repository(host, "team/app")).await,
                expected
            );
        }
        assert_eq!(chain.name(), "first, second");
    }

    #[tokio::test]
    async fn answers_are_remembered_until_forgotten_and_errors_are_not() {
        let counting = Arc::new(Counting(AtomicUsize::new(0)));
        let asked = || counting.0.load(Ordering::Relaxed);
        let chain = Chain::new(vec![
            counting.clone(),
            Arc::new(fixed("last", &["broken.io", "known.io"])),
        ]);
        let subject = repository("a.io", "app");
        for _ in 0..3 {
            assert_eq!(chain.credential(&subject).await.unwrap(), None);
        }
        assert_eq!(asked(), 1);
        let subject = repository("known.io", "app");
        let found = chain.credential(&subject).await.unwrap().unwrap();
        let another = Credential::Identity(Secret::new("another"));
        for (rejected, times) in [(&another, 2), (&found.credential, 3)] {
            chain.forget(&subject, rejected);
            assert!(chain.credential(&subject).await.unwrap().is_some());
            assert_eq!(asked(), times);
        }
        let broken = Subject::Host("broken.io".parse().unwrap());
        for _ in 0..2 {
            assert!(chain.credential(&broken).await.is_err());
        }
        assert_eq!(asked(), 5);
    }
}
