//! The stand-in: tokens, the registry, GraphQL and REST.

use crate::clouds::world::{Asked, Reply};
use crate::vendors::graphql::{self, Field};
use crate::vendors::shelf::{Shelf, Stored, Vendor};
use serde_json::{Value, json};

/// A GitLab of one age, or with one of its parts missing.
#[derive(Clone, Default)]
pub(crate) struct GitLab {
    /// Where its token service is said to be; as it is, where this is empty.
    pub(crate) realm: &'static str,
    /// Before tags had protection and a time at which they were published.
    pub(crate) is_old: bool,
    /// GraphQL fails.
    pub(crate) has_no_graphql: bool,
    /// Its registry removes no tags: before 16.4.
    pub(crate) removes_digests_alone: bool,
}

/// Of `app/graphql/types/`, what has to do with containers.
const SCHEMA: &str = "
type Query { project(fullPath: ID!): Project containerRepository(id: ContainerRepositoryID!): ContainerRepositoryDetails }
type Project { id: ID! containerRepositories(name: String, sort: ContainerRepositorySort, first: Int, last: Int, after: String, before: String): ContainerRepositoryConnection }
type ContainerRepositoryConnection { nodes: [ContainerRepository] pageInfo: PageInfo! }
type PageInfo { endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String }
type ContainerRepository { id: ID! name: String! path: String! location: String! createdAt: Time! tagsCount: Int! }
type ContainerRepositoryDetails { id: ID! name: String! path: String! size: Float tags(name: String, sort: ContainerRepositoryTagSort, referrers: Boolean, first: Int, last: Int, after: String, before: String): ContainerRepositoryTagConnection }
type ContainerRepositoryTagConnection { nodes: [ContainerRepositoryTag] pageInfo: PageInfo! }
type ContainerRepositoryTag { name: String! path: String! location: String! digest: String revision: String shortRevision: String createdAt: Time totalSize: BigInt NEW }
type ContainerProtectionAccessLevel { immutable: Boolean minimumAccessLevelForDelete: String minimumAccessLevelForPush: String }
type ContainerRepositoryTagPermissions { destroyContainerRepositoryTag: Boolean! }
";
const NEW: &str = "mediaType: String publishedAt: Time protection: ContainerProtectionAccessLevel userPermissions: ContainerRepositoryTagPermissions!";

fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(
        status,
        &json!({"errors": [{"code": code, "message": message}]}),
    )
}

fn message(status: u16, text: &str) -> Reply {
    Reply::json(status, &json!({ "message": text }))
}

/// The project that a repository belongs to: in `group` it is one level deeper.
fn project(repository: &str) -> &str {
    let levels = if repository.starts_with("group/") {
        3
    } else {
        2
    };
    let end = repository.match_indices('/').nth(levels - 1);
    end.map_or(repository, |(at, _)| &repository[..at])
}

impl Vendor for GitLab {
    const KIND: &'static str = "gitlab";

    async fn answer(&self, asked: &Asked, shelf: &Shelf) -> Option<Reply> {
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        if path == "/jwt/auth" {
            return Some(Self::token(asked, query, shelf));
        }
        if path.starts_with("/v2/") {
            return self.registry(asked, path, shelf).await;
        }
        if shelf.is_busy() {
            return Some(Reply::text(429, "text/plain", "Retry later\n").with("retry-after", "0"));
        }
        let (own, job) = (asked.header("private-token"), asked.header("job-token"));
        let is_known = own == "secret" || job == "job";
        if shelf.is_expired() || !is_known || !asked.header("authorization").is_empty() {
            return Some(if path == "/api/graphql" {
                Reply::json(401, &json!({"errors": [{"message": "Invalid token"}]}))
            } else {
                message(401, "401 Unauthorized")
            });
        }
        if path == "/api/graphql" {
            return Some(self.graphql(asked, !job.is_empty(), shelf).await);
        }
        let Some(path) = path.strip_prefix("/api/v4/") else {
            return Some(Reply::text(404, "text/html", "<html>not here</html>"));
        };
        Some(rest(&asked.method, path, query, shelf).await)
    }
}

impl GitLab {
    /// A token says what it is good for.
    fn token(asked: &Asked, query: &str, shelf: &Shelf) -> Reply {
        // `ann:secret`, `gitlab-ci-token:job`
        let known = [
            "Basic YW5uOnNlY3JldA==",
            "Basic Z2l0bGFiLWNpLXRva2VuOmpvYg==",
        ];
        if !known.contains(&asked.header("authorization")) {
            return error(403, "DENIED", "access forbidden");
        }
        let may_remove = query.contains("delete") && !shelf.is_expired();
        let token = if may_remove { "remover" } else { "reader" };
        Reply::json(200, &json!({ "token": token }))
    }

    async fn registry(&self, asked: &Asked, path: &str, shelf: &Shelf) -> Option<Reply> {
        let realm = match self.realm {
            "" => format!("http://{}/jwt/auth", asked.header("host")),
            realm => realm.to_owned(),
        };
        let token = asked.header("authorization").strip_prefix("Bearer ");
        let may_remove = token == Some("remover");
        let Some(_) = token else {
            let challenge = format!("Bearer realm=\"{realm}\",service=\"container_registry\"");
            let refused = error(401, "UNAUTHORIZED", "authentication required");
            return Some(refused.with("www-authenticate", &challenge));
        };
        if asked.method != "DELETE" {
            return None;
        }
        let (repository, target) = path.strip_prefix("/v2/")?.split_once("/manifests/")?;
        if !may_remove {
            return Some(error(
                403,
                "DENIED",
                "requested access to the resource is denied",
            ));
        }
        if self.removes_digests_alone && !target.contains(':') {
            return Some(error(
                400,
                "DIGEST_INVALID",
                "provided digest did not match",
            ));
        }
        let images = shelf.images(repository).await;
        let image = images
            .iter()
            .find(|image| image.digest == target || image.tags.iter().any(|tag| tag == target));
        let tags = image.map(|image| image.tags.clone()).unwrap_or_default();
        let mut named = tags
            .iter()
            .filter(|tag| target.contains(':') || *tag == target);
        let locked = named.any(|tag| shelf.is_locked(repository, tag));
        locked.then(|| error(403, "DENIED", "a rule calls this tag protected"))
    }

    async fn graphql(&self, asked: &Asked, is_job: bool, shelf: &Shelf) -> Reply {
        if is_job {
            return Reply::json(401, &json!({"errors": [{"message": "Invalid token"}]}));
        }
        assert_eq!(asked.header("content-type"), "application/json");
        if self.has_no_graphql {
            return Reply::json(
                200,
                &json!({"errors": [{"message": "Can't connect to the Container Registry."}]}),
            );
        }
        let schema = SCHEMA.replace("NEW", if self.is_old { "" } else { NEW });
        let unknown =
            |field: &str, of: &str| format!("Field '{field}' doesn't exist on type '{of}'");
        let fields = match graphql::read(&schema, &asked.body, unknown) {
            Ok(fields) => fields,
            Err(why) => {
                return Reply::json(200, &json!({"errors": [{"message": why}]}));
            }
        };
        let mut shelves = Vec::new();
        for name in shelf.repositories() {
            shelves.push((name.clone(), shelf.images(&name).await));
        }
        let answer = graphql::answer(&fields, |field| match field.name.as_str() {
            "project" => Ok(repositories(field, &shelves)),
            "containerRepository" => tags(field, &shelves, shelf),
            _ => Err("not here".to_owned()),
        });
        Reply::json(200, &answer)
    }
}

/// A page of a connection. Whatever is asked for, no more than `most` are shown; what is fetched
/// outside is fetched as asked, and the cursor is behind that.
fn connection(all: &[Value], asked: &Field, most: usize, is_outside: bool) -> Value {
    let first = asked.arguments.get("first").and_then(Value::as_u64);
    let first = first.map_or(most, |first| usize::try_from(first).unwrap());
    let begin: usize = asked
        .text("after")
        .map_or(0, |after| after.parse().unwrap());
    let shown: Vec<&Value> = all.iter().skip(begin).take(first.min(most)).collect();
    let end = begin + if is_outside { first } else { shown.len() };
    let has_more = end < all.len();
    json!({
        "nodes": shown,
        "pageInfo": {"endCursor": has_more.then(|| end.to_string()), "hasNextPage": has_more},
    })
}

fn repositories(asked: &Field, shelves: &[(String, Vec<Stored>)]) -> Value {
    let path = asked.text("fullPath").unwrap();
    if !shelves.iter().any(|(name, _)| project(name) == path) {
        return Value::Null;
    }
    let below = asked.below("containerRepositories").unwrap();
    let own = shelves.iter().enumerate();
    let own = own.filter(|(_, (name, _))| project(name) == path);
    let mut own: Vec<Value> = own
        .map(|(number, (name, _))| {
            let short = name[path.len()..].trim_start_matches('/');
            let id = format!("gid://gitlab/ContainerRepository/{}", number + 1);
            json!({"id": id, "name": short, "path": name})
        })
        .filter(|node| {
            let wanted = below.text("name").unwrap_or_default();
            node["name"].as_str().unwrap().contains(wanted)
        })
        .collect();
    own.sort_by_key(|node| node["name"].as_str().unwrap().to_owned());
    json!({"containerRepositories": connection(&own, below, 100, false)})
}

fn tags(asked: &Field, shelves: &[(String, Vec<Stored>)], shelf: &Shelf) -> Result<Value, String> {
    let id = asked.text("id").unwrap();
    let id = id.strip_prefix("gid://gitlab/ContainerRepository/");
    let id: usize = id.and_then(|id| id.parse().ok()).ok_or("no such ID")?;
    let Some((repository, images)) = shelves.get(id - 1) else {
        return Ok(Value::Null);
    };
    let mut nodes = Vec::new();
    for image in images {
        for tag in &image.tags {
            let is_locked = shelf.is_locked(repository, tag);
            nodes.push(json!({
                "name": tag,
                "digest": image.digest,
                "mediaType": image.media_type,
                "createdAt": image.pushed,
                "publishedAt": image.pushed,
                "totalSize": image.size.to_string(),
                "protection": is_locked.then(|| json!({"immutable": true})),
                "userPermissions": {"destroyContainerRepositoryTag": !is_locked},
            }));
        }
    }
    nodes.sort_by_key(|node| node["name"].as_str().unwrap().to_owned());
    let below = asked.below("tags").unwrap();
    Ok(json!({"tags": connection(&nodes, below, 20, true)}))
}

fn page(all: &[Value], path: &str, query: &str) -> Reply {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let number = |name: &str, usual: usize| {
        let field = fields.iter().find(|(field, _)| field == name);
        field.map_or(usual, |(_, value)| value.parse().unwrap())
    };
    let (at, size) = (number("page", 1), number("per_page", 20));
    assert!(size <= 100, "a page of {size}");
    let shown: Vec<&Value> = all.iter().skip((at - 1) * size).take(size).collect();
    let reply = Reply::json(200, &json!(shown));
    if at * size >= all.len() {
        return reply.with("x-next-page", "");
    }
    let next = at + 1;
    let link = format!(
        "<https://elsewhere.example/api/v4/{path}?page={next}&per_page={size}>; rel=\"next\""
    );
    reply
        .with("x-next-page", &next.to_string())
        .with("link", &link)
}

async fn rest(method: &str, path: &str, query: &str, shelf: &Shelf) -> Reply {
    let all = shelf.repositories();
    let document = |name: &String| {
        let id = all.iter().position(|own| own == name).unwrap() + 1;
        json!({"id": id, "path": name, "location": format!("registry.example/{name}")})
    };
    let parts: Vec<String> = path
        .split('/')
        .map(|part| part.replace("%2F", "/"))
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let absent = |what: &str| message(404, &format!("404 {what} Not Found"));
    match (method, &parts[..]) {
        ("GET", ["groups", group, "registry", "repositories"]) => {
            let is_group = |name: &&String| {
                let project = project(name);
                project.starts_with(&format!("{group}/"))
            };
            let own: Vec<Value> = all.iter().filter(is_group).map(document).collect();
            if own.is_empty() {
                return absent("Group");
            }
            page(&own, path, query)
        }
        ("GET", ["projects", id, "registry", "repositories"]) => {
            let own = all.iter().filter(|name| project(name) == *id);
            let own: Vec<Value> = own.map(document).collect();
            if own.is_empty() {
                return absent("Project");
            }
            page(&own, path, query)
        }
        (
            method,
            [
                "projects",
                id,
                "registry",
                "repositories",
                number,
                "tags",
                rest @ ..,
            ],
        ) => {
            let number: usize = number.parse().unwrap();
            match all.get(number - 1).filter(|name| project(name) == *id) {
                Some(name) => rest_tags(method, name, rest, path, query, shelf).await,
                None => absent("Repository"),
            }
        }
        _ => message(404, "404 Not Found"),
    }
}

async fn rest_tags(
    method: &str,
    repository: &str,
    rest: &[&str],
    path: &str,
    query: &str,
    shelf: &Shelf,
) -> Reply {
    let images = shelf.images(repository).await;
    let mut tags: Vec<(&String, &Stored)> = images
        .iter()
        .flat_map(|image| image.tags.iter().map(move |tag| (tag, image)))
        .collect();
    tags.sort_by_key(|(tag, _)| (*tag).clone());
    let find = |name: &str| tags.iter().find(|(tag, _)| *tag == name);
    match (method, rest) {
        ("GET", []) => {
            let names = tags.iter();
            let names: Vec<Value> = names.map(|(tag, _)| json!({"name": tag})).collect();
            page(&names, path, query)
        }
        ("GET", [name]) => find(name).map_or_else(
            || message(404, "404 Tag Not Found"),
            |(tag, image)| {
                Reply::json(
                    200,
                    &json!({
                        "name": tag, "digest": image.digest, "revision": "d7a51",
                        "created_at": image.pushed, "total_size": image.size,
                    }),
                )
            },
        ),
        ("DELETE", [name]) => {
            if find(name).is_none() {
                return message(404, "404 Tag Not Found");
            }
            if shelf.is_locked(repository, name) {
                return message(403, "403 Forbidden - the tag is protected");
            }
            shelf.untag(repository, name).await;
            Reply::text(200, "text/plain", "")
        }
        _ => message(405, "405 Method Not Allowed"),
    }
}
