//! Which file is meant, and what is wrong with it.

use super::*;

const WELL_KNOWN: &str = "application_default_credentials.json";

/// A digest without any variable of Google's.
fn bare(cloud: &Cloud, change: impl Fn(Run) -> Run) -> Ran {
    let proxy = cloud.world.proxy();
    change(cloud.world.run(&proxy, ["digest", "-v", IMAGE])).run()
}

#[test]
fn the_file_that_gcloud_leaves_is_found() {
    let service = Service::new(|_| token(ACCESS));
    let cloud = Cloud::new().service("oauth2.googleapis.com", &service);
    let home = &cloud.world.lab.home;
    let usual = format!("home/.config/gcloud/{WELL_KNOWN}");
    let path = home.write(&usual, user().to_string());
    let ran = bare(&cloud, |run| run.any_stdout().any_stderr());
    assert_eq!(ran.code, 0, "{ran}");
    let origin = format!("gcloud (~/.config/gcloud/{WELL_KNOWN})");
    assert!(ran.stderr.contains(&origin), "{ran}");

    std::fs::remove_file(path).unwrap();
    home.write(&format!("work/cloud/{WELL_KNOWN}"), user().to_string());
    let folder = home.path("work/cloud");
    let ran = bare(&cloud, |run| {
        run.env("CLOUDSDK_CONFIG", &folder)
            .any_stdout()
            .any_stderr()
    });
    assert_eq!(ran.code, 0, "{ran}");

    let ran = bare(&cloud, Run::any_stderr);
    assert_eq!(ran.code, 4, "{ran}");
    assert_eq!(service.asked().len(), 2);
}

#[test]
fn the_file_that_the_variable_names_goes_before_the_one_of_gcloud() {
    let service = Service::new(|asked| match &*asked.field("refresh_token") {
        "1//CANARY-refresh" => token(ACCESS),
        _ => refusal("invalid_grant", "the other"),
    });
    let cloud = Cloud::new().service("oauth2.googleapis.com", &service);
    let mut other = user();
    other["refresh_token"] = "other".into();
    other["client_secret"] = "other".into();
    let usual = format!("home/.config/gcloud/{WELL_KNOWN}");
    cloud.world.lab.home.write(&usual, other.to_string());
    cloud.reads(&user(), "the user who logged in with gcloud (~/adc.json)");
    assert_eq!(service.asked().len(), 1);
}

#[test]
fn a_file_that_is_named_and_not_there_is_said_to_be_missing() {
    let cloud = Cloud::new();
    let proxy = cloud.world.proxy();
    cloud
        .run(&proxy, ["tag", IMAGE, "v2"])
        .stderr_has("`GOOGLE_APPLICATION_CREDENTIALS` names `")
        .stderr_has("adc.json`, which does not exist")
        .run();
}

#[test]
fn what_is_wrong_with_a_file_is_told_and_none_of_its_secrets() {
    let cloud = Cloud::new();
    let mut short = service_account();
    short["private_key"] = "CANARY".into();
    let mut elliptic = service_account();
    elliptic["private_key"] = rcgen::KeyPair::generate().unwrap().serialize_pem().into();
    let plain = |field: &str, url: &str| {
        let mut document = match field {
            "token_uri" => service_account(),
            _ => federation(&json!({"file": "/nowhere"})),
        };
        document[field] = url.into();
        document
    };
    for (document, why) in [
        (
            json!({"type": "CANARY"}),
            "adc.json` is of a `type` that crossdock does not know",
        ),
        (
            json!({"type": "authorized_user"}),
            "adc.json` has no `client_id`",
        ),
        (json!(7), "adc.json` is no JSON object"),
        (
            short,
            "its `private_key` signs nothing: it is not in PEM form",
        ),
        (
            elliptic,
            "its `private_key` signs nothing: it is no RSA key of 2048 bits or more",
        ),
        (
            plain("token_uri", "http://oauth2.googleapis.com/CANARY"),
            "its `token_uri` is not HTTPS",
        ),
        (plain("token_uri", "CANARY"), "its `token_uri` is no URL"),
        (
            plain("token_uri", "https://me:CANARY@oauth2.googleapis.com/"),
            "its `token_uri` brings a password of its own",
        ),
        (
            plain("token_url", "http://10.0.0.1/CANARY"),
            "its `token_url` is not HTTPS",
        ),
        (
            plain("service_account_impersonation_url", "http://10.0.0.1/"),
            "its `service_account_impersonation_url` is not HTTPS",
        ),
        (plain("audience", "x"), "`/nowhere` does not exist"),
        (
            federation(&json!({"url": "http://10.0.0.1/"})),
            "its `credential_source.url` is not HTTPS",
        ),
        (
            federation(&json!({})),
            "its `credential_source` names neither a file",
        ),
        (
            federation(&json!({"certificate": {}})),
            "its `credential_source` names neither a file",
        ),
        (
            federation(&json!({"environment_id": "aws2"})),
            "its `credential_source` has an `environment_id` other than aws1",
        ),
    ] {
        cloud.fails(&document, why);
    }
    let proxy = cloud.world.proxy();
    cloud
        .world
        .lab
        .home
        .write(FILE, "{\"private_key\": \"CANARY");
    cloud
        .run(&proxy, ["tag", IMAGE, "v2"])
        .stderr_has("adc.json` is not JSON (line 1, column ")
        .run();
    cloud.world.lab.home.write(FILE, vec![b' '; 1024 * 1024]);
    cloud
        .run(&proxy, ["tag", IMAGE, "v2"])
        .stderr_has("adc.json` is 1 MiB or larger")
        .run();
    assert!(
        proxy
            .heads()
            .iter()
            .all(|head| head.starts_with(&format!("CONNECT {HOST}:443 "))),
        "{:?}",
        proxy.heads()
    );
}
