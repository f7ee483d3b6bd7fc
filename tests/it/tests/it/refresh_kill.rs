//! **Killed at any point of a refresh, a connection works or says that it needs its owner** (trust.md,
//! section 3, row 2; K3). With a provider that takes the old token a little longer none is lost.

use std::{thread, time::Duration};

use patchbay_test_support::{Dice, Result, Trouble, fakes::logins::Renewal, wait_until};

use crate::{
    refresh::{DUE, ENDED, MINUTE, Scene},
    soak::Soak,
};

/// The six places at which a refresh can be cut off.
const POINTS: [&str; 6] = [
    "refresh.before_intent",
    "refresh.after_intent",
    "refresh.request_sent",
    "refresh.answer_received",
    "refresh.before_commit",
    "refresh.after_commit",
];
/// Within an exchange a host comes to where it is killed, and within a lease it is started again, on a slow machine too. Lease
/// and [`SOON`] together are less than the grace of a provider.
const CONFIG: &str = "[refresh]\nlease_seconds = 20\nexchange_seconds = 10\ncool_down_seconds = 1\n";
const LEASE: Duration = Duration::from_secs(20);
/// How long after the end of a lease the next try may be missing.
const SOON: Duration = Duration::from_secs(10);
const LIMIT: Duration = Duration::from_secs(60);

/// What the kills of one host came to.
#[derive(Debug, Default)]
struct Tally {
    kills: u64,
    lost: u64,
}

/// So many kills at each point, with a strict provider and with one that has a grace period of a minute.
pub(crate) fn rounds(soak: Soak) -> Result<()> {
    let (first, last) = POINTS.split_at(3);
    let lines = [(false, first), (false, last), (true, first), (true, last)];
    let ends: Vec<Result<Tally>> = thread::scope(|scope| {
        let begun: Vec<_> = lines
            .iter()
            .zip(soak.seed..)
            .map(|(&(grace, points), seed)| scope.spawn(move || kills(grace, points, Soak { seed, ..soak })))
            .collect();
        begun.into_iter().map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let tallies = ends.into_iter().collect::<Result<Vec<_>>>()?;
    println!("{lines:?}: {tallies:?}");
    assert_eq!(tallies.iter().map(|one| one.kills).sum::<u64>(), soak.rounds * 12);
    // Else the kills met nothing, and all of this proves nothing.
    assert!(tallies.iter().take(2).any(|one| one.lost > 0), "a strict provider loses what is cut off: {tallies:?}");
    Ok(())
}

fn kills(grace: bool, points: &[&str], soak: Soak) -> Result<Tally> {
    let mut dice = Dice::of(soak.seed);
    let grace = if grace { MINUTE } else { Duration::ZERO };
    let renewal = Renewal::Rotating { grace, family: true };
    let mut scene = Scene::open("code-basic", CONFIG, |kind| kind.behaviour.renewal = renewal)?;
    let mut tally = Tally::default();
    for round in 0..soak.rounds {
        for point in points {
            let at = format!("seed {}, round {round}, {point}, grace {} s", soak.seed, grace.as_secs());
            let told = |error: Trouble| Trouble::new(format!("{at}: {error}"));
            let lost = kill(&mut scene, point, &mut dice, &at).map_err(told)?;
            assert!(!lost || grace.is_zero(), "{at}: lost although the old token still worked");
            tally.kills += 1;
            tally.lost += u64::from(lost);
        }
    }
    Ok(tally)
}

/// One kill and what follows it; whether the connection needed its owner.
fn kill(scene: &mut Scene, point: &str, dice: &mut Dice, at: &str) -> Result<bool> {
    scene.rig.host.restart_at(Some(point))?;
    let ended = dice.below(2) == 0;
    scene.rig.advance(if ended { ENDED } else { DUE })?;
    let from = scene.called();
    die_at(scene, dice.below(2) == 0 && point == "refresh.request_sent", from)?;
    scene.rig.host.restart_at(None)?;

    let unharmed = matches!(point, "refresh.before_intent" | "refresh.after_commit");
    if unharmed {
        scene.works()?;
    } else {
        // Somebody else may hold the lease: nobody spends the old token, and nobody gives the connection up.
        let (before, answer) = (scene.called(), scene.used()?);
        assert_eq!(answer.status, if ended { 503 } else { 200 }, "{at}: {}", answer.text());
        assert_eq!(scene.called(), before, "{at}: asked within the lease");
        assert_eq!(scene.stands()?.0, "active", "{at}");
        scene.rig.advance(LEASE + Duration::from_secs(1))?;
        if dice.below(2) == 0 {
            scene.used_by(4)?;
        } else {
            // Nobody uses it: a grace period does not wait for somebody to.
            wait_until("another try", SOON, || Ok((scene.called() > before).then_some(())))?;
            scene.used()?;
        }
    }

    let (calls, state) = (scene.calls(from), scene.stands()?);
    let granted = calls.iter().filter(|call| call.refused.is_none()).count();
    let lost = match (state.0.as_str(), state.1.as_str()) {
        ("active", "") => false,
        ("broken", "PB2002") => true,
        _ => panic!("{at}: neither works nor says why not: {state:?} {calls:?}"),
    };
    if lost {
        assert!(calls.len() == 2 && granted == 1 && calls[1].family, "{at}: one more try and no more: {calls:?}");
        scene.log_in_again()?;
        assert_eq!(scene.stands()?.0, "active", "{at}");
        return Ok(true);
    }
    assert!(calls.len() <= 2 && granted == calls.len(), "{at}: {calls:?}");
    if point == "refresh.after_commit" {
        assert_eq!(calls.len(), 1, "{at}: the pair was stored: {calls:?}");
    }
    // Long after every grace period: what is stored must be what the provider gave last.
    scene.rig.advance(ENDED)?;
    scene.works()?;
    let after = scene.calls(from + calls.len());
    assert!(after.len() == 1 && after[0].refused.is_none(), "{at}: {after:?}");
    Ok(false)
}

/// Uses the connection and kills the host at its failpoint; `heard`: not before the provider has the request.
fn die_at(scene: &mut Scene, heard: bool, from: usize) -> Result<()> {
    let (api, path) = (scene.tenant.api.clone(), format!("/v1/connections/{}/identify", scene.connection));
    // It is answered by the kill.
    let caller = thread::spawn(move || drop(api.post(&path, &serde_json::json!({}))));
    scene.rig.host.wait_for_mark(LIMIT)?;
    if heard {
        wait_until("the request at the provider", LIMIT, || Ok((scene.called() > from).then_some(())))?;
    }
    scene.rig.host.kill()?;
    drop(caller.join());
    Ok(())
}
