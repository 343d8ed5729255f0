//! Registries in public and inside, and where they may send us.

#![allow(clippy::unwrap_used)]

use super::world::{HERE, PUBLIC, World, allowing_private};
use super::{Rule, allowed, is_missing};
use crate::transport::client::Proxies;
use crate::transport::secret::Secret;
use crate::transport::{Kind, Lane, Request};
use http::Method;
use std::io;
use std::net::IpAddr;
use url::Url;

/// Where a registry is that names a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Registry {
    Inside,
    Public,
    Trusted,
}

const REGISTRIES: [Registry; 3] = [Registry::Inside, Registry::Public, Registry::Trusted];

impl Registry {
    async fn world(self) -> World {
        let world = match self {
            Self::Trusted => World::new(allowing_private).await,
            _ => World::new(|_, _| {}).await,
        };
        match self {
            Self::Inside => world.names.set("registry.test", &[HERE]),
            _ => world.names.set("registry.test", &PUBLIC),
        }
        world
    }

    /// What comes of it where this registry names a private or loopback address.
    fn private(self) -> Result<u16, Kind> {
        match self {
            Self::Public => Err(Kind::PrivateAddress),
            _ => Ok(200),
        }
    }
}

/// Both ways in which a registry names a place: a redirect, and a token service.
async fn named(world: &World, to: &Url) -> [Result<u16, Kind>; 2] {
    let redirected = world.get(&world.leading("registry.test", to)).await;
    let registry = world.origin("registry.test");
    let request = Request::new(Method::GET, to.clone()).named_by(&registry);
    [redirected, world.send(request).await]
}

#[tokio::test]
async fn a_name_is_as_good_as_its_addresses() {
    for registry in REGISTRIES {
        let world = registry.world().await;
        world.names.set("other.test", &[HERE]);
        let outcome = named(&world, &world.url("other.test", "/x")).await;
        assert_eq!(outcome, [registry.private(); 2], "{registry:?}");
        assert_eq!(
            world.saw("other.test", "/x"),
            registry != Registry::Public,
            "{registry:?}"
        );
        // Of several addresses those that are allowed are tried, and no other.
        world.names.set("mixed.test", &["169.254.169.254", HERE]);
        let outcome = named(&world, &world.url("mixed.test", "/x")).await;
        assert_eq!(outcome, [registry.private(); 2], "{registry:?}");
    }
}

#[tokio::test]
async fn an_address_is_as_good_as_a_name() {
    for registry in REGISTRIES {
        let world = registry.world().await;
        for host in ["127.0.0.1", "127.1", "2130706433", "0x7f.1"] {
            let outcome = named(&world, &world.url(host, "/x")).await;
            assert_eq!(outcome, [registry.private(); 2], "{registry:?}: {host}");
        }
    }
}

#[tokio::test]
async fn a_registry_in_public_may_name_nothing_inside() {
    let world = Registry::Public.world().await;
    for address in [
        "127.0.0.2",
        "::1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "fd00::1",
        "fec0::1",
        "224.0.0.1",
        "ff02::1",
        "198.18.0.1",
        "240.0.0.1",
        "::ffff:10.0.0.1",
        "::10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::808:808",
        "2002:a00:1::1",
    ] {
        world.names.set("other.test", &[address]);
        let outcome = named(&world, &world.url("other.test", "/")).await;
        assert_eq!(outcome, [Err(Kind::PrivateAddress); 2], "{address}");
    }
}

#[tokio::test]
async fn no_registry_may_name_a_metadata_service() {
    for registry in REGISTRIES {
        let world = registry.world().await;
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "0.0.0.0",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
        ] {
            world.names.set("other.test", &[address]);
            let by_name = named(&world, &world.url("other.test", "/")).await;
            let literal = if address.contains(':') {
                format!("[{address}]")
            } else {
                address.to_owned()
            };
            let by_address = named(&world, &world.url(&literal, "/")).await;
            for outcome in [by_name, by_address] {
                assert_eq!(outcome, [Err(Kind::OffLimits); 2], "{registry:?} {address}");
            }
        }
    }
}

#[tokio::test]
async fn what_the_user_typed_is_reached_wherever_it_is() {
    let world = World::new(|_, _| {}).await;
    world.names.set("typed.test", &[HERE]);
    assert_eq!(world.get(&world.url("typed.test", "/")).await, Ok(200));
    assert_eq!(world.get(&world.url(HERE, "/")).await, Ok(200));
    // Its own places are as good, for a registry in public too.
    let world = Registry::Public.world().await;
    let own = world.url("registry.test", "/own");
    assert_eq!(named(&world, &own).await, [Ok(200); 2]);
}

#[tokio::test]
async fn a_connection_that_is_kept_is_no_way_around() {
    for typed_first in [true, false] {
        for warm in [true, false] {
            let world = Registry::Public.world().await;
            world.names.set("inside.test", &[HERE]);
            let typed = world.url("inside.test", "/typed");
            let prepare = async || {
                if warm {
                    world.transport.warm(&typed, Lane::Questions, 2);
                }
                assert_eq!(world.get(&typed).await, Ok(200));
            };
            if typed_first {
                prepare().await;
            }
            let outcome = named(&world, &world.url("inside.test", "/named")).await;
            assert_eq!(outcome, [Err(Kind::PrivateAddress); 2]);
            if !typed_first {
                prepare().await;
            }
            assert!(!world.saw("inside.test", "/named"));
        }
    }
}

#[tokio::test]
async fn who_came_through_public_does_not_get_back_inside() {
    let world = Registry::Inside.world().await;
    world.names.set("public.test", &PUBLIC);
    world.names.set("inside.test", &[HERE]);
    let inside = world.url("inside.test", "/x");
    let through = |hop: &str| world.leading("registry.test", &world.leading(hop, &inside));
    assert_eq!(world.get(&through("inside.test")).await, Ok(200));
    let outcome = world.get(&through("public.test")).await;
    assert_eq!(outcome, Err(Kind::PrivateAddress));
}

#[tokio::test]
async fn once_in_public_always_in_public() {
    let world = Registry::Public.world().await;
    world.names.set("inside.test", &[HERE]);
    let to = world.url("inside.test", "/x");
    assert_eq!(named(&world, &to).await, [Err(Kind::PrivateAddress); 2]);
    world.names.set("registry.test", &[HERE]);
    let again = Request::new(Method::GET, world.leading("registry.test", &to)).lane(Lane::Bulk);
    assert_eq!(world.send(again).await, Err(Kind::PrivateAddress));
}

/// Whoever the proxy connects to: it finds the addresses, and is found wherever it is.
#[tokio::test]
async fn through_a_proxy_only_addresses_are_checked() {
    let world = World::new(|settings, port| {
        settings.proxies = Proxies {
            http: Some(Secret::new(format!("http://proxy.test:{port}"))),
            ..Proxies::default()
        };
    })
    .await;
    world.names.set("proxy.test", &[HERE]);
    let other = world.url("other.test", "/");
    assert_eq!(named(&world, &other).await, [Ok(200); 2]);
    let literal = world.url("10.0.0.1", "/");
    assert_eq!(
        named(&world, &literal).await,
        [Err(Kind::PrivateAddress); 2]
    );
    let metadata = world.url("169.254.169.254", "/");
    assert_eq!(named(&world, &metadata).await, [Err(Kind::OffLimits); 2]);
    let asked = world.names.asked.lock().unwrap();
    assert!(asked.iter().all(|name| name == "proxy.test"), "{asked:?}");
}

#[tokio::test]
async fn a_name_is_looked_up_once_for_each_connection() {
    let world = Registry::Inside.world().await;
    world.names.set("other.test", &[HERE]);
    for _ in 0..3 {
        let to = world.url("other.test", "/x");
        assert_eq!(named(&world, &to).await, [Ok(200); 2]);
    }
    assert_eq!(world.names.asked(), 2);
}

#[tokio::test]
async fn a_lookup_that_failed_for_now_is_tried_again() {
    const LATER: &str =
        "failed to lookup address information: Temporary failure in name resolution";
    let world = World::new(|_, _| {}).await;
    let here = vec![HERE.parse().unwrap()];
    let flapping = vec![Err(LATER), Ok(here)];
    world.names.answers("flapping.test", flapping);
    assert_eq!(world.get(&world.url("flapping.test", "/")).await, Ok(200));
    assert_eq!(world.names.asked(), 2);
    world.names.answers("down.test", vec![Err(LATER)]);
    let down = world.get(&world.url("down.test", "/")).await;
    assert_eq!((down, world.names.asked()), (Err(Kind::Connect), 5));
    let missing = world.get(&world.url("missing.test", "/")).await;
    assert_eq!((missing, world.names.asked()), (Err(Kind::NoSuchHost), 6));
}

#[test]
fn a_missing_name_is_told_from_a_resolver_that_does_not_answer() {
    for (text, missing) in [
        // glibc
        ("Name or service not known", true),
        ("No address associated with hostname", true),
        ("Address family for hostname not supported", true),
        ("Temporary failure in name resolution", false),
        ("Non-recoverable failure in name resolution", false),
        ("Memory allocation failure", false),
        // musl
        ("Name does not resolve", true),
        ("Name has no usable address", true),
        ("Try again", false),
        ("Non-recoverable error", false),
        ("System error", false),
        // macOS, FreeBSD
        ("nodename nor servname provided, or not known", true),
        ("hostname nor servname provided, or not known", true),
        ("No address associated with nodename", true),
        ("non-recoverable failure in name resolution", false),
    ] {
        let error = io::Error::other(format!("failed to lookup address information: {text}"));
        assert_eq!(is_missing(&error), missing, "{text}");
    }
    for (number, missing) in [
        (11_001, true),
        (11_004, true),
        (11_002, false),
        (11_003, false),
    ] {
        let error = io::Error::from_raw_os_error(number);
        assert_eq!(is_missing(&error), missing && cfg!(windows), "{number}");
    }
    // Too many open files, for one.
    assert!(!is_missing(&io::Error::from_raw_os_error(24)));
}

#[test]
fn only_what_is_allowed_is_left() {
    let addresses = |texts: &[&str]| -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    };
    let all = addresses(&["8.8.8.8", "10.0.0.1", "169.254.0.1", "2606:4700::1", "::1"]);
    for (rule, left) in [
        (Rule::Any, all.clone()),
        (
            Rule::Inside,
            addresses(&["8.8.8.8", "10.0.0.1", "2606:4700::1", "::1"]),
        ),
        (Rule::Public, addresses(&["8.8.8.8", "2606:4700::1"])),
    ] {
        assert_eq!(allowed(rule, all.clone()).unwrap(), left, "{rule:?}");
    }
    let refused = allowed(Rule::Public, addresses(&["::1", "10.0.0.1"])).unwrap_err();
    assert_eq!(refused.to_string(), "::1 is a loopback address");
}
