//! The registry on a real socket.

use super::{Lab, MANIFEST, image};
use crate::oci::digest::sha256;
use crate::server::{Options, Registry, serve};
use crate::transport::{BoxError, ByteStream};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{Request, Response, StatusCode, Version};
use reqwest::Client;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server on a free port; it ends when the sender is dropped.
async fn start<H, F>(handler: H) -> (String, oneshot::Sender<()>, JoinHandle<()>)
where
    H: Fn(Request<ByteStream>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Response<ByteStream>, BoxError>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel();
    let server = serve(listener, handler, async {
        let _ = stopped.await;
    });
    (origin, stop, tokio::spawn(server))
}

async fn start_registry(registry: &Registry) -> (String, oneshot::Sender<()>, JoinHandle<()>) {
    let registry = registry.clone();
    start(move |request| {
        let registry = registry.clone();
        async move { Ok(registry.handle(request).await) }
    })
    .await
}

fn http1() -> Client {
    Client::builder().no_proxy().http1_only().build().unwrap()
}

fn http2() -> Client {
    Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .build()
        .unwrap()
}

#[tokio::test]
async fn an_image_is_pushed_and_pulled_over_both_versions_of_http() {
    for (client, version) in [(http1(), Version::HTTP_11), (http2(), Version::HTTP_2)] {
        let lab = Lab::new();
        let (origin, stop, server) = start_registry(&lab.0).await;
        let layer = vec![b'x'; 3_000_000];
        let digest = sha256(&layer);
        let opened = client
            .post(format!("{origin}/v2/a/blobs/uploads/"))
            .send()
            .await
            .unwrap();
        assert_eq!(
            (opened.status(), opened.version()),
            (StatusCode::ACCEPTED, version)
        );
        let location = opened.headers()["location"].to_str().unwrap();
        let put = client.put(format!("{origin}{location}&digest={digest}"));
        let pieces: Vec<Result<Bytes, BoxError>> = layer
            .chunks(10_000)
            .map(|c| Ok(Bytes::copy_from_slice(c)))
            .collect();
        let body = reqwest::Body::wrap_stream(stream::iter(pieces));
        assert_eq!(
            put.body(body).send().await.unwrap().status(),
            StatusCode::CREATED
        );
        let blob = format!("{origin}/v2/a/blobs/{digest}");
        assert!(
            client
                .get(&blob)
                .send()
                .await
                .unwrap()
                .bytes()
                .await
                .unwrap()
                == layer
        );
        let part = client
            .get(&blob)
            .header("range", "bytes=2999998-")
            .send()
            .await
            .unwrap();
        assert_eq!(
            (part.status().as_u16(), part.content_length()),
            (206, Some(2))
        );
        let head = client.head(&blob).send().await.unwrap();
        assert_eq!(head.headers()["content-length"], "3000000");
        assert_eq!(
            client
                .get(format!("{origin}/v2/b/manifests/v1"))
                .send()
                .await
                .unwrap()
                .status(),
            404
        );
        lab.blob("a", b"{}").await;
        let mut manifest = image("");
        manifest["layers"][0]["digest"] = digest.as_ref().into();
        let tag = format!("{origin}/v2/a/manifests/v1");
        let put = client
            .put(&tag)
            .header("content-type", MANIFEST)
            .body(manifest.to_string());
        assert_eq!(put.send().await.unwrap().status(), StatusCode::CREATED);
        let got = client
            .get(&tag)
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
        assert_eq!(got, manifest.to_string());
        drop((client, stop));
        server.await.unwrap();
    }
}

/// An answer that ends early must not look like a whole one.
#[tokio::test]
async fn a_body_that_fails_breaks_the_answer_off() {
    for (client, length) in [(http1(), false), (http1(), true), (http2(), false)] {
        let handler = move |_| async move {
            let chunks: [Result<Bytes, BoxError>; 2] = [Ok("part".into()), Err("cut".into())];
            let mut response = Response::new(stream::iter(chunks).boxed());
            if length {
                response.headers_mut().insert("content-length", 100.into());
            }
            Ok(response)
        };
        let (origin, _stop, _server) = start(handler).await;
        let result = match client.get(&origin).send().await {
            Ok(answer) => answer.bytes().await.map(|_| ()),
            Err(error) => Err(error),
        };
        assert!(result.is_err());
    }
}

#[tokio::test]
async fn a_handler_that_fails_gives_no_answer() {
    for client in [http1(), http2()] {
        let (origin, _stop, _server) = start(|_| async { Err("reset".into()) }).await;
        assert!(client.get(&origin).send().await.is_err());
    }
}

#[tokio::test]
async fn a_shutdown_lets_what_is_under_way_finish() {
    let (release, held) = oneshot::channel::<()>();
    let held = std::sync::Mutex::new(Some(held));
    let (began, beginning) = oneshot::channel::<()>();
    let began = std::sync::Mutex::new(Some(began));
    let (origin, stop, server) = start(move |_| {
        let held = held.lock().unwrap().take().unwrap();
        began.lock().unwrap().take().unwrap().send(()).unwrap();
        async move {
            let body = stream::once(async move {
                let _ = held.await;
                Ok(Bytes::from("done"))
            });
            Ok(Response::new(body.boxed()))
        }
    })
    .await;
    let address = origin.replace("http://", "");
    let client =
        tokio::spawn(async move { http1().get(&origin).send().await.unwrap().text().await });
    beginning.await.unwrap();
    drop(stop);
    // Nobody is let in any more: the shutdown has begun.
    while TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!server.is_finished());
    release.send(()).unwrap();
    assert_eq!(client.await.unwrap().unwrap(), "done");
    server.await.unwrap();
}

#[tokio::test]
async fn clones_are_one_registry() {
    let registry = Registry::new(Options::default());
    let lab = Lab(registry.clone());
    lab.blob("a", b"x").await;
    assert_eq!(registry.repositories(), ["a"]);
}
