//! What connectors answered a moment ago: the same letters are typed by many people, and twice by one.
//!
//! An answer is kept for a minute and belongs to one question to one connection, as it was then: its release, login and
//! settings are part of the question. Who asks what is being asked already waits for that answer. What a connector
//! could not answer is kept for nobody. The room is bounded, and the oldest answers leave it.

use std::{
    collections::HashMap,
    mem::size_of,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use patchbay_model::{ConnectionId, Fault, Timestamp, contract::Choice};
use tokio::sync::watch;

/// How long an answer is taken for true.
const KEPT: Duration = Duration::from_secs(60);
/// Answers, and bytes of all of them.
const MOST: usize = 2_000;
const ROOM: usize = 16 << 20;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    pub(super) connection: ConnectionId,
    /// What else the answer depends on.
    pub(super) of: [u8; 32],
    pub(super) picker: String,
    pub(super) query: String,
    pub(super) parents: Vec<(String, String)>,
    pub(super) cursor: Option<Vec<u8>>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) choices: Vec<Choice>,
    pub(super) next: Option<Vec<u8>>,
    pub(super) at: Timestamp,
}

type Waits = watch::Receiver<Option<Result<Answer, Fault>>>;
type Tells = Arc<watch::Sender<Option<Result<Answer, Fault>>>>;

/// Whose turn it is.
pub(super) enum Turn {
    /// It is known.
    Known(Answer),
    /// Somebody has asked already. Nothing comes when that one has given up.
    Wait(Waits),
    /// Ask, and tell those who wait.
    Ask(Ticket, Waits),
}

/// The answers of this node.
#[derive(Clone, Default)]
pub(crate) struct Answers(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    slots: HashMap<Asked, Slot>,
    bytes: usize,
    /// Raised with every slot, to know which one is the oldest.
    slot: u64,
}

struct Slot {
    no: u64,
    state: State,
}

enum State {
    Asking(Tells),
    Known(Answer, usize),
}

impl Answers {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn turn(&self, asked: &Asked, now: Timestamp) -> Turn {
        let mut held = self.held();
        match held.slots.get(asked).map(|slot| &slot.state) {
            Some(State::Known(answer, _)) if fresh(answer, now) => return Turn::Known(answer.clone()),
            Some(State::Asking(tells)) => return Turn::Wait(tells.subscribe()),
            Some(State::Known(..)) | None => {}
        }
        let (tells, waits) = watch::channel(None);
        let tells = Arc::new(tells);
        held.slot += 1;
        let no = held.slot;
        held.put(asked, Slot { no, state: State::Asking(Arc::clone(&tells)) });
        Turn::Ask(Ticket { answers: self.clone(), asked: asked.clone(), no, tells }, waits)
    }

    /// Forgets what this connection was answered. Those who wait are answered, but that is kept for nobody.
    pub(super) fn forget(&self, connection: &ConnectionId) {
        let mut held = self.held();
        let gone: Vec<Asked> = held.slots.keys().filter(|asked| asked.connection == *connection).cloned().collect();
        for asked in gone {
            held.remove(&asked);
        }
    }
}

fn fresh(answer: &Answer, now: Timestamp) -> bool {
    // One of the future is of a clock that was put back since.
    answer.at <= now && now < answer.at.plus(KEPT)
}

impl Held {
    fn put(&mut self, asked: &Asked, slot: Slot) {
        self.remove(asked);
        if let State::Known(_, bytes) = slot.state {
            self.bytes += bytes;
        }
        self.slots.insert(asked.clone(), slot);
    }

    fn remove(&mut self, asked: &Asked) {
        if let Some(Slot { state: State::Known(_, bytes), .. }) = self.slots.remove(asked) {
            self.bytes -= bytes;
        }
    }

    /// Makes room: what is too old goes, then the oldest.
    fn tidy(&mut self, now: Timestamp) {
        if self.slots.len() <= MOST && self.bytes <= ROOM {
            return;
        }
        let known = |slot: &Slot| match &slot.state {
            State::Known(answer, _) => Some((slot.no, fresh(answer, now))),
            State::Asking(_) => None,
        };
        let mut ages: Vec<(bool, u64, Asked)> = self
            .slots
            .iter()
            .filter_map(|(asked, slot)| known(slot).map(|(no, fresh)| (fresh, no, asked.clone())))
            .collect();
        ages.sort_unstable_by_key(|(fresh, no, _)| (*fresh, *no));
        // A quarter more than needed, so that not every answer has to make room.
        for (fresh, _, asked) in ages {
            if fresh && self.slots.len() <= MOST / 4 * 3 && self.bytes <= ROOM / 4 * 3 {
                break;
            }
            self.remove(&asked);
        }
    }
}

/// The turn of whoever asks. Dropped without an answer, it leaves the question to the next one.
pub(super) struct Ticket {
    answers: Answers,
    asked: Asked,
    no: u64,
    tells: Tells,
}

impl Ticket {
    /// Resolves once nobody waits for the answer.
    pub(super) async fn nobody_waits(&self) {
        self.tells.closed().await;
    }

    /// Tells those who wait, and keeps what is an answer.
    pub(super) fn answered(self, answer: Result<Answer, Fault>) {
        if let Ok(answer) = &answer {
            let mut held = self.answers.held();
            // Only while nobody has forgotten it, or asked anew since.
            if held.slots.get(&self.asked).is_some_and(|slot| slot.no == self.no) {
                let bytes = size(&self.asked) + size_of_answer(answer);
                held.put(&self.asked, Slot { no: self.no, state: State::Known(answer.clone(), bytes) });
                held.tidy(answer.at);
            }
        }
        self.tells.send_replace(Some(answer));
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut held = self.answers.held();
        let asking = |slot: &Slot| slot.no == self.no && matches!(slot.state, State::Asking(_));
        if held.slots.get(&self.asked).is_some_and(asking) {
            held.remove(&self.asked);
        }
    }
}

fn size(asked: &Asked) -> usize {
    let parents: usize =
        asked.parents.iter().map(|(name, id)| size_of::<(String, String)>() + name.len() + id.len()).sum();
    let texts = asked.picker.len() + asked.query.len() + asked.cursor.as_ref().map_or(0, Vec::len);
    size_of::<Asked>() + size_of::<Slot>() + texts + parents
}

fn size_of_answer(answer: &Answer) -> usize {
    let of = |choice: &Choice| choice.id.len() + choice.label.len() + choice.hint.as_ref().map_or(0, String::len);
    let choices: usize = answer.choices.iter().map(|choice| size_of::<Choice>() + of(choice)).sum();
    choices + answer.next.as_ref().map_or(0, Vec::len)
}

#[cfg(test)]
mod tests;
