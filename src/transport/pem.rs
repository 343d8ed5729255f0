//! Certificates and keys as files hold them (RFC 7468), looked at before anything is sent.

use super::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::{Error, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error as TlsError, RootCertStore};
use std::fmt::Write as _;
use zeroize::Zeroizing;

/// Why a file is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Nothing of what is wanted is in it.
    #[error("holds no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)")]
    NoCertificate,
    /// The same for a key.
    #[error("holds no private key in PEM form (`-----BEGIN PRIVATE KEY-----`)")]
    NoKey,
    /// A key that wants a password.
    #[error("holds a private key that is encrypted; crossdock has no password for it")]
    Encrypted,
    /// A certificate that nobody can read.
    #[error("holds a broken certificate")]
    BrokenCertificate,
    /// A key that nobody can read, or of a kind that is not known.
    #[error("holds a private key that cannot be used")]
    BrokenKey,
    /// A key for another certificate.
    #[error("holds the private key of another certificate")]
    Mismatch,
}

/// Looks at a file of certificate authorities.
pub fn check_authorities(pem: &[u8]) -> Result<(), Unusable> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(pem)? {
        store
            .add(certificate)
            .map_err(|_| Unusable::BrokenCertificate)?;
    }
    Ok(())
}

/// A client's certificate, with its chain, that a file holds.
#[derive(Debug)]
pub struct Chain(Vec<CertificateDer<'static>>);

/// Reads a client's certificate, with its chain behind it. What else is in the file is left out.
pub fn chain(pem: &[u8]) -> Result<Chain, Unusable> {
    certificates(pem).map(Chain)
}

/// Reads the private key of a client's certificate, and puts both together as one text. What else
/// is in the file is left out.
pub fn identity(Chain(chain): Chain, pem: &[u8]) -> Result<Secret, Unusable> {
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        Error::NoItemsFound if is_encrypted(pem) => Unusable::Encrypted,
        Error::NoItemsFound => Unusable::NoKey,
        _ if is_encrypted(pem) => Unusable::Encrypted,
        _ => Unusable::BrokenKey,
    })?;
    let label = match &key {
        PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
        PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
        _ => "PRIVATE KEY",
    };
    let mut text = Zeroizing::new(String::new());
    for certificate in &chain {
        write(&mut text, "CERTIFICATE", certificate);
    }
    write(&mut text, label, key.secret_der());
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    match CertifiedKey::from_der(chain, key, &provider) {
        Ok(_) => Ok(Secret::new(text.as_bytes())),
        Err(TlsError::InconsistentKeys(_)) => Err(Unusable::Mismatch),
        Err(TlsError::InvalidCertificate(_)) => Err(Unusable::BrokenCertificate),
        Err(_) => Err(Unusable::BrokenKey),
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    match found {
        Ok(found) if found.is_empty() => Err(Unusable::NoCertificate),
        Ok(found) => Ok(found),
        Err(_) => Err(Unusable::BrokenCertificate),
    }
}

/// Whether a key wants a password: as PKCS #8 has it, or as OpenSSL once wrote it (RFC 1421).
fn is_encrypted(pem: &[u8]) -> bool {
    let marks = [
        b"BEGIN ENCRYPTED PRIVATE KEY".as_slice(),
        b"Proc-Type: 4,ENCRYPTED",
    ];
    let holds = |mark: &&[u8]| pem.windows(mark.len()).any(|part| part == *mark);
    marks.iter().any(holds)
}

fn write(text: &mut Zeroizing<String>, label: &str, der: &[u8]) {
    let body = Zeroizing::new(STANDARD.encode(der));
    let body = body.as_str();
    // A text takes whatever is written to it.
    let _ = write!(
        text,
        "-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"
    );
}
