//! The dance of OAuth with the provider, without a host: what the tests over the host stand on.

use base64::{Engine, engine::general_purpose::STANDARD};
use url::{Url, form_urlencoded};

use super::*;
use crate::{Browser, api};

const BACK: &str = "http://127.0.0.1:9/oauth/callback/cli_1";
// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

struct Dance {
    provider: OidcProvider,
    browser: Browser,
}

impl Dance {
    fn begin() -> Self {
        let provider = OidcProvider::start().expect("it starts");
        provider.allow_redirect(BACK).expect("it answers");
        Self { provider, browser: Browser::default() }
    }

    fn authorize(&self, more: &[(&str, &str)]) -> Url {
        let mut url = Url::parse(&format!("{}/auth", self.provider.origin())).expect("an address");
        let id = self.provider.code_client().expect("a client").id;
        url.query_pairs_mut()
            .append_pair("client_id", &id)
            .append_pair("redirect_uri", BACK)
            .append_pair("response_type", "code")
            .append_pair("scope", "records:read records:write")
            .append_pair("state", "st4te")
            .extend_pairs(more);
        url
    }

    fn log_in(&mut self, allow: bool) -> BTreeMap<String, String> {
        let url = self.authorize(&[("code_challenge", CHALLENGE), ("code_challenge_method", "S256")]);
        let password = self.provider.password("els");
        let page = self.browser.oidc(url.as_str(), "els", &password, allow).expect("the way back");
        let to = page.location().expect("a redirect");
        assert!(to.as_str().starts_with(BACK), "{to}");
        to.query_pairs().into_owned().collect()
    }

    /// A call as the host makes it: to the real address, with the name of the issuer.
    fn call(&self, client: &OidcClient, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let basic = STANDARD.encode(format!("{}:{}", client.id, client.secret));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = http::Request::post(format!("{}{path}", self.provider.origin()))
            .header("host", HOST)
            .header("authorization", format!("Basic {basic}"))
            .header("content-type", "application/x-www-form-urlencoded");
        let mut answer = api::agent().run(request.body(body).expect("a request")).expect("an answer");
        let json = answer.body_mut().read_to_vec().expect("a body");
        (answer.status().as_u16(), serde_json::from_slice(&json).unwrap_or_default())
    }

    fn token(&self, form: &[(&str, &str)]) -> (u16, Value) {
        self.call(&self.provider.code_client().expect("a client"), "/token", form)
    }

    fn refresh(&self, token: &Value) -> (u16, Value) {
        let text = token.as_str().expect("a refresh token");
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", text)])
    }

    fn me(&self, token: &Value) -> (u16, String) {
        let request = http::Request::get(format!("{}/api/me", self.provider.origin()))
            .header("host", HOST)
            .header("authorization", format!("Bearer {}", token.as_str().expect("a token")));
        let mut answer = api::agent().run(request.body(()).expect("a request")).expect("an answer");
        let challenge = api::flat(answer.headers()).remove("www-authenticate").unwrap_or_default();
        let text = answer.body_mut().read_to_string().expect("a body");
        (answer.status().as_u16(), if text.contains("business-") { text } else { challenge })
    }

    fn first_pair(&mut self) -> Value {
        let back = self.log_in(true);
        let (status, pair) = self.token(&[
            ("grant_type", "authorization_code"),
            ("code", &back["code"]),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ]);
        assert_eq!(status, 200, "{pair}");
        pair
    }
}

#[test]
fn a_login_gives_a_pair_that_rotates_and_whose_second_use_ends_the_family() {
    let mut dance = Dance::begin();
    let first = dance.first_pair();
    assert_eq!((&first["expires_in"], &first["token_type"]), (&json!(20), &json!("Bearer")));
    assert_eq!(dance.me(&first["access_token"]).0, 200);
    let (_, second) = dance.refresh(&first["refresh_token"]);
    let (status, third) = dance.refresh(&second["refresh_token"]);
    assert_eq!((status, dance.me(&third["access_token"]).0), (200, 200));

    let (status, refused) = dance.refresh(&first["refresh_token"]);
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_grant")));
    assert_eq!(dance.refresh(&third["refresh_token"]).0, 400, "the whole family is dead");
    let (status, challenge) = dance.me(&third["access_token"]);
    assert_eq!((status, challenge.contains("invalid_token")), (401, true), "{challenge}");
    let journal = dance.provider.journal().expect("it answers");
    assert_eq!((journal.exchanges, journal.refreshes, journal.refused, journal.families_revoked), (1, 2, 2, 1));
    assert_eq!(
        (journal.calls[3].refresh.as_deref(), journal.calls[2].gave.as_deref()),
        (Some("refresh:1"), Some("refresh:3"))
    );
    assert_eq!(dance.provider.values().expect("it answers").len(), 6);
}

#[test]
fn the_callback_names_the_issuer_and_a_refusal() {
    let mut dance = Dance::begin();
    let back = dance.log_in(true);
    assert_eq!((back["iss"].as_str(), back["state"].as_str()), (ISSUER, "st4te"));
    dance.browser.forget();
    let refused = dance.log_in(false);
    assert_eq!((refused["error"].as_str(), refused["iss"].as_str()), ("access_denied", ISSUER));
    let password = "wrong";
    let url = dance.authorize(&[("code_challenge", CHALLENGE), ("code_challenge_method", "S256")]);
    dance.browser.forget();
    assert!(dance.browser.oidc(url.as_str(), "els", password, true).is_err());
}

#[test]
fn a_login_without_s256_is_refused_and_a_wrong_verifier_too() {
    let mut dance = Dance::begin();
    for more in [&[][..], &[("code_challenge", VERIFIER), ("code_challenge_method", "plain")]] {
        let page = dance.browser.open(dance.authorize(more).as_str()).expect("an answer");
        let to = page.location().expect("a redirect");
        assert!(to.as_str().contains("error=invalid_request"), "{to}");
    }
    let code = dance.log_in(true)["code"].clone();
    let wrong = "x".repeat(43);
    let form =
        [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", BACK), ("code_verifier", &wrong)];
    assert_eq!(dance.token(&form).1["error"], json!("invalid_grant"));
}

#[test]
fn a_code_used_twice_ends_the_tokens_of_its_first_use() {
    let mut dance = Dance::begin();
    let code = dance.log_in(true)["code"].clone();
    let form =
        [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", BACK), ("code_verifier", VERIFIER)];
    let (_, pair) = dance.token(&form);
    assert_eq!(dance.token(&form).0, 400);
    assert_eq!(dance.me(&pair["access_token"]).0, 401);
}

#[test]
fn a_revoked_token_and_a_withdrawn_grant_are_dead() {
    let mut dance = Dance::begin();
    let pair = dance.first_pair();
    let client = dance.provider.code_client().expect("a client");
    let token = pair["refresh_token"].as_str().expect("a token");
    assert_eq!(dance.call(&client, "/token/revocation", &[("token", token)]).0, 200);
    assert_eq!((dance.refresh(&pair["refresh_token"]).0, dance.me(&pair["access_token"]).0), (400, 401));
    let again = dance.first_pair();
    assert_eq!(dance.provider.revoke_grants(Some("els")).ok(), Some(1));
    assert_eq!((dance.refresh(&again["refresh_token"]).0, dance.me(&again["access_token"]).0), (400, 401));
    assert_eq!(dance.provider.journal().expect("it answers").revocations, 1);
}

#[test]
fn a_machine_logs_in_by_itself_and_its_token_ends_by_the_clock() {
    let dance = Dance::begin();
    let client = dance.provider.machine_client().expect("a client");
    let (status, given) =
        dance.call(&client, "/token", &[("grant_type", "client_credentials"), ("scope", "records:read")]);
    assert_eq!((status, given.get("refresh_token")), (200, None), "{given}");
    let (status, text) = dance.me(&given["access_token"]);
    assert_eq!((status, text.contains("business-patchbay-machine")), (200, true), "{text}");
    dance.provider.advance(Duration::from_secs(21)).expect("it answers");
    assert_eq!(dance.me(&given["access_token"]).0, 401);
    assert_eq!(dance.provider.journal().expect("it answers").client_credentials, 1);
}

#[test]
fn a_refresh_is_held_before_its_effect_or_after_it() {
    let mut dance = Dance::begin();
    let mut pair = dance.first_pair();
    for (applied, done) in [(false, 0), (true, 2)] {
        dance.provider.hold("refresh_token", applied).expect("it answers");
        let next = thread::scope(|scope| {
            let asked = scope.spawn(|| dance.refresh(&pair["refresh_token"]));
            dance.provider.wait_until_held(Duration::from_secs(20)).expect("it is held");
            assert_eq!(dance.provider.journal().expect("it answers").refreshes, done);
            dance.provider.release().expect("it answers");
            asked.join().expect("no panic")
        });
        assert_eq!(next.0, 200, "{}", next.1);
        pair = next.1;
    }
}
