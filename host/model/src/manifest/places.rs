//! Addresses that stand in `[config]`: `{config.NAME}` in the place of an address.
//!
//! What a provider's documents do not say plainly, a connector's author assumes, and the operator corrects. An address
//! is no exception: it is written once, as a default of `[config]`, and named where it is used. It is filled in before
//! anything else reads the manifest, so whoever compares, approves, shows or reaches sees plain addresses and knows
//! nothing of this.

use super::{Manifest, problem::Path};

/// What begins the placeholder.
const BEGINS: &str = "{config.";

/// Bytes of a value that is filled in: thousands of paths may name one.
pub(crate) const LONGEST: usize = 2_000;

/// What may be meant by a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Scheme, host and path.
    Url,
    /// Scheme, host and port.
    Origin,
    /// What a path starts with.
    PathPrefix,
}

/// A text with a placeholder of the config in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named<'a> {
    /// What stands before it.
    pub(crate) before: &'a str,
    /// The name in `[config]`.
    pub(crate) name: &'a str,
    /// What stands after it.
    pub(crate) after: &'a str,
}

/// Which part of an address a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// All of its path, behind a host that is written.
    Path,
    /// What stands between two slashes of its path.
    Segment,
}

impl Named<'_> {
    /// Which part of what stands there it is; none where it may not stand.
    pub(crate) fn part(&self, place: Place) -> Option<Part> {
        if self.after.contains(BEGINS) || self.before.contains(['?', '#', '\\']) {
            return None;
        }
        let is_last = self.after.is_empty();
        if self.before.is_empty() {
            return is_last.then_some(Part::Whole);
        }
        let is_segment = self.before.ends_with('/') && (is_last || self.after.starts_with('/'));
        match place {
            Place::Origin => None,
            Place::PathPrefix => (self.before.starts_with('/') && is_segment).then_some(Part::Segment),
            Place::Url if is_host(self.before) => is_last.then_some(Part::Path),
            Place::Url => (is_host(before_path(self.before)) && is_segment).then_some(Part::Segment),
        }
    }
}

/// What stands before the path of an address.
fn before_path(text: &str) -> &str {
    let from = text.find("://").map_or(0, |scheme| scheme + 3);
    let rest = text.get(from..).unwrap_or_default();
    text.get(..from + rest.find('/').unwrap_or(rest.len())).unwrap_or(text)
}

fn is_host(text: &str) -> bool {
    match text.strip_prefix("https://") {
        Some(host) => !host.is_empty() && !host.contains('/'),
        None => text.starts_with('{') && text.ends_with('}') && text.matches('{').count() == 1,
    }
}

/// Whether a value stays between its two slashes.
pub(crate) fn is_segment(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (1..=100).contains(&value.len()) && value.bytes().all(plain) && !matches!(value, "." | "..")
}

/// The first placeholder of the config in `text`.
pub(crate) fn named(text: &str) -> Option<Named<'_>> {
    let (before, rest) = text.split_once(BEGINS)?;
    let (name, after) = rest.split_once('}').unwrap_or((rest, "}"));
    Some(Named { before, name, after })
}

/// Every place of an address, with the way to it, what it is for, and the text.
pub(crate) fn each(manifest: &mut Manifest, visit: &mut dyn FnMut(Path, Place, String, &mut String)) {
    let root = Path::default();
    for (index, auth) in manifest.auths.iter_mut().enumerate() {
        let requests = [
            ("authorize", "login page", &mut auth.authorize),
            ("token", "token address", &mut auth.token),
            ("refresh", "refresh address", &mut auth.refresh),
            ("exchange", "exchange address", &mut auth.exchange),
            ("login", "session's login address", &mut auth.login),
            ("revoke", "revocation address", &mut auth.revoke),
        ];
        for (key, words, request) in requests {
            if let Some(request) = request {
                let path = root.entry("auth", index).key(key).key("url");
                visit(path, Place::Url, format!("{words} ({})", auth.id), &mut request.url);
            }
        }
    }
    for (index, host) in manifest.hosts.iter_mut().enumerate() {
        let path = root.entry("host", index);
        visit(path.key("origin"), Place::Origin, "host".to_owned(), &mut host.origin);
        for (place, prefix) in host.paths.iter_mut().enumerate() {
            visit(path.entry("paths", place), Place::PathPrefix, format!("path of {}", host.origin), prefix);
        }
    }
    for (index, rate) in manifest.rates.iter_mut().enumerate() {
        if let Some(prefix) = &mut rate.path {
            let path = root.entry("rate", index).key("path");
            visit(path, Place::PathPrefix, "path of a rate".to_owned(), prefix);
        }
    }
}

impl Manifest {
    /// The same manifest with its addresses filled in from what its `[config]` says now. What cannot be filled stays as
    /// it is written.
    #[must_use]
    pub fn filled(&self) -> Self {
        let mut filled = self.clone();
        let Some(config) = &self.config else { return filled };
        each(&mut filled, &mut |_, place, _, text| {
            let value = named(text).and_then(|found| {
                let value = config.defaults.get(found.name)?.as_str()?;
                let fits = found.part(place)? != Part::Segment || is_segment(value);
                (fits && value.len() <= LONGEST).then(|| format!("{}{value}{}", found.before, found.after))
            });
            if let Some(value) = value {
                *text = value;
            }
        });
        filled
    }
}
