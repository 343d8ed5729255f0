//! The registries of clouds, where permissions are the cloud's own.

use super::{Cause, No};
use crate::store::Wanted;
use crate::vendor::ecr::EcrHost;
use crate::vendor::google::GoogleHost;

impl No<'_> {
    /// Source: Amazon ECR's user guide and API model.
    pub(super) fn ecr(&self) -> Option<String> {
        let (path, region) = (self.path(), self.region());
        let hint = match (self.cause, self.wanted) {
            (Cause::Missing, Wanted::Write) => format!(
                "create the repository: `aws ecr create-repository --region {region} --repository-name {path}`; a repository creation template for `CREATE_ON_PUSH` does so by itself"
            ),
            (Cause::Missing, _) => {
                "are the repository, and the account and the region in the host's name, right?"
                    .to_owned()
            }
            (Cause::Denied, _) => {
                let actions = self.action("ecr").unwrap_or_else(|| self.ecr_actions());
                format!(
                    "the policy of this identity, or of the repository in another account, has to allow {actions}"
                )
            }
            (Cause::Expired, _) => format!(
                "a password for Amazon ECR is good for twelve hours: log in anew, or let crossdock fetch it with an AWS identity: `crossdock login {}`",
                self.host
            ),
            (Cause::Immutable, _) => format!(
                "the repository's tags are immutable: take another tag, or change that with `aws ecr put-image-tag-mutability --region {region} --repository-name {path}`"
            ),
            (Cause::Unsupported, Wanted::Remove) => format!(
                "remove it with `aws ecr batch-delete-image --region {region} --repository-name {path} --image-ids imageTag=TAG`; without its last tag the image is gone as well"
            ),
            (Cause::Limit, _) => format!(
                "Amazon ECR takes so many requests a second in a region{}: try again with fewer at once, as `--jobs 2`",
                self.wait()
            ),
            _ => return None,
        };
        Some(hint)
    }

    fn ecr_actions(&self) -> String {
        match self.wanted {
            Wanted::List => "`ecr:ListImages`",
            Wanted::Read | Wanted::Login => {
                "`ecr:BatchGetImage`, `ecr:GetDownloadUrlForLayer` and `ecr:BatchCheckLayerAvailability`"
            }
            Wanted::Write => {
                "`ecr:BatchCheckLayerAvailability`, `ecr:InitiateLayerUpload`, `ecr:UploadLayerPart`, `ecr:CompleteLayerUpload` and `ecr:PutImage`"
            }
            Wanted::Remove => "`ecr:BatchDeleteImage`",
        }
        .to_owned()
    }

    /// The action of a service that the registry itself says is missing.
    fn action(&self, service: &str) -> Option<String> {
        let words = self
            .refusal
            .words
            .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '-')));
        let mut actions = words.filter(|word| {
            let action = word.strip_prefix(service).and_then(|w| w.strip_prefix(':'));
            action.is_some_and(|a| !a.is_empty() && a.len() < 64 && !a.contains(':'))
        });
        actions.next().map(|action| format!("`{action}`"))
    }

    fn region(&self) -> String {
        EcrHost::of(self.host).map_or_else(|| "REGION".to_owned(), |host| host.region)
    }

    /// Source: Amazon ECR Public's user guide.
    pub(super) fn ecr_public(&self) -> Option<String> {
        let name = self.path();
        let name = name.split_once('/').map_or(name, |(_, name)| name);
        let hint = match (self.cause, self.wanted) {
            (Cause::Missing, Wanted::Write) => format!(
                "create the repository: `aws ecr-public create-repository --region us-east-1 --repository-name {name}`"
            ),
            (Cause::Denied | Cause::Unknown, Wanted::Write | Wanted::Login) => format!(
                "the identity's policy has to allow {} and `sts:GetServiceBearerToken`",
                self.action("ecr-public").unwrap_or_else(|| {
                    "`ecr-public:GetAuthorizationToken`, `ecr-public:BatchCheckLayerAvailability`, `ecr-public:InitiateLayerUpload`, `ecr-public:UploadLayerPart`, `ecr-public:CompleteLayerUpload`, `ecr-public:PutImage`".to_owned()
                })
            ),
            (Cause::Limit, _) => format!(
                "without a login it is one pull a second, with one ten{}: an AWS identity counts as one",
                self.wait()
            ),
            (_, Wanted::Remove) => format!(
                "remove it with `aws ecr-public batch-delete-image --region us-east-1 --repository-name {name} --image-ids imageTag=TAG`"
            ),
            _ => return None,
        };
        Some(hint)
    }

    /// Source: Artifact Registry's documentation on access control and on repositories.
    pub(super) fn google(&self) -> Option<String> {
        let hint = match (self.cause, self.wanted) {
            (Cause::Denied | Cause::Missing, wanted) => {
                let role = self.taken(
                    "roles/artifactregistry.reader",
                    "roles/artifactregistry.writer",
                    "roles/artifactregistry.repoAdmin",
                );
                let create = match wanted {
                    Wanted::Write => format!(": {}", self.gcloud_create()),
                    _ => String::new(),
                };
                format!(
                    "not found or no access: Google does not tell which; the repository has to exist{create}, and who asks needs `{role}` on it"
                )
            }
            (Cause::Expired, _) => format!(
                "an access token is good for an hour: give a new one, or let crossdock fetch it with the machine's credentials: `crossdock login {}`",
                self.host
            ),
            (Cause::Unknown, _) => {
                "the user is `oauth2accesstoken` for an access token, and `_json_key` for a service account's key".to_owned()
            }
            (Cause::Immutable, _) => {
                "the repository's tags are immutable: take another tag, or a repository without `immutableTags`".to_owned()
            }
            (Cause::Limit, _) => format!(
                "the project's requests a minute are used up{}: try again later, or with fewer at once, as `--jobs 2`",
                self.wait()
            ),
            (_, Wanted::Remove) if self.refusal.has("GOOGLE_MANIFEST_DANGLING_TAG") => {
                "remove its tags first".to_owned()
            }
            (_, Wanted::Remove) if self.refusal.has("GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE") => {
                "remove the index that it is part of first".to_owned()
            }
            _ => return None,
        };
        Some(hint)
    }

    /// How the repository is made that the path begins with. Those behind `gcr.io` have the name of
    /// the host.
    fn gcloud_create(&self) -> String {
        let location = match GoogleHost::of(self.host) {
            Some(GoogleHost::Location(location)) => location,
            _ => "LOCATION".to_owned(),
        };
        let mut parts = self.path().split('/');
        let (project, repository) = match (parts.next(), parts.next()) {
            (Some(project), Some(repository)) if location != "LOCATION" => (project, repository),
            _ => ("PROJECT", "REPOSITORY"),
        };
        format!(
            "`gcloud artifacts repositories create {repository} --project {project} --location {location} --repository-format docker`"
        )
    }

    /// Source: Azure Container Registry's documentation on roles, tokens and locks.
    pub(super) fn acr(&self) -> Option<String> {
        // Behind a domain of one's own the registry has a name that this does not tell.
        let own = self.host.name().split_once(".azurecr.");
        let name = own.map_or("NAME", |(name, _)| name);
        let path = self.path();
        let hint = match (self.cause, self.wanted) {
            (Cause::Denied, _) => {
                let role = self.taken("AcrPull", "AcrPush", "AcrDelete");
                let right = self.taken("content/read", "content/write", "content/delete");
                format!(
                    "who asks needs the role `{role}` on the registry; a token of the registry's own needs `{right}` on the repository"
                )
            }
            (Cause::Missing, Wanted::Read | Wanted::List) => {
                format!("`az acr repository list --name {name}` lists what is there")
            }
            (Cause::Unknown, _) => format!(
                "`crossdock login {}` without a user takes the machine's Entra identity; a token's user is the token's name",
                self.host
            ),
            (Cause::Expired, _) => format!("log in anew: `crossdock login {}`", self.host),
            (Cause::Immutable, _) => format!(
                "it is locked: `az acr repository update --name {name} --image {path}:TAG --write-enabled true --delete-enabled true` unlocks it"
            ),
            (Cause::Unsupported | Cause::Other, Wanted::Remove) => format!(
                "remove the tag with `az acr repository untag --name {name} --image {path}:TAG`"
            ),
            (Cause::Limit, _) => format!(
                "the registry's tier allows so many requests a minute{}: try again with fewer at once, as `--jobs 2`",
                self.wait()
            ),
            _ => return None,
        };
        Some(hint)
    }
}
