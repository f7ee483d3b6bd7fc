//! One label of a host name, out of a bare word or a pasted address.
//!
//! Read by hand and letter by letter: a URL parser repairs what it is given (backslashes, tabs,
//! percent signs, full-width letters), and each repair is a way to another host.

/// The label before `suffix`, lower case.
///
/// `acme`, `acme.example.com`, `https://acme.example.com` and the last with one `/` are taken.
pub(super) fn reduce(entered: &str, suffix: Option<&str>) -> Result<String, String> {
    let suffix = suffix.map(|suffix| format!(".{}", suffix.trim_start_matches('.').to_ascii_lowercase()));
    let example = match &suffix {
        Some(suffix) => format!("Enter only the first part: acme of https://acme{suffix}"),
        None => "Enter one word: letters, digits and hyphens".to_owned(),
    };
    if !entered.is_ascii() {
        return Err(format!("This holds letters that are not of the plain alphabet. {example}"));
    }
    let lower = entered.to_ascii_lowercase();
    let host = ["https://", "http://"].iter().find_map(|scheme| lower.strip_prefix(scheme));
    let label = match (host, suffix.as_deref()) {
        // An address has to be one of the provider's.
        (Some(host), Some(suffix)) => host.strip_suffix('/').unwrap_or(host).strip_suffix(suffix),
        (Some(_), None) => None,
        (None, Some(suffix)) => Some(lower.strip_suffix(suffix).unwrap_or(&lower)),
        (None, None) => Some(lower.as_str()),
    };
    label.filter(|label| is_plain_label(label)).map(str::to_owned).ok_or(example)
}

/// Letters, digits and inner hyphens, at most 63, and not an encoded foreign alphabet (`xn--`).
fn is_plain_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    (1..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
        && bytes.get(2..4) != Some(b"--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_word_or_a_pasted_address_becomes_one_label() {
        for entered in [
            "acme",
            "ACME",
            "acme.example.com",
            "https://acme.example.com",
            "https://acme.example.com/",
            "http://Acme.Example.com",
        ] {
            for suffix in [".example.com", "example.com", ".EXAMPLE.com"] {
                assert_eq!(reduce(entered, Some(suffix)).as_deref(), Ok("acme"), "{entered} before {suffix}");
            }
        }
        assert_eq!(reduce("my-firm-2", None).as_deref(), Ok("my-firm-2"));
    }

    #[test]
    fn an_address_of_somebody_else_is_refused() {
        let attacks = [
            "evil.com",
            "acme.evil.com",
            "https://evil.com",
            "https://evil.com/acme.example.com",
            "https://acme.example.com.evil.com",
            "https://acme.example.com@evil.com",
            "https://user:password@acme.example.com",
            "evil.com#.example.com",
            "evil.com/.example.com",
            "evil.com?.example.com",
            "evil.com\\.example.com",
            "https://evil.com%2f.example.com",
            "https:\\\\acme.example.com",
            "//acme.example.com",
            "javascript:alert(1)//.example.com",
            "ftp://acme.example.com",
            "https://acme.example.com:8443",
            "acme:8443",
            "https://acme.example.com/web/login",
            "https://acme.example.com//",
            "a.b.example.com",
            "https://acmeexample.com",
            "https://acme",
            "https://example.com",
            "https://.example.com",
            ".example.com",
            "acme.",
            "acme..example.com",
            "acme.example.com.",
            "xn--cme-5cd.example.com",
            "аcme",
            "acme。example。com",
            "ａｃｍｅ",
            "acme\u{200b}",
            "ac me",
            "ac\tme",
            "acme%00",
            "-acme",
            "acme-",
            "acme_1",
            "*",
            "{tenant}",
            "..",
            "127.0.0.1",
            "[::1]",
            "https://https://acme.example.com",
        ];
        for attack in attacks {
            assert!(reduce(attack, Some(".example.com")).is_err(), "{attack:?}");
        }
        assert!(reduce(&"a".repeat(64), Some(".example.com")).is_err());
        assert!(reduce("https://acme", None).is_err());
    }
}
