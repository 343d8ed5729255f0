//! Who a machine of Amazon Web Services is there, as Google takes it: a signed request that Google
//! sends on, to which AWS answers who signed it.
//!
//! Source: AIP-4117, "Determining the subject token in AWS", and google-cloud-auth.

use super::error::Error;
use super::exchange::Endpoint;
use super::file::Hidden;
use crate::provider::Surroundings;
use crate::transport::secret::Secret;
use crate::transport::{Attempts, BoxError};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::{HeaderName, HeaderValue, Method};
use serde::Deserialize;
use serde_json::json;
use std::time::{Duration, SystemTime};
use url::Url;
use zeroize::Zeroizing;

/// What is asked of AWS, where a file does not say.
const QUESTION: &str =
    "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";
/// How long the metadata service may take.
const PATIENCE: Duration = Duration::from_secs(1);
const SESSION: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");
const SESSION_TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");

/// Where the machine's identity comes from, besides its variables.
#[derive(Deserialize)]
pub(super) struct Aws {
    environment_id: Option<String>,
    region_url: Option<String>,
    regional_cred_verification_url: Option<String>,
    imdsv2_session_token_url: Option<String>,
}

/// What the metadata service has for a role.
#[derive(Deserialize)]
struct Role {
    #[serde(rename = "AccessKeyId")]
    id: String,
    #[serde(rename = "SecretAccessKey")]
    key: Hidden,
    #[serde(rename = "Token")]
    token: Option<Hidden>,
}

/// The metadata service, and the session with it.
struct Metadata<'a> {
    surroundings: &'a Surroundings,
    session: Option<Secret>,
}

impl Aws {
    /// Whether this is what a file names.
    pub(super) fn is_named(&self) -> bool {
        self.environment_id.is_some()
    }

    /// The signed request, for whoever is meant by `audience`. `roles` is where the metadata
    /// service has the machine's roles.
    pub(super) async fn token(
        &self,
        surroundings: &Surroundings,
        roles: Option<&str>,
        audience: &str,
    ) -> Result<Secret, Error> {
        let source = "credential_source";
        match self.environment_id.as_deref() {
            Some("aws1") => {}
            Some(_) => {
                return Err(Error::field(
                    source,
                    "has an `environment_id` other than aws1",
                ));
            }
            None => {
                let known = "names neither a file, a url, an executable nor an environment_id";
                return Err(Error::field(source, known));
            }
        }
        let (region, credentials) = (of_variables(surroundings), keys(surroundings));
        let metadata = match (&region, &credentials) {
            (Some(_), Some(_)) => None,
            _ => Some(self.metadata(surroundings).await?),
        };
        let region = match (region, &metadata, &self.region_url) {
            (Some(region), _, _) => region,
            (None, Some(metadata), Some(url)) => {
                let zone = metadata.get("credential_source.region_url", url).await?;
                of_zone(&text(&zone)).to_owned()
            }
            _ => {
                return Err(Error::field(
                    source,
                    "leaves the region open; set `AWS_REGION`",
                ));
            }
        };
        let credentials = match (credentials, &metadata, roles) {
            (Some(credentials), _, _) => credentials,
            (None, Some(metadata), Some(url)) => metadata.role(url).await?,
            _ => return Err(Error::field(source, "names no role")),
        };
        let asked = self.regional_cred_verification_url.as_deref();
        let url = asked.unwrap_or(QUESTION).replace("{region}", &region);
        let url = Url::parse(&url).map_err(|_| {
            let field = "credential_source.regional_cred_verification_url";
            Error::field(field, "is no URL")
        })?;
        signed(&url, &region, audience, &credentials, SystemTime::now())
            .map_err(|_| Error::field(source, "leads to a request that cannot be signed"))
    }

    async fn metadata<'a>(&self, surroundings: &'a Surroundings) -> Result<Metadata<'a>, Error> {
        let mut metadata = Metadata {
            surroundings,
            session: None,
        };
        if let Some(url) = &self.imdsv2_session_token_url {
            let field = "credential_source.imdsv2_session_token_url";
            let session = metadata.ask(Method::PUT, field, url).await?;
            metadata.session = Some(Secret::new(text(&session)));
        }
        Ok(metadata)
    }
}

impl Metadata<'_> {
    async fn get(&self, field: &'static str, url: &str) -> Result<bytes::Bytes, Error> {
        self.ask(Method::GET, field, url).await
    }

    async fn ask(
        &self,
        method: Method,
        field: &'static str,
        url: &str,
    ) -> Result<bytes::Bytes, Error> {
        let endpoint = Endpoint::near(field, url)?;
        let mut request = endpoint.request(method.clone()).attempts(Attempts::Once);
        if method == Method::PUT {
            request = request.header(SESSION_TTL, HeaderValue::from_static("300"));
        }
        if let Some(session) = &self.session {
            let value = HeaderValue::from_bytes(session.expose());
            let mut value = value.map_err(|_| endpoint.reply("is none of a metadata service"))?;
            value.set_sensitive(true);
            request = request.header(SESSION, value);
        }
        let transport = &self.surroundings.transport;
        endpoint.ask_within(PATIENCE, transport, request, &[]).await
    }

    async fn role(&self, url: &str) -> Result<Credentials, Error> {
        let field = "credential_source.url";
        let name = text(&self.get(field, url).await?);
        let at = format!("{}/{name}", url.trim_end_matches('/'));
        let document = self.get(field, &at).await?;
        let role: Role = serde_json::from_slice(&document)
            .map_err(|_| Error::field(field, "answers without the role's keys"))?;
        let text = |Hidden(secret): Hidden| secret.expose_str().unwrap_or_default().to_owned();
        let token = role.token.map(text);
        Ok(Credentials::new(
            role.id,
            text(role.key),
            token,
            None,
            "metadata",
        ))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

fn variable(surroundings: &Surroundings, name: &str) -> Option<String> {
    let value = surroundings.variables.get(name);
    value.filter(|value| !value.is_empty()).cloned()
}

fn of_variables(surroundings: &Surroundings) -> Option<String> {
    variable(surroundings, "AWS_REGION").or_else(|| variable(surroundings, "AWS_DEFAULT_REGION"))
}

fn keys(surroundings: &Surroundings) -> Option<Credentials> {
    let id = variable(surroundings, "AWS_ACCESS_KEY_ID")?;
    let key = variable(surroundings, "AWS_SECRET_ACCESS_KEY")?;
    let token = variable(surroundings, "AWS_SESSION_TOKEN");
    Some(Credentials::new(id, key, token, None, "variables"))
}

/// The region that a zone is in: `us-east-1` of `us-east-1d`.
fn of_zone(zone: &str) -> &str {
    let region = zone.strip_suffix(|last: char| last.is_ascii_lowercase());
    let is_region = |region: &&str| region.ends_with(|last: char| last.is_ascii_digit());
    region.filter(is_region).unwrap_or(zone)
}

/// The request as a text that Google takes for a token.
fn signed(
    url: &Url,
    region: &str,
    audience: &str,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<Secret, BoxError> {
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(now)
        .settings(SigningSettings::default())
        .build()?
        .into();
    let host = url.host_str().ok_or("no host")?;
    let given = [("host", host), ("x-goog-cloud-target-resource", audience)];
    let body = SignableBody::Bytes(b"");
    let request = SignableRequest::new("POST", url.as_str(), given.into_iter(), body)?;
    let (instructions, _) = sign(request, &parameters)?.into_parts();
    let headers = given.into_iter().chain(instructions.headers());
    let headers = headers.map(|(key, value)| json!({"key": key, "value": value}));
    let headers: Vec<_> = headers.collect();
    let document = json!({"url": url.as_str(), "method": "POST", "headers": headers, "body": ""});
    let document = Zeroizing::new(document.to_string());
    let text: String = url::form_urlencoded::byte_serialize(document.as_bytes()).collect();
    Ok(Secret::new(text))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    #[test]
    fn a_region_is_a_zone_without_its_letter() {
        for (zone, region) in [
            ("us-east-1d", "us-east-1"),
            ("us-gov-west-1a", "us-gov-west-1"),
            ("us-east-1", "us-east-1"),
            ("a", "a"),
            ("", ""),
        ] {
            assert_eq!(of_zone(zone), region);
        }
    }

    /// The keys are those of AWS's documentation; the signature is botocore's (1.43.11) for the same
    /// request.
    #[test]
    fn the_request_is_signed_as_aws_does() {
        let key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let token = Some("TOK".to_owned());
        let credentials = Credentials::new("AKIDEXAMPLE", key, token, None, "test");
        let url = QUESTION.replace("{region}", "eu-west-1").parse().unwrap();
        let now = UNIX_EPOCH + Duration::from_hours(498_192);
        let audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p";
        let token = signed(&url, "eu-west-1", audience, &credentials, now).unwrap();
        let text = percent_encoding::percent_decode(token.expose())
            .decode_utf8()
            .unwrap();
        let document: serde_json::Value = serde_json::from_str(&text.replace('+', " ")).unwrap();
        assert_eq!(document["method"], "POST");
        let headers = document["headers"].as_array().unwrap().iter();
        let mut headers = headers.filter(|header| header["key"] == "authorization");
        let value = headers.next().unwrap()["value"].as_str().unwrap();
        assert_eq!(
            value,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261101/eu-west-1/sts/aws4_request, \
             SignedHeaders=host;x-amz-date;x-amz-security-token;x-goog-cloud-target-resource, \
             Signature=0325e52234ea3e5d6515a4da0dc561392e64855372e09de447c3a15bf47732de"
        );
    }
}
