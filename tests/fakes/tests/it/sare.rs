//! What the SARE fake promises to those who write connectors against it.

use super::calls::{Answer, plain};
use base64::{Engine, engine::general_purpose::STANDARD};
use patchbay_fakes::{
    Fakes, FakesConfig, Stand, also,
    sare::{Behaviour, HOST, HUB_HOST, OTHER_UID, Sare, UID},
};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

const REDIRECT: &str = "http://127.0.0.1:8080/oauth/callback/cli_1";

fn start() -> Fakes {
    let also = also::all().into_iter().filter(|one| one.name() == "sare").collect();
    Fakes::start(FakesConfig { also, ..FakesConfig::small() }).expect("the fakes start")
}

fn sare(fakes: &Fakes) -> &Stand<Sare> {
    fakes.stand().expect("it was started")
}

fn send(fakes: &Fakes, host: &str, more: &[(&str, &str)], method: &str, path: &str, body: &str) -> Answer {
    let mut headers = vec![("host", host), ("accept", "application/json")];
    headers.extend_from_slice(more);
    if !body.is_empty() && !more.iter().any(|(name, _)| *name == "content-type") {
        headers.push(("content-type", "application/json"));
    }
    plain(method, &format!("{}{path}", sare(fakes).plain), &headers, body).expect("an answer")
}

fn call(fakes: &Fakes, method: &str, path: &str, body: &str) -> Answer {
    let key = sare(fakes).provider.key();
    send(fakes, HOST, &[("apikey", &key)], method, &format!("/api/v1/{UID}{path}"), body)
}

fn rows(answer: &Answer) -> usize {
    let body = answer.json();
    let list = body["response"]["data"].as_array().or_else(|| body["response"].as_array());
    list.map_or(0, Vec::len)
}

fn hub(fakes: &Fakes, routing: &str, body: &Value) -> Answer {
    let module = sare(fakes).provider.module();
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", module.user, module.password)));
    let headers = [("authorization", basic.as_str()), ("sarehub-correlation_id", "c-1")];
    send(fakes, HUB_HOST, &headers, "POST", &format!("/v1/publish/routing/{routing}"), &body.to_string())
}

#[test]
fn pages_stand_in_the_path_and_end_with_an_empty_one() {
    let fakes = start();
    let counts = |path: &str| (0..4).map(|page| rows(&call(&fakes, "GET", &format!("{path}/{page}"), ""))).collect();
    let (group, newsletters): (Vec<usize>, Vec<usize>) = (counts("/group/emails/1"), counts("/newsletter/list/ready"));
    assert_eq!((group, newsletters), (vec![5, 2, 0, 0], vec![5, 1, 0, 0]));
    assert_eq!(rows(&call(&fakes, "GET", "/group/list", "")), 3);
    assert_eq!(call(&fakes, "GET", "/group/emails/77/0", "").status, 404);
    let emails = json!({ "emails": [{ "email": "OSOBA+1@poczta.example" }, { "email": "nikt@poczta.example" }] });
    let found = call(&fakes, "POST", "/email/by_email_list/0", &emails.to_string());
    assert_eq!((rows(&found), &found.json()["response"][0]["email"]), (1, &json!("osoba+1@poczta.example")));
    assert_eq!(call(&fakes, "GET", "/email/by_email/osoba%2B1%40poczta.example", "").status, 200);
    assert_eq!(call(&fakes, "GET", "/email/by_email/nikt%40poczta.example", "").status, 404);
}

#[test]
fn reports_can_be_asked_from_a_moment() {
    let fakes = start();
    let events = sare(&fakes).provider.records("event");
    let newest = events.iter().filter_map(|event| event["time"].as_u64()).max().expect("events");
    assert_eq!(rows(&call(&fakes, "GET", &format!("/report/events/0?since={newest}"), "")), 1);
    assert_eq!(rows(&call(&fakes, "GET", "/report/sends/0?from=2026-01-17", "")), 2);
    assert_eq!(call(&fakes, "GET", "/report/sends/0?from=yesterday", "").status, 422);
}

#[test]
fn what_the_sheet_does_not_name_is_refused() {
    let fakes = start();
    for (method, path, body) in [
        ("GET", "/group/list?page=1", ""),
        ("GET", "/group/emails/1", ""),
        ("GET", "/contacts", ""),
        ("POST", "/email/add", "{\"emails\":[{\"email\":\"a@b.example\",\"colour\":1}]}"),
        ("POST", "/email/by_email_list/0", "{\"emails\":[\"a@b.example\"]}"),
        ("POST", "/send/mail/transactional", "{}"),
    ] {
        assert_eq!(call(&fakes, method, path, body).status, 400, "{path}");
    }
    assert_eq!(sare(&fakes).journal.entries().iter().filter(|entry| entry.refusal.is_some()).count(), 6);
}

#[test]
fn a_key_is_for_its_own_account_until_it_is_replaced() {
    let fakes = start();
    let fake = &sare(&fakes).provider;
    let (key, other) = (fake.key(), fake.other_key());
    let list = |uid: &str, key: &str| {
        send(&fakes, HOST, &[("apikey", key)], "GET", &format!("/api/v1/{uid}/group/list"), "").status
    };
    assert_eq!((list(UID, &key), list(OTHER_UID, &key), list(OTHER_UID, &other)), (200, 403, 200));
    fake.replace_key();
    assert_eq!((list(UID, &key), list(UID, &fake.key())), (401, 200));
    fake.behave(Behaviour { wrong_key: 403, ..Behaviour::default() });
    assert_eq!(list(UID, &key), 403);
}

#[test]
fn the_three_flags_say_what_becomes_of_an_address_that_is_there() {
    let fakes = start();
    let fake = &sare(&fakes).provider;
    let contact =
        || fake.records("contact").into_iter().find(|one| one["email"] == "osoba+1@poczta.example").expect("it");
    let add = |flags: Value| {
        let mut body =
            json!({ "emails": [{ "email": "osoba+1@poczta.example", "groups": [3], "name": "Nowa", "status": 6 }] });
        body.as_object_mut().expect("an object").extend(flags.as_object().cloned().expect("flags"));
        call(&fakes, "POST", "/email/add", &body.to_string())
    };
    let both = json!({ "only_add_to_groups": true, "update_on_duplicate": true });
    assert_eq!(add(both).json()["response"]["updated"], 1);
    assert_eq!(
        (&contact()["groups"], &contact()["name"], &contact()["status"]),
        (&json!([2, 3]), &json!("Nowa"), &json!(8))
    );
    add(json!({ "update_status_on_duplicate": true }));
    assert_eq!((&contact()["groups"], &contact()["status"]), (&json!([3]), &json!(6)), "it was moved");
    let mixed = json!({ "emails": [{ "email": "zly@" }, { "email": "nowy@poczta.example", "groups": [1] }] });
    let answer = call(&fakes, "POST", "/email/add", &mixed.to_string());
    assert_eq!((answer.status, &answer.json()["response"]["added"]), (200, &json!(1)));
    assert_eq!(answer.json()["response"]["error"][0]["why"], "Invalid email address");
    let out = json!({ "emails": ["nowy@poczta.example"], "groups": [1] });
    assert_eq!(call(&fakes, "POST", "/group/remove_emails", &out.to_string()).status, 200);
}

#[test]
fn a_mail_goes_out_as_often_as_it_is_sent() {
    let fakes = start();
    let mail = |email: &str| {
        let body = json!([{ "email": email, "subject": "Temat", "from": "sklep@demo.example", "html": "<p>x</p>" }]);
        call(&fakes, "POST", "/send/mail/transactional", &body.to_string())
    };
    assert_eq!(mail("ola@poczta.example").json()["response"][0]["id"], "m1");
    assert_eq!(mail("ola@poczta.example").json()["response"][0]["id"], "m2");
    let removed = mail("osoba+13@poczta.example");
    assert_eq!((removed.status, removed.json()["response"]["error"].as_array().map(Vec::len)), (200, Some(1)));
    assert_eq!(sare(&fakes).provider.mails().len(), 2);
    let nothing = json!([{ "email": "a@b.example", "subject": "x", "from": "a@b.example" }]);
    assert_eq!(call(&fakes, "POST", "/send/mail/transactional", &nothing.to_string()).status, 400);
}

#[test]
fn the_hub_takes_events_from_addresses_that_it_knows() {
    let fakes = start();
    let event = json!({ "type": "tag", "user": { "email": "a@b.example" }, "time": 1, "params": {} });
    let taken = hub(&fakes, "hub234.sare.1.message.email", &event);
    assert_eq!((taken.status, &taken.json()["state"]), (201, &json!("success")), "{}", taken.body);
    assert_eq!(sare(&fakes).provider.hub_events()[0]["correlation_id"], "c-1");
    assert_eq!(hub(&fakes, "elsewhere", &event).status, 400);
    assert_eq!(hub(&fakes, "hub1.sare", &json!({ "type": "tag", "user": {}, "time": 1, "params": {} })).status, 400);
    assert_eq!(hub(&fakes, "hub1.sare", &json!({ "type": "tag", "colour": 1 })).status, 400);
    let behave = |change: fn(&mut Behaviour)| {
        let mut behaviour = Behaviour::default();
        change(&mut behaviour);
        sare(&fakes).provider.behave(behaviour);
    };
    behave(|one| one.hub_errors_in_200 = true);
    let inside = hub(&fakes, "elsewhere", &event);
    assert_eq!((inside.status, &inside.json()["state"]), (200, &json!("error")));
    behave(|one| one.on_whitelist = false);
    assert_eq!(hub(&fakes, "hub1.sare", &event).status, 403);
}

#[test]
fn who_authorises_the_application_gets_tokens_that_rotate() {
    let fakes = start();
    let fake = &sare(&fakes).provider;
    fake.allow_redirect(REDIRECT);
    let (client, login, origin) = (fake.client(), fake.login(), sare(&fakes).plain.clone());
    let form = |pairs: &[(&str, &str)]| form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let asked =
        form(&[("client_id", &client.id), ("redirect_uri", REDIRECT), ("response_type", "code"), ("state", "st4te")]);
    let path = format!("{origin}/oauth/authorize?{asked}");
    let to_login = plain("GET", &path, &[], "").expect("a redirect");
    let login_path = format!("{origin}{}", to_login.headers["location"]);
    let page = plain("GET", &login_path, &[], "").expect("a page");
    assert!(page.body.contains("Zaloguj się"), "{}", page.body);
    let content = ("content-type", "application/x-www-form-urlencoded");
    let typed = form(&[("user", &login.user), ("password", &login.password)]);
    let signed = plain("POST", &login_path, &[content], &typed).expect("a redirect");
    let cookie = signed.headers["set-cookie"].split(';').next().expect("a cookie").to_owned();
    let page = plain("GET", &path, &[("cookie", &cookie)], "").expect("a page");
    assert!(page.body.contains("Autoryzuj aplikację"), "{}", page.body);
    let token = page.body.split("authenticity_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let decided = form(&[("authenticity_token", token.expect("a form")), ("decision", "allow")]);
    let back = plain("POST", &path, &[content, ("cookie", &cookie)], &decided).expect("a redirect");
    let back = Url::parse(&back.headers["location"]).expect("an address");
    let code = back.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
    let exchange = |pairs: &[(&str, &str)]| {
        let client = [("client_id", client.id.as_str()), ("client_secret", client.secret.as_str())];
        send(&fakes, HOST, &[content], "POST", "/oauth/token", &form(&[&client, pairs].concat()))
    };
    let tokens = exchange(&[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT)]).json();
    let account = |tokens: &Value| {
        let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap_or_default());
        send(&fakes, HOST, &[("authorization", &bearer)], "GET", "/oauth/account", "")
    };
    assert_eq!(account(&tokens).json()["uid"], UID);
    let refresh = tokens["refresh_token"].as_str().expect("a token").to_owned();
    let renewed = exchange(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).json();
    assert_eq!(account(&renewed).status, 200);
    fake.expire_access();
    assert_eq!(account(&renewed).status, 401);
}
