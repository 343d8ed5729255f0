//! NET-05: what is set for one origin is set for no other, wherever that one leads.

use super::certificates::Authority;
use super::front::Clients;
use super::*;
use crate::lab::Fault;

const OTHER: &str = "other.example.com";

/// A registry whose certificate is trusted by nobody but for a word of the user, and a host with
/// another such certificate that it leads to.
struct Pair {
    lab: Lab,
    registry: Front,
    other: Front,
    proxy: Proxy,
    image: Image,
}

impl Pair {
    /// `options` are the registry's, by the name of the other host.
    fn new(options: impl FnOnce(&str) -> Options) -> Self {
        let lab = Lab::new()
            .open("other")
            .registry("home", |_| options(OTHER));
        let image = Image::small(1);
        for node in ["home", "other", "src"] {
            lab.push(&format!("{node}.lab/app:v1"), &image);
        }
        let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
        lab.home.write("config/crossdock/ours.pem", &ours.pem);
        let me = ours.client("me");
        let both = format!("{}{}", me.pem, me.key);
        lab.home.write("config/crossdock/me.pem", both);
        let open = |node: &str, certificate: &Certificate| {
            Port::take().front_for(certificate, lab.address(node), &ours, Clients::MayShow)
        };
        let registry = open("home", &ours.server(&[NAME]));
        let other = open("other", &theirs.server(&[OTHER]));
        let proxy = names(&[(NAME, &registry), (OTHER, &other)]);
        Self {
            lab,
            registry,
            other,
            proxy,
            image,
        }
    }

    fn run(&self, args: &[&str]) -> crate::lab::Run {
        self.lab.run(args).env("HTTPS_PROXY", self.proxy.address())
    }

    /// The run came to the registry and ended at the other host, which has heard nothing.
    #[track_caller]
    fn ends_at_other(&self, args: &[&str]) -> crate::lab::Ran {
        let ran = self
            .run(args)
            .stderr_has(format!("{OTHER} shows a certificate that is not trusted"))
            .any_stdout()
            .code(1);
        assert_ne!(self.registry.hellos().len(), 0, "{ran}");
        assert_eq!(self.other.hellos().len(), 0, "{ran}");
        assert_eq!(self.lab.requests("other").len(), 0, "{ran}");
        ran
    }
}

/// Every way to say how one host is trusted: an option and the host's settings.
fn ways() -> [(String, &'static str); 4] {
    let none = "--progress=none".to_owned();
    [
        (format!("--insecure={NAME}"), ""),
        (none.clone(), "insecure: true"),
        (none.clone(), "ca: ours.pem"),
        (
            none,
            "insecure: true, client_cert: me.pem, client_key: me.pem",
        ),
    ]
}

fn with_realm(realm: &str) -> Options {
    Options {
        access: tokens(&format!("https://{realm}/token")),
        ..Options::default()
    }
}

#[test]
fn a_token_service_has_to_show_who_it_is() {
    for (option, keys) in ways() {
        let pair = Pair::new(with_realm);
        pair.lab.docker_login(&[(NAME, "ann:apple")]);
        registries(&pair.lab, &[(NAME, keys.to_owned())]);
        let ran = pair.ends_at_other(&["digest", &option, &format!("{NAME}/app:v1")]);
        // What helps is for that host, and not for the one that was typed.
        let help = format!("or do without the check with `--insecure={OTHER}`");
        assert!(ran.stderr.contains(&help), "{ran}");
        pair.ends_at_other(&["ls", &option, &format!("{NAME}/app")]);
        pair.ends_at_other(&["copy", &option, "src.lab/app:v1", &format!("{NAME}/app:v2")]);
    }
}

#[test]
fn a_storage_host_has_to_show_who_it_is() {
    for (option, keys) in ways() {
        for (kind, code) in [("blobs", "copy"), ("manifests", "inspect")] {
            let pair = Pair::new(|_| Options::default());
            registries(&pair.lab, &[(NAME, keys.to_owned())]);
            let part = format!("/v2/app/{kind}/");
            let elsewhere = format!("https://{OTHER}/v2/app/{kind}/x");
            let fault = Fault::on("GET", &part).always();
            pair.lab.fault("home", fault.redirect(&elsewhere));
            let source = format!("{NAME}/app:v1");
            let mut args = vec![code, &option, &source];
            if code == "copy" {
                args.push("dst.lab/app:v1");
            }
            pair.ends_at_other(&args);
            assert_eq!(pair.lab.digest("dst.lab/app:v1"), None);
        }
    }
}

#[test]
fn another_destination_has_to_show_who_it_is() {
    for (option, keys) in ways() {
        let pair = Pair::new(|_| Options::default());
        registries(&pair.lab, &[(NAME, keys.to_owned())]);
        let (here, there) = (format!("{NAME}/app:v1"), format!("{OTHER}/app:v2"));
        pair.ends_at_other(&["copy", &option, &here, &there]);
        // One of two destinations fails alone.
        let failed = pair
            .run(&["copy", &option, &here, "dst.lab/app:v1", &there])
            .stderr_has(format!("{OTHER} shows a certificate that is not trusted"))
            .stdout_like(format!("dst.lab/app:v1@{}\n", pair.image.digest()))
            .code(10);
        pair.lab.assert_holds("dst.lab/app:v1", &pair.image);
        assert_eq!(pair.other.hellos().len(), 0, "{failed}");
        let both = format!("--insecure={OTHER}");
        pair.run(&["copy", "-q", &option, &both, &here, &there])
            .any_stdout()
            .code(0);
    }
}

/// Another port of the same host is another origin.
#[test]
fn another_port_has_to_show_who_it_is() {
    let pair = Pair::new(|_| Options::default());
    let port = format!("{NAME}:8443");
    let proxy = Proxy::to([(port.clone(), pair.other.address())]);
    registries(&pair.lab, &[(NAME, "insecure: true".to_owned())]);
    let insecure = format!("--insecure={NAME}");
    pair.lab
        .run(["digest", &insecure, &format!("{port}/app:v1")])
        .env("HTTPS_PROXY", proxy.address())
        .stderr_has(format!("{port} shows a certificate that is not trusted"))
        .code(1);
}

/// A registry in plain HTTP does not make its token service one, nor one that is not verified.
#[test]
fn plain_http_is_for_the_registry_alone() {
    let pair = Pair::new(with_realm);
    let home = pair.lab.address("home");
    pair.lab.docker_login(&[(home, "ann:apple")]);
    let keys = format!("plain_http: true, token_realm: {OTHER}");
    registries(&pair.lab, &[(home, keys)]);
    pair.run(&["digest", &format!("{home}/app:v1")])
        .stderr_has(format!("{OTHER} shows a certificate that is not trusted"))
        .code(1);
    assert_eq!(pair.lab.requests("home").count("HEAD", "manifests"), 1);
    assert_eq!(pair.lab.requests("other").len(), 0);
}
