//! `tag`: more names for an image that is there.

use super::failure::{Usage, at, at_tag};
use super::image::{check_tag, reference, tag as parse_tag, wanted};
use crate::app::App;
use crate::engine::tag::{NewTag, tag};
use crate::oci::Digest;
use crate::oci::reference::{Location, Reference, Tag};
use crate::term::exit::{Partial, report};
use crate::term::output::Row;
use serde::Serialize;
use std::fmt;

/// Points more tags at an image, without moving data.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossdock tag registry.example.com/team/api:1.4.2 stable
  crossdock tag registry.example.com/team/api@sha256:… 1.4 1")]
pub struct Args {
    /// The image
    #[arg(value_name = "IMAGE")]
    image: String,
    /// The tags, in the same repository
    #[arg(value_name = "TAG", required = true)]
    tags: Vec<String>,
    /// With a tag and a digest: the tag must point to the digest now
    #[arg(long)]
    check_tag: bool,
    /// Move a tag although a rule of the settings calls it immutable
    #[arg(long)]
    force_immutable: bool,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Tagged {
    reference: Reference,
    digest: Digest,
}

impl fmt::Display for Tagged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reference)
    }
}

impl Row for Tagged {}

pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<()> {
    let Args {
        image,
        tags,
        check_tag: checked,
        force_immutable,
    } = args;
    let image = reference(&image, app)?;
    let location = &image.location;
    let names = tags
        .iter()
        .map(|typed| parse_tag(typed))
        .collect::<Result<Vec<Tag>, _>>()?;
    if let Some(twice) = names
        .iter()
        .enumerate()
        .find(|(n, tag)| names[..*n].contains(tag))
    {
        return Err(Usage(format!("the tag `{}` is named twice", twice.1)).into());
    }
    let guarded = |name: &Tag| NewTag {
        tag: name.clone(),
        guard: app.guard(location, name, force_immutable),
    };
    let new: Vec<NewTag> = names.iter().map(guarded).collect();
    app.output.list();
    let store = app.open(location)?;
    let failed = at(store.location());
    if checked {
        check_tag(&*store, &image).await.map_err(&failed)?;
    }
    let target = wanted(&*store, &image).await.map_err(&failed)?;
    let (digest, results) = match tag(&*store, &target, &new).await {
        Ok(tagged) => tagged,
        Err(error) => return Err(at_tag(error, &*store, target.tag()).await),
    };
    let mut failures = Vec::new();
    for (name, result) in names.iter().zip(results) {
        match result {
            Ok(()) => app.output.row(&tagged(location, name, &digest))?,
            Err(error) => failures.push(failed(error)),
        }
    }
    partial(failures, names.len(), "tags were not written", app)
}

fn tagged(location: &Location, name: &Tag, digest: &Digest) -> Tagged {
    let reference = location.reference(&name.clone().into());
    Tagged {
        reference,
        digest: digest.clone(),
    }
}

/// Ends a command of several items. The failure of a single item is the command's own; of
/// several, each is printed.
pub(super) fn partial(
    mut failures: Vec<anyhow::Error>,
    total: usize,
    what: &'static str,
    app: &App,
) -> anyhow::Result<()> {
    if total == 1 {
        return failures.pop().map_or(Ok(()), Err);
    }
    let kinds = super::failure::kinds();
    for failure in &failures {
        report(failure, &kinds, &app.output);
    }
    let classes = failures.iter().map(|failure| kinds.class(failure));
    Partial::of(classes, total, what).map_or(Ok(()), |partial| Err(partial.into()))
}
