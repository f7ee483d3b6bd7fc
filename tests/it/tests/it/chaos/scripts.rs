//! Random scripts: in each round the provider changes, misbehaves in ways that the seed chooses, and is well again;
//! then every feed is what the provider has. What is wrong with a round is repeated by its seed.

use std::time::Duration;

use patchbay_it::{Book, LedgerMirror, Rig, RigSetup, ledger_of};
use patchbay_test_support::{
    Dice, Result, Trouble,
    fakes::{
        Act, FakesConfig, LedgerConfig, Odd, Rule,
        ledger::{Change, LedgerStand, Poison},
    },
};
use serde_json::{Value, json};

use crate::soak::Soak;

const STREAMS: [&str; 3] = ["entries", "removals", "snapshot"];
/// Page sizes of the connections.
const SIZES: [u64; 3] = [17, 43, 1_000];
/// Longer than a retry waits, and shorter than the overlap of the entries.
const LATER: Duration = Duration::from_secs(100);
/// Runs that one round may take until a stream is read.
const PATIENCE: u32 = 12;
/// Poison is at most so rare.
const POISONED: u64 = 120;
/// Short limits of the gate.
const HASTY: [(&str, &str); 3] = [
    ("PATCHBAY_EGRESS__FIRST_BYTE_SECONDS", "2"),
    ("PATCHBAY_EGRESS__PROGRESS_SECONDS", "1"),
    ("PATCHBAY_EGRESS__TOTAL_SECONDS", "3"),
];

struct Reader {
    book: Book,
    mirror: LedgerMirror,
}

/// The short form is a few rounds.
pub(crate) fn rounds(soak: Soak) -> Result<()> {
    let ledger = LedgerConfig { entries: 200, removals: 80, snapshot: 150, ..LedgerConfig::default() };
    let rig = RigSetup {
        fakes: Some(FakesConfig { seed: soak.seed, ledger, ..FakesConfig::small() }),
        variables: HASTY.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        test_clock: true,
        ..RigSetup::default()
    }
    .start()?;
    rig.install(ledger_of(&STREAMS)?)?;
    let mut readers = Vec::new();
    for (at, size) in SIZES.iter().enumerate() {
        let book = Book::connect(
            &rig.tenant(&format!("reads {size}"))?,
            &rig.fakes.ledger.provider.key(&format!("load-{at}")),
        )?;
        book.settings(&json!({ "page_size": size, "unchecked": at == 1 }))?;
        book.settled()?;
        readers.push(Reader { book, mirror: LedgerMirror::default() });
    }
    let mut dice = Dice::of(soak.seed);
    for round in 0..soak.rounds {
        let mut script = Vec::new();
        let told = |script: &[String], error: &Trouble| {
            Trouble::new(format!("seed {}, round {round}, after {}: {error}", soak.seed, script.join("; ")))
        };
        trouble(&rig.fakes.ledger, &mut dice, &mut script).map_err(|error| told(&script, &error))?;
        for reader in &mut readers {
            suffers(reader, &rig).map_err(|error| told(&script, &error))?;
        }
        rig.fakes.ledger.script.clear();
        cure(&rig.fakes.ledger)?;
        for reader in &mut readers {
            recovers(reader, &rig).map_err(|error| told(&script, &error))?;
        }
        println!("round {round}: {}", script.join("; "));
    }
    Ok(())
}

fn apply(ledger: &LedgerStand, change: Change) -> Result<()> {
    ledger.provider.apply(&[change]).map_err(Trouble::new)
}

/// No poison any more. What was set aside is read again when it changes, not before.
fn cure(ledger: &LedgerStand) -> Result<()> {
    let poisoned = (1..=POISONED).find(|id| ledger.provider.poison_of(*id).is_some());
    apply(ledger, Change::Poison { kinds: Vec::new(), one_in: 0 })?;
    let Some(one_in) = poisoned else { return Ok(()) };
    for stream in STREAMS {
        apply(ledger, Change::Touch { list: stream.to_owned(), one_in })?;
    }
    Ok(())
}

/// Changes, and rules; what they are goes to `script`.
fn trouble(ledger: &LedgerStand, dice: &mut Dice, script: &mut Vec<String>) -> Result<()> {
    for stream in STREAMS {
        let change = change(dice, stream, ledger);
        script.push(format!("{change:?}"));
        apply(ledger, change)?;
    }
    if dice.below(6) == 0 {
        let poison = Change::Poison {
            kinds: vec![Poison::NoId, Poison::NullId, Poison::NulId],
            one_in: 40 + dice.below(POISONED - 40),
        };
        script.push(format!("{poison:?}"));
        apply(ledger, poison)?;
    }
    for _ in 0..=dice.below(4) {
        let stream = STREAMS[usize::try_from(dice.below(3)).unwrap_or(0)];
        let act = act(dice, stream);
        let after = u32::try_from(dice.below(6)).unwrap_or(0);
        let times = u32::try_from(dice.below(4)).unwrap_or(0);
        let rule = Rule::on("GET", &format!("/{stream}"), act).after(after).times(times);
        script.push(serde_json::to_string(&rule).unwrap_or_default());
        ledger.script.add(rule);
    }
    Ok(())
}

fn change(dice: &mut Dice, stream: &str, ledger: &LedgerStand) -> Change {
    let list = stream.to_owned();
    match dice.below(4) {
        0 => Change::Add { list, count: 1 + dice.below(60), at: None },
        // What is gone from the entries is never told, so nothing goes there.
        1 if stream != "entries" => {
            let first = dice.below(70);
            Change::Remove { list, ids: (first..first + dice.below(12)).collect() }
        }
        2 => {
            let ids = ledger.provider.truth(stream).into_keys().filter(|id| id % 3 == dice.below(3)).collect();
            Change::Put { list, ids, at: None }
        }
        _ => Change::Touch { list, one_in: 1 + dice.below(5) },
    }
}

fn act(dice: &mut Dice, stream: &str) -> Act {
    let bytes = usize::try_from(1 + dice.below(2_000)).unwrap_or(1);
    // What no overlap makes up for is not asked of a list without one. Nothing here writes the same record in another
    // way: told by one page and taken back by the next, it would look as if it was stored twice.
    let kinds = match stream {
        "entries" => 22,
        "snapshot" => 19,
        _ => 18,
    };
    match dice.below(kinds) {
        0 => {
            let status = [400, 403, 404, 408, 409, 429, 500, 502, 503, 504, 520, 204, 304];
            Act::status(status[usize::try_from(dice.below(13)).unwrap_or(0)])
        }
        1 => Act::html(),
        2 => Act::empty(),
        3 => Act::Cut { bytes },
        4 => Act::Drop,
        5 => Act::LoseAnswer,
        6 => Act::too_many("1"),
        7 => Act::odd(Odd::ResetAtOnce),
        8 => Act::odd(Odd::ResetInHead { bytes: bytes % 60 }),
        9 => Act::odd(Odd::ResetInBody { bytes }),
        10 => Act::odd(Odd::CloseInBody { bytes }),
        11 => Act::odd(Odd::Length { bytes: u64::try_from(bytes).unwrap_or(1) * 100 }),
        12 => Act::odd(Odd::Bom),
        13 => Act::odd(Odd::Utf16),
        14 => Act::odd(Odd::NotANumber),
        15 => Act::odd(Odd::DuplicateItems),
        16 => Act::odd(Odd::Before {
            changes: vec![Change::Touch { list: stream.to_owned(), one_in: 2 + dice.below(4) }],
        }),
        17 => Act::odd(Odd::GzipBomb { mib: 64, layers: 1 }),
        18 => Act::odd(Odd::Cycle { pages: 1 + dice.below(4) }),
        19 => Act::odd(Odd::Backwards),
        20 => Act::odd(Odd::Keep { one_in: dice.below(4) }),
        _ => Act::odd(Odd::RepeatRecords),
    }
}

/// Every stream once, however it ends. Nothing may be invented, nothing gone that is there.
fn suffers(reader: &mut Reader, rig: &Rig) -> Result<()> {
    let book = &reader.book;
    let runs = STREAMS.iter().map(|stream| book.start(stream)).collect::<Result<Vec<_>>>()?;
    for run in &runs {
        let run = book.tenant.ended(run)?;
        if !matches!(run["state"].as_str(), Some("done" | "failed" | "stalled" | "more_later" | "held")) {
            return Err(Trouble::new(format!("an end that is none: {run}")));
        }
    }
    reader.mirror.follow(&book.tenant.api)?;
    for stream in STREAMS {
        let ever = rig.fakes.ledger.journal.ever(stream);
        reader.mirror.was_served(&book.id, stream, None, &ever)?;
    }
    Ok(())
}

/// The provider is well: each stream is read, and is what the provider has.
fn recovers(reader: &mut Reader, rig: &Rig) -> Result<()> {
    let book = &reader.book;
    let close = json!({ "tenant": book.tenant.id, "origin": "https://ledger.test" });
    for stream in STREAMS {
        let mut attempts = 0;
        loop {
            rig.operator.post("/v1/circuit-breakers/close", &close)?.expect(204)?;
            rig.advance(if attempts == 0 { Duration::ZERO } else { LATER })?;
            let run: Value = book.run(stream)?;
            if run["state"] == json!("done") {
                break;
            }
            attempts += 1;
            if attempts > PATIENCE {
                return Err(Trouble::new(format!("{stream} does not come to its end: {run}")));
            }
        }
    }
    // A pass that was under way when the trouble came says nothing about what is gone; the next one does.
    for stream in STREAMS {
        let run = book.run(stream)?;
        if run["state"] != json!("done") {
            return Err(Trouble::new(format!("{stream} is not done: {run}")));
        }
    }
    reader.mirror.follow(&book.tenant.api)?;
    for stream in STREAMS {
        let truth = rig.fakes.ledger.provider.truth(stream);
        reader.mirror.compare(&book.id, stream, None, &truth)?;
    }
    Ok(())
}
