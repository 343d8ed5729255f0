//! F33: whoever cannot show who he is is told nothing, and is not asked again.

use super::certificates::{Authority, Certificate};
use super::peer::Peer;
use super::*;
use crate::lab::Fault;
use rcgen::{ExtendedKeyUsagePurpose, date_time_ymd};

/// What is wrong with a certificate for these names, what is said of it, and what helps.
fn wrong(
    authority: &Authority,
    names: &[&str],
) -> [(&'static str, Certificate, &'static str, &'static str); 8] {
    let for_clients = |params: &mut rcgen::CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    let unknown = "it is signed by nobody who is trusted here";
    let ca = "`--ca-cert FILE`";
    let clock = "is this machine's clock right?";
    [
        (
            "expired",
            authority.issue(names, |params| params.not_after = date_time_ymd(2020, 1, 1)),
            "it expired at 2020-01-01T00:00:00Z",
            clock,
        ),
        (
            "not yet valid",
            authority.issue(names, |params| {
                params.not_before = date_time_ymd(2090, 1, 1);
            }),
            "it is not valid before 2090-01-01T00:00:00Z",
            clock,
        ),
        (
            "of another name",
            authority.server(&["other.example"]),
            "it is for other.example",
            "use a name that it is for",
        ),
        (
            "of another address",
            authority.server(&["192.0.2.1"]),
            "it is for 192.0.2.1",
            "use a name that it is for",
        ),
        (
            "for clients",
            authority.issue(names, for_clients),
            "certificate had invalid extensions",
            "have it replaced",
        ),
        (
            "of an authority",
            Certificate::of_authority(names, |_| ()),
            "it is one of an authority (`CA:TRUE`), and not of a server",
            "have it replaced",
        ),
        (
            "of somebody unknown",
            Authority::new("stranger").server(names),
            unknown,
            ca,
        ),
        ("of nobody", Certificate::self_signed(names), unknown, ca),
    ]
}

/// A loopback host is greeted first, to see whether it speaks TLS; a certificate that is not
/// trusted is never a reason to do without.
#[test]
fn f33_a_certificate_that_is_not_trusted_ends_it_at_once() {
    let authority = Authority::new("ours");
    for (what, certificate, reason, help) in wrong(&authority, &[NAME, "localhost"]) {
        let port = Port::take();
        let localhost = format!("localhost:{}", port.number());
        let (lab, _) = guarded(&[NAME, &localhost]);
        let front = port.front(&certificate, lab.address("src"));
        let proxy = names(&[(NAME, &front)]);
        let ca = lab.home.write("work/ca.pem", &authority.pem);
        let ca = ca.to_str().unwrap();
        for (host, connections) in [(NAME, 1), (&localhost, 2)] {
            let before = front.accepted();
            let ran = lab
                .run(["digest", "--ca-cert", ca, &format!("{host}/app:v1")])
                .env("HTTPS_PROXY", proxy.address())
                .stderr_has(format!("{host} shows a certificate that is not trusted"))
                .stderr_has(reason)
                .stderr_has(help)
                .stderr_has(format!("`--insecure={host}`"))
                .code(1);
            let accepted = front.accepted() - before;
            assert_eq!(accepted, connections, "{what} at {host}: {ran}");
            // With one word everything is as it should be otherwise.
            let insecure = format!("--insecure={host}");
            lab.run(["digest", "-q", &insecure, &format!("{host}/app:v1")])
                .env("HTTPS_PROXY", proxy.address())
                .any_stdout()
                .code(0);
            assert_ne!(lab.requests("src").len(), 0);
            lab.heal();
        }
    }
}

/// Also where it is that of the host at which a registry keeps its blobs.
#[test]
fn f33_a_copy_says_what_helps_against_the_certificate_of_a_blobs_host() {
    let lab = Lab::new().open("storage");
    let image = Image::small(1);
    lab.push("src.lab/app:v1", &image);
    lab.push("storage.lab/app:v1", &image);
    let authority = Authority::new("stranger");
    let front = front(&lab, "storage", &authority.server(&["localhost"]));
    let host = front.localhost();
    let blobs = Fault::on("GET", "/blobs/").always();
    lab.fault("src", blobs.moved_to(&format!("https://{host}")));
    let copy = ["copy", "-q", "src.lab/app:v1", "dst.lab/app:v1"];
    let hint = format!(
        "hint: name its certificate authority with `--ca-cert FILE`, or do without the check with `--insecure={host}`\n"
    );
    lab.run(copy)
        .stderr_has(format!("{host} shows a certificate that is not trusted"))
        .stderr_has(hint)
        .code(1);
    let ca = lab.home.write("work/ca.pem", &authority.pem);
    lab.run([&copy[..], &["--ca-cert", ca.to_str().unwrap()]].concat())
        .any_stdout()
        .code(0);
    lab.assert_holds("dst.lab/app:v1", &image);
}

/// What a peer says to a greeting, how often it is greeted with one retry, and what comes of it.
#[test]
fn f33_a_peer_that_does_not_speak_tls_as_it_should() {
    const OLD: &[u8] = b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02\
        aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\x00\x00\x2f\x00";
    let cases: [(&str, &[u8], _, _, &str); 6] = [
        (
            "an alert",
            &[0x15, 3, 1, 0, 2, 2, 70],
            1,
            1,
            "TLS 1.2 nor 1.3",
        ),
        ("TLS 1.1", OLD, 1, 1, "TLS 1.2 nor 1.3"),
        (
            "no cipher in common",
            &[0x15, 3, 3, 0, 2, 2, 40],
            1,
            1,
            "HandshakeFailure",
        ),
        (
            "plain HTTP",
            b"HTTP/1.1 200 OK\r\n\r\n",
            1,
            1,
            "`--plain-http=registry.example.com`",
        ),
        (
            "the end",
            b"",
            2,
            7,
            "cannot connect to registry.example.com",
        ),
        ("half a greeting", &[0x16, 3, 3, 0], 2, 7, "handshake eof"),
    ];
    for (what, answer, greetings, code, words) in cases {
        let (lab, _) = guarded(&[NAME]);
        let (peer, elsewhere) = (Peer::saying(answer), Peer::saying(b""));
        let places = [(443, &peer), (80, &elsewhere)];
        let places = places.map(|(port, peer)| (format!("{NAME}:{port}"), peer.address()));
        let proxy = Proxy::to(places);
        let ran = lab
            .run(["digest", "--retries=1", &format!("{NAME}/app:v1")])
            .env("HTTPS_PROXY", proxy.address())
            .env("HTTP_PROXY", proxy.address())
            .stderr_has(words)
            .code(code);
        let heard = peer.heard();
        assert_eq!(heard.len(), greetings, "{what}: {ran}");
        // Greetings they are, and none of them is HTTP (NET-12).
        assert!(heard.iter().all(|bytes| bytes[0] == 0x16), "{what}");
        assert_eq!(elsewhere.heard().len(), 0, "{what}");
        let only_if_plain = ran.stderr.contains("--plain-http") == (what == "plain HTTP");
        assert!(only_if_plain, "{what}: {ran}");
    }
}

/// NET-12: a password goes over plain HTTP to a host that was named, and not to another port.
#[test]
fn plain_http_beyond_loopback_wants_to_be_asked_for() {
    let (lab, image) = guarded(&[NAME]);
    let proxy = Proxy::to([(
        format!("{NAME}:443"),
        Peer::saying(b"HTTP/1.1 200 OK\r\n\r\n").address(),
    )]);
    let run = |flag: &str| {
        lab.run(["digest", "--retries=0", flag, &format!("{NAME}/app:v1")])
            .env("HTTPS_PROXY", proxy.address())
            .env("HTTP_PROXY", lab.address("src"))
    };
    run("-q").any_stderr().run();
    run(&format!("--plain-http={NAME}:443")).any_stderr().run();
    assert_eq!(lab.requests("src").len(), 0);
    run(&format!("--plain-http={NAME}"))
        .stdout(format!("{}\n", image.digest()))
        .code(0);
    let seen = lab.requests("src");
    assert_eq!(seen.all().last().unwrap().scheme(), Some("Basic"));
}

#[test]
fn f33_tls_where_plain_http_was_asked_for() {
    let (lab, _) = guarded(&[]);
    let certificate = Authority::new("ours").server(&["localhost"]);
    let front = front(&lab, "src", &certificate);
    let host = front.localhost();
    lab.run([
        "digest",
        &format!("--plain-http={host}"),
        &format!("{host}/app:v1"),
    ])
    .stderr_has(format!(
        "{host} answers with something that cannot be read as HTTP"
    ))
    .stderr_has(format!(
        "hint: if {host} speaks TLS, do without `--plain-http`"
    ))
    .code(8);
    assert_eq!((front.accepted(), lab.requests("src").len()), (1, 0));
}
