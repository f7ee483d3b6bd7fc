//! Whether a grant covers a request, and the refusal that names the missing manifest line.

use std::collections::BTreeMap;

use patchbay_model::manifest::Host;

use crate::{
    Grant,
    target::{Origin, Target},
    template::{fill, percent},
};

/// The `[[host]]` that covers this request.
pub(crate) fn find<'g>(grant: &'g Grant, method: &str, target: &Target) -> Result<&'g Host, String> {
    let here: Vec<&Host> = grant
        .hosts
        .iter()
        .filter(|host| origin(&host.origin, &grant.placeholders).as_ref() == Some(&target.origin))
        .collect();
    if here.is_empty() {
        return Err(format!(
            "requests to {} are not granted; to allow them, add to connector.toml:\n[[host]]\norigin = \"{}\"",
            target.origin, target.origin
        ));
    }
    let on_path = |host: &&&Host| host.paths.iter().any(|prefix| covers(prefix, &grant.placeholders, &target.path));
    let with_path: Vec<&&Host> = here.iter().filter(on_path).collect();
    if with_path.is_empty() {
        return Err(format!(
            "{}{} is not granted; to allow it, add to the [[host]] of that origin:\npaths = [… \"{}\"]",
            target.origin, target.path, target.path
        ));
    }
    with_path.into_iter().find(|host| host.methods.iter().any(|granted| granted == method)).copied().ok_or_else(|| {
        format!(
            "{method} to {}{} is not granted; to allow it, add to the [[host]] of that origin:\nmethods = [… \"{method}\"]",
            target.origin, target.path
        )
    })
}

/// Whether a person's entry made this origin: the manifest names it with a placeholder only. Two
/// connections then ask servers that have nothing in common.
pub(crate) fn is_entered(grant: &Grant, target: &Origin) -> bool {
    let mut here = grant.hosts.iter().filter(|host| origin(&host.origin, &grant.placeholders).as_ref() == Some(target));
    here.clone().next().is_some() && here.all(|host| host.origin.contains('{'))
}

/// An origin of the manifest with its placeholders filled; none when that gives no origin, so a
/// connection whose fields are missing reaches nothing.
fn origin(text: &str, placeholders: &BTreeMap<String, String>) -> Option<Origin> {
    let filled = fill(text, |name| placeholders.get(name).filter(|value| is_label(value)).cloned()).ok()?;
    Origin::parse(&filled).ok()
}

/// One label: a person's entry cannot add another level, a port or a path.
fn is_label(value: &str) -> bool {
    !value.is_empty() && value.len() <= 63 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Whether `path` is at or below a prefix: `/a` covers `/a` and `/a/b`, not `/ab`.
pub(crate) fn covers(prefix: &str, placeholders: &BTreeMap<String, String>, path: &str) -> bool {
    let segment = |name: &str| placeholders.get(name).filter(|value| !value.is_empty()).map(|value| percent(value));
    let Ok(prefix) = fill(prefix, segment) else {
        return false;
    };
    match path.strip_prefix(prefix.as_str()) {
        Some(rest) => rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        let host = |origin: &str, paths: &[&str], methods: &[&str]| Host {
            origin: origin.to_owned(),
            ports: Vec::new(),
            paths: paths.iter().map(|&path| path.to_owned()).collect(),
            methods: methods.iter().map(|&method| method.to_owned()).collect(),
            slots: Vec::new(),
            reason: String::new(),
        };
        Grant {
            hosts: vec![
                host("https://live.example.com", &["/api/v4/f/{firm_id}/"], &["GET"]),
                host("https://{shop}.example.net", &["/"], &["GET", "POST"]),
            ],
            placeholders: BTreeMap::from([
                ("firm_id".to_owned(), "12 3".to_owned()),
                ("shop".to_owned(), "acme".to_owned()),
            ]),
            ..Grant::default()
        }
    }

    fn refusal(grant: &Grant, method: &str, url: &str) -> Option<String> {
        find(grant, method, &Target::parse(url).expect("a target")).err()
    }

    #[test]
    fn a_grant_covers_its_origin_paths_and_methods() {
        let grant = grant();
        assert_eq!(refusal(&grant, "GET", "https://live.example.com/api/v4/f/12%203/companies?x=1"), None);
        assert_eq!(refusal(&grant, "POST", "https://acme.example.net/a"), None);
    }

    #[test]
    fn a_refusal_names_the_missing_line() {
        let grant = grant();
        let at = |method, url| refusal(&grant, method, url).expect("a refusal");
        assert!(at("GET", "https://evil.example/x").contains("[[host]]\norigin = \"https://evil.example\""));
        assert!(at("GET", "https://live.example.com/api/v4/f/4/x").contains("paths = [… \"/api/v4/f/4/x\"]"));
        assert!(at("POST", "https://live.example.com/api/v4/f/12%203/x").contains("methods = [… \"POST\"]"));
        assert!(at("GET", "https://live.example.com:8443/api/v4/f/12%203/x").contains("https://live.example.com:8443"));
        assert!(at("GET", "https://other.example.net/").contains("https://other.example.net"));
    }

    #[test]
    fn a_person_cannot_widen_a_host_by_what_they_enter() {
        for shop in ["evil.example/", "a.b", "evil.example#", "", "a:80", "x@y", "evil.example%2f"] {
            let mut grant = grant();
            grant.placeholders.insert("shop".to_owned(), shop.to_owned());
            for url in ["https://evil.example/.example.net", "https://a.b.example.net/", "https://evil.example/"] {
                assert!(refusal(&grant, "GET", url).is_some(), "{shop} at {url}");
            }
        }
    }

    #[test]
    fn a_prefix_ends_at_a_segment() {
        let none = BTreeMap::new();
        assert!(covers("/user", &none, "/user") && covers("/user", &none, "/user/repos") && covers("/", &none, "/x"));
        assert!(!covers("/user", &none, "/users") && !covers("/user/", &none, "/user"));
        assert!(!covers("/f/{id}/", &none, "/f/{id}/x"));
    }
}
