//! HubSpot: one portal for each consent, refresh tokens that stay, searches that reach so far and no further, and records that are
//! written by keys of the customer's own, by marks, or by name.

mod product;
mod rows;

use patchbay_connector_tests::{ActionCase, Case, ErrorRow, File, Row, Scene, StreamCase, chaos, journey, stage};
use patchbay_it::Variant;
use patchbay_test_support::{
    Browser, Page, Result, Trouble,
    fakes::{Login, hubspot::Hubspot},
};
use serde_json::{Value, json};

pub(crate) fn case() -> Case {
    Case {
        prepare: |scene| {
            let fake = scene.fake::<Hubspot>()?;
            let client = fake.client();
            fake.allow_redirect(&scene.register(&client.id, &client.secret)?);
            Ok(())
        },
        connect: |scene| scene.connect_by_session(&[], |browser, address| allow(scene, browser, address)),
        reconnect: |scene, connection| {
            scene.reconnect_by_session(&[], connection, |browser, address| allow(scene, browser, address))
        },
        account: "HubSpot 14500123",
        streams: vec![
            StreamCase::of("contacts", |scene| records(scene, "contacts")).asks_since("GTE"),
            StreamCase::of("companies", |scene| records(scene, "companies")).asks_since("GTE"),
            StreamCase::of("deals", |scene| records(scene, "deals")).asks_since("GTE"),
            StreamCase::of("notes", |scene| records(scene, "notes")).asks_since("GTE"),
            StreamCase::of("tasks", |scene| records(scene, "tasks")).asks_since("GTE"),
            StreamCase::of("owners", |scene| {
                Ok(scene.fake::<Hubspot>()?.records("owner").into_iter().map(Row::by_id).collect())
            }),
            StreamCase::of("properties", properties),
        ],
        change,
        actions: vec![
            ActionCase::of("report", contact, report, &[("file", 1), ("note", 1)])
                .with(vec![File::pdf("verslag-12-03.pdf")]),
            ActionCase::of("file", deal, |text| json!({ "text": text }), &[("file", 2), ("note", 1)])
                .with(vec![File::pdf("verslag-12-03.pdf"), File::pdf("bijlage.pdf")]),
            ActionCase::of("note", company, |text| json!({ "text": text }), &[("note", 1)]).changing(&[("change", 1)]),
            ActionCase::of("todo", company, todo, &[("task", 1), ("link", 1)]).changing(&[("change", 1)]),
            ActionCase::of("contact", |_| Ok(Value::Null), person, &[("contact", 1)]).changing(&[("change", 1)]),
            ActionCase::of("company", |_| Ok(Value::Null), named, &[("company", 1)]).changing(&[("change", 1)]),
            ActionCase::of("deal", company, named, &[("deal", 1), ("link", 1)]).changing(&[("change", 1)]),
        ],
        break_credential: |scene| {
            scene.fake::<Hubspot>()?.revoke_all();
            Ok(())
        },
        secrets: |scene| Ok(scene.fake::<Hubspot>()?.secrets()),
        rows: |_| Ok(rows::reads()),
        ..Case::of("hubspot", stage::<Hubspot>)
    }
}

/// The same with the token of a private app.
pub(crate) fn by_private_app() -> Case {
    Case {
        prepare: |_| Ok(()),
        connect: |scene| scene.connect_by_fields("private-app", &token(scene)?),
        reconnect: |scene, connection| {
            scene.fake::<Hubspot>()?.give_private_back();
            scene.reconnect_by_fields("private-app", &token(scene)?, connection)
        },
        ..case()
    }
}

fn token(scene: &Scene<'_>) -> Result<Value> {
    Ok(json!({ "token": scene.fake::<Hubspot>()?.private_token() }))
}

/// A table of its own, over these streams. The connector is packed without the others, since a new connection reads all that there is;
/// and without its pace, which the clock on the wall measures.
fn table(
    streams: &'static [&'static str],
    install: fn(&Scene<'_>) -> Result<()>,
    rows: fn(&Scene<'_>) -> Result<Vec<ErrorRow>>,
) -> Result<()> {
    let mut case = case();
    case.streams.retain(|stream| streams.contains(&stream.name));
    chaos(&Case { install, rows, ..case })
}

/// Installs it with these streams only, and without pickers of the others.
fn install(scene: &Scene<'_>, streams: &[&str]) -> Result<()> {
    let mut variant = Variant::of_connector("hubspot", "0.1.0")?;
    let manifest = &mut variant.manifest;
    manifest.streams.retain(|stream| streams.contains(&stream.name.as_str()));
    manifest.rates.clear();
    manifest.pickers.retain(|picker| picker.name == "records");
    manifest.actions.iter_mut().filter(|action| action.name == "deal").for_each(|action| action.picker = None);
    scene.rig.install(variant.pack()?).map(drop)
}

fn allow(scene: &Scene<'_>, browser: &mut Browser, address: &str) -> Result<Page> {
    let fake = scene.fake::<Hubspot>()?;
    let [main, _] = fake.portals();
    walk(browser, address, &fake.login("els"), main, "allow")
}

/// Through the pages of the provider; the page that leads back.
fn walk(browser: &mut Browser, address: &str, login: &Login, portal: &str, decision: &str) -> Result<Page> {
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
    browser.submit_named(&page, "consent", &[("portal", portal), ("decision", decision)])
}

/// Records of a type as they are now, with what can change of each.
fn records(scene: &Scene<'_>, kind: &str) -> Result<Vec<Row>> {
    let row = |record: &Value| {
        let mut told = json!({ "id": record["id"], "createdAt": record["createdAt"], "updatedAt": record["updatedAt"],
            "archived": record["archived"] });
        if ["contacts", "companies", "deals"].contains(&kind) {
            told["target_id"] = json!(format!("{kind}/{}", record["id"].as_str().unwrap_or_default()));
        }
        Row::by_id(told)
    };
    Ok(scene.fake::<Hubspot>()?.records(kind).iter().map(row).collect())
}

fn properties(scene: &Scene<'_>) -> Result<Vec<Row>> {
    let row = |record: Value| Row {
        account: String::new(),
        key: json!([record["object_type"], record["name"]]).to_string(),
        record,
    };
    Ok(scene.fake::<Hubspot>()?.records("property").into_iter().map(row).collect())
}

/// Of each type something is new, something other, and something archived.
fn change(scene: &Scene<'_>) -> Result<()> {
    let fake = scene.fake::<Hubspot>()?;
    let times = fake.records("owner").len();
    let done = |done: bool, what: &str| if done { Ok(()) } else { Err(Trouble::new(format!("{what} is not there"))) };
    for (kind, name) in [
        ("contacts", "lastname"),
        ("companies", "name"),
        ("deals", "dealname"),
        ("notes", "hs_note_body"),
        ("tasks", "hs_task_subject"),
    ] {
        let there = fake.records(kind);
        let id = |at: usize| there.get(at).and_then(|record| record["id"].as_str()).unwrap_or_default().to_owned();
        done(fake.set(kind, &id(5), name, &format!("Anders {times} & meer")), kind)?;
        done(fake.archive(kind, &id(9)), kind)?;
        fake.make(kind, &[(name, &format!("Nieuw {times}"))]);
    }
    fake.add_owner();
    done(fake.change_owner("80", "lastName", &json!(format!("Claes {times}"))), "an owner")?;
    fake.change_owner("81", "archived", &json!(times % 2 == 0));
    fake.add_property("contacts", &format!("vraag_{times}"));
    Ok(())
}

/// A record of a type that nothing changes.
fn first(scene: &Scene<'_>, kind: &str) -> Result<Value> {
    let there = scene.fake::<Hubspot>()?.records(kind);
    let id = there.first().and_then(|record| record["id"].as_str());
    let id = id.ok_or_else(|| Trouble::new(format!("there are no {kind}")))?;
    Ok(json!({ "id": format!("{kind}/{id}") }))
}

fn contact(scene: &Scene<'_>) -> Result<Value> {
    first(scene, "contacts")
}

fn company(scene: &Scene<'_>) -> Result<Value> {
    first(scene, "companies")
}

fn deal(scene: &Scene<'_>) -> Result<Value> {
    first(scene, "deals")
}

fn report(text: &str) -> Value {
    json!({ "title": "Verslag", "text": text, "meeting": "Overleg", "date": "2026-03-12" })
}

fn todo(text: &str) -> Value {
    json!({ "text": text, "due": "2026-12-01", "assignee": "owner3@voorbeeld.example", "meeting": "Overleg" })
}

/// A contact of its own for each item; what is said besides is changed.
fn person(text: &str) -> Value {
    let letters: String =
        text.split(" But").next().unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).collect();
    json!({ "email": format!("{letters}@klant.example"), "firstname": "Piet", "jobtitle": text })
}

/// A company or a deal of its own for each item.
fn named(text: &str) -> Value {
    json!({ "name": text })
}

#[test]
fn the_whole_journey() -> Result<()> {
    journey(&case())
}

#[test]
fn the_whole_journey_of_a_private_app() -> Result<()> {
    journey(&by_private_app())
}

#[test]
fn each_row_of_the_errors_of_lists() -> Result<()> {
    table(&["owners"], |scene| install(scene, &["owners"]), |_| Ok(rows::lists()))
}

#[test]
fn each_row_of_the_errors_of_searches() -> Result<()> {
    table(&["notes"], |scene| install(scene, &["notes"]), |_| Ok(rows::reads()))
}

#[test]
fn each_row_of_the_errors_of_logins() -> Result<()> {
    table(&["owners"], |scene| install(scene, &["owners"]), |_| Ok(rows::logins()))
}

#[test]
fn each_row_of_the_errors_of_notes_and_files() -> Result<()> {
    table(&["owners"], |scene| install(scene, &["owners"]), |_| Ok(rows::writes()))
}

#[test]
fn each_row_of_the_errors_of_upserts() -> Result<()> {
    table(&["owners"], |scene| install(scene, &["owners"]), |_| Ok(rows::upserts()))
}
