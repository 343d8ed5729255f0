//! A vendor's registry: its own API before a registry of the lab, both over the same images.

use crate::clouds::world::{Asked, Reply, Service};
use crate::lab::{Image, Lab, Node, Run, wait_for};
use bytes::Bytes;
use crossdock::auth::chain::Fixed;
use crossdock::auth::credential::Credential;
use crossdock::auth::identity::Identities;
use crossdock::inventory::open::Inventories;
use crossdock::inventory::{Catalog, Created, Creation, Found};
use crossdock::oci::reference::Host;
use crossdock::provider::Surroundings;
use crossdock::provider::machine::Machine;
use crossdock::store::Result;
use crossdock::store::open::{Reach, Stores};
use crossdock::transport::secret::Secret;
use crossdock::transport::{self, BoxError, Transport};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::Request;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

/// What a vendor's API answers. `None`: this is none of its, and the registry behind it is asked.
pub(crate) trait Vendor: Clone + Send + Sync + 'static {
    /// As it is written in settings.
    const KIND: &'static str;
    /// What else is said of it in settings, with `API` for the address of the stand-in.
    const SETTINGS: &'static str = "";
    /// What else is in the user's home: paths and texts.
    const FILES: &'static [(&'static str, &'static str)] = &[];
    /// Who uses it, with the password `secret`.
    const USER: &'static str = "ann";
    fn answer(&self, asked: &Asked, shelf: &Shelf) -> impl Future<Output = Option<Reply>> + Send;
}

/// What a registry holds beside what the distribution API tells.
#[derive(Default)]
struct Records {
    /// By repository and digest: when it was pushed and pulled, in RFC 3339.
    pushed: HashMap<(String, String), String>,
    pulled: HashMap<(String, String), String>,
    /// By repository and tag or digest.
    locked: HashSet<(String, String)>,
    /// So many requests are yet to be refused as too many.
    busy: usize,
    /// The credential is no longer good.
    expired: bool,
}

/// The images. Clones are one shelf.
#[derive(Clone)]
pub(crate) struct Shelf {
    node: Arc<Node>,
    records: Arc<Mutex<Records>>,
}

/// An image on a shelf.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) digest: String,
    pub(crate) tags: Vec<String>,
    pub(crate) media_type: String,
    pub(crate) manifest: Value,
    /// The bytes that it refers to, those of its parts included.
    pub(crate) size: u64,
    pub(crate) pushed: Option<String>,
    pub(crate) pulled: Option<String>,
    pub(crate) is_locked: bool,
}

impl Stored {
    /// The digests of the manifests that an index lists.
    pub(crate) fn parts(&self) -> Vec<String> {
        let entries = self.manifest["manifests"].as_array();
        let digest = |entry: &Value| entry["digest"].as_str().unwrap().to_owned();
        entries.into_iter().flatten().map(digest).collect()
    }
}

impl Shelf {
    /// The repositories, sorted.
    pub(crate) fn repositories(&self) -> Vec<String> {
        self.node.registry.repositories()
    }

    /// Every manifest of a repository, in the order of the digests: images, parts of images, and
    /// what is attached to them.
    pub(crate) async fn images(&self, repository: &str) -> Vec<Stored> {
        let mut tags: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (tag, digest) in self.node.registry.tags(repository) {
            tags.entry(digest).or_default().push(tag);
        }
        let mut manifests = HashMap::new();
        for digest in self.node.registry.manifests(repository) {
            let (media_type, bytes) = self.read(repository, &digest).await;
            let manifest: Value = serde_json::from_slice(&bytes).unwrap();
            manifests.insert(digest, (media_type, manifest));
        }
        let mut images = Vec::new();
        for (digest, (media_type, manifest)) in &manifests {
            let key = (repository.to_owned(), digest.clone());
            let records = self.records.lock().unwrap();
            images.push(Stored {
                digest: digest.clone(),
                tags: tags.get(digest).cloned().unwrap_or_default(),
                media_type: media_type.clone(),
                manifest: manifest.clone(),
                size: size(manifest, &manifests),
                pushed: records.pushed.get(&key).cloned(),
                pulled: records.pulled.get(&key).cloned(),
                is_locked: records.locked.contains(&key),
            });
        }
        images.sort_by(|a, b| a.digest.cmp(&b.digest));
        images
    }

    /// Whether a tag is locked.
    pub(crate) fn is_locked(&self, repository: &str, name: &str) -> bool {
        let key = (repository.to_owned(), name.to_owned());
        self.records.lock().unwrap().locked.contains(&key)
    }

    /// Removes a tag. Whether it was there.
    pub(crate) async fn untag(&self, repository: &str, tag: &str) -> bool {
        self.delete(repository, tag).await
    }

    /// Removes a manifest by its digest, with its tags. Whether it was there.
    pub(crate) async fn delete(&self, repository: &str, target: &str) -> bool {
        let path = format!("/v2/{repository}/manifests/{target}");
        self.call("DELETE", &path, b"").await.0 == 202
    }

    /// A manifest's media type and bytes.
    pub(crate) async fn read(&self, repository: &str, digest: &str) -> (String, Vec<u8>) {
        let path = format!("/v2/{repository}/manifests/{digest}");
        let (head, body) = self.request("GET", &path, None, b"").await;
        let media_type = head.headers["content-type"].to_str().unwrap().to_owned();
        (media_type, body)
    }

    /// Whether this request is one too many.
    pub(crate) fn is_busy(&self) -> bool {
        let mut records = self.records.lock().unwrap();
        let is_busy = records.busy > 0;
        records.busy = records.busy.saturating_sub(1);
        is_busy
    }

    /// Whether the credential is no longer good.
    pub(crate) fn is_expired(&self) -> bool {
        self.records.lock().unwrap().expired
    }

    async fn call(&self, method: &str, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let (head, body) = self.request(method, path, None, body).await;
        (head.status.as_u16(), body)
    }

    async fn request(
        &self,
        method: &str,
        path: &str,
        media_type: Option<&str>,
        body: &[u8],
    ) -> (http::response::Parts, Vec<u8>) {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(media_type) = media_type {
            request = request.header("content-type", media_type);
        } else {
            request = request.header("accept", "*/*");
        }
        let body = Bytes::copy_from_slice(body);
        let request = request.header("content-length", body.len());
        let body = stream::once(async move { Ok::<_, BoxError>(body) }).boxed();
        let response = self.node.registry.handle(request.body(body).unwrap()).await;
        let (head, body) = response.into_parts();
        let body: Vec<Bytes> = body.try_collect().await.unwrap();
        (head, body.concat())
    }

    /// What the registry behind the API answers.
    pub(crate) async fn behind(&self, asked: &Asked) -> Reply {
        let mut request = Request::builder()
            .method(asked.method.as_str())
            .uri(&asked.target);
        for (name, value) in &asked.headers {
            if name != "authorization" {
                request = request.header(name, value);
            }
        }
        let body = asked.body.clone();
        let body = stream::once(async move { Ok::<_, BoxError>(body) }).boxed();
        let response = self.node.registry.handle(request.body(body).unwrap()).await;
        let (head, body) = response.into_parts();
        let body: Vec<Bytes> = body.try_collect().await.unwrap();
        let headers = head.headers.iter();
        let headers = headers.filter(|(name, _)| *name != "content-length");
        Reply {
            status: head.status.as_u16(),
            headers: headers
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
            body: body.concat().into(),
        }
    }
}

fn size(manifest: &Value, all: &HashMap<String, (String, Value)>) -> u64 {
    let list = |name: &str| manifest[name].as_array().cloned().unwrap_or_default();
    let own = list("layers")
        .into_iter()
        .chain([manifest["config"].clone()]);
    let own: u64 = own.filter_map(|blob| blob["size"].as_u64()).sum();
    let parts = list("manifests").into_iter().filter_map(|entry| {
        let (_, part) = all.get(entry["digest"].as_str()?)?;
        Some(size(part, all))
    });
    own + parts.sum::<u64>()
}

/// A lab with one vendor's registry, `reg.lab`, which [`Vendor::USER`] may use.
pub(crate) struct Stand<V: Vendor> {
    pub(crate) lab: Lab,
    pub(crate) shelf: Shelf,
    pub(crate) service: Service,
    vendor: std::marker::PhantomData<V>,
}

impl<V: Vendor> Stand<V> {
    pub(crate) fn new(vendor: V) -> Self {
        let lab = Lab::empty().open("behind");
        let shelf = Shelf {
            node: Arc::clone(lab.node("behind")),
            records: Arc::default(),
        };
        let serving = shelf.clone();
        let service = Service::waiting(move |asked| {
            let (vendor, shelf) = (vendor.clone(), serving.clone());
            async move {
                match vendor.answer(&asked, &shelf).await {
                    Some(reply) => reply,
                    None => shelf.behind(&asked).await,
                }
            }
        });
        let address = &service.address;
        let settings = V::SETTINGS.replace("API", &format!("http://{address}"));
        lab.home.user_settings(&format!(
            "registries:\n  \"{address}\":\n    kind: {}\n    plain_http: true\n{settings}",
            V::KIND
        ));
        for (path, text) in V::FILES {
            lab.home.write(&format!("home/{path}"), text);
        }
        lab.home.docker_config(&serde_json::json!({
            "auths": {address: {"username": V::USER, "password": "secret"}}
        }));
        Self {
            lab,
            shelf,
            service,
            vendor: std::marker::PhantomData,
        }
    }

    /// The repositories, as the library has them.
    pub(crate) fn catalog(&self) -> Arc<dyn Catalog> {
        let host: Host = self.service.address.parse().unwrap();
        let mut reach = Reach::default();
        reach.allow_plain_http(&host);
        reach.name_kind(&host, V::KIND.parse().unwrap());
        let settings = transport::client::Settings::default();
        let transport = Arc::new(Transport::new(settings, Arc::new(())));
        let surroundings = Surroundings {
            variables: BTreeMap::new(),
            home: None,
            search_path: Vec::new(),
            transport: Arc::clone(&transport),
        };
        let machine = Arc::new(Machine::new(&surroundings, Arc::default()));
        let credential = Credential::password(V::USER, Secret::new("secret")).unwrap();
        let key = self.service.address.parse().unwrap();
        let credentials = Fixed::new("the test").with(key, credential, "the test");
        let identities = Arc::clone(&machine) as Arc<dyn Identities>;
        let (credentials, wires) = (Arc::new(credentials), Arc::clone(&transport));
        let stores = Stores::new(wires, credentials, identities, reach.clone());
        let inventories = Inventories {
            transport,
            machine,
            reach,
            now: jiff::Timestamp::now(),
            remark: Arc::new(|_: &str| {}),
        };
        inventories.catalog(&stores, &host)
    }

    /// What a search finds: names, and how many starred them.
    pub(crate) fn found(&self, term: &str) -> Vec<(String, Option<u64>)> {
        let found = self.catalog().search(term).unwrap();
        let found: Vec<Found> = wait_for(found.try_collect()).unwrap();
        let found = found.into_iter();
        found.map(|one| (one.name.to_string(), one.stars)).collect()
    }

    /// Makes a repository.
    pub(crate) fn create(&self, name: &str, creation: Creation) -> Result<Created> {
        let name = name.parse().unwrap();
        wait_for(self.catalog().create(&name, &creation))
    }

    /// Puts an image there: `REPO:TAG`, or `REPO` for one without a tag. When it was pushed, and
    /// pulled, is `2026-01-DAYT00:00:00Z`.
    pub(crate) fn push(&self, to: &str, image: &Image, pushed: u8, pulled: Option<u8>) {
        self.lab.push(&format!("behind.lab/{to}"), image);
        let repository = to.split(':').next().unwrap().to_owned();
        let day = |day: u8| format!("2026-01-{day:02}T00:00:00.678Z");
        let mut records = self.shelf.records.lock().unwrap();
        for manifest in &image.manifests {
            let key = (repository.clone(), manifest.digest.clone());
            records.pushed.entry(key).or_insert_with(|| day(pushed));
        }
        let key = (repository, image.digest().to_string());
        if let Some(pulled) = pulled {
            records.pulled.insert(key, day(pulled));
        }
    }

    /// Locks a tag, or an image by its digest.
    pub(crate) fn lock(&self, repository: &str, name: &str) {
        let key = (repository.to_owned(), name.to_owned());
        self.shelf.records.lock().unwrap().locked.insert(key);
    }

    /// Lets the next requests to the API be too many.
    pub(crate) fn throttle(&self, requests: usize) {
        self.shelf.records.lock().unwrap().busy = requests;
    }

    /// Lets the credential be no longer good.
    pub(crate) fn expire(&self) {
        self.shelf.records.lock().unwrap().expired = true;
    }

    /// A run of the binary; `reg.lab` is the vendor's registry.
    pub(crate) fn run<A: AsRef<str>>(&self, args: impl IntoIterator<Item = A>) -> Run {
        self.lab.run(args).named("reg.lab", &self.service.address)
    }

    /// The tags and the digests that a repository has now.
    pub(crate) fn tags(&self, repository: &str) -> Vec<(String, String)> {
        self.shelf.node.registry.tags(repository)
    }

    /// Whether an image is there.
    pub(crate) fn has(&self, repository: &str, image: &Image) -> bool {
        let all = self.shelf.node.registry.manifests(repository);
        all.contains(&image.digest().to_string())
    }

    /// The requests to the vendor's own API so far: method and target.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.service.asked().into_iter();
        let own = asked
            .filter(|asked| !asked.target.starts_with("/v2/") || asked.target.contains("/ext/"));
        own.map(|asked| format!("{} {}", asked.method, asked.target))
            .collect()
    }
}
