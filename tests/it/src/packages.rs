//! The guests and the connectors of the tree as packaged files, in variants: another version, another
//! host, anything that can be said in a manifest.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use patchbay_model::{
    manifest::{self, Manifest},
    package,
};
use patchbay_test_support::{Result, Trouble, packaged};

/// A connector that is packed again with another manifest.
pub struct Variant {
    component: Vec<u8>,
    /// What is packed; a test changes it as it likes.
    pub manifest: Manifest,
}

impl Variant {
    /// The guests of `tests/guests`, as this version.
    ///
    /// # Errors
    ///
    /// They are not built, or their manifest is wrong.
    pub fn of_guests(version: &str) -> Result<Self> {
        let component = std::fs::read(guest_component()?)?;
        let text = std::fs::read_to_string(guest_manifest())?;
        let parsed = manifest::parse::parse(&text, &|_| None);
        let mut manifest = parsed.map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Trouble::new(format!("tests/guests/connector.toml:\n{}", lines.join("\n")))
        })?;
        version.clone_into(&mut manifest.version);
        Ok(Self { component, manifest })
    }

    /// A connector of `plugins/`, as this version.
    ///
    /// # Errors
    ///
    /// It is not packaged.
    pub fn of_connector(name: &str, version: &str) -> Result<Self> {
        let component = std::fs::read(packaged(name)?)?;
        let inspected = package::inspect(&component, package::Limits::default());
        let mut manifest = inspected.map_err(|fault| Trouble::new(format!("{name}: {fault:?}")))?.manifest;
        version.clone_into(&mut manifest.version);
        Ok(Self { component, manifest })
    }

    /// The packaged file.
    ///
    /// # Errors
    ///
    /// It cannot be packed.
    pub fn pack(&self) -> Result<Vec<u8>> {
        Ok(package::pack(&self.component, &self.manifest)?)
    }
}

/// The component of `tests/guests`, not packed: `PATCHBAY_GUESTS` names it or its folder, else it is where
/// `cargo xtask connectors` puts it.
///
/// # Errors
///
/// It is not there.
pub fn guest_component() -> Result<PathBuf> {
    const NAME: &str = "patchbay_guests.wasm";
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration file of their own")]
    let named = std::env::var_os("PATCHBAY_GUESTS").map(PathBuf::from);
    let path = match named {
        Some(folder) if folder.is_dir() => folder.join(NAME),
        Some(file) => file,
        None => target()?.join("wasm32-wasip2").join("connector").join(NAME),
    };
    if path.is_file() {
        Ok(path)
    } else {
        Err(Trouble::new(format!("{} is not there; run `cargo xtask connectors` first", path.display())))
    }
}

/// The manifest of the guests.
#[must_use]
pub fn guest_manifest() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../guests/connector.toml")
}

/// Runs a command of the binary in a folder, and waits for its end: `PATCHBAY_BIN`, or the program beside
/// the running test.
///
/// # Errors
///
/// It does not start.
pub fn patchbay(folder: &Path, arguments: &[&str]) -> Result<Output> {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration file of their own")]
    let named = std::env::var_os("PATCHBAY_BIN").map(PathBuf::from);
    let binary = named.map_or_else(|| target().map(|target| target.join("debug").join("patchbay")), Ok)?;
    let mut command = Command::new(binary);
    command.current_dir(folder).args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PATCHBAY_") {
            command.env_remove(name);
        }
    }
    Ok(command.output()?)
}

/// The target folder that the running test was built into: target/<profile>/deps/<test>.
fn target() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(3).map(Path::to_owned);
    target.ok_or_else(|| Trouble::new(format!("{} is in no target folder", program.display())))
}
