//! What `demo --check` proves, in order. Everything goes through the public API.

mod canary;
mod compare;
mod connect;
mod crash;
mod meeting;
mod push;
mod read;

use std::time::Duration;

use patchbay_test_support::{Answer, Api, wait_until};
use serde_json::{Value, json};

use super::{check::Step, setup::World};
use crate::shell::Result;

/// Every step. A later one may use what an earlier one left in the world.
pub(super) const STEPS: &[Step<World>] = &[
    Step { name: "the host is up", prove: up },
    Step { name: "the connectors are installed", prove: connect::install },
    Step { name: "a tenant has a key", prove: connect::tenant },
    Step { name: "GitHub is connected with a token", prove: connect::github },
    Step { name: "Silverfin is connected through its login", prove: connect::silverfin },
    Step { name: "the first sync is done", prove: read::sync },
    Step { name: "the feed has every record once", prove: read::feed },
    Step { name: "the target is picked by typing", prove: push::pick },
    Step { name: "notes and todos are pushed", prove: push::push },
    Step { name: "the same again is a duplicate", prove: push::again },
    Step { name: "a meeting becomes what is switched on", prove: meeting::meeting },
    Step { name: "killed in the middle of a sync", prove: crash::kill },
    Step { name: "the sync ends after the restart", prove: crash::finish },
    Step { name: "journal and feed agree", prove: compare::compare },
    Step { name: "no credential lies open", prove: canary::search },
];

/// What steps leave for later ones.
#[derive(Default)]
pub(super) struct Left {
    tenant: Option<Api>,
    github: String,
    silverfin: String,
    /// Last sequence of the feed that was read.
    seq: u64,
    /// The pushes that were sent: body and id.
    pushes: Vec<(Value, String)>,
    /// Secrets besides those that the fakes know.
    keys: Vec<String>,
}

/// Brings a host so far that a person can look around: the connectors, a tenant, addresses to open.
pub(super) fn prepare(world: &mut World) -> Result<String> {
    connect::install(world)?;
    connect::tenant(world)?;
    let (_, link) = connect::open_session(world)?;
    let login = world.fakes.silverfin.provider.login();
    let user = json!({ "user": "an", "name": "An Vermeulen" });
    let entered = told(tenant(world)?.post("/v1/portal-sessions", &user).and_then(|answer| answer.expect(201)))?;
    let invited = world.operator()?.post("/v1/operator-sessions/invite", &json!({}));
    let invited = told(invited.and_then(|answer| answer.expect(201)))?;
    Ok(format!(
        "  the tenant's web app        {portal}\n                              opens once, within five minutes; another one: POST \
         /v1/portal-sessions {user}\n  the operators' web app      {admin}\n                              opens once, within a \
         quarter of an hour; another one: POST /v1/operator-sessions/invite\n  \
         tenant's API key            {key}\n  connect Silverfin           {link}\n                              \
         log in as {login} with {password}\n  connect GitHub              POST /v1/connections \
         {{\"connector\": \"patchbay.github\", \"fields\": {{\"token\": \"{token}\"}}}}",
        portal = told(entered.text_at("/url"))?,
        admin = told(invited.text_at("/url"))?,
        key = world.left.keys.first().map_or("", String::as_str),
        login = login.user,
        password = login.password,
        token = world.fakes.github.provider.token("owner"),
    ))
}

/// A failure of the support library as one of a step.
fn told<T>(result: patchbay_test_support::Result<T>) -> Result<T> {
    result.map_err(|error| error.to_string())
}

fn up(world: &mut World) -> Result<String> {
    told(world.operator()?.get("/readyz").and_then(|answer| answer.expect(200)))?;
    Ok(format!("it is ready on {}", world.base()))
}

/// The API with the tenant's key.
fn tenant(world: &World) -> Result<&Api> {
    world.left.tenant.as_ref().ok_or_else(|| "no tenant was made".to_owned())
}

/// A number of an answer.
fn number(answer: &Value, pointer: &str) -> Result<u64> {
    answer.pointer(pointer).and_then(Value::as_u64).ok_or_else(|| format!("no number at {pointer} of {answer}"))
}

/// All items of a list, page by page.
fn items(api: &Api, path: &str) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let join = if path.contains('?') { '&' } else { '?' };
        let page = match &after {
            None => path.to_owned(),
            Some(after) => format!("{path}{join}after={after}"),
        };
        let answer = told(api.get(&page).and_then(|answer| answer.expect(200)))?;
        all.extend(told(answer.array_at("/items"))?);
        after = answer.json.pointer("/next").and_then(Value::as_str).map(ToOwned::to_owned);
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// Waits until no run of the tenant is due or running; the runs that ended otherwise than `done`.
fn wait_for_runs(api: &Api, limit: Duration) -> Result<()> {
    told(wait_until("the end of all runs", limit, || {
        let mut open = 0;
        for state in ["due", "running"] {
            let answer = api.get(&format!("/v1/runs?state={state}"))?.expect(200)?;
            open += answer.array_at("/items")?.len();
        }
        Ok((open == 0).then_some(()))
    }))
}

/// Makes a run of each enabled sync due now.
fn run_all(api: &Api, connection: &str) -> Result<usize> {
    let syncs = items(api, &format!("/v1/connections/{connection}/syncs"))?;
    let mut begun = 0;
    for sync in syncs.iter().filter(|sync| sync["enabled"] == json!(true)) {
        let id = sync["id"].as_str().unwrap_or_default();
        told(api.post(&format!("/v1/syncs/{id}/run"), &json!({})).and_then(|answer: Answer| answer.expect(202)))?;
        begun += 1;
    }
    Ok(begun)
}
