//! One call of a connector for its author: what came of it, what it said and asked, and what it cost.
//!
//! The suite asks whether a connector keeps the rules; this shows what it does. It runs in the same sandbox, behind the same gate,
//! over recorded answers or with the provider itself.

mod granting;
mod line;
mod meter;
mod running;

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use patchbay_fixture::{Call, Item};
use patchbay_model::Failure;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use self::{line::Line, running::Running};
pub use self::{line::Provider, meter::Exchanged};
use crate::{
    Stage,
    diary::Diary,
    log::Lines,
    reading::case,
    record::RecordError,
    stage::{Mode, Writer},
    writing::written,
};

/// What is asked of a connector.
#[derive(Debug, Clone)]
pub enum Ask {
    /// Whose account it is.
    Identify,
    /// Which streams there are.
    Discover,
    /// The pages of a stream.
    Read {
        /// Its name.
        stream: String,
        /// How many; all of a fixture, three of a live provider when left out.
        pages: Option<u32>,
    },
    /// The choices of a picker.
    Pick {
        /// Its name.
        picker: String,
        /// What was typed; that of the fixture when left out.
        query: Option<String>,
    },
    /// To write an item.
    Push {
        /// The action.
        action: String,
        /// The item, of the same action; that of the fixture when left out.
        item: Option<Item>,
    },
}

impl Ask {
    /// What it is, for a person.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Identify => "identify".to_owned(),
            Self::Discover => "discover".to_owned(),
            Self::Read { stream, .. } => format!("the stream {stream}"),
            Self::Pick { picker, .. } => format!("the picker {picker}"),
            Self::Push { action, .. } => format!("the action {action}"),
        }
    }
}

/// Why nothing could be performed.
#[derive(Debug, thiserror::Error)]
pub enum PerformError {
    /// What was given does not fit.
    #[error("{0}")]
    Given(String),
    /// A live provider was not reached.
    #[error(transparent)]
    Live(#[from] RecordError),
}

/// What came of a call, or of the calls that read a stream.
#[derive(Debug, Clone, Serialize)]
pub struct Performed {
    /// The recorded answers that it ran over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixture: Option<String>,
    /// Microseconds until a fresh instance was there.
    pub start_us: u64,
    /// What each call cost, in their order.
    pub calls: Vec<Cost>,
    /// What the connector answered; of a stream all records and where it stands.
    pub answer: Value,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failed>,
    /// What it asked its provider.
    pub requests: Vec<Exchanged>,
    /// What it asked and the recorded answers do not have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// Recorded answers that it did not ask for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<String>,
    /// What it logged.
    pub log: Vec<String>,
}

/// How a call failed.
#[derive(Debug, Clone, Serialize)]
pub struct Failed {
    /// The case of its error, or what the host saw.
    pub case: String,
    /// For the person.
    pub message: String,
    /// For the operator. Where the gate refused a request, the lines of the manifest that would allow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What one call cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Microseconds from call to answer, the provider's included.
    pub time_us: u64,
    /// Microseconds of the processor: connector and gate.
    pub cpu_us: u64,
    /// Bytes of linear memory that the instance has taken so far.
    pub memory_bytes: usize,
    /// Calls of the host.
    pub host_calls: u32,
    /// Requests to the provider.
    pub requests: usize,
    /// Bytes of bodies that went out.
    pub bytes_out: usize,
    /// Bytes of bodies that came back.
    pub bytes_in: usize,
    /// Records of the page.
    pub records: u32,
    /// Bytes of the page.
    pub page_bytes: usize,
}

/// Calls a connector as its author asks.
///
/// # Errors
/// See [`PerformError`]. A connector that fails is not one: see [`Performed::failure`].
pub async fn perform(stage: &Stage, ask: &Ask, provider: &Provider<'_>) -> Result<Performed, PerformError> {
    if let Ask::Pick { picker, .. } = ask
        && let Some(stream) =
            stage.manifest().pickers.iter().find(|one| one.name == *picker).and_then(|one| one.from_stream.as_ref())
    {
        let why =
            format!("the host answers the picker {picker} from the records of a stream: patchbay run fetch {stream}");
        return Err(PerformError::Given(why));
    }
    if let Ask::Push { action, item } = ask {
        let known = stage.manifest().actions.iter().map(|action| action.name.as_str());
        line::agree(action, item.as_ref(), known).map_err(PerformError::Given)?;
    }
    let line = Line::of(stage, ask, provider).await?;
    let (writer, item) = match &line.call {
        Call::Push(item) => {
            let action = stage.manifest().action(&item.action);
            let (several, by_key) = action.map_or((false, false), |action| {
                (action.multi_step, action.idempotency == patchbay_model::manifest::Idempotency::Key)
            });
            let diary = match &line.seed {
                Some(seed) => Diary::live(several, by_key, seed),
                None => Diary::of(several, by_key),
            };
            let (files, item) = written(item, 1);
            (Some(Writer { diary: Arc::new(diary), files: Arc::new(files), mode: Mode::Writes }), Some(item))
        }
        _ => (None, None),
    };
    let begun = Instant::now();
    let opened = stage.instance(&line.setting, line.tape.clone(), Arc::clone(&line.credential), writer, false).await;
    let start_us = microseconds(begun.elapsed());
    let mut running = Running { line: &line, calls: Vec::new() };
    let (answer, log) = match opened {
        Ok((mut instance, log, stop)) => {
            let answer = running.call(&mut instance, item.as_ref()).await;
            drop((instance, stop));
            (answer, log)
        }
        Err(failure) => (Err(failure), Arc::new(Lines::default())),
    };
    let calls = running.calls;
    let (unknown, unused) = line.meter.astray();
    let (answer, failure) = match answer {
        Ok(answer) => (answer, None),
        Err(failure) => (Value::Null, Some(Failed::of(&log.explain(failure), stage))),
    };
    // After a failure, what was not asked for is no news.
    let unused = if failure.is_none() { unused } else { Vec::new() };
    let requests = line.meter.exchanged();
    Ok(Performed {
        fixture: line.fixture,
        start_us,
        calls,
        answer,
        failure,
        requests,
        unknown,
        unused,
        log: log.lines(),
    })
}

impl Failed {
    fn of(failure: &Failure, stage: &Stage) -> Self {
        let mut hosts = stage.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let detail = match failure {
            // What was said last names lines of the author's own; the trap has the sandbox's numbers of functions.
            Failure::Trap(text) => Some(
                text.split_once('\n')
                    .map_or_else(|| text.clone(), |(reason, said)| format!("it said last:\n{said}\n({reason})")),
            ),
            _ => failure.operator().map(|text| granting::pasted(&text.to_string(), stage.manifest(), &mut hosts)),
        };
        Self { case: case(failure).to_owned(), message: failure.person().to_string(), detail }
    }
}

pub(crate) fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
