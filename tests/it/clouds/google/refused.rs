//! Endpoints that refuse, redirect, answer nonsense, or too much.

use super::*;
use std::net::TcpListener;

#[test]
fn a_login_that_is_over_is_told_in_google_s_words_and_how_to_make_it_anew() {
    let service = Service::new(|asked| {
        let words = format!(
            "Token has been expired or revoked: {}",
            asked.field("refresh_token")
        );
        refusal("invalid_grant", &words)
    });
    let cloud = Cloud::new().service("oauth2.googleapis.com", &service);
    cloud.fails(
        &user(),
        "the user who logged in with gcloud (~/adc.json): the login is over; run `gcloud auth application-default login`: oauth2.googleapis.com refused (400 Bad Request): invalid_grant: Token has been expired or revoked: ***",
    );
}

#[test]
fn a_key_that_is_refused_is_told_in_google_s_words() {
    let service = Service::new(|asked| {
        let words = format!("Invalid JWT Signature. {}", asked.field("assertion"));
        refusal("invalid_grant", &words)
    });
    let cloud = Cloud::new().service("oauth2.googleapis.com", &service);
    let ran = cloud.fails(
        &service_account(),
        &format!("the service account {EMAIL} (~/adc.json): oauth2.googleapis.com refused (400 Bad Request): invalid_grant: Invalid JWT Signature. ***"),
    );
    assert!(!ran.stderr.contains("gcloud auth"), "{ran}");
}

/// On the way of workload identity federation there are three who are told a secret.
#[test]
fn nobody_s_refusal_shows_what_he_was_told() {
    let provider = Service::new(|asked| {
        let told = asked.header("authorization");
        match told.strip_prefix("bearer ") {
            Some("CANARY-right") => Reply::text(200, "text/plain", SUBJECT),
            _ => refusal("access_denied", &format!("no {told} here")),
        }
    });
    let sts = Service::new(|asked| match asked.field("audience").as_str() {
        "granted" => token(OTHER),
        _ => refusal(
            "invalid_grant",
            &format!("no {} here", asked.field("subject_token")),
        ),
    });
    let iam = Service::new(|asked| {
        let message = format!("no {} here", asked.header("authorization"));
        Reply::json(403, &json!({"error": {"message": message}}))
    });
    let cloud = Cloud::new()
        .service("provider.example", &provider)
        .service("sts.googleapis.com", &sts)
        .service("iamcredentials.googleapis.com", &iam);
    let document = |secret: &str, audience: &str| {
        let mut document = federation(&json!({
            "url": "https://provider.example/token",
            "headers": {"Authorization": format!("bearer CANARY-{secret}")},
        }));
        document["audience"] = audience.into();
        document["service_account_impersonation_url"] = impersonation_url().into();
        document
    };
    for (document, words) in [
        (document("wrong", ""), "access_denied: no *** here"),
        (document("right", ""), "invalid_grant: no *** here"),
        (document("right", "granted"), "no Bearer *** here"),
    ] {
        cloud.fails(&document, words);
    }
}

/// What somebody is told in confidence is told nobody else.
#[test]
fn no_secret_is_sent_on() {
    let other = Service::new(|_| token(ACCESS));
    let on = Service::new(|_| {
        Reply::text(307, "text/plain", "").with("location", "https://other.example/token")
    });
    let cloud = Cloud::new()
        .service("oauth2.googleapis.com", &on)
        .service("sts.googleapis.com", &on)
        .service("other.example", &other);
    for document in [user(), service_account()] {
        cloud.fails(&document, "redirects, and no secret is sent on");
    }
    let token = cloud.world.lab.home.write("home/token", SUBJECT);
    let file = cloud.file(&federation(&json!({"file": token})));
    let proxy = cloud.world.proxy();
    let ran = cloud
        .run(&proxy, ["tag", "-vv", "--retries", "0", IMAGE, "v2"])
        .stderr_has("sts.googleapis.com redirects, and no secret is sent on")
        .run();
    assert_clean(&ran, &cloud.world.lab, &[file, token]);
    assert_eq!(other.asked().len(), 0);
}

/// Nobody is asked where the way would end all the same.
#[test]
fn a_service_account_whose_place_is_not_one_for_secrets_is_seen_first() {
    let other = Service::new(|_| token(OTHER));
    let cloud = Cloud::new()
        .service("oauth2.googleapis.com", &other)
        .service("provider.example", &other);
    let place = "http://iamcredentials.googleapis.com/v1/x:generateAccessToken";
    let why = "its `service_account_impersonation_url` is not HTTPS";
    let mut federated = federation(&json!({"url": "https://provider.example/token"}));
    federated["service_account_impersonation_url"] = place.into();
    cloud.fails(&federated, why);
    let acting = json!({
        "type": "impersonated_service_account", "service_account_impersonation_url": place,
        "source_credentials": user(),
    });
    cloud.fails(&acting, why);
    assert_eq!(other.asked().len(), 0);
}

#[test]
fn a_right_that_is_lacking_is_told_as_google_names_it() {
    let login = Service::new(|_| token(OTHER));
    let iam = Service::new(|_| {
        let error = json!({
            "code": 403, "status": "PERMISSION_DENIED",
            "message": "Permission 'iam.serviceAccounts.getAccessToken' denied on resource",
        });
        Reply::json(403, &json!({"error": error}))
    });
    let cloud = Cloud::new()
        .service("oauth2.googleapis.com", &login)
        .service("iamcredentials.googleapis.com", &iam);
    let document = json!({
        "type": "impersonated_service_account", "source_credentials": user(),
        "service_account_impersonation_url": impersonation_url(),
    });
    cloud.fails(
        &document,
        "PERMISSION_DENIED: Permission 'iam.serviceAccounts.getAccessToken' denied on resource",
    );
}

#[test]
fn what_is_no_answer_is_told_without_a_word_of_it() {
    let elsewhere = Service::new(|_| token(ACCESS));
    let to = format!("http://{}/token", elsewhere.address);
    let replies: Vec<(Reply, &str)> = vec![
        (
            Reply::text(307, "text/plain", "").with("location", &to),
            "oauth2.googleapis.com redirects, and no secret is sent on",
        ),
        (
            Reply::text(200, "text/html", "<html>CANARY"),
            "is not a token reply",
        ),
        (
            Reply::json(200, &json!({"id_token": "CANARY"})),
            "holds no token",
        ),
        (
            Reply::json(200, &json!({"access_token": "CANARY\r\nx: y"})),
            "holds a token with characters that no header may have",
        ),
        (
            Reply::text(200, "application/json", vec![b' '; 3 << 20]),
            "oauth2.googleapis.com cannot be asked",
        ),
        (
            Reply::text(403, "text/html", "<html>CANARY"),
            "refused (403 Forbidden)",
        ),
        (
            Reply::text(503, "text/plain", "CANARY"),
            "refused (503 Service Unavailable)",
        ),
    ];
    for (reply, why) in replies {
        let service = Service::new(move |_| reply.clone());
        let cloud = Cloud::new().service("oauth2.googleapis.com", &service);
        cloud.fails(&user(), why);
    }
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn an_endpoint_that_does_not_answer_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let cloud = Cloud::new();
    let mut document = user();
    document["token_uri"] = format!("http://{}/", silent.local_addr().unwrap()).into();
    let ran = cloud.fails_by(&document, "cannot be asked", |run| {
        run.env("CROSSDOCK_IDLE_TIMEOUT", "1s")
    });
    assert!(ran.elapsed < Duration::from_secs(10), "{ran}");
}

/// What everybody may have is had by whoever's identity is broken, who is told so.
#[test]
fn whoever_reads_with_a_broken_identity_is_nobody() {
    let service = Service::new(|_| refusal("invalid_grant", "revoked"));
    let cloud = Cloud::of(Anonymous::Pull).service("oauth2.googleapis.com", &service);
    cloud.file(&user());
    let proxy = cloud.world.proxy();
    cloud
        .run(&proxy, ["digest", IMAGE])
        .stdout(format!("{}\n", cloud.image.digest()))
        .stderr_has("run `gcloud auth application-default login`")
        .stderr_has("asking as nobody")
        .code(0);
}
