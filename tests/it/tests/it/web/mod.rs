//! **What people see**: the web app and Link, in a real browser, over the real host and its providers. Each journey is a file
//! of `tests/web/journeys`; the tests here set its stage. Every page is looked at in both themes, on a desk and on a phone,
//! with axe, and a page that breaks, asks elsewhere or goes against its policy fails whatever else holds
//! (`tests/web/browser.mjs`).

mod dialogs;
mod journeys;
mod many;
mod security;
mod served;

use patchbay_it::{RigSetup, Stage, Tenant};
use patchbay_test_support::Result;
use serde_json::{Value, json};

/// Plays a journey on a stage of its own.
fn play(name: &str, setup: RigSetup, prepare: impl FnOnce(&Stage) -> Result<Value>) -> Result<()> {
    let Some(stage) = Stage::start(setup)? else { return Ok(()) };
    let world = prepare(&stage)?;
    stage.play(name, &world)
}

/// A tenant as a journey knows it.
fn told(tenant: &Tenant) -> Value {
    json!({ "id": tenant.id, "key": tenant.key })
}
