//! Copying the tags of a repository.

use super::super::failure::{Usage, at, kinds};
use super::super::image::glob;
use super::super::tag::partial;
use super::explain::{counted, explained};
use super::order::InOrder;
use super::row::{Copied, Outcome};
use super::{Job, Late};
use crate::engine::list::{self, lists_referrers};
use crate::oci::reference::{Reference, Tag, Target};
use crate::store::Error;
use crate::term::exit::{Hint, report};
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Images that are compared and copied at once.
const AT_ONCE: usize = 32;

/// Which tags to copy: none where not all tags, nor some, were asked for.
pub(super) fn selection(
    all: bool,
    tags: &[String],
    exclude: &[String],
    omit_digest_tags: bool,
) -> anyhow::Result<Option<list::Options>> {
    if !all && tags.is_empty() {
        return if exclude.is_empty() {
            Ok(None)
        } else {
            let what = "`--exclude` goes with `--all-tags` or `--tags`".to_owned();
            Err(Usage(what).into())
        };
    }
    let globs = |flag: &str, typed: &[String]| {
        let globs = typed.iter().map(|typed| glob(flag, typed));
        globs.collect::<anyhow::Result<Vec<_>>>()
    };
    let names = list::Names {
        filter: globs("--tags", tags)?,
        exclude: globs("--exclude", exclude)?,
        // What is attached goes along with what it is attached to.
        omit_digest_tags,
    };
    Ok(Some(list::Options {
        names,
        ..list::Options::default()
    }))
}

/// How many tags had which end.
#[derive(Default)]
struct Counts {
    copied: usize,
    unchanged: usize,
    kept: usize,
    lists: usize,
    new_indexes: usize,
}

impl Counts {
    fn count(&mut self, row: &Copied) {
        let is_copied = row.changed || (row.dry_run && row.is_new);
        let count = if is_copied {
            &mut self.copied
        } else {
            &mut self.unchanged
        };
        *count += 1;
        self.new_indexes += usize::from(row.chosen_from.is_some());
    }
}

impl Job<'_> {
    /// Copies the tags that are selected, in the source's order.
    pub(super) async fn tags(&self, selection: &list::Options) -> anyhow::Result<()> {
        self.refuse_names()?;
        let output = &self.app.output;
        output.list();
        let source = self.run.source();
        let listed = list::tags(&**source, selection).await;
        let listed = listed.map_err(at(self.run.source().location()))?.peekable();
        let mut listed = std::pin::pin!(listed);
        tokio::join!(listed.as_mut().peek(), self.run.list_destinations());
        let (mut counts, lists) = (Counts::default(), AtomicUsize::new(0));
        let tags = listed
            .try_filter(|tag| {
                let is_list = lists_referrers(tag);
                lists.fetch_add(usize::from(is_list), Ordering::Relaxed);
                std::future::ready(!is_list)
            })
            .enumerate();
        let (mut failed, mut total, mut written) = (Vec::new(), 0, Ok(()));
        let ends = Mutex::new(InOrder::new(|end| {
            total += 1;
            match end {
                Outcome::There(row) => {
                    counts.count(&row);
                    if written.is_ok() {
                        written = output.row(&*row);
                    }
                }
                Outcome::Kept(error) => {
                    counts.kept += 1;
                    output.note(&error.to_string());
                }
                Outcome::Failed(error) => failed.push(error),
            }
        }));
        let told = |position: usize, outcomes| {
            let mut ends = ends.lock().unwrap_or_else(PoisonError::into_inner);
            ends.add(position, outcomes);
        };
        let broken = self.copy_all(tags, &told).await;
        drop(ends);
        written?;
        let mut failures = Vec::new();
        for error in failed {
            failures.push(explained(error, &self.run, None).await);
        }
        counts.lists = lists.into_inner();
        self.app.finish_progress();
        self.sum_up(total, &counts);
        if let Some(error) = broken {
            // How many tags there are is not known then.
            let kinds = kinds();
            let tell = |failure| report(failure, &kinds, output);
            failures.iter().map(tell).for_each(drop);
            return Err(explained(error, &self.run, None).await);
        }
        partial(failures, total, "tags were not copied", self.app)
    }

    /// Copies all of them. What some places are late for comes after everything else, also in what
    /// is told. Returns why the list broke off, if it did.
    async fn copy_all(
        &self,
        tags: impl Stream<Item = (usize, Result<Tag, Error>)>,
        told: &(dyn Fn(usize, Vec<Outcome>) + Sync),
    ) -> Option<Error> {
        let (mut broken, mut late, mut told_of) = (None, Vec::new(), 0);
        let copy = async |(position, tag)| Ok((position, self.tag(position, tag?, told).await));
        let mut copies = pin!(tags.map(copy).buffer_unordered(AT_ONCE));
        while let Some(copied) = copies.next().await {
            match copied {
                Ok((position, left)) => {
                    told_of = told_of.max((position + 1) * self.places.len());
                    late.extend(left.map(|left| (position, left)));
                }
                Err(error) => broken = Some(error),
            }
        }
        late.sort_unstable_by_key(|(position, _)| *position);
        let copies = late.into_iter().map(|(_, late)| {
            let first = told_of;
            told_of += late.places.len();
            self.late_tag(first, late, told)
        });
        let copies: Vec<_> = copies.collect();
        let copies = stream::iter(copies).buffer_unordered(AT_ONCE);
        copies.collect::<()>().await;
        broken
    }

    /// Copies one tag. Each place has a position of its own, so that it is told of when it is done,
    /// though another hangs. Returns what is left for later.
    async fn tag(
        &self,
        position: usize,
        tag: Tag,
        told: &(dyn Fn(usize, Vec<Outcome>) + Sync),
    ) -> Option<Late> {
        let wanted = Target::Tag(tag);
        let first = position * self.places.len();
        let nothing = |place| told(first + place, Vec::new());
        let from = self.from.location.reference(&wanted);
        let mut told_place = |place: usize, outcomes| told(first + place, naming(outcomes, &from));
        let copied = self.copy_in_time(&from, &wanted, &mut told_place).await;
        match copied {
            Ok(late) => {
                let places = late.iter().flat_map(|late| &late.places);
                places.copied().for_each(nothing);
                late
            }
            Err(error) => {
                told(first, naming(vec![Outcome::Failed(error)], &from));
                (1..self.places.len()).for_each(nothing);
                None
            }
        }
    }

    /// Copies a tag to places that were late, which are told of from position `first` on.
    async fn late_tag(
        &self,
        first: usize,
        late: Late,
        told: &(dyn Fn(usize, Vec<Outcome>) + Sync),
    ) {
        let (places, from) = (late.places.clone(), late.from.clone());
        let mut told = |place: usize, outcomes| {
            let offset = places.iter().position(|late| *late == place);
            told(first + offset.unwrap_or_default(), naming(outcomes, &from));
        };
        self.copy_late(late, &mut told).await;
    }

    /// Tags keep their names: neither side has one of its own.
    fn refuse_names(&self) -> anyhow::Result<()> {
        let named = self
            .places
            .iter()
            .find(|p| p.targets.iter().any(Option::is_some));
        let what = match (self.from.target(), named) {
            (Some(_), _) => format!("{} is an image, where all its tags are wanted", self.from),
            (None, Some(place)) => format!(
                "{} is given a tag, where each tag keeps its name",
                place.location
            ),
            (None, None) => return Ok(()),
        };
        let hint = "leave out the tag: `--tags GLOB` selects some".to_owned();
        Err(anyhow::Error::new(Usage(what)).context(Hint(hint)))
    }

    fn sum_up(&self, total: usize, counts: &Counts) {
        let output = &self.app.output;
        let Counts {
            copied,
            unchanged,
            kept,
            lists,
            new_indexes,
        } = counts;
        if total == 0 {
            output.warn("nothing there, or nothing that matches");
        } else {
            let verb = if self.dry_run {
                "to be copied"
            } else {
                "copied"
            };
            let left = if *kept > 0 {
                format!(", {kept} left alone")
            } else {
                String::new()
            };
            let all = counted(total, "tag", "tags");
            output.status(&format!(
                "{all}: {copied} {verb}, {unchanged} up to date{left}"
            ));
        }
        if *new_indexes > 0 {
            let indexes = counted(*new_indexes, "new index", "new indexes");
            output.note(&format!(
                "{indexes}: what signs the old ones does not cover them (`chosen_from` in JSON)"
            ));
        }
        if *lists > 0 {
            let lists = counted(*lists, "list", "lists");
            output.note(&format!(
                "{lists} of what is attached to images (`sha256-…`) left out; `--referrers` takes along what is attached"
            ));
        }
    }
}

/// Of many tags, a failure says which was copied; one of a blob knows no tag by itself.
fn naming(outcomes: Vec<Outcome>, from: &Reference) -> Vec<Outcome> {
    let tag = from.tag.as_ref().map(|tag| format!(":{tag}"));
    let is_named = |error: &Error| {
        let (text, tag) = (error.to_string(), tag.as_deref().unwrap_or_default());
        text.split_whitespace()
            .any(|word| word.trim_end_matches([':', ',']).ends_with(tag))
    };
    let named = |outcome| match outcome {
        Outcome::Failed(error) if !is_named(&error) => {
            let what = format!("cannot copy {from}");
            Outcome::Failed(Error::caused(error.kind(), what, error))
        }
        outcome => outcome,
    };
    outcomes.into_iter().map(named).collect()
}
