//! Tokens of a service account for somebody who may act as it.

use super::account::SCOPE;
use super::error::Error;
use super::exchange::{Endpoint, Token};
use crate::transport::Transport;
use crate::transport::secret::Secret;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use std::time::{Duration, SystemTime};

/// How long a token is asked for.
const LIFETIME: Duration = Duration::from_hours(1);
/// No token is kept shorter or longer.
const KEPT: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(12));

/// The service account that somebody acts as.
pub(super) struct Account<'a> {
    /// Where its tokens are asked for.
    pub(super) url: &'a str,
    /// Those who act for one another in between.
    pub(super) delegates: &'a [String],
    /// How many seconds a token is asked for.
    pub(super) lifetime: Option<u64>,
}

#[derive(Deserialize)]
struct Reply {
    #[serde(rename = "accessToken")]
    token: String,
    #[serde(rename = "expireTime")]
    expires: Timestamp,
}

/// The name of the service account whose tokens are asked for at `url`, as far as that says.
pub(super) fn email(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("/serviceAccounts/")?;
    rest.rsplit_once(':').map(|(email, _)| email)
}

impl Account<'_> {
    /// Where its tokens are asked for.
    pub(super) fn endpoint(&self) -> Result<Endpoint, Error> {
        Endpoint::of("service_account_impersonation_url", self.url)
    }

    /// Its token, for `source`.
    pub(super) async fn token(
        &self,
        transport: &Transport,
        source: &Secret,
    ) -> Result<Token, Error> {
        let endpoint = self.endpoint()?;
        let lifetime = self.lifetime.unwrap_or(LIFETIME.as_secs());
        let mut document = json!({"scope": [SCOPE], "lifetime": format!("{lifetime}s")});
        if !self.delegates.is_empty() {
            document["delegates"] = json!(self.delegates);
        }
        let request = endpoint
            .json(&document)
            .authorization(endpoint.bearer(source));
        let body = endpoint.ask(transport, request, &[source]).await?;
        let reply: Reply = serde_json::from_slice(&body)
            .map_err(|_| endpoint.reply("holds no `accessToken` with an `expireTime`"))?;
        if reply.token.is_empty() || !reply.token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(endpoint.reply("holds a token with characters that no header may have"));
        }
        let ends = SystemTime::from(reply.expires);
        let left = ends.duration_since(SystemTime::now());
        Ok(Token {
            value: Secret::new(reply.token),
            lifetime: left.unwrap_or_default().clamp(KEPT.0, KEPT.1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_account_is_named_by_its_url() {
        let url = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b.iam:generateAccessToken";
        assert_eq!(email(url), Some("a@b.iam"));
        assert_eq!(email("https://iam.example/"), None);
    }
}
