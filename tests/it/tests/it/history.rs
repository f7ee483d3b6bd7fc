//! **What happened can be looked up, in bounded space**: each run says what ran, what it used and what ended it; what a
//! connector said is kept in few, harmless lines; what is old goes, and whoever missed it is told so.

use std::time::Duration;

use patchbay_it::{Book, Rig, RigSetup, items, ledger_of};
use patchbay_test_support::{
    Answer, Result, Trouble,
    fakes::{Act, Rule, ledger::Change},
    wait_until,
};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// Lines of a run that are kept.
const LINES: usize = 300;
/// Runs of a sync that are kept however old they are.
const KEPT: usize = 20;

/// A token that is nowhere by chance.
const CANARY: &str = "canary-5f1c2ab9e07d4e63";

#[test]
fn a_run_says_what_ran_what_it_used_and_what_ended_it() -> Result<()> {
    let rig = RigSetup { more: "[limits]\nrun_pages = 3\n".to_owned(), ..RigSetup::default() }.start()?;
    let release = rig.install(ledger_of(&["entries"])?)?;
    let tenant = rig.tenant("A")?;
    let book = Book::connect(&tenant, &rig.fakes.ledger.provider.key("load-1"))?;
    book.settled()?;
    book.settings(&json!({ "page_size": 20, "paging": "number" }))?;
    let known = book.runs("entries")?.len();
    // A page that the provider refuses once, with the time after which to come again.
    rig.fakes.ledger.script.add(Rule::on("GET", "/entries", Act::too_many("1")).times(1));
    book.tell("entries", "reset", &json!({}))?;
    let all = rig.fakes.ledger.provider.truth("entries").len();
    let runs = wait_until("the last run of the pass", LIMIT, || {
        let mut runs = book.runs("entries")?;
        runs.truncate(runs.len() - known);
        let done = runs.first().is_some_and(|run| run["state"] == json!("done"));
        Ok(done.then_some(runs))
    })?;
    // 13 pages in parts of three; each part says that the pages ended it, and the last one that nothing did.
    let (last, parts) = runs.split_first().ok_or_else(|| Trouble::new("no run"))?;
    assert_eq!(parts.len(), 4, "{runs:?}");
    for run in parts {
        assert_eq!((&run["state"], &run["budget"]), (&json!("more_later"), &json!("pages")), "{run}");
        assert_eq!((&run["pages"], &run["records"]), (&json!(3), &json!(60)), "{run}");
        assert_eq!(run["reason"]["code"], json!("PB3008"), "{run}");
    }
    assert_eq!((&last["budget"], &last["reason"]), (&Value::Null, &Value::Null), "{last}");
    let read: u64 = runs.iter().filter_map(|run| run["records"].as_u64()).sum();
    assert_eq!(read, all as u64, "each record once: {runs:?}");
    let first = &runs[runs.len() - 1];
    let usage = &first["usage"];
    assert_eq!((&usage["requests"], &usage["retries"]), (&json!(3), &json!(1)), "{first}");
    assert!(usage["waited_ms"].as_u64() >= Some(900), "it came again when it was told to: {first}");
    assert!(usage["bytes"].as_u64() > Some(60 * 300), "{first}");
    let what = (&first["connector"], &first["release"], &first["version"]);
    assert_eq!(what, (&json!("acme.ledger"), &json!(release), &json!("0.1.0")), "{first}");
    assert!(first["started_at"].is_string() && first["ended_at"].is_string(), "{first}");

    // Which node it was is the operator's business alone.
    let path = format!("/v1/runs/{}", first["id"].as_str().unwrap_or_default());
    assert_eq!((&tenant.get(&path)?.json["node"], &first["operator"]), (&Value::Null, &Value::Null));
    let seen = rig.operator_of(&tenant).get(&path)?.expect(200)?.json;
    assert_eq!(seen["node"], json!(rig.node()?), "{seen}");
    Ok(())
}

#[test]
fn what_a_connector_says_is_kept_in_few_and_harmless_lines() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_guests("0.1.0")?;
    let (tenant, other) = (rig.tenant("A")?, rig.tenant("B")?);
    let connection = tenant.connect_guests(CANARY, "flood-log")?;
    let run = tenant.first_run(&connection)?;
    let path = format!("/v1/runs/{}/log", run["id"].as_str().unwrap_or_default());
    let answer = tenant.get(&path)?;
    let lines = answer.array_at("/items")?;
    assert_eq!(lines.len(), LINES, "10,000 lines were said");
    assert_eq!(lines[LINES - 1]["message"], json!("More was said than is kept."));
    for line in &lines {
        let message = line["message"].as_str().unwrap_or_default();
        assert!(message.len() <= 2_200, "{} bytes", message.len());
        harmless(message)?;
        for (name, value) in line["fields"].as_object().into_iter().flatten() {
            harmless(name)?;
            harmless(value.as_str().unwrap_or_default())?;
        }
    }
    assert!(lines[0]["message"].as_str().is_some_and(|message| message.contains("forged")), "{}", lines[0]);
    assert!(!answer.text().contains(CANARY));
    other.api.get(&path)?.expect(404)?;

    // One that is handed its own credential by a careless provider cannot leave it here.
    let echo = other.connect_guests(CANARY, "echo:https://echo.example/echo")?;
    let run = other.first_run(&echo)?;
    assert!(rig.echo.received().iter().any(|told| told.headers.values().any(|value| value.contains(CANARY))));
    let id = run["id"].as_str().unwrap_or_default();
    for path in [format!("/v1/runs/{id}"), format!("/v1/runs/{id}/log"), "/v1/runs".to_owned()] {
        for api in [&other.api, &rig.operator_of(&other)] {
            let text = api.get(&path)?.expect(200)?.text();
            assert!(!text.contains(CANARY), "{path}: {text}");
        }
    }
    assert!(!std::fs::read_to_string(rig.host.log_path())?.contains(CANARY), "the host's own log");
    Ok(())
}

/// Nothing that a terminal or a reader of lines would take for something else.
fn harmless(text: &str) -> Result<()> {
    let odd = |letter: char| letter.is_control() || ('\u{202a}'..='\u{202e}').contains(&letter);
    if text.chars().any(odd) { Err(Trouble::new(format!("{text:?}"))) } else { Ok(()) }
}

#[test]
fn old_runs_go_and_the_newest_stay_however_old_they_are() -> Result<()> {
    let rig = RigSetup { test_clock: true, ..RigSetup::default() }.start()?;
    rig.install(ledger_of(&["tick"])?)?;
    let tenant = rig.tenant("A")?;
    let book = Book::connect(&tenant, &rig.fakes.ledger.provider.key("load-1"))?;
    book.settled()?;
    let sync = book.sync("tick", None)?["id"].as_str().unwrap_or_default().to_owned();
    tenant.api.patch(&format!("/v1/syncs/{sync}"), &json!({ "schedule": { "every": "366d" } }))?.expect(200)?;
    let mut made = Vec::new();
    for _ in 0..KEPT + 5 {
        made.push(book.done("tick")?["id"].as_str().unwrap_or_default().to_owned());
    }
    let events = items(&tenant.api, "/v1/events?limit=200")?.len();
    assert!(events > 0 && book.runs("tick")?.len() > KEPT + 5);
    rig.advance(DAY * 29)?;
    // A round of the upkeep later they are there, since they are not old enough.
    let later = book.done("tick")?;
    rig.advance(DAY * 2)?;
    let left = wait_until("the old runs to go", LIMIT, || {
        let runs = book.runs("tick")?;
        Ok((runs.len() <= KEPT).then_some(runs))
    })?;
    assert_eq!(left.len(), KEPT, "{left:?}");
    // Not the very newest where the slot of its schedule, which is anywhere in the 366 days, lies in the last two.
    assert!(left.iter().take(2).any(|run| run["id"] == later["id"]), "the newest is there: {left:?}");
    for gone in &made[..5] {
        tenant.api.get(&format!("/v1/runs/{gone}"))?.expect(404)?;
        tenant.api.get(&format!("/v1/runs/{gone}/log"))?.expect(404)?;
    }
    wait_until("the old events to go", LIMIT, || {
        Ok(items(&tenant.api, "/v1/events?limit=200")?.is_empty().then_some(()))
    })?;
    // Records and how fresh they are stay.
    assert_eq!(book.records("tick")?.len(), 1);
    assert!(book.sync("tick", None)?["last_success_at"].is_string());
    Ok(())
}

#[test]
fn who_was_away_longer_than_deletions_are_kept_is_told_to_begin_again() -> Result<()> {
    let rig = RigSetup { test_clock: true, ..RigSetup::default() }.start()?;
    rig.install(ledger_of(&["removals"])?)?;
    let tenant = rig.tenant("A")?;
    let book = Book::connect(&tenant, &rig.fakes.ledger.provider.key("load-1"))?;
    book.settled()?;
    let feed = |after: u64| -> Result<Answer> { tenant.api.get(&format!("/v1/changes?after={after}&limit=1000")) };
    let seq = |change: Option<&Value>| change.and_then(|change| change["seq"].as_u64()).unwrap_or_default();
    let place = seq(tenant.feed(0)?.last());
    let ids: Vec<u64> = (1..=5).collect();
    let gone = Change::Remove { list: "removals".to_owned(), ids: ids.clone() };
    rig.fakes.ledger.provider.apply(&[gone]).map_err(Trouble::new)?;
    book.done("removals")?;
    let told = tenant.feed(place)?;
    let deleted = told.iter().filter(|change| change["operation"] == json!("delete")).count();
    assert_eq!(deleted, ids.len(), "{told:?}");
    let newest = seq(told.last());

    rig.advance(DAY * 89)?;
    book.run("removals")?;
    assert_eq!(feed(place)?.status, 200, "they are kept for 90 days");
    rig.advance(DAY * 2)?;
    let refused = wait_until("the deletions to go", LIMIT, || {
        let answer = feed(place)?;
        Ok((answer.status != 200).then_some(answer))
    })?;
    let refused = refused.expect(410)?.json;
    assert_eq!(refused["code"], json!("PB5011"), "{refused}");
    assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains("after=0")), "{refused}");
    // What it says to do brings exactly what is there.
    let again = tenant.feed(0)?;
    assert!(again.iter().all(|change| change["operation"] != json!("delete")), "{again:?}");
    let keys: Vec<u64> = again.iter().filter_map(|change| change["key"].as_str()?.parse().ok()).collect();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    let truth: Vec<u64> = rig.fakes.ledger.provider.truth("removals").into_keys().collect();
    assert_eq!(sorted, truth);
    // Who was there in time reads on.
    assert_eq!(feed(newest)?.status, 200);
    Ok(())
}
