//! What holds for one registry in the end, and who said each of its values.

use super::origin::Origin;
use super::registries::{ClientCertificate, RegistrySettings};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Key of the settings file: see [`Applied::origins`].
pub const PLAIN_HTTP: &str = "plain_http";
/// Key of the settings file: see [`Applied::origins`].
pub const INSECURE: &str = "insecure";
/// Key of the settings file: see [`Applied::origins`].
pub const CA: &str = "ca";
/// Key of the settings file: see [`Applied::origins`].
pub const CLIENT: &str = "client_cert";

/// Who said the values of a registry, by their keys in `crossdock.yaml`.
pub type Origins = BTreeMap<&'static str, Origin>;

/// What holds for one registry.
#[derive(Debug, Clone, Default)]
pub struct Applied {
    /// The values.
    pub settings: RegistrySettings,
    /// Who said them, by their keys in `crossdock.yaml`, which other files' values are filed
    /// under, too. What is not here nobody said.
    pub origins: Origins,
}

impl Applied {
    /// It is not verified; what other tools call insecure also is plain HTTP where there is no
    /// TLS at all. Of two that disagree, the one that is strict holds.
    pub(super) fn say_insecure(&mut self, insecure: bool, origin: &Origin) {
        let strict = self.origins.contains_key(INSECURE) && !self.settings.insecure;
        if !strict {
            self.settings.insecure = insecure;
            self.settings.plain_http_fallback = insecure;
            self.origins.insert(INSECURE, origin.clone());
        }
    }

    /// These are trusted there.
    pub(super) fn say_authorities(&mut self, files: Vec<PathBuf>, origin: &Origin) {
        if !files.is_empty() && !self.origins.contains_key(CA) {
            self.settings.ca = files;
            self.origins.insert(CA, origin.clone());
        }
    }

    /// This is shown there.
    pub(super) fn say_client(&mut self, client: ClientCertificate, origin: &Origin) {
        if !self.origins.contains_key(CLIENT) {
            self.settings.client = Some(client);
            self.origins.insert(CLIENT, origin.clone());
        }
    }

    /// Adds what a file that counts less says of values that nobody has said anything about yet.
    pub(super) fn fill(&mut self, lower: Self) {
        let Self { settings, origins } = lower;
        for (key, origin) in origins {
            if self.origins.contains_key(key) {
                continue;
            }
            let own = &mut self.settings;
            match key {
                INSECURE => {
                    own.insecure = settings.insecure;
                    // Whoever has said which of the two it is has said it.
                    own.plain_http_fallback =
                        settings.plain_http_fallback && !self.origins.contains_key(PLAIN_HTTP);
                }
                CA => {
                    own.ca.clone_from(&settings.ca);
                    own.foreign_trust = true;
                }
                CLIENT => {
                    own.client.clone_from(&settings.client);
                    own.foreign_trust = true;
                }
                _ => continue,
            }
            self.origins.insert(key, origin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn at(line: u64) -> Origin {
        Origin::line(Path::new("f"), line)
    }

    #[test]
    fn a_value_that_was_said_is_not_said_again() {
        let mut own = Applied::default();
        own.origins.insert(INSECURE, at(1));
        let mut lower = Applied::default();
        lower.say_insecure(true, &at(2));
        lower.say_authorities(vec!["ca.crt".into()], &at(3));
        own.fill(lower);
        assert!(!own.settings.insecure && !own.settings.plain_http_fallback);
        assert_eq!(own.settings.ca, [PathBuf::from("ca.crt")]);
        assert_eq!((&own.origins[INSECURE], &own.origins[CA]), (&at(1), &at(3)));
    }

    #[test]
    fn plain_http_is_no_way_out_where_somebody_has_said_whether_it_is_spoken() {
        let mut own = Applied::default();
        own.origins.insert(PLAIN_HTTP, at(1));
        let mut lower = Applied::default();
        lower.say_insecure(true, &at(2));
        own.fill(lower);
        assert!(own.settings.insecure && !own.settings.plain_http_fallback);
    }

    #[test]
    fn of_two_that_disagree_in_one_file_the_strict_one_holds() {
        for order in [[true, false], [false, true]] {
            let mut own = Applied::default();
            for (insecure, line) in order.into_iter().zip(1..) {
                own.say_insecure(insecure, &at(line));
            }
            assert!(!own.settings.insecure, "{order:?}");
        }
    }
}
