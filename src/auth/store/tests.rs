//! Writers of one file, one after the other and side by side.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::auth::docker_entry;
use crate::transport::secret::Secret;
use proptest::prelude::*;
use serde_json::json;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

fn now<T>(done: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().build().unwrap().block_on(done)
}

fn put(path: &Path, key: &Key, credential: &Credential) -> Result<Stored, StoreError> {
    now(super::put(path, key, credential))
}

fn point(path: &Path, key: &Key, helper: &HelperName) -> Result<Stored, StoreError> {
    now(super::point(path, key, helper))
}

fn erase(path: &Path, key: &Key) -> Result<Erased, StoreError> {
    now(super::erase(path, key))
}

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
fn what_a_helper_has_is_pointed_to() {
    let desktop: HelperName = "desktop".parse().unwrap();
    for (before, after) in [
        (
            json!({"credsStore": "desktop"}),
            json!({"credsStore": "desktop", "auths": {"reg.io": {}}}),
        ),
        (
            json!({"auths": {"reg.io": {"auth": "dTpw", "email": "a@b"}}, "credHelpers": {"reg.io": "desktop"}}),
            json!({"auths": {"reg.io": {"email": "a@b"}}, "credHelpers": {"reg.io": "desktop"}}),
        ),
        (
            json!({"auths": {"https://reg.io/v2/": {"auth": "dTpw"}}, "credHelpers": {"https://reg.io": "pass", "b.io": "pass"}}),
            json!({"auths": {"reg.io": {}}, "credHelpers": {"b.io": "pass", "reg.io": "desktop"}}),
        ),
        (
            json!({"credHelpers": null}),
            json!({"credHelpers": {"reg.io": "desktop"}, "auths": {"reg.io": {}}}),
        ),
    ] {
        let (_folder, path) = folder();
        fs::write(&path, before.to_string()).unwrap();
        point(&path, &key("reg.io"), &desktop).unwrap();
        assert_eq!(read(&path), after);
        assert!(!erase(&path, &key("reg.io")).unwrap().held);
    }
}

#[test]
fn what_is_removed_is_told_from_a_pointer() {
    for (entry, held) in [
        (json!({}), false),
        (json!({"email": "a@b", "auth": ""}), false),
        (json!({"auth": "dTpw"}), true),
        (json!({"identitytoken": "t"}), true),
    ] {
        let (_folder, path) = folder();
        fs::write(&path, json!({"auths": {"reg.io": entry}}).to_string()).unwrap();
        assert_eq!(erase(&path, &key("reg.io")).unwrap().held, held);
    }
}

#[cfg(unix)]
#[test]
fn who_could_read_the_file_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, path) = folder();
    let secret = r#"{"auths":{"a.io":{"auth":"dTpw"}}}"#;
    for (mode, content, was_open) in [
        (0o644, secret, true),
        (0o600, secret, false),
        (0o640, secret, true),
        (0o604, r#"{"HttpHeaders":{"X-Token":"x"}}"#, true),
        (0o644, r#"{"auths":{"a.io":{}},"credsStore":"pass"}"#, false),
        (0o644, "", false),
    ] {
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let stored = put(&path, &key("reg.io"), &login("u")).unwrap();
        assert_eq!(
            (stored.was_open, stored.was_foreign),
            (was_open, false),
            "{mode:o} {content}"
        );
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
    assert_eq!(removed.keys, ["reg.io", "https://reg.io/v1/"]);
    assert!(!removed.held);
    let rest = json!({"auths": {"reg.io/team": {}, "reg.io.evil.com": {}, "not a key": 1},
        "credsStore": "desktop"});
    assert_eq!(read(&path), rest);
}

#[test]
fn logout_without_a_login_touches_nothing() {
    let (folder, path) = folder();
    let missing = folder.path().join("none").join("config.json");
    assert!(erase(&missing, &key("reg.io")).unwrap().keys.is_empty());
    assert!(!missing.parent().unwrap().exists());
    fs::write(&path, r#"{"auths":{"a.io":{}}}"#).unwrap();
    assert!(erase(&path, &key("reg.io")).unwrap().keys.is_empty());
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        r#"{"auths":{"a.io":{}}}"#
    );
}

/// Nobody can write it: even the one who may do everything gets no lock.
#[test]
fn logout_without_a_login_needs_no_lock() {
    let (folder, path) = folder();
    fs::write(&path, r#"{"auths":{"a.io":{"auth":"dTpw"}}}"#).unwrap();
    fs::create_dir(folder.path().join("config.json.lock")).unwrap();
    assert!(erase(&path, &key("reg.io")).unwrap().keys.is_empty());
    assert!(erase(&path, &key("a.io")).is_err());
}

#[test]
fn what_docker_keeps_beside_docker_hub_s_credential_goes_with_it() {
    let (_folder, path) = folder();
    let own = json!({"https://index.docker.io/v1/": {}, "https://index.docker.io/v1/access-token": {"auth": "dTpw"}, "https://index.docker.io/v1/refresh-token": {"auth": "dTpw"}});
    let mut auths = own.clone();
    auths["docker.io/v1/access-token"] = json!({});
    fs::write(&path, json!({"auths": auths}).to_string()).unwrap();
    assert!(erase(&path, &key("reg.io")).unwrap().keys.is_empty());
    let erased = erase(&path, &key("docker.io")).unwrap();
    assert_eq!((erased.keys.len(), erased.held), (3, true));
    assert_eq!(
        read(&path),
        json!({"auths": {"docker.io/v1/access-token": {}}})
    );
}

#[test]
fn an_empty_file_and_one_with_a_broken_entry_are_written() {
    let (_folder, path) = folder();
    for (before, after) in [
        ("", json!({"auths": {"reg.io": {"auth": "dTpw"}}})),
        (
            r#"{"auths":{"b.io":{"auth":5}}}"#,
            json!({"auths": {"b.io": {"auth": 5}, "reg.io": {"auth": "dTpw"}}}),
        ),
    ] {
        fs::write(&path, before).unwrap();
        put(&path, &key("reg.io"), &login("u")).unwrap();
        assert_eq!(read(&path), after);
    }
    assert!(erase(&path, &key("b.io")).unwrap().held);
}

#[test]
fn a_file_that_is_broken_is_left_alone() {
    let (_folder, path) = folder();
    for content in ["{", "[]", r#"{"auths":[]}"#, r#"{"auths":{},"auths":{}}"#] {
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
