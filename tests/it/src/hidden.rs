//! Looking for a secret everywhere it could have slipped out: in the host's folder and log, and in every
//! answer that the API has about a connection.

use std::path::Path;

use patchbay_test_support::{Answer, Result, Trouble, canary};
use serde_json::Value;

use crate::{Rig, Tenant};

/// The answer of every GET of the API's document that can be asked for this connection, as the tenant and as
/// the operator, whatever its status. An address that is new in the document is asked too.
///
/// # Errors
///
/// There was no answer, or no document.
pub fn everything(rig: &Rig, tenant: &Tenant, connector: &str, connection: &str) -> Result<Vec<Answer>> {
    let document = rig.stranger().get("/openapi.json")?.expect(200)?.json;
    let paths = document.get("paths").and_then(Value::as_object).cloned().unwrap_or_default();
    let operator = rig.operator_of(tenant);
    let run = tenant.runs(connection)?.first().and_then(|run| run.get("id")?.as_str().map(str::to_owned));
    let run = run.unwrap_or_default();
    let pushes = tenant.get(&format!("/v1/pushes?connection={connection}&limit=1"))?.json;
    let push = pushes.pointer("/items/0/id").and_then(Value::as_str).map(str::to_owned);
    let mut answers = Vec::new();
    for (path, methods) in paths {
        let path = match &push {
            Some(push) => path.replace("/pushes/{id}", &format!("/pushes/{push}")),
            None => path,
        };
        let filled = path
            .replace("/connections/{id}", &format!("/connections/{connection}"))
            .replace("/tenants/{id}", &format!("/tenants/{}", tenant.id))
            .replace("/runs/{id}", &format!("/runs/{run}"))
            // A stream of all runs has no end; that of a run that has ended does.
            .replace("/v1/progress", &format!("/v1/progress?run={run}"))
            .replace("{connector}", connector)
            .replace("{stream}", "chosen");
        // A stream of events has no end; what it tells is what the list of events has.
        if methods.get("get").is_some() && !filled.contains('{') && filled != "/v1/events/watch" {
            answers.push(tenant.api.get(&filled)?);
            answers.push(operator.get(&filled)?);
        }
    }
    Ok(answers)
}

/// That none of these secrets (8 bytes or more) is in the host's folder (database, WAL, cache), in its log or
/// in these answers: raw, in hexadecimal, base64, percent-encoded, JSON-escaped.
///
/// # Errors
///
/// One is; the text says where and how, and never which.
pub fn hidden(rig: &Rig, answers: &[Answer], secrets: &[String]) -> Result<()> {
    let kept = tempfile::tempdir()?;
    for (place, answer) in answers.iter().enumerate() {
        let text = format!("{}\n{:?}\n{}", answer.asked, answer.headers, answer.text());
        std::fs::write(kept.path().join(place.to_string()), text)?;
    }
    let (data, log) = (rig.host.data_dir(), rig.host.log_path());
    let places: [&Path; 3] = [&data, &log, kept.path()];
    let searched = canary::files(&places)?.len();
    if searched <= answers.len() + 3 {
        return Err(Trouble::new(format!("only {searched} files to search: that proves nothing")));
    }
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let hits = canary::search(&places, &secrets)?;
    match hits.first() {
        None => Ok(()),
        Some(hit) => {
            let answer = hit.file.file_name().and_then(|name| name.to_str()?.parse::<usize>().ok());
            let asked = answer.and_then(|at| answers.get(at)).map(|answer| answer.asked.as_str()).unwrap_or_default();
            Err(Trouble::new(format!("{} hits, the first {hit:?} {asked}", hits.len())))
        }
    }
}
