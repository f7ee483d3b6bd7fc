//! Reports that take their time: asked for once, looked at by many runs, read when they are ready.

use std::{collections::BTreeSet, time::Duration};

use patchbay_test_support::{
    Result, Trouble,
    fakes::{
        Act, Rule,
        meta_ads::{Kind, MetaAds, Plan, Seen},
    },
};
use serde_json::{Value, json};

use super::{ACCOUNTS, FIGURES, ID, World, fake, graph};

const ACCOUNT: &str = ACCOUNTS[0];
/// The days of the settings: six, and today.
const DAYS: usize = 7;
const LIMIT: Duration = Duration::from_secs(60);
/// Between two runs, of which each counts as if it came when the last one asked for.
const PAUSE: Duration = Duration::from_secs(30);
/// Longer than an account rests.
const REST: Duration = Duration::from_secs(310);

/// One account, whose figures are read when a test says so.
fn world() -> Result<World> {
    World::open(&[ACCOUNT], &["insights"])
}

/// That the figures are those of the provider.
fn is_true(world: &World) -> Result<()> {
    is_so(world, &[])
}

/// That the figures are those of the provider, broken down so: all members of all of them.
fn is_so(world: &World, by: &[&str]) -> Result<()> {
    let told = |mut row: Value| {
        let values: Vec<String> =
            by.iter().map(|name| format!("{name}={}", row[*name].as_str().unwrap_or_default())).collect();
        row["breakdown"] = json!(values.join(","));
        row.to_string()
    };
    let wanted: BTreeSet<String> = world.fake()?.rows(ACCOUNT, FIGURES, by).into_iter().map(told).collect();
    let records = world.records("insights")?;
    let stored: BTreeSet<String> =
        records.iter().map(|record| record.get("record").unwrap_or(record).to_string()).collect();
    if wanted == stored && records.len() == wanted.len() {
        return Ok(());
    }
    let other: Vec<&String> = wanted.symmetric_difference(&stored).take(3).collect();
    Err(Trouble::new(format!("{} rows should be there, {} are: {other:?}", wanted.len(), records.len())))
}

fn is_done(runs: &[Value]) {
    assert!(runs.last().is_some_and(|run| run["state"] == json!("done")), "{:?}", runs.last());
}

fn days(jobs: &[Seen]) -> BTreeSet<&str> {
    jobs.iter().map(|job| job.since.as_str()).collect()
}

#[test]
fn a_report_moves_through_every_state_over_several_runs_and_is_asked_for_once() -> Result<()> {
    let world = world()?;
    world.fake()?.plan(ACCOUNT, &[Plan::EachState; DAYS]);
    let sync = world.sync(ACCOUNT, "insights")?;
    is_done(&world.read_on(&sync, PAUSE)?);
    let runs = world.tenant.runs(&world.connection)?.into_iter().filter(|run| run["sync"] == json!(sync)).count();
    assert!(runs > 5, "one look a run, besides the one that failed at first: {runs}");
    let jobs = world.fake()?.jobs();
    assert_eq!((jobs.len(), days(&jobs).len()), (DAYS, DAYS), "one report for each day: {jobs:?}");
    assert!(jobs.iter().all(|job| job.since == job.until && job.looks >= 5 && job.reads > 0), "{jobs:?}");
    is_true(&world)
}

#[test]
fn a_report_that_is_lost_is_asked_for_again_and_one_that_is_only_slow_is_not() -> Result<()> {
    let world = world()?;
    let plans =
        [Plan::StuckAtZero, Plan::Fails, Plan::Skipped, Plan::NotThereYet, Plan::FullButRunning(3), Plan::NeverReady];
    world.fake()?.plan(ACCOUNT, &plans);
    is_done(&world.read_on(&world.sync(ACCOUNT, "insights")?, PAUSE)?);
    let jobs = world.fake()?.jobs();
    for (place, job) in jobs.iter().enumerate() {
        let lost = matches!(job.plan, Plan::StuckAtZero | Plan::Fails | Plan::Skipped | Plan::NeverReady);
        let others = jobs.iter().enumerate().filter(|(other, one)| *other > place && one.since == job.since).count();
        assert_eq!((others > 0, job.reads > 0), (lost, !lost), "{job:?} among {jobs:?}");
    }
    assert_eq!(jobs.len(), DAYS + 4, "{jobs:?}");
    is_true(&world)
}

#[test]
fn a_day_whose_report_never_comes_is_told_and_the_other_days_are_there() -> Result<()> {
    let world = world()?;
    let config = json!({ "config": { "jobs": { "at_once": 1 } } });
    world.rig.operator.put(&format!("/v1/connectors/{ID}/config"), &config)?.expect(200)?;
    world.fake()?.plan(ACCOUNT, &[Plan::Skipped; 5]);
    let sync = world.sync(ACCOUNT, "insights")?;
    let runs = world.read_on(&sync, PAUSE)?;
    let last = runs.last().cloned().unwrap_or_default();
    let first = world.fake()?.jobs().first().map(|job| job.since.clone()).unwrap_or_default();
    assert_eq!((&last["state"], &last["reason"]["code"]), (&json!("failed"), &json!("PB1105")), "{last}");
    assert!(last.to_string().contains(&first), "it names the day {first}: {last}");
    is_true(&world)?;
    let jobs = world.fake()?.jobs();
    assert_eq!((jobs.len(), jobs.iter().filter(|job| job.since == first).count()), (DAYS + 4, 5), "{jobs:?}");
    // The next slot asks for that day once more.
    world.rig.advance(Duration::from_secs(2 * 3_600))?;
    is_done(&world.read_on(&sync, PAUSE)?);
    let jobs = world.fake()?.jobs();
    assert_eq!(jobs.iter().filter(|job| job.since == first && job.reads > 0).count(), 1, "{jobs:?}");
    is_true(&world)
}

#[test]
fn a_host_that_is_killed_looks_at_the_same_report_afterwards_and_starts_no_other() -> Result<()> {
    let mut world = world()?;
    let sync = world.sync(ACCOUNT, "insights")?;
    world.fake()?.plan(ACCOUNT, &[Plan::EachState; DAYS]);
    let begun = world.run(&sync)?;
    assert_eq!(begun["state"], json!("more_later"), "{begun}");
    let before = world.fake()?.jobs();
    assert!(!before.is_empty() && before.iter().all(|job| job.reads == 0), "{before:?}");

    // Between two runs: nobody is there who remembers anything.
    world.rig.host.restart()?;
    world.rig.advance(PAUSE)?;
    world.run(&sync)?;
    assert_eq!(ids(world.fake()?), of(&before), "the same reports were looked at");

    // In the middle of a look.
    let looks: u32 = world.fake()?.jobs().iter().map(|job| job.looks).sum();
    assert!(looks > 0);
    world.rig.advance(PAUSE)?;
    let script = &fake(&world.rig)?.script;
    script.add(Rule::on("GET", "/v25.0/60239", Act::Hold { name: "look".to_owned(), applied: false }));
    world.tenant.run(&sync)?;
    assert!(script.wait_until_held("look", LIMIT), "a report is looked at");
    world.rig.host.kill()?;
    fake(&world.rig)?.script.clear();
    world.rig.host.restart()?;
    // The lease of the run that was left behind ends.
    world.rig.advance(Duration::from_secs(60))?;
    is_done(&world.read_on(&sync, PAUSE)?);

    let jobs = world.fake()?.jobs();
    assert_eq!((jobs.len(), days(&jobs).len()), (DAYS, DAYS), "no day was asked for twice: {jobs:?}");
    assert!(jobs.iter().all(|job| job.looks >= 5 && job.reads > 0), "{jobs:?}");
    is_true(&world)
}

fn ids(fake: &MetaAds) -> Vec<String> {
    of(&fake.jobs())
}

fn of(jobs: &[Seen]) -> Vec<String> {
    jobs.iter().map(|job| job.id.clone()).collect()
}

#[test]
fn an_account_rests_before_it_has_used_up_everything() -> Result<()> {
    let world = world()?;
    world.fake()?.use_up(ACCOUNT, Kind::Insights, 0, 9);
    let runs = world.read_on(&world.sync(ACCOUNT, "insights")?, REST)?;
    is_done(&runs);
    let refused = fake(&world.rig)?.journal.entries().into_iter().filter(|entry| entry.status == Some(400)).count();
    let rested = runs.len() > 1;
    assert_eq!((refused, rested), (0, true), "it rests at 90 percent, and is refused at 100");
    is_true(&world)
}

#[test]
fn breakdowns_that_meta_refuses_name_the_setting_and_another_choice_is_read() -> Result<()> {
    let world = world()?;
    let choose =
        |by: &Value| world.set(&json!({ "settings": { "look_back_days": 1, "history_days": 6, "breakdowns": by } }));
    choose(&json!(["age", "region"]))?;
    let script = &fake(&world.rig)?.script;
    script.add(Rule::on("POST", "/v25.0/act_", graph(400, 100, 0)).times(0));
    let run = world.run(&world.sync(ACCOUNT, "insights")?)?;
    assert_eq!((&run["state"], &run["reason"]["code"]), (&json!("failed"), &json!("PB3012")), "{run}");
    assert!(run.to_string().contains("age, region"), "{run}");
    script.clear();
    choose(&json!([]))?;
    is_done(&world.read_on(&world.sync(ACCOUNT, "insights")?, PAUSE)?);
    is_true(&world)
}

#[test]
fn figures_are_broken_down_as_the_settings_say() -> Result<()> {
    let world = world()?;
    let settings = json!({ "look_back_days": 1, "history_days": 6, "breakdowns": ["age", "gender"] });
    world.set(&json!({ "settings": settings }))?;
    is_done(&world.read_on(&world.sync(ACCOUNT, "insights")?, PAUSE)?);
    is_so(&world, &["age", "gender"])
}
