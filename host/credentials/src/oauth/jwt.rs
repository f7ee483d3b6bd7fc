//! The claims of a JSON Web Token that came straight from the token address.
//!
//! **Its signature is not looked at.** OpenID Connect Core 1.0, section 3.1.3.7 (6), allows that where TLS
//! has shown who answers. So nothing that a browser or a connector hands over may ever be read here.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use zeroize::Zeroizing;

use super::answer::Wiped;

/// Bytes of a token of which claims are read.
const LARGEST: usize = 16 * 1024;

/// The claims of a signed token.
///
/// # Errors
/// What is wrong with it; quotes nothing of it.
pub(super) fn claims(token: &str) -> Result<Wiped, &'static str> {
    if token.len() > LARGEST {
        return Err("the token is larger than 16 KiB");
    }
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err("the token is no signed JSON Web Token");
    };
    let payload = URL_SAFE_NO_PAD.decode(payload).map(Zeroizing::new);
    let payload = payload.map_err(|_| "the token's claims are not base64url")?;
    let claims = serde_json::from_slice(&payload).map(Wiped).map_err(|_| "the token's claims are not JSON")?;
    if claims.0.is_object() { Ok(claims) } else { Err("the token's claims are no object") }
}

/// Whether an id token was made for this client, by the issuer that the manifest names.
///
/// # Errors
/// What does not fit.
pub(super) fn meant_for(claims: &Value, client: &str, issuer: Option<&str>) -> Result<(), &'static str> {
    let audience = match claims.get("aud") {
        Some(Value::String(one)) => one == client,
        Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(client)),
        _ => false,
    };
    if !audience {
        return Err("the id token was made for another client");
    }
    if issuer.is_some_and(|issuer| claims.get("iss").and_then(Value::as_str) != Some(issuer)) {
        return Err("the id token is of another issuer");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::oauth::script::token_of;

    #[test]
    fn claims_are_read_from_the_middle_part_only() {
        let token = token_of(&json!({"sub": "42"}));
        assert_eq!(claims(&token).expect("claims").0["sub"], "42");
        let (head, rest) = token.split_once('.').expect("parts");
        for broken in [
            String::new(),
            "..".to_owned(),
            head.to_owned(),
            format!("{head}."),
            rest.to_owned(),
            format!("{token}.more"),
            format!("{head}.!!!.x"),
            format!("{head}.{}.x", URL_SAFE_NO_PAD.encode("[1]")),
            format!("{head}.{}.x", URL_SAFE_NO_PAD.encode("{\"sub\":")),
            format!("{head}.{}==.x", URL_SAFE_NO_PAD.encode("{}")),
            token_of(&json!({"pad": "x".repeat(LARGEST)})),
        ] {
            assert!(claims(&broken).is_err(), "{broken:.60}");
        }
    }

    #[test]
    fn an_id_token_of_another_client_or_issuer_is_refused() {
        let issuer = Some("https://login.books.example");
        for (claims, issuer, good) in [
            (json!({"aud": "client-1"}), None, true),
            (json!({"aud": ["x", "client-1"]}), None, true),
            (json!({"aud": "client-1", "iss": "https://login.books.example"}), issuer, true),
            (json!({"aud": "client-1", "iss": "https://login.books.example/"}), issuer, false),
            (json!({"aud": "client-1"}), issuer, false),
            (json!({"aud": "client-11"}), None, false),
            (json!({"aud": []}), None, false),
            (json!({"aud": {"client-1": true}}), None, false),
            (json!({}), None, false),
        ] {
            assert_eq!(meant_for(&claims, "client-1", issuer).is_ok(), good, "{claims}");
        }
    }

    proptest! {
        #[test]
        fn no_text_at_all_makes_reading_panic(text in ".{0,200}") {
            let _ = claims(&text);
        }
    }
}
