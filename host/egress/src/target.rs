//! An address in our own types: what is checked is what is resolved and what is sent.
//!
//! A lenient parser is a second opinion on where a request goes, so this one refuses what others
//! repair: no user, no IP literal in any spelling, no dot segments, no backslash, no fragment.

use std::fmt;

/// Bytes of the longest address.
const LONGEST: usize = 8 * 1024;

/// Scheme `https`, a host name and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    /// Lower case, at least two labels or one that is no number.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Origin {
    /// Reads `https://host[:port]`; a slash at the end is accepted.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let rest = after_scheme(text)?;
        Self::from_authority(rest.strip_suffix('/').unwrap_or(rest))
    }

    fn from_authority(text: &str) -> Result<Self, &'static str> {
        if text.contains('@') {
            return Err("an address must not name a user");
        }
        if text.starts_with('[') {
            return Err("an address must name a host, not an IP address");
        }
        let (host, port) = match text.split_once(':') {
            None => (text, 443),
            Some((host, digits)) => {
                if digits.is_empty() || digits.len() > 5 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                    return Err("the port is not a number");
                }
                match digits.parse::<u16>() {
                    Ok(port) if port != 0 => (host, port),
                    _ => return Err("the port is not a number from 1 to 65535"),
                }
            }
        };
        Ok(Self { host: host_name(host)?, port })
    }

    /// `host`, or `host:port` where the port is not 443.
    pub(crate) fn authority(&self) -> String {
        if self.port == 443 { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.authority())
    }
}

/// A whole address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) origin: Origin,
    /// Begins with a slash; percent-encoding normalised (RFC 3986, 6.2.2).
    pub(crate) path: String,
    /// Without the question mark.
    pub(crate) query: Option<String>,
}

impl Target {
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > LONGEST {
            return Err("an address may have 8 KiB");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("an address has only visible ASCII: encode the rest as %XX, host names as xn--");
        }
        if text.contains('\\') {
            return Err("an address must not contain a backslash");
        }
        if text.contains('#') {
            return Err("a fragment is never sent: leave it out");
        }
        let rest = after_scheme(text)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let origin = Origin::from_authority(authority)?;
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(encoded(query)?)),
            None => (rest, None),
        };
        let path = if path.is_empty() { "/".to_owned() } else { path_of(path)? };
        Ok(Self { origin, path, query })
    }

    /// What stands in the request line of HTTP/1.
    pub(crate) fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// Adds a parameter at the end; both are percent-encoded already.
    pub(crate) fn append(&mut self, name: &str, value: &str) {
        let query = self.query.get_or_insert_with(String::new);
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(name);
        query.push('=');
        query.push_str(value);
    }
}

fn after_scheme(text: &str) -> Result<&str, &'static str> {
    match text.split_at_checked(8) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https://") => Ok(rest),
        _ => Err("an address begins with https://"),
    }
}

/// A name of DNS in lower case, and nothing that anybody could read as a number.
fn host_name(text: &str) -> Result<String, &'static str> {
    if text.is_empty() || text.len() > 253 {
        return Err("a host name has 1 to 253 bytes");
    }
    if text.ends_with('.') {
        return Err("a host name does not end with a dot");
    }
    for label in text.split('.') {
        if label.is_empty() || label.len() > 63 {
            return Err("each label of a host name has 1 to 63 bytes");
        }
        if !label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err("a host name has letters, digits, hyphens and dots");
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err("a label of a host name does not begin or end with a hyphen");
        }
    }
    let last = text.rsplit('.').next().unwrap_or(text);
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    if last.bytes().all(|b| b.is_ascii_digit()) || hex.is_some_and(|h| h.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Err("an address must name a host, not an IP address");
    }
    Ok(text.to_ascii_lowercase())
}

/// A path that means the same to everybody on the way.
fn path_of(text: &str) -> Result<String, &'static str> {
    let path = encoded(text)?;
    if path.contains("//") {
        return Err("a path must not contain //");
    }
    if path.contains("%2F") || path.contains("%5C") {
        return Err("a path must not contain an encoded slash or backslash");
    }
    if path.contains("%00") {
        return Err("a path must not contain an encoded zero");
    }
    // Some servers cut a segment at its first semicolon before they look at dots.
    let dots = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
    if path.split('/').any(dots) {
        return Err("a path must not contain . or .. segments");
    }
    Ok(path)
}

/// Percent-encoding in its normal form: hex in upper case, unreserved characters bare, and what a
/// request line cannot carry encoded.
fn encoded(text: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            if matches!(byte, b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}') {
                push_encoded(&mut out, byte);
            } else {
                out.push(char::from(byte));
            }
            continue;
        }
        let (Some(high), Some(low)) = (bytes.next().and_then(hex), bytes.next().and_then(hex)) else {
            return Err("a percent sign is followed by two hex digits: write %25");
        };
        let byte = high * 16 + low;
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            push_encoded(&mut out, byte);
        }
    }
    Ok(out)
}

fn push_encoded(out: &mut String, byte: u8) {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    out.push('%');
    for digit in [byte >> 4, byte & 15] {
        out.extend(DIGITS.get(usize::from(digit)));
    }
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_normalised_once() {
        let target = Target::parse("HTTPS://API.Example.COM:443/a/%7euser/%c3%a9?q=%2f|x").expect("a target");
        assert_eq!(target.origin.to_string(), "https://api.example.com");
        assert_eq!(target.path_and_query(), "/a/~user/%C3%A9?q=%2F%7Cx");
        let bare = Target::parse("https://example.com?x").expect("a target");
        assert_eq!(bare.path_and_query(), "/?x");
        let other = Target::parse("https://example.com:8443/").expect("a target");
        assert_eq!(other.origin.to_string(), "https://example.com:8443");
    }

    #[test]
    fn dots_in_names_are_no_dot_segments() {
        assert!(Target::parse("https://h.example/repos/o/r/compare/main...next").is_ok());
        assert!(Target::parse("https://h.example/.well-known/x").is_ok());
        for path in
            ["/a/../b", "/a/..", "/./a", "/a/%2e%2e/b", "/a/.%2E", "/..;/b", "/a//b", "/a%2fb", "/a%5cb", "/%00"]
        {
            assert!(Target::parse(&format!("https://h.example{path}")).is_err(), "{path}");
        }
    }

    proptest! {
        /// The gate and a browser's parser agree on where every accepted address goes.
        #[test]
        fn what_is_accepted_is_read_alike_by_a_browser(text in "https://[a-z0-9.:@x-]{1,20}[/?a-z0-9%.;]{0,20}") {
            if let Ok(target) = Target::parse(&text) {
                let url = url::Url::parse(&text).expect("a browser reads it too");
                prop_assert_eq!(url.host_str(), Some(target.origin.host.as_str()));
                prop_assert_eq!(url.port_or_known_default(), Some(target.origin.port));
                prop_assert!(matches!(url.host(), Some(url::Host::Domain(_))));
                let again = Target::parse(&format!("{}{}", target.origin, target.path_and_query()));
                prop_assert_eq!(again, Ok(target));
            }
        }

        #[test]
        fn nothing_makes_the_parser_panic(text in ".{0,60}") {
            let _ = Target::parse(&text);
            let _ = Target::parse(&format!("https://{text}"));
        }
    }
}
