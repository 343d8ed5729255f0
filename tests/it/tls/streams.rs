//! F35: HTTP/2 streams and connections that end at the wrong moment.

use super::certificates::Authority;
use super::frames::{
    ENHANCE_YOUR_CALM, INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM, Trouble,
};
use super::*;
use crate::lab::Fault;
use std::thread;

/// An open registry behind TLS, and the file of who vouches for it.
struct Secured {
    lab: Lab,
    front: Front,
    ca: String,
    image: Image,
}

impl Secured {
    fn new() -> Self {
        Self::behind(Port::front)
    }

    fn behind(front: impl FnOnce(Port, &Certificate, &str) -> Front) -> Self {
        let lab = Lab::new();
        let image = Image::small(1);
        lab.push("src.lab/app:v1", &image);
        let authority = Authority::new("ours");
        let certificate = authority.server(&["localhost"]);
        let front = front(Port::take(), &certificate, lab.address("src"));
        let ca = lab.home.write("work/ca.pem", &authority.pem);
        Self {
            ca: ca.to_str().unwrap().to_owned(),
            lab,
            front,
            image,
        }
    }

    fn source(&self) -> String {
        format!("{}/app:v1", self.front.localhost())
    }

    fn manifest(&self) -> crate::lab::Run {
        let manifest = String::from_utf8(self.image.root().bytes.clone()).unwrap();
        self.lab
            .run([
                "inspect",
                "-q",
                "--raw",
                "--ca-cert",
                &self.ca,
                &self.source(),
            ])
            .stdout(manifest)
    }

    fn assert_http2(&self) {
        let hellos = self.front.hellos();
        assert!(
            hellos.iter().any(|hello| hello.protocol == "h2"),
            "{hellos:?}"
        );
    }
}

/// Each at the answer to a question, and again at the answer to the next attempt. How many
/// questions that takes in all.
const TROUBLE: [(Trouble, usize); 12] = [
    (Trouble::Reset(INTERNAL_ERROR), 2),
    (Trouble::Reset(REFUSED_STREAM), 2),
    (Trouble::Reset(PROTOCOL_ERROR), 2),
    (Trouble::Reset(ENHANCE_YOUR_CALM), 2),
    (Trouble::Reset(NO_ERROR), 2),
    (Trouble::ResetInBody(INTERNAL_ERROR), 2),
    (
        Trouble::GoAway {
            reason: NO_ERROR,
            seen: false,
        },
        2,
    ),
    (
        Trouble::GoAway {
            reason: ENHANCE_YOUR_CALM,
            seen: true,
        },
        2,
    ),
    (
        Trouble::GoAway {
            reason: INTERNAL_ERROR,
            seen: true,
        },
        2,
    ),
    (Trouble::NoMore, 1),
    (Trouble::Pings(10_000), 1),
    (Trouble::None, 1),
];

#[test]
fn f35_a_question_is_asked_again() {
    thread::scope(|scope| {
        for (trouble, questions) in TROUBLE {
            scope.spawn(move || {
                let secured = Secured::new();
                secured.front.trouble(trouble);
                secured.manifest().code(0);
                let asked = secured.lab.requests("src");
                assert_eq!(asked.count("GET", "manifests"), questions, "{trouble:?}");
                secured.assert_http2();
            });
        }
    });
}

/// Many questions share a connection: what ends it ends none of them.
#[test]
fn f35_a_copy_goes_on() {
    thread::scope(|scope| {
        for (trouble, _) in TROUBLE {
            scope.spawn(move || {
                let secured = Secured::new();
                let target = format!("{}/copied:v1", secured.front.localhost());
                for trouble in [Trouble::None, trouble, Trouble::None, trouble] {
                    secured.front.trouble(trouble);
                }
                let (ca, source) = (secured.ca.as_str(), secured.source());
                secured
                    .lab
                    .run(["copy", "-q", "--ca-cert", ca, &source, &target])
                    .stdout(format!("{target}@{}\n", secured.image.digest()))
                    .code(0);
                secured
                    .lab
                    .assert_holds("src.lab/copied:v1", &secured.image);
                secured.assert_http2();
            });
        }
    });
}

#[test]
fn f35_trouble_that_stays_is_temporary() {
    let secured = Secured::new();
    for _ in 0..3 {
        secured.front.trouble(Trouble::Reset(INTERNAL_ERROR));
    }
    let ca = secured.ca.as_str();
    secured
        .lab
        .run(["digest", "--retries=1", "--ca-cert", ca, &secured.source()])
        .stderr_has(format!(
            "the connection to {} broke",
            secured.front.localhost()
        ))
        .code(7);
}

/// Who breaks off whatever goes over HTTP/2 may do better without it.
#[test]
fn f35_trouble_with_http2_alone_is_got_around() {
    let secured = Secured::new();
    for _ in 0..9 {
        secured.front.trouble(Trouble::Reset(PROTOCOL_ERROR));
    }
    secured.manifest().code(0);
    let asked = secured.lab.requests("src");
    assert_eq!(asked.count("GET", "manifests"), 3);
}

/// There is no doing without it where nothing else is spoken: that is neither the end nor what is
/// told.
#[test]
fn f35_trouble_with_http2_where_nothing_else_is_spoken() {
    for (troubles, code) in [(2, 0), (9, 7)] {
        let secured = Secured::behind(Port::front_of_http2);
        for _ in 0..troubles {
            secured.front.trouble(Trouble::Reset(PROTOCOL_ERROR));
        }
        let (ca, source) = (secured.ca.as_str(), secured.source());
        let digest = ["digest", "--retries=3", "--ca-cert", ca, &source];
        let ran = secured.lab.run(digest).any_stdout().any_stderr().code(code);
        let broke = format!("the connection to {} broke", secured.front.localhost());
        let error = ran.stderr.lines().find(|line| line.starts_with("error: "));
        assert_eq!(
            error.is_some_and(|line| line.contains(&broke)),
            code == 7,
            "{ran}"
        );
        // Once in vain over HTTP/1.1.
        let asked = secured.lab.requests("src");
        assert_eq!(asked.count("HEAD", "manifests"), 3, "{ran}");
    }
}

/// As manifests and lists are (`faults`). What does without an answer that never comes is no
/// failure.
#[test]
fn a_token_or_referrers_that_break_off_are_asked_for_again() {
    let cases = [
        ("/token", &["ls", "src.lab/app"][..], 7),
        ("/referrers/", &["inspect", "src.lab/app:v1"], 0),
    ];
    thread::scope(|scope| {
        for (part, args, in_vain) in cases {
            scope.spawn(move || {
                let fault = || Fault::on("GET", part).with_header("authorization");
                breaks_off(fault().cut(10), part, args, 0);
                breaks_off(fault().cut_with_reset(10), part, args, 0);
                breaks_off(fault().times(9).cut(10), part, args, in_vain);
            });
        }
    });
}

#[track_caller]
fn breaks_off(fault: Fault, part: &str, args: &[&str], code: i32) {
    let lab = Lab::empty().registry("src", |address| Options {
        access: tokens(&format!("http://{address}/token")),
        ..Options::default()
    });
    lab.push("src.lab/app:v1", &Image::small(1));
    lab.docker_login(&[("src.lab", "ann:apple")]);
    lab.fault("src", fault);
    lab.run([args, &["-q", "--retries=1"]].concat())
        .any_stdout()
        .any_stderr()
        .code(code);
    let seen = lab.requests("src");
    let asked = seen
        .all()
        .iter()
        .filter(|seen| seen.method == "GET" && seen.path.contains(part) && seen.status == 200);
    assert_eq!(asked.count(), 2, "{part}: {seen}");
}
