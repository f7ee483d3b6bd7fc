//! What happens after a failure, decided in one place.
//!
//! | outcome | the run | the connection |
//! |---|---|---|
//! | [`Outcome::MoreLater`] | ends as `more_later`, a new one is due at once or when told | stays |
//! | [`Outcome::RetryAfter`] | ends as `failed`, another attempt is due then | stays; *warning* while it lasts |
//! | [`Outcome::WaitForUser`] | ends as `failed`, nothing is due | `broken`: *action required* |
//! | [`Outcome::StartAfresh`] | ends as `failed`, the cursor is dropped, another is due at once | stays |
//! | [`Outcome::GiveUp`] | ends as `failed` or `stalled`, the next slot tries again | *warning* |
//! | [`Outcome::Cancelled`] | ends as `cancelled` | stays |
//! | [`Outcome::Lost`] | nothing is written: somebody else has it | stays |

use std::time::Duration;

use crate::{Code, contract::ConnectorError};

/// Everything that can end a run before its end.
#[derive(Debug, Clone)]
pub enum Failure {
    /// The connector said so.
    Connector(ConnectorError),
    /// The guest broke: a trap, with the reason for the operator.
    Trap(String),
    /// The guest passed its memory.
    OutOfMemory,
    /// One call took longer than a call may.
    CallTimeout,
    /// One call computed for longer than a call may, which is this.
    ComputeSpent(Duration),
    /// A bound of the contract was passed (page, record, cursor, count), with what.
    ContractBroken(String),
    /// A request that no grant covers, with the manifest line that would allow it.
    Denied(String),
    /// A secret of the connection was in what the guest sent.
    SecretSeen,
    /// The cursor repeated, or pages brought nothing new.
    Stalled(String),
    /// The connector's position went backwards, or a time of it has no zone; which, for the operator.
    CursorWrong(String),
    /// Too large a share of the records could not be read; how many and why the first, for the operator.
    RecordsRefused(String),
    /// The release brought the host down too often and is not started any more.
    Quarantined,
    /// The release broke down so often that nothing of it begins for so long.
    Resting(Duration),
    /// The provider's host failed so often that nothing is sent to it for so long.
    CircuitOpen(Duration),
    /// Something that a run may use is used up.
    BudgetSpent(Budget),
    /// The host is stopping.
    ShuttingDown,
    /// Somebody asked for it.
    Cancelled,
    /// The run's lease is gone.
    StaleEpoch,
    /// The credential is dead, for the person to read.
    CredentialDead(String),
    /// The credential could not be had just now.
    CredentialBusy(String),
    /// The database did not take it, for the operator.
    Storage(String),
    /// The release cannot be loaded, for the operator.
    ReleaseUnusable(String),
    /// The stream was discovered once, and is not there any more; which, for the operator.
    StreamGone(String),
}

/// What a run may use only so much of; what is left is read by the run that follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Budget {
    /// How long it takes.
    Time,
    /// How many pages it reads.
    Pages,
    /// How many records it reads.
    Records,
    /// How many bytes it receives.
    Bytes,
}

impl Budget {
    /// Every one.
    pub const ALL: &'static [Self] = &[Self::Time, Self::Pages, Self::Records, Self::Bytes];

    /// As the API and the database spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Pages => "pages",
            Self::Records => "records",
            Self::Bytes => "bytes",
        }
    }
}

/// What to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Go on where it stopped.
    MoreLater {
        /// When.
        after: Duration,
    },
    /// Try again.
    RetryAfter(Duration),
    /// Only a person can help: reconnect.
    WaitForUser,
    /// Drop the cursor and read the stream from its beginning.
    StartAfresh,
    /// Nothing before the next slot.
    GiveUp,
    /// It was wanted.
    Cancelled,
    /// It is somebody else's now.
    Lost,
}

/// First wait before another attempt.
const FIRST: Duration = Duration::from_secs(10);
/// Longest wait between two attempts.
const LONGEST: Duration = Duration::from_secs(3_600);
/// Attempts before the next slot of the schedule is soon enough.
const ATTEMPTS: u32 = 8;
/// A provider, or a connector, that asks for less is taken at this: no run follows itself without pause.
const SHORTEST_ASKED: Duration = Duration::from_secs(5);
/// A provider that asks for more than this is taken at this.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 3_600);

/// 10 s, doubled with each attempt up to an hour; the first attempt is number 1.
fn backoff(attempts: u32) -> Outcome {
    if attempts >= ATTEMPTS {
        return Outcome::GiveUp;
    }
    let doubled = FIRST.saturating_mul(1 << attempts.saturating_sub(1).min(16));
    Outcome::RetryAfter(doubled.min(LONGEST))
}

impl Outcome {
    /// Decides; `attempts` counts this one. No wildcard: a new failure has to choose.
    #[must_use]
    pub fn of(failure: &Failure, attempts: u32) -> Self {
        use ConnectorError as E;
        match failure {
            Failure::Connector(error) => match error {
                E::AuthRequired(_) => Self::WaitForUser,
                E::RateLimited(info) => Self::MoreLater {
                    after: info.retry_after.unwrap_or(Duration::from_secs(60)).clamp(SHORTEST_ASKED, LONGEST_ASKED),
                },
                E::CursorInvalid(_) if attempts < 2 => Self::StartAfresh,
                E::Transient(info) => match (backoff(attempts), info.retry_after) {
                    // A busy host that says when it is back is not asked before.
                    (Self::RetryAfter(wait), Some(asked)) => Self::RetryAfter(wait.max(asked.min(LONGEST_ASKED))),
                    (otherwise, _) => otherwise,
                },
                E::OutcomeUnknown(_) | E::InvalidResponse(_) => backoff(attempts),
                E::CursorInvalid(_)
                | E::PermissionDenied(_)
                | E::InvalidConfig(_)
                | E::InvalidInput(_)
                | E::NotFound(_)
                | E::Conflict(_)
                | E::Unsupported(_)
                | E::Other(_) => Self::GiveUp,
            },
            Failure::Trap(_)
            | Failure::OutOfMemory
            | Failure::ComputeSpent(_)
            | Failure::ContractBroken(_)
            | Failure::Denied(_)
            | Failure::SecretSeen
            | Failure::Stalled(_)
            | Failure::CursorWrong(_)
            | Failure::RecordsRefused(_)
            | Failure::Quarantined
            | Failure::StreamGone(_)
            | Failure::ReleaseUnusable(_) => Self::GiveUp,
            // However often: the pause is the breaker's, and whoever waits for it did nothing wrong.
            Failure::CircuitOpen(pause) | Failure::Resting(pause) => {
                Self::RetryAfter((*pause).clamp(SHORTEST_ASKED, LONGEST_ASKED))
            }
            Failure::CallTimeout | Failure::CredentialBusy(_) | Failure::Storage(_) => backoff(attempts),
            Failure::BudgetSpent(_) | Failure::ShuttingDown => Self::MoreLater { after: Duration::ZERO },
            Failure::Cancelled => Self::Cancelled,
            Failure::StaleEpoch => Self::Lost,
            Failure::CredentialDead(_) => Self::WaitForUser,
        }
    }

    /// The same with its wait shortened or lengthened by up to a fifth, as `dice` falls: what failed
    /// together does not come back together. A wait that the provider named is left as it is.
    #[must_use]
    pub fn jittered(self, dice: u64) -> Self {
        match self {
            Self::RetryAfter(wait) => {
                let per_mille = 800 + u32::try_from(dice % 401).unwrap_or(200);
                Self::RetryAfter(wait.saturating_mul(per_mille) / 1_000)
            }
            other @ (Self::MoreLater { .. }
            | Self::WaitForUser
            | Self::StartAfresh
            | Self::GiveUp
            | Self::Cancelled
            | Self::Lost) => other,
        }
    }
}

impl Failure {
    /// Its page.
    #[must_use]
    pub fn code(&self) -> Code {
        use ConnectorError as E;
        match self {
            Self::Connector(error) => match error {
                E::AuthRequired(_) => Code::CredentialRefused,
                E::PermissionDenied(_) => Code::PermissionMissing,
                E::InvalidConfig(_) => Code::SettingsWrong,
                E::InvalidInput(_) => Code::ItemRejected,
                E::NotFound(_) => Code::NotAtProvider,
                E::Conflict(_) => Code::ProviderConflict,
                E::RateLimited(_) => Code::Throttled,
                E::CursorInvalid(_) => Code::CursorRefused,
                E::Transient(_) => Code::ProviderOutage,
                E::OutcomeUnknown(_) => Code::OutcomeUnknown,
                E::InvalidResponse(_) => Code::AnswerUnreadable,
                E::Unsupported(_) => Code::Unsupported,
                E::Other(_) => Code::ConnectorFailed,
            },
            Self::Trap(_) => Code::ConnectorCrashed,
            Self::OutOfMemory => Code::MemoryLimit,
            Self::CallTimeout => Code::CallTimeout,
            Self::ComputeSpent(_) => Code::ComputeSpent,
            Self::ContractBroken(_) => Code::ContractBroken,
            Self::Denied(_) => Code::EgressDenied,
            Self::SecretSeen => Code::SecretSeen,
            Self::Stalled(_) => Code::RunStalled,
            Self::CursorWrong(_) => Code::CursorWrong,
            Self::RecordsRefused(_) => Code::RecordsRefused,
            Self::Quarantined => Code::ConnectorQuarantined,
            Self::Resting(_) => Code::ReleaseRests,
            Self::CircuitOpen(_) => Code::CircuitOpen,
            Self::BudgetSpent(_) => Code::BudgetSpent,
            Self::ShuttingDown => Code::ShuttingDown,
            Self::Cancelled => Code::Cancelled,
            Self::StaleEpoch => Code::LeaseLost,
            Self::CredentialDead(_) => Code::CredentialRefused,
            Self::CredentialBusy(_) => Code::CredentialBusy,
            Self::Storage(_) => Code::StorageFailed,
            Self::ReleaseUnusable(_) => Code::ReleaseUnusable,
            Self::StreamGone(_) => Code::StreamGone,
        }
    }

    /// What the person reads.
    #[must_use]
    pub fn person(&self) -> String {
        match self {
            Self::Connector(error) => error.info().message.clone(),
            Self::CredentialDead(text) => text.clone(),
            other => other.code().title().to_owned(),
        }
    }

    /// What the operator reads besides.
    #[must_use]
    pub fn operator(&self) -> Option<String> {
        match self {
            Self::Connector(error) => {
                let info = error.info();
                let status = info.http_status.map(|status| format!("HTTP {status}"));
                let parts: Vec<String> =
                    [status, info.provider_code.clone(), info.detail.clone()].into_iter().flatten().collect();
                (!parts.is_empty()).then(|| parts.join("; "))
            }
            Self::Trap(text)
            | Self::ContractBroken(text)
            | Self::Denied(text)
            | Self::Stalled(text)
            | Self::CursorWrong(text)
            | Self::RecordsRefused(text)
            | Self::CredentialBusy(text)
            | Self::Storage(text)
            | Self::StreamGone(text)
            | Self::ReleaseUnusable(text) => Some(text.clone()),
            Self::Resting(pause) => Some(format!("nothing of the release begins for {} s", pause.as_secs())),
            Self::ComputeSpent(most) => Some(format!("a call may have {} s of computing", most.as_secs_f64())),
            Self::CircuitOpen(pause) => Some(format!("nothing is sent for {} s", pause.as_secs())),
            Self::BudgetSpent(budget) => Some(format!("the budget of {}", budget.as_str())),
            Self::OutOfMemory
            | Self::CallTimeout
            | Self::SecretSeen
            | Self::Quarantined
            | Self::ShuttingDown
            | Self::Cancelled
            | Self::StaleEpoch
            | Self::CredentialDead(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::ErrorInfo;

    #[test]
    fn waits_double_up_to_an_hour_and_then_the_schedule_takes_over() {
        let trouble = Failure::Connector(ConnectorError::Transient(ErrorInfo::default()));
        assert_eq!(Outcome::of(&trouble, 1), Outcome::RetryAfter(Duration::from_secs(10)));
        assert_eq!(Outcome::of(&trouble, 3), Outcome::RetryAfter(Duration::from_secs(40)));
        assert_eq!(Outcome::of(&trouble, 8), Outcome::GiveUp);
    }

    #[test]
    fn a_provider_that_asks_for_ten_years_gets_a_day() {
        let info = ErrorInfo { retry_after: Some(Duration::from_secs(315_360_000)), ..ErrorInfo::default() };
        let slow = Failure::Connector(ConnectorError::RateLimited(info));
        assert_eq!(Outcome::of(&slow, 1), Outcome::MoreLater { after: Duration::from_secs(86_400) });
    }

    #[test]
    fn a_connector_that_asks_for_no_pause_gets_one() {
        let info = ErrorInfo { retry_after: Some(Duration::ZERO), ..ErrorInfo::default() };
        let hasty = Failure::Connector(ConnectorError::RateLimited(info));
        assert_eq!(Outcome::of(&hasty, 1), Outcome::MoreLater { after: Duration::from_secs(5) });
    }

    #[test]
    fn a_host_that_is_left_alone_is_tried_again_however_often_and_after_a_pause() {
        for attempts in [1, 8, 500] {
            let resting = Failure::CircuitOpen(Duration::from_secs(90));
            assert_eq!(Outcome::of(&resting, attempts), Outcome::RetryAfter(Duration::from_secs(90)));
        }
        let over = Failure::CircuitOpen(Duration::ZERO);
        assert_eq!(Outcome::of(&over, 1), Outcome::RetryAfter(Duration::from_secs(5)));
    }

    #[test]
    fn what_another_attempt_would_not_change_waits_for_the_schedule() {
        let text = || "why".to_owned();
        for failure in [Failure::RecordsRefused(text()), Failure::CursorWrong(text()), Failure::Quarantined] {
            assert_eq!(Outcome::of(&failure, 1), Outcome::GiveUp, "{failure:?}");
        }
        for budget in Budget::ALL {
            let spent = Failure::BudgetSpent(*budget);
            assert_eq!(Outcome::of(&spent, 1), Outcome::MoreLater { after: Duration::ZERO });
            assert!(spent.operator().is_some_and(|text| text.contains(budget.as_str())), "{budget:?}");
        }
    }

    #[test]
    fn a_wait_is_spread_by_a_fifth_each_way_and_one_that_was_asked_for_is_not() {
        let wait = Outcome::RetryAfter(Duration::from_secs(100));
        let spread: Vec<_> = (0..401).map(|dice| wait.clone().jittered(dice)).collect();
        assert_eq!(spread.first(), Some(&Outcome::RetryAfter(Duration::from_secs(80))));
        assert_eq!(spread.last(), Some(&Outcome::RetryAfter(Duration::from_secs(120))));
        assert_eq!(wait.jittered(u64::MAX), spread[usize::try_from(u64::MAX % 401).expect("small")]);
        let asked = Outcome::MoreLater { after: Duration::from_secs(100) };
        assert_eq!(asked.clone().jittered(7), asked);
    }

    #[test]
    fn a_cursor_that_is_refused_twice_is_not_dropped_twice() {
        let refused = Failure::Connector(ConnectorError::CursorInvalid(ErrorInfo::default()));
        assert_eq!(Outcome::of(&refused, 1), Outcome::StartAfresh);
        assert_eq!(Outcome::of(&refused, 2), Outcome::GiveUp);
    }
}
