//! SARE and SAREhub: a key or a login, contacts group by group, reports that the operator switched on, mails that go out once.

use patchbay_connector_tests::{ActionCase, Case, ErrorRow, Row, Scene, StreamCase, Then, chaos, journey, stage};
use patchbay_it::{Rig, RigSetup, Tenant, Variant, items, leads};
use patchbay_test_support::{
    Browser, Result, Trouble,
    fakes::{
        Act, FakesConfig, Stand, also,
        sare::{Behaviour, Sare, UID},
    },
};
use serde_json::{Value, json};

use crate::consent::walk;

const REMOVED: [u64; 3] = [2, 3, 4];
const ROUTING: &str = "hub234.sare.1.message.email";

pub(crate) fn case() -> Case {
    Case {
        install: quick,
        connect: |scene| scene.connect_by_fields("key", &fields(scene)?),
        settings: |_| Ok(json!({ "sender": "sklep@demo.example" })),
        account: "SARE 12345",
        streams: vec![
            StreamCase::of("groups", |scene| Ok(rows_of(scene, "group")?.into_iter().map(Row::by_id).collect())),
            StreamCase::of("contacts", contacts),
            StreamCase::of("newsletters", |scene| {
                Ok(rows_of(scene, "newsletter")?.into_iter().map(Row::by_id).collect())
            }),
            StreamCase::of("sends", |scene| Ok(rows_of(scene, "send")?.into_iter().map(Row::by_id).collect()))
                .asks_since("from="),
            StreamCase::of("events", |scene| Ok(rows_of(scene, "event")?.into_iter().map(Row::by_id).collect()))
                .asks_since("since="),
        ],
        change,
        actions: vec![
            ActionCase::of(
                "send_email",
                |_| Ok(json!({ "id": "ola@poczta.example" })),
                |text| json!({ "subject": text, "html": "<p>Dziękujemy</p>", "text": "Dziękujemy" }),
                &[("mail", 1)],
            ),
            ActionCase::of(
                "contact",
                |_| Ok(json!({ "id": "1" })),
                |text| json!({ "email": "osoba+1@poczta.example", "comment": text, "properties": { "prop1": "VIP" } }),
                &[("contact", 1)],
            ),
            ActionCase::of(
                "remove_from_group",
                |_| Ok(json!({ "id": "3" })),
                |_| json!({ "email": "osoba+2@poczta.example" }),
                &[("member-removed", 1)],
            ),
            ActionCase::of(
                "hub_event",
                |_| Ok(json!({ "id": ROUTING })),
                |text| json!({ "type": "tag", "user": { "email": "ola@poczta.example" }, "params": { "tag": text } }),
                &[("hub-event", 1)],
            ),
        ],
        break_credential: |scene| {
            scene.fake::<Sare>()?.replace_key();
            Ok(())
        },
        reconnect: |scene, connection| scene.reconnect_by_fields("key", &fields(scene)?, connection),
        secrets: |scene| Ok(scene.fake::<Sare>()?.secrets()),
        rows: |_| Ok(rows()),
        ..Case::of("sare", stage::<Sare>)
    }
}

/// The login at SARE, as the hub's seed asks for it.
fn login_case() -> Case {
    Case {
        prepare: |scene| {
            let fake = scene.fake::<Sare>()?;
            let client = fake.client();
            fake.allow_redirect(&scene.register(&client.id, &client.secret)?);
            Ok(())
        },
        connect: by_login,
        reconnect: |scene, connection| {
            let made = by_login(scene)?;
            let other = || Trouble::new(format!("{made} was made, and {connection} was to be repaired"));
            if made == connection { Ok(()) } else { Err(other()) }
        },
        account: "Sklep Demo",
        break_credential: |scene| {
            scene.fake::<Sare>()?.revoke_all();
            Ok(())
        },
        ..case()
    }
}

/// *Zaloguj się*, *Autoryzuj aplikację*; the module of the hub is typed before.
fn by_login(scene: &Scene<'_>) -> Result<String> {
    let fake = scene.fake::<Sare>()?;
    let (module, login) = (fake.module(), fake.login());
    let session = scene.tenant.session(&scene.case.id, &json!({ "verification": "off", "auth": "oauth" }))?;
    let mut browser = Browser::default();
    let fields = [("hub_module", module.user.as_str()), ("hub_secret", module.password.as_str())];
    let away = browser.link(&session.url, &scene.case.id, &fields)?;
    let back = walk(&mut browser, &leads(&away)?, &login)?;
    let done = browser.return_to(&back)?;
    if done.status != 200 {
        return Err(Trouble::new(format!("the callback answered {}: {}", done.status, done.text)));
    }
    scene.tenant.made_by(&session.id)
}

/// As it is packed, but for the pace, and with the reports that an operator would switch on.
fn quick(scene: &Scene<'_>) -> Result<()> {
    let mut variant = Variant::of_connector("sare", "0.1.0")?;
    variant.manifest.rates.iter_mut().for_each(|rate| rate.per_minute = rate.per_minute.map(|_| 60_000));
    if let Some(config) = &mut variant.manifest.config {
        config.defaults["reports"] = json!(true);
    }
    scene.rig.install(variant.pack()?).map(drop)
}

fn fields(scene: &Scene<'_>) -> Result<Value> {
    let fake = scene.fake::<Sare>()?;
    let module = fake.module();
    Ok(json!({ "uid": UID, "key": fake.key(), "hub_module": module.user, "hub_secret": module.password }))
}

fn rows_of(scene: &Scene<'_>, kind: &str) -> Result<Vec<Value>> {
    Ok(scene.fake::<Sare>()?.records(kind))
}

/// Those who are in a group and were not removed.
fn contacts(scene: &Scene<'_>) -> Result<Vec<Row>> {
    let groups: Vec<Value> = rows_of(scene, "group")?.iter().map(|group| group["id"].clone()).collect();
    let here = |contact: &Value| {
        let removed = contact["status"].as_u64().is_some_and(|status| REMOVED.contains(&status));
        let inside = contact["groups"].as_array().is_some_and(|all| all.iter().any(|group| groups.contains(group)));
        inside && !removed
    };
    let all = rows_of(scene, "contact")?.into_iter();
    Ok(all.filter(here).map(|contact| Row::of("", "/email", contact)).collect())
}

fn change(scene: &Scene<'_>) -> Result<()> {
    let fake = scene.fake::<Sare>()?;
    let round = fake.records("contact").len();
    let group = fake.add_group(&format!("Grupa {round}"));
    let email = format!("nowa{round}@poczta.example");
    fake.add_contact(&email, "Nowa", &[1, group]);
    fake.rename("osoba+1@poczta.example", &format!("Osoba {round}"));
    // Who came in the round before is removed.
    fake.set_status(&format!("nowa{}@poczta.example", round.saturating_sub(1)), 2);
    fake.add_newsletter(&format!("Nowy {round}"));
    fake.open_newest_send();
    fake.add_send(&format!("Wysyłka {round}"));
    fake.add_event("open", &email);
    Ok(())
}

/// Sheet 10, row by row.
fn rows() -> Vec<ErrorRow> {
    let groups = ("GET", "/api/v1/12345/group/list");
    let read = |name: &str, act: Act, code| ErrorRow::read(name, "groups", groups, act, code);
    let send = ("POST", "/api/v1/12345/send/mail/transactional");
    let write = |name: &str, act: Act, code| ErrorRow::write(name, "send_email", send, act, code);
    let publish = ("POST", "/v1/publish/routing/");
    let hub = |name: &str, act: Act, code| ErrorRow::write(name, "hub_event", publish, act, code);
    let row_error = r#"{"code":200,"response":{"error":[{"email":"x","why":"Invalid email address"}]}}"#;
    vec![
        read("401", Act::status(401), "PB2002").breaks("PB2002"),
        read("403", Act::status(403), "PB2002").breaks("PB2002"),
        read("another key", Act::Drop, "PB2002")
            .by(
                |scene| {
                    scene.fake::<Sare>()?.replace_key();
                    Ok(())
                },
                |_| Ok(()),
            )
            .breaks("PB2002"),
        read("a code of 401 inside a success", code(401), "PB2002").breaks("PB2002"),
        read("400", Act::status(400), "PB1105").then(Then::Never),
        read("422", Act::status(422), "PB1105").then(Then::Never),
        read("a code of 400 inside a success", code(400), "PB1105").then(Then::Never),
        write("400 at a mail", Act::status(400), "PB4001"),
        write("422 at a mail", Act::status(422), "PB4001"),
        write("a code of 422 inside a success", code(422), "PB4001"),
        write("a row that is refused inside a success", said(200, row_error), "PB4001"),
        read("404", Act::status(404), "PB3006").then(Then::Never),
        write("404 at a mail", Act::status(404), "PB3006").ends("failed", Some("PB3006")),
        read("429", Act::too_many("60"), "PB3003").ends("more_later", Some("PB3003")).then(Then::Later),
        read("429 for a moment", Act::too_many("1"), "").times(1).survived(),
        write("429 for a moment at a mail", Act::too_many("1"), "").survived(),
        read("500", Act::status(500), "PB3004"),
        read("a page of HTML with 200", Act::html(), "PB3004"),
        read("an empty body", Act::empty(), "PB3005"),
        read("cut JSON", Act::Cut { bytes: 20 }, "PB3005"),
        // A mail cannot be looked for: nothing is sent again, and a person looks.
        write("500 at a mail", Act::status(500), "PB4004").ends("unknown", Some("PB4004")),
        write("HTML at a mail", Act::html(), "PB4004").ends("unknown", Some("PB4004")),
        write("a lost answer to a mail", Act::LoseAnswer, "PB4004")
            .ends("unknown", Some("PB4004"))
            .leaving(&[("mail", 1)]),
        hub("400 of the hub", said(400, r#"{"state":"error","message":"x"}"#), "PB4001"),
        hub("an error of the hub inside a success", said(200, r#"{"state":"error","message":"x"}"#), "PB4001"),
        hub("403 of the hub: not on the whitelist", Act::Drop, "PB2012")
            .by(|scene| whitelist(scene, false), |scene| whitelist(scene, true))
            .ends("failed", Some("PB2012")),
        hub("500 of the hub", Act::status(500), "PB4004").ends("unknown", Some("PB4004")),
    ]
}

fn said(status: u16, body: &str) -> Act {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Act::Answer { status, headers, body: body.to_owned() }
}

fn code(code: u16) -> Act {
    said(200, &json!({ "code": code, "message": "x" }).to_string())
}

fn whitelist(scene: &Scene<'_>, on: bool) -> Result<()> {
    scene.fake::<Sare>()?.behave(Behaviour { on_whitelist: on, ..Behaviour::default() });
    Ok(())
}

#[test]
fn connected_read_twice_written_twice_broken_and_repaired() -> Result<()> {
    journey(&case())
}

#[test]
fn with_a_login_at_sare() -> Result<()> {
    journey(&login_case())
}

#[test]
fn each_row_of_the_error_table_has_its_outcome() -> Result<()> {
    chaos(&case())
}

/// A tenant that connected with a key, at a host as it is installed: reports are off.
fn connected() -> Result<(Rig, Tenant, String)> {
    let also = also::all().into_iter().filter(|one| one.name() == "sare").collect();
    let rig = RigSetup { fakes: Some(FakesConfig { also, ..FakesConfig::small() }), ..RigSetup::default() }.start()?;
    rig.install_connectors(&["sare"])?;
    let tenant = rig.tenant("A")?;
    let fields = json!({ "uid": UID, "key": fake(&rig)?.provider.key() });
    let wanted = json!({ "connector": "patchbay.sare", "auth": "key", "fields": fields });
    let id = tenant.api.post("/v1/connections", &wanted)?.expect(201)?.text_at("/id")?;
    tenant.settled()?;
    Ok((rig, tenant, id))
}

fn fake(rig: &Rig) -> Result<&Stand<Sare>> {
    rig.fakes.stand::<Sare>().ok_or_else(|| Trouble::new("the fake was not started"))
}

#[test]
fn reports_are_asked_for_once_the_operator_switches_them_on() -> Result<()> {
    let (rig, tenant, id) = connected()?;
    let asked = || -> Result<usize> {
        let entries = fake(&rig)?.journal.entries();
        Ok(entries.iter().filter(|entry| entry.path.contains("/report/")).count())
    };
    let read = |stream: &str| -> Result<usize> {
        let run = tenant.ended(&tenant.run(&tenant.sync(&id, stream)?)?)?;
        assert_eq!(run["state"], json!("done"), "{run}");
        Ok(items(&tenant.api, &format!("/v1/connections/{id}/records/{stream}?limit=100"))?.len())
    };
    assert_eq!((read("sends")?, read("events")?, asked()?), (0, 0, 0));
    let correction = json!({ "config": { "reports": true } });
    rig.operator.put("/v1/connectors/patchbay.sare/config", &correction)?.expect(200)?;
    assert_eq!((read("sends")?, read("events")?), (14, 14));
    assert!(asked()? > 0);
    // Where a login leads is a power: it is not corrected by the way.
    let elsewhere = json!({ "config": { "token_url": "https://evil.example/token" } });
    rig.operator.put("/v1/connectors/patchbay.sare/config", &elsewhere)?.expect(409)?;
    Ok(())
}

#[test]
fn each_function_has_a_switch_of_its_own() -> Result<()> {
    let (rig, tenant, id) = connected()?;
    let path = format!("/v1/connections/{id}");
    let detail = tenant.api.patch(&path, &json!({ "settings": { "sender": "sklep@demo.example" } }))?.expect(200)?;
    let functions: Vec<Value> = detail.array_at("/functions")?;
    let served: Vec<(&Value, &Value)> = functions.iter().map(|one| (&one["function"], &one["actions"])).collect();
    for (function, actions) in [
        ("relations", json!(["contact", "remove_from_group"])),
        ("messages", json!(["send_email"])),
        ("events", json!(["hub_event"])),
    ] {
        assert!(served.contains(&(&json!(function), &actions)), "{function}: {served:?}");
    }
    let mail = json!({
        "connection": id, "action": "send_email", "key": "m1", "target": { "id": "ola@poczta.example" },
        "payload": { "subject": "Temat", "text": "Witaj" },
    });
    let contact = json!({
        "connection": id, "action": "contact", "key": "c1", "target": { "id": "1" },
        "payload": { "email": "nowa@poczta.example", "name": "Nowa" },
    });
    tenant.api.patch(&path, &json!({ "functions": { "messages": false } }))?.expect(200)?;
    let skipped = tenant.api.post("/v1/pushes", &mail)?.expect(201)?;
    assert_eq!(skipped.json["state"], json!("skipped"), "{}", skipped.text());
    let kept = tenant.api.post("/v1/pushes", &contact)?.expect(201)?.text_at("/id")?;
    assert_eq!(tenant.push_ended(&kept)?["state"], json!("done"));
    assert!(fake(&rig)?.provider.mails().is_empty());
    tenant.api.patch(&path, &json!({ "functions": { "messages": true } }))?.expect(200)?;
    let again = tenant.api.post("/v1/pushes", &mail)?.expect(200)?.text_at("/id")?;
    assert_eq!(tenant.push_ended(&again)?["state"], json!("done"));
    assert_eq!(fake(&rig)?.provider.mails().len(), 1);
    // Without a module, the hub's event says what is missing.
    let event = json!({
        "connection": id, "action": "hub_event", "key": "e1", "target": { "id": ROUTING },
        "payload": { "type": "tag", "user": { "email": "ola@poczta.example" }, "params": {} },
    });
    let event = tenant.api.post("/v1/pushes", &event)?.expect(201)?.text_at("/id")?;
    let failed = tenant.push_ended(&event)?;
    assert_eq!((&failed["state"], &failed["reason"]["code"]), (&json!("failed"), &json!("PB3012")), "{failed}");
    Ok(())
}
