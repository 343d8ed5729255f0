//! What `diff --json` prints.

use crate::engine::diff::{self, Difference, LayerChange, Pair, Part};
use crate::oci::Digest;
use crate::oci::reference::Reference;
use crate::term::output::Row;
use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// The whole document.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    pub(super) from: Named,
    pub(super) to: Named,
    pub(super) identical: bool,
    pub(super) changes: Vec<Change>,
    pub(super) images: Vec<Image>,
}

/// One of the two.
#[derive(Debug, Serialize)]
pub(super) struct Named {
    pub(super) reference: Reference,
    pub(super) digest: Digest,
}

/// An image on one side or on both.
#[derive(Debug, Serialize)]
pub(super) struct Image {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) platform: Option<String>,
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<Digest>,
    #[serde(flatten)]
    pub(super) details: Option<Details>,
}

/// How two images differ.
#[derive(Debug, Serialize)]
pub(super) struct Details {
    pub(super) shared_bytes: u64,
    pub(super) added_bytes: u64,
    pub(super) removed_bytes: u64,
    pub(super) layers: Vec<Layer>,
    /// Whether the layers that both have are in another order.
    pub(super) reordered: bool,
    pub(super) changes: Vec<Change>,
    /// Why the configs could not be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<String>,
}

/// A layer.
#[derive(Debug, Serialize)]
pub(super) struct Layer {
    pub(super) status: &'static str,
    pub(super) digest: Digest,
    pub(super) size: u64,
    pub(super) media_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) created_by: Option<String>,
}

/// A value that is not the same on both sides.
#[derive(Debug, Serialize)]
pub(super) struct Change {
    pub(super) part: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<Value>,
}

impl Document {
    /// Two that are the same.
    pub(super) fn same(from: Reference, to: Reference, digest: Digest) -> Self {
        let other = digest.clone();
        let named = |reference, digest| Named { reference, digest };
        Self {
            from: named(from, digest),
            to: named(to, other),
            identical: true,
            changes: Vec::new(),
            images: Vec::new(),
        }
    }

    pub(super) fn new(
        from: (Reference, Digest),
        to: (Reference, Digest),
        difference: Difference,
    ) -> Self {
        let named = |(reference, digest)| Named { reference, digest };
        Self {
            from: named(from),
            to: named(to),
            identical: difference.same,
            changes: difference.changes.into_iter().map(Change::from).collect(),
            images: difference.images.into_iter().map(Image::from).collect(),
        }
    }

    /// Whether nothing that is shown differs although the manifests do.
    pub(super) fn differs_unseen(&self) -> bool {
        let same = |image: &Image| match &image.details {
            _ if image.status == "same" => true,
            Some(details) => {
                let shared = details.layers.iter().all(|layer| layer.status == "shared");
                shared && !details.reordered && details.changes.is_empty()
            }
            None => false,
        };
        !self.identical && self.changes.is_empty() && self.images.iter().all(same)
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::page::page(self).fmt(f)
    }
}

impl Row for Document {}

impl From<Pair> for Image {
    fn from(pair: Pair) -> Self {
        let status = match (&pair.from, &pair.to) {
            (Some(from), Some(to)) if from == to => "same",
            (Some(_), Some(_)) => "changed",
            (None, _) => "added",
            (_, None) => "removed",
        };
        Self {
            platform: pair.platform,
            status,
            from: pair.from,
            to: pair.to,
            details: pair.details.map(Details::from),
        }
    }
}

impl From<diff::Details> for Details {
    fn from(details: diff::Details) -> Self {
        let layers: Vec<Layer> = details.layers.into_iter().map(Layer::from).collect();
        let sum = |status| {
            let sizes = layers.iter().filter(|layer| layer.status == status);
            sizes.fold(0, |sum: u64, layer| sum.saturating_add(layer.size))
        };
        Self {
            shared_bytes: sum("shared"),
            added_bytes: sum("added"),
            removed_bytes: sum("removed"),
            changes: details.changes.into_iter().map(Change::from).collect(),
            layers,
            reordered: details.is_reordered,
            problem: details.problem,
        }
    }
}

impl From<LayerChange> for Layer {
    fn from(change: LayerChange) -> Self {
        let (status, layer) = match change {
            LayerChange::Shared(layer) => ("shared", layer),
            LayerChange::Added(layer) => ("added", layer),
            LayerChange::Removed(layer) => ("removed", layer),
        };
        Self {
            status,
            digest: layer.descriptor.digest().clone(),
            size: layer.descriptor.size(),
            media_type: layer.descriptor.media_type().to_string(),
            created_by: layer.step.and_then(|step| step.created_by),
        }
    }
}

impl From<diff::Change> for Change {
    fn from(change: diff::Change) -> Self {
        let part = match change.part {
            Part::Field(name) => name,
            Part::Env => "env",
            Part::Label => "label",
            Part::Port => "port",
            Part::Volume => "volume",
            Part::Annotation => "annotation",
        };
        Self {
            part,
            name: change.name,
            from: change.from,
            to: change.to,
        }
    }
}
