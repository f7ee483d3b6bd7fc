//! One round: build, try, put into the host, read with it.

use std::{sync::Arc, time::Instant};

use patchbay_check::{
    Stage, State,
    perform::{Ask, Provider, perform},
};
use patchbay_egress::EgressConfig;
use patchbay_model::{Clock, SystemClock, SystemRandom, manifest::Manifest};
use serde_json::Value;

use super::{host::DevHost, replay::Replay, watch::Events};
use crate::{
    cli::{
        answer::cell,
        build::{self, Project},
        check::{compiled, compiler},
        given::Given,
        package as packing, packed,
        progress::Progress,
        run,
    },
    exit::Stop,
};

/// The rounds of one command.
pub(super) struct Rounds<'a> {
    pub(super) project: &'a Project,
    pub(super) given: &'a Given,
    pub(super) live: bool,
    count: u32,
    pub(super) connection: Option<String>,
    /// One that was made and does not have yet what it is to be set to, with what the host said of it.
    pub(super) unset: Option<(String, Value)>,
}

impl<'a> Rounds<'a> {
    pub(super) fn of(project: &'a Project, given: &'a Given, live: bool) -> Self {
        Self { project, given, live, count: 0, connection: None, unset: None }
    }

    /// Does one; whether all of it went well. What did not is told, and the host keeps what it had.
    pub(super) fn next(&mut self, host: &DevHost, replay: Option<&Replay>, events: &Events) -> bool {
        self.count += 1;
        // A tool that ended by the author's Ctrl-C is nothing to tell.
        let told = |stop: &Stop, and: &str| {
            if !events.stopped() {
                stop.print();
                print!("{and}");
            }
        };
        let went_well = match self.round(host) {
            Err(stop) => {
                told(&stop, "the release before stays\n");
                false
            }
            Ok((manifest, went_well)) => {
                let synced = self.sync(host, &manifest);
                went_well
                    & synced.unwrap_or_else(|stop| {
                        told(&stop, "");
                        false
                    })
            }
        };
        for missed in replay.map(Replay::missed).unwrap_or_default() {
            println!("not recorded: {missed}");
        }
        went_well
    }

    /// Builds, tries and installs it; the manifest, and whether all of that went well.
    fn round(&mut self, host: &DevHost) -> Result<(Manifest, bool), Stop> {
        let begun = Instant::now();
        let manifest = packed::manifest(self.project)?;
        let component = packing::read(&build::build(self.project, &mut |line| println!("  {line}"))?)?;
        println!("built in {} ms", begun.elapsed().as_millis());
        let bytes = packing::pack(&component, &manifest)?;
        let tried = self.tries(&bytes, &manifest)?;
        let installed = self.install(host, &component, &manifest)?;
        Ok((manifest, tried & installed))
    }

    /// Calls everything once, and asks the suite.
    fn tries(&self, bytes: &[u8], manifest: &Manifest) -> Result<bool, Stop> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Stop::failed(error.to_string()))?;
        let fixtures = self.project.fixtures();
        runtime.block_on(async {
            let egress = if self.live { self.given.egress() } else { EgressConfig::default() };
            let compiling = Progress::begin("making it ready");
            let stage = Stage::build(bytes, compiler()?, compiled(false)?, egress, Arc::new(SystemClock)).await;
            drop(compiling);
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
                let checking = Progress::begin("checking it");
                let report = patchbay_check::run(&stage, &fixtures).await;
                drop(checking);
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
        let installing = Progress::begin("the host makes it ready");
        let mut installed = operator.post("/v1/connectors", "application/wasm", &bytes)?;
        drop(installing);
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
