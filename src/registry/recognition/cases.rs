//! What a registry is known as, after which answers, and how often it is asked.

#![allow(clippy::unwrap_used)]

use super::{Client, Kind, Recognition};
use crate::auth::Authenticator;
use crate::auth::chain::Chain;
use crate::oci::reference::Host;
use crate::registry::Address;
use crate::transport::Transport;
use crate::transport::client::Settings;
use crate::transport::retry::RetryPolicy;
use crate::transport::script::{Script, Sent};
use bytes::Bytes;
use futures_util::future::join_all;
use http::Response;
use std::sync::{Arc, Mutex};

/// A client, and the paths that it asked for.
struct Scene {
    client: Arc<Client>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scene {
    fn new(host: &str, answer: impl Fn(&Sent) -> Response<Bytes> + Send + Sync + 'static) -> Self {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&asked);
        let script = Script::new(move |sent| {
            let url = &sent.url;
            let line = format!("{}{}", url.host_str().unwrap(), url.path());
            log.lock().unwrap().push(line);
            answer(&sent)
        });
        let settings = Settings {
            script: Some(script),
            retry: RetryPolicy {
                attempts: 1,
                ..RetryPolicy::default()
            },
            ..Settings::default()
        };
        let transport = Arc::new(Transport::new(settings, Arc::new(())));
        let nobody = Arc::new(Chain::new(Vec::new()));
        let auth = Arc::new(Authenticator::new(Arc::clone(&transport), nobody));
        let address = Address::new(host.parse::<Host>().unwrap(), false, Vec::new());
        let client = Arc::new(Client::new(address, transport, auth));
        Self { client, asked }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn answer(status: u16, headers: &[(&str, &str)]) -> Response<Bytes> {
    let mut answer = Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    answer.body(Bytes::new()).unwrap()
}

const API: (&str, &str) = ("docker-distribution-api-version", "registry/2.0");
const HARBOR: (&str, &str) = (
    "www-authenticate",
    "Bearer realm=\"https://r.io/service/token\",service=\"harbor-registry\"",
);

#[tokio::test]
async fn many_who_ask_at_once_ask_the_registry_once_and_for_all() {
    let scene = Scene::new("r.io", |_| answer(401, &[API, HARBOR]));
    assert_eq!(scene.client.known_kind(), None);
    let all = join_all((0..8).map(|_| scene.client.kind())).await;
    assert!(
        all.iter()
            .all(|kind| matches!(kind, Ok(Some(Kind::Harbor))))
    );
    assert_eq!(scene.asked(), ["r.io/v2/"]);
    assert!(matches!(scene.client.kind().await, Ok(Some(Kind::Harbor))));
    assert!(scene.asked().is_empty());
    let sign = "the service `harbor-registry` that its challenge names";
    assert_eq!(
        scene.client.identity().by,
        Some(Recognition::Answer(sign.to_owned()))
    );
}

#[tokio::test]
async fn who_is_named_is_not_asked() {
    let scene = Scene::new("quay.io", |_| answer(401, &[API, HARBOR]));
    assert!(matches!(scene.client.kind().await, Ok(Some(Kind::Quay))));
    let _ = scene.client.ping().await;
    assert_eq!(scene.client.identity().by, Some(Recognition::Name));
    scene.asked();
    let scene = Scene::new("quay.io", |_| answer(401, &[API, HARBOR]));
    let client = Arc::into_inner(scene.client).unwrap();
    let client = client.named(Some(Kind::Zot));
    assert!(matches!(client.kind().await, Ok(Some(Kind::Zot))));
    assert_eq!(client.identity().by, Some(Recognition::Settings));
    assert!(scene.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn any_answer_tells() {
    let scene = Scene::new("r.io", |_| {
        answer(404, &[API, ("server", "Nexus/3.71.0-06")])
    });
    let name = "a".parse().unwrap();
    let target = "v1".parse::<crate::oci::reference::Tag>().unwrap().into();
    assert_eq!(
        scene.client.head_manifest(&name, &target).await.unwrap(),
        None
    );
    assert_eq!(scene.client.known_kind(), Some(Kind::Nexus));
    scene.asked();
    assert!(matches!(scene.client.kind().await, Ok(Some(Kind::Nexus))));
    assert!(scene.asked().is_empty());
}

#[tokio::test]
async fn zot_is_asked_for_its_extensions_and_who_only_looks_alike_stays_unknown() {
    for (extensions, kind) in [
        (
            r#"{"extensions":[{"name":"_zot","url":"x","endpoints":[]}]}"#,
            Some(Kind::Zot),
        ),
        (r#"{"extensions":[]}"#, None),
    ] {
        let scene = Scene::new("r.io", move |sent| {
            let mut told = answer(200, &[API]);
            if sent.url.path() == "/v2/_oci/ext/discover" {
                *told.body_mut() = Bytes::from_static(extensions.as_bytes());
            }
            told
        });
        for _ in 0..2 {
            assert_eq!(scene.client.kind().await.unwrap(), kind);
        }
        assert_eq!(scene.asked(), ["r.io/v2/", "r.io/v2/_oci/ext/discover"]);
        let identity = scene.client.identity();
        assert_eq!(identity.resembles_distribution, kind.is_none());
    }
}

/// A proxy's 503 is no answer of the registry's.
#[tokio::test]
async fn who_does_not_answer_for_now_is_asked_again() {
    let scene = Scene::new("r.io", |_| answer(503, &[]));
    for _ in 0..2 {
        assert!(scene.client.kind().await.is_err());
        assert_eq!(scene.asked(), ["r.io/v2/"]);
    }
}

/// A storage host that is somebody's own is nobody's word on the registry.
#[tokio::test]
async fn what_a_registry_redirects_to_speaks_for_itself() {
    let scene = Scene::new("r.io", |sent| match sent.url.host_str() {
        Some("r.io") => answer(307, &[("location", "https://storage.io/x")]),
        _ => answer(200, &[("server", "Nexus/3.71.0-06")]),
    });
    assert_eq!(scene.client.kind().await.unwrap(), None);
    assert!(scene.asked().contains(&"storage.io/x".to_owned()));
}
