//! What the Slack fake promises to those who write connectors against it: its logins here, what it reads and writes beside.

mod reads;
mod writes;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use patchbay_fakes::{Act, Fakes, FakesConfig, Login, Rule, Stand, also, slack::Slack};
use patchbay_model::{ManualClock, Timestamp};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::calls::{Answer, plain};

const REDIRECT: &str = "http://127.0.0.1:8080/oauth/callback/cli_1";
const SCOPES: &str = "users:read,users:read.email,team:read,channels:read,groups:read,channels:history,groups:history,\
    usergroups:read,chat:write,chat:write.public,files:write,files:read,im:write";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");

struct World {
    fakes: Fakes,
    clock: Arc<ManualClock>,
}

impl World {
    fn start() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_795_255_200_000)));
        let also = also::all().into_iter().filter(|fake| fake.name() == "slack").collect();
        let config = FakesConfig { also, clock: Arc::clone(&clock) as _, ..FakesConfig::small() };
        let world = Self { fakes: Fakes::start(config).expect("the fakes start"), clock };
        world.fake().allow_redirect(REDIRECT);
        world
    }

    fn stand(&self) -> &Stand<Slack> {
        self.fakes.stand().expect("the fake")
    }

    fn fake(&self) -> &Slack {
        &self.stand().provider
    }

    fn ask(&self, host: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.try_ask(host, method, path, headers, body).expect("an answer")
    }

    fn try_ask(
        &self,
        host: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, ureq::Error> {
        let mut all = vec![("host", host), ("user-agent", "patchbay-test")];
        all.extend_from_slice(headers);
        plain(method, &format!("{}{path}", self.stand().plain), &all, body)
    }

    /// Signs in, answers the consent page for a workspace, and returns what the callback was told.
    fn consent(&self, login: &Login, team: &str, more: &[(&str, &str)], decision: &str) -> BTreeMap<String, String> {
        let path = self.authorize(more);
        let page = self.ask("slack.com", "GET", &path, &[], "");
        let Some(sign_in) = page.headers.get("location") else { panic!("{} {}", page.status, page.body) };
        let typed = form(&[("email", &login.user), ("password", &login.password)]);
        let signed = self.ask("slack.com", "POST", sign_in, &[FORM], &typed);
        let cookie = signed.headers["set-cookie"].split(';').next().expect("a cookie").to_owned();
        let page = self.ask("slack.com", "GET", &path, &[("cookie", &cookie)], "");
        let crumb = page.body.split("crumb\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a form");
        let answered = form(&[("crumb", crumb), ("team", team), ("decision", decision)]);
        let back = self.ask("slack.com", "POST", &path, &[FORM, ("cookie", &cookie)], &answered);
        let Some(location) = back.headers.get("location") else {
            return BTreeMap::from([("status".to_owned(), back.status.to_string())]);
        };
        Url::parse(location).expect("an address").query_pairs().into_owned().collect()
    }

    fn authorize(&self, more: &[(&str, &str)]) -> String {
        let client = self.fake().client();
        let mut pairs =
            vec![("client_id", client.id.as_str()), ("scope", SCOPES), ("redirect_uri", REDIRECT), ("state", "st4te")];
        pairs.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        pairs.extend_from_slice(more);
        format!("/oauth/v2/authorize?{}", form(&pairs))
    }

    fn token(&self, more: &[(&str, &str)]) -> Value {
        let client = self.fake().client();
        let mut pairs = vec![("client_id", client.id.as_str()), ("client_secret", client.secret.as_str())];
        pairs.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        pairs.extend_from_slice(more);
        let answer = self.ask("slack.com", "POST", "/api/oauth.v2.access", &[FORM], &form(&pairs));
        assert_eq!(answer.status, 200, "errors too: {}", answer.body);
        answer.json()
    }

    fn redeemed(&self, code: &str) -> Value {
        self.token(&[("code", code), ("redirect_uri", REDIRECT)])
    }

    fn renewed(&self, tokens: &Value) -> Value {
        let refresh = tokens["refresh_token"].as_str().unwrap_or_default();
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh)])
    }

    fn connected(&self) -> Value {
        let code = self.consent(&self.fake().login(), self.fake().team(), &[], "allow")["code"].clone();
        self.redeemed(&code)
    }

    fn get(&self, tokens: &Value, call: &str) -> Answer {
        let bearer = bearer(tokens);
        self.ask("slack.com", "GET", &format!("/api/{call}"), &[("authorization", &bearer)], "")
    }

    fn post(&self, tokens: &Value, method: &str, body: &Value) -> Answer {
        let bearer = bearer(tokens);
        let headers = [("authorization", bearer.as_str()), JSON];
        self.ask("slack.com", "POST", &format!("/api/{method}"), &headers, &body.to_string())
    }

    /// All rows of a list; how many each page had.
    fn pages(&self, tokens: &Value, call: &str, rows: &str) -> (Vec<Value>, Vec<usize>) {
        let (mut all, mut counts, mut next) = (Vec::new(), Vec::new(), String::new());
        loop {
            let cursor = if next.is_empty() { String::new() } else { format!("&cursor={next}") };
            let answer = self.get(tokens, &format!("{call}{cursor}")).json();
            assert_eq!(answer["ok"], true, "{answer}");
            let page = answer[rows].as_array().cloned().unwrap_or_default();
            counts.push(page.len());
            all.extend(page);
            answer["response_metadata"]["next_cursor"].as_str().unwrap_or_default().clone_into(&mut next);
            if next.is_empty() {
                return (all, counts);
            }
        }
    }

    fn error(&self, tokens: &Value, call: &str) -> String {
        let answer = self.get(tokens, call);
        assert_eq!(answer.status, 200, "{call}: {}", answer.body);
        answer.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    fn refused(&self, tokens: &Value, call: &str) {
        let answer = self.get(tokens, call);
        assert_eq!(answer.status, 400, "{call}: {}", answer.body);
        let last = self.stand().journal.entries().pop().expect("an entry");
        assert!(last.refusal.is_some(), "{call}");
    }
}

fn bearer(tokens: &Value) -> String {
    format!("Bearer {}", tokens["access_token"].as_str().unwrap_or_default())
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

#[test]
fn a_code_is_good_once_for_ten_minutes_and_errors_have_status_200() {
    let world = World::start();
    let login = world.fake().login();
    let code = world.consent(&login, "T0VOORB01", &[], "allow")["code"].clone();
    assert_eq!(world.token(&[("code", &code), ("redirect_uri", "http://evil.example/")])["error"], "bad_redirect_uri");
    let client = world.token(&[("code", &code), ("redirect_uri", REDIRECT), ("client_id", "1.2")]);
    assert_eq!(client, json!({ "ok": false, "error": "invalid_client_id" }));
    let secret = world.token(&[("code", &code), ("redirect_uri", REDIRECT), ("client_secret", "wrong")]);
    assert_eq!(secret["error"], "bad_client_secret");
    let tokens = world.redeemed(&code);
    assert_eq!((&tokens["token_type"], &tokens["team"]["name"]), (&json!("bot"), &json!("Voorbeeld BV")));
    assert_eq!(tokens["scope"], SCOPES, "between commas");
    assert!(tokens["authed_user"]["access_token"].is_null(), "no user token without user scopes");
    assert_eq!(world.redeemed(&code)["error"], "code_already_used");
    assert_eq!(world.redeemed("nothing")["error"], "invalid_code");
    let late = world.consent(&login, "T0VOORB01", &[], "allow")["code"].clone();
    world.clock.advance(Duration::from_secs(601));
    assert_eq!(world.redeemed(&late)["error"], "invalid_code");
    assert_eq!(world.consent(&login, "T0VOORB01", &[], "cancel")["error"], "access_denied");
}

#[test]
fn the_client_proves_itself_in_the_form_or_by_basic_and_not_by_both() {
    let world = World::start();
    let client = world.fake().client();
    let pair = format!("Basic {}", STANDARD.encode(format!("{}:{}", client.id, client.secret)));
    let redeem = |more: &[(&str, &str)]| {
        let code = world.consent(&world.fake().login(), "T0VOORB01", &[], "allow")["code"].clone();
        let mut pairs = vec![("code", code.as_str()), ("redirect_uri", REDIRECT)];
        pairs.extend_from_slice(more);
        world.ask("slack.com", "POST", "/api/oauth.v2.access", &[FORM, ("authorization", &pair)], &form(&pairs))
    };
    assert_eq!(redeem(&[]).json()["ok"], true);
    assert_eq!(redeem(&[("client_secret", &client.secret)]).status, 400);
    assert_eq!(redeem(&[("code_verifier", "x")]).status, 400, "PKCE is left off");
}

#[test]
fn the_person_chooses_the_workspace_and_only_one_of_their_own() {
    let world = World::start();
    let of = |login: &Login, team: &str| {
        let code = world.consent(login, team, &[], "allow");
        code.get("code").map(|code| world.redeemed(code))
    };
    let (els, jan) = (world.fake().login(), world.fake().login_of_other());
    let other = of(&els, "T0TWEED02").expect("a code");
    assert_eq!(world.get(&other, "auth.test").json()["team"], "Tweede Kantoor");
    assert_eq!(world.get(&world.connected(), "auth.test").json()["team_id"], "T0VOORB01");
    assert!(of(&jan, "T0VOORB01").is_none(), "not a workspace of this person");
    assert!(of(&jan, "T0TWEED02").is_some());
    assert_eq!(
        world.get(&other, "users.list").json()["members"].as_array().map(Vec::len),
        Some(2),
        "another workspace"
    );
}

#[test]
fn the_consent_page_knows_only_what_the_sheet_names() {
    let world = World::start();
    for wrong in [
        ("scope", "users:read admin"),
        ("scope", "users:read,admin"),
        ("scope", ""),
        ("code_challenge", "abc"),
        ("access_type", "offline"),
        ("redirect_uri", "http://evil.example/"),
        ("response_type", "token"),
        ("client_id", "1.2"),
        ("user_scope", "admin"),
    ] {
        let page = world.ask("slack.com", "GET", &world.authorize(&[wrong]), &[], "");
        assert_eq!(page.status, 400, "{wrong:?}: {}", page.body);
    }
}

#[test]
fn with_rotation_a_token_lives_twelve_hours_and_a_refresh_token_is_good_once() {
    let world = World::start();
    let first = world.connected();
    assert_eq!(first["expires_in"], 43_200);
    world.clock.advance(Duration::from_secs(43_199));
    assert_eq!(world.get(&first, "auth.test").json()["ok"], true);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.error(&first, "auth.test"), "token_expired");
    let second = world.renewed(&first);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(world.get(&second, "auth.test").json()["ok"], true);
    assert_eq!(world.renewed(&first)["error"], "invalid_refresh_token", "the used one is revoked");
    assert!(world.fake().accepts_refresh(second["refresh_token"].as_str().unwrap_or_default()));
}

#[test]
fn a_refresh_whose_answer_is_lost_has_spent_the_token() {
    let world = World::start();
    let tokens = world.connected();
    world.stand().script.add(Rule::on("POST", "/api/oauth.v2.access", Act::LoseAnswer));
    let client = world.fake().client();
    let refresh = tokens["refresh_token"].as_str().unwrap_or_default();
    let body = form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("client_id", &client.id),
        ("client_secret", &client.secret),
    ]);
    assert!(world.try_ask("slack.com", "POST", "/api/oauth.v2.access", &[FORM], &body).is_err());
    assert_eq!(world.renewed(&tokens)["error"], "invalid_refresh_token");
    assert_eq!(world.get(&tokens, "auth.test").json()["ok"], true, "the access token has not ended yet");
}

#[test]
fn without_rotation_a_token_never_ends_and_there_is_no_refresh_token() {
    let world = World::start();
    world.fake().rotate(false);
    let tokens = world.connected();
    assert!(tokens.get("refresh_token").is_none() && tokens.get("expires_in").is_none(), "{tokens}");
    world.clock.advance(Duration::from_secs(400 * 86_400));
    world.fake().expire_access();
    assert_eq!(world.get(&tokens, "auth.test").json()["ok"], true);
    world.fake().revoke_all();
    assert_eq!(world.error(&tokens, "auth.test"), "token_revoked");
}

#[test]
fn a_user_token_stands_apart_and_has_a_chain_of_its_own() {
    let world = World::start();
    let code =
        world.consent(&world.fake().login(), "T0VOORB01", &[("user_scope", "chat:write")], "allow")["code"].clone();
    let tokens = world.redeemed(&code);
    let user = &tokens["authed_user"];
    assert_eq!((&user["token_type"], &user["scope"]), (&json!("user"), &json!("chat:write")));
    let renewed = world.renewed(user);
    assert_eq!(renewed["token_type"], "user");
    assert_eq!(world.renewed(&tokens)["token_type"], "bot", "the other chain is untouched");
}

#[test]
fn a_token_that_is_given_back_is_good_no_more() {
    let world = World::start();
    let tokens = world.connected();
    assert_eq!(world.get(&tokens, "auth.revoke?test=1").json(), json!({ "ok": true, "revoked": false }));
    let token = tokens["access_token"].as_str().unwrap_or_default();
    let body = form(&[("token", token), ("client_id", &world.fake().client().id)]);
    let revoked = world.ask("slack.com", "POST", "/api/auth.revoke", &[FORM], &body);
    assert_eq!(revoked.json(), json!({ "ok": true, "revoked": true }));
    assert_eq!(world.error(&tokens, "auth.test"), "token_revoked");
    assert_eq!(world.renewed(&tokens)["error"], "invalid_refresh_token");
}
