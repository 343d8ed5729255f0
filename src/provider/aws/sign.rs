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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::endpoint::Service;
    use super::*;
    use serde_json::Value;
    use std::time::{Duration, UNIX_EPOCH};

    /// What botocore makes of the same requests: `tests/it/clouds/aws/sign.py` wrote it.
    #[test]
    fn the_signature_is_botocore_s() {
        let vectors: Vec<Value> = serde_json::from_str(include_str!("vectors.json")).unwrap();
        assert_eq!(vectors.len(), 7);
        for vector in vectors {
            let text = |name: &str| vector[name].as_str().unwrap().to_owned();
            let service = match &*text("service") {
                "ecr" => Service::Ecr,
                _ => Service::EcrPublic,
            };
            let endpoint = Endpoint {
                service,
                region: text("region"),
                url: text("url").parse().unwrap(),
            };
            let session = vector["token"].as_str().map(str::to_owned);
            let credentials =
                Credentials::new(text("key"), text("secret"), session.clone(), None, "test");
            let target = service.target("GetAuthorizationToken");
            let headers = [
                ("content-type", "application/x-amz-json-1.1"),
                ("x-amz-target", &*target),
            ];
            assert_eq!(text("target"), target);
            let now = UNIX_EPOCH + Duration::from_secs(vector["time"].as_u64().unwrap());
            let signed = signed(&endpoint, &headers, b"{}", &credentials, now).unwrap();
            let header = |name: &str| signed.get(name).and_then(|value| value.to_str().ok());
            let authorization = text("authorization");
            // AWS's own crate puts a comma without a space behind it, or the other way round.
            let bare = |text: &str| text.replace(", ", ",");
            assert_eq!(
                header("authorization").map(bare),
                Some(bare(&authorization))
            );
            assert_eq!(header("x-amz-security-token"), session.as_deref());
            assert!(signed["authorization"].is_sensitive());
        }
    }
}
