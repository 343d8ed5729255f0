//! What is said to a credential helper, and how its answers are read.
//!
//! Source: docker/docker-credential-helpers, `credentials/credentials.go`: the server's name as it
//! is for `get` and `erase`, JSON for `store`, nothing for `list`.

use super::{Answer, Failure};
use crate::auth::credential::Credential;
use crate::auth::key::Key;
use crate::auth::strict_json;
use crate::transport::secret::Secret;
use serde_json::{Map, Value, json};

/// The one answer, on stdout with a failing exit code, that means "I have nothing".
const NOTHING: &str = "credentials not found in native keychain";
/// The user name that says that the secret is an identity token.
const IDENTITY: &str = "<token>";
/// No more of what a failing helper prints is shown.
const SHOWN: usize = 2048;
/// What stands for what is not shown at all.
const NOT_SHOWN: &str = "(not shown: it holds a secret)";
/// The fields of a credential, which no list of servers has.
const FIELDS: [&str; 3] = ["ServerURL", "Username", "Secret"];

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

/// What a successful `list` printed. A helper that does not look at what it is asked answers with a
/// credential, whose secret is no user name; what names no server is none of ours.
pub fn list(stdout: &[u8]) -> Result<Vec<Listed>, Failure> {
    let servers = object(stdout)?;
    let is_field = |name: &String| FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field));
    if servers.keys().any(is_field) {
        return Err(Failure::Answer("is a credential and no list of servers"));
    }
    let listed = |(server, username): (String, Value)| match username {
        Value::String(username) => Ok(Listed {
            server,
            username: Some(username).filter(|name| name != IDENTITY),
        }),
        _ => Err(Failure::Answer("names a user that is no text")),
    };
    let listed: Result<Vec<Listed>, Failure> = servers.into_iter().map(listed).collect();
    let mut listed = listed?;
    listed.retain(|listed| is_server(&listed.server));
    Ok(listed)
}

/// Whether a text names a server, and could not be any other word.
fn is_server(text: &str) -> bool {
    let key = text.parse::<Key>();
    key.is_ok_and(|key| text.contains("://") || key.is_plainly_a_host())
}

/// Whether a failing helper only says that it has nothing.
pub fn is_nothing(stdout: &[u8]) -> bool {
    String::from_utf8_lossy(stdout).trim() == NOTHING
}

/// What a failing helper said, without what it was told in confidence.
pub(super) fn complaint(end: &str, stdout: &[u8], stderr: &[u8], told: Option<&Secret>) -> String {
    // Not all answers can be told by their names.
    let is_answer =
        !holds_secret(stdout) && matches!(serde_json::from_slice(stdout), Ok(Value::Object(_)));
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
    if holds_secret(bytes) {
        return NOT_SHOWN.to_owned();
    }
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

/// Whether an answer is somewhere in what a helper printed: the word `Secret` in quotes of any
/// kind, be they escaped.
fn holds_secret(printed: &[u8]) -> bool {
    const WORD: &[u8] = b"secret";
    let is_quote = |byte: Option<&u8>| matches!(byte, Some(b'"' | b'\'' | b'`'));
    let words = printed.windows(WORD.len()).enumerate();
    let mut words = words.filter(|(_, word)| word.eq_ignore_ascii_case(WORD));
    words.any(|(at, word)| {
        let behind = &printed[at + word.len()..];
        let escapes = behind.iter().take_while(|&&byte| byte == b'\\').count();
        is_quote(printed[..at].last()) && is_quote(behind.get(escapes))
    })
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
mod cases;
