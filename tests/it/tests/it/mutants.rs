//! Connectors that were changed at random: each is refused with a reason, or installed and run like any other, and the host
//! lives on. Half of them are well-formed modules that do something else (`wasm-mutate`), half are damaged files.

mod originals;

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use patchbay_it::{Rig, Tenant};
use patchbay_test_support::{Answer, Result, Trouble, fakes::FakesConfig, together, wait_until};
use serde_json::json;

use self::originals::{Mutant, Originals};
use crate::{neighbour::Neighbour, soak::Soak};

/// Mutants of one host.
const OF_A_HOST: u64 = 60;
/// At one moment, as many as there are places for compile children.
const AT_ONCE: usize = 2;
/// A mutant that loops is stopped soon.
const TIGHT: &str = "[limits]\ncall_seconds = 2\n";
const LIMIT: Duration = Duration::from_secs(60);
/// Why a mutant may be refused; anything else is the host's fault.
const REASONS: &[&str] = &["PB1001", "PB1002", "PB1003", "PB1005", "PB1007", "PB1008", "PB1009", "PB1050"];

/// What became of the mutants, by words.
type Fates = Mutex<BTreeMap<String, u32>>;

pub(crate) fn rounds(soak: Soak) -> Result<()> {
    let originals = Originals::read()?;
    let fates = Fates::default();
    for first in (0..soak.rounds).step_by(usize::try_from(OF_A_HOST)?) {
        let numbers: Vec<u64> = (first..soak.rounds.min(first + OF_A_HOST)).collect();
        let rig = Rig::with(FakesConfig::small(), TIGHT)?;
        let neighbour = Neighbour::connect(&rig)?;
        let tenant = rig.tenant("Mutants")?;
        let served = neighbour.beside(&rig, || {
            for done in together(AT_ONCE, |place| {
                numbers.iter().skip(place).step_by(AT_ONCE).try_for_each(|number| {
                    let mutant = originals.mutant(soak.seed, *number)?;
                    let fate = live(&rig, &tenant, &mutant)
                        .map_err(|error| Trouble::new(format!("mutant {number} of seed {}: {error}", soak.seed)))?;
                    *fates.lock().expect("a lock").entry(format!("{}: {fate}", mutant.change)).or_default() += 1;
                    Ok::<(), Trouble>(())
                })
            }) {
                done?;
            }
            Ok(())
        })?;
        println!("{} mutants: {served:?}", numbers.len());
    }
    let fates = fates.into_inner().expect("a lock");
    fates.iter().for_each(|(fate, count)| println!("{count:>5}  {fate}"));
    assert_eq!(u64::from(fates.values().sum::<u32>()), soak.rounds);
    if soak.rounds >= OF_A_HOST {
        // Else the originals are not what they were, and nothing is proved.
        assert!(fates.keys().any(|fate| fate.ends_with("PB1007")), "none was compiled and refused: {fates:?}");
        assert!(fates.keys().any(|fate| fate.contains("installed")), "none was installed: {fates:?}");
    }
    Ok(())
}

/// Installs a mutant and, where that works, connects it and reads once; how it ended.
fn live(rig: &Rig, tenant: &Tenant, mutant: &Mutant) -> Result<String> {
    let answer = rig.post(mutant.bytes.clone())?;
    if answer.status != 201 {
        let code = code(&answer);
        if REASONS.contains(&code.as_str()) {
            return Ok(code);
        }
        return Err(Trouble::new(format!("{} {}: {}", mutant.change, answer.status, answer.text())));
    }
    let fields = if mutant.is_of_guests {
        json!({ "token": "0123456789abcdef", "choice": "paged:3:https://echo.example/echo" })
    } else {
        json!({ "token": rig.fakes.github.provider.token("owner") })
    };
    let body = json!({ "connector": mutant.connector, "fields": fields });
    let made = tenant.api.post("/v1/connections", &body)?;
    if made.status != 201 {
        return Ok(format!("installed, not connected: {}", code(&made)));
    }
    let connection = made.text_at("/id")?;
    // Another account than the provider named, or none: then nothing is read until somebody has chosen.
    if made.text_at("/state")? == "needs_setup" {
        return Ok(format!("installed, waits for somebody: {}", made.text_at("/account_status")?));
    }
    let run = wait_until("the end of a mutant's first attempt", LIMIT, || {
        let run = tenant.runs(&connection)?.pop().unwrap_or_default();
        let tried = run["attempts"].as_u64() > Some(0) && run["state"] != json!("running");
        Ok(tried.then_some(run))
    })?;
    tenant.api.delete(&format!("/v1/connections/{connection}"))?;
    let (state, code) = (run["state"].as_str().unwrap_or_default(), run["reason"]["code"].as_str().unwrap_or_default());
    Ok(format!("installed, its run is {state} {code}"))
}

fn code(answer: &Answer) -> String {
    answer.json["code"].as_str().unwrap_or("no code").to_owned()
}
