//! Which addresses may be connected to: global unicast, and what the operator lists.
//!
//! The tables are IANA's special-purpose registries turned round: for IPv6 only `2000::/3` is global
//! at all, so new special ranges outside it are denied before anybody hears of them. An IPv4 address
//! inside an IPv6 one (mapped, NAT64, 6to4) is judged as what a router would make of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::EgressError;

/// The operator's exceptions.
#[derive(Debug, Default)]
pub(crate) struct AddressPolicy {
    ranges: Vec<IpNet>,
    places: Vec<SocketAddr>,
}

impl AddressPolicy {
    pub(crate) fn parse(entries: &[String]) -> Result<Self, EgressError> {
        let mut policy = Self::default();
        for entry in entries {
            let entry = entry.trim();
            if let Ok(place) = entry.parse::<SocketAddr>() {
                policy.places.push(SocketAddr::new(plain(place.ip()), place.port()));
            } else if let Ok(range) = entry.parse::<IpNet>() {
                policy.ranges.push(range);
            } else if let Ok(ip) = entry.parse::<IpAddr>() {
                policy.ranges.push(IpNet::from(plain(ip)));
            } else {
                return Err(EgressError::AllowPrivate(entry.to_owned()));
            }
        }
        Ok(policy)
    }

    /// Why this address is denied, or nothing. The text names the remedy where there is one.
    pub(crate) fn denies(&self, address: SocketAddr) -> Option<String> {
        let ip = plain(address.ip());
        if is_metadata(ip) {
            return Some(format!("{ip} is a cloud's metadata service, which is always denied"));
        }
        if is_global(ip) {
            return None;
        }
        let place = SocketAddr::new(ip, address.port());
        if self.places.contains(&place) || self.ranges.iter().any(|range| range.contains(&ip)) {
            return None;
        }
        Some(format!("{ip} is not a public address; to allow it: egress.allow_private = [\"{place}\"]"))
    }
}

/// An IPv4 address that came as `::ffff:a.b.c.d`, which the kernel connects to as IPv4.
fn plain(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

/// Services that hand out credentials to whoever can reach them, wherever the ranges put them.
pub(crate) fn is_metadata(ip: IpAddr) -> bool {
    const V4: [Ipv4Addr; 6] = [
        Ipv4Addr::new(169, 254, 169, 254),
        Ipv4Addr::new(169, 254, 170, 2),
        Ipv4Addr::new(169, 254, 170, 23),
        Ipv4Addr::new(100, 100, 100, 200),
        Ipv4Addr::new(192, 0, 0, 192),
        Ipv4Addr::new(168, 63, 129, 16),
    ];
    const V6: [Ipv6Addr; 3] = [
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
        Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    ];
    match plain(ip) {
        IpAddr::V4(v4) => V4.contains(&v4),
        IpAddr::V6(v6) => V6.contains(&v6) || inside(v6).is_some_and(|v4| V4.contains(&v4)),
    }
}

fn is_global(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_global_v4(v4),
        IpAddr::V6(v6) => is_global_v6(v6),
    }
}

fn is_global_v4(ip: Ipv4Addr) -> bool {
    const DENIED: [Ipv4Net; 15] = [
        v4(0, 0, 0, 0, 8),
        v4(10, 0, 0, 0, 8),
        v4(100, 64, 0, 0, 10),
        v4(127, 0, 0, 0, 8),
        v4(169, 254, 0, 0, 16),
        v4(172, 16, 0, 0, 12),
        v4(192, 0, 0, 0, 24),
        v4(192, 0, 2, 0, 24),
        v4(192, 88, 99, 0, 24),
        v4(192, 168, 0, 0, 16),
        v4(198, 18, 0, 0, 15),
        v4(198, 51, 100, 0, 24),
        v4(203, 0, 113, 0, 24),
        v4(224, 0, 0, 0, 4),
        v4(240, 0, 0, 0, 4),
    ];
    !DENIED.iter().any(|range| range.contains(&ip))
}

fn is_global_v6(ip: Ipv6Addr) -> bool {
    const GLOBAL: Ipv6Net = v6([0x2000, 0, 0], 3);
    const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0], 96);
    const SIX_TO_FOUR: Ipv6Net = v6([0x2002, 0, 0], 16);
    // Protocol assignments with Teredo and ORCHID, and the two documentation ranges.
    const DENIED: [Ipv6Net; 3] = [v6([0x2001, 0, 0], 23), v6([0x2001, 0xdb8, 0], 32), v6([0x3fff, 0, 0], 20)];
    if NAT64.contains(&ip) || SIX_TO_FOUR.contains(&ip) {
        return inside(ip).is_some_and(is_global_v4);
    }
    GLOBAL.contains(&ip) && !DENIED.iter().any(|range| range.contains(&ip))
}

/// The IPv4 address that an IPv6 one leads to.
fn inside(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, _, _, _, g, h] = ip.segments();
    let joined = |high: u16, low: u16| Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low));
    match (a, b, c) {
        (0x2002, high, low) => Some(joined(high, low)),
        (0x2001, 0, _) => Some(joined(!g, !h)),
        (0x64, 0xff9b, _) | (0, 0, 0) => Some(joined(g, h)),
        _ => None,
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(head: [u16; 3], bits: u8) -> Ipv6Net {
    let [a, b, c] = head;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(policy: &AddressPolicy, ip: &str) -> bool {
        policy.denies(SocketAddr::new(ip.parse().expect("an address"), 443)).is_some()
    }

    #[test]
    fn only_global_unicast_passes() {
        let policy = AddressPolicy::default();
        for ip in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.1.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::10.0.0.1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::808:808",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2002:c0a8:101::",
            "2001::1",
            "2001:0:7f00:1::80ff:fffe",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "3fff::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "5f00::1",
        ] {
            assert!(denied(&policy, ip), "{ip} must be denied");
        }
        for ip in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
            "2606:4700::1111",
            "2a00:1450:4001::1",
        ] {
            assert!(!denied(&policy, ip), "{ip} must pass");
        }
    }

    #[test]
    fn metadata_is_denied_even_where_everything_private_is_allowed() {
        let policy = AddressPolicy::parse(&["0.0.0.0/0".to_owned(), "::/0".to_owned()]).expect("two ranges");
        assert!(!denied(&policy, "10.0.0.1"));
        for ip in [
            "169.254.169.254",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "2002:a9fe:a9fe::",
            "2001::5601:5601",
        ] {
            assert!(denied(&policy, ip), "{ip} must be denied");
        }
    }

    #[test]
    fn an_exception_with_a_port_is_for_that_port_only() {
        let policy = AddressPolicy::parse(&["127.0.0.1:8443".to_owned()]).expect("one place");
        let at = |text: &str| policy.denies(text.parse().expect("an address"));
        assert_eq!(at("127.0.0.1:8443"), None);
        assert_eq!(at("[::ffff:127.0.0.1]:8443"), None);
        let refusal = at("127.0.0.1:443").expect("denied");
        assert!(refusal.contains("egress.allow_private = [\"127.0.0.1:443\"]"), "{refusal}");
        assert!(AddressPolicy::parse(&["localhost".to_owned()]).is_err());
    }
}
