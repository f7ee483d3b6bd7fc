//! The provider of a run: answers from a fixture, as it is or as it would be on a bad day.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use patchbay_egress::{Asked, Player, Response, SendError};
use patchbay_fixture::{self as fixture, Answer, Exchange, Failing, Given, Mismatch, Tape};
use patchbay_model::contract::{CredentialChoice, Effect};
use serde_json::{Map, Value, json};

use crate::trouble::Trouble;

/// The member that no connector knows.
const UNKNOWN: &str = "patchbay_check_unknown";

/// What is changed about the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Twist {
    /// Nothing.
    None,
    /// Every JSON object has one member more.
    UnknownField,
    /// One answer goes wrong.
    Trouble(Trouble, At),
}

/// Which answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// The first.
    First,
    /// The first to a write.
    FirstWrite,
}

/// Plays one run.
pub(crate) struct Actor(Mutex<Playing>);

struct Playing {
    tape: Tape,
    twist: Twist,
    heard: Heard,
}

/// What was asked and answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    /// Requests, in their order.
    pub(crate) sent: Vec<Sent>,
    /// Numbers of the exchanges that were used.
    pub(crate) used: BTreeSet<usize>,
    /// Requests that no exchange fits.
    pub(crate) wrong: Vec<String>,
    /// Exchanges that nobody asked for.
    pub(crate) unused: Vec<String>,
    /// Whether the answer that goes wrong was given.
    pub(crate) struck: bool,
    /// JSON that was answered.
    pub(crate) bodies: Vec<Value>,
}

/// A request that was made.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// Method and address.
    pub(crate) title: String,
    /// What it does at the provider.
    pub(crate) effect: Effect,
    /// The step of a write.
    pub(crate) step: Option<String>,
}

impl Actor {
    /// Plays these exchanges but those that were used before.
    pub(crate) fn of(exchanges: &[Exchange], used: &BTreeSet<usize>, twist: Twist) -> Self {
        let tape = Tape::of(exchanges.to_vec()).without(used);
        Self(Mutex::new(Playing { tape, twist, heard: Heard { used: used.clone(), ..Heard::default() } }))
    }

    /// What was asked and answered so far.
    pub(crate) fn heard(&self) -> Heard {
        let playing = self.playing();
        Heard { unused: playing.tape.titles(), ..playing.heard.clone() }
    }

    fn playing(&self) -> MutexGuard<'_, Playing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Player for Actor {
    fn answer(&self, asked: &Asked) -> Result<Response, SendError> {
        let mut playing = self.playing();
        playing.heard.sent.push(Sent {
            title: format!("{} {}", asked.method, asked.url),
            effect: asked.effect,
            step: asked.step.clone(),
        });
        let json = if asked.body.is_empty() { None } else { serde_json::from_slice(&asked.body).ok() };
        let (number, exchange) = match playing.tape.take_numbered(&wanted(asked, json.as_ref())) {
            Ok(found) => found,
            Err(Mismatch(why)) => {
                playing.heard.wrong.push(why.clone());
                return Err(SendError::Denied(format!("{BEYOND}{why}")));
            }
        };
        playing.heard.used.insert(number);
        let answer = playing.twisted(asked.effect, exchange.answer);
        drop(playing);
        given(&answer)
    }
}

/// Begins the refusal of a request that the fixture does not know, to tell it from one that the manifest does not grant.
pub(crate) const BEYOND: &str = "the fixture has ";

impl Playing {
    fn twisted(&mut self, effect: Effect, real: Answer) -> Answer {
        let answer = match self.twist {
            Twist::None => real,
            Twist::UnknownField => with_unknown(real),
            Twist::Trouble(trouble, at) => {
                let here = !self.heard.struck && (at == At::First || effect == Effect::Write);
                self.heard.struck |= here;
                if here { trouble.answer(&real) } else { real }
            }
        };
        let parsed = || answer.text.as_deref().and_then(|text| serde_json::from_str(text).ok());
        self.heard.bodies.extend(answer.body.clone().or_else(parsed));
        answer
    }
}

fn wanted<'a>(asked: &'a Asked, json: Option<&'a Value>) -> fixture::Asked<'a> {
    fixture::Asked {
        method: &asked.method,
        url: &asked.url,
        headers: &asked.headers,
        json,
        effect: match asked.effect {
            Effect::Read => fixture::Effect::Read,
            Effect::Repeatable => fixture::Effect::Repeatable,
            Effect::Write => fixture::Effect::Write,
        },
        step: asked.step.as_deref(),
        credential: match &asked.credential {
            CredentialChoice::Standard => fixture::Credential::Standard,
            CredentialChoice::Nothing => fixture::Credential::Nothing,
            CredentialChoice::Slot(id) => fixture::Credential::Slot(id),
        },
    }
}

fn given(answer: &Answer) -> Result<Response, SendError> {
    let said = || "the answer says so".to_owned();
    match answer.give() {
        Ok(Given { status, headers, body }) => Ok(Response { status, headers, body, replayed: false }),
        Err(Failing::NotSent) => Err(SendError::NotSent(said())),
        Err(Failing::Unknown) => Err(SendError::Unknown(said())),
        Err(Failing::TooLarge) => Err(SendError::TooLarge(u64::MAX)),
        Err(Failing::Denied) => Err(SendError::Denied(said())),
        Err(Failing::Stopped) => Err(SendError::Stopped),
        Err(Failing::Other) => Err(SendError::Other(said())),
    }
}

/// The answer with one member more in each object.
fn with_unknown(mut answer: Answer) -> Answer {
    if let Some(body) = &mut answer.body {
        add_unknown(body);
    } else if let Some(text) = &answer.text
        && let Ok(mut body @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str::<Value>(text)
    {
        add_unknown(&mut body);
        answer.text = Some(body.to_string());
    }
    answer
}

fn add_unknown(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(add_unknown);
            let unknown: Map<String, Value> = Map::from_iter([("of".to_owned(), json!([1, "two", null]))]);
            members.insert(UNKNOWN.to_owned(), Value::Object(unknown));
        }
        Value::Array(items) => items.iter_mut().for_each(add_unknown),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_gets_the_unknown_member_and_nothing_else_changes() {
        let answer = Answer { body: Some(json!([{ "a": { "b": 1 } }, 2])), ..Answer::default() };
        let body = with_unknown(answer).body.expect("a body");
        assert!(body[0][UNKNOWN].is_object() && body[0]["a"][UNKNOWN].is_object());
        assert_eq!((&body[0]["a"]["b"], &body[1]), (&json!(1), &json!(2)));
        let text = Answer { text: Some("<html>".to_owned()), ..Answer::default() };
        assert_eq!(with_unknown(text.clone()), text);
    }
}
