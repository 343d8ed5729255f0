//! P18: whatever a registry answers, and wherever its answers lead, a secret is only ever sent to
//! the registry itself, a password also to its token service.
//!
//! Everything between the client of a registry and the network is the real thing: the walk along
//! redirects, the answer to a challenge, the token's exchange, the upload's place, the next page.
//! Who may be told what is written down here by hand, for each registry.

#![allow(clippy::unwrap_used)]

mod places;

use super::{Address, Client, Source};
use crate::auth::Authenticator;
use crate::auth::chain::Fixed;
use crate::auth::credential::Credential;
use crate::oci::reference::{RepositoryName, Target};
use crate::oci::{Descriptor, MediaType, digest};
use crate::transport::client::Settings;
use crate::transport::script::{Script, Sent};
use crate::transport::secret::Secret;
use crate::transport::{BoxError, ByteStream, Transport};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt as _;
use places::{PLACES, REGISTRIES, Registry};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::sync::{Arc, Mutex};
use url::Url;

const CASES: u32 = 10_000;
const CANARY: &str = "CANARY";

/// One answer.
#[derive(Debug, Clone)]
enum Step {
    Redirect(u16, String),
    Basic,
    Bearer(String),
    Token,
    Accepted(String),
    Page(String),
    Status(u16),
}

fn place() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(&PLACES[..]).prop_map(str::to_owned),
        1 => "https?://[a-z]{1,4}(\\.[a-z]{2,4}){1,2}(:[1-9][0-9]{0,3})?/[a-z]{0,3}",
        1 => "\\PC{0,20}",
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let redirects = prop::sample::select(vec![301, 302, 303, 307, 308]);
    let statuses = prop::sample::select(vec![200, 201, 202, 204, 401, 404, 405, 500]);
    prop_oneof![
        5 => (redirects, place()).prop_map(|(status, to)| Step::Redirect(status, to)),
        2 => Just(Step::Basic),
        4 => place().prop_map(Step::Bearer),
        4 => Just(Step::Token),
        2 => place().prop_map(Step::Accepted),
        2 => place().prop_map(Step::Page),
        2 => statuses.prop_map(Step::Status),
    ]
}

impl Step {
    fn answer(&self, number: usize) -> http::Response<Bytes> {
        let answer = http::Response::builder();
        // A place that no header can hold is none that a registry could send.
        let fits = |place: &str| http::HeaderValue::from_str(place).is_ok();
        let (answer, body) = match self {
            Self::Redirect(_, to) | Self::Bearer(to) | Self::Accepted(to) | Self::Page(to)
                if !fits(to) =>
            {
                (answer.status(404), String::new())
            }
            Self::Redirect(status, to) => {
                let answer = answer.status(*status).header("location", to);
                (answer.header("set-cookie", "a=CANARY"), String::new())
            }
            Self::Basic => {
                let answer = answer.status(401);
                (
                    answer.header("www-authenticate", "Basic realm=x"),
                    String::new(),
                )
            }
            Self::Bearer(realm) => {
                let realm = realm.replace('\\', "\\\\").replace('"', "\\\"");
                let challenge = format!("Bearer realm=\"{realm}\",service=\"s\"");
                let answer = answer.status(401).header("www-authenticate", challenge);
                (answer, String::new())
            }
            Self::Token => (
                answer.status(200),
                format!(r#"{{"token":"{CANARY}-token-{number}"}}"#),
            ),
            Self::Accepted(to) => (answer.status(202).header("location", to), String::new()),
            Self::Page(to) => {
                let answer = answer.status(200);
                let answer = answer.header("link", format!("<{to}>; rel=\"next\""));
                (answer, format!(r#"{{"name":"a","tags":["t{number}"]}}"#))
            }
            Self::Status(status) => (answer.status(*status), String::new()),
        };
        answer.body(Bytes::from(body)).unwrap()
    }
}

/// What is asked of the registry.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Ping,
    Digest,
    Manifest,
    Blob,
    Upload,
    List,
    Remove,
}

const DEEDS: [Deed; 7] = [
    Deed::Ping,
    Deed::Digest,
    Deed::Manifest,
    Deed::Blob,
    Deed::Upload,
    Deed::List,
    Deed::Remove,
];

/// Five bytes.
struct Bytes5;

#[async_trait]
impl Source for Bytes5 {
    async fn prepare(&self) {}

    async fn open(&self, offset: u64) -> Result<ByteStream, BoxError> {
        let left = Bytes::from_static(b"bytes").slice(usize::try_from(offset)?..);
        Ok(futures_util::stream::iter([Ok(left)]).boxed())
    }
}

impl Deed {
    /// Does it. Whether it works does not matter.
    async fn run(self, client: &Arc<Client>) {
        let name: RepositoryName = "team/app".parse().unwrap();
        let target = Target::Tag("v1".parse().unwrap());
        let blob = Descriptor::new(MediaType::ImageLayer, 5, digest::sha256(b"bytes"));
        match self {
            Self::Ping => drop(client.ping().await),
            Self::Digest => drop(client.head_manifest(&name, &target).await),
            Self::Manifest => drop(client.get_manifest(&name, &target).await),
            Self::Blob => drop(client.get_blob(&name, &blob, 0..5).await),
            Self::Upload => drop(client.ensure_blob(&name, &blob, &Bytes5, &[], false).await),
            Self::List => drop(client.tags(&name).collect::<Vec<_>>().await),
            Self::Remove => drop(client.delete_manifest(&name, &target).await),
        }
        client.give_up_uploads().await;
    }
}

fn credentials() -> [Credential; 3] {
    [
        Credential::password("ann", Secret::new("CANARY-password")).unwrap(),
        Credential::identity(Secret::new("CANARY-identity")).unwrap(),
        Credential::registry(Secret::new("CANARY-registry")).unwrap(),
    ]
}

/// Everything that a registry with these answers was told, and everybody that it led to.
async fn told(
    registry: Registry,
    credential: Credential,
    deeds: &[Deed],
    steps: &[Step],
) -> Vec<Sent> {
    let log = Arc::<Mutex<Vec<Sent>>>::default();
    let (logged, steps) = (Arc::clone(&log), steps.to_vec());
    let mut settings = Settings {
        script: Some(Script::new(move |sent| {
            let mut log = logged.lock().unwrap();
            let number = log.len();
            log.push(sent);
            let step = steps.get(number);
            step.map_or(Step::Status(404).answer(number), |s| s.answer(number))
        })),
        ..Settings::default()
    };
    settings.retry.attempts = 1;
    let host: crate::oci::reference::Host = registry.host.parse().unwrap();
    let named = registry.named.iter().map(ToString::to_string).collect();
    let key = crate::auth::key::Key::from(&host);
    let fixed = Fixed::new("test").with(key, credential, "test");
    let transport = Arc::new(Transport::new(settings, Arc::new(())));
    let auth = Arc::new(Authenticator::new(Arc::clone(&transport), Arc::new(fixed)));
    let address = Address::new(host, registry.plain, named);
    let client = Arc::new(Client::new(address, transport, auth));
    for deed in deeds {
        deed.run(&client).await;
    }
    let log = log.lock().unwrap();
    log.clone()
}

/// The secrets in a request, in whatever way they are written.
fn secrets(sent: &Sent) -> String {
    let mut all = format!("{}\n{}", sent.url, String::from_utf8_lossy(&sent.body));
    for value in sent.headers.values() {
        let text = String::from_utf8_lossy(value.as_bytes());
        let basic = text
            .strip_prefix("Basic ")
            .and_then(|b| STANDARD.decode(b).ok());
        all.push_str(&String::from_utf8_lossy(&basic.unwrap_or_default()));
        all.push_str(&text);
    }
    all
}

fn place_of(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    format!("{} {host} {port}", url.scheme())
}

/// How often what was seen: a property that nothing puts to the test proves nothing.
#[derive(Debug, Default)]
struct Counts {
    own: u32,
    near: u32,
    elsewhere: u32,
}

impl Counts {
    fn check(&mut self, registry: &Registry, sent: &Sent) -> Result<(), TestCaseError> {
        let (found, place) = (secrets(sent), place_of(&sent.url));
        prop_assert!(sent.url.username().is_empty() && sent.url.password().is_none());
        prop_assert!(sent.headers.get("cookie").is_none() && sent.headers.get("referer").is_none());
        let plain = sent.url.scheme() == "http";
        prop_assert!(!plain || registry.plain, "{} leaves TLS", sent.url);
        if !found.contains(CANARY) {
            self.elsewhere += u32::from(place != registry.own);
            return Ok(());
        }
        if place == registry.own {
            self.own += 1;
            return Ok(());
        }
        // What is traded for a token may go where tokens are given, and no token anywhere.
        prop_assert!((registry.near)(&place), "{found} to {}", sent.url);
        prop_assert!(!found.contains("CANARY-token"), "{found} to {}", sent.url);
        prop_assert!(
            !found.contains("CANARY-registry"),
            "{found} to {}",
            sent.url
        );
        self.near += 1;
        Ok(())
    }
}

#[test]
fn p18_no_chain_of_answers_leads_a_secret_astray() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut runner = TestRunner::new(Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    });
    let registries = prop::sample::select(&REGISTRIES[..]);
    let credentials = prop::sample::select(credentials().to_vec());
    let deeds = prop::collection::vec(prop::sample::select(&DEEDS[..]), 1..4);
    let steps = prop::collection::vec(step(), 1..12);
    let counts = Mutex::new(Counts::default());
    let outcome = runner.run(
        &(registries, credentials, deeds, steps),
        |(registry, credential, deeds, steps)| {
            let told = runtime.block_on(told(registry, credential, &deeds, &steps));
            let mut counts = counts.lock().unwrap();
            told.iter()
                .try_for_each(|sent| counts.check(&registry, sent))
        },
    );
    outcome.unwrap();
    let counts = counts.into_inner().unwrap();
    let enough = counts.own > CASES / 4 && counts.near > CASES / 50;
    assert!(enough && counts.elsewhere > CASES / 10, "{counts:?}");
}
