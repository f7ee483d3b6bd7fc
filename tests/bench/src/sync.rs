//! `sync`: both sides in turns, what each took, and where the time goes.

use crate::{
    Amount, Result,
    measure::{Figures, number},
    native::{self, PAGE},
    parts::{self, Part, Parts},
    rooms::{Database, House},
    sandbox::{self, MARK, Reading},
    table::{grouped, lay_out},
    wire::Wire,
};

/// What is promised (`architecture.md`, "Numbers to hold").
const RATIO: f64 = 0.85;
const CPU: f64 = 10.0;

/// One side's readings.
#[derive(Default)]
struct Side {
    rate: Figures,
    /// Seconds for a million records.
    cpu: Figures,
    readings: Vec<Reading>,
}

impl Side {
    fn add(&mut self, name: &str, round: u64, reading: Reading) {
        let rate = rate(&reading);
        let cpu = reading.cpu.as_secs_f64() / number(reading.records) * 1_000_000.0;
        eprintln!("  round {round}: {name:<8} {:>9} records/s  {cpu:>6.2} CPU s a million", grouped(rate));
        self.rate.add(rate);
        self.cpu.add(cpu);
        self.readings.push(reading);
    }
}

/// Records a second.
fn rate(reading: &Reading) -> f64 {
    number(reading.records) / reading.wall.as_secs_f64()
}

pub(crate) async fn run(amount: Amount, postgres: bool) -> Result<()> {
    let database = if postgres { Database::Postgres } else { Database::Sqlite };
    let house = House::build(amount.records)?;
    warm(&house, amount.records).await?;
    let (mut sandbox, mut native) = (Side::default(), Side::default());
    for round in 1..=amount.rounds {
        // Who is first changes, so that neither has the warmer machine.
        if round % 2 == 1 {
            sandbox.add("host", round, sandbox::read(&house, database, amount).await?);
            native.add("native", round, native::read(&house, database, amount).await?);
        } else {
            native.add("native", round, native::read(&house, database, amount).await?);
            sandbox.add("host", round, sandbox::read(&house, database, amount).await?);
        }
    }
    let parts = parts::measure(&house, database, amount.records).await?;
    let (records, rounds) = (grouped(number(amount.records)), amount.rounds);
    println!("\nsync: {records} records of 300 bytes into {}, {rounds} rounds each, in turns\n", database.name());
    print!("{}", comparison(&sandbox, &native));
    println!("\nresident memory at each {} records, MiB\n", grouped(number(MARK)));
    print!("{}", memory(&sandbox, &native));
    println!("\nwhere the time goes: a page of {PAGE} records, each part alone\n");
    print!("{}", split(&parts, &sandbox));
    Ok(())
}

/// The provider makes its pages when they are asked for the first time; here, and not while we measure.
async fn warm(house: &House, records: u64) -> Result<()> {
    let mut wire = Wire::open(&house.provider).await?;
    let mut body = Vec::new();
    for page in 1..=records.div_ceil(PAGE) {
        wire.get(&native::path(page), &mut body).await?;
    }
    Ok(())
}

fn comparison(sandbox: &Side, native: &Side) -> String {
    let row = |name: &str, figures: &Figures, text: fn(f64) -> String| {
        let spread = format!("{:.0} %", figures.spread());
        vec![name.to_owned(), text(figures.median()), text(figures.min()), text(figures.max()), spread]
    };
    let seconds = |figure: f64| format!("{figure:.2}");
    let rows = [
        row("host, records/s", &sandbox.rate, grouped),
        row("native, records/s", &native.rate, grouped),
        row("host, CPU s a million", &sandbox.cpu, seconds),
        row("native, CPU s a million", &native.cpu, seconds),
    ];
    let ratio = sandbox.rate.median() / native.rate.median();
    // On a machine that others use, too, neighbours are more alike than the first and the last.
    let rounds = sandbox.readings.iter().zip(&native.readings);
    let rounds: Vec<String> = rounds.map(|(host, native)| format!("{:.2}", rate(host) / rate(native))).collect();
    let cpu = sandbox.cpu.median();
    let held = |held: bool| if held { "holds" } else { "DOES NOT HOLD" };
    let mut text = lay_out(&["", "median", "min", "max", "spread"], &rows);
    text.push_str(&format!(
        "\n  host / native    {ratio:.3}   at least {RATIO}: {}   (by rounds: {})\n",
        held(ratio >= RATIO),
        rounds.join(" ")
    ));
    text.push_str(&format!("  CPU s a million  {cpu:.2}   at most {CPU}: {}\n", held(cpu <= CPU)));
    text
}

fn memory(sandbox: &Side, native: &Side) -> String {
    let mebibytes = |kibibytes: &u64| format!("{:.0}", number(*kibibytes) / 1_024.0);
    let row = |name: String, reading: &Reading| {
        let marks: Vec<String> = reading.memory.iter().map(mebibytes).collect();
        let (first, last) = (reading.memory.first().copied(), reading.memory.last().copied());
        let grown = number(last.unwrap_or(0)) - number(first.unwrap_or(0));
        let steps = number(u64::try_from(reading.memory.len()).unwrap_or(0)) - 1.0;
        let slope = if steps > 0.0 { format!("{:+.2}", grown / 1_024.0 / steps) } else { "-".to_owned() };
        vec![name, marks.join(" "), slope]
    };
    let sides = [("host", sandbox), ("native", native)];
    let rows: Vec<Vec<String>> = sides
        .iter()
        .flat_map(|(name, side)| {
            side.readings.iter().zip(1..).map(move |(reading, round)| row(format!("{name}, round {round}"), reading))
        })
        .collect();
    lay_out(&["", "at each mark", "a mark"], &rows)
}

fn split(parts: &Parts, sandbox: &Side) -> String {
    let whole_wall = 1_000_000.0 / sandbox.rate.median();
    let whole_cpu = sandbox.cpu.median();
    let (gate, guest) = (parts.door.beyond(parts.wire), parts.call.beyond(parts.door));
    let all = parts.call.and(parts.check).and(parts.store);
    let row = |name: &str, part: Part, how: &str| {
        let share = format!("{:.0} %", part.cpu / whole_cpu * 100.0);
        vec![format!("{name:<20} {how}"), format!("{:.2}", part.wall), format!("{:.2}", part.cpu), share]
    };
    let rest = Part { wall: 0.0, cpu: whole_cpu - all.cpu };
    let mut rows = vec![
        row("provider and socket", parts.wire, "a bare client asks and reads"),
        row("gate", gate, "a request through the door, less that"),
        row("guest", guest, "a call of `read`, less that"),
        row("check", parts.check, "page::split, Shape::observe, the copy for the store"),
        row("store", parts.store, "commit_page of new records"),
        row("rest", rest, "credential, stall guard, lease, waking: the host's CPU less all these"),
    ];
    if let Some(wall) = rows.last_mut().and_then(|row| row.get_mut(1)) {
        "-".clone_into(wall);
    }
    let mut text = lay_out(&["part", "wall ms", "CPU ms", "of the CPU"], &rows);
    let (read, write) = (parts.call.wall + parts.check.wall, parts.store.wall);
    let (slower, name) =
        if read > write { (read, "reading (provider, gate, guest, check)") } else { (write, "the store") };
    text.push_str(&format!(
        "\n  a page takes the host {whole_wall:.2} ms; reading and checking it is {read:.2} ms and storing {write:.2} ms, \
         beside\n  each other: with two free processors {slower:.2} ms. The limit is {name}.\n",
    ));
    text.push_str(&format!(
        "  What the guest does takes {:.2} ms in native Rust: the sandbox costs {:.2} ms a page.\n",
        parts.json.cpu,
        guest.cpu - parts.json.cpu,
    ));
    text
}
