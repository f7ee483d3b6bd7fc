//! Addresses that a tenant's end users return to: registered, and named by id.
//!
//! An address is never taken from a query, a form or a session's body, so an open redirect has nothing to
//! work with. `http` is taken for loopback only (RFC 8252, section 8.3), for work on one's own machine.

use patchbay_model::{Code, Fault, ReturnId, TenantId};
use patchbay_store::ReturnAddress;
use url::{Host, Url};

use crate::{
    App,
    access::{NAME, check_text},
};

/// Bytes of an address.
const LONGEST: usize = 2_000;
/// Addresses of one tenant.
const MOST: usize = 100;

impl App {
    /// Registers an address.
    pub async fn create_return_address(
        &self,
        tenant: &TenantId,
        name: &str,
        address: &str,
        actor: &str,
    ) -> Result<ReturnAddress, Fault> {
        check_text("/name", name, NAME)?;
        let address = checked(address).map_err(|why| Fault::new(Code::ReturnAddressRefused).field("/address", why))?;
        if self.store.return_addresses(tenant).await?.len() >= MOST {
            return Err(Fault::because(Code::Conflict, format!("There are {MOST} return addresses already.")));
        }
        Ok(self.store.create_return_address(tenant, name, address.as_str(), actor).await?)
    }

    /// The tenant's addresses.
    pub async fn return_addresses(&self, tenant: &TenantId) -> Result<Vec<ReturnAddress>, Fault> {
        Ok(self.store.return_addresses(tenant).await?)
    }

    /// Removes an address; sessions that name it end here.
    pub async fn delete_return_address(&self, tenant: &TenantId, id: &ReturnId, actor: &str) -> Result<(), Fault> {
        Ok(self.store.delete_return_address(tenant, id, actor).await?)
    }
}

/// The address as a browser will read it. What two parsers could read in two ways is refused, not mended.
fn checked(text: &str) -> Result<Url, &'static str> {
    if text.len() > LONGEST {
        return Err("is longer than 2,000 bytes");
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err("must not have spaces, backslashes or control characters");
    }
    let address = Url::parse(text).map_err(|_| "must be a whole address that begins with https://")?;
    let loopback = match address.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err("must have a host"),
    };
    match address.scheme() {
        "https" => {}
        "http" if loopback => {}
        _ => return Err("must begin with https:// (http:// for localhost only)"),
    }
    if !address.username().is_empty() || address.password().is_some() || authority(text).contains('@') {
        return Err("must not carry a user");
    }
    if address.fragment().is_some() {
        return Err("must not have a fragment");
    }
    if address.query_pairs().any(|(name, _)| name == "code" || name == "session") {
        return Err("must not use `code` or `session` in its query: they are added at the end");
    }
    // `https:/x`, `https:x` and `https:///x` are read as `https://x` by browsers.
    let written = text.get(..address.scheme().len() + 3).unwrap_or_default();
    let host_follows = text.get(written.len()..).is_some_and(|rest| !rest.starts_with('/'));
    if !written.eq_ignore_ascii_case(&format!("{}://", address.scheme())) || !host_follows {
        return Err("must begin with https:// and a host");
    }
    // `2130706433`, `0x7f.1` and full-width letters are other spellings of a host than the one that is shown.
    let host = address.host_str().unwrap_or_default();
    let port = address.port().map_or_else(String::new, |port| format!(":{port}"));
    let written = authority(text).to_ascii_lowercase();
    if written.strip_suffix(":443").unwrap_or(&written) != format!("{host}{port}") {
        return Err("must have its host written as it is sent, with letters of the Latin alphabet");
    }
    if !loopback && !matches!(address.host(), Some(Host::Domain(name)) if name.contains('.') && !name.ends_with('.')) {
        return Err("must have a host name with a dot, not a number");
    }
    Ok(address)
}

fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_ones_own_is_taken() {
        for good in [
            "https://app.example.com/integrations/done",
            "https://app.example.com:8443/done?tab=hub",
            "http://localhost:5173/done",
            "http://127.0.0.1:3000/",
            "HTTPS://app.example.com/",
        ] {
            assert!(checked(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn tricks_of_open_redirects_are_refused() {
        for bad in [
            "",
            " ",
            "/done",
            "//evil.example",
            "///evil.example",
            "////evil.example",
            "\\\\evil.example",
            "/\\evil.example",
            "https:evil.example",
            "https:/evil.example",
            "https:///evil.example",
            "https:\\\\evil.example",
            "https:/\\evil.example",
            "https://\\evil.example",
            "https://app.example.com\\@evil.example",
            "https://app.example.com@evil.example",
            "https://app.example.com:pass@evil.example",
            "https://@evil.example",
            "https://app.example.com%40evil.example",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "ftp://app.example.com/",
            "ws://app.example.com/",
            "blob:https://app.example.com/x",
            "about:blank",
            "http://app.example.com/",
            "http://localhost.evil.example/",
            "http://127.0.0.1.evil.example/",
            "https://evil.example/#x",
            "https://app.example.com/ x",
            "https://app.example.com/\r\nLocation: https://evil.example",
            "https://\tapp.example.com/",
            "https://",
            "https://?x",
            "https:// evil.example",
            "https://evil",
            "https://evil.example.",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://10.0.0.1/",
            "https://[::1]:443@evil.example/",
            "https://evil.example/?code=1",
            "https://app.example.com/?session=x",
            "\u{202e}https://app.example.com/",
            "https://app.example.com/\u{0}",
        ] {
            assert!(checked(bad).is_err(), "{bad:?}");
        }
    }
}
