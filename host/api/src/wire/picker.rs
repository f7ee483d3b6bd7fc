//! Choices of a picker on the wire.

use data_encoding::BASE64URL_NOPAD;
use patchbay_model::{RunId, contract};
use serde::Serialize;
use utoipa::ToSchema;

use super::Time;

/// What fits the text typed so far.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Picked {
    /// The choices, in the order to show.
    choices: Vec<Choice>,
    /// Pass it as `cursor` for more; null at the end.
    next: Option<String>,
    /// How fresh they are: when the searched records were last read to their end (null when they never were), or when
    /// the provider was asked; what it answers is kept for a minute.
    as_of: Option<Time>,
    /// Whether the searched records are being read again just now. Ask again when the run has ended.
    refreshing: bool,
}

/// One choice.
#[derive(Debug, Serialize, ToSchema)]
struct Choice {
    /// What goes into the push's target as `id`.
    id: String,
    /// What the person reads.
    label: String,
    /// What tells equal labels apart.
    hint: Option<String>,
}

impl From<contract::Choice> for Choice {
    fn from(choice: contract::Choice) -> Self {
        Self { id: choice.id, label: choice.label, hint: choice.hint }
    }
}

impl From<patchbay_app::Picked> for Picked {
    fn from(picked: patchbay_app::Picked) -> Self {
        Self {
            choices: picked.choices.into_iter().map(Into::into).collect(),
            next: picked.next.map(|next| BASE64URL_NOPAD.encode(&next)),
            as_of: picked.as_of.map(Into::into),
            refreshing: picked.refreshing,
        }
    }
}

/// A refresh that was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Refreshing {
    /// A run to follow with `GET /v1/runs/{id}`, of several accounts the first; null when there is nothing to read
    /// again: the picker asks the provider, or no account is selected.
    run: Option<String>,
}

impl From<Option<RunId>> for Refreshing {
    fn from(run: Option<RunId>) -> Self {
        Self { run: run.map(|run| run.to_string()) }
    }
}
