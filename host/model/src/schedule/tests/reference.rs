//! L4: every slot of two years in twelve zones against a reference that shares nothing with the crate
//! which finds them: it looks at what the wall clock shows in every single minute.

use jiff::{Timestamp as Instant, ToSpan, civil::DateTime, tz::TimeZone};

use super::{Schedule, seconds};
use crate::Timestamp;

const CRONS: [&str; 16] = [
    "30 2 * * *",
    "0 2 * * *",
    "45 2 * * *",
    "30 1 * * *",
    "0 0 * * *",
    "30 0 * * *",
    "30 23 * * *",
    "15 3 * * 1-5",
    "0 2 * * 0",
    "10 2 29 2 *",
    "0 9 1 * *",
    "0 4 13 * 5",
    "30 2,14 * * *",
    "5 */3 * * *",
    "*/30 0-3 * * *",
    "0 0-23/2 * 3,4,9-11 *",
];

/// The values that one field of a cron expression names.
fn named(field: &str, first: usize, end: usize) -> Vec<bool> {
    let number = |text: &str| text.parse::<usize>().expect("a number");
    let mut values = vec![false; end];
    for part in field.split(',') {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (first, end - 1),
            Some((from, to)) => (number(from), number(to)),
            None => (number(range), number(range)),
        };
        (from..=to).step_by(number(step)).for_each(|value| values[value] = true);
    }
    values
}

struct Expression {
    minutes: Vec<bool>,
    hours: Vec<bool>,
    days: Vec<bool>,
    months: Vec<bool>,
    weekdays: Vec<bool>,
    /// Both are restricted: either of them; that is how cron always was.
    either_day: bool,
    /// It names one time of a day.
    once: bool,
}

impl Expression {
    fn of(cron: &str) -> Self {
        let fields: Vec<_> = cron.split(' ').collect();
        let [minute, hour, day, month, weekday] = fields.try_into().expect("five fields");
        Self {
            minutes: named(minute, 0, 60),
            hours: named(hour, 0, 24),
            days: named(day, 1, 32),
            months: named(month, 1, 13),
            weekdays: named(weekday, 0, 7),
            either_day: day != "*" && weekday != "*",
            once: [minute, hour].iter().all(|field| field.bytes().all(|byte| byte.is_ascii_digit())),
        }
    }

    fn day(&self, at: &Minute) -> bool {
        let (by_date, by_weekday) = (self.days[at.day], self.weekdays[at.weekday]);
        let day = if self.either_day { by_date || by_weekday } else { by_date && by_weekday };
        day && self.months[at.month]
    }

    fn time(&self, at: &Minute) -> bool {
        self.minutes[at.minute] && self.hours[at.hour]
    }
}

/// What the wall clock shows.
struct Minute {
    minute: usize,
    hour: usize,
    day: usize,
    month: usize,
    weekday: usize,
}

impl Minute {
    fn of(civil: DateTime) -> Self {
        let small = |value: i8| usize::try_from(value).expect("not negative");
        Self {
            minute: small(civil.minute()),
            hour: small(civil.hour()),
            day: small(civil.day()),
            month: small(civil.month()),
            weekday: small(civil.weekday().to_sunday_zero_offset()),
        }
    }
}

/// One minute of real time.
struct Passing {
    instant: Timestamp,
    shown: Minute,
    /// The clock has shown this before.
    repeated: bool,
    /// What it would have shown since the minute before, had it not been put forward.
    skipped: Vec<Minute>,
}

/// Every minute of two years in one zone.
fn passing(zone: &str) -> Vec<Passing> {
    let clock = TimeZone::get(zone).expect("a zone");
    let start: Instant = "2027-01-01T00:00:00Z".parse().expect("a moment");
    let mut latest = clock.to_datetime(start);
    (1..2 * 366 * 1_440)
        .map(|minute| {
            let instant = Instant::from_second(start.as_second() + minute * 60).expect("in range");
            let shown = clock.to_datetime(instant);
            let mut skipped = Vec::new();
            let repeated = shown <= latest;
            if !repeated {
                let mut expected = latest + 1.minute();
                while expected < shown {
                    skipped.push(Minute::of(expected));
                    expected += 1.minute();
                }
                latest = shown;
            }
            let instant = Timestamp::from_micros(instant.as_microsecond());
            Passing { instant, shown: Minute::of(shown), repeated, skipped }
        })
        .collect()
}

fn slots(passing: &[Passing], cron: &str) -> Vec<Timestamp> {
    let expression = Expression::of(cron);
    let due = |at: &&Passing| {
        let shown = expression.time(&at.shown) && expression.day(&at.shown) && !(expression.once && at.repeated);
        let skipped = |minute: &Minute| expression.time(minute) && expression.day(minute) && expression.day(&at.shown);
        shown || (expression.once && at.skipped.iter().any(skipped))
    };
    passing.iter().filter(due).map(|at| at.instant).collect()
}

fn compare(zone: &str) {
    let passing = passing(zone);
    let changes = passing.iter().filter(|at| !at.skipped.is_empty()).count();
    assert!(changes > 0 || ["UTC", "Asia/Kathmandu"].contains(&zone), "the clocks of {zone} were never changed");
    for cron in CRONS {
        let expected = slots(&passing, cron);
        assert!(!expected.is_empty(), "{cron} in {zone} compared nothing");
        let schedule = Schedule::Cron { cron: cron.to_owned(), zone: zone.to_owned(), jitter: seconds(60) };
        let start = "2027-01-01T00:00:00Z".parse().expect("a moment");
        let found = schedule.upcoming(start, 0, expected.len());
        let differs = found.iter().zip(&expected).find(|(found, expected)| found != expected);
        assert_eq!(differs, None, "{cron} in {zone}: found, expected");
    }
}

/// A test for each zone: they run beside each other.
macro_rules! every_slot_of_two_years_is_what_the_wall_clock_says {
    ($($place:ident $zone:literal;)*) => {$(
        #[test]
        fn $place() {
            compare($zone);
        }
    )*};
}

every_slot_of_two_years_is_what_the_wall_clock_says! {
    in_utc "UTC";
    in_brussels "Europe/Brussels";
    in_london "Europe/London";
    in_new_york "America/New_York";
    in_santiago "America/Santiago";
    in_nuuk "America/Nuuk";
    in_casablanca "Africa/Casablanca";
    in_cairo "Africa/Cairo";
    in_beirut "Asia/Beirut";
    in_kathmandu "Asia/Kathmandu";
    on_lord_howe "Australia/Lord_Howe";
    on_chatham "Pacific/Chatham";
}
