//! SEC-03: whatever road a secret comes by, it is in no output, no other file, and no request to
//! anybody else.

use crate::lab::{Fault, Image, Lab, Ran, Run, Seen};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use crossdock::server::{Access, Anonymous, Options, TokenService, User};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// What every secret begins with. It is followed by characters that percent, JSON and base64
/// each write in a way of their own.
const CANARY: &str = "CANARY";

/// A password that no output may show.
fn password(road: &str) -> String {
    format!("{CANARY}-{road}/+\"\\%é")
}

/// The same for what only some characters are allowed in.
fn token(road: &str) -> String {
    format!("{CANARY}.{road}_~-")
}

/// Every way to write the canary that is worth looking for.
fn forms() -> Vec<String> {
    let mut forms = vec![CANARY.to_owned()];
    // Base64 depends on what stands before: of each of three positions the part that does not.
    for before in ["", "x", "xx"] {
        let text = format!("{before}{CANARY}");
        for alphabet in [STANDARD, URL_SAFE] {
            let encoded = alphabet.encode(&text);
            let safe = (before.len() * 4).div_ceil(3)..text.len() / 3 * 4;
            forms.push(encoded[safe].to_owned());
        }
    }
    for pattern in ["%{:02X}", "%{:02x}", "\\u{:04x}", "{:02x}"] {
        let write = |byte: u8| match pattern {
            "%{:02X}" => format!("%{byte:02X}"),
            "%{:02x}" => format!("%{byte:02x}"),
            "\\u{:04x}" => format!("\\u{byte:04x}"),
            _ => format!("{byte:02x}"),
        };
        forms.push(CANARY.bytes().map(write).collect());
    }
    forms
}

#[track_caller]
fn assert_clean(ran: &Ran, lab: &Lab, but: &[PathBuf]) {
    for form in forms() {
        assert!(!ran.stdout.contains(&form), "{form} on stdout: {ran}");
        assert!(!ran.stderr.contains(&form), "{form} on stderr: {ran}");
        for (path, content) in lab.home.files() {
            let text = String::from_utf8_lossy(&content);
            assert!(
                but.contains(&path) || !text.contains(&form),
                "{form} in {}",
                path.display()
            );
        }
    }
}

#[test]
fn the_forms_are_what_encoders_make_of_a_canary() {
    let text = password("x");
    for before in ["", "a", "ab", "abc", "ann:"] {
        let encoded = STANDARD.encode(format!("{before}{text}"));
        assert!(
            forms().iter().any(|form| encoded.contains(form)),
            "{encoded}"
        );
    }
    let escaped = serde_json::to_string(&text).unwrap();
    assert!(forms().iter().any(|form| escaped.contains(form)));
    assert!(
        !forms()
            .iter()
            .any(|form| "canary in a coal mine".contains(form.as_str()))
    );
}

/// A road that a secret comes by: what it sets up, and what it adds to a run.
struct Road {
    name: &'static str,
    password: String,
    prepare: fn(&Lab, &str) -> Vec<PathBuf>,
    run: fn(Run, &str) -> Run,
}

fn roads() -> Vec<Road> {
    let nothing: fn(&Lab, &str) -> Vec<PathBuf> = |_, _| Vec::new();
    let road = |name, prepare, run| Road {
        name,
        password: password(name),
        prepare,
        run,
    };
    vec![
        road("numbered", nothing, |run, secret| {
            run.env("CROSSDOCK_AUTH_1_HOST", "dst.lab")
                .env("CROSSDOCK_AUTH_1_USERNAME", "ann")
                .env("CROSSDOCK_AUTH_1_PASSWORD", secret)
        }),
        road("single", nothing, |run, secret| {
            run.env("CROSSDOCK_REGISTRY", "dst.lab")
                .env("CROSSDOCK_USERNAME", "ann")
                .env("CROSSDOCK_PASSWORD", secret)
        }),
        road("docker-variable", nothing, |run, secret| {
            let auth = STANDARD.encode(format!("ann:{secret}"));
            let config = json!({"auths": {"dst.lab": {"auth": auth}}});
            run.env("DOCKER_AUTH_CONFIG", config.to_string())
        }),
        road(
            "file",
            |lab, secret| {
                let auth = STANDARD.encode(format!("ann:{secret}"));
                let config = json!({"auths": {lab.address("dst"): {"auth": auth}}});
                vec![lab.home.docker_config(&config)]
            },
            |run, _| run,
        ),
        road(
            "plain-file",
            |lab, secret| {
                let entry = json!({"username": "ann", "password": secret});
                vec![
                    lab.home
                        .docker_config(&json!({"auths": {lab.address("dst"): entry}})),
                ]
            },
            |run, _| run,
        ),
    ]
}

fn token_service(address: &str, password: &str) -> Access {
    Access::Token(TokenService {
        realm: format!("http://{address}/token"),
        service: "dst".to_owned(),
        users: vec![User::new("ann", password)],
        lifetime: Duration::from_secs(300),
        anonymous: Anonymous::Nothing,
        oauth2: true,
    })
}

fn guarded(password: &str, tokens: bool) -> Lab {
    let lab = Lab::empty().open("src").registry("dst", |address| Options {
        access: if tokens {
            token_service(address, password)
        } else {
            Access::Basic {
                users: vec![User::new("ann", password)],
            }
        },
        ..Options::default()
    });
    lab.push("src.lab/app:v1", &Image::small(1));
    lab.push("dst.lab/app:v0", &Image::small(2));
    lab
}

/// Every command that asks a registry something.
const COMMANDS: [&[&str]; 7] = [
    &["copy", "src.lab/app:v1", "dst.lab/app:v1"],
    &["copy", "dst.lab/app:v0", "src.lab/app:v0"],
    &["digest", "dst.lab/app:v0", "dst.lab/app:none"],
    &["tag", "dst.lab/app:v0", "v2"],
    &["ls", "dst.lab/app"],
    &["ls", "dst.lab"],
    &["rm", "--dry-run", "dst.lab/app:v0"],
];

/// How the runs are made to talk.
const LOUD: [&[&str]; 2] = [
    &["-vv", "--retries", "0"],
    &["-vv", "--json", "--retries", "0"],
];

/// What goes wrong at the registry, besides nothing.
fn troubles() -> Vec<Option<fn() -> Fault>> {
    vec![
        None,
        Some(|| {
            Fault::on("*", "/v2/")
                .always()
                .refusal(403, "DENIED", "not you")
        }),
        Some(|| Fault::on("*", "/v2/app").always().status(500)),
        Some(|| Fault::on("*", "/v2/app").always().lose_answer()),
        Some(|| Fault::on("*", "/v2/app").always().answer(401, &[], "")),
        Some(|| Fault::on("*", "/token").always().status(500)),
        Some(|| Fault::on("*", "/token").always().html()),
    ]
}

fn every_command_is_silent_about(road: &Road, tokens: bool) {
    let lab = guarded(&road.password, tokens);
    let but = (road.prepare)(&lab, &road.password);
    for trouble in troubles() {
        for command in COMMANDS {
            for loud in LOUD {
                lab.heal();
                if let Some(trouble) = trouble {
                    lab.fault("dst", trouble());
                }
                let run = (road.run)(lab.run([command, loud].concat()), &road.password);
                let ran = run.run();
                assert_clean(&ran, &lab, &but);
                assert!(
                    trouble.is_some() || ran.code == 0 || command[0] == "digest",
                    "{ran}"
                );
            }
        }
    }
    assert!(
        lab.requests("src")
            .all()
            .iter()
            .all(|seen| seen.scheme().is_none())
    );
    let sent = |seen: &Seen| seen.scheme().is_some();
    lab.heal();
    (road.run)(lab.run(COMMANDS[4]), &road.password)
        .any_stdout()
        .code(0);
    assert!(
        lab.requests("dst").all().iter().any(sent),
        "{}: it was used",
        road.name
    );
}

#[test]
fn a_password_stays_secret_on_every_road() {
    std::thread::scope(|scope| {
        for road in roads() {
            scope.spawn(move || every_command_is_silent_about(&road, false));
        }
    });
}

#[test]
fn a_password_that_is_traded_for_a_token_stays_secret_on_every_road() {
    std::thread::scope(|scope| {
        for road in roads() {
            scope.spawn(move || every_command_is_silent_about(&road, true));
        }
    });
}

#[test]
fn a_wrong_password_is_not_shown_either() {
    for tokens in [false, true] {
        for road in roads() {
            let lab = guarded("another", tokens);
            let but = (road.prepare)(&lab, &road.password);
            for (command, loud) in COMMANDS.iter().zip(LOUD.iter().cycle()) {
                let run = (road.run)(lab.run([*command, *loud].concat()), &road.password);
                let ran = run.run();
                assert_eq!(ran.code, 4, "{ran}");
                assert_clean(&ran, &lab, &but);
            }
        }
    }
}

#[test]
fn a_login_shows_nothing_of_what_was_piped_in() {
    for tokens in [false, true] {
        for secret in [password("stdin"), token("stdin")] {
            let lab = guarded(&secret, tokens);
            let file = lab.home.path("home/.docker/config.json");
            let login = ["login", "dst.lab", "-u", "ann", "--password-stdin"];
            for loud in LOUD {
                let wrong = format!("{secret}x");
                let ran = lab
                    .run([&login[..], loud].concat())
                    .stdin(wrong)
                    .any_stderr()
                    .code(4);
                assert_clean(&ran, &lab, &[]);
                let ran = lab
                    .run([&login[..], loud].concat())
                    .stdin(&secret)
                    .any_stderr()
                    .code(0);
                assert_clean(&ran, &lab, std::slice::from_ref(&file));
                let ran = lab
                    .run([&["logout", "dst.lab"], loud].concat())
                    .any_stderr()
                    .code(0);
                assert_clean(&ran, &lab, &[]);
            }
        }
    }
}

#[test]
fn identity_and_registry_tokens_stay_secret() {
    for kind in ["identitytoken", "registrytoken"] {
        let lab = guarded("another", true);
        let entry = json!({kind: token(kind)});
        let auths = json!({"auths": {lab.address("dst"): entry}});
        let but = [lab.home.docker_config(&auths)];
        for command in COMMANDS {
            for loud in LOUD {
                let ran = lab.run([command, loud].concat()).run();
                assert_eq!(ran.code, 4, "{ran}");
                assert_clean(&ran, &lab, &but);
            }
        }
        let seen = lab.requests("dst");
        let sent = seen
            .all()
            .iter()
            .any(|seen| seen.header("authorization").contains(CANARY) || seen.kind() == "token");
        assert!(sent, "{kind} was used: {seen}");
    }
}

#[test]
fn a_token_from_the_environment_stays_secret() {
    let lab = guarded("another", true);
    for command in COMMANDS {
        for loud in LOUD {
            let run = lab.run([command, loud].concat());
            let run = run
                .env("CROSSDOCK_REGISTRY", "dst.lab")
                .env("CROSSDOCK_TOKEN", token("variable"));
            let ran = run.run();
            assert_eq!(ran.code, 4, "{ran}");
            assert_clean(&ran, &lab, &[]);
        }
    }
}

#[test]
fn what_a_token_service_replies_stays_secret() {
    let reply = json!({
        "token": token("reply"), "access_token": token("access"), "refresh_token": token("refresh"),
        "Token": token("case"), "expires_in": 300,
    });
    let lab = guarded("apple", true);
    lab.docker_login(&[("dst.lab", "ann:apple")]);
    for body in [
        reply.to_string(),
        format!("[{reply}]"),
        format!("{reply}}}"),
        token("text"),
    ] {
        for command in COMMANDS {
            for loud in LOUD {
                lab.heal();
                let headers = [("content-type", "application/json")];
                lab.fault(
                    "dst",
                    Fault::on("*", "/token")
                        .always()
                        .answer(200, &headers, &body),
                );
                let ran = lab.run([command, loud].concat()).run();
                assert_ne!(ran.code, 0, "{ran}");
                assert_clean(&ran, &lab, &[]);
            }
        }
    }
}

/// This machine is never reached through a proxy: a made-up host is.
#[test]
fn a_proxy_s_password_stays_secret() {
    let lab = Lab::empty().open("proxy").open("src");
    lab.push("proxy.lab/app:v1", &Image::small(1));
    let proxy = |name: &str| format!("http://ann:{}@{name}", token("proxy"));
    for (command, code) in [
        (&["digest", "registry.example/app:v1"][..], 0),
        (&["digest", "registry.example/app:none"], 3),
        (&["copy", "registry.example/app:v1", "src.lab/app:v1"], 0),
        (&["ls", "registry.example/app"], 0),
    ] {
        for loud in LOUD {
            let plain: &[&str] = &["--plain-http=registry.example"];
            let typed = [command, plain, loud].concat();
            let run = lab.run(&typed).env("HTTP_PROXY", proxy("proxy.lab"));
            let ran = run.run();
            assert_eq!(ran.code, code, "{ran}");
            assert_clean(&ran, &lab, &[]);
            let broken = lab
                .run(&typed)
                .env("HTTP_PROXY", proxy("127.0.0.1:1"))
                .run();
            assert_eq!(broken.code, 7, "{broken}");
            assert_clean(&broken, &lab, &[]);
        }
    }
    let wrong = format!("http://ann:{}@[", token("proxy"));
    let ran = lab
        .run(["digest", "registry.example/app:v1", "-vv"])
        .env("HTTPS_PROXY", wrong)
        .run();
    assert_ne!(ran.code, 0, "{ran}");
    assert_clean(&ran, &lab, &[]);
    assert!(
        lab.requests("src")
            .all()
            .iter()
            .all(|seen| seen.header("proxy-authorization").is_empty())
    );
}

/// A lab whose destination sends blobs' readers to a storage host with a signature in the query.
fn with_storage(redirected: &str) -> Lab {
    let lab = Lab::empty()
        .open("to")
        .open("storage")
        .registry("dst", |_| Options {
            access: Access::Basic {
                users: vec![User::new("ann", "apple")],
            },
            ..Options::default()
        });
    lab.docker_login(&[("dst.lab", "ann:apple"), ("to.lab", "bob:banana")]);
    let image = Image::small(1);
    lab.push("dst.lab/app:v1", &image);
    lab.push("storage.lab/app:v1", &image);
    for part in image.blobs.iter().chain(&image.manifests) {
        let target = lab.addressed(&format!(
            "http://storage.lab/v2/app/{redirected}/{}?X-Amz-Signature={}&sig={}",
            part.digest,
            token("presigned"),
            token("sig"),
        ));
        let path = format!("/{redirected}/{}", part.digest);
        lab.fault(
            "dst",
            Fault::on("GET", &path)
                .with_header("authorization")
                .always()
                .redirect(&target),
        );
    }
    lab
}

#[test]
fn a_storage_host_gets_no_secret_and_its_signature_is_not_shown() {
    for redirected in ["blobs", "manifests"] {
        for loud in LOUD {
            let lab = with_storage(redirected);
            let file = [lab.home.path("home/.docker/config.json")];
            let copy = ["copy", "dst.lab/app:v1", "to.lab/app:v1"];
            let ran = lab
                .run([&copy[..], loud].concat())
                .any_stdout()
                .any_stderr()
                .code(0);
            assert_clean(&ran, &lab, &file);
            let seen = lab.requests("storage");
            assert!(seen.len() > 0, "nobody was redirected");
            assert_no_secret(seen.all());
            lab.fault("storage", Fault::on("*", "/v2/").always().status(403));
            let ran = lab
                .run([&["copy", "dst.lab/app:v1", "to.lab/app:v2"], loud].concat())
                .run();
            assert_clean(&ran, &lab, &file);
        }
    }
}

#[track_caller]
fn assert_no_secret(seen: &[Seen]) {
    for seen in seen {
        for name in ["authorization", "proxy-authorization", "cookie", "referer"] {
            assert_eq!(
                seen.header(name),
                "",
                "{name} of {} {}",
                seen.method,
                seen.path
            );
        }
    }
}

/// NET-01, NET-02: a storage host that asks for a login as if it were the registry.
#[test]
fn a_storage_host_that_asks_for_a_login_gets_none() {
    for challenge in [
        "Basic realm=\"x\"",
        "Bearer realm=\"http://storage.lab/token\",service=\"x\"",
    ] {
        let lab = with_storage("blobs");
        let challenge = lab.addressed(challenge);
        let asks = Fault::on("GET", "/v2/").always();
        lab.fault(
            "storage",
            asks.answer(401, &[("www-authenticate", &challenge)], ""),
        );
        lab.run(["copy", "dst.lab/app:v1", "to.lab/app:v1"])
            .any_stderr()
            .code(4);
        assert_no_secret(lab.requests("storage").all());
    }
}

/// NET-04: another port is another origin.
#[test]
fn a_token_service_elsewhere_gets_no_secret_unless_it_is_named() {
    let lab = Lab::empty().open("src").registry("sso", |address| Options {
        access: token_service(address, "apple"),
        ..Options::default()
    });
    let realm = lab.address("sso").to_owned();
    let lab = lab.registry("dst", |_| Options {
        access: token_service(&realm, "apple"),
        ..Options::default()
    });
    lab.docker_login(&[("dst.lab", "ann:apple"), ("sso.lab", "eve:elsewhere")]);
    for command in [
        &["digest", "dst.lab/app:v1"][..],
        &["ls", "dst.lab/app"],
        &["copy", "src.lab/app:v1", "dst.lab/app:v1"],
    ] {
        lab.push("src.lab/app:v1", &Image::small(1));
        lab.run(command)
            .stderr_has("sso.lab")
            .stderr_has("token_realm: [\"sso.lab\"]")
            .code(4);
    }
    assert_no_secret(lab.requests("sso").all());
    let named = lab.addressed("registries:\n  \"dst.lab\":\n    token_realm: [\"sso.lab\"]\n");
    lab.home.user_settings(&named);
    // The tokens of one are none at the other: what counts is who is asked with what.
    lab.run(["digest", "dst.lab/app:v1"]).any_stderr().code(4);
    let asked = lab.requests("sso");
    assert!(
        asked
            .all()
            .iter()
            .any(|seen| seen.scheme() == Some("Basic")),
        "{asked}"
    );
}

/// NET-03: an upload's place is the registry's own.
#[test]
fn an_upload_that_is_sent_elsewhere_takes_no_secret_along() {
    let lab = with_storage("blobs").open("src");
    lab.push("src.lab/app:v9", &Image::small(9));
    let place = lab.addressed("http://storage.lab/v2/app/blobs/uploads/1?_state=0");
    lab.fault(
        "dst",
        Fault::on("POST", "/uploads/")
            .with_header("authorization")
            .always()
            .answer(202, &[("location", &place)], ""),
    );
    lab.run(["copy", "src.lab/app:v9", "dst.lab/app:v9"])
        .any_stderr()
        .code(8);
    assert_no_secret(lab.requests("storage").all());
    assert_eq!(lab.digest("dst.lab/app:v9"), None);
}

/// NET-07.
#[test]
fn a_list_that_goes_on_elsewhere_takes_no_secret_along() {
    let lab = with_storage("blobs");
    let link = lab.addressed("<http://storage.lab/v2/app/tags/list?last=v0>; rel=\"next\"");
    let headers = [
        ("link", link.as_str()),
        ("content-type", "application/json"),
    ];
    let page = Fault::on("GET", "/tags/list").with_header("authorization");
    lab.fault(
        "dst",
        page.answer(200, &headers, r#"{"name":"app","tags":["v0"]}"#),
    );
    lab.run(["ls", "dst.lab/app"])
        .stdout("v0\nv1\n")
        .any_stderr()
        .code(0);
    assert_eq!(lab.requests("storage").len(), 0);
}
