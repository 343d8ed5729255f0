//! Where an image is in Artifactory: which repository key, and which path below it. A name may
//! begin with the key (repository path method), or the host stands for it (sub domain, port).

use crate::oci::reference::Host;
use url::Url;

/// A repository key, and the path of an image below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) key: String,
    pub(super) image: String,
    /// The image could as well be the whole name, below a key that nobody named.
    pub(super) is_guessed: bool,
}

impl Place {
    /// Where the image `name` of `host` is. `api` is the key that the user names, and `realm` the
    /// one in the address of the token service.
    pub(super) fn of(
        host: &Host,
        name: &str,
        api: Option<String>,
        realm: Option<String>,
    ) -> Option<Self> {
        let whole = |key: String| Self {
            key,
            image: name.to_owned(),
            is_guessed: false,
        };
        if let Some(key) = api {
            return Some(whole(key));
        }
        let first = name.split_once('/');
        if let Some(key) = realm {
            let is_sub_domain = host.name().split('.').next() == Some(key.as_str());
            if is_sub_domain || first.is_none_or(|(first, _)| first != key) {
                return Some(whole(key));
            }
        }
        first.map(|(key, image)| Self {
            key: key.to_owned(),
            image: image.to_owned(),
            is_guessed: true,
        })
    }

    /// The folder `name` of the image, below the key.
    pub(super) fn folder(&self, name: &str) -> String {
        format!("{}/{name}", self.image)
    }

    /// The name of the folder that is at this path, where it is one of the image's own.
    pub(super) fn name_of<'a>(&self, path: &'a str) -> Option<&'a str> {
        let name = path.strip_prefix(self.image.as_str())?.strip_prefix('/')?;
        (!name.is_empty() && !name.contains('/')).then_some(name)
    }
}

/// What the user says of the API: where it is, and which key, `https://HOST/artifactory[/KEY]`.
pub(super) fn base_and_key(api: &Url) -> (Url, Option<String>) {
    let parts: Vec<&str> = api.path_segments().into_iter().flatten().collect();
    let mut base = api.clone();
    let Some(at) = parts.iter().position(|part| *part == "artifactory") else {
        return (base, None);
    };
    let key = parts.get(at + 1).filter(|key| !key.is_empty());
    let key = key.map(|key| (*key).to_owned());
    base.set_path(&format!("/{}/", parts[..=at].join("/")));
    (base, key)
}

/// The key in the address of a token service, `https://HOST/artifactory/api/docker/KEY/v2/token`.
/// With the repository path method it may say `null`.
pub(super) fn key_of_realm(realm: &str) -> Option<String> {
    let url = Url::parse(realm).ok()?;
    let parts: Vec<&str> = url.path_segments()?.collect();
    let key = parts.windows(4).find_map(|parts| match parts {
        ["api", "docker", key, "v2"] => Some((*key).to_owned()),
        _ => None,
    });
    key.filter(|key| !key.is_empty() && key != "null")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn placed(
        host: &str,
        name: &str,
        api: Option<&str>,
        realm: Option<&str>,
    ) -> Option<(String, String, bool)> {
        let (api, realm) = (api.map(str::to_owned), realm.map(str::to_owned));
        let place = Place::of(&host.parse().unwrap(), name, api, realm)?;
        Some((place.key, place.image, place.is_guessed))
    }

    #[test]
    fn every_way_to_reach_a_repository_has_its_place() {
        let told = |key: &str, image: &str, is_guessed| {
            Some((key.to_owned(), image.to_owned(), is_guessed))
        };
        for (host, name, api, realm, place) in [
            (
                "a.io",
                "docker/team/app",
                None,
                None,
                told("docker", "team/app", true),
            ),
            (
                "a.io",
                "docker/app",
                None,
                Some("docker"),
                told("docker", "app", true),
            ),
            (
                "docker.a.io",
                "team/app",
                None,
                Some("docker"),
                told("docker", "team/app", false),
            ),
            // An image that is called as the repository is.
            (
                "docker.a.io",
                "docker/app",
                None,
                Some("docker"),
                told("docker", "docker/app", false),
            ),
            (
                "a.io:8081",
                "team/app",
                None,
                Some("docker"),
                told("docker", "team/app", false),
            ),
            (
                "a.io:8081",
                "app",
                None,
                Some("docker"),
                told("docker", "app", false),
            ),
            (
                "a.io:8081",
                "team/app",
                Some("docker"),
                None,
                told("docker", "team/app", false),
            ),
            (
                "a.io:8081",
                "team/app",
                Some("one"),
                Some("two"),
                told("one", "team/app", false),
            ),
            ("a.io:8081", "app", None, None, None),
        ] {
            assert_eq!(placed(host, name, api, realm), place, "{host}/{name}");
        }
    }

    #[test]
    fn a_folder_is_an_image_s_own_or_none_of_its() {
        let place = Place::of(&"a.io".parse().unwrap(), "docker/team/app", None, None).unwrap();
        for (path, name) in [
            ("team/app/v1", Some("v1")),
            ("team/app/sub/v1", None),
            ("team/app/", None),
            ("team/app", None),
            ("team/apple/v1", None),
        ] {
            assert_eq!(place.name_of(path), name, "{path}");
        }
    }

    #[test]
    fn keys_are_read_from_addresses() {
        for (api, base, key) in [
            (
                "https://a.io/artifactory",
                "https://a.io/artifactory/",
                None,
            ),
            (
                "https://a.io/artifactory/",
                "https://a.io/artifactory/",
                None,
            ),
            (
                "https://a.io/artifactory/docker",
                "https://a.io/artifactory/",
                Some("docker"),
            ),
            (
                "https://a.io/x/artifactory/d/",
                "https://a.io/x/artifactory/",
                Some("d"),
            ),
            ("https://a.io/repo", "https://a.io/repo", None),
        ] {
            let read = base_and_key(&Url::parse(api).unwrap());
            assert_eq!((read.0.as_str(), read.1.as_deref()), (base, key));
        }
        for (realm, key) in [
            (
                "https://a.io/artifactory/api/docker/docker-local/v2/token",
                Some("docker-local"),
            ),
            ("https://a.io/artifactory/api/docker/null/v2/token", None),
            ("https://a.io/v2/token", None),
            ("Artifactory Realm", None),
        ] {
            assert_eq!(key_of_realm(realm).as_deref(), key, "{realm}");
        }
    }
}
