//! Application default credentials: where the file is, and what is in it.
//!
//! Source: Google's authentication documentation, AIP-4110 to AIP-4117, and google-cloud-auth.

use super::error::Error;
use super::federation::Federation;
use crate::provider::Surroundings;
use crate::transport::secret::Secret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The variable that names the file.
const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
/// The file's name where gcloud puts it.
const WELL_KNOWN: &str = "application_default_credentials.json";
/// Files of this many bytes and more are refused; the largest honest ones have a few thousand.
const TOO_LARGE: u64 = 1024 * 1024;

/// A text of a file that is a secret.
#[derive(Deserialize)]
#[serde(from = "String")]
pub(super) struct Hidden(pub(super) Secret);

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(Secret::new(text))
    }
}

/// What a file holds.
pub(super) enum Credentials {
    ServiceAccount(ServiceAccount),
    User(User),
    Federation(Box<Federation>),
    FederatedUser(FederatedUser),
    Impersonation(Box<Impersonation>),
}

/// The key of a service account.
#[derive(Deserialize)]
pub(super) struct ServiceAccount {
    pub(super) client_email: String,
    pub(super) private_key: Hidden,
    pub(super) private_key_id: Option<String>,
    pub(super) token_uri: Option<String>,
    pub(super) universe_domain: Option<String>,
}

/// The login of a user.
#[derive(Deserialize)]
pub(super) struct User {
    pub(super) client_id: String,
    pub(super) client_secret: Hidden,
    pub(super) refresh_token: Hidden,
    pub(super) token_uri: Option<String>,
    pub(super) account: Option<String>,
}

/// The login of a user whom another identity provider knows.
#[derive(Deserialize)]
pub(super) struct FederatedUser {
    pub(super) client_id: String,
    pub(super) client_secret: Hidden,
    pub(super) refresh_token: Hidden,
    pub(super) token_url: String,
}

/// A service account that somebody else acts as.
pub(super) struct Impersonation {
    pub(super) url: String,
    pub(super) delegates: Vec<String>,
    pub(super) source: Credentials,
}

#[derive(Deserialize)]
struct ImpersonationFile {
    service_account_impersonation_url: String,
    #[serde(default)]
    delegates: Vec<String>,
    source_credentials: serde_json::Value,
}

#[derive(Deserialize)]
struct Kind {
    r#type: String,
}

/// The file that the machine has, and its content.
pub(super) fn find(surroundings: &Surroundings) -> Result<Option<(PathBuf, Credentials)>, Error> {
    let set = |name| {
        let value = surroundings.variables.get(name);
        value.filter(|value| !value.is_empty())
    };
    if let Some(named) = set(VARIABLE) {
        let path = PathBuf::from(named);
        let content = read(&path)?.ok_or_else(|| Error::Variable {
            variable: VARIABLE,
            reason: format!("names `{named}`, which does not exist"),
        })?;
        let credentials = parse(&path, &content)?;
        return Ok(Some((path, credentials)));
    }
    let configured = set("CLOUDSDK_CONFIG").map(PathBuf::from);
    let usual = || {
        if cfg!(windows) {
            set("APPDATA").map(|folder| Path::new(folder).join("gcloud"))
        } else {
            let home = surroundings.home.as_ref();
            home.map(|home| home.join(".config/gcloud"))
        }
    };
    let Some(folder) = configured.or_else(usual) else {
        return Ok(None);
    };
    let path = folder.join(WELL_KNOWN);
    let Some(content) = read(&path)? else {
        return Ok(None);
    };
    let credentials = parse(&path, &content)?;
    Ok(Some((path, credentials)))
}

/// The content of a small file, `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let wrong = |reason: &str| Error::File {
        path: path.display().to_string(),
        reason: reason.to_owned(),
    };
    let failed = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Ok(None),
        _ => Err(Error::Unreadable {
            path: path.display().to_string(),
            source,
        }),
    };
    // Looked at before it is opened: opening a named pipe would wait for a writer.
    let length = match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => return Err(wrong("is not a regular file")),
        Ok(metadata) if metadata.len() >= TOO_LARGE => return Err(wrong("is 1 MiB or larger")),
        Ok(metadata) => metadata.len(),
        Err(error) => return failed(error),
    };
    // Reserved in one piece: a buffer that grows leaves copies of its content behind.
    let capacity = usize::try_from(length).unwrap_or(0) + 1;
    let mut content = Zeroizing::new(Vec::with_capacity(capacity));
    let read = File::open(path).and_then(|file| file.take(TOO_LARGE).read_to_end(&mut content));
    match read {
        Ok(_) if content.len() as u64 >= TOO_LARGE => Err(wrong("is 1 MiB or larger")),
        Ok(_) => Ok(Some(content)),
        Err(error) => failed(error),
    }
}

fn parse(path: &Path, content: &[u8]) -> Result<Credentials, Error> {
    credentials(content, true).map_err(|reason| Error::File {
        path: path.display().to_string(),
        reason,
    })
}

/// What is in a document. One that acts as a service account has another one in it.
fn credentials(content: &[u8], is_outer: bool) -> Result<Credentials, String> {
    let Kind { r#type } = shape(content)?;
    match r#type.as_str() {
        "service_account" => shape(content).map(Credentials::ServiceAccount),
        "authorized_user" => shape(content).map(Credentials::User),
        "external_account" => shape(content).map(|read| Credentials::Federation(Box::new(read))),
        "external_account_authorized_user" => shape(content).map(Credentials::FederatedUser),
        "impersonated_service_account" if is_outer => {
            let read: ImpersonationFile = shape(content)?;
            let source = Zeroizing::new(read.source_credentials.to_string());
            let source = credentials(source.as_bytes(), false);
            let source = source.map_err(|reason| format!("`source_credentials` {reason}"))?;
            Ok(Credentials::Impersonation(Box::new(Impersonation {
                url: read.service_account_impersonation_url,
                delegates: read.delegates,
                source,
            })))
        }
        // Not named: it may be a secret at a wrong place.
        _ => Err(
            "is of a `type` that crossdock does not know; it knows service_account, \
             authorized_user, external_account, external_account_authorized_user and \
             impersonated_service_account"
                .to_owned(),
        ),
    }
}

/// Reads a document. What is wrong is told by its place: the words of the parser show values.
pub(super) fn shape<T: DeserializeOwned>(content: &[u8]) -> Result<T, String> {
    let mut reader = serde_json::Deserializer::from_slice(content);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.inner());
        let words = inner.to_string();
        let missing = words
            .strip_prefix("missing field `")
            .and_then(|rest| rest.split_once('`'));
        let within = if path == "." { String::new() } else { path };
        match missing {
            Some((field, _)) if within.is_empty() => format!("has no `{field}`"),
            Some((field, _)) => format!("has no `{within}.{field}`"),
            None if !inner.is_data() => {
                format!(
                    "is not JSON (line {}, column {})",
                    inner.line(),
                    inner.column()
                )
            }
            None if within.is_empty() => "is no JSON object".to_owned(),
            None => format!("has a `{within}` that is not what it should be"),
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wrong(document: &serde_json::Value) -> String {
        let text = document.to_string();
        credentials(text.as_bytes(), true).map(|_| ()).unwrap_err()
    }

    #[test]
    fn what_is_wrong_in_a_file_is_told_by_its_place_and_not_by_its_value() {
        let unknown = "is of a `type` that crossdock does not know";
        let account = |key: serde_json::Value| json!({"type": "service_account", "client_email": "a@b", "private_key": key});
        let federation = json!({
            "type": "external_account", "audience": "a", "subject_token_type": "t",
            "token_url": "https://sts.googleapis.com/v1/token",
            "credential_source": {"executable": {"timeout_millis": "pssst"}},
        });
        let acting = |source: serde_json::Value| {
            json!({
                "type": "impersonated_service_account",
                "service_account_impersonation_url": "https://x",
                "source_credentials": source,
            })
        };
        for (document, told) in [
            (json!({}), "has no `type`"),
            (json!([]), "is no JSON object"),
            (json!("pssst"), "is no JSON object"),
            (json!({"type": "pssst"}), unknown),
            (
                json!({"type": 5}),
                "has a `type` that is not what it should be",
            ),
            (json!({"type": "service_account"}), "has no `client_email`"),
            (
                account(json!(["pssst"])),
                "has a `private_key` that is not what it should be",
            ),
            (
                federation,
                "has a `credential_source.executable.timeout_millis` that is not what it should be",
            ),
            (acting(json!({})), "`source_credentials` has no `type`"),
            (
                acting(acting(json!({}))),
                "`source_credentials` is of a `type` that crossdock does not know",
            ),
        ] {
            let said = wrong(&document);
            assert!(said.starts_with(told), "{document}: {said}");
            assert!(!said.contains("pssst"), "{said}");
        }
        let broken = credentials(b"{\"private_key\": pssst", true);
        let said = broken.map(|_| ()).unwrap_err();
        assert_eq!(said, "is not JSON (line 1, column 17)");
    }

    #[test]
    fn every_form_is_read() {
        let account = json!({
            "type": "service_account", "client_email": "a@b", "private_key": "k", "other": 1,
        });
        let user = json!({
            "type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r",
        });
        let acting = json!({
            "type": "impersonated_service_account", "source_credentials": user,
            "service_account_impersonation_url": "https://x", "delegates": ["d"],
        });
        let read = |document: &serde_json::Value| {
            credentials(document.to_string().as_bytes(), true).unwrap()
        };
        assert!(matches!(read(&account), Credentials::ServiceAccount(_)));
        assert!(matches!(read(&user), Credentials::User(_)));
        let Credentials::Impersonation(acting) = read(&acting) else {
            panic!("it acts as a service account");
        };
        assert_eq!(acting.delegates, ["d"]);
        assert!(matches!(acting.source, Credentials::User(_)));
    }
}
