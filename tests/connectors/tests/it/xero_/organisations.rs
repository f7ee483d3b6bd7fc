//! What is special about Xero: organisations under one login that come, go and are read by themselves.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use patchbay_it::{Rig, RigSetup, Tenant, items, leads};
use patchbay_test_support::{
    Browser, Page, Result, Trouble,
    fakes::{Act, Entry, FakesConfig, Rule, Stand, also, xero::Xero},
    wait_until,
};
use serde_json::{Value, json};

use super::{BAKKERIJ, TOKEN, walk};

const ID: &str = "patchbay.xero";
const MOLEN: &str = "De Molen BV";
const LIMIT: Duration = Duration::from_secs(60);
/// A schedule whose slot comes never while a test runs.
const NEVER: &str = "30 3 29 2 *";

/// How runs ended: state and reason, by organisation and stream.
type Ends = BTreeMap<(String, String), (String, Option<String>)>;

struct World {
    rig: Rig,
    tenant: Tenant,
}

impl World {
    fn start() -> Result<Self> {
        let also = also::all().into_iter().filter(|fake| fake.name() == "xero").collect();
        let fakes = Some(FakesConfig { also, ..FakesConfig::small() });
        let rig = RigSetup { fakes, test_clock: true, ..RigSetup::default() }.start()?;
        rig.install_connectors(&["xero"])?;
        let tenant = rig.tenant("A")?;
        let world = Self { rig, tenant };
        let client = world.xero()?.client();
        world.xero()?.allow_redirect(&world.rig.register(ID, &client.id, &client.secret)?);
        Ok(world)
    }

    fn stand(&self) -> Result<&Stand<Xero>> {
        self.rig.fakes.stand::<Xero>().ok_or_else(|| Trouble::new("the fake was not started".to_owned()))
    }

    fn xero(&self) -> Result<&Xero> {
        Ok(&self.stand()?.provider)
    }

    /// The host's last page after a consent, and the connection where there is one.
    fn share(&self, who: &str, organisation: &str) -> Result<(Page, Option<String>)> {
        let session = self.tenant.session(ID, &json!({ "verification": "off" }))?;
        let mut browser = Browser::default();
        let away = browser.link(&session.url, ID, &[])?;
        let fake = self.xero()?;
        let back = walk(&mut browser, &leads(&away)?, &fake.login(who), &fake.tenant(organisation))?;
        let page = browser.return_to(&back)?;
        Ok((page, self.tenant.made_by(&session.id).ok()))
    }

    /// A connection with two organisations, all of whose streams were read and nothing runs by its schedule.
    fn connected(&self) -> Result<String> {
        let (page, connection) = self.share("owner", BAKKERIJ)?;
        let connection = connection.ok_or_else(|| Trouble::new(page.text))?;
        self.choose_all(&connection)?;
        for sync in items(&self.tenant.api, &format!("/v1/connections/{connection}/syncs"))? {
            let path = format!("/v1/syncs/{}", sync["id"].as_str().unwrap_or_default());
            self.tenant.api.patch(&path, &json!({ "schedule": { "cron": NEVER, "zone": "UTC" } }))?.expect(200)?;
        }
        self.tenant.settled()?;
        self.all(&connection)?;
        Ok(connection)
    }

    /// Selects every organisation that can be read.
    fn choose_all(&self, connection: &str) -> Result<()> {
        let path = format!("/v1/connections/{connection}");
        let accounts = self.tenant.get(&path)?.array_at("/accounts")?;
        let usable = accounts.iter().filter(|account| account["usable"] == json!(true));
        let wanted: serde_json::Map<String, Value> =
            usable.filter_map(|account| Some((account["id"].as_str()?.to_owned(), json!(true)))).collect();
        self.tenant.api.patch(&path, &json!({ "accounts": wanted }))?.expect(200).map(drop)
    }

    /// Runs everything now; how each run ended, by organisation and stream.
    fn all(&self, connection: &str) -> Result<Ends> {
        let mut ends = BTreeMap::new();
        let syncs = items(&self.tenant.api, &format!("/v1/connections/{connection}/syncs"))?;
        for run in self.tenant.run_all(connection)? {
            let run = self.tenant.ended(&run)?;
            let sync = syncs.iter().find(|sync| sync["id"] == run["sync"]).cloned().unwrap_or_default();
            let text = |name: &str| sync[name].as_str().unwrap_or_default().to_owned();
            let code = run.pointer("/reason/code").and_then(Value::as_str).map(str::to_owned);
            let state = run["state"].as_str().unwrap_or_default().to_owned();
            ends.insert((text("account"), text("stream")), (state, code));
        }
        Ok(ends)
    }

    /// Requests of a list since a moment of the journal.
    fn asked(&self, mark: u64, path: &str) -> Result<Vec<Entry>> {
        let path = format!("/api.xro/2.0/{path}");
        Ok(self.stand()?.journal.since(mark).into_iter().filter(|entry| entry.path == path).collect())
    }

    /// What came into the feed after a place: stream, account, key, record.
    fn feed(&self, after: u64) -> Result<Vec<Value>> {
        self.tenant.feed(after)
    }

    fn last(&self) -> Result<u64> {
        Ok(self.feed(0)?.last().and_then(|change| change["seq"].as_u64()).unwrap_or_default())
    }

    fn stands(&self, connection: &str) -> Result<(String, String)> {
        self.tenant.stands(connection)
    }

    fn refusals(&self) -> Result<Vec<String>> {
        Ok(self.stand()?.journal.entries().into_iter().filter_map(|entry| entry.refusal).collect())
    }
}

fn header(entry: &Entry, name: &str) -> String {
    entry.headers.get(name).cloned().unwrap_or_default()
}

#[test]
fn each_organisation_is_an_account_with_a_place_of_its_own_and_a_practice_is_none() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    let fake = world.xero()?;
    let [molen, bakkerij] = [MOLEN, BAKKERIJ].map(|name| fake.tenant(name));
    let told = world.tenant.get(&format!("/v1/connections/{connection}"))?.array_at("/accounts")?;
    let accounts: BTreeMap<String, bool> = told
        .iter()
        .map(|one| (one["provider_id"].as_str().unwrap_or_default().to_owned(), one["usable"] == json!(true)))
        .collect();
    let wanted = [(molen.clone(), true), (bakkerij.clone(), true), (fake.tenant("Praktijk Noord"), false)];
    assert_eq!(accounts, BTreeMap::from(wanted));

    // Only one of them changes: the other one's place stays where it is.
    world.rig.advance(Duration::from_secs(3_600))?;
    fake.touch(&bakkerij);
    world.all(&connection)?;
    world.rig.advance(Duration::from_secs(3_600))?;
    let mark = world.stand()?.journal.last();
    world.all(&connection)?;
    let asked = world.asked(mark, "Invoices")?;
    let since: BTreeMap<String, String> =
        asked.iter().map(|entry| (header(entry, "xero-tenant-id"), header(entry, "if-modified-since"))).collect();
    assert_eq!(since.keys().cloned().collect::<BTreeSet<_>>(), BTreeSet::from([molen.clone(), bakkerij.clone()]));
    assert!(since[&molen] < since[&bakkerij], "{since:?}");
    assert!(!since[&molen].is_empty(), "{since:?}");
    // A connection has an id too, and it never stands in the header: the fake would have refused it.
    assert_eq!(world.refusals()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn an_organisation_that_is_disconnected_later_stops_no_other() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    let fake = world.xero()?;
    let [molen, bakkerij] = [MOLEN, BAKKERIJ].map(|name| fake.tenant(name));
    world.rig.advance(Duration::from_secs(600))?;
    fake.touch(&molen);
    fake.touch(&bakkerij);
    assert!(fake.disconnect("owner", &bakkerij));
    let (after, ends) = (world.last()?, world.all(&connection)?);
    for ((account, stream), (state, code)) in &ends {
        if *account == molen {
            assert_eq!((state.as_str(), code), ("done", &None), "{stream}");
        } else {
            assert_eq!((state.as_str(), code.as_deref()), ("failed", Some("PB2012")), "{stream}");
        }
    }
    assert_eq!(ends.len(), 24, "{ends:?}");
    let changed: BTreeSet<String> =
        world.feed(after)?.iter().filter_map(|change| change["account"].as_str().map(str::to_owned)).collect();
    assert_eq!(changed, BTreeSet::from([molen.clone()]));
    assert_eq!(world.stands(&connection)?.0, "active");

    // Shared again, it goes on where it was.
    fake.connect(&bakkerij);
    let after = world.last()?;
    let ends = world.all(&connection)?;
    assert!(ends.values().all(|(state, _)| state == "done"), "{ends:?}");
    let changed = world.feed(after)?;
    assert!(!changed.is_empty() && changed.iter().all(|change| change["account"] == json!(bakkerij)), "{changed:?}");
    assert_eq!(world.refusals()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn an_organisation_whose_calls_of_the_day_are_used_up_waits_alone() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    let fake = world.xero()?;
    let [molen, bakkerij] = [MOLEN, BAKKERIJ].map(|name| fake.tenant(name));
    world.rig.advance(Duration::from_secs(600))?;
    fake.touch(&molen);
    fake.touch(&bakkerij);
    fake.use_up(&bakkerij, true);
    let ends = world.all(&connection)?;
    for ((account, stream), (state, code)) in &ends {
        let wanted = if *account == molen { ("done", None) } else { ("more_later", Some("PB3003")) };
        assert_eq!((state.as_str(), code.as_deref()), wanted, "{account} {stream}");
    }
    // What waits is in nobody's way: the other one is read once more at once.
    let syncs = items(&world.tenant.api, &format!("/v1/connections/{connection}/syncs"))?;
    let other = syncs.iter().find(|sync| sync["account"] == json!(molen)).and_then(|sync| sync["id"].as_str());
    let run = world.tenant.ended(&world.tenant.run(other.unwrap_or_default())?)?;
    assert_eq!(run["state"], "done", "{run}");
    assert_eq!(world.stands(&connection)?.0, "active");
    assert_eq!(world.refusals()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn what_is_voided_deleted_or_archived_comes_as_a_change_and_what_vanishes_as_a_deletion_within_a_day() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    let fake = world.xero()?;
    let molen = fake.tenant(MOLEN);
    let id = |list: &str, key: &str| {
        let record = fake.records(&molen, list).into_iter().nth(20).unwrap_or_default();
        record[key].as_str().unwrap_or_default().to_owned()
    };
    let ended = [
        ("invoices", "Invoices", "InvoiceID", "Status", "VOIDED"),
        ("bank_transactions", "BankTransactions", "BankTransactionID", "Status", "DELETED"),
        ("payments", "Payments", "PaymentID", "Status", "DELETED"),
        ("credit_notes", "CreditNotes", "CreditNoteID", "Status", "VOIDED"),
        ("contacts", "Contacts", "ContactID", "ContactStatus", "ARCHIVED"),
    ];
    world.rig.advance(Duration::from_secs(600))?;
    let mut wanted = BTreeSet::new();
    for (stream, list, key, member, value) in ended {
        let id = id(list, key);
        assert!(fake.change(&molen, list, &id, member, json!(value)), "{list}");
        wanted.insert((stream.to_owned(), "update".to_owned(), id, value.to_owned()));
    }
    let after = world.last()?;
    world.all(&connection)?;
    let came: BTreeSet<(String, String, String, String)> = world
        .feed(after)?
        .iter()
        .map(|change| {
            let text = |name: &str| change[name].as_str().unwrap_or_default().to_owned();
            let state = ["/record/Status", "/record/ContactStatus"].iter().find_map(|at| change.pointer(at)?.as_str());
            (text("stream"), text("operation"), text("key"), state.unwrap_or_default().to_owned())
        })
        .collect();
    assert_eq!(came, wanted);

    let gone = fake.records(&molen, "Items").into_iter().nth(9).unwrap_or_default()["ItemID"].clone();
    assert!(fake.remove(&molen, "Items", gone.as_str().unwrap_or_default()));
    let after = world.last()?;
    world.rig.advance(Duration::from_secs(86_400 + 60))?;
    world.all(&connection)?;
    let came: Vec<(Value, Value, Value)> = world
        .feed(after)?
        .iter()
        .map(|change| (change["stream"].clone(), change["operation"].clone(), change["key"].clone()))
        .collect();
    assert_eq!(came, [(json!("items"), json!("delete"), gone)]);
    assert_eq!(world.refusals()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_lost_answer_that_is_looked_at_after_ten_minutes_makes_one_note() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    let tenant = world.xero()?.tenant(BAKKERIJ);
    let contact = world.xero()?.records(&tenant, "Contacts").into_iter().nth(1).unwrap_or_default();
    let target = format!("{tenant}/{}", contact["ContactID"].as_str().unwrap_or_default());
    world.stand()?.script.add(Rule::on("PUT", "/api.xro/2.0/Contacts/", Act::LoseAnswer));
    let item = json!({ "connection": connection, "action": "note", "key": "n1", "target": { "id": target },
        "payload": { "text": "Betaling afgesproken." } });
    let push = world.tenant.api.post("/v1/pushes", &item)?.expect(201)?.text_at("/id")?;
    world.tenant.push_is(&push, &["unknown"])?;
    // By now Xero has forgotten the key: whoever sends it once more writes a second note, which nobody can delete.
    for _ in 0..3 {
        world.rig.advance(Duration::from_secs(600))?;
        world.all(&connection)?;
        world.tenant.push_is(&push, &["unknown", "done"])?;
    }
    let notes = world.stand()?.journal.objects().into_iter().filter(|made| made.kind == "history").count();
    assert_eq!(notes, 1);
    assert_eq!(world.refusals()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_refresh_whose_answer_is_lost_is_asked_for_again_within_the_grace() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    let mark = world.stand()?.journal.last();
    world.rig.advance(Duration::from_secs(1_900))?;
    world.stand()?.script.add(Rule::on("POST", TOKEN, Act::LoseAnswer));
    world.all(&connection)?;
    world.rig.advance(Duration::from_secs(300))?;
    let ends = world.all(&connection)?;
    assert!(ends.values().all(|(state, _)| state == "done"), "{ends:?}");
    assert_eq!(world.stands(&connection)?.0, "active");
    let entries = world.stand()?.journal.since(mark);
    let tokens: Vec<Option<u16>> =
        entries.iter().filter(|entry| entry.path == TOKEN).map(|entry| entry.status).collect();
    assert_eq!(tokens, [None, Some(200)], "one at a time, and once more");
    assert_eq!(world.refusals()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn after_the_grace_somebody_has_to_log_in_and_the_connection_is_the_same_with_one_organisation_more() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    let (script, mark) = (&world.stand()?.script, world.stand()?.journal.last());
    world.rig.advance(Duration::from_secs(1_900))?;
    script.add(Rule::on("POST", TOKEN, Act::LoseAnswer));
    script.add(Rule::on("POST", TOKEN, Act::Drop).times(0));
    world.tenant.run_all(&connection)?;
    wait_until("the answer to be lost", LIMIT, || {
        let entries = world.stand()?.journal.since(mark);
        Ok(entries.iter().any(|entry| entry.path == TOKEN).then_some(()))
    })?;
    world.rig.advance(Duration::from_secs(1_801))?;
    script.clear();
    world.rig.advance_until("the connection to need somebody", Duration::from_secs(60), LIMIT, || {
        Ok((world.stands(&connection)? == ("broken".to_owned(), "PB2002".to_owned())).then_some(()))
    })?;
    let (page, made) = world.share("owner", "Garage Claes NV")?;
    assert_eq!(made.as_deref(), Some(connection.as_str()), "{}", page.text);
    assert_eq!(world.stands(&connection)?.0, "active");
    let told = world.tenant.get(&format!("/v1/connections/{connection}"))?.array_at("/accounts")?;
    assert_eq!(told.iter().filter(|one| one["usable"] == json!(true)).count(), 3, "{told:?}");
    assert_eq!(world.refusals()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_login_without_any_organisation_is_not_said_to_work() -> Result<()> {
    let world = World::start()?;
    let fake = world.xero()?;
    fake.swallow_connections(true);
    let (page, made) = world.share("other", "Ander Kantoor NV")?;
    if let Some(connection) = made {
        assert_ne!(world.stands(&connection)?.0, "active", "{}", page.text);
    }
    Ok(())
}

#[test]
fn a_connection_that_is_deleted_gives_its_organisations_back() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    assert_eq!(world.xero()?.organisations("owner").len(), 2);
    world.tenant.api.delete(&format!("/v1/connections/{connection}"))?.expect(204)?;
    wait_until("the organisations to be given back", LIMIT, || {
        Ok(world.xero()?.organisations("owner").is_empty().then_some(()))
    })?;
    assert_eq!(world.refusals()?, Vec::<String>::new());
    Ok(())
}
