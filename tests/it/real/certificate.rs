//! Certificates that nobody knows.

use super::authority;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair};

/// A server's certificate, its key, and who issued it, all as PEM.
pub(super) struct Issued {
    pub(super) authority: String,
    pub(super) certificate: String,
    pub(super) key: String,
}

/// A certificate for a server at `address`, of an authority of its own.
pub(super) fn issue(address: &str) -> Issued {
    let (params, authority_key) = (authority("crossdock-test"), KeyPair::generate().unwrap());
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(params, authority_key);
    let key = KeyPair::generate().unwrap();
    let mut server = CertificateParams::new([address.to_owned()]).unwrap();
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = server.signed_by(&key, &issuer).unwrap();
    Issued {
        authority: authority.pem(),
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    }
}
