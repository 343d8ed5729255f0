//! Which files are read, and what each of them may say.

use super::covering;
use crate::config::Settings;
use crate::config::error::SettingsError;
use crate::config::search::Search;
use crate::oci::reference::Host;
use std::fs;
use std::path::PathBuf;

/// A folder with a working folder `work` and a user's configuration folder `home`.
struct Place(tempfile::TempDir);

impl Place {
    fn new(files: &[(&str, &str)]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for (file, text) in files {
            fs::create_dir_all(place.path(file).parent().unwrap()).unwrap();
            fs::write(place.path(file), text).unwrap();
        }
        place
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn search(&self) -> Search {
        Search {
            working_folder: Some(self.path("work")),
            user_folder: Some(self.path("home")),
            ..Search::default()
        }
    }

    fn sources(&self, settings: &Settings) -> Vec<String> {
        let short = |path: &PathBuf| path.strip_prefix(self.0.path()).unwrap().to_owned();
        settings
            .sources
            .iter()
            .map(|path| short(path).display().to_string().replace('\\', "/"))
            .collect()
    }
}

const WORK: &str = "work/crossdock.yaml";
const HOME: &str = "home/crossdock/crossdock.yaml";

fn hosts(settings: &Settings) -> Vec<&str> {
    settings.registries.keys().map(Host::as_str).collect()
}

#[test]
fn no_file_at_all_is_no_settings() {
    let place = Place::new(&[]);
    for search in [place.search(), Search::default()] {
        let settings = Settings::load(&search).unwrap();
        assert!(settings.sources.is_empty() && settings.registries.is_empty());
        assert!(settings.immutable.is_empty());
    }
}

#[test]
fn a_named_file_is_the_only_one_and_may_set_registries() {
    let place = Place::new(&[
        ("a", "registries: {a.example: {ca: ca.pem}}"),
        ("b", "registries: {b.example: }"),
        (WORK, "broken: ["),
        (HOME, "broken: ["),
    ]);
    let mut search = place.search();
    search.environment = Some(place.path("b"));
    let settings = Settings::load(&search).unwrap();
    assert_eq!(hosts(&settings), ["b.example"]);
    search.named = Some(place.path("a"));
    let settings = Settings::load(&search).unwrap();
    assert_eq!(hosts(&settings), ["a.example"]);
    assert_eq!(place.sources(&settings), ["a"]);
    let ca = settings.registries.values().next().unwrap().ca.clone();
    assert_eq!(ca, [place.path("ca.pem")]);
}

#[test]
fn a_named_file_must_be_there() {
    let place = Place::new(&[(HOME, "immutable: [v*]")]);
    let by_option = Search {
        named: Some(place.path("none")),
        ..place.search()
    };
    let by_environment = Search {
        environment: Some(place.path("none")),
        ..place.search()
    };
    for search in [by_option, by_environment] {
        let error = Settings::load(&search).unwrap_err();
        assert!(matches!(error, SettingsError::Missing { .. }), "{error}");
        let expected = format!("{}: no such settings file", place.path("none").display());
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn an_empty_variable_names_no_file() {
    let place = Place::new(&[(HOME, "immutable: [v*]")]);
    let search = Search {
        environment: Some(PathBuf::new()),
        ..place.search()
    };
    assert_eq!(place.sources(&Settings::load(&search).unwrap()), [HOME]);
}

#[test]
fn a_folder_in_place_of_a_file_cannot_be_read() {
    let place = Place::new(&[("work/crossdock.yaml/x", "")]);
    let error = Settings::load(&place.search()).unwrap_err();
    assert!(matches!(error, SettingsError::Unreadable { .. }), "{error}");
}

#[test]
fn the_users_own_file_may_set_registries() {
    let place = Place::new(&[(HOME, "registries: {a.example: }\nimmutable: [v*]")]);
    let settings = Settings::load(&place.search()).unwrap();
    assert_eq!(hosts(&settings), ["a.example"]);
    assert_eq!(place.sources(&settings), [HOME]);
}

#[test]
fn a_working_folders_file_must_not_set_registries() {
    let place = Place::new(&[
        (
            WORK,
            "immutable: [v*]\n\nregistries:\n  a.example:\n    insecure: true\n",
        ),
        (HOME, "registries: {a.example: }"),
    ]);
    let error = Settings::load(&place.search()).unwrap_err();
    let expected = format!(
        "{}:3:1: `registries` is not allowed in a working folder's file, which could send \
         credentials elsewhere; put it in {}, or name this file with `--config-file`",
        place.path(WORK).display(),
        place.path(HOME).display()
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn even_a_registries_without_entries_is_refused_there() {
    let place = Place::new(&[(WORK, "registries: {}")]);
    assert!(Settings::load(&place.search()).is_err());
}

#[test]
fn a_working_folders_file_takes_nothing_from_the_users_own() {
    let place = Place::new(&[
        (WORK, "immutable: [git-*]"),
        (
            HOME,
            "registries: {a.example: {ca: ca.pem}}\nimmutable: [v*]",
        ),
    ]);
    let settings = Settings::load(&place.search()).unwrap();
    assert_eq!(place.sources(&settings), [WORK, HOME]);
    assert_eq!(hosts(&settings), ["a.example"]);
    let ca = settings.registries.values().next().unwrap().ca.clone();
    assert_eq!(ca, [place.path("home/crossdock/ca.pem")]);
    for (tag, expected) in [("git-1", Some("git-*")), ("v1", Some("v*")), ("x", None)] {
        let found = covering(&settings.immutable, "r.example/a", tag);
        assert_eq!(found.as_deref(), expected, "{tag}");
    }
}

#[test]
fn the_users_own_file_stays_the_users_in_its_own_folder() {
    let place = Place::new(&[(HOME, "registries: {a.example: }")]);
    let search = Search {
        working_folder: Some(place.path("home/crossdock")),
        ..place.search()
    };
    let settings = Settings::load(&search).unwrap();
    assert_eq!(place.sources(&settings), [HOME]);
}
