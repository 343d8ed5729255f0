//! `diff`: how two images differ.

mod document;
mod page;

use super::failure::at;
use super::image::{reference, wanted};
use super::inspect::{chosen, parsed, root};
use crate::app::App;
use crate::engine::diff::{Difference, Side, diff, same_unread};
use crate::oci::Digest;
use crate::oci::manifest::Manifest;
use crate::oci::platform::PlatformPattern;
use crate::oci::reference::Reference;
use crate::store::Store;
use crate::term::exit::Different;
use document::Document;
use std::sync::Arc;

/// Shows how two images differ: layers, config, labels, platforms.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossdock diff registry.example.com/team/api:1.4.1 registry.example.com/team/api:1.4.2
  crossdock diff --platform linux/arm64 dev.example.com/team/api prod.example.com/team/api
  crossdock diff --exit-code dev.example.com/team/api:1.4.2 prod.example.com/team/api:stable")]
pub struct Args {
    /// The first image
    #[arg(value_name = "A")]
    from: String,
    /// The second, also in another registry
    #[arg(value_name = "B")]
    to: String,
    /// Of indexes, the images for this platform: OS/ARCH[/VARIANT], or `local`
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,
    /// End with exit code 1 where they differ
    #[arg(long)]
    exit_code: bool,
}

/// One of the two.
struct Place {
    reference: Reference,
    store: Arc<dyn Store>,
}

impl Place {
    fn side<'a>(&'a self, manifest: &'a Manifest) -> Side<'a> {
        Side {
            store: &*self.store,
            manifest,
        }
    }
}

pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<()> {
    let Args {
        from,
        to,
        platform,
        exit_code,
    } = args;
    let platform = platform
        .as_deref()
        .map(|typed| parsed(typed, app))
        .transpose()?;
    let (from, to) = (place(&from, app)?, place(&to, app)?);
    let document = match same(&from, &to).await {
        Some(digest) if platform.is_none() => Document::same(from.reference, to.reference, digest),
        _ => compared(from, to, platform.as_ref(), app).await?,
    };
    app.output.block(&document)?;
    if exit_code && !document.identical {
        let (from, to) = (&document.from.reference, &document.to.reference);
        return Err(Different(from.to_string(), to.to_string()).into());
    }
    Ok(())
}

fn place(typed: &str, app: &App) -> anyhow::Result<Place> {
    let reference = reference(typed, app)?;
    let store = app.open_source(&reference.location, [])?;
    Ok(Place { reference, store })
}

/// The digest of both, where it is better not read.
async fn same(from: &Place, to: &Place) -> Option<Digest> {
    let (old, new) = tokio::try_join!(
        wanted(&*from.store, &from.reference),
        wanted(&*to.store, &to.reference)
    )
    .ok()?;
    same_unread((&*from.store, &old), (&*to.store, &new)).await
}

async fn compared(
    from: Place,
    to: Place,
    platform: Option<&PlatformPattern>,
    app: &App,
) -> anyhow::Result<Document> {
    let (old, new) = tokio::join!(read(&from, platform), read(&to, platform));
    let (old, new) = (old?, new?);
    let difference = diff(from.side(&old), to.side(&new)).await;
    let difference = difference.map_err(|error| {
        let location = error.location().cloned();
        at(location.as_ref().unwrap_or(from.store.location()))(error)
    })?;
    remark_on(&difference, app);
    Ok(Document::new(
        (from.reference, old.digest().clone()),
        (to.reference, new.digest().clone()),
        difference,
    ))
}

async fn read(place: &Place, platform: Option<&PlatformPattern>) -> anyhow::Result<Manifest> {
    let root = root(&place.store, &place.reference, false).await?;
    match platform {
        None => Ok(root),
        Some(platform) => chosen(&place.store, &root, platform).await,
    }
}

fn remark_on(difference: &Difference, app: &App) {
    for image in &difference.images {
        let details = image.details.as_ref();
        if let Some(problem) = details.and_then(|details| details.problem.as_ref()) {
            let of = image.platform.as_deref().map(|name| format!(" of {name}"));
            let of = of.unwrap_or_default();
            app.output
                .warn(&format!("the configs{of} are not compared: {problem}"));
        }
    }
}
