//! What a copy says beside its result: what it would do, and what helps where it failed.

use super::super::failure::at_tag;
use super::places::Place;
use crate::app::App;
use crate::engine::copy::platforms::ChoiceError;
use crate::engine::copy::{Part, Plan, Run};
use crate::oci::Descriptor;
use crate::oci::reference::{Tag, Target};
use crate::store::{Error, Store};
use std::sync::Arc;

/// What helps depends on whose place it was, and on whether it was the source's tag, which may be
/// what is missing only before anything is copied.
pub(super) async fn explained(error: Error, run: &Run, tag: Option<&Tag>) -> anyhow::Error {
    let source = run.source();
    let at_source = error.location() == Some(source.location());
    let destinations = run.destinations();
    let mut failed = destinations.filter(|store| error.location() == Some(store.location()));
    let store: &Arc<dyn Store> = if at_source {
        source
    } else {
        failed.next().unwrap_or_else(|| run.destination(0))
    };
    // The tag is there where it is its platforms that are not.
    let is_choice =
        std::error::Error::source(&error).is_some_and(<dyn std::error::Error>::is::<ChoiceError>);
    let tag = tag.filter(|_| at_source && !is_choice);
    at_tag(error, &**store, tag).await
}

/// Says what would be done at a place, which is named where it is one of several.
pub(super) fn describe(plan: &Plan, part: &Part, place: &Place, several: bool, app: &App) {
    if part.is_nothing() {
        return;
    }
    let at = if several {
        let name = part.names.first().map(|name| &name.target);
        let named = name.map(|target| place.location.reference(target).to_string());
        format!("{}: ", named.unwrap_or_else(|| place.location.to_string()))
    } else {
        String::new()
    };
    let nodes: Vec<_> = plan.lacking(part).map(|(_, node)| node).collect();
    let indexes = nodes.iter().filter(|n| n.manifest.is_index()).count();
    let blobs = plan.blobs(part);
    let size: u64 = blobs
        .iter()
        .map(|blob| Descriptor::size(&plan.work.blobs[*blob]))
        .fold(0, u64::saturating_add);
    let images = counted(nodes.len() - indexes, "image manifest", "image manifests");
    let indexes = counted(indexes, "index", "indexes");
    let blobs = counted(blobs.len(), "blob", "blobs");
    let size = indicatif::BinaryBytes(size);
    app.output.status(&format!(
        "{at}would write {images} and {indexes}, with {blobs} ({size}) where they are missing"
    ));
    for name in part.names.iter().filter(|name| !name.is_kept) {
        if let Some(old) = &name.replaces {
            let tag = match &name.target {
                Target::Tag(_) if several => place.location.reference(&name.target).to_string(),
                Target::Tag(tag) if part.names.len() > 1 => format!("the tag {tag}"),
                _ => "the tag".to_owned(),
            };
            app.output.status(&format!("{tag} points to {old} now"));
        }
    }
    let foreign = plan
        .work
        .foreign_layers("would not be copied", "would not be copied");
    for text in foreign {
        app.output.status(&text);
    }
}

pub(super) fn counted(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}
