//! Trading a credential for a registry token.
//!
//! Sources: distribution, "Token Authentication Specification" (GET) and "`OAuth2` Token
//! Authentication" (POST).

mod lifetime;

pub use lifetime::lifetime_of;

use super::credential::Credential;
use super::error::Error;
use super::scope::Scopes;
use crate::transport::address::Class;
use crate::transport::carry::{Home, Road, may_carry};
use crate::transport::origin::Origin;
use crate::transport::secret::Secret;
use crate::transport::{Authorization, Request, Response, Transport};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Method, StatusCode};
use lifetime::{SHORTEST, lifetime};
use serde::Deserialize;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// A token reply is not longer.
const REPLY_LIMIT: usize = 1024 * 1024;
/// What this program calls itself at token services.
const CLIENT_ID: &str = "crossdock";
/// A token and how long it can be used.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) value: Secret,
    expires: Instant,
    margin: Duration,
}

impl Token {
    fn new(value: Secret, asked: Instant, lifetime: Duration) -> Self {
        // It must outlast the request that it is sent with.
        let margin = (lifetime / 4).min(Duration::from_secs(15));
        Self {
            value,
            expires: asked + lifetime,
            margin,
        }
    }

    /// Whether it can still be sent with a request.
    pub(super) fn is_fresh(&self) -> bool {
        Instant::now() + self.margin < self.expires
    }
}

/// Who is asked for a token, and what for.
#[derive(Debug, Clone)]
pub(super) struct Exchange<'a> {
    pub(super) registry: &'a Home,
    pub(super) realm: Url,
    pub(super) service: Option<String>,
    pub(super) scopes: Scopes,
    pub(super) credential: Option<&'a Credential>,
}

impl Exchange<'_> {
    /// Fetches a token. A credential goes along only where it may be carried to the realm.
    pub(super) async fn fetch(&self, transport: &Transport) -> Result<Token, Error> {
        self.check_realm()?;
        let asked = Instant::now();
        let response = match self.credential {
            Some(Credential::Identity(token)) => {
                let form = [
                    ("grant_type", b"refresh_token".as_slice()),
                    ("refresh_token", token.expose()),
                ];
                self.post(transport, &form).await?
            }
            _ => self.get_or_post(transport).await?,
        };
        self.read(response, asked).await
    }

    fn check_realm(&self) -> Result<(), Error> {
        let refuse = |reason| self.refuse(reason);
        let origin = Origin::of(&self.realm).ok_or_else(|| refuse("is not HTTP"))?;
        if !self.realm.username().is_empty() || self.realm.password().is_some() {
            return Err(refuse("brings a password of its own"));
        }
        if self.registry.origin().is_secure() && !origin.is_secure() {
            return Err(refuse("leaves TLS"));
        }
        let off_limits = origin.class().is_some_and(Class::is_off_limits);
        if off_limits && !self.is_users_own(&origin) {
            return Err(refuse("is a link-local address, or one like it"));
        }
        if self.credential.is_some() && !may_carry(self.registry, &self.realm, Road::TokenService) {
            return Err(Error::Withheld {
                registry: self.registry.origin().authority(),
                realm: origin.authority(),
            });
        }
        Ok(())
    }

    /// Whether the token service is the registry itself, or one that the user named.
    fn is_users_own(&self, service: &Origin) -> bool {
        service == self.registry.origin() || self.registry.names(service)
    }

    /// A request to the token service, which may be anywhere only where the user named it.
    fn request(&self, method: Method, url: Url) -> Request {
        let own = Origin::of(&url).is_some_and(|service| self.is_users_own(&service));
        let request = Request::new(method, url);
        if own {
            request
        } else {
            request.named_by(self.registry.origin())
        }
    }

    fn refuse(&self, reason: &'static str) -> Error {
        Error::Realm {
            registry: self.registry.origin().authority(),
            realm: crate::transport::redact::Redacted::new(&self.realm).to_string(),
            reason,
        }
    }

    /// The GET flow; services that only know the other one answer 404 or 405.
    async fn get_or_post(&self, transport: &Transport) -> Result<Response, Error> {
        let mut url = self.realm.clone();
        {
            let mut query = url.query_pairs_mut();
            if let Some(service) = &self.service {
                query.append_pair("service", service);
            }
            for scope in self.scopes.texts() {
                query.append_pair("scope", &scope);
            }
            query.append_pair("client_id", CLIENT_ID);
            if let Some(Credential::Password { username, .. }) = self.credential {
                query.append_pair("account", username);
            }
        }
        let mut request = self.request(Method::GET, url).read_whole(REPLY_LIMIT);
        if let (Some(credential), Some(origin)) = (self.credential, Origin::of(&self.realm)) {
            let home = Home::new(origin, Vec::new());
            request = request
                .authorization(basic(credential, home))
                .without_redirects();
        }
        let response = transport.send(request).await?;
        let unknown = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED];
        match self.credential {
            Some(Credential::Password { username, password })
                if unknown.contains(&response.status()) =>
            {
                let form = [
                    ("grant_type", b"password".as_slice()),
                    ("username", username.as_bytes()),
                    ("password", password.expose()),
                ];
                // The answer holds a slot of the host, and nobody asks anew with one.
                drop(response);
                self.post(transport, &form).await
            }
            _ => Ok(response),
        }
    }

    /// The `OAuth2` flow. The form holds secrets, so that no redirect is followed.
    async fn post(&self, transport: &Transport, form: &[(&str, &[u8])]) -> Result<Response, Error> {
        let scope = self.scopes.texts().join(" ");
        let service = self.service.as_deref().unwrap_or_default();
        let common = [
            ("service", service.as_bytes()),
            ("client_id", CLIENT_ID.as_bytes()),
            ("scope", scope.as_bytes()),
        ];
        let fields = form.iter().copied().chain(common);
        let request = self
            .request(Method::POST, self.realm.clone())
            .form(fields.filter(|(_, value)| !value.is_empty()))
            .read_whole(REPLY_LIMIT)
            .without_redirects();
        Ok(transport.send(request).await?)
    }

    async fn read(&self, response: Response, asked: Instant) -> Result<Token, Error> {
        let service = Origin::of(&self.realm).map_or_else(String::new, |o| o.authority());
        let status = response.status();
        if status.is_redirection() && self.credential.is_some() {
            return Err(self.refuse("redirects, and no password is sent on"));
        }
        if status != StatusCode::OK {
            let body = response.beginning(64 * 1024).await;
            return Err(Error::Refused {
                service,
                status,
                message: complaint(&body),
                anonymous: self.credential.is_none(),
            });
        }
        let body = response.bytes(REPLY_LIMIT).await?;
        let (value, lifetime) =
            read_reply(&body).map_err(|reason| Error::Reply { service, reason })?;
        Ok(Token::new(value, asked, lifetime))
    }
}

/// The token in the answer of a token service, and for how long it can be used. Why there is none
/// is said without a word of the answer.
pub fn read_reply(body: &[u8]) -> Result<(Secret, Duration), &'static str> {
    let reply: Reply = serde_json::from_slice(body).map_err(|_| "is not a token reply")?;
    reply.token()
}

/// The fields of a reply that matter; both flows' names are accepted.
#[derive(Deserialize)]
struct Reply {
    token: Option<String>,
    access_token: Option<String>,
    #[serde(default)]
    expires_in: serde_json::Value,
}

impl Reply {
    fn token(self) -> Result<(Secret, Duration), &'static str> {
        let value = self
            .token
            .filter(|token| !token.is_empty())
            .or(self.access_token)
            .filter(|token| !token.is_empty())
            .ok_or("holds no token")?;
        if !value.bytes().all(|b| b.is_ascii_graphic()) {
            return Err("holds a token with characters that no header may have");
        }
        let value = Secret::new(value);
        let lifetime = match &self.expires_in {
            serde_json::Value::Null => lifetime_of(&value).unwrap_or(SHORTEST),
            told => lifetime(told),
        };
        Ok((value, lifetime))
    }
}

/// What a token service says about a refusal: `OAuth2`'s `error_description`, a registry's
/// `errors`, or `details` (Docker Hub).
pub fn complaint(body: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let first = value.get("errors").and_then(|errors| errors.get(0));
    [
        value.get("error_description"),
        value.get("details"),
        first.and_then(|error| error.get("message")),
        value.get("message"),
        value.get("error"),
    ]
    .into_iter()
    .flatten()
    .find_map(|text| text.as_str())
    .map(|text| text.chars().take(500).collect())
}

/// The `Basic` form of a credential, bound to `home`; only passwords have one.
pub(super) fn basic(credential: &Credential, home: Home) -> Option<Authorization> {
    let Credential::Password { username, password } = credential else {
        return None;
    };
    let mut pair = zeroize::Zeroizing::new(Vec::new());
    pair.extend_from_slice(username.as_bytes());
    pair.push(b':');
    pair.extend_from_slice(password.expose());
    let text = zeroize::Zeroizing::new(format!("Basic {}", STANDARD.encode(&*pair)));
    let value = HeaderValue::from_str(&text).ok()?;
    Some(Authorization::new(value, home))
}

/// The `Bearer` form of a token, bound to `home`.
pub(super) fn bearer(token: &Secret, home: Home) -> Option<Authorization> {
    let text = zeroize::Zeroizing::new(format!("Bearer {}", token.expose_str()?));
    Some(Authorization::new(HeaderValue::from_str(&text).ok()?, home))
}

#[cfg(test)]
mod realms;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn token(reply: &serde_json::Value) -> Result<String, &'static str> {
        let (token, _) = read_reply(reply.to_string().as_bytes())?;
        Ok(token.expose_str().unwrap().to_owned())
    }

    #[test]
    fn a_reply_holds_its_token_under_either_name() {
        assert_eq!(token(&json!({"token": "a"})), Ok("a".to_owned()));
        assert_eq!(token(&json!({"access_token": "b"})), Ok("b".to_owned()));
        assert_eq!(
            token(&json!({"token": "a", "access_token": "b"})),
            Ok("a".to_owned())
        );
        assert_eq!(
            token(&json!({"token": "", "access_token": "b"})),
            Ok("b".to_owned())
        );
        for bad in [
            json!({}),
            json!({"token": ""}),
            json!({"token": "a\r\nX: y"}),
        ] {
            assert!(token(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_a_reply_does_not_say_its_token_may() {
        let claims = r#"{"exp":5500,"iat":1000}"#;
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims);
        let token = format!("e30.{claims}.c2ln");
        for (reply, seconds) in [
            (json!({"access_token": token}), 4500),
            (json!({"access_token": token, "expires_in": 300}), 300),
            (json!({"access_token": token, "expires_in": 0}), 60),
            (json!({"access_token": "opaque"}), 60),
        ] {
            let (_, lifetime) = read_reply(reply.to_string().as_bytes()).unwrap();
            assert_eq!(lifetime.as_secs(), seconds, "{reply}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_used_until_shortly_before_its_end() {
        let token = Token::new(Secret::new("t"), Instant::now(), Duration::from_mins(1));
        tokio::time::advance(Duration::from_secs(44)).await;
        assert!(token.is_fresh());
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(!token.is_fresh());
    }

    #[test]
    fn a_refusal_is_told_in_the_service_s_own_words() {
        for (body, text) in [
            (
                r#"{"error":"invalid_grant","error_description":"bad password"}"#,
                "bad password",
            ),
            (
                r#"{"details":"incorrect username or password"}"#,
                "incorrect username or password",
            ),
            (r#"{"errors":[{"code":"DENIED","message":"no"}]}"#, "no"),
        ] {
            assert_eq!(complaint(body.as_bytes()).as_deref(), Some(text));
        }
        assert_eq!(complaint(b"<html>"), None);
    }
}
