//! `where`: what of it the sheet names, in clauses joined by `&&` or `AND`.
//!
//! | clause | true where the member |
//! |---|---|
//! | `Name=="x"`, `ContactID==Guid("…")` | is that |
//! | `Name.Contains("x")`, `Name.StartsWith("x")` | says that; with `.ToLower()` before it in small letters |
//! | `EmailAddress!=null`, `EmailAddress==null` | is there, is not |
//! | `Date>=DateTime(2026,03,01)`, `Date<DateTime(…)` | is so |

use patchbay_model::Timestamp;
use serde_json::Value;

/// A condition of one member.
#[derive(Debug)]
pub(super) struct Clause {
    member: String,
    lower: bool,
    test: Test,
}

#[derive(Debug)]
enum Test {
    Is(String),
    Contains(String),
    Starts(String),
    There(bool),
    From(i64),
    Before(i64),
}

/// All clauses of a `where`.
pub(super) fn parse(text: &str) -> Result<Vec<Clause>, String> {
    let joined = text.replace(" AND ", "&&").replace(" and ", "&&");
    joined
        .split("&&")
        .map(|part| clause(part.trim()).ok_or_else(|| format!("where cannot be read: {part:?}")))
        .collect()
}

fn clause(text: &str) -> Option<Clause> {
    let of = |member: &str, test: Test| {
        let (member, lower) = member.strip_suffix(".ToLower()").map_or((member, false), |member| (member, true));
        let good = member.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
        (good && !member.is_empty()).then(|| Clause { member: member.to_owned(), lower, test })
    };
    if let Some((member, rest)) = text.split_once(".Contains(") {
        return of(member, Test::Contains(quoted(rest.strip_suffix(')')?)?));
    }
    if let Some((member, rest)) = text.split_once(".StartsWith(") {
        return of(member, Test::Starts(quoted(rest.strip_suffix(')')?)?));
    }
    if let Some((member, day)) = text.split_once(">=") {
        return of(member.trim(), Test::From(moment(day.trim())?));
    }
    if let Some((member, rest)) = text.split_once("!=") {
        return (rest.trim() == "null").then(|| of(member.trim(), Test::There(true)))?;
    }
    if let Some((member, rest)) = text.split_once("==") {
        let rest = rest.trim();
        if rest == "null" {
            return of(member.trim(), Test::There(false));
        }
        let inner = rest.strip_prefix("Guid(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(rest);
        return of(member.trim(), Test::Is(quoted(inner)?));
    }
    let (member, day) = text.split_once('<')?;
    of(member.trim(), Test::Before(moment(day.trim())?))
}

fn quoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains('"')).then(|| inner.to_owned())
}

/// `DateTime(2026,03,01)`, as milliseconds.
fn moment(text: &str) -> Option<i64> {
    let inner = text.strip_prefix("DateTime(")?.strip_suffix(')')?;
    let mut numbers = Vec::new();
    for part in inner.split(',') {
        numbers.push(part.trim().parse::<u32>().ok()?);
    }
    numbers.resize(6.max(numbers.len()), 0);
    let [year, month, day, hour, minute, second] = numbers.as_slice() else { return None };
    let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
    text.parse::<Timestamp>().ok().map(Timestamp::as_millis)
}

impl Clause {
    /// Whether a record fits.
    pub(super) fn fits(&self, record: &Value) -> bool {
        let pointer = format!("/{}", self.member.replace('.', "/"));
        let value = record.pointer(&pointer);
        let said = value.and_then(Value::as_str).unwrap_or_default();
        let said = if self.lower { said.to_lowercase() } else { said.to_owned() };
        match &self.test {
            Test::Is(wanted) => said == *wanted,
            Test::Contains(wanted) => said.contains(wanted),
            Test::Starts(wanted) => said.starts_with(wanted),
            Test::There(there) => value.is_some_and(|value| !value.is_null()) == *there,
            Test::From(at) => millis(&said).is_some_and(|said| said >= *at),
            Test::Before(at) => millis(&said).is_some_and(|said| said < *at),
        }
    }
}

/// The number in `/Date(…+0000)/`.
fn millis(text: &str) -> Option<i64> {
    text.strip_prefix("/Date(")?.strip_suffix("+0000)/")?.parse().ok()
}
