//! The connector over recorded answers.

use patchbay_connector_github::GitHub;
use patchbay_sdk::{
    Auth, Case, Context, Error, Fetch, Item, Outcome, Position, Push, ReadRequest,
    testing::{TestHost, read_all},
};
use serde_json::{Value, json};

const NOW_MS: u64 = 1_795_253_400_000;

fn ctx() -> Context {
    Context {
        auth: "token".to_owned(),
        account: Some("9001".to_owned()),
        account_facts: vec![("repo".to_owned(), "voorbeeld/app".to_owned())],
        config: br#"{"api_version":"2022-11-28"}"#.to_vec(),
        ..Context::default()
    }
}

fn item(action: &str, target: Value, payload: Value) -> Item {
    Item {
        action: action.to_owned(),
        key: "k1".to_owned(),
        target: target.to_string().into_bytes(),
        payload: payload.to_string().into_bytes(),
        attempt: 1,
        ..Item::default()
    }
}

fn issue() -> Item {
    let payload = json!({ "title": "Bijlage ontbreekt", "body": "Zie de mail.", "labels": ["bug"] });
    item("issue", json!({ "id": "voorbeeld/app" }), payload)
}

fn comment() -> Item {
    item("comment", json!({ "id": "voorbeeld/app", "number": 42 }), json!({ "body": "Opgelost." }))
}

/// What reading one page of `issues` gives for this answer.
fn read_answered(answer: Value) -> Result<patchbay_sdk::Page, Error> {
    let url = "https://api.github.com/repos/voorbeeld/app/issues?state=all&sort=updated&direction=asc&per_page=100";
    let fixture = json!([{ "request": { "method": "GET", "url": url }, "answer": answer }]);
    let _host = TestHost::answering(&fixture.to_string());
    GitHub::read(&ctx(), &ReadRequest::of("issues"))
}

#[test]
fn repositories_are_the_accounts_and_the_header_tells_the_scopes() {
    let _host = TestHost::answering(include_str!("../fixtures/identify.json")).in_order();
    let identity = GitHub::identify(&ctx()).unwrap();
    assert_eq!((identity.id.as_str(), identity.name.as_str(), identity.login.as_deref()), ("77", "els", Some("els")));
    assert_eq!(identity.scopes.unwrap(), ["repo", "read:user"]);
    assert_eq!(identity.credential_ends_ms, Some(1_801_386_000_000));
    let [app, old] = identity.accounts.as_slice() else { panic!("two repositories") };
    assert_eq!((app.id.as_str(), app.name.as_str(), app.usable), ("9001", "voorbeeld/app", true));
    assert_eq!(app.facts, [("repo".to_owned(), "voorbeeld/app".to_owned())]);
    assert!(old.note.is_some());
}

#[test]
fn issues_are_read_by_what_changed_and_by_number_within_a_second() {
    let _host = TestHost::answering(include_str!("../fixtures/streams/issues.json")).in_order();
    let reading = read_all::<GitHub>(&ctx(), ReadRequest { page_hint: 3, ..ReadRequest::of("issues") }).unwrap();
    let ids: Vec<u64> = reading.records.iter().map(|issue| issue["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [1, 3, 3, 4, 5, 6], "without the pull request; the edge comes twice");
    assert_eq!(reading.position, Position::End(br#"{"since":"2026-11-20T10:11:12Z"}"#.to_vec()));
}

#[test]
fn repositories_and_comments_are_read_over_their_edges() {
    for (stream, fixture) in [
        ("repositories", include_str!("../fixtures/streams/repositories.json")),
        ("issue_comments", include_str!("../fixtures/streams/issue_comments.json")),
    ] {
        let _host = TestHost::answering(fixture).in_order();
        let reading = read_all::<GitHub>(&ctx(), ReadRequest { page_hint: 2, ..ReadRequest::of(stream) }).unwrap();
        assert_eq!((reading.records.len(), reading.pages), (4, 2), "{stream}: the edge comes twice");
    }
}

#[test]
fn pages_out_of_order_are_followed_by_their_numbers() {
    let page = read_answered(json!({
        "headers": { "link": "<https://api.github.com/repos/voorbeeld/app/issues?page=2>; rel=\"next\"" },
        "body": [
            { "id": 2, "updated_at": "2026-11-02T09:00:00Z" },
            { "id": 1, "updated_at": "2026-11-01T09:00:00Z" }
        ]
    }))
    .unwrap();
    let Position::More(cursor) = page.position else { panic!("there is more") };
    let cursor: Value = serde_json::from_slice(&cursor).unwrap();
    assert_eq!(cursor["next"], "/repos/voorbeeld/app/issues?page=2");
    assert_eq!(cursor["since"], Value::Null);
    assert_eq!(cursor["unsorted"], true);
}

#[test]
fn a_record_from_the_future_does_not_move_the_cursor_past_now() {
    let page = read_answered(json!({ "body": [{ "id": 1, "updated_at": "2030-01-01T00:00:00Z" }] })).unwrap();
    assert_eq!(page.position, Position::End(br#"{"since":"2026-11-21T09:30:00Z"}"#.to_vec()));
}

#[test]
fn an_empty_list_keeps_the_cursor() {
    let url = "https://api.github.com/repos/voorbeeld/app/issues/comments?sort=updated&direction=asc&per_page=100&since=2026-11-01T00:00:00Z";
    let fixture = json!([{ "request": { "method": "GET", "url": url }, "answer": { "body": [] } }]);
    let _host = TestHost::answering(&fixture.to_string());
    let cursor = br#"{"since":"2026-11-01T00:00:00Z"}"#.to_vec();
    let request = ReadRequest { cursor: Some(cursor.clone()), ..ReadRequest::of("issue_comments") };
    assert_eq!(GitHub::read(&ctx(), &request).unwrap().position, Position::End(cursor));
}

#[test]
fn a_next_page_elsewhere_is_not_followed() {
    for next in [
        "https://evil.example/repos/voorbeeld/app/issues?page=2",
        "https://api.github.com/repos/andere/app/issues?page=2",
        "https://api.github.com/repositories/9002/issues?page=2",
        "https://api.github.com.evil.example/repos/voorbeeld/app/issues?page=2",
    ] {
        let answer = json!({
            "headers": { "link": format!("<{next}>; rel=\"next\"") },
            "body": [{ "id": 1, "updated_at": "2026-11-01T09:00:00Z" }]
        });
        assert_eq!(read_answered(answer).unwrap_err().case(), Case::InvalidResponse, "{next}");
    }
}

#[test]
fn html_with_status_200_is_no_answer() {
    let answer = json!({ "headers": { "content-type": "text/html" }, "text": "<html>Maintenance</html>" });
    assert_eq!(read_answered(answer).unwrap_err().case(), Case::InvalidResponse);
    let row = json!({ "body": [{ "id": 1, "updated_at": "2026-11-01T09:00:00" }] });
    assert_eq!(read_answered(row).unwrap_err().case(), Case::InvalidResponse, "a time without its zone");
}

#[test]
fn a_403_is_a_wait_or_a_missing_right() {
    let wait = |headers: Value, message: &str| {
        let error =
            read_answered(json!({ "status": 403, "headers": headers, "body": { "message": message } })).unwrap_err();
        (error.case(), error.wait_ms())
    };
    assert_eq!(wait(json!({ "retry-after": "7" }), ""), (Case::RateLimited, Some(7_000)));
    let reset = json!({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": (NOW_MS / 1_000 + 90).to_string() });
    assert_eq!(wait(reset, ""), (Case::RateLimited, Some(90_000)));
    let secondary = "You have exceeded a secondary rate limit.";
    assert_eq!(wait(json!({}), secondary), (Case::RateLimited, Some(60_000)));
    assert_eq!(
        wait(json!({ "x-ratelimit-remaining": "12" }), "Resource not accessible"),
        (Case::PermissionDenied, None)
    );
    assert_eq!(wait(json!({ "x-github-sso": "required" }), "x"), (Case::PermissionDenied, None));
}

#[test]
fn other_statuses_mean_what_the_sheet_says() {
    for (status, case) in [
        (301, Case::NotFound),
        (401, Case::AuthRequired),
        (404, Case::NotFound),
        (410, Case::NotFound),
        (429, Case::RateLimited),
        (502, Case::Transient),
    ] {
        let error = read_answered(json!({ "status": status, "body": {} })).unwrap_err();
        assert_eq!(error.case(), case, "{status}");
    }
}

#[test]
fn an_issue_and_a_comment_carry_the_steps_marker() {
    let _host = TestHost::answering(include_str!("../fixtures/actions/issue.json"))
        .and(include_str!("../fixtures/actions/comment.json"));
    let Outcome::Created(object) = GitHub::push(&ctx(), &issue()).unwrap() else { panic!("created") };
    assert_eq!(object.id, "1801");
    assert_eq!(object.url.as_deref(), Some("https://github.com/voorbeeld/app/issues/42"));
    let Outcome::Created(object) = GitHub::push(&ctx(), &comment()).unwrap() else { panic!("created") };
    assert_eq!(object.id, "5501");
}

#[test]
fn a_lost_answer_is_found_by_its_marker() {
    let _host = TestHost::answering(include_str!("../fixtures/actions/issue.found.json"))
        .and(include_str!("../fixtures/actions/comment.absent.json"));
    let found = GitHub::find(&ctx(), &issue(), "create", NOW_MS).unwrap();
    assert_eq!(found.unwrap().id, "1801");
    assert_eq!(GitHub::find(&ctx(), &comment(), "create", NOW_MS).unwrap(), None);
}

#[test]
fn a_write_without_an_answer_is_unknown_and_a_refused_one_names_the_field() {
    let push = |answer: Value| {
        let url = "https://api.github.com/repos/voorbeeld/app/issues";
        let request = json!({ "method": "POST", "url": url, "effect": "write", "step": "create" });
        let _host = TestHost::answering(&json!([{ "request": request, "answer": answer }]).to_string());
        GitHub::push(&ctx(), &issue()).unwrap_err()
    };
    for answer in [
        json!({ "fails": "unknown" }),
        json!({ "status": 502, "text": "<html>" }),
        json!({ "status": 201, "text": "{" }),
    ] {
        assert_eq!(push(answer.clone()).case(), Case::OutcomeUnknown, "{answer}");
    }
    let refused = json!({
        "status": 422,
        "body": { "message": "Validation Failed", "errors": [{ "resource": "Issue", "field": "title", "code": "missing_field" }] }
    });
    let error = push(refused);
    assert_eq!(error.case(), Case::InvalidInput);
    assert!(format!("{error:?}").contains("/title"), "{error:?}");
}

#[test]
fn a_target_that_is_no_repository_is_refused_before_anything_is_sent() {
    let _host = TestHost::empty();
    for id in ["app", "a/b/c", "../user", "/x", "a/"] {
        let item = item("issue", json!({ "id": id }), json!({ "title": "x" }));
        assert_eq!(GitHub::push(&ctx(), &item).unwrap_err().case(), Case::InvalidInput, "{id}");
    }
    let no_number = item("comment", json!({ "id": "a/b" }), json!({ "body": "x" }));
    assert_eq!(GitHub::push(&ctx(), &no_number).unwrap_err().case(), Case::InvalidInput);
    assert_eq!(
        GitHub::push(&ctx(), &item("delete", json!({ "id": "a/b" }), json!({}))).unwrap_err().case(),
        Case::Unsupported
    );
    assert_eq!(GitHub::read(&ctx(), &ReadRequest::of("commits")).unwrap_err().case(), Case::Unsupported);
}
