//! How things stand, as the host says it.

use std::collections::BTreeMap;

use patchbay_it::{everything, hidden};
use patchbay_test_support::{Result, Trouble};
use serde_json::{Value, json};

use crate::{Scene, outcome::Stands};

/// A schedule whose next slot no test lives to see, unless it runs on the leap day.
const NEVER: &str = "30 3 29 2 *";

/// A text member; empty when there is none.
pub(crate) fn text(object: &Value, name: &str) -> String {
    object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Waits for the end of a run; the run.
pub(crate) fn ended(scene: &Scene<'_>, run: &str) -> Result<Value> {
    scene.tenant.ended(run).map_err(|error| {
        let last = scene.tenant.api.get(&format!("/v1/runs/{run}")).map(|answer| answer.text()).unwrap_or_default();
        Trouble::new(format!("{error}; it is {last}"))
    })
}

/// State and code of the reason of a run or push.
pub(crate) fn stands(object: &Value) -> (String, Option<String>) {
    let code = object.pointer("/reason/code").and_then(Value::as_str).map(str::to_owned);
    (text(object, "state"), code)
}

/// That the connection stands so, and its card with it.
pub(crate) fn connection(scene: &Scene<'_>, connection: &str, wanted: Stands) -> Result<()> {
    let (state, code) = scene.tenant.stands(connection)?;
    let found = (state.as_str(), code.as_str());
    let expected = match wanted {
        Stands::Active => ("active", ""),
        Stands::Broken(code) => ("broken", code),
    };
    if found != expected {
        return Err(Trouble::new(format!("the connection is {found:?} and should be {expected:?}")));
    }
    let card = scene.tenant.get(&format!("/v1/catalog/{}", scene.case.id))?.text_at("/status")?;
    match wanted {
        Stands::Broken(_) if card != "action_required" => {
            Err(Trouble::new(format!("the card says {card}, and somebody has to reconnect")))
        }
        Stands::Active if !["active", "warning"].contains(&card.as_str()) => {
            Err(Trouble::new(format!("the card says {card}, and the connection works")))
        }
        _ => Ok(()),
    }
}

/// That the business account has the name that people know.
pub(crate) fn account(scene: &Scene<'_>, connection: &str) -> Result<()> {
    let name = scene.tenant.get(&format!("/v1/connections/{connection}"))?.text_at("/business_name")?;
    if name == scene.case.account {
        return Ok(());
    }
    Err(Trouble::new(format!("the account is called {name:?}, and should be {:?}", scene.case.account)))
}

/// That the provider was asked nothing that its sheet does not name.
pub(crate) fn within_the_sheet(scene: &Scene<'_>) -> Result<()> {
    let refused = scene.stage.journal.entries().into_iter().find(|entry| entry.refusal.is_some());
    refused.map_or(Ok(()), |entry| {
        let why = entry.refusal.unwrap_or_default();
        Err(Trouble::new(format!("not in the sheet: {} {} {:?}: {why}", entry.method, entry.path, entry.query)))
    })
}

/// That no secret is in the host's folder, in its log, or in what it answers about the connection.
pub(crate) fn secrets(scene: &Scene<'_>, connection: &str) -> Result<()> {
    let secrets = (scene.case.secrets)(scene)?;
    if secrets.is_empty() {
        return Err(Trouble::new("the case names no secret"));
    }
    let answers = everything(scene.rig, scene.tenant, &scene.case.id, connection)?;
    hidden(scene.rig, &answers, &secrets)
}

/// How many objects of each kind the provider's journal has.
pub(crate) fn objects(scene: &Scene<'_>) -> BTreeMap<String, usize> {
    let mut objects = BTreeMap::new();
    for object in scene.stage.journal.objects() {
        *objects.entry(object.kind).or_default() += 1;
    }
    objects
}

/// That the journal has these objects more than before, and no others.
pub(crate) fn more_objects(
    scene: &Scene<'_>,
    before: &BTreeMap<String, usize>,
    wanted: &[(&'static str, usize)],
) -> Result<()> {
    let mut expected = before.clone();
    for (kind, count) in wanted {
        *expected.entry((*kind).to_owned()).or_default() += count;
    }
    let found = objects(scene);
    if found == expected {
        return Ok(());
    }
    Err(Trouble::new(format!("written should be {expected:?}, and is {found:?}")))
}

/// Takes the settings of the case, selects all accounts, and switches on the streams of the case and no others; none of
/// them runs by its schedule.
pub(crate) fn set_up(scene: &Scene<'_>, connection: &str) -> Result<()> {
    let path = format!("/v1/connections/{connection}");
    let settings = (scene.case.settings)(scene)?;
    if !settings.is_null() {
        scene.tenant.api.patch(&path, &json!({ "settings": settings }))?.expect(200)?;
    }
    let accounts: serde_json::Map<String, Value> = scene
        .tenant
        .get(&path)?
        .array_at("/accounts")?
        .iter()
        .filter(|account| account.get("usable") == Some(&json!(true)) && account.get("selected") == Some(&json!(false)))
        .map(|account| (text(account, "id"), json!(true)))
        .collect();
    if !accounts.is_empty() {
        scene.tenant.api.patch(&path, &json!({ "accounts": accounts }))?.expect(200)?;
    }
    for sync in patchbay_it::items(&scene.tenant.api, &format!("{path}/syncs"))? {
        let wanted = scene.case.streams.iter().any(|stream| stream.name == text(&sync, "stream"));
        let path = format!("/v1/syncs/{}", text(&sync, "id"));
        if sync.get("enabled") != Some(&json!(wanted)) {
            scene.tenant.api.patch(&path, &json!({ "enabled": wanted }))?.expect(200)?;
        }
        // A slot that came by itself would meet what the test has prepared for its own run.
        scene.tenant.api.patch(&path, &json!({ "schedule": { "cron": NEVER, "zone": "UTC" } }))?.expect(200)?;
    }
    Ok(())
}
