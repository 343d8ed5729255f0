//! Whom crossdock trusts: the platform's authorities, those of `--ca-cert`, and those that the
//! settings name for one host.

use super::certificates::Authority;
use super::*;
use rcgen::{CertificateParams, date_time_ymd};

/// Two registries behind TLS, `one` and `two`, each of an authority of its own.
struct Two {
    lab: Lab,
    authorities: [Authority; 2],
    fronts: [Front; 2],
    image: Image,
}

impl Two {
    fn new() -> Self {
        let lab = Lab::empty().open("one").open("two");
        let image = Image::small(1);
        for node in ["one", "two"] {
            lab.push(&format!("{node}.lab/app:v1"), &image);
        }
        let authorities = ["first", "second"].map(Authority::new);
        let certificate = |number: usize| authorities[number].server(&["localhost"]);
        let fronts = [
            front(&lab, "one", &certificate(0)),
            front(&lab, "two", &certificate(1)),
        ];
        Self {
            lab,
            authorities,
            fronts,
            image,
        }
    }

    /// The path of a file with the certificates of these authorities.
    fn file(&self, name: &str, authorities: &[usize]) -> String {
        let pems = authorities.iter();
        let pems: String = pems.map(|at| self.authorities[*at].pem.as_str()).collect();
        let path = self.lab.home.write(name, pems);
        path.to_str().unwrap().to_owned()
    }

    fn digest(&self, number: usize, options: &[&str]) -> crate::lab::Run {
        let image = format!("{}/app:v1", self.fronts[number].localhost());
        self.lab.run([&["digest", &image], options].concat())
    }

    #[track_caller]
    fn trusts(&self, run: crate::lab::Run) {
        run.stdout(format!("{}\n", self.image.digest())).code(0);
    }

    #[track_caller]
    fn distrusts(run: crate::lab::Run) {
        run.stderr_has("it is signed by nobody who is trusted here")
            .code(1);
    }
}

/// rustls-native-certs reads the variables of OpenSSL on the systems that have no trust store of
/// their own to be asked.
#[cfg(target_os = "linux")]
#[test]
fn the_platform_is_trusted_and_so_are_others_besides() {
    let two = Two::new();
    let (first, second) = (two.file("work/1.pem", &[0]), two.file("work/2.pem", &[1]));
    let on_platform = |run: crate::lab::Run| run.env("SSL_CERT_FILE", &first);
    two.trusts(on_platform(two.digest(0, &[])));
    Two::distrusts(on_platform(two.digest(1, &[])));
    for number in [0, 1] {
        two.trusts(on_platform(two.digest(number, &["--ca-cert", &second])));
    }
    let variable = two.digest(1, &[]).env("CROSSDOCK_CA_CERT", &second);
    two.trusts(variable);
}

/// As in a container that holds nothing but the binary.
#[cfg(target_os = "linux")]
#[test]
fn a_system_without_authorities_says_so() {
    let two = Two::new();
    let first = two.file("work/1.pem", &[0]);
    let bare = |run: crate::lab::Run| run.env("SSL_CERT_FILE", "/nowhere/ca.pem");
    bare(two.digest(0, &[]))
        .stderr_has("this system has no certificate authorities")
        .stderr_has("hint: install the system's (`ca-certificates`), or name some with `--ca-cert")
        .code(2);
    two.trusts(bare(two.digest(0, &["--ca-cert", &first])));
    let insecure = format!("--insecure={}", two.fronts[0].localhost());
    two.trusts(bare(two.digest(0, &[&insecure])));
}

#[test]
fn several_authorities_may_be_in_one_file() {
    let two = Two::new();
    let both = two.file("work/both.pem", &[0, 1]);
    for number in [0, 1] {
        two.trusts(two.digest(number, &["--ca-cert", &both]));
    }
}

#[test]
fn the_authority_of_one_host_is_none_for_another() {
    let two = Two::new();
    // Both files of settings begin their paths where they are.
    two.file("config/crossdock/ca.pem", &[0, 1]);
    let host = two.fronts[0].localhost();
    registries(&two.lab, &[(&host, "ca: ca.pem".to_owned())]);
    two.trusts(two.digest(0, &["-q"]));
    Two::distrusts(two.digest(1, &["-q"]));
    // Nor is it for the same port under another name.
    let address = format!("{}/app:v1", two.fronts[0].address());
    Two::distrusts(two.lab.run(["digest", "-q", &address]));
}

/// `openssl req -x509` makes certificates that call themselves authorities', and people name them
/// as what they are: the server's own. For the names in them, and for as long as they say.
#[test]
fn a_server_may_be_its_own_authority() {
    let (lab, image) = guarded(&[]);
    let expire = |params: &mut CertificateParams| params.not_after = date_time_ymd(2020, 1, 1);
    let for_both = ["localhost", "127.0.0.1"];
    let own = Certificate::of_authority(&for_both, |_| ());
    let old = Certificate::of_authority(&for_both, expire);
    let elsewhere = Certificate::of_authority(&["other.example"], |_| ());
    let other = Certificate::of_authority(&for_both, |_| ());
    for (shown, named, code, words) in [
        (&own, &own, 0, ""),
        (&own, &other, 1, "it is one of an authority"),
        (&old, &old, 1, "it expired at 2020-01-01T00:00:00Z"),
        (&elsewhere, &elsewhere, 1, "it is for other.example"),
    ] {
        let front = front(&lab, "src", shown);
        let pem = format!("{}{}", Authority::new("besides").pem, named.pem);
        let path = lab.home.write("config/crossdock/own.pem", pem);
        for host in [front.localhost(), front.address()] {
            lab.docker_login(&[(&host, "ann:apple")]);
            let image_there = format!("{host}/app:v1");
            registries(&lab, &[]);
            let by_option = [
                "digest",
                "-q",
                "--ca-cert",
                path.to_str().unwrap(),
                &image_there,
            ];
            let told = if code == 0 {
                format!("{}\n", image.digest())
            } else {
                String::new()
            };
            let run = lab.run(by_option).stdout(&told);
            run.stderr_has(words).code(code);
            registries(&lab, &[(&host, "ca: own.pem".to_owned())]);
            let run = lab.run(["digest", "-q", &image_there]).stdout(&told);
            run.stderr_has(words).code(code);
        }
        let protocols = front.hellos();
        assert_eq!(protocols.len(), if code == 0 { 4 } else { 0 });
        assert!(protocols.iter().all(|hello| hello.protocol == "h2"));
    }
}

/// A certificate is for an address where it says so.
#[test]
fn an_address_is_as_good_as_a_name() {
    let (lab, image) = guarded(&[]);
    let authority = Authority::new("ours");
    let ca = lab.home.write("work/ca.pem", &authority.pem);
    let ca = ca.to_str().unwrap();
    for (names, code) in [(["127.0.0.1"], 4), (["localhost"], 1)] {
        let front = front(&lab, "src", &authority.server(&names));
        let reference = format!("{}/app@{}", front.address(), image.digest());
        // Who is let in is asked for a password.
        lab.run(["inspect", "--ca-cert", ca, &reference])
            .any_stderr()
            .code(code);
    }
}

#[test]
fn a_file_of_authorities_that_is_of_no_use_is_named_before_anything_is_sent() {
    let two = Two::new();
    let certificate = two.authorities[0].server(&["localhost"]);
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let none = "holds no certificate in PEM form";
    let host = two.fronts[0].localhost();
    for (what, content, words) in [
        ("empty", b"".as_slice(), none),
        ("text", b"here be authorities", none),
        ("a key", certificate.key.as_bytes(), none),
        ("DER", &certificate.chain()[0], none),
        ("broken", broken.as_bytes(), "holds a broken certificate"),
        (
            "cut",
            &broken.as_bytes()[..40],
            "holds a broken certificate",
        ),
    ] {
        let path = two.lab.home.write("config/crossdock/x.pem", content);
        let path = path.to_str().unwrap();
        let error = format!("error: {path} {words}");
        registries(&two.lab, &[]);
        let run = two.digest(0, &["--ca-cert", path, "-q"]);
        run.stderr_has(&error).code(2);
        registries(&two.lab, &[(&host, "ca: x.pem".to_owned())]);
        let ran = two.digest(0, &["-q"]).stderr_has(&error).code(2);
        assert_eq!(two.fronts[0].accepted(), 0, "{what}: {ran}");
    }
    registries(&two.lab, &[]);
    for path in ["/nowhere/ca.pem", "/"] {
        let run = two.digest(0, &["--ca-cert", path, "-q"]);
        run.stderr_has(format!("error: cannot read {path}: "))
            .code(9);
    }
}
