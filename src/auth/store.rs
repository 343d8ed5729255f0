//! Writing credentials to docker's `config.json` or containers' `auth.json`.
//!
//! Each change is made under a lock and on what the file says then, and replaces the file in one
//! step: of writers side by side none loses what another wrote, and readers need no lock.

use crate::auth::credential::{Credential, CredentialError};
use crate::auth::docker_config::DockerConfig;
use crate::auth::docker_edit;
use crate::auth::helper::HelperName;
use crate::auth::key::Key;
use crate::auth::{file, strict_json};
use crate::disk::{Access, lock, replace};
use serde_json::{Map, Value};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long another writer is waited for. One write takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// What [`put`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The key that it wrote.
    pub key: String,
    /// The helper that the file names for this key, and that is asked before the entry.
    pub helper: Option<HelperName>,
}

/// Why a file was not changed. It is then as it was.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What is there cannot be read, and so cannot be kept.
    #[error(transparent)]
    Existing(#[from] CredentialError),
    /// Somebody else is writing, and does not come to an end.
    #[error("{} is still locked by another process", path.display())]
    Locked {
        /// The file with the lock.
        path: PathBuf,
    },
    /// Disk full, no permission, and the like.
    #[error("cannot write {}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Stores `credential` for `key` in the file at `path`, which is created where it is missing.
/// Other spellings of the same key go, everything else in the file stays. Blocks.
pub fn put(path: &Path, key: &Key, credential: &Credential) -> Result<Stored, StoreError> {
    let mut helper = None;
    change(path, true, |fields, auths| {
        helper = own_helper(fields, key);
        let server = key.server();
        docker_edit::remove(auths, |name| is(name, key) && name != server);
        docker_edit::set(auths, server, credential);
        true
    })?;
    let key = key.server();
    Ok(Stored { key, helper })
}

/// Removes what the file at `path` has for exactly `key`, however spelled, and returns the keys
/// that it removed. Blocks.
pub fn erase(path: &Path, key: &Key) -> Result<Vec<String>, StoreError> {
    let mut removed = Vec::new();
    change(path, false, |_, auths| {
        removed = docker_edit::remove(auths, |name| is(name, key));
        !removed.is_empty()
    })?;
    Ok(removed)
}

/// Changes the file's `auths` by `edit`, which is given the other fields, too, and says whether
/// there is anything to write.
fn change(
    path: &Path,
    create: bool,
    edit: impl FnOnce(&Map<String, Value>, &mut Map<String, Value>) -> bool,
) -> Result<(), StoreError> {
    let unwritable = |source| unwritable(path, source);
    let path = replace::target(path).map_err(unwritable)?;
    if create {
        replace::create_folder(replace::folder(&path)).map_err(unwritable)?;
    } else if file::read(&path)?.is_none() {
        return Ok(());
    }
    let _lock = lock(&path)?;
    let mut fields = fields(&path)?;
    let mut auths = docker_edit::take_auths(&mut fields);
    if edit(&fields, &mut auths) {
        fields.insert("auths".to_owned(), Value::Object(auths));
        let written = docker_edit::text(&fields)
            .and_then(|text| replace::replace(&path, &text, Access::Owner));
        written.map_err(unwritable)?;
    }
    Ok(())
}

fn lock(path: &Path) -> Result<lock::Lock, StoreError> {
    let path = replace::beside(path, ".lock");
    lock::acquire(&path, PATIENCE, Access::Owner).map_err(|error| match error.kind() {
        ErrorKind::TimedOut => StoreError::Locked { path },
        _ => unwritable(&path, error),
    })
}

/// The fields of the file, which must be one that can be read later, too.
fn fields(path: &Path) -> Result<Map<String, Value>, StoreError> {
    let Some(content) = file::read(path)? else {
        return Ok(Map::new());
    };
    let malformed = |reason: String| CredentialError::Malformed {
        origin: path.display().to_string(),
        reason,
    };
    DockerConfig::parse(&content).map_err(|error| malformed(error.to_string()))?;
    match strict_json::parse(&content) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(malformed("not a JSON object".to_owned()).into()),
        Err(error) => Err(malformed(error.to_string()).into()),
    }
}

fn own_helper(fields: &Map<String, Value>, key: &Key) -> Option<HelperName> {
    let content = serde_json::to_vec(fields).ok()?;
    DockerConfig::parse(&content).ok()?.helper(key).cloned()
}

fn is(name: &str, key: &Key) -> bool {
    name.parse::<Key>().as_ref() == Ok(key)
}

fn unwritable(path: &Path, source: io::Error) -> StoreError {
    StoreError::Unwritable {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::auth::docker_entry;
    use crate::transport::secret::Secret;
    use proptest::prelude::*;
    use serde_json::json;
    use std::fs;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    fn key(text: &str) -> Key {
        text.parse().unwrap()
    }

    fn login(username: &str) -> Credential {
        Credential::password(username, Secret::new("p")).unwrap()
    }

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        (folder, path)
    }

    fn read(path: &Path) -> Value {
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }

    #[test]
    fn a_first_login_creates_folder_and_file() {
        let (_folder, path) = folder();
        let path = path.with_file_name("new").join("config.json");
        let stored = put(&path, &key("docker.io"), &login("u")).unwrap();
        assert_eq!(stored.key, "https://index.docker.io/v1/");
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "{\n\t\"auths\": {\n\t\t\"https://index.docker.io/v1/\": {\n\t\t\t\
             \"auth\": \"dTpw\"\n\t\t}\n\t}\n}\n"
        );
    }

    #[test]
    fn other_keys_and_their_order_stay() {
        let (_folder, path) = folder();
        let before = r#"{"z":1,"auths":{"https://reg.io/v2/":{"auth":"eDp5"},"b.io":{"auth":"dTpw"},"reg.io":{"email":"a@b","auth":"eDp5","identitytoken":"t"},"reg.io/team":{}},"a":{"y":[1.5,null],"x":"é"}}"#;
        fs::write(&path, before).unwrap();
        put(&path, &key("reg.io"), &login("u")).unwrap();
        put(
            &path,
            &key("c.io/team"),
            &Credential::Identity(Secret::new("t")),
        )
        .unwrap();
        put(&path, &key("d.io"), &Credential::Registry(Secret::new("r"))).unwrap();
        let after = r#"{"z":1,"auths":{"b.io":{"auth":"dTpw"},"reg.io":{"email":"a@b","auth":"dTpw"},"reg.io/team":{},"c.io/team":{"identitytoken":"t"},"d.io":{"registrytoken":"r"}},"a":{"y":[1.5,null],"x":"é"}}"#;
        assert_eq!(read(&path).to_string(), after);
    }

    #[test]
    fn a_helper_that_goes_over_the_entry_is_told() {
        let (_folder, path) = folder();
        let config = json!({"credsStore": "desktop", "credHelpers": {"reg.io": "pass"}});
        fs::write(&path, config.to_string()).unwrap();
        for (host, helper) in [("reg.io", "pass"), ("docker.io", "desktop")] {
            let stored = put(&path, &key(host), &login("u")).unwrap();
            assert_eq!(stored.helper.as_ref().map(HelperName::as_str), Some(helper));
        }
    }

    #[test]
    fn logout_removes_every_spelling_of_its_key_and_nothing_else() {
        let (_folder, path) = folder();
        let config = json!({"auths": {
            "reg.io": {}, "reg.io/team": {}, "https://reg.io/v1/": {}, "reg.io.evil.com": {},
            "not a key": 1,
        }, "credsStore": "desktop"});
        fs::write(&path, config.to_string()).unwrap();
        let removed = erase(&path, &key("reg.io")).unwrap();
        assert_eq!(removed, ["reg.io", "https://reg.io/v1/"]);
        let rest = json!({"auths": {"reg.io/team": {}, "reg.io.evil.com": {}, "not a key": 1},
            "credsStore": "desktop"});
        assert_eq!(read(&path), rest);
    }

    #[test]
    fn logout_without_a_login_touches_nothing() {
        let (folder, path) = folder();
        let missing = folder.path().join("none").join("config.json");
        assert!(erase(&missing, &key("reg.io")).unwrap().is_empty());
        assert!(!missing.parent().unwrap().exists());
        fs::write(&path, r#"{"auths":{"a.io":{}}}"#).unwrap();
        assert!(erase(&path, &key("reg.io")).unwrap().is_empty());
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            r#"{"auths":{"a.io":{}}}"#
        );
    }

    #[test]
    fn a_file_that_is_broken_is_left_alone() {
        let (_folder, path) = folder();
        for content in [
            "",
            "{",
            "[]",
            r#"{"auths":[]}"#,
            r#"{"auths":{},"auths":{}}"#,
        ] {
            fs::write(&path, content).unwrap();
            let refused = put(&path, &key("reg.io"), &login("u"));
            assert!(matches!(refused, Err(StoreError::Existing(_))), "{content}");
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_symlink_stays_one_and_its_target_changes() {
        let (folder, path) = folder();
        let target = folder.path().join("dotfiles").join("config.json");
        std::os::unix::fs::symlink("dotfiles/config.json", &path).unwrap();
        for user in ["first", "second"] {
            put(&path, &key("reg.io"), &login(user)).unwrap();
        }
        assert!(
            fs::symlink_metadata(&path)
                .unwrap()
                .file_type()
                .is_symlink()
        );
        assert!(
            !fs::symlink_metadata(&target)
                .unwrap()
                .file_type()
                .is_symlink()
        );
        assert_eq!(read(&target), read(&path));
    }

    #[test]
    fn fifty_logins_side_by_side_leave_fifty_entries_and_no_reader_sees_a_broken_file() {
        let (folder, path) = folder();
        fs::write(
            &path,
            r#"{"keep":[1,2],"auths":{"old.io":{"auth":"dTpw"}}}"#,
        )
        .unwrap();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut reads = 0_u32;
                while !done.load(Ordering::Relaxed) {
                    assert_eq!(read(&path)["keep"], json!([1, 2]));
                    reads += 1;
                }
                reads
            });
            let writers: Vec<_> = (0..50)
                .map(|n| {
                    let path = &path;
                    scope.spawn(move || put(path, &key(&format!("host{n}.io")), &login("u")))
                })
                .collect();
            // The reader is let go before anything can fail.
            let written: Vec<_> = writers
                .into_iter()
                .map(thread::ScopedJoinHandle::join)
                .collect();
            done.store(true, Ordering::Relaxed);
            assert!(reader.join().unwrap() > 0);
            for result in written {
                result.unwrap().unwrap();
            }
        });
        let config = read(&path);
        assert_eq!(config["auths"].as_object().unwrap().len(), 51);
        assert_eq!(config["auths"]["old.io"], json!({"auth": "dTpw"}));
        let mut left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["config.json", "config.json.lock"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// Writers side by side, over a file with foreign keys in any order: every login is
        /// there, every foreign key is as it was and where it was.
        #[test]
        fn no_login_and_no_foreign_key_is_lost(
            foreign in proptest::collection::vec(("[a-z]{9,12}", any::<i64>()), 0..6),
            hosts in proptest::collection::btree_set("[a-z]{1,6}\\.(io|com)(/[a-z]{1,4})?", 1..6),
        ) {
            let (_folder, path) = folder();
            let mut before: Map<String, Value> = Map::new();
            for (name, value) in foreign {
                before.insert(name, json!({"inner": [value, "\u{1}\u{10ffff}"]}));
            }
            fs::write(&path, Value::Object(before.clone()).to_string()).unwrap();
            thread::scope(|scope| {
                for host in &hosts {
                    scope.spawn(|| put(&path, &key(host), &login(host)).unwrap());
                }
            });
            let Value::Object(mut after) = read(&path) else { unreachable!() };
            let auths = after.shift_remove("auths").unwrap();
            let kept: Vec<_> = after.into_iter().collect();
            prop_assert_eq!(kept, before.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(auths.as_object().unwrap().len(), hosts.len());
            for host in &hosts {
                let written = docker_entry::to_json(&login(host)).1;
                prop_assert_eq!(&auths[host]["auth"], &written);
            }
        }
    }
}
