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
use patchbay_test_support::{Result, Trouble, packaged, without_tools};

/// What a connector of the guests does besides its login: the component exports all of it.
const WORK: &str = r#"
[[stream]]
name = "chosen"
title = "Chosen"
key = ["/id"]
schedule = "1d"
function = "notes"
meaning = "All that the connector sees."

[[action]]
name = "exists"
title = "Nothing"
function = "notes"
meaning = "Writes nothing and says that it is there."
idempotency = "none"
schema = '{ "type": "object" }'
"#;

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
        let mut manifest = parsed("tests/guests/connector.toml", &text)?;
        version.clone_into(&mut manifest.version);
        Ok(Self { component, manifest })
    }

    /// The guests as a connector of their own, `patchbay.NAME`, with these tables: `[[auth]]`, `[[host]]`,
    /// `[config]`. It reads one stream, `chosen`. What the config has to say for a connector that reports
    /// everything it sees is in `tests/guests/src/mirror.rs`; [`crate::kinds`] has one for each kind of login.
    ///
    /// # Errors
    ///
    /// They are not built, or the manifest is wrong; the text is the one that an author would read.
    pub fn of_login(name: &str, tables: &str) -> Result<Self> {
        let component = std::fs::read(guest_component()?)?;
        Ok(Self { component, manifest: login_manifest(name, tables)? })
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

    /// The connector of a fake, `desk` or `ledger`, as it is.
    ///
    /// # Errors
    ///
    /// It is not packaged.
    pub fn of_fake(name: &str) -> Result<Self> {
        let path = guest_component()?.with_file_name(format!("{name}.wasm"));
        let read = std::fs::read(&path);
        let component = read.map_err(|error| {
            Trouble::new(format!("{}: {error}; run `cargo xtask connectors` first", path.display()))
        })?;
        let inspected = package::inspect(&component, package::Limits::default());
        let manifest = inspected.map_err(|fault| Trouble::new(format!("{name}: {fault:?}")))?.manifest;
        Ok(Self { component, manifest })
    }

    /// The guests as this version, with code of its own, which tells `code` in its records, and with this config
    /// (`tests/guests/src/release.rs` says what it means).
    ///
    /// # Errors
    ///
    /// They are not built, or their code has no such place.
    pub fn of_release(version: &str, code: u32, config: serde_json::Value) -> Result<Self> {
        const MARK: &[u8] = b"code of the guests: ";
        let mut variant = Self::of_guests(version)?;
        let places = variant.component.windows(MARK.len()).enumerate();
        let at: Vec<usize> = places.filter(|(_, window)| *window == MARK).map(|(at, _)| at + MARK.len()).collect();
        let digits = format!("{code:07}");
        let place = match at.as_slice() {
            [at] => variant.component.get_mut(*at..*at + digits.len()),
            _ => None,
        };
        let place = place.ok_or_else(|| Trouble::new("the guests do not say which code they are".to_owned()))?;
        place.copy_from_slice(digits.as_bytes());
        variant.manifest.config =
            Some(manifest::ConfigAsked { schema: serde_json::json!({ "type": "object" }), defaults: config });
        Ok(variant)
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

/// The manifest of [`Variant::of_login`].
///
/// # Errors
///
/// It is wrong.
pub fn login_manifest(name: &str, tables: &str) -> Result<Manifest> {
    let text = format!(
        "id = \"patchbay.{name}\"\nversion = \"0.1.0\"\ncontract = \"0.1.0\"\nname = \"Login {name}\"\n\
         category = \"productivity\"\nsummary = \"Reports everything that it sees. For tests only.\"\n\n{tables}\n{WORK}"
    );
    parsed(name, &text)
}

fn parsed(name: &str, text: &str) -> Result<Manifest> {
    manifest::parse::parse(text, &|_| None).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Trouble::new(format!("{name}:\n{}", lines.join("\n")))
    })
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
    Ok(patchbay_command(folder, arguments)?.output()?)
}

/// The tool that is to run in a folder.
///
/// # Errors
///
/// Nobody says where it is.
pub fn patchbay_command(folder: &Path, arguments: &[&str]) -> Result<Command> {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration file of their own")]
    let named = std::env::var_os("PATCHBAY_BIN").map(PathBuf::from);
    let binary = named.map_or_else(|| target().map(|target| target.join("debug").join("patchbay")), Ok)?;
    let mut command = Command::new(binary);
    command.current_dir(folder).args(arguments);
    // The code that a command keeps for the next one stays with what was built, not with whoever runs the tests.
    if let Ok(target) = target() {
        command.env("XDG_CACHE_HOME", target.join("kept"));
    }
    without_tools(&mut command);
    Ok(command)
}

/// The target folder that the running test was built into: target/<profile>/deps/<test>.
fn target() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(3).map(Path::to_owned);
    target.ok_or_else(|| Trouble::new(format!("{} is in no target folder", program.display())))
}
