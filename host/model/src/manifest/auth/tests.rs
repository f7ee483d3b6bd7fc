use super::*;

/// The first login of a manifest that is written for tests of the reader.
fn login(toml: &str) -> Auth {
    #[derive(Deserialize)]
    struct Logins {
        auth: Vec<Auth>,
    }
    let mut logins: Logins = toml::from_str(&format!("[[auth]]\nid = \"a\"\nlabel = \"A\"\n{toml}")).expect("a login");
    logins.auth.remove(0)
}

fn facts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

const OAUTH: &str =
    "kind = \"oauth2\"\nauthorize = { url = \"https://a.example/a\" }\ntoken = { url = \"https://a.example/t\" }\n";

#[test]
fn a_login_is_renewed_by_what_it_holds() {
    let refresh = "refresh = { url = \"https://a.example/r\", params = { t = \"{access_token}\" } }";
    let other = "refresh = { url = \"https://a.example/r\", params = { t = \"x\" } }";
    for (toml, with, without) in [
        ("kind = \"fields\"".to_owned(), Renewal::Never, Renewal::Never),
        (OAUTH.to_owned(), Renewal::RefreshToken, Renewal::Never),
        (format!("{OAUTH}{other}"), Renewal::RefreshToken, Renewal::Never),
        (format!("{OAUTH}{refresh}"), Renewal::AccessToken, Renewal::AccessToken),
        ("kind = \"oauth2-client-credentials\"".to_owned(), Renewal::Afresh, Renewal::Afresh),
        ("kind = \"session\"".to_owned(), Renewal::Afresh, Renewal::Afresh),
    ] {
        let auth = login(&toml);
        assert_eq!((auth.renewal(true), auth.renewal(false)), (with, without), "{toml}");
    }
}

#[test]
fn the_request_that_renews_is_that_of_the_kind() {
    let refresh = format!("{OAUTH}refresh = {{ url = \"https://a.example/r\" }}");
    let session = "kind = \"session\"\nlogin = { url = \"https://a.example/l\" }";
    let client = "kind = \"oauth2-client-credentials\"\ntoken = { url = \"https://a.example/t\" }";
    for (toml, url) in [
        ("kind = \"fields\"", None),
        (OAUTH, Some("https://a.example/t")),
        (&refresh, Some("https://a.example/r")),
        (session, Some("https://a.example/l")),
        (client, Some("https://a.example/t")),
    ] {
        assert_eq!(login(toml).renewal_request().map(|asked| asked.url.as_str()), url, "{toml}");
    }
}

#[test]
fn a_request_is_a_post_of_a_form_unless_it_says_otherwise() {
    let token = login(OAUTH).token.expect("a token request");
    assert_eq!((&*token.method, token.place, token.client_auth), ("POST", ExchangePlace::Form, ClientAuth::Body));
    assert!(!serde_json::to_string(&token).expect("JSON").contains("method"), "the usual is not written");
}

#[test]
fn only_the_table_says_what_a_region_is() {
    let auth = login(
        "kind = \"fields\"\nregion = [{ id = \"eu\", label = \"E\", values = { api = \"api.eu.example\" } }, \
         { id = \"us\", label = \"U\", values = { api = \"api.us.example\" } }]",
    );
    let filled = auth.placeholders(&facts(&[("region", "us"), ("firm", "1")]));
    assert_eq!(filled, facts(&[("firm", "1"), ("region", "us"), ("region.api", "api.us.example")]));
    // A fact that was smuggled in under the table's name never counts.
    let filled = auth.placeholders(&facts(&[("region.api", "evil.example"), ("region", "cn")]));
    assert_eq!(filled, facts(&[("region", "cn")]));
    assert_eq!(auth.placeholders(&facts(&[("region.api", "evil.example")])), facts(&[]));
}

#[test]
fn all_requests_of_a_login_are_listed_by_their_keys() {
    let auth = login(&format!("{OAUTH}revoke = {{ url = \"https://a.example/x\" }}"));
    let keys: Vec<_> = auth.requests().into_iter().filter_map(|(key, asked)| asked.map(|_| key)).collect();
    assert_eq!(keys, ["authorize", "token", "revoke"]);
    assert_eq!(auth.requests().map(|(key, _)| key), ["authorize", "token", "refresh", "exchange", "login", "revoke"]);
}
