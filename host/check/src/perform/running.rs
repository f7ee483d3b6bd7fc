//! The calls of one instance, each with what it cost, and what they came to as JSON.

use patchbay_engine::Instance;
use patchbay_fixture::{Call, Read};
use patchbay_model::{
    Failure, Timestamp,
    contract::{
        Choice, Choices, Identity, Item, Object, Page, PickRequest, Position, PushOutcome, ReadRequest, StreamInfo,
    },
};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Cost, line::Line, meter::computed, microseconds};

/// An instance at work.
pub(super) struct Running<'a> {
    pub(super) line: &'a Line,
    pub(super) calls: Vec<Cost>,
}

/// Makes one call and writes down what it cost.
macro_rules! costed {
    ($self:ident, $instance:ident, $call:expr) => {{
        let before = $self.line.meter.exchanged().len();
        let (begun, computed_before) = (Instant::now(), computed());
        let came = $call;
        let (time, cpu) = (begun.elapsed(), computed().saturating_sub(computed_before));
        let figures = $instance.figures();
        let exchanged = $self.line.meter.exchanged();
        let new = exchanged.get(before..).unwrap_or_default();
        $self.calls.push(Cost {
            time_us: microseconds(time),
            cpu_us: microseconds(cpu),
            memory_bytes: figures.memory_bytes,
            host_calls: figures.last_host_calls,
            requests: new.len(),
            bytes_out: new.iter().map(|one| one.bytes_out).sum(),
            bytes_in: new.iter().map(|one| one.bytes_in).sum(),
            ..Cost::default()
        });
        came
    }};
}

impl Running<'_> {
    /// Makes the call; a stream is read page by page.
    pub(super) async fn call(&mut self, instance: &mut Instance, item: Option<&Item>) -> Result<Value, Failure> {
        let context = &self.line.setting.context;
        match &self.line.call {
            Call::Identify(_) => costed!(self, instance, instance.identify(context).await).map(identity),
            Call::Discover(_) => costed!(self, instance, instance.discover(context).await).map(streams),
            Call::Read(read) => self.read(instance, read).await,
            Call::Pick(pick) => {
                let request = PickRequest {
                    picker: pick.picker.clone(),
                    query: pick.query.clone(),
                    parents: pick.parents.clone().into_iter().collect(),
                    cursor: None,
                };
                costed!(self, instance, instance.pick(context, &request).await).map(choices)
            }
            Call::Push(_) => match item {
                Some(item) => costed!(self, instance, instance.push(context, item).await).map(outcome),
                None => Ok(Value::Null),
            },
            Call::Find(_) => Ok(Value::Null),
        }
    }

    async fn read(&mut self, instance: &mut Instance, read: &Read) -> Result<Value, Failure> {
        let context = &self.line.setting.context;
        let since = |text: &String| text.parse::<Timestamp>().ok();
        let since_ms = read.since.as_ref().and_then(since).and_then(|time| u64::try_from(time.as_millis()).ok());
        let (mut cursor, mut records, mut deleted) = (read.cursor_bytes(), Vec::new(), Vec::new());
        let mut page_number = 0;
        loop {
            let request = ReadRequest {
                stream: read.stream.clone(),
                cursor: cursor.clone(),
                page_hint: read.page_hint,
                since_ms,
            };
            let page: Page = costed!(self, instance, instance.read(context, &request).await)?;
            if let Some(cost) = self.calls.last_mut() {
                (cost.records, cost.page_bytes) = (page.count, page.records.len());
            }
            let rows: Vec<Value> = serde_json::from_slice(&page.records)
                .map_err(|error| Failure::ContractBroken(format!("the page is no list of records: {error}")))?;
            records.extend(rows);
            deleted.extend(page.deleted);
            page_number += 1;
            let (word, next) = match page.position {
                Position::More(next) => ("more", next),
                Position::Wait(next, _) => ("wait", next),
                Position::End(next) => ("end", next),
                Position::Complete(next) => ("complete", next),
            };
            if matches!(word, "end" | "complete") || read.pages.is_some_and(|pages| page_number >= pages) {
                let cursor = legible(&next);
                return Ok(json!({ "records": records, "deleted": deleted, "position": word, "cursor": cursor }));
            }
            if cursor.as_ref() == Some(&next) && word == "more" {
                return Err(Failure::ContractBroken(
                    "the cursor did not move, and it says that there is more".to_owned(),
                ));
            }
            cursor = Some(next);
        }
    }
}

/// A cursor as JSON where it is some, else as text.
fn legible(cursor: &[u8]) -> Value {
    serde_json::from_slice(cursor).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(cursor).into_owned()))
}

fn identity(identity: Identity) -> Value {
    serde_json::to_value(identity).unwrap_or_default()
}

fn streams(streams: Vec<StreamInfo>) -> Value {
    let told = |stream: &StreamInfo| json!({ "name": stream.name, "title": stream.title, "key": stream.key, "per-account": stream.per_account });
    Value::Array(streams.iter().map(told).collect())
}

fn choices(choices: Choices) -> Value {
    let told = |choice: &Choice| json!({ "id": choice.id, "label": choice.label, "hint": choice.hint });
    json!({ "items": choices.items.iter().map(told).collect::<Vec<_>>(), "more": choices.next.is_some() })
}

fn outcome(outcome: PushOutcome) -> Value {
    let told = |word: &str, object: Object| json!({ "outcome": word, "id": object.id, "url": object.url });
    match outcome {
        PushOutcome::Created(object) => told("created", object),
        PushOutcome::Updated(object) => told("updated", object),
        PushOutcome::Exists(object) => told("exists", object),
    }
}
