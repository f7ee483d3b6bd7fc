//! Where the key that seals credentials is had from: at the start, and again when keys are rotated.
//!
//! Each source gives the text of a key file. A complaint names the source and what to do, and never a part
//! of what was read.

mod command;

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use patchbay_credentials::KeyRing;
use patchbay_model::{Code, Fault, Random};
use zeroize::Zeroizing;

use crate::config::{Key, ambient};

/// As long as a key file may be.
const LARGEST: usize = 64 * 1024;

/// The source that the configuration names.
#[derive(Debug, Clone)]
pub(crate) struct Source(Key);

impl Source {
    pub(crate) fn of(key: &Key) -> Self {
        Self(key.clone())
    }

    /// The keys at the start. Only a file is made, and only together with a database: a fresh key would
    /// open nothing of an old one.
    ///
    /// # Errors
    /// The source gives no key; says what to do.
    pub(crate) async fn first(&self, database_is_there: bool, random: &dyn Random) -> Result<KeyRing, Fault> {
        match &self.0 {
            Key::File(path) if !database_is_there => Ok(KeyRing::open_or_create(path, random)?),
            _ => self.keys().await,
        }
    }

    /// What the source gives now.
    ///
    /// # Errors
    /// It gives no key; says what to do.
    pub(crate) async fn keys(&self) -> Result<KeyRing, Fault> {
        let read = match &self.0 {
            // The file is looked at more closely than the others: nobody else may read it.
            Key::File(path) => return Ok(KeyRing::open(path)?),
            Key::Environment(name) => environment(name),
            Key::Command(words) => command::output(words, command::LONGEST).await,
            Key::Credential(name) => credential(ambient::credentials_folder(), name),
        };
        read.map_err(|why| self.refusal().operator(why)).and_then(|text| self.ring(&text))
    }

    fn ring(&self, text: &[u8]) -> Result<KeyRing, Fault> {
        KeyRing::from_text(text, &self.0.to_string()).map_err(|error| {
            let why = Fault::from(error).operator;
            let refusal = self.refusal();
            match why {
                Some(why) => refusal.operator(why),
                None => refusal,
            }
        })
    }

    fn refusal(&self) -> Fault {
        Fault::because(Code::ConfigInvalid, format!("The key cannot be had from {} (`{}`)", self.0, self.0.name()))
    }
}

/// For the rotation, which reads the source again.
#[async_trait]
impl patchbay_app::KeySource for Source {
    async fn read(&self) -> Result<KeyRing, Fault> {
        self.keys().await
    }
}

/// The bytes of a variable.
fn environment(name: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    match ambient::variable(name) {
        Some(text) if !text.is_empty() => Ok(Zeroizing::new(text.into_encoded_bytes())),
        _ => {
            Err(format!("this process has no variable {name}; set it to the text of a key file where the host starts"))
        }
    }
}

/// What systemd laid down for this service. Its mode is not looked at: the folder is for the service only,
/// and with an access list the mode shows a group that is not there.
fn credential(folder: Option<PathBuf>, name: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let Some(folder) = folder else {
        return Err(format!(
            "CREDENTIALS_DIRECTORY is not set: systemd sets it for a service whose unit says LoadCredential={name}:FILE"
        ));
    };
    let path = folder.join(name);
    read_file(&path).map_err(|why| format!("{}: {why}; see LoadCredential= of the unit", path.display()))
}

fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let failed = |error: std::io::Error| error.to_string();
    // Asked before opening: a pipe would keep us waiting for its writer.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err("not a regular file".to_owned());
    }
    let mut text = room();
    File::open(path).map_err(failed)?.take(LARGEST as u64 + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() > LARGEST { Err("longer than 64 KiB".to_owned()) } else { Ok(text) }
}

/// Room for the longest text from the start, so that no growing buffer leaves copies behind.
fn room() -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Vec::with_capacity(LARGEST + 64))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::os::unix::fs::PermissionsExt;

    use patchbay_model::SeededRandom;

    use super::*;

    /// A key file's text; `letter` makes the key.
    pub(crate) fn text(letter: &str) -> String {
        format!("patchbay-key 1\n{}\n", format!("{letter}0{letter}1").repeat(16))
    }

    fn keys(key: Key) -> Result<KeyRing, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(Source(key).keys())
    }

    fn first(key: &Key, database_is_there: bool) -> Result<KeyRing, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(Source::of(key).first(database_is_there, &SeededRandom::new(1)))
    }

    fn words(words: &[&str]) -> Key {
        Key::Command(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn a_key_file_is_made_only_together_with_a_database() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = Key::File(folder.path().join("key"));
        assert!(first(&key, true).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
        let made = first(&key, false).expect("made");
        assert_eq!(made.current_number(), first(&key, true).expect("read").current_number());
    }

    #[test]
    fn what_a_command_prints_is_the_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        std::fs::write(&path, text("a")).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("mode set");
        let printed = keys(words(&["cat", &path.to_string_lossy()])).expect("a key");
        assert_eq!(printed.current_number(), keys(Key::File(path)).expect("the same").current_number());
    }

    #[test]
    fn a_source_that_gives_something_else_is_named_and_what_it_gave_is_not() {
        let fault = keys(words(&["echo", "hunter2hunter2"])).expect_err("no key");
        assert_eq!(fault.code, Code::ConfigInvalid);
        let told = format!("{fault:?}");
        assert!(told.contains("the command echo (`key.command`)") && !told.contains("hunter2"), "{told}");
        // PATH is a variable that is there and holds no key.
        let told = format!("{:?}", keys(Key::Environment("PATH".to_owned())).expect_err("no key"));
        assert!(told.contains("the variable PATH (`key.env`)") && !told.contains("/bin"), "{told}");
    }

    #[test]
    fn a_source_that_gives_nothing_says_what_to_do() {
        let told = format!("{:?}", keys(Key::Environment("PATCHBAY_NO_SUCH".to_owned())).expect_err("nothing"));
        assert!(told.contains("no variable PATCHBAY_NO_SUCH; set it"), "{told}");
        assert!(credential(None, "seal").expect_err("no systemd").contains("LoadCredential=seal:FILE"));
    }

    #[test]
    fn a_credential_of_systemd_is_read_from_its_folder_and_with_a_bound() {
        let folder = tempfile::tempdir().expect("a folder");
        let of = |name: &str| credential(Some(folder.path().to_owned()), name);
        std::fs::write(folder.path().join("seal"), text("b")).expect("written");
        assert_eq!(*of("seal").expect("read"), text("b").into_bytes());
        assert!(of("missing").expect_err("not there").contains("LoadCredential="));
        std::fs::write(folder.path().join("long"), vec![b'x'; LARGEST + 1]).expect("written");
        assert!(of("long").expect_err("too long").contains("longer than 64 KiB"));
        std::fs::create_dir(folder.path().join("folder")).expect("made");
        assert!(of("folder").expect_err("no file").contains("not a regular file"));
    }
}
