//! Dates and times as cursors write them: RFC 3339 with any offset, and what people make of it.

use jiff::{
    SignedDuration, Timestamp,
    civil::DateTime,
    tz::{Offset, TimeZone},
};

/// A moment with the way in which it was written.
pub(super) struct Moment {
    /// Since 1970. No `jiff::Timestamp`: `9999-12-31T23:59:59Z`, with which many say *never*, is beyond those.
    nanos: i128,
    /// Whose clock the digits show.
    clock: TimeZone,
    /// How many bytes of `2026-03-12T11:20:05.123456789` are written.
    length: usize,
    /// What stands between date and time.
    between: char,
    /// What follows the digits: `Z`, `+01:00`, or nothing.
    suffix: String,
}

/// The length of a date, of a date with hour and minute, and with the second.
const DATE: usize = 10;
const MINUTE: usize = 16;
const SECOND: usize = 19;

impl Moment {
    /// Reads `text`; `zone` says whose clock is meant where it has no offset.
    pub(super) fn read(text: &str, zone: Option<&str>) -> Result<Self, String> {
        let not_read = || "is no date and time as RFC 3339 writes it".to_owned();
        let date = text.get(..DATE).filter(|date| date.is_ascii()).ok_or_else(not_read)?;
        let rest = text.get(DATE..).unwrap_or_default();
        let split = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
        let (time, suffix) = rest.split_at_checked(split).ok_or_else(not_read)?;
        let between = time.chars().next().unwrap_or('T');
        let length = DATE + time.len();
        // What is written again has to be what was read: hour and minute at least, no comma, no ordinal dates.
        let shaped = length == DATE || length == MINUTE || length == SECOND || length > SECOND + 1;
        if !shaped || length > SECOND + 10 || !['T', 't', ' '].contains(&between) || time.contains(',') {
            return Err(not_read());
        }
        let clock_time = time.get(1..).unwrap_or("00:00");
        let shown: DateTime = format!("{date}T{clock_time}").parse().map_err(|_| not_read())?;
        let clock = match (suffix, zone) {
            ("", None) => return Err("has no offset, and the manifest names no zone for it".to_owned()),
            ("", Some(zone)) => TimeZone::get(zone).map_err(|_| format!("is of the unknown zone {zone:?}"))?,
            (suffix, _) => TimeZone::fixed(offset(suffix).ok_or_else(not_read)?),
        };
        // What the clock shows twice is taken as the first time: rather read again than left out.
        let nanos = match clock.to_ambiguous_timestamp(shown).earlier() {
            Ok(instant) => instant.as_nanosecond(),
            Err(_) => shown.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0)).as_nanos(),
        };
        Ok(Self { nanos, clock, length, between, suffix: suffix.to_owned() })
    }

    /// Since 1970.
    pub(super) fn nanos(&self) -> i128 {
        self.nanos
    }

    /// Another moment as this one is written, rounded down to what is written of it.
    pub(super) fn written(&self, nanos: i128) -> Option<String> {
        let mut instant = Timestamp::from_nanosecond(nanos).ok()?;
        // A clock that is put back shows the hour twice, and its first showing is what would be read.
        if self.suffix.is_empty()
            && self.clock.to_ambiguous_timestamp(self.clock.to_datetime(instant)).earlier().ok()? != instant
        {
            instant = instant.checked_sub(SignedDuration::from_hours(1)).ok()?;
        }
        let shown = self.clock.to_datetime(instant);
        let (date, time) = (shown.date(), shown.time());
        let full = format!(
            "{date}{}{:02}:{:02}:{:02}.{:09}",
            self.between,
            time.hour(),
            time.minute(),
            time.second(),
            time.subsec_nanosecond()
        );
        let digits = full.get(..self.length).filter(|_| shown.year() >= 0)?;
        Some(format!("{digits}{}", self.suffix))
    }
}

/// `Z`, `+01:00`, `+0100` or `+01`.
fn offset(suffix: &str) -> Option<Offset> {
    if suffix.eq_ignore_ascii_case("z") {
        return Some(Offset::UTC);
    }
    let (sign, digits) = match suffix.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.len() {
        5 => digits.split_once(':')?,
        4 => digits.split_at_checked(2)?,
        2 => (digits, "00"),
        _ => return None,
    };
    let number = |text: &str, most: i32| {
        let value = text.parse::<i32>().ok().filter(|_| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()));
        value.filter(|value| *value <= most)
    };
    Offset::from_seconds(sign * (number(hours, 23)? * 3_600 + number(minutes, 59)? * 60)).ok()
}
