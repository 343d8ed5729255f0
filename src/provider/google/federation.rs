//! Tokens for whom another identity provider knows: workload identity federation (RFC 8693).

use super::account::SCOPE;
use super::aws::Aws;
use super::error::Error;
use super::exchange::{Endpoint, Token};
use super::executable::Executable;
use super::file::{self, Hidden};
use super::impersonation::{Account, email};
use crate::provider::Surroundings;
use crate::transport::Request;
use crate::transport::secret::Secret;
use http::{HeaderName, HeaderValue, Method};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Who the machine is at another identity provider, and what Google makes of that.
#[derive(Deserialize)]
pub(super) struct Federation {
    audience: String,
    subject_token_type: String,
    token_url: String,
    credential_source: Source,
    service_account_impersonation_url: Option<String>,
    service_account_impersonation: Option<Impersonation>,
    client_id: Option<String>,
    client_secret: Option<Hidden>,
    workforce_pool_user_project: Option<String>,
}

#[derive(Deserialize)]
struct Impersonation {
    token_lifetime_seconds: Option<u64>,
}

/// Where the token of the other identity provider comes from. At AWS, `url` is where the machine's
/// roles are.
#[derive(Deserialize)]
struct Source {
    file: Option<String>,
    url: Option<String>,
    headers: Option<BTreeMap<String, Hidden>>,
    format: Option<Format>,
    executable: Option<Executable>,
    #[serde(flatten)]
    aws: Aws,
}

/// What a file or a service holds.
#[derive(Deserialize, Default)]
struct Format {
    r#type: Option<String>,
    subject_token_field_name: Option<String>,
}

impl Federation {
    /// Whose token it comes to, as far as the file says.
    pub(super) fn email(&self) -> Option<&str> {
        email(self.service_account_impersonation_url.as_deref()?)
    }

    /// The token that Google gives for the other one.
    pub(super) async fn token(&self, surroundings: &Surroundings) -> Result<Token, Error> {
        let endpoint = Endpoint::of("token_url", &self.token_url)?;
        let account = self.account();
        // Looked at first: nobody is asked where the way would end.
        if let Some(account) = &account {
            account.endpoint()?;
        }
        let subject = self.subject(surroundings).await?;
        let form = self.form(&endpoint, &subject);
        let transport = &surroundings.transport;
        let client = self.client_secret.iter().map(|secret| &secret.0);
        let told: Vec<&Secret> = client.chain([&subject]).collect();
        let token = endpoint.token(transport, form, &told).await?;
        match account {
            Some(account) => account.token(transport, &token.value).await,
            None => Ok(token),
        }
    }

    fn account(&self) -> Option<Account<'_>> {
        let lifetime = self.service_account_impersonation.as_ref();
        Some(Account {
            url: self.service_account_impersonation_url.as_deref()?,
            delegates: &[],
            lifetime: lifetime.and_then(|asked| asked.token_lifetime_seconds),
        })
    }

    fn form(&self, endpoint: &Endpoint, subject: &Secret) -> Request {
        let mut fields = vec![
            (
                "grant_type",
                b"urn:ietf:params:oauth:grant-type:token-exchange".as_slice(),
            ),
            ("audience", self.audience.as_bytes()),
            ("scope", SCOPE.as_bytes()),
            (
                "requested_token_type",
                b"urn:ietf:params:oauth:token-type:access_token",
            ),
            ("subject_token_type", self.subject_token_type.as_bytes()),
            ("subject_token", subject.expose()),
        ];
        let client = self.client_id.as_deref().zip(self.client_secret.as_ref());
        let project = self.workforce_pool_user_project.as_deref();
        let options = project.filter(|_| client.is_none());
        let options = options.map(|project| json!({"userProject": project}).to_string());
        if let Some(options) = &options {
            fields.push(("options", options.as_bytes()));
        }
        let authorization = client.and_then(|(id, secret)| endpoint.basic(id, &secret.0));
        endpoint.form(&fields).authorization(authorization)
    }

    async fn subject(&self, surroundings: &Surroundings) -> Result<Secret, Error> {
        let source = &self.credential_source;
        if source.aws.is_named() {
            let roles = source.url.as_deref();
            return source.aws.token(surroundings, roles, &self.audience).await;
        }
        let format = source.format.as_ref();
        if let Some(path) = &source.file {
            let content = file::read(Path::new(path))?.ok_or_else(|| Error::File {
                path: path.clone(),
                reason: "does not exist".to_owned(),
            })?;
            return subject(&content, format).map_err(|reason| Error::File {
                path: path.clone(),
                reason,
            });
        }
        if let Some(url) = &source.url {
            return source.fetch(url, surroundings).await;
        }
        if let Some(executable) = &source.executable {
            let asked = [
                ("GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE", self.audience.as_str()),
                (
                    "GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE",
                    self.subject_token_type.as_str(),
                ),
                (
                    "GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL",
                    self.email().unwrap_or_default(),
                ),
            ];
            return executable.token(surroundings, &asked).await;
        }
        source.aws.token(surroundings, None, &self.audience).await
    }
}

impl Source {
    async fn fetch(&self, url: &str, surroundings: &Surroundings) -> Result<Secret, Error> {
        let endpoint = Endpoint::near("credential_source.url", url)?;
        let mut request = endpoint.request(Method::GET);
        let headers = self.headers.iter().flatten();
        let told: Vec<&Secret> = headers.clone().map(|(_, value)| &value.0).collect();
        for (name, value) in headers {
            let wrong = || Error::field("credential_source.headers", "has one that is none");
            let name = HeaderName::try_from(name).map_err(|_| wrong())?;
            let value = HeaderValue::from_bytes(value.0.expose());
            let mut value = value.map_err(|_| wrong())?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        let transport = &surroundings.transport;
        let body = endpoint.ask(transport, request, &told).await?;
        subject(&body, self.format.as_ref()).map_err(|_| endpoint.reply("holds no subject token"))
    }
}

/// The token in a content.
fn subject(content: &[u8], format: Option<&Format>) -> Result<Secret, String> {
    let kind = format.and_then(|format| format.r#type.as_deref());
    let token = match kind.unwrap_or("text") {
        "text" => {
            let text = std::str::from_utf8(content).map_err(|_| "is no text")?;
            Secret::new(text.trim())
        }
        "json" => {
            let field = format.and_then(|format| format.subject_token_field_name.as_deref());
            let field = field.unwrap_or("access_token");
            let document: BTreeMap<String, Value> =
                serde_json::from_slice(content).map_err(|_| "is no JSON object")?;
            let text = document.get(field).and_then(Value::as_str);
            Secret::new(text.ok_or_else(|| format!("has no text in its `{field}`"))?)
        }
        _ => return Err("is in a format that is neither `text` nor `json`".to_owned()),
    };
    if token.expose().is_empty() {
        return Err("holds no token".to_owned());
    }
    Ok(token)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_text_or_a_field_of_the_document() {
        let format = |kind: &str, field: Option<&str>| Format {
            r#type: Some(kind.to_owned()),
            subject_token_field_name: field.map(str::to_owned),
        };
        let json = format("json", Some("value"));
        for (content, format, token) in [
            (" tok\n", None, Ok("tok")),
            ("tok", Some(&format("text", None)), Ok("tok")),
            (r#"{"value": "tok"}"#, Some(&json), Ok("tok")),
            (
                r#"{"access_token": "t"}"#,
                Some(&format("json", None)),
                Ok("t"),
            ),
            (
                r#"{"value": 5}"#,
                Some(&json),
                Err("has no text in its `value`"),
            ),
            ("tok", Some(&json), Err("is no JSON object")),
            ("\n", None, Err("holds no token")),
            (
                "tok",
                Some(&format("yaml", None)),
                Err("is in a format that is neither `text` nor `json`"),
            ),
        ] {
            let read = subject(content.as_bytes(), format);
            let read = read.as_ref().map(|token| token.expose_str().unwrap());
            assert_eq!(read.map_err(String::as_str), token, "{content}");
        }
        assert!(subject(&[0xff], None).is_err());
    }
}
