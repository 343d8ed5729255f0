//! Services of Amazon's, as far as crossdock asks them.

use crate::clouds::world::{Asked, Reply, Service, World};
use crate::lab::{Image, Lab, Run};
use crate::secrets::{assert_clean, password};
use crate::tls::proxy::Proxy;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossdock::server::{Access, Options, User};
use serde_json::json;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(super) const HOST: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
pub(super) const API: &str = "api.ecr.eu-west-1.amazonaws.com";
pub(super) const STS: &str = "sts.eu-west-1.amazonaws.com";
/// What begins a secret, as in `crate::secrets`.
pub(super) const CANARY: &str = "CANARY";

/// A private registry with one image, its API, and a user who has nothing yet.
pub(super) struct Ecr {
    pub(super) world: World,
    pub(super) api: Service,
    pub(super) image: Image,
    /// Files that hold the secrets, and may.
    pub(super) but: Vec<PathBuf>,
    proxy: Option<Proxy>,
}

impl Ecr {
    /// One that knows the holder of this access key.
    pub(super) fn for_key(key: &'static str) -> Self {
        Self::answering(move |asked| token(asked, key, &password("ecr")))
    }

    /// One whose API answers with what `answer` says.
    pub(super) fn answering(
        answer: impl Fn(&Asked) -> Reply + Clone + Send + Sync + 'static,
    ) -> Self {
        let lab = Lab::empty().registry("ecr", |_| guarded(&password("ecr")));
        let image = Image::small(1);
        lab.push("ecr.lab/app:v1", &image);
        let api = Service::new(answer);
        let world = World::new(lab).registry(HOST, "ecr").service(API, &api);
        Self {
            world,
            api,
            image,
            but: Vec::new(),
            proxy: None,
        }
    }

    /// Adds a service.
    pub(super) fn with(mut self, host: &str, service: &Service) -> Self {
        self.world = self.world.service(host, service);
        self
    }

    /// Writes a file into the user's home: AWS's, with a secret.
    pub(super) fn file(&mut self, path: &str, content: &str) -> PathBuf {
        let path = self.world.lab.home.write(&format!("home/{path}"), content);
        self.but.push(path.clone());
        path
    }

    /// A run that resolves the image's name.
    pub(super) fn digest(&mut self) -> Run {
        self.run(&["digest", &format!("{HOST}/app:v1"), "-vv", "--retries", "0"])
    }

    pub(super) fn run(&mut self, args: &[&str]) -> Run {
        let proxy = self.world.proxy();
        let run = self.world.run(&proxy, args);
        self.proxy = Some(proxy);
        run
    }

    /// Runs it and expects the digest, and no secret anywhere.
    #[track_caller]
    pub(super) fn succeeds(&self, run: Run) {
        let digest = format!("{}\n", self.image.digest());
        let ran = run.stdout(digest).any_stderr().code(0);
        assert_clean(&ran, &self.world.lab, &self.but);
    }

    /// Runs it and expects it to be let in nowhere, with these words, and no secret anywhere.
    #[track_caller]
    pub(super) fn fails(&self, run: Run, words: &[&str]) {
        let run = words.iter().fold(run, |run, words| run.stderr_has(*words));
        let ran = run.code(4);
        assert_clean(&ran, &self.world.lab, &self.but);
    }

    /// What the proxy was asked for, in the last run.
    pub(super) fn proxied(&self) -> Vec<String> {
        self.proxy.as_ref().map(Proxy::heads).unwrap_or_default()
    }
}

/// A registry that only lets in whoever has the password.
pub(super) fn guarded(password: &str) -> Options {
    Options {
        access: Access::Basic {
            users: vec![User::new("AWS", password)],
        },
        ..Options::default()
    }
}

/// `GetAuthorizationToken`, for whoever signs with this access key.
pub(super) fn token(asked: &Asked, key: &str, password: &str) -> Reply {
    if asked
        .header("authorization")
        .contains(&format!("Credential={key}/"))
    {
        Reply::json(200, &json!({"authorizationData": [data(password)]}))
    } else {
        refusal(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        )
    }
}

pub(super) fn data(password: &str) -> serde_json::Value {
    let token = STANDARD.encode(format!("AWS:{password}"));
    json!({"authorizationToken": token, "expiresAt": seconds(12) , "proxyEndpoint": format!("https://{HOST}")})
}

/// So many hours from now, in seconds since 1970, with a fraction.
fn seconds(hours: u64) -> f64 {
    let then = SystemTime::now() + Duration::from_hours(hours);
    then.duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

/// An error of ECR's API.
pub(super) fn refusal(code: &str, message: &str) -> Reply {
    let document = json!({"__type": code, "message": message});
    Reply::json(400, &document)
}

/// The Security Token Service: whoever may takes the role, and becomes the holder of `key`.
pub(super) fn sts(
    key: &'static str,
    may: impl Fn(&Asked) -> bool + Clone + Send + Sync + 'static,
) -> Service {
    Service::new(move |asked| {
        if !may(asked) {
            let action = asked.field("Action");
            let text = format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: me is not authorized to perform: sts:{action}</Message></Error></ErrorResponse>"
            );
            return Reply::text(403, "text/xml", text);
        }
        assumed(asked, key)
    })
}

/// What the Security Token Service answers to whoever may take a role.
pub(super) fn assumed(asked: &Asked, key: &str) -> Reply {
    let action = asked.field("Action");
    let text = format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/puller/x</Arn><AssumedRoleId>A:x</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{CANARY}secret</SecretAccessKey><SessionToken>{CANARY}session</SessionToken><Expiration>2199-01-01T00:00:00Z</Expiration></Credentials></{action}Result></{action}Response>"
    );
    Reply::text(200, "text/xml", text)
}

/// What machines are told of their role.
pub(super) fn role(key: &str) -> serde_json::Value {
    json!({
        "Code": "Success", "AccessKeyId": key, "SecretAccessKey": format!("{CANARY}secret"),
        "Token": format!("{CANARY}session"), "Expiration": "2199-01-01T00:00:00Z",
    })
}
