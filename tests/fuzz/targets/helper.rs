//! What is said to a credential helper, and its answers: one server, one credential, never two.

use crate::target::Target;
use crossdock::auth::credential::Credential;
use crossdock::auth::helper::Answer;
use crossdock::auth::helper::protocol::{answer, check as check_server, entry, is_nothing, list};
use crossdock::auth::key::Key;
use serde_json::Value;

pub(crate) const TARGET: Target = Target {
    name: "helper",
    longest: 2048,
    seeds: SEEDS,
    words: &[
        "{\"ServerURL\":\"",
        "\"Username\":\"",
        "\"Secret\":\"",
        "<token>",
        "\\r\\n",
        "\\u0000",
        "credentials not found in native keychain",
        "null",
        "https://",
    ],
    check,
};

fn check(bytes: &[u8]) {
    if let Ok(Answer::Found(credential)) = answer(bytes) {
        found(bytes, &credential);
    }
    if let Ok(listed) = list(bytes) {
        assert!(
            listed
                .iter()
                .all(|l| l.username.as_deref() != Some("<token>"))
        );
        servers(bytes, listed.iter().map(|l| l.server.as_str()));
    }
    if is_nothing(bytes) {
        assert!(answer(bytes).is_err());
    }
    if let Some(server) = super::text(bytes) {
        let plain = !server.is_empty() && server.bytes().all(|byte| byte.is_ascii_graphic());
        assert_eq!(check_server(server).is_ok(), plain);
    }
}

/// What is taken for users is never what a credential is made of.
fn servers<'a>(bytes: &[u8], mut listed: impl Iterator<Item = &'a str>) {
    let value: Value = serde_json::from_slice(bytes).unwrap();
    let mut names = value.as_object().into_iter().flat_map(|map| map.keys());
    let fields = ["serverurl", "username", "secret"];
    assert!(names.all(|name| !fields.contains(&name.to_ascii_lowercase().as_str())));
    assert!(listed.all(|server| server.parse::<Key>().is_ok()));
}

/// It can be sent as it is, and a helper that is told it hands it out again.
fn found(bytes: &[u8], credential: &Credential) {
    match credential {
        Credential::Password { username, .. } => {
            assert!(!username.is_empty() && !username.contains(':'));
            assert!(!username.contains(char::is_control));
        }
        Credential::Identity(token) => {
            assert!(!token.expose().is_empty());
            assert!(token.expose().iter().all(u8::is_ascii_graphic));
        }
        Credential::Registry(_) => panic!("no helper has one"),
    }
    // What the program reads of the answer is what everybody reads of it.
    let value: Value = serde_json::from_slice(bytes).unwrap();
    let secret = match credential {
        Credential::Password { password, .. } => password,
        Credential::Identity(token) | Credential::Registry(token) => token,
    };
    let said = value["Secret"].as_str().unwrap_or_default();
    assert_eq!(said.as_bytes(), secret.expose());
    let told = entry("reg.io", credential).unwrap();
    assert!(!told.expose().contains(&b'\n'));
    assert_eq!(
        answer(told.expose()).unwrap(),
        Answer::Found(credential.clone())
    );
}

#[test]
fn helper() {
    crate::inputs::replay("helper");
}

const SEEDS: &[&[u8]] = &[
    b"",
    b"{}",
    b"null",
    b"[]",
    br#"{"ServerURL":"reg.io","Username":"u","Secret":"p"}"#,
    br#"{"ServerURL":"other.io","Username":"u","Secret":""}"#,
    br#"{"Username":"<token>","Secret":"t"}"#,
    br#"{"Username":"<token>","Secret":"a\nb"}"#,
    br#"{"Username":"","Secret":""}"#,
    br#"{"Username":"","Secret":"p"}"#,
    br#"{"Username":"u:v","Secret":"p"}"#,
    br#"{"Username":"u\r\n","Secret":"p"}"#,
    br#"{"Secret":"p","Secret":"q"}"#,
    br#"{"Username":["u"],"Secret":"p"}"#,
    br#"{"https://index.docker.io/v1/":"ann","b.io":"<token>"}"#,
    br#"{"secret":"p","reg.io":"u"}"#,
    br#"{"reg.io":"u","word":"v","localhost":"w"}"#,
    b"credentials not found in native keychain\n",
    b"reg.io",
    b"reg.io\nevil.io",
    b"reg.io evil",
];
