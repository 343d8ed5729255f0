//! `ping`: what a registry is, who somebody is there, what it can do and what he may do.

mod document;
mod page;

use super::failure::{Usage, at_host};
use super::image::explained;
use crate::app::App;
use crate::config::route::Route;
use crate::engine::ping::{Options, Written, ping};
use crate::oci::reference::{Host, Location, Repository, RepositoryName, Tag};
use document::Document;

/// Says what a registry is, who you are there, what it can do and what you may do.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossdock ping registry.example.com
  crossdock ping registry.example.com --repo team/api
  crossdock ping registry.example.com --write team/scratch")]
pub struct Args {
    /// The registry
    #[arg(value_name = "HOST")]
    host: String,
    /// Say what you may do with this repository of it
    #[arg(long, value_name = "REPO")]
    repo: Option<String>,
    /// Try out in this repository what only writing shows, and remove it again
    ///
    /// Two small manifests and two blobs are written, and a tag `crossdock-ping-…`. What could not
    /// be removed is listed.
    #[arg(long, value_name = "REPO")]
    write: Option<String>,
}

pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<()> {
    let Args { host, repo, write } = args;
    let host = Host::from_url_or_host(&host).map_err(explained)?;
    app.refuse_blocked(&host)?;
    let (repository, mirror) = match repo {
        Some(typed) => {
            let route = routed(&typed_at(&host, &typed)?, app)?;
            let mirrors = app.allowed_mirrors(&route);
            let mirror = mirrors.first().map(|mirror| mirror.repository.to_string());
            (Some(route.location.name), mirror)
        }
        None => (None, None),
    };
    let typed = write.map(|typed| typed_at(&host, &typed)).transpose()?;
    let write = match &typed {
        Some(typed) => Some(routed(typed, app)?.location.name),
        None => None,
    };
    let location = typed.map(Location::Remote);
    let guard = |tag: &Tag| match &location {
        Some(location) => app.guard(location, tag, false),
        None => crate::engine::guard::Guard::Free,
    };
    let options = Options {
        repository,
        write,
        mirror,
        guard: &guard,
        now: &|| app.now(),
    };
    let registry = app.stores.registry(&host);
    let report = ping(&registry, &options).await;
    let mut report = report.map_err(at_host(&host))?;
    let failure = report.failure.take();
    remark_on(report.written.as_ref(), app);
    app.output.block(&Document::new(report, failure.as_ref()))?;
    failure.map_or(Ok(()), |error| Err(at_host(&host)(error)))
}

/// Where a repository of the registry is, if it is there under another name at most.
fn routed(repository: &Repository, app: &App) -> anyhow::Result<Route> {
    let route = app.route(repository)?;
    let there = &route.location;
    if there.host.without_default_port() != repository.host.without_default_port() {
        let host = &there.host;
        let by = route.rewritten.as_ref();
        let by = by.map(|by| format!(", as {by} says")).unwrap_or_default();
        let text = format!("{repository} is at {there}{by}; ping {host} instead");
        return Err(Usage(text).into());
    }
    Ok(route)
}

fn typed_at(host: &Host, typed: &str) -> anyhow::Result<Repository> {
    Ok(Repository {
        host: host.clone(),
        name: name(host, typed)?,
    })
}

/// A repository of the registry: its name there, with or without the host.
fn name(host: &Host, typed: &str) -> anyhow::Result<RepositoryName> {
    let own = typed.strip_prefix(host.as_str());
    let name = own.and_then(|own| own.strip_prefix('/')).unwrap_or(typed);
    let official = host.is_docker_hub() && !name.contains('/');
    let name = if official {
        format!("library/{name}")
    } else {
        name.to_owned()
    };
    name.parse().map_err(explained)
}

fn remark_on(written: Option<&Written>, app: &App) {
    let left = written.map(|written| written.left.as_slice());
    let left = left.unwrap_or_default();
    let (blobs, others): (Vec<_>, Vec<_>) = left.iter().partition(|left| left.kind == "blob");
    if !others.is_empty() {
        app.output
            .warn("not all that was written could be removed again; it is listed");
    }
    if !blobs.is_empty() {
        app.output.note(
            "blobs that nothing refers to are freed by the registry's own garbage collection",
        );
    }
}
