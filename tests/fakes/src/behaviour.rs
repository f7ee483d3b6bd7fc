//! The chaos script: which requests get something else than an honest answer.

use std::{
    collections::BTreeMap,
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::{exchange::Incoming, lock, odd::Odd};

/// Requests that match, in the order in which they come, and what happens to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Only this method.
    #[serde(default)]
    pub method: Option<String>,
    /// What the path starts with.
    #[serde(default)]
    pub path: String,
    /// What path and query contain, as sent: `page=3`.
    #[serde(default)]
    pub contains: String,
    /// What the body contains, as sent: the title of an item. Of a form that is digested: what one of its texts says,
    /// or what its file is called.
    #[serde(default)]
    pub says: String,
    /// So many matching requests go by unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// For so many requests after that; 0 for ever.
    #[serde(default = "once")]
    pub times: u32,
    /// What happens.
    pub act: Act,
}

fn once() -> u32 {
    1
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Act {
    /// This is answered, and nothing is done.
    Answer {
        /// HTTP status.
        status: u16,
        /// Headers.
        #[serde(default)]
        headers: Vec<(String, String)>,
        /// Body.
        #[serde(default)]
        body: String,
    },
    /// It waits, and is then answered honestly.
    Delay {
        /// How long, milliseconds.
        ms: u64,
    },
    /// It waits until [`Script::release`]; `applied` says whether it took effect before it waited.
    Hold {
        /// What [`Script::release`] names.
        name: String,
        /// Before or after the effect.
        #[serde(default)]
        applied: bool,
    },
    /// The connection closes; nothing was done.
    Drop,
    /// It takes effect, and the connection closes without an answer.
    LoseAnswer,
    /// The connection closes at once without an answer, and the request takes effect only later: when
    /// [`Script::release`] says so, or after `ms`. Until then it counts as held.
    ApplyLater {
        /// What [`Script::release`] names.
        name: String,
        /// Milliseconds after which it takes effect by itself.
        #[serde(default)]
        ms: Option<u64>,
    },
    /// The honest answer, of which only so many bytes of body come, with a length that fits them.
    Cut {
        /// Bytes that are left.
        bytes: usize,
    },
    /// The next page is this page again: the `Link` header points at the request itself, or, where
    /// pages are counted, the first page is served whatever page was asked for.
    SamePage,
    /// What only the ledger can do; the other fakes answer 501.
    Odd {
        /// What it is.
        odd: Odd,
    },
}

/// The rules of one fake, and what is held by them.
pub struct Script {
    inner: Mutex<Inner>,
    /// Wakes held requests.
    changes: watch::Sender<u64>,
    /// Wakes tests that wait for a request to be held.
    held: Condvar,
}

#[derive(Default)]
struct Inner {
    rules: Vec<Active>,
    waiting: BTreeMap<String, usize>,
    released: BTreeMap<String, bool>,
}

struct Active {
    rule: Rule,
    seen: u32,
}

impl Rule {
    /// A rule for the next request with this method and path prefix.
    #[must_use]
    pub fn on(method: &str, path: &str, act: Act) -> Self {
        let (method, path) = (Some(method.to_owned()), path.to_owned());
        Self { method, path, contains: String::new(), says: String::new(), skip: 0, times: 1, act }
    }

    /// Only where path and query contain this text.
    #[must_use]
    pub fn containing(mut self, text: &str) -> Self {
        text.clone_into(&mut self.contains);
        self
    }

    /// Only where the body contains this text.
    #[must_use]
    pub fn saying(mut self, text: &str) -> Self {
        text.clone_into(&mut self.says);
        self
    }

    /// After so many matching requests.
    #[must_use]
    pub fn after(mut self, requests: u32) -> Self {
        self.skip = requests;
        self
    }

    /// For so many requests; 0 for ever.
    #[must_use]
    pub fn times(mut self, requests: u32) -> Self {
        self.times = requests;
        self
    }

    fn fits(&self, request: &Incoming) -> bool {
        self.method.as_ref().is_none_or(|method| *method == request.method)
            && request.path.starts_with(&self.path)
            && request.target().contains(&self.contains)
            && (self.says.is_empty() || request.says(&self.says))
    }
}

impl Act {
    /// A page of HTML with status 200, as a proxy in trouble sends it.
    #[must_use]
    pub fn html() -> Self {
        let headers = vec![("content-type".to_owned(), "text/html; charset=utf-8".to_owned())];
        let body = "<!doctype html><title>Maintenance</title><p>We are back soon.".to_owned();
        Self::Answer { status: 200, headers, body }
    }

    /// Status 200 with nothing in it.
    #[must_use]
    pub fn empty() -> Self {
        Self::status(200)
    }

    /// This status, with nothing in it.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Answer { status, headers: Vec::new(), body: String::new() }
    }

    /// The answer is lost, and the effect comes only when this name is released.
    #[must_use]
    pub fn later(name: &str) -> Self {
        Self::ApplyLater { name: name.to_owned(), ms: None }
    }

    /// An oddity of the ledger.
    #[must_use]
    pub fn odd(odd: Odd) -> Self {
        Self::Odd { odd }
    }

    /// 429 with this `Retry-After`.
    #[must_use]
    pub fn too_many(retry_after: &str) -> Self {
        let headers = vec![("retry-after".to_owned(), retry_after.to_owned())];
        Self::Answer { status: 429, headers, body: "{\"message\":\"slow down\"}".to_owned() }
    }
}

impl Default for Script {
    fn default() -> Self {
        Self { inner: Mutex::default(), changes: watch::Sender::new(0), held: Condvar::new() }
    }
}

impl Script {
    /// Adds a rule behind the others; the first rule that fits a request is the one that holds.
    pub fn add(&self, rule: Rule) {
        lock(&self.inner).rules.push(Active { rule, seen: 0 });
    }

    /// Removes all rules and lets go of all that is held.
    pub fn clear(&self) {
        let mut inner = lock(&self.inner);
        inner.rules.clear();
        let names: Vec<String> = inner.waiting.keys().cloned().collect();
        inner.released.extend(names.into_iter().map(|name| (name, true)));
        self.changes.send_modify(|count| *count += 1);
    }

    /// Lets go of what is held under this name, now and from now on.
    pub fn release(&self, name: &str) {
        lock(&self.inner).released.insert(name.to_owned(), true);
        self.changes.send_modify(|count| *count += 1);
    }

    /// How many requests are held under this name.
    #[must_use]
    pub fn holding(&self, name: &str) -> usize {
        lock(&self.inner).waiting.get(name).copied().unwrap_or_default()
    }

    /// Blocks until a request is held under this name; false when `limit` passes first.
    #[must_use]
    pub fn wait_until_held(&self, name: &str, limit: Duration) -> bool {
        let nobody = |inner: &mut Inner| inner.waiting.get(name).copied().unwrap_or_default() == 0;
        let waited = self.held.wait_timeout_while(lock(&self.inner), limit, nobody);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// The rules that are not used up.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        lock(&self.inner).rules.iter().map(|active| active.rule.clone()).collect()
    }

    /// What happens to this request; counts it.
    pub(crate) fn take(&self, request: &Incoming) -> Option<Act> {
        let mut inner = lock(&self.inner);
        let mut act = None;
        for active in &mut inner.rules {
            if !active.rule.fits(request) {
                continue;
            }
            active.seen = active.seen.saturating_add(1);
            if active.seen > active.rule.skip {
                act = Some(active.rule.act.clone());
                break;
            }
        }
        inner.rules.retain(|active| {
            active.rule.times == 0 || active.seen < active.rule.skip.saturating_add(active.rule.times)
        });
        act
    }

    /// Waits until the name is released; counted as held also when the caller goes away meanwhile.
    pub(crate) async fn hold(&self, name: &str) {
        let mut changes = self.changes.subscribe();
        let _held = Held::enter(self, name);
        while !lock(&self.inner).released.get(name).copied().unwrap_or_default() {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}

/// One held request.
struct Held<'a> {
    script: &'a Script,
    name: &'a str,
}

impl<'a> Held<'a> {
    fn enter(script: &'a Script, name: &'a str) -> Self {
        *lock(&script.inner).waiting.entry(name.to_owned()).or_default() += 1;
        script.held.notify_all();
        Self { script, name }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(waiting) = lock(&self.script.inner).waiting.get_mut(self.name) {
            *waiting = waiting.saturating_sub(1);
        }
    }
}
