//! `HttpHeaders` of docker's `config.json`: headers that the user adds to every request to docker's
//! daemon, which hands those on to registries that begin with `X-Meta-` (moby, `image_routes.go`).

use http::{HeaderName, HeaderValue};
use serde_json::Value;

/// What a header for registries begins with.
const FOR_REGISTRIES: &str = "x-meta-";

/// The headers that are for registries.
///
/// A credential is refused, which would go to every registry alike, and so are line breaks, which
/// would add headers of their own. The reason shows no value.
pub(super) fn read(value: Option<Value>) -> Result<Vec<(HeaderName, HeaderValue)>, &'static str> {
    let headers = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(headers)) => headers,
        Some(_) => return Err("`HttpHeaders` is not an object"),
    };
    let mut read = Vec::new();
    for (name, value) in headers {
        if name.trim().eq_ignore_ascii_case("authorization") {
            return Err("`HttpHeaders` must not set `Authorization`");
        }
        let value = value.as_str().filter(|value| is_line(value));
        let (true, Some(value)) = (is_line(&name), value) else {
            return Err("`HttpHeaders` has a name or value that is not one line of text");
        };
        read.extend(for_registries(&name, value));
    }
    Ok(read)
}

/// The header, if it is one for registries. Its value may be a secret.
fn for_registries(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let name: HeaderName = name.parse().ok()?;
    let mut value: HeaderValue = value.parse().ok()?;
    value.set_sensitive(true);
    name.as_str()
        .starts_with(FOR_REGISTRIES)
        .then_some((name, value))
}

fn is_line(text: &str) -> bool {
    !text.contains(['\r', '\n', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn harmless_headers_pass_and_others_do_not() {
        for headers in [json!(null), json!({}), json!({"User-Agent": "x y"})] {
            assert_eq!(read(Some(headers)), Ok(Vec::new()));
        }
        for headers in [
            json!([]),
            json!({"authorization": "x"}),
            json!({"Authorization ": "x"}),
            json!({"X": "a\r\nb"}),
            json!({"X": "a\nb"}),
            json!({"X\r\nY": "a"}),
            json!({"X": 1}),
        ] {
            assert!(read(Some(headers.clone())).is_err(), "{headers}");
        }
    }
    #[test]
    fn registries_get_those_that_docker_hands_on_to_them() {
        let headers = json!({"X-Meta-Team": "a", "X-Token": "b", "x-meta-b": "c", "X-Metal": "d"});
        let read = read(Some(headers)).unwrap_or_default();
        let names: Vec<&str> = read.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["x-meta-team", "x-meta-b"]);
        assert!(!format!("{read:?}").contains("\"a\""), "{read:?}");
    }
}
