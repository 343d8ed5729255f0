//! The command `settings`, and the settings of other programs as runs meet them.

use crate::lab::{Fault, Home, Image, Lab, crossdock};
use crate::tls::certificates::{Authority, Certificate};
use crate::tls::front::Port;
use crossdock::server::{Anonymous, Options, User};
use serde_json::json;

const CONF: &str = "config/containers/registries.conf";

/// What is printed, without the test's own folders.
fn short(home: &Home, text: &str) -> String {
    let folder = home.path("");
    text.replace(folder.to_str().unwrap(), "")
}

#[test]
fn what_applies_to_a_registry_is_shown_with_its_file_and_line_and_without_secrets() {
    let lab = Lab::empty();
    lab.home.user_settings(
        "registries:\n  reg.example:\n    concurrency: 4\n    mirrors: [m.example/x]\n",
    );
    let conf = "[[registry]]\nlocation = 'reg.example'\ninsecure = true\n[[registry]]\n\
                prefix = 'reg.example/old'\nlocation = 'new.example'\nblocked = true\n";
    lab.home.write(CONF, conf);
    let folder = "config/containers/certs.d/reg.example";
    lab.home.write(
        &format!("{folder}/ca.crt"),
        Authority::new("ours").pem.as_str(),
    );
    lab.docker_login(&[("reg.example", "ann:apple-secret")]);
    let show = ["settings", "show", "reg.example", "--insecure=reg.example"];
    let ran = lab.run(show).any_stdout().code(0);
    let shown = short(&lab.home, &ran.stdout);
    for line in [
        "insecure true --insecure",
        "concurrency 4 config/crossdock/crossdock.yaml:3",
        "mirrors m.example/x config/crossdock/crossdock.yaml:4",
        "insecure true, and plain HTTP if it does not speak TLS config/containers/registries.conf:3",
        "ca config/containers/certs.d/reg.example/ca.crt config/containers/certs.d/reg.example",
        "location of reg.example/old new.example config/containers/registries.conf:6",
        "blocked of reg.example/old true config/containers/registries.conf:7",
        "reg.example ann ~/.docker/config.json",
    ] {
        let words = line;
        let found = shown
            .lines()
            .any(|shown| shown.split_whitespace().collect::<Vec<_>>().join(" ") == words);
        assert!(found, "{words}\n{shown}");
    }
    let json = lab
        .run(["settings", "show", "reg.example", "--json"])
        .any_stdout()
        .code(0);
    let document = json.json();
    assert_eq!(document["registry"], "reg.example");
    let file = lab.home.path("config/crossdock/crossdock.yaml");
    let value = json!({"key": "concurrency", "prefix": null, "value": "4", "by": null,
                       "file": file, "line": 3});
    assert!(
        document["values"].as_array().unwrap().contains(&value),
        "{document}"
    );
    assert_eq!(document["credentials"][0]["username"], "ann");
    for printed in [&ran.stdout, &json.stdout] {
        assert!(!printed.contains("apple"), "{printed}");
        assert!(!printed.contains("YW5u"), "{printed}");
    }
}

#[test]
fn without_a_registry_the_files_and_the_registries_they_name_are_shown() {
    let home = Home::new();
    home.write(
        CONF,
        "short-name-mode = 'enforcing'\n[[registry]]\nlocation = 'a.example'\nblocked = true\n",
    );
    home.write(
        "home/.docker/daemon.json",
        r#"{"insecure-registries": ["b.example:5000"]}"#,
    );
    let ran = crossdock(&home, ["settings", "show"]).any_stdout().code(0);
    let shown = short(&home, &ran.stdout);
    for line in [
        "  config/containers/registries.conf",
        "  home/.docker/daemon.json",
        "  a.example",
        "  b.example:5000",
        "  config/containers/registries.conf:1: `short-name-mode` is not used",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
}

/// Values that another one stands before are not shown as if they held.
#[test]
fn only_what_holds_is_shown() {
    let home = Home::new();
    home.user_settings("registries: {reg.example: {mirrors: []}}\n");
    home.write(
        CONF,
        "[[registry]]\nlocation = 'reg.example'\n[[registry.mirror]]\nlocation = 'm1.example'\n\
         [[registry]]\nlocation = 'reg.example/team'\n[[registry.mirror]]\nlocation = 'm2.example'\n\
         [[registry]]\nprefix = '*.example'\nblocked = true\n",
    );
    let ran = crossdock(&home, ["settings", "show", "reg.example", "--json"]).any_stdout();
    let document = ran.code(0).json();
    let values = document["values"].as_array().unwrap();
    let shown: Vec<_> = values.iter().map(|v| (&v["key"], &v["value"])).collect();
    assert_eq!(shown.len(), 1, "{document}");
    assert_eq!(
        (shown[0].0, shown[0].1),
        (&"mirrors".into(), &"none".into())
    );
}

/// Most of what is not used is about registries that a command has nothing to do with.
#[test]
fn what_is_not_used_is_said_where_it_is_asked_for() {
    let lab = Lab::new();
    lab.push("src.lab/app:v1", &Image::small(1));
    lab.home.write(
        "home/.docker/daemon.json",
        "{\"registry-mirrors\": [\"nonsense\"]}",
    );
    let told = "`registry-mirrors` is no registry's URL";
    lab.run(["digest", "src.lab/app:v1"]).any_stdout().code(0);
    let said = [
        &["digest", "-v", "src.lab/app:v1"][..],
        &["settings", "check"],
        &["settings", "show", "src.lab"],
    ];
    for command in said {
        let ran = lab.run(command).any_stdout();
        ran.stderr_has(told).code(0);
    }
}

#[test]
fn a_check_finds_what_is_wrong_in_every_file() {
    let home = Home::new();
    home.user_settings("registries: {a.example: {ca: gone.pem}}\n");
    home.write(CONF, "[[registry]]\nlocation = 'a.example'\n");
    let check = || crossdock(&home, ["settings", "check"]);
    check()
        .stdout_like("a.example: cannot read [..]gone.pem: [..]\n")
        .stderr("error: there is a problem with the settings\n")
        .code(2);
    home.user_settings("registrys: 1\n");
    home.write(CONF, "\n[[registry]]\nblocked = true\n");
    let ran = check().any_stdout().any_stderr().code(2);
    let found = short(&home, &ran.stdout);
    let expected = "config/crossdock/crossdock.yaml:1:1: unknown key `registrys`; did you mean `registries`?\n\
                    config/containers/registries.conf:2: `[[registry]]` has neither `prefix` nor `location`\n";
    assert_eq!(found, expected);
    let document = crossdock(&home, ["settings", "check", "--json"])
        .any_stdout()
        .any_stderr()
        .code(2)
        .json();
    assert_eq!(document[1]["line"], 2, "{document}");
    let file = home.write("work/other.yaml", "immutable: [v*]\n");
    crossdock(&home, ["settings", "check", file.to_str().unwrap()])
        .stderr("the settings hold up (1 file)\n")
        .code(0);
}

#[test]
fn a_first_file_is_written_and_never_over_another() {
    let home = Home::new();
    let init = || crossdock(&home, ["settings", "init"]);
    init().stderr_like("wrote [..]crossdock.yaml\n").code(0);
    let written = home.read("config/crossdock/crossdock.yaml").unwrap();
    assert!(written.starts_with("# yaml-language-server: $schema="));
    crossdock(&home, ["settings", "check"]).any_stderr().code(0);
    home.user_settings("immutable: [v*]\n");
    init().stderr_has("is there, and is left as it is").code(5);
    let kept = home.read("config/crossdock/crossdock.yaml").unwrap();
    assert_eq!(kept, "immutable: [v*]\n");
}

#[test]
fn a_broken_file_of_another_program_ends_every_command_before_anything_is_sent() {
    let lab = Lab::new();
    lab.home.write(CONF, "[[registry]]\nblocked = true\n");
    lab.run(["digest", "src.lab/app:v1"])
        .stderr_has("registries.conf:1: `[[registry]]` has neither `prefix` nor `location`")
        .code(2);
    assert_eq!(lab.requests("src").to_string(), "");
    let named = lab.home.write("work/named.conf", "");
    lab.run(["settings", "show"])
        .env("CONTAINERS_REGISTRIES_CONF", &named)
        .any_stdout()
        .code(0);
    lab.run(["settings", "show"])
        .env("CONTAINERS_REGISTRIES_CONF", "nowhere.conf")
        .stderr_has("nowhere.conf: no such settings file")
        .code(2);
}

/// A pipe where a file is looked for would be waited for without an end.
#[cfg(unix)]
#[test]
fn a_pipe_is_read_only_where_it_is_named() {
    let home = Home::new();
    let file = home.write("work/crossdock.yaml", "");
    std::fs::remove_file(&file).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&file).status();
    assert!(made.unwrap().success());
    crossdock(&home, ["settings", "show"])
        .stderr_has("crossdock.yaml")
        .stderr_has("not a regular file")
        .code(9);
}

#[test]
fn a_working_folder_has_no_say_in_it() {
    let lab = Lab::new();
    let image = Image::small(1);
    lab.push("src.lab/app:v1", &image);
    for file in [
        "registries.conf",
        "containers/registries.conf",
        "daemon.json",
        "certs.d/x/hosts.toml",
        ".docker/daemon.json",
    ] {
        lab.home.write(&format!("work/{file}"), "[[");
    }
    lab.run(["digest", "src.lab/app:v1"])
        .env("XDG_CONFIG_HOME", ".")
        .stdout(format!("{}\n", image.digest()))
        .code(0);
}

/// A registry behind TLS of an authority that nobody knows.
fn unknown() -> (Lab, Image, crate::tls::front::Front, Authority) {
    let lab = Lab::empty().open("src");
    let image = Image::small(1);
    lab.push("src.lab/app:v1", &image);
    let authority = Authority::new("ours");
    let certificate: Certificate = authority.server(&["localhost"]);
    let front = Port::take().front(&certificate, lab.address("src"));
    (lab, image, front, authority)
}

#[test]
fn certificates_of_certs_d_are_trusted_for_their_registry() {
    let (lab, image, front, authority) = unknown();
    let digest = || lab.run(["digest", &format!("{}/app:v1", front.localhost())]);
    digest()
        .stderr_has("signed by nobody who is trusted")
        .code(1);
    let other = "config/containers/certs.d/localhost:1/ca.crt";
    lab.home.write(other, authority.pem.as_str());
    digest()
        .stderr_has("signed by nobody who is trusted")
        .code(1);
    let own = format!("config/docker/certs.d/{}/ca.crt", front.localhost());
    lab.home.write(&own, authority.pem.as_str());
    lab.home.write(other, "no certificate");
    digest().stdout(format!("{}\n", image.digest())).code(0);
    lab.home.write(&own, "no certificate");
    digest().stderr_has("ca.crt").code(2);
}

#[test]
fn an_insecure_registry_is_one_without_verification_or_without_tls() {
    let (lab, image, front, _) = unknown();
    let host = front.localhost();
    let digest = || lab.run(["digest", &format!("{host}/app:v1")]);
    lab.home.write(
        CONF,
        "[[registry]]\nlocation = 'localhost:1'\ninsecure = true\n",
    );
    digest()
        .stderr_has("signed by nobody who is trusted")
        .code(1);
    lab.home.write(
        CONF,
        format!("[[registry]]\nlocation = '{host}'\ninsecure = true\n"),
    );
    digest().stdout(format!("{}\n", image.digest())).code(0);
    lab.home.user_settings(&format!(
        "registries: {{\"{host}\": {{insecure: false}}}}\n"
    ));
    digest()
        .stderr_has("signed by nobody who is trusted")
        .code(1);
}

/// Those of `X-Meta-…`, as docker's daemon hands them on; the token service and the storage host
/// get none.
#[test]
fn headers_of_docker_s_file_go_to_registries_alone() {
    let lab = Lab::empty()
        .open("storage")
        .registry("src", |address| Options {
            access: crate::lab::tokens(
                address,
                "src",
                vec![User::new("ann", "apple")],
                Anonymous::Pull,
            ),
            ..Options::default()
        });
    let image = Image::small(1);
    for node in ["src", "storage"] {
        lab.push(&format!("{node}.lab/app:v1"), &image);
    }
    for blob in &image.blobs {
        let path = format!("/v2/app/blobs/{}", blob.digest);
        let there = format!("http://{}{path}", lab.address("storage"));
        let fault = Fault::on("GET", &path).with_header("x-meta-team");
        lab.fault("src", fault.always().redirect(&there));
        lab.fault(
            "storage",
            Fault::on("GET", &path)
                .with_header("x-meta-team")
                .always()
                .status(418),
        );
    }
    let leaked = Fault::on("GET", "/token").with_header("x-meta-team");
    lab.fault("src", leaked.always().status(418));
    lab.home.docker_config(&json!({
        "HttpHeaders": {"X-Meta-Team": "secret-team", "X-Other": "secret-other"}
    }));
    let checked = lab
        .run(["check", "src.lab/app:v1", "-vv"])
        .any_stdout()
        .any_stderr()
        .code(0);
    let printed = format!("{}{}", checked.stdout, checked.stderr);
    assert!(!printed.contains("secret-"), "{printed}");
    let redirected = lab.requests("storage").to_string();
    assert!(redirected.contains("GET blobs"), "{redirected}");
}
