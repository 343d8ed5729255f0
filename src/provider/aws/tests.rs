//! What a machine is by its variables and files, and whom it asks for it. The services answer from
//! a script: some are at addresses that only machines of AWS's can reach.

use super::source::NoProfile;
use super::*;
use crate::transport::Transport;
use crate::transport::client::Settings;
use crate::transport::script::{Script, Sent};
use crate::transport::secret::Secret;
use ::http::Response;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const HOST: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
/// `AWS:pass`.
const TOKEN: &str =
    r#"{"authorizationData":[{"authorizationToken":"QVdTOnBhc3M=","expiresAt":1e11}]}"#;
const ROLE: &str = r#"{"Code":"Success","AccessKeyId":"ASIA","SecretAccessKey":"s","Token":"t","Expiration":"2199-01-01T00:00:00Z"}"#;

/// A machine that was made up.
struct Machine {
    home: TempDir,
    aws: Aws,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Machine {
    /// A machine with these variables and this `~/.aws/config`, and services that `answer`.
    fn new(
        variables: &[(&str, &str)],
        config: &str,
        answer: impl Fn(&Sent) -> Option<(u16, &'static str)> + Send + Sync + 'static,
    ) -> Self {
        let home = TempDir::new().unwrap();
        fs::create_dir(home.path().join(".aws")).unwrap();
        fs::write(home.path().join(".aws/config"), config).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let script = Script::new(move |sent| {
            log.lock()
                .unwrap()
                .push(format!("{} {}", sent.method, sent.url));
            let ecr = sent
                .url
                .host_str()
                .is_some_and(|host| host.starts_with("api.ecr."));
            let own = if ecr { Some((200, TOKEN)) } else { None };
            let (status, body) = answer(&sent).or(own).unwrap_or((404, ""));
            let response = Response::builder().status(status);
            let response = response.header("x-aws-ec2-metadata-token-ttl-seconds", "21600");
            response.body(Bytes::from_static(body.as_bytes())).unwrap()
        });
        let mut settings = Settings::default();
        settings.retry.attempts = 1;
        settings.script = Some(script);
        let given = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let surroundings = Surroundings {
            variables: given.collect(),
            home: Some(home.path().to_owned()),
            search_path: Vec::new(),
            transport: Arc::new(Transport::new(settings, Arc::new(()))),
        };
        Self {
            home,
            aws: Aws::new(surroundings),
            asked,
        }
    }

    async fn mint(&self, kind: Kind, effort: Effort) -> Result<Option<Minted>, Failure> {
        let place = Place {
            host: HOST.parse().unwrap(),
            kind,
            aws_profile: None,
        };
        self.aws.password(&place, effort).await
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn password(text: &str) -> Credential {
    Credential::password("AWS", Secret::new(text)).unwrap()
}

#[tokio::test]
async fn containers_are_told_their_role_at_the_addresses_that_aws_documents() {
    for (variable, value, asked) in [
        (
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "/v2/creds?id=1",
            "GET http://169.254.170.2/v2/creds?id=1",
        ),
        (
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "http://169.254.170.23/v1/creds",
            "GET http://169.254.170.23/v1/creds",
        ),
        (
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "http://[fd00:ec2::23]/v1/creds",
            "GET http://[fd00:ec2::23]/v1/creds",
        ),
    ] {
        let token = ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic CANARY");
        let machine = Machine::new(&[(variable, value), token], "", |sent| {
            let told = sent.headers.get("authorization")? == "Basic CANARY";
            sent.url
                .path()
                .ends_with("creds")
                .then_some(if told { (200, ROLE) } else { (403, "") })
        });
        let minted = machine
            .mint(Kind::Ecr, Effort::Evident)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(minted.origin, "the container's role");
        assert_eq!(minted.credential, password("pass"));
        assert_eq!(machine.asked()[0], asked);
    }
}

#[tokio::test]
async fn an_instance_is_asked_for_its_role_at_its_own_address_with_a_token() {
    let machine = Machine::new(&[], "", |sent| {
        let path = sent.url.path();
        let token = sent.headers.get("x-aws-ec2-metadata-token");
        match (sent.method.as_str(), path) {
            ("PUT", "/latest/api/token") => Some((200, "CANARY")),
            (_, path) if path.starts_with("/latest/") && token.is_none() => Some((401, "")),
            ("GET", "/latest/meta-data/iam/security-credentials/") => Some((200, "puller")),
            ("GET", "/latest/meta-data/iam/security-credentials/puller") => Some((200, ROLE)),
            _ => None,
        }
    });
    let minted = machine
        .mint(Kind::Ecr, Effort::Evident)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(minted.origin, "the instance's role puller");
    assert_eq!(
        machine.asked()[0],
        "PUT http://169.254.169.254/latest/api/token"
    );
    // Whoever can do without asks nobody.
    let before = machine.asked().len();
    assert!(
        machine
            .mint(Kind::EcrPublic, Effort::Evident)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(machine.asked().len(), before);
}

#[tokio::test]
async fn a_machine_without_a_role_is_nobody() {
    for (status, body) in [(404, ""), (403, ""), (200, "")] {
        let machine = Machine::new(&[], "", move |sent| {
            let is_token = sent.url.path() == "/latest/api/token";
            is_token.then_some((status, body))
        });
        let minted = machine.mint(Kind::Ecr, Effort::Thorough).await;
        assert!(minted.unwrap().is_none(), "{status}");
    }
    let machine = Machine::new(&[("AWS_EC2_METADATA_DISABLED", "true")], "", |_| None);
    assert!(
        machine
            .mint(Kind::Ecr, Effort::Thorough)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(machine.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn an_instance_whose_role_cannot_be_had_says_so() {
    let machine = Machine::new(&[], "", |sent| match sent.url.path() {
        "/latest/api/token" => Some((200, "t")),
        "/latest/meta-data/iam/security-credentials/" => Some((200, "puller")),
        "/latest/meta-data/iam/security-credentials/puller" => Some((
            200,
            r#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role"}"#,
        )),
        _ => None,
    });
    let failed = machine
        .mint(Kind::Ecr, Effort::Thorough)
        .await
        .err()
        .unwrap();
    let told = failed.to_string();
    assert!(told.starts_with("the instance's role"), "{told}");
    assert!(told.contains("EC2 cannot assume the role"), "{told}");
}

#[tokio::test]
async fn files_are_those_of_the_home_that_was_given() {
    let config = "[default]\naws_access_key_id = AKIA\naws_secret_access_key = s\n";
    let machine = Machine::new(&[], config, |_| None);
    let minted = machine
        .mint(Kind::Ecr, Effort::Evident)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(minted.origin, "the AWS profile `default`");
    let home = machine.home.path().join(".aws/config");
    fs::write(home, "[default\n").unwrap();
    let failed = machine
        .mint(Kind::Ecr, Effort::Evident)
        .await
        .err()
        .unwrap();
    assert_eq!(failed.to_string(), "AWS's files of profiles cannot be read");
}

#[tokio::test]
async fn the_first_identity_that_is_evident_is_the_one() {
    const KEYS: &str = "AWS_ACCESS_KEY_ID=A AWS_SECRET_ACCESS_KEY=s";
    let dev = "[profile dev]\nrole_arn = arn:aws:iam::1:role/a\n[profile plain]\nregion = x\n[default]\ncredential_process = true\n";
    let found = |name: &str| Ok(Source::Profile(name.to_owned()));
    for (set, config, chosen, expected) in [
        (KEYS, dev, None, Ok(Source::Keys)),
        (KEYS, dev, Some("dev"), found("dev")),
        ("AWS_ACCESS_KEY_ID=A", "", None, Ok(Source::Instance)),
        (
            "AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY=s",
            "",
            None,
            Ok(Source::Instance),
        ),
        ("", dev, None, found("default")),
        ("AWS_PROFILE=dev", dev, None, found("dev")),
        (
            "AWS_PROFILE=plain AWS_WEB_IDENTITY_TOKEN_FILE=/t",
            dev,
            None,
            Ok(Source::WebIdentity),
        ),
        ("AWS_PROFILE=plain", dev, Some("plain"), found("plain")),
        (
            "AWS_WEB_IDENTITY_TOKEN_FILE=/t AWS_CONTAINER_CREDENTIALS_FULL_URI=x",
            "",
            None,
            Ok(Source::WebIdentity),
        ),
        (
            "AWS_CONTAINER_CREDENTIALS_FULL_URI=x",
            "",
            None,
            Ok(Source::Container),
        ),
        ("", "", None, Ok(Source::Instance)),
        (
            "AWS_PROFILE=none",
            dev,
            None,
            Err("~/.aws/config or ~/.aws/credentials"),
        ),
        (
            "AWS_CONFIG_FILE=/c AWS_PROFILE=none",
            "",
            None,
            Err("/c or ~/.aws/credentials"),
        ),
    ] {
        let machine = Machine::new(&[], config, |_| None);
        let chain = Chain::read(&machine.aws.surroundings, chosen)
            .await
            .unwrap();
        let pairs = set
            .split_whitespace()
            .map(|pair| pair.split_once('=').unwrap());
        let set: BTreeMap<String, String> = pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let expected = expected.map_err(|files| NoProfile::Missing {
            name: "none".to_owned(),
            files: files.to_owned(),
        });
        assert_eq!(
            Source::find(&set, &chain.profiles, chosen),
            expected,
            "{set:?} {chosen:?}"
        );
    }
}
