//! The streams, over their fixtures.

use std::collections::BTreeSet;

use patchbay_connector_slack::Slack;
use patchbay_sdk::{
    Case, Context, Fetch, Position, ReadRequest,
    testing::{Reading, TestHost, read_all},
};
use serde_json::{Value, json};

use super::{called, ctx, plain};

const MINUTE: u64 = 60_000;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../fixtures/streams/", $name, ".json"))
    };
}

fn asked(fixture: &str) -> ReadRequest {
    let call = called(fixture);
    let cursor = call.get("cursor").map(|cursor| cursor.to_string().into_bytes());
    let hint = call["page-hint"].as_u64().map_or(1_000, |hint| u32::try_from(hint).unwrap());
    ReadRequest { cursor, page_hint: hint, ..ReadRequest::of(call["stream"].as_str().unwrap()) }
}

fn read_for(ctx: &Context, fixture: &str) -> Reading {
    let host = TestHost::answering(fixture).in_order();
    host.set_now_ms(1_795_255_200_000);
    read_all::<Slack>(ctx, asked(fixture)).unwrap()
}

fn read(fixture: &str) -> Reading {
    read_for(&plain(), fixture)
}

fn texts<'a>(reading: &'a Reading, member: &str) -> Vec<&'a str> {
    reading.records.iter().map(|record| record[member].as_str().unwrap()).collect()
}

fn cursor(reading: &Reading) -> Value {
    serde_json::from_slice(reading.position.cursor()).unwrap()
}

#[test]
fn everybody_is_read_behind_a_page_without_rows_and_who_left_says_so() {
    let reading = read(fixture!("users"));
    assert_eq!(texts(&reading, "name"), ["els", "jan", "piet", "bot"]);
    assert_eq!(reading.records[2]["deleted"], true);
    assert!(matches!(reading.position, Position::Complete(_)));
    assert_eq!((reading.pages, reading.deleted.len()), (3, 0));
}

#[test]
fn in_an_organisation_the_workspace_is_named() {
    let facts = vec![("org_wide_team".to_owned(), "T12345678".to_owned())];
    let reading = read_for(&Context { facts, ..plain() }, fixture!("users.organisation"));
    assert_eq!(texts(&reading, "name"), ["els", "jan"]);
}

#[test]
fn channels_are_read_with_those_that_are_archived() {
    let reading = read(fixture!("channels"));
    assert_eq!(texts(&reading, "name"), ["algemeen", "wandelgang", "oud", "directie"]);
    assert_eq!(reading.records[2]["is_archived"], true);
    assert!(matches!(reading.position, Position::Complete(_)));
}

#[test]
fn a_member_is_a_channel_and_a_person_and_a_channel_that_is_gone_is_passed_over() {
    let reading = read(fixture!("channel_members"));
    let member = |channel: &str, user: &str| json!({ "channel_id": channel, "user_id": user });
    let wanted = [
        member("C012AB3CD", "W012A3CDE"),
        member("C012AB3CD", "U012A3CDF"),
        member("C012AB3CD", "U012A3CDH"),
        member("C012AB3CE", "W012A3CDE"),
    ];
    assert_eq!(reading.records, wanted);
    assert!(matches!(reading.position, Position::Complete(_)));
}

#[test]
fn messages_are_read_in_channels_that_the_app_is_in_and_know_their_channel() {
    let reading = read(fixture!("messages"));
    let ids: Vec<(&str, &str)> = texts(&reading, "channel_id").into_iter().zip(texts(&reading, "ts")).collect();
    let wanted = [
        ("C012AB3CD", "1795250000.000216"),
        ("C012AB3CD", "1795240000.000100"),
        ("C012AB3CD", "1795230000.000100"),
        ("G012AB3CG", "1795220000.000100"),
    ];
    assert_eq!(ids, wanted);
    assert!(matches!(reading.position, Position::End(_)), "what is not met again is not gone");
    let cursor = cursor(&reading);
    assert_eq!(cursor["until"], 1_795_255_200_000_u64, "the beginning of the pass, not its end");
    assert_eq!(cursor["known"].as_str().map(str::len), Some(18), "two channels, as short as can be");
}

#[test]
fn the_next_pass_reads_the_last_day_again_and_a_new_channel_from_its_beginning() {
    let reading = read(fixture!("messages.again"));
    assert_eq!(texts(&reading, "channel_id"), ["C012AB3CD", "G012AB3CG"]);
}

#[test]
fn an_address_that_is_not_there_is_no_channel_that_is_gone() {
    let list = "https://slack.com/api/conversations.list?types=public_channel%2Cprivate_channel&exclude_archived=false&limit=200";
    for (stream, question) in [
        (
            "messages",
            "conversations.history?channel=C012AB3CD&oldest=1763719200.000000&latest=1795255200.000000&limit=200",
        ),
        ("channel_members", "conversations.members?channel=C012AB3CD&limit=200"),
    ] {
        let exchanges = json!([
            { "request": { "method": "GET", "url": list }, "answer": { "body": { "ok": true, "channels": [{ "id": "C012AB3CD", "is_member": true }] } } },
            { "request": { "method": "GET", "url": format!("https://slack.com/api/{question}") }, "answer": { "status": 404 } }
        ]);
        let host = TestHost::answering(&exchanges.to_string()).in_order();
        host.set_now_ms(1_795_255_200_000);
        let error = Slack::read(&plain(), &ReadRequest::of(stream)).unwrap_err();
        assert_eq!(error.case(), Case::NotFound, "{stream}");
    }
}

#[test]
fn a_channel_that_is_listed_twice_is_read_once() {
    let list = |cursor: &str, next: &str| {
        json!({ "request": { "method": "GET", "url": format!("https://slack.com/api/conversations.list?types=public_channel%2Cprivate_channel&exclude_archived=false&limit=200{cursor}") },
                "answer": { "body": { "ok": true, "channels": [{ "id": "C012AB3CD", "is_member": true }], "response_metadata": { "next_cursor": next } } } })
    };
    let history = json!({ "request": { "method": "GET", "url": "https://slack.com/api/conversations.history?channel=C012AB3CD&oldest=1795167000.000000&latest=1795255200.000000&limit=200" },
        "answer": { "body": { "ok": true, "messages": [{ "ts": "1795250000.000216" }] } } });
    let host = TestHost::answering(&json!([list("", "n"), history, list("&cursor=n", "")]).to_string()).in_order();
    host.set_now_ms(1_795_255_200_000);
    let cursor = json!({ "until": 1_795_253_400_000_u64, "known": ["C012AB3CD"], "pass": null, "not_before": null });
    let request = ReadRequest { cursor: Some(cursor.to_string().into_bytes()), ..ReadRequest::of("messages") };
    assert_eq!(read_all::<Slack>(&plain(), request).unwrap().records.len(), 1);
}

#[test]
fn a_channel_that_the_app_left_is_passed_over_and_is_new_when_it_comes_back() {
    let reading = read(fixture!("messages.left"));
    assert_eq!(texts(&reading, "channel_id"), ["G012AB3CG"]);
    let whole = cursor(&read(fixture!("messages")));
    let (both, left) = (whole["known"].as_str().unwrap(), cursor(&reading)["known"].as_str().unwrap().to_owned());
    assert!(left.len() == 9 && both.contains(&left), "{left} of {both}");
}

const LIST: &str =
    "https://slack.com/api/conversations.list?types=public_channel%2Cprivate_channel&exclude_archived=false&limit=200";

/// Two channels; the first one is answered so to this question, the other has these rows.
fn one_of_two(question: &str, answer: &Value, rows: &Value) -> String {
    let asked = |channel: &str| format!("https://slack.com/api/{}", question.replace("CHANNEL", channel));
    let channels = json!([{ "id": "C012AB3CD", "is_member": true }, { "id": "C012AB3CE", "is_member": true }]);
    json!([
        { "request": { "method": "GET", "url": LIST }, "answer": { "body": { "ok": true, "channels": channels } } },
        { "request": { "method": "GET", "url": asked("C012AB3CD") }, "answer": answer },
        { "request": { "method": "GET", "url": asked("C012AB3CE") }, "answer": { "body": rows } }
    ])
    .to_string()
}

const HISTORY: &str =
    "conversations.history?channel=CHANNEL&oldest=1763719200.000000&latest=1795255200.000000&limit=200";
const MEMBERS: &str = "conversations.members?channel=CHANNEL&limit=200";

#[test]
fn a_channel_that_is_closed_to_the_app_stops_no_other_and_nobody_in_it_is_taken_for_gone() {
    for code in ["no_permission", "ekm_access_denied", "org_login_required", "a_name_of_tomorrow"] {
        let closed = json!({ "body": { "ok": false, "error": code } });
        for (stream, question, rows) in [
            ("messages", HISTORY, json!({ "ok": true, "messages": [{ "ts": "1795250000.000216" }] })),
            ("channel_members", MEMBERS, json!({ "ok": true, "members": ["W012A3CDE"] })),
        ] {
            let host = TestHost::answering(&one_of_two(question, &closed, &rows)).in_order();
            host.set_now_ms(1_795_255_200_000);
            let reading = read_all::<Slack>(&plain(), ReadRequest::of(stream)).unwrap();
            assert_eq!(texts(&reading, "channel_id"), ["C012AB3CE"], "{stream} {code}");
            assert!(matches!(reading.position, Position::End(_)), "{stream} {code}");
            assert!(host.logs().iter().any(|line| format!("{line:?}").contains(code)), "{stream} {code} is told");
        }
    }
    for (code, case) in [("missing_scope", Case::PermissionDenied), ("token_revoked", Case::AuthRequired)] {
        let refused = json!({ "body": { "ok": false, "error": code } });
        let two: Vec<Value> = serde_json::from_str(&one_of_two(HISTORY, &refused, &json!({}))).unwrap();
        let host = TestHost::answering(&json!(two[..2]).to_string()).in_order();
        host.set_now_ms(1_795_255_200_000);
        let error = read_all::<Slack>(&plain(), ReadRequest::of("messages")).unwrap_err();
        assert_eq!(error.case(), case, "{code} would be told of every channel");
    }
}

#[test]
fn a_list_that_goes_on_where_it_was_asked_is_no_answer() {
    for (stream, question, list) in [("users", "users.list?limit=200", "members"), ("channels", "", "channels")] {
        let first = if question.is_empty() { LIST.to_owned() } else { format!("https://slack.com/api/{question}") };
        let page = |url: String| {
            let body = json!({ "ok": true, list: [], "response_metadata": { "next_cursor": "n" } });
            json!({ "request": { "method": "GET", "url": url }, "answer": { "body": body } })
        };
        let again = format!("{first}&cursor=n");
        let _host = TestHost::answering(&json!([page(first), page(again)]).to_string()).in_order();
        let error = read_all::<Slack>(&plain(), ReadRequest::of(stream)).unwrap_err();
        assert_eq!(error.case(), Case::InvalidResponse, "{stream}");
    }
}

#[test]
fn answers_are_read_thread_by_thread_without_the_message_that_they_answer() {
    let reading = read(fixture!("replies"));
    assert_eq!(texts(&reading, "text"), ["Dank je", "Gelezen", "Akkoord"]);
    assert_eq!(reading.records[0]["channel_id"], "C012AB3CD");
    assert!(matches!(reading.position, Position::End(_)));
}

#[test]
fn a_thread_that_nobody_answered_since_is_not_read_again() {
    let reading = read(fixture!("replies.again"));
    assert_eq!(texts(&reading, "text"), ["Akkoord"]);
}

#[test]
fn the_first_pass_goes_back_as_far_as_the_settings_and_the_host_say() {
    for (settings, since, oldest) in [
        (json!({ "history_days": 10 }), None, "1794391200.000000"),
        (json!({}), Some(1_795_000_000_000), "1795000000.000000"),
        (json!({ "history_days": 1 }), Some(1_795_000_000_000), "1795168800.000000"),
    ] {
        let list = "https://slack.com/api/conversations.list?types=public_channel%2Cprivate_channel&exclude_archived=false&limit=200";
        let history = format!(
            "https://slack.com/api/conversations.history?channel=C012AB3CD&oldest={oldest}&latest=1795255200.000000&limit=200"
        );
        let exchanges = json!([
            { "request": { "method": "GET", "url": list }, "answer": { "body": { "ok": true, "channels": [{ "id": "C012AB3CD", "is_member": true }] } } },
            { "request": { "method": "GET", "url": history }, "answer": { "body": { "ok": true, "messages": [] } } }
        ]);
        let host = TestHost::answering(&exchanges.to_string()).in_order();
        host.set_now_ms(1_795_255_200_000);
        let request = ReadRequest { since_ms: since, ..ReadRequest::of("messages") };
        read_all::<Slack>(&ctx(&settings), request).unwrap();
    }
}

#[test]
fn a_run_that_ends_half_way_goes_on_at_the_very_page() {
    for fixture in [fixture!("messages"), fixture!("replies"), fixture!("channel_members")] {
        let whole = read(fixture);
        let host = TestHost::answering(fixture).in_order();
        host.set_now_ms(1_795_255_200_000);
        host.stop_after(0);
        let parts = read_all::<Slack>(&plain(), asked(fixture)).unwrap();
        assert_eq!(parts.records, whole.records);
        assert!(parts.pages > whole.pages, "{} and {}", parts.pages, whole.pages);
        assert_eq!(cursor(&parts), cursor(&whole));
    }
}

#[test]
fn with_a_slow_pace_one_request_is_sent_in_each_of_its_turns() {
    let slow = ctx(&json!({ "messages_per_minute": 1 }));
    let host = TestHost::answering(fixture!("messages")).in_order();
    let (mut now, mut request) = (1_795_255_200_000, asked(fixture!("messages")));
    let mut seen = BTreeSet::new();
    let mut pages = 0;
    let last = loop {
        // The window stands from the beginning of the pass, however long it takes.
        host.set_now_ms(now);
        let before = history_requests(&host);
        let page = Slack::read(&slow, &request).unwrap();
        let sent = history_requests(&host) - before;
        assert!(sent <= 1, "{sent} requests in one turn");
        pages += 1;
        assert!(seen.insert(page.position.cursor().to_vec()), "the cursor moves");
        let Position::More(cursor) = page.position else { break page.position };
        request.cursor = Some(cursor);
        if sent == 1 {
            let early = Slack::read(&slow, &request).unwrap_err();
            assert_eq!(early.case(), Case::RateLimited);
            assert!(early.is_alone(), "nothing else waits");
            assert!(format!("{early:?}").contains("60000"), "{early:?}");
        }
        now += MINUTE;
    };
    assert!(pages >= 4, "{pages}");
    let cursor: Value = serde_json::from_slice(last.cursor()).unwrap();
    assert_eq!(cursor["until"], 1_795_255_200_000_u64, "what was said meanwhile is still to be read");
    assert_eq!(history_requests(&host), 4);
}

fn history_requests(host: &TestHost) -> usize {
    host.requests().iter().filter(|request| request.url.contains("/conversations.history")).count()
}

#[test]
fn groups_are_read_with_those_that_are_disabled_and_the_workspace_by_itself() {
    let reading = read(fixture!("usergroups"));
    assert_eq!(texts(&reading, "name"), ["Boekhouding", "Oud"]);
    assert!(matches!(reading.position, Position::Complete(_)));
    let reading = read(fixture!("team"));
    assert_eq!(texts(&reading, "id"), ["T12345678"]);
}

#[test]
fn one_list_holds_where_messages_can_go() {
    let reading = read(fixture!("destinations"));
    let wanted = [
        json!({ "id": "C012AB3CD", "kind": "channel", "label": "#algemeen", "hint": "channel" }),
        json!({ "id": "C012AB3CE", "kind": "channel", "label": "#wandelgang", "hint": "channel, the app is not in it: no files" }),
        json!({ "id": "G012AB3CG", "kind": "channel", "label": "#directie", "hint": "private channel" }),
        json!({ "id": "W012A3CDE", "kind": "person", "label": "Els Janssens", "hint": "els@voorbeeld.example" }),
        json!({ "id": "U012A3CDF", "kind": "person", "label": "jan", "hint": "jan@voorbeeld.example" }),
    ];
    assert_eq!(reading.records, wanted, "nothing archived, nobody who left, no bot");
    assert!(matches!(reading.position, Position::Complete(_)));
}

#[test]
fn an_unknown_stream_and_an_unknown_cursor_are_said_to_be_so() {
    let _host = TestHost::empty();
    assert_eq!(Slack::read(&plain(), &ReadRequest::of("poems")).unwrap_err().case(), Case::Unsupported);
    for stream in ["users", "channels", "channel_members", "messages", "replies", "destinations"] {
        let request = ReadRequest { cursor: Some(b"[1".to_vec()), ..ReadRequest::of(stream) };
        assert_eq!(Slack::read(&plain(), &request).unwrap_err().case(), Case::CursorInvalid, "{stream}");
    }
}
