//! Identities that come to nothing, and what is said about them.

use super::{APPLICATION, AUTHORITY, HOST, SECRET, Scene};
use super::{application, assert_secret, entra, given};
use crate::clouds::world::{Reply, Service};
use serde_json::json;

#[test]
fn a_wrong_secret_is_told_in_azure_s_words() {
    let entra = entra(|_| false);
    let mut scene = Scene::new().service(AUTHORITY, &entra);
    let run = application(scene.push(), "AZURE_CLIENT_SECRET", SECRET);
    let words = format!(
        "{AUTHORITY} gives the Azure application {APPLICATION} (AZURE_CLIENT_SECRET) no token (401): AADSTS7000215: Invalid client secret provided."
    );
    let ran = run.stderr_has(words).code(4);
    assert!(!ran.stderr.contains("Trace ID"), "{ran}");
    assert_secret(&ran, &scene, &[]);
    assert_eq!(
        entra.asked().len(),
        1,
        "one that is refused is not asked again"
    );
}

#[test]
fn a_secret_that_is_repeated_to_us_is_not_shown() {
    let entra = Service::new(|asked| {
        let words = format!("AADSTS1: not {}", asked.field("client_secret"));
        Reply::json(401, &json!({"error": "x", "error_description": words}))
    });
    let mut scene = Scene::new().service(AUTHORITY, &entra);
    let run = application(scene.push(), "AZURE_CLIENT_SECRET", SECRET);
    let ran = run.stderr_has("AADSTS1: not ***").code(4);
    assert_secret(&ran, &scene, &[]);
}

#[test]
fn an_identity_without_a_role_is_told_so() {
    let entra = entra(|_| true);
    let mut scene = Scene::with(super::Acr::strangers).service(AUTHORITY, &entra);
    let run = application(scene.push(), "AZURE_CLIENT_SECRET", SECRET);
    let run = run.stderr_has(format!("{HOST} gives the Azure application {APPLICATION}"));
    let run = run.stderr_has("(401): authentication required");
    let ran = run
        .stderr_has("has it a role there, such as AcrPull?")
        .code(4);
    assert_secret(&ran, &scene, &[]);
}

#[test]
fn an_answer_that_is_none_is_told() {
    let large = format!("{{\"access_token\": \"{}\"}}", "x".repeat(2 << 20));
    for (reply, reason) in [
        (
            Reply::text(200, "text/html", "<html>"),
            "is not a token reply",
        ),
        (
            Reply::json(200, &json!({"token_type": "Bearer"})),
            "holds no token",
        ),
        (
            Reply::json(200, &json!({"access_token": 1})),
            "holds no token",
        ),
        (
            Reply::json(200, &json!({"access_token": "a\r\nb"})),
            "holds no token",
        ),
        (
            Reply::text(200, "application/json", large),
            "cannot be asked",
        ),
        (Reply::text(400, "text/html", "<html>"), "no token (400)"),
    ] {
        let entra = Service::new(move |_| reply.clone());
        let mut scene = Scene::new().service(AUTHORITY, &entra);
        let run = application(scene.push(), "AZURE_CLIENT_SECRET", SECRET);
        run.stderr_has(reason).stderr_has(AUTHORITY).code(4);
    }
}

#[test]
fn half_an_identity_is_told() {
    let mut scene = Scene::new();
    let run = scene.push().env("AZURE_CLIENT_SECRET", SECRET);
    let run = run.env("AZURE_CLIENT_ID", APPLICATION);
    let run = run.stderr_has("the variable AZURE_CLIENT_SECRET is set, and AZURE_TENANT_ID is not");
    let ran = run.code(4);
    assert_secret(&ran, &scene, &[]);
}

#[test]
fn a_busy_authority_is_asked_again() {
    let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let entra =
        Service::new(
            move |_| match count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                0 => Reply::text(429, "text/plain", "").with("retry-after", "0"),
                _ => given(),
            },
        );
    let mut scene = Scene::new().service(AUTHORITY, &entra);
    let run = application(scene.push(), "AZURE_CLIENT_SECRET", SECRET);
    run.any_stderr().code(0);
    scene.assert_pushed();
}
