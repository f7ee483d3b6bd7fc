//! What a connector finds of streams by itself.

use patchbay_fixture::{Call, Kind};
use patchbay_model::{
    contract::StreamInfo,
    manifest::{Stream, compile_schema},
};
use serde_json::Value;

use super::{
    Suite, astray,
    calls::{self, Scene},
    no_fixture,
    others::nothing,
};
use crate::{
    Finding,
    player::Twist,
    reading::{From, Plan, read},
};

/// The streams that a connector finds, against those of its manifest and the records that were read. What comes back
/// is those that only a connection can name.
pub(super) async fn discover(suite: &mut Suite<'_>) -> Vec<Stream> {
    let mut own = Vec::new();
    if !suite.stage.inspected.exports.fetch {
        return own;
    }
    let rule = "finds the streams of the manifest";
    let written = suite.fixtures(&Kind::Discover);
    let fixtures = if written.is_empty() { vec![nothing("discover.json")] } else { written };
    for placed in fixtures {
        let file = format!("fixtures/{}", placed.file);
        let setting = match suite.stage.setting(&suite.folder, &placed) {
            Ok(setting) => setting,
            Err(finding) => {
                suite.judge("discover", rule, "", vec![finding]);
                continue;
            }
        };
        let called = calls::discover(suite, &Scene { placed: &placed, setting: &setting, twist: Twist::None }).await;
        let mut findings = if called.heard.wrong.is_empty() {
            astray(&called.heard, called.came.as_ref().err(), &file)
        } else if placed.fixture.exchanges.is_empty() {
            vec![no_fixture("discover.json")]
        } else {
            astray(&called.heard, called.came.as_ref().err(), &file)
        };
        let found = called.came.unwrap_or_default();
        for info in &found {
            findings.extend(agrees(suite, info, &file));
            own.extend(taken(suite, info, &file, &mut findings));
        }
        let seen =
            if found.is_empty() { "those of the manifest".to_owned() } else { format!("{} streams", found.len()) };
        suite.judge("discover", rule, seen, findings);
        for info in found.iter().filter(|info| !info.schema.is_empty()) {
            described(suite, info).await;
        }
    }
    if suite.stage.manifest().discovered.is_some() {
        let has = |stream: &Stream| suite.folder.of(&Kind::Stream(stream.name.clone())).next().is_some();
        let (all, read) = (own.len(), own.iter().filter(|stream| has(stream)).count());
        let mut findings = Vec::new();
        if read == 0 {
            let what = "no stream that is discovered has a fixture";
            let remedy = "record a `discover` that finds some, and one of them as streams/NAME.json";
            findings.push(Finding::of(what, "fixtures/discover.json", remedy));
        }
        suite.judge(
            "discover",
            "one that is discovered can be read",
            format!("{read} of {all} have a fixture"),
            findings,
        );
    }
    own.retain(|stream| suite.folder.of(&Kind::Stream(stream.name.clone())).next().is_some());
    own.dedup_by(|one, other| one.name == other.name);
    own
}

/// A stream that the manifest announces by `[discovered]`.
fn taken(suite: &Suite<'_>, info: &StreamInfo, file: &str, findings: &mut Vec<Finding>) -> Option<Stream> {
    let manifest = suite.stage.manifest();
    if manifest.stream(&info.name).is_some() {
        return None;
    }
    let Some(announced) = &manifest.discovered else {
        let what = format!("it finds `{}`, which the manifest does not have", info.name);
        findings.push(Finding::of(what, file, "declare the stream, or announce such by [discovered]"));
        return None;
    };
    match announced.take(info.clone()) {
        Ok(found) => Some(announced.stream(&found)),
        Err(why) => {
            findings.push(Finding::of(why, file, "a host leaves it out: mend its name or key"));
            None
        }
    }
}

fn agrees(suite: &Suite<'_>, info: &StreamInfo, file: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(stream) = suite.stage.manifest().stream(&info.name) {
        let at = format!("stream {}", info.name);
        if stream.key != info.key {
            let what = format!("its key is {:?} in the manifest and {:?} in the code", stream.key, info.key);
            findings.push(Finding::of(what, at.as_str(), "the host goes by the manifest: say the same in both"));
        }
        if stream.per_account != info.per_account {
            findings.push(Finding::of(
                "manifest and code differ about per-account",
                at.as_str(),
                "say the same in both",
            ));
        }
    }
    if !info.schema.is_empty() {
        let schema = serde_json::from_slice::<Value>(&info.schema).map_err(|error| error.to_string());
        if let Err(why) = schema.and_then(|schema| compile_schema(&schema).map(drop)) {
            findings.push(Finding::of(format!("the schema of {} cannot be used: {why}", info.name), file, "mend it"));
        }
    }
    findings
}

/// Whether the schema of a stream describes the records that its fixture gives.
async fn described(suite: &mut Suite<'_>, info: &StreamInfo) {
    if suite.folder.of(&Kind::Stream(info.name.clone())).next().is_none() {
        return;
    }
    let key = suite.stage.manifest().stream(&info.name).map_or_else(|| info.key.clone(), |stream| stream.key.clone());
    let Ok(schema) = serde_json::from_slice::<Value>(&info.schema) else { return };
    let Ok(validator) = compile_schema(&schema) else { return };
    let of = format!("streams/{}", info.name);
    let mut findings = Vec::new();
    let mut records = 0;
    for placed in suite.fixtures(&Kind::Stream(info.name.clone())) {
        let Some(Call::Read(call)) = &placed.fixture.call else { continue };
        let Ok(setting) = suite.stage.setting(&suite.folder, &placed) else { continue };
        let plan =
            Plan { setting: &setting, read: call, key: &key, exchanges: &placed.fixture.exchanges, twist: Twist::None };
        let from = From { cursor: call.cursor_bytes(), ..From::default() };
        for record in read(suite.stage, &plan, from).await.pages.iter().flat_map(|page| &page.records) {
            records += 1;
            if let Some(error) = validator.iter_errors(record).next() {
                let what =
                    format!("a record does not fit: {} is wrong by {}", error.instance_path(), error.schema_path());
                let finding =
                    Finding::of(what, format!("fixtures/{}", placed.file), "mend the schema that `discover` tells");
                if !findings.contains(&finding) {
                    findings.push(finding);
                }
            }
        }
    }
    suite.judge(&of, "the discovered schema describes its records", format!("{records} records"), findings);
}
