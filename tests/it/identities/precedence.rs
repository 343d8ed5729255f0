//! Every place that a credential may be in, peeled off one by one.

use super::user;
use crate::credentials::install;
use crate::lab::{Image, Lab, Run};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossdock::server::{Access, Options, User};
use serde_json::json;

/// A place: who is in it, what `-v` says of it, and how it comes to be there.
type Layer = (&'static str, &'static str, fn(&Lab, Run) -> Run);

const LAYERS: [Layer; 11] = [
    ("numbered", "CROSSDOCK_AUTH_1_HOST", |_, run| {
        // Both groups are one source: the longer path decides, and two for one place are refused.
        run.env("CROSSDOCK_AUTH_1_HOST", "dst.lab/app")
            .env("CROSSDOCK_AUTH_1_USERNAME", "numbered")
            .env("CROSSDOCK_AUTH_1_PASSWORD", "pw")
    }),
    ("single", "CROSSDOCK_REGISTRY", |_, run| {
        run.env("CROSSDOCK_REGISTRY", "dst.lab")
            .env("CROSSDOCK_USERNAME", "single")
            .env("CROSSDOCK_PASSWORD", "pw")
    }),
    ("variable", "`DOCKER_AUTH_CONFIG` (dst.lab)", |_, run| {
        run.env("DOCKER_AUTH_CONFIG", entry("variable").to_string())
    }),
    ("named", "named.json (dst.lab)", |lab, run| {
        let file = lab.addressed(&entry("named").to_string());
        run.env(
            "REGISTRY_AUTH_FILE",
            lab.home.write("work/named.json", file),
        )
    }),
    (
        "helper",
        "credential helper `one` of ~/.docker/config.json",
        |lab, run| {
            let mut config = entry("inline");
            config["credHelpers"] = json!({"dst.lab": "one"});
            config["credsStore"] = "all".into();
            docker(lab, &config);
            run
        },
    ),
    (
        "store",
        "credential helper `all` of ~/.docker/config.json",
        |lab, run| {
            let mut config = entry("inline");
            config["credsStore"] = "all".into();
            docker(lab, &config);
            run
        },
    ),
    (
        "store",
        "credential helper `all` of ~/.docker/config.json",
        |lab, run| {
            docker(lab, &json!({"auths": {"dst.lab": {}}, "credsStore": "all"}));
            run
        },
    ),
    ("inline", "~/.docker/config.json (dst.lab)", |lab, run| {
        docker(lab, &entry("inline"));
        run
    }),
    ("runtime", "auth.json (dst.lab)", |lab, run| {
        let file = lab.addressed(&entry("runtime").to_string());
        lab.home.write("run/containers/auth.json", file);
        run
    }),
    ("containers", "auth.json (dst.lab)", |lab, run| {
        let file = lab.addressed(&entry("containers").to_string());
        lab.home.write("config/containers/auth.json", file);
        run
    }),
    ("job", "the variable CI_REGISTRY_PASSWORD", |_, run| {
        run.env("CI_REGISTRY", "dst.lab")
            .env("CI_REGISTRY_USER", "job")
            .env("CI_REGISTRY_PASSWORD", "pw")
    }),
];

fn entry(user: &str) -> serde_json::Value {
    let auth = STANDARD.encode(format!("{user}:pw"));
    json!({"auths": {"dst.lab": {"auth": auth}}})
}

/// Writes docker's file, unless a layer above has.
fn docker(lab: &Lab, config: &serde_json::Value) {
    if lab.home.read("home/.docker/config.json").is_none() {
        let text = lab.addressed(&config.to_string());
        lab.home.write("home/.docker/config.json", text);
    }
}

fn lab() -> Lab {
    let users = LAYERS.iter().map(|(user, _, _)| User::new(*user, "pw"));
    let lab = Lab::empty().registry("dst", |_| Options {
        access: Access::Basic {
            users: users.collect(),
        },
        ..Options::default()
    });
    lab.push("dst.lab/app:v1", &Image::small(1));
    for (name, user) in [("one", "helper"), ("all", "store")] {
        let answer = format!("{{\"Username\":\"{user}\",\"Secret\":\"pw\"}}");
        install(&lab, name, &format!("cat > /dev/null; echo '{answer}'\n"));
    }
    lab
}

const DIGEST: [&str; 3] = ["digest", "dst.lab/app:v1", "-v"];

#[test]
fn the_first_place_that_has_one_decides() {
    for (number, (name, origin, _)) in LAYERS.iter().enumerate() {
        let lab = lab();
        let layers = LAYERS[number..].iter();
        let run = layers.fold(lab.run(DIGEST), |run, (_, _, add)| add(&lab, run));
        run.any_stdout()
            .stderr_has(*origin)
            .stderr_has("the credential from ")
            .code(0);
        let requests = lab.requests("dst");
        let asked: Vec<String> = requests.all().iter().filter_map(user).collect();
        assert_eq!(asked, [*name], "{origin}");
    }
    let lab = lab();
    lab.run(DIGEST)
        .stderr_has("dst.lab: no credential, asking as nobody\n")
        .code(4);
    let requests = lab.requests("dst");
    assert!(requests.all().iter().all(|seen| seen.scheme().is_none()));
}

#[test]
fn a_machine_s_identity_can_be_turned_off() {
    let lab = lab();
    let (_, _, job) = LAYERS[LAYERS.len() - 1];
    job(&lab, lab.run(DIGEST)).any_stdout().any_stderr().code(0);
    let off = lab.addressed("registries: {\"dst.lab\": {identity: false}}");
    lab.home.user_settings(&off);
    job(&lab, lab.run(DIGEST)).any_stderr().code(4);
}

/// What says where credentials go, or which, is nothing that comes with somebody's files.
#[test]
fn a_checkout_says_nothing_about_identities() {
    let lab = lab();
    let (_, _, job) = LAYERS[LAYERS.len() - 1];
    for line in [
        "kind: gitlab",
        "aws_profile: prod",
        "identity: true",
        "token_realm: [sso.example.net]",
        "ca: ca.pem",
        "insecure: true",
        "plain_http: true",
        "allow_private: true",
        "mirrors: [mirror.example.net]",
        "api: https://api.example.net",
        "create: true",
    ] {
        let settings = format!("registries: {{\"dst.lab\": {{{line}}}}}");
        lab.home.settings(&lab.addressed(&settings));
        job(&lab, lab.run(DIGEST))
            .stderr_has("error: ")
            .stderr_has("crossdock.yaml:1:")
            .code(2);
    }
    assert_eq!(lab.requests("dst").len(), 0);
}
