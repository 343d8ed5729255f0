//! The registries that everybody can have an account at.

use super::{Cause, No};
use crate::store::Wanted;

impl No<'_> {
    /// Source: docker/docs, on access tokens, pull limits and the registry's API.
    pub(super) fn docker_hub(&self) -> Option<String> {
        let hint = match (self.cause, self.wanted) {
            (Cause::Denied | Cause::Missing, Wanted::Read | Wanted::List) => {
                self.unclear("Docker Hub", "a token with `Read-only`")
            }
            (Cause::Denied | Cause::Missing, Wanted::Write) => {
                "the token needs `Read & Write`, and its account has to be allowed to write there; in an organisation the repository may have to be made first, at https://hub.docker.com".to_owned()
            }
            (Cause::Denied, Wanted::Remove) => {
                "the token needs `Read, Write, Delete`; a manifest stays as long as a tag or an index refers to it".to_owned()
            }
            (Cause::Unsupported, Wanted::Remove) => {
                "Docker Hub removes tags on its web page and by its own API alone, and then the digest here".to_owned()
            }
            (Cause::Unknown, _) => {
                "a personal access token takes the password's place, and has to where two factors are asked for; an organisation's token has the organisation as its user".to_owned()
            }
            (Cause::Immutable, _) => {
                "the repository's settings at https://hub.docker.com make this tag immutable: take another tag".to_owned()
            }
            (Cause::Limit, _) => self.pull_limit(),
            _ => return None,
        };
        Some(hint)
    }

    fn pull_limit(&self) -> String {
        let limit = self.refusal.limit.as_deref().and_then(allowance);
        let allowed = limit.map_or_else(
            || {
                "100 pulls in 6 hours without a login, 200 with a free account, more with a paid one"
                    .to_owned()
            },
            |(pulls, window)| format!("{pulls} pulls in {window} for who asks here"),
        );
        format!(
            "Docker Hub allows {allowed}{}; a login counts for itself, and not for the address: `crossdock login docker.io`",
            self.wait()
        )
    }

    /// Source: GitHub's documentation on the container registry.
    pub(super) fn ghcr(&self) -> Option<String> {
        let hint = match (self.cause, self.wanted) {
            (Cause::Denied | Cause::Missing, Wanted::Read | Wanted::List) => {
                self.unclear("GitHub", "a token with `read:packages`")
            }
            (Cause::Denied | Cause::Missing, Wanted::Write) => {
                "the personal access token (classic) needs `write:packages`; a job's `GITHUB_TOKEN` needs `permissions: packages: write`, and its repository to be connected with the package".to_owned()
            }
            (_, Wanted::Remove) if self.refusal.says("last tagged version") => format!(
                "what is left goes with the package alone: `gh api --method DELETE /orgs/ORG/packages/container/{}`, or on its page",
                self.package()
            ),
            (_, Wanted::Remove) if self.refusal.says("downloads") => return None,
            (Cause::Denied | Cause::Missing | Cause::Unknown, Wanted::Remove) => {
                "it takes a personal access token (classic) with `read:packages`, `write:packages` and `delete:packages`, of an admin of the package; a job's `GITHUB_TOKEN` has to have that role too".to_owned()
            }
            (_, Wanted::Remove) => format!(
                "GitHub removes by its own API alone, with `delete:packages`: `gh api --method DELETE /orgs/ORG/packages/container/{}/versions/ID`, or on the package's page",
                self.package()
            ),
            (Cause::Unknown, _) => {
                "it takes a personal access token (classic) with `read:packages`, or a job's `GITHUB_TOKEN`, as the password".to_owned()
            }
            (Cause::Expired, _) => {
                "make a new personal access token (classic): https://github.com/settings/tokens".to_owned()
            }
            (Cause::Limit, _) => format!("GitHub limits requests{}: try again later", self.wait()),
            _ => return None,
        };
        Some(hint)
    }

    /// What GitHub calls a package, in a path.
    fn package(&self) -> String {
        let name = self.path().split_once('/').map_or("NAME", |(_, name)| name);
        name.replace('/', "%2F")
    }

    /// Source: Quay's documentation on robot accounts, and its sources.
    pub(super) fn quay(&self) -> Option<String> {
        let hint = match (self.cause, self.wanted) {
            (Cause::Denied | Cause::Missing, Wanted::Read | Wanted::List) => {
                self.unclear("Quay", "the permission Read on the repository")
            }
            (Cause::Denied | Cause::Missing, Wanted::Write) => {
                "the user or robot needs Write on the repository; to make one by a push takes a team with the role Creator".to_owned()
            }
            (Cause::Denied, Wanted::Remove) => {
                "the user or robot needs Write on the repository".to_owned()
            }
            (Cause::Unknown, _) => {
                "a robot's user is `NAMESPACE+NAME`; with `$app` the password is an application token, with `$oauthtoken` an OAuth token".to_owned()
            }
            (Cause::Immutable, _) => {
                "the tag is immutable: take another tag, or have that lifted in the repository's tags".to_owned()
            }
            (Cause::Quota, _) => {
                "the namespace's storage quota is used up: remove images, or have it raised".to_owned()
            }
            (Cause::Unsupported, Wanted::Write | Wanted::Remove) => {
                "this Quay, or this repository, is read-only for now; a mirrored repository is written by its mirroring alone".to_owned()
            }
            (Cause::Limit, _) => format!("try again with fewer at once, as `--jobs 2`{}", self.wait()),
            (Cause::Other, _) if self.refusal.has("TAG_EXPIRED") => {
                "the tag had a time to live, and that is over; its page at Quay may restore it".to_owned()
            }
            _ => return None,
        };
        Some(hint)
    }

    /// Source: GitLab's documentation on the container registry and its tokens.
    pub(super) fn gitlab(&self) -> Option<String> {
        let hint = match (self.cause, self.wanted) {
            (Cause::Denied | Cause::Missing, Wanted::Read | Wanted::List) => {
                self.unclear("GitLab", "a token with `read_registry`, and the role Reporter")
            }
            (Cause::Denied | Cause::Missing, Wanted::Write | Wanted::Remove) => {
                "the token needs `read_registry` and `write_registry`, and its owner the role Developer; the path begins with that of a project that exists, and its tags may be protected".to_owned()
            }
            (Cause::Unknown, _) => {
                "a personal, project or group access token takes the password's place; in a job it is `gitlab-ci-token` with `CI_JOB_TOKEN`".to_owned()
            }
            (Cause::Expired, _) => "make a new access token, or a deploy token".to_owned(),
            (Cause::Immutable, _) => {
                "a rule of the project protects this tag: take another one, or change the rule in the project's settings".to_owned()
            }
            (Cause::Unsupported, Wanted::Remove) => {
                "removing takes GitLab 16.4 or later".to_owned()
            }
            (Cause::Limit, _) => format!("GitLab limits requests{}: try again later", self.wait()),
            _ => return None,
        };
        Some(hint)
    }
}

/// `100;w=21600` in words: how many, in how long.
fn allowance(text: &str) -> Option<(u32, String)> {
    let (count, window) = text.split_once(";w=")?;
    let seconds: u32 = window.trim().parse().ok()?;
    let window = match (seconds / 3600, seconds % 3600) {
        (1, 0) => "an hour".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        _ => format!("{seconds} seconds"),
    };
    Some((count.trim().parse().ok()?, window))
}
