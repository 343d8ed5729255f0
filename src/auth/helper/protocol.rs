//! What is said to a credential helper, and how its answers are read.
//!
//! Source: docker/docker-credential-helpers, `credentials/credentials.go`: the server's name as it
//! is for `get` and `erase`, JSON for `store`, nothing for `list`.

use super::{Answer, Failure};
use crate::auth::credential::Credential;
use crate::auth::strict_json;
use crate::transport::secret::Secret;
use serde_json::{Map, Value, json};

/// The one answer, on stdout with a failing exit code, that means "I have nothing".
const NOTHING: &str = "credentials not found in native keychain";
/// The user name that says that the secret is an identity token.
const IDENTITY: &str = "<token>";
/// No more of what a failing helper prints is shown.
const SHOWN: usize = 2048;

/// One credential that a helper has. The secret is not asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The server, as the helper spells it.
    pub server: String,
    /// The user; `None` where it is an identity token.
    pub username: Option<String>,
}

/// Refuses what a helper could take for more than one line, or for another server: some read the
/// first line, others join them all.
pub fn check(server: &str) -> Result<(), Failure> {
    let is_plain = !server.is_empty() && server.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain {
        Ok(())
    } else {
        Err(Failure::Server(server.to_owned()))
    }
}

/// What `store` is told.
pub fn entry(server: &str, credential: &Credential) -> Result<Secret, Failure> {
    let (username, secret) = match credential {
        Credential::Password { username, password } => (username.as_str(), password),
        Credential::Identity(token) => (IDENTITY, token),
        Credential::Registry(_) => return Err(Failure::Unfit("a registry token")),
    };
    let text = secret.expose_str();
    let text = text.ok_or(Failure::Unfit("a password that is not UTF-8"))?;
    let entry = json!({"ServerURL": server, "Username": username, "Secret": text});
    Ok(Secret::new(entry.to_string()))
}

/// What a successful `get` printed. The server that it names is of no account: it was asked about
/// another one, or about this one.
pub fn answer(stdout: &[u8]) -> Result<Answer, Failure> {
    let mut fields = object(stdout)?;
    let username = take(&mut fields, "Username")?.unwrap_or_default();
    let secret = take(&mut fields, "Secret")?.unwrap_or_default();
    let secret = Secret::new(secret);
    if username.is_empty() && secret.expose().is_empty() {
        return Ok(Answer::Nothing);
    }
    let credential = match username.as_str() {
        IDENTITY => Credential::identity(secret)?,
        _ => Credential::password(username, secret)?,
    };
    Ok(Answer::Found(credential))
}

/// What a successful `list` printed.
pub fn list(stdout: &[u8]) -> Result<Vec<Listed>, Failure> {
    let listed = |(server, username): (String, Value)| match username {
        Value::String(username) => Ok(Listed {
            server,
            username: Some(username).filter(|name| name != IDENTITY),
        }),
        _ => Err(Failure::Answer("names a user that is no text")),
    };
    object(stdout)?.into_iter().map(listed).collect()
}

/// Whether a failing helper only says that it has nothing.
pub fn is_nothing(stdout: &[u8]) -> bool {
    String::from_utf8_lossy(stdout).trim() == NOTHING
}

/// What a failing helper said, without what it was told in confidence.
pub(super) fn complaint(end: &str, stdout: &[u8], stderr: &[u8], told: Option<&Secret>) -> String {
    let is_answer = matches!(serde_json::from_slice(stdout), Ok(Value::Object(_)));
    let stdout = if is_answer { &[][..] } else { stdout };
    let said = [stdout, stderr].map(|bytes| one_line(bytes, told));
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    let mut said: Vec<&str> = said.into_iter().filter(|text| !text.is_empty()).collect();
    said.dedup();
    if said.is_empty() {
        end.to_owned()
    } else {
        format!("{end}: {}", said.join("; "))
    }
}

/// The lines of what a helper said, without what it was told in confidence.
pub(super) fn one_line(bytes: &[u8], told: Option<&Secret>) -> String {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    let told = told.and_then(Secret::expose_str);
    if let Some(told) = told.filter(|told| !told.is_empty()) {
        let quoted = Value::from(told).to_string();
        let escaped = quoted.trim_matches('"');
        text = text.replace(told, "***").replace(escaped, "***");
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines.collect::<Vec<_>>().join("; ");
    line.chars().take(SHOWN).collect()
}

fn object(stdout: &[u8]) -> Result<Map<String, Value>, Failure> {
    match strict_json::parse(stdout) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err(Failure::Answer("is not a JSON object")),
        // The parser may name a key, which is the helper's own text.
        Err(_) => Err(Failure::Answer("is not JSON that can be read in one way")),
    }
}

fn take(fields: &mut Map<String, Value>, name: &'static str) -> Result<Option<String>, Failure> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Failure::Answer(
            "has a `Username` or `Secret` that is no text",
        )),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::auth::key::Key;
    use proptest::prelude::*;

    fn password(username: &str, password: &str) -> Answer {
        Answer::Found(Credential::password(username, Secret::new(password)).unwrap())
    }

    #[test]
    fn answers_that_are_understood() {
        let token = Answer::Found(Credential::Identity(Secret::new("t")));
        for (printed, expected) in [
            (
                r#"{"ServerURL":"x","Username":"u","Secret":"p"}"#,
                password("u", "p"),
            ),
            (
                "\n {\"Username\":\"u\",\"Secret\":\"p\",\"More\":[1]}\n",
                password("u", "p"),
            ),
            (
                r#"{"ServerURL":"other.io","Username":"u","Secret":""}"#,
                password("u", ""),
            ),
            (r#"{"Username":"<token>","Secret":"t"}"#, token),
            (
                r#"{"ServerURL":"","Username":"","Secret":""}"#,
                Answer::Nothing,
            ),
            ("{}", Answer::Nothing),
            ("null", Answer::Nothing),
        ] {
            assert_eq!(answer(printed.as_bytes()).unwrap(), expected, "{printed}");
        }
    }

    #[test]
    fn answers_that_are_refused_are_not_shown() {
        for printed in [
            "",
            "CANARY",
            r#"{"Username":"u","Secret":"CANARY""#,
            r#"{"Username":"u","Secret":"CANARY"} CANARY"#,
            r#"{"CANARY":1,"CANARY":2}"#,
            r#"{"Secret":"CANARY","Secret":"CANARY"}"#,
            r#"["CANARY"]"#,
            r#""CANARY""#,
            r#"{"Username":["CANARY"],"Secret":"CANARY"}"#,
            r#"{"Username":"u","Secret":5}"#,
            r#"{"Username":"","Secret":"CANARY"}"#,
            r#"{"Username":"CANARY\r\nx","Secret":"CANARY"}"#,
            r#"{"Username":"CANARY:x","Secret":"CANARY"}"#,
            r#"{"Username":"<token>","Secret":"CANARY\n"}"#,
            r#"{"Username":"<token>","Secret":""}"#,
        ] {
            let failure = answer(printed.as_bytes()).unwrap_err();
            let shown = format!("{failure} {failure:?}");
            assert!(!shown.contains("CANARY"), "{shown}");
        }
    }

    #[test]
    fn lists_are_read() {
        let listed = list(br#"{"https://index.docker.io/v1/":"ann","b.io":"<token>"}"#).unwrap();
        let names: Vec<_> = listed
            .iter()
            .map(|l| (&*l.server, l.username.as_deref()))
            .collect();
        assert_eq!(
            names,
            [("https://index.docker.io/v1/", Some("ann")), ("b.io", None)]
        );
        assert_eq!(list(b"null").unwrap(), []);
        for bad in [&b""[..], b"[]", br#"{"a":1}"#, br#"{"a":"u","a":"v"}"#] {
            assert!(list(bad).is_err());
        }
    }

    #[test]
    fn only_one_sentence_means_nothing() {
        for (printed, nothing) in [
            ("credentials not found in native keychain", true),
            ("credentials not found in native keychain\r\n", true),
            ("Credentials not found in native keychain", false),
            ("error: credentials not found in native keychain", false),
            ("no credentials server URL", false),
            ("", false),
        ] {
            assert_eq!(is_nothing(printed.as_bytes()), nothing, "{printed}");
        }
    }

    #[test]
    fn what_a_failing_helper_says_is_shown_and_what_it_was_told_is_not() {
        let told = Secret::new("p\"w");
        for (stdout, stderr, shown) in [
            ("", "", "exit code 1"),
            ("locked\n", "", "exit code 1: locked"),
            ("locked\n", "locked\n", "exit code 1: locked"),
            ("a\n\n b ", "c", "exit code 1: a; b; c"),
            (
                "cannot keep p\"w",
                "{\"Secret\":\"p\\\"w\"}",
                "exit code 1: cannot keep ***; {\"Secret\":\"***\"}",
            ),
            (
                r#"{"Username":"u","Secret":"s"}"#,
                "oops",
                "exit code 1: oops",
            ),
        ] {
            let said = complaint(
                "exit code 1",
                stdout.as_bytes(),
                stderr.as_bytes(),
                Some(&told),
            );
            assert_eq!(said, shown);
        }
        let long = complaint("exit code 1", &vec![b'x'; 60_000], b"", None);
        assert!(long.len() < 2100);
    }

    #[test]
    fn what_is_stored_is_json() {
        let credential = Credential::password("u", Secret::new("p\"\n")).unwrap();
        let text = entry("https://index.docker.io/v1/", &credential).unwrap();
        let expected =
            json!({"ServerURL": "https://index.docker.io/v1/", "Username": "u", "Secret": "p\"\n"});
        assert_eq!(
            serde_json::from_slice::<Value>(text.expose()).unwrap(),
            expected
        );
        assert_eq!(answer(text.expose()).unwrap(), Answer::Found(credential));
        for unfit in [
            Credential::password("u", Secret::new([0xff])).unwrap(),
            Credential::Registry(Secret::new("t")),
        ] {
            assert!(matches!(entry("a.io", &unfit), Err(Failure::Unfit(_))));
        }
    }

    #[test]
    fn a_server_is_one_line_of_plain_characters() {
        for server in [
            "a.io",
            "a.io:5000/team",
            "https://index.docker.io/v1/",
            "[::1]:5000",
        ] {
            assert!(check(server).is_ok(), "{server}");
        }
        for server in [
            "",
            "a.io\n",
            "a.io\rb.io",
            "a.io b.io",
            "a.io\0",
            "\u{e9}.io",
            "a.io\u{2028}",
        ] {
            assert!(check(server).is_err(), "{server:?}");
        }
    }

    proptest! {
        /// Whatever is a key is one line of plain characters, also after docker's spelling.
        #[test]
        fn no_key_can_say_two_things(text in "[a-z.:/\\[\\] \r\n\\PC\0]{1,24}") {
            if let Ok(key) = text.parse::<Key>() {
                prop_assert!(check(&key.server()).is_ok());
            }
        }

        #[test]
        fn no_answer_panics(printed in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (answer(&printed), list(&printed), complaint("x", &printed, &printed, None));
        }
    }
}
