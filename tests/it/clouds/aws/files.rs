//! What AWS's own files say: profiles, roles, programs, and who signed in.

use super::stand_ins::{API, CANARY, Ecr, HOST, STS, assumed, sts};
use crate::clouds::world::{Reply, Service};
use serde_json::{Value, json};

const PORTAL: &str = "portal.sso.eu-central-1.amazonaws.com";
const SIGN_IN: &str = "oidc.eu-central-1.amazonaws.com";
/// The digest of `acme`, the session's name.
const CACHE: &str = ".aws/sso/cache/293abb6b76d7791c0732cc517d38c4b5c734b87f.json";

fn keys(key: &str) -> String {
    format!("aws_access_key_id = {key}\naws_secret_access_key = {CANARY}secret\n")
}

#[test]
fn a_profile_is_the_one_that_is_chosen() {
    let mut ecr = Ecr::for_key("AKIADEV");
    let other = keys("AKIAOTHER");
    let content = format!("[default]\n{other}[dev]\n{}", keys("AKIADEV"));
    ecr.file(".aws/credentials", &content);
    let run = ecr.digest().env("AWS_PROFILE", "dev");
    ecr.succeeds(run);
    // The setting goes before the variable, and before keys in variables.
    let settings = format!("registries:\n  {HOST}: {{aws_profile: dev}}\n");
    ecr.world.lab.home.user_settings(&settings);
    let run = ecr.digest().env("AWS_PROFILE", "none");
    let run = run.env("AWS_ACCESS_KEY_ID", "AKIAOTHER");
    let run = run.env("AWS_SECRET_ACCESS_KEY", format!("{CANARY}other"));
    ecr.succeeds(run);
}

#[test]
fn the_default_profile_needs_no_variable_and_files_may_be_elsewhere() {
    let mut ecr = Ecr::for_key("AKIA");
    let content = format!("[default]\n{}", keys("AKIA"));
    let file = ecr.file("elsewhere", &content);
    let run = ecr.digest().env("AWS_SHARED_CREDENTIALS_FILE", file);
    ecr.succeeds(run);
    ecr.file(".aws/config", &content);
    let run = ecr.digest();
    ecr.succeeds(run);
}

#[test]
fn a_profile_that_is_not_there_is_named() {
    let mut ecr = Ecr::for_key("AKIA");
    let run = ecr.digest().env("AWS_PROFILE", "dev");
    ecr.fails(
        run,
        &["there is no AWS profile `dev` in ~/.aws/config or ~/.aws/credentials"],
    );
    ecr.file(".aws/config", "[profile dev]\nregion = eu-west-1\n");
    let settings = format!("registries:\n  {HOST}: {{aws_profile: dev}}\n");
    ecr.world.lab.home.user_settings(&settings);
    let run = ecr.digest();
    ecr.fails(run, &["the AWS profile `dev`: "]);
    assert_eq!(ecr.api.asked().len(), 0);
}

#[test]
fn a_chain_of_roles_is_followed() {
    let sts = sts("ASIA", |asked| {
        let by = asked.header("authorization");
        match asked.field("RoleArn").as_str() {
            "arn:aws:iam::1:role/first" => by.contains("Credential=AKIABASE/"),
            "arn:aws:iam::2:role/second" => {
                by.contains("Credential=ASIA/") && asked.field("ExternalId") == "ext"
            }
            _ => false,
        }
    });
    let mut ecr = Ecr::for_key("ASIA").with(STS, &sts);
    ecr.file(".aws/credentials", &format!("[base]\n{}", keys("AKIABASE")));
    ecr.file(
        ".aws/config",
        "[profile first]\nrole_arn = arn:aws:iam::1:role/first\nsource_profile = base\n\
         [profile dev]\nrole_arn = arn:aws:iam::2:role/second\nsource_profile = first\nexternal_id = ext\n",
    );
    let run = ecr.digest().env("AWS_PROFILE", "dev");
    ecr.succeeds(run);
    let roles: Vec<String> = sts
        .asked()
        .iter()
        .map(|asked| asked.field("RoleArn"))
        .collect();
    assert_eq!(
        roles,
        ["arn:aws:iam::1:role/first", "arn:aws:iam::2:role/second"]
    );
}

#[test]
fn a_role_may_be_taken_with_the_keys_in_variables() {
    let sts = sts("ASIA", |asked| {
        let by = asked.header("authorization");
        let (first, second) = ("arn:aws:iam::1:role/first", "arn:aws:iam::2:role/second");
        let role = asked.field("RoleArn");
        role == first && by.contains("Credential=AKIABASE/")
            || role == second && by.contains("Credential=ASIA/")
    });
    let mut ecr = Ecr::for_key("ASIA").with(STS, &sts);
    let settings = format!("registries:\n  {HOST}: {{aws_profile: dev}}\n");
    ecr.world.lab.home.user_settings(&settings);
    ecr.file(
        ".aws/config",
        "[profile first]\nrole_arn = arn:aws:iam::1:role/first\ncredential_source = Environment\n\
         [profile dev]\nrole_arn = arn:aws:iam::2:role/second\nsource_profile = first\n",
    );
    let run = ecr.digest().env("AWS_ACCESS_KEY_ID", "AKIABASE");
    let run = run.env("AWS_SECRET_ACCESS_KEY", format!("{CANARY}secret"));
    ecr.succeeds(run);
    assert_eq!(sts.asked().len(), 2);
    let run = ecr.digest();
    ecr.fails(
        run,
        &["the AWS profile `dev`: AWS_ACCESS_KEY_ID is not set"],
    );
}

#[test]
fn a_role_that_is_not_granted_is_told_in_the_service_s_words() {
    let sts = sts("ASIA", |_| false);
    let mut ecr = Ecr::for_key("ASIA").with(STS, &sts);
    ecr.file(
        ".aws/config",
        &format!("[profile dev]\nrole_arn = arn:aws:iam::1:role/first\nsource_profile = dev\nmfa_serial = arn:aws:iam::1:mfa/me\n{}", keys("AKIA")),
    );
    let run = ecr.digest().env("AWS_PROFILE", "dev");
    let said = "the AWS profile `dev`: sts.eu-west-1.amazonaws.com says AccessDenied: User: me is not authorized to perform: sts:AssumeRole";
    ecr.fails(run, &[said, "`mfa_serial` of `dev` wants a code"]);
    assert_eq!(sts.asked().len(), 1);
}

#[test]
fn a_program_hands_out_keys() {
    let mut ecr = Ecr::for_key("ASIA");
    let answer = json!({"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": format!("{CANARY}secret"), "SessionToken": format!("{CANARY}session")});
    let answer = ecr.file("answer.json", &answer.to_string());
    let config = format!(
        "[profile dev]\ncredential_process = cat {}\n",
        answer.display()
    );
    ecr.file(".aws/config", &config);
    let run = ecr.digest().env("AWS_PROFILE", "dev");
    ecr.succeeds(run);
}

#[test]
fn a_role_is_taken_with_the_keys_that_a_program_hands_out() {
    let sts = sts("ASIA", |asked| {
        let by = asked.header("authorization");
        by.contains("Credential=AKIABASE/")
            && asked.field("RoleArn") == "arn:aws:iam::1:role/first"
            && asked.field("ExternalId") == "ext"
            && asked.field("RoleSessionName") == "build-7"
    });
    let mut ecr = Ecr::for_key("ASIA").with(STS, &sts);
    let answer = json!({"Version": 1, "AccessKeyId": "AKIABASE", "SecretAccessKey": format!("{CANARY}secret")});
    let answer = ecr.file("answer.json", &answer.to_string());
    let program = format!("test -z \"$CROSSDOCK_TOKEN\" && cat {}", answer.display());
    let config = format!(
        "[profile base]\ncredential_process = {program}\n\
         [profile dev]\nrole_arn = arn:aws:iam::1:role/first\nsource_profile = base\n\
         external_id = ext\nrole_session_name = build-7\n"
    );
    ecr.file(".aws/config", &config);
    let run = ecr.digest().env("AWS_PROFILE", "dev");
    ecr.succeeds(run);
    assert_eq!(sts.asked().len(), 1);
}

#[test]
fn a_sign_in_of_aws_login_is_said_not_to_be_supported() {
    let mut ecr = Ecr::for_key("ASIA");
    ecr.file(
        ".aws/config",
        "[profile dev]\nlogin_session = arn:aws:iam::1:user/me\n",
    );
    let run = ecr.digest().env("AWS_PROFILE", "dev");
    ecr.fails(
        run,
        &["the AWS profile `dev` only has `login_session`: the sign-in of `aws login` is not supported"],
    );
}

#[test]
fn a_program_that_fails_is_told_of_in_its_own_words() {
    let mut ecr = Ecr::for_key("ASIA");
    for (program, said) in [
        (
            "sh -c 'echo no card in the reader >&2; exit 3'",
            "no card in the reader",
        ),
        ("/none/such", "/none/such"),
        ("echo nonsense", "did not print the JSON"),
    ] {
        ecr.file(
            ".aws/config",
            &format!("[profile dev]\ncredential_process = {program}\n"),
        );
        let run = ecr.digest().env("AWS_PROFILE", "dev");
        ecr.fails(run, &["the AWS profile `dev`: ", said]);
    }
}

/// Whoever names a profile means nobody else: not the token, the container and the machine that are
/// there as well.
#[test]
fn a_profile_that_is_chosen_and_holds_nothing_is_nobody_else() {
    let sts = sts("ASIA", |_| true);
    let machine = Service::new(|_| Reply::json(200, &super::stand_ins::role("ASIA")));
    let mut ecr = Ecr::for_key("ASIA").with(STS, &sts);
    ecr.file(".aws/config", "[profile dev]\nregion = eu-west-1\n");
    let settings = format!("registries:\n  {HOST}: {{aws_profile: dev}}\n");
    ecr.world.lab.home.user_settings(&settings);
    let token = ecr.file("token", &format!("{CANARY}.jwt"));
    let url = format!("http://{}", machine.address);
    let run = ecr
        .digest()
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", token)
        .env("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/puller")
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url)
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &url);
    ecr.fails(run, &["the AWS profile `dev`: "]);
    let asked = (sts.asked().len(), machine.asked().len());
    assert_eq!((asked, ecr.api.asked().len()), ((0, 0), 0));
}

/// What it has printed before it failed is no identity.
#[test]
fn keys_of_a_program_that_fails_are_not_taken() {
    let mut ecr = Ecr::for_key("ASIA");
    let answer =
        json!({"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": format!("{CANARY}secret")});
    let answer = ecr.file("answer.json", &answer.to_string());
    let program = format!("cat {}; echo half-way >&2; exit 3", answer.display());
    let config = format!("[profile dev]\ncredential_process = {program}\n");
    ecr.file(".aws/config", &config);
    let run = ecr.digest().env("AWS_PROFILE", "dev");
    ecr.fails(run, &["`credential_process` failed: half-way"]);
    assert_eq!(ecr.api.asked().len(), 0);
}

/// A profile of somebody who signs in in a browser.
fn signs_in(ecr: &mut Ecr, token: &Value) {
    ecr.file(
        ".aws/config",
        "[profile dev]\nsso_session = acme\nsso_account_id = 123456789012\nsso_role_name = puller\n\
         [sso-session acme]\nsso_region = eu-central-1\nsso_start_url = https://acme.awsapps.com/start\n",
    );
    ecr.file(CACHE, &token.to_string());
}

fn cached(access: &str, expires: &str) -> Value {
    json!({
        "accessToken": format!("{CANARY}.{access}"), "expiresAt": expires, "region": "eu-central-1",
        "startUrl": "https://acme.awsapps.com/start", "clientId": "client",
        "clientSecret": format!("{CANARY}.client"), "refreshToken": format!("{CANARY}.refresh"),
        "registrationExpiresAt": "2199-01-01T00:00:00Z",
    })
}

/// The portal, for whoever brings this token.
fn portal(access: &'static str) -> Service {
    Service::new(move |asked| {
        if asked.header("x-amz-sso_bearer_token") != format!("{CANARY}.{access}") {
            let document = json!({"message": "Session token not found or invalid"});
            return Reply::json(401, &document)
                .with("x-amzn-errortype", "UnauthorizedException:http://internal");
        }
        assert!(
            asked.target.starts_with("/federation/credentials?"),
            "{}",
            asked.target
        );
        let own = json!({"accessKeyId": "ASIA", "secretAccessKey": format!("{CANARY}secret"), "sessionToken": format!("{CANARY}session"), "expiration": 7_226_582_400_000_u64});
        Reply::json(200, &json!({"roleCredentials": own}))
    })
}

#[test]
fn whoever_signed_in_is_somebody() {
    let portal = portal("fresh");
    let mut ecr = Ecr::for_key("ASIA").with(PORTAL, &portal);
    signs_in(&mut ecr, &cached("fresh", "2199-01-01T00:00:00Z"));
    let run = ecr.digest().env("AWS_PROFILE", "dev");
    ecr.succeeds(run);
    assert!(portal.asked()[0].target.contains("role_name=puller"));
}

#[test]
fn a_session_is_renewed_and_kept_for_the_next_run() {
    let portal = portal("renewed");
    let sign_in = Service::new(|asked| {
        let asked: Value = serde_json::from_slice(&asked.body).unwrap();
        assert_eq!(asked["grantType"], "refresh_token");
        assert_eq!(asked["refreshToken"], format!("{CANARY}.refresh"));
        let renewed = format!("{CANARY}.renewed");
        Reply::json(
            200,
            &json!({"accessToken": renewed, "expiresIn": 28800, "tokenType": "Bearer"}),
        )
    });
    let mut ecr = Ecr::for_key("ASIA")
        .with(PORTAL, &portal)
        .with(SIGN_IN, &sign_in);
    signs_in(&mut ecr, &cached("old", "2020-01-01T00:00:00Z"));
    for _ in 0..2 {
        let run = ecr.digest().env("AWS_PROFILE", "dev");
        ecr.succeeds(run);
    }
    assert_eq!(sign_in.asked().len(), 1);
    let kept = ecr.world.lab.home.read(&format!("home/{CACHE}")).unwrap();
    assert!(kept.contains(&format!("{CANARY}.renewed")));
}

#[test]
fn a_session_that_is_over_or_was_never_there_says_what_to_run() {
    let help = "run `aws sso login --profile dev`";
    let portal = portal("fresh");
    let mut ecr = Ecr::for_key("ASIA").with(PORTAL, &portal);
    let mut old = cached("old", "2020-01-01T00:00:00Z");
    old.as_object_mut().unwrap().remove("refreshToken");
    signs_in(&mut ecr, &old);
    let run = ecr.digest().env("AWS_PROFILE", "dev");
    ecr.fails(
        run,
        &["the AWS profile `dev`: the SSO token has expired", help],
    );
    signs_in(&mut ecr, &cached("revoked", "2199-01-01T00:00:00Z"));
    let run = ecr.digest().env("AWS_PROFILE", "dev");
    ecr.fails(run, &["the AWS profile `dev`: portal.sso.eu-central-1.amazonaws.com says UnauthorizedException: Session token not found or invalid", help]);
    std::fs::remove_file(ecr.world.lab.home.path(&format!("home/{CACHE}"))).unwrap();
    let run = ecr.digest().env("AWS_PROFILE", "dev");
    ecr.fails(
        run,
        &[
            "the AWS profile `dev`: failed to load the cached SSO token",
            help,
        ],
    );
    assert_eq!(ecr.api.asked().len(), 0, "{API}");
}

/// Which service, by which of a profile's lines: its own before that of all, and a variable before
/// both. STS is asked where the profile says it, too.
#[test]
fn an_endpoint_that_a_profile_names_is_asked_instead() {
    for (lines, variable, is_asked) in [
        ("endpoint_url = URL\n", None, true),
        (
            "services = local\nendpoint_url = https://all.example.com\n\
             [services local]\necr =\n  endpoint_url = URL\nsts =\n  endpoint_url = URL\n",
            None,
            true,
        ),
        (
            "endpoint_url = https://all.example.com\n",
            Some("URL"),
            true,
        ),
        (
            "endpoint_url = URL\nignore_configured_endpoint_urls = true\n",
            None,
            false,
        ),
    ] {
        let roles = sts("ASIA", |_| true);
        let both = Service::new(move |asked| {
            if asked.header("x-amz-target").is_empty() {
                return assumed(asked, "ASIA");
            }
            super::stand_ins::token(asked, "ASIA", &crate::secrets::password("ecr"))
        });
        let mut ecr = Ecr::for_key("ASIA").with(STS, &roles);
        let url = format!("http://{}", both.address);
        ecr.file(".aws/credentials", &format!("[base]\n{}", keys("AKIABASE")));
        let role = "role_arn = arn:aws:iam::1:role/first\nsource_profile = base\n";
        let profile = format!("[profile dev]\n{role}{}", lines.replace("URL", &url));
        ecr.file(".aws/config", &profile);
        let mut run = ecr.digest().env("AWS_PROFILE", "dev");
        if variable.is_some() {
            run = run.env("AWS_ENDPOINT_URL", &url);
        }
        ecr.succeeds(run);
        let targets: Vec<bool> = both
            .asked()
            .iter()
            .map(|asked| asked.header("x-amz-target").is_empty())
            .collect();
        if is_asked {
            assert_eq!(targets, [true, false], "{lines}");
        }
        assert_eq!(targets.contains(&false), is_asked, "{lines}");
    }
}
