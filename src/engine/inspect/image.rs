//! One image: its config, and its layers with the steps that made them.

use crate::oci::Descriptor;
use crate::oci::config::{Config, ConfigError, MAX_BYTES, Step, is_config_type};
use crate::oci::manifest::Manifest;
use crate::store::content;
use crate::store::{Kind, Result, Store};

/// One image, or an artifact in an image's form.
#[derive(Debug, Clone)]
pub struct Image {
    /// Its config.
    pub config: Configured,
    /// Its layers, lowest first.
    pub layers: Vec<Layer>,
}

/// What is known of a config.
#[derive(Debug, Clone)]
pub enum Configured {
    /// What it says.
    Read(Box<Config>),
    /// It is no image's, by its media type, and was not read.
    Foreign,
    /// It is not there.
    Missing,
    /// It is larger than any that is read.
    TooLarge,
    /// It cannot be understood.
    Unclear(ConfigError),
}

/// A layer.
#[derive(Debug, Clone)]
pub struct Layer {
    /// What names it.
    pub descriptor: Descriptor,
    /// The step that made it, where the config's history fits the layers.
    pub step: Option<Step>,
}

impl Image {
    /// Reads the config of `manifest`. One that is not there, or makes no sense, is no failure.
    pub async fn read(store: &dyn Store, manifest: &Manifest) -> Result<Self> {
        let config = match manifest.config() {
            Some(config) => Configured::read(store, config).await?,
            None => Configured::Foreign,
        };
        let layers = manifest.layers();
        let steps = config
            .get()
            .map(|config| config.steps_of_layers(layers.len()));
        let steps = steps.unwrap_or_default();
        let layer = |(at, descriptor): (usize, &Descriptor)| Layer {
            descriptor: descriptor.clone(),
            step: steps.get(at).map(|step| (*step).clone()),
        };
        let layers = layers.iter().enumerate().map(layer).collect();
        Ok(Self { config, layers })
    }
}

impl Configured {
    async fn read(store: &dyn Store, config: &Descriptor) -> Result<Self> {
        if !is_config_type(config.media_type().as_ref()) {
            return Ok(Self::Foreign);
        }
        if config.size() > MAX_BYTES {
            return Ok(Self::TooLarge);
        }
        let bytes = match content::whole(store, config).await {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == Kind::NotFound => return Ok(Self::Missing),
            Err(error) => return Err(error),
        };
        match Config::read(&bytes) {
            Ok(config) => Ok(Self::Read(Box::new(config))),
            Err(problem) => Ok(Self::Unclear(problem)),
        }
    }

    /// The config, where it could be read.
    pub fn get(&self) -> Option<&Config> {
        match self {
            Self::Read(config) => Some(config),
            Self::Foreign | Self::Missing | Self::TooLarge | Self::Unclear(_) => None,
        }
    }

    /// Why nothing is known of a config that should be one.
    pub fn problem(&self) -> Option<String> {
        match self {
            Self::Read(_) | Self::Foreign => None,
            Self::Missing => Some("it is not there".to_owned()),
            Self::TooLarge => Some(format!("it has more than {MAX_BYTES} bytes")),
            Self::Unclear(problem) => Some(problem.to_string()),
        }
    }
}
