//! What `inspect` shows to people.

use super::attached;
use super::document::{Body, Described, Details, Document, Listed, Shown};
use crate::oci::config::meant;
use crate::term::page::{Align, Page, cut, name};
use indicatif::BinaryBytes;
use std::collections::BTreeMap;

/// How much of a step's command is shown, in characters.
const COMMAND: usize = 80;
/// How much of a time that is none is shown, in characters.
const TIME: usize = 40;

/// Lays out a document.
pub(super) fn page(document: &Document) -> Page {
    let mut page = Page::default();
    let shown = |digest: &crate::oci::Digest| digest.to_string();
    let details = match &document.body {
        Body::Image(image) => image.details.as_ref(),
        Body::Index { .. } => None,
    };
    page.fields(&[
        ("name", Some(document.reference.to_string())),
        ("digest", Some(document.digest.to_string())),
        ("mirror", document.mirror.as_ref().map(ToString::to_string)),
        ("media type", Some(document.media_type.clone())),
        ("artifact type", document.artifact_type.clone()),
        ("index", document.index.as_ref().map(shown)),
        ("subject", document.subject.as_ref().map(shown)),
        ("platform", details.and_then(|own| own.platform.clone())),
        (
            "os features",
            details.and_then(|own| listed(&own.parts.os_features)),
        ),
        ("created", details.and_then(created)),
        ("author", details.and_then(|own| own.author.clone())),
        ("size", size(&document.body)),
        ("config", config(&document.body)),
        ("user", details.and_then(|own| own.user.clone())),
        (
            "working dir",
            details.and_then(|own| own.working_dir.clone()),
        ),
        ("entrypoint", details.and_then(|own| words(&own.entrypoint))),
        ("cmd", details.and_then(|own| words(&own.cmd))),
        (
            "stop signal",
            details.and_then(|own| own.stop_signal.clone()),
        ),
        ("ports", details.and_then(|own| listed(&own.exposed_ports))),
        ("volumes", details.and_then(|own| listed(&own.volumes))),
    ]);
    if let Some(details) = details {
        page.list("env", details.env.iter().cloned());
        page.list("labels", pairs(&details.labels));
    }
    page.list("annotations", pairs(&document.annotations));
    match &document.body {
        Body::Index { platforms } => index(&mut page, platforms),
        Body::Image(image) => layers(&mut page, image),
    }
    attached::show(&mut page, document);
    page
}

/// The time, unless it only stands for none.
fn created(details: &Details) -> Option<String> {
    let written = details.created_as_written.as_deref()?;
    Some(match (meant(written), written.parse::<jiff::Timestamp>()) {
        (Some(_), _) => written.to_owned(),
        (None, Ok(_)) => "not set".to_owned(),
        (None, Err(_)) => format!("{} (not a time)", cut(written, TIME)),
    })
}

fn size(body: &Body) -> Option<String> {
    let Body::Image(image) = body else {
        return None;
    };
    let layers = image.layers.len();
    let plural = if layers == 1 { "" } else { "s" };
    let size = BinaryBytes(image.total_size);
    Some(format!("{size} ({layers} layer{plural})"))
}

/// Only where it is no image's, or could not be read.
fn config(body: &Body) -> Option<String> {
    match body {
        Body::Image(image) if image.details.is_none() => Some(format!(
            "{} ({})",
            image.config.blob.digest, image.config.blob.media_type
        )),
        _ => None,
    }
}

fn index(page: &mut Page, platforms: &[Listed]) {
    let columns = [
        ("PLATFORM", Align::Left),
        ("SIZE", Align::Right),
        ("DIGEST", Align::Left),
        ("", Align::Left),
    ];
    page.gap();
    page.table(&columns, platforms.iter().map(entry));
}

fn entry(entry: &Listed) -> Vec<String> {
    let what = match (entry.kind, &entry.platform) {
        ("attestation", _) => "attestation".to_owned(),
        (kind, None) => kind.to_owned(),
        (_, Some(platform)) => name(platform),
    };
    let size = match entry.total_size {
        Some(size) => BinaryBytes(size).to_string(),
        None => "-".to_owned(),
    };
    let remark = match (&entry.subject, entry.missing, entry.kind) {
        (_, true, _) => "missing".to_owned(),
        (Some(subject), _, _) => format!("of {subject}"),
        (None, _, "index") => "index".to_owned(),
        (None, _, _) => {
            let features = listed(&entry.parts.os_features);
            features.map_or_else(String::new, |features| format!("with {}", name(&features)))
        }
    };
    vec![what, size, entry.digest.to_string(), remark]
}

fn layers(page: &mut Page, image: &Described) {
    let mut columns = vec![("SIZE", Align::Right), ("LAYER", Align::Left)];
    if image.layers.iter().any(|layer| layer.created_by.is_some()) {
        columns.push(("CREATED BY", Align::Left));
    }
    let row = |layer: &Shown| {
        vec![
            BinaryBytes(layer.blob.size).to_string(),
            layer.blob.digest.to_string(),
            command(layer.created_by.as_deref().unwrap_or_default()),
        ]
    };
    page.gap();
    page.table(&columns, image.layers.iter().map(row));
}

/// A command on one line, and not too much of it.
pub(in crate::command) fn command(text: &str) -> String {
    cut(
        &text.split_whitespace().collect::<Vec<_>>().join(" "),
        COMMAND,
    )
}

fn pairs(pairs: &BTreeMap<String, String>) -> Vec<String> {
    let pairs = pairs.iter().map(|(name, value)| format!("{name}={value}"));
    pairs.collect()
}

fn listed(items: &[String]) -> Option<String> {
    (!items.is_empty()).then(|| items.join(", "))
}

/// Words as JSON, so that it can be seen where each ends.
fn words(words: &[String]) -> Option<String> {
    let shown = serde_json::to_string(words).unwrap_or_default();
    (!words.is_empty()).then_some(shown)
}
