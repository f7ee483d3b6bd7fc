//! The place in a cursor up to which a stream is read: taken back a little when a run begins, and kept from
//! going back or into the future.
//!
//! A cursor belongs to its connector; the host stores it and looks at one value in it only where the manifest
//! says which ([`CursorRule`]). Three things go wrong there in practice, and each loses records in silence:
//!
//! - **A record appears late**, with a time before what was read already. So each run begins
//!   [`look-back`](CursorRule::look_back) earlier ([`resume`]). What is read again is stored once, because a
//!   record is known by its key and its content.
//! - **The place goes back**, and the same is read for ever. What lies before the beginning of the run is
//!   refused; what lies within the look-back is no fault of the connector, which was sent there, and the stored
//!   place stays where it was ([`Checked::Earlier`]): otherwise a connector that returns what it was given
//!   would drift back by the look-back with every run. In the middle of a pass it is stored as it is: page 3
//!   since yesterday is another page than page 3 since an hour ago.
//! - **The place lies in the future**, because one record does, and nothing is read until then. It is taken
//!   back to now.
//!
//! A time without an offset says nothing as long as nobody knows whose clock is meant: it is refused unless the
//! rule names a zone. The value is rewritten in the connector's own spelling; all around it stays as it was,
//! byte by byte.

mod decimal;
mod place;
mod time;

use std::time::Duration;

use self::{decimal::Decimal, time::Moment};
use crate::{
    Timestamp,
    manifest::{CursorKind, CursorRule, parse_duration},
};

/// How far ahead of our clock a provider's may be.
const AHEAD: Duration = Duration::from_secs(5 * 60);

/// What is to be stored in place of a cursor that a connector returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// The cursor itself.
    Fine,
    /// This one. The run that is under way goes on with the connector's own.
    Clamped(Vec<u8>),
    /// This one at the end of a pass; in the middle of it the cursor itself. It lies within the look-back, where the
    /// connector was sent, and what else stands in it (the number of a page) counts from there.
    Earlier(Vec<u8>),
}

/// The cursor with which a run begins: the stored one, its value taken back by the look-back.
///
/// A cursor that is no JSON, has nothing at the place, or a value that cannot be read is returned as it is.
#[must_use]
pub fn resume(rule: &CursorRule, cursor: &[u8]) -> Vec<u8> {
    let earlier = || {
        let value = find(rule, cursor)?.ok()?;
        let earlier = value.order.checked_sub(look_back(rule))?;
        value.rewritten(cursor, earlier)
    };
    if look_back(rule) == 0 { cursor.to_vec() } else { earlier().unwrap_or_else(|| cursor.to_vec()) }
}

/// Whether `next` may be stored by a run that began at the stored cursor `started_from`.
///
/// # Errors
/// It lies before where the run began, is a time without a zone, or is not what the rule says; with what,
/// for the operator.
pub fn check(rule: &CursorRule, started_from: Option<&[u8]>, next: &[u8], now: Timestamp) -> Result<Checked, String> {
    let Some(value) = find(rule, next) else { return Ok(Checked::Fine) };
    let value = value?;
    let start = started_from.and_then(|cursor| find(rule, cursor)?.ok());
    if let Some(start) = start
        && value.order < start.order
    {
        if value.order < start.order.saturating_sub(look_back(rule)) {
            let at = if rule.pointer.is_empty() { "" } else { &rule.pointer };
            return Err(format!("the cursor{at} went back from {} to {}", start.text, value.text));
        }
        return Ok(value.rewritten(next, start.order).map_or(Checked::Fine, Checked::Earlier));
    }
    let latest = nanos(now.plus(AHEAD));
    if rule.kind != CursorKind::Number && value.order > latest {
        return match value.rewritten(next, nanos(now)) {
            Some(clamped) => Ok(Checked::Clamped(clamped)),
            None => Err(format!("the cursor {} lies in the future", value.text)),
        };
    }
    Ok(Checked::Fine)
}

/// Nanoseconds; none for a number, which has no look-back.
fn look_back(rule: &CursorRule) -> i128 {
    let length = rule.look_back.as_deref().filter(|_| rule.kind != CursorKind::Number);
    let length = length.and_then(|text| parse_duration(text).ok()).unwrap_or_default();
    i128::try_from(length.as_nanos()).unwrap_or(0)
}

fn nanos(time: Timestamp) -> i128 {
    i128::from(time.as_micros()) * 1_000
}

/// A value in a cursor: where it is written, how, and where it stands in its order.
struct Value<'a> {
    /// Nanoseconds since 1970 for a time, billionths for a number.
    order: i128,
    /// What stands there, without quotes.
    text: &'a str,
    /// Where that begins in the cursor, in bytes.
    start: usize,
    spelling: Spelling,
}

enum Spelling {
    Moment(Moment),
    /// With how many billionths of the unit are a nanosecond.
    Number(Decimal, i128),
}

/// None when there is nothing at the place.
fn find<'a>(rule: &CursorRule, cursor: &'a [u8]) -> Option<Result<Value<'a>, String>> {
    let document = std::str::from_utf8(cursor).ok()?;
    let (raw, start) = place::find(document, &rule.pointer)?;
    let quoted = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let (text, start) = quoted.map_or((raw, start), |inner| (inner, start + 1));
    let value = |order, spelling| Value { order, text, start, spelling };
    let number = |factor: i128| {
        let decimal = Decimal::read(text).ok_or_else(|| format!("the cursor {} is no number", shown(text)))?;
        Ok(value(decimal.billionths() / factor, Spelling::Number(decimal, factor)))
    };
    Some(match rule.kind {
        CursorKind::Time if quoted.is_none() => Err(format!("the cursor {} is no date and time", shown(text))),
        CursorKind::Time => Moment::read(text, rule.zone.as_deref())
            .map(|moment| value(moment.nanos(), Spelling::Moment(moment)))
            .map_err(|error| format!("the cursor {} {error}", shown(text))),
        CursorKind::UnixSeconds | CursorKind::Number => number(1),
        CursorKind::UnixMillis => number(1_000),
    })
}

/// As much of a stranger's text as belongs into a message.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(64).collect();
    format!("{short:?}")
}

impl Value<'_> {
    /// The cursor with another value at this place, in the same spelling and not later than asked.
    fn rewritten(&self, cursor: &[u8], order: i128) -> Option<Vec<u8>> {
        let text = match &self.spelling {
            Spelling::Moment(moment) => moment.written(order)?,
            Spelling::Number(decimal, factor) => decimal.written(order.checked_mul(*factor)?),
        };
        let (before, rest) = cursor.split_at_checked(self.start)?;
        let behind = rest.get(self.text.len()..)?;
        Some([before, text.as_bytes(), behind].concat())
    }
}

#[cfg(test)]
mod tests;
