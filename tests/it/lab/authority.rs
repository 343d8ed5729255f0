//! Certificate authorities that nobody knows.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyUsagePurpose};

/// What an authority's certificate says.
pub(crate) fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    params
}
