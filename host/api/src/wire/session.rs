//! Connect sessions on the wire.

use patchbay_app::SessionStarted;
use patchbay_model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Reason, Time};

/// How a connect session stands: `open` (nobody has come back yet), `done`, `failed` (the last attempt; the
/// person may try again until the session expires), `expired`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SessionState {
    Open,
    Done,
    Failed,
    Expired,
}

/// A short-lived right to make or repair one connection in a browser.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectSession {
    /// Its id, `ses_…`.
    id: String,
    /// The connector.
    connector: Option<String>,
    /// The way to log in.
    auth: String,
    /// Your own id or name of whom you sent there.
    end_user: Option<String>,
    /// The connection that is to be repaired.
    reconnect: Option<String>,
    /// How it stands.
    state: SessionState,
    /// The connection that came of it.
    connection: Option<String>,
    /// Why none came of it.
    reason: Option<Reason>,
    /// Since when it exists.
    created_at: Time,
    /// Until when it can be used.
    expires_at: Time,
}

impl ConnectSession {
    /// A session as it stands at a moment.
    pub(crate) fn at(row: patchbay_app::ConnectSession, now: Timestamp) -> Self {
        let state = if row.made.is_some() {
            SessionState::Done
        } else if row.expires_at <= now {
            SessionState::Expired
        } else if row.code.is_some() {
            SessionState::Failed
        } else {
            SessionState::Open
        };
        Self {
            id: row.id.to_string(),
            connector: row.connectors.into_iter().next(),
            auth: row.auth,
            end_user: (!row.end_user.is_empty()).then_some(row.end_user),
            reconnect: row.connection.map(|id| id.to_string()),
            state,
            connection: row.made.map(|id| id.to_string()),
            reason: Reason::of(row.code, None),
            created_at: row.created_at.into(),
            expires_at: row.expires_at.into(),
        }
    }
}

/// A session that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewConnectSession {
    /// The session.
    #[serde(flatten)]
    session: ConnectSession,
    /// What the end user opens. It is in this answer and never again.
    #[schema(example = "https://hub.example.com/link/…")]
    url: String,
}

impl NewConnectSession {
    /// What was just made.
    pub(crate) fn of(started: SessionStarted) -> Self {
        let made = started.session.created_at;
        Self { session: ConnectSession::at(started.session, made), url: started.address.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use patchbay_model::{Code, ConnectionId, ManualClock, SeededRandom, SessionId, TenantId};

    use super::*;

    fn session(made: bool, code: Option<Code>) -> patchbay_app::ConnectSession {
        let (clock, random) = (ManualClock::at(Timestamp::from_millis(0)), SeededRandom::new(1));
        patchbay_app::ConnectSession {
            id: SessionId::fresh(&clock, &random),
            tenant: TenantId::fresh(&clock, &random),
            end_user: String::new(),
            connectors: vec!["a.one".to_owned()],
            auth: "login".to_owned(),
            name: None,
            connection: None,
            return_to: None,
            created_at: Timestamp::default(),
            expires_at: Timestamp::default().plus(Duration::from_secs(60)),
            used_at: None,
            browser_hash: None,
            made: made.then(|| ConnectionId::fresh(&clock, &random)),
            code,
            ended_at: None,
        }
    }

    #[test]
    fn a_session_that_made_a_connection_is_done_for_ever_and_any_other_expires() {
        let (early, late) = (Timestamp::from_millis(1), Timestamp::from_millis(60_000));
        let state = |made, code, now| ConnectSession::at(session(made, code), now).state;
        assert_eq!(state(false, None, early), SessionState::Open);
        assert_eq!(state(false, Some(Code::ConsentRefused), early), SessionState::Failed);
        assert_eq!(state(false, Some(Code::ConsentRefused), late), SessionState::Expired);
        assert_eq!(state(false, None, late), SessionState::Expired);
        assert_eq!(state(true, None, late), SessionState::Done);
    }
}
