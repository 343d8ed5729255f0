//! `HttpHeaders` of docker's `config.json`: headers that the user adds to every request.

use serde_json::Value;

/// Refuses a credential, which would go to every registry alike, and line breaks, which would
/// add headers of their own. The reason shows no value.
pub(super) fn check(value: Option<Value>) -> Result<(), &'static str> {
    let headers = match value {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(headers)) => headers,
        Some(_) => return Err("`HttpHeaders` is not an object"),
    };
    for (name, value) in headers {
        if name.trim().eq_ignore_ascii_case("authorization") {
            return Err("`HttpHeaders` must not set `Authorization`");
        }
        if !is_line(&name) || !value.as_str().is_some_and(is_line) {
            return Err("`HttpHeaders` has a name or value that is not one line of text");
        }
    }
    Ok(())
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
            assert_eq!(check(Some(headers)), Ok(()));
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
            assert!(check(Some(headers.clone())).is_err(), "{headers}");
        }
    }
}
