//! Connectors come out of registries as what they were published, or not at all.
//!
//! The registry is the project's own (`patchbay_fakes::registry`), and can lie. The author's part is `patchbay publish`,
//! the operator's the API.

mod lies;
mod logins;
mod publish;

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use patchbay_it::{BRISK, Rig, RigSetup, Variant, patchbay};
use patchbay_model::{
    SystemRandom,
    package::signature::{PublicKey, SigningKey},
};
use patchbay_test_support::{Answer, Result, Trouble, fakes::registry::Registry};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Under which name hosts know the registry.
pub(crate) const REGISTRY: &str = "registry.example";

/// A registry, and an author with a key.
pub(crate) struct Author {
    pub(crate) registry: Registry,
    folder: TempDir,
    pub(crate) key: PublicKey,
}

/// Writes a signing key as `patchbay publishers keygen` does: others may not read it.
pub(crate) fn write_key(folder: &Path, name: &str, key: &SigningKey) -> Result<()> {
    let path = folder.join(name);
    std::fs::write(&path, key.to_text().as_bytes())?;
    Ok(std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?)
}

impl Author {
    pub(crate) fn start() -> Result<Self> {
        let (registry, folder) = (Registry::start()?, tempfile::tempdir()?);
        let key = SigningKey::fresh(&SystemRandom);
        write_key(folder.path(), "author.key", &key)?;
        Ok(Self { registry, folder, key: key.public() })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes the guests as this version to a file.
    pub(crate) fn pack(&self, version: &str) -> Result<PathBuf> {
        self.keep(version, &Variant::of_guests(version)?)
    }

    pub(crate) fn keep(&self, version: &str, variant: &Variant) -> Result<PathBuf> {
        let path = self.folder().join(format!("guests-{version}.wasm"));
        std::fs::write(&path, variant.pack()?)?;
        Ok(path)
    }

    /// A command of the binary, which has to work; what it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<String> {
        let done = patchbay(self.folder(), arguments)?;
        let (said, complaint) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        if done.status.success() {
            return Ok(said.into_owned());
        }
        Err(Trouble::new(format!("patchbay {}: {said}{complaint}", arguments.join(" "))))
    }

    /// Publishes a file under a tag, signed; what was published, under the name that hosts know.
    pub(crate) fn publish(&self, file: &Path, tag: &str) -> Result<Value> {
        self.publish_with(file, tag, &[])
    }

    /// The same with further flags.
    pub(crate) fn publish_with(&self, file: &Path, tag: &str, flags: &[&str]) -> Result<Value> {
        let reference = format!("{}/patchbay/guests:{tag}", self.registry.host());
        let file = file.display().to_string();
        let plain = ["publish", &reference, &file, "--key", "author.key", "--json"];
        let said = self.run(&[&plain[..], flags].concat())?;
        let mut said: Value = serde_json::from_str(&said)?;
        let pinned = said["pinned"].as_str().unwrap_or_default().replace(&self.registry.host(), REGISTRY);
        said["pinned"] = json!(pinned);
        Ok(said)
    }

    /// A host that may fetch from the registry; `more` is further TOML.
    pub(crate) fn host(&self, more: &str) -> Result<Rig> {
        self.setup(more).start()
    }

    pub(crate) fn setup(&self, more: &str) -> RigSetup {
        let rewrite = self.registry.rewrite(REGISTRY);
        let files = self.registry.rewrite("files.example");
        let places: String = [rewrite, files]
            .iter()
            .map(|one| format!("[[egress.rewrite]]\norigin = \"{}\"\nconnect = \"{}\"\n", one.origin, one.connect))
            .collect();
        let allowed = format!("[registries]\nallowed = [\"{REGISTRY}/patchbay\"]\n");
        RigSetup { jobs: Some(BRISK.to_owned()), more: format!("{allowed}{more}{places}"), ..RigSetup::default() }
    }
}

/// The reference that hosts use.
pub(crate) fn reference(tag: &str) -> String {
    format!("{REGISTRY}/patchbay/guests:{tag}")
}

/// Asks a host to fetch a reference, with the author's key trusted.
pub(crate) fn fetch(rig: &Rig, reference: &str, key: &PublicKey) -> Result<Answer> {
    let body = json!({ "reference": reference, "trust_key": key.fingerprint() });
    rig.operator.post("/v1/connectors/fetch", &body)
}

/// The installed releases of the guests.
pub(crate) fn releases(rig: &Rig) -> Result<Vec<Value>> {
    match rig.operator.get("/v1/connectors/patchbay.guests")? {
        missing if missing.status == 404 => Ok(Vec::new()),
        there => there.expect(200)?.array_at("/items"),
    }
}
