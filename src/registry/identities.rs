//! How a machine's identity takes part: who asks first, who asks then, and how often.

#![allow(clippy::unwrap_used)]

use super::{Address, Client, Source};
use crate::auth::Authenticator;
use crate::auth::chain::Chain;
use crate::auth::credential::{Credential, CredentialError, Found};
use crate::auth::identity::{Effort, Identities};
use crate::oci::digest::sha256;
use crate::oci::reference::{Host, RepositoryName, Target};
use crate::oci::{Descriptor, MediaType};
use crate::transport::client::Settings;
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
                let bearer = r#"Bearer realm="https://a.io/token",service="a.io""#;
                let challenge = if is_bearer { bearer } else { "Basic realm=x" };
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
        let observer: Arc<dyn Observer> = warnings.clone();
        let transport = Arc::new(Transport::new(settings, observer));
        let machine = Arc::new(machine);
        let auth = Authenticator::new(Arc::clone(&transport), Arc::new(Chain::new(Vec::new())));
        let auth = Arc::new(auth.with_identities(machine.clone()));
        let address = Address::new("a.io".parse().unwrap(), false, Vec::new());
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

#[tokio::test]
async fn what_everybody_may_read_is_read_without_asking_who_the_machine_is() {
    let scene = Scene::new(true, Machine::new(false), |_, _| Yes);
    scene.read().await.unwrap();
    scene.read().await.unwrap();
    assert_eq!(scene.asked(), "GET -, token -, GET T--, GET T--");
    assert_eq!(scene.efforts(), [Effort::Evident]);
}

#[tokio::test]
async fn the_machine_asks_where_nobody_is_refused_and_from_then_on() {
    let service: fn(&str, &str) -> Answer = |what, who| match (what, who) {
        ("token", "-") => No(401, DENIED),
        _ => Yes,
    };
    let insufficient: fn(&str, &str) -> Answer = |_, who| match who {
        "T--" => No(401, DENIED),
        _ => Yes,
    };
    let denied: fn(&str, &str) -> Answer = |_, who| match who {
        "T--" => No(403, DENIED),
        _ => Yes,
    };
    for (answers, asked) in [
        (service, "GET -, token -, token m1, GET T-m1"),
        (insufficient, "GET -, token -, GET T--, token m1, GET T-m1"),
        (denied, "GET -, token -, GET T--, token m1, GET T-m1"),
    ] {
        let scene = Scene::new(true, Machine::new(false), answers);
        scene.read().await.unwrap();
        assert_eq!(scene.asked(), asked);
        assert_eq!(scene.efforts(), [Effort::Evident, Effort::Thorough]);
        scene.read().await.unwrap();
        assert_eq!(scene.asked(), "GET T-m1");
        assert_eq!(scene.warned(), "");
    }
}

#[tokio::test]
async fn a_machine_that_is_nobody_costs_no_request() {
    let nobody = Machine {
        is_nobody: true,
        ..Machine::new(true)
    };
    let scene = Scene::new(true, nobody, |what, _| match what {
        "token" => Yes,
        _ => No(403, DENIED),
    });
    let failed = scene.read().await.unwrap_err();
    assert_eq!(failed, "denied (403 DENIED): not yours");
    assert_eq!(scene.asked(), "GET -, token -, GET T--");
}

#[tokio::test]
async fn a_machine_that_is_known_asks_at_once_and_so_does_one_that_writes_or_must_log_in() {
    let scene = Scene::new(true, Machine::new(true), |_, _| Yes);
    scene.read().await.unwrap();
    assert_eq!(scene.asked(), "GET -, token m1, GET T-m1");
    let scene = Scene::new(true, Machine::new(false), |_, _| Yes);
    scene.write().await.unwrap();
    assert_eq!(scene.asked(), "begin -, token m1, begin T-m1, PUT T-m1");
    assert_eq!(scene.efforts(), [Effort::Thorough]);
    let scene = Scene::new(false, Machine::new(false), |_, _| Yes);
    scene.read().await.unwrap();
    scene.read().await.unwrap();
    assert_eq!(scene.asked(), "GET -, GET m1, GET m1");
    assert_eq!(scene.efforts(), [Effort::Thorough]);
}

/// By the token service, or by the registry; once for all that is read there.
#[tokio::test]
async fn where_the_machine_is_refused_nobody_reads() {
    let by_service: fn(&str, &str) -> Answer = |what, who| match (what, who) {
        ("token", "m1") => No(403, DENIED),
        _ => Yes,
    };
    let denied: fn(&str, &str) -> Answer = |_, who| match who {
        "T-m1" => No(403, DENIED),
        _ => Yes,
    };
    let insufficient: fn(&str, &str) -> Answer = |_, who| match who {
        "T-m1" => No(401, DENIED),
        _ => Yes,
    };
    for (answers, asked, why) in [
        (
            by_service,
            "GET -, token m1, token -, GET T--",
            "a.io gives no token (403): not yours",
        ),
        (
            denied,
            "GET -, token m1, GET T-m1, token -, GET T--",
            "denied (403 DENIED): not yours",
        ),
        (
            insufficient,
            "GET -, token m1, GET T-m1, token -, GET T--",
            "not logged in, or not allowed (401 DENIED): not yours",
        ),
    ] {
        let scene = Scene::new(true, Machine::new(true), answers);
        scene.read().await.unwrap();
        assert_eq!(scene.asked(), asked);
        for _ in 0..100 {
            scene.read().await.unwrap();
        }
        assert_eq!(scene.asked(), vec!["GET T--"; 100].join(", "));
        let warning = format!("refuses the machine m1: {why}; asking as nobody");
        assert_eq!(scene.warned(), warning);
    }
}

#[tokio::test]
async fn where_nobody_is_refused_too_the_machine_is_to_blame() {
    let denied = |_: &str, who: &str| match who {
        "T-m1" => No(403, DENIED),
        "T--" => No(401, ""),
        _ => Yes,
    };
    let expected = "a.io refuses the machine m1: denied (403 DENIED): not yours";
    for (is_evident, asked) in [
        (true, "GET -, token m1, GET T-m1, token -, GET T--"),
        // Nobody was refused already, and is not asked for again.
        (false, "GET -, token -, GET T--, token m1, GET T-m1"),
    ] {
        let scene = Scene::new(true, Machine::new(is_evident), denied);
        assert_eq!(scene.read().await.unwrap_err(), expected);
        assert_eq!(scene.asked(), asked);
    }
    let scene = Scene::new(false, Machine::new(false), |_, _| No(401, DENIED));
    let failed = scene.read().await.unwrap_err();
    let expected =
        "a.io refuses the machine m1: not logged in, or not allowed (401 DENIED): not yours";
    assert_eq!(failed, expected);
    assert_eq!(scene.asked(), "GET -, GET m1");
}

#[tokio::test]
async fn a_broken_identity_stops_only_what_needs_one() {
    let broken = |is_evident| Machine {
        is_broken: true,
        ..Machine::new(is_evident)
    };
    let why = "this machine's identity for Amazon ECR cannot be used: the AWS profile `dev`: the session has expired";
    let scene = Scene::new(true, broken(true), |_, _| Yes);
    scene.read().await.unwrap();
    assert_eq!(scene.warned(), format!("{why}; asking as nobody"));
    for is_evident in [true, false] {
        let scene = Scene::new(true, broken(is_evident), |_, _| No(401, DENIED));
        let failed = scene.read().await.unwrap_err();
        assert!(failed.ends_with(why), "{failed}");
    }
    for is_bearer in [true, false] {
        let scene = Scene::new(is_bearer, broken(false), |_, _| Yes);
        let failed = scene.write().await.unwrap_err();
        assert!(failed.ends_with(why), "{failed}");
        assert_eq!(scene.asked(), "begin -");
    }
}

#[tokio::test]
async fn nobody_writes_where_the_machine_is_refused() {
    let refused: fn(&str, &str) -> Answer = |what, who| match (what, who) {
        ("token", "m1") => No(403, DENIED),
        _ => Yes,
    };
    let denied: fn(&str, &str) -> Answer = |_, who| match who {
        "T-m1" => No(403, DENIED),
        _ => Yes,
    };
    for answers in [refused, denied] {
        let scene = Scene::new(true, Machine::new(true), answers);
        scene.write().await.unwrap_err();
        let asked = scene.asked();
        assert!(
            !asked.contains("T--") && !asked.contains("token -"),
            "{asked}"
        );
        assert_eq!(scene.warned(), "");
    }
}

/// A registry whose credentials and tokens before `oldest` have expired, by this status.
fn expiring(is_bearer: bool, status: u16, body: &'static str) -> (Scene, Arc<AtomicUsize>) {
    let oldest = Arc::new(AtomicUsize::new(1));
    let known = Arc::clone(&oldest);
    let scene = Scene::new(is_bearer, Machine::new(false), move |_, who| {
        let number = who
            .rsplit('m')
            .next()
            .and_then(|number| number.parse().ok());
        match number {
            Some(number) if known.load(Ordering::SeqCst) > number => No(status, body),
            _ => Yes,
        }
    });
    (scene, oldest)
}

#[tokio::test]
async fn a_credential_that_has_expired_is_made_anew() {
    for (status, body) in [(403, EXPIRED), (401, EXPIRED), (401, "")] {
        let (scene, oldest) = expiring(false, status, body);
        scene.read().await.unwrap();
        assert_eq!(scene.asked(), "GET -, GET m1");
        oldest.store(2, Ordering::SeqCst);
        scene.read().await.unwrap();
        scene.read().await.unwrap();
        assert_eq!(scene.asked(), "GET m1, GET m2, GET m2", "{status} {body}");
        assert_eq!(scene.warned(), "");
    }
    let (scene, oldest) = expiring(true, 403, EXPIRED);
    scene.write().await.unwrap();
    oldest.store(2, Ordering::SeqCst);
    scene.asked();
    scene.write().await.unwrap();
    assert_eq!(scene.asked(), "begin T-m1, token m2, begin T-m2, PUT T-m2");
}

#[tokio::test]
async fn one_that_was_never_good_is_not_made_anew() {
    let (scene, oldest) = expiring(false, 403, EXPIRED);
    oldest.store(2, Ordering::SeqCst);
    let failed = scene.read().await.unwrap_err();
    assert!(
        failed.starts_with("a.io refuses the machine m1: "),
        "{failed}"
    );
    assert_eq!(scene.asked(), "GET -, GET m1");
}

#[tokio::test]
async fn many_who_find_it_expired_make_one_anew() {
    let (scene, oldest) = expiring(false, 403, EXPIRED);
    scene.read().await.unwrap();
    oldest.store(2, Ordering::SeqCst);
    let reading = (0..20).map(|_| scene.read());
    for read in futures_util::future::join_all(reading).await {
        read.unwrap();
    }
    assert_eq!(scene.machine.made.load(Ordering::SeqCst), 2);
}

/// A HEAD's answer has no room for words. That it was an expiry is believed once.
#[tokio::test]
async fn a_refusal_without_a_word_is_taken_for_an_expiry_once() {
    let (scene, oldest) = expiring(false, 403, EXPIRED);
    let target = Target::Tag("v1".parse().unwrap());
    let (name, look) = (name(), |name| {
        scene.client.head_manifest_to_write(name, &target)
    });
    scene.read().await.unwrap();
    scene.asked();
    for (age, asked) in [(2, "HEAD m1, HEAD m2, GET m2"), (3, "HEAD m2")] {
        oldest.store(age, Ordering::SeqCst);
        let _ = look(&name).await;
        assert_eq!(scene.asked(), asked);
    }
}

#[tokio::test]
async fn an_expiry_in_the_middle_of_an_upload_is_no_end() {
    for status in [401, 403] {
        let oldest = Arc::new(AtomicUsize::new(1));
        let scene = Scene::new(false, Machine::new(false), move |what, who| {
            if what == "PUT" && who == "m1" {
                oldest.store(2, Ordering::SeqCst);
            }
            let is_old = who == "m1" && oldest.load(Ordering::SeqCst) == 2;
            if is_old { No(status, EXPIRED) } else { Yes }
        });
        scene.write().await.unwrap();
        let asked = scene.asked();
        assert!(asked.starts_with("begin -, begin m1, PUT m1, "), "{asked}");
        assert!(asked.ends_with("PUT m2"), "{asked}");
        assert_eq!(scene.machine.made.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn no_password_is_in_what_is_said() {
    let scene = Scene::new(false, Machine::new(false), |_, _| No(403, DENIED));
    let failed = scene.read().await.unwrap_err();
    assert!(
        failed.contains("the machine m1") && !failed.contains("secret"),
        "{failed}"
    );
}
