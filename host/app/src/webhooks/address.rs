//! Which addresses can be an endpoint. Where one leads is judged by the gate at every attempt, because a name may
//! lead elsewhere by then; here only what no attempt could ever reach is refused, and what two parsers could read
//! in two ways.

use url::{Host, Url};

/// Bytes of an address.
const LONGEST: usize = 2_000;

/// The address as it is sent, or what is wrong with it.
pub(super) fn checked(text: &str) -> Result<String, String> {
    if text.len() > LONGEST {
        return Err("is longer than 2,000 bytes".to_owned());
    }
    let Ok(address) = Url::parse(text) else {
        return Err("must be a whole address that begins with https://".to_owned());
    };
    if address.scheme() != "https" {
        return Err("must begin with https://".to_owned());
    }
    if !address.username().is_empty() || address.password().is_some() || text.contains('@') {
        return Err("must not carry a user, nor an @; write %40 in a path".to_owned());
    }
    if address.fragment().is_some() {
        return Err("must not have a fragment, which is never sent".to_owned());
    }
    match address.host() {
        Some(Host::Domain(name)) if name.contains('.') && !name.ends_with('.') => {}
        _ => return Err("must have a host name with a dot, not a number".to_owned()),
    }
    if address.path().contains("//") || escapes(address.path(), &["%2f", "%5c", "%00", "%2e"]) {
        return Err("must not have // or an encoded slash, backslash, dot or zero in its path".to_owned());
    }
    // A browser mends backslashes, missing slashes, spaces and other spellings of a host; what was meant is asked.
    if address.as_str() != text && address.as_str().strip_suffix('/') != Some(text) {
        return Err(format!("is not written as it is sent; perhaps {address} is meant"));
    }
    Ok(text.to_owned())
}

fn escapes(path: &str, wrong: &[&str]) -> bool {
    let path = path.to_ascii_lowercase();
    wrong.iter().any(|escape| path.contains(escape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_ones_own_is_taken() {
        for good in [
            "https://hooks.example.com/patchbay",
            "https://hooks.example.com",
            "https://hooks.example.com/",
            "https://hooks.example.com:8443/in?tenant=7&x=%C3%A9",
            "https://xn--bcher-kva.example/in",
        ] {
            assert_eq!(checked(good).as_deref(), Ok(good));
        }
    }

    #[test]
    fn what_could_lead_elsewhere_than_it_says_is_refused() {
        for bad in [
            "",
            "hooks.example.com",
            "/hook",
            "http://hooks.example.com/",
            "ftp://hooks.example.com/",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "https://",
            "https:hooks.example.com",
            "https:/hooks.example.com",
            "https:///hooks.example.com",
            "https:\\\\hooks.example.com",
            "https://hooks.example.com\\@evil.example/",
            "https://user@hooks.example.com/",
            "https://:pw@hooks.example.com/",
            "https://@hooks.example.com/",
            "https://hooks.example.com/#x",
            "https://hooks.example.com/ x",
            " https://hooks.example.com/",
            "https://hooks.example.com/\r\nx: y",
            "https://hooks.exa\tmple.com/",
            "https://localhost/",
            "https://metadata/",
            "https://hooks.example.com./",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://hooks.example.com:443/",
            "https://hooks.example.com:99999/",
            "https://HOOKS.example.com/",
            "https://hooks.example.com/a/../b",
            "https://hooks.example.com/a//b",
            "https://hooks.example.com/%2e%2e/b",
            "https://hooks.example.com/a%2Fb",
            "https://ｈooks.example.com/",
            "https://\u{202e}hooks.example.com/",
        ] {
            assert!(checked(bad).is_err(), "{bad:?}");
        }
        assert!(checked(&format!("https://hooks.example.com/{}", "x".repeat(LONGEST))).is_err());
    }

    #[test]
    fn another_spelling_is_refused_with_the_right_one() {
        let told = checked("HTTPS://Hooks.Example.com/in").expect_err("capitals");
        assert!(told.contains("https://hooks.example.com/in"), "{told}");
    }
}
