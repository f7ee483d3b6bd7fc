//! What a registry says when it wants to know who asks: `WWW-Authenticate`.

/// What it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// Name and password with each request.
    Basic,
    /// A token, to be had at `realm`.
    Bearer { realm: String, service: Option<String> },
}

/// Bytes of a value that is read.
const LONGEST: usize = 2 * 1024;

impl Challenge {
    /// Reads one header; none where nothing in it can be answered.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let realm = parameter(rest, "realm")?;
        Some(Self::Bearer { realm, service: parameter(rest, "service") })
    }
}

/// The value of `name="value"` or `name=value`. A quoted value holds no quotes here: no registry has one.
fn parameter(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        let (key, after) = rest.split_once('=')?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        if key.trim().eq_ignore_ascii_case(name) {
            return (!value.is_empty()).then(|| value.trim().to_owned());
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read_as_registries_write_it() {
        let usual =
            r#"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push""#;
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) })
        };
        assert_eq!(Challenge::read(usual), bearer("https://auth.example/token", Some("registry.example")));
        let turned = r#"bearer scope="a,realm=evil", realm=https://auth.example/token"#;
        assert_eq!(Challenge::read(turned), bearer("https://auth.example/token", None));
        assert_eq!(Challenge::read(r#"Basic realm="x""#), Some(Challenge::Basic));
    }

    #[test]
    fn what_cannot_be_answered_is_none() {
        for text in ["", "Bearer", "Bearer service=\"x\"", "Bearer realm=\"", "Negotiate abc", "Bearer realm"] {
            assert_eq!(Challenge::read(text), None, "{text:?}");
        }
        assert_eq!(Challenge::read(&format!("Bearer realm=\"{}\"", "x".repeat(LONGEST))), None);
    }
}
