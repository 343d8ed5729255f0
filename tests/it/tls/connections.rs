//! HTTP/1.1 connections that end between two requests, or bring more than was asked for.

use super::peer::{Answer, Peer};
use crate::lab::{Home, Image, crossdock};

/// What a registry answers to a HEAD or GET of the manifest of an image.
fn manifest(image: &Image, head: &str) -> String {
    let root = image.root();
    let (kind, digest, length) = (&root.media_type, &root.digest, root.bytes.len());
    let body = if head.starts_with("HEAD") {
        ""
    } else {
        std::str::from_utf8(&root.bytes).unwrap()
    };
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nDocker-Content-Digest: {digest}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

/// The image that is asked for by its tag.
fn asked<'a>(images: &'a [Image], head: &str) -> &'a Image {
    let number = images.len() - 1;
    let tag = |number: &usize| head.contains(&format!("/manifests/v{number}"));
    &images[(0..number).find(tag).unwrap_or(number)]
}

/// Asks a peer for the images `v0`, `v1` … in turn, and expects to be told what they are without
/// a word about how.
#[track_caller]
fn told(peer: &Peer, images: &[Image], command: &[&str]) {
    let (home, host) = (Home::new(), peer.address());
    let tags: Vec<String> = (0..images.len())
        .map(|number| format!("{host}/app:v{number}"))
        .collect();
    let plain = format!("--plain-http={host}");
    for _ in 0..5 {
        let mut args = [command, &[plain.as_str()]].concat();
        args.extend(tags.iter().map(String::as_str));
        let digests = images.iter().map(|image| format!("{}\n", image.digest()));
        crossdock(&home, args)
            .stdout(digests.collect::<String>())
            .code(0);
    }
}

fn images() -> Vec<Image> {
    (1..=3).map(Image::small).collect()
}

/// As servers do that keep connections for a short time only.
#[test]
fn a_connection_that_ends_after_an_answer_is_no_trouble() {
    let answering = images();
    let peer = Peer::open(move |_, head| Answer {
        bytes: manifest(asked(&answering, head), head).into_bytes(),
        stays: false,
    });
    told(&peer, &images(), &["digest"]);
}

/// The race: it ends when the next request is on its way.
#[test]
fn a_connection_that_ends_with_the_next_request_is_no_trouble() {
    let answering = images();
    let peer = Peer::open(move |number, head| {
        let bytes = manifest(asked(&answering, head), head).into_bytes();
        if number == 0 {
            Answer { bytes, stays: true }
        } else {
            Answer {
                bytes: Vec::new(),
                stays: false,
            }
        }
    });
    told(&peer, &images()[..2], &["digest", "--jobs=1"]);
}

#[test]
fn what_comes_before_an_answer_is_not_the_answer() {
    for before in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </evil>; rel=preload\r\n\r\n",
        "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n",
    ] {
        let answering = images();
        let peer = Peer::open(move |_, head| Answer {
            bytes: format!("{before}{}", manifest(asked(&answering, head), head)).into_bytes(),
            stays: true,
        });
        told(&peer, &images(), &["digest"]);
    }
}

/// A second answer that nobody asked for is not the answer to the next question.
#[test]
fn what_comes_after_an_answer_is_not_the_next_one() {
    let evil = Image::small(666);
    for after in [
        manifest(&evil, "HEAD"),
        manifest(&evil, "GET"),
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(),
        "\0\0".to_owned(),
    ] {
        let answering = images();
        let peer = Peer::open(move |_, head| Answer {
            bytes: format!("{}{after}", manifest(asked(&answering, head), head)).into_bytes(),
            stays: true,
        });
        told(&peer, &images(), &["digest", "--jobs=1"]);
    }
}
