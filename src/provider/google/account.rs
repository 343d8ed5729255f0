//! Tokens for those who have a key, or a login: service accounts and users.

use super::error::Error;
use super::exchange::{Endpoint, Token};
use super::file::{FederatedUser, ServiceAccount, User};
use crate::provider::jwt;
use crate::transport::Transport;
use serde_json::{Map, Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a token is asked for: the registry looks at the roles of whoever it is given to.
pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// Where tokens are asked for, where a file does not say.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
/// Google's own world; others are copies of it that belong to somebody else.
const UNIVERSE: &str = "googleapis.com";
/// How long Google takes what a key has signed.
const LIFETIME: Duration = Duration::from_hours(1);
/// The clock may be ahead of Google's by this much.
const SKEW: Duration = Duration::from_secs(10);

impl ServiceAccount {
    /// A token for what the key signs. In other universes that is one itself.
    pub(super) async fn token(&self, transport: &Transport) -> Result<Token, Error> {
        let audience = self.token_uri.as_deref().unwrap_or(TOKEN_URI);
        let endpoint = Endpoint::of("token_uri", audience)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let issued = now.unwrap_or_default().saturating_sub(SKEW);
        let is_elsewhere = self
            .universe_domain
            .as_deref()
            .is_some_and(|universe| !universe.is_empty() && universe != UNIVERSE);
        let mut claims = self.claims(issued);
        if is_elsewhere {
            claims.insert("sub".to_owned(), self.client_email.as_str().into());
            return Ok(Token {
                value: jwt::sign(self.header(), &claims, &self.private_key.0)?,
                lifetime: LIFETIME.saturating_sub(SKEW),
            });
        }
        claims.insert("aud".to_owned(), audience.into());
        let assertion = jwt::sign(self.header(), &claims, &self.private_key.0)?;
        let form = endpoint.form(&[
            (
                "grant_type",
                b"urn:ietf:params:oauth:grant-type:jwt-bearer".as_slice(),
            ),
            ("assertion", assertion.expose()),
        ]);
        endpoint.token(transport, form, &[&assertion]).await
    }

    fn header(&self) -> Map<String, Value> {
        let id = self.private_key_id.iter();
        id.map(|id| ("kid".to_owned(), id.as_str().into()))
            .collect()
    }

    fn claims(&self, issued: Duration) -> Map<String, Value> {
        let claims = json!({
            "iss": self.client_email,
            "scope": SCOPE,
            "iat": issued.as_secs(),
            "exp": (issued + LIFETIME).as_secs(),
        });
        claims.as_object().cloned().unwrap_or_default()
    }
}

impl User {
    /// A token for the login.
    pub(super) async fn token(&self, transport: &Transport) -> Result<Token, Error> {
        let endpoint = Endpoint::of("token_uri", self.token_uri.as_deref().unwrap_or(TOKEN_URI))?;
        let (secret, refresh) = (&self.client_secret.0, &self.refresh_token.0);
        let form = endpoint.form(&[
            ("grant_type", b"refresh_token".as_slice()),
            ("client_id", self.client_id.as_bytes()),
            ("client_secret", secret.expose()),
            ("refresh_token", refresh.expose()),
        ]);
        let token = endpoint.token(transport, form, &[secret, refresh]).await;
        token.map_err(Error::of_login)
    }
}

impl FederatedUser {
    /// A token for the login.
    pub(super) async fn token(&self, transport: &Transport) -> Result<Token, Error> {
        let endpoint = Endpoint::of("token_url", &self.token_url)?;
        let (secret, refresh) = (&self.client_secret.0, &self.refresh_token.0);
        let form = endpoint
            .form(&[
                ("grant_type", b"refresh_token".as_slice()),
                ("refresh_token", refresh.expose()),
            ])
            .authorization(endpoint.basic(&self.client_id, secret));
        let token = endpoint.token(transport, form, &[secret, refresh]).await;
        token.map_err(Error::of_login)
    }
}
