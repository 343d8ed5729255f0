//! What the files of other programs mean.
#![allow(clippy::unwrap_used)]

use super::Places;
use crate::config::Settings;
use crate::config::registries::RegistrySettings;
use crate::config::route::Route;
use crate::config::search::Search;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// A machine with these files: `etc/…` and `usr/…` are the system's, `home/…` the user's.
struct Machine(TempDir);

impl Machine {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn places(&self) -> Places {
        Places {
            root: Some(self.path("")),
            home: Some(self.path("home")),
            config: Some(self.path("home/.config")),
            registries_conf: None,
        }
    }

    fn search(&self) -> Search {
        Search {
            user_folder: Some(self.path("home/.config")),
            working_folder: Some(self.path("work")),
            elsewhere: self.places(),
            ..Search::default()
        }
    }

    fn load(&self) -> Settings {
        Settings::load(&self.search()).unwrap()
    }

    /// The error, without the machine's own folder.
    fn error(&self) -> String {
        self.short(&Settings::load(&self.search()).unwrap_err().to_string())
    }

    fn short(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.path().display()), "")
    }

    fn mirrors(&self, settings: &Settings, of: &str) -> Vec<String> {
        let mirrors = route(settings, of).mirrors;
        let mirrors = mirrors.iter().map(|mirror| {
            let (when, origin) = (mirror.when.name(), &mirror.origin);
            self.short(&format!("{} {when} {origin}", mirror.repository))
        });
        mirrors.collect()
    }
}

fn route(settings: &Settings, of: &str) -> Route {
    settings.route(&of.parse().unwrap()).unwrap()
}

fn host<'a>(settings: &'a Settings, host: &str) -> Option<&'a RegistrySettings> {
    settings.registry(&host.parse().unwrap())
}

const CONF: &str = "etc/containers/registries.conf";

#[test]
fn a_registries_conf_says_where_a_repository_is_and_who_has_copies() {
    let text = r#"
unqualified-search-registries = ["docker.io"]
short-name-mode = "enforcing"

[[registry]]
prefix = "reg.io/team"
location = "in.example:5000/x/"
insecure = true

[[registry.mirror]]
location = "m1.example/proxy"
[[registry.mirror]]
location = "m2.example"
insecure = true
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "m3.example"
pull-from-mirror = "tag-only"

[[registry]]
location = "bad.example"
blocked = true

[[registry]]
prefix = "*.evil.example"
blocked = true

[aliases]
"alpine" = "reg.io/team/alpine"
"#;
    let machine = Machine::new(&[(CONF, text)]);
    let settings = machine.load();
    assert_eq!(
        machine.mirrors(&settings, "reg.io/team/app"),
        [
            "m1.example/proxy/app all etc/containers/registries.conf:11",
            "m2.example/app digest-only etc/containers/registries.conf:13",
            "m3.example/app tag-only etc/containers/registries.conf:17",
        ]
    );
    let found = route(&settings, "reg.io/team/app");
    assert_eq!(found.location, "in.example:5000/x/app".parse().unwrap());
    assert_eq!(found.rewritten.unwrap().line, Some(7));
    assert!(route(&settings, "reg.io/other").mirrors.is_empty());
    for (of, line) in [("bad.example/a", Some(22)), ("x.evil.example/a", Some(26))] {
        let blocked = route(&settings, of).blocked;
        assert_eq!(blocked.unwrap().line, line, "{of}");
    }
    for (name, insecure) in [
        ("in.example:5000", true),
        ("m2.example", true),
        ("m1.example", false),
        ("reg.io", false),
    ] {
        let own = host(&settings, name);
        let told = own.is_some_and(|own| own.insecure && own.plain_http_fallback);
        assert_eq!(told, insecure, "{name}");
    }
    let alias = settings.alias("alpine").unwrap();
    assert_eq!(alias.repository, "reg.io/team/alpine".parse().unwrap());
    assert_eq!(settings.alias("nginx"), None);
    let unused: Vec<_> = settings.remarks.iter().map(|r| r.origin.line).collect();
    assert_eq!(unused, [Some(2), Some(3)]);
    assert!(settings.remarks.iter().all(|remark| !remark.matters));
}

#[test]
fn the_users_registries_conf_stands_for_the_systems_and_a_named_one_for_both() {
    let blocking = |host: &str| format!("[[registry]]\nlocation='{host}'\nblocked=true\n");
    let all = [
        ("usr/share/containers/registries.conf", blocking("usr.io")),
        (CONF, blocking("etc.io")),
        (
            "home/.config/containers/registries.conf",
            blocking("home.io"),
        ),
        ("named.conf", blocking("named.io")),
        (
            "etc/containers/registries.conf.d/a.conf",
            blocking("etc-drop.io"),
        ),
        (
            "home/.config/containers/registries.conf.d/a.conf",
            blocking("home-drop.io"),
        ),
        (
            "home/.config/containers/registries.conf.d/a.conf.bak",
            blocking("backup.io"),
        ),
        ("work/registries.conf", blocking("work.io")),
    ];
    let names = [
        "usr.io",
        "etc.io",
        "home.io",
        "named.io",
        "etc-drop.io",
        "home-drop.io",
        "backup.io",
        "work.io",
    ];
    for (without, named, expected) in [
        (&[][..], false, &["home.io", "home-drop.io"][..]),
        (&[2], false, &["etc.io", "etc-drop.io", "home-drop.io"]),
        (&[1, 2], false, &["usr.io", "etc-drop.io", "home-drop.io"]),
        (&[], true, &["named.io", "etc-drop.io", "home-drop.io"]),
    ] {
        let files = all.iter().enumerate();
        let files: Vec<_> = files
            .filter(|(index, _)| !without.contains(index))
            .map(|(_, (path, text))| (*path, text.as_str()))
            .collect();
        let machine = Machine::new(&files);
        let mut search = machine.search();
        search.elsewhere.registries_conf = named.then(|| machine.path("named.conf"));
        let settings = Settings::load(&search).unwrap();
        let blocked = names
            .into_iter()
            .filter(|name| route(&settings, &format!("{name}/a")).blocked.is_some());
        assert_eq!(blocked.collect::<Vec<_>>(), expected, "{without:?} {named}");
    }
}

#[test]
fn a_later_drop_in_replaces_all_that_an_earlier_one_says_of_a_prefix() {
    let machine = Machine::new(&[
        (
            CONF,
            "[[registry]]\nlocation='reg.io'\ninsecure=true\n[[registry.mirror]]\n\
             location='m.io'\ninsecure=true\n[aliases]\na='reg.io/a'\nb='reg.io/b'\n",
        ),
        (
            "etc/containers/registries.conf.d/1.conf",
            "[[registry]]\nlocation='reg.io'\n[aliases]\na=''\nb='reg.io/c'\n",
        ),
    ]);
    let settings = machine.load();
    assert!(machine.mirrors(&settings, "reg.io/a").is_empty());
    for name in ["reg.io", "m.io"] {
        assert!(
            host(&settings, name).is_none_or(|own| !own.insecure),
            "{name}"
        );
    }
    assert_eq!(settings.alias("a"), None);
    let alias = settings.alias("b").unwrap();
    assert_eq!(alias.repository, "reg.io/c".parse().unwrap());
}

#[test]
fn what_is_wrong_in_a_registries_conf_ends_everything_with_its_line() {
    for (text, expected) in [
        (
            "[[registry]]\nblocked=true\n",
            "1: `[[registry]]` has neither `prefix` nor `location`",
        ),
        (
            "[[registry]]\nprefix='reg.io'\n",
            "2: `prefix` wants a `location`",
        ),
        (
            "\n[[registry]]\nlocation='https://reg.io'\n",
            "3: `https://reg.io` does not begin with",
        ),
        (
            "[[registry]]\nprefix='reg.io/a:v1'\nlocation='x.io'",
            "2: `reg.io/a:v1` has a tag",
        ),
        (
            "[[registry]]\nlocation='a.io'\n[[registry.mirror]]\ninsecure=true",
            "3: `[[registry.mi",
        ),
        (
            "[[registry]]\nlocation='a.io'\n[[registry.mirror]]\nlocation='b.io'\n\
             pull-from-mirror='sometimes'",
            "5: `pull-from-mirror` is `all`, `digest-only` or `tag-only`",
        ),
        (
            "[[registry]]\nlocation='a.io'\nmirror-by-digest-only=true\n[[registry.mirror]]\n\
             location='b.io'\npull-from-mirror='all'",
            "6: `pull-from-mirror` and",
        ),
        (
            "[aliases]\nx='y'\n",
            "2: `y` is no repository with its host",
        ),
        (
            "[aliases]\nx='a.io/y:v1'\n",
            "2: `a.io/y:v1` is no repository",
        ),
        ("[[registry]]\nlocation=7\n", "2: invalid type: integer `7`"),
        ("[[registry]\n", "1: "),
        (
            "[registries.block]\nregistries=['bad.io']\n",
            "1: this is `registries.conf` in version 1",
        ),
    ] {
        let machine = Machine::new(&[(CONF, text)]);
        let error = machine.error();
        let expected = format!("{CONF}:{expected}");
        assert!(error.starts_with(&expected), "{text}: {error}");
    }
}

#[test]
fn a_file_of_version_1_that_blocks_nothing_is_told_and_left_out() {
    let text = "[registries.search]\nregistries=['docker.io']\n[registries.block]\nregistries=[]\n";
    let settings = Machine::new(&[(CONF, text)]).load();
    assert!(settings.remarks[0].matters);
    assert!(settings.remarks[0].text.contains("version 1"));
}

#[test]
fn certificates_lie_in_a_folder_for_each_registry() {
    let machine = Machine::new(&[
        ("etc/containers/certs.d/reg.io/ca.crt", ""),
        ("home/.config/containers/certs.d/reg.io/b.crt", ""),
        ("home/.config/containers/certs.d/reg.io/a.crt", ""),
        ("etc/docker/certs.d/reg.io/me.cert", ""),
        ("etc/docker/certs.d/reg.io/me.key", ""),
        ("etc/docker/certs.d/reg.io:5000/ca.crt", ""),
        ("etc/docker/certs.d/reg.io:5000/lonely.cert", ""),
        ("etc/docker/certs.d/reg.io:443/ca.crt", ""),
        ("etc/docker/certs.d/not a host/ca.crt", ""),
        ("work/certs.d/work.io/ca.crt", ""),
    ]);
    let settings = machine.load();
    let own = host(&settings, "reg.io").unwrap();
    let folder = "home/.config/containers/certs.d/reg.io";
    let expected = ["a.crt", "b.crt"].map(|name| machine.path(folder).join(name));
    assert_eq!(own.ca, expected);
    let client = own.client.as_ref().unwrap();
    let folder = machine.path("etc/docker/certs.d/reg.io");
    assert_eq!(client.certificate, folder.join("me.cert"));
    assert_eq!(client.key, folder.join("me.key"));
    let other = host(&settings, "reg.io:5000").unwrap();
    assert_eq!((other.ca.len(), other.client.is_none()), (1, true));
    assert_eq!(settings.registries.len(), 2, "{:?}", settings.registries);
    assert_eq!(settings.remarks.len(), 1, "{:?}", settings.remarks);
    assert!(settings.remarks[0].text.contains("no `lonely.key`"));
}

/// Some programs leave an empty one, and some editors put a byte order mark in front.
#[test]
fn a_daemon_json_may_be_blank_or_begin_with_a_byte_order_mark() {
    for (text, insecure) in [
        ("", false),
        (" \n", false),
        ("\u{feff}", false),
        ("\u{feff}{\"insecure-registries\": [\"reg.io\"]}", true),
    ] {
        let machine = Machine::new(&[("etc/docker/daemon.json", text)]);
        assert_eq!(
            host(&machine.load(), "reg.io").is_some(),
            insecure,
            "{text:?}"
        );
    }
}

#[test]
fn a_daemon_json_has_mirrors_of_docker_hub_and_hosts_that_are_insecure() {
    let text = r#"{
  "registry-mirrors": ["https://m1.example/", "http://m2.example:5000", "nonsense"],
  "insecure-registries": [
    "reg.io:5000",
    "10.0.0.0/8"
  ],
  "log-driver": "x"
}"#;
    let machine = Machine::new(&[
        ("etc/docker/daemon.json", text),
        (
            "home/.config/docker/daemon.json",
            r#"{"insecure-registries": ["own.io"]}"#,
        ),
    ]);
    let settings = machine.load();
    assert_eq!(
        machine.mirrors(&settings, "nginx"),
        [
            "m1.example/library/nginx all etc/docker/daemon.json:2",
            "m2.example:5000/library/nginx all etc/docker/daemon.json:2",
        ]
    );
    assert!(machine.mirrors(&settings, "reg.io:5000/a").is_empty());
    for name in ["reg.io:5000", "m2.example:5000", "own.io"] {
        assert!(host(&settings, name).unwrap().insecure, "{name}");
    }
    assert!(host(&settings, "m1.example").is_none());
    let lines: Vec<_> = settings.remarks.iter().map(|r| r.origin.line).collect();
    assert_eq!(lines, [Some(2), Some(5)]);
    let wrong = Machine::new(&[("etc/docker/daemon.json", "{\n  \"registry-mirrors\": 7\n}")]);
    let error = wrong.error();
    assert!(error.starts_with("etc/docker/daemon.json:2:"), "{error}");
}

#[test]
fn the_users_daemon_json_goes_before_the_systems() {
    let mirrors = |host: &str| format!("{{\"registry-mirrors\": [\"https://{host}\"]}}");
    let (own, system) = (mirrors("own.example"), mirrors("system.example"));
    let machine = Machine::new(&[
        ("etc/docker/daemon.json", &system),
        ("home/.config/docker/daemon.json", &own),
    ]);
    let found = machine.mirrors(&machine.load(), "nginx");
    let expected = "own.example/library/nginx all home/.config/docker/daemon.json:1";
    assert_eq!(found, [expected]);
}

/// What a file wants and does not get is told with its line.
#[test]
fn what_is_not_heeded_is_remarked_upon_where_it_stands() {
    let pools = "{\n\"bip\": \"10.0.0.0/8\",\n\"insecure-registries\": [\n\"10.0.0.0/8\"]}";
    for (path, text, line, matters, told) in [
        (
            CONF,
            "[[registry]]\nprefix='*.reg.io'\ninsecure=true\n",
            3,
            true,
            "`insecure` is not used for a wildcard",
        ),
        (
            CONF,
            "[[registry]]\nlocation='a.io'\ninscure=true\n",
            3,
            false,
            "`inscure` is no key",
        ),
        (
            CONF,
            "[[registry]]\nlocation='a.io'\n[[registry.mirror]]\nlocation='m.io'\nblocked=true\n",
            5,
            false,
            "`blocked` is no key",
        ),
        (
            CONF,
            "short_name_mode = 'enforcing'\n",
            1,
            false,
            "`short_name_mode` is no key",
        ),
        (
            "etc/containerd/certs.d/reg.io/hosts.toml",
            "[host.'https://m.io']\n[host.'https://m.io'.header]\nx-a = ['b']\n",
            2,
            true,
            "`header` is not used",
        ),
        (
            "etc/containerd/certs.d/reg.io/hosts.toml",
            "server = 'https://m.io'\n[header]\nx-a = ['b']\n",
            2,
            true,
            "`header` is not used",
        ),
        (
            "etc/containerd/certs.d/reg.io/hosts.toml",
            "\n[host.'https://m.io/v2/below']\n",
            2,
            true,
            "crossdock speaks to `/v2/` of a host",
        ),
        (
            "etc/docker/daemon.json",
            pools,
            4,
            false,
            "crossdock knows hosts, not networks",
        ),
    ] {
        let settings = Machine::new(&[(path, text)]).load();
        let [remark] = settings.remarks.as_slice() else {
            panic!("{text}: {:?}", settings.remarks);
        };
        assert!(remark.text.contains(told), "{remark:?}");
        assert_eq!((remark.origin.line, remark.matters), (Some(line), matters));
        let below = "etc/containerd/certs.d/reg.io/hosts.toml";
        assert!(
            path != below
                || !told.contains("/v2/")
                || route(&settings, "reg.io/a").mirrors.is_empty()
        );
    }
}

#[test]
fn a_hosts_toml_says_where_a_registry_is_and_who_has_copies() {
    let text = r#"
server = "https://in.example/v2/x"
override_path = true
skip_verify = true

[host."https://z.example"]
  capabilities = ["pull", "resolve"]
  ca = "z.crt"
  client = [["z.pem", "z.key"]]
[host."http://a.example:5000"]
  capabilities = ["pull"]
[host."https://push.example"]
  capabilities = ["push"]
[host."https://odd.example/api"]
[host."https://in.example"]
"#;
    let machine = Machine::new(&[
        ("etc/containerd/certs.d/reg.io/hosts.toml", text),
        (
            "etc/containerd/certs.d/_default/hosts.toml",
            "[host.'https://m.example']\n",
        ),
    ]);
    let settings = machine.load();
    assert_eq!(
        machine.mirrors(&settings, "reg.io/a"),
        [
            "z.example/a digest-only etc/containerd/certs.d/reg.io/hosts.toml:6",
            "a.example:5000/a digest-only etc/containerd/certs.d/reg.io/hosts.toml:10",
        ]
    );
    let found = route(&settings, "reg.io/a");
    assert_eq!(found.location, "in.example/x/a".parse().unwrap());
    let server = host(&settings, "in.example").unwrap();
    assert_eq!((server.insecure, server.plain_http_fallback), (true, false));
    let z = host(&settings, "z.example").unwrap();
    let folder = machine.path("etc/containerd/certs.d/reg.io");
    assert_eq!(z.ca, [folder.join("z.crt")]);
    assert_eq!(z.client.as_ref().unwrap().key, folder.join("z.key"));
    assert!(
        host(&settings, "a.example:5000")
            .unwrap()
            .plain_http_fallback
    );
    let other = route(&settings, "other.io/a");
    assert!(other.mirrors.is_empty(), "{other:?}");
    let mut remarks: Vec<_> = settings.remarks.iter().map(|r| r.matters).collect();
    remarks.sort_unstable();
    assert_eq!(remarks, [false, true]);
}

/// A name of a folder may hold no colon on some systems.
#[test]
fn a_folder_of_containerd_s_may_spell_the_port_with_underscores() {
    const UNDERSCORES: &str = "etc/containerd/certs.d/reg.io_5000_/hosts.toml";
    const COLON: &str = "etc/containerd/certs.d/reg.io:5000/hosts.toml";
    let (one, other) = ("[host.'https://one.io']\n", "[host.'https://other.io']\n");
    for (files, mirror, remarks) in [
        (&[(UNDERSCORES, one)][..], "one.io/a", 0),
        (&[(COLON, one)], "one.io/a", 0),
        (&[(COLON, other), (UNDERSCORES, one)], "one.io/a", 1),
    ] {
        let settings = Machine::new(files).load();
        let found = route(&settings, "reg.io:5000/a").mirrors;
        assert_eq!(found.len(), 1, "{files:?}");
        assert_eq!(found[0].repository, mirror.parse().unwrap(), "{files:?}");
        assert_eq!(settings.remarks.len(), remarks, "{files:?}");
    }
    for folder in ["reg.io_5000", "reg.io_x_", "_5000_", "_default_", "__"] {
        let path = format!("etc/containerd/certs.d/{folder}/hosts.toml");
        let settings = Machine::new(&[(path.as_str(), one)]).load();
        assert!(
            route(&settings, "reg.io:5000/a").mirrors.is_empty(),
            "{folder}"
        );
    }
}

/// crossdock's own file, then the containers tools', docker's, containerd's: per value.
#[test]
fn each_value_is_that_of_the_file_that_counts_most() {
    let own = "registries: {reg.io: {insecure: false}, docker.io: {mirrors: [own.example/hub]}}";
    let conf = "[[registry]]\nlocation='docker.io'\n[[registry.mirror]]\nlocation='conf.example'\n\
                [[registry]]\nlocation='reg.io'\ninsecure=true\n";
    let daemon = r#"{"registry-mirrors": ["https://daemon.example"], "insecure-registries": ["reg.io", "b.io"]}"#;
    let hosts = "[host.'https://containerd.example']\n";
    let all = [
        ("home/.config/crossdock/crossdock.yaml", own),
        (CONF, conf),
        ("etc/docker/daemon.json", daemon),
        ("etc/containerd/certs.d/docker.io/hosts.toml", hosts),
    ];
    for (from, mirror, insecure) in [
        (0, "own.example/hub/library/nginx", false),
        (1, "conf.example/library/nginx", true),
        (2, "daemon.example/library/nginx", true),
        (3, "containerd.example/library/nginx", false),
    ] {
        let machine = Machine::new(&all[from..]);
        let settings = machine.load();
        let found = route(&settings, "nginx").mirrors;
        assert_eq!(found[0].repository, mirror.parse().unwrap(), "{from}");
        let told = host(&settings, "reg.io").is_some_and(|own| own.insecure);
        assert_eq!(told, insecure, "{from}");
    }
}

#[test]
fn a_checkout_says_nothing_about_mirrors() {
    let machine = Machine::new(&[(
        "work/crossdock.yaml",
        "registries: {reg.io: {mirrors: m.example}}",
    )]);
    let error = machine.error();
    assert!(error.contains("`registries` is not allowed"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_services_own_file_that_may_not_be_read_is_passed_over() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::new(&[("etc/docker/daemon.json", "{"), (CONF, "")]);
    let close = |path: &str| {
        let mode = fs::Permissions::from_mode(0o000);
        fs::set_permissions(machine.path(path), mode).unwrap();
    };
    close("etc/docker/daemon.json");
    if fs::File::open(machine.path("etc/docker/daemon.json")).is_ok() {
        return; // root may read everything
    }
    machine.load();
    close(CONF);
    assert!(machine.error().starts_with("cannot read the settings file"));
}
