//! The table of errors: each thing that can go wrong, at the first request of a call and at its first write.

use patchbay_model::{Failure, contract::ConnectorError};

use super::Suite;
use crate::{
    Finding,
    player::{At, Heard, Twist},
    reading::{case, why},
    trouble::{Trouble, WAIT_SECONDS},
};

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) trouble: Trouble,
    at: At,
    /// Whether the request that it happens to writes.
    write: bool,
}

impl Row {
    pub(super) fn twist(self) -> Twist {
        Twist::Trouble(self.trouble, self.at)
    }
}

/// The rows for a call whose good day was `heard`.
pub(super) fn rows(heard: &Heard) -> Vec<Row> {
    use patchbay_model::contract::Effect;
    let Some(first) = heard.sent.first() else { return Vec::new() };
    let first_writes = first.effect == Effect::Write;
    let mut rows: Vec<Row> =
        Trouble::ALL.iter().map(|trouble| Row { trouble: *trouble, at: At::First, write: first_writes }).collect();
    if heard.sent.iter().any(|sent| sent.effect == Effect::Write) {
        let all: Vec<Trouble> = match first_writes {
            true => Trouble::OF_WRITES.to_vec(),
            false => Trouble::ALL.iter().chain(Trouble::OF_WRITES).copied().collect(),
        };
        rows.extend(all.into_iter().map(|trouble| Row { trouble, at: At::FirstWrite, write: true }));
    }
    rows
}

/// What is wrong with how a call ended in this row.
pub(super) fn judge(
    suite: &Suite<'_>,
    call: &str,
    file: &str,
    row: Row,
    came: Result<(), &Failure>,
    heard: &Heard,
) -> Option<Finding> {
    let Row { trouble, at, write } = row;
    let found = came.err().map_or("ok", case);
    let where_it_was = match at {
        At::First => heard.sent.first(),
        At::FirstWrite => heard.sent.iter().find(|sent| sent.effect == patchbay_model::contract::Effect::Write),
    };
    let title = where_it_was.map(|sent| sent.title.clone()).unwrap_or_default();
    let place = format!("fixtures/{file}, {title}");
    let right: Vec<&str> = match suite.deviations.of(call, trouble) {
        // What the table says is never wrong: a deviation allows, it does not demand.
        Some(case) => trouble.cases(write).iter().copied().chain([case]).collect(),
        None => trouble.cases(write).to_vec(),
    };
    if !right.contains(&found) {
        let what =
            format!("{} came out as `{found}`, not as `{}`{}", trouble.title(), right.join("` or `"), why(came.err()));
        let remedy = format!(
            "return the case by which the host does the right thing; where the provider means something else by it, say \
             so in fixtures/check.toml: [[deviation]] call = \"{call}\" when = \"{}\" is = \"…\" reason = \"…\"",
            trouble.word()
        );
        return Some(Finding::of(what, place, remedy));
    }
    if trouble == Trouble::Status(429)
        && let Err(Failure::Connector(ConnectorError::RateLimited(info))) = came
        && info.retry_after.is_none_or(|wait| wait.as_secs() != WAIT_SECONDS)
    {
        let what = format!("Retry-After said {WAIT_SECONDS} s, the error says {:?}", info.retry_after);
        return Some(Finding::of(what, place, "put the wait into `retry-after-ms`"));
    }
    None
}
