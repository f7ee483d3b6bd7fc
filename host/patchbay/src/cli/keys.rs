//! `patchbay keys new|rotate|status`: a new key that seals credentials, taken into use while the host serves.

use std::{
    io::{IsTerminal, Write},
    path::Path,
    time::Duration,
};

use clap::Subcommand;
use patchbay_model::{Code, Fault, SystemRandom};
use serde_json::{Value, json};

use super::{
    answer::cell,
    client::{Client, HostArgs},
};
use crate::{
    config::{Config, Key},
    exit::{Exit, Stop},
};

const ROTATION: &str = "/v1/key-rotation";
/// Between two looks at a rotation that goes on.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    host: HostArgs,
    /// Print JSON: the API's own, where the host is asked.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Put a fresh key on top of the key file; the one before stays and opens what it sealed.
    New,
    /// Have the running host read its key again and seal everything with it.
    Rotate {
        /// Show how far it is, and end when it has ended.
        #[arg(long)]
        wait: bool,
    },
    /// How far the last rotation is.
    Status,
}

pub(super) fn run(args: Args, config: Option<&Path>) -> Result<Exit, Stop> {
    let Args { host, json, action } = args;
    if matches!(action, Action::New) {
        let path = new_key(&Config::load(config)?.key)?;
        if json {
            println!("{:#}", json!({"file": path, "next": "patchbay keys rotate"}));
        } else {
            println!("{path} has a new key on top. Copy the file to its safe place, then: patchbay keys rotate");
        }
        return Ok(Exit::Done);
    }
    let client = Client::of(host, config)?;
    let mut answer = match action {
        Action::Rotate { .. } => client.post(ROTATION, "application/json", b"")?,
        _ => client.get(ROTATION)?,
    };
    if matches!(action, Action::Rotate { wait: true }) {
        answer = ended(answer, LOOK_AGAIN, || client.get(ROTATION))?;
    }
    if json {
        println!("{answer:#}");
    } else {
        print!("{}", describe(&answer));
        if matches!(action, Action::Rotate { wait: false }) && state(&answer) == "running" {
            println!("It goes on by itself; how far it is: patchbay keys status");
        }
    }
    Ok(if state(&answer) == "failed" { Exit::Failed } else { Exit::Done })
}

/// Shows a rotation until it has ended, and what it ended with.
fn ended(first: Value, again: Duration, look: impl Fn() -> Result<Value, Stop>) -> Result<Value, Stop> {
    let (mut answer, mut shown) = (first, Shown::default());
    while state(&answer) == "running" {
        shown.show(&answer);
        std::thread::sleep(again);
        answer = look()?;
    }
    Ok(answer)
}

/// Adds a key to the file of the configuration; what is no file is the operator's own to change.
fn new_key(key: &Key) -> Result<String, Stop> {
    let by_hand = match key {
        Key::File(path) if path.exists() => {
            patchbay_credentials::seal::file::add_key(path, &SystemRandom).map_err(Fault::from)?;
            return Ok(path.display().to_string());
        }
        Key::File(path) => return Err(refused(format!("{} is made at the first start", path.display()))),
        Key::Environment(_) => "in the text of the variable, and start the host again",
        Key::Command(_) => "where the command has it from",
        Key::Credential(_) => "in the file that LoadCredential= names, and start the service again",
    };
    Err(refused(format!(
        "The key comes from {key}, which is yours to change: add a line of 64 random hex digits (openssl rand -hex 32) \
         below the line `patchbay-key 1` and above the other keys, {by_hand}; then: patchbay keys rotate"
    )))
}

fn refused(text: String) -> Stop {
    Stop { exit: Exit::Refused, fault: Fault::because(Code::Internal, text) }
}

fn state(answer: &Value) -> &str {
    answer.get("state").and_then(Value::as_str).unwrap_or_default()
}

fn count<'a>(answer: &'a Value, of: &str, field: &str) -> Option<&'a Value> {
    answer.get(of).and_then(|counts| counts.get(field))
}

/// One line of how far it is.
fn progress(answer: &Value) -> String {
    let of = |name: &str, done: &str| {
        format!("{} of {}", cell(count(answer, name, done)), cell(count(answer, name, "total")))
    };
    format!("data keys {}, values {}", of("data_keys", "rewrapped"), of("values", "resealed"))
}

fn describe(answer: &Value) -> String {
    let field = |name: &str| cell(answer.get(name));
    let mut text = String::new();
    let mut line = |name: &str, value: String| text.push_str(&format!("{name:<10} {value}\n"));
    line("state", field("state"));
    line("key", field("key"));
    line("began", field("started_at"));
    line("ended", field("finished_at"));
    line("sealed", progress(answer));
    if let Some(unread) = count(answer, "values", "unreadable").filter(|count| count.as_u64() != Some(0)) {
        line("unreadable", format!("{} values, each named in the host's log", cell(Some(unread))));
    }
    line("retiring", format!("{} data keys still open what is not sealed again", field("retiring")));
    if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
        let (code, title) = (cell(error.get("code")), cell(error.get("title")));
        line("error", format!("{code} {title}; more: patchbay explain {code}"));
    }
    text
}

/// A line on standard error that is written over, only where a person looks.
#[derive(Default)]
struct Shown(bool);

impl Shown {
    fn show(&mut self, answer: &Value) {
        let mut err = std::io::stderr();
        if err.is_terminal() {
            self.0 = true;
            let _ = write!(err, "\r\x1b[2K{}", progress(answer)).and_then(|()| err.flush());
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if self.0 {
            eprint!("\r\x1b[2K");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::PermissionsExt, path::PathBuf};

    use patchbay_credentials::KeyRing;

    use super::*;

    #[test]
    fn a_new_key_is_on_top_and_the_one_before_still_opens() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        let before = KeyRing::open_or_create(&path, &SystemRandom).expect("made");
        new_key(&Key::File(path.clone())).expect("added");
        let after = KeyRing::open(&path).expect("read");
        assert_ne!(after.current_number(), before.current_number());
        assert!(after.fits(&before.check_value()), "the key before is kept");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_file_is_not_made_by_adding_to_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        assert_eq!(new_key(&Key::File(path.clone())).expect_err("none yet").exit, Exit::Refused);
        assert!(!path.exists());
    }

    #[test]
    fn another_source_is_refused_with_what_to_do_by_hand() {
        for key in [
            Key::Environment("SEAL".to_owned()),
            Key::Command(vec!["pass".to_owned(), "show".to_owned()]),
            Key::Credential("seal".to_owned()),
        ] {
            let stop = new_key(&key).expect_err("not ours");
            assert_eq!(stop.exit, Exit::Refused);
            assert!(stop.fault.person.contains("openssl rand -hex 32"), "{}", stop.fault.person);
            assert!(stop.fault.person.contains(&key.to_string()), "{}", stop.fault.person);
        }
        assert!(new_key(&Key::File(PathBuf::from("/no/such/key"))).is_err());
    }

    #[test]
    fn waiting_ends_with_the_rotation_and_when_the_host_is_gone() {
        let looks = std::cell::RefCell::new(vec![json!({"state": "idle"}), json!({"state": "running"})]);
        let look = || looks.borrow_mut().pop().ok_or_else(|| Stop::failed("the host is gone"));
        let running = || json!({"state": "running"});
        assert_eq!(ended(running(), Duration::ZERO, look).expect("it ends"), json!({"state": "idle"}));
        assert_eq!(ended(running(), Duration::ZERO, look).expect_err("gone").exit, Exit::Failed);
        assert_eq!(ended(json!({"state": "failed"}), Duration::ZERO, look).expect("over"), json!({"state": "failed"}));
    }

    #[test]
    fn a_rotation_tells_how_far_it_is_and_why_it_failed() {
        let answer = json!({"state": "failed", "started_at": "2026-11-21T20:00:00Z", "finished_at": null,
            "key": "00112233445566aa", "data_keys": {"total": 3, "rewrapped": 3},
            "values": {"total": 900, "resealed": 120, "unreadable": 1}, "retiring": 2,
            "error": {"code": "PB7002", "title": "The database did not take it"}});
        assert_eq!(progress(&answer), "data keys 3 of 3, values 120 of 900");
        let text = describe(&answer);
        assert!(text.contains("state      failed\nkey        00112233445566aa\n"), "{text}");
        assert!(text.contains("unreadable 1 values"), "{text}");
        assert!(text.ends_with("PB7002 The database did not take it; more: patchbay explain PB7002\n"), "{text}");
    }
}
