//! Many ad accounts behind one login: each stands for itself, and none stops the others.

use std::{collections::BTreeSet, time::Duration};

use patchbay_it::Rig;
use patchbay_test_support::{
    Result,
    fakes::meta_ads::{Edge, Kind},
    wait_until,
};
use serde_json::{Value, json};

use super::{World, fake, log_in, quietly};

const LIMIT: Duration = Duration::from_secs(60);
const ALL: [&str; 3] = super::ACCOUNTS;

/// Number, whether it can be read, and what is said of it.
fn listed(world: &World) -> Result<Vec<(String, bool, String)>> {
    let connection = world.get("")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let accounts = connection["accounts"].as_array().cloned().unwrap_or_default();
    let number = |one: &Value| text(&one["provider_id"]).trim_start_matches("act_").to_owned();
    Ok(accounts.iter().map(|one| (number(one), one["usable"] == json!(true), text(&one["note"]))).collect())
}

fn state(run: &Value) -> (&str, &str) {
    (run["state"].as_str().unwrap_or_default(), run["reason"]["code"].as_str().unwrap_or_default())
}

#[test]
fn all_accounts_are_told_and_only_those_that_can_be_read_can_be_chosen() -> Result<()> {
    let rig: Rig = World::rig()?;
    let others = [("3000007", 7), ("3000008", 8), ("3000009", 9), ("3000100", 100)];
    for (number, status) in others {
        fake(&rig)?.provider.add_account(number, &format!("Account {number}"), status);
    }
    let tenant = rig.tenant("A")?;
    let connection = quietly(&rig, &fake(&rig)?.script, &tenant, || log_in(&rig, &tenant, "owner", &[]))?;
    let world = World { rig, tenant, connection };
    let accounts = listed(&world)?;
    assert_eq!(accounts.len(), 9, "three pages, one of them empty: {accounts:?}");
    let usable: BTreeSet<&str> =
        accounts.iter().filter(|(_, usable, _)| *usable).map(|(number, ..)| number.as_str()).collect();
    assert_eq!(usable, BTreeSet::from(["1010101", "1010102", "1010103", "3000008", "3000009"]), "{accounts:?}");
    for (number, usable, note) in &accounts {
        let plain = ["1010101", "1010102"].contains(&number.as_str());
        assert_eq!(note.is_empty(), plain, "{number}, {usable}: what is wrong with it is said: {note}");
    }
    let names = fake(&world.rig)?.journal.entries().into_iter().filter(|entry| entry.path.ends_with("/adaccounts"));
    assert!(names.count() >= 4, "the list was read to its end");
    Ok(())
}

#[test]
fn an_account_that_is_throttled_or_lost_does_not_stop_the_others() -> Result<()> {
    let world = World::open(&ALL, &["campaigns"])?;
    let syncs = ALL.map(|account| world.sync(account, "campaigns"));
    let [good, throttled, lost] = syncs;
    let (good, throttled, lost) = (good?, throttled?, lost?);
    world.rig.advance(Duration::from_secs(60))?;
    for account in ALL {
        world.fake()?.add(account, Edge::Campaigns, "Nieuw");
    }
    world.fake()?.use_up(ALL[1], Kind::Management, 100, 0);
    assert!(world.fake()?.lose_account(ALL[2], true));

    let run = world.run(&throttled)?;
    assert_eq!(state(&run), ("more_later", "PB3003"), "{run}");
    let run = world.run(&lost)?;
    assert_eq!(state(&run), ("failed", "PB2012"), "{run}");
    let run = world.run(&good)?;
    assert_eq!(state(&run), ("done", ""), "while another account waits: {run}");
    assert_eq!(world.get("")?["state"], json!("active"));

    // Nor do its reports, which are counted apart, though every answer tells of them.
    world.fake()?.use_up(ALL[0], Kind::Insights, 100, 0);
    world.fake()?.add(ALL[0], Edge::Campaigns, "Nog een");
    let run = world.run(&good)?;
    assert_eq!(state(&run), ("done", ""), "reports that used up everything hold back no list: {run}");

    // It goes on by itself, once the account may call again.
    world.rig.advance(Duration::from_secs(400))?;
    let run = wait_until("the throttled account", LIMIT, || {
        let runs = world.tenant.runs(&world.connection)?;
        let newest = runs.into_iter().find(|run| run["sync"] == json!(throttled));
        Ok(newest.filter(|run| run["state"] == json!("done")))
    })?;
    assert_eq!(state(&run), ("done", ""), "{run}");
    Ok(())
}

#[test]
fn an_account_that_vanishes_is_told_and_kept_and_can_come_back() -> Result<()> {
    let world = World::open(&ALL, &["campaigns"])?;
    for account in ALL {
        world.run(&world.sync(account, "campaigns")?)?;
    }
    let before = world.records("campaigns")?.len();
    assert!(before > 40, "{before}");
    let asked = world.get("")?["identified_at"].clone();
    let identified = |than: &Value| {
        wait_until("the daily question", LIMIT, || Ok((world.get("")?["identified_at"] != *than).then_some(())))
    };
    assert!(world.fake()?.lose_account(ALL[2], true));
    world.rig.advance(Duration::from_secs(24 * 3_600 + 120))?;
    identified(&asked)?;
    let accounts = listed(&world)?;
    let gone = accounts.iter().find(|(number, ..)| number == ALL[2]).cloned();
    assert_eq!(gone, Some((ALL[2].to_owned(), false, "access lost".to_owned())), "{accounts:?}");
    assert_eq!(world.records("campaigns")?.len(), before, "nothing is deleted");

    let asked = world.get("")?["identified_at"].clone();
    assert!(world.fake()?.lose_account(ALL[2], false));
    world.rig.advance(Duration::from_secs(24 * 3_600 + 120))?;
    identified(&asked)?;
    assert!(listed(&world)?.iter().any(|(number, usable, _)| number == ALL[2] && *usable));
    Ok(())
}

#[test]
fn after_a_new_consent_fewer_accounts_may_be_there_and_the_others_are_kept() -> Result<()> {
    let world = World::open(&ALL, &["campaigns"])?;
    let again = log_in(&world.rig, &world.tenant, "owner", &["account_1010102", "account_2020202"])?;
    assert_eq!(again, world.connection, "the same person is the same connection");
    let accounts = listed(&world)?;
    assert_eq!(accounts.len(), 5, "{accounts:?}");
    let usable: BTreeSet<&str> =
        accounts.iter().filter(|(_, usable, _)| *usable).map(|(number, ..)| number.as_str()).collect();
    assert_eq!(usable, BTreeSet::from([ALL[0], ALL[2]]), "{accounts:?}");
    Ok(())
}
