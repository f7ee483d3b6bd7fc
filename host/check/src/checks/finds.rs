//! Whether what was written is found again.

use patchbay_fixture::{Call, Expects, Find, Kind, Placed};
use patchbay_model::{
    Timestamp,
    contract::Effect,
    manifest::{Action, Idempotency},
};

use super::{
    Suite, astray,
    calls::{self, Scene},
    no_fixture, troubles,
};
use crate::{Finding, player::Twist, stage::Setting};

/// Only an action that says `find` is asked.
pub(super) async fn looks(suite: &mut Suite<'_>, action: &Action) {
    if action.idempotency != Idempotency::Find {
        return;
    }
    for (kind, word) in [(Kind::Found(action.name.clone()), "found"), (Kind::Absent(action.name.clone()), "absent")] {
        let fixtures = suite.fixtures(&kind);
        if fixtures.is_empty() {
            let file = format!("actions/{}.{word}.json", action.name);
            suite.judge(&format!("actions/{}", action.name), &rule(word), "", vec![no_fixture(&file)]);
        }
        for placed in fixtures {
            let of = placed.file.trim_end_matches(".json").to_owned();
            let Some(Call::Find(call)) = placed.fixture.call.clone() else { continue };
            match suite.stage.setting(&suite.folder, &placed) {
                Ok(setting) => look(suite, &of, &placed, &call, &setting).await,
                Err(finding) => suite.judge(&of, &rule(word), "", vec![finding]),
            }
        }
    }
}

fn rule(word: &str) -> String {
    match word {
        "found" => "what was written is found again".to_owned(),
        _ => "what was not written is not found".to_owned(),
    }
}

async fn look(suite: &mut Suite<'_>, of: &str, placed: &Placed, call: &Find, setting: &Setting) {
    let file = format!("fixtures/{}", placed.file);
    let (word, found_it) = match call.expects {
        Expects::Found => ("found", true),
        Expects::Absent => ("absent", false),
    };
    let sent = match call.sent.as_ref().map(|sent| sent.parse::<Timestamp>()) {
        None => setting.now,
        Some(Ok(sent)) => sent,
        Some(Err(error)) => {
            let finding = Finding::of(error.to_string(), format!("{file}: sent"), "write it as 2026-11-21T10:00:00Z");
            suite.judge(of, &rule(word), "", vec![finding]);
            return;
        }
    };
    let sent_ms = u64::try_from(sent.as_millis()).unwrap_or_default();
    let item = call.item();
    let scene = |twist| Scene { placed, setting, twist };
    let plain = calls::find(suite, &scene(Twist::None), &item, &call.step, sent_ms).await;
    let mut findings = astray(&plain.heard, plain.came.as_ref().err(), &file);
    if let Ok(found) = &plain.came
        && found.is_some() != found_it
    {
        let what = if found_it { "it was not found" } else { "something was found" };
        findings.push(Finding::of(
            what,
            file.as_str(),
            "look for the mark or the key that the write left, and for nothing else",
        ));
    }
    for sent in plain.heard.sent.iter().filter(|sent| sent.effect == Effect::Write) {
        findings.push(Finding::of(format!("a look writes: {}", sent.title), file.as_str(), "a look only reads"));
    }
    let went_well = findings.is_empty();
    let seen = match &plain.came {
        Ok(Some(object)) => format!("object {}", object.id),
        _ => String::new(),
    };
    suite.judge(of, &rule(word), seen, findings);
    if !went_well || !found_it {
        return;
    }
    let rows = troubles::rows(&plain.heard);
    let mut findings = Vec::new();
    for row in &rows {
        let called = calls::find(suite, &scene(row.twist()), &item, &call.step, sent_ms).await;
        if matches!(called.came, Ok(None)) {
            let what = format!("after {} it says that nothing was written", row.trouble.title());
            let remedy = "an answer that could not be read tells nothing: return the error, or the write is sent twice";
            findings.push(Finding::of(what, file.as_str(), remedy));
            continue;
        }
        let came = called.came.as_ref().map(|_| ());
        findings.extend(troubles::judge(suite, of, &placed.file, *row, came, &called.heard));
    }
    let seen = format!("{} of {} rows", rows.len() - findings.len(), rows.len());
    suite.judge(of, "errors come out as the right case", seen, findings);
}
