//! What a status means when the connector knows nothing better.

use super::Effect;
use crate::{Error, run, time};

/// The error for a status that is no success.
pub(super) fn error(status: u16, effect: Effect) -> Error {
    match status {
        401 => Error::auth_required("The provider does not accept the login any more. Reconnect."),
        402 | 403 => Error::permission_denied("The provider does not allow this for the account that connected."),
        404 | 410 => Error::not_found("The provider does not have this, or hides it from the account that connected."),
        409 | 412 | 423 => Error::conflict("The provider refuses this in the state that it is in."),
        400 | 413 | 415 | 422 if effect == Effect::Read => {
            Error::other("The provider refuses the question that this connector asks.")
        }
        400 | 413 | 415 | 422 => Error::invalid_input("The provider refuses what was sent."),
        429 => Error::rate_limited("The provider asks to wait."),
        425 => Error::transient("The provider asks to try again."),
        300..=399 | 408 | 500..=599 if effect == Effect::Write => {
            Error::outcome_unknown("The provider had trouble, so it is not known whether this was done.")
        }
        408 | 500..=599 => Error::transient("The provider has trouble."),
        300..=399 => Error::invalid_response("The provider answers from another address."),
        _ => Error::other("The provider gave an answer that is not understood."),
    }
}

/// `Retry-After` (RFC 9110, section 10.2.3) as milliseconds from now.
pub(super) fn retry_after_ms(value: &str) -> Option<u64> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(seconds.saturating_mul(1_000));
    }
    Some(time::parse_http_date(value)?.saturating_sub(run::now_ms()))
}

#[cfg(test)]
mod tests {
    use super::{error, retry_after_ms};
    use crate::{Case, http::Effect, testing::TestHost};

    #[test]
    fn a_server_error_is_retried_for_a_read_and_unknown_for_a_write() {
        assert_eq!(error(503, Effect::Read).case(), Case::Transient);
        assert_eq!(error(503, Effect::Repeatable).case(), Case::Transient);
        assert_eq!(error(503, Effect::Write).case(), Case::OutcomeUnknown);
        assert_eq!(error(302, Effect::Write).case(), Case::OutcomeUnknown);
        assert_eq!(error(422, Effect::Write).case(), Case::InvalidInput);
    }

    #[test]
    fn retry_after_may_be_seconds_or_a_date() {
        let host = TestHost::empty();
        host.set_now_ms(1_795_253_400_000);
        assert_eq!(retry_after_ms(" 7 "), Some(7_000));
        assert_eq!(retry_after_ms("Sat, 21 Nov 2026 09:30:05 GMT"), Some(5_000));
        assert_eq!(retry_after_ms("Sat, 21 Nov 2026 09:29:00 GMT"), Some(0));
        assert_eq!(retry_after_ms("soon"), None);
    }
}
