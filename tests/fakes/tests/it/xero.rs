//! What the Xero fake promises to those who write connectors against it: login, tokens, organisations.

mod books;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::calls::{Answer, plain};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use patchbay_fakes::{Fakes, FakesConfig, Stand, also, xero::Xero};
use patchbay_model::{ManualClock, Timestamp};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

const REDIRECT: &str = "http://127.0.0.1:8080/oauth/callback/cli_1";
const SCOPES: &str = "openid profile email offline_access accounting.settings.read accounting.contacts \
    accounting.invoices accounting.payments.read accounting.banktransactions accounting.attachments files";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");
const MOLEN: &str = "De Molen BV";
const BAKKERIJ: &str = "Bakkerij Peeters";

struct World {
    fakes: Fakes,
    clock: Arc<ManualClock>,
}

impl World {
    fn start() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_795_255_200_000)));
        let also = also::all().into_iter().filter(|fake| fake.name() == "xero").collect();
        let config = FakesConfig { also, clock: Arc::clone(&clock) as _, ..FakesConfig::small() };
        let world = Self { fakes: Fakes::start(config).expect("the fakes start"), clock };
        world.xero().allow_redirect(REDIRECT);
        world
    }

    fn stand(&self) -> &Stand<Xero> {
        self.fakes.stand::<Xero>().expect("the fake")
    }

    fn xero(&self) -> &Xero {
        &self.stand().provider
    }

    fn ask(&self, host: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all = vec![("host", host), ("user-agent", "patchbay-test")];
        all.extend_from_slice(headers);
        plain(method, &format!("{}{path}", self.stand().plain), &all, body).expect("an answer")
    }

    fn path(&self, scopes: &str) -> String {
        let client = self.xero().client();
        let pairs = [
            ("response_type", "code"),
            ("client_id", client.id.as_str()),
            ("redirect_uri", REDIRECT),
            ("scope", scopes),
            ("state", "st4te"),
        ];
        format!("/identity/connect/authorize?{}", form(&pairs))
    }

    /// Logs in and answers the consent page.
    fn consent(&self, who: &str, scopes: &str, tenant: &str, decision: &str) -> Answer {
        let (path, login) = (self.path(scopes), self.xero().login(who));
        let page = self.ask("127.0.0.1", "GET", &path, &[], "");
        let Some(sign_in) = page.headers.get("location") else { return page };
        let typed = form(&[("user", &login.user), ("password", &login.password)]);
        let signed = self.ask("127.0.0.1", "POST", sign_in, &[FORM], &typed);
        let cookie = signed.headers["set-cookie"].split(';').next().expect("a cookie").to_owned();
        let page = self.ask("127.0.0.1", "GET", &path, &[("cookie", &cookie)], "");
        let token = page.body.split("authenticity_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let token = token.expect("a form");
        let answered = form(&[("authenticity_token", token), ("tenant", tenant), ("decision", decision)]);
        self.ask("127.0.0.1", "POST", &path, &[FORM, ("cookie", &cookie)], &answered)
    }

    fn identity(&self, path: &str, form: &str) -> Answer {
        let client = self.xero().client();
        let proof = format!("Basic {}", STANDARD.encode(format!("{}:{}", client.id, client.secret)));
        self.ask("identity.xero.com", "POST", path, &[FORM, ("authorization", &proof)], form)
    }

    fn redeemed(&self, consent: &Answer) -> Answer {
        let code = told(consent)["code"].clone();
        let pairs = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT)];
        self.identity("/connect/token", &form(&pairs))
    }

    /// Connects an organisation; the tokens.
    fn connected(&self, who: &str, name: &str) -> Value {
        let answer = self.redeemed(&self.consent(who, SCOPES, &self.xero().tenant(name), "allow"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    fn refresh(&self, tokens: &Value) -> Answer {
        let token = tokens["refresh_token"].as_str().unwrap_or_default();
        self.identity("/connect/token", &form(&[("grant_type", "refresh_token"), ("refresh_token", token)]))
    }

    fn api(&self, tokens: &Value, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap_or_default());
        let mut all = vec![("authorization", bearer.as_str()), ("accept", "application/json")];
        all.extend_from_slice(headers);
        self.ask("api.xero.com", method, path, &all, body)
    }

    /// Reads of the first organisation.
    fn read(&self, tokens: &Value, path: &str, headers: &[(&str, &str)]) -> Answer {
        let tenant = self.xero().tenant(MOLEN);
        let mut all = vec![("xero-tenant-id", tenant.as_str())];
        all.extend_from_slice(headers);
        self.api(tokens, "GET", &format!("/api.xro/2.0/{path}"), &all, "")
    }

    fn connections(&self, tokens: &Value) -> Vec<Value> {
        let answer = self.api(tokens, "GET", "/connections", &[], "");
        answer.json().as_array().cloned().unwrap_or_default()
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

fn claims(token: &Value) -> Value {
    let part = token.as_str().and_then(|token| token.split('.').nth(1)).expect("a JSON Web Token");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("claims")
}

fn names(connections: &[Value]) -> Vec<&str> {
    connections.iter().filter_map(|one| one["tenantName"].as_str()).collect()
}

#[test]
fn a_consent_adds_one_organisation_to_those_of_before_and_its_event_tells_which() {
    let world = World::start();
    let tokens = world.connected("owner", BAKKERIJ);
    let all = world.connections(&tokens);
    assert_eq!(names(&all), [MOLEN, "Praktijk Noord", BAKKERIJ]);
    assert_eq!(all[1]["tenantType"], "PRACTICE");
    assert!(all.iter().all(|one| one["id"] != one["tenantId"]));
    let event = claims(&tokens["access_token"])["authentication_event_id"].clone();
    let path = format!("/connections?authEventId={}", event.as_str().unwrap_or_default());
    let added = world.api(&tokens, "GET", &path, &[], "").json();
    assert_eq!(names(added.as_array().expect("a list")), [BAKKERIJ]);
    let id = claims(&tokens["id_token"]);
    assert_eq!(id["aud"], json!(world.xero().client().id));
    assert_eq!(id["email"], "an.claes@demolen.example");
    let other = world.connected("other", "Ander Kantoor NV");
    assert_eq!(names(&world.connections(&other)), ["Ander Kantoor NV"]);
    assert_ne!(claims(&other["id_token"])["xero_userid"], id["xero_userid"]);
    assert_eq!(world.refusals(), 0);
}

#[test]
fn a_connection_is_taken_away_by_its_own_id_and_not_by_the_tenants() {
    let world = World::start();
    let tokens = world.connected("owner", BAKKERIJ);
    let all = world.connections(&tokens);
    let delete = |id: &Value| {
        let path = format!("/connections/{}", id.as_str().unwrap_or_default());
        world.api(&tokens, "DELETE", &path, &[], "").status
    };
    assert_eq!(delete(&all[2]["tenantId"]), 404);
    assert_eq!(delete(&all[2]["id"]), 204);
    assert_eq!(delete(&all[2]["id"]), 404);
    assert_eq!(names(&world.connections(&tokens)), [MOLEN, "Praktijk Noord"]);
}

#[test]
fn a_sixth_connection_is_refused_by_the_page_and_a_swallowed_one_is_nowhere() {
    let world = World::start();
    world.xero().allow_connections(3);
    world.connected("owner", BAKKERIJ);
    let full = world.consent("other", SCOPES, &world.xero().tenant("Ander Kantoor NV"), "allow");
    assert_eq!((full.status, full.headers.get("location")), (403, None));
    // One that is there already is no further one.
    world.connected("owner", MOLEN);
    world.xero().allow_connections(5);
    world.xero().swallow_connections(true);
    let tokens = world.connected("other", "Ander Kantoor NV");
    assert_eq!(world.connections(&tokens), Vec::<Value>::new());
}

#[test]
fn several_organisations_at_once_are_a_matter_of_the_tier() {
    let world = World::start();
    assert_eq!(world.consent("owner", SCOPES, "all", "allow").status, 400);
    world.xero().bulk(true);
    let tokens = world.redeemed(&world.consent("owner", SCOPES, "all", "allow")).json();
    assert_eq!(world.connections(&tokens).len(), 4);
}

#[test]
fn a_person_who_refuses_shares_nothing_and_nobody_shares_what_is_anothers() {
    let world = World::start();
    let back = world.consent("owner", SCOPES, &world.xero().tenant(BAKKERIJ), "deny");
    assert_eq!(told(&back).get("error").map(String::as_str), Some("access_denied"));
    assert_eq!(world.consent("owner", SCOPES, &world.xero().tenant("Ander Kantoor NV"), "allow").status, 400);
    assert_eq!(world.xero().organisations("owner").len(), 1);
}

#[test]
fn broad_scopes_and_journals_are_refused_and_without_offline_access_nothing_is_renewed() {
    let world = World::start();
    let tenant = world.xero().tenant(BAKKERIJ);
    for scope in ["accounting.transactions", "accounting.reports.read", "accounting.journals.read"] {
        let page = world.consent("owner", scope, &tenant, "allow");
        assert_eq!(page.status, 400, "{scope}");
        assert!(page.body.contains("Invalid scope for client"), "{}", page.body);
    }
    assert_eq!(world.refusals(), 3);
    world.xero().advanced(true);
    let answer = world.redeemed(&world.consent("owner", "accounting.journals.read", &tenant, "allow")).json();
    assert_eq!((&answer["refresh_token"], &answer["id_token"]), (&Value::Null, &Value::Null));
    let journals = world.read(&answer, "Journals?offset=200", &[]).json();
    assert_eq!(journals["Journals"].as_array().map(Vec::len), Some(50));
    assert_eq!(journals["Journals"][0]["JournalNumber"], 201);
}

#[test]
fn a_code_is_good_once_for_five_minutes_and_its_own_redirect() {
    let world = World::start();
    let tenant = world.xero().tenant(BAKKERIJ);
    let back = world.consent("owner", SCOPES, &tenant, "allow");
    assert_eq!(world.redeemed(&back).json()["expires_in"], 1_800);
    assert_eq!(world.redeemed(&back).json(), json!({ "error": "invalid_grant" }));
    let late = world.consent("owner", SCOPES, &tenant, "allow");
    world.clock.advance(Duration::from_secs(300));
    assert_eq!(world.redeemed(&late).json(), json!({ "error": "invalid_grant" }));
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let wrong = world.ask("identity.xero.com", "POST", "/connect/token", &[FORM], &form(&pairs));
    assert_eq!((wrong.status, wrong.json()), (400, json!({ "error": "invalid_client" })));
}

#[test]
fn an_old_refresh_token_is_good_for_half_an_hour_after_its_first_use() {
    let world = World::start();
    let first = world.connected("owner", BAKKERIJ);
    world.clock.advance(Duration::from_secs(1_800));
    let lost = world.refresh(&first).json();
    world.clock.advance(Duration::from_secs(1_799));
    let again = world.refresh(&first);
    assert_eq!(again.status, 200, "{}", again.body);
    assert_ne!(again.json()["refresh_token"], lost["refresh_token"]);
    assert_eq!(world.refresh(&lost).json(), json!({ "error": "invalid_grant" }), "its successor took its place");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.refresh(&first).json(), json!({ "error": "invalid_grant" }), "the grace is over");
    let next = world.refresh(&again.json()).json();
    assert!(world.xero().accepts_refresh(next["refresh_token"].as_str().unwrap_or_default()));
    assert_eq!(world.refresh(&first).status, 400);
    world.clock.advance(Duration::from_secs(60 * 86_400));
    assert_eq!(world.refresh(&next).json(), json!({ "error": "invalid_grant" }), "nobody used it for 60 days");
}

#[test]
fn an_old_copy_does_not_come_back_once_its_successor_was_used() {
    let world = World::start();
    let first = world.connected("owner", BAKKERIJ);
    let second = world.refresh(&first).json();
    let third = world.refresh(&second).json();
    assert_eq!(world.refresh(&first).json(), json!({ "error": "invalid_grant" }));
    assert_eq!(world.refresh(&third).status, 200);
}

#[test]
fn a_new_consent_ends_the_tokens_of_the_one_before() {
    let world = World::start();
    let first = world.connected("owner", BAKKERIJ);
    let second = world.connected("owner", "Garage Claes NV");
    assert_eq!(world.refresh(&first).json(), json!({ "error": "invalid_grant" }));
    assert_eq!(world.refresh(&second).status, 200);
    assert_eq!(world.connections(&second).len(), 4);
}

#[test]
fn a_revocation_takes_all_that_the_person_shared() {
    let world = World::start();
    let tokens = world.connected("owner", BAKKERIJ);
    let other = world.connected("other", "Ander Kantoor NV");
    let gone =
        world.identity("/connect/revocation", &form(&[("token", tokens["refresh_token"].as_str().expect("one"))]));
    assert_eq!((gone.status, gone.body.as_str()), (200, ""));
    assert!(world.xero().organisations("owner").is_empty());
    assert_eq!(world.xero().organisations("other").len(), 1);
    assert_eq!(world.refresh(&tokens).status, 400);
    assert_eq!(world.connections(&other).len(), 1);
}

#[test]
fn an_expired_token_and_a_missing_scope_are_told_apart() {
    let world = World::start();
    let tokens = world.connected("owner", BAKKERIJ);
    world.xero().take_scope("accounting.contacts", true);
    let missing = world.read(&tokens, "Contacts?page=1", &[]);
    assert_eq!((missing.status, missing.json()["Detail"].clone()), (401, json!("AuthorizationUnsuccessful")));
    world.xero().take_scope("accounting.contacts", false);
    assert_eq!(world.read(&tokens, "Contacts?page=1", &[]).status, 200);
    world.clock.advance(Duration::from_secs(1_800));
    let expired = world.read(&tokens, "Contacts?page=1", &[]);
    assert_eq!(expired.status, 401);
    assert_eq!(expired.json()["Detail"], "TokenExpired: token expired at 11/21/2026 10:30:00");
    assert_eq!(world.refusals(), 0);
}

#[test]
fn only_a_tenant_that_is_shared_may_stand_in_the_header() {
    let world = World::start();
    let tokens = world.connected("owner", BAKKERIJ);
    let ask = |tenant: &str| {
        let before = world.refusals();
        let answer = world.api(&tokens, "GET", "/api.xro/2.0/Organisation", &[("xero-tenant-id", tenant)], "");
        let detail = answer.json()["Detail"].as_str().unwrap_or_default().to_owned();
        (answer.status, detail, world.refusals() > before)
    };
    let refused = |wrong| (403, "AuthenticationUnsuccessful".to_owned(), wrong);
    let one = world.xero().organisations("owner")[0].clone();
    assert_eq!(ask(&one.tenant), (200, String::new(), false));
    assert_eq!(ask(&one.connection), refused(true), "the connection's id is never a tenant's");
    assert_eq!(ask(&world.xero().tenant("Praktijk Noord")), refused(true));
    assert_eq!(ask(&world.xero().tenant("Ander Kantoor NV")), refused(false));
    assert!(world.xero().disconnect("owner", &one.tenant));
    assert_eq!(ask(&one.tenant), refused(false), "disconnected later");
    world.xero().connect(&one.tenant);
    assert_eq!(ask(&one.tenant).0, 200);
    let none = world.api(&tokens, "GET", "/api.xro/2.0/Organisation", &[], "");
    assert_eq!(none.status, 403);
}
