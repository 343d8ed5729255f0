//! Credentials from docker's `config.json`, containers' `auth.json`, or a variable of that form.

use crate::auth::credential::{Credential, CredentialError, CredentialSource, Found, Subject};
use crate::auth::docker_config::{Candidate, DockerConfig, NamedEntry};
use crate::auth::file;
use crate::auth::helper::{Answer, Helper, HelperName};
use crate::auth::key::Key;
use crate::auth::locations::Location;
use crate::auth::notes::Notes;
use crate::transport::secret::Secret;
use async_trait::async_trait;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// One file or variable, read when it is first needed and then remembered.
pub struct DockerSource {
    name: String,
    origin: Origin,
    helper: Arc<dyn Helper>,
    notes: Notes,
    config: OnceCell<Option<DockerConfig>>,
}

enum Origin {
    File(PathBuf),
    Text(Secret),
}

impl DockerSource {
    /// Reads a file; that it is missing is no error. `helper` asks the credential helpers that the
    /// file names; one that is not installed is noted and passed over.
    pub fn file(location: Location, helper: Arc<dyn Helper>, notes: Notes) -> Self {
        let origin = Origin::File(location.path);
        Self::new(location.name, origin, helper, notes)
    }

    /// Reads `content`, which people know as `name`.
    pub fn text(
        name: impl Into<String>,
        content: Secret,
        helper: Arc<dyn Helper>,
        notes: Notes,
    ) -> Self {
        Self::new(name.into(), Origin::Text(content), helper, notes)
    }

    fn new(name: String, origin: Origin, helper: Arc<dyn Helper>, notes: Notes) -> Self {
        Self {
            name,
            origin,
            helper,
            notes,
            config: OnceCell::new(),
        }
    }

    fn read(&self) -> Result<Option<DockerConfig>, CredentialError> {
        let parsed = match &self.origin {
            Origin::Text(content) => DockerConfig::parse(content.expose()),
            Origin::File(path) => match file::read(path)? {
                Some(content) => DockerConfig::parse(&content),
                None => return Ok(None),
            },
        };
        parsed
            .map(Some)
            .map_err(|error| CredentialError::Malformed {
                origin: self.name.clone(),
                reason: error.reason,
            })
    }

    async fn ask(&self, candidate: Candidate<'_>) -> Result<Option<Found>, CredentialError> {
        match candidate {
            Candidate::Helper { helper, server } => self.ask_helper(helper, &server).await,
            Candidate::Entry { entry, ignored } => self.take(entry, &ignored),
        }
    }

    async fn ask_helper(
        &self,
        name: &HelperName,
        server: &str,
    ) -> Result<Option<Found>, CredentialError> {
        let answer = self.helper.get(name, server).await?;
        if answer == Answer::Missing {
            let file = &self.name;
            self.notes.say(&format!(
                "{file} names the credential helper `{name}`, which is not installed; going on without it"
            ));
        }
        let Answer::Found(credential) = answer else {
            return Ok(None);
        };
        let origin = format!("credential helper `{name}` of {} ({server})", self.name);
        Ok(Some(Found { credential, origin }))
    }

    fn take(&self, entry: &NamedEntry, ignored: &[&str]) -> Result<Option<Found>, CredentialError> {
        let origin = self.origin(&entry.name);
        let read = entry.credential();
        let credential = read.map_err(|error| CredentialError::Malformed {
            origin: origin.clone(),
            reason: error.to_string(),
        })?;
        for other in ignored {
            let (file, used) = (&self.name, &entry.name);
            self.notes.say(&format!(
                "{file} has different entries for one registry: `{used}` is used, `{other}` is not"
            ));
        }
        Ok(credential.map(|credential| Found { credential, origin }))
    }

    fn origin(&self, entry: &str) -> String {
        format!("{} ({entry})", self.name)
    }
}

#[async_trait]
impl CredentialSource for DockerSource {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn credential(&self, subject: &Subject) -> Result<Option<Found>, CredentialError> {
        let config = self.config.get_or_try_init(async || self.read()).await?;
        let Some(config) = config else {
            return Ok(None);
        };
        for candidate in config.candidates(&Key::from(subject)) {
            if let Some(found) = self.ask(candidate).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn forget(&self, subject: &Subject, rejected: &Credential) {
        let Some(Some(config)) = self.config.get() else {
            return;
        };
        for candidate in config.candidates(&Key::from(subject)) {
            if let Candidate::Helper { helper, server } = candidate {
                self.helper.forget(helper, &server, rejected);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::oci::reference::Repository;
    use std::sync::Mutex;

    /// Has a credential for some servers, and writes down who asks for what.
    struct Fake {
        answers: Vec<(&'static str, &'static str, Answer)>,
        asked: Mutex<Vec<String>>,
    }

    #[async_trait]
    impl Helper for Fake {
        async fn get(&self, helper: &HelperName, server: &str) -> Result<Answer, CredentialError> {
            let question = format!("{helper} {server}");
            self.asked.lock().unwrap().push(question);
            if helper.as_str() == "broken" {
                return Err(CredentialError::Helper {
                    helper: helper.to_string(),
                    source: "exit status 1".into(),
                });
            }
            let matches = |(h, s, _): &&(&str, &str, Answer)| *h == helper.as_str() && *s == server;
            let answer = self.answers.iter().find(matches);
            Ok(answer.map_or(Answer::Nothing, |(_, _, answer)| answer.clone()))
        }

        fn forget(&self, helper: &HelperName, server: &str, _: &Credential) {
            let remark = format!("not {helper} {server}");
            self.asked.lock().unwrap().push(remark);
        }
    }

    fn token(text: &str) -> Credential {
        Credential::Identity(Secret::new(text))
    }

    fn fake(answers: Vec<(&'static str, &'static str, Answer)>) -> Arc<Fake> {
        Arc::new(Fake {
            answers,
            asked: Mutex::default(),
        })
    }

    fn heard() -> (Notes, Arc<Mutex<Vec<String>>>) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink = heard.clone();
        let notes = Notes::new(move |remark| sink.lock().unwrap().push(remark.to_owned()));
        (notes, heard)
    }

    fn repository(host: &str, name: &str) -> Subject {
        Subject::Repository(Repository {
            host: host.parse().unwrap(),
            name: name.parse().unwrap(),
        })
    }

    fn location(path: PathBuf) -> Location {
        Location {
            path,
            name: "the file".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_missing_file_has_nothing_and_a_broken_one_says_where() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        let subject = repository("reg.io", "team/app");
        let open = || DockerSource::file(location(path.clone()), fake(Vec::new()), Notes::silent());
        assert_eq!(open().credential(&subject).await.unwrap(), None);
        for (content, message) in [
            (
                "{",
                "the file: EOF while parsing an object at line 1 column 1",
            ),
            (
                r#"{"auths":{"reg.io/team":{"auth":5}}}"#,
                "the file (reg.io/team): `auth` is not a string",
            ),
            (
                r#"{"auths":{"reg.io/team":{"auth":"!!!"}}}"#,
                "the file (reg.io/team): `auth` is not base64",
            ),
        ] {
            std::fs::write(&path, content).unwrap();
            let error = open().credential(&subject).await.unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[tokio::test]
    async fn a_file_is_read_once_and_only_when_needed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        let source = DockerSource::file(location(path.clone()), fake(Vec::new()), Notes::silent());
        std::fs::write(&path, r#"{"auths":{"reg.io":{"auth":"dTpw"}}}"#).unwrap();
        let subject = repository("reg.io", "team/app");
        let found = source.credential(&subject).await.unwrap().unwrap();
        assert_eq!(found.origin, "the file (reg.io)");
        std::fs::write(&path, "{}").unwrap();
        assert_eq!(source.credential(&subject).await.unwrap(), Some(found));
    }

    #[tokio::test]
    async fn helpers_are_asked_in_order_and_entries_stand_in_for_them() {
        let config = r#"{"auths": {"a.io": {}, "b.io": {"auth": "dTpw"}, "c.io": {"auth": "dTpw"}},
            "credsStore": "desktop", "credHelpers": {"c.io": "gone"}}"#;
        let helper = fake(vec![
            ("desktop", "a.io", Answer::Found(token("a"))),
            ("gone", "c.io", Answer::Missing),
        ]);
        let (notes, heard) = heard();
        let source = DockerSource::text("V", Secret::new(config), helper.clone(), notes);
        let mut origins = Vec::new();
        for host in ["a.io", "b.io", "c.io", "c.io", "d.io"] {
            let found = source.credential(&repository(host, "app")).await.unwrap();
            origins.push(found.map_or(String::new(), |found| found.origin));
        }
        let by_helper = "credential helper `desktop` of V (a.io)";
        assert_eq!(origins, [by_helper, "V (b.io)", "V (c.io)", "V (c.io)", ""]);
        assert_eq!(
            *helper.asked.lock().unwrap(),
            [
                "desktop a.io",
                "desktop b.io",
                "gone c.io",
                "gone c.io",
                "desktop d.io"
            ]
        );
        assert_eq!(
            *heard.lock().unwrap(),
            ["V names the credential helper `gone`, which is not installed; going on without it"]
        );
    }

    #[tokio::test]
    async fn whoever_was_asked_is_told_that_it_was_no_good() {
        let config = r#"{"auths": {"a.io": {}}, "credsStore": "desktop"}"#;
        let helper = fake(vec![("desktop", "a.io", Answer::Found(token("a")))]);
        let notes = Notes::silent();
        let source = DockerSource::text("V", Secret::new(config), helper.clone(), notes);
        let subject = repository("a.io", "app");
        source.forget(&subject, &token("a"));
        source.credential(&subject).await.unwrap();
        source.forget(&subject, &token("a"));
        let asked = helper.asked.lock().unwrap();
        assert_eq!(*asked, ["desktop a.io", "not desktop a.io"]);
    }

    #[tokio::test]
    async fn a_helper_that_breaks_ends_the_search() {
        let config = r#"{"auths": {"a.io": {"auth": "dTpw"}}, "credsStore": "broken"}"#;
        let helper = fake(Vec::new());
        let notes = Notes::silent();
        let source = DockerSource::text("V", Secret::new(config), helper, notes);
        let error = source.credential(&repository("a.io", "app")).await;
        let message = error.unwrap_err().to_string();
        assert_eq!(message, "credential helper `broken` failed");
    }

    #[tokio::test]
    async fn entries_that_disagree_are_noted() {
        let (notes, heard) = heard();
        let config =
            r#"{"auths": {"https://a.io/v2/": {"auth": "eDp5"}, "a.io": {"auth": "dTpw"}}}"#;
        let source = DockerSource::text("V", Secret::new(config), fake(Vec::new()), notes);
        let subject = Subject::Host("a.io".parse().unwrap());
        let found = source.credential(&subject).await.unwrap().unwrap();
        assert_eq!(found.origin, "V (a.io)");
        assert_eq!(
            *heard.lock().unwrap(),
            ["V has different entries for one registry: `a.io` is used, `https://a.io/v2/` is not"]
        );
    }
}
