//! Pushes on the wire.

use patchbay_app::{Caller, PushAnswer};
use patchbay_model::contract::FieldError;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Raw, Reason, Time,
    words::{PushResult, PushState},
};
use crate::problem::{FieldProblem, Problem};

/// One item that is written to a provider, once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Push {
    /// Its id, `psh_…`.
    #[schema(example = "psh_068r3m5e4pvk3b8c9d0e1f2g3h")]
    id: String,
    /// The connector, `publisher.name`.
    connector: String,
    /// The connection; null while it waits for one.
    connection: Option<String>,
    /// The action.
    #[schema(example = "issue")]
    action: String,
    /// The caller's key.
    key: String,
    /// Where at the provider.
    #[schema(value_type = Option<Object>)]
    target: Raw,
    /// What.
    payload: Raw,
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
    /// Attempts so far, the one under way included.
    attempts: u32,
    /// When it goes on by itself; null when nothing will happen without somebody.
    next_at: Option<Time>,
    /// When it was accepted.
    created_at: Time,
    /// When it changed last.
    updated_at: Time,
    /// When it ended.
    ended_at: Option<Time>,
}

/// An object at a provider.
#[derive(Debug, Serialize, ToSchema)]
struct Written {
    /// The provider's id.
    id: String,
    /// Where a person can see it.
    url: Option<String>,
}

impl Push {
    /// A push as this caller may see it.
    pub(crate) fn seen_by(row: patchbay_app::Push, caller: &Caller) -> Result<Self, Problem> {
        // Fields that cannot be read would only hide the push that they belong to.
        let fields: Vec<FieldError> = serde_json::from_str(&row.fields).unwrap_or_default();
        Ok(Self {
            id: row.id.to_string(),
            connector: row.connector,
            connection: row.connection.map(|id| id.to_string()),
            action: row.action,
            key: row.key,
            target: row.target.try_into()?,
            payload: row.payload.try_into()?,
            state: row.state.into(),
            result: row.result.map(Into::into),
            object: row.object_id.map(|id| Written { id, url: row.object_url }),
            reason: Reason::of(row.code, row.person),
            operator: row.operator.filter(|_| matches!(caller, Caller::Operator { .. })),
            errors: fields.into_iter().map(Into::into).collect(),
            attempts: row.attempts,
            next_at: row.next_at.map(Into::into),
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            ended_at: row.ended_at.map(Into::into),
        })
    }
}

/// The answer to a push.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AcceptedPush {
    /// The push: the new one, or the first with this key and content.
    #[serde(flatten)]
    push: Push,
    /// Set when the same item was accepted before: the id of that push, and nothing was added.
    duplicate_of: Option<String>,
}

impl AcceptedPush {
    /// An answer as this caller may see it.
    pub(crate) fn seen_by(answer: PushAnswer, caller: &Caller) -> Result<Self, Problem> {
        Ok(Self {
            push: Push::seen_by(answer.push, caller)?,
            duplicate_of: answer.duplicate_of.map(|id| id.to_string()),
        })
    }
}
