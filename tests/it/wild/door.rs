//! The door of a registry: who comes in with which token, as in one kind of registry. What is let
//! in goes to a registry behind it that lets in everybody.

use super::customs::{Custom, Denial, Login, Named, Tokens};
use super::right::{Right, fits, read, rights, scope};
use crate::lab::{spawn, wait_for, wire};
use bytes::Bytes;
use crossdock::transport::{BoxError, ByteStream};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::request::Parts;
use http::{Request, Response, Uri};
use http_body_util::{BodyDataStream, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};

/// What is wrong with a token that nobody gave.
const INVALID: &str = "invalid_token";

/// A door on a port of its own. Clones are one door.
#[derive(Clone)]
pub(crate) struct Door {
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    behind: String,
    custom: Arc<Custom>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    log: Mutex<Vec<String>>,
    /// What each token is good for.
    tokens: Mutex<HashMap<String, Vec<Right>>>,
}

impl Door {
    /// A door to the registry at `behind`, `127.0.0.1:PORT`.
    pub(crate) fn to(behind: &str, custom: Custom) -> Self {
        let listener = wait_for(TcpListener::bind("127.0.0.1:0")).unwrap();
        let door = Self {
            address: listener.local_addr().unwrap().to_string(),
            behind: behind.to_owned(),
            custom: Arc::new(custom),
            shared: Arc::default(),
        };
        let serving = door.clone();
        spawn(async move {
            let accepted = AtomicUsize::new(0);
            wire::serve(listener, &accepted, move |request, _| {
                let door = serving.clone();
                async move { door.answer(request).await }
            })
            .await;
        });
        door
    }

    /// What was asked since this was called last, and with which status it was answered. A token is
    /// written with who wanted it, and what for: `token ann repository:team/app:pull 200`.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.log.lock().unwrap())
    }

    async fn answer(&self, request: Request<ByteStream>) -> Result<Response<ByteStream>, BoxError> {
        let (head, body) = request.into_parts();
        let body: Vec<Bytes> = body.try_collect().await?;
        let body = Bytes::from(body.concat());
        let tokens = self.custom.tokens();
        let (what, response) = match tokens.filter(|tokens| head.uri.path() == tokens.path) {
            Some(tokens) => self.token(tokens, &head, &body),
            None => (described(&head), self.registry(head, body).await?),
        };
        let line = format!("{what} {}", response.status().as_u16());
        self.shared.log.lock().unwrap().push(line);
        Ok(response)
    }

    async fn registry(&self, head: Parts, body: Bytes) -> Result<Response<ByteStream>, BoxError> {
        let mut head = head;
        match self.verdict(&head) {
            Verdict::In => self.forward(head, body).await,
            Verdict::WithoutMount => {
                head.uri = Uri::try_from(head.uri.path())?;
                self.forward(head, body).await
            }
            Verdict::Out(response) => Ok(*response),
        }
    }

    async fn forward(&self, head: Parts, body: Bytes) -> Result<Response<ByteStream>, BoxError> {
        let stream = TcpStream::connect(&self.behind).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        spawn(async move {
            let _ = connection.await;
        });
        let mut request = Request::from_parts(head, Full::new(body));
        request.headers_mut().remove("authorization");
        let response = sender.send_request(request).await?;
        Ok(response.map(|body| BodyDataStream::new(body).map_err(BoxError::from).boxed()))
    }

    /// Whether this request is let in.
    fn verdict(&self, head: &Parts) -> Verdict {
        let (own, from) = (self.needed(head), source_of(head));
        let all = [own.clone(), from.clone()].concat();
        let rights = match self.rights_of(head) {
            Err(problem) => return Verdict::out(self.challenge(head, &all, problem)),
            Ok(rights) => rights,
        };
        let has = |right: &Right| {
            let mut same = rights
                .iter()
                .filter(|r| [&right.name, "*"].contains(&&*r.name));
            same.any(|r| [&right.action, "*"].contains(&&*r.action))
        };
        if !own.iter().all(has) {
            return Verdict::out(self.denial(head, &all));
        }
        if from.iter().all(has) {
            return Verdict::In;
        }
        if self.custom.refuses_mounts {
            return Verdict::out(self.denial(head, &all));
        }
        Verdict::WithoutMount
    }

    fn denial(&self, head: &Parts, needed: &[Right]) -> Response<ByteStream> {
        match self.custom.denial {
            Denial::Denied(message) => {
                let error = json!({"errors": [{"code": "DENIED", "message": message}]});
                answer(403, &error)
            }
            Denial::Challenge => self.challenge(head, needed, "insufficient_scope"),
        }
    }

    /// What the bearer may do, or what is wrong with who comes.
    fn rights_of(&self, head: &Parts) -> Result<Vec<Right>, &'static str> {
        let header = head.headers.get("authorization");
        let Some(text) = header.and_then(|value| value.to_str().ok()) else {
            return Err("");
        };
        match (&self.custom.login, text.split_once(' ')) {
            (Login::Basic(_), Some(("Basic", pair))) => rights(pair).ok_or("wrong"),
            (Login::Tokens(_), Some(("Bearer", token))) => {
                let known = self.shared.tokens.lock().unwrap().get(token).cloned();
                known.ok_or(INVALID)
            }
            _ => Err(INVALID),
        }
    }

    /// The rights that a request takes on its own repository.
    fn needed(&self, head: &Parts) -> Vec<Right> {
        let path = head.uri.path();
        if path == "/v2/_catalog" {
            let tokens = self.custom.tokens();
            let has_no_right = tokens.is_some_and(|tokens| tokens.rights.is_some());
            let right = Right::new("catalog", "*");
            return if has_no_right {
                Vec::new()
            } else {
                vec![right]
            };
        }
        let Some(name) = repository(path) else {
            return Vec::new();
        };
        let actions = match head.method.as_str() {
            "GET" | "HEAD" => "pull",
            "DELETE" if !path.contains("/uploads/") => self.custom.removal.unwrap_or("*"),
            _ => "pull,push",
        };
        let actions = actions.split(',');
        actions.map(|action| Right::new(name, action)).collect()
    }

    fn challenge(&self, head: &Parts, needed: &[Right], problem: &str) -> Response<ByteStream> {
        let tokens = match &self.custom.login {
            Login::Basic(challenge) => {
                let response = answer(401, &Value::Null);
                return with(response, "www-authenticate", challenge);
            }
            Login::Tokens(tokens) => tokens,
        };
        let error =
            json!({"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]});
        if problem == INVALID && !tokens.is_told_anew {
            return answer(401, &error);
        }
        let is_ping = head.uri.path() == "/v2/";
        let service = tokens
            .service
            .filter(|_| !is_ping || tokens.ping_names_service);
        let scope = match tokens.scope {
            Named::Rightly => scope(needed),
            Named::Not => String::new(),
            Named::As(text) => text.to_owned(),
        };
        let realm = format!("http://{}{}", self.address, tokens.path);
        let parameters = [
            ("realm", realm.as_str()),
            ("service", service.unwrap_or_default()),
            ("scope", &scope),
            ("error", problem),
        ];
        let parameters = parameters.iter().filter(|(_, value)| !value.is_empty());
        let parameters = parameters.map(|(name, value)| format!("{name}=\"{value}\""));
        let parameters = parameters.collect::<Vec<_>>().join(",");
        let challenge = format!("Bearer {parameters}");
        with(answer(401, &error), "www-authenticate", &challenge)
    }

    /// The token service.
    fn token(&self, tokens: &Tokens, head: &Parts, body: &Bytes) -> (String, Response<ByteStream>) {
        let form = head.method == "POST";
        let text = if form {
            std::str::from_utf8(body).unwrap().to_owned()
        } else {
            head.uri.query().unwrap_or_default().to_owned()
        };
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(text.as_bytes())
            .into_owned()
            .collect();
        let of = |name: &str| {
            let found = fields.iter().filter(|(field, _)| field == name);
            found.map(|(_, value)| value.clone()).collect::<Vec<_>>()
        };
        let basic = head.headers.get("authorization");
        let basic = basic.and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
        let who = of("account").first().cloned();
        let who = who.unwrap_or_else(|| "nobody".to_owned());
        let what = format!("token {who} {}", of("scope").join(" & "));
        let what = what.trim_end().to_owned();
        let response = if form && !tokens.posts {
            answer(405, &Value::Null)
        } else {
            self.granted(tokens, basic, &of("scope"))
        };
        (what, response)
    }

    fn granted(
        &self,
        tokens: &Tokens,
        basic: Option<&str>,
        scopes: &[String],
    ) -> Response<ByteStream> {
        let is_bad = |scope: &String| tokens.rights.is_some_and(|known| !fits(scope, known));
        if scopes.iter().any(is_bad) {
            let error = json!({"errors": [{"code": "INVALID_REQUEST", "message": "Unable to decode repository and actions"}]});
            return answer(400, &error);
        }
        let rights = match (basic, &tokens.nobody) {
            (Some(pair), _) => rights(pair),
            (None, Some((status, body))) => return answer(*status, body),
            // Quay gives nobody a token for nothing.
            (None, None) if scopes.is_empty() && tokens.rights.is_some() => None,
            (None, None) => Some(Vec::new()),
        };
        let Some(rights) = rights else {
            let (status, body) = &tokens.wrong;
            return answer(*status, body);
        };
        let wanted = scopes.iter().flat_map(|scope| scope.split(' '));
        let wanted: Vec<Right> = wanted.flat_map(read).collect();
        let may = |right: &Right| {
            rights
                .iter()
                .any(|r| r.action == "*" || r.action == right.action)
        };
        let granted: Vec<Right> = wanted.into_iter().filter(may).collect();
        let mut known = self.shared.tokens.lock().unwrap();
        let token = format!("token-{}", known.len());
        // One that the registry will not know otherwise.
        let kept = if self.custom.keeps_its_word {
            token.clone()
        } else {
            token.to_uppercase()
        };
        known.insert(kept, granted);
        answer(200, &(tokens.reply)(&token))
    }
}

enum Verdict {
    In,
    WithoutMount,
    Out(Box<Response<ByteStream>>),
}

impl Verdict {
    fn out(response: Response<ByteStream>) -> Self {
        Self::Out(Box::new(response))
    }
}

fn repository(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/v2/")?;
    let ends = ["/manifests/", "/blobs/", "/tags/", "/referrers/"];
    let end = ends.iter().filter_map(|end| rest.find(end)).min()?;
    Some(&rest[..end])
}

/// The right that a mount takes on the repository that it takes from.
fn source_of(head: &Parts) -> Vec<Right> {
    let query = head.uri.query().filter(|_| head.method == "POST");
    let fields = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let from = fields.filter(|(name, _)| name == "from");
    let other = from.filter(|(_, from)| repository(head.uri.path()) != Some(from));
    other.map(|(_, from)| Right::new(&from, "pull")).collect()
}

/// Method and kind of thing: `HEAD manifest`.
fn described(head: &Parts) -> String {
    let path = head.uri.path();
    let kinds = [
        ("/blobs/uploads/", "upload"),
        ("/blobs/", "blob"),
        ("/manifests/", "manifest"),
        ("/tags/list", "tags"),
        ("/referrers/", "referrers"),
        ("/_catalog", "catalog"),
    ];
    let found = kinds.iter().find(|(part, _)| path.contains(part));
    let kind = found.map_or("ping", |(_, kind)| kind);
    let kind = if source_of(head).is_empty() {
        kind
    } else {
        "mount"
    };
    format!("{} {kind}", head.method)
}

fn answer(status: u16, body: &Value) -> Response<ByteStream> {
    let text = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let body = Bytes::from(text);
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .header("content-length", body.len())
        .body(stream::iter([Ok(body)]).boxed())
        .unwrap()
}

fn with(
    mut response: Response<ByteStream>,
    name: &'static str,
    value: &str,
) -> Response<ByteStream> {
    response.headers_mut().insert(name, value.parse().unwrap());
    response
}
