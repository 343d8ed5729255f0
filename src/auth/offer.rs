//! What a registry's challenges say, for people to read: nothing is decided by it.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;
use http_auth::{ChallengeParser, ChallengeRef};

/// A header that is longer is not read.
const LONGEST: usize = 8 * 1024;

/// A way to log in that a registry offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offer {
    /// Its name in lower case: `bearer`, `basic`.
    pub scheme: String,
    /// Where tokens are, or what the password is for.
    pub realm: Option<String>,
    /// The name that the token service knows the registry by.
    pub service: Option<String>,
}

impl Offer {
    /// The one that is taken, `bearer` before all others.
    pub fn best(headers: &HeaderMap) -> Option<Self> {
        let all: Vec<Self> = all(headers);
        let preferred = ["bearer", "basic"];
        let best = preferred
            .iter()
            .find_map(|scheme| all.iter().find(|offer| offer.scheme == *scheme));
        best.or(all.first()).cloned()
    }
}

fn all(headers: &HeaderMap) -> Vec<Offer> {
    let values = headers.get_all(WWW_AUTHENTICATE).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    let texts = texts.filter(|text| text.len() <= LONGEST);
    texts
        .flat_map(|text| ChallengeParser::new(text).map_while(Result::ok))
        .map(|challenge| read(&challenge))
        .collect()
}

fn read(challenge: &ChallengeRef<'_>) -> Offer {
    let parameter = |wanted: &str| {
        let mut all = challenge.params.iter();
        let found = all.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.to_unescaped())
    };
    Offer {
        scheme: challenge.scheme.to_ascii_lowercase(),
        realm: parameter("realm"),
        service: parameter("service"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_way_that_is_taken_is_told() {
        let offer = |scheme: &str, realm: &str, service: Option<&str>| {
            Some(Offer {
                scheme: scheme.to_owned(),
                realm: Some(realm.to_owned()),
                service: service.map(str::to_owned),
            })
        };
        for (values, expected) in [
            (&["BASIC realm=\"x y\""][..], offer("basic", "x y", None)),
            (
                &["Basic realm=\"https://a/\",service=\"s\""],
                offer("basic", "https://a/", Some("s")),
            ),
            (
                &["Basic realm=\"x\"", "Bearer realm=\"y\",service=\"s\""],
                offer("bearer", "y", Some("s")),
            ),
            (&["Negotiate, Basic realm=\"x\""], offer("basic", "x", None)),
            (&[], None),
            (&["\"\""], None),
        ] {
            let headers: HeaderMap = values
                .iter()
                .map(|value| (WWW_AUTHENTICATE, value.parse().unwrap()))
                .collect();
            assert_eq!(Offer::best(&headers), expected, "{values:?}");
        }
    }
}
