//! What the ledger promises to tests of the engine: its lists, its journal, its controls.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::calls::{Answer, plain};
use patchbay_fakes::{
    Act, Fakes, FakesConfig, LedgerConfig, Rule,
    ledger::{Change, HOST, LedgerJournal, LedgerRemote, LoneLedger, Visit, ever, newest},
};
use patchbay_model::{Clock, SystemClock};
use serde_json::{Value, json};

pub(crate) fn start() -> Fakes {
    Fakes::start(FakesConfig::small()).expect("the fakes start")
}

fn started(ledger: LedgerConfig) -> Fakes {
    Fakes::start(FakesConfig { ledger, ..FakesConfig::small() }).expect("the fakes start")
}

fn call(fakes: &Fakes, key: &str, method: &str, path: &str) -> Answer {
    let key = fakes.ledger.provider.key(key);
    let headers = [("host", HOST), ("x-api-key", key.as_str()), ("user-agent", "patchbay-test")];
    plain(method, &format!("{}{path}", fakes.ledger.plain), &headers, "").expect("an answer")
}

pub(crate) fn get(fakes: &Fakes, path: &str) -> Answer {
    call(fakes, "owner", "GET", path)
}

fn control(fakes: &Fakes, method: &str, path: &str, body: &Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = plain(method, &format!("{}/_fake/{path}", fakes.ledger.plain), &[], &body).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// Ids and revisions of a page.
fn records(answer: &Answer) -> Vec<(u64, u32)> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let page = answer.json();
    let items = page["items"].as_array().expect("items");
    let number = |item: &Value| item["n"].as_u64().and_then(|n| u32::try_from(n).ok()).expect("a revision");
    items.iter().map(|item| (item["id"].as_str().expect("an id").parse().expect("a number"), number(item))).collect()
}

/// All records from this address on, by the links.
pub(crate) fn walk(fakes: &Fakes, path: &str, limit: usize) -> Vec<(u64, u32)> {
    let (mut path, mut all) = (path.to_owned(), Vec::new());
    for _ in 0..limit {
        let answer = get(fakes, &path);
        all.extend(records(&answer));
        match answer.json()["next"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => break,
        }
    }
    all
}

#[test]
fn what_is_not_in_the_sheet_and_a_strange_key_are_refused() {
    let fakes = start();
    for (path, why) in [("/entries?colour=red", "colour"), ("/snapshot?since=x", "since"), ("/bulk?size=1001", "size")]
    {
        let answer = get(&fakes, path);
        assert_eq!((answer.status, answer.body.contains(why)), (400, true), "{}", answer.body);
    }
    assert_eq!(get(&fakes, "/nothing").status, 404);
    assert_eq!(call(&fakes, "revoked", "GET", "/me").status, 401);
    assert_eq!(call(&fakes, "nobody", "GET", "/me").status, 401);
    fakes.ledger.provider.apply(&[Change::Key { name: "owner".to_owned(), accepted: false }]).expect("a change");
    assert_eq!(get(&fakes, "/me").status, 401);
    assert_eq!(call(&fakes, "load-4711", "GET", "/me").json()["id"], "office-load-4711");
    let visits = fakes.ledger.journal.visits();
    let keys: Vec<Option<&str>> = visits.iter().rev().take(2).map(|visit| visit.key.as_deref()).collect();
    assert_eq!(keys, [Some("load-4711"), Some("owner")]);
    assert!(!format!("{visits:?}").contains(&fakes.ledger.provider.key("owner")), "the key's value is in the journal");
}

#[test]
fn links_lead_through_every_list_once() {
    let fakes = start();
    for (list, path) in [
        ("entries", "/entries?size=60"),
        ("removals", "/removals?size=7"),
        ("snapshot", "/snapshot?size=60"),
        ("lines/a2", "/accounts/a2/lines?size=20"),
    ] {
        let truth: Vec<(u64, u32)> = fakes.ledger.provider.truth(list).into_iter().collect();
        assert!(truth.len() >= 30, "{list}");
        assert_eq!(walk(&fakes, path, 50), truth, "{list}");
        assert_eq!(fakes.ledger.journal.newest(list).into_iter().collect::<Vec<_>>(), truth, "{list}");
    }
    assert_eq!(get(&fakes, "/accounts").json()["items"].as_array().map(Vec::len), Some(2));
}

#[test]
fn since_includes_its_own_moment_and_finds_each_change_at_its_newest() {
    let fakes = start();
    let last = get(&fakes, "/entries?page=3&size=100").json()["items"][49]["changed_at"].clone();
    let since = last.as_str().expect("a moment");
    let put = Change::Put { list: "entries".to_owned(), ids: vec![7, 7, 900], at: None };
    fakes.ledger.provider.apply(&[put]).expect("a change");
    assert_eq!(records(&get(&fakes, &format!("/entries?since={since}"))), [(250, 1), (7, 3), (900, 1)]);
    assert_eq!(fakes.ledger.provider.truth("entries").get(&7), Some(&3));
    assert_eq!(fakes.ledger.journal.newest("entries").get(&7), Some(&3));
}

#[test]
fn a_change_may_lie_about_its_moment() {
    let fakes = start();
    let at = |text: &str| Some(text.parse().expect("a moment"));
    let put = |ids: &[u64], time| Change::Put { list: "entries".to_owned(), ids: ids.to_vec(), at: at(time) };
    let changes = [put(&[1, 2, 3], "2099-01-01T00:00:00Z"), put(&[4], "1999-01-01T00:00:00Z")];
    fakes.ledger.provider.apply(&changes).expect("changes");
    assert_eq!(records(&get(&fakes, "/entries?size=1")), [(4, 2)]);
    assert_eq!(records(&get(&fakes, "/entries?since=2098-01-01T00:00:00Z")), [(1, 2), (2, 2), (3, 2)]);
}

#[test]
fn what_is_removed_is_told_and_what_comes_back_is_not() {
    let fakes = start();
    assert_eq!(walk(&fakes, "/removals", 1).len(), 30);
    let remove = Change::Remove { list: "removals".to_owned(), ids: vec![3, 4] };
    fakes.ledger.provider.apply(&[remove]).expect("a change");
    assert_eq!(get(&fakes, "/deleted").json()["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(fakes.ledger.journal.visits().last().map(|visit| visit.facts.deleted.clone()), Some(vec![3, 4]));
    assert_eq!(fakes.ledger.journal.newest("removals"), fakes.ledger.provider.truth("removals"));
    let back = Change::Put { list: "removals".to_owned(), ids: vec![3], at: None };
    fakes.ledger.provider.apply(&[back]).expect("a change");
    assert_eq!(get(&fakes, "/deleted").json()["items"][0]["id"], "4");
    assert_eq!(fakes.ledger.provider.truth("removals").get(&3), Some(&2));
}

#[test]
fn a_report_is_ready_after_its_looks() {
    let fakes = start();
    let made = call(&fakes, "owner", "POST", "/reports");
    let id = made.json()["id"].as_str().map(str::to_owned).expect("an id");
    assert_eq!((made.status, get(&fakes, &format!("/reports/{id}/rows")).status), (201, 409));
    let look = || get(&fakes, &format!("/reports/{id}")).json()["status"].as_str().map(str::to_owned);
    let looks: Vec<_> = (0..3).filter_map(|_| look()).collect();
    assert_eq!(looks, ["running", "running", "ready"]);
    assert_eq!(walk(&fakes, &format!("/reports/{id}/rows?size=30"), 9).len(), 40);
    assert_eq!(get(&fakes, "/reports/99").status, 404);
}

#[test]
fn a_million_records_are_reached_by_number_and_kept_as_a_range() {
    let fakes = started(LedgerConfig { bulk: 1_000_000, ..LedgerConfig::default() });
    let (first, last) = (get(&fakes, "/bulk?page=1"), get(&fakes, "/bulk?page=1000&size=1000"));
    assert_eq!((first.json()["next"].as_u64(), last.json()["next"].as_u64()), (Some(2), None));
    let last = records(&last);
    assert_eq!((last.len(), last.first(), last.last()), (1_000, Some(&(999_001, 1)), Some(&(1_000_000, 1))));
    assert_eq!(get(&fakes, "/bulk?page=1001").json()["items"], json!([]));
    fakes.ledger.provider.apply(&[Change::Bulk { records: 3 }]).expect("a change");
    assert_eq!(records(&get(&fakes, "/bulk")), [(1, 2), (2, 2), (3, 2)]);
    let visits = fakes.ledger.journal.visits();
    assert_eq!(visits[1].facts.bulk, Some((999_001, 1_000, 1)));
    let known = fakes.ledger.journal.newest("bulk");
    assert_eq!((known.len(), known[&3], known[&4]), (2_000, 2, 1));
    fakes.ledger.provider.apply(&[Change::Tick]).expect("a change");
    assert_eq!(records(&get(&fakes, "/tick")), [(0, 2)]);
}

#[test]
fn another_process_tells_it_everything_and_reads_the_same_journal() {
    let fakes = start();
    let change = json!([{ "kind": "add", "list": "lines/a1", "count": 5 }, { "kind": "report-looks", "looks": 0 }]);
    assert_eq!(control(&fakes, "POST", "changes", &change)["applied"], 2);
    let rule = json!({ "method": "GET", "path": "/accounts/a1", "act": { "kind": "odd", "odd": { "keep": { "one_in": 5 } } } });
    assert_eq!(control(&fakes, "POST", "behaviour", &rule)["added"], 1);
    assert_eq!(records(&get(&fakes, "/accounts/a1/lines")).len(), 7);
    let told = control(&fakes, "GET", "journal?after=0", &Value::Null);
    let visits: Vec<Visit> = serde_json::from_value(told["visits"].clone()).expect("visits");
    assert_eq!(visits, fakes.ledger.journal.visits());
    assert_eq!(LedgerJournal::read(fakes.ledger.journal.path()).expect("the file"), visits);
    assert_eq!((newest(&visits, "lines/a1").len(), ever(&visits, "lines/a1").len()), (7, 7));
    let truth = control(&fakes, "GET", "truth?list=lines/a1", &Value::Null);
    let truth: BTreeMap<String, u32> = serde_json::from_value(truth["records"].clone()).expect("records");
    assert_eq!((truth.len(), truth.get("35")), (35, Some(&1)));
    assert_eq!(control(&fakes, "GET", "count?target=/accounts", &Value::Null)["count"], 1);
    let refused =
        plain("POST", &format!("{}/_fake/changes", fakes.ledger.plain), &[], r#"{"kind":"add","list":"x","count":1}"#);
    assert_eq!(refused.expect("an answer").status, 400);
    let remote = LedgerRemote::at(&fakes.ledger.plain);
    assert_eq!(remote.visits(0).expect("visits"), visits);
    assert_eq!(remote.truth("lines/a1").expect("records"), fakes.ledger.provider.truth("lines/a1"));
    remote.add(&Rule::on("GET", "/tick", Act::status(503))).expect("a rule");
    assert_eq!(get(&fakes, "/tick").status, 503);
    remote.apply(&[Change::Tick]).expect("a change");
    assert_eq!((fakes.ledger.provider.truth("tick").get(&0), remote.count("/tick").expect("a count")), (Some(&2), 1));
    let unknown = remote.apply(&[Change::Touch { list: "x".to_owned(), one_in: 1 }]).expect_err("no such list");
    assert!(unknown.to_string().contains("there is no list"), "{unknown}");
    assert_eq!(remote.holding("x").expect("a count"), 0);
    remote.reset().expect("a reset");
    assert_eq!(fakes.ledger.provider.truth("lines/a1").len(), 30);
}

#[test]
fn alone_it_listens_where_it_was_told_and_goes_on_with_its_journal() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let start = |port| {
        let config = LedgerConfig { port, entries: 3, ..LedgerConfig::default() };
        LoneLedger::start(7, config, Some(folder.path()), &clock)
    };
    let ask = |ledger: &LoneLedger| {
        let key = ledger.stand.provider.key("owner");
        plain("GET", &format!("{}/entries", ledger.stand.plain), &[("host", HOST), ("x-api-key", &key)], "")
    };
    let first = start(0).expect("the ledger starts");
    assert_eq!(records(&ask(&first).expect("an answer")), [(1, 1), (2, 1), (3, 1)]);
    let port = first.stand.plain.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    assert_eq!(first.describe()["rewrite"][0]["connect"], first.stand.plain);
    drop(first);
    let again = wait_for(|| start(port).ok());
    assert_eq!(ask(&again).expect("an answer").status, 200);
    assert_eq!(again.stand.journal.visits().iter().map(|visit| visit.seq).collect::<Vec<_>>(), [1, 2]);
}

/// The runtime of a ledger that was dropped lets go of its port a moment later.
fn wait_for<T>(mut what: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(20) {
        if let Some(found) = what() {
            return found;
        }
        std::thread::yield_now();
    }
    panic!("it did not come to that");
}
