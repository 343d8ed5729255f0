//! NET-01 to NET-09 as one table: every secret that a registry can have of us, and every way in
//! which it can send us to somebody else, who writes down all that he is told.

use super::{CANARY, forms, password, token, token_service};
use crate::lab::image::{LAYER, MANIFEST, Part};
use crate::lab::{Fault, Image, Lab, Ran};
use crossdock::server::{Access, Options, User};
use serde_json::{Value, json};

/// What we have for the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secret {
    Password,
    /// Traded for a token at the registry's own token service.
    Traded,
    Identity,
    Registry,
}

const SECRETS: [Secret; 4] = [
    Secret::Password,
    Secret::Traded,
    Secret::Identity,
    Secret::Registry,
];

impl Secret {
    /// A registry that knows the secret, somebody else, and the user's file that holds it.
    fn lab(self) -> Lab {
        let password = password("foreign");
        let user = || vec![User::new("ann", password.as_str())];
        let lab = Lab::empty().open("src").open("foreign");
        let lab = lab.registry("dst", |address| Options {
            access: match self {
                Self::Password => Access::Basic { users: user() },
                Self::Traded => token_service(address, &password),
                Self::Identity | Self::Registry => Access::Open,
            },
            ..Options::default()
        });
        let entry = match self {
            Self::Password | Self::Traded => json!({"username": "ann", "password": password}),
            Self::Identity => json!({"identitytoken": token("identity")}),
            Self::Registry => json!({"registrytoken": token("registry")}),
        };
        lab.home.docker_config(&json!({
            "auths": {lab.address("dst"): entry},
            "HttpHeaders": {"X-Own": token("header")},
        }));
        for (to, seed) in [("src", 1), ("dst", 2), ("foreign", 2)] {
            lab.push(&format!("{to}.lab/app:v{seed}"), &Image::small(seed));
        }
        lab
    }

    /// Lets a registry ask for a token that it cannot tell from any other.
    fn ask(self, lab: &Lab) {
        if matches!(self, Self::Password | Self::Traded) {
            return;
        }
        let reply = json!({"access_token": token("traded"), "refresh_token": token("new")});
        let json = [("content-type", "application/json")];
        let trade = Fault::on("POST", "/token").always();
        lab.fault("dst", trade.answer(200, &json, &reply.to_string()));
        let challenge = lab.addressed("Bearer realm=\"http://dst.lab/token\",service=\"dst\"");
        let headers = [("www-authenticate", challenge.as_str())];
        let asks = || Fault::on("*", "/v2/").always();
        lab.fault("dst", asks().with_header("authorization"));
        lab.fault("dst", asks().answer(401, &headers, ""));
    }
}

/// A way to somebody else.
struct Way {
    name: &'static str,
    /// On which requests that carry the secret.
    on: (&'static str, &'static str),
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    command: &'static [&'static str],
    /// Whether it is gone, without the secret.
    followed: bool,
}

const READ: &[&str] = &["copy", "dst.lab/app:v2", "src.lab/app:v2"];
const WRITE: &[&str] = &["copy", "src.lab/app:v1", "dst.lab/app:v1"];
const DIGEST: &[&str] = &["digest", "dst.lab/app:v2"];
const LIST: &[&str] = &["ls", "dst.lab/app"];
const COOKIE: (&str, &str) = ("set-cookie", "session=CANARY; Path=/; Domain=127.0.0.1");

/// What the redirects below name.
const ELSEWHERE: &[(&str, &str)] = &[
    ("location", "http://foreign.lab/v2/app/manifests/v2"),
    COOKIE,
];
const UPLOADS: &[(&str, &str)] = &[
    ("location", "http://foreign.lab/v2/app/blobs/uploads/"),
    COOKIE,
];

const fn way(
    name: &'static str,
    on: (&'static str, &'static str),
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    command: &'static [&'static str],
    followed: bool,
) -> Way {
    Way {
        name,
        on,
        status,
        headers,
        body: "",
        command,
        followed,
    }
}

const MANIFESTS: (&str, &str) = ("GET", "/manifests/");

fn ways() -> Vec<Way> {
    vec![
        way("301", MANIFESTS, 301, ELSEWHERE, READ, true),
        way("302", MANIFESTS, 302, ELSEWHERE, READ, true),
        way("303", MANIFESTS, 303, ELSEWHERE, READ, true),
        way("307", MANIFESTS, 307, ELSEWHERE, READ, true),
        way("308", MANIFESTS, 308, ELSEWHERE, READ, true),
        way(
            "HEAD",
            ("HEAD", "/manifests/"),
            307,
            ELSEWHERE,
            DIGEST,
            true,
        ),
        way("blob", ("GET", "/blobs/"), 307, ELSEWHERE, READ, true),
        way("list", ("GET", "/tags/"), 307, ELSEWHERE, LIST, true),
        way("POST", ("POST", "/uploads/"), 307, UPLOADS, WRITE, false),
        way("PUT", ("PUT", "/uploads/"), 307, UPLOADS, WRITE, false),
        way("upload", ("POST", "/uploads/"), 202, UPLOADS, WRITE, false),
        way(
            "upload //",
            ("POST", "/uploads/"),
            202,
            &[("location", "//foreign.lab/v2/app/blobs/uploads/1"), COOKIE],
            WRITE,
            false,
        ),
        way(
            "upload @",
            ("POST", "/uploads/"),
            202,
            &[(
                "location",
                "http://dst.lab@foreign.lab/v2/app/blobs/uploads/1",
            )],
            WRITE,
            false,
        ),
        way(
            "realm",
            ("*", "/v2/"),
            401,
            &[(
                "www-authenticate",
                "Bearer realm=\"http://foreign.lab/token\"",
            )],
            DIGEST,
            false,
        ),
        way(
            "realm with a password",
            ("*", "/v2/"),
            401,
            &[(
                "www-authenticate",
                "Bearer realm=\"http://dst.lab@foreign.lab/token\"",
            )],
            DIGEST,
            false,
        ),
        Way {
            body: r#"{"name":"app","tags":["v0"]}"#,
            ..way(
                "Link",
                ("GET", "/tags/"),
                200,
                &[
                    (
                        "link",
                        "<http://foreign.lab/v2/app/tags/list?last=v0>; rel=\"next\"",
                    ),
                    ("content-type", "application/json"),
                ],
                LIST,
                false,
            )
        },
    ]
}

#[track_caller]
fn assert_untold(lab: &Lab, what: &str, ran: &Ran) {
    for seen in lab.requests("foreign").all() {
        let told = seen.told();
        for form in forms() {
            assert!(!told.contains(&form), "{what}: {form} in {told}\n{ran}");
        }
        for name in [
            "authorization",
            "proxy-authorization",
            "cookie",
            "referer",
            "x-own",
        ] {
            assert_eq!(seen.header(name), "", "{what}: {name} in {told}");
        }
    }
}

fn every_way(secret: Secret) {
    for way in ways() {
        let what = format!("{secret:?}, {}", way.name);
        let lab = secret.lab();
        let addressed = |(name, value): &(&'static str, &str)| (*name, lab.addressed(value));
        let headers: Vec<(&str, String)> = way.headers.iter().map(addressed).collect();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        // A challenge is answered once, and this one is the first.
        let challenged = way.status == 401;
        let fault = Fault::on(way.on.0, way.on.1);
        let fault = if challenged {
            fault
        } else {
            fault.with_header("authorization")
        };
        // Of a list one page, or it would never end.
        let fault = if way.status == 200 {
            fault
        } else {
            fault.always()
        };
        lab.fault("dst", fault.answer(way.status, &headers, way.body));
        secret.ask(&lab);
        let ran = lab.run(way.command.iter().chain(&["--retries", "0"])).run();
        assert_untold(&lab, &what, &ran);
        let asked = lab.requests("foreign").len();
        assert_eq!(asked > 0, way.followed, "{what}: {ran}");
        let used = |seen: &crate::lab::Seen| seen.scheme().is_some();
        let used = challenged || lab.requests("dst").all().iter().any(used);
        assert!(used, "{what}: {ran}");
        assert!(!ran.stderr.contains(CANARY), "{what}: {ran}");
    }
}

#[test]
fn nobody_else_is_told_a_secret() {
    std::thread::scope(|scope| {
        for secret in SECRETS {
            scope.spawn(move || every_way(secret));
        }
    });
}

/// A token service that sends us on keeps what it was told to itself.
#[test]
fn nobody_else_is_told_what_a_token_service_is_told() {
    for (secret, method) in [(Secret::Traded, "GET"), (Secret::Identity, "POST")] {
        for status in [301, 302, 303, 307, 308] {
            let lab = secret.lab();
            let to = lab.addressed("http://foreign.lab/token");
            let on = Fault::on(method, "/token").always();
            lab.fault("dst", on.answer(status, &[("location", &to), COOKIE], ""));
            secret.ask(&lab);
            let ran = lab.run(DIGEST).run();
            assert_ne!(ran.code, 0, "{ran}");
            assert_eq!(lab.requests("foreign").len(), 0, "{method} {status}: {ran}");
            assert_eq!(lab.requests("dst").count(method, "token"), 1, "{ran}");
        }
    }
}

/// Somebody else who answers an upload's beginning cannot have its bytes.
#[test]
fn an_upload_that_somebody_else_takes_over_ends() {
    let lab = Secret::Password.lab();
    let place = lab.addressed("http://foreign.lab/v2/app/blobs/uploads/");
    let begin = Fault::on("POST", "/uploads/").with_header("authorization");
    lab.fault("dst", begin.always().redirect(&place));
    let ran = lab.run(WRITE).any_stderr().code(8);
    assert_untold(&lab, "taken over", &ran);
    assert_eq!(lab.requests("foreign").uploaded(), 0, "{ran}");
}

/// The places that a manifest names for its layers are not even asked.
#[test]
fn the_urls_of_layers_are_not_followed() {
    const FOREIGN: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    let lab = Secret::Traded.lab();
    for media_type in [LAYER, FOREIGN] {
        let there = Part::new(media_type, "a layer".to_owned());
        let mut layer = there.descriptor();
        let url = lab.addressed("http://foreign.lab/v2/app/blobs/");
        layer["urls"] = json!([format!("{url}{}", there.digest)]);
        let config = Part::new("application/vnd.oci.image.config.v1+json", "{}".to_owned());
        let layers: Vec<Value> = vec![layer];
        let mut image = Image::assembled(MANIFEST, config, Vec::new(), &json!({"layers": layers}));
        if media_type == LAYER {
            image.blobs.push(there);
        }
        lab.push("dst.lab/app:urls", &image);
        let ran = lab
            .run(["copy", "dst.lab/app:urls", "src.lab/app:urls"])
            .any_stdout()
            .any_stderr()
            .code(0);
        assert_eq!(lab.requests("foreign").len(), 0, "{media_type}: {ran}");
    }
}

/// NET-02: whoever asks for a login where a redirect led gets none, neither ours nor his own.
#[test]
fn a_login_that_is_asked_for_elsewhere_is_not_made() {
    for secret in SECRETS {
        for challenge in [
            "Basic realm=\"x\"",
            "Bearer realm=\"http://foreign.lab/token\",service=\"dst\"",
            "Bearer realm=\"http://dst.lab/token\",service=\"dst\"",
        ] {
            let lab = secret.lab();
            let away = lab.addressed("http://foreign.lab/v2/app/manifests/v2");
            let read = Fault::on("GET", "/manifests/").with_header("authorization");
            lab.fault("dst", read.always().redirect(&away));
            let challenge = lab.addressed(challenge);
            let asks = Fault::on("*", "/v2/").always();
            lab.fault(
                "foreign",
                asks.answer(401, &[("www-authenticate", &challenge)], ""),
            );
            secret.ask(&lab);
            let ran = lab.run(READ).any_stderr().code(4);
            assert_untold(&lab, "401 elsewhere", &ran);
            assert_eq!(lab.requests("foreign").count("GET", "token"), 0, "{ran}");
        }
    }
}
