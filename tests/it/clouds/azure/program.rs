//! The Azure CLI, which somebody logged in with.

use super::{AUTHORITY, ENTRA, NOBODY, SECRET, Scene, application, assert_secret, refused};
use crate::clouds::world::{Reply, Service};
use crate::credentials::install_at;
use serde_json::json;

/// A machine on which the Azure CLI is installed, and was used.
fn installed(scene: &Scene, script: &str) {
    let home = &scene.world.lab.home;
    install_at(&home.path("bin/az"), script);
    home.write("home/.azure/azureProfile.json", "{}");
}

/// It gives a token, and writes down what it was asked and what it was told.
fn works() -> String {
    format!(
        r#"echo "$@" >> "$HOME/asked"; env >> "$HOME/told"
echo "WARNING: something old" >&2
echo '{{"accessToken": "{ENTRA}", "expires_on": 1780000000, "tenant": "t", "tokenType": "Bearer"}}'
"#
    )
}

#[test]
fn a_laptop_is_whoever_logged_in_to_the_azure_cli() {
    let mut scene = Scene::new();
    installed(&scene, &works());
    let ran = scene.push().code(0);
    scene.assert_pushed();
    assert_secret(&ran, &scene, &[]);
    let run = scene.pull().env("CROSSDOCK_AUTH_1_HOST", "other.example");
    let run = run.env("CROSSDOCK_AUTH_1_USERNAME", "me");
    run.env("CROSSDOCK_AUTH_1_PASSWORD", SECRET).code(0);
    let home = &scene.world.lab.home;
    let asked =
        "account get-access-token --resource https://containerregistry.azure.net --output json\n";
    assert_eq!(home.read("home/asked"), Some(asked.repeat(2)));
    let told = home.read("home/told").unwrap();
    assert!(
        !told.contains("CROSSDOCK_AUTH") && told.contains("HOME="),
        "{told}"
    );
}

#[test]
fn the_azure_cli_is_not_run_where_it_was_never_used() {
    let mut scene = Scene::new();
    install_at(&scene.world.lab.home.path("bin/az"), &works());
    let run = scene.run(["digest", &format!("{}/app:v1", super::HOST)]);
    run.stderr_has(NOBODY).code(4);
    assert_eq!(scene.world.lab.home.read("home/asked"), None);
}

#[test]
fn a_login_that_does_not_help_is_told_in_the_program_s_words() {
    for (script, reason) in [
        (
            "echo \"ERROR: AADSTS700082: The refresh token has expired. \" >&2; echo 'Run: az login' >&2; exit 1",
            "the Azure CLI (`az`) gives no token: AADSTS700082: The refresh token has expired.",
        ),
        ("echo '<html>'", "printed no token"),
        ("echo '{\"accessToken\": \"\"}'", "printed no token"),
        ("yes", "it printed more than 1024 KiB"),
    ] {
        let mut scene = Scene::new();
        installed(&scene, script);
        scene.push().stderr_has(reason).code(4);
    }
}

/// Every workflow that may ask GitHub has its variables, and some log in with `az` all the same.
#[test]
fn a_workflow_that_entra_does_not_know_is_whoever_logged_in() {
    for (logged_in, code) in [(true, 0), (false, 4)] {
        let github = Service::new(|_| Reply::json(200, &json!({"value": "f0reign"})));
        let words = "AADSTS700213: No matching federated identity record found";
        let entra = Service::new(move |_| refused("invalid_client", words));
        let mut scene = Scene::new()
            .service(AUTHORITY, &entra)
            .service("pipelines.example.com", &github);
        if logged_in {
            installed(&scene, &works());
        }
        let url = "https://pipelines.example.com/";
        let run = application(scene.push(), "ACTIONS_ID_TOKEN_REQUEST_URL", url)
            .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "w0rkflow")
            .env("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9");
        let run = if logged_in {
            run
        } else {
            run.stderr_has(words)
        };
        let ran = run.code(code);
        assert_secret(&ran, &scene, &["f0reign", "w0rkflow"]);
        assert_eq!(entra.asked().len(), 1, "{ran}");
    }
    // What is wrong with it otherwise is told.
    let github = Service::new(|_| Reply::json(200, &json!({"value": "f0reign"})));
    let words = "AADSTS53003: Access has been blocked by Conditional Access policies";
    let entra = Service::new(move |_| refused("access_denied", words));
    let mut scene = Scene::new()
        .service(AUTHORITY, &entra)
        .service("pipelines.example.com", &github);
    installed(&scene, &works());
    let url = "https://pipelines.example.com/";
    let run = application(scene.push(), "ACTIONS_ID_TOKEN_REQUEST_URL", url);
    let run = run.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "w0rkflow");
    run.stderr_has(words).code(4);
    assert_eq!(scene.world.lab.home.read("home/asked"), None);
}

#[test]
fn nobody_has_logged_in() {
    let mut scene = Scene::new();
    installed(
        &scene,
        "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1",
    );
    // Nor is it a virtual machine.
    let run = scene
        .push()
        .env("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9");
    run.stderr_has(NOBODY).code(4);
}

#[test]
fn a_tenant_without_registries_gives_a_token_for_all_of_azure() {
    let mut scene = Scene::new();
    let script = format!(
        r#"case "$4" in
https://management.azure.com) echo '{{"accessToken": "{ENTRA}"}}' ;;
*) echo "ERROR: AADSTS500011: The resource principal was not found." >&2; exit 1 ;;
esac
"#
    );
    installed(&scene, &script);
    scene.push().code(0);
    scene.assert_pushed();
}
