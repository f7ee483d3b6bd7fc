//! What a component imports and exports by name, and in which versions.

use semver::Version;
use wasmparser::{
    BinaryReader, ComponentExportSectionReader, ComponentExternalKind, ComponentImportSectionReader, ComponentTypeRef,
};

use super::{
    SPOKEN,
    sections::{EXPORTS, IMPORTS, Sections, damaged},
};
use crate::{Code, Fault, contract::Exports, manifest::Manifest};

/// Imports and exports of the outermost component that are looked at.
const ENTRIES: usize = 10_000;
/// Bytes of one of their names; the longest of WASI has 49.
const NAME_BYTES: usize = 1024;
/// What the host offers under `patchbay:connector/`.
const OFFERED: &[&str] = &["types", "run", "http", "blob"];
/// The line of WASI that the host links.
const WASI: (u64, u64) = (0, 2);

/// The names on the outside of a component.
#[derive(Debug)]
pub(super) struct Surface {
    pub(super) exports: Exports,
    pub(super) contract: String,
    pub(super) wasi: Option<String>,
    pub(super) imports: Vec<String>,
}

impl Surface {
    /// Reads them; refuses what no host of this version could link.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, Fault> {
        let names = Names::of(bytes)?;
        let mut surface =
            Self { exports: Exports::default(), contract: String::new(), wasi: None, imports: Vec::new() };
        let mut contracts = Vec::new();
        let mut wasi: Vec<Version> = Vec::new();
        let mut foreign = Vec::new();
        for (name, instance) in &names.imports {
            match Interface::of(name) {
                Some(Interface { package: "patchbay:connector", name, version })
                    if *instance && OFFERED.contains(&name) =>
                {
                    contracts.push(version);
                }
                // A version that is not spoken may well have other interfaces; it is told by its version.
                Some(Interface { package: "patchbay:connector", version, .. }) if spoken_version(&version).is_err() => {
                    contracts.push(version);
                }
                Some(Interface { package, version, .. }) if *instance && package.starts_with("wasi:") => {
                    wasi.push(version)
                }
                _ => foreign.push(name.clone()),
            }
        }
        for (name, instance) in &names.exports {
            let Some(Interface { package: "patchbay:connector", name, version }) = Interface::of(name) else {
                continue;
            };
            match name {
                "auth" => surface.exports.auth |= instance,
                "fetch" => surface.exports.fetch |= instance,
                "push" => surface.exports.push |= instance,
                _ => {}
            }
            contracts.push(version);
        }
        for version in &contracts {
            spoken_version(version)?;
        }
        if let Some(version) = wasi.iter().find(|version| (version.major, version.minor) != WASI) {
            let text = format!("This connector needs WASI {version}; this host links WASI {}.{}", WASI.0, WASI.1);
            return Err(Fault::because(Code::ContractUnsupported, text));
        }
        if !foreign.is_empty() {
            return Err(refused(&foreign));
        }
        surface.contract = contracts.into_iter().max().map(|version| version.to_string()).unwrap_or_default();
        surface.wasi = wasi.into_iter().max().map(|version| version.to_string());
        surface.imports = names.imports.into_iter().map(|(name, _)| name).collect();
        Ok(surface)
    }

    /// Whether the exports and the contract version are those of the manifest.
    pub(super) fn agrees(&self, manifest: &Manifest) -> Result<(), Fault> {
        spoken(&manifest.contract)?;
        let disagree = |text: String| Err(Fault::because(Code::ExportsDisagree, text));
        if !self.exports.auth {
            return disagree("The component does not export patchbay:connector/auth; every connector does".to_owned());
        }
        for (interface, exported, needed, because) in [
            ("fetch", self.exports.fetch, manifest.needs_fetch(), "streams or a picker that searches"),
            ("push", self.exports.push, manifest.needs_push(), "actions"),
        ] {
            if needed && !exported {
                return disagree(format!("The manifest has {because}, but the component does not export {interface}"));
            }
            if exported && !needed {
                return disagree(format!("The component exports {interface}, but the manifest has no {because}"));
            }
        }
        if self.contract != manifest.contract {
            return disagree(format!(
                "The manifest names contract {}, the component was built against {}",
                manifest.contract, self.contract
            ));
        }
        Ok(())
    }
}

/// Refuses a contract version that this host does not speak.
pub(super) fn spoken(contract: &str) -> Result<(), Fault> {
    // What is no version at all is the manifest's problem, and is told with the others there.
    Version::parse(contract).map_or(Ok(()), |version| spoken_version(&version))
}

fn spoken_version(version: &Version) -> Result<(), Fault> {
    let same_line = |spoken: &&str| {
        Version::parse(spoken).is_ok_and(|spoken| {
            (spoken.major, spoken.minor) == (version.major, version.minor)
                && version.patch >= spoken.patch
                && version.pre.is_empty()
        })
    };
    if SPOKEN.iter().any(same_line) {
        return Ok(());
    }
    Err(Fault::because(
        Code::ContractUnsupported,
        format!(
            "This connector was built for contract {version}; this host speaks {} and its later patches",
            SPOKEN.join(", ")
        ),
    ))
}

fn refused(names: &[String]) -> Fault {
    // The names are a stranger's text: few of them, and none at length.
    let some: Vec<String> = names.iter().take(5).map(|name| name.chars().take(100).collect()).collect();
    let more = if names.len() > 5 { format!(" and {} more", names.len() - 5) } else { String::new() };
    Fault::because(
        Code::ProbeFailed,
        format!("This component imports what no connector is given: {}{more}", some.join(", ")),
    )
    .operator(format!("offered are patchbay:connector/{{{}}} and wasi:*", OFFERED.join(",")))
}

/// `namespace:package/name@version`.
struct Interface<'a> {
    package: &'a str,
    name: &'a str,
    version: Version,
}

impl<'a> Interface<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (path, version) = text.split_once('@')?;
        let (package, name) = path.split_once('/')?;
        Some(Self { package, name, version: Version::parse(version).ok()? })
    }
}

/// Names, each with whether it is an instance.
#[derive(Default)]
struct Names {
    imports: Vec<(String, bool)>,
    exports: Vec<(String, bool)>,
}

impl Names {
    fn of(bytes: &[u8]) -> Result<Self, Fault> {
        let mut names = Self::default();
        for section in Sections::of(bytes)? {
            let section = section?;
            let reader = BinaryReader::new(section.body, 0);
            let read = match section.id {
                IMPORTS => names.take_imports(reader),
                EXPORTS => names.take_exports(reader),
                _ => Ok(()),
            };
            read.map_err(|error| damaged(0).operator(error))?;
            if names.imports.len() > ENTRIES || names.exports.len() > ENTRIES {
                let text = format!("This component has more than {ENTRIES} imports or exports");
                return Err(Fault::because(Code::TooIntricate, text));
            }
            let mut names = names.imports.iter().chain(&names.exports);
            if let Some((long, _)) = names.find(|(name, _)| name.len() > NAME_BYTES) {
                let text = format!("This component has a name of {} bytes; {NAME_BYTES} are the most", long.len());
                return Err(Fault::because(Code::TooIntricate, text));
            }
        }
        Ok(names)
    }

    fn take_imports(&mut self, reader: BinaryReader<'_>) -> wasmparser::Result<()> {
        for import in ComponentImportSectionReader::new(reader)?.into_iter().take(ENTRIES + 1) {
            let import = import?;
            self.imports.push((import.name.name.to_owned(), matches!(import.ty, ComponentTypeRef::Instance(_))));
        }
        Ok(())
    }

    fn take_exports(&mut self, reader: BinaryReader<'_>) -> wasmparser::Result<()> {
        for export in ComponentExportSectionReader::new(reader)?.into_iter().take(ENTRIES + 1) {
            let export = export?;
            self.exports.push((export.name.name.to_owned(), export.kind == ComponentExternalKind::Instance));
        }
        Ok(())
    }
}
