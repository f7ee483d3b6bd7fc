//! C1 and C3: statuses, and bodies that are none.

use std::time::Duration;

use patchbay_test_support::{
    Result,
    fakes::{Act, Odd},
};

use super::{
    Lay,
    table::{Row, Then, play},
};

/// Longer than any of these runs waits before it goes on.
const LATER: Duration = Duration::from_secs(90);

fn statuses() -> Vec<Row> {
    let status = |status: u16| (format!("status {status}"), Act::status(status));
    let mut rows = Vec::new();
    for (code, all) in [
        ("PB1105", &[400, 413, 415, 418, 422][..]),
        ("PB2012", &[402, 403]),
        ("PB3006", &[404, 410]),
        ("PB3007", &[409, 412, 423]),
    ] {
        rows.extend(all.iter().map(|one| status(*one)).map(|(name, act)| Row::slot(&name, act, code)));
    }
    for (code, all) in [("PB3004", &[408, 425, 500, 502, 503, 504, 520, 599][..]), ("PB3005", &[204, 302, 304])] {
        rows.extend(all.iter().map(|one| status(*one)).map(|(name, act)| Row::again(&name, act, code)));
    }
    rows.push(Row::of("status 401", Act::status(401), "failed", Some("PB2002"), Then::Reconnect));
    rows.push(Row::of("status 429", Act::status(429), "more_later", Some("PB3003"), Then::Later));
    rows.push(Row::again("status 500 on the third page", Act::status(500), "PB3004").after(2));
    rows.push(Row::slot("status 404 on the second page", Act::status(404), "PB3006").after(1));
    rows.push(
        Row::again("status 502 on the third page, by number", Act::status(502), "PB3004")
            .after(2)
            .settings(serde_json::json!({ "paging": "number" })),
    );
    rows
}

fn bodies() -> Vec<Row> {
    let kind = |value: &str| Act::odd(Odd::ContentType { value: value.to_owned() });
    [
        ("HTML", Act::html()),
        ("nothing", Act::empty()),
        ("null", Act::odd(Odd::Null)),
        ("JSON cut in the middle", Act::Cut { bytes: 700 }),
        ("JSON cut in a record's text", Act::Cut { bytes: 1_000 }),
        ("text/plain", kind("text/plain")),
        ("text/html over JSON", kind("text/html; charset=utf-8")),
        ("byte order mark", Act::odd(Odd::Bom)),
        ("UTF-16", Act::odd(Odd::Utf16)),
        ("NaN", Act::odd(Odd::NotANumber)),
        ("the list twice", Act::odd(Odd::DuplicateItems)),
    ]
    .into_iter()
    .flat_map(|(name, act)| {
        let second = Row::again(&format!("{name}, second page"), act.clone(), "PB3005").after(1);
        [Row::again(name, act, "PB3005"), second]
    })
    .chain([
        // Each record is wrong, not the page: it is the host that refuses it.
        Row::slot("10,000 levels", Act::odd(Odd::Deep { levels: 10_000 }), "PB1104"),
        Row::slot("1e400", Act::odd(Odd::HugeNumber), "PB1104"),
    ])
    .collect()
}

#[test]
fn each_status_has_its_outcome_and_costs_nothing() -> Result<()> {
    let ground = Lay { test_clock: true, ..Lay::default() }.start()?;
    play(&ground, statuses(), || ground.rig.advance(LATER))
}

#[test]
fn a_body_that_is_none_fails_the_run_and_moves_no_cursor() -> Result<()> {
    let ground = Lay { test_clock: true, ..Lay::default() }.start()?;
    play(&ground, bodies(), || ground.rig.advance(LATER))
}
