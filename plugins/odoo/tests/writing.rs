//! Writing, and looking for what was written, over recorded answers in both families.
#![cfg(test)]

#[macro_use]
mod played;

use patchbay_connector_odoo::Odoo;
use patchbay_sdk::{Attachment, Case, Error, Item, Outcome, Push, testing::TestHost};
use serde_json::{Value, json};

use played::{NOW_MS, ctx, exception, pairs};

/// The item of a fixture.
fn item(fixture: &str) -> Item {
    let own: Value = serde_json::from_str(fixture).unwrap();
    let told = own["call"].get("push").or(own["call"].get("find")).unwrap();
    let files = told.get("attachments").and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Item {
        action: text(&told["action"]),
        key: "k1".to_owned(),
        target: told["target"].to_string().into_bytes(),
        payload: told["payload"].to_string().into_bytes(),
        attachments: files
            .iter()
            .enumerate()
            .map(|(at, file)| Attachment {
                blob: format!("file-{}", at + 1),
                name: text(&file["name"]),
                media_type: text(&file["media-type"]),
                size: 5,
                sha256: "0".repeat(64),
            })
            .collect(),
        attempt: 1,
        ext: told.get("ext").map(pairs).unwrap_or_default(),
    }
}

fn pushed(fixture: &str) -> Result<Outcome, Error> {
    let _host = TestHost::answering(fixture).in_order();
    Odoo::push(&ctx(fixture), &item(fixture))
}

fn found(fixture: &str) -> Option<String> {
    let own: Value = serde_json::from_str(fixture).unwrap();
    let _host = TestHost::answering(fixture).in_order();
    let step = own["call"]["find"]["step"].as_str().unwrap();
    Odoo::find(&ctx(fixture), &item(fixture), step, NOW_MS).unwrap().map(|object| object.id)
}

#[test]
fn each_action_writes_what_was_asked_in_each_version() {
    for (fixture, id) in [
        (fixture!("actions/note"), "55821"),
        (fixture!("actions/note.rpc-17"), "55821"),
        (fixture!("actions/note.rpc-16"), "55821"),
        (fixture!("actions/report"), "55821"),
        (fixture!("actions/report.text"), "55821"),
        (fixture!("actions/report.found-file"), "55821"),
        (fixture!("actions/todo"), "901"),
        (fixture!("actions/todo.rpc"), "901"),
        (fixture!("actions/todo.task"), "1204"),
        (fixture!("actions/task"), "1203"),
        (fixture!("actions/task.rpc-14"), "1203"),
        (fixture!("actions/file"), "2204"),
        (fixture!("actions/file.rpc"), "2204"),
    ] {
        let Outcome::Created(object) = pushed(fixture).unwrap() else { panic!("created") };
        assert_eq!(object.id, id);
        assert!(object.url.unwrap().starts_with("https://odoo.acme.example/mail/view?model="));
    }
}

#[test]
fn a_lost_answer_is_found_by_its_mark() {
    for (fixture, id) in [
        (fixture!("actions/note.found"), Some("55821")),
        (fixture!("actions/note.absent"), None),
        (fixture!("actions/report.found"), Some("55821")),
        (fixture!("actions/todo.found"), Some("901")),
        (fixture!("actions/todo.activity.found"), Some("901")),
        (fixture!("actions/todo.absent"), None),
        (fixture!("actions/todo.task.found"), Some("1204")),
        (fixture!("actions/task.found"), Some("1203")),
        (fixture!("actions/task.absent"), None),
    ] {
        assert_eq!(found(fixture).as_deref(), id);
    }
}

#[test]
fn what_is_looked_for_is_what_was_sent_and_not_what_the_settings_say_today() {
    // An activity was sent, and by now to-dos become tasks: `todo.activity.found` above. Here it is the other way round.
    for settings in [json!({}), json!({ "todos": "activity" }), json!({ "todos": "task", "todo_project": 12 })] {
        let mut own: Value = serde_json::from_str(fixture!("actions/todo.task.found")).unwrap();
        own["context"]["settings"] = settings;
        assert_eq!(found(&own.to_string()).as_deref(), Some("1204"));
    }
    // The task was moved, or the action's target is another project: nothing of a project is asked.
    let asked = fixture!("actions/task.found");
    let _host = TestHost::answering(asked).in_order();
    let item = Item { target: json!({ "id": "12" }).to_string().into_bytes(), ..item(asked) };
    let task = Odoo::find(&ctx(asked), &item, "task", NOW_MS).unwrap().unwrap();
    assert_eq!(task.id, "1203");
    assert!(!asked.contains("project_id"));
}

#[test]
fn a_to_do_that_was_found_is_not_written_as_the_other_kind_beside_it() {
    for (fixture, step) in [(fixture!("actions/todo.task"), "activity"), (fixture!("actions/todo"), "task")] {
        let host = TestHost::empty();
        let mut item = item(fixture);
        item.ext.push((format!("step.{step}"), "901".to_owned()));
        let Outcome::Created(object) = Odoo::push(&ctx(fixture), &item).unwrap() else { panic!("created") };
        assert_eq!((object.id.as_str(), host.requests().len()), ("901", 0));
    }
}

#[test]
fn a_file_whose_bytes_are_gone_is_not_said_to_be_absent() {
    let fixture = fixture!("actions/file.found");
    let _host = TestHost::empty();
    let asked = |step: &str| Odoo::find(&ctx(fixture), &item(fixture), step, NOW_MS).unwrap_err().case();
    assert_eq!((asked("file-1"), asked("file-2")), (Case::Other, Case::Other));
}

#[test]
fn a_to_do_that_was_done_meanwhile_is_found_as_its_message() {
    let mut own: Value = serde_json::from_str(fixture!("actions/todo.absent")).unwrap();
    own["exchanges"][1]["answer"]["body"] = json!([{ "id": 60_000 }]);
    assert_eq!(found(&own.to_string()).as_deref(), Some("60000"));
}

#[test]
fn a_refusal_in_status_200_opens_its_step_again() {
    let fixture = fixture!("actions/file.rpc");
    let mut own: Value = serde_json::from_str(fixture).unwrap();
    for (name, case) in [
        ("odoo.exceptions.ValidationError", Case::InvalidInput),
        ("odoo.exceptions.AccessError", Case::PermissionDenied),
        ("odoo.exceptions.AccessDenied", Case::AuthRequired),
        ("odoo.exceptions.MissingError", Case::NotFound),
        ("odoo.exceptions.LockError", Case::Transient),
        ("builtins.ValueError", Case::InvalidInput),
    ] {
        let error =
            json!({ "code": 200, "message": "Odoo Server Error", "data": exception(name, "het record van Els") });
        own["exchanges"][0]["answer"]["body"] = json!({ "jsonrpc": "2.0", "id": 1, "error": error });
        let host = TestHost::answering(&own.to_string());
        let error = Odoo::push(&ctx(fixture), &item(fixture)).unwrap_err();
        assert_eq!((error.case(), host.refused_steps()), (case, vec!["file-1".to_owned()]), "{name}");
        assert!(!format!("{error:?}").contains("Els") && !format!("{error:?}").contains("s3cr3t"), "{error:?}");
    }
}

#[test]
fn what_cannot_be_written_is_refused_before_anything_is_sent() {
    let _host = TestHost::empty();
    let ctx = ctx(fixture!("actions/note"));
    let case = |action: &str, target: Value, payload: Value| {
        let item = Item {
            action: action.to_owned(),
            target: target.to_string().into_bytes(),
            payload: payload.to_string().into_bytes(),
            ..Item::default()
        };
        Odoo::push(&ctx, &item).unwrap_err().case()
    };
    for id in ["", "crm.lead", "crm.lead,", "crm.lead,x", "../x,1", "Crm,1", "915", "crm.lead,99999999999999999999999"]
    {
        assert_eq!(case("note", json!({ "id": id }), json!({ "text": "x" })), Case::InvalidInput, "{id}");
    }
    assert_eq!(case("report", json!({ "id": "crm.lead,1" }), json!({ "title": "x" })), Case::InvalidInput);
    assert_eq!(case("file", json!({ "id": "crm.lead,1" }), json!({})), Case::InvalidInput);
    assert_eq!(case("task", json!({ "id": "x" }), json!({ "name": "x" })), Case::InvalidInput);
    assert_eq!(case("fax", json!({ "id": "crm.lead,1" }), json!({})), Case::Unsupported);
}
