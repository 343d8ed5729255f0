//! What AWS's services were told that nobody else is to read: they repeat it in their errors.

use crate::transport::secret::Secret;
use http::{HeaderMap, HeaderName, header};
use serde_json::Value;
use url::form_urlencoded;

/// Nothing shorter is a secret: it would be found in words.
const SHORTEST: usize = 6;
/// The headers that hold no secret.
const OPEN: [&str; 10] = [
    "accept",
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "content-length",
    "content-type",
    "host",
    "user-agent",
    "x-amz-date",
    "x-amz-target",
    "x-amz-user-agent",
];
/// In the names of the fields that hold one, in lower case.
const SECRET: [&str; 5] = ["token", "secret", "assertion", "password", "code"];
/// Behind it, a service repeats the whole request.
const REPETITION: &str = "The Canonical String";

/// The secrets that requests held.
#[derive(Debug, Clone, Default)]
pub(super) struct Told(Vec<Secret>);

impl Told {
    /// Adds a secret.
    pub(super) fn add(&mut self, secret: &str) {
        let secret = Secret::new(secret.trim());
        if secret.expose().len() >= SHORTEST && !self.0.contains(&secret) {
            self.0.push(secret);
        }
    }

    /// Adds what a header holds, where that is a secret.
    pub(super) fn add_header(&mut self, name: &HeaderName, value: &str) {
        if OPEN.contains(&name.as_str()) {
            return;
        }
        self.add(value);
        if name == header::AUTHORIZATION {
            // The scheme is none.
            let last = value.rsplit([' ', '=']).next();
            if let Some(last) = last {
                self.add(last);
            }
            let rest = value.split_once(' ').map(|(_, rest)| rest);
            if let Some(rest) = rest {
                self.add(rest);
            }
        }
    }

    /// Adds what headers hold.
    pub(super) fn add_headers(&mut self, headers: &HeaderMap) {
        for (name, value) in headers {
            if let Ok(value) = value.to_str() {
                self.add_header(name, value);
            }
        }
    }

    /// Adds the secrets of a form or a JSON object.
    pub(super) fn add_body(&mut self, body: &[u8]) {
        if let Ok(Value::Object(fields)) = serde_json::from_slice(body) {
            for (name, value) in &fields {
                if is_secret(name)
                    && let Some(value) = value.as_str()
                {
                    self.add(value);
                }
            }
            return;
        }
        for (name, value) in form_urlencoded::parse(body) {
            if is_secret(&name) {
                self.add(&value);
            }
        }
    }

    /// A service's words without what it was told.
    pub(super) fn mask(&self, text: &str) -> String {
        let kept = text.split(REPETITION).next().unwrap_or_default();
        let mut secrets: Vec<&str> = self.0.iter().filter_map(Secret::expose_str).collect();
        // The longest first: one may be a part of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let mask = |text: String, secret: &&str| text.replace(*secret, "***");
        secrets.iter().fold(kept.to_owned(), mask)
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET.iter().any(|part| name.contains(part))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_not_repeated() {
        let mut told = Told::default();
        for (name, value) in [
            ("authorization", "Bearer CANARYbearer"),
            ("x-amz-security-token", "CANARYsession"),
            ("x-amz-sso_bearer_token", "CANARYsso"),
            ("content-type", "application/json"),
        ] {
            told.add_header(&name.parse().unwrap(), value);
        }
        told.add_body(b"Action=AssumeRole&WebIdentityToken=CANARY%2Fweb&RoleArn=arn:aws:iam");
        told.add_body(br#"{"clientSecret":"CANARYclient","grantType":"refresh_token"}"#);
        let said = "application/json refresh_token arn:aws:iam AssumeRole";
        assert_eq!(told.mask(said), said);
        for secret in ["bearer", "session", "sso", "/web", "client"] {
            let masked = told.mask(&format!("no CANARY{secret} here"));
            assert_eq!(masked, "no *** here");
        }
        let repeated = "it does not match.\n\nThe Canonical String for this should be 'x'";
        assert_eq!(told.mask(repeated), "it does not match.\n\n");
    }
}
