//! What no approval can exceed: the bounds of a deployment, whatever its operators approve.
//!
//! They are configuration, so that a person with an API key cannot move them. They are compared with what a release asks
//! when it is installed and when it is approved, and they hold once more where work begins: a release that was approved
//! before a bound was lowered keeps working within it, and not beyond.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    CustomerOrigins,
    manifest::{Asks, LimitsAsked},
};

/// The bounds of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceiling {
    /// Hosts that may be reached and logged in at.
    pub hosts: HostPatterns,
    /// Memory of one instance, MiB.
    pub memory_mib: Option<u32>,
    /// Time of one run, minutes.
    pub run_minutes: Option<u32>,
    /// Whether anything may be written at all.
    pub push: bool,
    /// Which addresses of customers' own may be granted.
    pub customer_origins: OriginsCeiling,
}

impl Default for Ceiling {
    fn default() -> Self {
        Self {
            hosts: HostPatterns::default(),
            memory_mib: None,
            run_minutes: None,
            push: true,
            customer_origins: OriginsCeiling::AnyPublic,
        }
    }
}

/// Which addresses of customers' own an operator may grant at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OriginsCeiling {
    /// None.
    None,
    /// Those that he lists one by one.
    Listed,
    /// Any that is public.
    #[default]
    AnyPublic,
}

/// Hosts, some with `*.` in front for all below them; everything where nothing was said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostPatterns(Option<Arc<[String]>>);

impl HostPatterns {
    /// These, and no others.
    ///
    /// # Errors
    /// The first one that is no pattern.
    pub fn only(patterns: Vec<String>) -> Result<Self, String> {
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let fits = |pattern: &str| {
            let host = pattern.strip_prefix("*.").unwrap_or(pattern);
            pattern == "*" || (host.len() <= 253 && host.split('.').all(label))
        };
        match patterns.iter().find(|pattern| !fits(pattern)) {
            Some(wrong) => Err(wrong.clone()),
            None => Ok(Self(Some(patterns.into()))),
        }
    }

    /// Whether a host (lower case, without a port) is among them.
    #[must_use]
    pub fn allow(&self, host: &str) -> bool {
        let Some(patterns) = &self.0 else { return true };
        patterns.iter().any(|pattern| match pattern.strip_prefix('*') {
            // `*` alone leaves an end that everything has.
            Some(end) => host.len() > end.len() && host.ends_with(end),
            None => host == pattern,
        })
    }
}

impl Ceiling {
    /// What goes beyond it, in plain words, each with the key of the configuration that says so.
    #[must_use]
    pub fn exceeded(&self, asks: &Asks) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut beyond = |line: String, key: &str| lines.push(format!("{line} (`connectors.ceiling.{key}`)"));
        for host in asks.hosts().iter().filter(|host| !self.hosts.allow(host)) {
            beyond(format!("reaches {host}, which is none of the hosts that are allowed here"), "hosts");
        }
        let limits = asks.limits;
        if let Some(most) = self.memory_mib.filter(|most| limits.memory_mib > *most) {
            beyond(format!("uses {} MiB of memory, and {most} are the most", limits.memory_mib), "memory_mib");
        }
        if let Some(most) = self.run_minutes.filter(|most| limits.run_minutes > *most) {
            beyond(format!("runs for {} minutes, and {most} are the most", limits.run_minutes), "run_minutes");
        }
        if asks.push && !self.push {
            beyond("writes to the provider, and nothing may be written from here".to_owned(), "push");
        }
        if !asks.customer_origins.is_empty() && self.customer_origins == OriginsCeiling::None {
            beyond("asks for addresses of customers' own, and none may be granted".to_owned(), "customer_origins");
        }
        lines
    }

    /// What is left of a release's limits.
    #[must_use]
    pub fn limits(&self, asked: LimitsAsked) -> LimitsAsked {
        LimitsAsked {
            memory_mib: self.memory_mib.map_or(asked.memory_mib, |most| most.min(asked.memory_mib)),
            run_minutes: self.run_minutes.map_or(asked.run_minutes, |most| most.min(asked.run_minutes)),
        }
    }

    /// What is left of a grant of customers' own addresses.
    #[must_use]
    pub fn origins(&self, granted: CustomerOrigins) -> CustomerOrigins {
        match (self.customer_origins, granted) {
            (OriginsCeiling::AnyPublic, granted) => granted,
            (OriginsCeiling::Listed, CustomerOrigins::Listed(listed)) => CustomerOrigins::Listed(listed),
            (OriginsCeiling::Listed | OriginsCeiling::None, _) => CustomerOrigins::None,
        }
    }
}

impl Asks {
    /// Every host that is reached or logged in at, without ports, with something in the place of what a person enters. A
    /// customer's own address is none of them: the operator grants those one by one.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        let regions = || self.logins.values().flat_map(|login| login.regions.values());
        let reached = self.reach.iter().flat_map(|part| spread(&part.origin, &mut regions()));
        let logins = self.logins.values().flat_map(|login| {
            let requests =
                [&login.authorize, &login.token, &login.refresh, &login.exchange, &login.login, &login.revoke];
            let origins = requests.into_iter().flatten().map(|request| request.origin().to_owned());
            origins.flat_map(|origin| spread(&origin, &mut login.regions.values())).collect::<Vec<_>>()
        });
        let mut hosts: Vec<String> = reached.chain(logins).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }
}

fn spread(origin: &str, regions: &mut dyn Iterator<Item = &BTreeMap<String, String>>) -> Vec<String> {
    let Some(host) = origin.strip_prefix("https://") else { return Vec::new() };
    let hosts = crate::manifest::asks::hosts_of(host, regions);
    hosts.into_iter().map(|host| without_fields(host.split(':').next().unwrap_or_default())).collect()
}

/// What a person enters is one label, whichever: `{shop}.example.com` is what stands below `example.com`.
fn without_fields(host: &str) -> String {
    let mut plain = String::new();
    let mut rest = host;
    while let Some((before, after)) = rest.split_once('{') {
        plain.push_str(before);
        plain.push('…');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::parse::parse;

    const BOOKS: &str = r#"
id = "acme.books"
version = "1.0.0"
contract = "0.1.0"
name = "Books"
category = "accounting"
summary = "Books."
limits = { memory-mib = 64, run-minutes = 30 }
auth = [{ id = "key", kind = "oauth2", label = "K", authorize = { url = "https://login.acme.example/a" }, token = { url = "https://{region.login}/t" }, region-by = { from = "field:place" }, field = [{ id = "shop", label = "S", type = "subdomain", suffix = ".acme.example" }, { id = "place", label = "P", type = "select", options = ["eu", "us"] }, { id = "own", label = "O", type = "origin" }], region = [{ id = "eu", label = "E", values = { login = "eu.acme.example" } }, { id = "us", label = "U", values = { login = "us.other.example" } }], slot = [{ id = "main", standard = true, place = "header", name = "Authorization", value = "Bearer {access_token}" }] }]
host = [{ origin = "https://{shop}.acme.example", methods = ["GET"], slots = ["main"], reason = "r" }, { origin = "https://api.acme.example:8443", methods = ["GET"], reason = "r" }, { origin = "{own}", methods = ["GET"], reason = "The server that is entered as O: r" }]
stream = [{ name = "a", title = "A", key = ["/id"], schedule = "1h", function = "tasks", meaning = "m" }]
action = [{ name = "b", title = "B", function = "tasks", meaning = "m", schema = '{"type": "object"}', idempotency = "none" }]
"#;

    fn asks() -> Asks {
        parse(BOOKS, &|_| None).unwrap_or_else(|problems| panic!("{problems:#?}")).asks()
    }

    fn only(patterns: &[&str]) -> HostPatterns {
        HostPatterns::only(patterns.iter().map(|pattern| (*pattern).to_owned()).collect()).unwrap()
    }

    #[test]
    fn every_host_of_reach_and_login_is_one_that_the_ceiling_is_asked_about() {
        let hosts = ["api.acme.example", "eu.acme.example", "login.acme.example", "us.other.example", "….acme.example"];
        assert_eq!(asks().hosts(), hosts);
    }

    #[test]
    fn whatever_goes_beyond_is_named_with_its_key() {
        assert_eq!(Ceiling::default().exceeded(&asks()), Vec::<String>::new());
        let ceiling = Ceiling {
            hosts: only(&["*.acme.example"]),
            memory_mib: Some(63),
            run_minutes: Some(29),
            push: false,
            customer_origins: OriginsCeiling::None,
        };
        let lines = ceiling.exceeded(&asks());
        for (line, part) in lines.iter().zip(["us.other.example", "64 MiB", "30 minutes", "writes", "customers' own"]) {
            assert!(line.contains(part) && line.contains("`connectors.ceiling."), "{line}");
        }
        assert_eq!(lines.len(), 5, "{lines:?}");
        let wide = Ceiling { hosts: only(&["*"]), memory_mib: Some(64), run_minutes: Some(30), ..Ceiling::default() };
        assert_eq!(wide.exceeded(&asks()), Vec::<String>::new());
    }

    #[test]
    fn a_pattern_allows_a_host_or_all_below_it() {
        let patterns = only(&["api.acme.example", "*.shops.example"]);
        for (host, allowed) in [
            ("api.acme.example", true),
            ("v2.api.acme.example", false),
            ("acme.example", false),
            ("a.shops.example", true),
            ("a.b.shops.example", true),
            ("shops.example", false),
            ("evilshops.example", false),
            (".shops.example", false),
        ] {
            assert_eq!(patterns.allow(host), allowed, "{host}");
        }
        assert!(!only(&[]).allow("a.example") && HostPatterns::default().allow("a.example"));
        for wrong in ["", "https://a.example", "a..b", "*a.example", "A.example", "a.*.example", "a.example/", "a b"] {
            assert!(HostPatterns::only(vec![wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_was_approved_before_keeps_working_within_the_ceiling() {
        let ceiling = Ceiling { memory_mib: Some(32), run_minutes: Some(60), ..Ceiling::default() };
        let left = ceiling.limits(LimitsAsked { memory_mib: 64, run_minutes: 30 });
        assert_eq!(left, LimitsAsked { memory_mib: 32, run_minutes: 30 });
        let listed = || CustomerOrigins::Listed(vec!["https://a.example".to_owned()]);
        for (at_most, granted, is) in [
            (OriginsCeiling::AnyPublic, CustomerOrigins::AnyPublic, CustomerOrigins::AnyPublic),
            (OriginsCeiling::Listed, CustomerOrigins::AnyPublic, CustomerOrigins::None),
            (OriginsCeiling::Listed, listed(), listed()),
            (OriginsCeiling::None, listed(), CustomerOrigins::None),
            (OriginsCeiling::AnyPublic, CustomerOrigins::None, CustomerOrigins::None),
        ] {
            let ceiling = Ceiling { customer_origins: at_most, ..Ceiling::default() };
            assert_eq!(ceiling.origins(granted), is);
        }
    }
}
