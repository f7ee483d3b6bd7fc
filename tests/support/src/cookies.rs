//! A browser's cookies: by host and path; ports are not told apart (RFC 6265, section 8.5).

use url::Url;

/// What a browser holds.
#[derive(Debug, Default, Clone)]
pub(crate) struct Cookies(Vec<Cookie>);

#[derive(Debug, Clone)]
struct Cookie {
    host: String,
    path: String,
    name: String,
    value: String,
}

impl Cookies {
    /// The header for a request to this address; none without cookies.
    pub(crate) fn header(&self, url: &Url) -> Option<String> {
        let host = url.host_str().unwrap_or_default();
        let fits = |cookie: &&Cookie| cookie.host == host && covers(&cookie.path, url.path());
        let pairs: Vec<String> =
            self.0.iter().filter(fits).map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// The value of a cookie, whatever its path.
    pub(crate) fn value(&self, host: &str, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|cookie| cookie.host == host && cookie.name == name);
        found.map(|cookie| cookie.value.as_str())
    }

    /// Keeps a `set-cookie` of an answer, or removes the cookie when its life is over.
    pub(crate) fn keep(&mut self, url: &Url, header: &str) {
        let mut parts = header.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let (mut path, mut over) = ("/".to_owned(), false);
        for part in parts {
            let (attribute, text) = part.split_once('=').unwrap_or((part, ""));
            match attribute.to_ascii_lowercase().as_str() {
                "path" if text.starts_with('/') => text.clone_into(&mut path),
                "max-age" => over |= text.trim_start_matches('-') == "0" || text.starts_with('-'),
                "expires" => over |= text.to_ascii_lowercase().starts_with("thu, 01 jan 1970"),
                _ => {}
            }
        }
        let host = url.host_str().unwrap_or_default();
        self.0
            .retain(|cookie| (cookie.host.as_str(), cookie.path.as_str(), cookie.name.as_str()) != (host, &path, name));
        if !over {
            self.0.push(Cookie { host: host.to_owned(), path, name: name.to_owned(), value: value.to_owned() });
        }
    }

    /// Sets a value, as an attacker does who can write into this browser.
    pub(crate) fn set(&mut self, host: &str, name: &str, value: &str) {
        self.0.retain(|cookie| cookie.host != host || cookie.name != name);
        let cookie =
            Cookie { host: host.to_owned(), path: "/".to_owned(), name: name.to_owned(), value: value.to_owned() };
        self.0.push(cookie);
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// RFC 6265, section 5.1.4.
fn covers(cookie: &str, path: &str) -> bool {
    path.strip_prefix(cookie).is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_goes_to_its_host_and_path_only_and_ends_when_it_is_told() {
        let url = |path: &str| Url::parse(&format!("http://127.0.0.1:80{path}")).expect("an address");
        let mut cookies = Cookies::default();
        cookies.keep(&url("/a"), "one=1; path=/a; HttpOnly");
        cookies.keep(&url("/a"), "all=2; Path=/");
        cookies.keep(&url("/b"), "one=3; path=/b");
        assert_eq!(cookies.header(&url("/a/x")).as_deref(), Some("one=1; all=2"));
        assert_eq!(cookies.header(&url("/ab")).as_deref(), Some("all=2"));
        assert_eq!(cookies.header(&url("/b")).as_deref(), Some("all=2; one=3"));
        assert_eq!(cookies.header(&Url::parse("http://localhost/a").expect("an address")), None);
        cookies.keep(&url("/a"), "one=; path=/a; Max-Age=0");
        cookies.keep(&url("/a"), "all=; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(cookies.header(&url("/a")), None);
    }
}
