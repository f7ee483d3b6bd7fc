//! A record as it stands on a page: 300 bytes that follow from its list, id and revision alone.

use super::change::Poison;

/// Bytes of a record.
pub(crate) const RECORD_BYTES: usize = 300;
/// Bytes of a record that is [`Poison::Large`].
const LARGE_BYTES: usize = 2 * 1024 * 1024;
const FILLER: &str = "Each line was booked once, looked at twice and explained by nobody; the balance agrees all the same. \
    The second page of the voucher is missing, the first one names an amount that was corrected by hand. \
    Whoever reads this far knows more than the auditor, who stopped at the total and went home before six.";

/// A moment as the ledger writes it: always with three digits of the second, so that its text sorts; with so many
/// minutes of offset, and `Z` for none.
pub(crate) fn moment(ms: i64, offset: i32) -> String {
    let Ok(time) = jiff::Timestamp::from_millisecond(ms) else { return ms.to_string() };
    match jiff::tz::Offset::from_seconds(offset.saturating_mul(60)) {
        Ok(offset) if offset != jiff::tz::Offset::UTC => format!("{:.3}", time.display_with_offset(offset)),
        _ => format!("{time:.3}"),
    }
}

/// A record as it is served: 300 bytes that say which list, id and revision it is.
pub(crate) fn record(list: &str, id: u64, revision: u32, changed: &str, poison: Option<Poison>) -> String {
    let named = format!("\"id\":\"{id}\",");
    let (name, n) = match poison {
        Some(Poison::NotObject) => return format!("\"{id}\""),
        Some(Poison::NoId) => (String::new(), revision.to_string()),
        Some(Poison::NullId) => ("\"id\":null,".to_owned(), revision.to_string()),
        Some(Poison::NulId) => (format!("\"id\":\"{id}\\u0000\","), revision.to_string()),
        Some(Poison::HugeNumber) => (named, "1e400".to_owned()),
        Some(Poison::Large) | None => (named, revision.to_string()),
    };
    let mut record = format!("{{{name}\"changed_at\":\"{changed}\",\"n\":{n},\"text\":\"{list} {id} r{revision} ");
    let size = if poison == Some(Poison::Large) { LARGE_BYTES } else { RECORD_BYTES };
    while record.len() + 2 < size {
        let room = size - 2 - record.len();
        record.push_str(FILLER.get(..room.min(FILLER.len())).unwrap_or_default());
    }
    record.push_str("\"}");
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST_MS: i64 = 1_767_225_600_000;

    #[test]
    fn a_record_has_three_hundred_bytes_and_says_what_it_is() {
        let text = record("entries", 17, 7, &moment(FIRST_MS, 0), None);
        assert_eq!(text.len(), RECORD_BYTES);
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((value["id"].as_str(), value["n"].as_u64()), (Some("17"), Some(7)));
        assert_eq!(value["changed_at"], "2026-01-01T00:00:00.000Z");
        assert!(value["text"].as_str().expect("text").starts_with("entries 17 r7 "));
    }

    #[test]
    fn a_moment_is_the_same_with_an_offset() {
        assert_eq!(moment(FIRST_MS, 330), "2026-01-01T05:30:00.000+05:30");
    }
}
