//! Trust in authorities that a user has named, besides those of the platform.
//!
//! A certificate that calls itself an authority's is no server's for the verifier: but the one that
//! `openssl req -x509` makes, and that the registry's own handbook has people make, is both. Where
//! the user has named that very certificate, it is taken for its server all the same.

use super::BoxError;
use super::secret::Secret;
use rustls::client::WantsClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, ConfigBuilder, DigitallySignedStruct, Error, OtherError,
    SignatureScheme,
};
use rustls_platform_verifier::Verifier;
use std::sync::Arc;

/// How TLS is spoken where these authorities (PEM) are trusted besides the platform's. `identity`
/// is the client's certificate and key, `protocols` what is spoken inside.
pub(super) fn config(
    authorities: &[&[u8]],
    identity: Option<&Secret>,
    protocols: &[&[u8]],
) -> Result<ClientConfig, BoxError> {
    let pems = authorities.iter();
    let named = pems
        .flat_map(|pem| CertificateDer::pem_slice_iter(pem))
        .collect::<Result<Vec<_>, _>>()?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let platform = Verifier::new_with_extra_roots(named.iter().cloned(), Arc::clone(&provider))?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Named { platform, named }));
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => with_identity(builder, identity)?,
    };
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(config)
}

fn with_identity(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    identity: &Secret,
) -> Result<ClientConfig, BoxError> {
    let chain = CertificateDer::pem_slice_iter(identity.expose());
    let chain = chain.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(identity.expose())?;
    Ok(builder.with_client_auth_cert(chain, key)?)
}

/// What the platform trusts, and what is signed by the certificates that the user has named, or
/// is one of them.
#[derive(Debug)]
struct Named {
    platform: Verifier,
    named: Vec<CertificateDer<'static>>,
}

impl Named {
    /// Whether nothing is wrong with a certificate but that it calls itself an authority's: the
    /// verifier has looked at its time before that, and at nothing that comes after.
    fn is_both(&self, certificate: &CertificateDer<'_>, error: &Error) -> bool {
        let Error::InvalidCertificate(CertificateError::Other(OtherError(other))) = error else {
            return false;
        };
        other.to_string() == "CaUsedAsEndEntity" && self.named.contains(certificate)
    }
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.platform.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            Err(error) if self.is_both(end_entity, &error) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.platform
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.platform
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.platform.supported_verify_schemes()
    }
}
