//! The whole way of a new author, through the command line only: from `patchbay new` to a connector that a host of an operator
//! reads and writes with.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use patchbay_test_support::{
    Result, Trouble,
    fakes::{FakesConfig, notebook, registry::Registry},
    wait_until,
};
use serde_json::{Value, json};

use crate::{
    RigSetup, Tenant, patchbay, patchbay_command,
    tenant::{at, items},
};

/// What the connector is called.
const NAME: &str = "acme.day-notes";
const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);

/// What each step took and what came of it, for a table.
#[derive(Debug, Default)]
pub struct Walked {
    /// Command and milliseconds, in their order.
    pub steps: Vec<(String, u128)>,
    /// `patchbay check --json`.
    pub checked: Value,
    /// `patchbay package --json`.
    pub packaged: Value,
}

/// A person with an empty folder.
struct Author {
    project: PathBuf,
    thorough: bool,
    walked: Walked,
}

/// Walks it in one language. `prepare` may put files of the machine into the project before its first build, e.g. where cargo
/// keeps what it made.
///
/// # Errors
///
/// A command fails or says something else; the text has what it said.
pub fn author(language: &str, prepare: impl FnOnce(&Path) -> Result<()>) -> Result<Walked> {
    let folder = tempfile::tempdir()?;
    let mut author = Author { project: folder.path().to_owned(), thorough: false, walked: Walked::default() };
    author.says(&["new", NAME, "--lang", language, "--dir", "project"])?;
    author.project = folder.path().join("project");
    prepare(&author.project)?;
    author.says(&["build"])?;
    author.walked.checked = author.json(&["check", "--json"])?;
    if *at(&author.walked.checked, "ok") != json!(true) {
        return Err(Trouble::new(format!("the suite: {:#}", author.walked.checked)));
    }
    let read = author.json(&["run", "fetch", "notes", "--json"])?;
    if at(at(&read, "answer"), "records").as_array().map(Vec::len) != Some(3) {
        return Err(Trouble::new(format!("patchbay run: {read:#}")));
    }
    // These commands do nothing that depends on the language, and each of them has the component compiled once more.
    author.thorough = language == "rust";
    if author.thorough {
        let round = author.says(&["dev", "--once"])?;
        if !round.contains("notes: done, 3 records") {
            return Err(Trouble::new(format!("patchbay dev: {round}")));
        }
        author.stays_here()?;
    }
    author.walked.packaged = author.json(&["package", "--out", "day-notes.wasm", "--json"])?;
    let key = author.json(&["publishers", "--json", "keygen", "acme.key"])?;
    author.says(&["sign", "day-notes.wasm", "--key", "acme.key"])?;
    let registry = Registry::start()?;
    let reference = format!("{}/acme/day-notes:0.1.0", registry.host());
    let published = author.json(&["publish", &reference, "day-notes.wasm", "--json"])?;
    if at(&published, "signed_by") != at(&key, "fingerprint") {
        return Err(Trouble::new(format!("it is not published as its author's: {published:#}")));
    }
    if author.thorough {
        // Once more, for a person: a host has to be told that it is asked without TLS.
        let told = author.says(&["publish", &reference, "day-notes.wasm"])?;
        if !told.contains(&format!("registries.allowed and registries.plain_http have {}", registry.host())) {
            return Err(Trouble::new(format!("patchbay publish: {told}")));
        }
    }
    author.operate(at(&key, "fingerprint").as_str().unwrap_or_default())?;
    Ok(author.walked)
}

impl Author {
    /// An operator, who takes nothing that is not signed, installs it; a person connects it, reads and writes.
    fn operate(&mut self, fingerprint: &str) -> Result<()> {
        let fakes = FakesConfig { also: vec![notebook::also()], ..FakesConfig::small() };
        let more = "[connectors]\nunsigned = \"refuse\"\n".to_owned();
        let rig = RigSetup { fakes: Some(fakes), more, ..RigSetup::default() }.start()?;
        let config = rig.host.config_path();
        let (host, config) = (rig.host.base(), config.to_string_lossy().into_owned());
        let install = ["--config", &config, "connectors", "--host", &host, "install", "day-notes.wasm"];
        let refused = self.run(&install)?;
        if refused.0 || !refused.1.contains(fingerprint) {
            return Err(Trouble::new(format!("a key that nobody trusts was taken: {}", refused.1)));
        }
        self.says(&[&install[..], &["--trust-key", fingerprint]].concat())?;

        let stand = rig.fakes.stand::<notebook::Notebook>().ok_or_else(|| Trouble::new("no notebook"))?;
        let provider = &stand.provider;
        if self.thorough {
            self.ask_the_provider(&provider.key(), &stand.plain, || provider.notes().len())?;
        }
        let tenant = rig.tenant("A")?;
        let made =
            tenant.api.post("/v1/connections", &json!({ "connector": NAME, "fields": { "key": provider.key() } }))?;
        let connection = made.expect(201)?.text_at("/id")?;
        let begun = Instant::now();
        tenant.settled()?;
        self.took("sync", begun);
        holds(&tenant, &connection, "notes", provider.notes().len())?;
        holds(&tenant, &connection, "notebooks", 3)?;

        let begun = Instant::now();
        let push = json!({ "connection": connection, "action": "note", "key": "one",
            "target": { "id": "nb-2" }, "payload": { "text": "Call back on Monday." } });
        let push = tenant.api.post("/v1/pushes", &push)?.expect(201)?.text_at("/id")?;
        let ended = tenant.push_is(&push, &["done", "failed", "unknown"])?;
        self.took("push", begun);
        let notes = provider.notes();
        let written: Vec<_> = notes.iter().filter(|note| note.text == "Call back on Monday.").collect();
        let [note] = written.as_slice() else { return Err(Trouble::new(format!("not written once: {ended}"))) };
        if *at(at(&ended, "object"), "id") != json!(note.id.to_string()) || note.reference.is_none() {
            return Err(Trouble::new(format!("{note:?} is not {ended}")));
        }
        // Only what changed is read again.
        let run = tenant.ended(&tenant.run(&tenant.sync(&connection, "notes")?)?)?;
        if *at(&run, "state") != json!("done") {
            return Err(Trouble::new(format!("the second run: {run}")));
        }
        holds(&tenant, &connection, "notes", notes.len())
    }

    /// With recorded answers nobody is asked, whatever the manifest names by now, and whatever the shell says to another host.
    fn stays_here(&mut self) -> Result<()> {
        const ELSEWHERE: &str = "https://api.elsewhere.example";
        let was = ["connector.toml", "src/lib.rs"].map(|file| self.project.join(file));
        let before = was.iter().map(std::fs::read_to_string).collect::<std::io::Result<Vec<_>>>()?;
        for (file, text) in was.iter().zip(&before) {
            std::fs::write(file, text.replace(notebook::ORIGIN, ELSEWHERE))?;
        }
        let mut dev = patchbay_command(&self.project, &["dev", "--once"])?;
        let done = dev.env("PATCHBAY_DATABASE__URL", "postgres://127.0.0.1:1/none").output()?;
        let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        for (file, text) in was.iter().zip(&before) {
            std::fs::write(file, text)?;
        }
        if done.status.success() || !said.contains(&format!("not recorded: GET {ELSEWHERE}/v1/")) {
            return Err(Trouble::new(format!("patchbay dev with an origin that nothing is recorded of: {said}")));
        }
        Ok(())
    }

    /// With a key, the provider itself: a call that is shown, its answers written down, and a round with all of its `notes`.
    fn ask_the_provider(&mut self, key: &str, provider: &str, notes: impl Fn() -> usize) -> Result<()> {
        std::fs::write(self.project.join("key.txt"), key)?;
        let note = json!({ "action": "note", "target": { "id": "nb-1" }, "payload": { "text": "Recorded." } });
        std::fs::write(self.project.join("note.json"), note.to_string())?;
        let rewrite = format!("{}={provider}", notebook::ORIGIN);
        let live = ["--secret", "key=@key.txt", "--rewrite", &rewrite];
        let read = self.json(&[&["run", "fetch", "notes", "--pages", "2", "--json"], &live[..]].concat())?;
        if at(at(&read, "answer"), "records").as_array().map(Vec::len) != Some(200) {
            return Err(Trouble::new(format!("patchbay run at the provider: {read:#}")));
        }
        let said = self.says(&[&["record", "--item", "note.json", "--out", "recorded"], &live[..]].concat())?;
        if said.contains(key) || !self.project.join("recorded/actions/note.found.json").is_file() {
            return Err(Trouble::new(format!("patchbay record: {said}")));
        }
        // The host beside is sent to the same place as the calls that are tried. There is one more by now: it was recorded.
        let notes = notes();
        let round = self.says(&[&["dev", "--once"], &live[..]].concat())?;
        if !round.contains(&format!("notes: done, {notes} records")) {
            return Err(Trouble::new(format!("patchbay dev at the provider: {round}")));
        }
        Ok(())
    }

    /// A command that has to work.
    fn says(&mut self, arguments: &[&str]) -> Result<String> {
        let begun = Instant::now();
        let (worked, said) = self.run(arguments)?;
        self.took(&format!("patchbay {}", arguments.join(" ")), begun);
        if worked { Ok(said) } else { Err(Trouble::new(format!("patchbay {}: {said}", arguments.join(" ")))) }
    }

    /// What a command says, as JSON.
    fn json(&mut self, arguments: &[&str]) -> Result<Value> {
        let begun = Instant::now();
        let output = patchbay(&self.project, arguments)?;
        self.took(&format!("patchbay {}", arguments.join(" ")), begun);
        serde_json::from_slice(&output.stdout).map_err(|error| {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            Trouble::new(format!("patchbay {}: {error}: {said}", arguments.join(" ")))
        })
    }

    /// Whether it worked, and all that it said.
    fn run(&self, arguments: &[&str]) -> Result<(bool, String)> {
        let output = patchbay(&self.project, arguments)?;
        let said = [output.stdout, output.stderr].concat();
        Ok((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
    }

    fn took(&mut self, what: &str, begun: Instant) {
        self.walked.steps.push((what.to_owned(), begun.elapsed().as_millis()));
    }
}

/// Waits until so many records of a stream are there.
fn holds(tenant: &Tenant, connection: &str, stream: &str, wanted: usize) -> Result<()> {
    wait_until(&format!("{wanted} records of {stream}"), LIMIT, || {
        let path = format!("/v1/connections/{connection}/records/{stream}?limit=1000");
        Ok((items(&tenant.api, &path)?.len() == wanted).then_some(()))
    })
}
