//! Slots of a cron expression, on the clock of a zone.

use std::time::Duration;

use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use jiff::{Timestamp as Instant, tz::TimeZone};

use crate::Timestamp;

/// How soon a schedule is due whose expression has no slot; [`read`] lets none through.
pub(super) const WITHOUT_SLOT: Duration = Duration::from_secs(86_400);

/// The slots of one expression in one zone.
pub(super) struct Slots {
    cron: Option<Cron>,
    zone: TimeZone,
}

impl Slots {
    pub(super) fn of(cron: &str, zone: &str) -> Self {
        Self { cron: parsed(cron).ok(), zone: TimeZone::get(zone).unwrap_or(TimeZone::UTC) }
    }

    /// The first slot that, shifted by `shift`, lies behind `after`.
    pub(super) fn next(&self, after: Timestamp, shift: Duration) -> Timestamp {
        // Every slot is shifted by the same, so the slot behind `after - shift` is the one wanted: none is
        // given twice, however the shift compares with the distance of the slots.
        let mut from = after.minus(shift);
        // One step always does; a search that gave a slot which is not later must not stop the stream.
        for _ in 0..3 {
            let Some(slot) = self.behind(from) else { break };
            if slot.plus(shift) > after {
                return slot.plus(shift);
            }
            from = from.plus(Duration::from_secs(1));
        }
        after.plus(WITHOUT_SLOT)
    }

    fn behind(&self, from: Timestamp) -> Option<Timestamp> {
        // Slots lie on whole seconds, so what the fraction of `from` is does not matter.
        let from = Instant::from_second(from.as_micros().div_euclid(1_000_000)).ok()?;
        let slot = self.cron.as_ref()?.find_next_occurrence(&from.to_zoned(self.zone.clone()), false).ok()?;
        Some(Timestamp::from_micros(slot.timestamp().as_microsecond()))
    }
}

/// The expression with one space between its fields, when it can be due at all.
pub(super) fn read(cron: &str) -> Result<String, String> {
    let remedy = "write five fields: minute, hour, day of the month, month, day of the week, e.g. 30 2 * * 1-5";
    let fields: Vec<&str> = cron.split_whitespace().collect();
    match fields.len() {
        5 => {}
        6 | 7 => return Err(format!("the cron expression {cron:?} has {} fields; {remedy}", fields.len())),
        _ => return Err(format!("{cron:?} is no cron expression; {remedy}")),
    }
    let cron = fields.join(" ");
    if cron.len() > 200 || cron.contains('@') {
        return Err(format!("{cron:?} is no cron expression; {remedy}"));
    }
    let parsed = parsed(&cron).map_err(|_| format!("{cron:?} is no cron expression: {}", unreadable(&fields)))?;
    let somewhere = Instant::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    match parsed.find_next_occurrence(&somewhere, false) {
        Ok(_) => Ok(cron),
        Err(_) => Err(format!("the cron expression {cron:?} is never due; name a day that a month has")),
    }
}

/// What each field may be, in their order.
const FIELDS: [(&str, &str); 5] = [
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of the month", "1 to 31, or L for the last"),
    ("month", "1 to 12, or JAN to DEC"),
    ("day of the week", "0 to 6 from Sunday on, or SUN to SAT"),
];

/// Which field cannot be read, and what it may be: the first that cannot stand alone either.
fn unreadable(fields: &[&str]) -> String {
    for (place, (field, (name, may_be))) in fields.iter().zip(FIELDS).enumerate() {
        let mut alone = ["*"; FIELDS.len()];
        if let Some(own) = alone.get_mut(place) {
            *own = field;
        }
        if parsed(&alone.join(" ")).is_err() {
            return format!(
                "the {name} {field:?} cannot be read; write {may_be}, a range such as 1-5, a step such as */2, or a list of these"
            );
        }
    }
    "its fields do not go together; write five of them, e.g. 30 2 * * 1-5".to_owned()
}

fn parsed(cron: &str) -> Result<Cron, croner::errors::CronError> {
    CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build().parse(cron)
}

/// The zone's name as the zone data spell it.
pub(crate) fn zone(name: &str) -> Result<String, String> {
    let remedy = "write a name of the IANA list, e.g. Europe/Brussels or UTC";
    let known = TimeZone::get(name).map_err(|_| format!("there is no time zone {name:?}; {remedy}"))?;
    match known.iana_name() {
        Some(spelt) if !known.is_unknown() => Ok(spelt.to_owned()),
        _ => Err(format!("{name:?} names no time zone; {remedy}")),
    }
}
