//! Days of the calendar, as reports are asked for by day. In whose zone a day is, whoever asks knows.

use patchbay_sdk::time;
use serde::{Deserialize, Serialize};

const DAY_MS: u64 = 86_400_000;

/// A day since 1970; in a cursor and to the provider it is `2026-11-20`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Day(u64);

impl Day {
    /// The day that it is so many milliseconds after 1970 began there.
    pub(crate) fn at(ms: u64) -> Self {
        Self(ms / DAY_MS)
    }

    pub(crate) fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    pub(crate) fn days_before(self, days: u64) -> Self {
        Self(self.0.saturating_sub(days))
    }

    pub(crate) fn days_since(self, first: Self) -> u64 {
        self.0.saturating_sub(first.0)
    }

    /// The same day so many months earlier; the first of the next month where that one is shorter, so that it is never
    /// further back than that.
    pub(crate) fn months_before(self, months: u32) -> Self {
        let text = self.to_string();
        let number = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<u32>().ok());
        let (Some(year), Some(month), Some(day)) = (number(0..4), number(5..7), number(8..10)) else { return self };
        let Some(count) = (year * 12 + month.saturating_sub(1)).checked_sub(months) else { return Self(0) };
        let of = |count: u32, day: u32| Self::parse(&format!("{:04}-{:02}-{day:02}", count / 12, count % 12 + 1));
        of(count, day).or_else(|| of(count + 1, 1)).unwrap_or(Self(0))
    }

    fn parse(text: &str) -> Option<Self> {
        if text.len() != 10 {
            return None;
        }
        time::parse_rfc3339(&format!("{text}T00:00:00Z")).map(Self::at)
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&time::date(self.0.saturating_mul(DAY_MS)))
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

impl TryFrom<String> for Day {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a day is written as 2026-11-20")
    }
}

#[cfg(test)]
mod tests {
    use super::Day;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn a_day_is_written_as_it_is_read() {
        assert_eq!(serde_json::to_string(&day("2026-02-28").next()).unwrap(), "\"2026-03-01\"");
        assert_eq!(serde_json::from_str::<Day>("\"2026-03-01\"").unwrap(), day("2026-02-28").next());
        for text in ["2026-2-28", "2026-02-30", "2026-02-28T00", "", "yesterday"] {
            assert!(Day::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn so_many_months_earlier_is_never_further_back_than_that() {
        for (from, months, back) in [
            ("2026-11-22", 37, "2023-10-22"),
            ("2026-01-15", 1, "2025-12-15"),
            ("2026-03-31", 1, "2026-03-01"),
            ("2024-03-29", 1, "2024-02-29"),
            ("2026-12-31", 13, "2025-12-01"),
            ("2026-05-05", 12, "2025-05-05"),
        ] {
            assert_eq!(day(from).months_before(months), day(back), "{from} - {months}");
        }
        assert_eq!(day("2026-11-22").months_before(u32::MAX), Day(0));
    }
}
