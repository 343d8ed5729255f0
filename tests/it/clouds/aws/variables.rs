//! What the environment says: keys, a web identity, a region that is not the registry's.

use super::stand_ins::{CANARY, Ecr, STS, data, guarded, sts};
use crate::clouds::world::{Reply, Service, World};
use crate::lab::{Image, Lab, Run};
use crate::secrets::{assert_clean, password};
use crossdock::server::{Access, Anonymous, Options, TokenService, User};
use serde_json::json;
use std::time::Duration;

fn with_keys(run: Run, key: &str) -> Run {
    run.env("AWS_ACCESS_KEY_ID", key)
        .env("AWS_SECRET_ACCESS_KEY", format!("{CANARY}secret"))
        .env("AWS_SESSION_TOKEN", format!("{CANARY}session"))
}

#[test]
fn keys_become_a_password_in_the_registry_s_own_region() {
    let mut ecr = Ecr::for_key("AKIA");
    let run = ecr.digest().env("AWS_REGION", "us-east-2");
    ecr.succeeds(with_keys(run, "AKIA"));
    let asked = ecr.api.asked();
    assert_eq!(asked.len(), 1);
    let asked = &asked[0];
    assert_eq!(
        (asked.method.as_str(), asked.target.as_str()),
        ("POST", "/")
    );
    assert_eq!(asked.header("content-type"), "application/x-amz-json-1.1");
    let target = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
    assert_eq!(asked.header("x-amz-target"), target);
    assert_eq!(asked.body, "{}");
    assert_eq!(
        asked.header("x-amz-security-token"),
        format!("{CANARY}session")
    );
    let authorization = asked.header("authorization");
    assert!(
        authorization.contains("/eu-west-1/ecr/aws4_request"),
        "{authorization}"
    );
    assert!(asked.header("user-agent").starts_with("crossdock/"));
}

#[test]
fn a_password_is_asked_for_once_in_a_run() {
    let mut ecr = Ecr::for_key("AKIA");
    let host = super::stand_ins::HOST;
    let copy = [
        "copy",
        &format!("{host}/app:v1"),
        &format!("{host}/other:v1"),
    ];
    let run = with_keys(ecr.run(&copy), "AKIA");
    run.any_stdout().any_stderr().code(0);
    ecr.world.lab.assert_holds("ecr.lab/other:v1", &ecr.image);
    assert_eq!(ecr.api.asked().len(), 1);
}

#[test]
fn a_token_of_somebody_else_s_is_traded_for_a_role() {
    let sts = sts("ASIA", |asked| {
        asked.field("WebIdentityToken") == format!("{CANARY}.jwt")
    });
    let mut ecr = Ecr::for_key("ASIA").with(STS, &sts);
    let file = ecr.file("token", &format!("{CANARY}.jwt"));
    let run = ecr
        .digest()
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", file)
        .env("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/puller")
        .env("AWS_ROLE_SESSION_NAME", "build-7");
    ecr.succeeds(run);
    let asked = sts.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].field("Action"), "AssumeRoleWithWebIdentity");
    assert_eq!(
        asked[0].field("RoleArn"),
        "arn:aws:iam::123456789012:role/puller"
    );
    assert_eq!(asked[0].field("RoleSessionName"), "build-7");
    assert_eq!(asked[0].header("authorization"), "", "it is its own proof");
}

#[test]
fn a_role_is_asked_for_in_the_region_that_is_set() {
    let sts = sts("ASIA", |_| true);
    let mut ecr = Ecr::for_key("ASIA").with("sts.us-east-2.amazonaws.com", &sts);
    let file = ecr.file("token", "jwt");
    let run = ecr
        .digest()
        .env("AWS_REGION", "us-east-2")
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", file)
        .env("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/puller");
    ecr.succeeds(run);
    assert_eq!(sts.asked().len(), 1);
}

#[test]
fn a_web_identity_that_is_refused_or_not_there_says_so() {
    let sts = sts("ASIA", |_| false);
    let mut ecr = Ecr::for_key("ASIA").with(STS, &sts);
    let file = ecr.file("token", &format!("{CANARY}.jwt"));
    let role = "arn:aws:iam::123456789012:role/puller";
    let run = ecr
        .digest()
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", file)
        .env("AWS_ROLE_ARN", role);
    ecr.fails(run, &["AWS_WEB_IDENTITY_TOKEN_FILE: sts.eu-west-1.amazonaws.com says AccessDenied: User: me is not authorized"]);
    let run = ecr
        .digest()
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", "/none/token");
    ecr.fails(
        run.env("AWS_ROLE_ARN", role),
        &["AWS_WEB_IDENTITY_TOKEN_FILE: "],
    );
}

#[test]
fn a_host_that_is_said_to_be_ecr_is_asked_for_in_the_region_that_is_set() {
    let lab = Lab::empty().registry("ecr", |_| guarded(&password("ecr")));
    let image = Image::small(1);
    lab.push("ecr.lab/app:v1", &image);
    lab.home
        .user_settings("registries:\n  mirror.example: {kind: ecr}\n");
    let api = Service::new(|asked| super::stand_ins::token(asked, "AKIA", &password("ecr")));
    let world = World::new(lab)
        .registry("mirror.example", "ecr")
        .service("api.ecr.eu-north-1.amazonaws.com", &api);
    let proxy = world.proxy();
    let run = || {
        with_keys(
            world.run(&proxy, ["digest", "mirror.example/app:v1"]),
            "AKIA",
        )
    };
    let digest = format!("{}\n", image.digest());
    for variable in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        let run = run().env(variable, "eu-north-1");
        run.stdout(digest.as_str()).code(0);
    }
    let profile = "[default]\nregion = eu-north-1\n";
    let file = world.lab.home.write("home/profiles", profile);
    let run_by = run().env("AWS_CONFIG_FILE", file);
    run_by.stdout(digest).code(0);
    let missing = "the region of mirror.example is not known: neither its name, AWS_REGION nor the profile says it";
    run().stderr_has(missing).code(4);
}

#[test]
fn an_endpoint_that_a_variable_names_is_asked_instead() {
    let mut ecr = Ecr::for_key("nobody");
    let own = Service::new(|asked| super::stand_ins::token(asked, "AKIA", &password("ecr")));
    let url = format!("http://{}", own.address);
    let run = with_keys(ecr.digest(), "AKIA").env("AWS_ENDPOINT_URL_ECR", url);
    ecr.succeeds(run);
    assert_eq!((own.asked().len(), ecr.api.asked().len()), (1, 0));
}

/// ECR Public, with a token service that gives whoever asks a token to pull with.
fn public() -> World {
    let lab = Lab::empty().registry("public", |_| Options {
        access: Access::Token(TokenService {
            realm: "https://public.ecr.aws/token".to_owned(),
            service: "public.ecr.aws".to_owned(),
            users: vec![User::new("AWS", password("public"))],
            lifetime: Duration::from_mins(5),
            anonymous: Anonymous::Pull,
            oauth2: false,
        }),
        ..Options::default()
    });
    World::new(lab).registry("public.ecr.aws", "public")
}

#[test]
fn whoever_is_nobody_pulls_from_the_public_registry_and_asks_nobody() {
    let world = public();
    let metadata = Service::new(|_| Reply::text(500, "text/plain", ""));
    let proxy = world.proxy();
    let run = world.run(&proxy, ["digest", "public.ecr.aws/app:none"]);
    let run = run.env(
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        format!("http://{}", metadata.address),
    );
    run.any_stderr().code(3);
    assert_eq!(metadata.asked().len(), 0);
    let heads = proxy.heads();
    assert!(
        heads
            .iter()
            .all(|head| head.starts_with("CONNECT public.ecr.aws:443 ")),
        "{heads:?}"
    );
}

#[test]
fn the_public_registry_s_password_comes_from_its_one_region() {
    let world = public();
    let api = Service::new(|asked| {
        let one = data(&password("public"));
        match asked.header("x-amz-target") {
            "SpencerFrontendService.GetAuthorizationToken" => {
                Reply::json(200, &json!({"authorizationData": one}))
            }
            _ => super::stand_ins::refusal("UnknownOperationException", ""),
        }
    });
    let world = world.service("api.ecr-public.us-east-1.amazonaws.com", &api);
    let proxy = world.proxy();
    let run = world.run(&proxy, ["digest", "public.ecr.aws/app:none", "-vv"]);
    let ran = with_keys(run, "AKIA")
        .env("AWS_REGION", "eu-west-1")
        .any_stderr()
        .code(3);
    assert_clean(&ran, &world.lab, &[]);
    let asked = api.asked();
    assert_eq!(asked.len(), 1);
    let authorization = asked[0].header("authorization");
    assert!(
        authorization.contains("/us-east-1/ecr-public/aws4_request"),
        "{authorization}"
    );
    let logins = world.lab.requests("public");
    let logins: Vec<_> = logins
        .all()
        .iter()
        .filter(|seen| seen.kind() == "token")
        .collect();
    assert!(!logins.is_empty());
}
