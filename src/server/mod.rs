//! A registry in memory, for demonstrations and tests: requests in, answers out, no socket in
//! sight. `serve` puts it on one.
//!
//! Source: OCI distribution-spec 1.1, and where it is silent what CNCF distribution does.

mod access;
mod answer;
mod blob;
mod body;
mod content;
mod grammar;
mod json;
mod list;
mod manifest;
mod options;
mod problem;
mod query;
mod random;
mod range;
mod references;
mod referrers;
mod route;
mod scope;
mod serve;
mod sessions;
mod storage;
mod token;
mod upload;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use access::{Access, Anonymous, Right, TokenService, User};
pub use options::{LocationForm, Mount, Options, Paging, TagDelete};
pub use scope::Actions;
pub use serve::serve;

use crate::transport::ByteStream;
use access::Account;
use answer::Answer;
use body::Body;
use http::header::{ALLOW, HeaderName, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use problem::{Code, Problem};
use query::Query;
use route::Endpoint;
use scope::Scope;
use sessions::Sessions;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use storage::Storage;
use token::Tokens;

const PATH_LIMIT: usize = 8 * 1024;
const HEADERS_LIMIT: usize = 32 * 1024;
const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");

/// A registry in memory. A clone is the same registry.
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

struct Inner {
    options: Options,
    storage: Mutex<Storage>,
    sessions: Sessions,
    tokens: Tokens,
}

/// What an endpoint is called with.
struct Call<'a> {
    registry: &'a Inner,
    head: &'a Parts,
    query: &'a Query,
    account: Account,
}

impl Call<'_> {
    fn options(&self) -> &Options {
        &self.registry.options
    }

    fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    fn storage(&self) -> MutexGuard<'_, Storage> {
        self.registry.storage()
    }

    /// A path as a `Location` shows it.
    fn location(&self, path: &str) -> String {
        match &self.options().location {
            LocationForm::Relative => path.to_owned(),
            LocationForm::Absolute(origin) => format!("{origin}{path}"),
        }
    }
}

impl Inner {
    fn storage(&self) -> MutexGuard<'_, Storage> {
        self.storage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry {
    /// An empty registry.
    pub fn new(options: Options) -> Self {
        Self(Arc::new(Inner {
            options,
            storage: Mutex::default(),
            sessions: Sessions::default(),
            tokens: Tokens::default(),
        }))
    }

    /// One request, one answer. Bodies stream both ways.
    pub async fn handle(&self, request: Request<ByteStream>) -> Response<ByteStream> {
        let (head, body) = request.into_parts();
        let answer = self.answer(&head, body).await;
        let mut response = answer.unwrap_or_else(Problem::into_response);
        answer::set(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
        answer::set(&mut response, API_VERSION, "registry/2.0");
        if !self.0.options.content_digest {
            response.headers_mut().remove(answer::CONTENT_DIGEST);
        }
        if head.method == Method::HEAD {
            *response.body_mut() = answer::empty(StatusCode::OK).into_body();
        }
        response
    }

    async fn answer(&self, head: &Parts, body: ByteStream) -> Answer {
        check_size(head)?;
        let options = &self.0.options;
        let body = Body::new(head, body, options.body_limit);
        let endpoint = Endpoint::parse(head.uri.path())?;
        if let (Endpoint::Token, Access::Token(service)) = (&endpoint, &options.access) {
            return token::answer(service, &self.0.tokens, head, body).await;
        }
        let query = Query::parse(head.uri.query().unwrap_or_default().as_bytes());
        let needed = needed(&endpoint, &head.method, &query);
        let account = access::check(&options.access, &self.0.tokens, &head.headers, &needed)?;
        let call = Call {
            registry: &self.0,
            head,
            query: &query,
            account,
        };
        dispatch(&call, &endpoint, body).await
    }

    /// The names of the repositories, sorted.
    pub fn repositories(&self) -> Vec<String> {
        self.0.storage().repositories.keys().cloned().collect()
    }

    /// The tags of a repository and the digests they point to, sorted.
    pub fn tags(&self, repository: &str) -> Vec<(String, String)> {
        let storage = self.0.storage();
        let tags = storage
            .repositories
            .get(repository)
            .map(|repository| &repository.tags);
        let rows = tags.into_iter().flatten();
        rows.map(|(tag, digest)| (tag.clone(), digest.to_string()))
            .collect()
    }

    /// The digests of the manifests of a repository, tagged or not, sorted.
    pub fn manifests(&self, repository: &str) -> Vec<String> {
        let storage = self.0.storage();
        let repository = storage.repositories.get(repository);
        let manifests = repository.into_iter().flat_map(|own| own.manifests.keys());
        let mut digests: Vec<String> = manifests.map(ToString::to_string).collect();
        digests.sort_unstable();
        digests
    }

    /// How many manifests there are, counted once per repository.
    pub fn manifest_count(&self) -> usize {
        let storage = self.0.storage();
        storage
            .repositories
            .values()
            .map(|repository| repository.manifests.len())
            .sum()
    }

    /// How many different blobs there are.
    pub fn blob_count(&self) -> usize {
        self.0.storage().blob_count()
    }

    /// How many bytes the blobs have together.
    pub fn blob_bytes(&self) -> u64 {
        self.0.storage().blob_bytes()
    }

    /// How many uploads are open.
    pub fn upload_count(&self) -> usize {
        self.0.sessions.count()
    }

    /// Makes every token that was given out worthless, as if its lifetime were over.
    pub fn expire_tokens(&self) {
        self.0.tokens.expire();
    }
}

fn check_size(head: &Parts) -> Result<(), Problem> {
    let refuse = |status: StatusCode| {
        let message = "the request is too long";
        Err(Problem::new(Code::Unsupported, message).status(status))
    };
    let target = head
        .uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    let headers = head.headers.iter();
    let headers: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if target > PATH_LIMIT {
        refuse(StatusCode::URI_TOO_LONG)
    } else if headers > HEADERS_LIMIT {
        refuse(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
    } else {
        Ok(())
    }
}

/// What a request may only be made with: the scopes that distribution names in its challenges.
fn needed(endpoint: &Endpoint, method: &Method, query: &Query) -> Vec<Scope> {
    let name = match endpoint {
        Endpoint::Base | Endpoint::Token => return Vec::new(),
        Endpoint::Catalog => return vec![Scope::catalog()],
        Endpoint::Tags(name)
        | Endpoint::Manifest(name, _)
        | Endpoint::Blob(name, _)
        | Endpoint::Uploads(name)
        | Endpoint::Upload(name, _)
        | Endpoint::Referrers(name, _) => name,
    };
    let actions = match *method {
        Method::GET | Method::HEAD => Actions::PULL,
        Method::DELETE => Actions::DELETE,
        _ => Actions::PUSH,
    };
    let mut needed = vec![Scope::repository(name, actions)];
    if let Some(from) = mount_source(endpoint, query) {
        needed.push(Scope::repository(from, Actions::PULL));
    }
    needed
}

/// The repository that a blob is to be mounted from.
fn mount_source<'a>(endpoint: &Endpoint, query: &'a Query) -> Option<&'a str> {
    let mounting = matches!(endpoint, Endpoint::Uploads(_)) && query.first("mount").is_some();
    let from = query.first("from").filter(|_| mounting);
    from.filter(|from| grammar::is_repository(from))
}

async fn dispatch(call: &Call<'_>, endpoint: &Endpoint, body: Body) -> Answer {
    let (get, method) = (Method::GET, &call.head.method);
    let method = if method == Method::HEAD { &get } else { method };
    match (endpoint, method.as_str()) {
        (Endpoint::Base, "GET") => Ok(answer::json(StatusCode::OK, &serde_json::json!({}))),
        (Endpoint::Catalog, "GET") => list::catalog(call),
        (Endpoint::Tags(name), "GET") => list::tags(call, name),
        (Endpoint::Manifest(name, target), "GET") => manifest::get(call, name, target),
        (Endpoint::Manifest(name, target), "PUT") => manifest::put(call, name, target, body).await,
        (Endpoint::Manifest(name, target), "DELETE") => manifest::delete(call, name, target),
        (Endpoint::Blob(name, digest), "GET") => blob::get(call, name, digest),
        (Endpoint::Blob(name, digest), "DELETE") => blob::delete(call, name, digest),
        (Endpoint::Uploads(name), "POST") => upload::begin(call, name, body).await,
        (Endpoint::Upload(name, id), "GET") => upload::status(call, name, id),
        (Endpoint::Upload(name, id), "PATCH") => upload::append(call, name, id, body).await,
        (Endpoint::Upload(name, id), "PUT") => upload::complete(call, name, id, body).await,
        (Endpoint::Upload(name, id), "DELETE") => upload::cancel(call, name, id),
        (Endpoint::Referrers(name, digest), "GET") => referrers::list(call, name, digest),
        (Endpoint::Token, _) => Err(not_found()),
        _ => Err(unsupported("the method is not known here").header(ALLOW, endpoint.allow())),
    }
}

fn unsupported(message: &str) -> Problem {
    Problem::new(Code::Unsupported, message)
}

fn not_found() -> Problem {
    Problem::new(Code::Unknown, "page not found").status(StatusCode::NOT_FOUND)
}
