//! Service accounts by their key, users by their login, and those who act as a service account.

use super::*;

#[test]
fn a_service_account_signs_for_its_token_and_pulls_and_pushes() {
    let service = Service::new(signed);
    let cloud = Cloud::new().service("oauth2.googleapis.com", &service);
    cloud.reads(
        &service_account(),
        &format!("the service account {EMAIL} (~/adc.json)"),
    );
    assert_eq!(service.asked().len(), 1, "{:?}", service.asked());
    let asked = &service.asked()[0];
    assert_eq!((&*asked.method, &*asked.target), ("POST", "/token"));

    cloud.world.lab.push("src.lab/new:v1", &Image::small(7));
    let proxy = cloud.world.proxy();
    let to = format!("{HOST}/project/repository/new:v1");
    let ran = cloud
        .run(&proxy, ["copy", "-vv", "src.lab/new:v1", &to])
        .any_stdout()
        .any_stderr()
        .code(0);
    assert_clean(&ran, &cloud.world.lab, &[cloud.world.lab.home.path(FILE)]);
    let tunnels = proxy.heads();
    assert!(
        tunnels
            .iter()
            .any(|head| head.starts_with("CONNECT oauth2.googleapis.com:443 ")),
        "{tunnels:?}"
    );
    assert_eq!(service.asked().len(), 2, "one token for the whole copy");
}

#[test]
fn a_user_is_who_gcloud_logged_in() {
    let service = Service::new(|asked| {
        let fields = ["grant_type", "client_id", "client_secret", "refresh_token"];
        match fields
            .map(|name| asked.field(name))
            .each_ref()
            .map(String::as_str)
        {
            [
                "refresh_token",
                "id.apps.googleusercontent.com",
                "CANARY-client",
                "1//CANARY-refresh",
            ] => token(ACCESS),
            _ => refusal("invalid_request", "what?"),
        }
    });
    let cloud = Cloud::new().service("oauth2.googleapis.com", &service);
    cloud.reads(&user(), "the user who logged in with gcloud (~/adc.json)");
    let mut named = user();
    named["account"] = "ann@example.com".into();
    cloud.reads(&named, "the user ann@example.com (~/adc.json)");
}

#[test]
fn a_user_of_a_workforce_pool_says_who_asks_in_a_header() {
    let service = Service::new(|asked| {
        let client = STANDARD.encode("id:CANARY-client");
        let is_client = asked.header("authorization") == format!("Basic {client}");
        match (is_client, &*asked.field("refresh_token")) {
            (true, "CANARY-refresh") => token(ACCESS),
            _ => refusal("invalid_client", "who?"),
        }
    });
    let cloud = Cloud::new().service("sts.googleapis.com", &service);
    let document = json!({
        "type": "external_account_authorized_user", "client_id": "id",
        "client_secret": "CANARY-client", "refresh_token": "CANARY-refresh",
        "token_url": "https://sts.googleapis.com/v1/oauthtoken",
    });
    cloud.reads(&document, "the user of a workforce pool (~/adc.json)");
    assert_eq!(service.asked()[0].target, "/v1/oauthtoken");
}

#[test]
fn a_user_acts_as_a_service_account() {
    let login = Service::new(|_| token(OTHER));
    let iam = Service::new(|asked| {
        let document: Value = serde_json::from_slice(&asked.body).unwrap();
        let expected = json!({"scope": [SCOPE], "lifetime": "3600s", "delegates": ["a@b"]});
        let bearer = format!("Bearer {OTHER}");
        if document == expected && asked.header("authorization") == bearer {
            let reply = json!({"accessToken": ACCESS, "expireTime": "2099-01-01T00:00:00Z"});
            Reply::json(200, &reply)
        } else {
            Reply::json(400, &json!({"error": {"message": document.to_string()}}))
        }
    });
    let cloud = Cloud::new()
        .service("oauth2.googleapis.com", &login)
        .service("iamcredentials.googleapis.com", &iam);
    let document = json!({
        "type": "impersonated_service_account", "delegates": ["a@b"],
        "service_account_impersonation_url": impersonation_url(),
        "source_credentials": user(),
    });
    let origin = format!("the service account {EMAIL} by the user who logged in with gcloud");
    cloud.reads(&document, &origin);
    let expected = format!("/v1/projects/-/serviceAccounts/{EMAIL}:generateAccessToken");
    assert_eq!(iam.asked()[0].target, expected);
}

#[test]
fn what_a_key_signs_is_the_token_itself_in_other_universes() {
    let service = Service::new(signed);
    let cloud = Cloud::new().service("oauth2.googleapis.com", &service);
    let mut document = service_account();
    document["universe_domain"] = "example.com".into();
    cloud.file(&document);
    let proxy = cloud.world.proxy();
    cloud.run(&proxy, ["digest", IMAGE]).any_stderr().code(4);
    assert!(service.asked().is_empty());
    let asked = cloud.world.lab.requests("dst");
    let told = asked
        .of("GET", "token")
        .any(|seen| seen.scheme() == Some("Basic"));
    assert!(told, "{}", asked.all().len());
}
