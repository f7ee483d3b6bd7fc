//! Connect sessions on the wire.

use patchbay_app::SessionStarted;
use patchbay_model::{Code, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Reason, Time, words::Language};

/// How a connect session stands: `open` (nobody has opened it), `started` (a browser has it), `authorised` (the
/// user logged in; your backend has to complete it), `done`, `failed` (the last attempt; the user may try again
/// unless `ended_at` is set), `expired`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SessionState {
    Open,
    Started,
    Authorised,
    Done,
    Failed,
    Expired,
}

/// Whether the tenant's backend has to say that its own user is the one who connected: `required`, or `off` (the
/// connection is made at once and marked as not verified; for links that are sent by mail).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verification {
    #[default]
    Required,
    Off,
}

/// A short-lived right to make or repair one connection in a browser.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectSession {
    /// Its id, `ses_…`.
    id: String,
    /// Your own id or name of whom you sent there.
    end_user: Option<String>,
    /// The connectors that may be chosen; empty for all.
    connectors: Vec<String>,
    /// The way to log in; null where the user chooses.
    auth: Option<String>,
    /// What the connection will be called; null for the business account's name.
    name: Option<String>,
    /// The connection that is to be repaired.
    reconnect: Option<String>,
    /// The language of the pages; null for the browser's.
    language: Option<Language>,
    /// Where the browser goes at the end, `ret_…`.
    return_to: Option<String>,
    /// Whether your backend has to complete it.
    verification: Verification,
    /// Whether your backend did: the connection belongs to `end_user`, and not to whoever had the link.
    verified: bool,
    /// How it stands.
    state: SessionState,
    /// The connection that came of it.
    connection: Option<String>,
    /// Why none came of it, or why the last attempt did not work.
    reason: Option<Reason>,
    /// Since when it exists.
    created_at: Time,
    /// When a browser opened it; no other one can use it since.
    started_at: Option<Time>,
    /// When the user logged in; it is completed within ten minutes, or dropped.
    authorised_at: Option<Time>,
    /// Until when it can be used.
    expires_at: Time,
    /// Since when it cannot be used any more, because a connection came of it or what was authorised was dropped.
    ended_at: Option<Time>,
}

impl SessionState {
    fn of(row: &patchbay_app::ConnectSession, now: Timestamp) -> Self {
        let ended = row.ended_at.is_some();
        if row.made.is_some() {
            Self::Done
        } else if ended && row.code.is_some_and(|code| code != Code::SessionUnusable) {
            Self::Failed
        } else if ended {
            // What nobody completed in time was dropped, as a session that cannot be used.
            Self::Expired
        } else if row.authorised_at.is_some() {
            // What waits for its completion lives on for a while; when it is dropped, the session ends.
            Self::Authorised
        } else if row.expires_at <= now {
            Self::Expired
        } else if row.code.is_some() {
            Self::Failed
        } else if row.used_at.is_some() {
            Self::Started
        } else {
            Self::Open
        }
    }
}

impl ConnectSession {
    /// A session as it stands at a moment.
    pub(crate) fn at(row: patchbay_app::ConnectSession, now: Timestamp) -> Self {
        Self {
            state: SessionState::of(&row, now),
            id: row.id.to_string(),
            end_user: (!row.end_user.is_empty()).then_some(row.end_user),
            connectors: row.connectors,
            auth: row.auth,
            name: row.name,
            reconnect: row.connection.map(|id| id.to_string()),
            language: row.language.as_deref().and_then(patchbay_app::Language::from_word).map(Into::into),
            return_to: row.return_to.map(|id| id.to_string()),
            verification: if row.verification { Verification::Required } else { Verification::Off },
            verified: row.verification && row.made.is_some(),
            connection: row.made.map(|id| id.to_string()),
            reason: Reason::of(row.code, None),
            created_at: row.created_at.into(),
            started_at: row.used_at.map(Into::into),
            authorised_at: row.authorised_at.map(Into::into),
            expires_at: row.expires_at.into(),
            ended_at: row.ended_at.map(Into::into),
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

    use patchbay_model::{ConnectionId, ManualClock, SeededRandom, SessionId, TenantId};

    use super::*;

    fn session() -> patchbay_app::ConnectSession {
        let (clock, random) = (ManualClock::at(Timestamp::from_millis(0)), SeededRandom::new(1));
        patchbay_app::ConnectSession {
            id: SessionId::fresh(&clock, &random),
            tenant: TenantId::fresh(&clock, &random),
            end_user: String::new(),
            connectors: vec!["a.one".to_owned()],
            auth: None,
            name: None,
            connection: None,
            return_to: None,
            language: Some("nl".to_owned()),
            verification: true,
            failures: 0,
            portal: None,
            created_at: Timestamp::default(),
            expires_at: Timestamp::default().plus(Duration::from_secs(60)),
            used_at: None,
            browser_hash: None,
            authorised_at: None,
            made: None,
            code: None,
            ended_at: None,
        }
    }

    fn connection() -> ConnectionId {
        ConnectionId::fresh(&ManualClock::at(Timestamp::from_millis(0)), &SeededRandom::new(1))
    }

    const EARLY: Timestamp = Timestamp::from_millis(1);
    const LATE: Timestamp = Timestamp::from_millis(60_000);

    #[test]
    fn a_session_goes_from_open_to_done() {
        let mut row = session();
        assert_eq!(SessionState::of(&row, EARLY), SessionState::Open);
        row.used_at = Some(EARLY);
        assert_eq!(SessionState::of(&row, EARLY), SessionState::Started);
        row.code = Some(Code::ConsentRefused);
        assert_eq!(SessionState::of(&row, EARLY), SessionState::Failed);
        row.authorised_at = Some(EARLY);
        assert_eq!(SessionState::of(&row, LATE), SessionState::Authorised);
        (row.made, row.ended_at) = (Some(connection()), Some(EARLY));
        assert_eq!(SessionState::of(&row, LATE), SessionState::Done);
        let shown = ConnectSession::at(row, LATE);
        assert!(shown.verified && shown.connection.is_some());
    }

    #[test]
    fn a_session_that_came_to_nothing_expires_or_says_why() {
        let mut row = session();
        (row.used_at, row.code) = (Some(EARLY), Some(Code::ConsentRefused));
        assert_eq!(SessionState::of(&row, LATE), SessionState::Expired);
        (row.authorised_at, row.code, row.ended_at) = (Some(EARLY), Some(Code::EndUserMismatch), Some(EARLY));
        assert_eq!(SessionState::of(&row, LATE), SessionState::Failed);
        row.code = Some(Code::SessionUnusable);
        assert_eq!(SessionState::of(&row, LATE), SessionState::Expired);
        row.code = None;
        assert_eq!(SessionState::of(&row, EARLY), SessionState::Expired);
    }

    #[test]
    fn without_verification_nothing_is_called_verified() {
        let mut row = session();
        (row.verification, row.made) = (false, Some(connection()));
        let shown = serde_json::to_value(ConnectSession::at(row, LATE)).expect("an answer");
        assert_eq!((&shown["verification"], &shown["verified"]), (&"off".into(), &false.into()));
        assert_eq!((&shown["state"], &shown["language"]), (&"done".into(), &"nl".into()));
    }
}
