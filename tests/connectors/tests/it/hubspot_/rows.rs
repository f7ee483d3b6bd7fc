//! The error table of the sheet, by status and category.

use std::time::Duration;

use patchbay_connector_tests::{ErrorRow, Scene, Then};
use patchbay_test_support::{
    Result,
    fakes::{Act, Rule, hubspot::Hubspot},
};
use serde_json::{Value, json};

const OWNERS: (&str, &str) = ("GET", "/crm/v3/owners");
const SEARCH: (&str, &str) = ("POST", "/crm/v3/objects/notes/search");
const NOTE: (&str, &str) = ("POST", "/crm/v3/objects/notes");
const TASK: (&str, &str) = ("POST", "/crm/v3/objects/tasks");
const FILE: (&str, &str) = ("POST", "/files/v3/files");
const LINK: (&str, &str) = ("PUT", "/crm/v4/objects/");
const UPSERT: (&str, &str) = ("POST", "/crm/v3/objects/contacts/batch/upsert");
/// A push that is not known to be done is looked for after its time to settle.
const SETTLED: Duration = Duration::from_secs(400);
/// Longer than a day has left.
const TOMORROW: Duration = Duration::from_secs(26 * 3_600);

fn answer(status: u16, more: &[(&str, &str)], body: &Value) -> Act {
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let headers = [("content-type", "application/json")].into_iter().chain(more.iter().copied()).map(pair).collect();
    Act::Answer { status, headers, body: body.to_string() }
}

/// An error as HubSpot says it.
fn error(status: u16, category: &str) -> Act {
    let body = json!({ "status": "error", "message": "refused for els@voorbeeld.example", "correlationId": "5a1f",
        "category": category, "errors": [{ "message": "no", "code": "INVALID_OPTION", "in": "body",
            "context": { "propertyName": ["hs_note_body"], "requiredGranularScopes": ["crm.objects.owners.read"] } }] });
    answer(status, &[], &body)
}

/// 429 of this policy.
fn throttled(policy: &str, more: &[(&str, &str)]) -> Act {
    let body = json!({ "status": "error", "message": "You have reached your limit.", "errorType": "RATE_LIMIT", "policyName": policy });
    answer(429, more, &body)
}

/// The access token has ended, and is old enough that the host believes it.
fn expire(scene: &Scene<'_>) -> Result<()> {
    scene.rig.advance(Duration::from_secs(120))?;
    scene.fake::<Hubspot>()?.expire_access();
    Ok(())
}

/// Reads, by a list.
pub(super) fn lists() -> Vec<ErrorRow> {
    let read = |name: &str, act: Act, code| ErrorRow::read(name, "owners", OWNERS, act, code);
    let given_up = |name: &str, act: Act, code| read(name, act, code).then(Then::Never);
    let later = |name: &str, act: Act| read(name, act, "PB3003").ends("more_later", Some("PB3003")).then(Then::Later);
    let moved = answer(477, &[("retry-after", "3600")], &json!({ "status": "error", "message": "moving" }));
    vec![
        given_up("400 VALIDATION_ERROR", error(400, "VALIDATION_ERROR"), "PB1105"),
        read("401 EXPIRED_AUTHENTICATION", error(401, "EXPIRED_AUTHENTICATION"), "PB2002").breaks("PB2002"),
        read("401 INVALID_AUTHENTICATION", error(401, "INVALID_AUTHENTICATION"), "PB2002").breaks("PB2002"),
        read("an expired token, and a refresh helps", Act::empty(), "").by(expire, |_| Ok(())).survived(),
        given_up("403 MISSING_SCOPES", error(403, "MISSING_SCOPES"), "PB2012"),
        given_up("404 OBJECT_NOT_FOUND", error(404, "OBJECT_NOT_FOUND"), "PB3006"),
        given_up("409 CONFLICT", error(409, "CONFLICT"), "PB3007"),
        given_up("414", Act::status(414), "PB1105"),
        read("423 locked", error(423, "LOCKED"), "PB3004"),
        later("429 TEN_SECONDLY_ROLLING", throttled("TEN_SECONDLY_ROLLING", &[])),
        later("429 with no body at all", Act::status(429)),
        read("429 for a second", throttled("TEN_SECONDLY_ROLLING", &[("retry-after", "1")]), "").times(1).survived(),
        later("429 for a minute", throttled("TEN_SECONDLY_ROLLING", &[("retry-after", "60")])),
        later("429 DAILY, until midnight", throttled("DAILY", &[])).waiting(TOMORROW),
        read("477, for an hour", moved, "PB3004").waiting(Duration::from_secs(4_400)),
        read("500", Act::status(500), "PB3004"),
        read("502", Act::status(502), "PB3004"),
        read("504", Act::status(504), "PB3004"),
        read("521 of the network before it", Act::status(521), "PB3004"),
        read("525 of the network before it", Act::status(525), "PB3004"),
        read("HTML with 200", Act::html(), "PB3005"),
        read("an empty body with 200", Act::empty(), "PB3005"),
        read("cut JSON", Act::Cut { bytes: 60 }, "PB3005"),
        read("trouble with those who were deactivated", Act::status(500), "PB3004").skipping(1),
    ]
}

/// Reads, by a search and by the list of what was archived.
pub(super) fn reads() -> Vec<ErrorRow> {
    let read = |name: &str, act: Act, code| ErrorRow::read(name, "notes", SEARCH, act, code);
    let later = |name: &str, act: Act| read(name, act, "PB3003").ends("more_later", Some("PB3003")).then(Then::Later);
    vec![
        read("400 of a search", error(400, "VALIDATION_ERROR"), "PB1105").then(Then::Never),
        read("403 of a search", error(403, "MISSING_SCOPES"), "PB2012").then(Then::Never),
        later("429 SECONDLY of a search", throttled("SECONDLY", &[])),
        later("429 DAILY of a search", throttled("DAILY", &[])).waiting(TOMORROW),
        read("500 of a search", Act::status(500), "PB3004"),
        read("HTML with 200 to a search", Act::html(), "PB3005"),
        read("cut JSON of a search", Act::Cut { bytes: 60 }, "PB3005"),
    ]
}

/// What the token address says when an access token has ended.
pub(super) fn logins() -> Vec<ErrorRow> {
    let renewal = |name: &str, act: Act, code| {
        let mut row = ErrorRow::read(name, "owners", OWNERS, Act::empty(), code).by(expire, |_| Ok(()));
        row.rules = vec![Rule::on("POST", "/oauth/2026-03/token", act).times(0)];
        row
    };
    let said = |status: &str| answer(400, &[], &json!({ "status": status, "message": "no", "correlationId": "5a1f" }));
    vec![
        renewal("BAD_REFRESH_TOKEN: the app was uninstalled", said("BAD_REFRESH_TOKEN"), "PB2002").breaks("PB2002"),
        renewal("BAD_CLIENT_SECRET: the operator's mistake", said("BAD_CLIENT_SECRET"), "PB2003"),
        renewal("BAD_CLIENT_ID: the operator's mistake", said("BAD_CLIENT_ID"), "PB2003"),
        renewal("429 at the token address", Act::status(429), "PB2003"),
        renewal("500 at the token address", Act::status(500), "PB2003"),
    ]
}

/// Notes with files, and tasks.
pub(super) fn writes() -> Vec<ErrorRow> {
    let write = |name: &str, act: Act, code| ErrorRow::write(name, "note", NOTE, act, code);
    let failed = |name: &str, act: Act, code| write(name, act, code).ends("failed", Some(code));
    let later = |name: &str, act: Act| write(name, act, "PB3003").ends("planned", Some("PB3003")).then(Then::Later);
    let of_report = |name: &str, on, act: Act, code| ErrorRow::write(name, "report", on, act, code);
    let of_todo = |name: &str, on, act: Act, code| ErrorRow::write(name, "todo", on, act, code);
    vec![
        write("400 VALIDATION_ERROR", error(400, "VALIDATION_ERROR"), "PB4001"),
        write("401", error(401, "EXPIRED_AUTHENTICATION"), "PB2002")
            .times(0)
            .ends("waiting", Some("PB2002"))
            .breaks("PB2002"),
        write("an expired token, and a refresh helps", Act::empty(), "").by(expire, |_| Ok(())).survived(),
        failed("403 MISSING_SCOPES", error(403, "MISSING_SCOPES"), "PB2012"),
        failed("404 OBJECT_NOT_FOUND", error(404, "OBJECT_NOT_FOUND"), "PB3006"),
        failed("409 CONFLICT", error(409, "CONFLICT"), "PB3007"),
        write("423 locked", error(423, "LOCKED"), "PB3004").ends("planned", Some("PB3004")).then(Then::Again),
        later("429 TEN_SECONDLY_ROLLING", throttled("TEN_SECONDLY_ROLLING", &[])),
        unknown(write("500", Act::status(500), "PB4004")),
        unknown(write("502: a timeout", Act::status(502), "PB4004")),
        unknown(write("504: a timeout", Act::status(504), "PB4004")),
        unknown(write("524 of the network before it", Act::status(524), "PB4004")),
        unknown(write("HTML with 200", Act::html(), "PB4004")),
        unknown(write("a note whose answer is lost is found by its mark", Act::LoseAnswer, "PB4004")),
        unknown(write("a note whose answer is cut", Act::Cut { bytes: 20 }, "PB4004")),
        unknown(write("a note that never arrived", Act::Drop, "PB4004")),
        of_report("no answer to a file", FILE, Act::LoseAnswer, "").survived(),
        of_report("a file that never arrives", FILE, Act::Drop, "").survived(),
        of_report("a file is refused: 400", FILE, error(400, "VALIDATION_ERROR"), "PB4001"),
        of_report("a file is refused: 403", FILE, error(403, "MISSING_SCOPES"), "PB2012")
            .ends("failed", Some("PB2012")),
        of_report("the note of a report is refused", NOTE, error(400, "VALIDATION_ERROR"), "PB4001")
            .leaving(&[("file", 1)]),
        unknown(of_report("the note of a report whose answer is lost", NOTE, Act::LoseAnswer, "PB4004")),
        unknown(of_report("the note of a report that never arrived", NOTE, Act::Drop, "PB4004")),
        unknown(of_todo("a task whose answer is lost, and then its link", TASK, Act::LoseAnswer, "PB4004")),
        unknown(of_todo("a task that never arrived", TASK, Act::Drop, "PB4004")),
        of_todo("no answer to the link of a task", LINK, Act::LoseAnswer, "").survived(),
        of_todo("the link of a task is refused for a while", LINK, error(423, "LOCKED"), "PB3004")
            .ends("planned", Some("PB3004"))
            .then(Then::Again),
        unknown(ErrorRow::write(
            "a company whose answer is lost is found by its name",
            "company",
            ("POST", "/crm/v3/objects/companies"),
            Act::LoseAnswer,
            "PB4004",
        )),
        unknown(ErrorRow::write(
            "a deal that never arrived",
            "deal",
            ("POST", "/crm/v3/objects/deals"),
            Act::Drop,
            "PB4004",
        )),
    ]
}

/// Upserts, which do no harm twice.
pub(super) fn upserts() -> Vec<ErrorRow> {
    let write = |name: &str, act: Act, code| ErrorRow::write(name, "contact", UPSERT, act, code);
    let row = |category: &str| {
        answer(
            207,
            &[],
            &json!({ "status": "COMPLETE", "results": [], "numErrors": 1, "errors": [{ "status": "error",
            "category": category, "message": "no", "context": { "propertyName": ["email"] } }] }),
        )
    };
    vec![
        write("207 with a row that is refused", row("VALIDATION_ERROR"), "PB4001"),
        write("207 with a row that conflicts", row("CONFLICT"), "PB3007").ends("failed", Some("PB3007")),
        write("207 with a row that lacks a scope", row("MISSING_SCOPES"), "PB2012").ends("failed", Some("PB2012")),
        write("400 VALIDATION_ERROR", error(400, "VALIDATION_ERROR"), "PB4001"),
        unknown(write("an answer that is lost", Act::LoseAnswer, "PB4004")),
        unknown(write("one that never arrived", Act::Drop, "PB4004")),
        unknown(write("503", Act::status(503), "PB4004")),
        write("429", throttled("TEN_SECONDLY_ROLLING", &[]), "PB3003")
            .ends("planned", Some("PB3003"))
            .then(Then::Later),
    ]
}

/// Nobody knows whether it is there; it is looked for, and sent once more when it is not.
fn unknown(row: ErrorRow) -> ErrorRow {
    row.ends("unknown", Some("PB4004")).then(Then::Again).waiting(SETTLED)
}
