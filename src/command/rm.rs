//! `rm`: a tag, or an image by its digest; never more than was named.

use super::failure::{Usage, at, at_tag};
use super::image::reference;
use super::tag::partial;
use crate::app::App;
use crate::engine::guard::Guard;
use crate::engine::remove::{Options, Place, Plan, apply, plan, resolve};
use crate::oci::Digest;
use crate::oci::reference::{Location, Reference, Tag, Target};
use crate::store::Kind;
use crate::term::exit::Hint;
use crate::term::output::Row;
use serde::Serialize;
use std::fmt;

/// Removes a tag, or an image by its digest.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossdock rm registry.example.com/team/api:pr-17
  crossdock rm --dry-run registry.example.com/team/api@sha256:…")]
pub struct Args {
    /// The images, each with a tag or a digest
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,
    /// Remove an image although tags point to it; they go with it. And a tag although the
    /// registry removes the image with its last tag
    #[arg(long)]
    force: bool,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Remove a tag although a rule of the settings calls it immutable
    #[arg(long)]
    force_immutable: bool,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Removed {
    reference: Reference,
    digest: Digest,
    tags: Vec<Tag>,
    dry_run: bool,
}

impl fmt::Display for Removed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pinned = Reference {
            digest: Some(self.digest.clone()),
            ..self.reference.clone()
        };
        write!(f, "{pinned}")?;
        if self.reference.tag.is_none() && !self.tags.is_empty() {
            let tags: Vec<&str> = self.tags.iter().map(Tag::as_str).collect();
            write!(f, " ({})", tags.join(", "))?;
        }
        Ok(())
    }
}

impl Row for Removed {}

pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<()> {
    let Args {
        images,
        force,
        dry_run,
        force_immutable,
    } = args;
    let images = images
        .iter()
        .map(|typed| named(typed, app))
        .collect::<Result<Vec<_>, _>>()?;
    let total = images.len();
    app.output.list();
    let mut failures = Vec::new();
    for (location, target) in images {
        match remove(
            &location,
            &target,
            Options { force },
            force_immutable,
            dry_run,
            app,
        )
        .await
        {
            Ok(removed) => app.output.row(&removed)?,
            Err(error) => failures.push(error),
        }
    }
    partial(failures, total, "images were not removed", app)
}

/// An image with a tag or a digest of its own: `latest` is not assumed.
fn named(typed: &str, app: &App) -> anyhow::Result<(Location, Target)> {
    let reference = reference(typed, app)?;
    match (&reference.tag, reference.target()) {
        (Some(tag), Some(Target::Digest(digest))) => {
            let what = format!("{reference} has a tag and a digest, and one of them is removed");
            let location = &reference.location;
            let hint =
                format!("`{location}:{tag}` removes the tag, `{location}@{digest}` the image");
            Err(anyhow::Error::new(Usage(what)).context(Hint(hint)))
        }
        (_, Some(target)) => Ok((reference.location, target)),
        (_, None) => {
            let what = format!("{reference} has neither tag nor digest");
            let hint = format!("`{reference}:latest`, if that is what you mean").to_string();
            Err(anyhow::Error::new(Usage(what)).context(Hint(hint)))
        }
    }
}

async fn remove(
    location: &Location,
    target: &Target,
    options: Options,
    force_immutable: bool,
    dry_run: bool,
    app: &App,
) -> anyhow::Result<Removed> {
    let store = app.open(location)?;
    let guard = |tag: &Tag| app.guard(location, tag, force_immutable);
    let digest = match resolve(&*store, target).await {
        Ok(digest) => digest,
        Err(error) => return Err(at_tag(error, &*store, target.tag()).await),
    };
    // Only now, when an answer may have said what registry it is.
    let inventory = app.inventory(&store);
    let place = Place {
        store: &*store,
        inventory: &*inventory,
    };
    let planned = plan(place, target, digest, options, &guard).await;
    let plan = planned.map_err(|error| {
        let is_refused = error.kind() == Kind::Refused && !options.force;
        let hint = match target {
            _ if !is_refused => None,
            Target::Digest(_) => Some("`--force` removes the image with these tags"),
            Target::Tag(tag) if matches!(guard(tag), Guard::Free) => {
                Some("`--force` removes the image with its last tag")
            }
            Target::Tag(_) => None,
        };
        let failed = at(location)(error);
        match hint {
            Some(hint) => failed.context(Hint(hint.to_owned())),
            None => failed,
        }
    })?;
    if !dry_run {
        perform(place, &plan).await?;
    }
    let Plan {
        target,
        digest,
        tags,
        names: _,
    } = plan;
    Ok(Removed {
        reference: location.reference(&target),
        digest,
        tags,
        dry_run,
    })
}

async fn perform(place: Place<'_>, plan: &Plan) -> anyhow::Result<()> {
    let location = place.store.location();
    apply(place, plan).await.map_err(|error| {
        let hint = match error.kind() {
            Kind::Unsupported => Some(format!(
                "removing is switched off at {location}, or needs its own web page or API"
            )),
            Kind::Refused if plan.target.tag().is_some() => {
                let digest = &plan.digest;
                Some(format!(
                    "`crossdock rm --force {location}@{digest}` removes the image with all its tags"
                ))
            }
            _ => None,
        };
        let failed = at(location)(error);
        match hint {
            // What the vendor is known to offer goes over it.
            Some(hint) if failed.downcast_ref::<Hint>().is_none() => failed.context(Hint(hint)),
            _ => failed,
        }
    })
}
