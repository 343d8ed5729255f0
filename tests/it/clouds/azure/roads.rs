//! From a pull and a push to the tokens that they take, and to nobody else.

use super::{AUTHORITY, ENTRA, HOST, NOBODY, SECRET, Scene, TENANT};
use super::{application, assert_secret, entra, given, near, refused};
use crate::clouds::world::{Reply, Service};
use crate::lab::Image;

fn by_secret() -> Service {
    entra(|asked| asked.field("client_secret") == SECRET)
}

#[test]
fn a_pull_and_a_push_take_a_token_each_and_one_identity() {
    let entra = by_secret();
    let mut scene = Scene::new().service(AUTHORITY, &entra);
    let copy = ["copy", "src.lab/app:v2", &format!("{HOST}/app:v2"), "-vv"];
    let run = application(scene.run(copy), "AZURE_CLIENT_SECRET", SECRET);
    let ran = run.any_stdout().any_stderr().code(0);
    scene.assert_pushed();
    assert_secret(&ran, &scene, &[]);
    assert_eq!(entra.asked().len(), 1, "{ran}");
    let exchanges = scene.acr.asked("/oauth2/exchange");
    assert_eq!(exchanges.len(), 1, "{ran}");
    assert_eq!(exchanges[0].field("tenant"), TENANT);
    // One to look whether it is there already, and one to write.
    assert!(scene.acr.asked("/oauth2/token").len() <= 2, "{ran}");

    let copy = ["copy", &format!("{HOST}/app:v1"), "src.lab/back:v1", "-q"];
    let run = application(scene.run(copy), "AZURE_CLIENT_SECRET", SECRET);
    run.any_stdout().code(0);
    scene
        .world
        .lab
        .assert_holds("src.lab/back:v1", &Image::small(1));
}

#[test]
fn an_anonymous_pull_asks_nobody_who_the_machine_is() {
    let metadata = Service::new(|_| given());
    let mut scene = Scene::with(super::Acr::anonymous).service(AUTHORITY, &by_secret());
    let run = scene.pull();
    run.env("AZURE_POD_IDENTITY_AUTHORITY_HOST", near(&metadata.address))
        .code(0);
    assert!(metadata.asked().is_empty());
    assert!(scene.acr.asked("/oauth2/exchange").is_empty());
}

#[test]
fn another_host_is_told_nothing() {
    let entra = by_secret();
    let registry = Service::new(|_| {
        let challenge = format!("Bearer realm=\"https://{HOST}/oauth2/token\",service=\"{HOST}\"");
        Reply::text(401, "text/plain", "").with("www-authenticate", &challenge)
    });
    let mut scene = Scene::new()
        .service(AUTHORITY, &entra)
        .service("myregistry.azurecr.io.example.com", &registry);
    let args = ["digest", "myregistry.azurecr.io.example.com/app:v1"];
    let run = application(scene.run(args), "AZURE_CLIENT_SECRET", SECRET);
    run.any_stderr().code(4);
    assert!(entra.asked().is_empty());
    assert!(scene.acr.asked("/oauth2/exchange").is_empty());
}

#[test]
fn an_identity_can_be_turned_off() {
    let entra = by_secret();
    let mut scene = Scene::new().service(AUTHORITY, &entra);
    let off = format!("registries: {{\"{HOST}\": {{identity: false}}}}\n");
    scene.world.lab.home.user_settings(&off);
    let run = application(scene.push(), "AZURE_CLIENT_SECRET", SECRET);
    run.stderr_has(NOBODY).code(4);
    assert!(entra.asked().is_empty());
}

#[test]
fn a_registry_has_a_name_of_its_owner_s() {
    let host = "images.contoso.example";
    let entra = by_secret();
    // The token service has the registry's own name.
    let mut scene = Scene::at(host, |acr| acr).service(AUTHORITY, &entra);
    scene.world = scene.world.named(HOST, &scene.acr.address);
    let settings =
        format!("registries: {{\"{host}\": {{kind: acr, token_realm: [\"{HOST}\"]}}}}\n");
    scene.world.lab.home.user_settings(&settings);
    let copy = ["copy", "src.lab/app:v2", &format!("{host}/app:v2"), "-q"];
    let run = application(scene.run(copy), "AZURE_CLIENT_SECRET", SECRET);
    run.any_stdout().code(0);
    scene.assert_pushed();
    assert_eq!(
        scene.acr.asked("/oauth2/exchange")[0].field("service"),
        HOST
    );
}

#[test]
fn a_tenant_that_does_not_know_registries_gives_a_token_for_all_of_azure() {
    let entra = Service::new(|asked| match asked.field("scope").as_str() {
        "https://management.azure.com/.default" => given(),
        _ => refused(
            "invalid_resource",
            "AADSTS500011: The resource principal was not found.",
        ),
    });
    let mut scene = Scene::new().service(AUTHORITY, &entra);
    application(scene.push(), "AZURE_CLIENT_SECRET", SECRET).code(0);
    scene.assert_pushed();
    assert_eq!(entra.asked().len(), 2);
}

#[test]
fn a_token_for_all_of_azure_is_for_a_registry_by_azure_s_name_alone() {
    let host = "images.contoso.example";
    let entra = Service::new(|_| refused("invalid_resource", "AADSTS500011: Not found."));
    let mut scene = Scene::at(host, |acr| acr).service(AUTHORITY, &entra);
    let settings = format!("registries: {{\"{host}\": {{kind: acr}}}}\n");
    scene.world.lab.home.user_settings(&settings);
    let copy = ["copy", "src.lab/app:v2", &format!("{host}/app:v2"), "-q"];
    let run = application(scene.run(copy), "AZURE_CLIENT_SECRET", SECRET);
    run.stderr_has("AADSTS500011").any_stdout().run();
    assert_eq!(entra.asked().len(), 1);
}

#[test]
fn the_authority_is_the_cloud_s_or_the_one_that_was_named() {
    let named = by_secret();
    let mut scene = Scene::new().service("login.contoso.example", &named);
    let run = application(scene.push(), "AZURE_CLIENT_SECRET", SECRET);
    run.env("AZURE_AUTHORITY_HOST", "https://login.contoso.example/")
        .code(0);
    scene.assert_pushed();
    assert_eq!(named.asked().len(), 1);
}

#[test]
fn a_token_service_that_sends_us_on_is_not_followed_with_a_secret() {
    let thief = Service::new(|_| given());
    let entra = Service::new(|_| {
        Reply::text(307, "text/plain", "").with("location", "https://thief.example.com/")
    });
    let mut scene = Scene::new()
        .service(AUTHORITY, &entra)
        .service("thief.example.com", &thief);
    let run = application(scene.push(), "AZURE_CLIENT_SECRET", SECRET);
    let ran = run.stderr_has(AUTHORITY).code(4);
    assert!(thief.asked().is_empty());
    assert!(!ran.stderr.contains(ENTRA), "{ran}");
}
