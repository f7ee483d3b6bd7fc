//! Streams that are read for a picker only: what the person switched off is found by who picks, and told to nobody.

use std::{collections::BTreeMap, time::Duration};

use patchbay_it::{Rig, RigSetup, ServerDatabase, Tenant, items, ledger_with};
use patchbay_model::manifest::{Picker, PickerParent};
use patchbay_test_support::{Result, Trouble, fakes::FakesConfig, wait_until};
use serde_json::{Value, json};

use super::{LIMIT, SHOWN, Scene, text, told};

const DAY: Duration = Duration::from_secs(24 * 3_600);
/// More clients than are told at once when they are switched on.
const CLIENTS: u64 = 2_300;
const FOLDERS: u64 = 1;
const STREAMS: [&str; 2] = ["clients", "folders"];

fn setup() -> RigSetup {
    let mut fakes = FakesConfig::small();
    (fakes.desk.clients, fakes.desk.folders) = (CLIENTS, FOLDERS);
    RigSetup { fakes: Some(fakes), test_clock: true, ..RigSetup::default() }
}

impl Scene {
    fn relations(&self, on: bool) -> Result<()> {
        self.tenant.change(&self.connection, &json!({ "functions": { "relations": on } })).map(drop)
    }

    /// The place behind the last change.
    fn place(&self) -> Result<u64> {
        let changes = self.tenant.feed(0)?;
        Ok(changes.last().and_then(|change| change["seq"].as_u64()).unwrap_or_default())
    }

    /// What is listed and exported of a stream.
    fn shown(&self, stream: &str) -> Result<(usize, usize)> {
        let path = format!("/v1/connections/{}/records/{stream}", self.connection);
        let exported = self.tenant.get(&format!("{path}/export"))?.text().lines().count();
        Ok((items(&self.tenant.api, &format!("{path}?limit=1000"))?.len(), exported))
    }

    fn sync_of(&self, stream: &str) -> Result<Value> {
        let all = items(&self.tenant.api, &format!("/v1/connections/{}/syncs", self.connection))?;
        Ok(all.into_iter().find(|sync| sync["stream"] == json!(stream)).unwrap_or_default())
    }
}

/// How often each record is told as there, and each as gone, by stream and key.
fn tally(changes: &[Value]) -> BTreeMap<(String, String, String), usize> {
    let mut tally = BTreeMap::new();
    for change in changes {
        let what = ["stream", "key", "operation"].map(|name| text(change, name));
        *tally.entry(<(String, String, String)>::from(what)).or_default() += 1;
    }
    tally
}

fn off_and_on(scene: &Scene) -> Result<()> {
    let desk = scene.desk();
    let all = usize::try_from(CLIENTS)?;
    assert_eq!((scene.shown("clients")?, scene.shown("folders")?), ((all, all), (all, all)));
    let passed = scene.place()?;
    scene.relations(false)?;
    for stream in STREAMS {
        let sync = scene.sync_of(stream)?;
        assert_eq!((&sync["enabled"], &sync["picked"]), (&json!(false), &json!(true)), "{sync}");
        assert!(sync["next_due_at"].is_string(), "it goes on being read: {sync}");
        assert_eq!(scene.shown(stream)?, (0, 0), "{stream}");
    }
    assert_eq!(scene.tenant.feed(0)?.len(), 0, "who follows from the start gets none of them");
    assert_eq!(scene.ids("clients", "c2300", &[])?, ["c2300"], "the picker still finds");

    // By a refresh, and by its schedule.
    let one = desk.add_client("Newcomer of the refresh");
    assert!(desk.rename("c1", "Renamed meanwhile"));
    scene.refreshed("clients")?;
    assert_eq!(scene.ids("clients", "newcomer", &[])?, [one.as_str()]);
    let two = desk.add_client("Newcomer of the night");
    let folder = desk.add_folder(&two, "Folder of the night");
    scene.rig.advance(DAY)?;
    wait_until("the night", LIMIT, || {
        let found = scene.ids("clients", "newcomer of the night", &[])?;
        let folders = scene.ids("folders", "folder of the night", &[("clients", &two)])?;
        Ok((found == [two.as_str()] && folders == [folder.as_str()]).then_some(()))
    })?;
    scene.tenant.settled()?;
    assert_eq!((scene.tenant.feed(0)?.len(), scene.shown("clients")?), (0, (0, 0)), "and nobody was told");

    scene.relations(true)?;
    let (clients, folders) = (desk.clients().len(), desk.folders().len());
    let news = wait_until("all of it to be told", LIMIT, || {
        let news = scene.tenant.feed(passed)?;
        Ok((news.len() >= clients + folders).then_some(news))
    })?;
    let mut wanted = BTreeMap::new();
    for (stream, records) in [("clients", desk.clients()), ("folders", desk.folders())] {
        let key = |record: &Value| (stream.to_owned(), text(record, "id"), "create".to_owned());
        wanted.extend(records.iter().map(|record| (key(record), 1)));
    }
    let found = tally(&news);
    let odd = || found.iter().filter(|(what, count)| wanted.get(what) != Some(count)).take(3).collect::<Vec<_>>();
    assert_eq!(odd(), [], "each record is told once, as new");
    assert_eq!(found.len(), wanted.len());
    let renamed = news.iter().find(|change| change["key"] == json!("c1")).map(|change| text(&change["record"], "name"));
    assert_eq!(renamed.as_deref(), Some("Renamed meanwhile"), "as it is now");
    assert_eq!((scene.shown("clients")?, scene.shown("folders")?), ((clients, clients), (folders, folders)));
    assert_eq!(scene.ids("clients", "newcomer", &[])?.len(), 2);
    Ok(())
}

#[test]
fn what_is_switched_off_is_picked_from_and_read_on_and_told_to_nobody_until_it_is_on() -> Result<()> {
    off_and_on(&Scene::of(setup())?)
}

#[test]
fn so_it_is_on_a_server() -> Result<()> {
    let Some(database) = ServerDatabase::make_or_skip()? else { return Ok(()) };
    off_and_on(&Scene::of(RigSetup { database: Some(database.url()), ..setup() })?)
}

#[test]
fn a_stream_that_was_switched_off_by_itself_is_the_pickers_alone_too() -> Result<()> {
    let scene = Scene::start()?;
    let passed = scene.place()?;
    let path = format!("/v1/syncs/{}", text(&scene.sync_of("clients")?, "id"));
    scene.tenant.api.patch(&path, &json!({ "enabled": false }))?.expect(200)?;
    let client = scene.desk().add_client("Newcomer");
    scene.refreshed("clients")?;
    assert_eq!(scene.ids("clients", "newcomer", &[])?, [client.as_str()]);
    assert_eq!((scene.shown("clients")?, scene.tenant.feed(passed)?.len()), ((0, 0), 0));
    assert_ne!(scene.shown("folders")?, (0, 0), "the other stream is as it was");
    scene.tenant.api.patch(&path, &json!({ "enabled": true }))?.expect(200)?;
    let clients = scene.desk().clients().len();
    wait_until("the clients to be told", LIMIT, || Ok((scene.tenant.feed(passed)?.len() == clients).then_some(())))
}

/// Lines of accounts, picked by their text.
fn lines() -> Picker {
    Picker {
        name: "lines".to_owned(),
        title: "Line".to_owned(),
        from_stream: Some("lines".to_owned()),
        value: Some("/id".to_owned()),
        label: Some("/text".to_owned()),
        hint: None,
        parents: Vec::<PickerParent>::new(),
    }
}

/// The choices that an account's lines make, or those of all accounts.
fn in_account(tenant: &Tenant, connection: &str, typed: &str, account: &str) -> Result<Vec<String>> {
    let answer = tenant.get(&format!("/v1/connections/{connection}/pickers/lines?q={typed}&account={account}"))?;
    Ok(answer.array_at("/choices")?.iter().map(|choice| text(choice, "label")).collect())
}

#[test]
fn an_account_that_nobody_selected_is_not_picked_from() -> Result<()> {
    let rig = Rig::start()?;
    rig.install(ledger_with(|manifest| {
        manifest.streams.retain(|stream| stream.name == "lines");
        manifest.pickers.push(lines());
    })?)?;
    let tenant = rig.tenant("A")?;
    let fields = json!({ "api_key": rig.fakes.ledger.provider.key("load-1") });
    let body = json!({ "connector": "acme.ledger", "fields": fields });
    let connection = tenant.api.post("/v1/connections", &body)?.expect(201)?.text_at("/id")?;
    tenant.all_read(std::slice::from_ref(&connection))?;
    let of = |account: &str| in_account(&tenant, &connection, "lines", account);
    let all_of = |labels: &[String], account: &str| labels.iter().all(|label| label.contains(&format!("/{account} ")));
    let of_second = || Ok::<_, Trouble>(in_account(&tenant, &connection, "lines/a2", "")?.len());
    for account in ["a1", "a2"] {
        let labels = of(account)?;
        assert!(!labels.is_empty() && all_of(&labels, account), "{account}: {labels:?}");
    }
    assert_eq!(of_second()?, SHOWN, "without an account, of all");

    let path = format!("/v1/connections/{connection}");
    let accounts = tenant.get(&path)?.array_at("/accounts")?;
    let second = accounts.iter().find(|account| account["provider_id"] == json!("a2"));
    let second = second.map(|account| text(account, "id")).unwrap_or_default();
    tenant.change(&connection, &json!({ "accounts": { &second: false } }))?;
    assert_eq!((of("")?.len(), of_second()?), (SHOWN, 0));
    for account in ["a2", "a3", "A1", "a1%00"] {
        for (verb, answer) in [
            ("pick", tenant.api.get(&format!("{path}/pickers/lines?account={account}"))?),
            ("refresh", tenant.api.post(&format!("{path}/pickers/lines/refresh?account={account}"), &json!({}))?),
        ] {
            let wanted = (422, "PB5008".to_owned(), vec!["/account".to_owned()]);
            assert_eq!(told(&answer), wanted, "{verb} {account}: {}", answer.text());
        }
    }
    // A refresh reads what is selected, and nothing else.
    let before = tenant.runs(&connection)?.len();
    let refreshed = tenant.api.post(&format!("{path}/pickers/lines/refresh"), &json!({}))?.expect(202)?;
    tenant.ended(&refreshed.text_at("/run")?)?;
    let runs = tenant.runs(&connection)?;
    let syncs = items(&tenant.api, &format!("{path}/syncs"))?;
    let of_first = syncs.iter().find(|sync| sync["account"] == json!("a1")).map(|sync| sync["id"].clone());
    assert_eq!((runs.len() - before, Some(&runs[0]["sync"])), (1, of_first.as_ref()), "{}", runs[0]);
    tenant.change(&connection, &json!({ "accounts": { &second: true } }))?;
    tenant.settled()?;
    let labels = of("a2")?;
    assert!(!labels.is_empty() && all_of(&labels, "a2"), "{labels:?}");
    assert_eq!(of_second()?, SHOWN);
    Ok(())
}
