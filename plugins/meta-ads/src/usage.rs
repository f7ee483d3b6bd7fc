//! How much of what it may ask an account has used up: headers with JSON in them, which come with every answer.
//!
//! There is no `Retry-After`. When too much is used, everything of this account is refused for up to an hour, so it is slowed
//! down before, and left alone at last. Only this account: others of the same connection may go on. And only this kind of work:
//! reports and lists are counted apart, and an answer may tell of both.

use std::collections::BTreeMap;

use patchbay_sdk::http::Response;
use serde::Deserialize;
use serde_json::Number;

use crate::{assumed::Usage, wire::Work};

/// Maps of lists of figures: of each business or account that was asked for.
const BUSINESS: &str = "x-business-use-case-usage";
/// Figures alone.
const PLAIN: [&str; 3] = ["x-ad-account-usage", "x-app-usage", "x-fb-ads-insights-throttle"];

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60_000;
/// Nobody is left alone for longer, whatever is told.
const LONGEST_MS: u64 = 24 * 60 * MINUTE_MS;

/// What the headers hold, all of it in one table: none holds all, and no name means two things.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Figures {
    /// What kind of work is meant, where kinds are told apart.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// All of these are percent.
    call_count: Option<Number>,
    total_cputime: Option<Number>,
    total_time: Option<Number>,
    acc_id_util_pct: Option<Number>,
    app_id_util_pct: Option<Number>,
    /// Minutes.
    estimated_time_to_regain_access: Option<Number>,
    /// Seconds.
    reset_time_duration: Option<Number>,
}

/// How long this account is to be left alone after this answer, milliseconds; 0 for not at all.
pub(crate) fn rest_ms(response: &Response, rule: &Usage, work: Work) -> u64 {
    let all = figures(response, work);
    let used = all.iter().map(Figures::percent).max().unwrap_or_default();
    if used >= rule.rest_from {
        untold(&all, rule)
    } else if used > rule.slow_above {
        rule.slow_seconds.saturating_mul(SECOND_MS)
    } else {
        0
    }
}

/// How long to wait after a refusal, milliseconds.
pub(crate) fn refused_ms(response: &Response, rule: &Usage, work: Work) -> u64 {
    untold(&figures(response, work), rule)
}

/// What the answer says, else what the rule says.
fn untold(all: &[Figures], rule: &Usage) -> u64 {
    let told = all.iter().map(Figures::regain_ms).max().filter(|told| *told > 0);
    told.unwrap_or(rule.rest_minutes.saturating_mul(MINUTE_MS)).min(LONGEST_MS)
}

/// What cannot be read says nothing.
fn figures(response: &Response, work: Work) -> Vec<Figures> {
    let plain = PLAIN.iter().filter_map(|name| serde_json::from_str(response.header(name)?).ok());
    let business = response.header(BUSINESS);
    let business = business.and_then(|text| serde_json::from_str::<BTreeMap<String, Vec<Figures>>>(text).ok());
    let all = plain.chain(business.unwrap_or_default().into_values().flatten());
    all.filter(|one| one.kind.as_deref().is_none_or(|kind| kind == work.word())).collect()
}

impl Figures {
    fn percent(&self) -> u64 {
        let all =
            [&self.call_count, &self.total_cputime, &self.total_time, &self.acc_id_util_pct, &self.app_id_util_pct];
        all.into_iter().flatten().filter_map(whole).max().unwrap_or_default()
    }

    fn regain_ms(&self) -> u64 {
        let minutes = self.estimated_time_to_regain_access.as_ref().and_then(whole).unwrap_or_default();
        let seconds = self.reset_time_duration.as_ref().and_then(whole).unwrap_or_default();
        minutes.saturating_mul(MINUTE_MS).max(seconds.saturating_mul(SECOND_MS))
    }
}

/// A number that may have a fraction, without it.
fn whole(number: &Number) -> Option<u64> {
    number.to_string().split('.').next()?.parse().ok()
}
