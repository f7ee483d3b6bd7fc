//! A customer's own address, reduced to scheme, host and port: `https://host[:port]`.
//!
//! People paste what their browser shows, so path, query and fragment are dropped. What decides where a
//! request goes is never repaired: where a reader of addresses might disagree with another one, the value
//! is refused. Whether the operator allows it, and whether its addresses are public, is asked elsewhere
//! and each time.

use url::{Host, Url};

/// Bytes of a host name (RFC 1035).
const LONGEST_HOST: usize = 253;
const EXAMPLE: &str = "Enter it as in https://books.example.com";

/// The origin of what was entered.
pub(crate) fn reduce(entered: &str) -> Result<String, String> {
    let refuse = |why: &str| Err(format!("{why}. {EXAMPLE}"));
    let lower = entered.to_ascii_lowercase();
    let rest = match lower.split_once("://") {
        Some(("https", rest)) => rest,
        Some(("http", _)) => return refuse("Only https:// is taken, because a password goes there"),
        // An address may stand in a query; a scheme ends before the first slash.
        Some((before, _)) if !before.contains(['/', '?', '#']) => return refuse("This is no address of a web site"),
        Some(_) | None => lower.as_str(),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return refuse("This holds a user or a password before the host");
    }
    // A URL parser would drop, turn or decode these, and each repair is a way to another host.
    if entered.contains('\\') || authority.contains(|c: char| c == '%' || c.is_whitespace() || c.is_control()) {
        return refuse("This is no address of a web site");
    }
    let Ok(url) = Url::parse(&format!("https://{authority}/")) else {
        return refuse("This is no address of a web site");
    };
    let host = match url.host() {
        Some(Host::Domain(host)) => host.strip_suffix('.').unwrap_or(host),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => return refuse("Enter the host's name, not its number"),
        None => return refuse("This is no address of a web site"),
    };
    if !is_public_name(host) {
        return refuse("This is no name that the whole internet knows");
    }
    match url.port() {
        Some(0) => refuse("There is no port 0"),
        Some(port) => Ok(format!("https://{host}:{port}")),
        None => Ok(format!("https://{host}")),
    }
}

/// At least two labels of letters, digits and inner hyphens, and not this machine itself.
fn is_public_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.len() <= LONGEST_HOST
        && host.contains('.')
        && host.split('.').all(label)
        && !matches!(last, "localhost" | "localdomain")
        && last.bytes().any(|byte| !byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_people_paste_becomes_scheme_host_and_port() {
        for (entered, origin) in [
            ("https://odoo.acme.example", "https://odoo.acme.example"),
            ("https://odoo.acme.example/", "https://odoo.acme.example"),
            ("odoo.acme.example", "https://odoo.acme.example"),
            ("odoo.acme.example/", "https://odoo.acme.example"),
            ("HTTPS://Odoo.ACME.example", "https://odoo.acme.example"),
            ("https://odoo.acme.example:443", "https://odoo.acme.example"),
            ("https://odoo.acme.example:0443/", "https://odoo.acme.example"),
            ("https://odoo.acme.example:8443", "https://odoo.acme.example:8443"),
            ("odoo.acme.example:8443/web", "https://odoo.acme.example:8443"),
            ("https://odoo.acme.example:/web", "https://odoo.acme.example"),
            ("https://odoo.acme.example/web#action=1&cids=1", "https://odoo.acme.example"),
            ("https://odoo.acme.example/web/login?redirect=https://x.example/", "https://odoo.acme.example"),
            ("odoo.acme.example/?to=http://x.example", "https://odoo.acme.example"),
            ("https://odoo.acme.example?x=a@b", "https://odoo.acme.example"),
            ("https://odoo.acme.example/@me", "https://odoo.acme.example"),
            ("https://odoo.acme.example.", "https://odoo.acme.example"),
            ("https://odoo.acme.example.:8443/", "https://odoo.acme.example:8443"),
            ("https://a-b.c1.example", "https://a-b.c1.example"),
            ("https://1and1.example", "https://1and1.example"),
            ("https://192.168.example", "https://192.168.example"),
            ("https://żółć.example", "https://xn--kda4b0koi.example"),
            ("https://ŻÓŁĆ.example", "https://xn--kda4b0koi.example"),
            ("https://xn--kda4b0koi.example", "https://xn--kda4b0koi.example"),
            ("https://acme。example", "https://acme.example"),
            ("https://ａｃｍｅ.example", "https://acme.example"),
        ] {
            assert_eq!(reduce(entered).as_deref(), Ok(origin), "{entered:?}");
        }
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused() {
        for entered in [
            "",
            "https://",
            "https:///",
            "https:///odoo.acme.example",
            "//odoo.acme.example",
            "/odoo.acme.example",
            "http://odoo.acme.example",
            "HTTP://odoo.acme.example",
            "ftp://odoo.acme.example",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "javascript://odoo.acme.example/%0aalert(1)",
            "data:text/html,x",
            "https:odoo.acme.example",
            "https:/odoo.acme.example",
            "https:\\\\odoo.acme.example",
            "https://odoo.acme.example\\@evil.example",
            "https://evil.example\\.acme.example",
            "https://user@odoo.acme.example",
            "https://user:password@odoo.acme.example",
            "https://@odoo.acme.example",
            "https://odoo.acme.example@evil.example",
            "user@odoo.acme.example",
            "https://https://odoo.acme.example",
            "https://odoo.acme.example:0",
            "https://odoo.acme.example:65536",
            "https://odoo.acme.example:-1",
            "https://odoo.acme.example:80a",
            "https://odoo.acme.example:8443:443",
            // This machine and names without a dot.
            "localhost",
            "https://localhost",
            "https://LOCALHOST:8443",
            "https://localhost.",
            "https://odoo.localhost",
            "https://localhost.localdomain",
            "https://odoo",
            "odoo:8443",
            "https://odoo.",
            "https://example",
            // Addresses in every notation that a parser or resolver knows.
            "https://127.0.0.1",
            "127.0.0.1:8443",
            "https://127.1",
            "https://127.0.1",
            "https://2130706433",
            "https://0x7f000001",
            "https://0x7f.0.0.1",
            "https://0x7f.1",
            "https://017700000001",
            "https://0177.0.0.1",
            "https://0177.0x0.1",
            "https://127.0.0.1.",
            "https://169.254.169.254/latest/meta-data",
            "https://0xa9fea9fe",
            "https://8.8.8.8",
            "https://999.1.1.1",
            "https://1.2.3.4.5",
            "https://example.1",
            "https://example.0x7f",
            "https://１２７.0.0.1",
            "https://①②⑦.0.0.1",
            "https://127。0。0。1",
            "https://[::1]",
            "https://[::ffff:127.0.0.1]:8443",
            "[::1]",
            "https://[fe80::1%25eth0]",
            "https://::1",
            // Names that are none.
            "https://.acme.example",
            "https://acme..example",
            "https://acme.example..",
            "https://-acme.example",
            "https://acme-.example",
            "https://odoo_1.acme.example",
            "https://*.acme.example",
            "https://{tenant}.acme.example",
            "https://acme%2eexample",
            "https://acme%00.example",
            "https://acme.example%2f.evil.example",
            "https://ac me.example",
            "https://ac\tme.example",
            "https://acme.exa\nmple",
            "https://acme\u{200b}",
            "https://\u{202e}",
            "https://xn--.example",
        ] {
            assert!(reduce(entered).is_err(), "{entered:?} becomes {:?}", reduce(entered));
        }
        assert!(reduce(&format!("https://{}.example", "a".repeat(64))).is_err());
        assert!(reduce(&format!("https://{}example", "a.".repeat(130))).is_err());
    }

    #[test]
    fn no_message_quotes_what_was_entered() {
        for entered in ["https://canary:canary@acme.example", "http://canary.example", "https://canary"] {
            assert!(!reduce(entered).expect_err(entered).contains("canary"));
        }
    }

    proptest! {
        #[test]
        fn whatever_is_taken_is_a_name_over_https_and_is_taken_again_as_it_is(
            entered in "(https://)?[a-z0-9A-Zżß._@:%/\\\\\\[\\]-]{1,30}(:[0-9]{1,5})?(/.{0,10})?",
        ) {
            if let Ok(origin) = reduce(&entered) {
                prop_assert_eq!(reduce(&origin), Ok(origin.clone()));
                let url = Url::parse(&origin).expect("an address");
                prop_assert_eq!(url.scheme(), "https");
                prop_assert!(matches!(url.host(), Some(Host::Domain(host)) if host.contains('.')));
                prop_assert_eq!(url.origin().ascii_serialization(), origin);
            }
        }
    }
}
