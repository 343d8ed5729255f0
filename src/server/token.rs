//! The token service: credentials in, random tokens out, held in memory with what they grant.
//!
//! Source: CNCF distribution, `auth/token.md` (GET) and `auth/oauth.md` (POST). For tests and
//! demonstrations.

use crate::server::access::{self, Account, Anonymous, TokenService, User};
use crate::server::answer::{self, Answer};
use crate::server::body::Body;
use crate::server::problem::{Code, Problem};
use crate::server::query::Query;
use crate::server::random;
use crate::server::scope::{self, Actions, Resource, Scope};
use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const FORM_LIMIT: u64 = 64 * 1024;

/// What a token stands for.
#[derive(Clone)]
pub(super) struct Grant {
    pub(super) account: Account,
    pub(super) scopes: Vec<Scope>,
    expires: Instant,
}

#[derive(Default)]
struct Issued {
    tokens: HashMap<String, Grant>,
    /// Refresh tokens and the users they were given to.
    refresh: HashMap<String, String>,
}

/// The tokens that were given out.
#[derive(Default)]
pub(super) struct Tokens(Mutex<Issued>);

impl Tokens {
    fn issued(&self) -> MutexGuard<'_, Issued> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a token grants, unless it is unknown or has expired.
    pub(super) fn find(&self, token: &str) -> Option<Grant> {
        let issued = self.issued();
        let grant = issued.tokens.get(token)?;
        (Instant::now() < grant.expires).then(|| grant.clone())
    }

    /// Makes every token worthless from now on; refresh tokens stay.
    pub(super) fn expire(&self) {
        self.issued().tokens.clear();
    }

    fn issue(
        &self,
        account: Account,
        scopes: Vec<Scope>,
        lifetime: Duration,
    ) -> Result<String, Problem> {
        let token = random::id()?;
        let now = Instant::now();
        let grant = Grant {
            account,
            scopes,
            expires: now.checked_add(lifetime).unwrap_or(now),
        };
        let mut issued = self.issued();
        issued.tokens.retain(|_, grant| now < grant.expires);
        issued.tokens.insert(token.clone(), grant);
        Ok(token)
    }

    fn issue_refresh(&self, user: &User) -> Result<String, Problem> {
        let token = random::id()?;
        self.issued()
            .refresh
            .insert(token.clone(), user.name.clone());
        Ok(token)
    }

    fn refreshed(&self, token: &str) -> Option<String> {
        self.issued().refresh.get(token).cloned()
    }
}

/// What a client asked the service for.
struct Wanted<'a> {
    user: Option<&'a User>,
    scopes: Vec<Scope>,
    offline: bool,
    /// Whether the answer is the OAuth 2 one.
    oauth2: bool,
}

/// Answers a request for a token.
pub(super) async fn answer(
    service: &TokenService,
    tokens: &Tokens,
    head: &Parts,
    body: Body,
) -> Answer {
    match head.method {
        Method::GET => by_query(service, tokens, head),
        Method::POST if service.oauth2 => by_form(service, tokens, body).await,
        _ => Err(Problem::new(
            Code::Unsupported,
            "the token service does not know this method",
        )),
    }
}

fn by_query(service: &TokenService, tokens: &Tokens, head: &Parts) -> Answer {
    let query = Query::parse(head.uri.query().unwrap_or_default().as_bytes());
    check_service(service, &query)?;
    let user = if head.headers.contains_key(http::header::AUTHORIZATION) {
        let (name, password) = access::basic(&head.headers).ok_or_else(access::unauthenticated)?;
        Some(user(service, &name, &password)?)
    } else {
        None
    };
    let wanted = Wanted {
        user,
        scopes: scopes(&query),
        offline: query.first("offline_token") == Some("true"),
        oauth2: false,
    };
    give(service, tokens, &wanted)
}

async fn by_form(service: &TokenService, tokens: &Tokens, body: Body) -> Answer {
    let form = Query::parse(&body.within(FORM_LIMIT).collect().await?);
    check_service(service, &form)?;
    let field = |name| form.first(name).unwrap_or_default();
    let user = match field("grant_type") {
        "password" => user(service, field("username"), field("password").as_bytes())?,
        "refresh_token" => {
            let name = tokens.refreshed(field("refresh_token"));
            let known = service
                .users
                .iter()
                .find(|user| Some(&user.name) == name.as_ref());
            known.ok_or_else(access::unauthenticated)?
        }
        _ => return Err(bad_request("the grant type is not known")),
    };
    let wanted = Wanted {
        user: Some(user),
        scopes: scopes(&form),
        offline: field("access_type") == "offline",
        oauth2: true,
    };
    give(service, tokens, &wanted)
}

fn user<'a>(service: &'a TokenService, name: &str, password: &[u8]) -> Result<&'a User, Problem> {
    access::find(&service.users, name, password).ok_or_else(access::unauthenticated)
}

fn check_service(service: &TokenService, query: &Query) -> Result<(), Problem> {
    match query.first("service") {
        Some(name) if name != service.service => Err(bad_request("the service is not known")),
        _ => Ok(()),
    }
}

fn bad_request(message: &str) -> Problem {
    Problem::new(Code::Unsupported, message).status(StatusCode::BAD_REQUEST)
}

/// The scopes that are asked for: several parameters, and several scopes in each.
fn scopes(query: &Query) -> Vec<Scope> {
    let texts = query.all("scope").flat_map(|text| text.split(' '));
    texts.filter_map(Scope::parse).collect()
}

/// A token for what of the wanted may be granted, which may be less than was asked for.
fn give(service: &TokenService, tokens: &Tokens, wanted: &Wanted<'_>) -> Answer {
    if wanted.user.is_none() && service.anonymous == Anonymous::Nothing {
        return Err(access::unauthenticated());
    }
    let granted: Vec<Scope> = wanted
        .scopes
        .iter()
        .filter_map(|scope| grant(wanted.user, scope))
        .collect();
    let account = wanted.user.map(|user| user.name.clone());
    let scope_text = scope::join(&granted);
    let token = tokens.issue(account, granted, service.lifetime)?;
    let mut body = json!({"access_token": token, "expires_in": service.lifetime.as_secs()});
    if wanted.oauth2 {
        body["scope"] = scope_text.into();
    } else {
        body["token"] = token.into();
    }
    if let Some(user) = wanted.user.filter(|_| wanted.offline) {
        body["refresh_token"] = tokens.issue_refresh(user)?.into();
    }
    Ok(answer::json(StatusCode::OK, &body))
}

fn grant(user: Option<&User>, wanted: &Scope) -> Option<Scope> {
    let actions = match (user, &wanted.resource) {
        (Some(user), _) => user.grant(wanted),
        (None, Resource::Repository(_)) => wanted.actions.intersection(Actions::PULL),
        (None, Resource::Catalog) => Actions::NONE,
    };
    let resource = wanted.resource.clone();
    (actions != Actions::NONE).then_some(Scope { resource, actions })
}
