//! ECR's API as others wrote it: moto and ministack, with the faults that they are known to have.

use crate::clouds::aws::emulators::Server;
use crate::lab::{Image, Lab, wait_for};
use async_trait::async_trait;
use crossdock::auth::credential::Subject;
use crossdock::auth::credential::{Credential, CredentialError, CredentialSource, Found};
use crossdock::auth::identity::Effort;
use crossdock::config::Settings;
use crossdock::inventory::open::Inventories;
use crossdock::inventory::{Created, Creation, Detail, Inventory, Lock};
use crossdock::oci::Digest;
use crossdock::oci::reference::{Host, Location};
use crossdock::provider::Surroundings;
use crossdock::provider::aws::api::EcrQuestion;
use crossdock::provider::machine::Machine;
use crossdock::store::Kind;
use crossdock::store::open::{Reach, Stores};
use crossdock::transport::{Transport, client};
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};
use std::sync::Arc;

/// A machine with keys, and a service that takes any.
struct Cloud {
    host: Host,
    machine: Arc<Machine>,
    stores: Stores,
    inventories: Inventories,
    /// It ends with the value.
    _server: Server,
    _lab: Lab,
}

/// Nobody gave a credential.
struct Nothing;

#[async_trait]
impl CredentialSource for Nothing {
    fn name(&self) -> String {
        "nothing".to_owned()
    }

    async fn credential(&self, _: &Subject) -> Result<Option<Found>, CredentialError> {
        Ok(None)
    }

    fn forget(&self, _: &Subject, _: &Credential) {}
}

impl Cloud {
    fn new(account: &str, start: fn(&Lab) -> Server) -> Self {
        let lab = Lab::empty();
        let server = start(&lab);
        let transport = Transport::new(client::Settings::default(), Arc::new(()));
        let transport = Arc::new(transport);
        let variables = [
            ("AWS_ENDPOINT_URL_ECR", server.url()),
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "CANARYsecret".to_owned()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value));
        let surroundings = Surroundings {
            variables: variables.into_iter().collect(),
            home: Some(lab.home.path("home")),
            search_path: Vec::new(),
            transport: Arc::clone(&transport),
        };
        let machine = Arc::new(Machine::new(&surroundings, Arc::new(Settings::default())));
        let (reach, identities) = (Reach::default(), Arc::clone(&machine));
        let stores = Stores::new(
            Arc::clone(&transport),
            Arc::new(Nothing),
            identities,
            reach.clone(),
        );
        let inventories = Inventories {
            transport,
            machine: Arc::clone(&machine),
            reach,
            now: jiff::Timestamp::now(),
            remark: Arc::new(|remark: &str| panic!("{remark}")),
        };
        let host = format!("{account}.dkr.ecr.eu-west-1.amazonaws.com");
        Self {
            host: host.parse().unwrap(),
            machine,
            stores,
            inventories,
            _server: server,
            _lab: lab,
        }
    }

    fn inventory(&self, name: &str) -> Arc<dyn Inventory> {
        let place = format!("{}/{name}", self.host).parse().unwrap();
        let store = self.stores.open(&Location::Remote(place));
        self.inventories.of(&self.stores, store)
    }

    fn create(&self, name: &str, creation: Creation) -> Created {
        let catalog = self.inventories.catalog(&self.stores, &self.host);
        let name = name.parse().unwrap();
        wait_for(catalog.create(&name, &creation)).unwrap()
    }

    fn ask(&self, operation: &'static str, parameters: &Value) -> Value {
        let question = EcrQuestion {
            operation,
            body: parameters.to_string().into(),
            effort: Effort::Thorough,
        };
        let answer = wait_for(self.machine.ask_ecr(&self.host, &question)).unwrap();
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Puts an image there, and says under which digest: theirs are not always of the bytes.
    fn put(&self, name: &str, tag: &str, image: &Image) -> Digest {
        let manifest = std::str::from_utf8(&image.manifests.last().unwrap().bytes).unwrap();
        let put = json!({
            "repositoryName": name, "imageManifest": manifest, "imageTag": tag,
            "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
        });
        let put = self.ask("PutImage", &put);
        let digest = put["image"]["imageId"]["imageDigest"].as_str().unwrap();
        digest.parse().unwrap()
    }

    fn tags(&self, name: &str) -> Vec<(String, Option<Lock>)> {
        let images = self.inventory(name).images(Detail::Full);
        let images: Vec<crossdock::inventory::Image> = wait_for(images.try_collect()).unwrap();
        for image in &images {
            assert!(image.pushed.is_some() && image.size.is_some(), "{image:?}");
            assert!(image.media_type.is_some(), "{image:?}");
            assert_eq!(image.artifact_type, None);
        }
        let tags = images.into_iter().flat_map(|image| image.tags);
        let mut tags: Vec<(String, Option<Lock>)> = tags
            .map(|tagged| (tagged.tag.to_string(), tagged.lock))
            .collect();
        tags.sort_by(|a, b| a.0.cmp(&b.0));
        tags
    }
}

/// `by_tag`: whether a tag goes alone.
fn holds_up(cloud: &Cloud, by_tag: bool) {
    let strict = Creation {
        immutable: true,
        scan_on_push: true,
        public: false,
    };
    assert_eq!(cloud.create("team/strict", strict), Created::New);
    assert_eq!(cloud.create("team/strict", strict), Created::Existed);
    assert_eq!(cloud.create("team/app", Creation::default()), Created::New);
    let described = cloud.ask(
        "DescribeRepositories",
        &json!({"repositoryNames": ["team/strict"]}),
    );
    let described = &described["repositories"][0];
    assert_eq!(described["imageTagMutability"], "IMMUTABLE");
    assert_eq!(described["imageScanningConfiguration"]["scanOnPush"], true);

    let catalog = cloud.inventories.catalog(&cloud.stores, &cloud.host);
    let names: Vec<_> = wait_for(catalog.repositories("").try_collect()).unwrap();
    let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
    names.sort_unstable();
    assert_eq!(names, ["team/app", "team/strict"]);

    cloud.put("team/strict", "v1", &Image::small(1));
    assert_eq!(
        cloud.tags("team/strict"),
        [("v1".to_owned(), Some(Lock::Immutable))]
    );
    let digest = cloud.put("team/app", "v1", &Image::sized(1, &[10, 20]));
    cloud.put("team/app", "v2", &Image::sized(1, &[10, 20]));
    let other = cloud.put("team/app", "v3", &Image::sized(3, &[30]));
    let names = ["v1", "v2", "v3"].map(|tag| (tag.to_owned(), None));
    assert_eq!(cloud.tags("team/app"), names);

    let inventory = cloud.inventory("team/app");
    let image = wait_for(inventory.image(&digest)).unwrap().unwrap();
    assert_eq!(image.tags.len(), 2);
    let absent = crossdock::oci::digest::sha256(b"absent");
    assert_eq!(wait_for(inventory.image(&absent)).unwrap(), None);

    let [gone, missing] = &wait_for(inventory.untag(&["v1", "v9"].map(|t| t.parse().unwrap())))[..]
    else {
        panic!("one for each");
    };
    assert!(gone.is_ok(), "{gone:?}");
    assert_eq!(missing.as_ref().unwrap_err().kind(), Kind::NotFound);
    let left: Vec<String> = cloud
        .tags("team/app")
        .into_iter()
        .map(|(tag, _)| tag)
        .collect();
    assert_eq!(left, if by_tag { &["v2", "v3"][..] } else { &["v3"] });

    let [gone, missing] = &wait_for(inventory.delete(&[other, absent]))[..] else {
        panic!("one for each");
    };
    assert!(gone.is_ok(), "{gone:?}");
    assert_eq!(missing.as_ref().unwrap_err().kind(), Kind::NotFound);
    assert_eq!(cloud.tags("team/app").len(), usize::from(by_tag));
}

#[test]
fn moto_s_repositories() {
    holds_up(&Cloud::new("123456789012", Server::moto), true);
}

/// It removes the image with any of its tags.
#[test]
fn ministack_s_repositories() {
    holds_up(&Cloud::new("000000000000", Server::ministack), false);
}
