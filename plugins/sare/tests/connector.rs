//! The connector over recorded answers.

use patchbay_connector_sare::Sare;
use patchbay_sdk::{
    Auth, Case, Context, Fetch, Item, Outcome, Position, Push, ReadRequest, Result,
    testing::{Reading, TestHost, read_all},
};
use serde_json::{Value, json};

const BASE: &str = "https://s.enewsletter.pl/api/v1/12345";
const HUB: &str = "https://api.sarehub.com/v1/publish/routing/hub234.sare.1";

/// The defaults of the manifest, with some of them corrected.
fn config(corrected: &[(&str, Value)]) -> Vec<u8> {
    let manifest = include_str!("../connector.toml");
    let defaults = manifest.split("defaults = '''").nth(1).and_then(|rest| rest.split("'''").next());
    let mut config: Value = serde_json::from_str(defaults.unwrap_or_default()).unwrap_or_default();
    for (pointer, value) in corrected {
        let default = config.pointer_mut(pointer);
        assert!(default.is_some(), "{pointer} has no default");
        default.into_iter().for_each(|default| *default = value.clone());
    }
    config.to_string().into_bytes()
}

fn facts(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn ctx() -> Context {
    Context {
        auth: "key".to_owned(),
        facts: facts(&[("uid", "12345"), ("hub_module", "patchbay")]),
        settings: br#"{"sender":"sklep@demo.example"}"#.to_vec(),
        config: config(&[("/reports", json!(true))]),
        ..Context::default()
    }
}

fn item(action: &str, target: &str, payload: &Value) -> Item {
    Item {
        action: action.to_owned(),
        key: "k1".to_owned(),
        target: json!({ "id": target }).to_string().into_bytes(),
        payload: payload.to_string().into_bytes(),
        attempt: 1,
        ..Item::default()
    }
}

fn mail() -> Item {
    let payload = json!({ "subject": "Twoje zamówienie", "html": "<p>Dziękujemy</p>", "text": "Dziękujemy" });
    item("send_email", "ola@poczta.example", &payload)
}

fn event() -> Item {
    item("hub_event", "hub234.sare.1", &json!({ "type": "tag", "user": { "email": "a@b.example" }, "params": {} }))
}

fn get(path: &str, answer: &Value) -> Value {
    json!({ "request": { "method": "GET", "url": format!("{BASE}{path}") }, "answer": answer })
}

/// The answer to a write.
fn put(url: &str, step: &str, answer: &Value) -> Value {
    let credential = if url == HUB { "hub" } else { "standard" };
    let request = json!({ "method": "POST", "url": url, "effect": "write", "step": step, "credential": credential });
    json!({ "request": request, "answer": answer })
}

fn sent(answer: &Value) -> Value {
    put(&format!("{BASE}/send/mail/transactional"), "send", answer)
}

fn envelope(response: &Value) -> Value {
    json!({ "body": { "code": 200, "response": response } })
}

fn host(exchanges: &[Value]) -> TestHost {
    TestHost::answering(&json!(exchanges).to_string())
}

fn read(stream: &str, fixture: &str) -> Result<Reading> {
    let _host = TestHost::answering(fixture).in_order();
    read_all::<Sare>(&ctx(), ReadRequest { page_hint: 2, ..ReadRequest::of(stream) })
}

#[test]
fn a_key_is_for_the_account_that_was_entered_with_it() {
    let _host = TestHost::answering(include_str!("../fixtures/identify.json"));
    let identity = Sare::identify(&ctx()).unwrap();
    assert_eq!((identity.id.as_str(), identity.name.as_str()), ("12345", "SARE 12345"));
}

#[test]
fn a_login_tells_its_account_and_the_number_that_addresses_need() {
    let _host = TestHost::answering(include_str!("../fixtures/identify.oauth.json"));
    let identity = Sare::identify(&Context { auth: "oauth".to_owned(), facts: Vec::new(), ..ctx() }).unwrap();
    assert_eq!((identity.id.as_str(), identity.name.as_str()), ("12345", "Sklep Demo"));
    assert_eq!(identity.login.as_deref(), Some("owner@sklep.example"));
    assert!(format!("{identity:?}").contains("uid"), "{identity:?}");
}

#[test]
fn a_number_that_is_none_never_becomes_a_part_of_an_address() {
    let oauth = Context { auth: "oauth".to_owned(), facts: Vec::new(), ..ctx() };
    let account = json!({ "method": "GET", "url": "https://s.enewsletter.pl/oauth/account" });
    let _host = host(&[json!({ "request": account, "answer": { "body": { "uid": "../7" } } })]);
    assert_eq!(Sare::identify(&oauth).unwrap_err().case(), Case::InvalidResponse);
    let typed = Context { facts: facts(&[("uid", "12/34")]), ..ctx() };
    assert_eq!(Sare::identify(&typed).unwrap_err().case(), Case::InvalidConfig);
}

#[test]
fn groups_are_read_whole() {
    let reading = read("groups", include_str!("../fixtures/streams/groups.json")).unwrap();
    assert_eq!((reading.records.len(), reading.pages), (3, 2));
    assert!(matches!(reading.position, Position::Complete(_)));
}

#[test]
fn contacts_are_asked_for_group_by_group_and_who_was_removed_is_gone() {
    let reading = read("contacts", include_str!("../fixtures/streams/contacts.json")).unwrap();
    let emails: Vec<&str> = reading.records.iter().filter_map(|one| one["email"].as_str()).collect();
    assert_eq!(emails, ["ola@poczta.example", "ola@poczta.example", "zaneta@poczta.example"], "in lower case");
    assert_eq!(reading.deleted, ["jan@poczta.example"]);
    assert!(reading.pages > 1 && matches!(reading.position, Position::Complete(_)));
}

#[test]
fn a_walk_that_is_stopped_goes_on_where_it_was() {
    let host = TestHost::answering(include_str!("../fixtures/streams/contacts.json"));
    // The answer to a page of details is not the place to stop: it is asked with the one before.
    host.stop_after(4);
    let reading = read_all::<Sare>(&ctx(), ReadRequest { page_hint: 2, ..ReadRequest::of("contacts") }).unwrap();
    assert_eq!(reading.records.len(), 3);
}

#[test]
fn a_group_that_is_gone_is_passed_over_and_rows_may_be_texts() {
    let groups = envelope(&json!([{ "id": 7, "name": "x" }, { "id": 8, "name": "y" }]));
    let gone = json!({ "status": 404, "body": { "code": 404, "message": "x" } });
    let asked = json!({ "method": "POST", "url": format!("{BASE}/email/by_email_list/0"), "effect": "repeatable" });
    let host = host(&[
        get("/group/list", &groups),
        get("/group/emails/7/0", &gone),
        get("/group/emails/8/0", &envelope(&json!(["a@b.example"]))),
        json!({ "request": asked, "answer": envelope(&json!([{ "email": "a@b.example" }])) }),
        get("/group/emails/8/1", &envelope(&json!(null))),
        get("/group/emails/8/0", &envelope(&json!(["a@b.example"]))),
    ])
    .in_order();
    let reading = read_all::<Sare>(&ctx(), ReadRequest::of("contacts")).unwrap();
    assert_eq!(reading.records, [json!({ "email": "a@b.example" })]);
    assert_eq!(host.logs()[0].fields, [("group".to_owned(), "7".to_owned())]);
    assert!(matches!(reading.position, Position::End(_)), "nobody who was only in that group is taken for gone");
}

/// A page of the only group, and what is known of its addresses.
fn addresses(page: u64, emails: &[&str]) -> Value {
    get(&format!("/group/emails/1/{page}"), &envelope(&json!(emails)))
}

fn known(emails: &[&str]) -> Value {
    let rows: Vec<Value> = emails.iter().map(|email| json!({ "email": email })).collect();
    let request = json!({
        "method": "POST", "url": format!("{BASE}/email/by_email_list/0"), "effect": "repeatable",
        "body": { "emails": rows },
    });
    json!({ "request": request, "answer": envelope(&json!(rows)) })
}

#[test]
fn nobody_is_taken_for_gone_when_somebody_else_left_between_two_pages() {
    let groups = || get("/group/list", &envelope(&json!([{ "id": 1 }])));
    let (a, b, c) = ("a@x.example", "b@x.example", "c@x.example");
    for (second, looked_back, is_whole) in
        [(vec![], [a, b], true), (vec![c], [a, b], true), (vec![], [b, c], false), (vec!["d@x.example"], [b, c], false)]
    {
        let mut exchanges = vec![groups(), addresses(0, &[a, b]), known(&[a, b]), addresses(1, &second)];
        exchanges.extend((!second.is_empty()).then(|| known(&second)));
        exchanges.push(addresses(0, &looked_back));
        if !second.is_empty() {
            exchanges.extend([addresses(2, &[]), addresses(1, &second)]);
        }
        let host = host(&exchanges).in_order();
        let reading = read_all::<Sare>(&ctx(), ReadRequest::of("contacts")).unwrap();
        assert_eq!(matches!(reading.position, Position::Complete(_)), is_whole, "{second:?} {looked_back:?}");
        assert_eq!(host.logs().is_empty(), is_whole);
    }
}

#[test]
fn nobody_is_taken_for_gone_when_a_page_that_was_half_read_came_again_shorter() {
    let (a, b, c) = ("a@x.example", "b@x.example", "c@x.example");
    let groups = get("/group/list", &envelope(&json!([{ "id": 1 }])));
    let gone_on = [addresses(0, &[b, c]), known(&[c]), addresses(1, &[]), addresses(0, &[b, c])];
    let exchanges: Vec<Value> = [groups, addresses(0, &[a, b, c]), known(&[a])].into_iter().chain(gone_on).collect();
    let _host = host(&exchanges).in_order();
    let reading = read_all::<Sare>(&ctx(), ReadRequest { page_hint: 1, ..ReadRequest::of("contacts") }).unwrap();
    assert_eq!(reading.records.len(), 2, "the one between them moved to the place that was read");
    assert!(matches!(reading.position, Position::End(_)));
}

#[test]
fn groups_and_newsletters_that_changed_while_they_were_read_are_not_complete() {
    let groups = |ids: &[u64]| {
        let rows: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        get("/group/list", &envelope(&json!(rows)))
    };
    {
        let _host = host(&[groups(&[1, 2, 3]), groups(&[2, 3])]).in_order();
        let request = ReadRequest { page_hint: 1, ..ReadRequest::of("groups") };
        let reading = read_all::<Sare>(&ctx(), request).unwrap();
        assert!(matches!(reading.position, Position::End(_)));
    }
    let page = |kind: &str, page: u64, ids: &[u64]| {
        let rows: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        get(&format!("/newsletter/list/{kind}/{page}"), &envelope(&json!({ "data": rows })))
    };
    for (now, is_whole) in [([1, 2], true), ([2, 3], false)] {
        let ready = [page("ready", 0, &[1, 2]), page("ready", 1, &[]), page("ready", 0, &now)];
        let _host = host(&[ready.as_slice(), &[page("temporary", 0, &[])]].concat()).in_order();
        let reading = read_all::<Sare>(&ctx(), ReadRequest::of("newsletters")).unwrap();
        assert_eq!(matches!(reading.position, Position::Complete(_)), is_whole);
    }
}

#[test]
fn newsletters_of_both_types_are_read_to_their_empty_page() {
    let reading = read("newsletters", include_str!("../fixtures/streams/newsletters.json")).unwrap();
    let kinds: Vec<&str> = reading.records.iter().filter_map(|one| one["type"].as_str()).collect();
    assert_eq!(kinds, ["ready", "ready", "ready", "temporary"]);
    assert!(matches!(reading.position, Position::Complete(_)));
}

#[test]
fn sends_are_read_again_for_some_days() {
    let reading = read("sends", include_str!("../fixtures/streams/sends.json")).unwrap();
    assert_eq!(reading.records.len(), 3);
    let cursor = br#"{"since":"2026-11-13","page":0,"done":0}"#.to_vec();
    assert_eq!(reading.position, Position::End(cursor.clone()), "seven days before the newest");
    let _host = host(&[get("/report/sends/0?from=2026-11-13", &envelope(&json!([])))]);
    let request = ReadRequest { cursor: Some(cursor.clone()), ..ReadRequest::of("sends") };
    assert_eq!(read_all::<Sare>(&ctx(), request).unwrap().position, Position::End(cursor));
}

#[test]
fn events_go_on_from_the_newest_second() {
    let _host = TestHost::answering(include_str!("../fixtures/streams/events.json")).in_order();
    let cursor = Some(br#"{"since":1763600000}"#.to_vec());
    let request = ReadRequest { cursor, page_hint: 2, ..ReadRequest::of("events") };
    let reading = read_all::<Sare>(&ctx(), request).unwrap();
    assert_eq!(reading.records.len(), 3);
    assert_eq!(reading.position, Position::End(br#"{"since":1763600200,"page":0,"done":0}"#.to_vec()));
}

#[test]
fn an_event_of_the_future_does_not_hide_those_until_then() {
    let late = envelope(&json!([{ "id": 1, "time": 4_000_000_000_u64 }]));
    let _host = host(&[get("/report/events/0", &late), get("/report/events/1", &envelope(&json!([])))]);
    let reading = read_all::<Sare>(&ctx(), ReadRequest::of("events")).unwrap();
    assert_eq!(reading.position, Position::End(br#"{"since":1795253400,"page":0,"done":0}"#.to_vec()));
}

#[test]
fn nothing_is_asked_for_reports_until_they_are_switched_on() {
    let host = TestHost::empty();
    for stream in ["sends", "events"] {
        let reading = read_all::<Sare>(&Context { config: config(&[]), ..ctx() }, ReadRequest::of(stream)).unwrap();
        assert!(reading.records.is_empty() && matches!(reading.position, Position::End(_)), "{stream}");
    }
    assert_eq!(host.logs().len(), 2);
}

#[test]
fn names_that_the_operator_corrects_are_the_ones_that_are_asked_and_read() {
    let url = "https://sare.kunde.example/rest/12345/stats/mailings/0";
    let body = json!({ "status": 200, "result": [] });
    let _host = host(&[json!({ "request": { "method": "GET", "url": url }, "answer": { "body": body } })]);
    let config = config(&[
        ("/origin", json!("https://sare.kunde.example")),
        ("/api_path", json!("/rest/")),
        ("/reports", json!(true)),
        ("/paths/report_sends", json!("stats/mailings")),
        ("/envelope/code", json!("status")),
        ("/envelope/data", json!("result")),
    ]);
    read_all::<Sare>(&Context { config, ..ctx() }, ReadRequest::of("sends")).unwrap();
}

#[test]
fn a_mail_is_sent_once_from_the_sender_of_the_settings() {
    let _host = TestHost::answering(include_str!("../fixtures/actions/send_email.json"));
    let Outcome::Created(object) = Sare::push(&ctx(), &mail()).unwrap() else { panic!("created") };
    assert_eq!(object.id, "m-77");
}

#[test]
fn a_mail_that_was_taken_is_sent_whatever_it_is_called_there() {
    for response in [json!([]), json!("OK"), json!([{ "email": "ola@poczta.example" }])] {
        let _host = host(&[sent(&envelope(&response))]);
        let Outcome::Created(object) = Sare::push(&ctx(), &mail()).unwrap() else { panic!("created") };
        assert_eq!(object.id, "send2222222222222222222222", "{response}");
    }
}

#[test]
fn a_row_that_is_refused_inside_a_success_is_no_success() {
    for (why, shown) in [("Invalid email address", true), ("ola@poczta.example jest na czarnej liście", false)] {
        let host = host(&[sent(&envelope(&json!({ "error": [{ "email": "ola@poczta.example", "why": why }] })))]);
        let error = Sare::push(&ctx(), &mail()).unwrap_err();
        assert_eq!(error.case(), Case::InvalidInput);
        assert_eq!(error.to_string().contains(why), shown, "{error}");
        assert_eq!(host.refused_steps(), ["send"]);
    }
}

#[test]
fn an_error_inside_status_200_is_an_error() {
    for (code, read_as, written_as) in [
        (400, Case::Other, Case::InvalidInput),
        (401, Case::AuthRequired, Case::AuthRequired),
        (403, Case::AuthRequired, Case::AuthRequired),
        (404, Case::NotFound, Case::NotFound),
        (429, Case::RateLimited, Case::RateLimited),
        (500, Case::Transient, Case::OutcomeUnknown),
    ] {
        let answer = json!({ "body": { "code": code, "message": "x" } });
        let host = host(&[get("/group/list", &answer), sent(&answer)]);
        assert_eq!(Sare::read(&ctx(), &ReadRequest::of("groups")).unwrap_err().case(), read_as, "{code}");
        assert_eq!(Sare::push(&ctx(), &mail()).unwrap_err().case(), written_as, "{code}");
        assert_eq!(host.refused_steps().is_empty(), code >= 500, "{code}");
    }
}

#[test]
fn a_contact_is_added_and_never_moved() {
    let _host = TestHost::answering(include_str!("../fixtures/actions/contact.json"));
    let payload = json!({
        "email": "Ola@poczta.example", "name": "Ola", "status": 8,
        "properties": { "prop1": "VIP" }, "custom": { "miasto": "Katowice" },
    });
    let Outcome::Created(object) = Sare::push(&ctx(), &item("contact", "1", &payload)).unwrap() else {
        panic!("created")
    };
    assert_eq!(object.id, "ola@poczta.example");
}

#[test]
fn a_contact_that_is_there_is_changed() {
    let answer = envelope(&json!({ "added": 0, "updated": 1, "error": [] }));
    let _host = host(&[put(&format!("{BASE}/email/add"), "save", &answer)]);
    let outcome = Sare::push(&ctx(), &item("contact", "1", &json!({ "email": "a@b.example" }))).unwrap();
    assert!(matches!(outcome, Outcome::Updated(_)), "{outcome:?}");
}

#[test]
fn a_contact_leaves_a_group() {
    let _host = TestHost::answering(include_str!("../fixtures/actions/remove_from_group.json"));
    let item = item("remove_from_group", "2", &json!({ "email": "ola@poczta.example" }));
    assert_eq!(Sare::push(&ctx(), &item).unwrap().object().id, "ola@poczta.example");
}

#[test]
fn the_hub_is_told_an_event_with_our_name_for_it() {
    let _host = TestHost::answering(include_str!("../fixtures/actions/hub_event.json"));
    let payload = json!({
        "type": "message", "user": { "email": "ola@poczta.example" }, "priority": 5,
        "params": {
            "from": "sklep@demo.example", "to": "ola@poczta.example", "subject": "Temat", "body": { "txt": "Witaj" },
        },
    });
    let outcome = Sare::push(&ctx(), &item("hub_event", "hub234.sare.1.message.email", &payload)).unwrap();
    assert_eq!(outcome.object().id, "publish2222222222222222222");
}

#[test]
fn the_hub_says_no_with_any_status() {
    for (status, case) in [
        (200, Case::InvalidInput),
        (400, Case::InvalidInput),
        (401, Case::AuthRequired),
        (403, Case::PermissionDenied),
        (404, Case::NotFound),
        (429, Case::RateLimited),
        (503, Case::OutcomeUnknown),
    ] {
        let answer = json!({ "status": status, "body": { "state": "error", "message": "x" } });
        let host = host(&[put(HUB, "publish", &answer)]);
        let error = Sare::push(&ctx(), &event()).unwrap_err();
        assert_eq!(error.case(), case, "{status}");
        assert_eq!(host.refused_steps().is_empty(), status != 200, "{status}");
        assert_eq!(error.to_string().contains("whitelist"), status == 403, "{error}");
    }
}

#[test]
fn a_connection_without_a_module_says_how_to_get_one() {
    let _host = TestHost::empty();
    let error = Sare::push(&Context { facts: facts(&[("uid", "12345")]), ..ctx() }, &event()).unwrap_err();
    assert_eq!(error.case(), Case::InvalidConfig);
    assert!(error.to_string().contains("Reconnect"), "{error}");
}

#[test]
fn statuses_mean_what_the_sheet_says() {
    for (status, case, written) in [
        (400, Case::Other, Case::InvalidInput),
        (401, Case::AuthRequired, Case::AuthRequired),
        (403, Case::AuthRequired, Case::AuthRequired),
        (404, Case::NotFound, Case::NotFound),
        (422, Case::Other, Case::InvalidInput),
        (429, Case::RateLimited, Case::RateLimited),
        (503, Case::Transient, Case::OutcomeUnknown),
    ] {
        let answer = json!({ "status": status, "headers": { "retry-after": "3" }, "body": { "code": status } });
        let _host = host(&[get("/group/list", &answer), sent(&answer)]);
        let error = Sare::read(&ctx(), &ReadRequest::of("groups")).unwrap_err();
        assert_eq!(error.case(), case, "{status}");
        assert_eq!(error.wait_ms().is_some(), matches!(status, 429 | 503), "{status}");
        assert_eq!(Sare::push(&ctx(), &mail()).unwrap_err().case(), written, "{status}");
    }
}

#[test]
fn a_page_of_html_is_an_outage_and_what_is_no_envelope_is_no_answer() {
    let html = json!({ "headers": { "content-type": "text/html" }, "text": "<!doctype html>" });
    for (answer, case) in [
        (html, Case::Transient),
        (json!({ "text": "" }), Case::InvalidResponse),
        (json!({ "text": "{\"code\":200,\"respo" }), Case::InvalidResponse),
        (json!({ "body": [] }), Case::InvalidResponse),
        (json!({ "body": { "response": [] } }), Case::InvalidResponse),
        (json!({ "body": { "code": 200 } }), Case::InvalidResponse),
        (json!({ "body": { "code": 200, "response": 7 } }), Case::InvalidResponse),
        (json!({ "body": { "code": 200, "response": {} } }), Case::InvalidResponse),
        (json!({ "body": { "code": 200, "response": [7] } }), Case::InvalidResponse),
    ] {
        let _host = host(&[get("/group/list", &answer), sent(&json!({ "text": "" }))]);
        assert_eq!(Sare::read(&ctx(), &ReadRequest::of("groups")).unwrap_err().case(), case, "{answer}");
        assert_eq!(Sare::push(&ctx(), &mail()).unwrap_err().case(), Case::OutcomeUnknown);
    }
    let _host = host(&[get("/report/sends/0", &envelope(&json!([{ "id": 1, "sent_at": "yesterday" }])))]);
    assert_eq!(Sare::read(&ctx(), &ReadRequest::of("sends")).unwrap_err().case(), Case::InvalidResponse);
}

#[test]
fn what_cannot_be_written_is_refused_before_anything_is_sent() {
    let _host = TestHost::empty();
    let case = |ctx: &Context, item: &Item| Sare::push(ctx, item).unwrap_err().case();
    let without_sender = Context { settings: Vec::from("{}"), ..ctx() };
    assert_eq!(case(&without_sender, &mail()), Case::InvalidConfig);
    let wordless = item("send_email", "a@b.example", &json!({ "subject": "x" }));
    assert_eq!(case(&ctx(), &wordless), Case::InvalidInput);
    for address in ["", "ola", "@b.example", "a b@c.example"] {
        let mail = item("send_email", address, &json!({ "subject": "x", "text": "y" }));
        assert_eq!(case(&ctx(), &mail), Case::InvalidInput, "{address}");
    }
    assert_eq!(case(&ctx(), &item("contact", "VIP", &json!({ "email": "a@b.example" }))), Case::InvalidInput);
    assert_eq!(case(&ctx(), &item("note", "1", &json!({}))), Case::Unsupported);
    assert_eq!(Sare::read(&ctx(), &ReadRequest::of("invoices")).unwrap_err().case(), Case::Unsupported);
    let old = ReadRequest { cursor: Some(b"[]".to_vec()), ..ReadRequest::of("sends") };
    assert!(matches!(Sare::read(&ctx(), &old).unwrap_err().case(), Case::CursorInvalid));
}
