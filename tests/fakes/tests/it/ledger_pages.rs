//! Pages that lead astray, changes in the middle of a list, and poison.

use super::ledger::{get, start, walk};
use patchbay_fakes::{
    Act, Odd, Rule,
    ledger::{Change, Poison},
};
use serde_json::Value;

#[test]
fn pages_go_in_circles_repeat_or_never_end_when_asked_to() {
    let fakes = start();
    let rule = |odd| {
        fakes.ledger.script.clear();
        fakes.ledger.script.add(Rule::on("GET", "/entries", Act::odd(odd)).times(0));
    };
    let next = |path: &str| get(&fakes, path).json()["next"].as_str().map(str::to_owned).unwrap_or_default();
    fakes.ledger.script.add(Rule::on("GET", "/entries", Act::SamePage));
    assert_eq!(
        next("/entries?page=2&size=10&since=2026-01-01T00:01:00Z"),
        "/entries?page=1&since=2026-01-01T00%3A01%3A00Z&size=10"
    );
    rule(Odd::Cycle { pages: 2 });
    let ids: Vec<u64> = walk(&fakes, "/entries?size=1", 5).iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [1, 2, 1, 2, 1]);
    rule(Odd::RepeatRecords);
    let ids: Vec<u64> = walk(&fakes, "/entries?size=1", 3).iter().map(|(id, _)| *id).collect();
    assert_eq!((ids.as_slice(), next("/entries?page=9").contains("page=10")), ([1, 1, 1].as_slice(), true));
    rule(Odd::EmptyPages);
    assert_eq!((walk(&fakes, "/entries", 20).len(), next("/entries?page=41").contains("page=42")), (0, true));
    rule(Odd::Keep { one_in: 0 });
    assert_eq!((walk(&fakes, "/entries", 20).len(), next("/entries")), (0, String::new()));
    rule(Odd::Keep { one_in: 2 });
    assert_eq!(walk(&fakes, "/entries", 20).len(), 125);
    rule(Odd::Backwards);
    let ids: Vec<u64> = walk(&fakes, "/entries?size=100", 20).iter().map(|(id, _)| *id).collect();
    assert!(ids.len() == 250 && ids.is_sorted_by(|one, next| one > next));
    rule(Odd::Offset { minutes: -150 });
    assert_eq!(get(&fakes, "/entries?size=1").json()["items"][0]["changed_at"], "2025-12-31T21:30:00.000-02:30");
    assert_eq!(get(&fakes, "/entries?since=2026-01-01T02:34:00%2B02:30").json()["items"][0]["id"], "241");
    rule(Odd::Shift { seconds: -3_600 });
    assert_eq!(get(&fakes, "/entries?size=1").json()["items"][0]["changed_at"], "2025-12-31T23:00:00.000Z");
}

#[test]
fn changes_happen_right_before_the_page_that_was_named() {
    let fakes = start();
    let change = Change::Put { list: "entries".to_owned(), ids: vec![1], at: None };
    fakes.ledger.script.add(Rule::on("GET", "/entries", Act::odd(Odd::Before { changes: vec![change] })).after(1));
    let all = walk(&fakes, "/entries?size=100", 9);
    // The first record moved to the end, so that all after it shift by one: 101 was never seen.
    assert_eq!((all.len(), all.last(), all.iter().any(|(id, _)| *id == 101)), (250, Some(&(1, 2)), false));
}

#[test]
fn poison_comes_in_its_share_and_is_marked_in_the_journal() {
    let fakes = start();
    let kinds = vec![Poison::NoId, Poison::NullId, Poison::NulId, Poison::Large, Poison::HugeNumber, Poison::NotObject];
    fakes.ledger.provider.apply(&[Change::Poison { kinds, one_in: 10 }]).expect("a change");
    let page = get(&fakes, "/entries?size=70");
    assert_eq!(page.body.matches("1e400").count(), 1);
    let page: Value = serde_json::from_str(&page.body.replace("1e400", "1")).expect("JSON");
    let item = |id: usize| &page["items"][id - 1];
    assert!(item(10).is_object() && item(10).get("id").is_none());
    assert!(item(20).get("id").is_some_and(Value::is_null));
    assert_eq!(item(30)["id"], "30\0");
    assert!(item(40).to_string().len() >= 2 * 1024 * 1024);
    assert_eq!((item(50)["id"].as_str(), item(50)["n"].as_u64()), (Some("50"), Some(1)));
    assert_eq!((item(60).as_str(), item(61)["id"].as_str()), (Some("60"), Some("61")));
    assert!(item(70).get("id").is_none(), "the kinds begin again");
    assert_eq!(fakes.ledger.journal.visits()[0].facts.spoilt, [10, 20, 30, 40, 50, 60, 70]);
    assert_eq!(fakes.ledger.journal.newest("entries").len(), 63);
    assert_eq!(fakes.ledger.journal.ever("entries").len(), 70);
    assert_eq!(fakes.ledger.provider.poison_of(9), None);
}
