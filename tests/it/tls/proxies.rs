//! F34: proxies that want a login, do not lead on, or are not there.

use super::certificates::Authority;
use super::*;
use std::thread;

/// A password that must not be shown, and what it looks like where it is sent.
const PASSWORD: &str = "CANARY";
const ENCODED: &str = "bWU6Q0FOQVJZ";

const LOGIN: &str = "407 Proxy Authentication Required";
const BAD: &str = "502 Bad Gateway";
const AWAY: &str = "503 Service Unavailable";

/// A registry behind TLS that wants a password, and who vouches for it.
struct Behind {
    lab: Lab,
    image: Image,
    front: Front,
    ca: String,
}

impl Behind {
    fn new() -> Self {
        let (lab, image) = guarded(&[NAME]);
        let authority = Authority::new("ours");
        let front = front(&lab, "src", &authority.server(&[NAME]));
        let ca = lab.home.write("work/ca.pem", &authority.pem);
        Self {
            lab,
            image,
            front,
            ca: ca.to_str().unwrap().to_owned(),
        }
    }

    fn proxy(&self, refusals: &[&'static str]) -> Proxy {
        let place = (format!("{NAME}:443"), self.front.address());
        Proxy::refusing([place], refusals)
    }

    /// The password for the proxy is for the proxy, and the registry's is not.
    #[track_caller]
    fn assert_passwords_kept(&self, proxy: &Proxy) {
        for head in proxy.heads() {
            let connect = format!("CONNECT {NAME}:443 ");
            let own = head.contains(ENCODED) && head.matches("uthorization").count() <= 1;
            assert!(head.starts_with(&connect) && own, "{head}");
        }
        for seen in self.lab.requests("src").all() {
            assert_eq!(seen.header("proxy-authorization"), "");
        }
    }

    /// A run that talks, through what is at `address`.
    fn run(&self, scheme: &str, address: &str, options: &[&str]) -> crate::lab::Run {
        self.retrying(1, scheme, address, options)
    }

    fn retrying(
        &self,
        times: usize,
        scheme: &str,
        address: &str,
        options: &[&str],
    ) -> crate::lab::Run {
        let times = format!("--retries={times}");
        let proxy = format!("{scheme}://me:{PASSWORD}@{address}");
        let image = format!("{NAME}/app:v1");
        let args = ["digest", "-vv", &times, "--ca-cert", &self.ca, &image];
        self.lab
            .run([&args[..], options].concat())
            .env("HTTPS_PROXY", &proxy)
            .env("HTTP_PROXY", &proxy)
    }
}

#[track_caller]
fn assert_silent(ran: &crate::lab::Ran) {
    for secret in [PASSWORD, ENCODED] {
        let shown = ran.stderr.contains(secret) || ran.stdout.contains(secret);
        assert!(!shown, "{secret} in {ran}");
    }
}

/// What a proxy says, each word once, and what comes of it with one retry over TLS: the code, how
/// often it is asked, and what is said of it.
const SAYS: [(&[&str], i32, usize, &str); 5] = [
    (&[], 0, 1, ""),
    (
        &[LOGIN],
        4,
        1,
        ", on the way to registry.example.com, wants a login",
    ),
    (&[BAD], 0, 2, ""),
    (&[AWAY], 0, 2, ""),
    (&[BAD, AWAY], 7, 2, " does not lead to registry.example.com"),
];

#[test]
fn f34_a_proxy_that_does_not_lead_on() {
    thread::scope(|scope| {
        for (refusals, code, asked, words) in SAYS {
            scope.spawn(move || {
                for options in [&[][..], &["--json"]] {
                    let behind = Behind::new();
                    let proxy = behind.proxy(refusals);
                    let told = format!("the proxy {}{words}", proxy.address());
                    let ran = behind
                        .run("http", &proxy.address(), options)
                        .any_stdout()
                        .stderr_has(if code == 0 { "" } else { &told })
                        .code(code);
                    assert_eq!(proxy.heads().len(), asked, "{refusals:?}: {ran}");
                    assert_eq!(ran.stdout.contains(behind.image.digest()), code == 0);
                    assert_silent(&ran);
                    behind.assert_passwords_kept(&proxy);
                }
            });
        }
    });
}

/// In plain HTTP the proxy's answers look like the registry's; the one about a login is its own.
#[test]
fn f34_a_proxy_that_wants_a_login_for_plain_http() {
    let behind = Behind::new();
    let proxy = behind.proxy(&[LOGIN]);
    let plain = format!("--plain-http={NAME}");
    let ran = behind
        .run("http", &proxy.address(), &[&plain])
        .stderr_has(format!("the proxy {}, on the way to", proxy.address()))
        .stderr_has("hint: put its user and password into the proxy's variable")
        .code(4);
    assert_eq!(proxy.heads().len(), 1);
    assert!(!ran.stderr.contains("crossdock login"), "{ran}");
    assert_silent(&ran);
}

#[test]
fn f34_a_proxy_that_is_not_there() {
    let behind = Behind::new();
    let plain = format!("--plain-http={NAME}");
    for scheme in ["http", "https", "socks4a", "socks5h"] {
        for address in ["127.0.0.1:1", "proxy.invalid:3128"] {
            for options in [&[][..], &[plain.as_str()]] {
                let ran = behind
                    .retrying(0, scheme, address, options)
                    .stderr_has(format!(
                        "cannot reach the proxy {address}, on the way to {NAME}"
                    ))
                    .stderr_has("hint: is the proxy running that `HTTPS_PROXY`")
                    .code(7);
                assert!(!ran.stderr.contains("is a registry running"), "{ran}");
                assert_silent(&ran);
            }
        }
    }
}

/// A proxy that is spoken to over TLS has to show who it is, and is the one that is named.
#[test]
fn a_proxy_over_tls_has_to_show_who_it_is() {
    let behind = Behind::new();
    let proxy = behind.proxy(&[]);
    let known = Authority::new("of the proxy");
    let registry = std::fs::read_to_string(&behind.ca).unwrap();
    behind.lab.home.write("work/ca.pem", registry + &known.pem);
    for (authority, code) in [(&known, 0), (&Authority::new("of nobody"), 7)] {
        let secured = Port::take().front(&authority.server(&["localhost"]), &proxy.address());
        let words = match code {
            0 => String::new(),
            _ => format!("cannot reach the proxy {}, on the way", secured.localhost()),
        };
        let ran = behind
            .run("https", &secured.localhost(), &[])
            .any_stdout()
            .stderr_has(words)
            .code(code);
        assert_silent(&ran);
        assert_eq!(secured.hellos().is_empty(), code != 0, "{ran}");
    }
}
