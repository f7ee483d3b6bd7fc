//! What the FID-Manager fake promises to those who write connectors against it.

use super::calls::{Answer, plain};
use base64::{Engine, engine::general_purpose::STANDARD};
use patchbay_fakes::{
    Act, Fakes, FakesConfig, Rule, Stand, also,
    fid_manager::{Behaviour, CODE, CODE_AT_ONCE, CODE_CLOSED, CODE_OFF, FidManager, OTHER_OFFICE, Repeat},
};
use serde_json::{Value, json};

const HOST: &str = "kantoorvoorbeeld.fid-manager.be";
const OTHER_HOST: &str = "tweedekantoor.fid-manager.be";
const PDF: &str = "application/pdf";

fn start() -> Fakes {
    let also = also::all().into_iter().filter(|one| one.name() == "fid-manager").collect();
    Fakes::start(FakesConfig { also, ..FakesConfig::small() }).expect("the fakes start")
}

fn fid(fakes: &Fakes) -> &Stand<FidManager> {
    fakes.stand().expect("it was started")
}

fn basic(fakes: &Fakes) -> String {
    let keys = fid(fakes).provider.login();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", keys.user, keys.password)))
}

fn call(fakes: &Fakes, host: &str, credential: &str, method: &str, path: &str, kind: &str, body: &str) -> Answer {
    let mut headers = vec![("host", host), ("authorization", credential)];
    if !kind.is_empty() {
        headers.push(("content-type", kind));
    }
    plain(method, &format!("{}{path}", fid(fakes).plain), &headers, body).expect("an answer")
}

fn get(fakes: &Fakes, path: &str) -> Answer {
    call(fakes, HOST, &basic(fakes), "GET", path, "", "")
}

fn upload(fakes: &Fakes, media_type: &str, texts: &[(&str, &str)]) -> Answer {
    let mut body = String::new();
    for (name, value) in texts {
        body += &format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    body += &format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"v.pdf\"\r\nContent-Type: {media_type}\r\n\r\n\
         %PDF\r\n--b--\r\n"
    );
    let kind = "multipart/form-data; boundary=b";
    call(fakes, HOST, &basic(fakes), "POST", "/api/v1/documents", kind, &body)
}

/// The texts of an upload for the first client and its first folder, with some of them changed.
fn texts<'a>(fakes: &Fakes, changed: &[(&'a str, &'a str)]) -> Vec<(&'a str, String)> {
    let id = |kind: &str, name: &str| fid(fakes).provider.records(kind)[0][name].to_string();
    let mut texts = vec![
        ("client_id", id("client", "id")),
        ("folder_id", id("folder", "id")),
        ("partner_code", CODE.to_owned()),
        ("title", "Verslag".to_owned()),
        ("document_date", "2026-11-21".to_owned()),
        ("external_id", "pb-1".to_owned()),
    ];
    for (name, value) in changed {
        texts.retain(|(known, _)| known != name);
        texts.push((name, (*value).to_owned()));
    }
    texts
}

fn send(fakes: &Fakes, changed: &[(&str, &str)]) -> Answer {
    let texts = texts(fakes, changed);
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, value)| (*name, value.as_str())).collect();
    upload(fakes, PDF, &texts)
}

fn field_of(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let fields = body.pointer("/error/fields").and_then(Value::as_object);
    fields.map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
}

#[test]
fn a_list_is_paged_and_says_how_long_it_is() {
    let fakes = start();
    let first = get(&fakes, "/api/v1/clients?page=1&per_page=10").json();
    let second = get(&fakes, "/api/v1/clients?page=2&per_page=10").json();
    let rows = |page: &Value| page["data"].as_array().map_or(0, Vec::len);
    assert_eq!((rows(&first), rows(&second), &first["total"]), (10, 4, &json!(14)));
    let client = first["data"][0]["id"].clone();
    let folders = get(&fakes, &format!("/api/v1/clients/{client}/folders")).json();
    assert!(
        rows(&folders) > 1
            && folders["data"].as_array().is_some_and(|all| all.iter().all(|one| one["client_id"] == client))
    );
    assert_eq!(rows(&get(&fakes, &format!("/api/v1/document-types?partner_code={CODE}")).json()), 1);
    assert_eq!(rows(&get(&fakes, "/api/v1/documents?status=pending").json()), 2);
}

#[test]
fn clients_are_listed_by_change() {
    let fakes = start();
    let fake = &fid(&fakes).provider;
    let newest = fake.records("client").iter().filter_map(|one| one["updated_at"].as_str().map(str::to_owned)).max();
    let newest = newest.expect("clients");
    let id = fake.add_client("Nieuw BV");
    fake.leave(fake.records("client")[0]["id"].as_u64().expect("a number"));
    let changed = get(&fakes, &format!("/api/v1/clients?updated_since={}", newest.replace('+', "%2B"))).json();
    let rows = changed["data"].as_array().expect("rows");
    assert_eq!(rows.len(), 3, "{changed}");
    assert!(rows.iter().any(|row| row["id"] == json!(id)) && rows.iter().any(|row| row["active"] == json!(false)));
}

#[test]
fn what_the_sheet_does_not_name_is_refused() {
    let fakes = start();
    for path in ["/api/v1/clients?size=3", "/api/v1/clients?page=0", "/api/v1/documents", "/api/v2/me", "/api/v1/todos"]
    {
        assert_eq!(get(&fakes, path).status, 400, "{path}");
    }
    let refused = fid(&fakes).journal.entries().into_iter().filter(|entry| entry.refusal.is_some()).count();
    assert_eq!(refused, 5);
    assert_eq!(send(&fakes, &[("colour", "red")]).status, 400);
    assert_eq!(call(&fakes, "elders.fid-manager.be", &basic(&fakes), "GET", "/api/v1/me", "", "").status, 400);
}

#[test]
fn keys_are_of_one_office_and_end_when_others_are_mailed() {
    let fakes = start();
    let fake = &fid(&fakes).provider;
    let before = basic(&fakes);
    assert_eq!(get(&fakes, "/api/v1/me").json()["office"]["id"], "kantoorvoorbeeld");
    assert_eq!(call(&fakes, OTHER_HOST, &before, "GET", "/api/v1/me", "", "").status, 401);
    let other = fake.login_at(OTHER_OFFICE);
    let other = format!("Basic {}", STANDARD.encode(format!("{}:{}", other.user, other.password)));
    assert_eq!(call(&fakes, OTHER_HOST, &other, "GET", "/api/v1/me", "", "").status, 200);
    let after = fake.reopen();
    assert_eq!(call(&fakes, HOST, &before, "GET", "/api/v1/me", "", "").status, 401);
    assert_eq!((get(&fakes, "/api/v1/me").status, after), (200, fake.login()));
    fake.close(true);
    assert_eq!(get(&fakes, "/api/v1/me").status, 403);
}

#[test]
fn a_session_is_as_good_as_the_keys_until_it_ends() {
    let fakes = start();
    let keys = fid(&fakes).provider.login();
    let log_in = |password: &str| {
        let body = json!({ "username": keys.user, "password": password }).to_string();
        call(&fakes, HOST, "", "POST", "/api/v1/login", "application/json", &body)
    };
    assert_eq!(log_in("wrong").status, 401);
    let session = log_in(&keys.password).json();
    assert_eq!(session["expires_in"], 7_200);
    let bearer = format!("Bearer {}", session["token"].as_str().unwrap_or_default());
    assert_eq!(call(&fakes, HOST, &bearer, "GET", "/api/v1/me", "", "").status, 200);
    fid(&fakes).provider.end_sessions();
    assert_eq!(call(&fakes, HOST, &bearer, "GET", "/api/v1/me", "", "").status, 401);
}

#[test]
fn wrong_keys_may_be_answered_with_a_page() {
    let fakes = start();
    fid(&fakes).provider.behave(Behaviour { html_401: true, ..Behaviour::default() });
    let page = call(&fakes, HOST, "Basic eDp5", "GET", "/api/v1/me", "", "");
    assert_eq!(page.status, 401);
    assert!(page.headers["content-type"].starts_with("text/html"));
}

#[test]
fn a_document_waits_unless_its_type_is_approved_at_once() {
    let fakes = start();
    let waiting = send(&fakes, &[]);
    assert_eq!((waiting.status, &waiting.json()["status"]), (201, &json!("pending")), "{}", waiting.body);
    let filed = send(&fakes, &[("partner_code", CODE_AT_ONCE), ("external_id", "pb-2")]);
    assert_eq!((filed.status, &filed.json()["status"]), (201, &json!("validated")));
    let written = fid(&fakes).provider.titled("Verslag");
    assert_eq!(written.len(), 2);
    assert_eq!((written[0].file.0.as_str(), written[0].file.2), ("v.pdf", 4));
    let listed = get(&fakes, "/api/v1/documents?status=validated").json();
    assert_eq!(listed["data"][0]["external_id"], "pb-2");
    fid(&fakes).provider.approve(written[0].id);
    assert_eq!(get(&fakes, "/api/v1/documents?status=validated").json()["total"], 2);
}

#[test]
fn each_wrong_value_is_named() {
    let fakes = start();
    let other = fid(&fakes).provider.records("folder").last().expect("a folder")["id"].to_string();
    for (name, value) in [
        ("partner_code", "CT-NOBODY"),
        ("partner_code", CODE_OFF),
        ("client_id", "1"),
        ("folder_id", other.as_str()),
        ("title", ""),
        ("document_date", "21/11/2026"),
    ] {
        let answer = send(&fakes, &[(name, value)]);
        assert_eq!((answer.status, field_of(&answer)), (422, vec![name.to_owned()]), "{name}={value}: {}", answer.body);
    }
    assert_eq!(send(&fakes, &[("partner_code", CODE_CLOSED)]).status, 403);
    let texts = texts(&fakes, &[]);
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(upload(&fakes, "text/plain", &texts).status, 415);
    assert!(fid(&fakes).provider.titled("Verslag").is_empty());
}

#[test]
fn the_same_external_id_makes_one_document_unless_it_is_ignored() {
    for (repeat, status, documents) in [(Repeat::Same, 200, 1), (Repeat::Conflict, 409, 1), (Repeat::Ignored, 201, 2)] {
        let fakes = start();
        fid(&fakes).provider.behave(Behaviour { repeat, ..Behaviour::default() });
        let first = send(&fakes, &[]).json()["id"].clone();
        let again = send(&fakes, &[]);
        assert_eq!(again.status, status);
        let all = fid(&fakes).provider.titled("Verslag");
        assert_eq!((all.len(), json!(all[0].id)), (documents, first.clone()));
        if repeat == Repeat::Conflict {
            assert_eq!(again.json()["error"]["document_id"], first);
        }
        assert_eq!(all[0].external_id.is_some(), repeat != Repeat::Ignored);
    }
}

#[test]
fn a_lost_answer_has_taken_effect() {
    let fakes = start();
    fid(&fakes).script.add(Rule::on("POST", "/api/v1/documents", Act::LoseAnswer).saying("Verslag"));
    let texts = texts(&fakes, &[]);
    let body: String = texts
        .iter()
        .map(|(name, value)| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"))
        .collect();
    let body = format!(
        "{body}--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"v.pdf\"\r\nContent-Type: {PDF}\r\n\r\n\
         x\r\n--b--\r\n"
    );
    let credential = basic(&fakes);
    let headers =
        [("host", HOST), ("authorization", credential.as_str()), ("content-type", "multipart/form-data; boundary=b")];
    let url = format!("{}/api/v1/documents", fid(&fakes).plain);
    assert!(plain("POST", &url, &headers, &body).is_err());
    assert_eq!(fid(&fakes).provider.titled("Verslag").len(), 1);
}
