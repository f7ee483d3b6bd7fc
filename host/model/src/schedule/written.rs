//! A schedule as people and programs write it, and what is refused.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, de};

use super::{Schedule, cron};
use crate::manifest::{duration_text, parse_duration};

/// The shortest interval.
const SHORTEST: Duration = Duration::from_secs(10);
/// The widest jitter.
const WIDEST: Duration = Duration::from_secs(3_600);
/// The jitter of who names none.
const JITTER: Duration = Duration::from_secs(60);

/// The JSON of a schedule before it is checked.
#[derive(Debug, Default, Serialize)]
pub(super) struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    every: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cron: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jitter: Option<String>,
}

impl Written {
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A bare length of time.
pub(super) fn every(text: &str) -> Result<Schedule, String> {
    let every = parse_duration(text)?;
    if every < SHORTEST {
        return Err(format!("every {text} is too often; write {} or longer", duration_text(SHORTEST)));
    }
    Ok(Schedule::Every(every))
}

fn jitter(text: &str) -> Result<Duration, String> {
    if text == "0" || text == "0s" {
        return Ok(Duration::ZERO);
    }
    let jitter = parse_duration(text)?;
    if jitter > WIDEST {
        return Err(format!("a jitter of {text} is too wide; write {} or less", duration_text(WIDEST)));
    }
    Ok(jitter)
}

impl TryFrom<Written> for Schedule {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written { every: Some(text), cron: None, zone: None, jitter: None } => every(&text),
            Written { every: Some(_), cron: None, .. } => {
                Err("zone and jitter go with cron; leave them out beside every".to_owned())
            }
            Written { every: None, cron: Some(text), zone, jitter: spread } => Ok(Self::Cron {
                cron: cron::read(&text)?,
                zone: cron::zone(zone.as_deref().unwrap_or("UTC"))?,
                jitter: spread.as_deref().map_or(Ok(JITTER), jitter)?,
            }),
            Written { every: Some(_), cron: Some(_), .. } => {
                Err("every and cron are two different schedules; write one of them".to_owned())
            }
            Written { every: None, cron: None, .. } => {
                Err("this says not when; write every, e.g. 15m, or cron, e.g. 30 2 * * *".to_owned())
            }
        }
    }
}

impl From<Schedule> for Written {
    fn from(schedule: Schedule) -> Self {
        match schedule {
            Schedule::Every(every) => Self { every: Some(duration_text(every)), ..Self::default() },
            Schedule::Cron { cron, zone, jitter } => {
                Self { every: None, cron: Some(cron), zone: Some(zone), jitter: Some(duration_text(jitter)) }
            }
        }
    }
}

/// The text of a schedule that has the right form and is not checked any further: a manifest names line and
/// remedy itself.
pub(crate) fn unchecked<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    from.deserialize_any(Unchecked)
}

/// An object, or a bare length of time, or either of them as text.
impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader)
    }
}

struct Unchecked;
struct Reader;

/// The keys of the object; what else stands there is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    every: Option<String>,
    cron: Option<String>,
    zone: Option<String>,
    jitter: Option<String>,
}

impl From<Keys> for Written {
    fn from(Keys { every, cron, zone, jitter }: Keys) -> Self {
        Self { every, cron, zone, jitter }
    }
}

const EXPECTED: &str = "a length of time such as \"15m\", or a table with every or cron";

impl<'de> de::Visitor<'de> for Unchecked {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<String, A::Error> {
        Keys::deserialize(de::value::MapAccessDeserializer::new(map)).map(|keys| Written::from(keys).json())
    }
}

impl<'de> de::Visitor<'de> for Reader {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Written, E> {
        Schedule::parse(text).map(Written::from).map_err(E::custom)
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Written, A::Error> {
        Keys::deserialize(de::value::MapAccessDeserializer::new(map)).map(Written::from)
    }
}
