//! The connector over recorded answers.
#![cfg(test)]

#[path = "connector/answers.rs"]
mod answers;
#[path = "connector/reading.rs"]
mod reading;

use patchbay_connector_slack::Slack;
use patchbay_sdk::{Attachment, Auth, Case, Context, Error, Item, Outcome, Push, testing::TestHost};
use serde_json::{Value, json};

/// 2026-11-21T10:00:00Z.
const SENT_MS: u64 = 1_795_255_200_000;
const API: &str = "https://slack.com/api";

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../fixtures/", $name, ".json"))
    };
}

fn ctx(settings: &Value) -> Context {
    let manifest = include_str!("../connector.toml");
    let defaults = manifest.split("defaults = '''").nth(1).and_then(|rest| rest.split("'''").next()).unwrap();
    Context {
        auth: "oauth".to_owned(),
        facts: vec![("workspace".to_owned(), "https://voorbeeld.slack.com/".to_owned())],
        settings: settings.to_string().into_bytes(),
        config: defaults.as_bytes().to_vec(),
        ..Context::default()
    }
}

fn plain() -> Context {
    ctx(&json!({}))
}

/// The call that a fixture says, which the native test makes itself.
fn called(fixture: &str) -> Value {
    let fixture: Value = serde_json::from_str(fixture).unwrap();
    let call = fixture["call"].as_object().unwrap().values().next().unwrap();
    call.clone()
}

fn item(fixture: &str) -> Item {
    let call = called(fixture);
    let files = call["attachments"].as_array().cloned().unwrap_or_default();
    let file = |(at, file): (usize, &Value)| Attachment {
        blob: format!("file-{}", at + 1),
        name: file["name"].as_str().unwrap().to_owned(),
        media_type: file["media-type"].as_str().unwrap().to_owned(),
        size: u64::try_from(file["text"].as_str().unwrap().len()).unwrap(),
        sha256: "0".repeat(64),
    };
    let told = call["ext"].as_object().cloned().unwrap_or_default();
    let told = told.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()));
    Item {
        action: call["action"].as_str().unwrap().to_owned(),
        key: "k1".to_owned(),
        target: call["target"].to_string().into_bytes(),
        payload: call["payload"].to_string().into_bytes(),
        attachments: files.iter().enumerate().map(file).collect(),
        attempt: 1,
        ext: told.collect(),
    }
}

fn push(ctx: &Context, fixture: &str) -> Outcome {
    let _host = TestHost::answering(fixture).in_order();
    Slack::push(ctx, &item(fixture)).unwrap()
}

/// What an item that is never sent is refused for.
fn refused(action: &str, target: &Value, payload: &Value) -> Error {
    let _host = TestHost::empty();
    let item = Item {
        action: action.to_owned(),
        target: target.to_string().into_bytes(),
        payload: payload.to_string().into_bytes(),
        ..Item::default()
    };
    Slack::push(&plain(), &item).unwrap_err()
}

fn find(fixture: &str) -> Option<String> {
    let _host = TestHost::answering(fixture).in_order();
    let step = called(fixture)["step"].as_str().unwrap().to_owned();
    Slack::find(&plain(), &item(fixture), &step, SENT_MS).unwrap().map(|object| object.id)
}

fn is_created(outcome: &Outcome, id: &str) -> bool {
    matches!(outcome, Outcome::Created(object) if object.id == id)
}

#[test]
fn the_workspace_is_the_account_and_says_what_was_granted() {
    let _host = TestHost::answering(fixture!("identify")).in_order();
    let identity = Slack::identify(&plain()).unwrap();
    assert_eq!((identity.id.as_str(), identity.name.as_str()), ("T12345678", "Voorbeeld BV"));
    assert_eq!(identity.accounts.len(), 1);
    assert_eq!(identity.facts, [("workspace".to_owned(), "https://voorbeeld.slack.com/".to_owned())]);
    let granted = ["channels:read", "chat:write", "users:read"].map(str::to_owned).to_vec();
    assert_eq!(identity.scopes, Some(granted));
}

#[test]
fn a_workspace_of_an_app_for_the_whole_organisation_is_another_one_and_is_named_in_lists() {
    let _host = TestHost::answering(fixture!("identify.organisation")).in_order();
    let identity = Slack::identify(&plain()).unwrap();
    assert_eq!(identity.id, "E12345678/T12345678");
    assert!(identity.facts.contains(&("org_wide_team".to_owned(), "T12345678".to_owned())));
}

#[test]
fn a_text_can_call_nobody_and_a_message_knows_its_channel_and_moment() {
    let Outcome::Created(object) = push(&plain(), fixture!("actions/message")) else { panic!("created") };
    assert_eq!(object.id, "C012AB3CD:1795255201.000247");
    let seen_at = "https://voorbeeld.slack.com/archives/C012AB3CD/p1795255201000247";
    assert_eq!(object.url.as_deref(), Some(seen_at));
}

#[test]
fn a_message_goes_into_a_thread_or_to_a_person_and_is_changed_where_it_is() {
    assert!(is_created(&push(&plain(), fixture!("actions/message.thread")), "C012AB3CD:1795255201.000247"));
    assert!(is_created(&push(&plain(), fixture!("actions/message.person")), "D012AB3CD:1795255201.000247"));
    let changed = push(&plain(), fixture!("actions/message.changed"));
    assert!(matches!(changed, Outcome::Updated(object) if object.id == "C012AB3CD:1795255201.000247"));
}

#[test]
fn a_text_that_is_too_long_is_begun_and_goes_along_as_a_file_in_its_thread() {
    assert!(is_created(&push(&plain(), fixture!("actions/message.long")), "C012AB3CD:1795255201.000247"));
}

#[test]
fn files_are_uploaded_one_by_one_and_shared_at_once() {
    assert!(is_created(&push(&plain(), fixture!("actions/file")), "C012AB3CD:F012AB3CD"));
    assert!(is_created(&push(&plain(), fixture!("actions/file.person")), "D012AB3CD:F012AB3CD"));
}

#[test]
fn a_report_is_a_message_with_its_files_in_the_thread_or_in_the_channel() {
    let message = "C012AB3CD:1795255201.000247";
    assert!(is_created(&push(&plain(), fixture!("actions/report")), message));
    let elsewhere = ctx(&json!({ "files_in": "channel", "link_previews": true }));
    assert!(is_created(&push(&elsewhere, fixture!("actions/report.channel")), message));
    assert!(
        is_created(&push(&plain(), fixture!("actions/report.resumed")), message),
        "behind a message that was found"
    );
}

#[test]
fn files_that_were_shared_in_an_attempt_before_are_not_uploaded_again() {
    let step = "share-f012ab3cf-in-1795255201-000247";
    let mut report = item(fixture!("actions/report.resumed"));
    report.ext.push(("answered".to_owned(), step.to_owned()));
    let message = "C012AB3CD:1795255201.000247";
    {
        let host = TestHost::answering(fixture!("more/report.replayed")).in_order();
        assert!(is_created(&Slack::push(&plain(), &report).unwrap(), message), "its answer comes again");
        assert_eq!(host.requests().len(), 1);
    }
    let _host = TestHost::empty();
    let mut several = report.clone();
    several.attachments.push(several.attachments[0].clone());
    let error = Slack::push(&plain(), &several).unwrap_err();
    assert_eq!(error.case(), Case::OutcomeUnknown, "the request cannot be made again, so it is looked for");
    several.ext.push((format!("step.{step}"), "C012AB3CD:F012AB3CF".to_owned()));
    assert!(is_created(&Slack::push(&plain(), &several).unwrap(), message), "found");
}

#[test]
fn files_that_were_shared_before_stay_where_they_were_whatever_the_settings_say_by_now() {
    let mut report = item(fixture!("actions/report.resumed"));
    report.ext.push(("answered".to_owned(), "share-f012ab3cf-in-1795255201-000247".to_owned()));
    let host = TestHost::answering(fixture!("more/report.replayed")).in_order();
    let elsewhere = ctx(&json!({ "files_in": "channel" }));
    assert!(is_created(&Slack::push(&elsewhere, &report).unwrap(), "C012AB3CD:1795255201.000247"));
    let steps: Vec<_> = host.requests().into_iter().filter_map(|sent| sent.step).collect();
    assert_eq!(steps, ["share-f012ab3cf-in-1795255201-000247"], "the same write, so its answer comes again");
}

#[test]
fn a_note_and_a_to_do_are_messages_and_a_to_do_mentions_whose_it_is() {
    let message = "C012AB3CD:1795255201.000247";
    for fixture in [
        fixture!("actions/note"),
        fixture!("actions/todo"),
        fixture!("actions/todo.nobody"),
        fixture!("actions/todo.name"),
        fixture!("actions/todo.capitals"),
        fixture!("actions/todo.id"),
    ] {
        assert!(is_created(&push(&plain(), fixture), message));
    }
}

#[test]
fn what_was_written_is_found_by_its_metadata_or_its_file_and_else_is_surely_not_there() {
    let message = Some("C012AB3CD:1795255201.000247".to_owned());
    for fixture in [
        fixture!("actions/message.found"),
        fixture!("actions/message.thread.found"),
        fixture!("actions/note.found"),
        fixture!("actions/todo.found"),
        fixture!("actions/report.found"),
    ] {
        assert_eq!(find(fixture), message);
    }
    let file = Some("C012AB3CD:F012AB3CD".to_owned());
    assert_eq!(find(fixture!("actions/file.found")), file);
    assert_eq!(find(fixture!("actions/report.share.found")), file);
    for fixture in [
        fixture!("actions/message.absent"),
        fixture!("actions/message.thread.absent"),
        fixture!("actions/message.change.absent"),
        fixture!("actions/note.absent"),
        fixture!("actions/todo.absent"),
        fixture!("actions/report.absent"),
        fixture!("actions/file.absent"),
        fixture!("actions/report.share.absent"),
    ] {
        assert_eq!(find(fixture), None, "{fixture}");
    }
}

#[test]
fn what_was_written_to_a_person_is_never_said_not_to_be_there() {
    let _host = TestHost::empty();
    let found = Slack::find(&plain(), &item(fixture!("actions/message.person")), "message", SENT_MS);
    assert_eq!(found.unwrap_err().case(), Case::Other);
    let found = Slack::find(&plain(), &item(fixture!("actions/file.person")), "share-f012ab3cd", SENT_MS);
    assert_eq!(found.unwrap_err().case(), Case::Other);
}

#[test]
fn a_channel_that_the_app_is_not_in_is_never_said_to_be_without_a_message() {
    let url = format!(
        "{API}/conversations.history?channel=C012AB3CD&oldest=1795254900.000000&latest=1795255500.000000&include_all_metadata=true&limit=200"
    );
    for code in ["not_in_channel", "channel_not_found"] {
        let answer = json!({ "body": { "ok": false, "error": code } });
        let history = json!([{ "request": { "method": "GET", "url": url }, "answer": answer }]);
        let _host = TestHost::answering(&history.to_string());
        let found = Slack::find(&plain(), &item(fixture!("actions/message")), "message", SENT_MS);
        assert_eq!(found.unwrap_err().case(), Case::Other, "{code}");
    }
}

#[test]
fn a_channel_in_which_more_was_said_than_can_be_looked_through_is_left_to_a_person() {
    let history = |cursor: &str, next: &str| {
        json!({ "request": { "method": "GET", "url": format!("{API}/conversations.history?channel=C012AB3CD&oldest=1795254900.000000&latest=1795255500.000000&include_all_metadata=true&limit=200{cursor}") },
                "answer": { "body": { "ok": true, "messages": [], "response_metadata": { "next_cursor": next } } } })
    };
    let page = |number: u32| history(&format!("&cursor=c{number}"), &format!("c{}", number + 1));
    let pages: Vec<Value> = std::iter::once(history("", "c1")).chain((1..10).map(page)).collect();
    let _host = TestHost::answering(&json!(pages).to_string()).in_order();
    let found = Slack::find(&plain(), &item(fixture!("actions/message")), "message", SENT_MS);
    assert_eq!(found.unwrap_err().case(), Case::Other);
}

#[test]
fn an_item_that_names_no_place_or_holds_nothing_is_refused_before_anything_is_sent() {
    let there = json!({ "id": "C012AB3CD" });
    for target in [json!({ "id": "algemeen" }), json!({ "id": "C012AB3CD", "thread": "gisteren" })] {
        assert_eq!(refused("message", &target, &json!({ "text": "x" })).case(), Case::InvalidInput, "{target}");
    }
    for action in ["message", "note", "todo", "report", "file"] {
        assert_eq!(refused(action, &there, &json!({ "text": " " })).case(), Case::InvalidInput, "{action}");
    }
    assert_eq!(refused("poem", &there, &json!({})).case(), Case::Unsupported);
    let _host = TestHost::empty();
    let mut file = item(fixture!("actions/file"));
    file.attachments[0].size = 0;
    assert_eq!(Slack::push(&plain(), &file).unwrap_err().case(), Case::InvalidInput, "an empty file");
}

#[test]
fn bytes_go_to_the_server_of_the_manifest_and_nowhere_else() {
    for url in [
        "https://files.slack.com.evil.example/upload/v1/x",
        "https://evil.example/upload/v1/x",
        "https://files.slack.com/other/x",
        "http://files.slack.com/upload/v1/x",
    ] {
        let slot = json!([{ "request": { "method": "GET", "url": format!("{API}/files.getUploadURLExternal?filename=Verslag%2012-03.pdf&length=16") },
            "answer": { "body": { "ok": true, "upload_url": url, "file_id": "F012AB3CD" } } }]);
        let _host = TestHost::answering(&slot.to_string());
        let error = Slack::push(&plain(), &item(fixture!("actions/report"))).unwrap_err();
        assert_eq!(error.case(), Case::InvalidResponse, "{url}");
    }
}
