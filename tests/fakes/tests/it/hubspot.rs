//! What the fake of HubSpot promises to those who write connectors against it.

use std::{sync::Arc, time::Duration};

use patchbay_fakes::{Fakes, FakesConfig, Stand, also, hubspot::Hubspot};
use patchbay_model::{ManualClock, Timestamp};
use serde_json::{Value, json};

use super::{
    calls::{Answer, plain},
    consent::{REDIRECT, form},
};

const API: &str = "api.hubapi.com";
const TOKEN: &str = "/oauth/2026-03/token";
const CONTACTS: &str = "/crm/v3/objects/contacts";

struct Portal {
    fakes: Fakes,
    clock: Arc<ManualClock>,
}

impl Portal {
    fn open() -> Self {
        let all = also::all().into_iter().filter(|one| one.name() == "hubspot").collect();
        let noon: Timestamp = "2026-11-22T12:00:00Z".parse().expect("a moment");
        let clock = Arc::new(ManualClock::at(noon));
        let config = FakesConfig { also: all, clock: Arc::clone(&clock) as _, ..FakesConfig::small() };
        let portal = Self { fakes: Fakes::start(config).expect("the fakes start"), clock };
        portal.fake().allow_redirect(REDIRECT);
        portal
    }

    fn stand(&self) -> &Stand<Hubspot> {
        self.fakes.stand().expect("the fake")
    }

    fn fake(&self) -> &Hubspot {
        &self.stand().provider
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        plain(method, &format!("{}{path}", self.stand().plain), headers, body).expect("an answer")
    }

    fn call_by(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("host", API), ("content-type", "application/json")];
        match body {
            Value::Null => self.send(method, path, &headers[..2], ""),
            body => self.send(method, path, &headers, &body.to_string()),
        }
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.call_by(&self.fake().private_token(), method, path, body)
    }

    fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &Value::Null)
    }

    fn token(&self, pairs: &[(&str, &str)]) -> Answer {
        let client = self.fake().client();
        let all = [pairs, &[("client_id", client.id.as_str()), ("client_secret", client.secret.as_str())]].concat();
        let headers = [("host", API), ("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", TOKEN, &headers, &form(&all))
    }

    /// Through login and consent to a code.
    fn code(&self, scope: &str, optional: &str, portal: &str) -> Result<String, Answer> {
        let client = self.fake().client();
        let asked = form(&[
            ("client_id", &client.id),
            ("redirect_uri", REDIRECT),
            ("scope", scope),
            ("optional_scope", optional),
            ("state", "s1"),
        ]);
        let page = format!("/oauth/authorize?{asked}");
        let login = self.fake().login("els");
        let typed = form(&[("user", &login.user), ("password", &login.password)]);
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let host = ("host", "app.hubspot.com");
        let signed = self.send("POST", "/login?return_to=%2F", &[host, kind], &typed);
        let cookie = signed.headers["set-cookie"].split(';').next().unwrap_or_default().to_owned();
        let shown = self.send("GET", &page, &[host, ("cookie", &cookie)], "");
        if shown.status != 200 {
            return Err(shown);
        }
        let token =
            shown.body.split("name=\"authenticity_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let answer =
            form(&[("authenticity_token", token.unwrap_or_default()), ("portal", portal), ("decision", "allow")]);
        let back = self.send("POST", &page, &[host, kind, ("cookie", &cookie)], &answer);
        let back = url::Url::parse(&back.headers["location"]).expect("an address");
        Ok(back.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned()).unwrap_or_default())
    }

    fn connect(&self, scope: &str, optional: &str) -> Value {
        let [main, _] = self.fake().portals();
        let code = self.code(scope, optional, main).expect("a code");
        self.token(&[("grant_type", "authorization_code"), ("redirect_uri", REDIRECT), ("code", &code)]).json()
    }

    /// Rows of a search, and whether there are more.
    fn search(&self, body: &Value) -> Answer {
        self.call("POST", &format!("{CONTACTS}/search"), body)
    }

    fn refusals(&self) -> usize {
        self.stand().journal.entries().iter().filter(|entry| entry.refusal.is_some()).count()
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[test]
fn a_consent_is_for_one_portal_and_a_refresh_keeps_its_token() {
    let portal = Portal::open();
    let given = portal.connect("oauth crm.objects.contacts.read", "files");
    assert_eq!((given["expires_in"].clone(), given["hub_id"].clone()), (json!(1_800), json!(14_500_123)));
    assert_eq!(given["scopes"], json!(["oauth", "crm.objects.contacts.read", "files"]));
    let refresh = text(&given, "/refresh_token");
    let again = portal.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh)]).json();
    assert_eq!(text(&again, "/refresh_token"), refresh);
    assert_ne!(again["access_token"], given["access_token"]);
    assert_eq!(portal.call_by(text(&given, "/access_token"), "GET", CONTACTS, &Value::Null).status, 200);
    portal.clock.advance(Duration::from_secs(1_801));
    let ended = portal.call_by(text(&given, "/access_token"), "GET", CONTACTS, &Value::Null);
    assert_eq!((ended.status, text(&ended.json(), "/category")), (401, "EXPIRED_AUTHENTICATION"));
    assert_eq!(portal.refusals(), 0);
}

#[test]
fn a_code_is_good_once_and_errors_of_tokens_are_words() {
    let portal = Portal::open();
    let [main, _] = portal.fake().portals();
    let code = portal.code("oauth", "", main).expect("a code");
    let redeem = || portal.token(&[("grant_type", "authorization_code"), ("redirect_uri", REDIRECT), ("code", &code)]);
    assert_eq!(redeem().status, 200);
    assert_eq!(text(&redeem().json(), "/status"), "BAD_AUTH_CODE");
    let unknown = portal.token(&[("grant_type", "refresh_token"), ("refresh_token", "eu1-none")]);
    assert_eq!((unknown.status, text(&unknown.json(), "/status")), (400, "BAD_REFRESH_TOKEN"));
    let headers = [("host", API), ("content-type", "application/x-www-form-urlencoded")];
    let wrong = portal.send("POST", TOKEN, &headers, &form(&[("grant_type", "refresh_token"), ("client_id", "x")]));
    assert_eq!(text(&wrong.json(), "/status"), "BAD_CLIENT_ID");
    let in_query = portal.send("POST", &format!("{TOKEN}?grant_type=refresh_token"), &headers, "client_id=x");
    assert_eq!((in_query.status, portal.refusals()), (400, 1), "parameters stand in the body");
}

#[test]
fn a_token_can_be_looked_at_and_given_back() {
    let portal = Portal::open();
    let given = portal.connect("oauth", "");
    let client = portal.fake().client();
    let headers = [("host", API), ("content-type", "application/x-www-form-urlencoded")];
    let ask = |what: &str, token: &str| {
        let pairs = [
            ("token", token),
            ("token_type_hint", "refresh_token"),
            ("client_id", &client.id),
            ("client_secret", &client.secret),
        ];
        portal.send("POST", &format!("{TOKEN}/{what}"), &headers, &form(&pairs)).json()
    };
    let seen = ask("introspect", text(&given, "/access_token"));
    assert_eq!((seen["active"].clone(), text(&seen, "/user")), (json!(true), "els@voorbeeld.example"));
    ask("revoke", text(&given, "/refresh_token"));
    assert!(!portal.fake().accepts_refresh(text(&given, "/refresh_token")));
    assert_eq!(ask("introspect", text(&given, "/access_token"))["active"], json!(false));
}

#[test]
fn a_required_scope_that_the_plan_lacks_cannot_be_installed_and_an_optional_one_is_left_out() {
    let portal = Portal::open();
    portal.fake().lack("files");
    let [main, _] = portal.fake().portals();
    assert_eq!(portal.code("oauth files", "", main).expect_err("no page").status, 400);
    assert_eq!(portal.connect("oauth", "files")["scopes"], json!(["oauth"]));
    assert_eq!(portal.code("oauth crm.lists.read", "", main).expect_err("no page").status, 400);
    assert_eq!(portal.refusals(), 1, "only what the sheet does not name");
}

#[test]
fn a_list_goes_from_page_to_page_by_after_and_shows_what_is_asked_for() {
    let portal = Portal::open();
    let (mut after, mut pages, mut ids) = (String::new(), 0, Vec::new());
    loop {
        let page = portal.get(&format!("{CONTACTS}?limit=100&properties=email,no_such{after}")).json();
        let rows = page["results"].as_array().cloned().unwrap_or_default();
        assert_eq!(rows[0]["properties"].as_object().map(serde_json::Map::len), Some(4), "{}", rows[0]);
        ids.extend(rows.iter().map(|row| text(row, "/id").to_owned()));
        pages += 1;
        let Some(next) = page.pointer("/paging/next/after").and_then(Value::as_str) else { break };
        after = format!("&after={next}");
    }
    assert_eq!((pages, ids.len()), (3, 230));
    assert_eq!(portal.get(&format!("{CONTACTS}?limit=101")).status, 400);
    assert_eq!(portal.get(&format!("{CONTACTS}?sort=id")).status, 400);
    assert_eq!(portal.get(&format!("{CONTACTS}?properties={}", "x,".repeat(3_000))).status, 414);
    assert_eq!(portal.refusals(), 2, "a length is no mistake of the sheet");
}

#[test]
fn what_is_archived_stands_in_a_list_of_its_own() {
    let portal = Portal::open();
    let id = text(&portal.fake().records("contacts")[3], "/id").to_owned();
    assert!(portal.fake().archive("contacts", &id));
    let gone = portal.get(&format!("{CONTACTS}?archived=true")).json();
    assert_eq!((gone["results"].as_array().map(Vec::len), text(&gone, "/results/0/id")), (Some(1), id.as_str()));
    assert_eq!(text(&gone, "/results/0/archivedAt"), "2026-11-22T12:00:00.000Z");
    let there = portal.get(&format!("{CONTACTS}?limit=10")).json();
    assert!(!there["results"].to_string().contains(&format!("\"id\":\"{id}\"")));
    assert!(portal.fake().forget("contacts", &id));
    assert_eq!(portal.get(&format!("{CONTACTS}?archived=true")).json()["results"], json!([]));
}

#[test]
fn a_search_filters_sorts_and_reaches_so_far() {
    let portal = Portal::open();
    portal.fake().change_many("contacts", 6);
    let since = portal.fake().records("contacts")[2]["updatedAt"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
    let since = since.expect("a moment").as_millis().to_string();
    let filters = json!([{ "filters": [{ "propertyName": "lastmodifieddate", "operator": "GTE", "value": since }] }]);
    let sorts = json!([{ "propertyName": "lastmodifieddate", "direction": "ASCENDING" }]);
    let asked = |after: &str| json!({ "filterGroups": filters, "sorts": sorts, "limit": 3, "after": after, "properties": ["email"] });
    let first = portal.search(&asked("0")).json();
    assert_eq!((first["total"].clone(), text(&first, "/paging/next/after")), (json!(4), "3"));
    let moments: Vec<&str> =
        first["results"].as_array().into_iter().flatten().map(|row| text(row, "/updatedAt")).collect();
    assert!(moments.is_sorted(), "{moments:?}");
    assert!(portal.search(&asked("3")).json().get("paging").is_none());
    portal.fake().reach(5);
    assert_eq!(portal.search(&asked("3")).status, 400);
    assert_eq!(portal.search(&json!({ "query": "els" })).status, 400, "the sheet does not name it");
    assert_eq!(portal.search(&json!({ "limit": 201 })).status, 400);
    let token = |word: &str| json!([{ "filters": [{ "propertyName": "firstname", "operator": "CONTAINS_TOKEN", "value": word }] }]);
    let found = |word: &str| portal.search(&json!({ "filterGroups": token(word), "limit": 1 })).json()["total"].clone();
    assert!(found("el*").as_u64() > Some(0));
    assert_eq!(found("el"), json!(0), "a word is whole without a star");
}

#[test]
fn a_scope_that_is_missing_is_named() {
    let portal = Portal::open();
    portal.fake().take_scope("crm.objects.contacts.read", true);
    for path in [CONTACTS, "/crm/v3/objects/notes", "/crm/v3/properties/tasks"] {
        let answer = portal.get(path);
        assert_eq!((answer.status, text(&answer.json(), "/category")), (403, "MISSING_SCOPES"), "{path}");
        let scopes = answer.json().pointer("/errors/0/context/requiredGranularScopes").cloned();
        assert_eq!(scopes, Some(json!(["crm.objects.contacts.read"])), "notes and tasks belong to contacts");
    }
    assert_eq!(portal.get("/crm/v3/objects/deals").status, 200);
}

#[test]
fn a_note_needs_its_moment_and_hangs_on_what_is_there() {
    let portal = Portal::open();
    let contact = text(&portal.fake().records("contacts")[0], "/id").to_owned();
    let note = |at: Value, to: &str, number: u64| {
        let properties = json!({ "hs_timestamp": at, "hs_note_body": "<p>Verslag</p><!-- weg -->" });
        let of = json!([{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number }]);
        portal.call(
            "POST",
            "/crm/v3/objects/notes",
            &json!({ "properties": properties, "associations": [{ "to": { "id": to }, "types": of }] }),
        )
    };
    let made = note(json!("2026-11-21T10:00:00Z"), &contact, 202);
    assert_eq!((made.status, text(&made.json(), "/properties/hs_note_body")), (201, "<p>Verslag</p>"));
    let wrong = note(json!("gisteren"), &contact, 202).json();
    assert_eq!(wrong.pointer("/errors/0/context/propertyName"), Some(&json!(["hs_timestamp"])));
    assert_eq!(note(json!("2026-11-21T10:00:00Z"), "999999", 202).status, 404);
    assert_eq!(note(json!("2026-11-21T10:00:00Z"), &contact, 204).status, 400, "that number is a task's");
    let id = made.json()["id"].as_str().unwrap_or_default().to_owned();
    let changed =
        portal.call("PATCH", &format!("/crm/v3/objects/notes/{id}"), &json!({ "properties": { "hs_note_body": "x" } }));
    assert_eq!(changed.status, 200);
    let kinds: Vec<String> = portal.stand().journal.objects().into_iter().map(|made| made.kind).collect();
    assert_eq!(kinds, ["note", "change"]);
}

#[test]
fn an_upsert_goes_by_a_unique_property_and_tells_each_row() {
    let portal = Portal::open();
    let input =
        |email: &str, name: &str| json!({ "idProperty": "email", "id": email, "properties": { "firstname": name } });
    let upsert = |inputs: Value| portal.call("POST", &format!("{CONTACTS}/batch/upsert"), &json!({ "inputs": inputs }));
    let both = upsert(json!([input("nieuw@klant.example", "Els"), input("contact3@voorbeeld.example", "Piet")]));
    assert_eq!(both.status, 200);
    let told = both.json();
    assert_eq!((told["results"][0]["new"].clone(), told["results"][1]["new"].clone()), (json!(true), json!(false)));
    let part = upsert(json!([input("nieuw@klant.example", "Els"), input("niemand@klant.invalid", "Piet")]));
    assert_eq!((part.status, part.json()["numErrors"].clone()), (207, json!(1)));
    assert_eq!(part.json()["results"].as_array().map(Vec::len), Some(1));
    let by_name = json!([{ "idProperty": "firstname", "id": "Els", "properties": {} }]);
    assert_eq!(upsert(by_name).status, 207, "that is not unique");
    let again = portal.call("POST", CONTACTS, &json!({ "properties": { "email": "nieuw@klant.example" } }));
    assert_eq!(again.status, 409);
    assert!(text(&again.json(), "/message").contains("Existing ID: "));
    let changes = portal.stand().journal.objects().len();
    upsert(json!([input("nieuw@klant.example", "Els")]));
    assert_eq!(portal.stand().journal.objects().len(), changes, "what changes nothing is no change");
}

#[test]
fn a_file_that_is_sent_over_itself_is_one_file() {
    let portal = Portal::open();
    let bearer = format!("Bearer {}", portal.fake().private_token());
    let headers =
        [("authorization", bearer.as_str()), ("host", API), ("content-type", "multipart/form-data; boundary=b")];
    let part =
        |name: &str, text: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
    let send = |folder: &str, options: &str, content: &str| {
        let file = format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\nContent-Type: application/pdf\r\n\r\n{content}\r\n--b--\r\n"
        );
        let body =
            format!("{}{}{}{file}", part(folder, "/patchbay"), part("fileName", "a.pdf"), part("options", options));
        portal.send("POST", "/files/v3/files", &headers, &body)
    };
    let over = r#"{"access":"PRIVATE","overwrite":true}"#;
    let first = send("folderPath", over, "%PDF").json();
    assert_eq!(send("folderPath", over, "%PDF").json()["id"], first["id"]);
    assert_eq!(portal.stand().journal.objects().len(), 1);
    assert_ne!(send("folderPath", r#"{"access":"PRIVATE"}"#, "%PDF").json()["id"], first["id"]);
    assert_eq!(send("charsetHunch", over, "%PDF").status, 400, "it has to go somewhere");
    assert_eq!(send("folderPath", r#"{"access":"PRIVATE","ttl":"P1D"}"#, "%PDF").status, 400);
    assert_eq!(portal.refusals(), 1);
}

#[test]
fn a_link_is_made_once() {
    let portal = Portal::open();
    let id = |kind: &str| text(&portal.fake().records(kind)[0], "/id").to_owned();
    let path = format!("/crm/v4/objects/deals/{}/associations/default/companies/{}", id("deals"), id("companies"));
    assert_eq!([0, 1].map(|_| portal.call("PUT", &path, &Value::Null).status), [200, 200]);
    assert_eq!(portal.stand().journal.objects().len(), 1);
    assert_eq!(portal.call("PUT", &path.replace("v4", "v3"), &Value::Null).status, 400);
    let nowhere = format!("/crm/v4/objects/deals/{}/associations/default/companies/999999", id("deals"));
    assert_eq!(portal.call("PUT", &nowhere, &Value::Null).status, 404);
}

#[test]
fn too_many_calls_are_refused_by_policy_and_searches_apart() {
    let portal = Portal::open();
    portal.fake().limit_calls(Some(6));
    let search = || portal.search(&json!({ "limit": 1 }));
    for _ in 0..5 {
        assert_eq!(search().status, 200);
    }
    assert_eq!(text(&search().json(), "/policyName"), "SECONDLY");
    let listed = portal.get(CONTACTS);
    assert_eq!(listed.headers.get("x-hubspot-ratelimit-remaining").map(String::as_str), Some("0"));
    let refused = portal.get(CONTACTS);
    assert_eq!((refused.status, text(&refused.json(), "/policyName")), (429, "TEN_SECONDLY_ROLLING"));
    assert!(!refused.headers.contains_key("retry-after"));
    portal.clock.advance(Duration::from_secs(10));
    assert_eq!(portal.get(CONTACTS).status, 200);
    portal.fake().use_up_day(true);
    assert_eq!(text(&portal.get(CONTACTS).json(), "/policyName"), "DAILY");
    portal.fake().moving(Some(3_600));
    let moved = portal.get(CONTACTS);
    assert_eq!((moved.status, moved.headers.get("retry-after").map(String::as_str)), (477, Some("3600")));
}

#[test]
fn another_portal_sees_other_records() {
    let portal = Portal::open();
    let [_, second] = portal.fake().portals();
    let code = portal.code("oauth crm.objects.owners.read", "", second).expect("a code");
    let given =
        portal.token(&[("grant_type", "authorization_code"), ("redirect_uri", REDIRECT), ("code", &code)]).json();
    let owners = |token: &str| {
        portal.call_by(token, "GET", "/crm/v3/owners", &Value::Null).json()["results"].as_array().map(Vec::len)
    };
    assert_eq!(owners(text(&given, "/access_token")), Some(1));
    assert_eq!(owners(&portal.fake().private_token()), Some(14));
    let details = portal.call_by(text(&given, "/access_token"), "GET", "/account-info/v3/details", &Value::Null);
    assert_eq!(details.json()["portalId"], json!(14_500_456));
}
