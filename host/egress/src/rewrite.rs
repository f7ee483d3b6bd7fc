//! Where a connection is opened instead, for tests and the demo.
//!
//! Everything else keeps the original: the allow-list, `Host`, SNI, the certificate's name. So the
//! real connector, unchanged, talks to a fake. An entry whose origin is `*` stands for every origin that no other entry
//! names, so that a host which is to reach nobody reaches nobody, whatever its connectors are granted.

use std::collections::HashMap;

use url::Url;

use crate::{EgressError, Rewrite, target::Origin};

/// The origin of an entry that stands for all others.
const EVERY: &str = "*";

/// The rewrites by origin.
#[derive(Debug, Default)]
pub(crate) struct Rewrites {
    named: HashMap<Origin, Elsewhere>,
    every: Option<Elsewhere>,
}

/// Where one origin's connections are opened.
#[derive(Debug, Clone)]
pub(crate) struct Elsewhere {
    /// Whether TLS is spoken there; without it the request is sent plain.
    pub(crate) tls: bool,
    /// A name or an address, as the operator wrote it; not judged by the address policy.
    pub(crate) host: String,
    pub(crate) port: u16,
    browser: Option<Url>,
}

impl Rewrites {
    pub(crate) fn parse(entries: &[Rewrite]) -> Result<Self, EgressError> {
        let refuse = |value: &str, reason| EgressError::Rewrite { value: value.to_owned(), reason };
        let mut rewrites = Self::default();
        for entry in entries {
            let connect = plain_origin(&entry.connect).map_err(|reason| refuse(&entry.connect, reason))?;
            let browser = match &entry.browser {
                Some(text) => Some(plain_origin(text).map_err(|reason| refuse(text, reason))?),
                None => None,
            };
            let host = connect.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            let port = connect.port_or_known_default().unwrap_or(443);
            let elsewhere = Elsewhere { tls: connect.scheme() == "https", host, port, browser };
            let before = if entry.origin == EVERY {
                rewrites.every.replace(elsewhere)
            } else {
                let origin = Origin::parse(&entry.origin).map_err(|reason| refuse(&entry.origin, reason))?;
                rewrites.named.insert(origin, elsewhere)
            };
            if before.is_some() {
                return Err(refuse(&entry.origin, "stands there twice"));
            }
        }
        Ok(rewrites)
    }

    pub(crate) fn of(&self, origin: &Origin) -> Option<&Elsewhere> {
        self.named.get(origin).or(self.every.as_ref())
    }

    /// The address with the browser's origin in place of its own.
    pub(crate) fn browser(&self, url: &Url) -> Url {
        let origin = Origin::parse(&url.origin().ascii_serialization()).ok();
        let Some(shown) = origin.as_ref().and_then(|origin| self.of(origin)).and_then(|there| there.browser.as_ref())
        else {
            return url.clone();
        };
        let mut moved = shown.clone();
        moved.set_path(url.path());
        moved.set_query(url.query());
        moved.set_fragment(url.fragment());
        moved
    }
}

/// `http(s)://host[:port]` and nothing more.
fn plain_origin(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is no address")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("begins with neither http:// nor https://");
    }
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        return Err("has more than scheme, host and port");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_sent_to_its_own_origin_with_everything_else_kept() {
        let rewrites = Rewrites::parse(&[Rewrite {
            origin: "https://github.com".to_owned(),
            connect: "http://127.0.0.1:9001".to_owned(),
            browser: Some("http://localhost:9001".to_owned()),
        }])
        .expect("a rewrite");
        let url = Url::parse("https://github.com/login/oauth/authorize?state=a%2Fb").expect("a URL");
        assert_eq!(rewrites.browser(&url).as_str(), "http://localhost:9001/login/oauth/authorize?state=a%2Fb");
        let other = Url::parse("https://gitlab.com/x").expect("a URL");
        assert_eq!(rewrites.browser(&other), other);
    }

    #[test]
    fn every_origin_is_elsewhere_that_no_other_entry_names() {
        let entry = |origin: &str, port: u16| Rewrite {
            origin: origin.to_owned(),
            connect: format!("http://127.0.0.1:{port}"),
            browser: None,
        };
        let rewrites = Rewrites::parse(&[entry("*", 1), entry("https://a.example", 2)]).expect("rewrites");
        let port = |origin: &str| {
            let origin = Origin::parse(origin).expect("an origin");
            rewrites.of(&origin).map(|there| there.port)
        };
        assert_eq!((port("https://a.example"), port("https://b.example:8443")), (Some(2), Some(1)));
        assert!(Rewrites::parse(&[entry("*", 1), entry("*", 2)]).is_err(), "one of them would not count");
        assert!(Rewrites::parse(&[entry("https://*", 1)]).is_err(), "no part of an origin is a pattern");
    }

    #[test]
    fn a_rewrite_says_only_origins() {
        for (origin, connect) in [
            ("http://github.com", "http://127.0.0.1:1"),
            ("https://127.0.0.1", "http://127.0.0.1:1"),
            ("https://github.com/x", "http://127.0.0.1:1"),
            ("https://github.com", "http://127.0.0.1:1/x"),
            ("https://github.com", "ftp://127.0.0.1"),
        ] {
            let entry = Rewrite { origin: origin.to_owned(), connect: connect.to_owned(), browser: None };
            assert!(Rewrites::parse(&[entry]).is_err(), "{origin} to {connect}");
        }
    }
}
