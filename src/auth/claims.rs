//! What a registry token says that it is good for. Only the registry can tell whether that is true.
//!
//! Source: distribution, "Token Authentication Implementation": the claim `access` of a JWT.

use crate::oci::reference::RepositoryName;
use crate::transport::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use std::collections::BTreeSet;
use zeroize::Zeroizing;

#[derive(Deserialize)]
struct Claims {
    access: Option<Vec<Right>>,
}

#[derive(Deserialize)]
struct Right {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    actions: Option<Vec<String>>,
}

/// The actions on a repository that `token` says it is good for; `*` is one. `None`: it does not
/// say, as it is no JWT, or one of another form.
pub(super) fn actions(token: &Secret, name: &RepositoryName) -> Option<BTreeSet<String>> {
    let payload = token.expose_str()?.split('.').nth(1)?;
    let payload = payload.trim_end_matches('=');
    let payload = Zeroizing::new(URL_SAFE_NO_PAD.decode(payload).ok()?);
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    let rights = claims.access?.into_iter();
    let own = rights.filter(|right| right.kind == "repository" && right.name == name.as_str());
    Some(
        own.flat_map(|right| right.actions.unwrap_or_default())
            .collect(),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn told(payload: &str) -> Option<Vec<String>> {
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload));
        let actions = actions(&Secret::new(token), &"team/app".parse().unwrap());
        actions.map(|actions| actions.into_iter().collect())
    }

    #[test]
    fn rights_are_those_on_the_repository() {
        let right = |kind: &str, name: &str, actions: &str| {
            format!(r#"{{"type":"{kind}","name":"{name}","actions":{actions}}}"#)
        };
        let own = right("repository", "team/app", r#"["pull","push"]"#);
        let other = right("repository", "team/api", r#"["delete"]"#);
        let wide = right("registry", "team/app", r#"["*"]"#);
        let access = |rights: &[&String]| {
            let rights: Vec<&str> = rights.iter().map(|right| right.as_str()).collect();
            format!(r#"{{"aud":"x","access":[{}]}}"#, rights.join(","))
        };
        let owned = |actions: &[&str]| Some(actions.iter().map(ToString::to_string).collect());
        assert_eq!(
            told(&access(&[&own, &other, &wide])),
            owned(&["pull", "push"])
        );
        assert_eq!(told(&access(&[&other])), owned(&[]));
        assert_eq!(told(&access(&[])), owned(&[]));
        let none = right("repository", "team/app", "null");
        assert_eq!(told(&access(&[&none])), owned(&[]));
    }

    #[test]
    fn a_token_that_does_not_say_is_not_taken_to() {
        for payload in ["{}", r#"{"access":null}"#, "[]", "x", r#"{"access":"all"}"#] {
            assert_eq!(told(payload), None, "{payload}");
        }
        for token in ["opaque", "a.b", "a.!!.c", ""] {
            let name = "team/app".parse().unwrap();
            assert_eq!(actions(&Secret::new(token), &name), None, "{token}");
        }
    }
}
