//! The connector over recorded answers.
#![cfg(test)]

#[path = "connector/answers.rs"]
mod answers;
#[path = "connector/reading.rs"]
mod reading;

use patchbay_connector_hubspot::Hubspot;
use patchbay_sdk::{Attachment, Auth, Case, Context, Error, Item, Outcome, PickRequest, Push, testing::TestHost};
use serde_json::{Value, json};

/// 2026-11-21T09:50:00Z.
const SENT_MS: u64 = 1_795_254_600_000;
/// 2026-11-21T10:00:00Z.
const NOW_MS: u64 = 1_795_255_200_000;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/", $name, ".json"))
    };
}
pub(crate) use fixture;

/// A connection with these settings, and the configuration changed like that.
fn ctx(settings: &Value, config: &Value) -> Context {
    let manifest = include_str!("../connector.toml");
    let defaults = manifest.split("defaults = '''").nth(1).and_then(|rest| rest.split("'''").next()).unwrap();
    let mut defaults: Value = serde_json::from_str(defaults).unwrap();
    for (name, value) in config.as_object().into_iter().flatten() {
        defaults[name] = value.clone();
    }
    let facts = [("user", "5566"), ("portal", "14500123"), ("utc_offset_ms", "3600000"), ("owner", "77")];
    Context {
        auth: "oauth".to_owned(),
        facts: facts.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        settings: settings.to_string().into_bytes(),
        config: defaults.to_string().into_bytes(),
        ..Context::default()
    }
}

fn plain() -> Context {
    ctx(&json!({}), &json!({}))
}

/// The call that a fixture says, which the native test makes itself.
fn called(fixture: &str) -> Value {
    let fixture: Value = serde_json::from_str(fixture).unwrap();
    fixture["call"].as_object().unwrap().values().next().unwrap().clone()
}

fn host(fixture: &str) -> TestHost {
    let host = TestHost::answering(fixture).in_order();
    host.set_now_ms(NOW_MS);
    host
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
    let target = if call["target"].is_null() { Vec::new() } else { call["target"].to_string().into_bytes() };
    Item {
        action: call["action"].as_str().unwrap().to_owned(),
        key: "k1".to_owned(),
        target,
        payload: call["payload"].to_string().into_bytes(),
        attachments: files.iter().enumerate().map(file).collect(),
        attempt: 1,
        ext: told.collect(),
    }
}

fn push(ctx: &Context, fixture: &str) -> Outcome {
    let _host = host(fixture);
    Hubspot::push(ctx, &item(fixture)).unwrap()
}

/// What an item that is never sent is refused for.
fn refused(action: &str, target: &Value, payload: &Value) -> Error {
    let _host = TestHost::empty();
    let (target, payload) = (target.to_string().into_bytes(), payload.to_string().into_bytes());
    let item = Item { action: action.to_owned(), target, payload, ..Item::default() };
    Hubspot::push(&plain(), &item).unwrap_err()
}

fn find(ctx: &Context, fixture: &str) -> Option<String> {
    let _host = host(fixture);
    let step = called(fixture)["step"].as_str().unwrap().to_owned();
    Hubspot::find(ctx, &item(fixture), &step, SENT_MS).unwrap().map(|object| object.id)
}

fn is_created(outcome: &Outcome, id: &str) -> bool {
    matches!(outcome, Outcome::Created(object) if object.id == id)
}

fn is_updated(outcome: &Outcome, id: &str) -> bool {
    matches!(outcome, Outcome::Updated(object) if object.id == id)
}

#[test]
fn the_portal_is_the_account_and_whoever_connected_is_one_of_its_owners() {
    let _host = host(fixture!("identify"));
    let identity = Hubspot::identify(&plain()).unwrap();
    assert_eq!((identity.id.as_str(), identity.name.as_str()), ("14500123", "HubSpot 14500123"));
    assert_eq!(identity.login.as_deref(), Some("els@voorbeeld.example"));
    let facts = [("portal", "14500123"), ("utc_offset_ms", "3600000"), ("owner", "77")];
    assert_eq!(identity.facts, facts.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn a_private_app_is_nobodys_and_a_sandbox_says_that_it_is_one() {
    let _host = host(fixture!("identify.private"));
    let private = Context { facts: Vec::new(), auth: "private-app".to_owned(), ..plain() };
    let identity = Hubspot::identify(&private).unwrap();
    assert_eq!((identity.name.as_str(), identity.login), ("HubSpot 14500123 (sandbox)", None));
}

#[test]
fn a_note_hangs_on_its_record_and_nothing_in_it_is_markup() {
    let Outcome::Created(object) = push(&plain(), fixture!("actions/note")) else { panic!("created") };
    assert_eq!(object.id, "4001");
    let seen_at = "https://app.hubspot.com/contacts/14500123/record/0-1/151";
    assert_eq!(object.url.as_deref(), Some(seen_at));
    assert!(is_created(&push(&plain(), fixture!("actions/note.company")), "4002"));
    assert!(is_updated(&push(&plain(), fixture!("actions/note.changed")), "4001"));
}

#[test]
fn a_note_goes_by_its_unique_property_where_there_is_one() {
    let unique = ctx(&json!({ "note_key_property": "patchbay_key" }), &json!({}));
    assert!(is_created(&push(&unique, fixture!("actions/note.unique")), "4001"));
    assert_eq!(find(&unique, fixture!("actions/note.unique.found")).as_deref(), Some("4001"));
    assert_eq!(find(&unique, fixture!("actions/note.unique.absent")), None);
}

#[test]
fn a_report_is_a_note_with_its_files_and_a_long_text_is_a_file() {
    assert!(is_created(&push(&plain(), fixture!("actions/report")), "4003"));
    let short = ctx(&json!({}), &json!({ "note_limit": 1_000 }));
    assert!(is_created(&push(&short, fixture!("actions/report.long")), "4004"));
    assert!(is_created(&push(&plain(), fixture!("actions/file")), "4005"));
    assert!(is_created(&push(&plain(), fixture!("more/report.resumed")), "4003"), "what was found is not sent again");
}

#[test]
fn a_task_is_due_in_the_morning_there_and_belongs_to_whom_it_names() {
    assert!(is_created(&push(&plain(), fixture!("actions/todo")), "5001"));
    assert!(is_created(&push(&plain(), fixture!("actions/todo.company")), "5002"));
    assert!(is_created(&push(&plain(), fixture!("more/todo.resumed")), "5002"), "only its link was missing");
    assert!(is_updated(&push(&plain(), fixture!("actions/todo.changed")), "5001"));
}

#[test]
fn a_contact_is_known_by_its_e_mail_address() {
    assert!(is_created(&push(&plain(), fixture!("actions/contact")), "151"));
    assert!(is_updated(&push(&plain(), fixture!("actions/contact.known")), "151"));
    assert!(is_updated(&push(&plain(), fixture!("actions/contact.changed")), "151"));
}

#[test]
fn a_row_of_a_batch_that_is_refused_is_a_refusal_and_may_be_sent_again() {
    let fixture = fixture!("more/contact.refused");
    let host = host(fixture);
    let error = Hubspot::push(&plain(), &item(fixture)).unwrap_err();
    assert_eq!(error.case(), Case::InvalidInput);
    assert_eq!(host.refused_steps(), ["contact"]);
    let told = format!("{error:?}");
    assert!(told.contains("/email: HubSpot does not take the value of email.") && !told.contains("els@"), "{told}");
}

#[test]
fn companies_and_deals_are_made_changed_and_linked() {
    assert!(is_created(&push(&plain(), fixture!("actions/company")), "300"));
    assert!(is_updated(&push(&plain(), fixture!("actions/company.changed")), "300"));
    assert!(is_created(&push(&plain(), fixture!("actions/deal")), "901"));
    assert!(is_created(&push(&plain(), fixture!("actions/deal.alone")), "902"));
    assert!(is_updated(&push(&plain(), fixture!("actions/deal.changed")), "901"));
}

#[test]
fn what_a_lost_answer_wrote_is_found_by_its_mark_or_its_name() {
    for (found, absent) in [
        (fixture!("actions/note.found"), fixture!("actions/note.absent")),
        (fixture!("actions/note.moment.found"), fixture!("actions/note.moment.absent")),
        (fixture!("actions/report.found"), fixture!("actions/report.absent")),
        (fixture!("actions/file.found"), fixture!("actions/file.absent")),
        (fixture!("actions/todo.found"), fixture!("actions/todo.absent")),
        (fixture!("actions/company.found"), fixture!("actions/company.absent")),
        (fixture!("actions/deal.found"), fixture!("actions/deal.absent")),
    ] {
        assert_eq!(find(&plain(), found).as_deref(), Some("4001"), "{found}");
        assert_eq!(find(&plain(), absent), None, "{absent}");
    }
    assert_eq!(find(&plain(), fixture!("actions/note.change.absent")), None, "a change twice is the same change");
}

#[test]
fn a_step_without_a_day_says_its_moment_and_keeps_it() {
    let fixture = fixture!("actions/note.company");
    let mut again = item(fixture);
    again.ext.push(("answered".to_owned(), "note-at-1795255200".to_owned()));
    let host = TestHost::answering(fixture).in_order();
    host.set_now_ms(NOW_MS + 86_400_000);
    assert!(is_created(&Hubspot::push(&plain(), &again).unwrap(), "4002"), "a day later it says the same");
}

#[test]
fn items_that_make_no_sense_are_refused_before_anything_is_sent() {
    let on = json!({ "id": "contacts/151" });
    for (action, target, payload, pointer) in [
        ("note", json!({}), json!({ "text": "x" }), "/id"),
        ("note", json!({ "id": "tickets/1" }), json!({ "text": "x" }), "/id"),
        ("note", json!({ "id": "contacts/../2" }), json!({ "text": "x" }), "/id"),
        ("note", on.clone(), json!({ "text": " \n" }), "/text"),
        ("note", on.clone(), json!({ "text": "x".repeat(70_000) }), "/text"),
        ("todo", on.clone(), json!({ "text": "x", "due": "gisteren" }), "/due"),
        ("report", on.clone(), json!({}), "/text"),
        ("contact", json!({}), json!({ "email": "niemand" }), "/email"),
        ("company", json!({}), json!({ "name": " " }), "/name"),
        ("deal", json!({}), json!({ "name": "x", "close_date": "ooit" }), "/close_date"),
    ] {
        let error = refused(action, &target, &payload);
        assert_eq!(error.case(), Case::InvalidInput, "{action} {payload}");
        assert!(format!("{error:?}").contains(&format!(" {pointer}: ")), "{error:?}");
    }
    assert_eq!(refused("file", &on, &json!({})).case(), Case::InvalidInput);
    assert_eq!(refused("mail", &on, &json!({})).case(), Case::Unsupported);
}

#[test]
fn a_person_finds_records_of_three_types_at_once() {
    use patchbay_sdk::Fetch;
    let pick = |fixture: &str, query: &str| {
        let _host = host(fixture);
        let request = PickRequest { picker: "records".to_owned(), query: query.to_owned(), ..PickRequest::default() };
        Hubspot::pick(&plain(), &request).unwrap().items
    };
    let found = pick(fixture!("pickers/records"), " els  jan");
    let seen: Vec<_> = found.iter().map(|one| (one.id.as_str(), one.label.as_str(), one.hint.as_deref())).collect();
    let person = ("contacts/151", "Els Janssens", Some("Contact · els@voorbeeld.example"));
    assert_eq!(seen, [person, ("deals/901", "Els Jansens 2026", Some("Deal"))]);
    assert_eq!(pick(fixture!("pickers/records.empty"), "").len(), 3);
    assert_eq!(pick(fixture!("pickers/records.word"), "mol").len(), 1);
}
