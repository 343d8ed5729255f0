//! Docker's `config.json`: what is stored is read back, and everything else stays.

use crate::target::Target;
use async_trait::async_trait;
use crossdock::auth::credential::{Credential, CredentialError, CredentialSource as _, Subject};
use crossdock::auth::docker_source::DockerSource;
use crossdock::auth::helper::{Answer, Helper, HelperName};
use crossdock::auth::key::Key;
use crossdock::auth::locations::Location;
use crossdock::auth::notes::Notes;
use crossdock::auth::store::{erase, put};
use crossdock::oci::reference::Repository;
use crossdock::transport::secret::Secret;
use serde_json::{Map, Value};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

pub(crate) const TARGET: Target = Target {
    name: "docker_config",
    longest: 2048,
    seeds: SEEDS,
    words: &[
        "{\"auths\":{",
        "\"auth\":\"dTpw\"",
        "\"username\":\"",
        "\"password\":\"",
        "\"identitytoken\":\"",
        "\"registrytoken\":\"",
        "\"credsStore\":\"desktop\"",
        "\"credHelpers\":{",
        "\"HttpHeaders\":{",
        "\"reg.io\":{",
        "\"https://reg.io/v2/\":{",
        "\"reg.io/team\":{",
        "\"REG.IO:443\":{",
        "\"http://reg.io\":{",
        "index.docker.io/v1/",
        "Authorization",
        "null",
        "\"email\":\"a@b\"",
    ],
    check,
};

/// Whom the input's first byte logs in, and where; the second one says with what.
const KEYS: [&str; 5] = [
    "reg.io",
    "docker.io",
    "reg.io/team",
    "reg.io:5000",
    "[::1]:5000/a/b",
];

fn check(bytes: &[u8]) {
    let [first, second, content @ ..] = bytes else {
        return;
    };
    let key = KEYS[usize::from(*first) % KEYS.len()];
    let credential = credential(*second);
    thread_local! {
        static FOLDER: TempDir = tempfile::tempdir().unwrap();
    }
    FOLDER.with(|folder| {
        let path = folder.path().join("config.json");
        fs::write(&path, content).unwrap();
        changed(&path, content, key, &credential);
    });
}

fn credential(kind: u8) -> Credential {
    // Docker trims NULs off both ends, and so does whoever reads what docker wrote.
    let secret = || Secret::new([b'p', kind, b'\xff', b':', b'x']);
    match kind % 3 {
        0 => Credential::password("user", secret()).unwrap(),
        1 => Credential::identity(Secret::new("identity")).unwrap(),
        _ => Credential::registry(Secret::new("registry")).unwrap(),
    }
}

fn changed(path: &Path, before: &[u8], key: &str, credential: &Credential) {
    let found = read(path, key);
    let parsed: Key = key.parse().unwrap();
    if now(put(path, &parsed, credential)).is_err() {
        // What cannot be read cannot be kept, and so is not changed, either.
        assert_eq!(fs::read(path).unwrap(), before);
        return assert!(found.is_err());
    }
    assert_eq!(read(path, key).unwrap().as_ref(), Some(credential));
    let after = fs::read(path).unwrap();
    assert_eq!(others(before, &parsed), others(&after, &parsed));
    now(put(path, &parsed, credential)).unwrap();
    assert_eq!(fs::read(path).unwrap(), after);
    let erased = now(erase(path, &parsed)).unwrap();
    assert!(erased.keys.contains(&parsed.server()));
    assert!(erased.keys.iter().all(|name| is_own(name, &parsed)));
    assert!(now(erase(path, &parsed)).unwrap().keys.is_empty());
    let rest = fs::read(path).unwrap();
    assert_eq!(others(before, &parsed), others(&rest, &parsed));
    assert_ne!(
        read(path, key).unwrap_or_default().as_ref(),
        Some(credential)
    );
}

/// No helper is installed.
struct NoHelper;

#[async_trait]
impl Helper for NoHelper {
    async fn get(&self, _: &HelperName, _: &str) -> Result<Answer, CredentialError> {
        Ok(Answer::Missing)
    }

    fn forget(&self, _: &HelperName, _: &str, _: &Credential) {}
}

/// What a copy or a login would use.
fn read(path: &Path, key: &str) -> Result<Option<Credential>, String> {
    let subject = match key.parse::<Repository>() {
        Ok(repository) if key.contains('/') => Subject::Repository(repository),
        _ => Subject::Host(key.parse().unwrap()),
    };
    let location = Location {
        name: "config.json".to_owned(),
        path: path.to_owned(),
    };
    let source = DockerSource::file(location, Arc::new(NoHelper), Notes::silent());
    let found = now(source.credential(&subject));
    let found = found.map_err(|error| error.to_string())?;
    Ok(found.map(|found| found.credential))
}

fn now<T>(done: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().build().unwrap().block_on(done)
}

/// What goes with the key's credential, however spelled.
fn is_own(name: &str, key: &Key) -> bool {
    name.parse::<Key>().as_ref() == Ok(key) || key.companions().iter().any(|own| own == name)
}

/// Everything in the file that is not the key's: the other fields, and the other entries.
fn others(content: &[u8], key: &Key) -> (String, String) {
    let content = if content.trim_ascii().is_empty() {
        b"{}"
    } else {
        content
    };
    let mut fields: Map<String, Value> = serde_json::from_slice(content).unwrap();
    let auths = fields.get_mut("auths").map(Value::take).unwrap_or_default();
    fields.retain(|name, _| name != "auths");
    let mut auths = auths.as_object().cloned().unwrap_or_default();
    auths.retain(|name, _| !is_own(name, key));
    (
        Value::Object(fields).to_string(),
        Value::Object(auths).to_string(),
    )
}

#[test]
fn docker_config() {
    crate::inputs::replay("docker_config");
}

const SEEDS: &[&[u8]] = &[
    b"00",
    b"00{}",
    b"00{",
    b"00{\"auths\":{},}",
    b"00{\"auths\":[]}",
    b"00[]",
    b"00null",
    br#"00{"auths":{"reg.io":{}}}"#,
    br#"01{"auths":{"reg.io":{"auth":"dTpw","email":"a@b"}}}"#,
    br#"02{"auths":{"https://reg.io/v2/":{"auth":"eDp5"},"reg.io":{"auth":"dTpw"}}}"#,
    br#"10{"auths":{"https://index.docker.io/v1/":{},"docker.io":null},"credsStore":"desktop"}"#,
    b"00 \n",
    br#"10{"auths":{"https://index.docker.io/v1/access-token":{"auth":"dTpw"},"docker.io":{}}}"#,
    br#"00{"credHelpers":{"reg.io":""},"credsStore":"desktop","auths":{"b.io":{"auth":5}}}"#,
    br#"20{"auths":{"reg.io/team":{},"reg.io/team2":{},"reg.io":{"auth":"!!!"}}}"#,
    br#"30{"auths":{"http://reg.io:5000":{"username":"a","password":"b"}},"z":[1.5,-0,1e3]}"#,
    br#"40{"auths":{"[::1]:5000/a":{"identitytoken":"t"},"[::1]:5000/a/b/c":{}}}"#,
    br#"00{"credHelpers":{"reg.io":"ecr-login","not a key":1},"credsStore":null}"#,
    br#"00{"credsStore":"../../x"}"#,
    br#"00{"credsStore":""}"#,
    br#"00{"credsStore":"$(id)"}"#,
    br#"00{"auths":{},"auths":{}}"#,
    br#"00{"auths":{"reg.io":{"auth":5}}}"#,
    br#"00{"HttpHeaders":{"Authorization":"x"}}"#,
    br#"00{"HttpHeaders":{"X":"a\r\nb"}}"#,
    br#"00{"HttpHeaders":{"X":"y"},"proxies":{"default":{"httpProxy":"http://u:p@x"}}}"#,
    br#"00{"auths":{"reg.io.evil.com":{"auth":"dTpw"},"evil-reg.io":{}},"\u0000":"\u001b"}"#,
    br#"00{"auths":{"reg.io":{"auth":"dTpw","username":"v"}}}"#,
    br#"00{"auths":{"reg.io":1}}"#,
    br#"00{"auths":null,"a":{"b":[null,true,18446744073709551615,12345678901234567890123]}}"#,
];
