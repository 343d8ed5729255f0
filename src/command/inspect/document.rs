//! What `inspect --json` prints.

use super::attached::Attached;
use crate::engine::inspect::{Content, Entry, Image, Layer, Sort, size};
use crate::engine::referrers;
use crate::oci::config::{Config, Step, meant};
use crate::oci::manifest::Manifest;
use crate::oci::platform;
use crate::oci::reference::{Location, Reference};
use crate::oci::{Descriptor, Digest, Platform};
use crate::term::output::Row;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// The whole document.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    pub(super) reference: Reference,
    pub(super) name: Location,
    pub(super) digest: Digest,
    /// Where it was read, if that is a mirror.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mirror: Option<Location>,
    /// The index that the image was selected from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<Digest>,
    pub(super) media_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) artifact_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<Digest>,
    pub(super) annotations: BTreeMap<String, String>,
    #[serde(flatten)]
    pub(super) body: Body,
    pub(super) attached: Vec<Attached>,
    /// Why it is not known what is attached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attached_problem: Option<String>,
}

/// What is different for indexes and images.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Body {
    Index { platforms: Vec<Listed> },
    Image(Box<Described>),
}

/// An entry of an index.
#[derive(Debug, Serialize)]
pub(super) struct Listed {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) platform: Option<String>,
    #[serde(flatten)]
    pub(super) parts: Parts,
    pub(super) kind: &'static str,
    pub(super) digest: Digest,
    pub(super) media_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total_size: Option<u64>,
    /// The image that an attestation is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<String>,
    pub(super) missing: bool,
}

/// A platform, part by part.
#[derive(Debug, Default, Serialize)]
pub(super) struct Parts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) os: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) os_version: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) os_features: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) architecture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) variant: Option<String>,
}

/// An image.
#[derive(Debug, Serialize)]
pub(super) struct Described {
    pub(super) config: Configuration,
    pub(super) total_size: u64,
    pub(super) layers: Vec<Shown>,
    /// Only where the config could be read and is an image's.
    #[serde(flatten)]
    pub(super) details: Option<Details>,
}

/// A blob.
#[derive(Debug, Serialize)]
pub(super) struct Blob {
    pub(super) digest: Digest,
    pub(super) size: u64,
    pub(super) media_type: String,
}

/// A config.
#[derive(Debug, Serialize)]
pub(super) struct Configuration {
    #[serde(flatten)]
    pub(super) blob: Blob,
    /// Why it cannot be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<String>,
}

/// A layer.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    pub(super) blob: Blob,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) created_by: Option<String>,
}

/// What a config says.
#[derive(Debug, Serialize)]
pub(super) struct Details {
    /// Where one was meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) created: Option<String>,
    #[serde(skip)]
    pub(super) created_as_written: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) platform: Option<String>,
    #[serde(flatten)]
    pub(super) parts: Parts,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) author: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) working_dir: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_signal: Option<String>,
    pub(super) entrypoint: Vec<String>,
    pub(super) cmd: Vec<String>,
    pub(super) env: Vec<String>,
    pub(super) exposed_ports: Vec<String>,
    pub(super) volumes: Vec<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) history: Vec<Past>,
    pub(super) diff_ids: Vec<String>,
}

/// A step in which an image came about.
#[derive(Debug, Serialize)]
pub(super) struct Past {
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    empty_layer: bool,
}

impl Document {
    pub(super) fn new(
        reference: Reference,
        manifest: &Manifest,
        index: Option<Digest>,
        body: Body,
        attached: Result<Vec<referrers::Attached>, String>,
    ) -> Self {
        let (attached, attached_problem) = match attached {
            Ok(attached) => (attached, None),
            Err(problem) => (Vec::new(), Some(problem)),
        };
        Self {
            name: reference.location.clone(),
            reference,
            digest: manifest.digest().clone(),
            mirror: None,
            index,
            media_type: manifest.media_type().to_string(),
            artifact_type: manifest.artifact_type().map(str::to_owned),
            subject: manifest.subject().map(|subject| subject.digest().clone()),
            annotations: manifest.annotations().clone(),
            body,
            attached: attached.into_iter().map(Attached::from).collect(),
            attached_problem,
        }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::page::page(self).fmt(f)
    }
}

impl Row for Document {}

impl Body {
    pub(super) fn index(entries: Vec<Entry>) -> Self {
        let platforms = entries.into_iter().map(Listed::from).collect();
        Self::Index { platforms }
    }

    /// Notes what is not there of what an index lists.
    pub(super) fn miss(&mut self, missing: &[Digest]) {
        if let Self::Index { platforms } = self {
            for entry in platforms {
                entry.missing |= missing.contains(&entry.digest);
            }
        }
    }

    pub(super) fn image(manifest: &Manifest, image: Image) -> Self {
        let config = manifest.config().map(Blob::from);
        let Some(config) = config else {
            return Self::Index {
                platforms: Vec::new(),
            };
        };
        let details = image.config.get().map(Details::from);
        Self::Image(Box::new(Described {
            config: Configuration {
                blob: config,
                problem: image.config.problem(),
            },
            total_size: size(manifest),
            layers: image.layers.into_iter().map(Shown::from).collect(),
            details,
        }))
    }
}

impl From<&Descriptor> for Blob {
    fn from(descriptor: &Descriptor) -> Self {
        Self {
            digest: descriptor.digest().clone(),
            size: descriptor.size(),
            media_type: descriptor.media_type().to_string(),
        }
    }
}

impl From<Layer> for Shown {
    fn from(layer: Layer) -> Self {
        Self {
            blob: Blob::from(&layer.descriptor),
            created_by: layer.step.and_then(|step| step.created_by),
        }
    }
}

impl From<Entry> for Listed {
    fn from(entry: Entry) -> Self {
        let (kind, subject) = match entry.sort {
            Sort::Image => ("image", None),
            Sort::Index => ("index", None),
            Sort::Attestation { of } => ("attestation", of),
            Sort::Other => ("other", None),
        };
        let descriptor = entry.descriptor;
        Self {
            platform: descriptor.platform().as_ref().map(platform::name),
            parts: descriptor
                .platform()
                .as_ref()
                .map_or_else(Parts::default, Parts::from),
            kind,
            digest: descriptor.digest().clone(),
            media_type: descriptor.media_type().to_string(),
            total_size: match entry.content {
                Content::Bytes(bytes) => Some(bytes),
                Content::Unread | Content::Missing => None,
            },
            subject,
            missing: entry.content == Content::Missing,
        }
    }
}

impl From<&Platform> for Parts {
    fn from(platform: &Platform) -> Self {
        let said = |text: String| (!text.is_empty()).then_some(text);
        Self {
            os: said(platform.os().to_string()),
            os_version: platform.os_version().clone(),
            os_features: platform.os_features().clone().unwrap_or_default(),
            architecture: said(platform.architecture().to_string()),
            variant: platform.variant().clone(),
        }
    }
}

impl From<&Config> for Details {
    fn from(config: &Config) -> Self {
        let Config {
            created,
            author,
            architecture,
            variant,
            os,
            os_version,
            os_features,
            run,
            history,
            diff_ids,
        } = config.clone();
        Self {
            created: created.clone().filter(|_| config.created().is_some()),
            created_as_written: created,
            platform: config.platform().as_ref().map(platform::name),
            parts: Parts {
                os,
                os_version,
                os_features,
                architecture,
                variant,
            },
            author,
            user: run.user,
            working_dir: run.working_dir,
            stop_signal: run.stop_signal,
            entrypoint: run.entrypoint,
            cmd: run.cmd,
            env: run.env,
            exposed_ports: run.exposed_ports,
            volumes: run.volumes,
            labels: run.labels,
            history: history.into_iter().map(Past::from).collect(),
            diff_ids,
        }
    }
}

impl From<Step> for Past {
    fn from(step: Step) -> Self {
        Self {
            created: step.created.filter(|text| meant(text).is_some()),
            created_by: step.created_by,
            comment: step.comment,
            empty_layer: step.empty_layer,
        }
    }
}
