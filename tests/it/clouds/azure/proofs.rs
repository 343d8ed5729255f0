//! How an application proves who it is: by a certificate, by the tokens of others.

use super::{APPLICATION, AUTHORITY, Scene, TENANT, application, assert_secret, entra};
use crate::clouds::world::{Asked, Reply, Service};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, PublicKeyData as _, RsaKeySize};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const KIND: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const FOREIGN: &str = "e30.eyJmb3JlaWduIjoxfQ.c2ln";

/// A certificate and its key, as one file holds them.
fn certificate() -> (String, KeyPair, Vec<u8>) {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let params = CertificateParams::new(vec!["application".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let pem = format!("{}{}", key.serialize_pem(), certificate.pem());
    (pem, key, certificate.der().to_vec())
}

fn part(token: &str, number: usize) -> Vec<u8> {
    let part = token.split('.').nth(number).unwrap_or_default();
    URL_SAFE_NO_PAD.decode(part).unwrap_or_default()
}

/// Entra, which knows an application that states who it is in these words.
fn trusting(assertion: &'static str) -> Service {
    entra(move |asked| {
        asked.field("client_assertion_type") == KIND && asked.field("client_assertion") == assertion
    })
}

#[test]
fn an_application_signs_who_it_is_with_its_certificate() {
    let (pem, key, der) = certificate();
    let public = key.der_bytes().to_vec();
    let entra = entra(move |asked: &Asked| {
        let token = asked.field("client_assertion");
        let signed = token.rsplit_once('.').map_or("", |(signed, _)| signed);
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &public);
        key.verify(signed.as_bytes(), &part(&token, 2)).is_ok()
            && asked.field("client_assertion_type") == KIND
    });
    let mut scene = Scene::new().service(AUTHORITY, &entra);
    let path = scene.world.lab.home.write("work/application.pem", &pem);
    let path = path.to_str().unwrap();
    let run = application(scene.push(), "AZURE_CLIENT_CERTIFICATE_PATH", path);
    let ran = run.code(0);
    scene.assert_pushed();

    let token = entra.asked()[0].field("client_assertion");
    assert_secret(&ran, &scene, &[&token]);
    let print = |algorithm| URL_SAFE_NO_PAD.encode(digest(algorithm, &der));
    let header: Value = serde_json::from_slice(&part(&token, 0)).unwrap();
    let prints = (print(&SHA1_FOR_LEGACY_USE_ONLY), print(&SHA256));
    assert_eq!(
        header,
        json!({"alg": "RS256", "typ": "JWT", "x5t": prints.0, "x5t#S256": prints.1})
    );
    let claims: Value = serde_json::from_slice(&part(&token, 1)).unwrap();
    let url = format!("https://{AUTHORITY}/{TENANT}/oauth2/v2.0/token");
    assert_eq!(claims["aud"], url);
    assert_eq!(
        (&claims["iss"], &claims["sub"]),
        (&APPLICATION.into(), &APPLICATION.into())
    );
    assert!(!claims["jti"].as_str().unwrap().is_empty());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let (from, to) = (
        &claims["nbf"].as_u64().unwrap(),
        &claims["exp"].as_u64().unwrap(),
    );
    assert!((now.as_secs() - 120..=now.as_secs()).contains(from));
    assert_eq!(to - from, 600);
}

#[test]
fn a_file_that_proves_nothing_is_told() {
    let (pem, ..) = certificate();
    let (_, other, _) = certificate();
    let only = pem.find("-----BEGIN CERTIFICATE").unwrap();
    let elliptic = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["application".to_owned()]).unwrap();
    let elliptic = elliptic.serialize_pem() + &params.self_signed(&elliptic).unwrap().pem();
    let mismatch = format!("{}{}", other.serialize_pem(), &pem[only..]);
    let encrypted = pem.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    for (content, reason) in [
        (&b"\x30\x82\x0a\x01\x02\x01\x03"[..], "PKCS #12 (`.pfx`)"),
        (&pem.as_bytes()[..only], "holds no certificate in PEM form"),
        (&pem.as_bytes()[only..], "holds no private key in PEM form"),
        (
            mismatch.as_bytes(),
            "the private key of another certificate",
        ),
        (encrypted.as_bytes(), "a private key that is encrypted"),
        (elliptic.as_bytes(), "no RSA key of 2048 bits or more"),
    ] {
        let mut scene = Scene::new().service(AUTHORITY, &entra(|_| true));
        let path = scene.world.lab.home.write("work/application.pem", content);
        let path = path.to_str().unwrap();
        let run = application(scene.push(), "AZURE_CLIENT_CERTIFICATE_PATH", path);
        let run = run.stderr_has(reason).stderr_has("application.pem");
        let ran = run.stderr_has("AZURE_CLIENT_CERTIFICATE_PATH").code(4);
        assert!(!ran.stderr.contains("MII"), "{ran}");
    }
}

#[test]
fn a_pod_shows_the_token_of_its_cluster_as_it_is_now() {
    let entra = trusting(FOREIGN);
    let mut scene = Scene::new().service(AUTHORITY, &entra);
    let path = scene.world.lab.home.write("work/token", "outdated");
    let path = path.to_str().unwrap();
    let run = application(scene.push(), "AZURE_FEDERATED_TOKEN_FILE", path);
    run.stderr_has("AADSTS7000215").code(4);
    scene
        .world
        .lab
        .home
        .write("work/token", format!("{FOREIGN}\n"));
    let ran = application(scene.push(), "AZURE_FEDERATED_TOKEN_FILE", path).code(0);
    scene.assert_pushed();
    assert_secret(&ran, &scene, &[FOREIGN]);
}

#[test]
fn a_file_without_a_token_is_told() {
    let large = "x".repeat(70_000);
    for (content, reason) in [
        (None, "cannot read"),
        (Some(""), "holds no token"),
        (Some("two tokens"), "holds no token"),
        (Some(&large), "is too large"),
    ] {
        let mut scene = Scene::new();
        let path = scene.world.lab.home.path("work/token");
        if let Some(content) = content {
            scene.world.lab.home.write("work/token", content);
        }
        let path = path.to_str().unwrap();
        let run = application(scene.push(), "AZURE_FEDERATED_TOKEN_FILE", path);
        let run = run
            .stderr_has(reason)
            .stderr_has("AZURE_FEDERATED_TOKEN_FILE");
        let ran = run.code(4);
        assert!(!ran.stderr.contains("two tokens"), "{ran}");
    }
}

/// GitHub, which gives a token to whoever shows the workflow's.
fn github() -> Service {
    Service::new(|asked| {
        let is_right = asked.method == "GET"
            && asked.target
                == "/abc/idtoken?api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange"
            && asked.header("authorization") == "Bearer w0rkflow";
        if is_right {
            Reply::json(200, &json!({"count": 1, "value": FOREIGN}))
        } else {
            Reply::json(403, &json!({"message": "no w0rkflow here"}))
        }
    })
}

#[test]
fn a_workflow_shows_the_token_that_github_gives_it() {
    let (github, entra) = (github(), trusting(FOREIGN));
    let mut scene = Scene::new()
        .service(AUTHORITY, &entra)
        .service("pipelines.example.com", &github);
    let url = "https://pipelines.example.com/abc/idtoken?api-version=2.0";
    let run = scene.push();
    let run = application(run, "ACTIONS_ID_TOKEN_REQUEST_URL", url);
    let ran = run
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "w0rkflow")
        .code(0);
    scene.assert_pushed();
    assert_secret(&ran, &scene, &[FOREIGN, "w0rkflow"]);
}

#[test]
fn a_workflow_that_github_gives_no_token_is_told_why() {
    let github = Service::new(|_| Reply::json(403, &json!({"message": "no w0rkflow here"})));
    let mut scene = Scene::new().service("pipelines.example.com", &github);
    let url = "https://pipelines.example.com/abc/idtoken?api-version=2.0";
    let run = application(scene.push(), "ACTIONS_ID_TOKEN_REQUEST_URL", url);
    let run = run.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "w0rkflow");
    let run = run.stderr_has("pipelines.example.com gives the Azure application");
    run.stderr_has("(403): no *** here").code(4);
}
