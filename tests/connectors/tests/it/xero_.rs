//! Xero: one login with several organisations, each read by itself; notes and files that are written once for each key;
//! errors whose status alone does not tell what they mean.

mod organisations;

use std::time::Duration;

use patchbay_connector_tests::{ActionCase, Case, ErrorRow, File, Row, Scene, StreamCase, Then, chaos, journey, stage};
use patchbay_test_support::{
    Browser, Page, Result, Trouble,
    fakes::{Act, Login, Rule, xero::Xero},
};
use serde_json::{Value, json};

/// The organisation that the consent shares; another one was shared long before.
const BAKKERIJ: &str = "Bakkerij Peeters";
const INVOICES: (&str, &str) = ("GET", "/api.xro/2.0/Invoices");
const CONTACTS: (&str, &str) = ("PUT", "/api.xro/2.0/Contacts/");
const TOKEN: &str = "/connect/token";
const NOTE: &[(&str, usize)] = &[("history", 1)];
const FILE: &[(&str, usize)] = &[("attachment", 1)];

pub(crate) fn case() -> Case {
    Case {
        prepare: |scene| {
            let fake = scene.fake::<Xero>()?;
            let client = fake.client();
            fake.allow_redirect(&scene.register(&client.id, &client.secret)?);
            // The harness reads every account of a connection, and a practice has nothing to read: see `organisations`.
            fake.disconnect("owner", &fake.tenant("Praktijk Noord"));
            // Every report of every row hangs on the same contact.
            fake.allow_files(1_000);
            Ok(())
        },
        connect: |scene| scene.connect_by_session(&[], |browser, address| allow(scene, browser, address)),
        reconnect: |scene, connection| {
            scene.reconnect_by_session(&[], connection, |browser, address| allow(scene, browser, address))
        },
        account: "Bakkerij Peeters and 1 more",
        streams: vec![
            StreamCase::of("contacts", |scene| rows_of(scene, "Contacts", "/ContactID")),
            StreamCase::of("invoices", |scene| rows_of(scene, "Invoices", "/InvoiceID")),
            StreamCase::of("bank_transactions", |scene| rows_of(scene, "BankTransactions", "/BankTransactionID")),
            StreamCase::of("payments", |scene| rows_of(scene, "Payments", "/PaymentID")),
            StreamCase::of("credit_notes", |scene| rows_of(scene, "CreditNotes", "/CreditNoteID")),
            StreamCase::of("accounts", |scene| rows_of(scene, "Accounts", "/AccountID")),
            StreamCase::of("items", |scene| rows_of(scene, "Items", "/ItemID")),
            StreamCase::of("organisation", |scene| rows_of(scene, "Organisation", "/OrganisationID")),
            StreamCase::of("users", |scene| rows_of(scene, "Users", "/UserID")),
            StreamCase::of("tax_rates", |scene| rows_of(scene, "TaxRates", "/TaxType")),
            StreamCase::of("tracking_categories", |scene| rows_of(scene, "TrackingCategories", "/TrackingCategoryID")),
            StreamCase::of("currencies", |scene| rows_of(scene, "Currencies", "/Code")),
        ],
        change,
        actions: vec![
            ActionCase::of(
                "report",
                contact,
                |text| json!({ "title": "Verslag", "text": text }),
                &[("attachment", 1), ("history", 1)],
            )
            .with(vec![File::pdf("verslag-12-03.pdf")]),
            ActionCase::of("note", contact, |text| json!({ "text": text }), NOTE),
            ActionCase::of("file", contact, |_| json!({}), FILE).with(vec![File::pdf("offerte-2026.pdf")]),
            ActionCase::of("document_note", invoice, |text| json!({ "text": text }), NOTE),
            ActionCase::of("document_file", invoice, |_| json!({}), FILE).with(vec![File::pdf("bon.pdf")]),
            ActionCase::of("contact", organisation, |text| json!({ "name": text }), &[("contact", 1)])
                .changing(&[("contact", 1)]),
            ActionCase::of("invoice", contact, a_bill, &[("invoice", 1)]),
        ],
        break_credential: |scene| {
            scene.fake::<Xero>()?.revoke_all();
            Ok(())
        },
        secrets: |scene| Ok(scene.fake::<Xero>()?.secrets()),
        rows: |_| Ok([reads(), tokens(), writes()].into_iter().flatten().collect()),
        ..Case::of("xero", stage::<Xero>)
    }
}

fn allow(scene: &Scene<'_>, browser: &mut Browser, address: &str) -> Result<Page> {
    let fake = scene.fake::<Xero>()?;
    walk(browser, address, &fake.login("owner"), &fake.tenant(BAKKERIJ))
}

/// Through the pages of the provider, where an organisation is chosen; the page that leads back.
fn walk(browser: &mut Browser, address: &str, login: &Login, tenant: &str) -> Result<Page> {
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
    browser.submit_named(&page, "consent", &[("tenant", tenant), ("decision", "allow")])
}

/// The records of all organisations that are shared, whole.
fn rows_of(scene: &Scene<'_>, list: &str, key: &str) -> Result<Vec<Row>> {
    let fake = scene.fake::<Xero>()?;
    let mut rows = Vec::new();
    for one in fake.organisations("owner") {
        rows.extend(fake.records(&one.tenant, list).into_iter().map(|record| Row::of(&one.tenant, key, record)));
    }
    Ok(rows)
}

/// In each organisation a little of every list, with documents that are voided.
fn change(scene: &Scene<'_>) -> Result<()> {
    let fake = scene.fake::<Xero>()?;
    fake.organisations("owner").iter().for_each(|one| fake.touch(&one.tenant));
    Ok(())
}

/// The second contact of the organisation that was chosen.
fn contact(scene: &Scene<'_>) -> Result<Value> {
    target(scene, "Contacts", "ContactID")
}

fn invoice(scene: &Scene<'_>) -> Result<Value> {
    target(scene, "Invoices", "InvoiceID")
}

/// Where new contacts go.
fn organisation(scene: &Scene<'_>) -> Result<Value> {
    Ok(json!({ "id": scene.fake::<Xero>()?.tenant(BAKKERIJ) }))
}

/// An invoice with a price that no float holds.
fn a_bill(text: &str) -> Value {
    json!({ "type": "bill", "reference": text, "date": "2026-03-12", "due": "2026-04-12",
        "lines": [{ "description": "Meel", "quantity": "1.5", "price": "99.9999", "account": "200" }] })
}

fn target(scene: &Scene<'_>, list: &str, key: &str) -> Result<Value> {
    let fake = scene.fake::<Xero>()?;
    let tenant = fake.tenant(BAKKERIJ);
    let record = fake.records(&tenant, list).into_iter().nth(1).unwrap_or_default();
    Ok(json!({ "id": format!("{tenant}/{}", record[key].as_str().unwrap_or_default()) }))
}

/// An error as Xero words most of them.
fn said(status: u16, detail: &str) -> Act {
    let body = json!({ "Type": null, "Title": "x", "Status": status, "Detail": detail,
        "Instance": "c4bd0000-0000-4000-8000-000000000099", "Extensions": {} });
    answer(status, &[("content-type", "application/json")], &body.to_string())
}

/// An error of what was sent.
fn exception(number: u16, kind: &str) -> Act {
    let elements = json!([{ "ValidationErrors": [{ "Message": "x" }] }]);
    let body = json!({ "ErrorNumber": number, "Type": kind, "Message": "x", "Elements": elements });
    answer(400, &[("content-type", "application/json")], &body.to_string())
}

fn throttled(problem: &str, wait: &str) -> Act {
    answer(429, &[("retry-after", wait), ("x-rate-limit-problem", problem)], "")
}

fn page(status: u16) -> Act {
    answer(status, &[("content-type", "text/html")], "<html><body>The service is offline</body></html>")
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Act {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Act::Answer { status, headers, body: body.to_owned() }
}

/// The error table of the sheet, over a list.
fn reads() -> Vec<ErrorRow> {
    let read = |name: &str, act: Act, code| ErrorRow::read(name, "invoices", INVOICES, act, code);
    let given_up = |name: &str, act: Act, code| read(name, act, code).then(Then::Never);
    let waits = |name: &str, act: Act| read(name, act, "").ends("more_later", Some("PB3003")).then(Then::Later);
    vec![
        read("401 TokenExpired, a refresh helps", Act::empty(), "").by(expire, |_| Ok(())).survived(),
        read("401 TokenExpired, a refresh does not help", said(401, "TokenExpired: token expired"), "PB2002")
            .breaks("PB2002"),
        given_up("401 AuthorizationUnsuccessful: a scope", said(401, "AuthorizationUnsuccessful"), "PB2012"),
        given_up("403 AuthenticationUnsuccessful: the tenant", said(403, "AuthenticationUnsuccessful"), "PB2012"),
        given_up("400 QueryParseException", exception(16, "QueryParseException"), "PB1105"),
        given_up("400 ValidationException at a read", exception(10, "ValidationException"), "PB1105"),
        given_up("404", page(404), "PB3006"),
        given_up("412", Act::status(412), "PB1105"),
        given_up("501", Act::status(501), "PB1105"),
        read("429 for a second", throttled("minute", "1"), "").times(1).survived(),
        waits("429 without a wait", Act::status(429)),
        waits("429 minute", throttled("minute", "60")),
        waits("429 appminute", throttled("appminute", "45")),
        waits("429 day: hours, and nobody sleeps", throttled("day", "40000")),
        read("500", Act::status(500), "PB3004"),
        read("503 as a page", page(503), "PB3004"),
        read("HTML with 200", Act::html(), "PB3005"),
        read("XML with 200", answer(200, &[("content-type", "text/xml")], "<Response/>"), "PB3005"),
        read("an empty body with 200", Act::empty(), "PB3005"),
        read("cut JSON", Act::Cut { bytes: 200 }, "PB3005"),
        read("304, nothing newer", Act::status(304), "").times(1).survived(),
        read("a connection that closes", Act::Drop, "PB3004"),
    ]
}

/// What the token address says when it is asked to renew.
fn tokens() -> Vec<ErrorRow> {
    let read = |name: &str, act: Act, code| {
        let mut row = ErrorRow::read(name, "invoices", INVOICES, Act::empty(), code).by(expire, |_| Ok(()));
        row.rules = vec![Rule::on("POST", TOKEN, act).times(0)];
        row
    };
    let error =
        |error: &str| answer(400, &[("content-type", "application/json")], &json!({ "error": error }).to_string());
    vec![
        read("a refresh whose answer is lost: the old token once more", Act::LoseAnswer, "PB2003").times(1),
        read("invalid_grant at a refresh", error("invalid_grant"), "PB2002").breaks("PB2002"),
        read("500 at a refresh: the connection is not broken", Act::status(500), "PB2003"),
    ]
}

/// The error table over writes.
fn writes() -> Vec<ErrorRow> {
    let write = |name: &str, act: Act, code| ErrorRow::write(name, "note", CONTACTS, act, code);
    let failed = |name: &str, act: Act, code| write(name, act, code).ends("failed", Some(code));
    let unknown = |row: ErrorRow| row.ends("unknown", Some("PB4004")).then(Then::Again);
    vec![
        write("400 ValidationException at a write", exception(10, "ValidationException"), "PB4001"),
        failed("401 AuthorizationUnsuccessful at a write", said(401, "AuthorizationUnsuccessful"), "PB2012").times(0),
        failed("403 AuthenticationUnsuccessful at a write", said(403, "AuthenticationUnsuccessful"), "PB2012"),
        failed("404 at a write", page(404), "PB3006"),
        failed("412 at a write", Act::status(412), "PB1105"),
        write("429 for a second at a write", throttled("minute", "1"), "").survived(),
        write("429 at a write", Act::status(429), "PB3003").ends("planned", Some("PB3003")).then(Then::Later),
        unknown(write("500 at a write", Act::status(500), "PB4004")),
        unknown(write("a note whose answer is lost: the same key again", Act::LoseAnswer, "PB4004")),
        unknown(write("a note that never arrived", Act::Drop, "PB4004")),
        unknown(write("HTML with 200 at a write", Act::html(), "PB4004")),
        unknown(ErrorRow::write("a file whose answer is lost", "report", CONTACTS, Act::LoseAnswer, "PB4004"))
            .containing("Attachments"),
        ErrorRow::write(
            "a report whose note is refused",
            "report",
            CONTACTS,
            exception(10, "ValidationException"),
            "PB4001",
        )
        .containing("History")
        .ends("unknown", Some("PB4001"))
        .leaving(FILE),
        unknown(ErrorRow::write(
            "an invoice whose answer is lost",
            "invoice",
            ("PUT", "/api.xro/2.0/Invoices"),
            Act::LoseAnswer,
            "PB4004",
        )),
        ErrorRow::write(
            "a file that a document does not take",
            "document_file",
            ("PUT", "/api.xro/2.0/Invoices/"),
            exception(10, "ValidationException"),
            "PB4001",
        ),
    ]
}

/// The access token has ended, and is old enough that the host believes it.
fn expire(scene: &Scene<'_>) -> Result<()> {
    scene.rig.advance(Duration::from_secs(120))?;
    scene.fake::<Xero>()?.expire_access();
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
