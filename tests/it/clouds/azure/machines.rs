//! Managed identities: of an application, of a virtual machine.

use super::{APPLICATION, ENTRA, NOBODY, Scene, assert_secret, given, near};
use crate::clouds::world::{Reply, Service};
use crate::lab::Run;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const HEADER: &str = "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a";
const RESOURCE: &str = "resource=https%3A%2F%2Fcontainerregistry.azure.net";

/// The service beside an application.
fn application() -> Service {
    Service::new(|asked| {
        let target = format!("/msi/token?api-version=2019-08-01&{RESOURCE}");
        let own = format!("{target}&client_id={APPLICATION}");
        let is_right = asked.method == "GET" && [target, own].contains(&asked.target);
        if is_right && asked.header("x-identity-header") == HEADER {
            let expires = "1780000000";
            Reply::json(200, &json!({"access_token": ENTRA, "expires_on": expires}))
        } else {
            let words = format!("no identity for {}", asked.header("x-identity-header"));
            Reply::json(400, &json!({"statusCode": 400, "message": words}))
        }
    })
}

fn in_application(run: Run, service: &Service, header: &str) -> Run {
    let endpoint = near(&service.address) + "/msi/token";
    run.env("IDENTITY_ENDPOINT", endpoint)
        .env("IDENTITY_HEADER", header)
}

#[test]
fn an_application_asks_the_service_beside_it() {
    let service = application();
    let mut scene = Scene::new();
    let ran = in_application(scene.push(), &service, HEADER).code(0);
    scene.assert_pushed();
    assert_secret(&ran, &scene, &[HEADER]);
    let run = in_application(scene.pull(), &service, HEADER);
    run.env("AZURE_CLIENT_ID", APPLICATION).code(0);
    let own = format!("client_id={APPLICATION}");
    assert!(service.asked()[1].target.ends_with(&own));
}

#[test]
fn an_application_that_is_nobody_is_told_so() {
    let service = application();
    let mut scene = Scene::new();
    let run = in_application(scene.push(), &service, "wr0ng");
    let run = run.stderr_has("the managed identity of this machine (IDENTITY_ENDPOINT)");
    let ran = run.stderr_has("(400): no identity for ***").code(4);
    assert_secret(&ran, &scene, &["wr0ng"]);
    let run = in_application(scene.push(), &service, HEADER);
    let run = run.env("IDENTITY_ENDPOINT", "http://identity.example.com/token");
    let run = run.stderr_has("is reached without TLS, and not on this machine");
    run.code(4);
}

#[test]
fn a_service_beside_an_application_that_sends_us_on_is_not_followed_with_a_secret() {
    let thief = Service::new(|_| given());
    let to = near(&thief.address);
    let service = Service::new(move |_| Reply::text(307, "text/plain", "").with("location", &to));
    let mut scene = Scene::new();
    let run = in_application(scene.push(), &service, HEADER);
    run.stderr_has("no token (307)").code(4);
    assert!(thief.asked().is_empty());
}

#[test]
fn no_proxy_is_asked_who_this_machine_is() {
    let proxy = crate::tls::proxy::Proxy::to([]);
    let mut scene = Scene::new();
    // Nobody is there, and a proxy would hear of it.
    let run = scene
        .push()
        .env("HTTP_PROXY", format!("http://{}", proxy.address()));
    let run = run.env("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://169.254.0.1");
    run.stderr_has(NOBODY).code(4);
    assert_eq!(proxy.heads(), Vec::<String>::new());
}

const METADATA: &str = "/metadata/identity/oauth2/token";

/// The metadata service of a virtual machine of Azure's.
fn metadata(answer: impl Fn() -> Reply + Clone + Send + Sync + 'static) -> Service {
    Service::new(move |asked| {
        let target = format!("{METADATA}?api-version=2018-02-01&{RESOURCE}");
        if asked.target.starts_with(&target) && asked.header("metadata") == "true" {
            answer()
        } else {
            let words = "Required metadata header not specified";
            let error = json!({"error": "invalid_request", "error_description": words});
            Reply::json(400, &error)
        }
    })
}

/// What the metadata service was asked: whether it is there, or for a token.
fn asked(service: &Service) -> Vec<&'static str> {
    let asked = service.asked().into_iter();
    let kinds = asked.map(|asked| match asked.header("metadata") {
        "" if asked.target == METADATA => "glance",
        "true" => "token",
        _ => "else",
    });
    kinds.collect()
}

fn on_machine(run: Run, address: &str) -> Run {
    run.env("AZURE_POD_IDENTITY_AUTHORITY_HOST", near(address))
}

#[test]
fn a_virtual_machine_asks_the_metadata_service() {
    let service = metadata(given);
    let mut scene = Scene::new();
    let ran = on_machine(scene.push(), &service.address).code(0);
    scene.assert_pushed();
    assert_secret(&ran, &scene, &[]);
    assert_eq!(asked(&service), ["glance", "token"]);
}

/// A token may take its time, and several attempts, once the service has said that it is there.
#[test]
fn a_metadata_service_that_is_slow_or_busy_is_waited_for() {
    let slow = metadata(|| {
        std::thread::sleep(Duration::from_secs(3));
        given()
    });
    let mut scene = Scene::new();
    on_machine(scene.push(), &slow.address).code(0);
    scene.assert_pushed();
    assert_eq!(asked(&slow), ["glance", "token"]);
    for status in [404, 410, 429, 500] {
        let attempts = Arc::new(AtomicUsize::new(0));
        let busy = metadata(move || match attempts.fetch_add(1, Ordering::Relaxed) {
            0 => Reply::text(status, "text/plain", ""),
            _ => given(),
        });
        let mut scene = Scene::new();
        on_machine(scene.push(), &busy.address).code(0);
        scene.assert_pushed();
        assert_eq!(asked(&busy), ["glance", "token", "token"], "{status}");
    }
}

#[test]
fn a_metadata_service_that_stays_busy_is_told() {
    let busy = metadata(|| Reply::text(410, "text/plain", ""));
    let mut scene = Scene::new();
    let run = on_machine(scene.push(), &busy.address).env("CROSSDOCK_RETRIES", "1");
    run.stderr_has(
        "gives the managed identity of this machine (the metadata service) no token (410)",
    )
    .code(4);
    assert_eq!(asked(&busy), ["glance", "token", "token"]);
}

#[test]
fn a_machine_that_is_not_azure_s_is_nobody_and_is_asked_for_no_token() {
    for reply in [
        Reply::text(404, "text/html", "<html>Not Found</html>"),
        Reply::text(401, "text/plain", ""),
        Reply::text(403, "text/plain", "Metadata-Flavor"),
        Reply::text(503, "text/plain", "later"),
    ] {
        let service = Service::new(move |_| reply.clone());
        let mut scene = Scene::new();
        let run = on_machine(scene.push(), &service.address);
        run.stderr_has(NOBODY).code(4);
        assert_eq!(asked(&service), ["glance"]);
    }
}

#[test]
fn a_machine_of_azure_s_without_an_identity_is_nobody() {
    let none = "Identity not found";
    for reply in [
        Reply::text(401, "text/plain", ""),
        Reply::json(
            400,
            &json!({"error": "invalid_request", "error_description": none}),
        ),
    ] {
        let service = metadata(move || reply.clone());
        let mut scene = Scene::new();
        let run = on_machine(scene.push(), &service.address);
        run.stderr_has(NOBODY).code(4);
        assert_eq!(asked(&service), ["glance", "token"]);
    }
}

#[test]
fn an_identity_that_the_machine_does_not_have_is_told() {
    let service = metadata(|| {
        let error = json!({"error": "invalid_request", "error_description": "Identity not found"});
        Reply::json(400, &error)
    });
    let mut scene = Scene::new();
    let run = on_machine(scene.push(), &service.address).env("AZURE_CLIENT_ID", APPLICATION);
    let who = format!("the managed identity {APPLICATION} (the metadata service)");
    run.stderr_has(who)
        .stderr_has("(400): Identity not found")
        .code(4);
}

#[test]
fn a_metadata_service_that_is_not_there_costs_a_second() {
    // It takes connections, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let mut scene = Scene::new();
    let run = on_machine(scene.push(), &address);
    let ran = run.stderr_has(NOBODY).code(4);
    assert!(ran.elapsed >= Duration::from_secs(1), "{ran}");
    assert!(ran.stderr.contains("gave no answer in time"), "{ran}");
    assert!(ran.elapsed < Duration::from_secs(8), "{ran}");
    drop(silent);
    let ran = on_machine(scene.push(), &address);
    let ran = ran.stderr_has(NOBODY).code(4);
    // Nobody is there, and says so.
    assert!(!ran.stderr.contains("gave no answer in time"), "{ran}");
}
