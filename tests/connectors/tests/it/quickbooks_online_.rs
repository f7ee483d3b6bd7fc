//! QuickBooks Online: one company for each connection, named by the callback alone; changes that are remembered for thirty days;
//! notes and files that are written once for each request id; faults with any status.

mod companies;

use std::time::Duration;

use patchbay_connector_tests::{
    ActionCase, Case, ErrorRow, File, Row, Scene, StreamCase, Then, at_once, chaos, journey, stage,
};
use patchbay_test_support::{
    Browser, Page, Result, Trouble,
    fakes::{Act, Login, Rule, quickbooks_online::QuickbooksOnline},
};
use serde_json::{Value, json};

const MOLEN: &str = "De Molen BV";
const READS: (&str, &str) = ("GET", "/v3/company/");
const WRITES: (&str, &str) = ("POST", "/v3/company/");
const TOKEN: &str = "/oauth2/v1/tokens/bearer";
const SINCE: &str = "changedSince";
const NOTE: &[(&str, usize)] = &[("note", 1)];
const FILE: &[(&str, usize)] = &[("file", 1)];
const CUSTOMER: &[(&str, usize)] = &[("customer", 1)];

pub(crate) fn case() -> Case {
    Case {
        install: at_once,
        prepare: |scene| {
            let fake = scene.fake::<QuickbooksOnline>()?;
            let client = fake.client();
            fake.allow_redirect(&scene.register(&client.id, &client.secret)?);
            Ok(())
        },
        connect: |scene| scene.connect_by_session(&[], |browser, address| allow(scene, browser, address)),
        reconnect: |scene, connection| {
            scene.reconnect_by_session(&[], connection, |browser, address| allow(scene, browser, address))
        },
        account: MOLEN,
        streams: vec![
            StreamCase::of("customers", |scene| rows_of(scene, "Customer")).asks_since(SINCE),
            StreamCase::of("vendors", |scene| rows_of(scene, "Vendor")).asks_since(SINCE),
            StreamCase::of("accounts", |scene| rows_of(scene, "Account")).asks_since(SINCE),
            StreamCase::of("items", |scene| rows_of(scene, "Item")).asks_since(SINCE),
            StreamCase::of("invoices", |scene| rows_of(scene, "Invoice")).asks_since(SINCE),
            StreamCase::of("bills", |scene| rows_of(scene, "Bill")).asks_since(SINCE),
            StreamCase::of("payments", |scene| rows_of(scene, "Payment")).asks_since(SINCE),
            StreamCase::of("purchases", |scene| rows_of(scene, "Purchase")).asks_since(SINCE),
            StreamCase::of("deposits", |scene| rows_of(scene, "Deposit")).asks_since(SINCE),
            StreamCase::of("transfers", |scene| rows_of(scene, "Transfer")).asks_since(SINCE),
            StreamCase::of("journal_entries", |scene| rows_of(scene, "JournalEntry")).asks_since(SINCE),
            StreamCase::of("company", |scene| rows_of(scene, "CompanyInfo")),
        ],
        change: |scene| {
            let fake = scene.fake::<QuickbooksOnline>()?;
            fake.touch(&fake.realm(MOLEN));
            Ok(())
        },
        actions: vec![
            ActionCase::of(
                "report",
                customer,
                |text| json!({ "title": "Verslag", "text": text }),
                &[("file", 1), ("note", 1)],
            )
            .with(vec![File::pdf("verslag-12-03.pdf")]),
            ActionCase::of("note", customer, |text| json!({ "text": text }), NOTE),
            ActionCase::of("file", vendor, |text| json!({ "name": text }), FILE).with(vec![File::pdf("offerte.pdf")]),
            ActionCase::of("document_note", invoice, |text| json!({ "text": text }), NOTE),
            ActionCase::of("document_file", bill, |text| json!({ "name": text }), FILE)
                .with(vec![File::pdf("bon.pdf")]),
            ActionCase::of("remark", customer, |text| json!({ "text": text }), CUSTOMER),
            ActionCase::of("customer", |_| Ok(Value::Null), |text| json!({ "name": text, "city": "Gent" }), CUSTOMER)
                .changing(CUSTOMER),
        ],
        break_credential: |scene| {
            scene.fake::<QuickbooksOnline>()?.revoke_all();
            Ok(())
        },
        secrets: |scene| Ok(scene.fake::<QuickbooksOnline>()?.secrets()),
        rows: |_| Ok([reads(), tokens(), writes()].into_iter().flatten().collect()),
        ..Case::of("quickbooks-online", stage::<QuickbooksOnline>)
    }
}

fn allow(scene: &Scene<'_>, browser: &mut Browser, address: &str) -> Result<Page> {
    let fake = scene.fake::<QuickbooksOnline>()?;
    walk(browser, address, &fake.login("owner"), &fake.realm(MOLEN))
}

/// Through the pages of the provider, where a company is chosen; the page that leads back.
fn walk(browser: &mut Browser, address: &str, login: &Login, realm: &str) -> Result<Page> {
    let page = browser.open(address)?;
    let provider = page.url.origin().ascii_serialization();
    let mut page = browser.settle_at(page, &[&provider])?;
    if page.form_named("login").is_ok() {
        let typed = [("user", login.user.as_str()), ("password", login.password.as_str())];
        let signed = browser.submit_named(&page, "login", &typed)?;
        page = browser.settle_at(signed, &[&provider])?;
    }
    if page.form_named("consent").is_err() {
        return Err(Trouble::new(format!("{} is no consent page: {} {}", page.url, page.status, page.text)));
    }
    browser.submit_named(&page, "consent", &[("realm", realm), ("decision", "allow")])
}

fn rows_of(scene: &Scene<'_>, entity: &str) -> Result<Vec<Row>> {
    let fake = scene.fake::<QuickbooksOnline>()?;
    Ok(fake.records(&fake.realm(MOLEN), entity).into_iter().map(|record| Row::of("", "/Id", record)).collect())
}

fn customer(scene: &Scene<'_>) -> Result<Value> {
    target(scene, "Customer", None)
}

fn vendor(scene: &Scene<'_>) -> Result<Value> {
    target(scene, "Vendor", Some("vendor"))
}

fn invoice(scene: &Scene<'_>) -> Result<Value> {
    target(scene, "Invoice", None)
}

fn bill(scene: &Scene<'_>) -> Result<Value> {
    target(scene, "Bill", Some("bill"))
}

/// The second record of an entity.
fn target(scene: &Scene<'_>, entity: &str, kind: Option<&str>) -> Result<Value> {
    let fake = scene.fake::<QuickbooksOnline>()?;
    let record = fake.records(&fake.realm(MOLEN), entity).into_iter().nth(1).unwrap_or_default();
    let mut target = json!({ "id": record["Id"] });
    if let (Some(members), Some(kind)) = (target.as_object_mut(), kind) {
        members.insert("kind".to_owned(), json!(kind));
    }
    Ok(target)
}

/// A fault of the books.
fn fault(status: u16, code: &str) -> Act {
    typed(status, code, "ValidationFault")
}

fn typed(status: u16, code: &str, kind: &str) -> Act {
    let error = json!([{ "Message": "x", "Detail": "x : null", "code": code, "element": "" }]);
    json_answer(status, &json!({ "Fault": { "Error": error, "type": kind }, "time": "2026-03-12T04:10:00.000-07:00" }))
}

/// A fault of the gateway, in small letters.
fn gateway(status: u16, code: &str, kind: &str) -> Act {
    let error = json!([{ "message": "x", "detail": "x", "code": code, "element": null }]);
    let fault = json!({ "error": error, "type": kind });
    json_answer(
        status,
        &json!({ "warnings": null, "intuitObject": null, "fault": fault, "time": 1_773_302_400_000_u64 }),
    )
}

fn json_answer(status: u16, body: &Value) -> Act {
    answer(status, &[("content-type", "application/json")], &body.to_string())
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Act {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Act::Answer { status, headers, body: body.to_owned() }
}

/// The error table of the sheet, over a list.
fn reads() -> Vec<ErrorRow> {
    let read = |name: &str, act: Act, code| ErrorRow::read(name, "invoices", READS, act, code);
    let given_up = |name: &str, act: Act, code| read(name, act, code).then(Then::Never);
    let breaks = |name: &str, act: Act| read(name, act, "PB2002").breaks("PB2002");
    let waits = |name: &str, act: Act| read(name, act, "").ends("more_later", Some("PB3003")).then(Then::Later);
    vec![
        read("401 3200, a refresh helps", Act::empty(), "").by(expire, |_| Ok(())).survived(),
        breaks("401 3200 of the gateway, a refresh does not help", gateway(401, "3200", "AUTHENTICATION")),
        breaks("401 120: no administrator any more", typed(401, "120", "AuthorizationFault")),
        breaks("400 120: no administrator any more", typed(400, "120", "AuthorizationFault")),
        breaks("403 3100: not authorised for this company", typed(403, "3100", "AuthorizationFault")),
        breaks("200 with an AuthenticationFault", typed(200, "3200", "AuthenticationFault")),
        given_up("400 6190: the subscription has ended", fault(400, "6190"), "PB2012"),
        given_up("200 with 6190", fault(200, "6190"), "PB2012"),
        given_up("400 610 at a read", fault(400, "610"), "PB3006"),
        given_up("400 4000: the query is not understood", fault(400, "4000"), "PB1105"),
        given_up("400 4001", fault(400, "4001"), "PB1105"),
        given_up("400 500: Unsupported Operation", fault(400, "500"), "PB1105"),
        given_up("400 2170 at a read", fault(400, "2170"), "PB1105"),
        given_up("200 with a ValidationFault", fault(200, "2500"), "PB1105"),
        given_up("404", answer(404, &[("content-type", "text/html")], "<html></html>"), "PB3006"),
        read("429 for a second", answer(429, &[("retry-after", "1")], ""), "").times(1).survived(),
        waits("429 ThrottleExceeded without a wait", typed(429, "3001", "ServiceFault")),
        waits("429 003001 of the gateway", gateway(429, "003001", "THROTTLE")),
        waits("200 with 3001", typed(200, "3001", "ServiceFault")),
        read("200 with a SystemFault", typed(200, "10000", "SystemFault"), "PB3004"),
        read("500", typed(500, "10000", "SystemFault"), "PB3004"),
        read("503", Act::status(503), "PB3004"),
        read("504", Act::status(504), "PB3004"),
        read("HTML with 200", Act::html(), "PB3005"),
        read("XML with 200", answer(200, &[("content-type", "application/xml")], "<IntuitResponse/>"), "PB3005"),
        read("an empty body with 200", Act::empty(), "PB3005"),
        read("JSON without the list's part", json_answer(200, &json!({ "time": "x" })), "PB3005"),
        read("cut JSON", Act::Cut { bytes: 40 }, "PB3005"),
        read("a connection that closes", Act::Drop, "PB3004"),
    ]
}

/// What the token address says when it is asked to renew.
fn tokens() -> Vec<ErrorRow> {
    let read = |name: &str, act: Act, code| {
        let mut row = ErrorRow::read(name, "invoices", READS, Act::empty(), code).by(expire, |_| Ok(()));
        row.rules = vec![Rule::on("POST", TOKEN, act).times(0)];
        row
    };
    let dead = json!({ "error": "invalid_grant", "error_description": "Incorrect Token type or clientID" });
    vec![
        read("a refresh whose answer is lost: the same token once more", Act::LoseAnswer, "PB2003").times(1),
        read("invalid_grant at a refresh", json_answer(400, &dead), "PB2002").breaks("PB2002"),
        read("500 at a refresh: the connection is not broken", Act::status(500), "PB2003"),
    ]
}

/// The error table over writes.
fn writes() -> Vec<ErrorRow> {
    let write = |name: &str, act: Act, code| ErrorRow::write(name, "note", WRITES, act, code);
    let failed = |name: &str, act: Act, code| write(name, act, code).ends("failed", Some(code));
    let unknown = |row: ErrorRow| row.ends("unknown", Some("PB4004")).then(Then::Again);
    let later = |name: &str, act: Act, code| write(name, act, code).ends("planned", Some(code)).then(Then::Later);
    let waits_for_login =
        |name: &str, act: Act| write(name, act, "PB2002").times(0).ends("waiting", Some("PB2002")).breaks("PB2002");
    let remark = |name: &str, act: Act, code| {
        ErrorRow::write(name, "remark", WRITES, act, code).containing("/customer?").ends("failed", Some(code))
    };
    vec![
        write("400 2020 at a write", fault(400, "2020"), "PB4001"),
        write("400 6000 at a write", fault(400, "6000"), "PB4001"),
        write("400 6540 at a write", fault(400, "6540"), "PB4001"),
        write("400 6210: the books are closed", fault(400, "6210"), "PB4001"),
        write("200 with a ValidationFault at a write", fault(200, "2500"), "PB4001"),
        waits_for_login("401 3200 at a write, a refresh does not help", gateway(401, "3200", "AUTHENTICATION")),
        waits_for_login("401 120 at a write", typed(401, "120", "AuthorizationFault")),
        waits_for_login("403 3100 at a write", typed(403, "3100", "AuthorizationFault")),
        failed("400 610 at a write", fault(400, "610"), "PB3006"),
        failed("400 6190 at a write", fault(400, "6190"), "PB2012"),
        failed("400 4000 at a write", fault(400, "4000"), "PB1105"),
        failed("404 at a write", answer(404, &[("content-type", "text/html")], "<html></html>"), "PB3006"),
        write("429 for a second at a write", answer(429, &[("retry-after", "1")], ""), "").survived(),
        later("429 without a wait at a write", typed(429, "3001", "ServiceFault"), "PB3003"),
        later("200 with 3001 at a write", typed(200, "3001", "ServiceFault"), "PB3003"),
        later("200 with a SystemFault at a write", typed(200, "10000", "SystemFault"), "PB3004"),
        later("400 600: the same request id is at work", fault(400, "600"), "PB3004"),
        unknown(write("500 at a write", Act::status(500), "PB4004")),
        unknown(write("a note whose answer is lost: the same request id again", Act::LoseAnswer, "PB4004")),
        unknown(write("a note that never arrived", Act::Drop, "PB4004")),
        unknown(write("HTML with 200 at a write", Act::html(), "PB4004")),
        unknown(ErrorRow::write("a file whose answer is lost", "report", WRITES, Act::LoseAnswer, "PB4004"))
            .containing("/upload?"),
        ErrorRow::write("a fault in the slot of a file", "file", WRITES, slot(), "PB4001").containing("/upload?"),
        ErrorRow::write("a report whose note is refused", "report", WRITES, fault(400, "6000"), "PB4001")
            .containing("/attachable?")
            .ends("unknown", Some("PB4001"))
            .leaving(FILE),
        remark("5010 once: the customer is read again", fault(400, "5010"), "").times(1).survived(),
        remark("5010 with 200, once", fault(200, "5010"), "").times(1).survived(),
        remark("5010 again and again", fault(400, "5010"), "PB3007").times(0),
        unknown(remark("a remark whose answer is lost: it is there already", Act::LoseAnswer, "PB4004")),
        unknown(remark("a remark that never arrived", Act::Drop, "PB4004")),
        ErrorRow::write("400 6240: the name is taken", "customer", WRITES, fault(400, "6240"), "PB4001"),
        unknown(ErrorRow::write("a customer whose answer is lost", "customer", WRITES, Act::LoseAnswer, "PB4004")),
    ]
}

/// An upload whose one file was not taken.
fn slot() -> Act {
    let error = json!([{ "Message": "x", "Detail": "x", "code": "6000" }]);
    json_answer(200, &json!({ "AttachableResponse": [{ "Fault": { "Error": error, "type": "ValidationFault" } }] }))
}

/// The access token has ended, and is old enough that the host believes it.
fn expire(scene: &Scene<'_>) -> Result<()> {
    scene.rig.advance(Duration::from_secs(120))?;
    scene.fake::<QuickbooksOnline>()?.expire_access();
    Ok(())
}

#[test]
fn the_whole_journey() -> Result<()> {
    journey(&case())
}

#[test]
fn each_row_of_the_error_table() -> Result<()> {
    chaos(&case())
}
