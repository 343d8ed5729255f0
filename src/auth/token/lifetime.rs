//! How long a token can be used, by what is said about it.

use crate::transport::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use std::time::Duration;

/// How long a token lasts where its service does not say, and at least.
pub(super) const SHORTEST: Duration = Duration::from_mins(1);
/// No token is kept longer.
const LONGEST: Duration = Duration::from_hours(24);

/// `expires_in` in seconds, within reason: a missing, negative or odd one counts as the shortest.
pub(super) fn lifetime(expires_in: &serde_json::Value) -> Duration {
    let text = expires_in.as_str().and_then(|text| text.parse().ok());
    let seconds = expires_in.as_f64().or(text).unwrap_or(0.0);
    if seconds >= LONGEST.as_secs_f64() {
        return LONGEST;
    }
    Duration::try_from_secs_f64(seconds)
        .unwrap_or(SHORTEST)
        .max(SHORTEST)
}

/// How long a token is good that says so itself, as a JSON Web Token does (RFC 7519, section 4.1):
/// from when it was issued, so that it does not matter what time it is here. Within reason, and
/// unverified: it is only to know when to ask for another.
pub fn lifetime_of(token: &Secret) -> Option<Duration> {
    let claims = token.expose_str()?.split('.').nth(1)?;
    let claims = zeroize::Zeroizing::new(URL_SAFE_NO_PAD.decode(claims).ok()?);
    let Claims { exp, iat, nbf } = serde_json::from_slice(&claims).ok()?;
    let seconds = exp? - iat.or(nbf)?;
    Some(lifetime(&seconds.into()))
}

/// The times that a token is good between, in seconds.
#[derive(Deserialize)]
struct Claims {
    exp: Option<f64>,
    iat: Option<f64>,
    nbf: Option<f64>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_lifetime_is_between_a_minute_and_a_day() {
        for (value, seconds) in [
            (json!(300), 300),
            (json!("300"), 300),
            (json!(300.5), 300),
            (json!(null), 60),
            (json!(-1), 60),
            (json!(0), 60),
            (json!("soon"), 60),
            (json!(1e18), 86_400),
        ] {
            assert_eq!(lifetime(&value).as_secs(), seconds, "{value}");
        }
    }

    #[test]
    fn a_token_says_itself_how_long_it_is_good() {
        let token = |claims: &str| {
            let claims = URL_SAFE_NO_PAD.encode(claims);
            Secret::new(format!("e30.{claims}.c2ln"))
        };
        for (claims, seconds) in [
            (r#"{"exp":11800,"iat":1000}"#, Some(10_800)),
            (r#"{"exp":5500,"nbf":1000}"#, Some(4_500)),
            (r#"{"exp":5500,"iat":1000,"nbf":100}"#, Some(4_500)),
            (r#"{"exp":1000,"iat":5500}"#, Some(60)),
            (r#"{"exp":1e15,"iat":0}"#, Some(86_400)),
            (r#"{"exp":5500}"#, None),
            (r#"{"exp":"5500","iat":1}"#, None),
            ("[]", None),
            ("", None),
        ] {
            let read = lifetime_of(&token(claims));
            assert_eq!(read.map(|read| read.as_secs()), seconds, "{claims}");
        }
        assert_eq!(lifetime_of(&Secret::new("opaque")), None);
        assert_eq!(lifetime_of(&Secret::new("a.?.b")), None);
    }
}
