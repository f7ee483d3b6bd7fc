//! Requests byte for byte.

use std::collections::BTreeMap;

use patchbay_model::Secret;

use super::*;
use crate::oauth::{
    Client,
    script::{books, client, firm, held, region, spread},
};

struct Outgoing {
    request: Request<Vec<u8>>,
    masks: Masks,
}

fn built(ask: &Ask<'_>, wanted: &TokenRequest, grant: &Grant<'_>) -> Result<Outgoing, String> {
    let mut masks = Masks::default();
    let request = build(ask, wanted, grant, &mut masks)?;
    Ok(Outgoing { request, masks })
}

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
    let mut headers: Vec<_> =
        request.headers().iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().expect("text"))).collect();
    headers.sort();
    let body = String::from_utf8(request.body().clone()).expect("text");
    format!("{} {}\n{}\n{body}", request.method(), request.uri(), headers.concat())
}

fn code(wanted: &TokenRequest, client: &Client) -> Result<Outgoing, String> {
    let (code, verifier) = (Secret::new("c0de/1"), Secret::new("v".repeat(43)));
    let ask = Ask { auth: &books(), client: Some(client), held: &BTreeMap::new(), facts: &firm() };
    built(&ask, wanted, &Grant::Code { code: &code, verifier: Some(&verifier) })
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
    let wanted = auth.refresh.as_ref().expect("refresh");
    let client = client();
    let ask = Ask { auth: &auth, client: Some(&client), held: &held(&[("refresh_token", "r1")]), facts: &firm() };
    let outgoing = built(&ask, wanted, &Grant::Refresh).expect("a request");
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

#[test]
fn a_get_puts_its_parameters_into_the_query_whatever_the_place_says() {
    for place in [ExchangePlace::Form, ExchangePlace::Json, ExchangePlace::Query] {
        let wanted = TokenRequest { method: "GET".to_owned(), ..wanted(place, ClientAuth::None) };
        let shown = shown_code(&wanted);
        assert!(shown.starts_with("GET https://provider.example/token?grant_type=authorization_code&code="), "{shown}");
        assert!(shown.ends_with("&client_id=client-1\naccept: application/json\n\n"), "{shown}");
    }
}

#[test]
fn the_other_methods_put_their_parameters_where_the_place_says() {
    for method in ["POST", "PUT", "DELETE"] {
        for (place, end) in [
            (ExchangePlace::Form, "&client_id=client-1"),
            (ExchangePlace::Json, "}"),
            (ExchangePlace::Query, "application/json\n\n"),
        ] {
            let shown = shown_code(&TokenRequest { method: method.to_owned(), ..wanted(place, ClientAuth::None) });
            assert!(shown.starts_with(&format!("{method} https://provider.example/token")) && shown.ends_with(end));
        }
    }
    for method in ["PATCH", "get", "", "CONNECT"] {
        let wanted = TokenRequest { method: method.to_owned(), ..wanted(ExchangePlace::Form, ClientAuth::None) };
        assert!(code(&wanted, &client()).is_err(), "{method:?}");
    }
}

#[test]
fn a_pointer_puts_a_parameter_into_a_nested_object_and_is_no_way_around_the_host() {
    let mut wanted = wanted(ExchangePlace::Json, ClientAuth::None);
    wanted.params = BTreeMap::from([
        ("/params/firm".to_owned(), "{firm_id}".to_owned()),
        ("/client_id".to_owned(), "app:{client_id}".to_owned()),
    ]);
    let shown = shown_code(&wanted);
    assert!(shown.contains(r#"{"client_id":"app:client-1","code":"c0de/1","#), "{shown}");
    assert!(shown.contains(r#""params":{"firm":"13827"}"#), "{shown}");
    for name in ["/grant_type", "/code", "/client_secret", "/redirect_uri/x"] {
        wanted.params = BTreeMap::from([(name.to_owned(), "x".to_owned())]);
        assert!(code(&wanted, &client()).is_err(), "{name}");
    }
    wanted.params = BTreeMap::from([("/~1code".to_owned(), "x".to_owned())]);
    assert!(shown_code(&wanted).contains(r#""/code":"x","#), "that is another name");
}

#[test]
fn each_region_has_its_own_secret_and_its_own_address() {
    let auth = spread();
    let client = client();
    let code = Secret::new("c0de");
    let sent = |facts: &BTreeMap<String, String>| {
        let ask = Ask { auth: &auth, client: Some(&client), held: &BTreeMap::new(), facts };
        let wanted = auth.token.as_ref().expect("token");
        built(&ask, wanted, &Grant::Code { code: &code, verifier: None }).map(|outgoing| shown(&outgoing.request))
    };
    let eu = sent(&region("eu")).expect("a request");
    assert!(eu.starts_with("POST https://accounts.books.example.eu/oauth/v2/token\n"), "{eu}");
    assert!(eu.ends_with("&client_secret=canary-secret-of-eu"), "{eu}");
    let us = sent(&region("us")).expect("a request");
    assert!(us.starts_with("POST https://accounts.books.example/oauth/v2/token\n"), "{us}");
    assert!(us.ends_with("&client_secret=canary+client%2Fsecret%2B1"), "{us}");
    for facts in [BTreeMap::new(), region("mars")] {
        assert!(sent(&facts).is_err(), "no region, no request");
    }
}

#[test]
fn a_secret_of_another_region_is_masked_as_well() {
    let outgoing = code(&wanted(ExchangePlace::Form, ClientAuth::Body), &client()).expect("a request");
    assert_eq!(outgoing.masks.quote("canary-secret-of-eu"), "(masked)");
}
