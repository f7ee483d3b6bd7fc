//! Silverfin: a login in a browser, companies and what lies below them, notes with files, a consent that is taken back.

use std::sync::Arc;

use patchbay_connector_tests::{ActionCase, Case, ErrorRow, File, Row, Scene, Stage, StreamCase, Then, chaos, journey};
use patchbay_test_support::{
    Result,
    fakes::{Act, silverfin::FIRM},
};
use serde_json::{Value, json};

const REMARK: &[(&str, usize)] = &[("remark", 1)];

pub(crate) fn case() -> Case {
    Case {
        prepare: |scene| {
            let client = scene.rig.fakes.silverfin.provider.client();
            let redirect = scene.register(&client.id, &client.secret)?;
            scene.rig.fakes.silverfin.provider.allow_redirect(&redirect);
            Ok(())
        },
        connect,
        account: "Kantoor Vermeulen & Co",
        streams: vec![
            StreamCase::of("companies", |scene| Ok(rows_of(scene, "company"))),
            StreamCase::of("periods", |scene| Ok(rows_of(scene, "period"))),
            StreamCase::of("reconciliations", |scene| Ok(rows_of(scene, "reconciliation"))),
            StreamCase::of("remarks", |scene| Ok(rows_of(scene, "remark"))),
        ],
        change: |scene| {
            scene.rig.fakes.silverfin.provider.touch();
            Ok(())
        },
        actions: vec![
            ActionCase::of("note", target, |text| json!({ "title": "Talk", "text": text }), REMARK)
                .with(vec![File::pdf("talk.pdf")]),
            ActionCase::of("report", target, |text| json!({ "title": "Report", "text": text }), REMARK)
                .with(vec![File::pdf("report.pdf")]),
            ActionCase::of("file", target, |_| json!({}), &[("document", 1)]).with(vec![File::pdf("file.pdf")]),
            ActionCase::of("todo", target, |text| json!({ "text": text }), REMARK),
        ],
        break_credential: |scene| {
            scene.rig.fakes.silverfin.provider.revoke_all();
            Ok(())
        },
        reconnect: |scene, connection| {
            scene.reconnect_by_session(&[], connection, |browser, address| {
                let login = scene.rig.fakes.silverfin.provider.login();
                browser.silverfin(address, &login.user, &login.password, FIRM, true)
            })
        },
        secrets: |scene| Ok(scene.rig.fakes.silverfin.provider.secrets()),
        rows: |_| Ok(rows()),
        ..Case::of("silverfin", |fakes| {
            let stand = &fakes.silverfin;
            Some(Stage { journal: Arc::clone(&stand.journal), script: Arc::clone(&stand.script) })
        })
    }
}

fn connect(scene: &Scene<'_>) -> Result<String> {
    scene.connect_by_session(&[], |browser, address| {
        let login = scene.rig.fakes.silverfin.provider.login();
        browser.silverfin(address, &login.user, &login.password, FIRM, true)
    })
}

fn rows_of(scene: &Scene<'_>, kind: &str) -> Vec<Row> {
    scene.rig.fakes.silverfin.provider.records(kind).into_iter().map(Row::by_id).collect()
}

/// The first company.
fn target(scene: &Scene<'_>) -> Result<Value> {
    let first = scene.rig.fakes.silverfin.provider.records("company").into_iter().next().unwrap_or_default();
    Ok(json!({ "id": first["id"].to_string() }))
}

fn rows() -> Vec<ErrorRow> {
    let companies = ("GET", "/api/v4/f/13827/companies");
    let read = |name: &str, act: Act, code| ErrorRow::read(name, "companies", companies, act, code);
    let remark = ("POST", "/api/v4/f/13827/companies/");
    let write = |name: &str, act: Act, code| ErrorRow::write(name, "todo", remark, act, code);
    vec![
        read("401, and a refresh does not help", Act::status(401), "PB2002").breaks("PB2002"),
        read("403", Act::status(403), "PB2012").then(Then::Never),
        read("404", Act::status(404), "PB3006").then(Then::Never),
        read("429", Act::too_many("60"), "PB3003").ends("more_later", Some("PB3003")).then(Then::Later),
        read("500", Act::status(500), "PB3004"),
        read("HTML with 200", Act::html(), "PB3005"),
        read("an empty body", Act::empty(), "PB3005"),
        read("cut JSON", Act::Cut { bytes: 40 }, "PB3005"),
        write("403 at a write", Act::status(403), "PB2012").ends("failed", Some("PB2012")),
        write("404 at a write", Act::status(404), "PB3006").ends("failed", Some("PB3006")),
        write("422 at a write", Act::status(422), "PB4001"),
        write("429 at a write", Act::too_many("1"), "").survived(),
        write("500 at a write", Act::status(500), "PB4004").ends("unknown", Some("PB4004")).then(Then::Again),
        write("a lost answer", Act::LoseAnswer, "PB4004").ends("unknown", Some("PB4004")).then(Then::Again),
    ]
}

#[test]
fn connected_read_twice_written_twice_broken_and_repaired() -> Result<()> {
    journey(&case())
}

#[test]
fn each_row_of_the_error_table_has_its_outcome() -> Result<()> {
    chaos(&case())
}
