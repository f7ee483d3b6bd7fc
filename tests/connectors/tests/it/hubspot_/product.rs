//! What HubSpot's customers have besides: tokens of half an hour, searches that reach so far, imports, what is archived or vanishes,
//! properties of their own, limits, and what must not be written twice.

use std::{collections::BTreeSet, time::Duration};

use patchbay_it::{Rig, RigSetup, Tenant, Variant, leads};
use patchbay_test_support::{
    Browser, Result, Trouble,
    fakes::{Act, Entry, FakesConfig, Rule, Stand, also, hubspot::Hubspot},
};
use serde_json::{Value, json};

use super::walk;

const ID: &str = "patchbay.hubspot";
const MINUTE: Duration = Duration::from_secs(60);
const NEVER: &str = "30 3 29 2 *";
/// Longer than a write that is in doubt is left alone before it is looked for.
const SETTLED: Duration = Duration::from_secs(400);

struct World {
    rig: Rig,
    tenant: Tenant,
    connection: String,
}

impl World {
    /// A connection of the first portal, of which these streams were read. Rates, which the clock on the wall measures, are not kept.
    fn start(streams: &[&str], settings: &Value) -> Result<Self> {
        let also = also::all().into_iter().filter(|fake| fake.name() == "hubspot").collect();
        let fakes = Some(FakesConfig { also, ..FakesConfig::small() });
        let rig = RigSetup { fakes, test_clock: true, ..RigSetup::default() }.start()?;
        let mut variant = Variant::of_connector("hubspot", "0.1.0")?;
        let manifest = &mut variant.manifest;
        manifest.rates.clear();
        manifest.streams.retain(|stream| streams.contains(&stream.name.as_str()));
        manifest.pickers.retain(|picker| picker.name == "records");
        manifest.actions.iter_mut().filter(|action| action.name == "deal").for_each(|action| action.picker = None);
        rig.install(variant.pack()?)?;
        let tenant = rig.tenant("A")?;
        let mut world = Self { rig, tenant, connection: String::new() };
        let client = world.fake()?.client();
        world.fake()?.allow_redirect(&world.rig.register(ID, &client.id, &client.secret)?);
        let [main, _] = world.fake()?.portals();
        world.connection = world.connect("els", main)?;
        world.tenant.settled()?;
        let path = format!("/v1/connections/{}", world.connection);
        if !settings.is_null() {
            world.tenant.api.patch(&path, &json!({ "settings": settings }))?.expect(200)?;
        }
        for sync in patchbay_it::items(&world.tenant.api, &format!("{path}/syncs"))? {
            let path = format!("/v1/syncs/{}", sync["id"].as_str().unwrap_or_default());
            world.tenant.api.patch(&path, &json!({ "schedule": { "cron": NEVER, "zone": "UTC" } }))?.expect(200)?;
        }
        for stream in streams {
            world.read(stream)?;
        }
        Ok(world)
    }

    fn stand(&self) -> Result<&Stand<Hubspot>> {
        self.rig.fakes.stand::<Hubspot>().ok_or_else(|| Trouble::new("the fake was not started"))
    }

    fn fake(&self) -> Result<&Hubspot> {
        Ok(self.stand()?.provider.as_ref())
    }

    fn connect(&self, who: &str, portal: &str) -> Result<String> {
        let session = self.tenant.session(ID, &json!({ "verification": "off" }))?;
        let mut browser = Browser::default();
        let away = browser.link(&session.url, ID, &[])?;
        let back = walk(&mut browser, &leads(&away)?, &self.fake()?.login(who), portal, "allow")?;
        browser.return_to(&back)?;
        self.tenant.made_by(&session.id)
    }

    fn run(&self, stream: &str) -> Result<Value> {
        self.tenant.ended(&self.tenant.run(&self.tenant.sync(&self.connection, stream)?)?)
    }

    fn read(&self, stream: &str) -> Result<Value> {
        let run = self.run(stream)?;
        assert_eq!(run["state"], json!("done"), "{run}");
        Ok(run)
    }

    /// What came into the feed after a place: operation and key.
    fn came(&self, after: u64) -> Result<BTreeSet<(String, String)>> {
        let text = |change: &Value, name: &str| change[name].as_str().unwrap_or_default().to_owned();
        Ok(self.tenant.feed(after)?.iter().map(|change| (text(change, "operation"), text(change, "key"))).collect())
    }

    fn last(&self) -> Result<u64> {
        Ok(self.tenant.feed(0)?.last().and_then(|change| change["seq"].as_u64()).unwrap_or_default())
    }

    fn ids(&self, kind: &str) -> Result<Vec<String>> {
        let records = self.fake()?.records(kind);
        Ok(records.iter().filter_map(|record| record["id"].as_str().map(str::to_owned)).collect())
    }

    /// Requests since a moment of the journal whose path holds this.
    fn asked(&self, mark: u64, path: &str) -> Result<Vec<Entry>> {
        Ok(self.stand()?.journal.since(mark).into_iter().filter(|entry| entry.path.contains(path)).collect())
    }

    fn send(&self, key: &str, action: &str, target: &Value, payload: &Value) -> Result<String> {
        let item = json!({ "connection": self.connection, "action": action, "key": key, "target": target, "payload": payload });
        self.tenant.api.post("/v1/pushes", &item)?.expect(201)?.text_at("/id")
    }

    fn within_the_sheet(&self) -> Result<()> {
        let refusals: Vec<String> =
            self.stand()?.journal.entries().into_iter().filter_map(|entry| entry.refusal).collect();
        assert_eq!(refusals, Vec::<String>::new());
        Ok(())
    }
}

fn updates(ids: &[String]) -> BTreeSet<(String, String)> {
    ids.iter().map(|id| ("update".to_owned(), id.clone())).collect()
}

#[test]
fn a_search_that_reaches_less_than_has_changed_passes_over_nothing() -> Result<()> {
    let world = World::start(&["contacts"], &Value::Null)?;
    let fake = world.fake()?;
    world.rig.advance(600 * MINUTE)?;
    // Two pages of 200, and a search that reaches one of them.
    fake.reach(200);
    fake.change_many("contacts", 230);
    let (after, mark) = (world.last()?, world.stand()?.journal.last());
    world.read("contacts")?;
    assert_eq!(world.came(after)?, updates(&world.ids("contacts")?));
    assert_eq!(world.asked(mark, "/search")?.len(), 2);
    assert_eq!(world.asked(mark, "/objects/contacts")?.len(), 3, "two searches, and the list of what was archived");
    world.within_the_sheet()
}

#[test]
fn an_import_that_is_more_than_a_search_reaches_is_read_from_the_list() -> Result<()> {
    let world = World::start(&["contacts"], &Value::Null)?;
    world.rig.advance(600 * MINUTE)?;
    // As the connector believes it to be; in the test it is ten thousand rows fewer.
    let config = json!({ "config": { "search_reach": 200 }, "approve_powers": false });
    world.rig.operator.put(&format!("/v1/connectors/{ID}/config"), &config)?.expect(200)?;
    world.fake()?.reach(200);
    world.fake()?.import("contacts", 230);
    let (after, mark) = (world.last()?, world.stand()?.journal.last());
    let run = world.run("contacts")?;
    assert_eq!(run["state"], json!("more_later"), "what is met again is read by a run of its own: {run}");
    assert_eq!(world.asked(mark, "/search")?.len(), 2, "another page of that moment cannot be reached");
    world.rig.advance(MINUTE)?;
    world.tenant.settled()?;
    assert_eq!(world.came(after)?, updates(&world.ids("contacts")?));
    // And the next pass has nothing more to read than what is new.
    world.rig.advance(30 * MINUTE)?;
    let id = world.ids("contacts")?.swap_remove(0);
    assert!(world.fake()?.set("contacts", &id, "lastname", "Nieuw"));
    let after = world.last()?;
    world.run("contacts")?;
    world.rig.advance(MINUTE)?;
    world.tenant.settled()?;
    assert_eq!(world.came(after)?, updates(&[id]));
    world.within_the_sheet()
}

#[test]
fn what_a_search_finds_late_is_found_by_the_next_one() -> Result<()> {
    let world = World::start(&["deals"], &Value::Null)?;
    let (fake, ids) = (world.fake()?, world.ids("deals")?);
    world.rig.advance(10 * MINUTE)?;
    fake.hide_from_search("deals", &ids[3], true);
    assert!(fake.set("deals", &ids[3], "amount", "1.25"));
    world.rig.advance(Duration::from_secs(20))?;
    assert!(fake.set("deals", &ids[4], "amount", "2.25"));
    let after = world.last()?;
    world.read("deals")?;
    assert_eq!(world.came(after)?, updates(&ids[4..5]));
    world.rig.advance(30 * MINUTE)?;
    fake.hide_from_search("deals", &ids[3], false);
    let after = world.last()?;
    world.read("deals")?;
    assert_eq!(world.came(after)?, updates(&ids[3..4]), "although something newer was read before");
    Ok(())
}

#[test]
fn what_is_archived_is_told_at_once_and_what_vanishes_within_a_week() -> Result<()> {
    let world = World::start(&["companies"], &Value::Null)?;
    let (fake, ids) = (world.fake()?, world.ids("companies")?);
    world.rig.advance(10 * MINUTE)?;
    assert!(fake.archive("companies", &ids[7]));
    assert!(fake.forget("companies", &ids[8]));
    let gone = |id: &String| BTreeSet::from([("delete".to_owned(), id.clone())]);
    let after = world.last()?;
    world.read("companies")?;
    assert_eq!(world.came(after)?, gone(&ids[7]));
    world.rig.advance(8 * 1_440 * MINUTE)?;
    let after = world.last()?;
    world.read("companies")?;
    assert_eq!(world.came(after)?, gone(&ids[8]), "what is forgotten for privacy leaves no trace but its absence");
    world.within_the_sheet()
}

#[test]
fn a_property_that_the_settings_add_is_read_of_all_records() -> Result<()> {
    let world = World::start(&["contacts"], &Value::Null)?;
    let path = format!("/v1/connections/{}", world.connection);
    let settings = json!({ "contact_properties": "favourite_colour, no_such_property" });
    world.tenant.api.patch(&path, &json!({ "settings": settings }))?.expect(200)?;
    let after = world.last()?;
    world.read("contacts")?;
    let changes = world.tenant.feed(after)?;
    assert_eq!(changes.len(), world.ids("contacts")?.len());
    let colours =
        changes.iter().filter(|change| change.pointer("/record/properties/favourite_colour") == Some(&json!("groen")));
    assert_eq!(colours.count(), changes.len());
    world.within_the_sheet()
}

#[test]
fn a_token_of_half_an_hour_is_renewed_by_the_clock_and_the_refresh_token_stays() -> Result<()> {
    let world = World::start(&["owners"], &Value::Null)?;
    assert_eq!(world.fake()?.tokens_given(), 1);
    for given in [2, 3] {
        world.rig.advance(31 * MINUTE)?;
        let mark = world.stand()?.journal.last();
        world.read("owners")?;
        assert_eq!(world.fake()?.tokens_given(), given);
        let refused = world.asked(mark, "/crm/")?.into_iter().filter(|entry| entry.status == Some(401)).count();
        assert_eq!(refused, 0, "nobody waits for a refusal to renew a token");
    }
    assert_eq!(world.tenant.stands(&world.connection)?.0, "active");
    world.within_the_sheet()
}

#[test]
fn ten_seconds_that_are_used_up_hold_a_run_back_and_it_goes_on() -> Result<()> {
    let world = World::start(&["contacts"], &Value::Null)?;
    world.rig.advance(600 * MINUTE)?;
    world.fake()?.change_many("contacts", 230);
    world.fake()?.limit_calls(Some(2));
    let after = world.last()?;
    let run = world.run("contacts")?;
    let code = run.pointer("/reason/code").and_then(Value::as_str);
    assert_eq!((run["state"].as_str(), code), (Some("more_later"), Some("PB3003")), "{run}");
    assert!(!world.came(after)?.is_empty(), "what was read until then is kept");
    for _ in 0..5 {
        world.rig.advance(Duration::from_secs(15))?;
        world.tenant.settled()?;
    }
    world.fake()?.limit_calls(None);
    world.read("contacts")?;
    assert_eq!(world.came(after)?, updates(&world.ids("contacts")?));
    world.within_the_sheet()
}

#[test]
fn the_requests_of_a_day_that_are_used_up_are_waited_for_until_midnight_there() -> Result<()> {
    let world = World::start(&["owners"], &Value::Null)?;
    world.fake()?.use_up_day(true);
    let mark = world.stand()?.journal.last();
    let run = world.run("owners")?;
    assert_eq!(run["state"], json!("more_later"), "{run}");
    world.rig.advance(20 * MINUTE)?;
    assert_eq!(world.asked(mark, "/crm/v3/owners")?.len(), 1, "nobody asks again before");
    world.fake()?.use_up_day(false);
    world.rig.advance(26 * 60 * MINUTE)?;
    world.tenant.settled()?;
    world.read("owners")?;
    assert_eq!(world.tenant.stands(&world.connection)?.0, "active");
    Ok(())
}

#[test]
fn an_account_that_is_being_moved_is_left_alone_for_as_long_as_it_asks() -> Result<()> {
    let world = World::start(&["owners"], &Value::Null)?;
    world.fake()?.moving(Some(6 * 3_600));
    let mark = world.stand()?.journal.last();
    let run = world.run("owners")?;
    let code = run.pointer("/reason/code").and_then(Value::as_str);
    assert_eq!((run["state"].as_str(), code), (Some("failed"), Some("PB3004")), "{run}");
    // The wait may be lengthened or shortened by a fifth, so that not all come back at once.
    world.rig.advance(4 * 60 * MINUTE)?;
    assert_eq!(world.asked(mark, "/crm/v3/owners")?.len(), 1);
    world.fake()?.moving(None);
    world.rig.advance(4 * 60 * MINUTE)?;
    world.tenant.settled()?;
    assert!(world.asked(mark, "/crm/v3/owners")?.len() > 1, "it went on by itself");
    assert_eq!(world.tenant.stands(&world.connection)?.0, "active");
    Ok(())
}

#[test]
fn a_scope_that_is_missing_is_named_and_the_rest_goes_on() -> Result<()> {
    let world = World::start(&["owners", "deals"], &Value::Null)?;
    world.fake()?.take_scope("crm.objects.deals.read", true);
    let run = world.run("deals")?;
    let code = run.pointer("/reason/code").and_then(Value::as_str);
    assert_eq!((run["state"].as_str(), code), (Some("failed"), Some("PB2012")), "{run}");
    assert!(run.to_string().contains("crm.objects.deals.read"), "{run}");
    world.read("owners")?;
    assert_eq!(world.tenant.stands(&world.connection)?.0, "active");
    world.fake()?.take_scope("crm.objects.deals.read", false);
    world.read("deals")?;
    world.within_the_sheet()
}

#[test]
fn a_plan_that_lacks_the_files_can_be_connected_all_the_same() -> Result<()> {
    let world = World::start(&["owners"], &Value::Null)?;
    world.fake()?.lack("files");
    let [main, _] = world.fake()?.portals();
    assert_eq!(world.connect("els", main)?, world.connection);
    assert_eq!(world.tenant.stands(&world.connection)?.0, "active");
    Ok(())
}

#[test]
fn two_portals_are_two_connections() -> Result<()> {
    let world = World::start(&["owners"], &Value::Null)?;
    let [_, second] = world.fake()?.portals();
    let other = world.connect("jan", second)?;
    assert_ne!(other, world.connection);
    assert_eq!(world.connect("els", second)?, other, "whoever of a portal connects it, it is the same");
    world.within_the_sheet()
}

#[test]
fn with_a_property_of_unique_values_a_note_is_written_once_and_has_no_mark() -> Result<()> {
    let world = World::start(&["owners"], &json!({ "note_key_property": "patchbay_key" }))?;
    let fake = world.fake()?;
    fake.add_unique_property("notes", "patchbay_key");
    let contact = world.ids("contacts")?.first().cloned().unwrap_or_default();
    let target = json!({ "id": format!("contacts/{contact}") });
    let before = fake.records("notes").len();
    world.stand()?.script.add(Rule::on("POST", "/crm/v3/objects/notes/batch/upsert", Act::LoseAnswer));
    let push = world.send("k-1", "note", &target, &json!({ "text": "Besproken." }))?;
    patchbay_test_support::wait_until("the answer to be lost", MINUTE, || {
        let state = world.tenant.get(&format!("/v1/pushes/{push}"))?.json["state"].clone();
        Ok((state == json!("unknown")).then_some(()))
    })?;
    world.rig.advance(SETTLED)?;
    let done = world.tenant.push_ended(&push)?;
    assert_eq!(done["state"], json!("done"), "{done}");
    let notes = fake.records("notes");
    assert_eq!(notes.len(), before + 1, "once");
    let made = notes.iter().find(|note| note["properties"]["hs_note_body"] == json!("<p>Besproken.</p>"));
    let id = made.and_then(|note| note["id"].as_str()).unwrap_or_default();
    assert_eq!(done.pointer("/object/id"), Some(&json!(id)), "{done}");
    assert!(fake.records("link").contains(&json!([format!("notes/{id}"), format!("contacts/{contact}")])));
    world.within_the_sheet()
}

#[test]
fn of_two_companies_of_one_name_a_person_says_which_one_it_was() -> Result<()> {
    let world = World::start(&["owners"], &Value::Null)?;
    let fake = world.fake()?;
    world.stand()?.script.add(Rule::on("POST", "/crm/v3/objects/companies", Act::LoseAnswer));
    let push = world.send("k-1", "company", &Value::Null, &json!({ "name": "De Molen BV" }))?;
    let state = || -> Result<Value> { Ok(world.tenant.get(&format!("/v1/pushes/{push}"))?.json["state"].clone()) };
    patchbay_test_support::wait_until("the answer to be lost", MINUTE, || {
        Ok((state()? == json!("unknown")).then_some(()))
    })?;
    fake.make("companies", &[("name", "De Molen BV")]);
    let mark = world.stand()?.journal.last();
    world.rig.advance(SETTLED)?;
    patchbay_test_support::wait_until("somebody to look", MINUTE, || {
        Ok((!world.asked(mark, "/companies/search")?.is_empty()).then_some(()))
    })?;
    assert_eq!(state()?, json!("unknown"), "nobody can tell them apart, and nothing is written again");
    let named = fake.records("companies").into_iter().filter(|one| one["properties"]["name"] == json!("De Molen BV"));
    assert_eq!(named.count(), 2);
    world.within_the_sheet()
}

#[test]
fn records_of_three_types_are_found_while_somebody_types() -> Result<()> {
    let world = World::start(&["owners"], &Value::Null)?;
    world.fake()?.make("contacts", &[("firstname", "Wilhelmina"), ("lastname", "De Molen")]);
    world.fake()?.make("companies", &[("name", "Bakkerij De Molen")]);
    world.fake()?.make("deals", &[("dealname", "Verbouwing De Molen")]);
    let labels = |query: &str| -> Result<BTreeSet<String>> {
        let path = format!("/v1/connections/{}/pickers/records?q={query}", world.connection);
        let items = world.tenant.get(&path)?.array_at("/choices")?;
        Ok(items.iter().filter_map(|item| item["label"].as_str().map(str::to_owned)).collect())
    };
    let all = ["Wilhelmina De Molen", "Bakkerij De Molen", "Verbouwing De Molen"].map(str::to_owned);
    let found = labels("de%20mol")?;
    assert!(all.iter().all(|label| found.contains(label)), "{found:?}");
    assert_eq!(labels("wilhelmina%20mo")?, BTreeSet::from(["Wilhelmina De Molen".to_owned()]));
    world.within_the_sheet()
}
