//! Promise 2: **a cursor moves only together with its records.** Kill the host at any instant: nothing is
//! lost, nothing is stored twice.

use std::time::Duration;

use patchbay_it::{Mirror, Rig, Tenant};
use patchbay_test_support::{
    Result, Trouble,
    fakes::{Act, FakesConfig, Rule},
    wait_until,
};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
/// Kills of the short form.
const ROUNDS: u64 = 6;

/// A number of the environment of a soak.
fn asked(name: &str, otherwise: u64) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration file of their own")]
    let asked = std::env::var(name).ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// SplitMix64: the same numbers for the same seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

#[test]
fn killed_at_any_page_nothing_is_lost_and_nothing_is_stored_twice() -> Result<()> {
    let (rounds, seed) = (asked("PATCHBAY_SOAK_ROUNDS", ROUNDS), asked("PATCHBAY_SOAK_SEED", 7));
    let mut config = FakesConfig::small();
    (config.seed, config.github.records, config.github.repositories) = (seed, 1_200, 2);
    let mut rig = Rig::with(config, "")?;
    rig.install_connectors(&["github"])?;
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_github(&rig)?;
    tenant.settled()?;
    let (mut numbers, mut mirror, mut taken_over) = (Numbers(seed), Mirror::default(), 0);
    mirror.follow(&tenant)?;
    mirror.compare(&rig)?;
    for round in 0..rounds {
        let told = |error: Trouble| Trouble::new(format!("seed {seed}, round {round}: {error}"));
        rig.fakes.github.provider.touch(None, 500, 30, 250);
        let (held, applied) = (format!("kill-{round}"), numbers.below(2) == 0);
        let list = if numbers.below(2) == 0 { "/issues?" } else { "/issues/comments?" };
        let hold = Act::Hold { name: held.clone(), applied };
        let pages = u32::try_from(numbers.below(3)).unwrap_or_default();
        rig.fakes.github.script.add(Rule::on("GET", "/repos/", hold).containing(list).after(pages));
        let (dead, runs) = (rig.node()?, tenant.run_all(&connection)?);
        assert!(rig.fakes.github.script.wait_until_held(&held, LIMIT), "seed {seed}, round {round}: page {pages}");
        // What is told now must not be told again after the kill.
        mirror.follow(&tenant).map_err(told)?;
        rig.host.kill()?;
        rig.fakes.github.script.clear();
        rig.host.restart()?;
        taken_over += rig.left_by(&dead, &tenant).map_err(told)? as u64;
        tenant.settled().map_err(told)?;
        for run in &runs {
            let run = tenant.ended(run)?;
            assert_eq!(run["state"], json!("done"), "seed {seed}, round {round}: {run}");
        }
        mirror.follow(&tenant).map_err(told)?;
        let compared = mirror.compare(&rig).map_err(told)?;
        assert!(compared > 1_000, "seed {seed}, round {round}: only {compared} records");
    }
    assert!(taken_over >= rounds, "each kill must have met a run: {taken_over} of {rounds}");
    Ok(())
}

#[test]
fn stopped_in_the_middle_a_run_goes_on_after_the_next_start() -> Result<()> {
    let mut config = FakesConfig::small();
    (config.github.records, config.github.repositories) = (1_200, 1);
    let mut rig = Rig::with(config, "")?;
    rig.install_connectors(&["github"])?;
    let hold = Act::Hold { name: "stop".to_owned(), applied: true };
    rig.fakes.github.script.add(Rule::on("GET", "/repos/", hold).containing("/issues?").after(2));
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_github(&rig)?;
    assert!(rig.fakes.github.script.wait_until_held("stop", LIMIT), "the third page was not asked for");
    let mut mirror = Mirror::default();
    wait_until("the pages before to be stored", LIMIT, || {
        mirror.follow(&tenant)?;
        Ok((mirror.count("issues") > 0).then_some(()))
    })?;
    assert!(rig.host.stop()?.success(), "{}", rig.host.log_tail());
    rig.fakes.github.script.clear();
    rig.host.restart()?;
    tenant.settled()?;
    let runs = tenant.runs(&connection)?;
    assert!(runs.iter().any(|run| run["state"] == json!("more_later")), "it was handed back, not lost: {runs:?}");
    assert!(runs.iter().all(|run| run["deaths"] == json!(0) && run["state"] != json!("failed")), "{runs:?}");
    mirror.follow(&tenant)?;
    mirror.compare(&rig).map(drop)
}

/// The `since` of each read of the first page of a list, oldest first.
fn since(rig: &Rig, path: &str) -> Vec<Option<String>> {
    let entries = rig.fakes.github.journal.entries();
    let reads = entries.iter().filter(|entry| entry.path == path && entry.method == "GET");
    reads.map(|entry| entry.query.get("since").cloned()).collect()
}

/// The list of issues that a sync of them reads.
fn issues_of(rig: &Rig) -> Result<String> {
    let repository = rig.fakes.github.provider.repositories().into_iter().next();
    repository.map(|name| format!("/repos/{name}/issues")).ok_or_else(|| Trouble::new("no repository"))
}

/// The sync of the issues of the account whose list this is.
fn sync_of(rig: &Rig, tenant: &Tenant, connection: &str, list: &str) -> Result<String> {
    let entries = rig.fakes.github.provider.records("repository");
    let name = list.trim_start_matches("/repos/").trim_end_matches("/issues");
    let account = entries.iter().find(|repository| repository["full_name"] == json!(name));
    let account = account.map(|repository| repository["id"].to_string()).unwrap_or_default();
    let syncs = tenant.get(&format!("/v1/connections/{connection}/syncs"))?.array_at("/items")?;
    let sync = syncs.iter().find(|sync| sync["stream"] == json!("issues") && sync["account"] == json!(account));
    let sync = sync.and_then(|sync| sync["id"].as_str()).map(str::to_owned);
    sync.ok_or_else(|| Trouble::new(format!("no sync of {list}: {syncs:?}")))
}

#[test]
fn an_unreadable_answer_with_status_200_fails_the_run_and_leaves_the_cursor() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_connectors(&["github"])?;
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_github(&rig)?;
    tenant.settled()?;
    let list = issues_of(&rig)?;
    let sync = sync_of(&rig, &tenant, &connection, &list)?;
    let name = list.trim_start_matches("/repos/").trim_end_matches("/issues").to_owned();
    let mut mirror = Mirror::default();
    mirror.follow(&tenant)?;

    let cut = Act::Cut { bytes: 40 };
    for (what, act) in [("HTML", Act::html()), ("nothing", Act::empty()), ("half a page", cut)] {
        rig.fakes.github.provider.touch(Some(&name), 3, 1, 0);
        let reads = since(&rig, &list).len();
        rig.fakes.github.script.add(Rule::on("GET", &list, act).times(1));
        let failed = tenant.ended(&tenant.run(&sync)?)?;
        assert_eq!(
            (&failed["state"], &failed["reason"]["code"]),
            (&json!("failed"), &json!("PB3005")),
            "{what}: {failed}"
        );
        assert_eq!((&failed["records"], &failed["pages"]), (&json!(0), &json!(0)), "{what}: {failed}");
        assert_eq!(mirror.follow(&tenant)?, 0, "{what}: a failed page stores nothing");
        rig.fakes.github.script.clear();

        let good = tenant.ended(&tenant.run(&sync)?)?;
        assert_eq!(good["state"], json!("done"), "{what}: {good}");
        let asked = since(&rig, &list);
        assert_eq!(asked.get(reads), asked.get(reads + 1), "{what}: the cursor must not have moved");
        assert!(asked[reads].is_some(), "{what}: it was read before: {asked:?}");
        assert!(mirror.follow(&tenant)? > 0, "{what}: what the failed run missed is there now");
    }
    tenant.run_all(&connection)?;
    tenant.settled()?;
    mirror.follow(&tenant)?;
    mirror.compare(&rig).map(drop)
}

#[test]
fn a_page_that_repeats_its_cursor_ends_the_run_as_stalled_and_its_records_are_kept_once() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_connectors(&["github"])?;
    let tenant = rig.tenant("A")?;
    let list = issues_of(&rig)?;
    rig.fakes.github.script.add(Rule::on("GET", &list, Act::SamePage).containing("/issues?").times(0));
    // Fewer issues than a page holds have no `Link` header that could be bent.
    rig.fakes.github.provider.touch(Some(list.trim_start_matches("/repos/").trim_end_matches("/issues")), 0, 120, 0);
    let connection = tenant.connect_github(&rig)?;
    tenant.settled()?;
    let sync = sync_of(&rig, &tenant, &connection, &list)?;
    let stalled: Vec<Value> = tenant.runs(&connection)?.into_iter().filter(|run| run["sync"] == json!(sync)).collect();
    assert_eq!(stalled.len(), 1, "the next slot of the schedule tries again, not before: {stalled:?}");
    assert_eq!((&stalled[0]["state"], &stalled[0]["reason"]["code"]), (&json!("stalled"), &json!("PB3001")));
    let mut mirror = Mirror::default();
    mirror.follow(&tenant)?;
    assert!(mirror.count("issues") >= 100, "what the pages brought is kept: {}", mirror.count("issues"));
    Ok(())
}

#[test]
fn pages_that_bring_nothing_new_end_the_run_as_stalled() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_guests("0.1.0")?;
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_guests("0123456789", "page:10")?;
    let run = tenant.first_run(&connection)?;
    assert_eq!((&run["state"], &run["reason"]["code"]), (&json!("stalled"), &json!("PB3001")), "{run}");
    assert_eq!(tenant.feed(0)?.len(), 10);
    Ok(())
}
