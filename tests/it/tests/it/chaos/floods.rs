//! C6: answers without measure. None may cost the host 32 MiB.

use std::{fs, time::Duration};

use patchbay_test_support::{
    Result, Trouble,
    fakes::{Act, Odd, ledger::Change},
};

use super::{FIRST, Ground, Lay, list};

/// What one request may cost.
const MOST_KIB: u64 = 32 * 1024;

/// A line of `/proc/PID/status`, KiB.
fn memory(ground: &Ground, name: &str) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{}/status", ground.rig.host.pid()))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok());
    number.ok_or_else(|| Trouble::new(format!("no {name}: {text}")))
}

/// Makes the highest that memory ever was what it is now.
fn forget_the_peak(ground: &Ground) -> Result<()> {
    Ok(fs::write(format!("/proc/{}/clear_refs", ground.rig.host.pid()), "5")?)
}

#[test]
fn no_flood_costs_the_host_memory() -> Result<()> {
    let ground = Lay { test_clock: true, ..Lay::default() }.start()?;
    let odd = |name: &'static str, odd: Odd, code: &'static str| (name, Act::odd(odd), code);
    let encoding = |value: &str| Odd::Encoding { value: value.to_owned() };
    let floods = [
        odd("a body without an end", Odd::Endless, "PB3005"),
        odd("ten gibibytes by its length", Odd::Length { bytes: 10 << 30 }, "PB3005"),
        odd("a head without an end", Odd::EndlessHeaders, "PB3005"),
        odd("100,000 headers", Odd::ManyHeaders { count: 100_000 }, "PB3005"),
        odd("a bomb of a gibibyte", Odd::GzipBomb { mib: 1_024, layers: 1 }, "PB3005"),
        odd("a bomb in a bomb", Odd::GzipBomb { mib: 1_024, layers: 2 }, "PB1105"),
        odd("zstd", encoding("zstd"), "PB1105"),
        odd("brotli", encoding("br"), "PB1105"),
        odd("no gzip", encoding("gzip"), "PB1105"),
        odd("a length that is shorter", Odd::Length { bytes: 900 }, "PB3005"),
    ];
    let mut cell = ground.cell(FIRST + 40, "floods", "entries")?;
    // What a first failure keeps for good is no flood's.
    ground.ledger().script.add(cell.rule(Act::html()));
    cell.ends("failed", Some("PB3005"))?;
    for (name, act, code) in floods {
        ground.change(&[Change::Touch { list: list("entries"), one_in: 2 }])?;
        ground.ledger().script.add(cell.rule(act).times(0));
        forget_the_peak(&ground)?;
        let before = memory(&ground, "VmRSS")?;
        let run = cell.run()?;
        cell.name = name.to_owned();
        cell.ended_as(&run, "failed", Some(code))?;
        let peak = memory(&ground, "VmHWM")?;
        let cost = peak.saturating_sub(before);
        println!("{name}: {cost} KiB");
        assert!(cost < MOST_KIB, "{name}: from {before} to {peak} KiB");
        assert_eq!(cell.follow()?, 0, "{name}: nothing is stored");
        ground.ledger().script.clear();
        ground.rig.advance(Duration::from_secs(90))?;
        cell.ends("done", None)?;
        cell.catches_up(&ground)?;
    }
    assert_eq!(cell.mirror.deleted(), 0);
    Ok(())
}
