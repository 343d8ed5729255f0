//! A world in which hosts have the names that they have in a cloud.

use crate::lab::{Lab, Run, spawn, wait_for, wire};
use crate::tls::certificates::Authority;
use crate::tls::front::{Front, Port};
use crate::tls::proxy::Proxy;
use bytes::Bytes;
use crossdock::transport::ByteStream;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::{HeaderMap, Response};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// Hosts with names, a proxy that leads to them, and a user behind it.
pub(crate) struct World {
    pub(crate) lab: Lab,
    authority: Authority,
    fronts: Vec<(String, Front)>,
}

/// A service that a test makes up. Clones are one service.
#[derive(Clone)]
pub(crate) struct Service {
    /// `127.0.0.1:PORT`, where it is spoken to in plain HTTP.
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// What a service was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// The path, with what follows the `?`.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What a service answers.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl World {
    /// A world with the registries of `lab`, which have no names yet.
    pub(crate) fn new(lab: Lab) -> Self {
        Self {
            lab,
            authority: Authority::new("world"),
            fronts: Vec::new(),
        }
    }

    /// Lets `host` be the registry `node` of the lab.
    pub(crate) fn registry(self, host: &str, node: &str) -> Self {
        let address = self.lab.address(node).to_owned();
        self.named(host, &address)
    }

    /// Lets `host` be this service.
    pub(crate) fn service(self, host: &str, service: &Service) -> Self {
        self.named(host, &service.address)
    }

    /// Lets `host` be whoever is at `address`, in plain HTTP.
    pub(crate) fn named(mut self, host: &str, address: &str) -> Self {
        let certificate = self.authority.server(&[host]);
        let front = Port::take().front(&certificate, address);
        self.fronts.push((host.to_owned(), front));
        self
    }

    /// A proxy that leads to the hosts with names. It has to outlive the run.
    pub(crate) fn proxy(&self) -> Proxy {
        let fronts = self.fronts.iter();
        let places = fronts.map(|(host, front)| (format!("{host}:443"), front.address()));
        Proxy::to(places.collect::<Vec<_>>())
    }

    /// A run of the binary that gets everywhere through `proxy`, and trusts the hosts with names.
    pub(crate) fn run<A: AsRef<str>>(
        &self,
        proxy: &Proxy,
        args: impl IntoIterator<Item = A>,
    ) -> Run {
        let ca = self.lab.home.write("work/world.pem", &self.authority.pem);
        self.lab
            .run(args)
            .env("HTTPS_PROXY", format!("http://{}", proxy.address()))
            .env("CROSSDOCK_CA_CERT", ca)
    }
}

impl Service {
    /// A service that answers with what `answer` says.
    pub(crate) fn new(answer: impl Fn(&Asked) -> Reply + Clone + Send + Sync + 'static) -> Self {
        Self::waiting(move |asked| std::future::ready(answer(&asked)))
    }

    /// The same, whose answers take waiting for.
    pub(crate) fn waiting<F>(answer: impl Fn(Asked) -> F + Clone + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        let listener = wait_for(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::default();
        let service = Self { address, asked };
        let serving = service.clone();
        spawn(async move {
            let accepted = AtomicUsize::new(0);
            wire::serve(listener, &accepted, move |request, _| {
                let (serving, answer) = (serving.clone(), answer.clone());
                async move {
                    let asked = Asked::read(request).await?;
                    serving.asked.lock().unwrap().push(asked.clone());
                    Ok(answer(asked).await.response())
                }
            })
            .await;
        });
        service
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Asked {
    pub(crate) async fn read(
        request: http::Request<ByteStream>,
    ) -> Result<Self, crossdock::transport::BoxError> {
        let (head, mut body) = request.into_parts();
        let mut bytes = Vec::new();
        while let Some(chunk) = body.try_next().await? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(Self {
            method: head.method.to_string(),
            target: head.uri.path_and_query().unwrap().to_string(),
            headers: head.headers,
            body: bytes.into(),
        })
    }

    /// A header as text, empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    /// A field of the form in its body, empty where there is none.
    pub(crate) fn field(&self, name: &str) -> String {
        let mut fields = url::form_urlencoded::parse(&self.body);
        let found = fields.find(|(field, _)| field == name);
        found.map_or_else(String::new, |(_, value)| value.into_owned())
    }
}

impl Reply {
    /// A JSON document.
    pub(crate) fn json(status: u16, document: &serde_json::Value) -> Self {
        Self::text(status, "application/json", document.to_string())
    }

    /// A text of this media type.
    pub(crate) fn text(status: u16, media_type: &str, text: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), media_type.to_owned())],
            body: text.into(),
        }
    }

    /// The same with another header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn response(self) -> Response<ByteStream> {
        let mut response = Response::builder()
            .status(self.status)
            .header("content-length", self.body.len());
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let body = stream::once(async move { Ok(self.body) }).boxed();
        response.body(body).unwrap()
    }
}

#[test]
fn a_registry_of_a_cloud_is_reached_by_its_name() {
    let world = World::new(Lab::new()).registry("registry.example.com", "src");
    let image = crate::lab::Image::small(1);
    world.lab.push("src.lab/app:v1", &image);
    let proxy = world.proxy();
    let run = world.run(&proxy, ["digest", "registry.example.com/app:v1"]);
    run.stdout(format!("{}\n", image.digest())).code(0);
    assert!(proxy.heads()[0].starts_with("CONNECT registry.example.com:443 "));
}

#[test]
fn a_service_is_made_up() {
    let service = Service::new(|asked| match asked.field("who").as_str() {
        "me" => Reply::json(200, &serde_json::json!({"hello": "me"})).with("x-seen", "yes"),
        _ => Reply::text(403, "text/plain", "who?"),
    });
    let world = World::new(Lab::empty()).service("registry.example.com", &service);
    let proxy = world.proxy();
    let run = world.run(&proxy, ["digest", "registry.example.com/app:v1"]);
    run.stderr_has("denied (403").code(4);
    let asked = service.asked();
    assert_eq!(asked[0].method, "HEAD");
    assert_eq!(asked[0].target, "/v2/app/manifests/v1");
    assert!(asked[0].header("user-agent").starts_with("crossdock/"));
}
