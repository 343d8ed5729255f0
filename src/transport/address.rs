//! What sort of place an IP address is: whether it is one that a stranger may send us to.
//!
//! Sources: the IANA registries of special-purpose addresses (RFC 6890), and the metadata
//! services of the cloud vendors.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What sort of place an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Anywhere in the world.
    Public,
    /// This machine.
    Loopback,
    /// A network of its owner's, or of a carrier's behind its gateway.
    Private,
    /// Multicast, documentation, measurements, and what nobody has been given.
    Special,
    /// The nearest network alone, as most metadata services are.
    LinkLocal,
    /// Any address of this machine.
    Unspecified,
    /// A cloud's metadata service, which trusts whoever asks.
    Metadata,
}

impl Class {
    /// What sort of place `address` is; one that holds an IPv4 address is the place of that.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }

    /// Whether no registry, wherever it is, may send its clients there.
    pub fn is_off_limits(self) -> bool {
        matches!(self, Self::LinkLocal | Self::Unspecified | Self::Metadata)
    }
}

/// As in "which is …".
impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "a public address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::Special => "an address for special use",
            Self::LinkLocal => "a link-local address",
            Self::Unspecified => "no address",
            Self::Metadata => "the address of a metadata service",
        })
    }
}

fn of_v4(address: Ipv4Addr) -> Class {
    match address.octets() {
        // Alibaba, Azure, Oracle; the others' are link-local.
        [100, 100, 100, 200] | [168, 63, 129, 16] | [192, 0, 0, 192] => Class::Metadata,
        [0, ..] => Class::Unspecified,
        [127, ..] => Class::Loopback,
        [169, 254, ..] => Class::LinkLocal,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Class::Private,
        [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [224..=255, ..] => Class::Special,
        _ => Class::Public,
    }
}

fn of_v6(address: Ipv6Addr) -> Class {
    const GOOGLE: Ipv6Addr = Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254);
    // All of `fd00:ec2::/32` is Amazon's: metadata, names, time, and the credentials of pods.
    if address == GOOGLE || matches!(address.segments(), [0xfd00, 0x0ec2, ..]) {
        return Class::Metadata;
    }
    if address.is_loopback() {
        return Class::Loopback;
    }
    if address.is_unspecified() {
        return Class::Unspecified;
    }
    if let Some(inside) = wrapped(address) {
        return of_v4(inside);
    }
    match address.segments() {
        // A network's own translation (RFC 8215): where it leads is that network's business.
        [0x64, 0xff9b, 1, .., high, low] => match of_v4(joined(high, low)) {
            inside if inside.is_off_limits() => inside,
            _ => Class::Private,
        },
        [0xfe80..=0xfebf, ..] => Class::LinkLocal,
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Class::Private,
        // Protocols, Teredo and ORCHID among them, and documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Class::Special,
        [0x2000..=0x3fff, ..] => Class::Public,
        _ => Class::Special,
    }
}

/// The IPv4 address that an IPv6 one stands for: mapped or compatible (RFC 4291), translated
/// (RFC 2765), NAT64 (RFC 6052) or 6to4 (RFC 3056).
fn wrapped(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x2002, high, low, ..] => Some(joined(high, low)),
        _ => address.to_ipv4(),
    }
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use Class::{LinkLocal, Loopback, Metadata, Private, Public, Special, Unspecified};
    use proptest::prelude::*;

    #[test]
    fn every_range_is_what_the_registries_say() {
        for (address, class) in [
            ("8.8.8.8", Public),
            ("100.63.255.255", Public),
            ("100.128.0.0", Public),
            ("172.15.255.255", Public),
            ("172.32.0.0", Public),
            ("192.167.255.255", Public),
            ("192.169.0.0", Public),
            ("198.17.255.255", Public),
            ("198.20.0.0", Public),
            ("223.255.255.255", Public),
            ("127.0.0.1", Loopback),
            ("127.255.255.254", Loopback),
            ("10.0.0.1", Private),
            ("172.16.0.1", Private),
            ("172.31.255.255", Private),
            ("192.168.1.1", Private),
            ("100.64.0.1", Private),
            ("100.127.255.255", Private),
            ("192.0.0.8", Special),
            ("192.0.2.1", Special),
            ("192.88.99.1", Special),
            ("198.18.0.1", Special),
            ("198.19.255.255", Special),
            ("198.51.100.1", Special),
            ("203.0.113.1", Special),
            ("224.0.0.1", Special),
            ("240.0.0.1", Special),
            ("255.255.255.255", Special),
            ("169.254.0.1", LinkLocal),
            ("169.254.169.254", LinkLocal),
            ("0.0.0.0", Unspecified),
            ("0.0.0.1", Unspecified),
            ("100.100.100.200", Metadata),
            ("168.63.129.16", Metadata),
            ("192.0.0.192", Metadata),
            ("2606:4700::1", Public),
            ("2a00::1", Public),
            ("::1", Loopback),
            ("::", Unspecified),
            ("fc00::1", Private),
            ("fdff::1", Private),
            ("fec0::1", Private),
            ("fe80::1", LinkLocal),
            ("febf::1", LinkLocal),
            ("ff02::1", Special),
            ("100::1", Special),
            ("2001::1", Special),
            ("2001:20::1", Special),
            ("2001:db8::1", Special),
            ("3fff::1", Special),
            ("4000::1", Special),
            ("fd00:ec2::254", Metadata),
            ("fd00:ec2::23", Metadata),
            ("fd00:ec2:ffff:ffff:ffff:ffff:ffff:ffff", Metadata),
            ("fd00:ec1:ffff::1", Private),
            ("fd00:ec3::1", Private),
            ("fd20:ce::254", Metadata),
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(Class::of(address), class, "{address}");
        }
    }

    proptest! {
        #[test]
        fn a_wrapped_address_is_the_place_of_the_one_inside(bits: u32) {
            let inside = Ipv4Addr::from(bits);
            let [_, _, _, _, _, _, a, b] = inside.to_ipv6_mapped().segments();
            let class = of_v4(inside);
            for outside in [
                inside.to_ipv6_mapped(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, a, b),
                Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, a, b),
                Ipv6Addr::new(0x2002, a, b, 1, 2, 3, 4, 5),
            ] {
                prop_assert_eq!(of_v6(outside), class, "{}", outside);
            }
            let own = of_v6(Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, a, b));
            prop_assert!(own != Public && own.is_off_limits() == class.is_off_limits());
        }
    }
}
