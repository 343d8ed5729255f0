//! A certificate authority of the measurement's own, and what it issued to both registries.

// The tests have both, too.
#[allow(clippy::unwrap_used)]
#[path = "../../tests/it/real/certificate.rs"]
mod certificate;
#[path = "../../tests/it/lab/authority.rs"]
mod params;

use anyhow::Result;
use params::authority;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

/// The files of an authority that nobody knows.
pub(crate) struct Authority {
    /// A folder with nothing in it but the authority's certificate.
    pub(crate) folder: PathBuf,
    /// The authority's certificate, as PEM.
    pub(crate) file: PathBuf,
    /// The registries' certificate, for their address.
    pub(crate) certificate: PathBuf,
    /// The registries' key.
    pub(crate) key: PathBuf,
}

impl Authority {
    /// A new one, whose files are below `place`.
    pub(crate) fn establish(place: &Path) -> Result<Self> {
        let folder = place.join("authority");
        let authority = Self {
            file: folder.join("ca.crt"),
            folder,
            certificate: place.join("registry.crt"),
            key: place.join("registry.key"),
        };
        let issued = certificate::issue(&Ipv4Addr::LOCALHOST.to_string());
        std::fs::create_dir_all(&authority.folder)?;
        std::fs::write(&authority.file, issued.authority)?;
        std::fs::write(&authority.certificate, issued.certificate)?;
        std::fs::write(&authority.key, issued.key)?;
        Ok(authority)
    }
}
