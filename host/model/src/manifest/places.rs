//! Addresses that stand in `[config]`: `{config.NAME}` in the place of an address.
//!
//! What a provider's documents do not say plainly, a connector's author assumes, and the operator corrects. An address
//! is no exception: it is written once, as a default of `[config]`, and named where it is used. It is filled in before
//! anything else reads the manifest, so whoever compares, approves, shows or reaches sees plain addresses and knows
//! nothing of this.

use super::{Manifest, problem::Path};

/// What begins the placeholder.
const BEGINS: &str = "{config.";

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
    /// What stands before it: the host of an address whose path it is.
    pub(crate) before: &'a str,
    /// The name in `[config]`.
    pub(crate) name: &'a str,
    /// What stands after it; nothing may.
    pub(crate) after: &'a str,
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
        each(&mut filled, &mut |_, _, _, text| {
            let value = named(text).and_then(|found| {
                let value = config.defaults.get(found.name)?.as_str()?;
                found.after.is_empty().then(|| format!("{}{value}", found.before))
            });
            if let Some(value) = value {
                *text = value;
            }
        });
        filled
    }
}
