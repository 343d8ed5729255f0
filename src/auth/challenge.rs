//! `WWW-Authenticate`: what a registry wants to see before it answers.
//!
//! Sources: RFC 9110, section 11.6.1; distribution, "Token Authentication Specification".

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;
use http_auth::{ChallengeParser, ChallengeRef};

/// No registry needs a longer header.
const LONGEST: usize = 8 * 1024;
/// Nor more challenges in one answer.
const MOST: usize = 16;

/// What a registry asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// A user name and a password with each request (RFC 7617).
    Basic,
    /// A token from a token service.
    Bearer(Bearer),
}

/// Where to get a token, and for what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bearer {
    /// The token service's URL; relative ones are relative to the request.
    pub realm: String,
    /// The name that the token service knows the registry by.
    pub service: Option<String>,
    /// The rights that this request needs, e.g. `repository:team/app:pull,push`.
    pub scope: Option<String>,
    /// What is wrong with the token that was sent (RFC 6750, section 3.1).
    pub error: Option<String>,
}

/// A challenge that cannot be understood, or that two readers could understand differently.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// The header breaks its grammar.
    #[error("its `WWW-Authenticate` header is malformed: {0}")]
    Malformed(String),
    /// Only schemes that are not spoken here.
    #[error("it only offers `{0}`, and neither `Bearer` nor `Basic`")]
    Unsupported(String),
}

impl Challenge {
    /// Reads the challenges of a 401; `Bearer` is preferred to `Basic`. `None`: there is none.
    pub fn read(headers: &HeaderMap) -> Result<Option<Self>, ChallengeError> {
        let mut offered = Vec::new();
        for value in headers.get_all(WWW_AUTHENTICATE) {
            let text = value
                .to_str()
                .ok()
                .filter(|text| text.is_ascii() && text.len() <= LONGEST)
                .ok_or_else(|| malformed("it is too long, or not ASCII"))?;
            if text.trim().is_empty() {
                return Err(malformed("it is empty"));
            }
            for challenge in ChallengeParser::new(text) {
                offered.push(challenge.map_err(|e| malformed(&e.to_string()))?);
                if offered.len() > MOST {
                    return Err(malformed("it names too many schemes"));
                }
            }
        }
        choose(&offered)
    }
}

fn choose(offered: &[ChallengeRef<'_>]) -> Result<Option<Challenge>, ChallengeError> {
    let find = |scheme: &str| {
        offered
            .iter()
            .find(|c| c.scheme.eq_ignore_ascii_case(scheme))
    };
    if let Some(challenge) = find("bearer") {
        return bearer(challenge).map(|bearer| Some(Challenge::Bearer(bearer)));
    }
    if find("basic").is_some() {
        return Ok(Some(Challenge::Basic));
    }
    match offered {
        [] => Ok(None),
        [first, ..] => Err(ChallengeError::Unsupported(first.scheme.to_owned())),
    }
}

fn bearer(challenge: &ChallengeRef<'_>) -> Result<Bearer, ChallengeError> {
    let mut read = Bearer::default();
    let mut realm = None;
    for (name, value) in &challenge.params {
        let slot = match name.to_ascii_lowercase().as_str() {
            "realm" => &mut realm,
            "service" => &mut read.service,
            "scope" => &mut read.scope,
            "error" => &mut read.error,
            _ => continue,
        };
        if slot.replace(value.to_unescaped()).is_some() {
            return Err(malformed(&format!("`{name}` is there twice")));
        }
    }
    read.realm = realm
        .filter(|realm| !realm.is_empty())
        .ok_or_else(|| malformed("`Bearer` has no realm"))?;
    Ok(read)
}

fn malformed(reason: &str) -> ChallengeError {
    ChallengeError::Malformed(reason.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn read(values: &[&str]) -> Result<Option<Challenge>, ChallengeError> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(value).unwrap());
        }
        Challenge::read(&headers)
    }

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Challenge {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Challenge::Bearer(Bearer {
            realm: realm.to_owned(),
            service: owned(service),
            scope: owned(scope),
            error: None,
        })
    }

    #[test]
    fn challenges_that_registries_send() {
        let full = r#"Bearer realm="https://t/",service="s",scope="repository:a/b:pull,push""#;
        let wanted = bearer("https://t/", Some("s"), Some("repository:a/b:pull,push"));
        for values in [
            &[full][..],
            &[&full.replace("Bearer", "bearer")],
            &[&format!(r#"Basic realm="x", {full}"#)],
            &[r#"Basic realm="x""#, full],
            &["Negotiate", full],
        ] {
            assert_eq!(read(values).unwrap().as_ref(), Some(&wanted), "{values:?}");
        }
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(
            read(&["BASIC realm=Sonatype"]).unwrap(),
            Some(Challenge::Basic)
        );
        assert_eq!(
            read(&["Bearer realm=token"]).unwrap(),
            Some(bearer("token", None, None))
        );
        let escaped = read(&[r#"Bearer realm="/t",service="a \"b\"""#]).unwrap();
        assert_eq!(escaped, Some(bearer("/t", Some(r#"a "b""#), None)));
    }

    #[test]
    fn challenges_that_are_refused() {
        for value in [
            "",
            "Bearer",
            "Bearer realm=",
            r#"Bearer realm="""#,
            r#"Bearer realm="x"#,
            r#"Bearer realm="x",realm="y""#,
            r#"Bearer service="x""#,
            r#"Bearer realm="x",scope="a",scope="b""#,
            &format!(r#"Bearer realm="{}""#, "x".repeat(LONGEST)),
            &"Basic, ".repeat(20),
        ] {
            let refused = matches!(read(&[value]), Err(ChallengeError::Malformed(_)));
            assert!(refused, "{value:.40}");
        }
        let digest = read(&[r#"Digest realm="x""#]);
        assert_eq!(
            digest,
            Err(ChallengeError::Unsupported("Digest".to_owned()))
        );
    }

    /// What a challenge is made of, in any order, and some bytes that have no place in one.
    fn challenge_like() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            3 => prop::sample::select(vec![
                "Bearer", "Basic", "realm", "scope", "service", "=", "\"", ",", " ", "\\", "\t",
                "https://t/", "repository:a/b:pull,push", "'", ";",
            ]).prop_map(|text| text.as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..4),
        ];
        prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn p13_what_is_quoted_comes_back(
            realm in "[ -~]{1,40}",
            service in proptest::option::of("[ -~]{0,40}"),
            scope in proptest::option::of("[ -~]{0,40}"),
        ) {
            let quote = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
            let mut header = format!("Bearer realm={}", quote(&realm));
            for (name, value) in [("service", &service), ("scope", &scope)] {
                if let Some(value) = value {
                    header = format!("{header},{name}={}", quote(value));
                }
            }
            let wanted = bearer(&realm, service.as_deref(), scope.as_deref());
            prop_assert_eq!(read(&[&header]).unwrap(), Some(wanted));
        }

        #[test]
        fn p13_nothing_panics(values in proptest::collection::vec(challenge_like(), 0..4)) {
            let mut headers = HeaderMap::new();
            for value in &values {
                if let Ok(value) = HeaderValue::from_bytes(value) {
                    headers.append(WWW_AUTHENTICATE, value);
                }
            }
            if let Ok(Some(Challenge::Bearer(bearer))) = Challenge::read(&headers) {
                prop_assert!(!bearer.realm.is_empty());
            }
        }
    }
}
