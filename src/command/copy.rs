//! `copy`: an image or index, byte for byte.

use super::failure::{Usage, at_tag};
use super::image::{self, check_tag, reference};
use crate::app::App;
use crate::engine::copy::plan::Work;
use crate::engine::copy::{Destination, Options, Plan, Summary, apply, plan};
use crate::oci::Digest;
use crate::oci::reference::{Location, Reference, Tag};
use crate::store::Store;
use crate::term::exit::Hint;
use crate::term::output::Row;
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// Copies an image or index from one repository to another, byte for byte.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossdock copy alpine:3.20 registry.example.com/base/alpine:3.20
  crossdock copy dev.example.com/team/api:1.4.2 prod.example.com/
  crossdock copy ghcr.io/acme/api@sha256:… registry.example.com/acme/api:stable")]
pub struct Args {
    /// The image: [HOST/]PATH[:TAG][@DIGEST]; `latest` where neither is given
    #[arg(value_name = "SRC")]
    from: String,
    /// Where to; without a tag, the source's; ending in `/`, the source's path is appended
    #[arg(value_name = "DST")]
    to: String,
    /// Leave a tag alone that points to something else already (exit 5)
    #[arg(short, long)]
    no_clobber: bool,
    /// Say what would be copied, and copy nothing
    #[arg(long)]
    dry_run: bool,
    /// With a tag and a digest: the tag must point to the digest now
    #[arg(long)]
    check_tag: bool,
    /// Move a tag although a rule of the settings calls it immutable
    #[arg(long)]
    force_immutable: bool,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Copied {
    source: Reference,
    destination: Reference,
    digest: Digest,
    /// The tag's former digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced: Option<Digest>,
    changed: bool,
    dry_run: bool,
    #[serde(flatten)]
    summary: Summary,
}

impl fmt::Display for Copied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pinned = Reference {
            digest: Some(self.digest.clone()),
            ..self.destination.clone()
        };
        write!(f, "{pinned}")
    }
}

impl Row for Copied {}

pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<()> {
    let Args {
        from,
        to,
        no_clobber,
        dry_run,
        check_tag: checked,
        force_immutable,
    } = args;
    let from = reference(&from)?;
    let to = destination(&from, &to)?;
    let places = [&from.location, &to.location];
    let options = Options {
        no_clobber,
        ..app.copy_options(&places)
    };
    let source = app.open(&from.location);
    if checked {
        check_tag(&*source, &from)
            .await
            .map_err(super::failure::at(&from.location))?;
    }
    let wanted = image::wanted(&*source, &from)
        .await
        .map_err(super::failure::at(&from.location))?;
    let target = to.target().unwrap_or_else(|| wanted.clone());
    let guard = app.guard_target(&to.location, &target, force_immutable);
    let to = Destination {
        store: app.open(&to.location),
        target,
        guard,
    };
    let plan = match plan(&source, &wanted, &to, &options).await {
        Ok(plan) => plan,
        Err(error) => return Err(explained(error, &source, wanted.tag(), &to).await),
    };
    let mut copied = Copied {
        source: from,
        destination: to.reference(),
        digest: plan.digest().clone(),
        replaced: None,
        changed: false,
        dry_run,
        summary: Summary::default(),
    };
    match plan {
        Plan::Nothing { .. } => {
            let there = format!("{} is up to date", copied.destination);
            app.output.status(&there);
        }
        Plan::Copy(work) => {
            copied.replaced.clone_from(&work.replaces);
            copied.changed = !dry_run;
            if dry_run {
                describe(&work, app);
            } else {
                copied.summary = carry_out(work, &source, &to, &options, app).await?;
            }
        }
    }
    app.output.row(&copied)?;
    Ok(())
}

async fn carry_out(
    work: Work,
    source: &Arc<dyn Store>,
    to: &Destination,
    options: &Options,
    app: &App,
) -> anyhow::Result<Summary> {
    let applied = apply(work, source, to, options, &app.progress()).await;
    app.finish_progress();
    match applied {
        Ok(summary) => Ok(summary),
        Err(error) => Err(explained(error, source, None, to).await),
    }
}

/// Where the copy goes. `latest` is never invented: a destination without a tag takes the
/// source's, and a source by digest alone stays by digest alone.
fn destination(from: &Reference, typed: &str) -> anyhow::Result<Reference> {
    let mut to = reference(&with_path(from, typed)?)?;
    if to.tag.is_some() && to.digest.is_some() {
        let what = format!("{to} has a tag and a digest, and a destination is one of them");
        let hint = "leave out the digest: it is the source's".to_owned();
        return Err(anyhow::Error::new(Usage(what)).context(Hint(hint)));
    }
    if to.target().is_none() {
        to.tag.clone_from(&from.tag);
        to.digest = from.digest.clone().filter(|_| from.tag.is_none());
    }
    Ok(to)
}

/// A destination that ends in `/` has the source's path appended.
fn with_path(from: &Reference, typed: &str) -> anyhow::Result<String> {
    let prefix = typed.strip_suffix('/').filter(|prefix| !prefix.is_empty());
    let Some(prefix) = prefix else {
        return Ok(typed.to_owned());
    };
    match &from.location {
        Location::Remote(repository) => Ok(format!("{prefix}/{}", repository.name)),
        Location::Layout(_) => {
            let what = format!("{from} is a folder, which has no path to append to `{typed}`");
            let hint = "write the destination's whole name".to_owned();
            Err(anyhow::Error::new(Usage(what)).context(Hint(hint)))
        }
    }
}

/// What helps depends on whose host it was, and on whether it was the source's tag, which may be
/// what is missing only before anything is copied.
async fn explained(
    error: crate::store::Error,
    source: &Arc<dyn Store>,
    tag: Option<&Tag>,
    to: &Destination,
) -> anyhow::Error {
    let at_source = error.location() == Some(source.location());
    let store = if at_source { source } else { &to.store };
    let tag = tag.filter(|_| at_source);
    at_tag(error, &**store, tag).await
}

fn describe(work: &Work, app: &App) {
    let platforms = work
        .nodes
        .iter()
        .filter(|node| !node.manifest.is_index())
        .count();
    let images = counted(platforms, "image manifest", "image manifests");
    let indexes = counted(work.nodes.len() - platforms, "index", "indexes");
    let blobs = counted(work.blobs.len(), "blob", "blobs");
    let size = indicatif::BinaryBytes(work.bytes());
    app.output.status(&format!(
        "would write {images} and {indexes}, with {blobs} ({size}) where they are missing"
    ));
    if let Some(old) = &work.replaces {
        app.output.status(&format!("the tag points to {old} now"));
    }
    for layer in &work.foreign {
        app.output.status(&format!(
            "would not copy {}, which may not be distributed",
            layer.digest()
        ));
    }
}

fn counted(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}
