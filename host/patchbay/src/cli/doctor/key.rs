//! Whether the key that seals credentials can be had, and how safe its place is.

use std::path::Path;

use patchbay_model::Fault;

use super::{Finding, State, private_file};
use crate::{
    config::{Config, Key},
    key_source::Source,
};

const WHAT: &str = "sealing key";

pub(super) fn look(config: &Config) -> Finding {
    let Key::File(path) = &config.key else { return read(&config.key) };
    // A database without its key is the one thing that cannot be mended later.
    if config.database.file().is_some_and(Path::exists) && !path.exists() {
        let detail = format!("{} is missing, and the database is there", path.display());
        let remedy = "restore the key file from your copy; without it the stored credentials cannot be opened";
        return Finding::fail(WHAT, detail, remedy.to_owned());
    }
    let absent = match config.database.file() {
        Some(_) => "made at the first start",
        None => "made at the first start on an empty database; a further node needs a copy of the first one's",
    };
    let finding = private_file(WHAT, path, absent);
    if finding.state == State::Ok && path.exists() { read(&config.key) } else { finding }
}

/// Asks the source as the host does when it starts.
fn read(key: &Key) -> Finding {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Finding::fail(WHAT, format!("no runtime: {error}"), "free some memory".to_owned()),
    };
    judge(key, runtime.block_on(Source::of(key).keys()).map(drop))
}

fn judge(key: &Key, read: Result<(), Fault>) -> Finding {
    match (read, key) {
        (Err(fault), _) => {
            let why = fault.operator.map(|why| format!(": {why}")).unwrap_or_default();
            Finding::fail(WHAT, format!("{}{why}", fault.person), remedy(key).to_owned())
        }
        (Ok(()), Key::Environment(name)) => Finding::warn(
            WHAT,
            format!("the variable {name} holds a key; whoever may read this process's environment has it"),
            "use key.credential, key.command or key.file".to_owned(),
        ),
        (Ok(()), Key::File(path)) => Finding::ok(WHAT, format!("{} holds a key, for its owner only", path.display())),
        (Ok(()), key) => Finding::ok(WHAT, format!("{key} gives a key")),
    }
}

fn remedy(key: &Key) -> &'static str {
    match key {
        Key::File(_) => "restore the key file from your copy",
        Key::Environment(_) => "set the variable to the text of a key file where the host starts",
        Key::Command(_) => "run the command by hand, with PATH and HOME only; it has to print the text of a key file",
        Key::Credential(_) => "look at LoadCredential= of the unit; outside the service the credential is not there",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn finding(text: &str) -> Finding {
        let folder = tempfile::tempdir().expect("a folder");
        let text = format!("data_dir = \".\"\n[key]\n{text}");
        look(&Config::read(Some(&text), folder.path(), &BTreeMap::new()).expect("a configuration"))
    }

    #[test]
    fn a_command_that_gives_a_key_is_fine_and_one_that_does_not_says_how_to_find_out() {
        let printed = crate::key_source::tests::text("c");
        assert_eq!(finding(&format!("command = [\"printf\", {printed:?}]")).state, State::Ok);
        let failed = finding("command = [\"false\"]");
        assert_eq!(failed.state, State::Fail);
        assert!(failed.remedy.expect("a remedy").contains("run the command by hand"));
    }

    #[test]
    fn a_key_in_the_environment_is_never_silent() {
        let key = Key::Environment("SEAL".to_owned());
        assert_eq!(judge(&key, Ok(())).state, State::Warn);
        let missing = finding("env = \"PATCHBAY_NO_SUCH\"");
        assert_eq!(missing.state, State::Fail);
        assert!(missing.detail.contains("PATCHBAY_NO_SUCH"), "{}", missing.detail);
    }

    #[test]
    fn a_database_whose_key_comes_from_elsewhere_needs_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("patchbay.db"), "db").expect("written");
        let printed = crate::key_source::tests::text("d");
        let text = format!("data_dir = \".\"\n[key]\ncommand = [\"printf\", {printed:?}]");
        let config = Config::read(Some(&text), folder.path(), &BTreeMap::new()).expect("a configuration");
        assert_eq!(look(&config).state, State::Ok);
        assert!(!Path::new(&folder.path().join("patchbay.key")).exists());
    }
}
