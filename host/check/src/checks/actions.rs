//! What is asked of an action.

use std::{collections::BTreeSet, sync::Arc};

use patchbay_fixture::{Call, Item, Kind, Placed};
use patchbay_model::{
    contract::{Effect, Object, PushOutcome},
    manifest::{Action, Idempotency, compile_schema},
};
use serde_json::{Value, json};

use super::{
    Suite, astray,
    calls::{self, Scene},
    finds, no_fixture, short, troubles,
};
use crate::{
    Finding,
    diary::Diary,
    player::{Heard, Twist},
    reading::told,
    stage::{Setting, refusal},
};

pub(super) async fn action(suite: &mut Suite<'_>, action: &Action) {
    let of = format!("actions/{}", action.name);
    let fixtures = suite.fixtures(&Kind::Action(action.name.clone()));
    if fixtures.is_empty() {
        suite.judge(&of, "has a fixture", "", vec![no_fixture(&format!("{of}.json"))]);
    }
    for placed in fixtures {
        let of = placed.file.trim_end_matches(".json").to_owned();
        let Some(Call::Push(item)) = placed.fixture.call.clone() else { continue };
        match suite.stage.setting(&suite.folder, &placed) {
            Ok(setting) => Asked { of, action, placed: &placed, item: &item, setting: &setting }.ask(suite).await,
            Err(finding) => suite.judge(&of, "has a fixture", "", vec![finding]),
        }
    }
    finds::looks(suite, action).await;
}

/// One fixture of an action.
struct Asked<'a> {
    of: String,
    action: &'a Action,
    placed: &'a Placed,
    item: &'a Item,
    setting: &'a Setting,
}

impl Asked<'_> {
    async fn ask(&self, suite: &mut Suite<'_>) {
        self.fits(suite);
        self.refuses(suite);
        let diary = self.diary();
        let first = calls::push(suite, &self.scene(Twist::None), self.item, &diary, 1).await;
        let mut findings = astray(&first.heard, first.came.as_ref().err(), &self.file());
        if findings.is_empty() && writes(&first.heard).is_empty() && !matches!(first.came, Ok(PushOutcome::Exists(_))) {
            let remedy = "give the request that must not happen twice the effect `write` and a step";
            findings.push(Finding::of("it writes nothing", self.file(), remedy));
        }
        if let Ok(outcome) = &first.came
            && object(outcome).1.id.is_empty()
        {
            findings.push(Finding::of("the object has no id", self.file(), "answer with the provider's id"));
        }
        let went_well = findings.is_empty();
        let steps: Vec<String> = writes(&first.heard);
        let seen = first.came.as_ref().map_or_else(
            |_| String::new(),
            |outcome| format!("{} {}, steps {}", object(outcome).0, object(outcome).1.id, steps.join(", ")),
        );
        suite.judge(&self.of, "writes in declared steps", seen, findings);
        if !went_well {
            suite.skip(&self.of, "all else", "it does not write");
            return;
        }
        self.repeats(suite, &diary, &first.came).await;
        self.unknown_field(suite, &first.came).await;
        self.errors(suite, &first.heard).await;
    }

    fn file(&self) -> String {
        format!("fixtures/{}", self.placed.file)
    }

    fn scene(&self, twist: Twist) -> Scene<'_> {
        Scene { placed: self.placed, setting: self.setting, twist }
    }

    fn diary(&self) -> Arc<Diary> {
        Arc::new(Diary::of(self.action.multi_step, self.action.idempotency == Idempotency::Key))
    }

    /// What the fixture writes is what a host would let through.
    fn fits(&self, suite: &mut Suite<'_>) {
        let mut findings = Vec::new();
        let remedy = "mend the fixture or the schema: a host refuses this item before the connector sees it";
        if let Some(why) = refusal(&self.action.schema, &self.item.payload) {
            findings.push(Finding::of(format!("the payload does not fit: {why}"), self.file(), remedy));
        }
        match (&self.action.target, &self.item.target) {
            (Some(schema), Some(target)) => {
                if let Some(why) = refusal(schema, target) {
                    findings.push(Finding::of(format!("the target does not fit: {why}"), self.file(), remedy));
                }
            }
            (Some(_), None) => findings.push(Finding::of("there is no target", self.file(), remedy)),
            (None, Some(_)) => findings.push(Finding::of("the action has no target", self.file(), remedy)),
            (None, None) => {}
        }
        findings.extend(self.attachments().map(|what| Finding::of(what, self.file(), remedy)));
        suite.judge(&self.of, "its item fits payload, target and attachments", short(&self.item.payload), findings);
    }

    fn attachments(&self) -> Option<String> {
        let count = u32::try_from(self.item.attachments.len()).unwrap_or(u32::MAX);
        let Some(allowed) = &self.action.attachments else {
            return (count > 0).then(|| format!("{count} attachments, and the action takes none"));
        };
        if count < allowed.min || count > allowed.max {
            return Some(format!("{count} attachments, {} to {} are allowed", allowed.min, allowed.max));
        }
        let fits = |media_type: &str| {
            allowed.types.is_empty()
                || allowed.types.iter().any(|one| match one.strip_suffix('*') {
                    Some(start) => media_type.starts_with(start),
                    None => one == media_type,
                })
        };
        let other = self.item.attachments.iter().find(|file| !fits(&file.media_type))?;
        Some(format!("an attachment of {}, which is none of {}", other.media_type, allowed.types.join(", ")))
    }

    /// A payload of a wrong type never reaches the connector: the schema says no.
    fn refuses(&self, suite: &mut Suite<'_>) {
        let rule = "a payload with a wrong type is refused before anything leaves";
        let Value::Object(members) = &self.item.payload else {
            let finding = Finding::of("the payload is no object", self.file(), "payloads are JSON objects");
            suite.judge(&self.of, rule, "", vec![finding]);
            return;
        };
        let Ok(validator) = compile_schema(&self.action.schema) else { return };
        let mut findings = Vec::new();
        for name in members.keys() {
            let mut wrong = members.clone();
            wrong.insert(name.clone(), json!({ "patchbay-check": [1] }));
            if validator.is_valid(&Value::Object(wrong)) {
                let at = format!("action {}: schema, /properties/{name}", self.action.name);
                findings.push(Finding::of(format!("`{name}` may be anything"), at, "give it a type"));
            }
        }
        if validator.is_valid(&json!([])) || validator.is_valid(&json!("text")) {
            let at = format!("action {}: schema", self.action.name);
            findings.push(Finding::of("the payload may be a list or a text", at, "add \"type\": \"object\""));
        }
        suite.judge(&self.of, rule, format!("{} members", members.len()), findings);
    }

    /// Another attempt of the same item, with the journal of the first.
    async fn repeats(
        &self,
        suite: &mut Suite<'_>,
        diary: &Arc<Diary>,
        first: &Result<PushOutcome, patchbay_model::Failure>,
    ) {
        let again = calls::push(suite, &self.scene(Twist::None), self.item, diary, 2).await;
        let mut findings = Vec::new();
        let remedy = "the same item makes the same requests in the same order: write it straight down, by what `http.send` answers";
        for step in writes(&again.heard) {
            findings.push(Finding::of(format!("the step `{step}` was written a second time"), self.file(), remedy));
        }
        match (first, &again.came) {
            (Ok(one), Ok(other)) if object(one).1 == object(other).1 => {}
            (Ok(one), Ok(other)) => {
                let what =
                    format!("the first attempt wrote {}, the second says {}", object(one).1.id, object(other).1.id);
                findings.push(Finding::of(what, self.file(), remedy));
            }
            (_, Err(failure)) => findings.push(Finding::of(told(failure), self.file(), remedy)),
            (Err(_), Ok(_)) => {}
        }
        suite.judge(&self.of, "a second attempt is a duplicate: same object, no new write", "", findings);
    }

    async fn unknown_field(&self, suite: &mut Suite<'_>, first: &Result<PushOutcome, patchbay_model::Failure>) {
        let rule = "survives an unknown field in every object";
        if let Some(reason) = suite.deviations.unknown_field(&self.of).map(str::to_owned) {
            suite.skip(&self.of, rule, reason);
            return;
        }
        let again = calls::push(suite, &self.scene(Twist::UnknownField), self.item, &self.diary(), 1).await;
        let remedy = "read the members that are needed and let all others be";
        let findings = match (first, &again.came) {
            (Ok(one), Ok(other)) if object(one).1 == object(other).1 => Vec::new(),
            (_, Ok(_)) => vec![Finding::of("the object is another one", self.file(), remedy)],
            (_, Err(failure)) => vec![Finding::of(told(failure), self.file(), remedy)],
        };
        suite.judge(&self.of, rule, "", findings);
    }

    async fn errors(&self, suite: &mut Suite<'_>, good: &Heard) {
        let rows = troubles::rows(good);
        let mut findings = Vec::new();
        for row in &rows {
            let called = calls::push(suite, &self.scene(row.twist()), self.item, &self.diary(), 1).await;
            let came = called.came.as_ref().map(|_| ());
            findings.extend(troubles::judge(suite, &self.of, &self.placed.file, *row, came, &called.heard));
        }
        let seen = format!("{} of {} rows", rows.len() - findings.len(), rows.len());
        suite.judge(&self.of, "errors come out as the right case", seen, findings);
    }
}

/// The steps that were written, each once.
fn writes(heard: &Heard) -> Vec<String> {
    let all = heard.sent.iter().filter(|sent| sent.effect == Effect::Write).filter_map(|sent| sent.step.clone());
    all.collect::<BTreeSet<String>>().into_iter().collect()
}

fn object(outcome: &PushOutcome) -> (&'static str, &Object) {
    match outcome {
        PushOutcome::Created(object) => ("created", object),
        PushOutcome::Updated(object) => ("updated", object),
        PushOutcome::Exists(object) => ("exists", object),
    }
}
