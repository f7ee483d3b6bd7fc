//! A connector that reports everything it can see reports no credential, whatever the kind of login: the
//! provider says back what it received, in every spelling, at `identify` and in a page.

use patchbay_it::{Kind, Rig, RigSetup, everything, hidden, kinds};
use patchbay_test_support::{Result, Trouble};
use serde_json::json;

fn connect_and_search(rig: &Rig, kind: &Kind) -> Result<()> {
    rig.install_kind(kind)?;
    let tenant = rig.tenant(kind.name)?;
    let before = rig.fakes.logins.journal.last();
    let connection = tenant.connect_kind(rig, kind)?;
    let run = tenant.first_run(&connection)?;
    if run["state"] != json!("done") {
        return Err(Trouble::new(format!("its run: {run}")));
    }
    let answers = everything(rig, &tenant, &format!("patchbay.{}", kind.name), &connection)?;
    let mut secrets = rig.fakes.logins.provider.values();
    secrets.extend(kind.secrets.iter().cloned());
    let asked = rig.fakes.logins.journal.since(before);
    let echoed = |path: &str| path.ends_with("/me") || path == "/jsonrpc";
    let echoes = asked.iter().filter(|entry| echoed(&entry.path) && entry.status == Some(200)).count();
    if echoes < 2 || secrets.is_empty() {
        return Err(Trouble::new(format!("{echoes} answers with a credential in them: that proves nothing")));
    }
    hidden(rig, &answers, &secrets)
}

#[test]
fn a_connector_that_echoes_everything_shows_no_credential_of_any_kind() -> Result<()> {
    let rig = RigSetup { customers: vec!["https://odoo.kantoor.example".to_owned()], ..RigSetup::default() }.start()?;
    let mut wrong = Vec::new();
    for kind in kinds(&rig.fakes.logins.provider) {
        if let Err(trouble) = connect_and_search(&rig, &kind) {
            wrong.push(format!("{}: {trouble}", kind.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
