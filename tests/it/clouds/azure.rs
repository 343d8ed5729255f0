//! Azure: a registry at `myregistry.azurecr.io` that trades Entra's tokens, and everybody who gives
//! those.

mod machines;
#[cfg(unix)]
mod program;
mod proofs;
mod refusals;
mod registry;
mod roads;

use super::world::{Asked, Reply, Service, World};
use crate::lab::{Image, Lab, Ran, Run};
use crate::tls::proxy::Proxy;
use registry::Acr;
use serde_json::json;

const HOST: &str = "myregistry.azurecr.io";
const AUTHORITY: &str = "login.microsoftonline.com";
const APPLICATION: &str = "11111111-2222-3333-4444-555555555555";
const TENANT: &str = "contoso.example";
/// The token of Entra's that the registry trades.
const ENTRA: &str = "entra-t0ken";
/// What an application proves who it is by.
const SECRET: &str = "cl1ent+s3cret/";

/// What the registry says to somebody whom it does not know.
const NOBODY: &str = "myregistry.azurecr.io gives no token (401)";

/// A registry of Azure's, whoever knows the machine, and a user behind a proxy.
struct Scene {
    world: World,
    acr: Acr,
    proxy: Option<Proxy>,
}

impl Scene {
    /// A registry that asks everybody who they are, with an image at `app:v1`; another is in
    /// `src.lab/app:v2`.
    fn new() -> Self {
        Self::with(|acr| acr)
    }

    /// The same with a registry after `change`.
    fn with(change: impl FnOnce(Acr) -> Acr) -> Self {
        Self::at(HOST, change)
    }

    fn at(host: &str, change: impl FnOnce(Acr) -> Acr) -> Self {
        let lab = Lab::empty().open("src").open("acr");
        lab.push("acr.lab/app:v1", &Image::small(1));
        lab.push("src.lab/app:v2", &Image::small(2));
        let acr = change(Acr::new(HOST, lab.node("acr")));
        let acr = acr.open();
        let world = World::new(lab).named(host, &acr.address);
        Self {
            world,
            acr,
            proxy: None,
        }
    }

    /// Lets `host` be this service.
    fn service(mut self, host: &str, service: &Service) -> Self {
        self.world = self.world.service(host, service);
        self
    }

    fn run<A: AsRef<str>>(&mut self, args: impl IntoIterator<Item = A>) -> Run {
        let world = &self.world;
        let proxy = self.proxy.get_or_insert_with(|| world.proxy());
        world.run(proxy, args)
    }

    /// A read.
    fn pull(&mut self) -> Run {
        let image = Image::small(1);
        self.run(["digest", &format!("{HOST}/app:v1")])
            .stdout(format!("{}\n", image.digest()))
    }

    /// A write.
    fn push(&mut self) -> Run {
        self.run(["copy", "src.lab/app:v2", &format!("{HOST}/app:v2"), "-q"])
            .any_stdout()
    }

    #[track_caller]
    fn assert_pushed(&self) {
        self.world
            .lab
            .assert_holds("acr.lab/app:v2", &Image::small(2));
    }
}

/// A URL of a service on this machine.
fn near(address: &str) -> String {
    format!("http://{address}")
}

/// An application's variables, and how it proves who it is.
fn application(run: Run, proof: &str, value: &str) -> Run {
    run.env("AZURE_CLIENT_ID", APPLICATION)
        .env("AZURE_TENANT_ID", TENANT)
        .env(proof, value)
}

/// Entra, which gives its token where `is_right` finds nothing wrong with the form.
fn entra(is_right: impl Fn(&Asked) -> bool + Clone + Send + Sync + 'static) -> Service {
    Service::new(move |asked| {
        let is_form = asked.header("content-type") == "application/x-www-form-urlencoded";
        let is_common = asked.method == "POST"
            && asked.target == format!("/{TENANT}/oauth2/v2.0/token")
            && asked.field("grant_type") == "client_credentials"
            && asked.field("client_id") == APPLICATION
            && asked.field("scope") == "https://containerregistry.azure.net/.default";
        if is_form && is_common && is_right(asked) {
            given()
        } else {
            refused(
                "invalid_client",
                "AADSTS7000215: Invalid client secret provided.",
            )
        }
    })
}

/// Entra's token.
fn given() -> Reply {
    let token = json!({"token_type": "Bearer", "expires_in": 3599, "access_token": ENTRA});
    Reply::json(200, &token)
}

/// Entra's no, in as many lines as it has.
fn refused(code: &str, words: &str) -> Reply {
    let words = format!("{words}\r\nTrace ID: 6f5c\r\nTimestamp: 2026-11-01 00:00:00Z");
    Reply::json(401, &json!({"error": code, "error_description": words}))
}

/// Nobody is told what only the services know.
#[track_caller]
fn assert_secret(ran: &Ran, scene: &Scene, more: &[&str]) {
    let told = [SECRET, "cl1ent%2Bs3cret%2F", ENTRA];
    let issued = scene.acr.issued();
    let secrets = told.iter().chain(more).map(ToString::to_string);
    for secret in secrets.chain(issued) {
        assert!(!ran.stdout.contains(&secret), "{secret} in {ran}");
        assert!(!ran.stderr.contains(&secret), "{secret} in {ran}");
    }
}
