//! What is at the destinations before anything is written. One that is silent holds up no other.

use super::plan::Name;
use super::run::{Destination, Run};
use crate::engine::copy::event::Event;
use crate::engine::guard::{Guard, found};
use crate::oci::Digest;
use crate::oci::reference::Tag;
use crate::store::{Kind, Result};
use futures_util::future::try_join_all;
use futures_util::stream::{FuturesUnordered, StreamExt, TryStreamExt};
use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Who has not answered so long after the first who has is late.
const PATIENCE: Duration = Duration::from_secs(10);
/// More tags of a destination are not kept in mind.
const MOST_TAGS: usize = 200_000;

/// What the names of one destination point to.
pub(super) type Look = Result<Vec<Option<Digest>>>;

/// Which destinations are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Those that answer in time.
    Short,
    /// All of them, until they answer or fail.
    Long,
}

impl Run {
    /// Looks at all destinations that are given names. Nothing is known of those that are late.
    pub(super) async fn looks(&self, names: &[Vec<Name>], patience: Patience) -> Vec<Option<Look>> {
        let nothing = |names: &Vec<Name>| names.is_empty().then(|| Ok(Vec::new()));
        let mut looks: Vec<Option<Look>> = names.iter().map(nothing).collect();
        let all: Vec<usize> = (0..names.len())
            .filter(|to| !names[*to].is_empty())
            .collect();
        let mut patience = self.patience(patience);
        let is_late = |to: &&usize| self.to[**to].is_late.load(Ordering::Relaxed);
        if all.iter().all(|to| is_late(&to)) {
            patience = Patience::Long;
        }
        let asked = all
            .iter()
            .filter(|to| patience == Patience::Long || !is_late(to));
        let asked = asked.map(|&to| async move { (to, self.look_at(to, &names[to]).await) });
        for (to, look) in in_time(asked, patience, |(_, look)| look.is_ok()).await {
            looks[to] = Some(look);
        }
        let late = looks.iter().enumerate().filter(|(_, look)| look.is_none());
        late.for_each(|(to, _)| self.put_off(to));
        looks
    }

    /// Whoever looks at a plan wants to see all of it.
    fn patience(&self, patience: Patience) -> Patience {
        if self.options.only_plans {
            Patience::Long
        } else {
            patience
        }
    }

    async fn look_at(&self, to: usize, names: &[Name]) -> Look {
        try_join_all(names.iter().map(|name| self.look(to, name))).await
    }

    /// What is there before something is written.
    async fn look(&self, to: usize, name: &Name) -> Result<Option<Digest>> {
        if self.lacks_tag(to, &name.target) {
            return Ok(None);
        }
        let store = &self.to[to].store;
        let guarded = self.options.no_clobber || name.guard != Guard::Free;
        let there = found(&**store, &name.target, guarded).await?;
        Ok(there.map(|there| there.digest().clone()))
    }

    /// Lists the tags of all destinations, so that those that are not there need not be asked for
    /// one by one. Where a list cannot be had, or takes much longer than another, they are.
    pub async fn list_destinations(&self) {
        let lists = self.to.iter().map(Self::list);
        in_time(lists, self.patience(Patience::Short), |is_listed| {
            *is_listed
        })
        .await;
    }

    async fn list(to: &Destination) -> bool {
        let listed = to.store.tags().take(MOST_TAGS + 1);
        let tags = match listed.try_collect::<HashSet<Tag>>().await {
            Ok(tags) if tags.len() <= MOST_TAGS => tags,
            // Nobody has written there yet.
            Err(error) if error.kind() == Kind::NotFound => HashSet::new(),
            _ => return false,
        };
        // It was not listed before, and if it was, that is as good.
        let _ = to.tags.set(tags);
        true
    }

    fn put_off(&self, to: usize) {
        let to = &self.to[to];
        if !to.is_late.swap(true, Ordering::Relaxed) {
            let location = to.store.location();
            let text = format!("{location} takes long to answer, and comes after the others");
            self.progress.report(Event::Note(&text));
        }
    }
}

/// The answers that come in time, in any order.
async fn in_time<F: Future>(
    asked: impl Iterator<Item = F>,
    patience: Patience,
    is_answer: impl Fn(&F::Output) -> bool,
) -> Vec<F::Output> {
    let mut asked: FuturesUnordered<F> = asked.collect();
    let mut answers = Vec::new();
    let mut end = None;
    loop {
        let next = asked.next();
        let next = match end {
            Some(end) => timeout_at(end, next).await.ok().flatten(),
            None => next.await,
        };
        let Some(answer) = next else {
            return answers;
        };
        if patience == Patience::Short && end.is_none() && is_answer(&answer) {
            end = Some(Instant::now() + PATIENCE);
        }
        answers.push(answer);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::engine::copy::shelf::{Shelf, Told};
    use crate::engine::copy::{Applied, Options};
    use crate::oci::manifest::Manifest;
    use crate::oci::reference::Target;
    use crate::store::Store;
    use serde_json::{Value, json};
    use std::sync::Arc;

    const INDEX: &str = "application/vnd.oci.image.index.v1+json";

    fn kept(shelf: &Shelf, manifests: &[Value]) -> Manifest {
        let document = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
        let index = Manifest::parse(document.to_string().into(), None).unwrap();
        let digest = index.digest().clone();
        shelf.held().manifests.insert(digest, index.clone());
        index
    }

    /// A source whose `v1` is an index of an index, and two destinations.
    fn places() -> (Arc<Shelf>, [Arc<Shelf>; 2]) {
        let from = Shelf::new("from");
        let child = kept(&from, &[]);
        let (digest, size) = (child.digest().as_ref(), child.bytes().len());
        let entry = json!({"mediaType": INDEX, "size": size, "digest": digest});
        let root = kept(&from, &[entry]);
        let tag = "v1".parse().unwrap();
        from.held().tags.insert(tag, root.digest().clone());
        (from, [Shelf::new("one"), Shelf::new("other")])
    }

    fn run(from: &Arc<Shelf>, to: &[Arc<Shelf>], only_plans: bool) -> Arc<Run> {
        let store = |shelf: &Arc<Shelf>| -> Arc<dyn Store> { Arc::new(Arc::clone(shelf)) };
        Run::new(
            store(from),
            to.iter().map(store).collect(),
            Options {
                only_plans,
                ..Options::default()
            },
            Box::new(|_, _| Guard::Free),
            Arc::new(Told::default()),
        )
    }

    fn names(to: usize) -> (Target, Vec<Vec<Name>>) {
        let target = Target::Tag("v1".parse().unwrap());
        let name = Name {
            target: target.clone(),
            guard: Guard::Free,
            is_sources: true,
        };
        (target, vec![vec![name]; to])
    }

    async fn apply(run: &Arc<Run>, plan: super::super::Plan) {
        let mut told = |_, applied: Result<Applied>| drop(applied.unwrap());
        run.apply(plan, &mut told).await;
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_late_is_left_for_later_and_the_others_are_not_held_up() {
        let (from, to) = places();
        to[1].held().is_silent = Some(|_| true);
        let run = run(&from, &to, false);
        let (target, mut names) = names(2);
        for patience in [PATIENCE, Duration::ZERO] {
            let begun = Instant::now();
            let plan = run.plan(&target, &names, Patience::Short).await.unwrap();
            assert_eq!((&plan.late[..], begun.elapsed()), (&[1][..], patience));
            apply(&run, plan).await;
        }
        assert_eq!(to[0].held().tags, from.held().tags);
        assert!(to[1].held().tags.is_empty());
        to[1].held().is_silent = None;
        names[0].clear();
        let plan = run.plan(&target, &names, Patience::Long).await.unwrap();
        assert!(plan.late.is_empty());
        apply(&run, plan).await;
        assert_eq!(to[1].held().tags, from.held().tags);
    }

    /// Nobody can be late where nobody has answered.
    #[tokio::test(start_paused = true)]
    async fn those_that_all_take_their_time_are_waited_for() {
        let (from, to) = places();
        let run = run(&from, &to, false);
        for shelf in &to {
            shelf.held().is_silent = Some(|_| true);
        }
        let (target, names) = names(2);
        let plan = run.plan(&target, &names, Patience::Short);
        assert!(tokio::time::timeout(PATIENCE * 10, plan).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_looks_at_a_plan_waits_for_all_of_it() {
        let (from, to) = places();
        to[1].held().is_silent = Some(|_| true);
        let run = run(&from, &to, true);
        let (target, names) = names(2);
        let plan = run.plan(&target, &names, Patience::Short);
        assert!(tokio::time::timeout(PATIENCE * 10, plan).await.is_err());
    }
}
