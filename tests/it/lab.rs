//! A bench for the real binary: registries on loopback ports that log, fail and count, images to
//! put there, and a home of its own for every run.
//!
//! A registry named `src` is written `src.lab` in arguments, files and expected output.

mod act;
mod authority;
pub(crate) mod body;
mod fault;
mod held;
mod home;
pub(crate) mod image;
mod log;
mod memory;
mod node;
mod pattern;
mod run;
mod tokens;
pub(crate) mod wire;

pub(crate) use authority::authority;
pub(crate) use fault::Fault;
pub(crate) use home::Home;
pub(crate) use image::Image;
pub(crate) use log::{Requests, Seen};
pub(crate) use node::{Node, spawn, wait_for};
pub(crate) use run::{Ran, Run, Running, crossdock};
pub(crate) use tokens::tokens;

use crossdock::server::Options;
use node::Serving;
use serde_json::Value;
use std::sync::Arc;

/// Registries and a user.
pub(crate) struct Lab {
    pub(crate) home: Home,
    nodes: Vec<(String, Arc<Node>, Serving)>,
}

impl Lab {
    /// Two open registries, `src` and `dst`, that can do everything.
    pub(crate) fn new() -> Self {
        Self::empty().open("src").open("dst")
    }

    /// No registry yet.
    pub(crate) fn empty() -> Self {
        Self {
            home: Home::new(),
            nodes: Vec::new(),
        }
    }

    /// Adds an open registry that can do everything.
    pub(crate) fn open(self, name: &str) -> Self {
        self.registry(name, |_| Options::default())
    }

    /// Adds a registry with what `options` makes of its address, `127.0.0.1:PORT`.
    pub(crate) fn registry(mut self, name: &str, options: impl FnOnce(&str) -> Options) -> Self {
        let (node, serving) = Node::open(options);
        self.nodes.push((name.to_owned(), node, serving));
        self
    }

    #[track_caller]
    pub(crate) fn node(&self, name: &str) -> &Arc<Node> {
        let found = self.nodes.iter().find(|(known, _, _)| known == name);
        &found.unwrap_or_else(|| panic!("no registry {name}")).1
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self, name: &str) -> &str {
        &self.node(name).address
    }

    /// `text` with addresses for names.
    pub(crate) fn addressed(&self, text: &str) -> String {
        let nodes = self.nodes.iter();
        nodes.fold(text.to_owned(), |text, (name, node, _)| {
            text.replace(&format!("{name}.lab"), &node.address)
        })
    }

    /// A run of the binary.
    pub(crate) fn run<A: AsRef<str>>(&self, args: impl IntoIterator<Item = A>) -> Run {
        self.naming(crossdock(&self.home, args))
    }

    /// A script of the shell, in which `crossdock` is the binary.
    #[cfg(unix)]
    pub(crate) fn shell(&self, script: &str) -> Run {
        self.naming(run::shell(&self.home, script))
    }

    fn naming(&self, run: Run) -> Run {
        let nodes = self.nodes.iter();
        nodes.fold(run, |run, (name, node, _)| {
            run.named(&format!("{name}.lab"), &node.address)
        })
    }

    /// Lets something go wrong at a registry.
    pub(crate) fn fault(&self, name: &str, fault: Fault) {
        self.node(name).fault(fault);
    }

    /// Everything works again, everywhere, and nothing was ever asked.
    pub(crate) fn heal(&self) {
        for (_, node, _) in &self.nodes {
            node.heal();
            node.forget();
        }
    }

    /// What a registry was asked.
    pub(crate) fn requests(&self, name: &str) -> Requests {
        self.node(name).requests()
    }

    /// Puts an image into a registry, past its log and its faults. `to` is `NAME.lab/REPO:TAG`;
    /// without a tag the image has none.
    #[track_caller]
    pub(crate) fn push(&self, to: &str, image: &Image) {
        let place = Place::of(to);
        let (node, repository) = (self.node(place.node), place.repository);
        for blob in &image.blobs {
            let target = format!("/v2/{repository}/blobs/uploads/?digest={}", blob.digest);
            let reply = node.call("POST", &target, "application/octet-stream", &blob.bytes);
            assert_eq!(
                reply.status,
                201,
                "{}",
                String::from_utf8_lossy(&reply.body)
            );
        }
        let root = image.root();
        for manifest in &image.manifests {
            let name = match &place.target {
                Some(tag) if std::ptr::eq(manifest, root) => tag,
                _ => &manifest.digest,
            };
            let target = format!("/v2/{repository}/manifests/{name}");
            let reply = node.call("PUT", &target, &manifest.media_type, &manifest.bytes);
            assert_eq!(
                reply.status,
                201,
                "{}",
                String::from_utf8_lossy(&reply.body)
            );
        }
    }

    /// The digest that a tag points to, past log and faults.
    #[track_caller]
    pub(crate) fn digest(&self, at: &str) -> Option<String> {
        let place = Place::of(at);
        let tag = place.target.expect("a tag");
        let tags = self.node(place.node).registry.tags(place.repository);
        tags.into_iter()
            .find(|(name, _)| *name == tag)
            .map(|(_, digest)| digest)
    }

    /// Holds an image at `at`, every manifest and every blob, byte for byte, and only that.
    #[track_caller]
    pub(crate) fn assert_holds(&self, at: &str, image: &Image) {
        let place = Place::of(at);
        if let Some(target) = place.target.as_ref().filter(|target| !target.contains(':')) {
            assert_eq!(
                self.digest(at).as_deref(),
                Some(image.digest()),
                "{target} of {at}"
            );
        }
        let (node, repository) = (self.node(place.node), place.repository);
        for (kind, parts) in [("manifests", &image.manifests), ("blobs", &image.blobs)] {
            for part in parts {
                let target = format!("/v2/{repository}/{kind}/{}", part.digest);
                let reply = node.call("GET", &target, "", b"");
                assert_eq!(reply.status, 200, "{at} lacks {}", part.digest);
                assert!(reply.body == part.bytes, "{at} has another {}", part.digest);
                if kind == "manifests" {
                    assert_eq!(reply.headers["content-type"], part.media_type.as_str());
                }
            }
        }
    }

    /// Writes Docker's file of credentials with these pairs of a host and `USER:PASSWORD`.
    pub(crate) fn docker_login(&self, pairs: &[(&str, &str)]) {
        use base64::Engine as _;
        let mut auths = serde_json::Map::new();
        for (host, pair) in pairs {
            let auth = base64::engine::general_purpose::STANDARD.encode(pair);
            auths.insert(self.addressed(host), serde_json::json!({"auth": auth}));
        }
        self.home
            .docker_config(&serde_json::json!({"auths": Value::Object(auths)}));
    }
}

/// `NAME.lab/REPO[:TAG|@DIGEST]` in parts.
struct Place<'a> {
    node: &'a str,
    repository: &'a str,
    target: Option<String>,
}

impl<'a> Place<'a> {
    #[track_caller]
    fn of(text: &'a str) -> Self {
        let (node, rest) = text.split_once(".lab/").expect("NAME.lab/REPO:TAG");
        let at = rest.find(['@', ':']);
        let (repository, target) = rest.split_at(at.unwrap_or(rest.len()));
        let target = (!target.is_empty()).then(|| target[1..].to_owned());
        Self {
            node,
            repository,
            target,
        }
    }
}
