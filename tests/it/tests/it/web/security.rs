//! S9 and S17 of the security plan, in a browser: frames, foreign sites, signing in and out. What a request can be made to do
//! without a browser is `browser_sessions`.

use std::time::Duration;

use patchbay_it::{RigSetup, Stage};
use patchbay_test_support::{Result, wait_until};
use serde_json::{Value, json};

use super::{play, told};

/// A tenant with a connection: something to lose.
fn something(stage: &Stage) -> Result<Value> {
    stage.rig.install_connectors(&["github"])?;
    let tenant = stage.rig.tenant("Kantoor Vermeulen")?;
    let connection = tenant.connect_github(&stage.rig)?;
    Ok(
        json!({ "tenant": told(&tenant), "connector": "patchbay.github", "software": "GitHub", "connection": connection }),
    )
}

/// The address that the host prints when it starts, after the line that says that it listens.
fn printed(stage: &Stage) -> Result<String> {
    wait_until("the address to sign in at", Duration::from_secs(20), || {
        let log = std::fs::read_to_string(stage.rig.host.log_path())?;
        let line = log.lines().find_map(|line| line.split_once("sign in as operator: "));
        Ok(line.map(|(_, address)| address.trim().to_owned()))
    })
}

#[test]
fn what_a_page_must_not_do_is_noticed_by_these_tests() -> Result<()> {
    play("notices", RigSetup::default(), |_| Ok(json!({})))
}

#[test]
fn no_page_stands_in_a_frame_of_another_site_or_listens_to_it() -> Result<()> {
    play("framing", RigSetup::default(), something)
}

#[test]
fn a_page_of_another_site_changes_nothing_and_reads_nothing() -> Result<()> {
    play("foreign_site", RigSetup::default(), something)
}

#[test]
fn an_operator_signs_in_by_the_printed_address_and_out_again() -> Result<()> {
    play("sign_in", RigSetup::default(), |stage| Ok(json!({ "console": printed(stage)? })))
}
