//! `search`: repositories by a word, where the registry offers that.

use super::failure::{Usage, at_host};
use crate::app::App;
use crate::inventory::Found;
use crate::oci::reference::Host;
use crate::store::{Error, Kind};
use crate::term::exit::Hint;
use crate::term::output::Row;
use crate::term::page::{Align, Page, cut};
use futures_util::stream::{StreamExt, TryStreamExt};
use serde::Serialize;
use std::fmt;

/// How much of a description people are shown, in characters.
const DESCRIPTION: usize = 60;

/// Finds repositories by a word, where the registry offers that: Docker Hub, Harbor, Quay, zot.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossdock search postgres
  crossdock search api harbor.example.com --limit 5")]
pub struct Args {
    /// What to look for
    #[arg(value_name = "TERM")]
    term: String,
    /// Where
    #[arg(value_name = "HOST", default_value = "docker.io")]
    host: String,
    /// So many at most
    #[arg(long, value_name = "N", default_value_t = 25)]
    limit: usize,
}

/// What is printed of a repository.
#[derive(Debug, Serialize)]
struct Hit {
    name: String,
    reference: String,
    description: Option<String>,
    stars: Option<u64>,
    official: bool,
}

impl Hit {
    fn of(found: Found, host: &Host) -> Self {
        Self {
            reference: format!("{host}/{}", found.name),
            name: found.name.to_string(),
            description: found.description.filter(|text| !text.is_empty()),
            stars: found.stars,
            official: found.is_official,
        }
    }

    fn cells(&self) -> Vec<String> {
        let description = self.description.as_deref().unwrap_or_default();
        vec![
            self.reference.clone(),
            self.stars
                .map_or_else(String::new, |stars| stars.to_string()),
            if self.official { "official" } else { "" }.to_owned(),
            cut(&description.replace(['\n', '\r'], " "), DESCRIPTION),
        ]
    }
}

impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reference)
    }
}

impl Row for Hit {}

/// All that was found.
#[derive(Serialize)]
#[serde(transparent)]
struct Hits(Vec<Hit>);

impl fmt::Display for Hits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = [
            ("NAME", Align::Left),
            ("STARS", Align::Right),
            ("", Align::Left),
            ("DESCRIPTION", Align::Left),
        ];
        let mut page = Page::default();
        page.table(&columns, self.0.iter().map(Hit::cells));
        page.fmt(f)
    }
}

impl Row for Hits {}

pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<()> {
    let Args { term, host, limit } = args;
    if term.trim().is_empty() {
        return Err(Usage("there is nothing to look for".to_owned()).into());
    }
    let host: Host = host.parse().map_err(super::image::explained)?;
    app.refuse_blocked(&host)?;
    app.recognise_host(&host).await;
    let Some(found) = app.catalog(&host).search(term.trim()) else {
        let what = format!("{host} offers no search");
        let hint = format!("`crossdock ls {host}` lists the repositories, where the registry does");
        let error = Error::new(Kind::Unsupported, what);
        return Err(at_host(&host)(error).context(Hint(hint)));
    };
    let found: Vec<Found> = found
        .take(limit)
        .try_collect()
        .await
        .map_err(at_host(&host))?;
    if found.is_empty() {
        app.output.warn("nothing there that matches");
    }
    let hits: Vec<Hit> = found
        .into_iter()
        .map(|found| Hit::of(found, &host))
        .collect();
    if app.output.settings().json {
        app.output.list();
        app.output.rows(&hits)?;
    } else if !hits.is_empty() {
        app.output.block(&Hits(hits))?;
    }
    Ok(())
}
