//! The whole way of a connector: there, back, broken and repaired.

use patchbay_test_support::{Result, Trouble};

use crate::{
    Case, Scene, Stands,
    pushes::Writer,
    reads::Reader,
    scene::rig,
    signs::{account, connection, ended, secrets, set_up, stands, within_the_sheet},
};

/// Walks it.
///
/// # Errors
///
/// A step does not do what it says; the text names the step.
pub fn journey(case: &Case) -> Result<()> {
    let rig = rig(case)?;
    let tenant = rig.tenant("A")?;
    let scene = Scene::of(&rig, &tenant, case)?;
    let mut at = "installing";
    let walked = walk(&scene, &mut at);
    // What the sheet does not name is mostly why a step went wrong: it comes first.
    within_the_sheet(&scene).and(walked).map_err(|error| Trouble::new(format!("{} while {at}: {error}", case.id)))
}

fn walk(scene: &Scene<'_>, at: &mut &'static str) -> Result<()> {
    let case = scene.case;
    (case.install)(scene)?;
    *at = "preparing";
    (case.prepare)(scene)?;

    *at = "connecting";
    let id = (case.connect)(scene)?;
    set_up(scene, &id)?;
    connection(scene, &id, Stands::Active)?;
    account(scene, &id)?;

    *at = "reading everything";
    let mut reader = Reader::first(scene, &id)?;
    *at = "reading what has changed";
    reader.again()?;

    *at = "writing";
    for action in &case.actions {
        let written = Writer::of(scene, &id, action)?.twice();
        written.map_err(|error| Trouble::new(format!("{}: {error}", action.name)))?;
    }

    *at = "breaking the credential";
    // What was written is read first, so that what comes after the reconnect is only what changes then.
    reader.to_the_end()?;
    reader.stored()?;
    (case.break_credential)(scene)?;
    if let Some(stream) = case.streams.first() {
        let run = ended(scene, &scene.tenant.run(&scene.tenant.sync(&id, stream.name)?)?)?;
        if stands(&run) != ("failed".to_owned(), Some(case.broken.to_owned())) {
            return Err(Trouble::new(format!("a run should fail with {}: {run}", case.broken)));
        }
    }
    connection(scene, &id, Stands::Broken(case.broken))?;
    if !reader.stored()?.is_empty() {
        return Err(Trouble::new("something was stored without a credential"));
    }

    *at = "reconnecting";
    (case.reconnect)(scene, &id)?;
    connection(scene, &id, Stands::Active)?;
    *at = "going on after the reconnect";
    reader.again()?;

    *at = "looking for secrets";
    secrets(scene, &id)
}
