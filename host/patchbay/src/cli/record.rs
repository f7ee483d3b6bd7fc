//! `patchbay record FILE`: fixtures of a live provider, for `patchbay check` and for tests.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use patchbay_check::{
    Report, Stage, State,
    record::{RecordError, Recorded, Wanted, record},
};
use patchbay_egress::{EgressConfig, Rewrite};
use patchbay_model::{Clock, Secret, SystemClock, SystemRandom};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{check::compiler, package as packing, progress::Progress};
use crate::exit::{Exit, Stop};

const HELP: &str = "\
The connector is run in the sandbox of a host and through its gate: only what its manifest grants is reached, and the credential is \
filled in by the gate, so the connector never sees it. What is written holds no secret, and no e-mail addresses, telephone numbers, \
names, addresses or texts of people: each is replaced by an invented value of the same shape, the same one everywhere, so that the \
fixtures still replay. People are known by the names of members, so this holds for JSON. Answers of another kind (XML, CSV, HTML, \
files) and the files of items are not written at all: something of the same media type stands for them. With --keep-text they are \
written as they came, with whoever is in them. Look through the fixtures before they are published all the same.

Secrets are read from files: `--secret key=@key.txt` for what is entered, `--token access_token=@token.txt` for what a login gave \
(this command does not log in). Items are JSON files like the `push` of a fixture: {\"action\": …, \"target\": …, \"payload\": …}; \
they are really written.

Example:
  patchbay record acme.wasm --auth key --secret key=@key.txt --item note.json --out fixtures";

#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    /// A packaged component.
    file: PathBuf,
    /// The auth method; the manifest's first when it is not given.
    #[arg(long, value_name = "ID")]
    auth: Option<String>,
    /// A plain field of the login, NAME=VALUE.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    field: Vec<(String, String)>,
    /// A secret field of the login, NAME=@FILE.
    #[arg(long, value_name = "NAME=@FILE", value_parser = pair)]
    secret: Vec<(String, String)>,
    /// A token that a login gave, NAME=@FILE.
    #[arg(long, value_name = "NAME=@FILE", value_parser = pair)]
    token: Vec<(String, String)>,
    /// A fact that a login told, NAME=VALUE.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    fact: Vec<(String, String)>,
    /// The account; the first that can be read when it is not given.
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// The connection's settings, a JSON file.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// A correction of the manifest's [config], a JSON file.
    #[arg(long, value_name = "FILE")]
    correction: Option<PathBuf>,
    /// An item to write, a JSON file. It is really written.
    #[arg(long, value_name = "FILE")]
    item: Vec<PathBuf>,
    /// Pages of each stream.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pages: u32,
    /// Records that a page should have.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    page_hint: u32,
    /// Writes answers that are no JSON, and the files of items, as they came: people in them are not replaced.
    #[arg(long)]
    keep_text: bool,
    /// Opens connections to an origin elsewhere, ORIGIN=URL: for a provider of a test.
    #[arg(long, value_name = "ORIGIN=URL", value_parser = pair)]
    rewrite: Vec<(String, String)>,
    /// The folder that the fixtures are written to.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

pub(super) fn run(args: &Args) -> Result<Exit, Stop> {
    let wanted = args.wanted()?;
    let bytes = packing::read(&args.file)?;
    let compiler = compiler()?;
    let egress = EgressConfig { rewrite: args.rewrites(), ..EgressConfig::default() };
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Stop::failed(error.to_string()))?;
    let progress = Progress::begin(format!("recording {}", args.file.display()));
    let (recorded, report) = runtime.block_on(async {
        let stage = Stage::build(&bytes, compiler, egress, Arc::new(SystemClock)).await;
        let stage = stage.map_err(|error| Stop::from(error.fault()))?;
        let recorded = record(&stage, &wanted, SystemClock.now(), &SystemRandom, &args.out).await.map_err(refused)?;
        Ok::<_, Stop>((recorded, patchbay_check::run(&stage, &args.out).await))
    })?;
    drop(progress);
    Ok(tell(&recorded, &report, &args.out))
}

fn refused(error: RecordError) -> Stop {
    match error {
        RecordError::Given(why) => Stop { exit: Exit::Usage, ..Stop::failed(why) },
        error => Stop::failed(error.to_string()),
    }
}

/// What was written, what was not, and whether it replays.
fn tell(recorded: &Recorded, report: &Report, out: &Path) -> Exit {
    for file in &recorded.files {
        println!("{}", file.display());
    }
    for missing in &recorded.missing {
        println!("not recorded: {missing}");
    }
    for withheld in &recorded.withheld {
        println!("not kept as it came: {withheld} (--keep-text keeps it)");
    }
    println!("{} values were replaced by invented ones", recorded.masked);
    if report.passed() {
        println!("all {} checks pass over them", report.checks.len());
        return Exit::Done;
    }
    for check in report.checks.iter().filter(|check| check.state == State::Failed) {
        let what = check.findings.first().map(|finding| finding.what.lines().next().unwrap_or_default());
        println!("{}: {}: {}", check.of, check.rule, what.unwrap_or_default());
    }
    let (failed, all) = (report.failed(), report.checks.len());
    println!("{failed} of {all} checks fail over them; more: patchbay check --fixtures {}", out.display());
    Exit::Failed
}

impl Args {
    fn wanted(&self) -> Result<Wanted, Stop> {
        let mut secrets = BTreeMap::new();
        for (name, value) in self.secret.iter().chain(&self.token) {
            secrets.insert(name.clone(), secret(name, value)?);
        }
        Ok(Wanted {
            auth: self.auth.clone(),
            facts: self.field.iter().chain(&self.fact).cloned().collect(),
            secrets,
            account: self.account.clone(),
            settings: self.settings.as_deref().map(json::<Value>).transpose()?,
            config: self.correction.as_deref().map(json::<Value>).transpose()?,
            items: self.item.iter().map(|file| json(file)).collect::<Result<_, _>>()?,
            pages: self.pages,
            page_hint: self.page_hint,
            keep_text: self.keep_text,
        })
    }

    fn rewrites(&self) -> Vec<Rewrite> {
        let rewrite = |(origin, connect): &(String, String)| Rewrite {
            origin: origin.clone(),
            connect: connect.clone(),
            browser: None,
        };
        self.rewrite.iter().map(rewrite).collect()
    }
}

/// A secret of a file: one on the command line would stand in the shell's history.
fn secret(name: &str, value: &str) -> Result<Secret, Stop> {
    let Some(file) = value.strip_prefix('@') else {
        let why = format!("{name}: secrets are read from files, write {name}=@FILE");
        return Err(Stop { exit: Exit::Usage, ..Stop::failed(why) });
    };
    let text =
        String::from_utf8(packing::read(Path::new(file))?).map_err(|_| Stop::failed(format!("{file} is not UTF-8")))?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn json<T: DeserializeOwned>(file: &Path) -> Result<T, Stop> {
    let bytes = packing::read(file)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Stop { exit: Exit::Usage, ..Stop::failed(format!("{}: {error}", file.display())) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_on_the_command_line_is_refused() {
        let stop = secret("key", "sk-123").expect_err("refused");
        assert_eq!(stop.exit, Exit::Usage);
        assert!(!stop.fault.person.contains("sk-123"), "{:?}", stop.fault);
        assert!(pair("no-value").is_err());
    }
}
