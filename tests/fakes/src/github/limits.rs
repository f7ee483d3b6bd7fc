//! The primary limiter (requests an hour, with a reset time) and the secondary one (writes a minute,
//! with `retry-after`). Both count for each token; neither refuses unless it is configured.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::problem;
use crate::{
    GithubConfig,
    exchange::{Answer, Incoming},
};

const HOUR_SECONDS: i64 = 3_600;
const MINUTE_SECONDS: i64 = 60;

/// What is counted.
#[derive(Debug)]
pub(crate) struct Limits {
    primary: Option<u32>,
    secondary: Option<u32>,
    windows: BTreeMap<String, Window>,
}

#[derive(Debug, Default)]
struct Window {
    used: u32,
    reset: i64,
    writes: u32,
    writes_reset: i64,
}

impl Limits {
    pub(crate) fn of(config: &GithubConfig) -> Self {
        Self { primary: config.primary, secondary: config.secondary, windows: BTreeMap::new() }
    }

    /// Counts a request of a token; its refusal when a limit is reached. `GET /rate_limit` costs nothing.
    pub(crate) fn count(&mut self, token: &str, request: &Incoming, now: i64) -> Result<(), Answer> {
        let (primary, secondary) = (self.primary, self.secondary);
        let window = self.windows.entry(token.to_owned()).or_default();
        if now >= window.reset {
            (window.used, window.reset) = (0, now + HOUR_SECONDS);
        }
        if now >= window.writes_reset {
            (window.writes, window.writes_reset) = (0, now + MINUTE_SECONDS);
        }
        if request.path == "/rate_limit" {
            return Ok(());
        }
        if primary.is_some_and(|limit| window.used >= limit) {
            return Err(problem(403, "API rate limit exceeded for user ID 77."));
        }
        window.used = window.used.saturating_add(1);
        if request.method != "GET" {
            if secondary.is_some_and(|limit| window.writes >= limit) {
                let wait = (window.writes_reset - now).max(1);
                let answer = problem(403, "You have exceeded a secondary rate limit. Please wait a few minutes.");
                return Err(answer.with("retry-after", &wait.to_string()));
            }
            window.writes = window.writes.saturating_add(1);
        }
        Ok(())
    }

    /// Adds the rate headers.
    pub(crate) fn stamp(&self, token: &str, answer: Answer) -> Answer {
        let (limit, used, reset) = self.figures(token);
        answer
            .with("x-ratelimit-limit", &limit.to_string())
            .with("x-ratelimit-remaining", &limit.saturating_sub(used).to_string())
            .with("x-ratelimit-used", &used.to_string())
            .with("x-ratelimit-reset", &reset.to_string())
            .with("x-ratelimit-resource", "core")
    }

    /// `GET /rate_limit`.
    pub(crate) fn report(&self, token: &str) -> Value {
        let (limit, used, reset) = self.figures(token);
        let core = json!({ "limit": limit, "used": used, "remaining": limit.saturating_sub(used), "reset": reset });
        json!({ "resources": { "core": core }, "rate": core })
    }

    fn figures(&self, token: &str) -> (u32, u32, i64) {
        let window = self.windows.get(token);
        let used = window.map_or(0, |window| window.used);
        (self.primary.unwrap_or(5_000), used, window.map_or(0, |window| window.reset))
    }
}
