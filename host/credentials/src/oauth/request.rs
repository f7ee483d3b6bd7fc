//! A token request, exactly as the manifest wants it.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderValue, Method, Request, header};
use patchbay_model::{
    Secret,
    manifest::{ClientAuth, ExchangePlace, TokenRequest},
};
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::{Client, fill, quote::Masks};

/// What the tokens are asked for.
pub(super) enum Grant<'a> {
    /// A code of the callback, with the verifier of its login.
    Code { code: &'a Secret, verifier: Option<&'a Secret> },
    /// A refresh token.
    Refresh { token: &'a Secret },
}

/// A request, and what must not be seen of it.
pub(super) struct Outgoing {
    pub(super) request: Request<Vec<u8>>,
    pub(super) masks: Masks,
}

/// Parameters that carry the protocol; a manifest may add to them, not replace them.
const OURS: [&str; 5] = ["grant_type", "code", "code_verifier", "refresh_token", "client_secret"];

/// Builds the request. The parameters stand in the order of the standard, then the manifest's by name;
/// a manifest's parameter takes the place of a standard one of the same name.
///
/// # Errors
/// For the operator: what of manifest or client does not fit.
pub(super) fn build(
    wanted: &TokenRequest,
    client: &Client,
    grant: &Grant<'_>,
    facts: &BTreeMap<String, String>,
) -> Result<Outgoing, String> {
    let mut url = fill::address(&wanted.url, facts)?;
    let secret = client.secret.as_ref().map(Secret::expose);
    let mut host = vec![("client_id", client.id.as_str()), ("redirect_uri", client.redirect_uri.as_str())];
    host.extend(secret.filter(|_| wanted.client_auth != ClientAuth::None).map(|secret| ("client_secret", secret)));
    let mut params: Vec<(&str, Zeroizing<String>)> = Vec::new();
    let mut add = |name, value: &str| params.push((name, Zeroizing::new(value.to_owned())));
    match grant {
        Grant::Code { code, verifier } => {
            add("grant_type", "authorization_code");
            add("code", code.expose());
            add("redirect_uri", &client.redirect_uri);
            if let Some(verifier) = verifier {
                add("code_verifier", verifier.expose());
            }
            host.push(("code", code.expose()));
        }
        Grant::Refresh { token } => {
            add("grant_type", "refresh_token");
            add("refresh_token", token.expose());
            host.push(("refresh_token", token.expose()));
        }
    }
    if wanted.client_auth != ClientAuth::Basic {
        add("client_id", &client.id);
    }
    if let (ClientAuth::Body, Some(secret)) = (wanted.client_auth, secret) {
        add("client_secret", secret);
    }
    for (name, template) in &wanted.params {
        if OURS.contains(&name.as_str()) {
            return Err(format!("the manifest sets `{name}`, which only the host sets"));
        }
        let value = fill::parameter(template, &host, facts).map_err(|why| format!("parameter `{name}`: {why}"))?;
        params.retain(|(known, _)| known != name);
        params.push((name, value));
    }

    let mut masks = Masks::default();
    if let Some(secret) = &client.secret {
        masks.add_secret(secret);
    }
    match grant {
        Grant::Code { code, verifier } => {
            masks.add_secret(code);
            verifier.iter().for_each(|verifier| masks.add_secret(verifier));
        }
        Grant::Refresh { token } => masks.add_secret(token),
    }

    let mut request = Request::new(Vec::new());
    *request.method_mut() = Method::POST;
    // Some providers answer in a form without it.
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    if wanted.client_auth == ClientAuth::Basic {
        let secret = secret.ok_or("the manifest wants client-auth `basic`, and the client has no secret")?;
        let value = basic(&client.id, secret);
        masks.add(&value);
        let mut value = HeaderValue::try_from(format!("Basic {}", *value)).map_err(|_| "unreadable client id")?;
        value.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    match wanted.place {
        ExchangePlace::Form => {
            *request.body_mut() = form(&params).into_bytes();
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            request.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        ExchangePlace::Json => {
            let object: BTreeMap<&str, &str> = params.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let room = params.iter().map(|(name, value)| name.len() + 6 * value.len() + 8).sum::<usize>();
            let mut body = Vec::with_capacity(room + 2);
            serde_json::to_writer(&mut body, &object).map_err(|_| "the parameters are no JSON")?;
            *request.body_mut() = body;
            request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        ExchangePlace::Query => {
            let mut pairs = url.query_pairs_mut();
            pairs.extend_pairs(params.iter().map(|(name, value)| (*name, value.as_str())));
        }
    }
    *request.uri_mut() = url.as_str().parse().map_err(|_| "the address is too long or unreadable")?;
    Ok(Outgoing { request, masks })
}

fn form(params: &[(&str, Zeroizing<String>)]) -> String {
    let room = params.iter().map(|(name, value)| name.len() + 3 * value.len() + 2).sum();
    let mut form = form_urlencoded::Serializer::new(String::with_capacity(room));
    form.extend_pairs(params.iter().map(|(name, value)| (*name, value.as_str())));
    form.finish()
}

/// RFC 6749, section 2.3.1: both halves are form-encoded before they are joined.
fn basic(id: &str, secret: &str) -> Zeroizing<String> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let joined = Zeroizing::new(format!("{}:{}", encode(id), *Zeroizing::new(encode(secret))));
    Zeroizing::new(STANDARD.encode(joined.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::script::{books, client, firm};

    fn wanted(place: ExchangePlace, client_auth: ClientAuth) -> TokenRequest {
        TokenRequest {
            method: "POST".to_owned(),
            url: "https://provider.example/token".to_owned(),
            params: BTreeMap::new(),
            place,
            client_auth,
        }
    }

    /// Method, address, headers in order of their names, body.
    fn shown(request: &Request<Vec<u8>>) -> String {
        let mut headers: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}\n", value.to_str().expect("text")))
            .collect();
        headers.sort();
        let body = String::from_utf8(request.body().clone()).expect("text");
        format!("{} {}\n{}\n{body}", request.method(), request.uri(), headers.concat())
    }

    fn code(wanted: &TokenRequest, client: &Client) -> Result<Outgoing, String> {
        let (code, verifier) = (Secret::new("c0de/1"), Secret::new("v".repeat(43)));
        build(wanted, client, &Grant::Code { code: &code, verifier: Some(&verifier) }, &firm())
    }

    fn shown_code(wanted: &TokenRequest) -> String {
        shown(&code(wanted, &client()).expect("a request").request)
    }

    #[test]
    fn a_code_goes_out_byte_for_byte_as_the_manifest_says() {
        let auth = books();
        assert_eq!(
            shown_code(auth.token.as_ref().expect("token")),
            "POST https://login.books.example/f/13827/oauth/token\n\
             accept: application/json\n\
             content-type: application/x-www-form-urlencoded\n\
             \n\
             grant_type=authorization_code&code=c0de%2F1\
             &redirect_uri=https%3A%2F%2Fpb.example.com%2Foauth%2Fcallback%2Fcli_1\
             &code_verifier=vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\
             &client_id=client-1&client_secret=canary+client%2Fsecret%2B1"
        );
    }

    #[test]
    fn a_refresh_repeats_the_redirect_address_where_the_manifest_says() {
        let auth = books();
        let token = Secret::new("r1");
        let wanted = auth.refresh.as_ref().expect("refresh");
        let outgoing = build(wanted, &client(), &Grant::Refresh { token: &token }, &firm()).expect("a request");
        assert_eq!(
            shown(&outgoing.request),
            "POST https://login.books.example/f/13827/oauth/token\n\
             accept: application/json\n\
             content-type: application/x-www-form-urlencoded\n\
             \n\
             grant_type=refresh_token&refresh_token=r1&client_id=client-1\
             &client_secret=canary+client%2Fsecret%2B1\
             &redirect_uri=https%3A%2F%2Fpb.example.com%2Foauth%2Fcallback%2Fcli_1"
        );
    }

    #[test]
    fn parameters_go_as_json_where_the_manifest_says_so() {
        assert_eq!(
            shown_code(&wanted(ExchangePlace::Json, ClientAuth::Body)),
            "POST https://provider.example/token\n\
             accept: application/json\n\
             content-type: application/json\n\
             \n\
             {\"client_id\":\"client-1\",\"client_secret\":\"canary client/secret+1\",\"code\":\"c0de/1\",\
             \"code_verifier\":\"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\",\
             \"grant_type\":\"authorization_code\",\
             \"redirect_uri\":\"https://pb.example.com/oauth/callback/cli_1\"}"
        );
    }

    #[test]
    fn parameters_go_into_the_query_where_the_manifest_says_so() {
        assert_eq!(
            shown_code(&wanted(ExchangePlace::Query, ClientAuth::None)),
            "POST https://provider.example/token?grant_type=authorization_code&code=c0de%2F1\
             &redirect_uri=https%3A%2F%2Fpb.example.com%2Foauth%2Fcallback%2Fcli_1\
             &code_verifier=vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv&client_id=client-1\n\
             accept: application/json\n\n"
        );
    }

    #[test]
    fn basic_form_encodes_both_halves_and_leaves_the_client_out_of_the_body() {
        let outgoing = code(&wanted(ExchangePlace::Form, ClientAuth::Basic), &client()).expect("a request");
        let header = &outgoing.request.headers()[header::AUTHORIZATION];
        assert!(header.is_sensitive());
        assert_eq!(
            header.to_str().ok(),
            Some(&*format!("Basic {}", STANDARD.encode("client-1:canary+client%2Fsecret%2B1")))
        );
        assert!(!shown(&outgoing.request).contains("client_id"));
    }

    #[test]
    fn the_manifests_parameters_are_filled_and_take_the_place_of_standard_ones() {
        let mut wanted = wanted(ExchangePlace::Form, ClientAuth::None);
        wanted.params = BTreeMap::from([
            ("client_id".to_owned(), "app:{client_id}".to_owned()),
            ("firm".to_owned(), "{firm_id}".to_owned()),
        ]);
        let shown = shown_code(&wanted);
        assert!(shown.ends_with("&client_id=app%3Aclient-1&firm=13827"), "{shown}");
        assert_eq!(shown.matches("client_id=").count(), 1);
    }

    #[test]
    fn a_manifest_cannot_change_the_grant_nor_send_the_secret_of_a_public_client() {
        for (name, value) in [
            ("grant_type", "password"),
            ("code", "x"),
            ("code_verifier", "x"),
            ("refresh_token", "x"),
            ("client_secret", "x"),
            ("x", "{client_secret}"),
            ("x", "{refresh_token}"),
            ("x", "{nobody}"),
        ] {
            let mut wanted = wanted(ExchangePlace::Form, ClientAuth::None);
            wanted.params.insert(name.to_owned(), value.to_owned());
            assert!(code(&wanted, &client()).is_err(), "{name}={value}");
        }
    }

    #[test]
    fn a_public_client_sends_its_id_alone_and_cannot_use_basic() {
        let public = Client { secret: None, ..client() };
        let outgoing = code(&wanted(ExchangePlace::Form, ClientAuth::Body), &public).expect("a request");
        assert!(shown(&outgoing.request).ends_with("&client_id=client-1"));
        assert!(code(&wanted(ExchangePlace::Form, ClientAuth::Basic), &public).is_err());
    }

    #[test]
    fn all_that_was_sent_and_is_secret_is_masked() {
        let outgoing = code(&wanted(ExchangePlace::Form, ClientAuth::Basic), &client()).expect("a request");
        let basic = STANDARD.encode("client-1:canary+client%2Fsecret%2B1");
        for secret in ["c0de/1", "c0de%2F1", &"v".repeat(43), "canary client/secret+1", &basic] {
            assert_eq!(outgoing.masks.quote(secret), "(masked)", "{secret}");
        }
    }
}
