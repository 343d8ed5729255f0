//! A certificate authority of the measurement's own, and what it issued to both registries.

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
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
        let (params, own_key) = (params(), KeyPair::generate()?);
        let own = params.self_signed(&own_key)?;
        let key = KeyPair::generate()?;
        let mut server = CertificateParams::new([Ipv4Addr::LOCALHOST.to_string()])?;
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = server.signed_by(&key, &Issuer::new(params, own_key))?;
        std::fs::create_dir_all(&authority.folder)?;
        std::fs::write(&authority.file, own.pem())?;
        std::fs::write(&authority.certificate, certificate.pem())?;
        std::fs::write(&authority.key, key.serialize_pem())?;
        Ok(authority)
    }
}

fn params() -> CertificateParams {
    let mut params = CertificateParams::default();
    let name = "crossdock-scenarios";
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    params
}
