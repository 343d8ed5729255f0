//! Client certificates: shown to the host that they are for, and to nobody else (NET-09).

use super::certificates::Authority;
use super::front::Clients;
use super::*;
use crate::lab::Fault;

const AUTH: &str = "auth.example.com";
const STORAGE: &str = "storage.example.com";

/// The settings that show a certificate.
const SHOWN: &str = "client_cert: me.pem, client_key: me-key.pem";

/// Writes a client's certificate where the settings name it.
fn write(lab: &Lab, certificate: &Certificate) {
    for (name, text) in [
        ("me.pem", &certificate.pem),
        ("me-key.pem", &certificate.key),
    ] {
        lab.home.write(&format!("config/crossdock/{name}"), text);
    }
}

/// A registry with a token service and a storage host of other names, and all of them ask for a
/// certificate.
#[test]
fn nobody_but_its_host_is_shown_it() {
    let (authority, clients) = (Authority::new("ours"), Authority::new("clients"));
    let lab = Lab::new().open("storage").registry("guarded", |_| Options {
        access: tokens(&format!("https://{AUTH}/token")),
        ..Options::default()
    });
    let image = Image::small(1);
    lab.push("guarded.lab/app:v1", &image);
    lab.push("storage.lab/app:v1", &image);
    for blob in &image.blobs {
        let path = format!("/v2/app/blobs/{}", blob.digest);
        let elsewhere = format!("https://{STORAGE}{path}");
        let fault = Fault::on("GET", &path).with_header("authorization");
        lab.fault("guarded", fault.always().redirect(&elsewhere));
    }
    let open = |name: &str, node: &str, must: Clients| {
        let certificate = authority.server(&[name]);
        Port::take().front_for(&certificate, lab.address(node), &clients, must)
    };
    let registry = open(NAME, "guarded", Clients::MustShow);
    let auth = open(AUTH, "guarded", Clients::MayShow);
    let storage = open(STORAGE, "storage", Clients::MayShow);
    let proxy = names(&[(NAME, &registry), (AUTH, &auth), (STORAGE, &storage)]);
    write(&lab, &clients.client("me"));
    registries(&lab, &[(NAME, SHOWN.to_owned())]);
    lab.docker_login(&[(NAME, "ann:apple")]);
    let ca = lab.home.write("work/ca.pem", &authority.pem);
    let (source, target) = (format!("{NAME}/app:v1"), "dst.lab/app:v1");
    lab.run([
        "copy",
        "-q",
        "--ca-cert",
        ca.to_str().unwrap(),
        &source,
        target,
    ])
    .env("HTTPS_PROXY", proxy.address())
    .any_stdout()
    .code(0);
    lab.assert_holds(target, &image);
    for (front, name, shown) in [
        (&registry, NAME, true),
        (&auth, AUTH, false),
        (&storage, STORAGE, false),
    ] {
        let hellos = front.hellos();
        assert!(!hellos.is_empty(), "nobody came to {name}");
        for hello in hellos {
            let expected = (Some(name), shown);
            assert_eq!((hello.name.as_deref(), hello.certificate), expected);
        }
    }
    // Bodies go over HTTP/1.1, questions over HTTP/2.
    let spoken = |protocol: &str| {
        registry
            .hellos()
            .iter()
            .any(|hello| hello.protocol == protocol)
    };
    assert!(
        spoken("h2") && spoken("http/1.1"),
        "{:?}",
        registry.hellos()
    );
    assert!(
        proxy
            .heads()
            .iter()
            .all(|head| head.starts_with("CONNECT "))
    );
}

/// TLS 1.3 lets a client ask before it hears that it must not.
#[test]
fn a_host_that_wants_one_says_so() {
    let (lab, image) = guarded(&[]);
    let (authority, clients) = (Authority::new("ours"), Authority::new("clients"));
    let certificate = authority.server(&["localhost"]);
    let front = Port::take().front_for(
        &certificate,
        lab.address("src"),
        &clients,
        Clients::MustShow,
    );
    let host = front.localhost();
    let ca = lab.home.write("work/ca.pem", &authority.pem);
    let digest = || {
        let image = format!("{host}/app:v1");
        lab.run(["digest", "-q", "--ca-cert", ca.to_str().unwrap(), &image])
    };
    let refused = || {
        digest()
            .stderr_has(format!("{host} wants a client certificate, or another one"))
            .stderr_has("hint: name one with `client_cert` and `client_key`")
            .code(4);
    };
    refused();
    write(&lab, &authority.client("of another authority"));
    registries(&lab, &[(&host, SHOWN.to_owned())]);
    refused();
    assert_eq!(lab.requests("src").len(), 0);
    write(&lab, &clients.client("me"));
    lab.docker_login(&[(&host, "ann:apple")]);
    digest().stdout(format!("{}\n", image.digest())).code(0);
    // One file may hold both, in any order and with more besides.
    let me = clients.client("me");
    let other = clients.client("not me").pem;
    let parameters =
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    for (certificate, key) in [
        (
            format!("{}{}", me.key, me.pem),
            format!("{}{}", me.key, me.pem),
        ),
        (
            format!("{}{}", me.pem, me.key),
            format!("{parameters}{}{other}", me.key),
        ),
    ] {
        write(
            &lab,
            &Certificate {
                pem: certificate,
                key,
            },
        );
        digest().stdout(format!("{}\n", image.digest())).code(0);
    }
}

#[test]
fn a_certificate_or_key_that_is_of_no_use_is_named_before_anything_is_sent() {
    let (lab, _) = guarded(&[]);
    let authority = Authority::new("ours");
    let front = front(&lab, "src", &authority.server(&["localhost"]));
    let host = front.localhost();
    registries(&lab, &[(&host, SHOWN.to_owned())]);
    let (me, other) = (authority.client("me"), authority.client("other"));
    let encrypted = me.key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let formerly = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
        DEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let broken_pem = broken.replace("PRIVATE KEY", "CERTIFICATE");
    let pem = me.pem.as_str();
    for (certificate, key, words) in [
        ("", me.key.as_str(), "me.pem holds no certificate"),
        (me.key.as_str(), &me.key, "me.pem holds no certificate"),
        (&broken_pem, &me.key, "broken certificate"),
        (pem, "", "me-key.pem holds no private key"),
        (pem, pem, "me-key.pem holds no private key"),
        (
            pem,
            broken,
            "me-key.pem holds a private key that cannot be used",
        ),
        (
            pem,
            &encrypted,
            "me-key.pem holds a private key that is encrypted",
        ),
        (
            pem,
            formerly,
            "me-key.pem holds a private key that is encrypted",
        ),
        (
            pem,
            &other.key,
            "me-key.pem holds the private key of another certificate",
        ),
    ] {
        write(
            &lab,
            &Certificate {
                pem: certificate.to_owned(),
                key: key.to_owned(),
            },
        );
        let ran = lab
            .run(["digest", "-q", &format!("{host}/app:v1")])
            .stderr_has(words)
            .code(2);
        assert!(!ran.stderr.contains("BEGIN RSA"), "{ran}");
        // The secret itself is no part of what is said.
        assert!(
            !ran.stderr.contains(me.key.lines().nth(1).unwrap()),
            "{ran}"
        );
    }
    registries(
        &lab,
        &[(
            &host,
            "client_cert: me.pem, client_key: nowhere.pem".to_owned(),
        )],
    );
    write(&lab, &me);
    lab.run(["digest", "-q", &format!("{host}/app:v1")])
        .stderr_has("error: cannot read ")
        .stderr_has("nowhere.pem: ")
        .code(9);
    assert_eq!(front.accepted(), 0);
}
