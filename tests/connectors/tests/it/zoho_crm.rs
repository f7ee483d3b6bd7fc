//! Zoho CRM with WorkDrive: a consent whose callback says the data centre, modules by change and by what was deleted,
//! reports in several steps, errors in rows of answers that are a success.

mod product;

use std::time::Duration;

use patchbay_connector_tests::{ActionCase, Case, ErrorRow, File, Row, Scene, StreamCase, Then, chaos, journey, stage};
use patchbay_test_support::{
    Browser, Page, Result, Trouble,
    fakes::{Act, Login, Rule, zoho::Zoho},
};
use serde_json::{Value, json};

/// What a report writes: the file in WorkDrive, the file on the event, the note.
const REPORT: &[(&str, usize)] = &[("file", 1), ("attachment", 1), ("note", 1)];
const NOTES: (&str, &str) = ("POST", "/crm/v8/Events/");
const UPLOAD: (&str, &str) = ("POST", "/workdrive/api/v1/upload");
const EVENTS: (&str, &str) = ("GET", "/crm/v8/Events");

pub(crate) fn case() -> Case {
    Case {
        prepare: |scene| {
            let fake = scene.fake::<Zoho>()?;
            let client = fake.client();
            fake.allow_redirect(&scene.register(&client.id, &client.secret)?);
            Ok(())
        },
        connect: |scene| scene.connect_by_session(&[], |browser, address| allow(scene, browser, address)),
        reconnect: |scene, connection| {
            scene.reconnect_by_session(&[], connection, |browser, address| allow(scene, browser, address))
        },
        account: "Vermeulen Advies",
        settings: |scene| {
            let folder = scene.fake::<Zoho>().ok().and_then(|fake| fake.folder("Verslagen"));
            Ok(json!({ "workdrive_folder": folder }))
        },
        streams: vec![
            StreamCase::of("events", |scene| rows_of(scene, "Events", "Event_Title")),
            StreamCase::of("contacts", |scene| rows_of(scene, "Contacts", "Last_Name")),
            StreamCase::of("accounts", |scene| rows_of(scene, "Accounts", "Account_Name")),
            StreamCase::of("leads", |scene| rows_of(scene, "Leads", "Last_Name")),
            StreamCase::of("deals", |scene| rows_of(scene, "Deals", "Deal_Name")),
            StreamCase::of("tasks", |scene| rows_of(scene, "Tasks", "Subject")),
            StreamCase::of("notes", |scene| rows_of(scene, "Notes", "Note_Title")),
        ],
        change,
        actions: vec![
            ActionCase::of("report", target, |text| json!({ "title": "Verslag", "text": text }), REPORT)
                .with(vec![File::pdf("verslag-12-03.pdf")]),
            ActionCase::of("note", target, |text| json!({ "text": text }), &[("note", 1)]),
            ActionCase::of("todo", target, |text| json!({ "text": text, "due": "2026-12-01" }), &[("task", 1)]),
        ],
        break_credential: |scene| {
            scene.fake::<Zoho>()?.revoke_all();
            Ok(())
        },
        secrets: |scene| Ok(scene.fake::<Zoho>()?.secrets()),
        rows: |_| Ok([crm_reads(), tokens(), crm_writes(), drive_writes()].into_iter().flatten().collect()),
        ..Case::of("zoho-crm", stage::<Zoho>)
    }
}

fn allow(scene: &Scene<'_>, browser: &mut Browser, address: &str) -> Result<Page> {
    walk(browser, address, &scene.fake::<Zoho>()?.login(), true)
}

/// Through the pages of the provider; the page that leads back.
fn walk(browser: &mut Browser, address: &str, login: &Login, accept: bool) -> Result<Page> {
    let page = browser.open(address)?;
    let mut page = browser.settle(page, |_| false)?;
    if page.form_named("signin").is_ok() {
        let typed = [("LOGIN_ID", login.user.as_str()), ("password", login.password.as_str())];
        let signed = browser.submit_named(&page, "signin", &typed)?;
        page = browser.settle(signed, |_| false)?;
    }
    if page.form_named("consent").is_err() {
        return Err(Trouble::new(format!("{} is no consent page: {} {}", page.url, page.status, page.text)));
    }
    browser.submit_named(&page, "consent", &[("approved", if accept { "true" } else { "false" })])
}

/// What of each record can change: who it is, its name, and when it did.
fn rows_of(scene: &Scene<'_>, module: &str, named: &str) -> Result<Vec<Row>> {
    let records = scene.fake::<Zoho>()?.records(module).into_iter();
    let row = |record: Value| {
        Row::by_id(json!({ "id": record["id"], named: record[named], "Modified_Time": record["Modified_Time"] }))
    };
    Ok(records.map(row).collect())
}

/// In each module something is renamed, something is new, and something is gone.
fn change(scene: &Scene<'_>) -> Result<()> {
    // Longer than the connector looks back, so that each time is told from the one before.
    scene.rig.advance(Duration::from_secs(180))?;
    let fake = scene.fake::<Zoho>()?;
    for module in ["Events", "Contacts", "Accounts", "Leads", "Deals", "Tasks", "Notes"] {
        let records = fake.records(module);
        let id = |at: usize| records.get(at).and_then(|record| record["id"].as_str()).unwrap_or_default().to_owned();
        let times = records.len();
        if !fake.change(module, &id(1), &format!("Herdoopt {module} {times} {}", records[1]["Modified_Time"])) {
            return Err(Trouble::new(format!("{module} has nothing to rename")));
        }
        fake.add(module, &format!("Nieuw {times}"));
        // The first ones are what events hang on.
        if times > 15 && !fake.remove(module, &id(times - 3)) {
            return Err(Trouble::new(format!("{module} has nothing to remove")));
        }
    }
    Ok(())
}

/// The first event.
fn target(scene: &Scene<'_>) -> Result<Value> {
    let first = scene.fake::<Zoho>()?.records("Events").into_iter().next().unwrap_or_default();
    Ok(json!({ "id": first["id"] }))
}

/// An error of the CRM.
fn crm(status: u16, code: &str) -> Act {
    answer(status, &[], &json!({ "code": code, "details": {}, "message": "x", "status": "error" }))
}

/// A row of a write that is an error, inside a status that is a success.
fn row(status: u16, code: &str, field: &str) -> Act {
    let details = json!({ "api_name": field, "json_path": format!("$.data[0].{field}") });
    answer(status, &[], &json!({ "data": [{ "code": code, "details": details, "message": "x", "status": "error" }] }))
}

/// An error of WorkDrive.
fn drive(status: u16, id: &str, headers: &[(&str, &str)]) -> Act {
    answer(status, headers, &json!({ "errors": [{ "id": id, "title": "x" }] }))
}

fn answer(status: u16, more: &[(&str, &str)], body: &Value) -> Act {
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let headers = [("content-type", "application/json")].into_iter().chain(more.iter().copied()).map(pair).collect();
    Act::Answer { status, headers, body: body.to_string() }
}

/// The error table of the CRM, over a list.
fn crm_reads() -> Vec<ErrorRow> {
    let read = |name: &str, act: Act, code| ErrorRow::read(name, "events", EVENTS, act, code);
    let given_up = |name: &str, act: Act, code| read(name, act, code).then(Then::Never);
    vec![
        read("401 INVALID_TOKEN, a refresh does not help", crm(401, "INVALID_TOKEN"), "PB2002").breaks("PB2002"),
        read("401 AUTHENTICATION_FAILURE", crm(401, "AUTHENTICATION_FAILURE"), "PB2002").breaks("PB2002"),
        read("401, an expired token", crm(401, "INVALID_TOKEN"), "").by(expire, |_| Ok(())).survived(),
        given_up("401 OAUTH_SCOPE_MISMATCH", crm(401, "OAUTH_SCOPE_MISMATCH"), "PB2012"),
        given_up("403 NO_PERMISSION", crm(403, "NO_PERMISSION"), "PB2012"),
        given_up("400 INVALID_MODULE", crm(400, "INVALID_MODULE"), "PB3006"),
        given_up("400 INVALID_QUERY", crm(400, "INVALID_QUERY"), "PB1105"),
        given_up("400 SYNTAX_ERROR", crm(400, "SYNTAX_ERROR"), "PB1105"),
        given_up("400 LIMIT_EXCEEDED", crm(400, "LIMIT_EXCEEDED"), "PB1105"),
        given_up("404 INVALID_URL_PATTERN", crm(404, "INVALID_URL_PATTERN"), "PB1105"),
        given_up("405 INVALID_REQUEST_METHOD", crm(405, "INVALID_REQUEST_METHOD"), "PB1105"),
        read("429 TOO_MANY_REQUESTS", crm(429, "TOO_MANY_REQUESTS"), "PB3003")
            .ends("more_later", Some("PB3003"))
            .then(Then::Later),
        read("429, out of credits", crm(429, "API_LIMIT_EXCEEDED"), "PB3003")
            .ends("more_later", Some("PB3003"))
            .then(Then::Later)
            .waiting(Duration::from_secs(3_700)),
        read("500 INTERNAL_ERROR", crm(500, "INTERNAL_ERROR"), "PB3004"),
        read("503 INTERNAL_ERROR", crm(503, "INTERNAL_ERROR"), "PB3004"),
        read("HTML with 200", Act::html(), "PB3005"),
        read("an empty body with 200", Act::empty(), "PB3005"),
        read("cut JSON", Act::Cut { bytes: 40 }, "PB3005"),
        read("204, no rows", Act::status(204), "").survived().times(1),
        read("304, nothing newer", Act::status(304), "").survived().times(1),
        ErrorRow::read(
            "a list of deleted records that fails",
            "events",
            ("GET", "/crm/v8/Events/deleted"),
            crm(500, "INTERNAL_ERROR"),
            "PB3004",
        ),
    ]
}

/// Errors of the token address, all of them with status 200.
fn tokens() -> Vec<ErrorRow> {
    let read = |name: &str, body: Value, code| {
        let mut row = ErrorRow::read(name, "events", EVENTS, Act::empty(), code).by(expire, |_| Ok(()));
        row.rules = vec![Rule::on("POST", "/oauth/v2/token", answer(200, &[], &body)).times(0)];
        row
    };
    let denied = json!({ "error_description": "x", "error": "Access Denied", "status": "failure" });
    vec![
        read("the token address is throttled: the connection is not broken", denied, "PB2003"),
        read("invalid_code at a refresh: the consent is gone", json!({ "error": "invalid_code" }), "PB2002")
            .breaks("PB2002"),
    ]
}

fn crm_writes() -> Vec<ErrorRow> {
    let write = |name: &str, act: Act, code| ErrorRow::write(name, "note", NOTES, act, code);
    let failed = |name: &str, act: Act, code| write(name, act, code).ends("failed", Some(code));
    let unknown =
        |row: ErrorRow| row.ends("unknown", Some("PB4004")).then(Then::Again).waiting(Duration::from_secs(400));
    vec![
        failed("400 INVALID_DATA, no such event", crm(400, "INVALID_DATA"), "PB3006"),
        write("202 MANDATORY_NOT_FOUND in a row", row(202, "MANDATORY_NOT_FOUND", "Note_Content"), "PB4001"),
        write("207 INVALID_DATA in a row", row(207, "INVALID_DATA", "Note_Title"), "PB4001"),
        failed("400 NOT_APPROVED", crm(400, "NOT_APPROVED"), "PB3007"),
        failed("400 RECORD_LOCKED", crm(400, "RECORD_LOCKED"), "PB3007"),
        failed("400 RECORD_IN_BLUEPRINT", crm(400, "RECORD_IN_BLUEPRINT"), "PB3007"),
        failed("403 NO_PERMISSION at a write", crm(403, "NO_PERMISSION"), "PB2012"),
        write("429 at a write", crm(429, "TOO_MANY_REQUESTS"), "PB3003")
            .ends("planned", Some("PB3003"))
            .then(Then::Later),
        unknown(write("500 at a write", crm(500, "INTERNAL_ERROR"), "PB4004")),
        unknown(write("a note whose answer is lost", Act::LoseAnswer, "PB4004")),
        unknown(ErrorRow::write(
            "a task whose answer is lost",
            "todo",
            ("POST", "/crm/v8/Tasks"),
            Act::LoseAnswer,
            "PB4004",
        )),
        unknown(ErrorRow::write("a task that never arrived", "todo", ("POST", "/crm/v8/Tasks"), Act::Drop, "PB4004")),
    ]
}

fn drive_writes() -> Vec<ErrorRow> {
    let write = |name: &str, act: Act, code| ErrorRow::write(name, "report", UPLOAD, act, code);
    let failed = |name: &str, act: Act, code| write(name, act, code).ends("failed", Some(code));
    let unknown =
        |row: ErrorRow| row.ends("unknown", Some("PB4004")).then(Then::Again).waiting(Duration::from_secs(400));
    let expired = [("www-authenticate", "Bearer error=\"expired_token\"")];
    let attached = ("POST", "/crm/v8/Events/");
    vec![
        write("401 expired_token, a refresh does not help", drive(401, "F7003", &expired), "PB2002")
            .times(0)
            .ends("waiting", Some("PB2002"))
            .breaks("PB2002"),
        failed("401 INVALID_OAUTHSCOPE", drive(401, "F7003", &[]), "PB2012").times(0),
        failed("401 R008: no such folder", drive(401, "R008", &[]), "PB3006").times(0),
        failed("402", drive(402, "F1", &[]), "PB2012"),
        failed("404", drive(404, "F6016", &[]), "PB3006"),
        failed("405", drive(405, "F6016", &[]), "PB1105"),
        failed("415", drive(415, "F6016", &[]), "PB1105"),
        write("422", drive(422, "F6004", &[]), "PB4001"),
        write("429 F7008 for two minutes", drive(429, "F7008", &[("retry-after", "119")]), "PB3003")
            .ends("planned", Some("PB3003"))
            .then(Then::Later),
        write("500 F000 is no outage", drive(500, "F000", &[]), "PB4001"),
        unknown(write("502", Act::status(502), "PB4004")),
        unknown(write("an upload whose answer is lost", Act::LoseAnswer, "PB4004")),
        unknown(
            ErrorRow::write("an attachment whose answer is lost", "report", attached, Act::LoseAnswer, "PB4004")
                .containing("Attachments"),
        )
        .leaving(&[("file", 1), ("attachment", 1)]),
    ]
}

/// The access token has ended, and is old enough that the host believes it.
fn expire(scene: &Scene<'_>) -> Result<()> {
    scene.rig.advance(Duration::from_secs(120))?;
    scene.fake::<Zoho>()?.expire_access();
    Ok(())
}

#[test]
fn the_whole_journey() -> Result<()> {
    journey(&case())
}

#[test]
fn each_row_of_the_error_tables() -> Result<()> {
    chaos(&case())
}
