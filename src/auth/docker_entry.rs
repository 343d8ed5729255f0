//! One entry of `auths` in docker's `config.json` and containers' `auth.json`.
//!
//! The fields are those of docker's `AuthConfig`; containers-auth.json(5) knows `auth` alone.

use crate::auth::credential::{Credential, Unusable};
use crate::transport::secret::Secret;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, PAD};
use serde_json::{Map, Value};

/// As lenient as docker about the unused bits of the last character.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, PAD.with_decode_allow_trailing_bits(true));

/// The fields that hold a credential, and so are replaced together.
pub(super) const FIELDS: [&str; 6] = [
    "auth",
    "username",
    "password",
    "identitytoken",
    "registrytoken",
    "serveraddress",
];

/// An entry as it stands in the file; what is absent, null or empty is `None`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    auth: Option<Secret>,
    username: Option<Secret>,
    password: Option<Secret>,
    identity_token: Option<Secret>,
    registry_token: Option<Secret>,
}

/// Why an entry cannot be used. Shows no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum EntryError {
    #[error("the entry is not an object")]
    NotAnObject,
    #[error("`{0}` is not a string")]
    NotAString(&'static str),
    #[error("`auth` is not base64")]
    NotBase64,
    #[error("`auth` has no colon between user name and password")]
    NoColon,
    #[error("the user name is not UTF-8")]
    UsernameNotUtf8,
    #[error("there is a user name without a password")]
    NoPassword,
    #[error("there is a password without a user name")]
    NoUsername,
    #[error("`auth` disagrees with `username` and `password`")]
    Disagreement,
    #[error(transparent)]
    Unusable(#[from] Unusable),
}

impl Entry {
    /// Takes an entry apart.
    pub(super) fn from_json(value: Value) -> Result<Self, EntryError> {
        let mut fields = match value {
            Value::Null => Map::new(),
            Value::Object(fields) => fields,
            _ => return Err(EntryError::NotAnObject),
        };
        let mut take = |name| take(&mut fields, name);
        Ok(Self {
            auth: take("auth")?,
            username: take("username")?,
            password: take("password")?,
            identity_token: take("identitytoken")?,
            registry_token: take("registrytoken")?,
        })
    }

    /// Whether the entry holds nothing, which means "ask the store".
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The credential, of several the one that docker prefers: a registry token, an identity
    /// token, then user name and password.
    pub(super) fn credential(&self) -> Result<Option<Credential>, EntryError> {
        if let Some(token) = &self.registry_token {
            return Ok(Some(Credential::registry(token.clone())?));
        }
        if let Some(token) = &self.identity_token {
            return Ok(Some(Credential::identity(token.clone())?));
        }
        match &self.auth {
            Some(auth) => self.decoded(auth).map(Some),
            None => self.plain(),
        }
    }

    fn decoded(&self, auth: &Secret) -> Result<Credential, EntryError> {
        let (username, password) = decode(auth)?;
        let agrees =
            |field: &Option<Secret>, other: &Secret| field.as_ref().is_none_or(|f| f == other);
        if agrees(&self.username, &username) && agrees(&self.password, &password) {
            credential(&username, password)
        } else {
            Err(EntryError::Disagreement)
        }
    }

    fn plain(&self) -> Result<Option<Credential>, EntryError> {
        match (&self.username, &self.password) {
            (Some(username), Some(password)) => credential(username, password.clone()).map(Some),
            (Some(_), None) => Err(EntryError::NoPassword),
            (None, Some(_)) => Err(EntryError::NoUsername),
            (None, None) => Ok(None),
        }
    }
}

/// Moves a field out, so that its bytes are wiped with the secret they become.
fn take(fields: &mut Map<String, Value>, name: &'static str) -> Result<Option<Secret>, EntryError> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(Secret::new(text))),
        Some(_) => Err(EntryError::NotAString(name)),
    }
}

fn credential(username: &Secret, password: Secret) -> Result<Credential, EntryError> {
    let username = username.expose_str().ok_or(EntryError::UsernameNotUtf8)?;
    Ok(Credential::password(username, password)?)
}

/// User name and password of `auth`. Docker skips line breaks and trims NULs off the password.
fn decode(auth: &Secret) -> Result<(Secret, Secret), EntryError> {
    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let one_line: Vec<u8> = auth
        .expose()
        .iter()
        .copied()
        .filter(|b| !is_break(b))
        .collect();
    let one_line = Secret::new(one_line);
    let decoded = BASE64
        .decode(one_line.expose())
        .map_err(|_| EntryError::NotBase64)?;
    let decoded = Secret::new(decoded);
    let mut halves = decoded.expose().splitn(2, |&byte| byte == b':');
    let (Some(username), Some(password)) = (halves.next(), halves.next()) else {
        return Err(EntryError::NoColon);
    };
    Ok((Secret::new(username), Secret::new(without_nuls(password))))
}

fn without_nuls(mut bytes: &[u8]) -> &[u8] {
    while let [0, rest @ ..] | [rest @ .., 0] = bytes {
        bytes = rest;
    }
    bytes
}

/// The fields that hold `credential`, as docker writes them.
pub(super) fn to_json(credential: &Credential) -> (&'static str, Value) {
    let text = |secret: &Secret| String::from_utf8_lossy(secret.expose()).into_owned();
    match credential {
        Credential::Password { username, password } => {
            let pair = [username.as_bytes(), b":", password.expose()].concat();
            let pair = Secret::new(pair);
            ("auth", BASE64.encode(pair.expose()).into())
        }
        Credential::Identity(token) => ("identitytoken", text(token).into()),
        Credential::Registry(token) => ("registrytoken", text(token).into()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn auth(bytes: &[u8]) -> Value {
        json!({ "auth": BASE64.encode(bytes) })
    }

    fn password(username: &str, password: &[u8]) -> Credential {
        Credential::Password {
            username: username.to_owned(),
            password: Secret::new(password),
        }
    }

    fn read(entry: Value) -> Result<Option<Credential>, EntryError> {
        Entry::from_json(entry)?.credential()
    }

    #[test]
    fn entries_that_say_nothing() {
        for entry in [
            json!({}),
            Value::Null,
            json!({"auth": "", "username": null}),
            json!({"email": "a@b"}),
        ] {
            let entry = Entry::from_json(entry).unwrap();
            assert!(entry.is_empty());
            assert_eq!(entry.credential(), Ok(None));
        }
    }

    #[test]
    fn entries_that_are_accepted() {
        let identity = Credential::Identity(Secret::new("idt"));
        let registry = Credential::Registry(Secret::new("rgt"));
        for (case, entry, credential) in [
            ("auth", auth(b"u:p"), password("u", b"p")),
            (
                "colons in the password",
                auth(b"u:p:q"),
                password("u", b"p:q"),
            ),
            ("no password", auth(b"u:"), password("u", b"")),
            ("trailing NULs", auth(b"u:p\0\0"), password("u", b"p")),
            ("inner NUL", auth(b"u:p\0q\0"), password("u", b"p\0q")),
            (
                "password is not UTF-8",
                auth(b"u:\xff\xfe"),
                password("u", b"\xff\xfe"),
            ),
            (
                "line break in base64",
                json!({"auth": "dTpw\nYQ=="}),
                password("u", b"pa"),
            ),
            (
                "unused bits are set",
                json!({"auth": "dTpwYR=="}),
                password("u", b"pa"),
            ),
            (
                "plain",
                json!({"username": "u", "password": "p"}),
                password("u", b"p"),
            ),
            (
                "auth and plain agree",
                json!({"auth": "dTpw", "username": "u", "password": "p"}),
                password("u", b"p"),
            ),
            (
                "identity token goes first",
                json!({"auth": "dTpw", "identitytoken": "idt"}),
                identity.clone(),
            ),
            (
                "broken auth behind a token",
                json!({"auth": "!", "identitytoken": "idt"}),
                identity,
            ),
            (
                "registry token goes first of all",
                json!({"auth": "dTpw", "identitytoken": "idt", "registrytoken": "rgt"}),
                registry,
            ),
        ] {
            assert_eq!(read(entry), Ok(Some(credential)), "{case}");
        }
    }

    #[test]
    fn entries_that_are_refused() {
        use EntryError as E;
        for (case, entry, error) in [
            ("list", json!([]), E::NotAnObject),
            ("text", json!("dTpw"), E::NotAnObject),
            ("number", json!({"auth": 5}), E::NotAString("auth")),
            (
                "object",
                json!({"identitytoken": {}}),
                E::NotAString("identitytoken"),
            ),
            ("not base64", json!({"auth": "!!!"}), E::NotBase64),
            ("no padding", json!({"auth": "dTpwYQ"}), E::NotBase64),
            ("no colon", auth(b"u"), E::NoColon),
            ("empty user", auth(b":p"), Unusable::EmptyUsername.into()),
            (
                "CR in user",
                auth(b"u\r:p"),
                Unusable::ControlInUsername.into(),
            ),
            (
                "LF in user",
                auth(b"u\n:p"),
                Unusable::ControlInUsername.into(),
            ),
            ("user is not UTF-8", auth(b"\xff:p"), E::UsernameNotUtf8),
            (
                "colon in user",
                json!({"username": "a:b", "password": "p"}),
                Unusable::ColonInUsername.into(),
            ),
            ("user alone", json!({"username": "u"}), E::NoPassword),
            ("password alone", json!({"password": "p"}), E::NoUsername),
            (
                "other user",
                json!({"auth": "dTpw", "username": "v"}),
                E::Disagreement,
            ),
            (
                "other password",
                json!({"auth": "dTpw", "password": "q"}),
                E::Disagreement,
            ),
            (
                "line break in token",
                json!({"identitytoken": "a\r\nb"}),
                Unusable::TokenNotVisible.into(),
            ),
        ] {
            assert_eq!(read(entry), Err(error), "{case}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(
            username in "[^:\\pC]{1,12}",
            password in proptest::collection::vec(1_u8.., 0..20),
            token in "[!-~]{1,40}",
        ) {
            for credential in [
                Credential::password(username, Secret::new(password)).unwrap(),
                Credential::Identity(Secret::new(token.clone())),
                Credential::Registry(Secret::new(token)),
            ] {
                let (field, value) = to_json(&credential);
                let entry = json!({ field: value });
                prop_assert_eq!(read(entry), Ok(Some(credential)));
            }
        }
    }
}
