//! `ls`: a repository's tags, images without tags, or a registry's repositories.

mod images;
mod place;
mod repositories;
mod tags;

use super::failure::Usage;
use super::image::glob;
use crate::app::App;
use crate::engine::list::{Names, Options};
use crate::store::{Error, Result};
use crate::term::exit::Hint;
use crate::term::output::Row;
use futures_util::stream::{BoxStream, StreamExt};
use place::Place;
use serde::Serialize;
use std::fmt;

/// Lists a repository's tags, or a registry's repositories: one name a line, as they come.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossdock ls registry.example.com/team/api
  crossdock ls registry.example.com/team/api --filter 'v1.*' --sort name
  crossdock ls -l registry.example.com/team/api --sort time --limit 20
  crossdock ls --untagged registry.example.com/team/api
  crossdock ls registry.example.com
  crossdock ls registry.example.com/team/
  crossdock ls oci:images")]
pub struct Args {
    /// A repository or folder for its tags; a host, or a path ending in `/`, for repositories
    #[arg(value_name = "REPO|HOST|HOST/PREFIX/")]
    place: String,
    /// More than the name: digest, size, time and whose clock it is, platforms, locks
    #[arg(short, long)]
    long: bool,
    /// Images without a tag, by digest; parts of indexes and attachments are among them
    #[arg(long, conflicts_with_all = ["filter", "omit_digest_tags"])]
    untagged: bool,
    /// Only names that match this pattern; may be repeated
    #[arg(long, value_name = "GLOB")]
    filter: Vec<String>,
    /// Sort them; otherwise they come as the registry sends them
    #[arg(long, value_name = "ORDER")]
    sort: Option<Order>,
    /// So many at most
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Leave out tags that only stand for a digest (sha256-…)
    #[arg(short = 'O', long)]
    omit_digest_tags: bool,
    /// Print whole references
    #[arg(long)]
    full_ref: bool,
}

/// An order for names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Order {
    /// By name.
    Name,
    /// The newest first.
    Time,
}

/// What is printed: a tag, or a repository.
#[derive(Debug, Serialize)]
struct Listed {
    name: String,
    reference: String,
    #[serde(skip)]
    full: bool,
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.full {
            &self.reference
        } else {
            &self.name
        })
    }
}

impl Row for Listed {}

pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<()> {
    let Args {
        place,
        long,
        untagged,
        filter,
        sort,
        limit,
        omit_digest_tags,
        full_ref,
    } = args;
    let filter = filter
        .iter()
        .map(|typed| glob("--filter", typed))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let names = Names {
        filter,
        exclude: Vec::new(),
        omit_digest_tags,
    };
    match self::place::place(&place, app)? {
        Place::Images(location) if long || untagged || sort == Some(Order::Time) => {
            let wanted = images::Wanted {
                names,
                untagged,
                order: sort,
                limit,
                long,
                full_ref,
            };
            app.output.list();
            images::list(&location, wanted, app).await
        }
        Place::Images(location) => {
            let options = Options {
                names,
                by_name: sort.is_some(),
                limit,
            };
            app.output.list();
            tags::list(&location, &options, full_ref, app).await
        }
        Place::Repositories(host, prefix) => {
            refuse_of_repositories(long, untagged, sort)?;
            let wanted = repositories::Wanted {
                prefix,
                filter: names.filter,
                by_name: sort.is_some(),
                limit,
                full_ref,
            };
            app.output.list();
            repositories::list(&host, wanted, app).await
        }
    }
}

/// Of repositories only the names are listed.
fn refuse_of_repositories(long: bool, untagged: bool, sort: Option<Order>) -> anyhow::Result<()> {
    let flag = match (long, untagged, sort) {
        (true, _, _) => "--long",
        (_, true, _) => "--untagged",
        (_, _, Some(Order::Time)) => "--sort time",
        _ => return Ok(()),
    };
    let what = format!("`{flag}` is for the images of one repository");
    let hint = "name the repository: `crossdock ls -l HOST/REPO`".to_owned();
    Err(anyhow::Error::new(Usage(what)).context(Hint(hint)))
}

/// Prints rows as they come, those that came together at once, and those before an error too.
async fn print(
    rows: BoxStream<'_, Result<Listed>>,
    explained: &dyn Fn(Error) -> anyhow::Error,
    app: &App,
) -> anyhow::Result<()> {
    let mut pages = rows.ready_chunks(1000);
    let mut any = false;
    while let Some(page) = pages.next().await {
        let (mut listed, mut failed) = (Vec::with_capacity(page.len()), None);
        for row in page {
            match row {
                Ok(row) => listed.push(row),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        any = any || !listed.is_empty();
        app.output.rows(&listed)?;
        if let Some(error) = failed {
            return Err(explained(error));
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
