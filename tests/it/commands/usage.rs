//! What is typed wrong, what helps, and that nothing is sent for it.

use crate::lab::{Home, Image, Lab, crossdock};

#[test]
fn a_reference_that_is_none_is_refused_before_anything_is_sent() {
    let lab = Lab::new();
    lab.push("src.lab/app:v1", &Image::small(1));
    let long = format!("src.lab/app:{}", "x".repeat(129));
    let short = "src.lab/app@sha256:abc";
    for typed in [
        "",
        " ",
        ":",
        "@",
        "/",
        "src.lab/",
        "/app",
        "src.lab//app",
        "src.lab/App",
        "src.lab/app:",
        "src.lab/app:-x",
        "src.lab/app@sha256",
        short,
        "src.lab/a..b",
        "src.lab/../x",
        "reg.example:99999/app",
        "http://src.lab/app",
        "src.lab/app?x=1",
        "src.lab/app\u{1b}[2J",
        &long,
    ] {
        for command in [
            &["copy", typed, "dst.lab/x"][..],
            &["copy", "src.lab/app:v1", typed],
            &["digest", typed],
        ] {
            // As a destination a host with a `/` is a place.
            if command[1] != typed && typed == "src.lab/" {
                continue;
            }
            let ran = lab.run(command).stderr_has("error: ").code(2);
            assert!(!ran.stderr.contains('\u{1b}'), "{ran}");
        }
    }
    assert_eq!(lab.requests("src").len() + lab.requests("dst").len(), 0);
}

#[test]
fn a_password_in_a_reference_is_not_repeated() {
    let home = Home::new();
    for command in [
        &["digest", "ann:canary@reg.example/app"][..],
        &["copy", "x", "ann:canary@reg.example/app"],
        &["ls", "ann:canary@reg.example/app"],
        &["rm", "ann:canary@reg.example/app:v1"],
        &["login", "https://ann:canary@reg.example"],
    ] {
        let ran = crossdock(&home, command).any_stderr().code(2);
        assert!(!ran.stderr.contains("canary"), "{ran}");
    }
}

#[test]
fn flags_that_are_not_known_are_usage_errors_with_a_tip() {
    let home = Home::new();
    crossdock(&home, ["copy", "--dryrun", "a", "b"])
        .stderr_has("--dry-run")
        .code(2);
    crossdock(&home, ["cpy", "a", "b"])
        .stderr_has("copy")
        .code(2);
    crossdock(&home, ["copy", "a"]).stderr_has("DST").code(2);
    crossdock(&home, ["copy", "a", "b", "-j", "0"])
        .stderr_has("1024")
        .code(2);
    crossdock(&home, ["digest", "a", "--idle-timeout", "5"])
        .stderr_has("30s")
        .code(2);
    let error = crossdock(&home, ["--json", "copy", "a"])
        .any_stderr()
        .code(2)
        .json_error();
    assert_eq!(
        (error["class"].as_str(), error["exit"].as_i64()),
        (Some("usage"), Some(2))
    );
}

const COMMON: [&str; 13] = [
    "CROSSDOCK_JSON",
    "CROSSDOCK_QUIET",
    "CROSSDOCK_VERBOSE",
    "CROSSDOCK_PROGRESS",
    "CROSSDOCK_COLOR",
    "CROSSDOCK_CONFIG_FILE",
    "CROSSDOCK_PLAIN_HTTP",
    "CROSSDOCK_INSECURE",
    "CROSSDOCK_CA_CERT",
    "CROSSDOCK_RETRIES",
    "CROSSDOCK_IDLE_TIMEOUT",
    "CROSSDOCK_DEADLINE",
    "CROSSDOCK_JOBS",
];

#[test]
fn a_variable_that_is_set_to_nothing_is_not_set() {
    let lab = Lab::new();
    let image = Image::small(1);
    lab.push("src.lab/app:v1", &image);
    let digest = format!("{}\n", image.digest());
    for name in COMMON {
        lab.run(["digest", "src.lab/app:v1"])
            .env(name, "")
            .stdout(&digest)
            .code(0);
    }
}

#[test]
fn a_variable_that_cannot_be_meant_is_a_usage_error() {
    let home = Home::new();
    let names = |name: &&str| {
        let others = ["CONFIG_FILE", "CA_CERT", "PLAIN_HTTP", "INSECURE"];
        others.iter().any(|other| name.ends_with(other))
    };
    for name in COMMON.into_iter().filter(|name| !names(name)) {
        let run = |args: &[&str]| crossdock(&home, args).env(name, "none such");
        run(&["digest", "reg.example/app"])
            .stderr_has("error: ")
            .code(2);
        let error = run(&["--json", "digest", "reg.example/app"])
            .any_stdout()
            .any_stderr()
            .code(2)
            .json_error();
        assert_eq!(error["exit"].as_i64(), Some(2), "{name}");
    }
}

#[test]
#[cfg(unix)]
fn a_variable_that_is_no_text_is_not_passed_over() {
    use std::os::unix::ffi::OsStringExt as _;
    let home = Home::new();
    crossdock(&home, ["digest", "reg.example/app"])
        .env("CROSSDOCK_JOBS", std::ffi::OsString::from_vec(vec![0xff]))
        .stderr_has("error: ")
        .code(2);
}

#[test]
fn settings_that_are_wrong_name_file_line_and_key() {
    let lab = Lab::new();
    lab.push("src.lab/app:v1", &Image::small(1));
    for (settings, told) in [
        (
            "immutabel:\n  x: [y]\n",
            "crossdock.yaml:1:1: unknown key `immutabel`; did you mean `immutable`?",
        ),
        (
            "registries:\n  x.example:\n    insecure: true\n",
            "crossdock.yaml:1:1",
        ),
        ("immutable: [\n", "crossdock.yaml:"),
    ] {
        lab.home.settings(settings);
        lab.run(["digest", "src.lab/app:v1"])
            .stderr_has(told)
            .code(2);
    }
    lab.run(["digest", "src.lab/app:v1", "--config-file", "none.yaml"])
        .stderr_has("none.yaml")
        .code(2);
    assert_eq!(lab.requests("src").len(), 0);
}

#[test]
fn the_working_folder_s_settings_hold_there_alone() {
    let lab = Lab::new();
    lab.home.settings("immutable:\n  \"*\": [\"v1\"]\n");
    lab.push("src.lab/app:v1", &Image::small(1));
    let rm = ["rm", "src.lab/app:v1"];
    lab.run(rm).stderr_has("immutable").code(5);
    lab.run(rm)
        .folder(lab.home.path("home"))
        .any_stdout()
        .code(0);
}

#[test]
fn credentials_that_cannot_be_meant_are_usage_errors() {
    let lab = Lab::new();
    lab.push("src.lab/app:v1", &Image::small(1));
    for variables in [
        &[("CROSSDOCK_TOKEN", "canary")][..],
        &[
            ("CROSSDOCK_USERNAME", "ann"),
            ("CROSSDOCK_PASSWORD", "canary"),
        ],
        &[("CROSSDOCK_AUTH_1_PASSWORD", "canary")],
    ] {
        let run = lab.run(["digest", "src.lab/app:v1"]);
        let run = variables
            .iter()
            .fold(run, |run, (name, value)| run.env(name, *value));
        let ran = run.stderr_has("is set without").code(2);
        assert!(!ran.stderr.contains("canary"), "{ran}");
    }
}

#[test]
fn a_proxy_that_cannot_be_meant_is_a_usage_error_without_its_password() {
    let home = Home::new();
    for value in [
        "ann:canary@proxy:80800",
        "http://ann:canary@proxy:80800",
        "ftp://ann:canary@proxy",
    ] {
        let ran = crossdock(&home, ["digest", "reg.example/app"])
            .env("HTTPS_PROXY", value)
            .stderr_has("error: `HTTPS_PROXY` ")
            .code(2);
        assert!(!ran.stderr.contains("canary"), "{ran}");
    }
}

#[test]
fn a_proxy_over_tls_is_not_combined_with_a_host_that_is_not_verified() {
    let home = Home::new();
    let run = |flag: &str| crossdock(&home, ["digest", "reg.example/app", flag, "--retries=0"]);
    run("--insecure=reg.example")
        .env("HTTPS_PROXY", "https://ann:canary@127.0.0.1:1")
        .stderr_has("error: reg.example has a client certificate or is not verified")
        .code(2);
    // Past that, nobody listens.
    for (flag, proxy) in [
        ("--insecure=other.example:1", "http://127.0.0.1:1"),
        ("-q", "https://127.0.0.1:1"),
    ] {
        run(flag)
            .env("HTTPS_PROXY", proxy)
            .stderr_has("cannot reach the proxy 127.0.0.1:1")
            .code(7);
    }
    let own = rcgen::generate_simple_self_signed(["client".to_owned()]).unwrap();
    let pem = own.cert.pem() + &own.signing_key.serialize_pem();
    let pem = home.write("work/client.pem", pem);
    let pem = pem.display();
    home.user_settings(&format!(
        "registries: {{reg.example: {{client_cert: {pem}, client_key: {pem}}}}}"
    ));
    run("-q")
        .env("ALL_PROXY", "https://127.0.0.1:1")
        .stderr_has("error: reg.example has a client certificate")
        .code(2);
}

#[test]
fn a_broken_credential_file_is_named_once_it_is_wanted() {
    let users = vec![crossdock::server::User::new("ann", "apple")];
    let access = crossdock::server::Access::Basic { users };
    let lab = Lab::empty().registry("src", |_| crossdock::server::Options {
        access,
        ..crossdock::server::Options::default()
    });
    lab.home.write(
        "home/.docker/config.json",
        "{\"auths\": {\"x\": {\"auth\": \"canary",
    );
    let ran = lab
        .run(["digest", "src.lab/app:v1"])
        .stderr_has("config.json")
        .code(2);
    assert!(!ran.stderr.contains("canary"), "{ran}");
}

#[test]
fn help_is_on_stdout() {
    let home = Home::new();
    for typed in [
        &["help"][..],
        &["help", "copy"],
        &["help", "references"],
        &["help", "credentials"],
        &["help", "settings"],
        &["help", "exit-codes"],
        &["help", "environment"],
        &["--help"],
        &["copy", "--help"],
        &["--version"],
        &["completions", "bash"],
        &["completions", "zsh"],
        &["completions", "fish"],
    ] {
        let ran = crossdock(&home, typed).any_stdout().code(0);
        assert!(!ran.stdout.trim().is_empty(), "{typed:?}");
    }
    crossdock(&home, ["help", "credentails"])
        .stderr_has("did you mean `credentials`?")
        .code(2);
}

#[test]
fn every_topic_that_the_overview_names_is_there() {
    let home = Home::new();
    let overview = crossdock(&home, ["help"]).any_stdout().code(0).stdout;
    let topics = overview.split("Topics:\n").nth(1).expect("topics");
    let names: Vec<&str> = topics
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(
        names,
        [
            "references",
            "credentials",
            "settings",
            "exit-codes",
            "environment"
        ]
    );
    for name in names {
        crossdock(&home, ["help", name])
            .stdout_like("[..]\n=[..]\n...")
            .code(0);
    }
}

#[test]
fn manual_pages_are_written_for_every_command() {
    let home = Home::new();
    let folder = home.path("work/man");
    crossdock(&home, ["man", "man"])
        .any_stdout()
        .any_stderr()
        .code(0);
    let mut pages: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|page| page.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort_unstable();
    for command in [
        "check", "copy", "digest", "login", "logout", "ls", "rm", "tag",
    ] {
        assert!(
            pages.contains(&format!("crossdock-{command}.1")),
            "{pages:?}"
        );
    }
}

#[test]
fn the_demonstration_runs_to_its_end_and_leaves_nothing_behind() {
    let home = Home::new();
    let before = home.files().len();
    // The user's own settings are not looked for, whatever names them.
    let ran = crossdock(&home, ["demo"])
        .env("CROSSDOCK_CONFIG_FILE", "none.yaml")
        .env("CROSSDOCK_RETRIES", "0")
        .any_stdout()
        .any_stderr()
        .code(0);
    assert!(ran.stdout.contains("crossdock copy"), "{ran}");
    assert!(!ran.stdout.contains('\u{1b}'), "{ran}");
    assert_eq!(home.files().len(), before);
    assert_eq!(std::fs::read_dir(home.path("tmp")).unwrap().count(), 0);
}

/// `--quiet` silences all but errors, `-v` adds and takes nothing away.
#[test]
fn how_much_is_said_is_the_user_s_choice() {
    let lab = Lab::new();
    let image = Image::small(1);
    lab.push("src.lab/app:v1", &image);
    let expected = format!("dst.lab/app:v1@{}\n", image.digest());
    let requests = "...\nHEAD http://src.lab/v2/app/manifests/v1 [..] 200 [..]\n...\n";
    lab.run(["copy", "-vv", "src.lab/app:v1", "dst.lab/app"])
        .stdout(&expected)
        .stderr_like(requests)
        .code(0);
    lab.run(["copy", "src.lab/app:v1", "dst.lab/app"])
        .env("CROSSDOCK_QUIET", "true")
        .stdout(&expected)
        .code(0);
    lab.run(["digest", "-q", "src.lab/app:v2"])
        .stderr_has("error: ")
        .code(3);
}

#[test]
fn in_json_every_line_of_stderr_is_an_object_of_one_member() {
    let lab = Lab::new();
    lab.push("src.lab/app:v1", &Image::small(1));
    for progress in ["plain", "json", "none"] {
        let tag = format!("src.lab/app:{progress}");
        let copy = [
            "copy",
            "--json",
            "-vv",
            "--progress",
            progress,
            "src.lab/app:v1",
            &tag,
        ];
        let told = lab.run(copy).any_stdout().any_stderr().code(0).stderr;
        assert!(told.lines().count() > 1, "{told}");
        for line in told.lines() {
            let object: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert!(object.len() == 1 || progress == "json", "{line}");
        }
    }
}

#[test]
fn without_a_command_the_help_is_shown() {
    let home = Home::new();
    let nothing: [&str; 0] = [];
    let shown = crossdock(&home, nothing)
        .stderr_has("Usage: crossdock")
        .code(2);
    assert!(shown.stderr.contains("\n  copy "), "{shown}");
    let told = crossdock(&home, ["--json"]).any_stderr().code(2);
    assert_eq!(told.json_error()["class"], "usage", "{told}");
}
