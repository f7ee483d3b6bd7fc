//! Which headers a guest may set.
//!
//! The gate owns everything that says where a request goes, how it is framed, who asks and how the
//! answer is packed. A guest that could set one of those could smuggle a second request, name
//! another host, or bring a credential of its own.

use http::{HeaderName, HeaderValue};
use patchbay_model::manifest::Slot;

use crate::slots::{Place, place};

/// Headers of one request.
const COUNT: usize = 64;
/// Bytes of one value.
const VALUE: usize = 8 * 1024;
/// Bytes of all names and values.
const TOTAL: usize = 32 * 1024;

/// Names that only the gate sets, with the reason that a refusal gives.
const RESERVED: [(&str, &str); 26] = [
    ("host", "the gate sets it from the address"),
    ("authorization", "the gate fills it: name a slot as the request's credential"),
    ("cookie", "cookies are never sent"),
    ("cookie2", "cookies are never sent"),
    ("connection", "it belongs to the connection"),
    ("keep-alive", "it belongs to the connection"),
    ("te", "it belongs to the connection"),
    ("trailer", "it belongs to the connection"),
    ("transfer-encoding", "the gate frames the body"),
    ("upgrade", "it belongs to the connection"),
    ("content-length", "the gate frames the body"),
    ("content-encoding", "what is packed cannot be checked: send the body as it is"),
    ("accept-encoding", "the gate asks for what it can unpack"),
    ("expect", "the gate sends the body at once"),
    ("http2-settings", "it belongs to the connection"),
    ("forwarded", "it would speak for another client"),
    ("via", "it would speak for another client"),
    ("x-real-ip", "it would speak for another client"),
    ("true-client-ip", "it would speak for another client"),
    ("x-host", "the gate sets the host from the address"),
    ("x-original-host", "the gate sets the host from the address"),
    ("x-original-url", "some servers take it for the address, which was checked"),
    ("x-rewrite-url", "some servers take it for the address, which was checked"),
    ("x-http-method", "the method stands in the request"),
    ("x-http-method-override", "the method stands in the request"),
    ("x-method-override", "the method stands in the request"),
];

/// Checks what the guest set; the text of a refusal is for the connector's author.
pub(crate) fn check(given: &[(String, String)], slots: &[Slot]) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    if given.len() > COUNT {
        return Err(format!("a request may set {COUNT} headers, this one sets {}", given.len()));
    }
    let mut checked: Vec<(HeaderName, HeaderValue)> = Vec::with_capacity(given.len());
    let mut total = 0_usize;
    for (name, value) in given {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            return Err(format!("`{}` is no header name", shown(name)));
        };
        if let Some(reason) = reserved(name.as_str()) {
            return Err(format!("the header `{name}` is not a connector's to set: {reason}"));
        }
        if slots.iter().any(|slot| place(slot) == Some(Place::Header(name.as_str()))) {
            return Err(format!("the header `{name}` is a slot of the credential: name the slot instead"));
        }
        total = total.saturating_add(name.as_str().len()).saturating_add(value.len());
        if value.len() > VALUE || total > TOTAL {
            return Err(format!("the header `{name}` passes 8 KiB, or all of them pass 32 KiB"));
        }
        let Ok(value) = HeaderValue::from_str(value) else {
            return Err(format!("the value of the header `{name}` has characters that no header may carry"));
        };
        if name == http::header::CONTENT_TYPE && checked.iter().any(|(other, _)| *other == name) {
            return Err("the header `content-type` is set twice".to_owned());
        }
        checked.push((name, value));
    }
    Ok(checked)
}

fn reserved(name: &str) -> Option<&'static str> {
    if name.starts_with("proxy-") {
        return Some("it belongs to the connection");
    }
    if name.starts_with("x-forwarded-") {
        return Some("it would speak for another client");
    }
    RESERVED.iter().find(|(other, _)| *other == name).map(|(_, reason)| *reason)
}

/// A hostile name as it may stand in a message.
fn shown(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_default).collect()
}

#[cfg(test)]
mod tests {
    use patchbay_model::manifest::{Signature, SignatureEncoding, SignedInto, SlotPlace};

    use super::*;

    fn refusal(name: &str, value: &str) -> Option<String> {
        check(&[(name.to_owned(), value.to_owned())], &[]).err()
    }

    #[test]
    fn what_the_gate_owns_is_refused_in_any_case() {
        for (name, _) in RESERVED {
            assert!(refusal(name, "x").is_some(), "{name}");
            assert!(refusal(&name.to_ascii_uppercase(), "x").is_some(), "{name}");
        }
        for name in ["proxy-authorization", "Proxy-Connection", "x-forwarded-for", "X-Forwarded-Host"] {
            assert!(refusal(name, "x").is_some(), "{name}");
        }
        assert_eq!(refusal("x-request-id", "1"), None);
        assert_eq!(refusal("x-hosted", "1"), None);
        assert_eq!(refusal("accept", "application/json"), None);
    }

    #[test]
    fn another_address_host_client_or_method_cannot_be_named_beside_the_checked_one() {
        for name in [
            "x-original-url",
            "x-rewrite-url",
            "x-original-host",
            "x-host",
            "true-client-ip",
            "x-http-method",
            "x-http-method-override",
            "x-method-override",
        ] {
            assert!(refusal(name, "/admin").is_some_and(|text| text.contains(name)), "{name}");
        }
    }

    #[test]
    fn lines_cannot_be_broken() {
        for (name, value) in [
            ("x", "a\r\nhost: evil"),
            ("x", "a\nb"),
            ("x", "a\rb"),
            ("x", "a\0b"),
            ("x\r\nhost", "a"),
            ("x y", "a"),
            ("x:", "a"),
            ("", "a"),
            (" x", "a"),
            ("x\t", "a"),
            ("é", "a"),
        ] {
            assert!(refusal(name, value).is_some(), "{name:?}: {value:?}");
        }
    }

    #[test]
    fn size_is_bounded() {
        assert!(refusal("x", &"a".repeat(VALUE)).is_none());
        assert!(refusal("x", &"a".repeat(VALUE + 1)).is_some());
        let many: Vec<_> = (0..65).map(|n| (format!("x-{n}"), String::new())).collect();
        assert!(check(&many, &[]).is_err());
    }

    #[test]
    fn a_slots_header_is_the_gates() {
        let slot = Slot {
            id: "key".to_owned(),
            standard: true,
            place: SlotPlace::Header,
            name: Some("X-Api-Key".to_owned()),
            value: "{key}".to_owned(),
            signature: None,
            with: Vec::new(),
        };
        let given = [("x-api-key".to_owned(), "mine".to_owned())];
        assert!(check(&given, std::slice::from_ref(&slot)).is_err_and(|text| text.contains("slot")));
        let signed = |into| {
            let signature = Signature { key: "{key}".to_owned(), into, encoding: SignatureEncoding::Hex };
            Slot { place: SlotPlace::Signed, signature: Some(signature), ..slot.clone() }
        };
        assert!(check(&given, &[signed(SignedInto::Header)]).is_err_and(|text| text.contains("slot")));
        assert!(check(&given, &[signed(SignedInto::Query)]).is_ok());
    }
}
