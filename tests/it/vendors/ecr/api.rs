//! The two APIs: JSON 1.1, signed, with nearly every error a 400.

use super::replies::{error, invalid, reply};
use super::stored::{find, seconds, size};
use crate::clouds::world::{Asked, Reply};
use crate::vendors::shelf::{Shelf, Stored};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// What is different about them.
#[derive(Clone, Copy)]
pub(super) struct Flavour {
    target: &'static str,
    /// Region and service that a request has to be signed for.
    scope: &'static str,
    is_public: bool,
}

pub(super) const PRIVATE: Flavour = Flavour {
    target: "AmazonEC2ContainerRegistry_V20150921",
    scope: "eu-west-1/ecr",
    is_public: false,
};
pub(super) const PUBLIC: Flavour = Flavour {
    target: "SpencerFrontendService",
    scope: "us-east-1/ecr-public",
    is_public: true,
};

/// Whose the public registry is, and under which alias.
const ACCOUNT: &str = "123456789012";
const ALIAS: &str = "team";

type Refused = Result<Reply, Reply>;

pub(super) async fn answer(flavour: Flavour, asked: &Asked, shelf: &Shelf) -> Option<Reply> {
    if asked.target.starts_with("/v2/") {
        return None;
    }
    let answered = checked(flavour, asked, shelf).await;
    Some(answered.unwrap_or_else(|refused| refused))
}

async fn checked(flavour: Flavour, asked: &Asked, shelf: &Shelf) -> Refused {
    if (asked.method.as_str(), asked.target.as_str()) != ("POST", "/") {
        return Err(Reply::text(404, "text/plain", "no such path"));
    }
    if shelf.is_busy() {
        return Err(error("ThrottlingException", "Rate exceeded"));
    }
    if asked.header("content-type") != "application/x-amz-json-1.1" {
        return Err(error("SerializationException", "not JSON 1.1"));
    }
    let authorization = asked.header("authorization").replace(", ", ",");
    let credential = authorization
        .strip_prefix("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/")
        .ok_or_else(|| {
            error(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            )
        })?;
    let (date, rest) = credential.split_once('/').unwrap();
    let scoped = format!(
        "{}/aws4_request,SignedHeaders=content-type;host;x-amz-date;x-amz-target,Signature=",
        flavour.scope
    );
    if !asked.header("x-amz-date").starts_with(date) || !rest.starts_with(&scoped) {
        let why = format!("Credential should be scoped to {}", flavour.scope);
        return Err(error("InvalidSignatureException", &why));
    }
    if shelf.is_expired() {
        return Err(error(
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ));
    }
    let target = asked.header("x-amz-target").split_once('.').unwrap();
    let parameters: Map<String, Value> = serde_json::from_slice(&asked.body)
        .map_err(|_| error("SerializationException", "not an object"))?;
    let api = Api {
        flavour,
        shelf,
        parameters,
    };
    match target {
        (service, _) if service != flavour.target => Err(error("UnknownOperationException", "")),
        (_, "DescribeImages") => api.describe_images().await,
        (_, "BatchDeleteImage") => api.batch_delete_image().await,
        (_, "DescribeRepositories") => api.describe_repositories().await,
        (_, "CreateRepository") => api.create_repository(),
        (_, "DescribeRegistries") if flavour.is_public => api.describe_registries(),
        _ => Err(error("UnknownOperationException", "")),
    }
}

struct Api<'a> {
    flavour: Flavour,
    shelf: &'a Shelf,
    parameters: Map<String, Value>,
}

impl Api<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).and_then(Value::as_str)
    }

    /// Refuses parameters that the operation does not know.
    fn knows(&self, names: &[&str]) -> Result<(), Reply> {
        let unknown = self
            .parameters
            .keys()
            .find(|name| !names.contains(&name.as_str()));
        match unknown {
            Some(name) => Err(invalid(&format!("unknown parameter {name}"))),
            None => Ok(()),
        }
    }

    /// The repository's name on the shelf, where it is in the registry of whoever asks.
    fn own(&self, name: &str) -> String {
        if self.flavour.is_public {
            format!("{ALIAS}/{name}")
        } else {
            name.to_owned()
        }
    }

    fn repository(&self) -> Result<String, Reply> {
        let registry = self.text("registryId").unwrap_or(ACCOUNT);
        let name = self.text("repositoryName").unwrap_or_default();
        let own = self.own(name);
        if registry == ACCOUNT && self.shelf.repositories().contains(&own) {
            return Ok(own);
        }
        let why = format!(
            "The repository with name '{name}' does not exist in the registry with id '{registry}'"
        );
        Err(error("RepositoryNotFoundException", &why))
    }

    /// A page of `all`, where the tokens are opaque.
    fn page(&self, name: &str, all: &[Value]) -> Refused {
        let most = match self.parameters.get("maxResults") {
            None => 100,
            Some(number) => number.as_u64().filter(|n| (1..=1000).contains(n)).ok_or_else(|| {
                invalid("Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have value less than or equal to 1000'")
            })?,
        };
        let begin = match self.text("nextToken") {
            None => 0,
            Some(token) => token
                .strip_prefix("opaque+/=")
                .and_then(|at| at.parse().ok())
                .ok_or_else(|| invalid("Invalid parameter at 'nextToken'"))?,
        };
        let most = usize::try_from(most).unwrap();
        let shown: Vec<&Value> = all.iter().skip(begin).take(most).collect();
        let mut document = json!({name: shown});
        if begin + most < all.len() {
            document["nextToken"] = json!(format!("opaque+/={}", begin + most));
        }
        Ok(reply(200, &document))
    }

    fn names(&self) -> Result<Vec<Value>, Reply> {
        let names = self.parameters["imageIds"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        if names.is_empty() || names.len() > 100 {
            return Err(invalid(
                "Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must have length between 1 and 100'",
            ));
        }
        Ok(names)
    }

    async fn describe_images(&self) -> Refused {
        let mut known = vec![
            "registryId",
            "repositoryName",
            "imageIds",
            "nextToken",
            "maxResults",
        ];
        if !self.flavour.is_public {
            known.push("filter");
        }
        self.knows(&known)?;
        let repository = self.repository()?;
        let all = self.shelf.images(&repository).await;
        if !self.parameters.contains_key("imageIds") {
            let details: Vec<Value> = all.iter().map(|image| self.detail(image, &all)).collect();
            return self.page("imageDetails", &details);
        }
        if self.parameters.contains_key("maxResults") || self.parameters.contains_key("nextToken") {
            return Err(invalid("maxResults and imageIds exclude each other"));
        }
        let mut details = Vec::new();
        for name in self.names()? {
            let image = find(&all, &name).ok_or_else(|| {
                error(
                    "ImageNotFoundException",
                    "The image with imageId does not exist within the repository",
                )
            })?;
            details.push(self.detail(image, &all));
        }
        Ok(reply(200, &json!({"imageDetails": details})))
    }

    fn detail(&self, image: &Stored, all: &[Stored]) -> Value {
        let mut detail = json!({
            "registryId": ACCOUNT,
            "repositoryName": self.text("repositoryName"),
            "imageDigest": image.digest,
            "imageSizeInBytes": size(image, all),
            "imageManifestMediaType": image.media_type,
            "artifactMediaType": image.manifest["config"]["mediaType"],
        });
        let optional = [
            (
                "imageTags",
                (!image.tags.is_empty()).then(|| json!(image.tags)),
            ),
            ("imagePushedAt", image.pushed.as_deref().map(seconds)),
            ("lastRecordedPullTime", image.pulled.as_deref().map(seconds)),
            ("imageStatus", Some(json!("ACTIVE"))),
            (
                "subjectManifestDigest",
                image.manifest["subject"].get("digest").cloned(),
            ),
        ];
        let private = if self.flavour.is_public {
            2
        } else {
            optional.len()
        };
        for (name, value) in optional.into_iter().take(private) {
            if let Some(value) = value {
                detail[name] = value;
            }
        }
        if detail["artifactMediaType"].is_null() {
            detail.as_object_mut().unwrap().remove("artifactMediaType");
        }
        detail
    }

    async fn batch_delete_image(&self) -> Refused {
        self.knows(&["registryId", "repositoryName", "imageIds"])?;
        let repository = self.repository()?;
        let names = self.names()?;
        if repository == "team/kept" {
            let why = format!(
                "User: arn:aws:iam::{ACCOUNT}:user/ann is not authorized to perform: ecr:BatchDeleteImage on resource: arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/{repository} because no identity-based policy allows the ecr:BatchDeleteImage action"
            );
            return Err(error("AccessDeniedException", &why));
        }
        let (mut gone, mut failures) = (Vec::new(), Vec::new());
        for name in names {
            match self.remove(&repository, &name).await {
                Ok(removed) => gone.extend(removed),
                Err((code, reason)) => failures
                    .push(json!({"imageId": name, "failureCode": code, "failureReason": reason})),
            }
        }
        if repository == "team/lossy" && failures.is_empty() {
            return Err(Reply::text(503, "text/plain", "the answer was lost"));
        }
        Ok(reply(200, &json!({"imageIds": gone, "failures": failures})))
    }

    /// Removes what one name is of, and says what that was.
    async fn remove(
        &self,
        repository: &str,
        name: &Value,
    ) -> Result<Vec<Value>, (&'static str, String)> {
        let all = self.shelf.images(repository).await;
        let missing = ("ImageNotFound", "Requested image not found".to_owned());
        let image = find(&all, name).ok_or(missing)?;
        let called = |tag: &String| json!({"imageDigest": image.digest, "imageTag": tag});
        let is_last = name.get("imageDigest").is_some() || image.tags.len() == 1;
        if let (false, Some(tag)) = (is_last, name["imageTag"].as_str()) {
            self.shelf.untag(repository, tag).await;
            return Ok(vec![called(&tag.to_owned())]);
        }
        let parents: Vec<&String> = all
            .iter()
            .filter(|other| other.parts().contains(&image.digest))
            .map(|other| &other.digest)
            .collect();
        if !parents.is_empty() {
            let why = format!("Requested image referenced by manifest list: {parents:?}");
            return Err(("ImageReferencedByManifestList", why));
        }
        self.shelf.delete(repository, &image.digest).await;
        if image.tags.is_empty() {
            return Ok(vec![json!({"imageDigest": image.digest})]);
        }
        Ok(image.tags.iter().map(called).collect())
    }

    async fn describe_repositories(&self) -> Refused {
        self.knows(&["registryId", "repositoryNames", "nextToken", "maxResults"])?;
        let wanted: Option<HashSet<String>> = self.parameters.get("repositoryNames").map(|names| {
            let names = names.as_array().unwrap().iter();
            names.map(|name| self.own(name.as_str().unwrap())).collect()
        });
        let mut all = Vec::new();
        for name in self.shelf.repositories() {
            let is_wanted = wanted.as_ref().is_none_or(|wanted| wanted.contains(&name));
            let is_own = !self.flavour.is_public || name.starts_with(&format!("{ALIAS}/"));
            if is_wanted && is_own {
                all.push(self.described(&name).await);
            }
        }
        match wanted {
            Some(wanted) if all.len() < wanted.len() => {
                Err(error("RepositoryNotFoundException", ""))
            }
            Some(_) => Ok(reply(200, &json!({"repositories": all}))),
            None => self.page("repositories", &all),
        }
    }

    async fn described(&self, name: &str) -> Value {
        let short = name
            .strip_prefix(&format!("{ALIAS}/"))
            .filter(|_| self.flavour.is_public);
        let mut repository = json!({
            "registryId": ACCOUNT,
            "repositoryName": short.unwrap_or(name),
            "repositoryUri": format!("registry.example/{name}"),
            "createdAt": 1_767_323_045.5,
        });
        if self.flavour.is_public {
            return repository;
        }
        let images = self.shelf.images(name).await;
        let tags = images.iter().flat_map(|image| image.tags.clone());
        let locked: Vec<Value> = tags
            .filter(|tag| self.shelf.is_locked(name, tag))
            .map(|tag| json!({"filterType": "WILDCARD", "filter": tag}))
            .collect();
        repository["imageTagMutability"] = json!("MUTABLE");
        if !locked.is_empty() {
            repository["imageTagMutability"] = json!("MUTABLE_WITH_EXCLUSION");
            repository["imageTagMutabilityExclusionFilters"] = json!(locked);
        }
        repository
    }

    fn create_repository(&self) -> Refused {
        let mut known = vec!["repositoryName"];
        if !self.flavour.is_public {
            known.extend([
                "registryId",
                "imageTagMutability",
                "imageScanningConfiguration",
            ]);
        }
        self.knows(&known)?;
        let name = self.text("repositoryName").unwrap_or_default();
        if self.shelf.repositories().contains(&self.own(name)) {
            let why = format!(
                "The repository with name '{name}' already exists in the registry with id '{ACCOUNT}'"
            );
            return Err(error("RepositoryAlreadyExistsException", &why));
        }
        Ok(reply(200, &json!({"repository": {"repositoryName": name}})))
    }

    fn describe_registries(&self) -> Refused {
        self.knows(&["nextToken", "maxResults"])?;
        let alias = |name: &str, status: &str| json!({"name": name, "status": status, "primaryRegistryAlias": false, "defaultRegistryAlias": false});
        Ok(reply(
            200,
            &json!({"registries": [{
                "registryId": ACCOUNT,
                "registryArn": format!("arn:aws:ecr-public::{ACCOUNT}:registry/{ACCOUNT}"),
                "registryUri": format!("public.ecr.aws/{ALIAS}"),
                "verified": false,
                "aliases": [alias("z1y2x3w4", "ACTIVE"), alias(ALIAS, "ACTIVE"), alias("nginx", "REJECTED")],
            }]}),
        ))
    }
}
