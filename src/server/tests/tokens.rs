//! Who may do what: Basic, and the token service.

use super::{Lab, Seen};
use crate::oci::digest::sha256;
use crate::server::{Access, Actions, Anonymous, Options, TokenService, User};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::time::Duration;

const REALM: &str = "Bearer realm=\"http://registry.example/token\",service=\"registry.example\"";

fn users() -> Vec<User> {
    vec![
        User::new("ann", "apple"),
        User::new("bob", "banana")
            .only("", Actions::PULL)
            .and("team", Actions::PUSH),
    ]
}

fn service() -> TokenService {
    TokenService {
        realm: "http://registry.example/token".to_owned(),
        service: "registry.example".to_owned(),
        users: users(),
        lifetime: Duration::from_mins(5),
        anonymous: Anonymous::Nothing,
        oauth2: true,
    }
}

fn guarded(access: Access) -> Lab {
    Lab::with(Options {
        access,
        ..Options::default()
    })
}

fn basic(credential: &str) -> String {
    format!("Basic {}", STANDARD.encode(credential))
}

impl Lab {
    async fn as_user(&self, call: &str, authorization: &str) -> Seen {
        self.send(call, &[("authorization", authorization)], "")
            .await
    }

    /// A token by GET, as an `Authorization`.
    async fn token(&self, credential: Option<&str>, scopes: &[&str]) -> String {
        let scopes = scopes.join("&scope=");
        let call = format!("GET /token?service=registry.example&scope={scopes}");
        let seen = match credential {
            Some(credential) => self.as_user(&call, &basic(credential)).await,
            None => self.call(&call).await,
        };
        assert_eq!(seen.status, 200);
        format!("Bearer {}", seen.json()["token"].as_str().unwrap())
    }
}

#[tokio::test]
async fn basic_lets_users_do_what_they_may() {
    let lab = guarded(Access::Basic { users: users() });
    for (credential, call, status) in [
        ("ann:apple", "GET /v2/", 200),
        ("ann:Apple", "GET /v2/", 401),
        ("ann", "GET /v2/", 401),
        ("ann:apple", "POST /v2/x/blobs/uploads/", 202),
        ("bob:banana", "POST /v2/x/blobs/uploads/", 403),
        ("bob:banana", "POST /v2/team/x/blobs/uploads/", 202),
        ("bob:banana", "DELETE /v2/team/x/manifests/v1", 403),
        ("bob:banana", "GET /v2/x/tags/list", 404),
        ("bob:banana", "GET /v2/_catalog", 200),
    ] {
        let seen = lab.as_user(call, &basic(credential)).await;
        assert_eq!(seen.status, status, "{credential} {call}");
    }
    for call in ["GET /v2/", "GET /v2/a/tags/list", "PUT /v2/a/manifests/v1"] {
        let seen = lab.call(call).await;
        assert_eq!(seen.refusal(), (401, "UNAUTHORIZED".to_owned()));
        assert_eq!(seen.header("www-authenticate"), "Basic realm=\"crossdock\"");
    }
    for nonsense in ["Basic", "Basic ", "Basic !!!", "Bearer x", "", "Basic /w=="] {
        assert_eq!(
            lab.as_user("GET /v2/", nonsense).await.status,
            401,
            "{nonsense}"
        );
    }
}

#[tokio::test]
async fn a_challenge_names_what_the_request_needs() {
    let lab = guarded(Access::Token(service()));
    let digest = sha256(b"x");
    let mount = format!("POST /v2/a/blobs/uploads/?mount={digest}&from=b/c");
    for (call, scope) in [
        ("GET /v2/", ""),
        ("GET /v2/a/b/tags/list", "repository:a/b:pull"),
        ("HEAD /v2/a/manifests/v1", "repository:a:pull"),
        ("PUT /v2/a/manifests/v1", "repository:a:pull,push"),
        ("POST /v2/a/blobs/uploads/", "repository:a:pull,push"),
        ("PATCH /v2/a/blobs/uploads/1", "repository:a:pull,push"),
        ("DELETE /v2/a/manifests/v1", "repository:a:delete"),
        ("GET /v2/_catalog", "registry:catalog:*"),
        (&mount, "repository:a:pull,push repository:b/c:pull"),
    ] {
        let scope = match scope {
            "" => String::new(),
            scope => format!(",scope=\"{scope}\""),
        };
        let seen = lab.call(call).await;
        assert_eq!(seen.status, 401, "{call}");
        assert_eq!(
            seen.header("www-authenticate"),
            format!("{REALM}{scope}"),
            "{call}"
        );
        let seen = lab.as_user(call, "Bearer junk").await;
        let expected = format!("{REALM}{scope},error=\"invalid_token\"");
        assert_eq!(seen.header("www-authenticate"), expected, "{call}");
    }
}

#[tokio::test]
async fn a_token_opens_what_it_was_given_for() {
    let lab = guarded(Access::Token(service()));
    let token = lab
        .token(
            Some("ann:apple"),
            &["repository:a:pull", "repository:a:push"],
        )
        .await;
    assert_eq!(lab.as_user("GET /v2/", &token).await.status, 200);
    assert_eq!(
        lab.as_user("POST /v2/a/blobs/uploads/", &token)
            .await
            .status,
        202
    );
    let seen = lab.as_user("DELETE /v2/a/manifests/v1", &token).await;
    assert_eq!(seen.refusal(), (401, "UNAUTHORIZED".to_owned()));
    let expected = format!("{REALM},scope=\"repository:a:delete\",error=\"insufficient_scope\"");
    assert_eq!(seen.header("www-authenticate"), expected);
    let row = json!({"Type": "repository", "Class": "", "Name": "a", "Action": "delete"});
    assert_eq!(seen.json()["errors"][0]["detail"], json!([row]));
    assert_eq!(lab.as_user("GET /v2/b/tags/list", &token).await.status, 401);
    assert_eq!(
        lab.as_user("GET /v2/", &basic("ann:apple")).await.status,
        401
    );
}

#[tokio::test]
async fn a_token_grants_no_more_than_its_user_may() {
    let lab = guarded(Access::Token(service()));
    let scopes = [
        "repository:a:pull,push,delete",
        "repository:team/x:*+registry:catalog:*",
    ];
    let token = lab.token(Some("bob:banana"), &scopes).await;
    for (call, status) in [
        ("GET /v2/a/tags/list", 404),
        ("POST /v2/a/blobs/uploads/", 401),
        ("POST /v2/team/x/blobs/uploads/", 202),
        ("DELETE /v2/team/x/manifests/v1", 401),
        ("GET /v2/_catalog", 200),
    ] {
        assert_eq!(lab.as_user(call, &token).await.status, status, "{call}");
    }
}

/// SRV-11: who may not read a repository cannot mount from it.
#[tokio::test]
async fn a_mount_needs_pull_on_the_source() {
    let lab = guarded(Access::Token(service()));
    let digest = sha256(b"x");
    let mount = format!("POST /v2/a/blobs/uploads/?mount={digest}&from=b");
    let push = "repository:a:pull,push";
    let one = lab.token(Some("ann:apple"), &[push]).await;
    let both = lab
        .token(Some("ann:apple"), &[push, "repository:b:pull"])
        .await;
    assert_eq!(lab.as_user(&mount, &one).await.status, 401);
    assert_eq!(lab.as_user(&mount, &both).await.status, 202);
}

/// SRV-08.
#[tokio::test]
async fn an_upload_belongs_to_who_began_it() {
    let lab = guarded(Access::Token(service()));
    let scope = ["repository:team:pull,push"];
    let ann = lab.token(Some("ann:apple"), &scope).await;
    let bob = lab.token(Some("bob:banana"), &scope).await;
    let seen = lab.as_user("POST /v2/team/blobs/uploads/", &ann).await;
    let status = format!("GET {}", seen.header("location"));
    assert_eq!(lab.as_user(&status, &ann).await.status, 204);
    assert_eq!(lab.as_user(&status, &bob).await.status, 404);
}

#[tokio::test]
async fn a_token_expires() {
    for lifetime in [Duration::ZERO, Duration::from_mins(1)] {
        let lab = guarded(Access::Token(TokenService {
            lifetime,
            ..service()
        }));
        let token = lab.token(Some("ann:apple"), &[]).await;
        if lifetime > Duration::ZERO {
            assert_eq!(lab.as_user("GET /v2/", &token).await.status, 200);
            lab.0.expire_tokens();
        }
        let seen = lab.as_user("GET /v2/", &token).await;
        assert_eq!(seen.status, 401);
        assert!(
            seen.header("www-authenticate")
                .ends_with("error=\"invalid_token\"")
        );
    }
}

#[tokio::test]
async fn nobody_may_pull_where_everybody_may() {
    let lab = guarded(Access::Token(TokenService {
        anonymous: Anonymous::Pull,
        ..service()
    }));
    let token = lab
        .token(None, &["repository:a:pull,push", "registry:catalog:*"])
        .await;
    assert_eq!(lab.as_user("GET /v2/a/tags/list", &token).await.status, 404);
    assert_eq!(
        lab.as_user("POST /v2/a/blobs/uploads/", &token)
            .await
            .status,
        401
    );
    assert_eq!(lab.as_user("GET /v2/_catalog", &token).await.status, 401);
    let closed = guarded(Access::Token(service()));
    assert_eq!(
        closed
            .call("GET /token?scope=repository:a:pull")
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn the_token_service_knows_its_users_and_its_name() {
    let lab = guarded(Access::Token(service()));
    for (call, credential, status) in [
        ("GET /token?service=registry.example", "ann:apple", 200),
        ("GET /token", "ann:apple", 200),
        ("GET /token", "ann:pear", 401),
        ("GET /token", "eve:apple", 401),
        ("GET /token?service=other.example", "ann:apple", 400),
        ("DELETE /token", "ann:apple", 405),
    ] {
        let seen = lab.as_user(call, &basic(credential)).await;
        assert_eq!(seen.status, status, "{call} {credential}");
    }
    assert_eq!(Lab::new().call("GET /token").await.status, 404);
}

#[tokio::test]
async fn an_answer_says_how_long_its_token_is_good_for() {
    let lab = guarded(Access::Token(service()));
    let body = lab.as_user("GET /token", &basic("ann:apple")).await.json();
    assert_eq!(body["expires_in"], 300);
    assert_eq!(body["token"], body["access_token"]);
    assert!(body.get("refresh_token").is_none());
}

async fn post(lab: &Lab, form: &str) -> Seen {
    lab.send(
        "POST /token",
        &[],
        format!("service=registry.example&client_id=x&{form}"),
    )
    .await
}

#[tokio::test]
async fn oauth2_trades_a_password_and_then_the_refresh_token() {
    let lab = guarded(Access::Token(service()));
    let password = "grant_type=password&username=bob&password=banana&access_type=offline";
    let seen = post(
        &lab,
        &format!("{password}&scope=repository%3Ateam%3Apull,push,delete"),
    )
    .await;
    assert_eq!(seen.status, 200);
    let body = seen.json();
    assert_eq!(body["scope"], "repository:team:pull,push");
    assert!(body.get("token").is_none());
    let refresh = body["refresh_token"].as_str().unwrap();
    let form = format!(
        "grant_type=refresh_token&refresh_token={refresh}&scope=repository:team:push+repository:a:pull"
    );
    let body = post(&lab, &form).await.json();
    assert_eq!(body["scope"], "repository:team:push repository:a:pull");
    let token = format!("Bearer {}", body["access_token"].as_str().unwrap());
    assert_eq!(lab.as_user("GET /v2/a/tags/list", &token).await.status, 404);
}

#[tokio::test]
async fn oauth2_refuses_what_it_does_not_know() {
    let lab = guarded(Access::Token(service()));
    for (form, status) in [
        ("grant_type=password&username=bob&password=apple", 401),
        ("grant_type=password", 401),
        ("grant_type=refresh_token&refresh_token=junk", 401),
        ("grant_type=refresh_token", 401),
        ("grant_type=authorization_code&code=1", 400),
        ("", 400),
    ] {
        assert_eq!(post(&lab, form).await.status, status, "{form}");
    }
    assert_eq!(post(&lab, &"x".repeat(70_000)).await.status, 413);
    let old = guarded(Access::Token(TokenService {
        oauth2: false,
        ..service()
    }));
    assert_eq!(
        post(&old, "grant_type=password&username=bob&password=banana")
            .await
            .status,
        405
    );
}

#[tokio::test]
async fn a_refresh_token_comes_by_get_where_it_is_asked_for() {
    let lab = guarded(Access::Token(service()));
    let seen = lab
        .as_user("GET /token?offline_token=true", &basic("ann:apple"))
        .await;
    let refresh = seen.json()["refresh_token"].as_str().unwrap().to_owned();
    let form = format!("grant_type=refresh_token&refresh_token={refresh}");
    assert_eq!(post(&lab, &form).await.status, 200);
}
