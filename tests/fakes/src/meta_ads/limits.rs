//! Limits per ad account and kind of work, and of the whole application (sheet 7): headers that say how much of them is used,
//! in percent, and an error once it is all. There is no `Retry-After`.

use std::{collections::BTreeMap, time::Duration};

use patchbay_model::Timestamp;
use serde_json::{Map, Value, json};

use super::problem::{self, problem};
use crate::exchange::Answer;

/// How long it takes until an account that used everything may call again, or one that rests has used nothing.
const REGAIN: Duration = Duration::from_secs(300);

/// Kinds of work that are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `ads_insights`: reports.
    Insights,
    /// `ads_management`: everything else of an account.
    Management,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Insights => "ads_insights",
            Self::Management => "ads_management",
        }
    }
}

/// What is used.
#[derive(Debug, Default)]
pub(super) struct Limits {
    accounts: BTreeMap<(String, Kind), Usage>,
}

#[derive(Debug, Default)]
struct Usage {
    percent: u32,
    /// What each call adds.
    step: u32,
    /// When it called last.
    last: Option<Timestamp>,
    /// When it may call again.
    regains: Option<Timestamp>,
}

impl Limits {
    /// An account has used so much of a limit, and each call adds so much.
    pub(super) fn set(&mut self, account: &str, kind: Kind, percent: u32, step: u32) {
        self.accounts.insert((account.to_owned(), kind), Usage { percent, step, last: None, regains: None });
    }

    /// Counts a call; an error when the limit is used up.
    pub(super) fn take(&mut self, account: &str, kind: Kind, now: Timestamp) -> Result<(), Answer> {
        let Some(usage) = self.accounts.get_mut(&(account.to_owned(), kind)) else { return Ok(()) };
        let quiet = usage.last.is_some_and(|last| now.since(last) >= REGAIN);
        if usage.regains.map_or(quiet, |at| now >= at) {
            *usage = Usage { step: usage.step, ..Usage::default() };
        }
        usage.last = Some(now);
        usage.percent = usage.percent.saturating_add(usage.step).min(100);
        if usage.percent < 100 {
            return Ok(());
        }
        usage.regains.get_or_insert(now.plus(REGAIN));
        let code = if kind == Kind::Insights { problem::INSIGHTS } else { problem::MANAGEMENT };
        let text = format!("(#{code}) There have been too many calls to this ad-account. Wait a bit and try again.");
        Err(self.told(problem(400, code, 2_446_079, &text), account, kind, now))
    }

    /// With the headers of an account.
    pub(super) fn told(&self, answer: Answer, account: &str, kind: Kind, now: Timestamp) -> Answer {
        let usage = self.accounts.get(&(account.to_owned(), kind));
        let percent = usage.map_or(1, |usage| usage.percent.max(1));
        let regains = usage.and_then(|usage| usage.regains).map(|at| at.since(now).as_secs());
        let tier = "standard_access";
        let entry = |kind: Kind, percent: u32, regains: u64| {
            json!({ "type": kind.word(), "call_count": percent, "total_cputime": 1, "total_time": 1,
                "estimated_time_to_regain_access": regains.div_ceil(60), "ads_api_access_tier": tier })
        };
        let mut entries = vec![entry(kind, percent, regains.unwrap_or_default())];
        // What the account has used of the other kind is told as well.
        let other = if kind == Kind::Insights { Kind::Management } else { Kind::Insights };
        let used = self.accounts.get(&(account.to_owned(), other));
        entries.extend(used.map(|used| entry(other, used.percent, 300)));
        let mut business = Map::new();
        business.insert(account.to_owned(), Value::Array(entries));
        let of_account = json!({ "acc_id_util_pct": percent, "reset_time_duration": regains.unwrap_or(100),
            "ads_api_access_tier": tier });
        let app = json!({ "call_count": 3, "total_time": 2, "total_cputime": 2 });
        let answer = answer
            .with("x-business-use-case-usage", &Value::Object(business).to_string())
            .with("x-ad-account-usage", &of_account.to_string())
            .with("x-app-usage", &app.to_string());
        if kind == Kind::Management {
            return answer;
        }
        let throttle = json!({ "app_id_util_pct": 3, "acc_id_util_pct": percent, "ads_api_access_tier": tier });
        answer.with("x-fb-ads-insights-throttle", &throttle.to_string())
    }
}
