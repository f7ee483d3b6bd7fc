//! A day, as `YYYY-MM-DD`.

/// Whether this is a real day, written in full.
pub(super) fn is_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let number = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<u32>().ok());
    match (shaped, number(0, 4), number(5, 7), number(8, 10)) {
        (true, Some(year), Some(month), Some(day)) => year > 0 && (1..=days_of(year, month)).contains(&day),
        _ => false,
    }
}

/// Days of a month of the Gregorian calendar; none of a month that there is not.
fn days_of(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_real_day_in_full_is_one() {
        for good in ["2026-11-21", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31", "2026-04-30"] {
            assert!(is_day(good), "{good}");
        }
        for bad in [
            "",
            "2026",
            "2026-1-1",
            "26-11-21",
            "2026-11-31",
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-10-00",
            "0000-01-01",
            "2026/11/21",
            "21-11-2026",
            "2026-11-21T00:00",
            "2026-11-21 ",
            "+026-11-21",
            "-026-11-21",
            "2026-+1-21",
            "２０２６-11-21",
            "2026-1é-2",
        ] {
            assert!(!is_day(bad), "{bad}");
        }
    }
}
