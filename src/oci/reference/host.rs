//! A registry's host, from what people type and from the keys of credential files.

use super::elsewhere;
use super::error::{Expected, Problem, ReferenceError};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_ALIASES: [&str; 2] = ["index.docker.io", "registry-1.docker.io"];

/// A registry's host with its port, where one was typed: `registry.example:5000`.
///
/// Always in lower case; `index.docker.io` and `registry-1.docker.io` are `docker.io`. It has a
/// dot, a port or brackets, or is `localhost`: anything else in front of a `/` is a part of a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(String);

impl Host {
    /// Docker Hub.
    pub fn docker_hub() -> Self {
        Self(DOCKER_HUB.to_owned())
    }

    /// A host from what people paste and from the keys of docker's files: `https://reg.example/v1/`
    /// as well as `reg.example`. Scheme and path of a URL are dropped; without a scheme the only
    /// paths taken are `/`, `/v1` and `/v2`, because any other narrows down what a key is for.
    pub fn from_url_or_host(typed: &str) -> Result<Self, ReferenceError> {
        authority(typed)
            .and_then(Self::read)
            .map_err(|problem| ReferenceError::new(typed, Expected::Host, problem))
    }

    /// The host and its port, as they are written in a reference.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host's name or address alone, without port and brackets.
    pub fn name(&self) -> &str {
        match self.0.strip_prefix('[').and_then(|v6| v6.split_once(']')) {
            Some((address, _)) => address,
            None => self.0.split_once(':').map_or(&self.0, |(name, _)| name),
        }
    }

    /// The port, where one was typed.
    pub fn port(&self) -> Option<u16> {
        let (_, port) = self.0.rsplit_once(':')?;
        port.parse().ok()
    }

    /// The one form of all spellings of a registry that is reached over TLS: `reg.io` for
    /// `reg.io:443`. For comparing and looking up; `registry` for `registry:443` is not one that
    /// can be typed.
    pub fn without_default_port(&self) -> Self {
        match self.0.strip_suffix(":443") {
            Some(name) => Self(canonical(name.to_owned())),
            None => self.clone(),
        }
    }

    /// Whether it is this machine: `localhost`, `*.localhost`, `127.0.0.0/8` or `[::1]`.
    pub fn is_loopback(&self) -> bool {
        let name = self.name();
        name == "localhost"
            || name.ends_with(".localhost")
            || name.parse().is_ok_and(|v4: Ipv4Addr| v4.is_loopback())
            || name.parse().is_ok_and(|v6: Ipv6Addr| v6.is_loopback())
    }

    /// Whether it is Docker Hub.
    pub fn is_docker_hub(&self) -> bool {
        self.0 == DOCKER_HUB
    }

    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        let (name, port) = if text.starts_with('[') {
            bracketed(text)?
        } else {
            plain(text)?
        };
        match port {
            Some(port) => {
                elsewhere::refuse(text)?;
                Ok(Self(format!("{name}:{}", read_port(port)?)))
            }
            None if is_host(&name) => Ok(Self(canonical(name))),
            None => Err(Problem::BareHost { host: name }),
        }
    }
}

/// Whether the first part of a reference is a host, and not a part of a name.
pub(super) fn is_host(part: &str) -> bool {
    part.contains(['.', ':', '[']) || part.eq_ignore_ascii_case("localhost")
}

impl FromStr for Host {
    type Err = ReferenceError;

    fn from_str(typed: &str) -> Result<Self, ReferenceError> {
        refuse_url(typed)
            .and_then(|()| {
                if typed.contains('/') {
                    return Err(Problem::Path);
                }
                Self::read(typed)
            })
            .map_err(|problem| ReferenceError::new(typed, Expected::Host, problem))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Refuses what begins with a scheme (RFC 3986, section 3.1).
pub(super) fn refuse_url(text: &str) -> Result<(), Problem> {
    let part = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    match text.split_once("://") {
        Some((scheme, _)) if scheme.chars().all(part) => Err(Problem::Url {
            scheme: format!("{scheme}://"),
        }),
        _ => Ok(()),
    }
}

/// The part of a URL, or of a bare host with a version path, that names the host.
fn authority(typed: &str) -> Result<&str, Problem> {
    let scheme_end = typed.find("://").map_or(0, |at| at + "://".len());
    let (scheme, rest) = typed.split_at(scheme_end);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match scheme.to_ascii_lowercase().as_str() {
        "http://" | "https://" => Ok(authority),
        "" if ["", "/", "/v1", "/v1/", "/v2", "/v2/"].contains(&path) => Ok(authority),
        "" => Err(Problem::Path),
        _ => Err(Problem::Url {
            scheme: scheme.to_owned(),
        }),
    }
}

fn canonical(name: String) -> String {
    if DOCKER_HUB_ALIASES.contains(&name.as_str()) {
        return DOCKER_HUB.to_owned();
    }
    name
}

/// An IPv6 address in brackets, in its canonical form, and the text of its port.
fn bracketed(text: &str) -> Result<(String, Option<&str>), Problem> {
    let (address, rest) = text[1..].split_once(']').ok_or(Problem::NotIpv6)?;
    if address.contains('%') {
        return Err(Problem::Zone);
    }
    let address: Ipv6Addr = address.parse().map_err(|_| Problem::NotIpv6)?;
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => None,
        None => return Err(Problem::NotIpv6),
        port => port,
    };
    Ok((format!("[{address}]"), port))
}

/// A name or an IPv4 address, in lower case, and the text of its port.
fn plain(text: &str) -> Result<(String, Option<&str>), Problem> {
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    };
    if name.is_empty() {
        return Err(Problem::EmptyHost);
    }
    if name.len() > 253 {
        return Err(Problem::LongHost);
    }
    let name = name.to_ascii_lowercase();
    name.split('.').try_for_each(check_label)?;
    check_number(&name)?;
    Ok((name, port))
}

fn check_label(label: &str) -> Result<(), Problem> {
    let allowed = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-';
    if let Some(stranger) = label.chars().find(|c| !allowed(c)) {
        return Err(Problem::HostCharacter(stranger));
    }
    match label.len() {
        0 => Err(Problem::EmptyLabel),
        64.. => Err(Problem::LongHost),
        _ if label.starts_with('-') || label.ends_with('-') => {
            Err(Problem::HostHyphen(label.to_owned()))
        }
        _ => Ok(()),
    }
}

/// A host that ends in a number is an address for URL readers, however it is written (`127.1`,
/// `0x7f.1`): WHATWG URL, "ends in a number". Only the one plain form is let through.
fn check_number(name: &str) -> Result<(), Problem> {
    let last = name.rsplit('.').next().unwrap_or_default();
    let number = match last.strip_prefix("0x") {
        Some(digits) => digits.chars().all(|c| c.is_ascii_hexdigit()),
        None => last.chars().all(|c| c.is_ascii_digit()),
    };
    if number && name.parse::<Ipv4Addr>().is_err() {
        return Err(Problem::NotIpv4);
    }
    Ok(())
}

fn read_port(text: &str) -> Result<u16, Problem> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(port) if digits && port > 0 => Ok(port),
        _ => Err(Problem::Port(text.to_owned())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Host;

    #[test]
    fn a_host_is_read_in_its_canonical_form() {
        let cases = [
            ("reg.io", "reg.io", "reg.io", None),
            ("REG.io:5000", "reg.io:5000", "reg.io", Some(5000)),
            ("reg.io:05000", "reg.io:5000", "reg.io", Some(5000)),
            ("reg.io:65535", "reg.io:65535", "reg.io", Some(65535)),
            ("reg.io:443", "reg.io:443", "reg.io", Some(443)),
            ("registry:5000", "registry:5000", "registry", Some(5000)),
            ("localhost", "localhost", "localhost", None),
            ("LOCALHOST", "localhost", "localhost", None),
            ("10.0.0.1", "10.0.0.1", "10.0.0.1", None),
            ("[::1]", "[::1]", "::1", None),
            ("[0:0::1]:5000", "[::1]:5000", "::1", Some(5000)),
            ("[FE80::A]", "[fe80::a]", "fe80::a", None),
            ("xn--rg-bja.io", "xn--rg-bja.io", "xn--rg-bja.io", None),
            ("docker.io", "docker.io", "docker.io", None),
            ("index.docker.io", "docker.io", "docker.io", None),
            ("Registry-1.docker.io", "docker.io", "docker.io", None),
        ];
        for (typed, text, name, port) in cases {
            let host: Host = typed.parse().unwrap();
            assert_eq!(
                (host.as_str(), host.name(), host.port()),
                (text, name, port)
            );
            assert_eq!(text.parse(), Ok(host), "{text} is stable");
        }
    }

    #[test]
    fn what_is_not_a_plain_host_is_refused() {
        let cases = [
            ("", "the host is empty"),
            (":5000", "the host is empty"),
            ("myhost", "a host has a dot or a port, or is `localhost`"),
            ("reg.io/", "it has a path after the host"),
            ("https://reg.io", "it is a URL"),
            ("reg..io", "the host has an empty part"),
            ("reg.io.", "the host has an empty part"),
            ("reg_1.io", "the host cannot have `_`"),
            ("rég.io", "the host cannot have `é`"),
            ("-reg.io", "the host's part `-reg` begins or ends with `-`"),
            ("reg.io:", "the port `` is not a number from 1 to 65535"),
            (
                "reg.io:+80",
                "the port `+80` is not a number from 1 to 65535",
            ),
            (
                "reg.io:80:80",
                "the port `80:80` is not a number from 1 to 65535",
            ),
            (
                "127.1",
                "the host ends in a number and is not an IPv4 address",
            ),
            (
                "0x7f.1",
                "the host ends in a number and is not an IPv4 address",
            ),
            (
                "a.0x7F",
                "the host ends in a number and is not an IPv4 address",
            ),
            (
                "2130706433:80",
                "the host ends in a number and is not an IPv4 address",
            ),
            (
                "127.0.0.01",
                "the host ends in a number and is not an IPv4 address",
            ),
            ("[::1", "the host is not an IPv6 address in brackets"),
            ("[::1]5000", "the host is not an IPv6 address in brackets"),
            ("[127.0.0.1]", "the host is not an IPv6 address in brackets"),
            ("[fe80::1%eth0]", "an IPv6 address cannot have a zone"),
            ("::1", "the host is empty"),
        ];
        for (typed, problem) in cases {
            let error = typed.parse::<Host>().unwrap_err();
            let message = format!("`{typed}` is not a registry host: {problem}");
            assert_eq!(error.to_string(), message);
        }
        assert!(format!("{}.io", "a".repeat(63)).parse::<Host>().is_ok());
        assert!(format!("{}.io", "a".repeat(64)).parse::<Host>().is_err());
        assert!(format!("{}io", "a.".repeat(126)).parse::<Host>().is_err());
    }

    #[test]
    fn urls_are_taken_where_people_paste_them() {
        let cases = [
            ("https://index.docker.io/v1/", "docker.io"),
            ("index.docker.io/v1/", "docker.io"),
            ("https://reg.io", "reg.io"),
            ("https://reg.io/", "reg.io"),
            ("HTTP://Reg.io:5000/v2/team", "reg.io:5000"),
            ("https://reg.io?x=1", "reg.io"),
            ("https://[::1]:5000/", "[::1]:5000"),
            ("reg.io/", "reg.io"),
            ("reg.io/v2", "reg.io"),
            ("reg.io", "reg.io"),
        ];
        for (typed, host) in cases {
            assert_eq!(Host::from_url_or_host(typed).unwrap().as_str(), host);
        }
        let refused = [
            "",
            "https://",
            "https:///v1/",
            "ftp://reg.io/",
            "://reg.io",
            "reg.io/team",
            "https://reg.io\\evil.io",
            "//reg.io",
        ];
        for typed in refused {
            assert!(Host::from_url_or_host(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn a_password_in_front_of_a_host_is_not_repeated() {
        for typed in ["https://bob:hunter2@reg.io/", "bob:hunter2@sha256:80"] {
            for error in [
                Host::from_url_or_host(typed).unwrap_err(),
                typed.parse::<Host>().unwrap_err(),
            ] {
                assert!(!format!("{error} {error:?}").contains("hunter2"));
                assert!(error.hint().unwrap().contains("crossdock login"));
            }
        }
    }

    #[test]
    fn loopback_is_this_machine_and_nothing_that_looks_like_it() {
        let this = [
            "localhost",
            "localhost:5000",
            "reg.localhost",
            "127.0.0.1",
            "127.9.9.9:80",
            "[::1]",
            "[::1]:5000",
        ];
        let other = [
            "localhost.io",
            "notlocalhost:80",
            "128.0.0.1",
            "127.0.0.1.io",
            "[::2]",
            "[::ffff:127.0.0.1]",
        ];
        for host in this {
            assert!(host.parse::<Host>().unwrap().is_loopback(), "{host}");
        }
        for host in other {
            assert!(!host.parse::<Host>().unwrap().is_loopback(), "{host}");
        }
    }

    #[test]
    fn docker_hub_has_one_name() {
        let hub = Host::docker_hub();
        assert!(hub.is_docker_hub());
        assert_eq!(hub, "registry-1.docker.io".parse().unwrap());
        assert!(!"docker.io:443".parse::<Host>().unwrap().is_docker_hub());
    }
}
