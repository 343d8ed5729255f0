//! `digest`: what a name stands for now.

use super::failure::at_tag;
use super::image::{check_tag, reference, wanted};
use super::tag::partial;
use crate::app::App;
use crate::oci::Digest;
use crate::oci::reference::{Location, Reference};
use crate::term::output::Row;
use futures_util::stream::{self, StreamExt};
use serde::Serialize;
use std::fmt;

/// Images looked at at once.
const AT_ONCE: usize = 32;

/// Prints what an image's digest is, without pulling it: one line for each image, in their order.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossdock digest alpine:3.20
  crossdock digest --full-ref registry.example.com/team/api:1.4.2")]
pub struct Args {
    /// The images
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,
    /// Print HOST/PATH@DIGEST
    #[arg(long)]
    full_ref: bool,
    /// With a tag and a digest: the tag must point to the digest now
    #[arg(long)]
    check_tag: bool,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Resolved {
    reference: Reference,
    digest: Digest,
    /// Where it was asked for, if that is a mirror.
    #[serde(skip_serializing_if = "Option::is_none")]
    mirror: Option<Location>,
    #[serde(skip)]
    full: bool,
}

impl fmt::Display for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.full {
            write!(f, "{}@", self.reference.location)?;
        }
        write!(f, "{}", self.digest)
    }
}

impl Row for Resolved {}

pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<()> {
    let Args {
        images,
        full_ref,
        check_tag: checked,
    } = args;
    let images = images
        .iter()
        .map(|typed| reference(typed, app))
        .collect::<Result<Vec<_>, _>>()?;
    let total = images.len();
    app.output.list();
    let mut results = stream::iter(images)
        .map(|image| resolve(image, checked, full_ref, app))
        .buffered(AT_ONCE);
    let mut failures = Vec::new();
    while let Some(result) = results.next().await {
        match result {
            Ok(resolved) => app.output.row(&resolved)?,
            Err(error) => failures.push(error),
        }
    }
    partial(failures, total, "images have no digest", app)
}

async fn resolve(
    reference: Reference,
    checked: bool,
    full: bool,
    app: &App,
) -> anyhow::Result<Resolved> {
    let store = app.open_source(&reference.location, [])?;
    let resolved = async {
        if checked {
            check_tag(&*store, &reference).await?;
        }
        let target = wanted(&*store, &reference).await?;
        store.resolve(&target).await
    };
    match resolved.await {
        Ok(descriptor) => Ok(Resolved {
            reference,
            digest: descriptor.digest().clone(),
            mirror: store.mirror_of(descriptor.digest()),
            full,
        }),
        Err(error) => Err(at_tag(
            error,
            &*store,
            reference.target().and_then(|t| t.tag().cloned()).as_ref(),
        )
        .await),
    }
}
