//! The rules, in the order in which they are asked.

mod actions;
mod agreement;
mod calls;
mod discover;
mod finds;
mod limits;
mod others;
mod streams;
mod troubles;

use std::path::Path;

use patchbay_fixture::{Folder, Kind, Placed};
use patchbay_model::Failure;
use serde_json::Value;

use crate::{
    Check, Figures, Finding, Report, Stage, State,
    deviation::Deviations,
    player::Heard,
    reading::told,
    words::{self, Private},
};

/// All that is asked of one connector.
pub(crate) struct Suite<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) folder: Folder,
    pub(crate) deviations: Deviations,
    checks: Vec<Check>,
    pub(crate) figures: Figures,
    /// What it said of itself, and what it must not have said.
    said: Vec<Finding>,
    spoken: u64,
    /// The manifest as text.
    author: String,
}

pub(crate) async fn run(stage: &Stage, fixtures: &Path) -> Report {
    let folder = Folder::read(fixtures);
    let deviations = Deviations::read(fixtures);
    let mut suite = Suite {
        stage,
        folder,
        deviations: deviations.clone().unwrap_or_default(),
        checks: Vec::new(),
        figures: Figures { load_ms: stage.load_ms, compile_ms: stage.compile_ms, ..Figures::default() },
        said: Vec::new(),
        spoken: 0,
        author: serde_json::to_string(stage.manifest()).unwrap_or_default(),
    };
    agreement::agrees(&mut suite);
    agreement::readable(&mut suite, deviations.err());
    let discovered = discover::discover(&mut suite).await;
    others::refuses_what_it_has_not(&mut suite).await;
    others::identify(&mut suite).await;
    for stream in stage.manifest().streams.iter().cloned().chain(discovered) {
        streams::stream(&mut suite, &stream).await;
    }
    for picker in stage.manifest().pickers.clone() {
        others::picker(&mut suite, &picker).await;
    }
    for action in stage.manifest().actions.clone() {
        actions::action(&mut suite, &action).await;
    }
    limits::starts(&mut suite).await;
    limits::says_nothing_private(&mut suite);
    limits::within(&mut suite);
    Report { checks: suite.checks, figures: suite.figures }
}

impl Suite<'_> {
    /// Ends a check: it holds when nothing was found.
    pub(crate) fn judge(&mut self, of: &str, rule: &str, seen: impl Into<String>, findings: Vec<Finding>) {
        let state = if findings.is_empty() { State::Passed } else { State::Failed };
        self.checks.push(Check { of: of.to_owned(), rule: rule.to_owned(), state, seen: seen.into(), findings });
    }

    /// Says why a check cannot be asked.
    pub(crate) fn skip(&mut self, of: &str, rule: &str, why: impl Into<String>) {
        let (of, rule) = (of.to_owned(), rule.to_owned());
        self.checks.push(Check { of, rule, state: State::NotAsked, seen: why.into(), findings: Vec::new() });
    }

    /// The fixtures of a kind, the plain one first.
    pub(crate) fn fixtures(&self, kind: &Kind) -> Vec<Placed> {
        let mut all: Vec<Placed> = self.folder.of(kind).cloned().collect();
        all.sort_by_key(|placed| placed.file.matches('.').count());
        all
    }

    /// Takes in what one run used and said.
    pub(crate) fn note(&mut self, run: &Ran<'_>) {
        let figures = &mut self.figures;
        figures.memory_bytes = figures.memory_bytes.max(run.memory_bytes);
        figures.host_calls = figures.host_calls.max(run.host_calls);
        figures.call_ms = figures.call_ms.max(run.ms);
        figures.calls += run.calls;
        let private = Private::of(&run.heard.bodies, &self.author);
        let mut texts: Vec<(String, String)> =
            run.log.iter().map(|line| (format!("a log line of {}", run.at), line.clone())).collect();
        if let Some(Failure::Connector(error)) = run.failure {
            let info = error.info();
            let at = |what: &str| format!("{what} of {} in {}", error.case(), run.at);
            texts.push((at("the message"), info.message.clone()));
            texts.extend(info.detail.clone().map(|detail| (at("the detail"), detail)));
            texts.extend(info.fields.iter().map(|field| (at("a field"), field.message.clone())));
        }
        for (at, text) in texts {
            self.spoken += 1;
            if let Some(finding) = words::judge(&private, &text, &at)
                && !self.said.contains(&finding)
            {
                self.said.push(finding);
            }
        }
    }
}

/// One run, for the figures and for what it said.
pub(crate) struct Ran<'a> {
    /// Which call, for a person.
    pub(crate) at: String,
    pub(crate) heard: &'a Heard,
    pub(crate) log: &'a [String],
    pub(crate) failure: Option<&'a Failure>,
    pub(crate) memory_bytes: usize,
    pub(crate) host_calls: u32,
    pub(crate) ms: u64,
    pub(crate) calls: u64,
}

/// What a run that should have gone well says about the fixture and the manifest.
pub(crate) fn astray(heard: &Heard, failure: Option<&Failure>, file: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for wrong in &heard.wrong {
        let remedy = "record the exchange, or mend the request: method, address, header, body, effect, step and credential are compared";
        findings.push(Finding::of(
            format!("the connector asked what the fixture does not have: {wrong}"),
            file,
            remedy,
        ));
    }
    match failure {
        Some(Failure::Denied(why)) if !why.starts_with(crate::player::BEYOND) => {
            findings.push(Finding::of(
                format!("the gate refuses a request: {why}"),
                file,
                "add what it names to connector.toml, or do not ask",
            ));
        }
        Some(failure) if heard.wrong.is_empty() => {
            findings.push(Finding::of(
                told(failure),
                file,
                "the fixture is what a provider answers on a good day: the call has to go well",
            ));
        }
        Some(_) | None => {}
    }
    if failure.is_none() && heard.wrong.is_empty() && !heard.unused.is_empty() {
        let what = format!("answers that nobody asked for:\n{}", heard.unused.join("\n"));
        findings.push(Finding::of(what, file, "take them out of the fixture, or ask for them"));
    }
    findings
}

/// The finding for what has no fixture.
pub(crate) fn no_fixture(file: &str) -> Finding {
    let remedy = "write it, or have it written by `patchbay record`; the format is in .patchbay/manifest.md, Fixtures";
    Finding::of("no fixture", format!("fixtures/{file}"), remedy)
}

/// A value of a JSON document, short enough for a line.
pub(crate) fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 80 { text } else { format!("{}…", text.chars().take(80).collect::<String>()) }
}
