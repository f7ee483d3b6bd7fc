//! Whether manifest, code and fixtures speak of the same.

use patchbay_fixture::Kind;

use super::Suite;
use crate::Finding;

/// The door has looked already, or there would be no stage; this says what it saw.
pub(super) fn agrees(suite: &mut Suite<'_>) {
    let inspected = &suite.stage.inspected;
    let exports = inspected.exports;
    let all = [("auth", exports.auth), ("fetch", exports.fetch), ("push", exports.push)];
    let names: Vec<&str> = all.into_iter().filter_map(|(name, there)| there.then_some(name)).collect();
    let contract = inspected.contract.clone();
    let mut findings = Vec::new();
    if exports != suite.stage.component.exports() {
        let what = "the component's names and its code export different interfaces";
        findings.push(Finding::of(what, "the component", "build it again, with one world of the contract"));
    }
    suite.judge("manifest", "contract version is one that is spoken", contract, Vec::new());
    suite.judge("manifest", "exports are what streams and actions need", names.join(", "), findings);
    let mut findings = Vec::new();
    let manifest = suite.stage.manifest();
    let mut schemas = 0;
    let settings = manifest.settings.iter().map(|schema| ("settings".to_owned(), schema));
    let config = manifest.config.iter().map(|config| ("config.schema".to_owned(), &config.schema));
    let payloads = manifest.actions.iter().map(|action| (format!("action {}: schema", action.name), &action.schema));
    let targets = manifest.actions.iter();
    let targets =
        targets.filter_map(|action| Some((format!("action {}: target", action.name), action.target.as_ref()?)));
    for (at, schema) in settings.chain(config).chain(payloads).chain(targets) {
        schemas += 1;
        if let Err(why) = patchbay_model::manifest::compile_schema(schema) {
            findings.push(Finding::of(why, at, "mend the JSON Schema"));
        }
    }
    suite.judge("manifest", "schemas are valid", format!("{schemas} schemas"), findings);
}

/// Fixtures that can be read, each for something that the manifest has.
pub(super) fn readable(suite: &mut Suite<'_>, deviations: Option<Finding>) {
    let mut findings: Vec<Finding> = deviations.into_iter().collect();
    let remedy = "see .patchbay/manifest.md, Fixtures";
    findings.extend(
        suite
            .folder
            .problems
            .iter()
            .map(|problem| Finding::of(problem.message.clone(), format!("fixtures/{}", problem.file), remedy)),
    );
    let manifest = suite.stage.manifest();
    for placed in &suite.folder.fixtures {
        let (there, what) = match &placed.kind {
            Kind::Identify | Kind::Discover => continue,
            Kind::Stream(name) => {
                let discovered = manifest.discovered.as_ref().is_some_and(|all| all.names(name));
                (discovered || manifest.stream(name).is_some(), format!("stream `{name}`"))
            }
            Kind::Picker(name) => (manifest.picker(name).is_some(), format!("picker `{name}`")),
            Kind::Action(name) | Kind::Found(name) | Kind::Absent(name) => {
                (manifest.action(name).is_some(), format!("action `{name}`"))
            }
        };
        if !there {
            let at = format!("fixtures/{}", placed.file);
            findings.push(Finding::of(format!("the manifest has no {what}"), at, "rename the file or declare it"));
        }
    }
    let seen = format!("{} fixtures", suite.folder.fixtures.len());
    suite.judge("fixtures", "each can be read and belongs to something", seen, findings);
}
