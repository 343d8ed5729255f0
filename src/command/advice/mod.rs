//! What helps against a registry's no, in the words of whoever made that registry: which permission
//! it takes, where a repository is made, when the next pull is free.
//!
//! Each vendor's names are from its own pages; `docs/registries/` says the same at length.

mod clouds;
mod hosted;
mod own;

#[cfg(test)]
mod cases;

use crate::oci::reference::{Host, RepositoryName};
use crate::store::{self, Error, Refusal, Wanted};
use crate::vendor::Kind;

/// What a registry's no comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// The repository, or what it would be in, is not there.
    Missing,
    /// Who asks may not, or is nobody; some registries say so of what is not there, too.
    Denied,
    /// Wrong, or none, where somebody wanted to be let in.
    Unknown,
    /// The credential has lived its time.
    Expired,
    /// Too much was asked for.
    Limit,
    /// A rule of the registry's keeps the tag where it is.
    Immutable,
    /// There is no room left.
    Quota,
    /// Nothing can be done there at all in this way.
    Unsupported,
    /// Something else.
    Other,
}

/// A no to be explained.
struct No<'a> {
    kind: Kind,
    wanted: Wanted,
    cause: Cause,
    refusal: &'a Refusal,
    host: &'a Host,
    repository: Option<&'a RepositoryName>,
}

/// What helps, where that depends on the kind of registry.
pub(super) fn of(error: &Error, host: &Host) -> Option<String> {
    let refusal = error.refusal()?;
    let (kind, wanted) = error.wanted()?;
    let repository = error.location().and_then(|location| location.repository());
    let no = No {
        kind: kind?,
        wanted,
        cause: cause(error.kind(), wanted, &refusal),
        refusal: &refusal,
        host,
        repository: repository.map(|repository| &repository.name),
    };
    no.advice()
}

fn cause(kind: store::Kind, wanted: Wanted, refusal: &Refusal) -> Cause {
    let is_rule = kind == store::Kind::Refused
        && (refusal.says("immutable")
            || refusal.says("updating assets")
            || refusal.has("TAG_IMMUTABLE")
            || refusal.has("REGISTRY_DISALLOWED_OPERATION"));
    match refusal.status {
        _ if refusal.has("TOOMANYREQUESTS") => Cause::Limit,
        429 => Cause::Limit,
        _ if is_rule => Cause::Immutable,
        _ if refusal.says("quota") => Cause::Quota,
        401 | 403 if refusal.says("expired") => Cause::Expired,
        401 | 403 if wanted == Wanted::Login => Cause::Unknown,
        401 | 403 => Cause::Denied,
        // AWS's own APIs answer nearly everything with it.
        400 if kind == store::Kind::Denied => Cause::Denied,
        404 if wanted == Wanted::Write || refusal.has("NAME_UNKNOWN") => Cause::Missing,
        405 | 415 => Cause::Unsupported,
        404 if wanted == Wanted::Remove && !refusal.has("MANIFEST_UNKNOWN") => Cause::Unsupported,
        _ => Cause::Other,
    }
}

impl No<'_> {
    fn advice(&self) -> Option<String> {
        match self.kind {
            Kind::DockerHub => self.docker_hub(),
            Kind::Ecr => self.ecr(),
            Kind::EcrPublic => self.ecr_public(),
            Kind::Google => self.google(),
            Kind::Acr => self.acr(),
            Kind::Ghcr => self.ghcr(),
            Kind::Harbor => self.harbor(),
            Kind::Quay => self.quay(),
            Kind::Artifactory => self.artifactory(),
            Kind::Nexus => self.nexus(),
            Kind::GitLab => self.gitlab(),
            Kind::Distribution => self.distribution(),
            Kind::Zot => self.zot(),
        }
    }

    /// The repository's path; what stands for one in a vendor's command where there is none.
    fn path(&self) -> &str {
        self.repository.map_or("NAME", RepositoryName::as_str)
    }

    /// Which of these is taken by what was wanted: to read, to write, to remove.
    fn taken<'s>(&self, read: &'s str, write: &'s str, remove: &'s str) -> &'s str {
        match self.wanted {
            Wanted::Read | Wanted::List | Wanted::Login => read,
            Wanted::Write => write,
            Wanted::Remove => remove,
        }
    }

    /// For reads that are refused where the vendor does not tell why.
    fn unclear(&self, title: &str, takes: &str) -> String {
        let host = self.host;
        format!(
            "not found or no access: {title} does not tell which; is the name right? what is private takes {takes}: `crossdock login {host}`"
        )
    }

    /// How long the registry asks to be waited for; nothing where it does not say.
    fn wait(&self) -> String {
        let wait = self.refusal.wait.as_deref().map(str::trim);
        match wait.filter(|wait| !wait.is_empty()) {
            Some(wait) if wait.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("; it takes more in {wait} seconds")
            }
            Some(wait) => format!("; it takes more from {wait} on"),
            None => String::new(),
        }
    }
}
