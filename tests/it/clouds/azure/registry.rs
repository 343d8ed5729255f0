//! A registry as Azure runs it: it trades tokens of Entra's for refresh tokens, and those for
//! access tokens. No answer says how long they are good; they do.

use super::ENTRA;
use crate::clouds::world::Asked;
use crate::lab::{Node, spawn, wait_for, wire};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use crossdock::transport::{BoxError, ByteStream};
use futures_util::{StreamExt as _, stream};
use http::{Request, Response};
use serde_json::{Value, json};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// A registry of Azure's. Clones are one.
#[derive(Clone)]
pub(super) struct Acr {
    pub(super) address: String,
    host: String,
    node: Arc<Node>,
    anonymous: bool,
    strangers: bool,
    asked: Arc<Mutex<Vec<Asked>>>,
    issued: Arc<Mutex<Vec<String>>>,
}

impl Acr {
    /// One that calls itself `host` and keeps its content in `node`.
    pub(super) fn new(host: &str, node: &Arc<Node>) -> Self {
        Self {
            address: String::new(),
            host: host.to_owned(),
            node: Arc::clone(node),
            anonymous: false,
            strangers: false,
            asked: Arc::default(),
            issued: Arc::default(),
        }
    }

    /// Everybody may pull.
    pub(super) fn anonymous(self) -> Self {
        Self {
            anonymous: true,
            ..self
        }
    }

    /// Nobody has a role.
    pub(super) fn strangers(self) -> Self {
        Self {
            strangers: true,
            ..self
        }
    }

    /// Opens it, to the end of all tests.
    pub(super) fn open(mut self) -> Self {
        let listener = wait_for(TcpListener::bind("127.0.0.1:0")).unwrap();
        self.address = listener.local_addr().unwrap().to_string();
        let serving = self.clone();
        spawn(async move {
            let accepted = AtomicUsize::new(0);
            wire::serve(listener, &accepted, move |request, _| {
                serving.clone().answer(request)
            })
            .await;
        });
        self
    }

    /// The requests for tokens so far.
    pub(super) fn asked(&self, path: &str) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap();
        let asked = asked.iter().filter(|asked| {
            let end = asked.target.find('?').unwrap_or(asked.target.len());
            &asked.target[..end] == path
        });
        asked.cloned().collect()
    }

    /// The tokens that were given out.
    pub(super) fn issued(&self) -> Vec<String> {
        self.issued.lock().unwrap().clone()
    }

    async fn answer(self, request: Request<ByteStream>) -> Result<Response<ByteStream>, BoxError> {
        let path = request.uri().path().to_owned();
        if path.starts_with("/oauth2/") {
            let asked = Asked::read(request).await?;
            self.asked.lock().unwrap().push(asked.clone());
            let (status, document) = match (asked.method.as_str(), path.as_str()) {
                ("POST", "/oauth2/exchange") => self.exchange(&asked),
                ("POST", "/oauth2/token") => self.refresh(&asked),
                ("GET", "/oauth2/token") if self.anonymous => (200, self.access(&asked.target)),
                _ => unauthorized(),
            };
            return Ok(reply(status, &document, None));
        }
        let method = request.method().as_str();
        let action = if matches!(method, "GET" | "HEAD") {
            "pull"
        } else {
            "push"
        };
        let repository = repository(&path);
        let token = request.headers().get("authorization");
        let token = token.and_then(|token| token.to_str().ok()?.strip_prefix("Bearer "));
        if token.is_some_and(|token| self.allows(token, repository, action)) {
            return Ok(self.node.registry.handle(request).await);
        }
        let error = token.map_or("", |_| ",error=\"insufficient_scope\"");
        let actions = if action == "push" {
            "pull,push"
        } else {
            "pull"
        };
        let challenge = format!(
            "Bearer realm=\"https://{0}/oauth2/token\",service=\"{0}\",scope=\"repository:{repository}:{actions}\"{error}",
            self.host
        );
        let (status, document) = unauthorized();
        Ok(reply(status, &document, Some(&challenge)))
    }

    fn exchange(&self, asked: &Asked) -> (u16, Value) {
        let is_right = asked.field("grant_type") == "access_token"
            && asked.field("service") == self.host
            && asked.field("access_token") == ENTRA;
        if is_right && !self.strangers {
            let token = self.issue(json!({"grant_type": "refresh_token"}), 10_800);
            (200, json!({"refresh_token": token}))
        } else {
            unauthorized()
        }
    }

    fn refresh(&self, asked: &Asked) -> (u16, Value) {
        let token = asked.field("refresh_token");
        let is_right = asked.field("grant_type") == "refresh_token"
            && asked.field("service") == self.host
            && self.issued().contains(&token)
            && claims(&token)["grant_type"] == "refresh_token";
        if is_right {
            (200, self.access(&asked.field("scope")))
        } else {
            unauthorized()
        }
    }

    fn access(&self, scope: &str) -> Value {
        let scope = percent_encoding::percent_decode_str(scope).decode_utf8_lossy();
        let token = self.issue(json!({"grant_type": "access_token", "scope": scope}), 4500);
        json!({"access_token": token})
    }

    fn issue(&self, mut claims: Value, lifetime: u64) -> String {
        let mut issued = self.issued.lock().unwrap();
        claims["jti"] = issued.len().into();
        claims["iat"] = 1_780_000_000.into();
        claims["exp"] = (1_780_000_000 + lifetime).into();
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()));
        issued.push(token.clone());
        token
    }

    fn allows(&self, token: &str, repository: &str, action: &str) -> bool {
        let scope = &claims(token)["scope"];
        let scope = scope.as_str().unwrap_or_default();
        self.issued().iter().any(|issued| issued == token)
            && scope.contains(&format!("repository:{repository}:"))
            && scope.contains(action)
    }
}

fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap_or_default();
    let claims = URL_SAFE_NO_PAD.decode(claims).unwrap_or_default();
    serde_json::from_slice(&claims).unwrap_or_default()
}

fn repository(path: &str) -> &str {
    let rest = path.strip_prefix("/v2/").unwrap_or_default();
    let ends = ["/manifests/", "/blobs/", "/tags/", "/referrers/"];
    let end = ends.iter().filter_map(|end| rest.find(end)).min();
    &rest[..end.unwrap_or(rest.len())]
}

/// As Azure says it.
fn unauthorized() -> (u16, Value) {
    let message =
        "authentication required, visit https://aka.ms/acr/authorization for more information.";
    let error = json!({"code": "UNAUTHORIZED", "message": message, "detail": null});
    (401, json!({"errors": [error]}))
}

fn reply(status: u16, document: &Value, challenge: Option<&str>) -> Response<ByteStream> {
    let body = Bytes::from(document.to_string());
    let mut response = Response::builder()
        .status(status)
        .header("content-type", "application/json; charset=utf-8")
        .header("content-length", body.len());
    if let Some(challenge) = challenge {
        response = response.header("www-authenticate", challenge);
    }
    response
        .body(stream::once(async move { Ok(body) }).boxed())
        .unwrap()
}
