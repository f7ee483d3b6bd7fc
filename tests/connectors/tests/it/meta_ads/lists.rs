//! Lists by change, of a provider that does not tell all changes, and whose pages may be too large.

use std::time::Duration;

use patchbay_test_support::{Result, fakes::meta_ads::Edge};
use serde_json::{Value, json};

use super::{ACCOUNTS, World, fake};

const ACCOUNT: &str = ACCOUNTS[0];
const DAY: Duration = Duration::from_secs(86_400);

/// How many ads the host takes for paused by their campaign.
fn paused(world: &World) -> Result<usize> {
    let records = world.records("ads")?;
    let state = |one: &Value| one.get("record").unwrap_or(one)["effective_status"].clone();
    Ok(records.iter().filter(|one| state(one) == json!("CAMPAIGN_PAUSED")).count())
}

fn reads(world: &World) -> Result<()> {
    let run = world.run(&world.sync(ACCOUNT, "ads")?)?;
    assert_eq!(run["state"], json!("done"), "{run}");
    Ok(())
}

#[test]
fn a_campaign_that_is_paused_is_seen_in_its_ads_within_a_day() -> Result<()> {
    let world = World::open(&[ACCOUNT], &["ads"])?;
    reads(&world)?;
    let campaign = world.fake()?.objects(ACCOUNT, Edge::Ads)[0]["campaign_id"].as_str().unwrap_or_default().to_owned();
    world.rig.advance(Duration::from_secs(3_600))?;
    assert!(world.fake()?.pause(ACCOUNT, &campaign));
    reads(&world)?;
    assert_eq!(paused(&world)?, 0, "nothing says that they changed");
    world.rig.advance(DAY)?;
    reads(&world)?;
    let all = world.fake()?.objects(ACCOUNT, Edge::Ads);
    let wanted = all.iter().filter(|one| one["effective_status"] == json!("CAMPAIGN_PAUSED")).count();
    assert!(wanted > 0);
    assert_eq!(paused(&world)?, wanted);
    Ok(())
}

#[test]
fn an_account_that_is_too_large_for_large_pages_is_read_in_smaller_ones() -> Result<()> {
    let world = World::open(&[ACCOUNT], &["ads"])?;
    world.fake()?.enlarge(ACCOUNT);
    reads(&world)?;
    let living = world.fake()?.objects(ACCOUNT, Edge::Ads);
    let living = living.iter().filter(|one| one["effective_status"] != json!("DELETED")).count();
    assert_eq!(world.records("ads")?.len(), living);
    let entries = fake(&world.rig)?.journal.entries().into_iter();
    let mut sizes: Vec<String> = entries
        .filter(|entry| entry.path.ends_with("/ads") && entry.status == Some(200))
        .filter_map(|entry| entry.query.get("limit").cloned())
        .collect();
    sizes.dedup();
    assert_eq!(sizes, ["6"], "a hundred and a quarter of it were too many");
    Ok(())
}
