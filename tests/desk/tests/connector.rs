//! The connector over recorded answers.

use patchbay_sdk::{
    Attachment, Auth, Case, Choice, Context, Fetch, Item, Object, Outcome, PickRequest, Position, Push, ReadRequest,
    testing::{TestHost, read_all},
};
use patchbay_test_desk::Desk;
use serde_json::{Value, json};

const ORIGIN: &str = "https://desk.test";

/// A host that is asked for these and gives that, in this order.
fn host(exchanges: &[Value]) -> TestHost {
    TestHost::answering(&Value::Array(exchanges.to_vec()).to_string()).in_order()
}

fn get(path: &str, body: &Value) -> Value {
    json!({ "request": { "method": "GET", "url": format!("{ORIGIN}{path}") }, "answer": { "body": body } })
}

/// A write with its step; a body of null is not looked at.
fn write(asked: &str, step: &str, headers: &Value, body: &Value, answer: &Value) -> Value {
    let (method, path) = asked.split_once(' ').unwrap_or(("POST", asked));
    let url = format!("{ORIGIN}{path}");
    let request =
        json!({ "method": method, "url": url, "effect": "write", "step": step, "headers": headers, "body": body });
    json!({ "request": request, "answer": answer })
}

fn made(id: &str) -> Value {
    json!({ "status": 201, "body": { "id": id, "url": format!("{ORIGIN}/show/{id}") } })
}

fn object(id: &str) -> Object {
    Object::of(id).url(format!("{ORIGIN}/show/{id}"))
}

/// The key of a step, as the test's host makes it.
fn key(step: &str) -> String {
    format!("{step:2<26}")
}

fn ctx(settings: &Value) -> Context {
    Context { auth: "key".to_owned(), settings: settings.to_string().into_bytes(), ..Context::default() }
}

fn item(action: &str, target: &Value, payload: &Value) -> Item {
    let (target, payload) = (target.to_string().into_bytes(), payload.to_string().into_bytes());
    Item { action: action.to_owned(), key: "item-1".to_owned(), target, payload, attempt: 1, ..Item::default() }
}

fn with(item: Item, ext: &[(&str, &str)]) -> Item {
    Item { ext: ext.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(), ..item }
}

fn report() -> Item {
    let file = Attachment {
        blob: "blb_1".to_owned(),
        name: "a.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        size: 3,
        sha256: "00".to_owned(),
    };
    Item { attachments: vec![file], ..item("report", &json!({ "id": "c1" }), &json!({ "title": "T" })) }
}

#[test]
fn the_office_is_told() {
    let _host = host(&[get("/me", &json!({ "id": "office-1", "name": "Office", "login": "a@desk.test" }))]);
    assert_eq!(Desk::identify(&ctx(&json!({}))).unwrap().id, "office-1");
}

#[test]
fn lists_are_read_by_place_and_go_on_from_their_newest_change() {
    let page = |id: u32, next: Value| json!({ "items": [{ "id": format!("c{id}"), "changed_at": format!("2026-01-01T00:00:0{id}Z") }], "next": next });
    let _host = host(&[
        get("/clients?size=1000", &page(1, json!("1-1"))),
        get("/clients?after=1-1&size=1000", &page(2, Value::Null)),
        get("/folders?changed_since=2026-01-01T00%3A00%3A02Z&size=1000", &json!({ "items": [], "next": null })),
    ]);
    let reading = read_all::<Desk>(&ctx(&json!({})), ReadRequest::of("clients")).unwrap();
    let end = br#"{"since":"2026-01-01T00:00:02Z"}"#.to_vec();
    assert_eq!((reading.records.len(), &reading.position), (2, &Position::End(end.clone())));
    let request = ReadRequest { cursor: Some(end.clone()), ..ReadRequest::of("folders") };
    let page = Desk::read(&ctx(&json!({})), &request).unwrap();
    assert_eq!((page.count, page.position), (0, Position::End(end)));
}

#[test]
fn the_desk_is_asked_for_clients_and_for_folders_of_the_client_that_was_chosen() {
    let hits = json!({ "items": [{ "id": "c1", "name": "Maes", "code": "10001" }], "next": 2 });
    let _host = host(&[
        get("/search/clients?q=ma&page=1&size=50", &hits),
        get(
            "/search/folders?q=&page=2&size=50&client=c1",
            &json!({ "items": [{ "id": "f1", "name": "2026" }], "next": null }),
        ),
    ]);
    let ctx = ctx(&json!({}));
    let request = PickRequest { picker: "search_clients".to_owned(), query: "ma".to_owned(), ..PickRequest::default() };
    let choices = Desk::pick(&ctx, &request).unwrap();
    assert_eq!(choices.items, [Choice::of("c1", "Maes").hint("10001")]);
    let parents = vec![("search_clients".to_owned(), "c1".to_owned())];
    let request =
        PickRequest { picker: "search_folders".to_owned(), parents, cursor: choices.next, ..PickRequest::default() };
    assert_eq!(Desk::pick(&ctx, &request).unwrap().items, [Choice::of("f1", "2026")]);
    let request = PickRequest { picker: "search_folders".to_owned(), ..PickRequest::default() };
    assert_eq!(Desk::pick(&ctx, &request).unwrap_err().case(), Case::InvalidInput);
}

#[test]
fn each_action_writes_what_was_said_under_the_hosts_key() {
    let said = json!({ "title": "T", "text": "t" });
    let target = json!({ "id": "c1", "folder": "f1" });
    let sent = |more: Value| {
        let mut body = json!({ "client": "c1", "folder": "f1", "title": "T", "text": "t" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let create = json!({ "reference": key("create") });
    let cases = [
        ("letter", "POST /letters", "send", json!({ "idempotency-key": key("send") }), sent(json!({}))),
        ("note", "POST /notes", "create", json!({}), sent(create.clone())),
        ("task", "POST /tasks", "create", json!({}), sent(create.clone())),
        ("entry", "POST /entries", "create", json!({}), sent(create)),
        ("card", "PUT /cards/put22222222222222222222222", "put", json!({}), sent(json!({}))),
        ("call", "POST /calls", "send", json!({}), json!({ "client": "c1", "title": "T", "text": "t" })),
    ];
    for (action, asked, step, headers, body) in cases {
        let _host = host(&[write(asked, step, &headers, &body, &made("x-1"))]);
        let outcome = Desk::push(&ctx(&json!({})), &item(action, &target, &said)).unwrap();
        assert_eq!(outcome, Outcome::Created(object("x-1")), "{action}");
    }
}

#[test]
fn settings_say_what_an_item_leaves_out_and_who_sends() {
    let settings = json!({ "default_folder": "2026", "default_assignee": "An", "partner_code": "FID-1" });
    let body = json!({ "client": "c1", "folder": "2026", "title": "T", "assignee": "An", "reference": key("create") });
    let _host = host(&[write("POST /tasks", "create", &json!({ "x-partner-code": "FID-1" }), &body, &made("task-1"))]);
    Desk::push(&ctx(&settings), &item("task", &json!({ "id": "c1" }), &json!({ "title": "T" }))).unwrap();
}

#[test]
fn a_note_that_was_written_before_is_changed_and_a_lost_change_is_found_by_what_it_says() {
    let said = json!({ "title": "T", "text": "new" });
    let note = with(item("note", &json!({ "id": "c1" }), &said), &[("object", "note-7")]);
    let now = |text: &str| get("/notes/note-7", &json!({ "id": "note-7", "title": "T", "text": text }));
    let _host = host(&[
        write("PATCH /notes/note-7", "change", &json!({}), &said, &json!({ "body": { "id": "note-7", "url": null } })),
        now("old"),
        now("new"),
    ]);
    let ctx = ctx(&json!({}));
    assert_eq!(Desk::push(&ctx, &note).unwrap(), Outcome::Updated(Object::of("note-7")));
    assert_eq!(Desk::find(&ctx, &note, "change", 0).unwrap(), None);
    assert_eq!(Desk::find(&ctx, &note, "change", 0).unwrap(), Some(Object::of("note-7")));
}

#[test]
fn a_report_uploads_its_file_first_and_goes_on_behind_what_was_found() {
    let upload = || write("POST /files", "upload", &json!({}), &Value::Null, &made("file-1"));
    let file = |step: &str, id: &str| {
        let body = json!({ "client": "c1", "title": "T", "file": id, "reference": key("report") });
        write("POST /reports", step, &json!({}), &body, &made("report-2"))
    };
    let push = |item: &Item| Desk::push(&ctx(&json!({})), item).unwrap();
    {
        let _host = host(&[upload(), file("report", "file-1")]);
        assert_eq!(push(&report()), Outcome::Created(object("report-2")));
    }
    {
        let _host = host(&[file("report", "file-9")]);
        assert_eq!(push(&with(report(), &[("step.upload", "file-9")])), Outcome::Created(object("report-2")));
    }
    {
        let _host = host(&[upload()]);
        let found = with(report(), &[("step.report", "report-2")]);
        assert_eq!(push(&found), Outcome::Exists(Object::of("report-2")));
    }
    let _host = TestHost::empty();
    let none = Item { attachments: Vec::new(), ..report() };
    assert_eq!(Desk::push(&ctx(&json!({})), &none).unwrap_err().case(), Case::InvalidInput);
}

#[test]
fn what_can_be_looked_for_is_and_the_rest_cannot_be_told() {
    let ctx = ctx(&json!({}));
    let target = json!({ "id": "c1" });
    let find = |action: &str, step: &str| Desk::find(&ctx, &item(action, &target, &json!({ "title": "T" })), step, 0);
    let cases = [
        ("task", "create", "tasks"),
        ("entry", "create", "entries"),
        ("note", "create", "notes"),
        ("report", "upload", "files"),
        ("report", "report", "reports"),
    ];
    for (action, step, path) in cases {
        let asked = format!("/{path}?reference={}", key(step));
        let there = json!({ "items": [{ "id": "x-1", "url": format!("{ORIGIN}/show/x-1") }] });
        let _host = host(&[get(&asked, &json!({ "items": [] })), get(&asked, &there)]);
        assert_eq!(find(action, step).unwrap(), None, "{action}");
        assert_eq!(find(action, step).unwrap(), Some(object("x-1")), "{action}");
    }
    let _host = TestHost::empty();
    for (action, step) in [("letter", "send"), ("card", "put"), ("call", "send"), ("task", "send")] {
        assert_eq!(find(action, step).unwrap_err().case(), Case::Unsupported, "{action}");
    }
}

#[test]
fn what_the_desk_refuses_is_told_by_the_place_in_the_item_and_a_lost_answer_as_unknown() {
    let refused = json!({ "status": 422, "body": { "error": { "code": "unprocessable", "fields": [
        { "field": "client", "message": "is not known" }, { "field": "title", "message": "is no value" } ] } } });
    let task = item("task", &json!({ "id": "c9" }), &json!({ "title": "T" }));
    let push = |answer: &Value| {
        let _host = host(&[write("POST /tasks", "create", &json!({}), &Value::Null, answer)]);
        Desk::push(&ctx(&json!({})), &task).unwrap_err()
    };
    let error = push(&refused);
    assert_eq!((error.case(), error.status()), (Case::InvalidInput, Some(422)));
    assert!(format!("{error:?}").contains("/id: ") && format!("{error:?}").contains("/title: "), "{error:?}");
    assert_eq!(push(&json!({ "status": 502 })).case(), Case::OutcomeUnknown);
    assert_eq!(push(&json!({ "fails": "unknown" })).case(), Case::OutcomeUnknown);
    assert_eq!(push(&json!({ "status": 429, "headers": { "retry-after": "3" } })).wait_ms(), Some(3_000));
}
