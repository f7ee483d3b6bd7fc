//! One round: build, try, put into the host, read with it.

use std::{sync::Arc, time::Instant};

use patchbay_check::{
    Stage, State,
    perform::{Ask, Provider, perform},
};
use patchbay_egress::EgressConfig;
use patchbay_model::{
    Clock, SystemClock, SystemRandom,
    manifest::{Auth, AuthKind, FieldKind, Manifest},
};
use serde_json::{Map, Value, json};

use super::{host::DevHost, replay::Replay};
use crate::{
    cli::{
        answer::{cell, rows},
        build::{self, Project},
        check::compiler,
        given::Given,
        package as packing, packed, run,
    },
    exit::Stop,
};

/// How long the runs of a round are waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);
/// What stands in for a field that nobody entered.
const MADE_UP: &str = "recorded";

/// The rounds of one command.
pub(super) struct Rounds<'a> {
    project: &'a Project,
    given: &'a Given,
    live: bool,
    count: u32,
    connection: Option<String>,
}

impl<'a> Rounds<'a> {
    pub(super) fn of(project: &'a Project, given: &'a Given, live: bool) -> Self {
        Self { project, given, live, count: 0, connection: None }
    }

    /// Does one; whether all of it went well. What did not is told, and the host keeps what it had.
    pub(super) fn next(&mut self, host: &DevHost, replay: Option<&Replay>) -> bool {
        self.count += 1;
        let went_well = self.round(host).unwrap_or_else(|stop| {
            stop.print();
            println!("the release before stays");
            false
        });
        for missed in replay.map(Replay::missed).unwrap_or_default() {
            println!("not recorded: {missed}");
        }
        went_well
    }

    fn round(&mut self, host: &DevHost) -> Result<bool, Stop> {
        let begun = Instant::now();
        let manifest = packed::manifest(self.project)?;
        let component = packing::read(&build::build(self.project, &mut |line| println!("  {line}"))?)?;
        println!("built in {} ms", begun.elapsed().as_millis());
        let bytes = packing::pack(&component, &manifest)?;
        let tried = self.tries(&bytes, &manifest)?;
        let installed = self.install(host, &component, &manifest)?;
        Ok(tried & installed & self.sync(host, &manifest)?)
    }

    /// Calls everything once, and asks the suite.
    fn tries(&self, bytes: &[u8], manifest: &Manifest) -> Result<bool, Stop> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Stop::failed(error.to_string()))?;
        let fixtures = self.project.fixtures();
        runtime.block_on(async {
            let egress = if self.live { self.given.egress() } else { EgressConfig::default() };
            let stage = Stage::build(bytes, compiler()?, egress, Arc::new(SystemClock)).await;
            let stage = stage.map_err(|error| Stop::from(error.fault()))?;
            let wanted = self.given.wanted(1, 100)?;
            let provider = if self.live {
                Provider::Live { wanted: &wanted, now: SystemClock.now(), random: &SystemRandom }
            } else {
                Provider::Recorded { folder: &fixtures, fixture: None }
            };
            let mut went_well = true;
            for ask in self.asks(manifest) {
                println!("\n{}", ask.title());
                match perform(&stage, &ask, &provider).await {
                    Ok(performed) => {
                        went_well &= performed.failure.is_none() && performed.unknown.is_empty();
                        print!("{}", indented(&run::told::brief(&performed)));
                        print!("{}", indented(&run::told::stats(&performed, manifest.limits)));
                    }
                    Err(error) => {
                        went_well = false;
                        println!("  {error}");
                    }
                }
            }
            if fixtures.is_dir() {
                let report = patchbay_check::run(&stage, &fixtures).await;
                let passed = report.count(State::Passed);
                println!("\n{passed} checks pass, {} fail", report.failed());
                for check in report.checks.iter().filter(|check| check.state == State::Failed) {
                    for finding in &check.findings {
                        println!(
                            "  {}: {}\n    {}\n    remedy: {}",
                            check.of,
                            check.rule,
                            finding.what.replace('\n', "\n    "),
                            finding.remedy
                        );
                    }
                }
                went_well &= report.passed();
            }
            Ok(went_well)
        })
    }

    /// What is called in a round. Nothing is written at a real provider.
    fn asks(&self, manifest: &Manifest) -> Vec<Ask> {
        let streams = manifest.streams.iter().map(|stream| Ask::Read { stream: stream.name.clone(), pages: None });
        let pickers = manifest.pickers.iter().filter(|picker| picker.from_stream.is_none());
        let pickers = pickers.map(|picker| Ask::Pick { picker: picker.name.clone(), query: None });
        let actions = manifest.actions.iter().filter(|_| !self.live);
        let actions = actions.map(|action| Ask::Push { action: action.name.clone(), item: None });
        std::iter::once(Ask::Identify).chain(streams).chain(pickers).chain(actions).collect()
    }

    /// Puts it into the host, under a version that counts the rounds: the same version with other bytes is refused.
    fn install(&self, host: &DevHost, component: &[u8], manifest: &Manifest) -> Result<bool, Stop> {
        let mut manifest = manifest.clone();
        manifest.version =
            format!("{}-dev.{}", manifest.version.split(['-', '+']).next().unwrap_or_default(), self.count);
        if !self.live {
            // What is made up fits no pattern.
            for field in manifest.auths.iter_mut().flat_map(|auth| &mut auth.fields) {
                field.pattern = None;
            }
        }
        let bytes = packing::pack(component, &manifest)?;
        let begun = Instant::now();
        let operator = host.operator()?;
        let mut installed = operator.post("/v1/connectors", "application/wasm", &bytes)?;
        if let Some(release) = waits(&installed) {
            println!("\nit asks for more than before:");
            for line in installed.get("asks_beyond").and_then(Value::as_array).into_iter().flatten() {
                println!("  - {}", cell(Some(line)));
            }
            installed = operator.post(&format!("/v1/releases/{release}/approve"), "application/json", b"{}")?;
        }
        let state = installed.get("state").or_else(|| installed.pointer("/release/state"));
        println!(
            "\n{} {} is {} in the host after {} ms",
            manifest.id,
            manifest.version,
            cell(state),
            begun.elapsed().as_millis()
        );
        Ok(true)
    }

    /// Makes the connection where there is none, and reads its streams.
    fn sync(&mut self, host: &DevHost, manifest: &Manifest) -> Result<bool, Stop> {
        let client = host.tenant()?;
        let connection = match &self.connection {
            Some(connection) => {
                // A stream that the change brought is the connection's only once it was looked at again.
                let again = format!("/v1/connections/{connection}/identify");
                if let Err(stop) = client.post(&again, "application/json", b"{}") {
                    println!("  looked at again: {}", stop.fault.person);
                }
                connection.clone()
            }
            None => {
                let form = manifest.auths.iter().find(|auth| auth.kind == AuthKind::Fields);
                let Some(auth) = form else {
                    let wanted = json!({ "connector": manifest.id }).to_string();
                    let session = client.post("/v1/connect-sessions", "application/json", wanted.as_bytes())?;
                    println!("connect it in a browser: {}", cell(session.get("url")));
                    return Ok(true);
                };
                let wanted =
                    json!({ "connector": manifest.id, "auth": auth.id, "fields": self.fields(auth) }).to_string();
                let made = client.post("/v1/connections", "application/json", wanted.as_bytes())?;
                let id = made.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
                println!("connected: {} is {}", cell(made.get("name")), cell(made.get("state")));
                self.connection.insert(id).clone()
            }
        };
        let syncs = client.get(&format!("/v1/connections/{connection}/syncs"))?;
        let mut runs = Vec::new();
        for sync in rows(&syncs).iter().filter(|sync| sync.get("enabled") == Some(&json!(true))) {
            let id = cell(sync.get("id"));
            let run = client.post(&format!("/v1/syncs/{id}/run"), "application/json", b"{}")?;
            runs.push((cell(sync.get("stream")), cell(run.get("run"))));
        }
        let (mut went_well, begun) = (true, Instant::now());
        for (stream, run) in runs {
            let ended = loop {
                let state = client.get(&format!("/v1/runs/{run}"))?;
                if state.get("ended_at").is_some_and(Value::is_string) || begun.elapsed() > PATIENCE {
                    break state;
                }
                std::thread::sleep(std::time::Duration::from_millis(50));
            };
            let state = cell(ended.get("state"));
            went_well &= state == "done";
            println!(
                "  {stream}: {state}, {} records, {} of them new or changed",
                cell(ended.get("records")),
                cell(ended.get("changed"))
            );
            if let Some(reason) = ended.get("reason").filter(|reason| !reason.is_null()) {
                println!("    {reason}");
            }
            if let Some(operator) = ended.get("operator").and_then(Value::as_str) {
                println!("    {}", operator.replace('\n', "\n    "));
            }
        }
        Ok(went_well)
    }

    /// What a person would type.
    fn fields(&self, auth: &Auth) -> Map<String, Value> {
        let facts =
            patchbay_check::fixture::Folder::read(&self.project.fixtures()).defaults.context.facts.unwrap_or_default();
        let mut fields = Map::new();
        for field in &auth.fields {
            let given = self.given.entered(&field.id).or_else(|| facts.get(&field.id).cloned());
            let made_up = || match (field.kind, field.options.first()) {
                (FieldKind::Select, Some(first)) => first.clone(),
                (FieldKind::Date, _) => "2026-11-21".to_owned(),
                (FieldKind::Origin, _) => "https://recorded.example".to_owned(),
                _ => MADE_UP.to_owned(),
            };
            fields.insert(field.id.clone(), json!(given.unwrap_or_else(made_up)));
        }
        fields
    }
}

/// The release that waits because it asks for more.
fn waits(installed: &Value) -> Option<String> {
    let asks = installed.get("asks_beyond").and_then(Value::as_array).is_some_and(|asks| !asks.is_empty());
    let id = installed.pointer("/release/id").or_else(|| installed.get("id")).and_then(Value::as_str);
    id.filter(|_| asks).map(str::to_owned)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") }).collect()
}
