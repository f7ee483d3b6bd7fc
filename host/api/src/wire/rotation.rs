//! A rotation of keys on the wire.

use patchbay_app::RotationState as AppState;
use serde::Serialize;
use utoipa::ToSchema;

use super::Time;

/// How a rotation stands: `idle` (there is none, or the last one is finished: `finished_at` says when), `running`,
/// `failed` (it stopped, and goes on by itself after a while).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RotationState {
    Idle,
    Running,
    Failed,
}

/// A rotation of the keys that secrets are sealed with, as far as it has come.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyRotation {
    /// How it stands.
    state: RotationState,
    /// When it began; null when there was none since the host started.
    started_at: Option<Time>,
    /// When it ended, well or not.
    finished_at: Option<Time>,
    /// The number of the key that wraps data keys now, hex.
    key: String,
    /// Data keys, wrapped with the new key first.
    data_keys: DataKeys,
    /// Sealed values, which get new data keys afterwards.
    values: Values,
    /// Data keys out of use that are not dropped yet.
    retiring: u64,
    /// Why it stopped.
    error: Option<RotationError>,
}

/// How many data keys a rotation has wrapped again.
#[derive(Debug, Serialize, ToSchema)]
struct DataKeys {
    /// Those there are.
    total: u64,
    /// Those wrapped with the new key.
    rewrapped: u64,
}

/// How many values a rotation has sealed again.
#[derive(Debug, Serialize, ToSchema)]
struct Values {
    /// Those sealed with old data keys when it began.
    total: u64,
    /// Those sealed again.
    resealed: u64,
    /// Those that cannot be opened and stay as they are; the log names each.
    unreadable: u64,
}

/// Why a rotation stopped.
#[derive(Debug, Serialize, ToSchema)]
struct RotationError {
    /// The code; its page stands under `/errors/{code}`.
    #[schema(example = "PB7002")]
    code: String,
    /// The code's title.
    title: String,
}

impl From<patchbay_app::KeyRotation> for KeyRotation {
    fn from(rotation: patchbay_app::KeyRotation) -> Self {
        Self {
            state: match rotation.state {
                AppState::None | AppState::Finished => RotationState::Idle,
                AppState::Running => RotationState::Running,
                AppState::Failed => RotationState::Failed,
            },
            started_at: rotation.started_at.map(Into::into),
            finished_at: rotation.finished_at.map(Into::into),
            key: rotation.key,
            data_keys: DataKeys { total: rotation.data_keys_total, rewrapped: rotation.data_keys_rewrapped },
            values: Values {
                total: rotation.values_total,
                resealed: rotation.values_resealed,
                unreadable: rotation.values_unreadable,
            },
            retiring: rotation.retiring,
            error: rotation
                .error
                .map(|code| RotationError { code: code.id().to_owned(), title: code.title().to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_rotation_that_is_over_is_idle_and_one_that_stopped_says_why() {
        let shown = |state, error| {
            let rotation = patchbay_app::KeyRotation { state, error, values_total: 3, ..Default::default() };
            serde_json::to_value(KeyRotation::from(rotation)).expect("an answer")
        };
        assert_eq!(shown(AppState::None, None)["state"], "idle");
        assert_eq!(shown(AppState::Finished, None)["state"], "idle");
        assert_eq!(shown(AppState::Running, None)["values"]["total"], 3);
        let failed = shown(AppState::Failed, Some(patchbay_model::Code::StorageFailed));
        assert_eq!((&failed["state"], &failed["error"]["code"]), (&Value::from("failed"), &Value::from("PB7002")));
    }
}
