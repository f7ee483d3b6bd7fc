//! Whose fault a failure is, as far as a release is judged by it.
//!
//! A provider that is down, a login that was withdrawn, a person who stopped a run: none of them says anything about the
//! code that ran. What does say something is told apart in two: a **trap** is the code breaking down, and enough of them
//! give a release up by themselves. The rest may have a cause outside (a page that is larger than ever, a provider that
//! answers in circles), so it ends only the trial of a release on one connection, where the release before did not have it.

use crate::Code;

/// Whose fault a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The code broke down.
    Trap,
    /// The code did what it must not, or could not do what it should.
    Release,
    /// Nothing is said about the code.
    Nobody,
}

impl Code {
    /// Whose fault it is when work ends with this.
    #[must_use]
    pub const fn blame(self) -> Blame {
        match self {
            Self::ConnectorCrashed | Self::MemoryLimit | Self::ComputeSpent => Blame::Trap,
            // A call that takes too long may wait for a provider that is slow.
            Self::CallTimeout
            | Self::ContractBroken
            | Self::ConnectorFailed
            | Self::RunStalled
            | Self::CursorWrong
            | Self::RecordsRefused
            | Self::AnswerUnreadable
            | Self::EgressDenied
            | Self::SecretSeen
            | Self::StepReused
            | Self::ReleaseUnusable => Blame::Release,
            _ => Blame::Nobody,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_did_is_held_against_no_release() {
        for code in
            [Code::ProviderOutage, Code::CredentialRefused, Code::Throttled, Code::Cancelled, Code::StorageFailed]
        {
            assert_eq!(code.blame(), Blame::Nobody, "{}", code.id());
        }
        assert_eq!(Code::ConnectorCrashed.blame(), Blame::Trap);
        assert_eq!(Code::CallTimeout.blame(), Blame::Release, "which alone gives no release up");
    }
}
