//! How a machine's identity takes part, as a script of a registry sees it.

#![allow(clippy::unwrap_used)]

mod asking;
mod expiry;

use super::{Address, Client, Source};
use crate::auth::Authenticator;
use crate::auth::chain::Chain;
use crate::auth::credential::{Credential, CredentialError, Found};
use crate::auth::identity::{Effort, Identities};
use crate::oci::digest::sha256;
use crate::oci::reference::{Host, RepositoryName, Target};
use crate::oci::{Descriptor, MediaType};
use crate::transport::client::{HostSettings, Settings};
use crate::transport::observe::{Exchange, Observer};
use crate::transport::script::{Script, Sent};
use crate::transport::secret::Secret;
use crate::transport::{BoxError, ByteStream, Transport};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What Amazon ECR says of a password that is twelve hours old.
const EXPIRED: &str = r#"{"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}]}"#;
const DENIED: &str = r#"{"errors":[{"code":"DENIED","message":"not yours"}]}"#;

/// The machine: `m1`, and once that is forgotten `m2`, and so on.
struct Machine {
    made: AtomicUsize,
    /// Whether it is known without asking anybody.
    is_evident: bool,
    is_broken: bool,
    /// How long it takes.
    delay: Duration,
    /// Whether it is nobody.
    is_nobody: bool,
    /// Whether a new one is another one.
    is_renewable: bool,
    efforts: Mutex<Vec<Effort>>,
}

impl Machine {
    fn new(is_evident: bool) -> Self {
        Self {
            made: AtomicUsize::new(1),
            is_evident,
            is_broken: false,
            delay: Duration::ZERO,
            is_nobody: false,
            is_renewable: true,
            efforts: Mutex::default(),
        }
    }
}

#[async_trait]
impl Identities for Machine {
    async fn identity(&self, _: &Host, effort: Effort) -> Result<Option<Found>, CredentialError> {
        self.efforts.lock().unwrap().push(effort);
        tokio::time::sleep(self.delay).await;
        if self.is_nobody || (!self.is_evident && effort == Effort::Evident) {
            return Ok(None);
        }
        if self.is_broken {
            return Err(CredentialError::Identity {
                kind: "Amazon ECR",
                source: "the AWS profile `dev`: the session has expired".into(),
            });
        }
        let name = format!("m{}", self.made.load(Ordering::SeqCst));
        Ok(Some(Found {
            credential: Credential::password(&name, Secret::new("secret")).unwrap(),
            origin: format!("the machine {name}"),
        }))
    }

    async fn evident(&self, _: &Host, _: Effort) -> Option<String> {
        let is_known = self.is_evident && !self.is_nobody;
        is_known.then(|| "the machine m1".to_owned())
    }

    fn forget(&self, _: &Host, rejected: &Credential) {
        let name = format!("m{}", self.made.load(Ordering::SeqCst));
        let is_it = matches!(rejected, Credential::Password { username, .. } if *username == name);
        if is_it && self.is_renewable {
            self.made.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// What a registry answers: the right thing, or this status and body.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Yes,
    No(u16, &'static str),
}

use Answer::{No, Yes};

/// A registry, the machine that asks it, and all that was said.
struct Scene {
    client: Client,
    machine: Arc<Machine>,
    log: Arc<Mutex<Vec<String>>>,
    warnings: Arc<Warnings>,
}

#[derive(Default)]
struct Warnings(Mutex<Vec<String>>);

impl Observer for Warnings {
    fn exchange(&self, _: &Exchange<'_>) {}
    fn waiting(&self, _: &str, _: &str, _: Duration) {}
    fn warning(&self, _: &str, text: &str) {
        let mut told = self.0.lock().unwrap();
        if !told.iter().any(|known| known == text) {
            told.push(text.to_owned());
        }
    }
}

/// Who asks: `m1` by its password, `T-m1` by a token, `-` without a word.
fn who(sent: &Sent) -> String {
    let Some(value) = sent.headers.get("authorization") else {
        return "-".to_owned();
    };
    let (scheme, rest) = value.to_str().unwrap().split_once(' ').unwrap();
    if scheme == "Bearer" {
        return rest.to_owned();
    }
    let pair = String::from_utf8(STANDARD.decode(rest).unwrap()).unwrap();
    pair.split_once(':').unwrap().0.to_owned()
}

fn response(status: u16, body: &str) -> http::Response<Bytes> {
    let response = http::Response::builder().status(status);
    response.body(Bytes::from(body.to_owned())).unwrap()
}

/// The right answer to whoever may ask.
fn right(what: &str, who: &str) -> http::Response<Bytes> {
    let manifest = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
    match what {
        "token" => response(200, &format!(r#"{{"token":"T-{who}","expires_in":3600}}"#)),
        "begin" => {
            let mut begun = response(202, "");
            let location = "/v2/team/app/blobs/uploads/1".parse().unwrap();
            begun.headers_mut().insert("location", location);
            begun
        }
        "PUT" => response(201, ""),
        "HEAD" => response(200, ""),
        "ask" => {
            let mut told = response(204, "");
            let range = "0-0".parse().unwrap();
            told.headers_mut().insert("range", range);
            told
        }
        _ => response(200, manifest),
    }
}

/// What a request is: `token`, `begin` and `ask` (an upload), or its method.
fn what(sent: &Sent) -> &str {
    let path = sent.url.path();
    match sent.method.as_str() {
        _ if path == "/token" => "token",
        "POST" => "begin",
        "GET" if path.contains("/uploads/") => "ask",
        method => method,
    }
}

impl Scene {
    /// A registry with this form of challenge that answers as `answers` says of what and who.
    fn new(
        is_bearer: bool,
        machine: Machine,
        answers: impl Fn(&str, &str) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let address = Address::new("a.io".parse().unwrap(), false, Vec::new());
        Self::at(address, is_bearer, machine, answers)
    }

    fn at(
        address: Address,
        is_bearer: bool,
        machine: Machine,
        answers: impl Fn(&str, &str) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let bearer = r#"Bearer realm="https://a.io/token",service="a.io""#;
        let challenge = if is_bearer { bearer } else { "Basic realm=x" };
        Self::challenged(address, challenge, machine, answers)
    }

    fn challenged(
        address: Address,
        challenge: &'static str,
        machine: Machine,
        answers: impl Fn(&str, &str) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let (log, warnings) = (
            Arc::<Mutex<Vec<String>>>::default(),
            Arc::<Warnings>::default(),
        );
        let logged = Arc::clone(&log);
        let script = Script::new(move |sent| {
            let (what, who) = (what(&sent), who(&sent));
            logged.lock().unwrap().push(format!("{what} {who}"));
            let is_challenge = what != "token" && who == "-";
            let answer = if is_challenge {
                No(401, "")
            } else {
                answers(what, &who)
            };
            let No(status, body) = answer else {
                return right(what, &who);
            };
            let mut refused = response(status, if what == "HEAD" { "" } else { body });
            if status == 401 && what != "token" {
                let challenge = challenge.parse().unwrap();
                refused.headers_mut().insert("www-authenticate", challenge);
            }
            refused
        });
        let mut settings = Settings {
            script: Some(script),
            ..Settings::default()
        };
        settings.retry.attempts = 1;
        let unverified = HostSettings {
            insecure: true,
            ..HostSettings::default()
        };
        for host in ["unverified.io", "unverified.a.io"] {
            settings.hosts.insert(host.to_owned(), unverified.clone());
        }
        let observer: Arc<dyn Observer> = warnings.clone();
        let transport = Arc::new(Transport::new(settings, observer));
        let machine = Arc::new(machine);
        let auth = Authenticator::new(Arc::clone(&transport), Arc::new(Chain::new(Vec::new())));
        let auth = Arc::new(auth.with_identities(machine.clone()));
        Self {
            client: Client::new(address, transport, auth),
            machine,
            log,
            warnings,
        }
    }

    async fn read(&self) -> Result<(), String> {
        let target = Target::Tag("v1".parse().unwrap());
        let read = self.client.get_manifest(&name(), &target).await;
        read.map(drop).map_err(whole)
    }

    async fn write(&self) -> Result<(), String> {
        let blob = Descriptor::new(MediaType::ImageLayer, 5, sha256(b"bytes"));
        let name = name();
        let sent = self.client.ensure_blob(&name, &blob, &Five, &[], false);
        sent.await.map(drop).map_err(whole)
    }

    /// What was asked since the last time.
    fn asked(&self) -> String {
        std::mem::take(&mut *self.log.lock().unwrap()).join(", ")
    }

    fn warned(&self) -> String {
        self.warnings.0.lock().unwrap().join("\n")
    }

    fn efforts(&self) -> Vec<Effort> {
        let mut efforts = self.machine.efforts.lock().unwrap().clone();
        efforts.dedup();
        efforts
    }
}

fn name() -> RepositoryName {
    "team/app".parse().unwrap()
}

/// An error with its causes.
fn whole(error: super::Error) -> String {
    format!("{:#}", anyhow::Error::new(error))
}

/// Five bytes.
struct Five;

#[async_trait]
impl Source for Five {
    async fn prepare(&self) {}

    async fn open(&self, offset: u64) -> Result<ByteStream, BoxError> {
        let left = Bytes::from_static(b"bytes").slice(usize::try_from(offset)?..);
        Ok(futures_util::stream::iter([Ok(left)]).boxed())
    }
}
