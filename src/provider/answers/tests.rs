//! How long answers are kept, and what becomes of those that fail.

use super::*;
use crate::transport::secret::Secret;
use crate::vendor::Kind;
use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::time::{advance, sleep};

/// Gives a new credential each time, after a second.
#[derive(Default)]
struct Minting {
    lifetime: Option<Duration>,
    is_thorough: bool,
    is_broken: AtomicBool,
    is_nobody: AtomicBool,
    is_silent: bool,
    asked: AtomicUsize,
}

impl Minting {
    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn break_down(&self) {
        self.is_broken.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl Provider for Minting {
    async fn mint(&self, _: &Place, effort: Effort) -> Result<Option<Minted>, BoxError> {
        let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        sleep(Duration::from_secs(1)).await;
        if self.is_broken.load(Ordering::Relaxed) {
            return Err(format!("broken {number}").into());
        }
        if self.is_silent {
            std::future::pending::<()>().await;
        }
        let is_nobody = self.is_nobody.load(Ordering::Relaxed);
        if is_nobody || self.is_thorough && effort == Effort::Evident {
            return Ok(None);
        }
        Ok(Some(Minted {
            credential: Credential::Identity(Secret::new(format!("{number}"))),
            origin: format!("{number}"),
            lifetime: self.lifetime,
        }))
    }

    async fn evident(&self, _: &Place, _: Effort) -> Option<String> {
        None
    }
}

fn place(host: &str) -> Place {
    Place {
        host: host.parse().unwrap(),
        kind: Kind::Ecr,
        aws_profile: None,
    }
}

async fn ask(answers: &Answers, minting: &Minting, effort: Effort) -> String {
    match answers.get(&place("a.io"), minting, effort).await {
        Ok(found) => found.map_or(String::new(), |found| found.origin),
        Err(error) => error.to_string(),
    }
}

fn lasting(hours: u64) -> Minting {
    Minting {
        lifetime: Some(Duration::from_hours(hours)),
        ..Minting::default()
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_kept_to_half_its_life() {
    let (answers, minting) = (Answers::default(), lasting(12));
    for (after, expected) in [(0, "1"), (5, "1"), (1, "2"), (5, "2"), (2, "3")] {
        advance(Duration::from_hours(after)).await;
        assert_eq!(ask(&answers, &minting, Effort::Thorough).await, expected);
    }
    let endless = Minting::default();
    let answers = Answers::default();
    for _ in 0..3 {
        advance(Duration::from_hours(1000)).await;
        assert_eq!(ask(&answers, &endless, Effort::Evident).await, "1");
    }
}

#[tokio::test(start_paused = true)]
async fn many_who_ask_at_once_share_one_answer() {
    for is_broken in [false, true] {
        let (answers, minting) = (Answers::default(), Minting::default());
        minting.is_broken.store(is_broken, Ordering::Relaxed);
        let asking = (0..20).map(|_| ask(&answers, &minting, Effort::Thorough));
        let told = futures_util::future::join_all(asking).await;
        assert!(told.iter().all(|told| told.ends_with('1')), "{told:?}");
        assert_eq!(minting.asked(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn none_is_asked_for_again_with_more_effort_and_no_more_than_once() {
    let answers = Answers::default();
    let minting = Minting {
        is_thorough: true,
        ..Minting::default()
    };
    for (effort, expected, asked) in [
        (Effort::Evident, "", 1),
        (Effort::Evident, "", 1),
        (Effort::Thorough, "2", 2),
        (Effort::Thorough, "2", 2),
        (Effort::Evident, "2", 2),
    ] {
        assert_eq!(ask(&answers, &minting, effort).await, expected);
        assert_eq!(minting.asked(), asked);
    }
}

#[tokio::test(start_paused = true)]
async fn who_failed_is_asked_again_after_a_while() {
    let (answers, minting) = (Answers::default(), Minting::default());
    minting.break_down();
    for (after, expected) in [(0, "broken 1"), (50, "broken 1"), (10, "broken 2")] {
        advance(Duration::from_secs(after)).await;
        assert_eq!(ask(&answers, &minting, Effort::Thorough).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_good_still_is_used_where_no_other_is_to_be_had() {
    let (answers, minting) = (Answers::default(), lasting(12));
    assert_eq!(ask(&answers, &minting, Effort::Thorough).await, "1");
    minting.break_down();
    for (hours, asked) in [(7, 2), (0, 2), (4, 3)] {
        advance(Duration::from_hours(hours)).await;
        assert_eq!(ask(&answers, &minting, Effort::Thorough).await, "1");
        assert_eq!(minting.asked(), asked);
    }
    advance(Duration::from_hours(1)).await;
    assert_eq!(ask(&answers, &minting, Effort::Thorough).await, "broken 4");
}

#[tokio::test(start_paused = true)]
async fn somebody_does_not_become_nobody() {
    let (answers, minting) = (Answers::default(), lasting(12));
    assert_eq!(ask(&answers, &minting, Effort::Thorough).await, "1");
    minting.is_nobody.store(true, Ordering::Relaxed);
    for (hours, asked) in [(7, 2), (4, 3)] {
        advance(Duration::from_hours(hours)).await;
        assert_eq!(ask(&answers, &minting, Effort::Thorough).await, "1");
        assert_eq!(minting.asked(), asked);
    }
    advance(Duration::from_hours(1)).await;
    let gone = ask(&answers, &minting, Effort::Thorough).await;
    assert_eq!(gone, "1 is no longer to be found");
    minting.is_nobody.store(false, Ordering::Relaxed);
    advance(FAILED).await;
    assert_eq!(ask(&answers, &minting, Effort::Thorough).await, "5");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_looked_for_again_after_a_while_where_others_were_asked() {
    for (effort, expected) in [(Effort::Thorough, "2"), (Effort::Evident, "")] {
        let (answers, minting) = (Answers::default(), Minting::default());
        minting.is_nobody.store(true, Ordering::Relaxed);
        assert_eq!(ask(&answers, &minting, effort).await, "");
        minting.is_nobody.store(false, Ordering::Relaxed);
        assert_eq!(ask(&answers, &minting, effort).await, "");
        advance(FAILED).await;
        assert_eq!(ask(&answers, &minting, effort).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn who_found_it_with_more_effort_looks_for_it_again_with_as_much() {
    let answers = Answers::default();
    let minting = Minting {
        is_thorough: true,
        ..lasting(1)
    };
    assert_eq!(ask(&answers, &minting, Effort::Thorough).await, "1");
    advance(Duration::from_hours(2)).await;
    assert_eq!(ask(&answers, &minting, Effort::Evident).await, "2");
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever() {
    let answers = Answers::default();
    let minting = Minting {
        is_silent: true,
        ..Minting::default()
    };
    let began = Instant::now();
    let told = ask(&answers, &minting, Effort::Thorough).await;
    assert_eq!(told, "no credential came within 31 seconds");
    assert_eq!(began.elapsed().as_secs(), 31);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_while_somebody_looks_is_forgotten() {
    let (answers, minting) = (Answers::default(), Minting::default());
    assert_eq!(ask(&answers, &minting, Effort::Thorough).await, "1");
    let slot = answers.slot(&place("a.io"));
    let reading = slot.known.lock().await;
    answers.forget(&place("a.io"), &Credential::Identity(Secret::new("1")));
    drop(reading);
    assert_eq!(ask(&answers, &minting, Effort::Thorough).await, "2");
}

#[tokio::test(start_paused = true)]
async fn only_what_was_found_is_forgotten() {
    let (answers, minting) = (Answers::default(), Minting::default());
    assert_eq!(ask(&answers, &minting, Effort::Thorough).await, "1");
    for (rejected, place, expected) in [
        ("another", place("a.io"), "1"),
        ("1", place("b.io"), "1"),
        ("1", place("a.io"), "2"),
    ] {
        let rejected = Credential::Identity(Secret::new(rejected));
        answers.forget(&place, &rejected);
        assert_eq!(ask(&answers, &minting, Effort::Thorough).await, expected);
    }
}
