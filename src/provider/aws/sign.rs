//! The signature of a request to one of AWS's services: version 4, by AWS's own crate.

use super::endpoint::Endpoint;
use crate::transport::BoxError;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::time::SystemTime;

/// The headers of a signed `POST` of `body`, `headers` among them.
pub(super) fn signed(
    endpoint: &Endpoint,
    headers: &[(&'static str, &str)],
    body: &[u8],
    credentials: &Credentials,
    now: SystemTime,
) -> Result<HeaderMap, BoxError> {
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&endpoint.region)
        .name(endpoint.service.signing_name())
        .time(now)
        .settings(SigningSettings::default())
        .build()?
        .into();
    let given = headers.iter().copied();
    let body = SignableBody::Bytes(body);
    let request = SignableRequest::new("POST", endpoint.url.as_str(), given.clone(), body)?;
    let (instructions, _) = sign(request, &parameters)?.into_parts();
    let mut signed = HeaderMap::new();
    for (name, value) in given {
        signed.insert(HeaderName::from_static(name), value.parse()?);
    }
    for (name, value) in instructions.headers() {
        let mut value: HeaderValue = value.parse()?;
        value.set_sensitive(true);
        signed.insert(HeaderName::from_bytes(name.as_bytes())?, value);
    }
    Ok(signed)
}
