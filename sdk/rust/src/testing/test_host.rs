//! The host that a test has.

use std::{cell::RefCell, rc::Rc};

use serde_json::Value;

use patchbay_fixture::{Mismatch, Tape};

use super::{
    blobs::Blobs,
    current,
    exchange::{answer, asked, json_body},
};
use crate::{
    http::{Content, Effect, HttpError, WireRequest, WireResponse},
    time,
};

/// Headers that only the gate sets, so that a connector which sends one is refused.
const RESERVED: [&str; 16] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// The host of a test: answers from fixtures, for this thread, until it is dropped.
///
/// When it is dropped, the test fails if an answer was not used.
#[derive(Debug)]
pub struct TestHost {
    state: Rc<RefCell<State>>,
}

/// A line that the connector logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// 1 error, 2 warning, 3 info, 4 debug.
    pub level: u8,
    /// The message.
    pub message: String,
    /// Names and values.
    pub fields: Vec<(String, String)>,
}

/// A request that the connector sent.
#[derive(Debug, Clone, PartialEq)]
pub struct SentRequest {
    /// Upper case.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// In the order sent.
    pub headers: Vec<(String, String)>,
    /// The body, where it is JSON.
    pub json: Option<Value>,
    /// The step's name, for a write.
    pub step: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    tape: Tape,
    pub(super) now_ms: u64,
    stop_after: Option<usize>,
    sent: Vec<SentRequest>,
    logs: Vec<LogLine>,
    refused: Vec<String>,
    progress: Option<(u64, Option<u64>)>,
    pub(super) blobs: Blobs,
    failed: bool,
}

impl TestHost {
    /// A host that answers these exchanges; the format is in the [module's documentation](super).
    ///
    /// # Panics
    /// When the fixture cannot be read, or the thread has a test host already.
    #[must_use]
    pub fn answering(fixture: &str) -> Self {
        Self::empty().and(fixture)
    }

    /// A host that answers nothing.
    ///
    /// # Panics
    /// When the thread has a test host already.
    #[must_use]
    pub fn empty() -> Self {
        // 2026-11-21T09:30:00Z: some moment, the same in every test.
        let state = Rc::new(RefCell::new(State { now_ms: 1_795_253_400_000, ..State::default() }));
        current::install(&state);
        Self { state }
    }

    /// Adds the exchanges of a further fixture.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn and(self, fixture: &str) -> Self {
        match patchbay_fixture::parse("the fixture", fixture) {
            Ok(fixture) => {
                let now = fixture.now.as_deref().map(|now| match time::parse_rfc3339(now) {
                    Some(now) => now,
                    None => fail(&format!("`now` is no time: {now}")),
                });
                let mut state = self.state.borrow_mut();
                state.tape.add(fixture.exchanges);
                state.now_ms = now.unwrap_or(state.now_ms);
            }
            Err(problem) => fail(&problem.to_string()),
        }
        self
    }

    /// Demands the requests in the very order of the fixtures.
    #[must_use]
    pub fn in_order(self) -> Self {
        self.state.borrow_mut().tape.demand_order();
        self
    }

    /// Sets the clock, milliseconds since 1970.
    pub fn set_now_ms(&self, now: u64) {
        self.state.borrow_mut().now_ms = now;
    }

    /// Says `should_stop` once so many requests were sent.
    pub fn stop_after(&self, requests: usize) {
        self.state.borrow_mut().stop_after = Some(requests);
    }

    /// Keeps a file as the host would, e.g. that of an item, and gives the id of its blob.
    #[must_use]
    pub fn keep_blob(&self, data: &[u8]) -> String {
        self.state.borrow_mut().blobs.keep(data)
    }

    /// What was sent so far.
    #[must_use]
    pub fn requests(&self) -> Vec<SentRequest> {
        self.state.borrow().sent.clone()
    }

    /// What was logged so far.
    #[must_use]
    pub fn logs(&self) -> Vec<LogLine> {
        self.state.borrow().logs.clone()
    }

    /// The steps that were reported as refused.
    #[must_use]
    pub fn refused_steps(&self) -> Vec<String> {
        self.state.borrow().refused.clone()
    }

    /// The last progress: done, and of how much.
    #[must_use]
    pub fn progress(&self) -> Option<(u64, Option<u64>)> {
        self.state.borrow().progress
    }

    /// Demands that every answer was used. Dropping the host does the same.
    ///
    /// # Panics
    /// When one was not.
    pub fn assert_done(&self) {
        let state = self.state.borrow();
        if !state.tape.is_empty() && !state.failed {
            let titles = state.tape.titles();
            drop(state);
            self.state.borrow_mut().failed = true;
            fail(&format!("these answers were not used:\n  {}", titles.join("\n  ")));
        }
    }
}

impl Drop for TestHost {
    fn drop(&mut self) {
        current::uninstall();
        if !std::thread::panicking() {
            self.assert_done();
        }
    }
}

impl State {
    pub(super) fn send(&mut self, request: &WireRequest) -> Result<WireResponse, HttpError> {
        self.check(request);
        self.sent.push(SentRequest {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            json: json_body(&request.body),
            step: request.step.clone(),
        });
        let json = json_body(&request.body);
        let found = self.tape.take(&asked(request, json.as_ref()));
        match found {
            Ok(exchange) => {
                let mut response = answer(&exchange)?;
                if let (true, Content::Bytes(body)) = (request.into_blob, &response.body) {
                    response.body = Content::Blob(self.blobs.keep(body));
                }
                Ok(response)
            }
            Err(Mismatch(why)) => self.refuse(&why),
        }
    }

    /// What the gate would refuse whatever the manifest says.
    fn check(&mut self, request: &WireRequest) {
        if !request.url.starts_with("https://") {
            self.refuse::<()>(&format!("{} is not https", request.url));
        }
        for (name, value) in &request.headers {
            if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
                self.refuse::<()>(&format!("header {name} is the gate's; a connector never sets it"));
            }
            if value.contains(['\r', '\n', '\0']) {
                self.refuse::<()>(&format!("header {name} holds a line break"));
            }
        }
        if (request.effect == Effect::Write) != request.step.is_some() {
            self.refuse::<()>(&format!("{} {}: a write has a step, and only a write", request.method, request.url));
        }
    }

    fn refuse<T>(&mut self, why: &str) -> T {
        self.failed = true;
        fail(why)
    }

    pub(super) fn should_stop(&self) -> bool {
        self.stop_after.is_some_and(|after| self.sent.len() >= after)
    }

    pub(super) fn log(&mut self, level: u8, message: &str, fields: &[(String, String)]) {
        self.logs.push(LogLine { level, message: message.to_owned(), fields: fields.to_vec() });
    }

    pub(super) fn progress(&mut self, done: u64, total: Option<u64>) {
        self.progress = Some((done, total));
    }

    pub(super) fn step_refused(&mut self, step: &str) {
        self.refused.push(step.to_owned());
    }
}

#[expect(clippy::panic, reason = "this is how a test fails")]
pub(super) fn fail(why: &str) -> ! {
    panic!("{why}")
}
