//! The statement by which the holder of a certificate's key says which application it is.
//!
//! Source: Microsoft identity platform, "Microsoft identity platform application authentication
//! certificate credentials".

use super::error::Error;
use super::read;
use crate::provider::jwt;
use crate::transport::pem;
use crate::transport::secret::Secret;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use url::Url;

/// No file with a certificate and its key is longer.
const LIMIT: u64 = 1024 * 1024;
/// For how long a statement is good, in seconds.
const LIFETIME: u64 = 600;

/// States to the service at `audience` that this is `client`, by the certificate in `path`, which
/// `variable` names.
pub(super) fn assertion(
    variable: &'static str,
    path: &Path,
    client: &str,
    audience: &Url,
) -> Result<Secret, Error> {
    let wrong = |reason| Error::File {
        variable,
        path: path.to_owned(),
        reason,
    };
    let content = read(variable, path, LIMIT)?;
    if is_archive(content.expose()) {
        return Err(wrong(
            "is in the form PKCS #12 (`.pfx`); turn it into PEM: `openssl pkcs12 -in FILE.pfx -out FILE.pem -nodes`",
        ));
    }
    let unusable = |reason| Error::Certificate {
        path: path.to_owned(),
        reason,
    };
    let chain = pem::chain(content.expose()).map_err(unusable)?;
    let identity = pem::identity(chain, content.expose()).map_err(unusable)?;
    let certificate = CertificateDer::from_pem_slice(identity.expose());
    let certificate = certificate.map_err(|_| wrong("holds a broken certificate"))?;
    let claims = claims(client, audience)?;
    let signed = jwt::sign(header(&certificate), &claims, &identity);
    signed.map_err(|_| wrong("holds a key that is no RSA key of 2048 bits or more"))
}

/// Which certificate it is, by both of the names that Entra knows it by.
fn header(certificate: &CertificateDer<'_>) -> Map<String, Value> {
    let print = |algorithm| URL_SAFE_NO_PAD.encode(digest(algorithm, certificate));
    [
        ("x5t", print(&SHA1_FOR_LEGACY_USE_ONLY)),
        ("x5t#S256", print(&SHA256)),
    ]
    .into_iter()
    .map(|(name, print)| (name.to_owned(), print.into()))
    .collect()
}

fn claims(client: &str, audience: &Url) -> Result<Map<String, Value>, Error> {
    let mut unique = [0; 16];
    getrandom::fill(&mut unique).map_err(|_| Error::Random)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_secs();
    let claims = [
        ("aud", json!(audience.as_str())),
        ("iss", json!(client)),
        ("sub", json!(client)),
        ("jti", json!(URL_SAFE_NO_PAD.encode(unique))),
        ("iat", json!(now)),
        ("nbf", json!(now)),
        ("exp", json!(now + LIFETIME)),
    ];
    let named = claims.into_iter();
    Ok(named
        .map(|(name, value)| (name.to_owned(), value))
        .collect())
}

/// Whether this is DER, as a PKCS #12 file is: a sequence with a length of several bytes.
fn is_archive(content: &[u8]) -> bool {
    matches!(content, [0x30, 0x80..=0x84, ..])
}
