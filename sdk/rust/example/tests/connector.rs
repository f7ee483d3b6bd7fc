//! The connector over the recorded answers in `fixtures/`, natively. `patchbay check` runs the component over the same files.

use notebook_connector::Connector;
use patchbay_sdk::{
    Auth, Case, Context, Item, Outcome, Position, Push, ReadRequest,
    testing::{TestHost, read_all},
};

fn ctx() -> Context {
    Context { auth: "key".to_owned(), config: br#"{"page_size":100}"#.to_vec(), ..Context::default() }
}

fn asked(stream: &str) -> ReadRequest {
    ReadRequest { page_hint: 2, ..ReadRequest::of(stream) }
}

fn note() -> Item {
    Item {
        action: "note".to_owned(),
        target: br#"{"id":"nb-1"}"#.to_vec(),
        payload: br#"{"text":"Call back on Monday."}"#.to_vec(),
        ..Item::default()
    }
}

#[test]
fn the_key_says_whose_account_it_is() {
    let _host = TestHost::answering(include_str!("../fixtures/identify.json")).in_order();
    let identity = Connector::identify(&ctx()).unwrap();
    assert_eq!((identity.id.as_str(), identity.name.as_str()), ("7", "Kantoor Voorbeeld"));
}

#[test]
fn notebooks_are_read_completely() {
    let _host = TestHost::answering(include_str!("../fixtures/streams/notebooks.json")).in_order();
    let reading = read_all::<Connector>(&ctx(), asked("notebooks")).unwrap();
    assert_eq!((reading.records.len(), reading.pages), (3, 2));
    assert!(matches!(reading.position, Position::Complete(_)));
}

#[test]
fn notes_are_read_up_to_their_newest_change() {
    let _host = TestHost::answering(include_str!("../fixtures/streams/notes.json")).in_order();
    let reading = read_all::<Connector>(&ctx(), asked("notes")).unwrap();
    assert_eq!((reading.records.len(), reading.pages), (3, 2));
    assert_eq!(reading.position, Position::End(br#"{"since":1795193110000}"#.to_vec()));
}

#[test]
fn a_note_from_the_future_does_not_hide_those_before_it() {
    let _host = TestHost::answering(include_str!("../fixtures/streams/notes.later.json")).in_order();
    let request = ReadRequest { cursor: Some(br#"{"since":1795193110000}"#.to_vec()), ..asked("notes") };
    let reading = read_all::<Connector>(&ctx(), request).unwrap();
    assert_eq!(reading.position, Position::End(br#"{"since":1795253400000}"#.to_vec()), "now, and not next year");
}

#[test]
fn a_note_is_added_once_and_found_again() {
    let host = TestHost::answering(include_str!("../fixtures/actions/note.json")).in_order();
    let Outcome::Created(object) = Connector::push(&ctx(), &note()).unwrap() else { panic!("a new note") };
    assert_eq!(object.id, "501");
    drop(host);
    let _host = TestHost::answering(include_str!("../fixtures/actions/note.found.json")).in_order();
    assert_eq!(Connector::find(&ctx(), &note(), "create", 0).unwrap(), Some(object));
}

#[test]
fn what_was_not_written_is_not_found() {
    let _host = TestHost::answering(include_str!("../fixtures/actions/note.absent.json")).in_order();
    assert_eq!(Connector::find(&ctx(), &note(), "create", 0).unwrap(), None);
}

#[test]
fn a_status_decides_which_error_it_is() {
    for (status, case) in [(401, Case::AuthRequired), (403, Case::PermissionDenied), (429, Case::RateLimited)] {
        let answers = format!(
            r#"[{{ "request": {{ "method": "GET", "url": "https://api.notebook.example/v1/me" }}, "answer": {{ "status": {status} }} }}]"#
        );
        let _host = TestHost::answering(&answers);
        assert_eq!(Connector::identify(&ctx()).unwrap_err().case(), case, "{status}");
    }
}
