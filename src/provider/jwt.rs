//! JSON Web Tokens (RFC 7519) by which the holder of a private key says who he is.

use crate::transport::secret::Secret;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// Why a key signs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    /// Nothing in it is one.
    #[error("it is not in PEM form (`-----BEGIN PRIVATE KEY-----`), or is encrypted")]
    NotPem,
    /// It is of another kind, broken, or shorter than anybody takes.
    #[error("it is no RSA key of 2048 bits or more")]
    NotRsa,
}

/// A token with these claims, signed by RS256 (RFC 7518, section 3.3). `header` is what its header
/// has besides `alg` and `typ`; `key` is PEM, PKCS #8 or PKCS #1.
pub(super) fn sign(
    header: Map<String, Value>,
    claims: &Map<String, Value>,
    key: &Secret,
) -> Result<Secret, Unusable> {
    let key = key_pair(key)?;
    let mut full = Map::new();
    full.insert("alg".to_owned(), "RS256".into());
    full.insert("typ".to_owned(), "JWT".into());
    full.extend(header);
    let parts =
        [&full, claims].map(|part| URL_SAFE_NO_PAD.encode(Value::from(part.clone()).to_string()));
    let signed = parts.join(".");
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .map_err(|_| Unusable::NotRsa)?;
    let signature = URL_SAFE_NO_PAD.encode(signature);
    Ok(Secret::new(format!("{signed}.{signature}")))
}

fn key_pair(pem: &Secret) -> Result<RsaKeyPair, Unusable> {
    let key = PrivateKeyDer::from_pem_slice(pem.expose()).map_err(|_| Unusable::NotPem)?;
    let der = Zeroizing::new(key.secret_der().to_vec());
    let pair = match &key {
        PrivateKeyDer::Pkcs8(_) => RsaKeyPair::from_pkcs8(&der),
        PrivateKeyDer::Pkcs1(_) => RsaKeyPair::from_der(&der),
        _ => return Err(Unusable::NotRsa),
    };
    pair.map_err(|_| Unusable::NotRsa)
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    /// A new key: its PKCS #8, and its public half.
    pub(in super::super) fn key() -> (Vec<u8>, Vec<u8>) {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        (der.as_ref().to_vec(), pair.public_key().as_ref().to_vec())
    }

    pub(in super::super) fn pem(label: &str, der: &[u8]) -> Secret {
        let body = STANDARD.encode(der);
        Secret::new(format!(
            "-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"
        ))
    }

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_token_is_signed_by_either_form_of_a_key() {
        let (pkcs8, public) = key();
        // What is before the key itself in PKCS #8 has this length at 2048 bits.
        let pkcs1 = pkcs8[26..].to_vec();
        for (label, der) in [("PRIVATE KEY", pkcs8), ("RSA PRIVATE KEY", pkcs1)] {
            let claims = object(&json!({"iss": "me", "iat": 5}));
            let token = sign(object(&json!({"kid": "k1"})), &claims, &pem(label, &der)).unwrap();
            let token = token.expose_str().unwrap();
            let (signed, signature) = token.rsplit_once('.').unwrap();
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &public)
                .verify(signed.as_bytes(), &signature)
                .unwrap();
            let (header, told) = signed.split_once('.').unwrap();
            let read = |part| -> Value {
                serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
            };
            assert_eq!(
                read(header),
                json!({"alg": "RS256", "typ": "JWT", "kid": "k1"})
            );
            assert_eq!(read(told), json!({"iss": "me", "iat": 5}));
        }
    }

    #[test]
    fn other_keys_sign_nothing() {
        let elliptic = rcgen::KeyPair::generate().unwrap().serialize_pem();
        for (pem, why) in [
            (Secret::new(""), Unusable::NotPem),
            (Secret::new("c2VjcmV0"), Unusable::NotPem),
            (pem("ENCRYPTED PRIVATE KEY", b"x"), Unusable::NotPem),
            (pem("PRIVATE KEY", b"x"), Unusable::NotRsa),
            (Secret::new(elliptic), Unusable::NotRsa),
        ] {
            assert_eq!(sign(Map::new(), &Map::new(), &pem), Err(why));
        }
    }
}
