//! Brokercloud: a login whose refresh tokens rotate; parties, and all else when it is chosen; reports as files of a party.

use std::time::Duration;

use patchbay_connector_tests::{ActionCase, Case, ErrorRow, File, Row, Scene, StreamCase, Then, chaos, journey, stage};
use patchbay_it::{Rig, RigSetup, Tenant, leads, pdf};
use patchbay_test_support::{
    Browser, Result,
    fakes::{Act, FakesConfig, also, brokercloud::Brokercloud},
};
use serde_json::{Value, json};

use super::consent::walk;

pub(crate) fn case() -> Case {
    Case {
        settings: |_| Ok(json!({ "further": ["party_files", "contracts", "claims", "users"] })),
        streams: vec![
            StreamCase::of("parties", |scene| rows_of(scene, "party")),
            StreamCase::of("party_files", |scene| rows_of(scene, "file")),
            StreamCase::of("contracts", |scene| rows_of(scene, "contract")),
            StreamCase::of("claims", |scene| rows_of(scene, "claim")),
            StreamCase::of("users", |scene| rows_of(scene, "user")),
        ],
        ..parties()
    }
}

/// What is read when nothing was chosen: few requests, for many rows of a table.
fn parties() -> Case {
    Case {
        prepare: |scene| {
            let fake = scene.fake::<Brokercloud>()?;
            let client = fake.client();
            fake.allow_redirect(&scene.register(&client.id, &client.secret)?);
            Ok(())
        },
        connect: |scene| {
            let login = scene.fake::<Brokercloud>()?.login("broker");
            scene.connect_by_session(&[], |browser, address| walk(browser, address, &login))
        },
        reconnect: |scene, connection| {
            let login = scene.fake::<Brokercloud>()?.login("broker");
            scene.reconnect_by_session(&[], connection, |browser, address| walk(browser, address, &login))
        },
        account: "Brokercloud office 17",
        streams: vec![StreamCase::of("parties", |scene| rows_of(scene, "party"))],
        change,
        actions: vec![
            ActionCase::of(
                "report",
                target,
                |text| json!({ "title": "Verslag", "text": text, "description": "Overleg 2026-11-21" }),
                &[("file", 2)],
            )
            .with(vec![File::pdf("verslag.pdf")]),
        ],
        break_credential: |scene| {
            scene.fake::<Brokercloud>()?.revoke_all();
            Ok(())
        },
        secrets: |scene| Ok(scene.fake::<Brokercloud>()?.secrets()),
        rows: |_| Ok(rows()),
        ..Case::of("brokercloud", stage::<Brokercloud>)
    }
}

fn rows_of(scene: &Scene<'_>, kind: &str) -> Result<Vec<Row>> {
    Ok(scene.fake::<Brokercloud>()?.records(kind).into_iter().map(Row::by_id).collect())
}

fn first(scene: &Scene<'_>) -> Result<u64> {
    let parties = scene.fake::<Brokercloud>()?.records("party");
    Ok(parties.first().and_then(|party| party["id"].as_u64()).unwrap_or_default())
}

fn target(scene: &Scene<'_>) -> Result<Value> {
    Ok(json!({ "id": first(scene)?.to_string() }))
}

fn change(scene: &Scene<'_>) -> Result<()> {
    let fake = scene.fake::<Brokercloud>()?;
    let party = fake.add_party("Nieuwe partij");
    let id = |kind: &str, at: usize| {
        fake.records(kind).into_iter().nth(at).and_then(|record| record["id"].as_u64()).unwrap_or_default()
    };
    fake.change("party", id("party", 1), "name", json!(format!("Hernoemd {party}")));
    fake.remove("party", id("party", 2));
    fake.add_file(first(scene)?, &format!("Polis {party}.pdf"), party);
    fake.change("contract", id("contract", 0), "number", json!(format!("P-{party}")));
    fake.change("claim", id("claim", 0), "status", json!(format!("closed {party}")));
    fake.change("user", id("user", 0), "name", json!(format!("An {party}")));
    Ok(())
}

fn rows() -> Vec<ErrorRow> {
    let read = |name: &str, act: Act, code| ErrorRow::read(name, "parties", ("GET", "/api/v2/parties"), act, code);
    let file = |name: &str, act: Act, code| ErrorRow::write(name, "report", ("POST", "/api/v2/parties/"), act, code);
    vec![
        read("a grant that was taken back", Act::empty(), "PB2002")
            .by(
                |scene| {
                    scene.fake::<Brokercloud>()?.revoke_all();
                    Ok(())
                },
                |_| Ok(()),
            )
            .breaks("PB2002"),
        read("an access token that ended", Act::empty(), "")
            .by(
                |scene| {
                    // A token that was taken a moment ago is not renewed because of a 401.
                    scene.rig.advance(Duration::from_secs(120))?;
                    scene.fake::<Brokercloud>()?.expire_access();
                    Ok(())
                },
                |_| Ok(()),
            )
            .survived(),
        read("400", Act::status(400), "PB1105").then(Then::Never),
        read("401 after a refresh too", Act::status(401), "PB2002").breaks("PB2002"),
        read("403", Act::status(403), "PB2012").then(Then::Never),
        read("404", Act::status(404), "PB3006").then(Then::Never),
        read("429 with a wait", Act::too_many("60"), "PB3003").ends("more_later", Some("PB3003")).then(Then::Later),
        read("429 without a wait", Act::status(429), "PB3003").ends("more_later", Some("PB3003")).then(Then::Later),
        read("503", Act::status(503), "PB3004"),
        read("HTML with 200", Act::html(), "PB3005"),
        read("an empty body", Act::empty(), "PB3005"),
        read("cut JSON", Act::Cut { bytes: 40 }, "PB3005"),
        file("422 at a file", Act::status(422), "PB4001"),
        file("403 at a file", Act::status(403), "PB2012").ends("failed", Some("PB2012")),
        file("404 at a file", Act::status(404), "PB3006").ends("failed", Some("PB3006")),
        file("413 at a file", Act::status(413), "PB4001"),
        file("413 at the second file: the first is there", Act::status(413), "PB4001")
            .skipping(1)
            .ends("unknown", Some("PB4001"))
            .leaving(&[("file", 1)]),
        file("429 at a file", Act::status(429), "PB3003").ends("planned", Some("PB3003")).then(Then::Later),
        file("500 at a file", Act::status(500), "PB4004").ends("unknown", Some("PB4004")).then(Then::Again),
        file("a file whose answer is lost", Act::LoseAnswer, "PB4004")
            .ends("unknown", Some("PB4004"))
            .then(Then::Again),
        file("the second file's answer is lost", Act::LoseAnswer, "PB4004")
            .skipping(1)
            .ends("unknown", Some("PB4004"))
            .then(Then::Again),
    ]
}

#[test]
fn connected_read_twice_written_twice_broken_and_repaired() -> Result<()> {
    journey(&case())
}

#[test]
fn each_row_of_the_error_table_has_its_outcome() -> Result<()> {
    chaos(&parties())
}

/// A tenant whose person logged in as `who`.
fn connected(who: &str) -> Result<(Rig, Tenant, String)> {
    let also = also::all().into_iter().filter(|one| one.name() == "brokercloud").collect();
    let rig = RigSetup { fakes: Some(FakesConfig { also, ..FakesConfig::small() }), ..RigSetup::default() }.start()?;
    rig.install_connectors(&["brokercloud"])?;
    let tenant = rig.tenant("A")?;
    let (client, login) = (fake(&rig).client(), fake(&rig).login(who));
    fake(&rig).allow_redirect(&rig.register("patchbay.brokercloud", &client.id, &client.secret)?);
    let session = tenant.session("patchbay.brokercloud", &json!({ "verification": "off" }))?;
    let mut browser = Browser::default();
    let away = browser.link(&session.url, "patchbay.brokercloud", &[])?;
    let back = walk(&mut browser, &leads(&away)?, &login)?;
    browser.return_to(&back)?;
    let id = tenant.made_by(&session.id)?;
    Ok((rig, tenant, id))
}

fn fake(rig: &Rig) -> &Brokercloud {
    &rig.fakes.stand::<Brokercloud>().expect("the fake was started").provider
}

#[test]
fn a_meetings_report_is_put_with_the_party_that_was_picked() -> Result<()> {
    let (rig, tenant, id) = connected("broker")?;
    fake(&rig).add_party("Garage Zeldzaam BV");
    let choices = tenant.pick(&id, "parties", "zeldzaam", &[])?;
    let [choice] = choices.as_slice() else { panic!("one party: {choices:?}") };
    let blob = tenant.upload("verslag.pdf", "application/pdf", pdf(3, 30_000))?;
    let meeting = json!({
        "connector": "patchbay.brokercloud", "source": "meeting-7", "target": { "id": choice["id"] },
        "title": "Overleg polis", "date": "2026-11-21", "report": { "attachments": [{ "blob": blob }] },
        "todos": [{ "id": "t1", "text": "Bel de klant" }],
    });
    for change in ["created", "duplicate"] {
        let sent = tenant.api.post("/v1/meetings", &meeting)?.expect(200)?;
        let items = sent.array_at("/items")?;
        assert_eq!((&items[0]["push"]["change"], &items[1]["push"]), (&json!(change), &Value::Null), "{items:?}");
        let push = items[0]["push"]["id"].as_str().unwrap_or_default().to_owned();
        assert_eq!(tenant.push_ended(&push)?["state"], "done");
    }
    let files = fake(&rig).records("file");
    let party: u64 = choice["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
    let of_party: Vec<&Value> = files.iter().filter(|file| file["party_id"] == json!(party)).collect();
    let [file] = of_party.as_slice() else { panic!("one file: {of_party:?}") };
    assert_eq!((&file["name"], &file["size"]), (&json!("verslag.pdf"), &json!(30_000)));
    assert!(
        file["description"].as_str().is_some_and(|said| said.starts_with("Overleg polis 2026-11-21 [pb:")),
        "{file}"
    );
    Ok(())
}

#[test]
fn a_customers_portal_login_connects_and_is_told_apart() -> Result<()> {
    let (_rig, tenant, id) = connected("portal")?;
    let connection = tenant.get(&format!("/v1/connections/{id}"))?;
    assert!(connection.text().contains("portal login"), "{}", connection.text());
    Ok(())
}
