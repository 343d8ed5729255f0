//! `ls`: a repository's tags, or a registry's repositories.

use super::failure::{Usage, at, at_host};
use super::image::{explained, glob, location};
use crate::app::App;
use crate::engine::list::{Options, other_names, tags};
use crate::oci::reference::{Host, Location, Reference, RepositoryName, Tag};
use crate::store::{Error, Result};
use crate::term::exit::{Class, Hint};
use crate::term::output::Row;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use globset::GlobMatcher;
use serde::Serialize;
use std::fmt;

/// Lists a repository's tags, or a registry's repositories: one name a line, as they come.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossdock ls registry.example.com/team/api
  crossdock ls registry.example.com/team/api --filter 'v1.*' --sort name
  crossdock ls registry.example.com
  crossdock ls registry.example.com/team/
  crossdock ls oci:images")]
pub struct Args {
    /// A repository or folder for its tags; a host, or a path ending in `/`, for repositories
    #[arg(value_name = "REPO|HOST|HOST/PREFIX/")]
    place: String,
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
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Order {
    /// By name.
    Name,
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

/// What is to be listed.
enum Place {
    Tags(Location),
    /// The repositories whose path begins so.
    Repositories(Host, String),
}

pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<()> {
    let Args {
        place,
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
    let by_name = sort.is_some();
    let place = self::place(&place, app)?;
    app.output.list();
    match place {
        Place::Tags(location) => {
            let options = Options {
                filter,
                exclude: Vec::new(),
                omit_digest_tags,
                by_name,
                limit,
            };
            let store = app.open(&location)?;
            let failed = at(store.location());
            let listed = tags(&*store, &options).await.map_err(&failed)?;
            let row = |tag: Tag| Listed {
                reference: location.reference(&tag.clone().into()).to_string(),
                name: tag.to_string(),
                full: full_ref,
            };
            print(listed.map_ok(row).boxed(), &failed, app).await?;
            let others = other_names(&*store).await.map_err(&failed)?;
            if others > 0 {
                let are = if others == 1 { "name is" } else { "names are" };
                app.output
                    .note(&format!("{others} {are} no tag there, and not listed"));
            }
            Ok(())
        }
        Place::Repositories(host, prefix) => {
            app.refuse_blocked(&host)?;
            let row = |name: RepositoryName| Listed {
                reference: format!("{host}/{name}"),
                name: name.to_string(),
                full: full_ref,
            };
            let names = repositories(app.stores.catalog(&host), prefix, filter, by_name).await;
            let names = names
                .map_err(at_host(&host))?
                .take(limit.unwrap_or(usize::MAX));
            let printed = print(names.map_ok(row).boxed(), &at_host(&host), app).await;
            printed.map_err(unlisted)
        }
    }
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

/// Many registries answer for their images and not for a list of them.
fn unlisted(error: anyhow::Error) -> anyhow::Error {
    use crate::store::Kind::{Denied, NotFound, Unauthenticated, Unsupported};
    let refused = [Denied, NotFound, Unauthenticated, Unsupported].map(Class::Kind);
    if !refused.contains(&super::failure::kinds().class(&error)) {
        return error;
    }
    let hint = "Docker Hub and most clouds do not list their repositories this way; others want more rights for it than for images";
    error.context(Hint(hint.to_owned()))
}

async fn repositories(
    all: BoxStream<'static, Result<RepositoryName>>,
    prefix: String,
    filter: Vec<GlobMatcher>,
    by_name: bool,
) -> Result<BoxStream<'static, Result<RepositoryName>>> {
    let wanted = move |name: &RepositoryName| {
        let name = name.as_str();
        let matches = filter.is_empty() || filter.iter().any(|filter| filter.is_match(name));
        name.starts_with(&prefix) && matches
    };
    let selected = all.try_filter(move |name| std::future::ready(wanted(name)));
    if !by_name {
        return Ok(selected.boxed());
    }
    let mut names: Vec<RepositoryName> = selected.try_collect().await?;
    names.sort_unstable();
    Ok(futures_util::stream::iter(names.into_iter().map(Ok)).boxed())
}

/// A bare host (it has a dot, a port, or is `localhost`) and whatever ends in `/` hold
/// repositories; all else is a repository.
fn place(typed: &str, app: &App) -> anyhow::Result<Place> {
    // A folder may look like a host, and end in `/`.
    let folder = |reference: Reference| reference.location.folder().is_some();
    if typed.parse().is_ok_and(folder) {
        return location(typed, app).map(Place::Tags);
    }
    let plain = typed.strip_prefix("docker://").unwrap_or(typed);
    let (host, path) = plain.split_once('/').unwrap_or((plain, ""));
    let bare = !plain.contains('/') && is_host(host);
    if !bare && !plain.ends_with('/') {
        return location(typed, app).map(Place::Tags);
    }
    if !is_host(host) {
        let what = format!("`{typed}` names no registry");
        let hint = format!("a host comes first, as in `docker.io/{plain}`");
        return Err(anyhow::Error::new(Usage(what)).context(Hint(hint)));
    }
    let host = host.parse().map_err(explained)?;
    let prefix = path.to_owned();
    let name = prefix.trim_end_matches('/');
    if !name.is_empty() {
        name.parse::<RepositoryName>().map_err(explained)?;
    }
    Ok(Place::Repositories(host, prefix))
}

fn is_host(text: &str) -> bool {
    let port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let has_port = text.rsplit_once(':').is_some_and(|(_, after)| port(after));
    let dotted = text.contains('.') && !text.contains('@');
    text == "localhost" || text.starts_with('[') || has_port || dotted
}
