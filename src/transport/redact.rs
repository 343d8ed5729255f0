//! URLs without their secrets.

use std::fmt;
use url::Url;

/// Shows a URL without user information and without the values of its query: presigned storage
/// URLs are secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted(String);

impl Redacted {
    /// The printable form of `url`.
    pub fn new(url: &Url) -> Self {
        let mut shown = String::with_capacity(url.as_str().len());
        shown.push_str(url.scheme());
        shown.push_str("://");
        shown.push_str(url.host_str().unwrap_or_default());
        if let Some(port) = url.port() {
            shown.push(':');
            shown.push_str(&port.to_string());
        }
        shown.push_str(url.path());
        for (index, pair) in url.query().unwrap_or_default().split('&').enumerate() {
            let (name, value) = pair
                .split_once('=')
                .map_or((pair, None), |(n, v)| (n, Some(v)));
            if name.is_empty() && value.is_none() {
                continue;
            }
            shown.push(if index == 0 { '?' } else { '&' });
            // A bare word may be a token as well as a name.
            match value {
                Some(_) => {
                    shown.push_str(name);
                    shown.push_str("=***");
                }
                None => shown.push_str("***"),
            }
        }
        Self(shown)
    }
}

impl fmt::Display for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn user_information_and_query_values_are_not_shown() {
        for (url, shown) in [
            ("https://a.example/v2/", "https://a.example/v2/"),
            (
                "https://me:pw@a.example:5000/v2/",
                "https://a.example:5000/v2/",
            ),
            (
                "https://s3.example/b?X-Amz-Signature=abc&x=1#frag",
                "https://s3.example/b?X-Amz-Signature=***&x=***",
            ),
            ("https://a.example/?c2VjcmV0", "https://a.example/?***"),
        ] {
            assert_eq!(Redacted::new(&Url::parse(url).unwrap()).to_string(), shown);
        }
    }
}
