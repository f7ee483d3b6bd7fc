//! What is asked of identify, pickers, and of what a connector does not have.

use std::collections::BTreeSet;

use patchbay_fixture::{Call, Kind, Pick, Placed, Read};
use patchbay_model::{
    Failure,
    contract::{ConnectorError, PickRequest},
    manifest::Picker,
};
use serde_json::Value;

use super::{
    Suite, astray,
    calls::{self, Scene},
    no_fixture, troubles,
};
use crate::{
    Finding,
    player::Twist,
    reading::{From, Plan, case, read, told, why},
};

/// The name of what nobody has.
const NOBODYS: &str = "patchbay-check-unknown";

pub(super) async fn identify(suite: &mut Suite<'_>) {
    let fixtures = suite.fixtures(&Kind::Identify);
    if fixtures.is_empty() {
        suite.judge("identify", "has a fixture", "", vec![no_fixture("identify.json")]);
    }
    for placed in fixtures {
        let of = placed.file.trim_end_matches(".json").to_owned();
        let setting = match suite.stage.setting(&suite.folder, &placed) {
            Ok(setting) => setting,
            Err(finding) => {
                suite.judge(&of, "has a fixture", "", vec![finding]);
                continue;
            }
        };
        let file = format!("fixtures/{}", placed.file);
        let scene = |twist| Scene { placed: &placed, setting: &setting, twist };
        let plain = calls::identify(suite, &scene(Twist::None)).await;
        let findings = astray(&plain.heard, plain.came.as_ref().err(), &file);
        let seen = plain
            .came
            .as_ref()
            .map_or_else(|_| String::new(), |identity| format!("{} accounts", identity.accounts.len()));
        let went_well = findings.is_empty();
        suite.judge(&of, "tells whose account it is", seen, findings);
        if !went_well {
            continue;
        }
        let rule = "survives an unknown field in every object";
        match suite.deviations.unknown_field(&of).map(str::to_owned) {
            Some(reason) => suite.skip(&of, rule, reason),
            None => {
                let again = calls::identify(suite, &scene(Twist::UnknownField)).await;
                let remedy = "read the members that are needed and let all others be";
                let findings = match (&plain.came, &again.came) {
                    (Ok(one), Ok(other)) if one == other => Vec::new(),
                    (_, Ok(_)) => vec![Finding::of("the identity is another one", file.as_str(), remedy)],
                    (_, Err(failure)) => vec![Finding::of(told(failure), file.as_str(), remedy)],
                };
                suite.judge(&of, rule, "", findings);
            }
        }
        let rows = troubles::rows(&plain.heard);
        let mut findings = Vec::new();
        for row in &rows {
            let called = calls::identify(suite, &scene(row.twist())).await;
            let came = called.came.as_ref().map(|_| ());
            findings.extend(troubles::judge(suite, &of, &placed.file, *row, came, &called.heard));
        }
        let seen = format!("{} of {} rows", rows.len() - findings.len(), rows.len());
        suite.judge(&of, "errors come out as the right case", seen, findings);
    }
}

/// A stream and a picker that nobody declared are refused, and nothing breaks.
pub(super) async fn refuses_what_it_has_not(suite: &mut Suite<'_>) {
    if !suite.stage.inspected.exports.fetch {
        return;
    }
    let placed = nothing("context.json");
    let Ok(setting) = suite.stage.setting(&suite.folder, &placed) else { return };
    let call = Read { stream: NOBODYS.to_owned(), page_hint: 10, since: None, cursor: None, pages: None };
    let plan = Plan { setting: &setting, read: &call, key: &[], exchanges: &[], twist: Twist::None };
    let reading = read(suite.stage, &plan, From::default()).await;
    let mut findings = Vec::new();
    let remedy = "answer `unsupported` for a name that is not there";
    if !matches!(reading.failure(), Some(Failure::Connector(ConnectorError::Unsupported(_)))) {
        let what = format!("an unknown stream came out as `{}`{}", reading.case(), why(reading.failure()));
        findings.push(Finding::of(what, "fetch.read", remedy));
    }
    let request = PickRequest { picker: NOBODYS.to_owned(), query: String::new(), parents: Vec::new(), cursor: None };
    let picked = calls::pick(suite, &Scene { placed: &placed, setting: &setting, twist: Twist::None }, &request).await;
    if !matches!(picked.came, Err(Failure::Connector(ConnectorError::Unsupported(_)))) {
        let found = picked.came.as_ref().err().map_or("ok", case);
        let what = format!("an unknown picker came out as `{found}`{}", why(picked.came.as_ref().err()));
        findings.push(Finding::of(what, "fetch.pick", remedy));
    }
    suite.judge("manifest", "what it does not have is refused", "a stream, a picker", findings);
}

pub(super) async fn picker(suite: &mut Suite<'_>, picker: &Picker) {
    let of = format!("pickers/{}", picker.name);
    if let Some(stream) = &picker.from_stream {
        from_stream(suite, picker, stream, &of).await;
        return;
    }
    let fixtures = suite.fixtures(&Kind::Picker(picker.name.clone()));
    if fixtures.is_empty() {
        suite.judge(&of, "has a fixture", "", vec![no_fixture(&format!("{of}.json"))]);
    }
    for placed in fixtures {
        let Some(Call::Pick(Pick { picker, query, parents })) = placed.fixture.call.clone() else { continue };
        let file = format!("fixtures/{}", placed.file);
        let setting = match suite.stage.setting(&suite.folder, &placed) {
            Ok(setting) => setting,
            Err(finding) => {
                suite.judge(&of, "has a fixture", "", vec![finding]);
                continue;
            }
        };
        let request = PickRequest { picker, query, parents: parents.into_iter().collect(), cursor: None };
        let scene = |twist| Scene { placed: &placed, setting: &setting, twist };
        let plain = calls::pick(suite, &scene(Twist::None), &request).await;
        let mut findings = astray(&plain.heard, plain.came.as_ref().err(), &file);
        let items = plain.came.as_ref().map(|choices| choices.items.clone()).unwrap_or_default();
        if findings.is_empty() && items.is_empty() {
            findings.push(Finding::of("no choice came", file.as_str(), "record a question that has answers"));
        }
        let ids: BTreeSet<&str> = items.iter().map(|choice| choice.id.as_str()).collect();
        if ids.len() != items.len() || items.iter().any(|choice| choice.id.is_empty() || choice.label.trim().is_empty())
        {
            findings.push(Finding::of(
                "choices without id or label, or with one id twice",
                file.as_str(),
                "each choice has its own id and a label",
            ));
        }
        suite.judge(&of, "answers what is typed", format!("{} choices", items.len()), findings);
        let rows = troubles::rows(&plain.heard);
        let mut findings = Vec::new();
        for row in &rows {
            let called = calls::pick(suite, &scene(row.twist()), &request).await;
            let came = called.came.as_ref().map(|_| ());
            findings.extend(troubles::judge(suite, &of, &placed.file, *row, came, &called.heard));
        }
        let seen = format!("{} of {} rows", rows.len() - findings.len(), rows.len());
        suite.judge(&of, "errors come out as the right case", seen, findings);
    }
}

/// The host makes the choices of these from records: their pointers have to lead somewhere.
async fn from_stream(suite: &mut Suite<'_>, picker: &Picker, stream: &str, of: &str) {
    let Some(declared) = suite.stage.manifest().stream(stream).cloned() else { return };
    let (mut records, mut labels, mut values) = (0, 0, 0);
    for placed in suite.fixtures(&Kind::Stream(stream.to_owned())) {
        let Some(Call::Read(call)) = &placed.fixture.call else { continue };
        let Ok(setting) = suite.stage.setting(&suite.folder, &placed) else { continue };
        let exchanges = &placed.fixture.exchanges;
        let plan = Plan { setting: &setting, read: call, key: &declared.key, exchanges, twist: Twist::None };
        let from = From { cursor: call.cursor_bytes(), ..From::default() };
        for record in read(suite.stage, &plan, from).await.pages.iter().flat_map(|page| &page.records) {
            let there = |pointer: &Option<String>| {
                let found = pointer.as_deref().and_then(|pointer| record.pointer(pointer));
                usize::from(matches!(found, Some(Value::String(_) | Value::Number(_))))
            };
            records += 1;
            labels += there(&picker.label);
            values += there(&picker.value);
        }
    }
    let mut findings = Vec::new();
    for (name, found, all) in [("value", values, true), ("label", labels, false)] {
        if (all && found < records) || found == 0 {
            let what = format!("its `{name}` is in {found} of {records} records of {stream}");
            findings.push(Finding::of(what, format!("picker {}", picker.name), "point to what every record has"));
        }
    }
    suite.judge(of, "its pointers lead into the records", format!("{labels} labels of {records} records"), findings);
}

/// A fixture that has no file: nothing is answered.
pub(super) fn nothing(file: &str) -> Placed {
    Placed { file: file.to_owned(), kind: Kind::Discover, fixture: patchbay_fixture::Fixture::default() }
}
