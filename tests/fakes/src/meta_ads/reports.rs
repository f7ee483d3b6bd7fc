//! Reports as jobs (sheet 5.1): started, looked at, read. What becomes of a job goes by the clock, unless a test has another
//! plan for it. What was not asked as the sheet says is refused: reading a job before it is complete, too.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use patchbay_model::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    MetaAds, accounts, day,
    lists::{self, Asked},
    problem::{self, refusal},
    rows::Question,
    tokens::Caller,
};
use crate::{
    exchange::{Answer, Incoming},
    journal::{Created, Served},
    lock, strict,
};

/// Rows on one page, whatever was asked for.
const PAGE: usize = 3;
/// A job is kept so long.
const KEPT: Duration = Duration::from_secs(30 * 86_400);
const LOOK: [&str; 10] = [
    "id",
    "async_status",
    "async_percent_completion",
    "date_start",
    "date_stop",
    "error_code",
    "error_message",
    "error_subcode",
    "error_user_title",
    "error_user_msg",
];

/// What becomes of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Plan {
    /// Complete ten seconds after its start.
    ByTheClock,
    /// Each look finds the next state: not started, started, running, running at 100 percent, completed.
    EachState,
    /// It runs, and stays at 0 percent.
    StuckAtZero,
    /// It runs at half for ever.
    NeverReady,
    /// It fails at the second look, and says why.
    Fails,
    /// It is skipped.
    Skipped,
    /// 100 percent, and still running, for so many looks.
    FullButRunning(u32),
    /// It is not there yet at the first look.
    NotThereYet,
}

/// A job as a test sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Its id.
    pub id: String,
    /// The number of its account.
    pub account: String,
    /// First day.
    pub since: String,
    /// Last day.
    pub until: String,
    /// What was to become of it.
    pub plan: Plan,
    /// How often it was looked at.
    pub looks: u32,
    /// How often a page of it was read.
    pub reads: u32,
}

#[derive(Debug, Default)]
pub(super) struct Reports {
    jobs: Vec<Job>,
    /// Plans of jobs that are to come, by account.
    plans: BTreeMap<String, VecDeque<Plan>>,
    /// Accounts that are too much for an answer at once, and for large pages.
    pub(super) large: Vec<String>,
}

#[derive(Debug)]
struct Job {
    seen: Seen,
    question: Question,
    started: Timestamp,
}

impl Reports {
    /// The next jobs of an account, one after the other.
    pub(super) fn plan(&mut self, account: &str, plans: &[Plan]) {
        self.plans.entry(account.to_owned()).or_default().extend(plans);
    }

    pub(super) fn unplan(&mut self) {
        self.plans.clear();
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.jobs.iter().map(|job| job.seen.clone()).collect()
    }
}

impl Job {
    /// State and percent at this look.
    fn stands(&self, now: Timestamp) -> (&'static str, u32) {
        const RUNNING: &str = "Job Running";
        const COMPLETED: (&str, u32) = ("Job Completed", 100);
        let states = [("Job Not Started", 0), ("Job Started", 0), (RUNNING, 40), (RUNNING, 100)];
        let (look, seconds) = (self.seen.looks, now.since(self.started).as_secs());
        match self.seen.plan {
            Plan::ByTheClock | Plan::NotThereYet => {
                let state = states.get(usize::try_from(seconds / 3).unwrap_or(usize::MAX));
                if seconds >= 10 { COMPLETED } else { state.copied().unwrap_or(COMPLETED) }
            }
            Plan::EachState => {
                let look = usize::try_from(look.saturating_sub(1)).unwrap_or(usize::MAX);
                states.get(look).copied().unwrap_or(COMPLETED)
            }
            Plan::StuckAtZero => (RUNNING, 0),
            Plan::NeverReady => (RUNNING, 50),
            Plan::Fails if look > 1 => ("Job Failed", 40),
            Plan::Fails => (RUNNING, 20),
            Plan::Skipped => ("Job Skipped", 0),
            Plan::FullButRunning(looks) if look <= looks => (RUNNING, 100),
            Plan::FullButRunning(_) => COMPLETED,
        }
    }
}

/// `POST /act_…/insights`
pub(super) fn start(meta: &MetaAds, request: &Incoming, number: &str) -> Result<Answer, Answer> {
    if request.media_type() != "application/x-www-form-urlencoded" {
        return Err(refusal("a report is asked for by a form"));
    }
    strict::params("query parameter", &request.query, &["access_token", "appsecret_proof"])
        .map_err(|why| refusal(&why))?;
    let now = meta.clock.now();
    let today = lock(&meta.data).account(number).map(|account| account.today(now)).unwrap_or_default();
    let question = Question::of(&request.form(), today)?;
    let (since, until) = (day::text(question.since), day::text(question.until));
    let mut reports = lock(&meta.reports);
    let plan = reports.plans.get_mut(number).and_then(VecDeque::pop_front).unwrap_or(Plan::ByTheClock);
    let id = format!("60239201490{:05}", reports.jobs.len() + 1);
    let content = json!({ "since": since, "until": until });
    let seen = Seen { id: id.clone(), account: number.to_owned(), since, until, plan, looks: 0, reads: 0 };
    reports.jobs.push(Job { seen, question, started: now });
    let created = Created { kind: "report".to_owned(), id: id.clone(), parent: format!("act_{number}"), content };
    Ok(Answer::json(200, &json!({ "report_run_id": id })).after(created))
}

/// Whether an account is too large for answers of the usual size.
pub(super) fn is_large(meta: &MetaAds, number: &str) -> bool {
    lock(&meta.reports).large.iter().any(|large| large == number)
}

/// The account of a job that is there.
pub(super) fn account_of(meta: &MetaAds, id: &str) -> Option<String> {
    lock(&meta.reports).jobs.iter().find(|job| job.seen.id == id).map(|job| job.seen.account.clone())
}

/// `GET /{report_run_id}`
pub(super) fn look(meta: &MetaAds, request: &Incoming, caller: &Caller, id: &str) -> Result<Answer, Answer> {
    strict::no_body(request).map_err(|why| refusal(&why))?;
    strict::params("query parameter", &request.query, &["fields", "access_token", "appsecret_proof"])
        .map_err(|why| refusal(&why))?;
    let fields = lists::fields(request, &LOOK)?;
    let now = meta.clock.now();
    let mut reports = lock(&meta.reports);
    let job = job(&mut reports, id, now)?;
    meta.granted(caller, &job.seen.account).map_err(|_| accounts::gone(id))?;
    job.seen.looks += 1;
    if job.seen.plan == Plan::NotThereYet && job.seen.looks == 1 {
        return Err(accounts::gone(id));
    }
    let (state, percent) = job.stands(now);
    let failed = state == "Job Failed";
    let value = |field: &str| match field {
        "async_status" => json!(state),
        "async_percent_completion" => json!(percent),
        "date_start" => json!(job.seen.since),
        "date_stop" => json!(job.seen.until),
        "error_code" if failed => json!(2),
        "error_message" if failed => json!("Service temporarily unavailable"),
        "error_subcode" if failed => json!(1_504_018),
        "error_user_title" if failed => json!("Report too large"),
        "error_user_msg" if failed => json!("Ask for fewer days or fewer fields."),
        _ => Value::Null,
    };
    let mut body = Map::new();
    body.insert("id".to_owned(), json!(id));
    body.extend(fields.into_iter().map(|field| (field.to_owned(), value(field))).filter(|(_, value)| !value.is_null()));
    Ok(Answer::json(200, &Value::Object(body)))
}

/// `GET /{report_run_id}/insights`
pub(super) fn read(meta: &MetaAds, request: &Incoming, caller: &Caller, id: &str) -> Result<Answer, Answer> {
    let asked = Asked::of(request, &["limit", "after"], &["id"])?;
    let now = meta.clock.now();
    let mut reports = lock(&meta.reports);
    let job = job(&mut reports, id, now)?;
    meta.granted(caller, &job.seen.account).map_err(|_| accounts::gone(id))?;
    if job.stands(now) != ("Job Completed", 100) {
        return Err(refusal("a report is read once it is completed, at 100 percent"));
    }
    job.seen.reads += 1;
    let data = lock(&meta.data);
    let rows = data.account(&job.seen.account).map(|account| job.question.rows(account)).unwrap_or_default();
    asked.page(request, "insights", rows.into_iter().map(served).collect(), PAGE)
}

/// `GET /act_…/insights`: at once, for small accounts.
pub(super) fn at_once(meta: &MetaAds, request: &Incoming, number: &str) -> Result<Answer, Answer> {
    strict::no_body(request).map_err(|why| refusal(&why))?;
    if is_large(meta, number) {
        return Err(problem::too_much(500));
    }
    let now = meta.clock.now();
    let data = lock(&meta.data);
    let Some(account) = data.account(number) else { return Err(accounts::gone(number)) };
    let question = Question::of(&request.query, account.today(now))?;
    let plain = Incoming {
        port: request.port,
        method: request.method.clone(),
        path: request.path.clone(),
        raw_query: request.raw_query.clone(),
        query: request.query.iter().filter(|(name, _)| ["limit", "after"].contains(&name.as_str())).cloned().collect(),
        headers: request.headers.clone(),
        body: Vec::new(),
        upload: None,
    };
    let rows = question.rows(account).into_iter().map(served).collect();
    Asked::of(&plain, &["limit", "after"], &["id"])?.page(request, "insights", rows, PAGE)
}

fn job<'a>(reports: &'a mut Reports, id: &str, now: Timestamp) -> Result<&'a mut Job, Answer> {
    let kept = |job: &&mut Job| job.seen.id == id && now.since(job.started) < KEPT;
    reports.jobs.iter_mut().find(kept).ok_or_else(|| accounts::gone(id))
}

fn served(row: Value) -> (Value, Served) {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let served = Served { id: format!("{}/{}", text("ad_id"), text("date_start")), ..Served::of("row", &row) };
    (row, served)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_by_the_clock_passes_through_every_state() {
        let question = Question::of(
            &[("level", "ad"), ("time_range", "{\"since\":\"2026-11-20\",\"until\":\"2026-11-20\"}")]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
            day::parse("2026-11-21").unwrap_or_default(),
        );
        let Ok(question) = question else { panic!("a good question") };
        let (plan, text) = (Plan::ByTheClock, String::new);
        let seen = Seen { id: text(), account: text(), since: text(), until: text(), plan, looks: 1, reads: 0 };
        let start = Timestamp::from_millis(0);
        let job = Job { seen, question, started: start };
        let states = [0, 3, 6, 9, 10].map(|at| job.stands(start.plus(Duration::from_secs(at))));
        let names = ["Job Not Started", "Job Started", "Job Running", "Job Running", "Job Completed"];
        assert_eq!(states.map(|(name, _)| name), names);
    }
}
