//! The registries that people run themselves.

use super::{Cause, No};
use crate::store::Wanted;

impl No<'_> {
    /// Source: Harbor's documentation on roles, robots, proxies and rules, and its sources.
    pub(super) fn harbor(&self) -> Option<String> {
        let project = self.path().split('/').next().unwrap_or("PROJECT");
        let hint = match (self.cause, self.wanted) {
            (_, Wanted::Remove) if self.refusal.has("VIOLATE_FOREIGN_KEY_CONSTRAINT") => {
                "an index needs it: remove that first, which takes its parts along".to_owned()
            }
            (Cause::Missing, Wanted::Write) => format!(
                "the project `{project}` has to exist (Projects, New Project); a push makes the repository, not the project"
            ),
            _ if self.refusal.says("proxy project") || self.refusal.says("proxy cache") => format!(
                "`{project}` is a proxy cache, which is only read from: push to another project"
            ),
            (Cause::Denied | Cause::Missing, Wanted::Read | Wanted::List) => self.unclear(
                "Harbor",
                "the project role Guest, or a robot's `repository: pull`",
            ),
            (Cause::Denied, Wanted::Write) => {
                "it takes the project role Developer, or a robot's `repository: push` together with `pull`".to_owned()
            }
            (Cause::Denied, Wanted::Remove) => {
                "it takes the project role Maintainer, or a robot's `artifact: delete`".to_owned()
            }
            (Cause::Unknown, _) => {
                "a robot's user begins with `robot$`, which shells want in single quotes; who logs in by OIDC has a CLI secret on the profile page".to_owned()
            }
            (Cause::Immutable, _) => format!(
                "a tag immutability rule of the project `{project}` covers this tag: take another one, or change the rule (Policy, Tag Immutability)"
            ),
            (Cause::Quota, _) => format!(
                "the storage quota of the project `{project}` is used up: remove images and let an administrator collect the garbage, or raise it"
            ),
            (_, Wanted::Read) if self.refusal.has("PROJECTPOLICYVIOLATION") => format!(
                "the project `{project}` does not let this be pulled, because of its vulnerabilities or a missing signature (Configuration, Deployment security)"
            ),
            (_, Wanted::Remove) if self.refusal.has("DIGEST_INVALID") => {
                "Harbor removes single tags on its web page and by its own API alone".to_owned()
            }
            (Cause::Limit, _) => format!("try again with fewer at once, as `--jobs 2`{}", self.wait()),
            _ => return None,
        };
        Some(hint)
    }

    /// Source: `JFrog`'s documentation on Docker repositories and permissions.
    pub(super) fn artifactory(&self) -> Option<String> {
        let key = self.path().split('/').next().unwrap_or("KEY");
        let hint = match (self.cause, self.wanted) {
            (Cause::Missing | Cause::Unsupported, Wanted::Write) => format!(
                "is `{key}` the key of a local repository, or of a virtual one with a default deployment repository? a remote one is only read from"
            ),
            (Cause::Denied, _) => {
                let permission = self.taken(
                    "Read",
                    "Deploy/Cache, and Delete/Overwrite where it replaces something",
                    "Delete/Overwrite",
                );
                format!("it takes the permission {permission} on the repository key")
            }
            (Cause::Unknown, _) => {
                "an identity token or an access token takes the password's place".to_owned()
            }
            (Cause::Expired, _) => "make a new identity token on your profile page".to_owned(),
            (Cause::Limit, _) => {
                format!("try again with fewer at once, as `--jobs 2`{}", self.wait())
            }
            _ => return None,
        };
        Some(hint)
    }

    /// Source: Sonatype's documentation on Docker registries and privileges.
    pub(super) fn nexus(&self) -> Option<String> {
        let hint = match (self.cause, self.wanted) {
            (Cause::Missing | Cause::Unsupported, Wanted::Write) => {
                "is it the port or path of a hosted repository? proxies and groups are only read from".to_owned()
            }
            (Cause::Denied, _) => {
                let actions = self.taken("`read` and `browse`", "`add` and `edit`", "`delete`");
                format!(
                    "it takes the privilege `nx-repository-view-docker-REPOSITORY-…` with {actions}; nobody is let in without the Docker Bearer Token Realm"
                )
            }
            (Cause::Immutable, _) => {
                "the repository's deployment policy is `Disable redeploy`: take another tag, or change it to `Allow redeploy`".to_owned()
            }
            _ => return None,
        };
        Some(hint)
    }

    /// Source: CNCF distribution's documentation of its settings.
    pub(super) fn distribution(&self) -> Option<String> {
        let hint = match (self.cause, self.wanted) {
            (_, Wanted::Remove) if self.refusal.has("DIGEST_INVALID") => {
                "before 3.0 it removes digests alone, with all tags that point there".to_owned()
            }
            (Cause::Unsupported, Wanted::Remove) => {
                "removing is switched on with `storage.delete.enabled: true`, or `REGISTRY_STORAGE_DELETE_ENABLED=true`".to_owned()
            }
            (Cause::Unsupported, Wanted::Write) => {
                "it is read-only (`storage.maintenance.readonly`), or a mirror (`proxy.remoteurl`)".to_owned()
            }
            (Cause::Denied, _) if self.refusal.status == 401 => format!(
                "its token service does not grant {} to who asks",
                self.taken("`pull`", "`pull,push`", "`delete`")
            ),
            _ => return None,
        };
        Some(hint)
    }

    /// Source: zot's documentation on access control, and its sources.
    pub(super) fn zot(&self) -> Option<String> {
        let hint = match (self.cause, self.wanted) {
            (Cause::Denied, _) => format!(
                "a policy under `http.accessControl.repositories` has to allow {} to who asks",
                self.taken(
                    "`read`",
                    "`create`, and `update` to move a tag,",
                    "`delete`"
                )
            ),
            (Cause::Unsupported, Wanted::Write) if self.refusal.status == 415 => {
                "Docker's own media types take `http.compat: [\"docker2s2\"]` in its settings"
                    .to_owned()
            }
            (Cause::Unsupported, Wanted::Remove) => {
                "an index refers to this manifest: remove that first".to_owned()
            }
            (_, Wanted::Remove) if self.refusal.status == 409 => {
                "several tags point to it, and the policy `detectManifestCollision` keeps it then: remove the tags one by one first".to_owned()
            }
            _ => return None,
        };
        Some(hint)
    }
}
