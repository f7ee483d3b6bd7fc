//! **Data keeps itself up to date, when it is said**: schedules over a night in which the clocks change, over downtime,
//! pauses, reconnects and upgrades, with the clock in the test's hand.

use std::time::Duration;

use patchbay_it::{Book, Rig, RigSetup, Tenant, ledger_of, ledger_with};
use patchbay_model::{Clock, ConnectionId, SystemClock, Timestamp, phase_of};
use patchbay_test_support::{Result, Trouble, wait_until};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// Microseconds of an hour.
const HOUR_US: i64 = 3_600_000_000;

/// A host whose clock the test moves, with the ledger's stream `tick`.
struct Scene {
    rig: Rig,
    tenant: Tenant,
}

impl Scene {
    fn start() -> Result<Self> {
        let rig = RigSetup { test_clock: true, ..RigSetup::default() }.start()?;
        rig.install(ledger_of(&["tick"])?)?;
        let tenant = rig.tenant("A")?;
        Ok(Self { rig, tenant })
    }

    /// Connects an office, and waits for the run that follows.
    fn book(&self, number: usize) -> Result<Book> {
        let book = Book::connect(&self.tenant, &self.rig.fakes.ledger.provider.key(&format!("load-{number}")))?;
        book.settled()?;
        Ok(book)
    }

    fn set(&self, book: &Book, body: &Value) -> Result<Value> {
        let path = format!("/v1/syncs/{}", text(&book.sync("tick", None)?, "id"));
        Ok(self.tenant.api.patch(&path, body)?.expect(200)?.json)
    }

    fn now(&self) -> Result<Timestamp> {
        Ok(SystemClock.now().plus(self.rig.host.ahead()?))
    }

    /// Moves the clock on to this moment.
    fn until(&self, moment: Timestamp) -> Result<()> {
        self.rig.advance(moment.since(self.now()?))
    }

    /// Waits until a book's next slot lies ahead and no run of it is open; how many were by the schedule.
    fn nothing_due(&self, book: &Book) -> Result<usize> {
        wait_until("nothing to be due", LIMIT, || {
            let next = moment(&book.sync("tick", None)?["next_due_at"])?;
            let all = book.runs("tick")?;
            let is_over = next > self.now()? && all.iter().all(|run| run["ended_at"].is_string());
            Ok(is_over.then(|| all.iter().filter(|run| run["trigger"] == json!("schedule")).count()))
        })
    }

    /// Waits until there are so many runs by the schedule, and none is open.
    fn scheduled(&self, book: &Book, count: usize) -> Result<Vec<Value>> {
        let mut last = Vec::new();
        let waited = wait_until(&format!("run {count} by the schedule"), LIMIT, || {
            last = runs(book)?;
            Ok((last.len() >= count && last.iter().all(|run| run["ended_at"].is_string())).then(|| last.clone()))
        });
        waited.map_err(|error| Trouble::new(format!("{error}: {last:?}")))
    }
}

/// Runs by the schedule, newest first.
fn runs(book: &Book) -> Result<Vec<Value>> {
    let runs = book.runs("tick")?;
    Ok(runs.into_iter().filter(|run| run["trigger"] == json!("schedule")).collect())
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn moment(value: &Value) -> Result<Timestamp> {
    Ok(value.as_str().ok_or_else(|| Trouble::new(format!("no moment: {value}")))?.parse()?)
}

/// The last Sunday of a month of 31 days: when the clocks of Europe change, at 01:00 UTC.
fn last_sunday(year: i64, month: u32) -> Result<Timestamp> {
    let last: Timestamp = format!("{year:04}-{month:02}-31T00:00:00Z").parse()?;
    // 1970-01-01 was a Thursday.
    let weekday = u32::try_from((last.as_millis().div_euclid(86_400_000) + 4).rem_euclid(7))?;
    Ok(last.minus(DAY * weekday))
}

#[test]
fn a_time_of_day_is_kept_over_the_nights_in_which_the_clocks_change() -> Result<()> {
    let scene = Scene::start()?;
    let (book, witness) = (scene.book(1)?, scene.book(2)?);
    let year = scene.now()?.to_string().get(..4).unwrap_or_default().parse::<i64>()? + 1;
    // Spring: 02:30 does not come, so it is due as soon as it is past. Autumn: it comes twice, and the first counts.
    for (month, due, later) in [(3, 1.0, 0.5), (10, 0.5, 1.5)] {
        let sunday = last_sunday(year, month)?;
        scene.until(sunday.minus(DAY / 2))?;
        let local = json!({ "cron": "30 2 * * *", "zone": "Europe/Brussels", "jitter": "0s" });
        let set = scene.set(&book, &json!({ "schedule": local }))?;
        assert_eq!((&set["schedule"]["zone"], &set["custom_schedule"]), (&json!("Europe/Brussels"), &json!(true)));
        let next = set["next_runs"].as_array().cloned().unwrap_or_default();
        let (due, later) = (sunday.plus(HOUR.mul_f64(due)), sunday.plus(DAY + HOUR.mul_f64(later)));
        assert_eq!((moment(&next[0])?, moment(&next[1])?), (due, later), "{sunday}: {set}");
        assert_eq!(moment(&set["next_due_at"])?, due);

        // At the witness's slots the host has looked at everything that was due before them.
        let slots = json!({ "cron": "*/30 * * * *", "jitter": "0s" });
        scene.set(&witness, &json!({ "schedule": slots }))?;
        let before = runs(&book)?.len();
        for (place, half_hours) in (1..=6_u32).enumerate() {
            let slot = sunday.plus(MINUTE * 30 * half_hours);
            let seen = runs(&witness)?.len();
            scene.until(slot.minus(Duration::from_secs(20)))?;
            scene.scheduled(&witness, seen)?;
            let expected = before + usize::from(slot > due);
            assert_eq!(runs(&book)?.len(), expected, "{sunday}, before half hour {place}");
            scene.until(slot.plus(Duration::from_secs(1)))?;
            scene.scheduled(&witness, runs(&witness)?.len().max(seen + 1))?;
            let expected = before + usize::from(slot >= due);
            assert_eq!(scene.scheduled(&book, expected)?.len(), expected, "{sunday}, half hour {place}");
        }
        assert_eq!(moment(&book.sync("tick", None)?["next_due_at"])?, later);
    }
    Ok(())
}

#[test]
fn connections_of_one_interval_are_spread_over_it() -> Result<()> {
    const COUNT: usize = 24;
    let scene = Scene::start()?;
    let mut places = Vec::new();
    let mut books = Vec::new();
    for number in 0..COUNT {
        let book = scene.book(number)?;
        let sync = scene.set(&book, &json!({ "schedule": { "every": "1h" } }))?;
        let due = moment(&sync["next_due_at"])?;
        let place = due.as_micros().rem_euclid(HOUR_US);
        let phase = phase_of(&book.id.parse::<ConnectionId>()?, "", "tick") % 3_600_000_000;
        assert_eq!(u64::try_from(place)?, phase, "{sync}");
        assert!(due.since(scene.now()?) <= HOUR, "{sync}");
        places.push(place);
        books.push(book);
    }
    places.sort_unstable();
    let quarters: std::collections::BTreeSet<i64> = places.iter().map(|place| place / 900_000_000).collect();
    assert_eq!(quarters.len(), 4, "some in each quarter of the hour: {places:?}");

    // To the longest time of the hour at which nothing is due: two and a half minutes at least, between 24 places.
    let next = places.iter().cycle().skip(1).zip(&places);
    let pauses = next.map(|(next, place)| ((next - place).rem_euclid(HOUR_US), *place));
    let quiet = pauses.max().map(|(_, place)| place + 1_000_000).unwrap_or_default();
    let now = scene.now()?;
    scene.until(now.plus(Duration::from_micros(u64::try_from((quiet - now.as_micros()).rem_euclid(HOUR_US))?)))?;
    let before = books.iter().map(|book| scene.nothing_due(book)).collect::<Result<Vec<_>>>()?;
    // From there to there each is due once.
    scene.rig.advance(HOUR)?;
    for (book, before) in books.iter().zip(before) {
        scene.scheduled(book, before + 1)?;
        assert_eq!(scene.nothing_due(book)?, before + 1);
    }
    Ok(())
}

#[test]
fn slots_that_were_missed_while_the_host_was_down_are_one_run() -> Result<()> {
    let mut scene = Scene::start()?;
    let book = scene.book(1)?;
    let before = scene.set(&book, &json!({ "schedule": { "every": "1h" } }))?;
    let due = moment(&before["next_due_at"])?;
    scene.rig.host.kill()?;
    scene.until(due.plus(HOUR * 5 + MINUTE))?;
    scene.rig.host.restart()?;
    let made = scene.scheduled(&book, 1)?;
    assert_eq!(made.len(), 1, "{made:?}");
    let after = book.sync("tick", None)?;
    assert_eq!(after["coalesced"], json!(5), "{after}");
    assert_eq!(moment(&after["next_due_at"])?, due.plus(HOUR * 6), "the slots stay where they were: {after}");
    Ok(())
}

#[test]
fn what_is_switched_off_is_not_due_and_goes_on_when_it_is_switched_on() -> Result<()> {
    let scene = Scene::start()?;
    let (book, witness) = (scene.book(1)?, scene.book(2)?);
    for book in [&book, &witness] {
        scene.set(book, &json!({ "schedule": { "every": "10m" } }))?;
    }
    let paused = scene.set(&book, &json!({ "enabled": false }))?;
    assert_eq!((&paused["next_due_at"], &paused["next_runs"]), (&Value::Null, &json!([])), "{paused}");
    scene.rig.advance(HOUR)?;
    scene.scheduled(&witness, 1)?;
    assert_eq!(runs(&book)?.len(), 0, "it was switched off");
    let count = book.runs("tick")?.len();
    let on = scene.set(&book, &json!({ "enabled": true }))?;
    assert_eq!((&on["enabled"], &on["schedule"]["every"]), (&json!(true), &json!("10m")), "{on}");
    wait_until("a run at once", LIMIT, || Ok((book.runs("tick")?.len() > count).then_some(())))?;
    book.settled()?;
    // The connection as a whole, too.
    let (path, seen) = (format!("/v1/connections/{}", book.id), book.runs("tick")?.len());
    scene.tenant.api.patch(&path, &json!({ "enabled": false }))?.expect(200)?;
    let (of_book, of_witness) = (seen, runs(&witness)?.len());
    scene.rig.advance(HOUR)?;
    scene.scheduled(&witness, of_witness + 1)?;
    assert_eq!(book.runs("tick")?.len(), of_book, "its connection was switched off");
    scene.tenant.api.patch(&path, &json!({ "enabled": true }))?.expect(200)?;
    wait_until("a run afterwards", LIMIT, || Ok((book.runs("tick")?.len() > of_book).then_some(())))?;
    Ok(())
}

#[test]
fn a_schedule_of_ones_own_outlives_a_reconnect_and_an_upgrade() -> Result<()> {
    let scene = Scene::start()?;
    let (own, usual) = (scene.book(1)?, scene.book(2)?);
    let key = |number: usize| scene.rig.fakes.ledger.provider.key(&format!("load-{number}"));
    scene.set(&own, &json!({ "schedule": { "every": "45m" } }))?;
    assert_eq!(usual.sync("tick", None)?["schedule"]["every"], json!("5m"));
    let body = json!({ "connector": "acme.ledger", "reconnect": own.id, "fields": { "api_key": key(1) } });
    scene.tenant.api.post("/v1/connections", &body)?.expect(200)?;
    let kept = own.sync("tick", None)?;
    assert_eq!((&kept["schedule"]["every"], &kept["custom_schedule"]), (&json!("45m"), &json!(true)), "{kept}");

    scene.rig.install(ledger_with(|manifest| {
        "0.2.0".clone_into(&mut manifest.version);
        manifest.streams.retain(|stream| stream.name == "tick");
        manifest.streams.iter_mut().for_each(|stream| "20m".clone_into(&mut stream.schedule));
    })?)?;
    // A schedule of the connector's comes with the next login; one of ones own stays.
    for (book, number) in [(&own, 1), (&usual, 2)] {
        let body = json!({ "connector": "acme.ledger", "reconnect": book.id, "fields": { "api_key": key(number) } });
        scene.tenant.api.post("/v1/connections", &body)?.expect(200)?;
    }
    assert_eq!(usual.sync("tick", None)?["schedule"]["every"], json!("20m"));
    let kept = own.sync("tick", None)?;
    assert_eq!((&kept["schedule"]["every"], &kept["custom_schedule"]), (&json!("45m"), &json!(true)), "{kept}");
    let back = scene.set(&own, &json!({ "schedule": null }))?;
    assert_eq!((&back["schedule"]["every"], &back["custom_schedule"]), (&json!("20m"), &json!(false)), "{back}");
    Ok(())
}

#[test]
fn a_wrong_schedule_is_refused_and_changes_nothing() -> Result<()> {
    let scene = Scene::start()?;
    let book = scene.book(1)?;
    let before = book.sync("tick", None)?;
    let path = format!("/v1/syncs/{}", text(&before, "id"));
    for (wrong, pointer) in [
        (json!({ "every": "1s" }), "/schedule/every"),
        (json!({ "every": "now and then" }), "/schedule/every"),
        (json!({ "cron": "0 0 30 2 *" }), "/schedule/cron"),
        (json!({ "cron": "* * * * * *" }), "/schedule/cron"),
        (json!({ "cron": "30 2 * * *", "zone": "Europe/Atlantis" }), "/schedule/zone"),
        (json!({ "cron": "30 2 * * *", "jitter": "2h" }), "/schedule/jitter"),
        (json!({ "every": "15m", "cron": "30 2 * * *" }), "/schedule"),
    ] {
        // What is right beside it is not done either.
        let body = json!({ "enabled": false, "schedule": wrong });
        let refused = scene.tenant.api.patch(&path, &body)?.expect(422)?.json;
        let told = (&refused["code"], &refused["errors"][0]["pointer"]);
        assert_eq!(told, (&json!("PB5012"), &json!(pointer)), "{body}: {refused}");
    }
    let after = book.sync("tick", None)?;
    assert_eq!((&after["schedule"], &after["enabled"]), (&before["schedule"], &json!(true)));
    Ok(())
}

#[test]
fn a_run_now_a_reset_and_a_backfill_read_what_they_say() -> Result<()> {
    let rig = RigSetup { test_clock: true, ..RigSetup::default() }.start()?;
    rig.install(ledger_of(&["entries"])?)?;
    let tenant = rig.tenant("A")?;
    let book = Book::connect(&tenant, &rig.fakes.ledger.provider.key("load-1"))?;
    book.settled()?;
    let all = book.records("entries")?.len();
    assert_eq!(all, rig.fakes.ledger.provider.truth("entries").len());
    let asked = || -> Vec<Option<String>> {
        let visits = rig.fakes.ledger.journal.visits().into_iter().filter(|visit| visit.facts.list == "entries");
        visits.filter(|visit| visit.facts.page == 1).map(|visit| visit.facts.since).collect()
    };
    // Now: from where it is.
    let run = book.run("entries")?;
    assert_eq!(
        (&run["state"], &run["trigger"], &run["changed"]),
        (&json!("done"), &json!("manual"), &json!(0)),
        "{run}"
    );
    assert!(asked().last().is_some_and(Option::is_some), "{:?}", asked());
    // From the beginning: everything is read, and nothing is new.
    let (reads, feed) = (asked().len(), tenant.feed(0)?.len());
    book.tell("entries", "reset", &json!({}))?;
    wait_until("the run of the reset", LIMIT, || Ok((asked().len() > reads).then_some(())))?;
    book.settled()?;
    assert_eq!(asked()[reads], None, "{:?}", asked());
    let newest = book.runs("entries")?.remove(0);
    assert_eq!((newest["records"].as_u64(), &newest["changed"]), (Some(all as u64), &json!(0)), "{newest}");
    assert_eq!(tenant.feed(0)?.len(), feed, "what is known is not told again");
    // From a date on.
    let (reads, since) = (asked().len(), "2026-01-01T00:03:20Z");
    let told = book.tell("entries", "backfill", &json!({ "since": since }))?;
    assert_eq!(moment(&told["backfill_since"])?, since.parse()?, "{told}");
    wait_until("the run of the backfill", LIMIT, || Ok((asked().len() > reads).then_some(())))?;
    book.settled()?;
    let from = asked()[reads].clone().unwrap_or_default();
    assert_eq!(from.parse::<Timestamp>()?, since.parse()?, "{:?}", asked());
    assert_eq!(book.records("entries")?.len(), all, "it deletes nothing");
    let path = format!("/v1/syncs/{}/backfill", text(&book.sync("entries", None)?, "id"));
    tenant.api.post(&path, &json!({ "since": "2999-01-01T00:00:00Z" }))?.expect(422).map(drop)
}
