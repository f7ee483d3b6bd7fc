//! Odoo as its sheets describe it: both ways in, versions 14 to 19, what is refused, and what a second call makes.

use super::calls::{Answer, plain};
use patchbay_fakes::{
    Fakes, FakesConfig, Stand, also,
    odoo::{DATABASE, HOST, Odoo},
};
use serde_json::{Value, json};

fn start() -> Fakes {
    let also = also::all().into_iter().filter(|one| one.name() == "odoo").collect();
    Fakes::start(FakesConfig { also, ..FakesConfig::small() }).expect("the fakes start")
}

fn stand(fakes: &Fakes) -> &Stand<Odoo> {
    fakes.stand::<Odoo>().expect("the fake was started")
}

fn send(fakes: &Fakes, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Answer {
    let mut headers = vec![("host", HOST), ("user-agent", "patchbay-test")];
    headers.extend_from_slice(more);
    if !body.is_empty() {
        headers.push(("content-type", "application/json"));
    }
    plain(method, &format!("{}{path}", stand(fakes).plain), &headers, body).expect("an answer")
}

fn json2(fakes: &Fakes, key: &str, path: &str, body: &Value) -> Answer {
    let bearer = format!("bearer {key}");
    send(fakes, "POST", &format!("/json/2/{path}"), &[("authorization", &bearer)], &body.to_string())
}

fn owner(fakes: &Fakes, path: &str, body: &Value) -> Answer {
    json2(fakes, &stand(fakes).provider.key("owner"), path, body)
}

fn rpc(fakes: &Fakes, service: &str, method: &str, args: &Value) -> Value {
    let params = json!({ "service": service, "method": method, "args": args });
    let body = json!({ "jsonrpc": "2.0", "method": "call", "id": 1, "params": params });
    let answer = send(fakes, "POST", "/jsonrpc", &[], &body.to_string());
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn execute(fakes: &Fakes, model: &str, method: &str, places: &Value, named: &Value) -> Value {
    let password = stand(fakes).provider.login().password;
    rpc(fakes, "object", "execute_kw", &json!([DATABASE, 6, password, model, method, places, named]))
}

fn refusals(fakes: &Fakes) -> usize {
    stand(fakes).journal.entries().iter().filter(|entry| entry.refusal.is_some()).count()
}

#[test]
fn a_version_is_told_and_the_new_way_in_is_there_from_19_on() {
    let fakes = start();
    assert_eq!(send(&fakes, "GET", "/web/version", &[], "").json()["version"], "19.0");
    assert_eq!(owner(&fakes, "res.users/context_get", &json!({})).json()["uid"], 6);
    let bearer = format!("bearer {}", stand(&fakes).provider.key("owner"));
    for (database, status) in [(DATABASE, 200), ("acme-test", 401), ("nowhere", 404)] {
        let headers = [("authorization", bearer.as_str()), ("x-odoo-database", database)];
        let answer = send(&fakes, "POST", "/json/2/res.users/context_get", &headers, "{}");
        assert_eq!(answer.status, status, "{database}: {}", answer.body);
    }
    stand(&fakes).provider.set_version(16);
    assert_eq!(rpc(&fakes, "common", "version", &json!([]))["result"]["server_version"], "16.0");
    assert_eq!(send(&fakes, "GET", "/web/version", &[], "").status, 404);
    assert_eq!(owner(&fakes, "res.users/context_get", &json!({})).status, 404);
    assert_eq!(refusals(&fakes), 0);
}

#[test]
fn a_login_gives_a_number_or_false_and_a_wrong_secret_is_an_error_in_status_200() {
    let fakes = start();
    let fake = &stand(&fakes).provider;
    let login = |secret: &str| {
        let args = json!([DATABASE, fake.login().user, secret, {}]);
        rpc(&fakes, "common", "authenticate", &args)["result"].clone()
    };
    assert_eq!((login(&fake.login().password), login(&fake.key("owner"))), (json!(6), json!(6)));
    assert_eq!(login("wrong"), json!(false));
    assert_eq!(login(&fake.key("reader")), json!(false), "a key of somebody else");
    fake.two_factor(true);
    assert_eq!((login(&fake.login().password), login(&fake.key("owner"))), (json!(false), json!(6)));
    let denied =
        rpc(&fakes, "object", "execute_kw", &json!([DATABASE, 6, "wrong", "res.partner", "search_count", [[]]]));
    assert_eq!(denied["error"]["data"]["name"], "odoo.exceptions.AccessDenied");
    let lost = rpc(&fakes, "common", "login", &json!(["nowhere", "a", "b"]));
    assert_eq!(lost["error"]["data"]["name"], "psycopg2.OperationalError");
    for key in ["0000000000000000000000000000000000000000".to_owned(), fake.key("expired"), fake.key("scoped")] {
        let refused = json2(&fakes, &key, "res.users/context_get", &json!({}));
        assert_eq!((refused.status, &refused.json()["message"]), (401, &json!("Invalid apikey")));
        assert_eq!(refused.headers.get("www-authenticate").map(String::as_str), Some("Bearer"));
    }
    assert_eq!(refusals(&fakes), 0);
    let journal = format!("{:?}", stand(&fakes).journal.entries());
    assert!(!journal.contains(&fake.login().password) && !journal.contains(&fake.key("owner")), "a secret is kept");
}

#[test]
fn empty_values_are_false_references_are_pairs_and_pages_lie_inside_of_one_second() {
    let fakes = start();
    let body = json!({
        "domain": [], "fields": ["name", "phone", "country_id", "active", "write_date"],
        "order": "write_date asc, id asc", "limit": 10, "context": { "active_test": false },
    });
    let page = owner(&fakes, "res.partner/search_read", &body).json();
    let (first, last) = (&page[0], &page[9]);
    assert_eq!((&first["phone"], &first["country_id"]), (&json!(false), &json!([20, "Belgium"])));
    assert_eq!(page[5]["write_date"], last["write_date"], "nineteen of one import");
    assert!(last["write_date"].as_str().is_some_and(|text| text.len() == 19 && !text.contains('T')));
    let counts =
        |context: Value| owner(&fakes, "res.partner/search_count", &json!({ "domain": [], "context": context })).json();
    assert_eq!(
        (counts(json!({})), counts(json!({ "active_test": false }))),
        (json!(27), json!(29)),
        "two are archived"
    );
    assert_eq!(counts(json!({ "active_test": false, "allowed_company_ids": [3] })), json!(23));
    let other =
        owner(&fakes, "res.partner/search_count", &json!({ "domain": [], "context": { "allowed_company_ids": [4] } }));
    assert_eq!((other.status, &other.json()["name"]), (403, &json!("odoo.exceptions.AccessError")));
    assert_eq!(refusals(&fakes), 0);
}

#[test]
fn older_versions_compare_by_microseconds_that_nobody_sees() {
    let fakes = start();
    let fake = &stand(&fakes).provider;
    let count = |operator: &str| {
        let date = fake.records("res.company", None)[0]["write_date"].clone();
        let domain = json!([[["write_date", operator, date]]]);
        execute(&fakes, "res.company", "search_count", &domain, &json!({}))["result"].clone()
    };
    assert_eq!((count("="), count(">"), count(">=")), (json!(2), json!(0), json!(2)));
    fake.set_version(15);
    assert_eq!((count("="), count(">"), count(">=")), (json!(0), json!(2), json!(2)));
}

#[test]
fn what_is_not_there_what_is_closed_and_what_is_held_is_told_in_both_ways() {
    let fakes = start();
    let fake = &stand(&fakes).provider;
    fake.uninstall("crm.lead", true);
    let (there, here) = (
        owner(&fakes, "crm.lead/search_read", &json!({ "domain": [] })),
        execute(&fakes, "crm.lead", "search_read", &json!([[]]), &json!({})),
    );
    assert_eq!((there.status, &there.json()["name"]), (404, &json!("werkzeug.exceptions.NotFound")));
    assert_eq!(here["error"]["data"]["message"], "Object crm.lead doesn't exist");
    let closed = json2(&fakes, &fake.key("reader"), "account.move/search_read", &json!({ "domain": [] }));
    assert_eq!((closed.status, &closed.json()["name"]), (403, &json!("odoo.exceptions.AccessError")));
    let note = |id: u64| owner(&fakes, "res.partner/message_post", &json!({ "ids": [id], "body": "x" }));
    assert_eq!((note(99_999).status, &note(99_999).json()["name"]), (404, &json!("odoo.exceptions.MissingError")));
    fake.hold("res.partner", 41, true);
    assert_eq!(note(41).status, 409);
    let lost = owner(&fakes, "res.partner/read", &json!({ "ids": [99_999], "fields": ["name"] }));
    assert_eq!((lost.status, lost.json()), (200, json!([])));
    assert_eq!(refusals(&fakes), 0);
}

#[test]
fn the_same_message_twice_is_two_and_html_is_told_apart_by_version() {
    let fakes = start();
    let fake = &stand(&fakes).provider;
    let post = |named: Value| execute(&fakes, "crm.lead", "message_post", &json!([[901]]), &named)["result"].clone();
    let (first, second) = (post(json!({ "body": "<b>a</b>" })), post(json!({ "body": "<b>a</b>" })));
    assert_ne!(first, second);
    let bodies = |at: usize| fake.records("mail.message", None)[at]["body"].clone();
    assert_eq!(bodies(0), "<span>&lt;b&gt;a&lt;/b&gt;</span>");
    post(
        json!({ "body": "<p>a</p><script>b</script><!-- c -->", "body_is_html": true, "subtype_xmlid": "mail.mt_note" }),
    );
    assert_eq!(bodies(2), "<p>a</p>");
    assert_eq!(stand(&fakes).journal.objects().len(), 3);
    fake.set_version(16);
    assert!(post(json!({ "body": "<b>a</b>" })).is_number());
    assert_eq!(bodies(0), "<b>a</b>");
    assert_eq!(refusals(&fakes), 0);
    post(json!({ "body": "<b>a</b>", "body_is_html": true }));
    assert_eq!(refusals(&fakes), 1, "16 has no such argument");
}

#[test]
fn files_tasks_and_activities_hang_on_their_records() {
    let fakes = start();
    let fake = &stand(&fakes).provider;
    let file = json!({ "name": "a.txt", "datas": "aGVsbG8=", "mimetype": "text/plain", "res_model": "crm.lead", "res_id": 901 });
    let made = owner(&fakes, "ir.attachment/create", &json!({ "vals_list": [file] }));
    assert_eq!((made.status, made.json()), (200, json!([2204])));
    assert_eq!(fake.records("ir.attachment", None)[0]["checksum"], "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d");
    let task =
        json!({ "name": "T", "project_id": 4, "user_ids": [[6, 0, [6]]], "date_deadline": "2026-03-20 16:00:00" });
    assert_eq!(owner(&fakes, "project.task/create", &json!({ "vals_list": [task] })).status, 200);
    let activity = json!({ "ids": [901], "act_type_xmlid": "mail.mail_activity_data_todo", "summary": "S", "date_deadline": "2026-03-20" });
    assert_eq!(owner(&fakes, "crm.lead/activity_schedule", &activity).json(), json!([901]));
    let kinds: Vec<String> = stand(&fakes).journal.objects().into_iter().map(|made| made.kind).collect();
    assert_eq!(kinds, ["ir.attachment", "project.task", "mail.activity"]);
    let nameless = owner(&fakes, "project.project/create", &json!({ "vals_list": [{}] }));
    assert_eq!((nameless.status, &nameless.json()["name"]), (422, &json!("odoo.exceptions.ValidationError")));
    assert_eq!(refusals(&fakes), 0);
}

#[test]
fn what_the_sheets_do_not_name_is_refused() {
    let fakes = start();
    let mut asked = 0;
    for (path, body, status) in [
        ("res.partner/search_count", json!({ "domain": [], "nonsense": 1 }), 422),
        ("res.partner/search_count", json!({}), 422),
        ("res.partner/search_read", json!({ "ids": [1] }), 422),
        ("res.partner/search_read", json!({ "domain": [["no_such_field", "=", 1]] }), 500),
        ("res.partner/search_read", json!({ "fields": ["no_such_field"] }), 500),
        ("res.partner/search_read", json!({ "domain": [["write_date", ">", "2026-11-21T17:00:34Z"]] }), 500),
        ("res.partner/search_read", json!({ "context": { "colour": 1 } }), 422),
        ("res.partner/no_such_method", json!({}), 404),
        ("res.partner/_search", json!({}), 403),
        ("project.task/create", json!({ "vals_list": [{ "name": "x", "priority": "nine" }] }), 500),
    ] {
        asked += 1;
        let answer = owner(&fakes, path, &body);
        assert_eq!((answer.status, refusals(&fakes)), (status, asked), "{path} {body}: {}", answer.body);
    }
    let strange =
        send(&fakes, "POST", "/jsonrpc", &[], &json!({ "jsonrpc": "2.0", "method": "call", "colour": 1 }).to_string());
    assert_eq!((strange.status, refusals(&fakes)), (400, asked + 1));
    assert_eq!(send(&fakes, "GET", "/web/login", &[], "").status, 400);
}
