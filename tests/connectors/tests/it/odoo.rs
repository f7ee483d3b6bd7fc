//! Odoo: version 19 by key, and version 15 by login and password, whose errors come with status 200.

use std::time::Duration;

use patchbay_connector_tests::{ActionCase, Case, ErrorRow, File, Row, Scene, StreamCase, Then, chaos, journey, stage};
use patchbay_test_support::{
    Result, Trouble,
    fakes::{
        Act,
        odoo::{DATABASE, ORIGIN, Odoo},
    },
};
use serde_json::{Map, Value, json};

/// What a second run says and a first does not.
const SINCE: &str = "\"write_date\",\">=\"";
/// Fields that are true or false; of all others `false` is what is empty.
const FLAGS: [&str; 4] = ["active", "allday", "is_company", "recurrency"];
/// What the streams do not read.
const NOT_READ: [&str; 3] = ["display_name", "create_uid", "write_uid"];

/// Odoo 19 by JSON-2.
pub(crate) fn case() -> Case {
    Case {
        prepare: |scene| scene.grant(&[ORIGIN]),
        connect: |scene| scene.connect_by_fields("key", &key(scene)?),
        reconnect: |scene, connection| {
            scene.fake::<Odoo>()?.revoke(false);
            scene.reconnect_by_fields("key", &key(scene)?, connection)
        },
        account: "Acme Boekhouding BV",
        settings: |_| Ok(json!({ "language": "nl_BE" })),
        streams: vec![
            StreamCase::of("contacts", |scene| each(scene, "res.partner")).asks_since(SINCE),
            StreamCase::of("leads", |scene| each(scene, "crm.lead")).asks_since(SINCE),
            StreamCase::of("events", |scene| all(scene, "calendar.event")).asks_since(SINCE),
            StreamCase::of("projects", |scene| each(scene, "project.project")).asks_since(SINCE),
            StreamCase::of("tasks", |scene| each(scene, "project.task")).asks_since(SINCE),
            StreamCase::of("companies", |scene| all(scene, "res.company")),
            StreamCase::of("invoices", |scene| each(scene, "account.move")).asks_since(SINCE),
        ],
        change,
        actions: vec![
            ActionCase::of("note", lead, |text| json!({ "text": text, "date": "2026-11-21" }), &[("mail.message", 1)]),
            ActionCase::of(
                "report",
                lead,
                |text| json!({ "title": "Verslag", "text": text }),
                &[("ir.attachment", 2), ("mail.message", 1)],
            )
            .with(vec![File::pdf("verslag.pdf"), File::pdf("verslag.pdf")]),
            ActionCase::of(
                "todo",
                lead,
                |text| json!({ "text": text, "due": "2026-12-05", "assignee": "meetings@acme.example" }),
                &[("mail.activity", 1)],
            ),
            ActionCase::of(
                "task",
                |_| Ok(json!({ "id": "4" })),
                |text| json!({ "name": text, "due": "2026-12-05", "assignee": "Lotte Janssens" }),
                &[("project.task", 1)],
            ),
            ActionCase::of("file", lead, |_| json!({}), &[("ir.attachment", 1)]).with(vec![File::pdf("bijlage.pdf")]),
        ],
        break_credential: |scene| {
            scene.fake::<Odoo>()?.revoke(true);
            Ok(())
        },
        secrets: |scene| {
            let fake = scene.fake::<Odoo>()?;
            Ok(vec![fake.key("owner"), fake.login().password])
        },
        rows: |_| Ok(rows(&Json2)),
        ..Case::of("odoo", stage::<Odoo>)
    }
}

/// Odoo 15 by JSON-RPC.
pub(crate) fn by_login() -> Case {
    Case {
        prepare: |scene| {
            scene.fake::<Odoo>()?.set_version(15);
            scene.grant(&[ORIGIN])
        },
        connect: |scene| scene.connect_by_fields("login", &login(scene)?),
        reconnect: |scene, connection| {
            scene.fake::<Odoo>()?.revoke(false);
            scene.reconnect_by_fields("login", &login(scene)?, connection)
        },
        // A person of the office sees the body of no call in the fake's journal: the password is among its arguments.
        streams: case().streams.into_iter().map(|stream| StreamCase { asks_since: None, ..stream }).collect(),
        rows: |_| Ok(rows(&Rpc)),
        ..case()
    }
}

fn key(scene: &Scene<'_>) -> Result<Value> {
    let key = scene.fake::<Odoo>()?.key("owner");
    Ok(json!({ "server": ORIGIN, "database": DATABASE, "key": key, "key_ends": "2030-06-30" }))
}

fn login(scene: &Scene<'_>) -> Result<Value> {
    let known = scene.fake::<Odoo>()?.login();
    Ok(json!({ "server": ORIGIN, "database": DATABASE, "user": known.user, "password": known.password }))
}

fn lead(_: &Scene<'_>) -> Result<Value> {
    Ok(json!({ "id": "crm.lead,901" }))
}

/// The records of each company, and of none.
fn each(scene: &Scene<'_>, model: &str) -> Result<Vec<Row>> {
    let fake = scene.fake::<Odoo>()?;
    let rows = |company: u64| {
        let account = format!("{DATABASE}:{company}");
        let records = fake.records(model, Some(company)).into_iter();
        records.map(move |record| Row::of(&account, "/id", read(model, record))).collect::<Vec<Row>>()
    };
    Ok([rows(1), rows(3)].concat())
}

fn all(scene: &Scene<'_>, model: &str) -> Result<Vec<Row>> {
    let records = scene.fake::<Odoo>()?.records(model, None).into_iter();
    Ok(records.map(|record| Row::by_id(read(model, record))).collect())
}

/// A record as the stream has it.
fn read(model: &str, record: Value) -> Value {
    let Value::Object(members) = record else { return record };
    let wanted = |name: &str| !(NOT_READ.contains(&name) || model == "crm.lead" && name == "description");
    let value = |name: &str, value: Value| {
        if value == json!(false) && !FLAGS.contains(&name) { Value::Null } else { value }
    };
    let members = members.into_iter().filter(|(name, _)| wanted(name));
    Value::Object(members.map(|(name, told)| (name.clone(), value(&name, told))).collect::<Map<String, Value>>())
}

/// Something new and something other in each stream. Names that others refer to stay: Odoo tells those no change.
fn change(scene: &Scene<'_>) -> Result<()> {
    let fake = scene.fake::<Odoo>()?;
    let count = fake.records("res.partner", None).len();
    let text = format!("Change {count}");
    let mut changed = true;
    changed &= fake.change("res.partner", 41, &json!({ "phone": text }));
    // Archived is not gone.
    changed &= fake.change("res.partner", 42, &json!({ "active": count % 2 == 0 }));
    changed &= fake.change("crm.lead", 902, &json!({ "name": text }));
    changed &= fake.change("calendar.event", 302, &json!({ "name": text }));
    changed &= fake.change("project.project", 5, &json!({ "partner_id": 40 + count % 3 }));
    changed &= fake.change("project.task", 1_102, &json!({ "name": text }));
    changed &= fake.change("res.company", 3, &json!({ "vat": text }));
    changed &= fake.change("account.move", 502, &json!({ "name": text }));
    fake.add("res.partner", &json!({ "name": text, "company_id": 1 }));
    fake.add("crm.lead", &json!({ "name": text, "type": "lead", "company_id": 3 }));
    fake.add("calendar.event", &json!({ "name": text, "start": "2026-12-01 09:00:00", "stop": "2026-12-01 10:00:00" }));
    fake.add("project.project", &json!({ "name": text }));
    // Its transaction began earlier, before what was read last.
    fake.add_late("project.task", &json!({ "name": text, "project_id": 4 }), 60);
    fake.add("account.move", &json!({ "name": text, "move_type": "entry", "state": "draft", "company_id": 1 }));
    if changed { Ok(()) } else { Err(Trouble::new("a record that was to be changed is not there")) }
}

/// One of the two ways in: where a model's calls go, and how it says an exception.
trait Way {
    fn path(&self, model: &str, method: &str) -> String;
    /// What tells a call from others where the path does not.
    fn says(&self, model: &str, method: &str) -> String;
    fn raises(&self, status: u16, name: &str, message: &str) -> Act;
}

struct Json2;
struct Rpc;

fn exception(name: &str, message: &str) -> Value {
    json!({ "name": name, "message": message, "arguments": [message], "context": {}, "debug": "Traceback (most recent call last)" })
}

fn answer(status: u16, media_type: &str, body: String) -> Act {
    Act::Answer { status, headers: vec![("content-type".to_owned(), media_type.to_owned())], body }
}

impl Way for Json2 {
    fn path(&self, model: &str, method: &str) -> String {
        format!("/json/2/{model}/{method}")
    }

    fn says(&self, _: &str, _: &str) -> String {
        String::new()
    }

    fn raises(&self, status: u16, name: &str, message: &str) -> Act {
        answer(status, "application/json; charset=utf-8", exception(name, message).to_string())
    }
}

impl Way for Rpc {
    fn path(&self, _: &str, _: &str) -> String {
        "/jsonrpc".to_owned()
    }

    fn says(&self, model: &str, method: &str) -> String {
        format!("\"{model}\",\"{method}\"")
    }

    fn raises(&self, _: u16, name: &str, message: &str) -> Act {
        let error = json!({ "code": 200, "message": "Odoo Server Error", "data": exception(name, message) });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "error": error });
        answer(200, "application/json", body.to_string())
    }
}

/// Section 8.3, row by row.
fn rows(way: &dyn Way) -> Vec<ErrorRow> {
    let path = way.path("res.partner", "search_read");
    let read = |name: &str, act: Act, code: &'static str| {
        ErrorRow::read(name, "contacts", ("POST", &path), act, code).saying(&way.says("res.partner", "search_read"))
    };
    let post = way.path("crm.lead", "message_post");
    let write = |name: &str, act: Act| {
        ErrorRow::write(name, "note", ("POST", &post), act, "PB4001").saying(&way.says("crm.lead", "message_post"))
    };
    let html =
        |status: u16, text: &str| answer(status, "text/html; charset=utf-8", format!("<!doctype html><p>{text}"));
    let odoo = |name: &str| format!("odoo.exceptions.{name}");
    vec![
        read("key or password not accepted", way.raises(401, &odoo("AccessDenied"), "Access Denied"), "PB2002")
            .breaks("PB2002"),
        read("rights missing", way.raises(403, &odoo("AccessError"), "no"), "PB2012").then(Then::Never),
        ErrorRow::read("rights taken away", "contacts", ("POST", "/"), Act::Drop, "PB2012").then(Then::Never).by(
            |scene| scene.fake::<Odoo>().map(|fake| fake.deny("res.partner", true)),
            |scene| scene.fake::<Odoo>().map(|fake| fake.deny("res.partner", false)),
        ),
        ErrorRow::read("app not installed", "leads", ("POST", "/"), Act::Drop, "PB3006").then(Then::Never).by(
            |scene| scene.fake::<Odoo>().map(|fake| fake.uninstall("crm.lead", true)),
            |scene| scene.fake::<Odoo>().map(|fake| fake.uninstall("crm.lead", false)),
        ),
        read("business rule at a read", way.raises(422, &odoo("UserError"), "no"), "PB1105").then(Then::Never),
        read("wrong arguments", way.raises(422, "werkzeug.exceptions.UnprocessableEntity", "got x"), "PB1105")
            .then(Then::Never),
        read("row locked at a read", way.raises(409, &odoo("LockError"), "locked"), "PB3004"),
        read("not JSON", answer(400, "text/html", "Invalid JSON data".to_owned()), "PB1105").then(Then::Never),
        read("anything else", way.raises(500, "builtins.TypeError", "x"), "PB1105").then(Then::Never),
        read("500 without a word", Act::status(500), "PB3004"),
        read("a wrong database", html(404, "No database is selected"), "PB2002").breaks("PB2002"),
        read("outage", html(502, "Bad gateway"), "PB3004"),
        read("outage that passes", html(503, "Bad gateway"), "PB3004").times(1),
        read("maintenance with status 200", Act::html(), "PB3005"),
        read("nothing", Act::empty(), "PB3005"),
        read("cut JSON", Act::Cut { bytes: 40 }, "PB3005"),
        read("throttled", Act::status(429), "PB3003").ends("more_later", Some("PB3003")).then(Then::Later),
        read("throttled for a moment", Act::too_many("1"), "").times(1).survived(),
        write("business rule", way.raises(422, &odoo("ValidationError"), "no")),
        write("wrong value", way.raises(500, "builtins.ValueError", "Wrong value")),
        write("record gone", way.raises(404, &odoo("MissingError"), "gone")).ends("failed", Some("PB3006")),
        write("rights missing at a write", way.raises(403, &odoo("AccessError"), "no")).ends("failed", Some("PB2012")),
        write("row locked", way.raises(409, &odoo("LockError"), "locked"))
            .ends("planned", Some("PB3004"))
            .then(Then::Again),
        write("throttled at a write", Act::status(429)).ends("planned", Some("PB3003")).then(Then::Later),
        write("outage at a write", html(502, "Bad gateway")).ends("unknown", Some("PB4004")).then(Then::Again),
        write("HTML after a write", Act::html()).ends("unknown", Some("PB4004")).then(Then::Again),
        write("lost answer", Act::LoseAnswer)
            .ends("unknown", Some("PB4004"))
            .then(Then::Again)
            .waiting(Duration::from_secs(180)),
        ErrorRow::write(
            "lost answer of a file",
            "file",
            ("POST", &way.path("ir.attachment", "create")),
            Act::LoseAnswer,
            "PB4004",
        )
        .saying(&way.says("ir.attachment", "create"))
        .ends("unknown", Some("PB4004"))
        .then(Then::Again)
        .waiting(Duration::from_secs(180)),
        ErrorRow::write(
            "lost answer of a to-do",
            "todo",
            ("POST", &way.path("crm.lead", "activity_schedule")),
            Act::LoseAnswer,
            "PB4004",
        )
        .saying(&way.says("crm.lead", "activity_schedule"))
        .ends("unknown", Some("PB4004"))
        .then(Then::Again)
        .waiting(Duration::from_secs(180)),
        ErrorRow::write(
            "lost answer of a task",
            "task",
            ("POST", &way.path("project.task", "create")),
            Act::LoseAnswer,
            "PB4004",
        )
        .saying(&way.says("project.task", "create"))
        .ends("unknown", Some("PB4004"))
        .then(Then::Again)
        .waiting(Duration::from_secs(180)),
    ]
}

#[test]
fn the_whole_journey() -> Result<()> {
    journey(&case())
}

#[test]
fn the_whole_journey_of_an_older_version_by_password() -> Result<()> {
    journey(&by_login())
}

#[test]
fn each_row_of_the_error_table() -> Result<()> {
    chaos(&case())
}

#[test]
fn each_row_of_the_error_table_with_status_200() -> Result<()> {
    chaos(&by_login())
}
