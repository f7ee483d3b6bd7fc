//! A push with what happened to it: the requests that wrote, and the states it came to.

use patchbay_app::Caller;
use patchbay_model::{Code, Fault};
use serde::{
    Deserialize, Serialize,
    de::{IntoDeserializer, value},
};
use utoipa::ToSchema;

use super::{Push, Time, push::Written, words::PushState};
use crate::problem::Problem;

/// Headers by which providers name a request, the one that says it best first.
const REQUEST_IDS: [&str; 6] =
    ["x-request-id", "request-id", "x-correlation-id", "x-amzn-requestid", "x-ms-request-id", "cf-ray"];
/// Characters of a provider's name of a request.
const REQUEST_ID: usize = 200;

/// A push with what happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PushDetail {
    /// The push.
    #[serde(flatten)]
    push: Push,
    /// The push that has to end before this one is sent, `psh_…`: items of an ordered action for one target are sent
    /// one after the other. Null when it waits for none.
    waits_for: Option<String>,
    /// Its requests that write at the provider, of all revisions, in the order in which they were begun. A step that
    /// was answered is never sent again.
    steps: Vec<PushStep>,
    /// The states it came to, oldest first; the newest 200.
    history: Vec<PushMove>,
}

/// A request that writes at the provider.
#[derive(Debug, Serialize, ToSchema)]
struct PushStep {
    /// Its name, given by the connector.
    #[schema(example = "create")]
    step: String,
    /// The revision of the push that it belongs to.
    #[schema(example = 1)]
    revision: u32,
    /// How it stands.
    state: StepState,
    /// When it was sent last.
    sent_at: Time,
    /// When the answer came.
    answered_at: Option<Time>,
    /// HTTP status of the provider's answer.
    #[schema(example = 201)]
    status: Option<u16>,
    /// The provider's own id of the request, for its support: from the answer's `x-request-id`, `request-id`,
    /// `x-correlation-id`, `x-amzn-requestid`, `x-ms-request-id` or `cf-ray`, whichever is first in this order.
    #[schema(example = "req_7h2k9", max_length = 200)]
    request_id: Option<String>,
    /// What the provider was found to have of it after the answer was lost.
    object: Option<Written>,
    /// When the provider said that it does not have it; null when it never did since the step was sent.
    looked_absent_at: Option<Time>,
    /// How often it was sent again because the provider said twice that it does not have it.
    reopened: u32,
}

/// How a step stands: `sending` (it may have left), `answered`, `open` (it surely did nothing, and may be sent again),
/// `lost` (it may have left and no answer came: it is looked up, never repeated blindly) or `found` (no answer came,
/// and the provider has it).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum StepState {
    Sending,
    Answered,
    Open,
    Lost,
    Found,
}

impl StepState {
    /// The case of the journal's word.
    fn of(word: &str) -> Result<Self, Problem> {
        let word: value::StrDeserializer<'_, value::Error> = word.into_deserializer();
        Self::deserialize(word).map_err(|error| Problem(Fault::new(Code::Internal).operator(error)))
    }
}

/// A state that a push came to.
#[derive(Debug, Serialize, ToSchema)]
struct PushMove {
    /// When.
    at: Time,
    /// Which state.
    state: PushState,
    /// Why; its page stands under `/errors/{code}`.
    #[schema(example = "PB4013")]
    code: Option<String>,
    /// Whose word it was, as the audit log names people and programs; null for what the host did by itself.
    #[schema(example = "tenant ten_068r3m5e4pvk3b8c9d0e1f2g3h key_068r3m5e4pvk3b8c9d0e1f2g3h")]
    actor: Option<String>,
}

impl PushDetail {
    /// A push as this caller may see it.
    pub(crate) fn seen_by(detail: patchbay_app::PushDetail, caller: &Caller) -> Result<Self, Problem> {
        Ok(Self {
            push: Push::seen_by(detail.push, caller)?,
            waits_for: detail.waits_for.map(|id| id.to_string()),
            steps: detail.steps.into_iter().map(PushStep::try_from).collect::<Result<_, _>>()?,
            history: detail.moves.into_iter().map(Into::into).collect(),
        })
    }
}

impl TryFrom<patchbay_app::PushStep> for PushStep {
    type Error = Problem;

    fn try_from(row: patchbay_app::PushStep) -> Result<Self, Problem> {
        Ok(Self {
            step: row.step,
            revision: row.revision,
            state: StepState::of(row.state.as_str())?,
            sent_at: row.sent_at.into(),
            answered_at: row.answered_at.map(Into::into),
            status: row.answer.as_ref().map(|answer| answer.status),
            request_id: row.answer.and_then(|answer| request_id(&answer.headers)),
            object: Written::of(row.object_id, row.object_url),
            looked_absent_at: row.absent_at.map(Into::into),
            reopened: row.reopened,
        })
    }
}

impl From<patchbay_app::PushMove> for PushMove {
    fn from(row: patchbay_app::PushMove) -> Self {
        Self {
            at: row.at.into(),
            state: row.state.into(),
            code: row.code.map(|code| code.id().to_owned()),
            actor: row.actor,
        }
    }
}

/// What the provider calls a request. Nothing else of an answer is told: the rest may be anybody's data.
fn request_id(headers: &[(String, String)]) -> Option<String> {
    let named = |wanted: &str| {
        let values = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value);
        values.map(|value| plain(value)).find(|value| !value.is_empty())
    };
    REQUEST_IDS.into_iter().find_map(named)
}

/// What a provider wrote, without what a page or a terminal would not show as it is.
fn plain(value: &str) -> String {
    value.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(REQUEST_ID).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(headers: &[(&str, &str)]) -> Option<String> {
        let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        request_id(&headers)
    }

    #[test]
    fn a_provider_s_name_of_a_request_is_told_from_the_header_that_says_it_best() {
        assert_eq!(told(&[("cf-ray", "ray"), ("X-Request-Id", "own")]), Some("own".to_owned()));
        assert_eq!(told(&[("cf-ray", "ray"), ("request-id", "")]), Some("ray".to_owned()));
        for name in REQUEST_IDS {
            assert_eq!(told(&[("date", "today"), (name, "id-1")]), Some("id-1".to_owned()), "{name}");
        }
        assert_eq!(told(&[("content-type", "text/plain"), ("x-account", "someone@example.com")]), None);
    }

    #[test]
    fn a_provider_s_name_of_a_request_is_bounded_and_printable() {
        assert_eq!(told(&[("request-id", &"x".repeat(5_000))]).map(|id| id.len()), Some(200));
        assert_eq!(told(&[("request-id", "a\u{1b}[31m\u{202e}b\n")]), Some("a[31mb".to_owned()));
        assert_eq!(told(&[("request-id", " \u{7} ")]), None);
    }

    #[test]
    fn each_word_of_the_journal_has_a_case() {
        for word in ["sending", "answered", "open", "lost", "found"] {
            let state = StepState::of(word).ok().expect(word);
            assert_eq!(serde_json::to_value(state).ok(), Some(word.into()));
        }
        assert!(StepState::of("gone").is_err());
    }
}
