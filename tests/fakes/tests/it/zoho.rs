//! What the Zoho fake promises to those who write connectors against it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::calls::{Answer, plain};
use patchbay_fakes::{Fakes, FakesConfig, Login, Stand, also, zoho::Zoho};
use patchbay_model::{ManualClock, Timestamp};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

const REDIRECT: &str = "http://127.0.0.1:8080/oauth/callback/cli_1";
const SCOPES: &str = "ZohoCRM.modules.ALL,ZohoCRM.org.READ,ZohoCRM.users.READ,ZohoCRM.settings.modules.READ,\
    ZohoCRM.settings.fields.READ,WorkDrive.files.ALL,WorkDrive.team.READ,WorkDrive.workspace.READ,WorkDrive.links.ALL";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");
const EVENTS: &str = "/crm/v8/Events?fields=Event_Title,Modified_Time&sort_by=Modified_Time&sort_order=asc";

struct World {
    fakes: Fakes,
    clock: Arc<ManualClock>,
}

impl World {
    fn start() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_795_255_200_000)));
        let also = also::all().into_iter().filter(|fake| fake.name() == "zoho-crm").collect();
        let config = FakesConfig { also, clock: Arc::clone(&clock) as _, ..FakesConfig::small() };
        let world = Self { fakes: Fakes::start(config).expect("the fakes start"), clock };
        world.zoho().provider.allow_redirect(REDIRECT);
        world
    }

    fn zoho(&self) -> &Stand<Zoho> {
        self.fakes.stand::<Zoho>().expect("the fake")
    }

    fn ask(&self, host: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all = vec![("host", host), ("user-agent", "patchbay-test")];
        all.extend_from_slice(headers);
        plain(method, &format!("{}{path}", self.zoho().plain), &all, body).expect("an answer")
    }

    /// Signs in, answers the consent page, and returns what the callback was told.
    fn consent(&self, login: &Login, more: &[(&str, &str)], approved: bool) -> BTreeMap<String, String> {
        let client = self.zoho().provider.client();
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", client.id.as_str()),
            ("redirect_uri", REDIRECT),
            ("scope", SCOPES),
            ("access_type", "offline"),
            ("prompt", "consent"),
            ("state", "st4te"),
        ];
        pairs.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        pairs.extend_from_slice(more);
        let path = format!("/oauth/v2/auth?{}", form(&pairs));
        let page = self.ask("127.0.0.1", "GET", &path, &[], "");
        let Some(sign_in) = page.headers.get("location") else { panic!("{} {}", page.status, page.body) };
        let typed = form(&[("LOGIN_ID", &login.user), ("password", &login.password)]);
        let signed = self.ask("127.0.0.1", "POST", sign_in, &[FORM], &typed);
        let cookie = signed.headers["set-cookie"].split(';').next().expect("a cookie").to_owned();
        let page = self.ask("127.0.0.1", "GET", &path, &[("cookie", &cookie)], "");
        let csrf = page.body.split("csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a form");
        let answered = form(&[("csrf", csrf), ("approved", if approved { "true" } else { "false" })]);
        let back = self.ask("127.0.0.1", "POST", &path, &[FORM, ("cookie", &cookie)], &answered);
        let url = Url::parse(&back.headers["location"]).expect("an address");
        url.query_pairs().into_owned().collect()
    }

    fn token(&self, host: &str, secret: &str, more: &[(&str, &str)]) -> Value {
        let client = self.zoho().provider.client();
        let mut pairs = vec![("client_id", client.id.as_str()), ("client_secret", secret), ("redirect_uri", REDIRECT)];
        pairs.extend_from_slice(more);
        let answer = self.ask(host, "POST", "/oauth/v2/token", &[FORM], &form(&pairs));
        assert_eq!(answer.status, 200, "errors too: {}", answer.body);
        answer.json()
    }

    fn redeemed(&self, host: &str, code: &str) -> Value {
        let secret = self.zoho().provider.client().secret;
        self.token(host, &secret, &[("grant_type", "authorization_code"), ("code", code)])
    }

    fn connected(&self) -> Value {
        let code = self.consent(&self.zoho().provider.login(), &[], true)["code"].clone();
        self.redeemed("accounts.zoho.eu", &code)
    }

    fn crm(&self, tokens: &Value, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Answer {
        let bearer = format!("Zoho-oauthtoken {}", tokens["access_token"].as_str().unwrap_or_default());
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend_from_slice(more);
        self.ask("www.zohoapis.eu", method, path, &headers, body)
    }

    fn drive(&self, tokens: &Value, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Answer {
        let mut headers = vec![("accept", "application/vnd.api+json")];
        headers.extend_from_slice(more);
        self.crm(tokens, method, &format!("/workdrive/api/v1{path}"), &headers, body)
    }
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn refresh(tokens: &Value) -> [(&'static str, String); 2] {
    let refresh = tokens["refresh_token"].as_str().unwrap_or_default().to_owned();
    [("grant_type", "refresh_token".to_owned()), ("refresh_token", refresh)]
}

#[test]
fn the_callback_names_the_data_centre_and_a_code_is_good_in_no_other() {
    let world = World::start();
    let provider = &world.zoho().provider;
    let told = world.consent(&provider.login(), &[], true);
    assert_eq!((told["location"].as_str(), told["accounts-server"].as_str()), ("eu", "https://accounts.zoho.eu"));
    assert_eq!(world.redeemed("accounts.zoho.com", &told["code"])["error"], "invalid_code", "with status 200");
    let tokens = world.redeemed("accounts.zoho.eu", &told["code"]);
    assert_eq!(tokens["api_domain"], "https://www.zohoapis.eu");
    assert_eq!(world.redeemed("accounts.zoho.eu", &told["code"])["error"], "invalid_code", "once");
    let elsewhere = world.consent(&provider.login_in_us(), &[], true);
    assert_eq!(elsewhere["location"], "us");
    assert_eq!(world.consent(&provider.login(), &[], false)["error"], "access_denied");
    provider.lie_about_server("https://evil.example");
    assert_eq!(world.consent(&provider.login(), &[], true)["accounts-server"], "https://evil.example");
}

#[test]
fn each_data_centre_can_have_a_secret_of_its_own() {
    let world = World::start();
    let provider = &world.zoho().provider;
    provider.separate_secrets(true);
    let code = world.consent(&provider.login(), &[], true)["code"].clone();
    let grant = [("grant_type", "authorization_code"), ("code", code.as_str())];
    let shared = provider.client().secret;
    assert_eq!(world.token("accounts.zoho.eu", &shared, &grant)["error"], "invalid_client_secret");
    assert!(world.token("accounts.zoho.eu", &provider.secret_of("eu"), &grant)["access_token"].is_string());
}

#[test]
fn a_refresh_token_stays_and_ten_refreshes_in_ten_minutes_are_the_most() {
    let world = World::start();
    let tokens = world.connected();
    let secret = world.zoho().provider.client().secret;
    let again = || {
        let more = refresh(&tokens);
        world.token("accounts.zoho.eu", &secret, &more.each_ref().map(|(name, value)| (*name, value.as_str())))
    };
    for _ in 0..10 {
        let renewed = again();
        assert!(renewed["access_token"].is_string() && renewed["refresh_token"].is_null(), "{renewed}");
    }
    assert_eq!(again()["error"], "Access Denied");
    world.clock.advance(Duration::from_secs(601));
    assert!(again()["access_token"].is_string());
    world.zoho().provider.revoke_all();
    assert_eq!(again()["error"], "invalid_code");
}

#[test]
fn the_sixteenth_access_token_ends_the_oldest() {
    let world = World::start();
    let tokens = world.connected();
    let secret = world.zoho().provider.client().secret;
    let org = |tokens: &Value| world.crm(tokens, "GET", "/crm/v8/org", &[], "").status;
    for round in 0..15 {
        assert_eq!(org(&tokens), 200, "round {round}");
        if round == 9 {
            world.clock.advance(Duration::from_secs(601));
        }
        let more = refresh(&tokens);
        world.token("accounts.zoho.eu", &secret, &more.each_ref().map(|(name, value)| (*name, value.as_str())));
    }
    assert_eq!(org(&tokens), 401);
}

#[test]
fn without_offline_access_there_is_no_refresh_token() {
    let world = World::start();
    let login = world.zoho().provider.login();
    let code = world.consent(&login, &[("access_type", "online")], true)["code"].clone();
    assert!(world.redeemed("accounts.zoho.eu", &code)["refresh_token"].is_null());
}

#[test]
fn a_list_wants_its_fields_and_refuses_what_the_sheet_does_not_name() {
    let world = World::start();
    let tokens = world.connected();
    let get = |path: &str| world.crm(&tokens, "GET", path, &[], "");
    assert_eq!(get(EVENTS).status, 200);
    assert_eq!(get("/crm/v8/Events").json()["code"], "REQUIRED_PARAM_MISSING");
    for path in [
        "/crm/v8/Events?fields=Event_Title&sort=asc",
        "/crm/v8/Events?fields=Event_Title,Title",
        "/crm/v8/Events?fields=Event_Title&per_page=201",
        "/crm/v8/Events?fields=Event_Title&page=1&page_token=x",
    ] {
        assert_eq!(get(path).status, 400, "{path}");
    }
    assert_eq!(get("/crm/v8/Nothing?fields=Name").json()["code"], "INVALID_MODULE");
    assert_eq!(get("/crm/v7/Events?fields=Event_Title").status, 404);
    let named = |names: &str| world.crm(&tokens, "GET", EVENTS, &[("x-other", names)], "").status;
    assert_eq!(named("1"), 400);
    world.zoho().provider.take_scope("ZohoCRM.modules.ALL");
    assert_eq!(get(EVENTS).json()["code"], "OAUTH_SCOPE_MISMATCH");
}

#[test]
fn behind_two_thousand_rows_only_a_page_token_leads_on() {
    let world = World::start();
    world.zoho().provider.import_events(2_300);
    let tokens = world.connected();
    let get = |more: &str| world.crm(&tokens, "GET", &format!("{EVENTS}{more}"), &[], "");
    let tenth = get("&page=10").json();
    assert_eq!(tenth["info"]["more_records"], true);
    assert_eq!(get("&page=11").json()["code"], "LIMIT_EXCEEDED");
    let token = tenth["info"]["next_page_token"].as_str().expect("a token").to_owned();
    let eleventh = get(&format!("&page_token={token}")).json();
    assert_eq!(eleventh["data"].as_array().map(Vec::len), Some(200));
    let other = world.crm(&tokens, "GET", &format!("/crm/v8/Events?fields=Venue&page_token={token}"), &[], "");
    assert_eq!(other.status, 400, "the token of another question");
    world.clock.advance(Duration::from_secs(90_000));
    let tokens = world.connected();
    assert_eq!(world.crm(&tokens, "GET", &format!("{EVENTS}&page_token={token}"), &[], "").status, 400, "a day later");
}

#[test]
fn what_changed_and_what_was_deleted_is_told_and_nothing_has_no_body() {
    let world = World::start();
    let provider = &world.zoho().provider;
    let tokens = world.connected();
    let since = ("if-modified-since", "2026-11-21T09:00:00+00:00");
    let quiet = world.crm(&tokens, "GET", EVENTS, &[since], "");
    assert_eq!((quiet.status, quiet.body.as_str()), (304, ""));
    let deleted = "/crm/v8/Events/deleted?type=all";
    assert_eq!(world.crm(&tokens, "GET", deleted, &[since], "").status, 204);
    let id = provider.add("Events", "Nieuw");
    let changed = world.crm(&tokens, "GET", EVENTS, &[since], "").json();
    assert_eq!(changed["data"][0]["id"].as_str(), Some(id.as_str()));
    assert!(provider.remove("Events", &id));
    assert_eq!(world.crm(&tokens, "GET", deleted, &[since], "").json()["data"][0]["id"].as_str(), Some(id.as_str()));
    assert_eq!(world.crm(&tokens, "GET", EVENTS, &[("if-modified-since", "yesterday")], "").status, 400);
    let nothing = "/crm/v8/Events?fields=Venue&ids=1";
    assert_eq!(world.crm(&tokens, "GET", nothing, &[], "").status, 204);
}

#[test]
fn a_row_says_whether_it_was_written_whatever_the_status() {
    let world = World::start();
    let tokens = world.connected();
    let post = |path: &str, rows: Value| {
        world.crm(&tokens, "POST", path, &[JSON], &json!({ "data": rows, "trigger": [] }).to_string())
    };
    let mixed = post("/crm/v8/Tasks", json!([{ "Subject": "Bel" }, { "Description": "x" }]));
    assert_eq!(mixed.status, 207);
    let code = |at: usize| mixed.json()["data"][at]["code"].clone();
    assert_eq!((code(0), code(1)), (json!("SUCCESS"), json!("MANDATORY_NOT_FOUND")));
    let alone = post("/crm/v8/Tasks", json!([{ "Subject": "Bel", "What_Id": { "id": "5543210000000301008" } }]));
    assert_eq!((alone.status, alone.json()["data"][0]["code"].clone()), (202, json!("INVALID_DATA")), "no $se_module");
    let event = world.zoho().provider.records("Events")[0]["id"].as_str().unwrap_or_default().to_owned();
    let notes = format!("/crm/v8/Events/{event}/Notes");
    assert_eq!(post(&notes, json!([{ "Note_Content": "Verslag" }])).status, 201);
    assert_eq!(world.crm(&tokens, "GET", &format!("{notes}?fields=Note_Content"), &[], "").status, 200);
    assert_eq!(post("/crm/v8/Events/1/Notes", json!([{ "Note_Content": "x" }])).json()["code"], "INVALID_DATA");
    assert_eq!(post(&notes, json!([{ "Note_Content": "x", "Colour": "red" }])).status, 400);
    let kinds: Vec<String> = world.zoho().journal.objects().into_iter().map(|made| made.kind).collect();
    assert_eq!(kinds, ["task", "note"]);
}

#[test]
fn workdrive_keeps_files_by_name_and_hides_what_is_not_there() {
    let world = World::start();
    let tokens = world.connected();
    let folder = world.zoho().provider.folder("Verslagen").expect("a folder");
    let upload = |replace: bool, parent: &str, content: &str| {
        let path =
            format!("/upload?filename=Caf%25C3%25A9%2520%252B.pdf&parent_id={parent}&override-name-exist={replace}");
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"content\"; filename=\"x.pdf\"\r\nContent-Type: application/pdf\
             \r\n\r\n{content}\r\n--b--\r\n"
        );
        world.drive(&tokens, "POST", &path, &[("content-type", "multipart/form-data; boundary=b")], &body)
    };
    let first = upload(true, &folder, "one").json();
    assert_eq!(first["data"][0]["attributes"]["FileName"], "Café +.pdf");
    let second = upload(true, &folder, "two").json();
    let id = |answer: &Value| answer["data"][0]["attributes"]["resource_id"].clone();
    assert_eq!(id(&first), id(&second), "a new version");
    assert_ne!(id(&upload(false, &folder, "three").json()), id(&first), "another file");
    assert_eq!(upload(true, &folder, "").status, 500, "F000: no outage");
    let hidden = upload(true, "nothere", "x");
    assert_eq!((hidden.status, hidden.json()["errors"][0]["id"].clone()), (401, json!("R008")));
    let list = format!("/files/{folder}/files?page%5Blimit%5D=1");
    let page = world.drive(&tokens, "GET", &list, &[], "").json();
    assert_eq!(page["links"]["cursor"]["has_next"], true);
    for _ in 0..18 {
        assert_eq!(world.drive(&tokens, "GET", &list, &[], "").status, 200);
    }
    let often = world.drive(&tokens, "GET", &list, &[], "");
    assert_eq!((often.status, often.headers["retry-after"].as_str()), (429, "119"));
    world.zoho().provider.expire_access();
    let expired = world.drive(&tokens, "GET", "/users/me", &[], "");
    assert!(expired.status == 401 && expired.headers["www-authenticate"].contains("expired_token"));
}

#[test]
fn links_are_made_listed_and_taken_back() {
    let world = World::start();
    let tokens = world.connected();
    let folder = world.zoho().provider.folder("Verslagen").expect("a folder");
    let attributes =
        json!({ "resource_id": folder, "link_name": "Verslag", "request_user_data": false, "role_id": "6" });
    let body = json!({ "data": { "attributes": attributes, "type": "links" } }).to_string();
    let made = world.drive(&tokens, "POST", "/links", &[JSON], &body);
    assert_eq!(made.status, 201, "{}", made.body);
    let listed = world.drive(&tokens, "GET", &format!("/files/{folder}/links"), &[], "").json();
    let id = listed["data"][0]["id"].as_str().expect("a link").to_owned();
    assert_eq!(world.drive(&tokens, "DELETE", &format!("/links/{id}"), &[], "").status, 204);
    assert_eq!(world.drive(&tokens, "DELETE", &format!("/links/{id}"), &[], "").status, 401);
}

#[test]
fn folders_are_reached_by_way_of_the_team_or_without_one() {
    let world = World::start();
    let tokens = world.connected();
    let get = |path: &str| world.drive(&tokens, "GET", path, &[], "");
    let me = get("/users/me").json();
    let person = me["data"]["id"].as_str().unwrap_or_default().to_owned();
    let team = get(&format!("/users/{person}/teams")).json()["data"][0]["id"].as_str().unwrap_or_default().to_owned();
    let member =
        get(&format!("/teams/{team}/currentuser")).json()["data"]["id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(get(&format!("/users/{member}/privatespace")).status, 200);
    assert_eq!(get(&format!("/teams/{team}/workspaces")).json()["data"].as_array().map(Vec::len), Some(2));
    world.zoho().provider.personal_edition(true);
    assert_eq!(get("/users/me").json()["data"]["attributes"]["edition"], "PERSONAL");
    assert_eq!(get(&format!("/users/{person}/teams")).json()["data"], json!([]));
}
