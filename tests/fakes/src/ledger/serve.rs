//! The way of one request: control, script, data, oddity, journal, reply.

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use patchbay_model::{Clock, Timestamp};
use serde_json::{Value, json};

use super::{
    Ledger, control,
    journal::{Facts, LedgerJournal, Visit},
    reply::{Reply, twisted},
};
use crate::{
    behaviour::{Act, Script},
    exchange::Incoming,
    odd::Odd,
};

/// What the data say to a request.
pub(super) struct Given {
    pub(super) status: u16,
    pub(super) body: Bytes,
    pub(super) facts: Facts,
}

impl Given {
    pub(super) fn bytes(status: u16, body: Bytes) -> Self {
        Self { status, body, facts: Facts::default() }
    }

    pub(super) fn text(status: u16, body: String) -> Self {
        Self::bytes(status, Bytes::from(body))
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, body.to_string())
    }

    pub(super) fn problem(status: u16, message: &str) -> Self {
        Self::json(status, &json!({ "message": message }))
    }

    /// 400 for what is not in the sheet.
    pub(super) fn refusal(why: String) -> Self {
        let given = Self::problem(400, &format!("fake: {why}"));
        Self { facts: Facts { refusal: Some(why), ..Facts::default() }, ..given }
    }
}

/// The ledger with all that stands around it.
pub(super) struct Desk {
    pub(super) ledger: Arc<Ledger>,
    pub(super) journal: Arc<LedgerJournal>,
    pub(super) script: Arc<Script>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Desk {
    /// The reply; none when the connection is to be closed without one.
    pub(super) async fn serve(&self, request: &Incoming) -> Option<Reply> {
        if request.path.starts_with("/_fake/") {
            return Some(control::answer(self, request));
        }
        let key = request.header("x-api-key").and_then(|value| self.ledger.holder(value));
        let mut open = Open { desk: self, visit: Some(visit(request, key.as_deref())) };
        let act = self.script.take(request);
        open.rule(act.as_ref());
        match &act {
            Some(Act::Answer { status, headers, body }) => {
                let reply = Reply::of(*status, headers, Bytes::from(body.clone()));
                return open.close(Some(*status), Facts::default()).ok().map(|()| reply);
            }
            #[expect(clippy::disallowed_methods, reason = "a slow provider is what this rule makes")]
            Some(Act::Delay { ms }) => tokio::time::sleep(Duration::from_millis(*ms)).await,
            Some(Act::Hold { name, applied: false }) => self.script.hold(name).await,
            // Nothing is written here that could come late.
            Some(Act::Drop | Act::ApplyLater { .. }) => return None,
            Some(Act::Odd { odd: Odd::ResetAtOnce }) => return Some(Reply::reset()),
            Some(Act::Odd { odd: Odd::Before { changes } }) => {
                if let Err(why) = self.ledger.apply(changes) {
                    let reply = Reply::json(500, &json!({ "message": format!("the rule cannot be applied: {why}") }));
                    return open.close(Some(500), Facts::default()).ok().map(|()| reply);
                }
            }
            _ => {}
        }
        let odd = match &act {
            Some(Act::Odd { odd }) => Some(odd.clone()),
            Some(Act::SamePage) => Some(Odd::Cycle { pages: 1 }),
            _ => None,
        };
        let Given { status, body, facts } = self.ledger.answer(request, key.as_deref(), odd.as_ref());
        open.honest(odd.as_ref().is_none_or(Odd::is_honest));
        match act {
            Some(Act::LoseAnswer) => {
                // A failure shows in the journal's numbers; there is no answer to hold back.
                drop(open.close(None, facts));
                return None;
            }
            Some(Act::Cut { bytes }) => {
                open.honest(false);
                let reply = Reply::data(status, body.slice(..bytes.min(body.len())));
                return open.close(Some(status), facts).ok().map(|()| reply);
            }
            Some(Act::Hold { name, applied: true }) => {
                open.close(Some(status), facts).ok()?;
                self.script.hold(&name).await;
                return Some(Reply::data(status, body));
            }
            _ => {}
        }
        let reply = match odd {
            Some(odd) if status == 200 => twisted(body, &odd),
            _ => Reply::data(status, body),
        };
        open.close(Some(status), facts).ok().map(|()| reply)
    }
}

fn visit(request: &Incoming, key: Option<&str>) -> Visit {
    Visit {
        seq: 0,
        at: Timestamp::default(),
        method: request.method.clone(),
        target: request.target(),
        key: key.map(str::to_owned),
        status: None,
        honest: false,
        rule: None,
        facts: Facts::default(),
    }
}

/// A request between its arrival and its line in the journal.
struct Open<'a> {
    desk: &'a Desk,
    visit: Option<Visit>,
}

impl Open<'_> {
    fn rule(&mut self, act: Option<&Act>) {
        if let Some(visit) = &mut self.visit {
            visit.rule = act.and_then(|act| serde_json::to_string(act).ok());
        }
    }

    fn honest(&mut self, honest: bool) {
        if let Some(visit) = &mut self.visit {
            visit.honest = honest;
        }
    }

    /// Writes the line; the answer may leave then, and not when it could not be written.
    fn close(mut self, status: Option<u16>, facts: Facts) -> io::Result<()> {
        self.write(status, facts)
    }

    fn write(&mut self, status: Option<u16>, facts: Facts) -> io::Result<()> {
        let Some(visit) = self.visit.take() else { return Ok(()) };
        self.desk.journal.add(Visit { at: self.desk.clock.now(), status, facts, ..visit })
    }
}

/// A request whose caller went away while it waited is written too: it had no effect.
impl Drop for Open<'_> {
    fn drop(&mut self) {
        drop(self.write(None, Facts::default()));
    }
}
