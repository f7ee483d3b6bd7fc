//! Which registries may be asked, as whom, and where they may send us.

use patchbay_model::{Code, Fault, Secret};

use super::{Reference, reference::is_registry};

/// The operator's word on registries. By itself it allows none.
#[derive(Debug, Clone, Default)]
pub struct Registries {
    /// What may be fetched.
    pub allowed: Vec<Place>,
    /// Hosts to which an allowed registry may send us, for a token or for the bytes.
    pub also: Vec<String>,
    /// Who we are where a registry asks.
    pub logins: Vec<RegistryLogin>,
}

/// A registry, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    registry: String,
    /// Repositories begin with it; empty for all of them.
    prefix: String,
}

/// A name and password for one registry.
#[derive(Debug, Clone)]
pub struct RegistryLogin {
    /// Its host, with the port where it has one.
    pub registry: String,
    /// The name.
    pub user: String,
    /// The password, or what stands in its place.
    pub password: Secret,
}

impl Place {
    /// Reads `HOST[:PORT][/PREFIX]`; none where it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (registry, prefix) = text.split_once('/').unwrap_or((text, ""));
        let prefix = prefix.trim_end_matches('/');
        let named =
            |part: &str| part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
        let whole = prefix.is_empty() || prefix.split('/').all(|part| !part.is_empty() && named(part));
        (is_registry(registry) && whole).then(|| Self { registry: registry.to_owned(), prefix: prefix.to_owned() })
    }

    fn holds(&self, reference: &Reference) -> bool {
        let inside = || {
            let rest = reference.repository().strip_prefix(&self.prefix)?;
            // `acme` is not the beginning of `acme-evil`.
            (self.prefix.is_empty() || rest.is_empty() || rest.starts_with('/')).then_some(())
        };
        self.registry == reference.registry() && inside().is_some()
    }
}

impl Registries {
    /// Refuses a reference that the operator did not allow.
    pub(super) fn allow(&self, reference: &Reference) -> Result<(), Fault> {
        if self.allowed.iter().any(|place| place.holds(reference)) {
            return Ok(());
        }
        let (registry, repository) = (reference.registry(), reference.repository());
        Err(Fault::because(
            Code::RegistryNotAllowed,
            format!(
                "{registry}/{repository} is not allowed; to allow it: registries.allowed = [\"{registry}/{repository}\"]"
            ),
        ))
    }

    /// Whether this host may be gone to because `registry` said so.
    pub(super) fn may_lead(&self, registry: &str, host: &str) -> bool {
        host == registry || self.also.iter().any(|also| also == host)
    }

    /// Whether anything may be fetched from this host.
    pub(crate) fn knows(&self, host: &str) -> bool {
        self.allowed.iter().any(|place| place.registry == host) || self.also.iter().any(|also| also == host)
    }

    pub(super) fn login(&self, registry: &str) -> Option<&RegistryLogin> {
        self.logins.iter().find(|login| login.registry == registry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_registry_or_the_beginning_of_its_repositories() {
        let allowed = ["ghcr.io/acme", "registry.example"].iter().filter_map(|text| Place::parse(text)).collect();
        let registries = Registries { allowed, ..Registries::default() };
        for (text, is) in [
            ("ghcr.io/acme/books:1", true),
            ("ghcr.io/acme:1", true),
            ("ghcr.io/acme-evil/books:1", false),
            ("ghcr.io/other/acme:1", false),
            ("registry.example/any/thing:1", true),
            ("registry.example:8443/any/thing:1", false),
            ("evil.registry.example/any:1", false),
        ] {
            let reference = Reference::parse(text).expect(text);
            assert_eq!(registries.allow(&reference).is_ok(), is, "{text}");
        }
        assert!(Registries::default().allow(&Reference::parse("ghcr.io/acme/books:1").expect("one")).is_err());
    }

    #[test]
    fn what_is_no_place_is_none() {
        for text in ["", "acme", "https://ghcr.io", "ghcr.io//x", "ghcr.io/A", "ghcr.io/a b", "*.io/acme"] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
        assert_eq!(Place::parse("ghcr.io/acme/"), Place::parse("ghcr.io/acme"));
    }
}
