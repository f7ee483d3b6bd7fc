//! An event that is made here. It carries an id of our own, made of the host's key: Google takes an id once, and answers 409 to
//! a second event that has it.

use patchbay_sdk::{Error, Item, Result, run, time};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    note::plain,
    wire::{DAY_MS, day_ms},
};

/// How long an event lasts that has no end.
const HOUR_MS: u64 = 3_600_000;
/// Letters of the key that make an id: as many as no two items share.
const LETTERS: usize = 20;
/// What the key is called with which others know our events. Nobody sees it in the calendar.
pub(crate) const KEY: &str = "patchbay_key";

#[derive(Deserialize)]
struct Payload {
    title: String,
    start: String,
    end: Option<String>,
    time_zone: Option<String>,
    text: Option<String>,
    link: Option<String>,
    location: Option<String>,
    attendees: Option<Vec<String>>,
}

/// The id of the event of a step. Google takes `a` to `v` and digits; digits alone are told by errors as they are, where letters
/// among them would be masked as a token.
pub(crate) fn id_of(step: &str) -> Result<String> {
    let key = run::step_key(step);
    let id: Option<String> = key.bytes().take(LETTERS).map(digits).collect();
    id.filter(|id| id.len() == 2 * LETTERS).ok_or_else(|| Error::other("The event cannot be given an id."))
}

/// A letter of a key as two digits: `a` to `z` and `2` to `7` are 0 to 31.
fn digits(of_key: u8) -> Option<String> {
    let value = match of_key {
        b'a'..=b'z' => of_key - b'a',
        b'2'..=b'7' => of_key - b'2' + 26,
        _ => return None,
    };
    Some(format!("{value:02}"))
}

/// What is sent of an event; an id only of a new one.
pub(crate) fn body(item: &Item, id: Option<&str>) -> Result<Value> {
    let said: Payload = item.payload()?;
    let (start, end) = span(&said)?;
    let mut body = Map::from_iter([
        ("summary".to_owned(), json!(said.title)),
        ("start".to_owned(), start),
        ("end".to_owned(), end),
    ]);
    let link = said.link.filter(|link| !link.trim().is_empty()).map(|link| format!("Link: {}", link.trim()));
    let text = [said.text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()), link];
    let text = text.into_iter().flatten().collect::<Vec<_>>().join("\n\n");
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    // What is not said stays as it is: people may have written there meanwhile.
    if !text.is_empty() {
        set("description", json!(plain(&text)));
    }
    if let Some(location) = said.location {
        set("location", json!(location));
    }
    if let Some(people) = said.attendees {
        set("attendees", people.iter().map(|email| json!({ "email": email.trim() })).collect());
    }
    if let Some(id) = id {
        set("id", json!(id));
        set("extendedProperties", json!({ "private": { KEY: id } }));
    }
    Ok(Value::Object(body))
}

/// Beginning and end, both days or both moments.
fn span(said: &Payload) -> Result<(Value, Value)> {
    let wrong = |pointer: &str, why: &str| Error::invalid_input("These are no times of an event.").field(pointer, why);
    if let Some(first) = day_ms(&said.start) {
        let last = match said.end.as_deref() {
            None => first,
            Some(end) => {
                day_ms(end).ok_or_else(|| wrong("/end", "The beginning is a day, so the end has to be one."))?
            }
        };
        if last < first {
            return Err(wrong("/end", "The end is before the beginning."));
        }
        // The day after the last one is what Google calls the end.
        let end = time::date(last.saturating_add(DAY_MS));
        return Ok((json!({ "date": said.start }), json!({ "date": end })));
    }
    let moment = |text: &str| time::parse_rfc3339(text);
    let first = moment(&said.start)
        .ok_or_else(|| wrong("/start", "Write a moment with its offset, 2026-11-21T10:00:00+01:00, or a day."))?;
    let end = match said.end.as_deref() {
        None => time::rfc3339(first.saturating_add(HOUR_MS)),
        Some(end) => match moment(end) {
            Some(last) if last >= first => end.to_owned(),
            Some(_) => return Err(wrong("/end", "The end is before the beginning.")),
            None => return Err(wrong("/end", "The beginning is a moment, so the end has to be one.")),
        },
    };
    let with_zone = |text: &str| match &said.time_zone {
        Some(zone) => json!({ "dateTime": text, "timeZone": zone }),
        None => json!({ "dateTime": text }),
    };
    Ok((with_zone(&said.start), with_zone(&end)))
}

#[cfg(test)]
mod tests {
    use patchbay_sdk::{Item, testing::TestHost};
    use serde_json::{Value, json};

    use super::{body, digits, id_of};

    fn sent(payload: &Value) -> Option<Value> {
        body(&Item { payload: payload.to_string().into_bytes(), ..Item::default() }, None).ok()
    }

    #[test]
    fn an_id_has_only_letters_that_google_takes_and_two_keys_have_two() {
        let _host = TestHost::empty();
        let id = id_of("event").unwrap();
        assert!(id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
        let all: std::collections::BTreeSet<_> = (b'a'..=b'z').chain(b'2'..=b'7').filter_map(digits).collect();
        assert_eq!((all.len(), digits(b'A'), digits(b'1')), (32, None, None));
        assert_ne!(id, id_of("other").unwrap());
    }

    #[test]
    fn days_end_on_the_day_after_and_moments_after_an_hour() {
        let days = sent(&json!({ "title": "Beurs", "start": "2026-12-30", "end": "2026-12-31" })).unwrap();
        assert_eq!(
            (&days["start"], &days["end"]),
            (&json!({ "date": "2026-12-30" }), &json!({ "date": "2027-01-01" }))
        );
        let hour = sent(&json!({ "title": "x", "start": "2026-11-21T10:00:00+01:00" })).unwrap();
        assert_eq!(hour["end"]["dateTime"], json!("2026-11-21T10:00:00Z"));
    }

    #[test]
    fn times_that_do_not_fit_each_other_are_refused() {
        for (start, end) in [
            ("2026-11-21", Some("2026-11-20")),
            ("2026-11-21", Some("2026-11-21T10:00:00Z")),
            ("2026-11-21T10:00:00Z", Some("2026-11-21")),
            ("2026-11-21T10:00:00Z", Some("2026-11-21T09:00:00Z")),
            ("2026-11-21T10:00:00", None),
            ("tomorrow at ten", None),
        ] {
            assert_eq!(sent(&json!({ "title": "x", "start": start, "end": end })), None, "{start} {end:?}");
        }
    }
}
