//! What is special about QuickBooks Online: a company for each connection, a refresh token that becomes another one, and changes
//! that are remembered for thirty days and a thousand objects.

use std::{collections::BTreeSet, time::Duration};

use patchbay_it::{Rig, RigSetup, Tenant, items, leads};
use patchbay_test_support::{
    Browser, Page, Result, Trouble,
    fakes::{Act, Entry, FakesConfig, Rule, Stand, also, quickbooks_online::QuickbooksOnline},
    wait_until,
};
use serde_json::{Value, json};

use super::{MOLEN, TOKEN, walk};

const ID: &str = "patchbay.quickbooks-online";
const BAKKERIJ: &str = "Bakkerij Peeters";
const LIMIT: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);
/// A schedule whose slot comes never while a test runs.
const NEVER: &str = "30 3 29 2 *";

struct World {
    rig: Rig,
    tenant: Tenant,
}

impl World {
    fn start() -> Result<Self> {
        let also = also::all().into_iter().filter(|fake| fake.name() == "quickbooks-online").collect();
        let fakes = Some(FakesConfig { also, ..FakesConfig::small() });
        let rig = RigSetup { fakes, test_clock: true, ..RigSetup::default() }.start()?;
        rig.install_connectors(&["quickbooks-online"])?;
        let tenant = rig.tenant("A")?;
        let world = Self { rig, tenant };
        let client = world.fake()?.client();
        world.fake()?.allow_redirect(&world.rig.register(ID, &client.id, &client.secret)?);
        Ok(world)
    }

    fn stand(&self) -> Result<&Stand<QuickbooksOnline>> {
        self.rig.fakes.stand::<QuickbooksOnline>().ok_or_else(|| Trouble::new("the fake was not started".to_owned()))
    }

    fn fake(&self) -> Result<&QuickbooksOnline> {
        Ok(&self.stand()?.provider)
    }

    /// The host's last page after a consent for a company, and the connection where there is one.
    fn consent(&self, company: &str, session: &Value) -> Result<(Page, Option<String>)> {
        let session = self.tenant.session(ID, session)?;
        let mut browser = Browser::default();
        let away = browser.link(&session.url, ID, &[])?;
        let fake = self.fake()?;
        let back = walk(&mut browser, &leads(&away)?, &fake.login("owner"), &fake.realm(company))?;
        let page = browser.return_to(&back)?;
        Ok((page, self.tenant.made_by(&session.id).ok()))
    }

    /// A connection of a company, all of whose streams were read and nothing runs by its schedule.
    fn connected(&self, company: &str) -> Result<String> {
        let (page, connection) = self.consent(company, &json!({ "verification": "off" }))?;
        let connection = connection.ok_or_else(|| Trouble::new(page.text))?;
        for sync in items(&self.tenant.api, &format!("/v1/connections/{connection}/syncs"))? {
            let path = format!("/v1/syncs/{}", sync["id"].as_str().unwrap_or_default());
            self.tenant.api.patch(&path, &json!({ "schedule": { "cron": NEVER, "zone": "UTC" } }))?.expect(200)?;
        }
        self.tenant.settled()?;
        self.all(&connection)?;
        Ok(connection)
    }

    /// Runs everything now; states and reasons of how the runs ended.
    fn all(&self, connection: &str) -> Result<BTreeSet<(String, String)>> {
        let mut ends = BTreeSet::new();
        for run in self.tenant.run_all(connection)? {
            let run = self.tenant.ended(&run)?;
            let text = |at: &str| run.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
            ends.insert((text("/state"), text("/reason/code")));
        }
        Ok(ends)
    }

    /// Runs one stream now.
    fn one(&self, connection: &str, stream: &str) -> Result<Value> {
        let syncs = items(&self.tenant.api, &format!("/v1/connections/{connection}/syncs"))?;
        let sync = syncs.iter().find(|sync| sync["stream"] == json!(stream)).and_then(|sync| sync["id"].as_str());
        self.tenant.ended(&self.tenant.run(sync.unwrap_or_default())?)
    }

    /// What came into the feed after a place: stream, operation, key, in any order.
    fn came(&self, after: u64) -> Result<BTreeSet<(String, String, String)>> {
        let text = |change: &Value, name: &str| change[name].as_str().unwrap_or_default().to_owned();
        let changes = self.tenant.feed(after)?;
        Ok(changes.iter().map(|one| (text(one, "stream"), text(one, "operation"), text(one, "key"))).collect())
    }

    fn last(&self) -> Result<u64> {
        Ok(self.tenant.feed(0)?.last().and_then(|change| change["seq"].as_u64()).unwrap_or_default())
    }

    /// Requests since a moment of the journal whose path ends so.
    fn asked(&self, mark: u64, end: &str) -> Result<Vec<Entry>> {
        Ok(self.stand()?.journal.since(mark).into_iter().filter(|entry| entry.path.ends_with(end)).collect())
    }

    /// The connection is broken with this code, sooner or later.
    fn breaks(&self, connection: &str, code: &str) -> Result<()> {
        self.rig.advance_until("the connection to need somebody", Duration::from_secs(60), LIMIT, || {
            Ok((self.tenant.stands(connection)? == ("broken".to_owned(), code.to_owned())).then_some(()))
        })
    }

    fn refusals(&self) -> Result<Vec<String>> {
        Ok(self.stand()?.journal.entries().into_iter().filter_map(|entry| entry.refusal).collect())
    }
}

fn went_well() -> BTreeSet<(String, String)> {
    BTreeSet::from([("done".to_owned(), String::new())])
}

fn ids(fake: &QuickbooksOnline, realm: &str, entity: &str) -> Vec<String> {
    let all = fake.records(realm, entity);
    all.iter().filter_map(|record| record["Id"].as_str().map(str::to_owned)).collect()
}

#[test]
fn each_company_is_a_connection_of_its_own_and_never_becomes_another() -> Result<()> {
    let world = World::start()?;
    let molen = world.connected(MOLEN)?;
    let mark = world.stand()?.journal.last();
    let bakkerij = world.connected(BAKKERIJ)?;
    assert_ne!(molen, bakkerij);
    let realm = world.fake()?.realm(BAKKERIJ);
    let asked = world.asked(mark, "/query")?;
    assert!(!asked.is_empty() && asked.iter().all(|entry| entry.path == format!("/v3/company/{realm}/query")));

    // Whoever reconnects and chooses the other company is told so, and the connection stays what it is.
    let wanted = json!({ "verification": "off", "reconnect": molen });
    let (page, made) = world.consent(BAKKERIJ, &wanted)?;
    assert_eq!(made, None, "{}", page.text);
    let mark = world.stand()?.journal.last();
    assert_eq!(world.all(&molen)?, went_well());
    let realm = world.fake()?.realm(MOLEN);
    assert!(world.asked(mark, "/cdc")?.iter().all(|entry| entry.path == format!("/v3/company/{realm}/cdc")));
    let (page, made) = world.consent(MOLEN, &wanted)?;
    assert_eq!(made, Some(molen), "{}", page.text);
    assert_eq!(world.refusals()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn what_is_voided_or_inactive_comes_as_a_change_and_what_is_deleted_as_a_deletion() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected(MOLEN)?;
    let fake = world.fake()?;
    let realm = fake.realm(MOLEN);
    world.rig.advance(Duration::from_secs(600))?;
    let [invoices, payments, customers] = ["Invoice", "Payment", "Customer"].map(|entity| ids(fake, &realm, entity));
    assert!(fake.void(&realm, "Invoice", &invoices[20]));
    assert!(fake.delete(&realm, "Invoice", &invoices[21]));
    assert!(fake.delete(&realm, "Payment", &payments[9]));
    assert!(fake.change(&realm, "Customer", &customers[20], "Active", json!(false)));
    let (after, mark) = (world.last()?, world.stand()?.journal.last());
    assert_eq!(world.all(&connection)?, went_well());
    let one = |stream: &str, operation: &str, id: &str| (stream.to_owned(), operation.to_owned(), id.to_owned());
    let wanted = [
        one("invoices", "update", &invoices[20]),
        one("invoices", "delete", &invoices[21]),
        one("payments", "delete", &payments[9]),
        one("customers", "update", &customers[20]),
    ];
    assert_eq!(world.came(after)?, BTreeSet::from(wanted));
    assert_eq!(world.asked(mark, "/query")?.len(), 0, "changes are asked for, and nothing else");
    assert_eq!(world.refusals()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn after_more_than_thirty_days_everything_is_read_again_and_what_is_not_met_is_gone() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected(MOLEN)?;
    let fake = world.fake()?;
    let realm = fake.realm(MOLEN);
    let bills = ids(fake, &realm, "Bill");
    assert!(fake.delete(&realm, "Bill", &bills[9]));
    // At once: a request on its way while each of several days ends is refused twice, and then the login counts as ended.
    world.rig.advance(31 * DAY)?;
    let (after, mark) = (world.last()?, world.stand()?.journal.last());
    let run = world.one(&connection, "bills")?;
    assert_eq!(run["state"], "done", "{run}");
    assert_eq!(world.asked(mark, "/cdc")?.len(), 0, "nobody remembers that long");
    assert_eq!(world.came(after)?, BTreeSet::from([("bills".to_owned(), "delete".to_owned(), bills[9].clone())]));
    let mark = world.stand()?.journal.last();
    world.one(&connection, "bills")?;
    assert_eq!((world.asked(mark, "/cdc")?.len(), world.asked(mark, "/query")?.len()), (1, 0));
    assert_eq!(world.refusals()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn changes_of_days_ago_that_are_refused_make_everything_read_again() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected(MOLEN)?;
    let fake = world.fake()?;
    let realm = fake.realm(MOLEN);
    let gone = ids(fake, &realm, "Bill")[9].clone();
    assert!(fake.delete(&realm, "Bill", &gone));
    world.rig.advance(3 * DAY)?;
    let (after, mark) = (world.last()?, world.stand()?.journal.last());
    let path = format!("/v3/company/{realm}/cdc");
    world.stand()?.script.add(Rule::on("GET", &path, super::fault(200, "4001")));
    assert_eq!(world.one(&connection, "bills")?["state"], "done");
    assert_eq!((world.asked(mark, "/cdc")?.len(), world.asked(mark, "/query")?.len()), (1, 1));
    assert_eq!(world.came(after)?, BTreeSet::from([("bills".to_owned(), "delete".to_owned(), gone)]));
    Ok(())
}

#[test]
fn of_more_than_a_thousand_changes_none_is_missed() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected(MOLEN)?;
    let fake = world.fake()?;
    let realm = fake.realm(MOLEN);
    world.rig.advance(Duration::from_secs(600))?;
    let gone = ids(fake, &realm, "Deposit")[9].clone();
    assert!(fake.delete(&realm, "Deposit", &gone));
    world.rig.advance(Duration::from_secs(600))?;
    let mut wanted: BTreeSet<_> = (0..1_005)
        .map(|at| ("deposits".to_owned(), "insert".to_owned(), fake.add(&realm, "Deposit", &format!("Import {at}"))))
        .collect();
    wanted.insert(("deposits".to_owned(), "delete".to_owned(), gone));
    let (after, mark) = (world.last()?, world.stand()?.journal.last());
    let run = world.one(&connection, "deposits")?;
    assert_eq!(run["state"], "done", "{run}");
    let came = world.came(after)?;
    let keys = |all: &BTreeSet<(String, String, String)>| -> BTreeSet<(bool, String)> {
        all.iter().map(|(_, operation, key)| (operation == "delete", key.clone())).collect()
    };
    assert_eq!(keys(&came), keys(&wanted));
    assert!(world.asked(mark, "/query")?.len() >= 3, "more than two pages");
    assert_eq!(world.refusals()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn the_refresh_token_becomes_another_one_and_the_newest_is_kept() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected(MOLEN)?;
    let mark = world.stand()?.journal.last();
    // Four days, and each day's token is good for the next.
    for _ in 0..4 {
        world.rig.advance(DAY + Duration::from_secs(60))?;
        assert_eq!(world.all(&connection)?, went_well());
    }
    let asked = world.asked(mark, TOKEN)?;
    assert!(asked.len() >= 4 && asked.iter().all(|entry| entry.status == Some(200)), "{asked:?}");
    assert_eq!(world.tenant.stands(&connection)?.0, "active");
    assert_eq!(world.refusals()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_refresh_whose_answer_is_lost_within_the_day_is_asked_for_again() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected(MOLEN)?;
    let mark = world.stand()?.journal.last();
    world.rig.advance(Duration::from_secs(3_700))?;
    world.stand()?.script.add(Rule::on("POST", TOKEN, Act::LoseAnswer));
    world.all(&connection)?;
    world.rig.advance(Duration::from_secs(300))?;
    assert_eq!(world.all(&connection)?, went_well());
    assert_eq!(world.tenant.stands(&connection)?.0, "active");
    let tokens: Vec<Option<u16>> = world.asked(mark, TOKEN)?.iter().map(|entry| entry.status).collect();
    assert_eq!(tokens, [None, Some(200)], "one at a time, and once more");
    Ok(())
}

#[test]
fn an_app_that_was_disconnected_in_quickbooks_asks_for_a_login_and_goes_on_where_it_was() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected(MOLEN)?;
    let fake = world.fake()?;
    let realm = fake.realm(MOLEN);
    fake.disconnect(&realm);
    world.rig.advance(Duration::from_secs(3_700))?;
    world.tenant.run_all(&connection)?;
    world.breaks(&connection, "PB2002")?;
    assert!(fake.delete(&realm, "Invoice", &ids(fake, &realm, "Invoice")[30]));
    let (page, made) = world.consent(MOLEN, &json!({ "verification": "off", "reconnect": connection }))?;
    assert_eq!(made.as_deref(), Some(connection.as_str()), "{}", page.text);
    world.tenant.settled()?;
    let after = world.last()?;
    world.rig.advance(Duration::from_secs(120))?;
    assert!(fake.delete(&realm, "Invoice", &ids(fake, &realm, "Invoice")[31]));
    let mark = world.stand()?.journal.last();
    assert_eq!(world.all(&connection)?, went_well());
    assert!(world.came(after)?.iter().any(|(stream, operation, _)| stream == "invoices" && operation == "delete"));
    assert_eq!(world.asked(mark, "/query")?.len(), 0, "it goes on by change");
    Ok(())
}

#[test]
fn a_person_who_is_no_administrator_any_more_is_asked_for_another_one() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected(MOLEN)?;
    let fake = world.fake()?;
    fake.dismiss("owner", &fake.realm(MOLEN), true);
    let mark = world.stand()?.journal.last();
    world.rig.advance(Duration::from_secs(120))?;
    world.tenant.run_all(&connection)?;
    world.breaks(&connection, "PB2002")?;
    assert_eq!(world.asked(mark, TOKEN)?.len(), 0, "no new token helps, so none is asked for");
    Ok(())
}

#[test]
fn a_connection_that_is_deleted_disconnects_the_company_unless_it_could_end_another_one() -> Result<()> {
    let world = World::start()?;
    let [molen, bakkerij] = [world.connected(MOLEN)?, world.connected(BAKKERIJ)?];
    let revoked = |mark: u64| -> Result<usize> {
        Ok(world.asked(mark, "/revoke")?.iter().filter(|entry| entry.status == Some(200)).count())
    };
    let mark = world.stand()?.journal.last();
    world.tenant.api.delete(&format!("/v1/connections/{molen}"))?.expect(204)?;
    world.rig.advance(Duration::from_secs(120))?;
    assert_eq!(world.all(&bakkerij)?, went_well());
    world.tenant.api.delete(&format!("/v1/connections/{bakkerij}"))?.expect(204)?;
    wait_until("the company to be disconnected", LIMIT, || Ok((revoked(mark)? > 0).then_some(())))?;
    assert_eq!(revoked(mark)?, 1, "the person's other company was connected when the first one went");
    assert_eq!(world.refusals()?, Vec::<String>::new());
    Ok(())
}
