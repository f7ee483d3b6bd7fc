//! **The journeys can fail**: each of these cases says one thing that is not so of a connector that works, and the
//! journey names it.

use patchbay_connector_tests::{ActionCase, Case, ErrorRow, StreamCase, Then, chaos, journey};
use patchbay_test_support::{Result, fakes::Act};
use serde_json::json;

use super::github;

/// What the journey says of a case that is wrong in one thing.
fn told(wrong: impl FnOnce(&mut Case)) -> String {
    let mut case = github::case();
    wrong(&mut case);
    journey(&case).expect_err("the case says what is not so").to_string()
}

/// The stream of this name.
fn stream<'a>(case: &'a mut Case, name: &str) -> &'a mut StreamCase {
    case.streams.iter_mut().find(|stream| stream.name == name).expect("a stream")
}

#[test]
fn what_is_lost_invented_or_read_again_is_told() {
    let invented = told(|case| {
        stream(case, "issues").truth = |scene| {
            let mut truth = github::of_accounts(scene, "issue")?;
            truth.pop();
            Ok(truth)
        }
    });
    assert!(invented.contains("while reading everything") && invented.contains("has it not"), "{invented}");

    let other = told(|case| {
        stream(case, "repositories").truth = |scene| {
            let mut truth = github::repositories(scene)?;
            truth[0].record["full_name"] = json!("voorbeeld/anders");
            Ok(truth)
        }
    });
    assert!(other.contains("full_name should be \"voorbeeld/anders\""), "{other}");

    let again = told(|case| {
        // The host forgets where it was: all of it comes once more, and nothing of it is new to the feed.
        case.change = |scene| {
            scene.rig.fakes.github.provider.touch(None, 1, 1, 1);
            for connection in scene.tenant.connections()? {
                for sync in patchbay_it::items(&scene.tenant.api, &format!("/v1/connections/{connection}/syncs"))? {
                    let path = format!("/v1/syncs/{}/reset", sync["id"].as_str().unwrap_or_default());
                    scene.tenant.api.post(&path, &json!({}))?;
                }
            }
            Ok(())
        }
    });
    assert!(again.contains("is incremental, and read"), "{again}");
}

#[test]
fn a_second_run_that_asks_for_everything_and_a_change_that_is_none_are_told() {
    let since = told(|case| stream(case, "issues").asks_since = Some("modified_after="));
    assert!(since.contains("no request of a second run of issues says"), "{since}");
    let none = told(|case| stream(case, "repositories").still = false);
    assert!(none.contains("changes nothing of \"repositories\""), "{none}");
    let name = told(|case| case.account = "piet");
    assert!(name.contains("while connecting") && name.contains("\"els\""), "{name}");
}

#[test]
fn a_write_too_many_a_credential_that_lives_and_a_secret_in_sight_are_told() {
    let writes = told(|case| {
        case.actions = vec![ActionCase::of("issue", github::target, github::issue, &[("issue", 1), ("comment", 1)])];
    });
    assert!(writes.contains("while writing: issue: written should be"), "{writes}");
    let lives = told(|case| case.break_credential = |_| Ok(()));
    assert!(lives.contains("while breaking the credential") && lives.contains("PB2002"), "{lives}");
    let dead = told(|case| case.reconnect = |_, _| Ok(()));
    assert!(dead.contains("while reconnecting") && dead.contains("\"broken\""), "{dead}");
    let secret = told(|case| case.secrets = |_| Ok(vec!["From the meeting.".to_owned()]));
    assert!(secret.contains("while looking for secrets") && secret.contains("hits"), "{secret}");
}

#[test]
fn a_row_that_ends_otherwise_is_told_and_costs_no_other_row() -> Result<()> {
    let mut case = github::case();
    case.rows = |_| {
        let read =
            |name: &str, status: u16| ErrorRow::read(name, "issues", ("GET", "/repos/"), Act::status(status), "PB3006");
        Ok(vec![
            read("another code", 403).then(Then::Never),
            read("right", 404).then(Then::Never),
            read("something follows", 404),
            read("nothing is broken", 404).then(Then::Never).breaks("PB2002"),
            read("right again", 410).then(Then::Never),
            ErrorRow::write("it is written", "issue", ("POST", "/repos/"), Act::LoseAnswer, "PB4001"),
        ])
    };
    let told = chaos(&case).expect_err("rows are wrong").to_string();
    for wrong in [
        "row \"another code\": failed Some(\"PB3006\") was expected",
        "row \"something follows\": Some(\"retry\") was to follow, and None does",
        "row \"nothing is broken\": the connection is (\"active\", \"\")",
        "row \"it is written\": rejected Some(\"PB4001\") was expected",
    ] {
        assert!(told.contains(wrong), "{wrong} is not told: {told}");
    }
    assert!(!told.contains("right"), "{told}");
    Ok(())
}
