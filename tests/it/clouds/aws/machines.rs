//! What machines of AWS's are told by their surroundings: containers and instances.

use super::stand_ins::{CANARY, Ecr, role};
use crate::clouds::world::{Asked, Reply, Service};
use std::net::TcpListener;
use std::time::Duration;

const METADATA: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const CREDENTIALS: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

/// The metadata service of an instance, which answers `roles` where it is asked for its roles.
fn metadata(roles: (u16, &'static str)) -> Service {
    Service::new(move |asked| metadata_of(asked, roles))
}

fn metadata_of(asked: &Asked, (status, roles): (u16, &'static str)) -> Reply {
    let token = format!("{CANARY}.metadata");
    match (asked.method.as_str(), asked.target.as_str()) {
        ("PUT", "/latest/api/token") => {
            let seconds = asked.header("x-aws-ec2-metadata-token-ttl-seconds");
            Reply::text(200, "text/plain", token)
                .with("x-aws-ec2-metadata-token-ttl-seconds", seconds)
        }
        _ if asked.header("x-aws-ec2-metadata-token") != token => {
            Reply::text(401, "text/plain", "")
        }
        ("GET", "/latest/meta-data/iam/security-credentials/") => {
            Reply::text(status, "text/plain", roles)
        }
        ("GET", "/latest/meta-data/iam/security-credentials/puller") => {
            Reply::json(200, &role("ASIA"))
        }
        _ => Reply::text(404, "text/plain", ""),
    }
}

#[test]
fn an_instance_has_its_role() {
    let metadata = metadata((200, "puller"));
    let url = format!("http://{}", metadata.address);
    let mut ecr = Ecr::for_key("ASIA");
    let run = ecr.digest().env(METADATA, &url);
    // What is next to the machine is no proxy's business.
    ecr.succeeds(run.env("HTTP_PROXY", "http://127.0.0.1:1"));
    assert!(metadata.asked().len() >= 3);
    assert!(
        !ecr.proxied()
            .iter()
            .any(|head| head.contains(&metadata.address))
    );
}

#[test]
fn an_instance_without_a_role_is_nobody() {
    let metadata = metadata((404, ""));
    let mut ecr = Ecr::for_key("ASIA");
    let run = ecr
        .digest()
        .env(METADATA, format!("http://{}", metadata.address));
    ecr.fails(run, &["401"]);
    assert_eq!(ecr.api.asked().len(), 0);
}

#[test]
fn a_metadata_service_that_is_off_or_too_many_hops_away_makes_nobody_wait() {
    let off = Service::new(|_| Reply::text(403, "text/plain", "off"));
    // It takes connections for as long as the value is there, and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = listener.local_addr().unwrap().to_string();
    let mut ecr = Ecr::for_key("ASIA");
    for address in [&off.address, &silent] {
        let run = ecr.digest().env(METADATA, format!("http://{address}"));
        let ran = run.any_stderr().code(4);
        assert!(ran.elapsed < Duration::from_secs(5), "{ran}");
        assert!(!ran.stderr.contains("identity"), "{ran}");
        // Who says no is no machine that could have said more.
        let is_told = ran.stderr.contains("gave no answer in time");
        assert_eq!(is_told, *address == silent, "{ran}");
    }
    let run = ecr
        .digest()
        .env(METADATA, format!("http://{}", off.address));
    let asked = off.asked().len();
    ecr.fails(run.env("AWS_EC2_METADATA_DISABLED", "true"), &["401"]);
    assert_eq!(off.asked().len(), asked);
}

#[test]
fn nobody_is_asked_where_something_else_is_evident() {
    let metadata = metadata((200, "puller"));
    let mut ecr = Ecr::for_key("AKIA");
    let run = ecr
        .digest()
        .env(METADATA, format!("http://{}", metadata.address));
    let run = run
        .env("AWS_ACCESS_KEY_ID", "AKIA")
        .env("AWS_SECRET_ACCESS_KEY", "s");
    ecr.succeeds(run);
    assert_eq!(metadata.asked().len(), 0);
}

#[test]
fn a_role_may_be_taken_with_the_instance_s() {
    let metadata = metadata((200, "puller"));
    let sts = super::stand_ins::sts("ASIAROLE", |asked| {
        asked.header("authorization").contains("Credential=ASIA/")
    });
    let mut ecr = Ecr::for_key("ASIAROLE").with(super::stand_ins::STS, &sts);
    ecr.file(
        ".aws/config",
        "[default]\nrole_arn = arn:aws:iam::1:role/a\ncredential_source = Ec2InstanceMetadata\n",
    );
    let run = ecr
        .digest()
        .env(METADATA, format!("http://{}", metadata.address));
    ecr.succeeds(run);
}

fn agent() -> Service {
    Service::new(|asked| match asked.header("authorization") {
        "Bearer CANARY.pod" if asked.target == "/creds" => Reply::json(200, &role("ASIA")),
        _ => Reply::json(
            400,
            &serde_json::json!({"code": "AccessDenied", "message": "no such pod"}),
        ),
    })
}

#[test]
fn a_container_has_its_role_by_a_token_in_a_variable_or_a_file() {
    let agent = agent();
    let url = format!("http://{}/creds", agent.address);
    let mut ecr = Ecr::for_key("ASIA");
    let run = ecr
        .digest()
        .env(CREDENTIALS, &url)
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer CANARY.pod");
    ecr.succeeds(run.env("HTTP_PROXY", "http://127.0.0.1:1"));
    let file = ecr.file("token", "Bearer CANARY.pod");
    let run = ecr
        .digest()
        .env(CREDENTIALS, &url)
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file);
    ecr.succeeds(run);
}

#[test]
fn a_container_that_is_refused_says_so() {
    let agent = agent();
    let mut ecr = Ecr::for_key("ASIA");
    let run = ecr
        .digest()
        .env(CREDENTIALS, format!("http://{}/creds", agent.address));
    let run = run.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "CANARY.wrong");
    ecr.fails(
        run,
        &[&format!(
            "the container's role: {} says AccessDenied: no such pod",
            agent.address
        )],
    );
}

#[test]
fn a_container_s_token_goes_to_no_foreign_address_in_the_clear() {
    let mut ecr = Ecr::for_key("ASIA");
    let run = ecr.digest().env(CREDENTIALS, "http://192.0.2.1/creds");
    let run = run.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "CANARY.pod");
    ecr.fails(
        run,
        &["the container's role: invalid full URI for ECS provider"],
    );
    assert_eq!(ecr.api.asked().len(), 0);
}
