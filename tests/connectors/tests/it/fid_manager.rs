//! FID-Manager: an office's own address, keys from a mail, clients and folders, reports to the documents to approve.

use std::time::Duration;

use patchbay_connector_tests::{ActionCase, Case, ErrorRow, File, Row, Scene, StreamCase, Then, chaos, journey, stage};
use patchbay_it::{Rig, RigSetup, Tenant, Variant};
use patchbay_test_support::{
    Result, Trouble,
    fakes::{
        Act, FakesConfig, Rule, also,
        fid_manager::{Behaviour, CODE, Document, DocumentType, FidManager, ORIGIN, Repeat},
    },
    wait_until,
};
use serde_json::{Value, json};

const DOCUMENT: &[(&str, usize)] = &[("document", 1)];

pub(crate) fn case() -> Case {
    Case {
        install: quick,
        prepare: |scene| scene.grant(&[ORIGIN]),
        connect: |scene| scene.connect_by_fields("keys", &fields(scene)?),
        settings: |_| Ok(json!({ "partner_code": CODE, "default_folder": "Verslagen" })),
        account: "Kantoor Voorbeeld",
        streams: vec![
            StreamCase::of("clients", clients).asks_since("updated_since"),
            StreamCase::of("folders", folders),
            StreamCase::of("document_types", document_types),
        ],
        change,
        actions: vec![
            ActionCase::of("report_document", target, |text| json!({ "title": text, "date": "2026-11-21" }), DOCUMENT)
                .with(vec![File::pdf("verslag.pdf")]),
        ],
        break_credential: |scene| {
            // Somebody opens the access again: the pair that is connected ends.
            let _mailed = scene.fake::<FidManager>()?.reopen();
            Ok(())
        },
        reconnect: |scene, connection| scene.reconnect_by_fields("keys", &fields(scene)?, connection),
        secrets: |scene| Ok(scene.fake::<FidManager>()?.secrets()),
        rows: |_| Ok(rows()),
        ..Case::of("fid-manager", stage::<FidManager>)
    }
}

/// The same office, whose server opens a session first, and a folder that is chosen.
fn session_case() -> Case {
    Case {
        connect: |scene| scene.connect_by_fields("session", &fields(scene)?),
        reconnect: |scene, connection| scene.reconnect_by_fields("session", &fields(scene)?, connection),
        actions: vec![ActionCase::of(
            "report_document",
            |scene| {
                let folder = rows_of(scene, "folder")?.into_iter().next().unwrap_or_default();
                Ok(json!({ "id": folder["client_id"].to_string(), "folder": folder["id"].to_string() }))
            },
            |text| json!({ "title": text, "text": "Besproken met de klant.\nNiets te melden." }),
            DOCUMENT,
        )],
        ..case()
    }
}

/// As it is packed, but for the pace: sixty requests a minute are no pace for a test.
fn quick(scene: &Scene<'_>) -> Result<()> {
    let mut variant = Variant::of_connector("fid-manager", "0.1.0")?;
    variant.manifest.rates.iter_mut().for_each(|rate| rate.per_minute = rate.per_minute.map(|_| 60_000));
    scene.rig.install(variant.pack()?).map(drop)
}

fn fields(scene: &Scene<'_>) -> Result<Value> {
    let keys = scene.fake::<FidManager>()?.login();
    // As people paste it.
    Ok(json!({ "base_url": format!("{ORIGIN}/nl/"), "user": keys.user, "password": keys.password }))
}

fn rows_of(scene: &Scene<'_>, kind: &str) -> Result<Vec<Value>> {
    Ok(scene.fake::<FidManager>()?.records(kind))
}

fn active(scene: &Scene<'_>) -> Result<Vec<Value>> {
    Ok(rows_of(scene, "client")?.into_iter().filter(|client| client["active"] == json!(true)).collect())
}

fn clients(scene: &Scene<'_>) -> Result<Vec<Row>> {
    Ok(active(scene)?.into_iter().map(Row::by_id).collect())
}

fn folders(scene: &Scene<'_>) -> Result<Vec<Row>> {
    let clients: Vec<Value> = active(scene)?.iter().map(|client| client["id"].clone()).collect();
    let of_active = rows_of(scene, "folder")?.into_iter().filter(|folder| clients.contains(&folder["client_id"]));
    let row = |mut folder: Value| {
        let client = folder["client_id"].to_string();
        let key = json!([client, folder["id"]]).to_string();
        folder["client_id"] = json!(client);
        Row { account: String::new(), key, record: folder }
    };
    Ok(of_active.map(row).collect())
}

fn document_types(scene: &Scene<'_>) -> Result<Vec<Row>> {
    let ours = rows_of(scene, "document_type")?.into_iter();
    Ok(ours.filter(|kind| kind["partner_code"] == CODE && kind["active"] == json!(true)).map(Row::by_id).collect())
}

/// One client is new, one has another name, one left; two folders and the type are other than before.
fn change(scene: &Scene<'_>) -> Result<()> {
    let fake = scene.fake::<FidManager>()?;
    let before = active(scene)?;
    let id = |place: usize| before.get(place).and_then(|client| client["id"].as_u64());
    let (Some(first), Some(last)) = (id(0), before.len().checked_sub(1).and_then(id)) else {
        return Err(Trouble::new("there are no clients"));
    };
    let round = fake.records("client").len();
    fake.rename_client(first, &format!("Bakkerij {round} BV"));
    fake.leave(last);
    let new = fake.add_client(&format!("Nieuw {round} BV"));
    fake.add_folder(new, "Verslagen");
    fake.add_folder(first, &format!("Nota's {round}"));
    let name = format!("Verslag {round}");
    fake.map(CODE, DocumentType { name, active: true, may_read: true, at_once: false });
    Ok(())
}

fn target(scene: &Scene<'_>) -> Result<Value> {
    let first = active(scene)?.into_iter().next().unwrap_or_default();
    Ok(json!({ "id": first["id"].to_string() }))
}

/// Sheet 4, row by row.
fn rows() -> Vec<ErrorRow> {
    let clients = ("GET", "/api/v1/clients");
    let read = |name: &str, act: Act, code| ErrorRow::read(name, "clients", clients, act, code);
    let documents = ("POST", "/api/v1/documents");
    let write = |name: &str, act: Act, code| ErrorRow::write(name, "report_document", documents, act, code);
    let duplicate = r#"{"error":{"code":"duplicate"}}"#;
    let conflict = Act::Answer { status: 409, headers: json_headers(), body: duplicate.to_owned() };
    let unmapped = r#"{"error":{"code":"validation","message":"x","fields":{"partner_code":"unknown"}}}"#;
    let unmapped = Act::Answer { status: 422, headers: json_headers(), body: unmapped.to_owned() };
    vec![
        read("400 at a list", Act::status(400), "PB1105").then(Then::Never),
        read("422 at a list", Act::status(422), "PB1105").then(Then::Never),
        write("400 at a report", Act::status(400), "PB4001"),
        write("422 at a report", Act::status(422), "PB4001"),
        write("422 for a code that is not mapped", unmapped, "PB3012").ends("failed", Some("PB3012")),
        read("401", Act::status(401), "PB2002").breaks("PB2002"),
        read("401 as a page on which people log in", html_401(), "PB2002").breaks("PB2002"),
        read("403", Act::status(403), "PB2012").then(Then::Never),
        read("the access is closed", Act::Drop, "PB2012")
            .by(|scene| closed(scene, true), |scene| closed(scene, false))
            .then(Then::Never),
        write("403 for a type that may not be read", Act::status(403), "PB2012").ends("failed", Some("PB2012")),
        read("404", Act::status(404), "PB3006").then(Then::Never),
        write("404 at a report", Act::status(404), "PB3006").ends("failed", Some("PB3006")),
        read("nobody answers at this address", Act::Drop, "PB3004"),
        write("409 that names nothing", conflict, "PB3007").ends("failed", Some("PB3007")),
        write("413", Act::status(413), "PB4001"),
        write("415", Act::status(415), "PB4001"),
        read("429", Act::too_many("60"), "PB3003").ends("more_later", Some("PB3003")).then(Then::Later),
        read("429 for a moment", Act::too_many("1"), "").times(1).survived(),
        write("429 for a moment at a report", Act::too_many("1"), "").survived(),
        read("500", Act::status(500), "PB3004"),
        read("a page of HTML with 200", Act::html(), "PB3005"),
        read("an empty body", Act::empty(), "PB3005"),
        read("cut JSON", Act::Cut { bytes: 40 }, "PB3005"),
        write("500 at a report", Act::status(500), "PB4004").ends("unknown", Some("PB4004")).then(Then::Again),
        write("a lost answer", Act::LoseAnswer, "PB4004").ends("unknown", Some("PB4004")).then(Then::Again),
    ]
}

fn json_headers() -> Vec<(String, String)> {
    vec![("content-type".to_owned(), "application/json".to_owned())]
}

fn html_401() -> Act {
    let headers = vec![("content-type".to_owned(), "text/html".to_owned())];
    Act::Answer { status: 401, headers, body: "<!doctype html><form></form>".to_owned() }
}

fn closed(scene: &Scene<'_>, closed: bool) -> Result<()> {
    scene.fake::<FidManager>()?.close(closed);
    Ok(())
}

#[test]
fn connected_read_twice_written_twice_broken_and_repaired() -> Result<()> {
    journey(&case())
}

#[test]
fn with_a_session_and_a_text_instead_of_a_file() -> Result<()> {
    journey(&session_case())
}

#[test]
fn an_office_without_a_name_and_with_pages_for_errors() -> Result<()> {
    journey(&Case {
        account: "kantoorvoorbeeld",
        prepare: |scene| {
            let behaviour = Behaviour { html_401: true, without_me: true, ..Behaviour::default() };
            scene.fake::<FidManager>()?.behave(behaviour);
            scene.grant(&[ORIGIN])
        },
        ..case()
    })
}

#[test]
fn each_row_of_the_error_table_has_its_outcome() -> Result<()> {
    chaos(&case())
}

/// A tenant that connected, and whose clients are read.
fn connected() -> Result<(Rig, Tenant, String)> {
    let also = also::all().into_iter().filter(|one| one.name() == "fid-manager").collect();
    let fakes = Some(FakesConfig { also, ..FakesConfig::small() });
    let rig = RigSetup { fakes, test_clock: true, ..RigSetup::default() }.start()?;
    rig.install_connectors(&["fid-manager"])?;
    let grant = json!({ "customer_origins": { "listed": [ORIGIN] } });
    rig.operator.put("/v1/connectors/patchbay.fid-manager/grant", &grant)?.expect(200)?;
    let tenant = rig.tenant("A")?;
    let keys = fake(&rig).login();
    let fields = json!({ "base_url": ORIGIN, "user": keys.user, "password": keys.password });
    let wanted = json!({ "connector": "patchbay.fid-manager", "auth": "keys", "fields": fields });
    let id = tenant.api.post("/v1/connections", &wanted)?.expect(201)?.text_at("/id")?;
    tenant.settled()?;
    Ok((rig, tenant, id))
}

fn fake(rig: &Rig) -> &FidManager {
    &rig.fakes.stand::<FidManager>().expect("the fake was started").provider
}

#[test]
fn a_meetings_report_waits_for_approval_in_the_folder_that_was_picked() -> Result<()> {
    let (rig, tenant, id) = connected()?;
    let wanted = fake(&rig).records("client").into_iter().next().unwrap_or_default();
    let name = wanted["name"].as_str().unwrap_or_default();
    let choices = tenant.pick(&id, "clients", name, &[])?;
    let client = choices.iter().find(|choice| choice["id"] == json!(wanted["id"].to_string()));
    let client = client.and_then(|choice| choice["id"].as_str()).expect("the client is among its own names").to_owned();
    // A folder that was made after everything was read is there all the same.
    let folder = fake(&rig).add_folder(wanted["id"].as_u64().unwrap_or_default(), "Vergaderingen");
    let folders = tenant.pick(&id, "folders", "vergader", &[("clients", &client)])?;
    let [choice] = folders.as_slice() else { panic!("one folder: {folders:?}") };
    assert_eq!((&choice["id"], &choice["hint"]), (&json!(folder.to_string()), &json!("Permanent dossier")));

    let target = json!({ "id": client, "folder": choice["id"] });
    let meeting = |source: &str| {
        json!({
            "connector": "patchbay.fid-manager", "source": source, "target": target, "title": "Overleg btw",
            "date": "2026-11-21", "report": { "title": "Verslag Zoë", "text": "Besproken & beslist.\nNiets meer." },
        })
    };
    let send = |source: &str| -> Result<(Value, Value)> {
        let sent = tenant.api.post("/v1/meetings", &meeting(source))?.expect(200)?;
        let item = sent.array_at("/items")?.into_iter().next().unwrap_or_default();
        let push = tenant.push_ended(item["push"]["id"].as_str().unwrap_or_default())?;
        Ok((item, push))
    };
    // Nothing is sent without the code, and the person is told which setting it is.
    let (_, refused) = send("meeting-1")?;
    assert_eq!((&refused["state"], &refused["reason"]["code"]), (&json!("failed"), &json!("PB3012")), "{refused}");
    assert!(refused.to_string().contains("partner code"), "{refused}");
    let settings = json!({ "settings": { "partner_code": CODE } });
    tenant.api.patch(&format!("/v1/connections/{id}"), &settings)?.expect(200)?;
    for change in ["created", "duplicate"] {
        let (item, push) = send("meeting-2")?;
        assert_eq!((&item["push"]["change"], &push["state"]), (&json!(change), &json!("done")), "{push}");
    }
    let written: Vec<Document> =
        fake(&rig).documents().into_iter().filter(|document| document.external_id.is_some()).collect();
    let [document] = written.as_slice() else { panic!("one document: {written:?}") };
    assert_eq!((document.status.as_str(), document.partner_code.as_str()), ("pending", CODE));
    assert_eq!((document.client.to_string(), document.folder), (client.clone(), Some(folder)));
    assert_eq!((document.title.as_str(), document.date.as_deref()), ("Verslag Zoë", Some("2026-11-21")));
    assert_eq!(document.file.0, "Verslag Zoë.docx");
    Ok(())
}

#[test]
fn an_office_of_another_domain_is_asked_only_once_the_operator_says_so() -> Result<()> {
    let (rig, tenant, _) = connected()?;
    let keys = fake(&rig).login();
    let fields = json!({ "base_url": "https://evil.example", "user": keys.user, "password": keys.password });
    let wanted = json!({ "connector": "patchbay.fid-manager", "auth": "keys", "fields": fields });
    let grant = json!({ "customer_origins": "any_public" });
    rig.operator.put("/v1/connectors/patchbay.fid-manager/grant", &grant)?.expect(200)?;
    let refused = tenant.api.post("/v1/connections", &wanted)?;
    assert_eq!(refused.json["code"], "PB3012", "{}", refused.text());
    assert!(refused.text().contains("fid-manager.be"), "{}", refused.text());
    Ok(())
}

#[test]
fn where_nobody_keeps_our_key_a_lost_answer_waits_for_a_person() -> Result<()> {
    let (rig, tenant, id) = connected()?;
    let settings = json!({ "settings": { "partner_code": CODE } });
    tenant.api.patch(&format!("/v1/connections/{id}"), &settings)?.expect(200)?;
    fake(&rig).behave(Behaviour { repeat: Repeat::Ignored, ..Behaviour::default() });
    let stand = rig.fakes.stand::<FidManager>().ok_or_else(|| Trouble::new("the fake was not started"))?;
    stand.script.add(Rule::on("POST", "/api/v1/documents", Act::LoseAnswer));
    let client = fake(&rig).records("client").into_iter().next().unwrap_or_default();
    let item = json!({
        "connection": id, "action": "report_document", "key": "r1", "target": { "id": client["id"].to_string() },
        "payload": { "title": "Verslag", "text": "Besproken." },
    });
    let push = tenant.api.post("/v1/pushes", &item)?.expect(201)?.text_at("/id")?;
    tenant.push_is(&push, &["unknown"])?;
    rig.advance(Duration::from_secs(600))?;
    let looked = wait_until("a look for it", Duration::from_secs(30), || {
        let push = tenant.get(&format!("/v1/pushes/{push}"))?.json;
        Ok((push["looks"].as_u64() > Some(0)).then_some(push))
    })?;
    assert_eq!(looked["state"], json!("unknown"), "{looked}");
    assert_eq!(fake(&rig).titled("Verslag").len(), 1, "it is not sent a second time");
    Ok(())
}
