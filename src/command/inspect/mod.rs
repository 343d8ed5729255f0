//! `inspect`: what an image is.

mod attached;
mod document;
mod page;

use super::failure::{Usage, at, at_tag};
use super::image::{check_tag, reference, wanted};
use crate::app::App;
use crate::engine::inspect::{
    Content, Entry, Image, MOST_ASKED, Subjects, entries, select, subjects,
};
use crate::engine::referrers::{Attached, attached_to};
use crate::oci::Digest;
use crate::oci::config::MAX_BYTES;
use crate::oci::manifest::Manifest;
use crate::oci::platform::PlatformPattern;
use crate::oci::reference::Reference;
use crate::store::content;
use crate::store::{Error, Kind, Store};
use crate::term::exit::Hint;
use document::{Body, Document};
pub(super) use page::command;
use std::sync::Arc;

/// Shows what an image is: platforms, layers, config.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossdock inspect alpine:3.20
  crossdock inspect --platform linux/arm64 registry.example.com/team/api:1.4.2
  crossdock inspect --raw alpine:3.20 | sha256sum
  crossdock inspect --config --platform linux/amd64 alpine:3.20")]
pub struct Args {
    /// The image
    #[arg(value_name = "IMAGE")]
    image: String,
    /// Of an index, the image for this platform: OS/ARCH[/VARIANT], or `local`
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,
    /// Print the manifest's bytes as they are
    #[arg(long, conflicts_with = "config")]
    raw: bool,
    /// Print the config's bytes as they are
    #[arg(long)]
    config: bool,
    /// With a tag and a digest: the tag must point to the digest now
    #[arg(long)]
    check_tag: bool,
}

/// `inspect --raw` and `inspect --config` under other names.
#[derive(Debug, clap::Args)]
pub struct Alias {
    /// The image
    #[arg(value_name = "IMAGE")]
    image: String,
    /// Of an index, the image for this platform: OS/ARCH[/VARIANT], or `local`
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,
}

impl Alias {
    /// `manifest IMAGE`.
    pub(super) fn raw(self) -> Args {
        Args {
            raw: true,
            ..self.plain()
        }
    }

    /// `config IMAGE`.
    pub(super) fn config(self) -> Args {
        Args {
            config: true,
            ..self.plain()
        }
    }

    fn plain(self) -> Args {
        Args {
            image: self.image,
            platform: self.platform,
            raw: false,
            config: false,
            check_tag: false,
        }
    }
}

pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<()> {
    let Args {
        image,
        platform,
        raw,
        config,
        check_tag: checked,
    } = args;
    let reference = reference(&image, app)?;
    let platform = platform
        .as_deref()
        .map(|typed| parsed(typed, app))
        .transpose()?;
    let store = app.open_source(&reference.location, [])?;
    let root = root(&store, &reference, checked).await?;
    if config {
        return print_config(&store, root, platform, app).await;
    }
    let (manifest, index) = match &platform {
        None => (root, None),
        Some(platform) => {
            let chosen = chosen(&store, &root, platform).await?;
            (chosen, root.is_index().then(|| root.digest().clone()))
        }
    };
    if raw {
        app.output.raw(manifest.bytes())?;
        return Ok(());
    }
    let document = gathered(&store, reference, &manifest, index, app).await?;
    app.output.block(&document)?;
    Ok(())
}

/// Prints the config of an image; of an index, that of the image for `platform`, or of the
/// one that runs on this machine.
async fn print_config(
    store: &Arc<dyn Store>,
    root: Manifest,
    platform: Option<PlatformPattern>,
    app: &App,
) -> anyhow::Result<()> {
    let image = match platform {
        None if !root.is_index() => root,
        platform => {
            let platform = platform.unwrap_or_else(|| app.environment.platform.clone());
            chosen(store, &root, &platform).await?
        }
    };
    let bytes = config_bytes(&**store, &image).await;
    app.output.raw(&bytes.map_err(at(store.location()))?)?;
    Ok(())
}

/// Reads what was typed as a platform: one, not as many as fit.
pub(super) fn parsed(typed: &str, app: &App) -> anyhow::Result<PlatformPattern> {
    let platform = PlatformPattern::parse(typed, &app.environment.platform)?;
    if platform.is_exact() {
        return Ok(platform);
    }
    let what = format!("`{typed}` may be several platforms, and one is wanted");
    let hint = "OS/ARCH[/VARIANT], as in `linux/arm64` or `linux/arm/v7`".to_owned();
    Err(anyhow::Error::new(Usage(what)).context(Hint(hint)))
}

/// Reads what `reference` names.
pub(super) async fn root(
    store: &Arc<dyn Store>,
    reference: &Reference,
    checked: bool,
) -> anyhow::Result<Manifest> {
    let read = async {
        if checked {
            check_tag(&**store, reference).await?;
        }
        let target = wanted(&**store, reference).await?;
        Ok((store.manifest(&target).await, target))
    };
    match read.await.map_err(at(store.location()))? {
        (Ok(manifest), _) => Ok(manifest),
        (Err(error), target) => Err(at_tag(error, &**store, target.tag()).await),
    }
}

/// The image for a platform. Where there is none, the message names those that there are.
pub(super) async fn chosen(
    store: &Arc<dyn Store>,
    root: &Manifest,
    wanted: &PlatformPattern,
) -> anyhow::Result<Manifest> {
    let selected = select(&**store, root, wanted).await;
    selected.map_err(at(store.location()))
}

/// The bytes of an image's config.
async fn config_bytes(store: &dyn Store, image: &Manifest) -> Result<bytes::Bytes, Error> {
    let location = store.location();
    let Some(config) = image.config() else {
        let lacks = if image.is_index() {
            "is an index, and has no config"
        } else {
            "has no config"
        };
        let what = format!("{location}@{} {lacks}", image.digest());
        return Err(Error::new(Kind::NotFound, what).at(location));
    };
    if config.size() > MAX_BYTES {
        let (digest, size) = (config.digest(), config.size());
        let what =
            format!("{digest} in {location} is a config of {size} bytes, which is too large");
        return Err(Error::new(Kind::Corrupt, what).at(location));
    }
    content::whole(store, config).await
}

/// Reads what belongs to `manifest`.
async fn gathered(
    store: &Arc<dyn Store>,
    reference: Reference,
    manifest: &Manifest,
    index: Option<Digest>,
    app: &App,
) -> anyhow::Result<Document> {
    let failed = at(store.location());
    let mut body = if manifest.is_index() {
        let entries = entries(&**store, manifest).await.map_err(failed)?;
        remark_on(&entries, store, app);
        Body::index(entries)
    } else {
        let image = Image::read(&**store, manifest).await.map_err(failed)?;
        if let Some(problem) = image.config.problem() {
            app.output
                .warn(&format!("the config cannot be shown: {problem}"));
        }
        Body::image(manifest, image)
    };
    let attached = match attachments(store, manifest, app).await {
        Ok((attached, missing)) => {
            body.miss(&missing);
            Ok(attached)
        }
        Err(error) => {
            let problem = error_text(&error);
            app.output
                .warn(&format!("what is attached is not known: {problem}"));
            Err(problem)
        }
    };
    let mirror = store.mirror_of(manifest.digest());
    Ok(Document {
        mirror,
        ..Document::new(reference, manifest, index, body, attached)
    })
}

/// What is attached to `manifest` and to what it lists, and the indexes in it that are not there.
async fn attachments(
    store: &Arc<dyn Store>,
    manifest: &Manifest,
    app: &App,
) -> Result<(Vec<Attached>, Vec<Digest>), Error> {
    // Each image of an index may have an index of what is attached to it, which is a pull too.
    if store.counts_reading() {
        let attached = attached_to(&**store, [manifest.digest().clone()]).await?;
        return Ok((attached, Vec::new()));
    }
    let Subjects {
        manifests,
        missing,
        is_cut,
    } = subjects(&**store, manifest).await?;
    for digest in &missing {
        app.output.warn(&gone(digest));
    }
    if is_cut {
        app.output.note(&format!(
            "what is attached to single images is left out: there are more than {MOST_ASKED}; `--platform` shows one"
        ));
    }
    Ok((attached_to(&**store, manifests).await?, missing))
}

/// A failure with its causes.
fn error_text(error: &Error) -> String {
    match error.causes_text() {
        causes if causes.is_empty() => error.to_string(),
        causes => format!("{error}: {causes}"),
    }
}

fn gone(digest: &Digest) -> String {
    format!("{digest} is listed, and is not there")
}

fn remark_on(entries: &[Entry], store: &Arc<dyn Store>, app: &App) {
    for entry in entries.iter().filter(|e| e.content == Content::Missing) {
        app.output.warn(&gone(entry.descriptor.digest()));
    }
    if store.counts_reading() {
        let location = store.location();
        app.output.note(&format!(
            "sizes, and what is attached to single images, are left out: reading each counts against the limit of {location}; `--platform` reads one"
        ));
    }
}
