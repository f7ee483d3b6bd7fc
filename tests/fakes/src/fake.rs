//! The way of one request through a fake: script, provider, journal, answer.

use std::{io, sync::Arc, time::Duration};

use patchbay_model::Clock;
use serde_json::Value;

use crate::{
    behaviour::{Act, Script},
    control,
    exchange::{Answer, Incoming},
    journal::{Entry, Journal},
};

/// What a rule gets that this fake cannot follow.
const ONLY_LEDGER: &[u8] = b"{\"message\":\"fake: only the ledger can do what this rule says\"}";

/// What one provider does.
pub(crate) trait Provider: Send + Sync + 'static {
    /// Scheme and host of the real one.
    fn origin(&self) -> &'static str;

    /// Answers a request, and applies it.
    fn answer(&self, request: &Incoming) -> Answer;

    /// Its part of `/_fake/`; none when it has no such page.
    fn control(&self, request: &Incoming) -> Option<Result<Value, String>>;

    /// All records of a kind as they are now; none when there is no such kind.
    fn records(&self, kind: &str) -> Option<Vec<Value>>;

    /// Goes back to how it was at the start.
    fn reset(&self);

    /// Called when a request begins; the answer of a request that may not begin now.
    fn enter(&self, _request: &Incoming) -> Result<(), Answer> {
        Ok(())
    }

    /// Called when a request that began is over, however it ended.
    fn leave(&self, _request: &Incoming) {}

    /// The `X-Request-Id` of the next answer; none when the provider gives none.
    fn request_id(&self) -> Option<String> {
        None
    }

    /// Whether a form that is sent there is hashed as it comes and not kept.
    fn digests(&self, _method: &str, _path: &str) -> bool {
        false
    }
}

/// One fake with all that stands around the provider.
pub(crate) struct Fake {
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) script: Arc<Script>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Fake {
    /// The answer; none when the connection is to be closed without one.
    pub(crate) async fn serve(self: &Arc<Self>, mut request: Incoming) -> Option<Answer> {
        if request.port.plain && request.path.starts_with("/_fake/") {
            return Some(control::answer(self, &request));
        }
        let mut open = Open { fake: self, entry: Some(Entry::of(&request)) };
        open.request_id(self.provider.request_id());
        let act = self.script.take(&request);
        open.rule(act.as_ref());
        let presence = match Presence::enter(self.provider.as_ref(), &request) {
            Ok(presence) => presence,
            Err(answer) => return open.close(answer),
        };
        match &act {
            Some(Act::Answer { status, headers, body }) => {
                let (headers, body) = (headers.clone(), body.clone().into_bytes());
                drop(presence);
                return open.close(Answer { status: *status, headers, body, ..Answer::default() });
            }
            #[expect(clippy::disallowed_methods, reason = "a slow provider is what this rule makes")]
            Some(Act::Delay { ms }) => tokio::time::sleep(Duration::from_millis(*ms)).await,
            Some(Act::Hold { name, applied: false }) => self.script.hold(name).await,
            Some(Act::Drop) => {
                drop(presence);
                drop(open);
                return None;
            }
            Some(Act::ApplyLater { name, ms }) => {
                drop(presence);
                let (fake, entry, name, ms) = (Arc::clone(self), open.entry.take(), name.clone(), *ms);
                tokio::spawn(async move { fake.apply_later(&request, entry, &name, ms).await });
                return None;
            }
            Some(Act::Odd { .. }) => {
                drop(presence);
                return open.close(Answer { status: 501, body: ONLY_LEDGER.to_vec(), ..Answer::default() });
            }
            _ => {}
        }
        drop(presence);
        let asked = request.target();
        if act == Some(Act::SamePage) {
            first_page(&mut request);
        }
        let mut answer = self.provider.answer(&request);
        match act {
            Some(Act::LoseAnswer) => {
                open.lose(answer);
                return None;
            }
            Some(Act::Cut { bytes }) => answer.body.truncate(bytes),
            Some(Act::SamePage) => point_at(&mut answer, &format!("{}{asked}", self.provider.origin())),
            Some(Act::Hold { name, applied: true }) => {
                let answer = open.close(answer);
                self.script.hold(&name).await;
                return answer;
            }
            _ => {}
        }
        open.close(answer)
    }

    /// Applies a request whose caller has lost the connection already.
    async fn apply_later(&self, request: &Incoming, entry: Option<Entry>, name: &str, ms: Option<u64>) {
        let open = Open { fake: self, entry };
        match ms {
            None => self.script.hold(name).await,
            Some(ms) => tokio::select! {
                () = self.script.hold(name) => {}
                () = late(ms) => {}
            },
        }
        open.lose(self.provider.answer(request));
    }
}

#[expect(clippy::disallowed_methods, reason = "a provider that is slow on purpose")]
async fn late(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// A request between its arrival and its entry in the journal.
struct Open<'a> {
    fake: &'a Fake,
    entry: Option<Entry>,
}

impl Open<'_> {
    fn rule(&mut self, act: Option<&Act>) {
        if let Some(entry) = &mut self.entry {
            entry.rule = act.and_then(|act| serde_json::to_string(act).ok());
        }
    }

    fn request_id(&mut self, id: Option<String>) {
        if let Some(entry) = &mut self.entry {
            entry.request_id = id;
        }
    }

    /// Writes the entry; the answer may leave then, and not when the journal could not be written.
    fn close(mut self, mut answer: Answer) -> Option<Answer> {
        if let Some(id) = self.entry.as_ref().and_then(|entry| entry.request_id.clone()) {
            answer.headers.push(("x-request-id".to_owned(), id));
        }
        self.write(Some(answer.status), &answer).ok().map(|()| answer)
    }

    /// Writes the entry of an answer that nobody will see.
    fn lose(mut self, answer: Answer) {
        // A failure shows in the journal's numbers; there is no answer to hold back.
        drop(self.write(None, &answer));
    }

    fn write(&mut self, status: Option<u16>, answer: &Answer) -> io::Result<()> {
        let Some(mut entry) = self.entry.take() else { return Ok(()) };
        entry.at = self.fake.clock.now();
        entry.status = status;
        entry.token.clone_from(&answer.trace.token);
        entry.served.clone_from(&answer.trace.served);
        entry.created.clone_from(&answer.trace.created);
        entry.refusal.clone_from(&answer.trace.refusal);
        self.fake.journal.add(entry)
    }
}

/// A request whose caller went away while it waited is written too: it had no effect.
impl Drop for Open<'_> {
    fn drop(&mut self) {
        drop(self.write(None, &Answer::default()));
    }
}

/// Keeps a request counted as running.
struct Presence<'a> {
    provider: &'a dyn Provider,
    request: &'a Incoming,
}

impl<'a> Presence<'a> {
    fn enter(provider: &'a dyn Provider, request: &'a Incoming) -> Result<Self, Answer> {
        provider.enter(request).map(|()| Self { provider, request })
    }
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        self.provider.leave(self.request);
    }
}

fn first_page(request: &mut Incoming) {
    for (name, value) in &mut request.query {
        if name == "page" {
            "1".clone_into(value);
        }
    }
}

fn point_at(answer: &mut Answer, next: &str) {
    for (name, value) in &mut answer.headers {
        if name == "link" {
            *value = format!("<{next}>; rel=\"next\"");
        }
    }
}
