//! A repository's images, with what the registry knows of them.

use super::super::failure::at;
use super::Order;
use crate::app::App;
use crate::engine::images::{self, Entry, Options, entries};
use crate::engine::list::Names;
use crate::inventory::Detail;
use crate::oci::Digest;
use crate::oci::platform;
use crate::oci::reference::{Location, Target};
use crate::term::output::Row;
use crate::term::page::{Align, Page};
use futures_util::stream::StreamExt;
use indicatif::BinaryBytes;
use jiff::Timestamp;
use serde::Serialize;
use std::fmt;

/// Which images, and how they are printed.
pub(super) struct Wanted {
    pub(super) names: Names,
    pub(super) untagged: bool,
    pub(super) order: Option<Order>,
    pub(super) limit: Option<usize>,
    pub(super) long: bool,
    pub(super) full_ref: bool,
}

/// What is printed of an image.
#[derive(Debug, Serialize)]
struct Listed {
    name: Option<String>,
    reference: String,
    digest: Digest,
    media_type: Option<String>,
    artifact_type: Option<String>,
    /// In bytes.
    size: Option<u64>,
    time: Option<Timestamp>,
    clock: Option<&'static str>,
    pushed: Option<Timestamp>,
    updated: Option<Timestamp>,
    created: Option<Timestamp>,
    pulled: Option<Timestamp>,
    platforms: Vec<String>,
    lock: Option<String>,
    #[serde(skip)]
    full: bool,
}

impl Row for Listed {}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.full {
            &self.reference
        } else {
            self.shown_name()
        })
    }
}

impl Listed {
    fn of(entry: &Entry, location: &Location, full: bool) -> Self {
        let (image, tagged) = (&*entry.image, entry.tag.as_ref());
        let target = tagged.map_or_else(
            || Target::Digest(image.digest.clone()),
            |tagged| Target::Tag(tagged.tag.clone()),
        );
        let time = entry.time();
        let lock = tagged.and_then(|tagged| tagged.lock).or(image.lock);
        let pulled = tagged.and_then(|tagged| tagged.pulled);
        Self {
            name: tagged.map(|tagged| tagged.tag.to_string()),
            reference: location.reference(&target).to_string(),
            digest: image.digest.clone(),
            media_type: image.media_type.as_ref().map(ToString::to_string),
            artifact_type: image.artifact_type.clone(),
            size: image.size,
            time: time.map(|(time, _)| time),
            clock: time.map(|(_, clock)| clock.name()),
            pushed: image.pushed,
            updated: image.updated,
            created: image.created,
            pulled: pulled.or(image.pulled),
            platforms: image.platforms.iter().map(platform::name).collect(),
            lock: lock.map(|lock| lock.to_string()),
            full,
        }
    }

    fn shown_name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.digest.as_ref())
    }

    fn cells(&self) -> Vec<String> {
        const SHOWN: usize = 3;
        let unknown = || "-".to_owned();
        let seconds = |time: Timestamp| format!("{time:.0}");
        let mut platforms = self.platforms[..self.platforms.len().min(SHOWN)].join(",");
        if self.platforms.len() > SHOWN {
            platforms = format!("{platforms},+{}", self.platforms.len() - SHOWN);
        }
        let kind = self.artifact_type.clone().filter(|_| platforms.is_empty());
        vec![
            self.to_string(),
            self.size
                .map_or_else(unknown, |size| BinaryBytes(size).to_string()),
            self.time.map_or_else(unknown, seconds),
            self.clock.unwrap_or("-").to_owned(),
            kind.unwrap_or(if platforms.is_empty() {
                unknown()
            } else {
                platforms
            }),
            self.digest.to_string(),
            self.lock.clone().unwrap_or_default(),
        ]
    }
}

/// Rows that came together, laid out for people.
struct Laid<'a> {
    rows: &'a [Listed],
    titled: bool,
}

impl Laid<'_> {
    fn page(&self) -> Page {
        let columns = [
            ("NAME", Align::Left),
            ("SIZE", Align::Right),
            ("TIME", Align::Left),
            ("CLOCK", Align::Left),
            ("FOR", Align::Left),
            ("DIGEST", Align::Left),
            ("LOCK", Align::Left),
        ];
        let mut page = Page::default();
        let cells = self.rows.iter().map(Listed::cells);
        if self.titled {
            page.table(&columns, cells);
        } else {
            let aligns = columns.map(|(_, align)| align);
            page.aligned("", &aligns, &cells.collect::<Vec<_>>());
        }
        page
    }
}

impl Serialize for Laid<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.rows.serialize(serializer)
    }
}

impl fmt::Display for Laid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.page().fmt(f)
    }
}

impl Row for Laid<'_> {}

pub(super) async fn list(location: &Location, wanted: Wanted, app: &App) -> anyhow::Result<()> {
    let store = app.open(location)?;
    let failed = at(store.location());
    app.recognise(&store).await;
    let inventory = app.inventory(&store);
    let order = wanted.order.map(|order| match order {
        Order::Name => images::Order::Name,
        Order::Time => images::Order::Time,
    });
    let needs_more = wanted.long || order == Some(images::Order::Time);
    let options = Options {
        names: wanted.names,
        untagged: wanted.untagged,
        order,
        limit: wanted.limit,
        // Whoever reads JSON sees no more for less work.
        detail: if needs_more {
            Detail::Full
        } else {
            Detail::Listed
        },
    };
    let listed = entries(&inventory, &options).await.map_err(&failed)?;
    let mut pages = listed.ready_chunks(1000);
    let mut any = false;
    while let Some(page) = pages.next().await {
        let (mut rows, mut error) = (Vec::with_capacity(page.len()), None);
        for entry in page {
            match entry {
                Ok(entry) => rows.push(Listed::of(&entry, location, wanted.full_ref)),
                Err(wrong) => error = error.or(Some(wrong)),
            }
        }
        print(&rows, wanted.long, !any, app)?;
        any = any || !rows.is_empty();
        if let Some(error) = error {
            return Err(failed(error));
        }
        if app.output.is_closed() {
            break;
        }
    }
    if !any {
        app.output.warn("nothing there, or nothing that matches");
    }
    Ok(())
}

fn print(rows: &[Listed], long: bool, titled: bool, app: &App) -> anyhow::Result<()> {
    if long && !app.output.settings().json && !rows.is_empty() {
        app.output.block(&Laid { rows, titled })?;
    } else {
        app.output.rows(rows)?;
    }
    Ok(())
}
