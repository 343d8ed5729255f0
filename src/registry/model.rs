//! Uploads to a model of a registry, which knows what it has and what it was sent.

#![allow(clippy::unwrap_used)]

use super::{Address, Client, Placed, Source};
use crate::auth::Authenticator;
use crate::auth::chain::Chain;
use crate::oci::digest::sha256;
use crate::oci::reference::RepositoryName;
use crate::oci::{Descriptor, MediaType};
use crate::transport::client::Settings;
use crate::transport::retry::RetryPolicy;
use crate::transport::{BoxError, ByteStream, Transport};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

/// Attempts in a row without getting on.
const ATTEMPTS: u32 = 6;

/// What goes wrong with a request about an upload.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    /// Nothing.
    None,
    /// So many bytes are taken, and the connection ends.
    Cut(usize),
    /// Everything is done, and nobody is told.
    Lost,
    /// Nothing is done, and this is the answer.
    Status(u16),
    /// A body is too large for one PUT; any other request goes well.
    TooLarge,
    /// The upload is forgotten.
    Forgotten,
    /// Everything is done, and another count is told.
    Says(usize),
    /// Everything is done, and no count is told.
    Mute,
}

fn trouble() -> impl Strategy<Value = Trouble> {
    let status = prop::sample::select(vec![416, 500, 502, 503, 408]);
    prop_oneof![
        3 => Just(Trouble::None),
        3 => (0..9000_usize).prop_map(Trouble::Cut),
        1 => (0..3_usize).prop_map(Trouble::Cut),
        2 => Just(Trouble::Lost),
        2 => status.prop_map(Trouble::Status),
        1 => Just(Trouble::TooLarge),
        1 => Just(Trouble::Forgotten),
        1 => (0..12_000_usize).prop_map(Trouble::Says),
        1 => Just(Trouble::Mute),
    ]
}

/// One repository of the model.
#[derive(Default)]
struct Model {
    digest: String,
    blob: Option<Vec<u8>>,
    uploads: HashMap<String, Vec<u8>>,
    begun: usize,
    troubles: VecDeque<Trouble>,
    requests: usize,
    /// What was truly told about an upload last, until it goes on.
    told: Option<(String, usize)>,
    /// What the client must never do.
    wrong: Vec<String>,
}

type Answer = Result<Response<Full<Bytes>>, BoxError>;

fn answer(status: u16) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

impl Model {
    /// An answer about an upload, with the count `told`.
    fn about(&self, path: &str, status: u16, told: Option<usize>) -> Response<Full<Bytes>> {
        let mut response = answer(status);
        let headers = response.headers_mut();
        headers.insert(
            "location",
            format!("{path}?n={}", self.requests).parse().unwrap(),
        );
        if let Some(told) = told {
            let range = format!("0-{}", told.saturating_sub(1));
            headers.insert("range", range.parse().unwrap());
        }
        response
    }

    fn status(&mut self, path: &str, trouble: Trouble) -> Answer {
        let Some(held) = self.uploads.get(path).map(Vec::len) else {
            return Ok(answer(404));
        };
        self.told = None;
        match trouble {
            Trouble::Cut(_) | Trouble::Lost => Err("lost".into()),
            Trouble::Status(status) => Ok(answer(status)),
            Trouble::Forgotten => {
                self.uploads.remove(path);
                Ok(answer(404))
            }
            Trouble::Says(told) => Ok(self.about(path, 204, Some(told))),
            Trouble::Mute => Ok(self.about(path, 204, None)),
            Trouble::None | Trouble::TooLarge => {
                // `0-0` is said of one byte as well as of none.
                let told = if held == 1 { 0 } else { held };
                self.told = Some((path.to_owned(), told));
                Ok(self.about(path, 204, Some(held)))
            }
        }
    }

    /// Looks whether what is sent goes on where the client was told that it does. `first`: the
    /// offset that it says, if it says one.
    fn check(&mut self, path: &str, first: usize) {
        let Some((known, told)) = self.told.take() else {
            return;
        };
        if known == path && first != told {
            self.wrong.push(format!("told {told}, goes on at {first}"));
        }
    }

    fn patch(&mut self, path: &str, first: Option<usize>, body: &[u8], trouble: Trouble) -> Answer {
        self.check(path, first.unwrap_or(0));
        let Some(held) = self.uploads.get_mut(path) else {
            return Ok(answer(404));
        };
        if first.is_some_and(|first| first != held.len()) {
            return Ok(answer(416));
        }
        match trouble {
            Trouble::Cut(after) => {
                held.extend_from_slice(&body[..after.min(body.len())]);
                Err("cut".into())
            }
            Trouble::Status(status) => Ok(answer(status)),
            Trouble::Forgotten => {
                self.uploads.remove(path);
                Ok(answer(404))
            }
            _ => {
                held.extend_from_slice(body);
                let held = held.len();
                match trouble {
                    Trouble::Lost => Err("lost".into()),
                    Trouble::Says(told) => Ok(self.about(path, 202, Some(told))),
                    Trouble::Mute => Ok(self.about(path, 202, None)),
                    _ => Ok(self.about(path, 202, Some(held))),
                }
            }
        }
    }

    fn put(&mut self, path: &str, body: &[u8], trouble: Trouble) -> Answer {
        let held = self.uploads.get(path).map_or(0, Vec::len);
        self.check(path, if body.is_empty() { held } else { 0 });
        if !self.uploads.contains_key(path) {
            return Ok(answer(404));
        }
        match trouble {
            Trouble::Cut(_) | Trouble::Status(_) | Trouble::Forgotten => {
                return self.patch(path, None, body, trouble);
            }
            Trouble::TooLarge if !body.is_empty() => return Ok(answer(413)),
            _ => {}
        }
        let mut all = self.uploads.remove(path).unwrap_or_default();
        all.extend_from_slice(body);
        if sha256(&all).to_string() != self.digest {
            let problem = r#"{"errors":[{"code":"DIGEST_INVALID"}]}"#;
            return Ok(answer(400).map(|_| problem.into()));
        }
        self.blob = Some(all);
        match trouble {
            Trouble::Lost => Err("lost".into()),
            _ => Ok(answer(201)),
        }
    }
}

/// The repositories of all cases, by their names.
static MODELS: LazyLock<Mutex<HashMap<String, Arc<Mutex<Model>>>>> = LazyLock::new(Mutex::default);

async fn handle(request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let name = path.split('/').nth(2).unwrap_or_default();
    let model = MODELS.lock().unwrap().get(name).cloned();
    let Some(model) = model else {
        return Ok(answer(404));
    };
    let body = body.collect().await?.to_bytes();
    let first = head.headers.get("content-range");
    let first = first.and_then(|range| range.to_str().ok()?.split('-').next()?.parse().ok());
    let mut model = model.lock().unwrap();
    model.requests += 1;
    let mut trouble = || model.troubles.pop_front().unwrap_or(Trouble::None);
    match head.method.as_str() {
        "POST" => {
            model.begun += 1;
            let path = format!("/v2/{name}/up/{}", model.begun);
            model.uploads.insert(path.clone(), Vec::new());
            Ok(model.about(&path, 202, None))
        }
        "HEAD" => Ok(answer(if model.blob.is_some() { 200 } else { 404 })),
        "DELETE" => Ok(answer(204)),
        "GET" => {
            let trouble = trouble();
            model.status(&path, trouble)
        }
        "PATCH" => {
            let trouble = trouble();
            model.patch(&path, first, &body, trouble)
        }
        _ => {
            let trouble = trouble();
            model.put(&path, &body, trouble)
        }
    }
}

/// What all cases run on: a registry on a port, and the way there.
struct Bench {
    runtime: tokio::runtime::Runtime,
    address: String,
    transport: Arc<Transport>,
}

static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let address = listener.local_addr().unwrap().to_string();
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let service = hyper::service::service_fn(handle);
            let serving = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(serving);
        }
    });
    let settings = Settings {
        retry: RetryPolicy {
            attempts: ATTEMPTS,
            base: Duration::ZERO,
            ..RetryPolicy::default()
        },
        ..Settings::default()
    };
    Bench {
        runtime,
        address,
        transport: Arc::new(Transport::new(settings, Arc::new(()))),
    }
});

/// Bytes in chunks, from wherever they are wanted.
struct Held(Bytes);

#[async_trait]
impl Source for Held {
    async fn prepare(&self) {}

    async fn open(&self, offset: u64) -> Result<ByteStream, BoxError> {
        let rest = self.0.slice(usize::try_from(offset)?..);
        let chunks: Vec<_> = rest
            .chunks(700)
            .map(|c| Ok(Bytes::copy_from_slice(c)))
            .collect();
        Ok(stream::iter(chunks).boxed())
    }
}

async fn send(name: &str, bytes: &[u8], is_chunked: bool) -> Result<Placed, super::Error> {
    let address = Address::new(BENCH.address.parse().unwrap(), true, Vec::new());
    let transport = Arc::clone(&BENCH.transport);
    let auth = Authenticator::new(Arc::clone(&transport), Arc::new(Chain::new(Vec::new())));
    let client = Client::new(address, transport, Arc::new(auth));
    if is_chunked {
        client.memory.set_chunked();
    }
    let name: RepositoryName = name.parse().unwrap();
    let blob = Descriptor::new(MediaType::ImageLayer, bytes.len() as u64, sha256(bytes));
    let access = client.access(&name, &[]).await?;
    let source = Held(Bytes::copy_from_slice(bytes));
    client.send_blob(&name, &blob, &source, None, &access).await
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// After each true count the upload goes on exactly there, no byte is left out or sent in the
    /// wrong place, and what is said to be placed is.
    #[test]
    fn p16_both_sides_agree_on_what_has_arrived(
        size in prop_oneof![3 => 2..9000_usize, 1 => 0..3_usize],
        troubles in prop::collection::vec(trouble(), 0..8),
        is_chunked in any::<bool>(),
    ) {
        static CASES: AtomicUsize = AtomicUsize::new(0);
        let name = format!("case{}", CASES.fetch_add(1, Ordering::Relaxed));
        let mut bytes = vec![0; size];
        fastrand::Rng::with_seed(size as u64).fill(&mut bytes);
        let model = Arc::new(Mutex::new(Model {
            digest: sha256(&bytes).to_string(),
            troubles: troubles.clone().into(),
            ..Model::default()
        }));
        MODELS.lock().unwrap().insert(name.clone(), Arc::clone(&model));
        let sent = BENCH.runtime.block_on(send(&name, &bytes, is_chunked));
        MODELS.lock().unwrap().remove(&name);
        let model = model.lock().unwrap();
        prop_assert!(model.wrong.is_empty(), "{:?}", model.wrong);
        let count = troubles.iter().filter(|trouble| !matches!(trouble, Trouble::None)).count();
        match sent {
            Ok(_) => prop_assert_eq!(model.blob.as_ref(), Some(&bytes)),
            Err(error) => prop_assert!(3 * count >= ATTEMPTS as usize, "{error} after {count}"),
        }
        prop_assert!(model.requests <= 8 * (count + 1), "{} requests", model.requests);
    }
}
