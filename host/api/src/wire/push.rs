//! Pushes on the wire, as lists and answers show them. What happened to one is told in [`push_detail`](super::push_detail).

use patchbay_app::{Caller, PushAnswer};
use patchbay_model::{Code, Fault, contract};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Raw, Reason, Time,
    words::{PushChange, PushResult, PushState},
};
use crate::problem::{FieldProblem, Problem};

/// One item that is written to a provider, once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Push {
    /// Its id, `psh_…`.
    #[schema(example = "psh_068r3m5e4pvk3b8c9d0e1f2g3h")]
    id: String,
    /// The connector, `publisher.name`.
    #[schema(example = "acme.books")]
    connector: String,
    /// The connection, `con_…`; null while it waits for one.
    connection: Option<String>,
    /// The action.
    #[schema(example = "issue")]
    action: String,
    /// The caller's key; where the item came with a source only, the source.
    #[schema(example = "meeting-4711/report")]
    key: String,
    /// What it came from at the caller; null where the item did not say.
    #[schema(example = "meeting-4711")]
    source: Option<String>,
    /// 1, and one more with each change of the content under the same key.
    #[schema(example = 1)]
    revision: u32,
    /// Where at the provider; null while nobody has chosen, or where the action takes none.
    #[schema(value_type = Option<Object>)]
    target: Raw,
    /// What.
    payload: Raw,
    /// The files that go with it, in this order.
    attachments: Vec<Attachment>,
    /// Whether it is sent by itself. `on_demand` until somebody says `POST /v1/pushes/{id}/send`.
    send: SendWhen,
    /// When it ends as `expired` if it still waits then; null when it waits for ever.
    expires_at: Option<Time>,
    /// How it stands.
    state: PushState,
    /// How it ended well.
    result: Option<PushResult>,
    /// The object at the provider.
    object: Option<Written>,
    /// Why it stands as it does.
    reason: Option<Reason>,
    /// The same for the operator; only an operator's key sees it.
    operator: Option<String>,
    /// The fields that the provider refused, by JSON pointer into the payload.
    errors: Vec<FieldProblem>,
    /// Attempts so far at this revision, the one under way included.
    attempts: u32,
    /// How often the provider was asked for it since an answer was lost.
    looks: u32,
    /// When it goes on by itself; null when nothing will happen without somebody.
    next_at: Option<Time>,
    /// When it was accepted.
    created_at: Time,
    /// When it changed last.
    updated_at: Time,
    /// When it ended.
    ended_at: Option<Time>,
}

/// When an item is sent: `automatically`, as soon as there are a connection that works and a target, or `on_demand`,
/// when somebody says `POST /v1/pushes/{id}/send`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SendWhen {
    #[default]
    Automatically,
    OnDemand,
}

/// An object at a provider.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Written {
    /// The provider's id.
    #[schema(example = "8812")]
    id: String,
    /// Where a person can see it.
    #[schema(example = "https://books.acme.example/issues/8812")]
    url: Option<String>,
}

impl Written {
    /// What is known of an object; nothing without its id.
    pub(crate) fn of(id: Option<String>, url: Option<String>) -> Option<Self> {
        id.map(|id| Self { id, url })
    }
}

impl From<contract::Object> for Written {
    fn from(object: contract::Object) -> Self {
        Self { id: object.id, url: object.url }
    }
}

/// A file that goes with an item.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Attachment {
    /// The uploaded file, `blb_…`. After its time it is gone from here, while the push still names it.
    blob: String,
    /// Its name at the provider.
    #[schema(example = "report.pdf")]
    name: String,
    /// Its media type.
    #[schema(example = "application/pdf")]
    media_type: String,
    /// Its size, bytes.
    #[schema(example = 20_971_520)]
    size: u64,
    /// SHA-256 of its bytes, 64 lower-case hexadecimal digits.
    sha256: String,
}

/// The files of a push, as they are kept with it.
fn attachments(stored: &str) -> Result<Vec<Attachment>, Problem> {
    let bad = |error| Problem(Fault::new(Code::Internal).operator(format!("stored attachments: {error}")));
    serde_json::from_str(stored).map_err(bad)
}

impl Push {
    /// A push as this caller may see it.
    pub(crate) fn seen_by(row: patchbay_app::Push, caller: &Caller) -> Result<Self, Problem> {
        // Fields that cannot be read would only hide the push that they belong to.
        let fields: Vec<contract::FieldError> = serde_json::from_str(&row.fields).unwrap_or_default();
        Ok(Self {
            id: row.id.to_string(),
            connector: row.connector,
            connection: row.connection.map(|id| id.to_string()),
            action: row.action,
            key: row.key,
            source: row.source,
            revision: row.revision,
            target: row.target.try_into()?,
            payload: row.payload.try_into()?,
            attachments: attachments(&row.attachments)?,
            send: if row.on_demand { SendWhen::OnDemand } else { SendWhen::Automatically },
            expires_at: row.expires_at.map(Into::into),
            state: row.state.into(),
            result: row.result.map(Into::into),
            object: Written::of(row.object_id, row.object_url),
            reason: Reason::of(row.code, row.person),
            operator: row.operator.filter(|_| caller.is_operator()),
            errors: fields.into_iter().map(Into::into).collect(),
            attempts: row.attempts,
            looks: row.looks,
            next_at: row.next_at.map(Into::into),
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            ended_at: row.ended_at.map(Into::into),
        })
    }
}

/// The answer to an item.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AcceptedPush {
    /// The push: the new one, or the first with this key.
    #[serde(flatten)]
    push: Push,
    /// What the item did.
    change: PushChange,
    /// Set when the same item was accepted before: the id of that push, `psh_…`, and nothing was added.
    duplicate_of: Option<String>,
}

impl AcceptedPush {
    /// An answer as this caller may see it.
    pub(crate) fn seen_by(answer: PushAnswer, caller: &Caller) -> Result<Self, Problem> {
        Ok(Self {
            push: Push::seen_by(answer.push, caller)?,
            change: answer.change.into(),
            duplicate_of: answer.duplicate_of.map(|id| id.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_push_are_told_and_a_list_that_is_none_is_a_defect() {
        let stored = r#"[{"blob":"blb_1","name":"a.pdf","media_type":"application/pdf","size":3,"sha256":"00"}]"#;
        let told = attachments(stored).ok().expect("a list");
        assert_eq!((told.len(), told[0].name.as_str(), told[0].size), (1, "a.pdf", 3));
        assert_eq!(attachments("[]").ok(), Some(Vec::new()));
        assert!(attachments("{}").is_err() && attachments(r#"[{"blob":"blb_1"}]"#).is_err());
    }

    #[test]
    fn an_item_is_sent_automatically_unless_it_says_otherwise() {
        assert_eq!(serde_json::to_value(SendWhen::default()).ok(), Some("automatically".into()));
        assert_eq!(serde_json::from_str::<SendWhen>("\"on_demand\"").ok(), Some(SendWhen::OnDemand));
        assert!(serde_json::from_str::<SendWhen>("\"never\"").is_err());
    }
}
