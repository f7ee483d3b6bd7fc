//! What became of a meeting: one result for each of its parts.

use patchbay_app::{Caller, MeetingItem};
use serde::Serialize;
use utoipa::ToSchema;

use super::{AcceptedPush, push_batch::split, words::MeetingPart};
use crate::problem::ProblemBody;

/// What became of each part of a meeting.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeetingResults {
    /// One for each part: the report first, then the notes, then the to-dos, each in the order in which they were given.
    items: Vec<MeetingResult>,
}

/// What became of one part of a meeting. `push` and `problem` are both null where the connector has no action for it, and
/// for a to-do that went with the report.
#[derive(Debug, Serialize, ToSchema)]
struct MeetingResult {
    /// Which part.
    part: MeetingPart,
    /// Its place among the parts of this kind, from 0.
    #[schema(example = 0)]
    index: usize,
    /// The action that takes it; null when this connector has none for such parts, so that it goes nowhere.
    #[schema(example = "issue")]
    action: Option<String>,
    /// What `POST /v1/pushes` would have answered for the item that was made of it. Where its function is switched
    /// off, the push is `skipped`.
    push: Option<AcceptedPush>,
    /// Whether it is a to-do that is part of the report's item: this provider links the two. Then it stands with that
    /// item, whatever became of it.
    with_report: bool,
    /// Why the item that was made of it was not accepted. Pointers lead into that item: `/payload/…`, `/target/…`,
    /// `/attachments/…`.
    problem: Option<ProblemBody>,
}

impl MeetingResults {
    /// The parts, each with what became of it.
    pub(crate) fn seen_by(items: Vec<MeetingItem>, caller: &Caller) -> Self {
        let items = items.into_iter().map(|item| {
            let (push, problem) = item.answer.map_or((None, None), |answer| split(answer, caller));
            let (part, index, with_report) = (item.part.into(), item.index, item.with_report);
            MeetingResult { part, index, action: item.action, push, with_report, problem }
        });
        Self { items: items.collect() }
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::{Code, Fault, KeyId, SystemClock, SystemRandom, manifest};

    use super::*;

    #[test]
    fn a_part_that_nothing_takes_is_told_apart_from_one_that_is_refused() {
        let caller = Caller::Operator { key: KeyId::fresh(&SystemClock, &SystemRandom) };
        let refused = Some(Err(Fault::new(Code::PayloadInvalid)));
        let note =
            MeetingItem { part: manifest::MeetingPart::Note, index: 0, action: None, answer: None, with_report: false };
        let todo = MeetingItem {
            part: manifest::MeetingPart::Todo,
            index: 1,
            action: Some("issue".to_owned()),
            answer: refused,
            with_report: false,
        };
        let told = serde_json::to_value(MeetingResults::seen_by(vec![note, todo], &caller)).expect("an answer");
        let (note, todo) = (&told["items"][0], &told["items"][1]);
        assert_eq!((&note["part"], &note["action"], &note["problem"]), (&"note".into(), &().into(), &().into()));
        assert_eq!((&todo["part"], &todo["index"], &todo["push"]), (&"todo".into(), &1.into(), &().into()));
        assert_eq!((&todo["action"], &todo["problem"]["code"]), (&"issue".into(), &"PB4002".into()));
    }
}
