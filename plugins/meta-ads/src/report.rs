//! One report: the figures of one day of one ad account. It is asked for, prepared by Meta, looked at until it is ready, and read.

use patchbay_sdk::{Case, Error, Records, Result, log};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use crate::{
    assumed::{Assumed, Jobs},
    day::Day,
    wire::{self, Api, Listing, Refused, Why},
};

/// What is told of a report that is prepared.
const STATE: &str = "id,async_status,async_percent_completion,date_start,date_stop,error_code,error_message,error_subcode,error_user_title,error_user_msg";
const STATES: [&str; 6] =
    ["Job Not Started", "Job Started", "Job Running", "Job Completed", "Job Failed", "Job Skipped"];
/// The name under which each record says what it was broken down by, which is a part of its key.
const BREAKDOWN: &str = "breakdown";

/// A report that is being prepared.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) day: Day,
    pub(crate) run: String,
    /// The how-manieth of this day it is, from 1.
    pub(crate) tries: u32,
    started_ms: u64,
    looks: u32,
    /// When it is looked at next.
    pub(crate) due_ms: u64,
}

/// What a look at it shows.
pub(crate) enum Look {
    Ready,
    NotYet,
    /// It will not be ready.
    Lost,
}

/// What a report is asked about.
pub(crate) struct Question<'a> {
    /// The ad account, as it stands in addresses.
    pub(crate) node: &'a str,
    pub(crate) breakdowns: &'a [String],
    /// Whether the day is so long ago that reach is told only as a whole.
    pub(crate) without_reach: bool,
}

#[derive(Deserialize)]
struct Started {
    report_run_id: String,
}

#[derive(Deserialize)]
struct State {
    async_status: String,
    async_percent_completion: Option<Number>,
    error_code: Option<Value>,
}

impl Job {
    /// Asks for the report of a day. Asked twice, Meta prepares it twice, and one of them is never read.
    pub(crate) fn start(api: &Api, question: &Question<'_>, day: Day, tries: u32, now: u64) -> Result<Self> {
        let form = form(&api.assumed, question, day);
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = match api.tried(api.ask(&[question.node, "insights"], &form)?) {
            Ok(answer) => answer,
            // Which of them go together, Meta says nowhere but so.
            Err(refused) if refused.why == Why::Question && !question.breakdowns.is_empty() => {
                return Err(not_together(refused.error, question.breakdowns));
            }
            Err(refused) => return Err(refused.error),
        };
        let started: Started = answer.json()?;
        if !wire::is_number(&started.report_run_id) {
            return Err(answer.unreadable("a report whose id is no number"));
        }
        let mut job = Self { day, run: started.report_run_id, tries, started_ms: now, looks: 0, due_ms: now };
        job.later(&api.assumed.jobs, now);
        Ok(job)
    }

    /// Looks at it.
    pub(crate) fn look(&mut self, api: &Api, now: u64) -> Result<Look> {
        let jobs = api.assumed.jobs;
        let age = now.saturating_sub(self.started_ms) / 1_000;
        let answer = match api.send(api.get(&[&self.run])?.query("fields", STATE)) {
            Ok(answer) => answer,
            // Just after its start it is not known everywhere.
            Err(error) if error.case() == Case::NotFound && age < jobs.idle_seconds => {
                self.later(&jobs, now);
                return Ok(Look::NotYet);
            }
            Err(error) if error.case() == Case::NotFound => return Ok(Look::Lost),
            Err(error) => return Err(error),
        };
        let state: State = answer.json()?;
        let percent = state.async_percent_completion.as_ref().map(Number::to_string).unwrap_or_default();
        let look = match state.async_status.as_str() {
            // Completed means both; the one may be said before the other.
            "Job Completed" if percent.starts_with("100") => Look::Ready,
            "Job Failed" | "Job Skipped" => Look::Lost,
            _ if age >= jobs.give_up_seconds => Look::Lost,
            _ if age >= jobs.idle_seconds && matches!(percent.as_str(), "" | "0" | "0.0") => Look::Lost,
            _ => Look::NotYet,
        };
        match look {
            Look::NotYet => self.later(&jobs, now),
            Look::Lost => {
                let code = state.error_code.as_ref().and_then(Value::as_i64).unwrap_or_default();
                let day = self.day.to_string();
                log::warn(
                    "a report was not prepared",
                    &[("day", &day), ("state", &known(&state.async_status)), ("code", &code), ("try", &self.tries)],
                );
            }
            Look::Ready => {}
        }
        Ok(look)
    }

    /// The wait doubles from look to look.
    fn later(&mut self, jobs: &Jobs, now: u64) {
        let wait = jobs.first_wait_seconds.saturating_mul(1 << self.looks.min(16)).min(jobs.longest_wait_seconds);
        self.looks += 1;
        self.due_ms = now.saturating_add(wait.max(1).saturating_mul(1_000));
    }
}

/// What is asked for: all ads, one day, and what to tell of it. A breakdown is no field, though it comes back as one.
fn form(assumed: &Assumed, question: &Question<'_>, day: Day) -> Vec<(&'static str, String)> {
    let broken_down = !question.breakdowns.is_empty();
    let drops = |field: &str| broken_down && question.without_reach && matches!(field, "reach" | "frequency");
    let fields = assumed.fields.get("insights").map(Vec::as_slice).unwrap_or_default();
    let fields: Vec<&str> = fields.iter().map(String::as_str).filter(|field| !drops(field)).collect();
    let mut form = vec![
        ("level", "ad".to_owned()),
        ("fields", fields.join(",")),
        ("time_range", format!(r#"{{"since":"{day}","until":"{day}"}}"#)),
        ("time_increment", "1".to_owned()),
        ("action_attribution_windows", list(&assumed.attribution_windows)),
    ];
    if broken_down {
        form.push(("breakdowns", list(question.breakdowns)));
    }
    form
}

/// The error for a report that Meta does not make when it is broken down so.
fn not_together(error: Error, breakdowns: &[String]) -> Error {
    let names = breakdowns.join(", ");
    let message = format!("Meta does not break figures down by {names}. Choose fewer or others in the settings.");
    error.as_case(Case::InvalidConfig).message(message).field("/breakdowns", "Meta refuses this choice.")
}

/// The word for a state, when it is one of those that there are: what else is written there goes into no log.
fn known(state: &str) -> &'static str {
    let known = STATES.into_iter().find(|known| *known == state);
    known.unwrap_or("a state that is not known")
}

/// One page of a report that is ready: its records, and where it goes on.
pub(crate) fn read(
    api: &Api,
    run: &str,
    after: Option<&str>,
    limit: u32,
    breakdowns: &[String],
) -> std::result::Result<(Records, Option<String>), Refused> {
    let request = api.get(&[run, "insights"])?.query("limit", limit).query_maybe("after", after);
    let answer = api.tried(request)?;
    let listing = Listing::of(&answer)?;
    let mut records = Records::empty();
    for row in &listing.data {
        let by = match breakdowns {
            [] => String::new(),
            some => broken_down_by(&wire::row(&answer, row)?, some),
        };
        records.push_with(row, &[(BREAKDOWN, &by)])?;
    }
    Ok((records, listing.after(&answer, after)?))
}

/// `age=25-34,gender=female`; nothing for a record that is broken down by nothing.
fn broken_down_by(row: &Map<String, Value>, breakdowns: &[String]) -> String {
    let values = breakdowns.iter().map(|name| match row.get(name) {
        Some(Value::String(value)) => format!("{name}={value}"),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => format!("{name}={value}"),
        _ => format!("{name}="),
    });
    values.collect::<Vec<_>>().join(",")
}

/// Names as a JSON list.
fn list(names: &[String]) -> String {
    Value::from(names).to_string()
}

/// The error for days whose reports were never prepared.
pub(crate) fn missed(days: &[Day], tries: u32) -> Error {
    let first = days.first().map(Day::to_string).unwrap_or_default();
    let more = match days.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Error::other(format!(
        "Meta did not prepare the figures of {first}{more}. All other days were read; these are asked for again later.",
    ))
    .detail(format!("{} reports failed {tries} times each", days.len()))
}

#[cfg(test)]
mod tests {
    use super::{Assumed, Day, Question, form};

    fn asked(breakdowns: &[&str], without_reach: bool) -> Vec<(&'static str, String)> {
        let manifest = include_str!("../connector.toml");
        let defaults = manifest.split("defaults = '''").nth(1).and_then(|rest| rest.split("'''").next());
        let assumed: Assumed = serde_json::from_str(defaults.unwrap()).unwrap();
        let breakdowns: Vec<String> = breakdowns.iter().map(|name| (*name).to_owned()).collect();
        let question = Question { node: "act_1", breakdowns: &breakdowns, without_reach };
        form(&assumed, &question, Day::at(1_795_253_400_000))
    }

    fn of<'a>(form: &'a [(&str, String)], name: &str) -> Option<&'a str> {
        form.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn one_day_of_all_ads_is_asked_for() {
        let form = asked(&[], true);
        assert_eq!(of(&form, "time_range"), Some(r#"{"since":"2026-11-21","until":"2026-11-21"}"#));
        assert_eq!((of(&form, "level"), of(&form, "time_increment")), (Some("ad"), Some("1")));
        assert_eq!(of(&form, "action_attribution_windows"), Some(r#"["7d_click","1d_view"]"#));
        assert_eq!(of(&form, "breakdowns"), None);
        assert!(of(&form, "fields").unwrap().contains("reach"), "as a whole it is told for all days");
    }

    #[test]
    fn breakdowns_are_no_fields_and_reach_is_left_out_where_it_is_not_told() {
        let form = asked(&["age", "gender"], false);
        assert_eq!(of(&form, "breakdowns"), Some(r#"["age","gender"]"#));
        assert!(!of(&form, "fields").unwrap().contains("gender"));
        assert!(of(&form, "fields").unwrap().contains("reach"));
        assert!(!of(&asked(&["age"], true), "fields").unwrap().contains("reach"));
    }
}
