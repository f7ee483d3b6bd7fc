//! What the fake of all logins promises.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use patchbay_fakes::{
    Client, Fakes, FakesConfig,
    logins::{Behaviour, HOST, Proof, Renewal, Revocation, ScopesAs, TokenKind},
};
use patchbay_model::{ManualClock, Timestamp};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::calls::{Answer, plain};

const REDIRECT: &str = "http://127.0.0.1:8080/oauth/callback/cli_1";
// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");
const STRICT: Behaviour = Behaviour {
    access_life: Duration::from_secs(3_600),
    says_life: true,
    renewal: Renewal::Rotating { grace: Duration::ZERO, family: true },
    newest_only: false,
    errors_in_200: false,
    nested: false,
    scopes: ScopesAs::Spaces,
    proof: Proof::Either,
    pkce: true,
    issuer: None,
    skips_consent: false,
    secret_by_region: false,
    revocation: Revocation::Login,
};

struct Scene {
    fakes: Fakes,
    clock: Arc<ManualClock>,
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

impl Scene {
    fn start(behaviour: Behaviour) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_795_190_400_000)));
        let fakes = Fakes::start(FakesConfig { clock: Arc::clone(&clock) as _, ..FakesConfig::small() });
        let fakes = fakes.expect("the fakes start");
        fakes.logins.provider.allow_redirect(REDIRECT);
        fakes.logins.provider.behave(behaviour);
        Self { fakes, clock }
    }

    fn call(&self, method: &str, host: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all = vec![("host", host)];
        all.extend(headers);
        plain(method, &format!("{}{path}", self.fakes.logins.plain), &all, body).expect("an answer")
    }

    /// Consents as an account; what the callback is told.
    fn consent(&self, account: &str, region: &str) -> BTreeMap<String, String> {
        let logins = &self.fakes.logins.provider;
        let query = form(&[
            ("client_id", &logins.client().id),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", "read write"),
            ("state", "st4te"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let known = logins.credentials(account);
        let filled =
            form(&[("user", &known.user), ("password", &known.password), ("region", region), ("decision", "allow")]);
        let back = self.call("POST", HOST, &format!("/oauth/authorize?{query}"), &[FORM], &filled);
        assert_eq!(back.status, 302, "{}", back.body);
        let url = Url::parse(&back.headers["location"]).expect("an address");
        url.query_pairs().into_owned().collect()
    }

    fn token_at(&self, host: &str, client: &Client, more: &[(&str, &str)]) -> Answer {
        let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", client.id, client.secret)));
        self.call("POST", host, "/oauth/token", &[FORM, ("authorization", &basic)], &form(more))
    }

    fn redeem(&self, host: &str, client: &Client, code: &str) -> Answer {
        let grant = ("grant_type", "authorization_code");
        self.token_at(host, client, &[grant, ("code", code), ("redirect_uri", REDIRECT), ("code_verifier", VERIFIER)])
    }

    fn first(&self) -> Value {
        let code = self.consent("one", "")["code"].clone();
        let answer = self.redeem(HOST, &self.fakes.logins.provider.client(), &code);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    fn refresh(&self, pair: &Value) -> Answer {
        let token = pair["refresh_token"].as_str().expect("a refresh token");
        let client = self.fakes.logins.provider.client();
        self.token_at(HOST, &client, &[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    fn bearer(&self, host: &str, token: &Value) -> Answer {
        let bearer = format!("Bearer {}", token.as_str().expect("a token"));
        self.call("GET", host, "/api/bearer/me", &[("authorization", &bearer)], "")
    }
}

#[test]
fn strict_rotation_ends_the_family_and_a_grace_period_does_not() {
    let scene = Scene::start(STRICT);
    let first = scene.first();
    let second = scene.refresh(&first).json();
    assert_eq!(scene.refresh(&first).json()["error"], json!("invalid_grant"));
    assert_eq!((scene.refresh(&second).status, scene.bearer(HOST, &second["access_token"]).status), (400, 401));
    let calls = scene.fakes.logins.provider.calls();
    let families: Vec<bool> = calls.iter().map(|call| call.family).collect();
    assert_eq!(families, [false, false, true, false]);
    assert_eq!(calls[2].sent.as_deref(), Some("refresh:1"));

    let renewal = Renewal::Rotating { grace: Duration::from_secs(60), family: true };
    scene.fakes.logins.provider.behave(Behaviour { renewal, ..STRICT });
    let first = scene.first();
    let second = scene.refresh(&first).json();
    scene.clock.advance(Duration::from_secs(59));
    assert_eq!(scene.refresh(&first).status, 200);
    assert!(scene.fakes.logins.provider.accepts_refresh(second["refresh_token"].as_str().expect("a token")));
    scene.clock.advance(Duration::from_secs(1));
    assert_eq!(scene.refresh(&first).status, 400);

    scene.fakes.logins.provider.behave(Behaviour { renewal: Renewal::Fixed, newest_only: true, ..STRICT });
    let first = scene.first();
    let second = scene.refresh(&first).json();
    assert_eq!((second.get("refresh_token"), scene.refresh(&first).status), (None, 200));
    assert_eq!(scene.bearer(HOST, &second["access_token"]).status, 401, "only the newest");
}

#[test]
fn answers_are_as_odd_as_the_table_says() {
    let scene = Scene::start(Behaviour { nested: true, says_life: false, scopes: ScopesAs::Array, ..STRICT });
    let nested = scene.first();
    assert_eq!(nested["data"]["auth"]["scope"], json!(["read", "write"]));
    assert_eq!((nested["data"]["auth"].get("expires_in"), nested.get("access_token")), (None, None));

    let logins = &scene.fakes.logins.provider;
    logins.behave(Behaviour { errors_in_200: true, renewal: Renewal::None, scopes: ScopesAs::Nothing, ..STRICT });
    let refused = scene.redeem(HOST, &logins.client(), "x");
    assert_eq!((refused.status, &refused.json()["error"]), (200, &json!("invalid_grant")));
    let short = scene.first();
    assert_eq!((short.get("refresh_token"), short.get("scope")), (None, None));
    let client = logins.client();
    let query = form(&[
        ("grant_type", "exchange"),
        ("client_id", &client.id),
        ("client_secret", &client.secret),
        ("access_token", short["access_token"].as_str().expect("a token")),
    ]);
    let long = scene.call("GET", HOST, &format!("/oauth/exchange?{query}"), &[], "").json();
    assert_eq!(scene.bearer(HOST, &long["access_token"]).status, 200);
    logins.end(TokenKind::Access);
    assert_eq!(scene.bearer(HOST, &long["access_token"]).status, 401);
}

#[test]
fn a_region_is_said_at_the_callback_and_its_tokens_are_good_there_only() {
    let scene =
        Scene::start(Behaviour { secret_by_region: true, issuer: Some("https://logins.example".to_owned()), ..STRICT });
    let logins = &scene.fakes.logins.provider;
    let told = scene.consent("one", "eu");
    assert_eq!(
        (told["location"].as_str(), told["accounts-server"].as_str()),
        ("eu", "https://accounts-eu.logins.example")
    );
    assert_eq!((told["iss"].as_str(), told["realm_id"].as_str()), ("https://logins.example", "realm-one"));
    let regional = Client { secret: logins.region_secret("eu"), ..logins.client() };
    let other = Client { secret: logins.region_secret("us"), ..logins.client() };
    assert_eq!(scene.redeem("accounts-us.logins.example", &other, &told["code"]).status, 400);
    assert_eq!(scene.redeem("accounts-eu.logins.example", &other, &told["code"]).status, 401);
    let pair = scene.redeem("accounts-eu.logins.example", &regional, &told["code"]).json();
    let at = |host: &str| scene.bearer(host, &pair["access_token"]).status;
    assert_eq!([at("api-eu.logins.example"), at("api-us.logins.example"), at(HOST)], [200, 401, 401]);
    assert_eq!(at("api-xx.logins.example"), 421);
    assert_eq!(scene.call("GET", "odoo.kantoor.example", "/api/basic/me", &[], "").status, 421);
    let rewrite = scene.fakes.customer("https://odoo.kantoor.example");
    assert_eq!(
        (rewrite.origin.as_str(), &rewrite.connect),
        ("https://odoo.kantoor.example", &scene.fakes.logins.plain)
    );
    assert_eq!(scene.call("GET", "odoo.kantoor.example", "/api/basic/me", &[], "").status, 401);
}

#[test]
fn each_manner_takes_its_own_credential_and_echoes_it_in_every_spelling() {
    let scene = Scene::start(STRICT);
    let known = scene.fakes.logins.provider.credentials("two");
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", known.user, known.password)));
    let me = |manner: &str, headers: &[(&str, &str)]| scene.call("GET", HOST, &format!("/api/{manner}"), headers, "");
    let key = ("x-api-key", known.api_key.as_str());
    let query = format!("key-query/me?api_key={}", known.api_key);
    for (manner, headers, secret) in [
        ("basic/me", &[("authorization", basic.as_str())][..], basic.as_str()),
        ("key-header/me", &[key], &known.api_key),
        (&query, &[], &known.api_key),
        ("pair/me", &[key, ("x-api-secret", &known.api_secret)], &known.api_secret),
    ] {
        let answer = me(manner, headers);
        assert_eq!((answer.status, &answer.json()["id"]), (200, &json!("business-two")), "{manner}: {}", answer.body);
        let echo = answer.json()["echo"].clone();
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(echo["raw"].as_str().is_some_and(|raw| raw.contains(secret)), "{manner}");
        assert!(echo["hex"].as_str().is_some_and(|text| text.contains(&hex)), "{manner}");
        assert_eq!(echo["base64"].as_array().map(Vec::len), Some(3));
        assert!(answer.headers.iter().any(|(name, value)| name.starts_with("x-echo-") && value.contains(secret)));
    }
    assert_eq!((me("pair/me", &[key]).status, me("basic/me", &[key]).status), (401, 401));
    scene.fakes.logins.provider.set_password("two", "admin");
    assert_eq!(me("basic/me", &[("authorization", &basic)]).status, 401);
    let short = format!("Basic {}", STANDARD.encode(format!("{}:admin", known.user)));
    let records = me("basic/records", &[("authorization", &short)]);
    assert!(records.body.contains("signed in as admin"), "{}", records.body);
}

#[test]
fn sessions_open_with_json_and_json_rpc_and_die_on_demand() {
    let scene = Scene::start(STRICT);
    let logins = &scene.fakes.logins.provider;
    let known = logins.credentials("one");
    let enter = |password: &str| {
        let body = json!({ "user": known.user, "password": password, "database": known.database });
        scene.call("POST", HOST, "/session", &[JSON], &body.to_string())
    };
    assert_eq!(enter("wrong").status, 401);
    let opened = enter(&known.password).json();
    assert_eq!(opened["expires_in"], json!(3_600));
    let me = |token: &Value| {
        scene.call("GET", HOST, "/api/session/me", &[("x-session", token.as_str().expect("a token"))], "").status
    };
    assert_eq!(me(&opened["token"]), 200);
    let rpc = |service: &str, method: &str, password: &str| {
        let args = json!([known.database, known.user, password, "res.users", "read"]);
        let params = json!({ "service": service, "method": method, "args": args });
        let body = json!({ "jsonrpc": "2.0", "method": "call", "id": 7, "params": params });
        scene.call("POST", HOST, "/jsonrpc", &[JSON], &body.to_string()).json()
    };
    let nested = rpc("common", "login", &known.password);
    assert_eq!(me(&nested["result"]["session"]["token"]), 200, "{nested}");
    assert_eq!(rpc("object", "execute", &known.password)["result"]["id"], json!("business-one"));
    assert_eq!(rpc("object", "execute", "x")["error"]["data"]["name"], json!("AccessDenied"));
    logins.end(TokenKind::Session);
    assert_eq!(me(&opened["token"]), 401);
    assert_eq!(logins.calls().iter().filter(|call| call.grant == "session" && call.refused.is_none()).count(), 2);
    let journal = std::fs::read_to_string(scene.fakes.logins.journal.path()).expect("a file");
    let escaped = serde_json::to_string(&known.password).expect("JSON");
    assert!(journal.contains("jsonrpc") && !journal.contains(escaped.trim_matches('"')), "no secret in the journal");
}

#[test]
fn a_proof_belongs_to_its_token_and_client_credentials_to_their_client() {
    let scene = Scene::start(Behaviour { proof: Proof::Basic, ..STRICT });
    let machine = scene.fakes.logins.provider.credentials("two").client;
    let given = scene.token_at(HOST, &machine, &[("grant_type", "client_credentials"), ("scope", "read")]).json();
    assert_eq!((given.get("refresh_token"), &given["scope"]), (None, &json!("read")));
    let me = scene.bearer(HOST, &given["access_token"]);
    assert_eq!(me.json()["id"], json!("business-two"));
    let body =
        form(&[("grant_type", "client_credentials"), ("client_id", &machine.id), ("client_secret", &machine.secret)]);
    assert_eq!(scene.call("POST", HOST, "/oauth/token", &[FORM], &body).status, 401, "only Basic is asked for");

    let bearer = format!("Bearer {}", given["access_token"].as_str().expect("a token"));
    let signed = |proof: &str| {
        scene.call("GET", HOST, "/api/signed/me", &[("authorization", &bearer), ("x-proof", proof)], "").status
    };
    let proof = scene.fakes.logins.provider.proof(bearer.trim_start_matches("Bearer "));
    assert_eq!((signed("00"), signed(&proof)), (401, 200));
    scene.clock.advance(Duration::from_secs(3_600));
    assert_eq!(scene.bearer(HOST, &given["access_token"]).status, 401, "its hour is over");
}

#[test]
fn a_revocation_ends_the_login_or_all_of_that_account() {
    let scene = Scene::start(STRICT);
    let logins = &scene.fakes.logins.provider;
    let (one, two, three) = (scene.first(), scene.first(), scene.first());
    let client = logins.client();
    let revoke = |pair: &Value| {
        let token = pair["refresh_token"].as_str().expect("a token");
        let body = form(&[("token", token), ("client_id", &client.id), ("client_secret", &client.secret)]);
        scene.call("POST", HOST, "/oauth/revoke", &[FORM], &body).status
    };
    let me = |pair: &Value| scene.bearer(HOST, &pair["access_token"]).status;
    assert_eq!((revoke(&one), me(&one), me(&two)), (200, 401, 200));
    logins.behave(Behaviour { revocation: Revocation::Account, ..STRICT });
    assert_eq!((revoke(&two), me(&two), me(&three)), (200, 401, 401));
}

#[test]
fn the_evil_provider_leads_elsewhere_with_the_live_state_and_keeps_what_it_is_sent() {
    let scene = Scene::start(STRICT);
    let logins = &scene.fakes.logins.provider;
    logins.lead_astray("http://127.0.0.1:1/oauth/authorize?client_id=honest");
    let url = format!("{}/evil/authorize?state=live&code_challenge=c&scope=x", scene.fakes.logins.plain);
    let away = plain("GET", &url, &[], "").expect("an answer");
    let wanted = "http://127.0.0.1:1/oauth/authorize?client_id=honest&state=live&code_challenge=c";
    assert_eq!((away.status, away.headers["location"].as_str()), (302, wanted));
    assert_eq!(logins.caught().len(), 0);
    scene.call("POST", "evil.example", "/token", &[FORM], &form(&[("code", "stolen")]));
    assert_eq!(logins.caught(), [[("code".to_owned(), "stolen".to_owned())]]);
}
