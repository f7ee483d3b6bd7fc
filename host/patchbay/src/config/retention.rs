//! `[retention]`, `[push]` and `[webhooks]`: how long what is over is kept, how long an item waits, and how long an
//! address is tried that does not answer.

use std::time::Duration;

use super::reader::Reader;

const DAY: u32 = 86_400;

/// `[retention]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Retention {
    /// Runs that ended.
    pub(crate) runs: Duration,
    /// Deletions in the feed.
    pub(crate) deletions: Duration,
    /// Records that could not be read.
    pub(crate) dead_letters: Duration,
    /// Events, and what was delivered of them.
    pub(crate) events: Duration,
    /// Files, since the last item that names them ended.
    pub(crate) blobs: Duration,
}

impl Retention {
    /// Reads the section.
    pub(super) fn read(from: &mut Reader<'_>) -> Self {
        Self {
            runs: days(from, "retention.runs_days", (1, 3_650), 30),
            deletions: days(from, "retention.deletions_days", (1, 3_650), 90),
            dead_letters: days(from, "retention.dead_letters_days", (1, 3_650), 30),
            // The last attempt of a delivery comes after almost four days: until then its event is needed.
            events: days(from, "retention.events_days", (5, 3_650), 30),
            blobs: days(from, "retention.blobs_days", (1, 3_650), 7),
        }
    }
}

/// `[push]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Push {
    /// After how long an item ends that still waits; none for never.
    pub(crate) expires: Option<Duration>,
}

impl Push {
    /// Reads the section.
    pub(super) fn read(from: &mut Reader<'_>) -> Self {
        let expires = days(from, "push.expire_days", (0, 3_650), 30);
        Self { expires: (!expires.is_zero()).then_some(expires) }
    }
}

/// `[webhooks]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Webhooks {
    /// After how long without a success an endpoint is switched off.
    pub(crate) disable: Duration,
}

impl Webhooks {
    /// Reads the section.
    pub(super) fn read(from: &mut Reader<'_>) -> Self {
        Self { disable: days(from, "webhooks.disable_days", (1, 90), 5) }
    }
}

fn days(from: &mut Reader<'_>, key: &str, bounds: (u64, u64), default: u64) -> Duration {
    from.seconds(key, bounds, default) * DAY
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::Path};

    use super::{super::Config, *};

    #[test]
    fn ages_are_days() {
        let text = "[retention]\nruns_days = 2\nevents_days = 7\nblobs_days = 3\n[webhooks]\ndisable_days = 1";
        let config = Config::read(Some(text), Path::new(""), &BTreeMap::new()).expect("a configuration");
        assert_eq!(config.retention.runs, Duration::from_secs(2 * 86_400));
        assert_eq!(config.retention.events, Duration::from_secs(7 * 86_400));
        assert_eq!(config.retention.deletions, Duration::from_secs(90 * 86_400));
        assert_eq!(config.retention.blobs, Duration::from_secs(3 * 86_400));
        assert_eq!(config.webhooks.disable, Duration::from_secs(86_400));
        assert_eq!(config.push.expires, Some(Duration::from_secs(30 * 86_400)));
    }

    #[test]
    fn an_item_that_never_expires_is_said_by_a_zero() {
        let config = Config::read(Some("[push]\nexpire_days = 0"), Path::new(""), &BTreeMap::new());
        assert_eq!(config.expect("a configuration").push.expires, None);
    }

    #[test]
    fn an_event_is_kept_until_its_last_attempt() {
        let short = Config::read(Some("[retention]\nevents_days = 4"), Path::new(""), &BTreeMap::new());
        let told: Vec<String> = short.expect_err("too short").iter().map(ToString::to_string).collect();
        assert_eq!(told, ["line 2: `retention.events_days` has to be a whole number from 5 to 3650"]);
    }
}
