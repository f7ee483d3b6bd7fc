//! What the QuickBooks Online fake promises to those who write connectors against it: login, tokens, companies.

mod books;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::calls::{Answer, plain};
use base64::{Engine, engine::general_purpose::STANDARD};
use patchbay_fakes::{Fakes, FakesConfig, Stand, also, quickbooks_online::QuickbooksOnline};
use patchbay_model::{ManualClock, Timestamp};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

const REDIRECT: &str = "http://127.0.0.1:8080/oauth/callback/cli_1";
const SCOPES: &str = "com.intuit.quickbooks.accounting openid email";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");
const ACCEPT: (&str, &str) = ("accept", "application/json");
const API: &str = "quickbooks.api.intuit.com";
const MOLEN: &str = "De Molen BV";
const BAKKERIJ: &str = "Bakkerij Peeters";
const DAY: Duration = Duration::from_secs(86_400);

struct World {
    fakes: Fakes,
    clock: Arc<ManualClock>,
}

impl World {
    fn start() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_795_255_200_000)));
        let also = also::all().into_iter().filter(|fake| fake.name() == "quickbooks-online").collect();
        let config = FakesConfig { also, clock: Arc::clone(&clock) as _, ..FakesConfig::small() };
        let world = Self { fakes: Fakes::start(config).expect("the fakes start"), clock };
        world.fake().allow_redirect(REDIRECT);
        world
    }

    fn stand(&self) -> &Stand<QuickbooksOnline> {
        self.fakes.stand::<QuickbooksOnline>().expect("the fake")
    }

    fn fake(&self) -> &QuickbooksOnline {
        &self.stand().provider
    }

    fn ask(&self, host: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all = vec![("host", host), ("user-agent", "patchbay-test")];
        all.extend_from_slice(headers);
        plain(method, &format!("{}{path}", self.stand().plain), &all, body).expect("an answer")
    }

    /// Logs in and answers the consent page.
    fn consent(&self, who: &str, scopes: &str, company: &str, decision: &str) -> Answer {
        let (client, login) = (self.fake().client(), self.fake().login(who));
        let pairs = [
            ("response_type", "code"),
            ("client_id", client.id.as_str()),
            ("redirect_uri", REDIRECT),
            ("scope", scopes),
            ("state", "st4te"),
        ];
        let path = format!("/connect/oauth2?{}", form(&pairs));
        let page = self.ask("127.0.0.1", "GET", &path, &[], "");
        let Some(sign_in) = page.headers.get("location") else { return page };
        let typed = form(&[("user", &login.user), ("password", &login.password)]);
        let signed = self.ask("127.0.0.1", "POST", sign_in, &[FORM], &typed);
        let cookie = signed.headers["set-cookie"].split(';').next().expect("a cookie").to_owned();
        let page = self.ask("127.0.0.1", "GET", &path, &[("cookie", &cookie)], "");
        let token = page.body.split("authenticity_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let realm = self.fake().realm(company);
        let answered = [("authenticity_token", token.expect("a form")), ("realm", &realm), ("decision", decision)];
        self.ask("127.0.0.1", "POST", &path, &[FORM, ("cookie", &cookie)], &form(&answered))
    }

    fn proof(&self) -> String {
        let client = self.fake().client();
        format!("Basic {}", STANDARD.encode(format!("{}:{}", client.id, client.secret)))
    }

    fn tokens(&self, pairs: &[(&str, &str)]) -> Answer {
        let headers = [FORM, ACCEPT, ("authorization", &self.proof())];
        self.ask("oauth.platform.intuit.com", "POST", "/oauth2/v1/tokens/bearer", &headers, &form(pairs))
    }

    /// Connects a company; the tokens.
    fn connected(&self, who: &str, company: &str) -> Value {
        let code = told(&self.consent(who, SCOPES, company, "allow"))["code"].clone();
        let pairs = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", REDIRECT)];
        let answer = self.tokens(&pairs);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    fn refresh(&self, tokens: &Value) -> Answer {
        let token = tokens["refresh_token"].as_str().unwrap_or_default();
        self.tokens(&[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    /// A call about a company by its name.
    fn api(
        &self,
        tokens: &Value,
        company: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap_or_default());
        let mut all = vec![("authorization", bearer.as_str()), ACCEPT];
        all.extend_from_slice(headers);
        self.ask(API, method, &format!("/v3/company/{}/{path}", self.fake().realm(company)), &all, body)
    }

    fn info(&self, tokens: &Value, company: &str) -> Answer {
        let path = format!("companyinfo/{}?minorversion=75", self.fake().realm(company));
        self.api(tokens, company, "GET", &path, &[], "")
    }

    fn refusals(&self) -> usize {
        self.stand().journal.entries().iter().filter(|entry| entry.refusal.is_some()).count()
    }
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn told(answer: &Answer) -> BTreeMap<String, String> {
    let url = Url::parse(&answer.headers["location"]).expect("an address");
    url.query_pairs().into_owned().collect()
}

/// The code of a fault.
fn code(answer: &Answer) -> String {
    answer.json().pointer("/Fault/Error/0/code").and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[test]
fn only_the_callback_names_the_company_and_only_for_the_books() {
    let world = World::start();
    let back = told(&world.consent("owner", SCOPES, BAKKERIJ, "allow"));
    assert_eq!(back["realmId"], world.fake().realm(BAKKERIJ));
    assert_eq!(back["state"], "st4te");
    let tokens = world.connected("owner", BAKKERIJ);
    let names: Vec<&String> = tokens.as_object().expect("an object").keys().collect();
    let wanted =
        ["access_token", "expires_in", "id_token", "refresh_token", "token_type", "x_refresh_token_expires_in"];
    assert_eq!(names.len(), wanted.len());
    assert!(wanted.iter().all(|name| names.iter().any(|known| known == name)), "{names:?}");
    assert!(tokens["access_token"].as_str().is_some_and(|token| token.len() > 1_000));
    assert!(!tokens.to_string().contains(&world.fake().realm(BAKKERIJ)));
    let back = told(&world.consent("owner", "openid", MOLEN, "allow"));
    assert!(!back.contains_key("realmId"));
    assert_eq!(told(&world.consent("owner", SCOPES, MOLEN, "deny"))["error"], "access_denied");
    assert_eq!(world.refusals(), 0);
}

#[test]
fn only_an_administrator_connects_a_company_and_its_tokens_reach_no_other() {
    let world = World::start();
    assert_eq!(world.consent("other", SCOPES, MOLEN, "allow").status, 403);
    let tokens = world.connected("owner", MOLEN);
    assert_eq!(world.info(&tokens, MOLEN).json()["CompanyInfo"]["CompanyName"], MOLEN);
    let other = world.info(&tokens, BAKKERIJ);
    assert_eq!((other.status, code(&other).as_str()), (403, "3100"));
    let path = format!("/v3/company/{0}/companyinfo/{0}", world.fake().realm(MOLEN));
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap_or_default());
    let sandbox =
        world.ask("sandbox-quickbooks.api.intuit.com", "GET", &path, &[("authorization", &bearer), ACCEPT], "");
    assert_eq!((sandbox.status, code(&sandbox).as_str()), (403, "3100"));
    assert!(sandbox.headers.contains_key("intuit_tid"));
    world.fake().dismiss("owner", &world.fake().realm(MOLEN), true);
    let dismissed = world.info(&tokens, MOLEN);
    assert_eq!((dismissed.status, code(&dismissed).as_str()), (401, "120"));
    world.fake().dismiss("owner", &world.fake().realm(MOLEN), false);
    world.fake().end_subscription(&world.fake().realm(MOLEN), true);
    let ended = world.info(&tokens, MOLEN);
    assert_eq!((ended.status, code(&ended).as_str()), (400, "6190"));
    assert_eq!(world.refusals(), 0);
}

#[test]
fn a_refresh_token_is_the_same_for_a_day_and_then_another_one_and_the_old_one_is_dead() {
    let world = World::start();
    let first = world.connected("owner", MOLEN);
    world.clock.advance(Duration::from_secs(3_600));
    let ended = world.info(&first, MOLEN);
    assert_eq!((ended.status, ended.json()["fault"]["error"][0]["code"].clone()), (401, json!("3200")));
    let second = world.refresh(&first).json();
    assert_eq!(second["refresh_token"], first["refresh_token"]);
    assert_ne!(second["access_token"], first["access_token"]);
    assert_eq!(world.info(&second, MOLEN).status, 200);
    world.clock.advance(DAY);
    let third = world.refresh(&second).json();
    assert_ne!(third["refresh_token"], first["refresh_token"]);
    let late = world.refresh(&first);
    assert_eq!((late.status, late.json()["error"].clone()), (400, json!("invalid_grant")));
    assert!(world.fake().accepts_refresh(third["refresh_token"].as_str().unwrap_or_default()));
    // A hundred days and no day more.
    world.clock.advance(DAY * 101);
    assert_eq!(world.refresh(&third).json()["error"], "invalid_grant");
    assert_eq!(world.refusals(), 0);
}

#[test]
fn a_code_is_good_once_for_five_minutes_and_only_for_the_client() {
    let world = World::start();
    let code = |world: &World| told(&world.consent("owner", SCOPES, MOLEN, "allow"))["code"].clone();
    let redeem =
        |code: &str| world.tokens(&[("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT)]);
    let good = code(&world);
    assert_eq!(redeem(&good).status, 200);
    assert_eq!(redeem(&good).json()["error"], "invalid_grant");
    let late = code(&world);
    world.clock.advance(Duration::from_secs(300));
    assert_eq!(redeem(&late).json()["error"], "invalid_grant");
    let pairs = form(&[("grant_type", "refresh_token"), ("refresh_token", "x")]);
    let headers = [FORM, ACCEPT, ("authorization", "Basic eDp5")];
    let wrong = world.ask("oauth.platform.intuit.com", "POST", "/oauth2/v1/tokens/bearer", &headers, &pairs);
    assert_eq!((wrong.status, wrong.json()["error"].clone()), (401, json!("invalid_client")));
    assert_eq!(world.refusals(), 0);
}

#[test]
fn a_revocation_ends_all_that_was_given_for_the_company() {
    let world = World::start();
    let [molen, again] = [(); 2].map(|()| world.connected("owner", MOLEN));
    let bakkerij = world.connected("owner", BAKKERIJ);
    let revoke = |token: &Value| {
        let body = json!({ "token": token }).to_string();
        let headers = [JSON, ACCEPT, ("authorization", &world.proof())];
        world.ask("developer.api.intuit.com", "POST", "/v2/oauth2/tokens/revoke", &headers, &body)
    };
    let answer = revoke(&molen["refresh_token"]);
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    for tokens in [&molen, &again] {
        assert_eq!(world.info(tokens, MOLEN).status, 401);
        assert_eq!(world.refresh(tokens).json()["error"], "invalid_grant");
    }
    assert_eq!(world.info(&bakkerij, BAKKERIJ).status, 200);
    assert_eq!(revoke(&json!("none")).status, 400);
    world.fake().disconnect(&world.fake().realm(BAKKERIJ));
    assert_eq!(world.info(&bakkerij, BAKKERIJ).status, 401);
    assert_eq!(world.refusals(), 0);
}

#[test]
fn who_connected_is_told_to_those_who_asked_for_it() {
    let world = World::start();
    let person = |tokens: &Value| {
        let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap_or_default());
        let headers = [("authorization", bearer.as_str()), ACCEPT];
        world.ask("accounts.platform.intuit.com", "GET", "/v1/openid_connect/userinfo", &headers, "")
    };
    assert_eq!(person(&world.connected("owner", MOLEN)).json()["email"], "an.claes@demolen.example");
    let back = told(&world.consent("owner", "com.intuit.quickbooks.accounting", MOLEN, "allow"));
    let pairs = [("grant_type", "authorization_code"), ("code", &back["code"]), ("redirect_uri", REDIRECT)];
    let tokens = world.tokens(&pairs).json();
    assert_eq!((person(&tokens).status, &tokens["id_token"]), (401, &Value::Null));
}

#[test]
fn the_login_refuses_what_the_sheet_does_not_name() {
    let world = World::start();
    assert_eq!(world.consent("owner", "com.intuit.quickbooks.payroll", MOLEN, "allow").status, 400);
    let client = world.fake().client();
    let asked = [
        ("response_type", "code"),
        ("client_id", client.id.as_str()),
        ("redirect_uri", "https://elsewhere.example"),
        ("scope", SCOPES),
        ("state", "x"),
    ];
    assert_eq!(world.ask("127.0.0.1", "GET", &format!("/connect/oauth2?{}", form(&asked)), &[], "").status, 400);
    assert_eq!(
        world.tokens(&[("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", "x")]).status,
        400
    );
    assert_eq!(world.refusals(), 3);
}
