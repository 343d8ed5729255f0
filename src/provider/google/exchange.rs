//! Requests that hold secrets: where they may go, how long they may take, and what a refusal says.

use super::error::Error;
use crate::auth::token::read_reply;
use crate::transport::address::Class;
use crate::transport::carry::Home;
use crate::transport::origin::Origin;
use crate::transport::secret::Secret;
use crate::transport::{Authorization, Body, Request, Response, Transport};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Method, header};
use serde_json::Value;
use std::time::Duration;
use url::{Host, Url};
use zeroize::Zeroizing;

/// No answer is longer.
const LIMIT: usize = 1024 * 1024;
/// How long an answer may take, all attempts included.
const PATIENCE: Duration = Duration::from_secs(30);
/// So many characters of a refusal are told.
const SHOWN: usize = 500;

/// An access token, and for how long it is good.
pub(super) struct Token {
    pub(super) value: Secret,
    pub(super) lifetime: Duration,
}

/// A place that a file names, and that may be told secrets.
#[derive(Debug)]
pub(super) struct Endpoint {
    url: Url,
    origin: Origin,
}

impl Endpoint {
    /// The place that `field` names: over TLS, or on this machine.
    pub(super) fn of(field: &'static str, text: &str) -> Result<Self, Error> {
        Self::checked(field, text, is_loopback)
    }

    /// The same where it may also be a service that the machine is given by its cloud, which
    /// nobody but the machine can reach.
    pub(super) fn near(field: &'static str, text: &str) -> Result<Self, Error> {
        Self::checked(field, text, |origin| {
            is_loopback(origin)
                || matches!(origin.class(), Some(Class::LinkLocal | Class::Metadata))
        })
    }

    /// A service that the user says this machine has: it is told no secret, and may be anywhere.
    pub(super) fn machine(field: &'static str, text: &str) -> Result<Self, Error> {
        Self::checked(field, text, |_| true)
    }

    fn checked(
        field: &'static str,
        text: &str,
        may_be_plain: impl Fn(&Origin) -> bool,
    ) -> Result<Self, Error> {
        let wrong = |reason| Error::field(field, reason);
        let url = Url::parse(text).map_err(|_| wrong("is no URL"))?;
        let origin = Origin::of(&url).ok_or_else(|| wrong("is no HTTPS URL"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("brings a password of its own"));
        }
        if !origin.is_secure() && !may_be_plain(&origin) {
            return Err(wrong("is not HTTPS"));
        }
        Ok(Self { url, origin })
    }

    /// A request to it. What is near by knows who asks by the machine that does, and a proxy is
    /// another one.
    pub(super) fn request(&self, method: Method) -> Request {
        let request = Request::new(method, self.url.clone());
        if self.origin.is_secure() {
            request
        } else {
            request.without_proxy()
        }
    }

    /// A form for it.
    pub(super) fn form(&self, fields: &[(&str, &[u8])]) -> Request {
        self.request(Method::POST).form(fields.iter().copied())
    }

    /// A document for it.
    pub(super) fn json(&self, document: &Value) -> Request {
        let json = HeaderValue::from_static("application/json");
        self.request(Method::POST)
            .header(header::CONTENT_TYPE, json)
            .body(Body::Bytes(document.to_string().into()))
    }

    /// Who asks there, by a token.
    pub(super) fn bearer(&self, token: &Secret) -> Option<Authorization> {
        let text = Zeroizing::new(format!("Bearer {}", token.expose_str()?));
        self.authorization(&text)
    }

    /// Who asks there, by a password.
    pub(super) fn basic(&self, id: &str, password: &Secret) -> Option<Authorization> {
        let mut pair = Zeroizing::new(id.as_bytes().to_vec());
        pair.push(b':');
        pair.extend_from_slice(password.expose());
        let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(&*pair)));
        self.authorization(&text)
    }

    fn authorization(&self, text: &str) -> Option<Authorization> {
        let value = HeaderValue::from_str(text).ok()?;
        Some(Authorization::new(
            value,
            Home::new(self.origin.clone(), Vec::new()),
        ))
    }

    /// What it answers. `told` is what it is told in confidence.
    pub(super) async fn ask(
        &self,
        transport: &Transport,
        request: Request,
        told: &[&Secret],
    ) -> Result<Bytes, Error> {
        self.ask_within(PATIENCE, transport, request, told).await
    }

    /// The same, where it may take so long.
    pub(super) async fn ask_within(
        &self,
        patience: Duration,
        transport: &Transport,
        request: Request,
        told: &[&Secret],
    ) -> Result<Bytes, Error> {
        let service = self.service();
        let response = self.send(transport, request, patience).await?;
        let status = response.status();
        if status.is_redirection() {
            return Err(Error::Redirect { service });
        }
        if !status.is_success() {
            let body = response.beginning(64 * 1024).await;
            let (code, words) = complaint(&body, told);
            return Err(Error::Refused {
                service,
                status,
                code,
                words,
            });
        }
        let read = response.bytes(LIMIT).await;
        read.map_err(|source| Error::Transport { service, source })
    }

    /// Its answer, whatever it is, within so much time.
    pub(super) async fn send(
        &self,
        transport: &Transport,
        request: Request,
        patience: Duration,
    ) -> Result<Response, Error> {
        let service = || self.service();
        let request = request.without_redirects().read_whole(LIMIT);
        match tokio::time::timeout(patience, transport.send(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(source)) => Err(Error::Transport {
                service: service(),
                source,
            }),
            Err(_) => Err(Error::Slow {
                service: service(),
                patience,
            }),
        }
    }

    /// The token in its answer.
    pub(super) async fn token(
        &self,
        transport: &Transport,
        request: Request,
        told: &[&Secret],
    ) -> Result<Token, Error> {
        let body = self.ask(transport, request, told).await?;
        let (value, lifetime) = read_reply(&body).map_err(|reason| self.reply(reason))?;
        Ok(Token { value, lifetime })
    }

    /// That its answer is none.
    pub(super) fn reply(&self, reason: &'static str) -> Error {
        Error::Reply {
            service: self.service(),
            reason,
        }
    }

    fn service(&self) -> String {
        self.origin.authority()
    }
}

fn is_loopback(origin: &Origin) -> bool {
    let named = Host::Domain("localhost".to_owned());
    origin.class() == Some(Class::Loopback) || *origin.host() == named
}

/// What a refusal says, as OAuth (RFC 6749, section 5.2) and Google's APIs have it: the error's
/// name, and words for people without what was `told` in confidence.
fn complaint(body: &[u8], told: &[&Secret]) -> (Option<String>, String) {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return (None, String::new());
    };
    let error = &value["error"];
    let code = error.as_str().or_else(|| error["status"].as_str());
    let text = value["error_description"]
        .as_str()
        .or_else(|| error["message"].as_str());
    let said: Vec<&str> = code.into_iter().chain(text).collect();
    let mut words = said.join(": ");
    for secret in told.iter().filter_map(|secret| secret.expose_str()) {
        // Of `Bearer TOKEN`, the token alone may come back.
        let last = secret.split_whitespace().last();
        for secret in [Some(secret), last].into_iter().flatten() {
            if !secret.is_empty() {
                words = words.replace(secret, "***");
            }
        }
    }
    let words = words.chars().take(SHOWN).collect();
    (code.map(str::to_owned), words)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_go_over_tls_or_stay_on_the_machine() {
        for (url, anywhere, near) in [
            ("https://oauth2.googleapis.com/token", true, true),
            ("http://127.0.0.1:8080/token", true, true),
            ("http://localhost:8080/token", true, true),
            ("http://[::1]/token", true, true),
            ("http://169.254.169.254/metadata", false, true),
            ("http://[fd00:ec2::254]/latest", false, true),
            ("http://oauth2.googleapis.com/token", false, false),
            ("http://localhost.evil.org/token", false, false),
            ("http://10.0.0.1/token", false, false),
            ("https://me:pw@oauth2.googleapis.com/", false, false),
            ("file:///etc/passwd", false, false),
            ("oauth2.googleapis.com", false, false),
        ] {
            assert_eq!(Endpoint::of("token_uri", url).is_ok(), anywhere, "{url}");
            assert_eq!(Endpoint::near("url", url).is_ok(), near, "{url}");
        }
    }

    #[test]
    fn a_refusal_is_told_without_what_was_told_in_confidence() {
        let secret = Secret::new("pssst");
        let told = [&secret, &Secret::new(""), &Secret::new("bearer hush")];
        for (body, code, words) in [
            (
                json!({"error": "invalid_grant", "error_description": "bad pssst"}),
                Some("invalid_grant"),
                "invalid_grant: bad ***",
            ),
            (
                json!({"error": {"code": 403, "message": "no", "status": "PERMISSION_DENIED"}}),
                Some("PERMISSION_DENIED"),
                "PERMISSION_DENIED: no",
            ),
            (json!({"error": "pssst"}), Some("pssst"), "***"),
            (json!({"error": "hush"}), Some("hush"), "***"),
            (json!([1]), None, ""),
        ] {
            let (found, said) = complaint(body.to_string().as_bytes(), &told);
            assert_eq!((found.as_deref(), said.as_str()), (code, words));
        }
        assert_eq!(complaint(b"<html>", &told), (None, String::new()));
        let long = json!({"error": "x".repeat(1000)}).to_string();
        assert_eq!(complaint(long.as_bytes(), &told).1.len(), SHOWN);
    }
}
