//! Numbers as cursors write them: exact, and written again with as many digits as they had.

/// Billionths in one.
const ONE: i128 = 1_000_000_000;

/// A plain decimal number: no exponent, at most 24 digits before the point and 9 behind it.
pub(super) struct Decimal {
    billionths: i128,
    /// Digits behind the point.
    fraction: usize,
    /// Digits before it where it was filled up with zeros, else 0.
    width: usize,
}

impl Decimal {
    pub(super) fn read(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (unsigned, ""),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 24 || fraction.len() > 9 || !digits(whole) || !digits(fraction) {
            return None;
        }
        let absolute = whole.parse::<i128>().ok()? * ONE + format!("{fraction:0<9}").parse::<i128>().ok()?;
        let billionths = if unsigned.len() < text.len() { -absolute } else { absolute };
        let width = if whole.len() > 1 && whole.starts_with('0') { whole.len() } else { 0 };
        Some(Self { billionths, fraction: fraction.len(), width })
    }

    pub(super) fn billionths(&self) -> i128 {
        self.billionths
    }

    /// Another number as this one is written, rounded down to its digits.
    pub(super) fn written(&self, billionths: i128) -> String {
        let unit = (self.fraction..9).fold(1, |unit, _| unit * 10);
        let rounded = billionths.div_euclid(unit) * unit;
        let sign = if rounded < 0 { "-" } else { "" };
        let (whole, rest) = (rounded.unsigned_abs() / ONE.unsigned_abs(), rounded.unsigned_abs() % ONE.unsigned_abs());
        let (width, fraction) = (self.width, format!("{rest:09}"));
        match fraction.get(..self.fraction) {
            Some(digits) if !digits.is_empty() => format!("{sign}{whole:0width$}.{digits}"),
            _ => format!("{sign}{whole:0width$}"),
        }
    }
}
