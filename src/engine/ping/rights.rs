//! What somebody may do with a repository: by the registry's answers, and by what its token service
//! grants. Nothing is written.

use super::abilities::{Abilities, refusal, tags};
use super::finding::{By, Finding, Said};
use crate::oci::Digest;
use crate::oci::digest::sha256;
use crate::oci::reference::{RepositoryName, Tag, Target};
use crate::store::registry::{Answer, Question, Registry, Rights};
use crate::store::{Error, Result};
use crate::vendor::Kind;

/// What somebody may do with a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Which one.
    pub name: RepositoryName,
    /// Reading.
    pub pull: Finding,
    /// Writing.
    pub push: Finding,
    /// Removing.
    pub delete: Finding,
}

/// What came of asking.
pub(super) struct Asked {
    pub(super) allowed: Allowed,
    /// Why it may not be read.
    pub(super) failure: Option<Error>,
    /// What was answered.
    pub(super) answers: Vec<Answer>,
}

/// Asks about a repository.
pub(super) async fn ask(
    registry: &Registry,
    name: &RepositoryName,
    kind: Option<Kind>,
    abilities: &mut Abilities,
) -> Asked {
    let listed = registry.ask(&Question::Tags(name.clone())).await;
    let mut answers: Vec<Answer> = listed.as_ref().ok().cloned().into_iter().collect();
    let page = answers.first().filter(|list| list.status.is_success());
    let mut first = None;
    if let Some((pages, names)) = page.and_then(tags) {
        abilities.pages = pages;
        first = names.iter().find_map(|name| name.parse::<Tag>().ok());
    }
    let is_listed = page.is_some();
    let (pull, failure, found) = pull(registry, name, listed, first, is_listed).await;
    let subject = found.as_ref().and_then(digest);
    let is_there = subject.is_some();
    answers.extend(found);
    if pull.said == Said::Yes {
        let subject = subject.unwrap_or_else(|| sha256(b""));
        let asked = abilities.ask_referrers(registry, name, &subject, is_there);
        asked.await;
    }
    let push = granted(registry.right_to_push(name).await, "push");
    let delete = delete(registry, name, kind, &push).await;
    let name = name.clone();
    let allowed = Allowed {
        name,
        pull,
        push,
        delete,
    };
    Asked {
        allowed,
        failure,
        answers,
    }
}

/// Whether it may be read, why not, and what was answered about a manifest.
async fn pull(
    registry: &Registry,
    name: &RepositoryName,
    listed: Result<Answer>,
    first: Option<Tag>,
    is_listed: bool,
) -> (Finding, Option<Error>, Option<Answer>) {
    if let Err(error) = listed {
        return (Finding::of(&error, By::Asked), Some(error), None);
    }
    // Without a tag nothing may be there; still it is seen whether one may look.
    let usual = || "latest".parse::<Tag>().ok();
    let Some(tag) = first.or_else(usual) else {
        return (Finding::new(Said::Unknown, By::Asked), None, None);
    };
    let question = Question::Manifest(name.clone(), Target::Tag(tag));
    let answer = match registry.ask(&question).await {
        Ok(answer) => answer,
        Err(error) => return (Finding::of(&error, By::Asked), Some(error), None),
    };
    let words = answer.problem().to_string();
    let finding = match (answer.status.as_u16(), refusal(&answer)) {
        (_, Some(kind)) => {
            let what = format!("{}/{name} may not be read: {words}", registry.host());
            let failure = Error::new(kind, what);
            let finding = Finding::with(Said::No, By::Asked, words);
            return (finding, Some(failure), Some(answer));
        }
        (200, _) => Finding::new(Said::Yes, By::Asked),
        (404, _) if is_listed => Finding::with(Said::Yes, By::Asked, "its tags are listed"),
        (404, _) => Finding::with(
            Said::Unknown,
            By::Asked,
            "there is no such repository, or none for you",
        ),
        _ => Finding::with(Said::Unknown, By::Asked, words),
    };
    (finding, None, Some(answer))
}

fn digest(answer: &Answer) -> Option<Digest> {
    let told = answer.header("docker-content-digest")?;
    let digest = Digest::try_from(told).ok();
    digest.filter(|_| answer.status.is_success())
}

async fn delete(
    registry: &Registry,
    name: &RepositoryName,
    kind: Option<Kind>,
    push: &Finding,
) -> Finding {
    match kind {
        // Its token service knows no right to delete: who may write may.
        Some(Kind::Quay) => return push.clone(),
        Some(Kind::Ghcr) => return Finding::with(Said::No, By::Kind, "by its own API"),
        _ => {}
    }
    let with_push = matches!(kind, Some(Kind::DockerHub | Kind::Harbor));
    let rights = registry.right_to_delete(name, with_push).await;
    granted(rights, "delete")
}

/// What is known of a right by what the token service says.
fn granted(rights: Result<Rights>, action: &str) -> Finding {
    match rights {
        Err(error) => Finding::of(&error, By::Token),
        Ok(Rights::Refused(why)) => Finding::with(Said::No, By::Token, why),
        Ok(Rights::Nobody) => Finding::with(Said::No, By::Nobody, "there is no credential for it"),
        Ok(Rights::Actions(actions)) => {
            let has = actions.contains(action) || actions.contains("*");
            let said = if has { Said::Yes } else { Said::No };
            Finding::with(said, By::Token, "the token says so")
        }
        // One that is good for less than was asked for looks alike.
        Ok(Rights::Granted) => Finding::with(
            Said::Unknown,
            By::Token,
            "the token service gives a token for it, which does not say what it is good for",
        ),
        Ok(Rights::Password) => Finding::with(
            Said::NotAsked,
            By::Nobody,
            "only seen by doing it: a password goes along with each request",
        ),
        Ok(Rights::Unasked) => Finding::with(
            Said::NotAsked,
            By::Nobody,
            "only seen by doing it: nobody is asked to log in",
        ),
    }
}
