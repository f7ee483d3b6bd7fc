//! A text of the contract, and what a later one may do to it.
//!
//! Two promises, each of one direction:
//!
//! * **An old component fits the new host.** Whatever was built against the earlier text is what each world of the later
//!   one asks for.
//! * **A new component that uses only old things fits the old host.** The later text without what it added is what each
//!   world of the earlier one asks for. Without this a connector that takes the newest SDK would need the newest host.
//!
//! Both are `wit_component::semver_check`, which makes a component of one world and looks whether the other takes it, by
//! the rules by which a host links: the same structure of every type, at least the functions that are asked for.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use wit_parser::{InterfaceId, PackageId, Resolve, SourceMap, WorldId, WorldItem, WorldKey};

/// The package, as every file names it before its version.
const PACKAGE: &str = "package patchbay:connector@";

/// What a later text does to those who were built against an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing.
    Fits,
    /// What was built against the earlier text does not load in a host of the later one.
    BreaksOldComponents(String),
    /// What is built against the later text does not load in a host of the earlier one, even without anything new.
    BreaksNewComponents(String),
}

/// The files of one version, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text(Vec<(String, String)>);

/// The folder `wit/`.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")
}

impl Text {
    /// The `.wit` files of a folder, not of those in it.
    pub(crate) fn of(folder: &Path) -> Self {
        let entries =
            fs::read_dir(folder).expect("a folder of the contract").map(|entry| entry.expect("an entry").path());
        let mut files: Vec<(String, String)> = entries
            .filter(|path| path.extension().is_some_and(|end| end == "wit"))
            .map(|path| {
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                (name, fs::read_to_string(&path).expect("readable"))
            })
            .collect();
        files.sort();
        assert!(!files.is_empty(), "{} has no text", folder.display());
        Self(files)
    }

    /// SHA-256 over names and contents.
    pub(crate) fn digest(&self) -> String {
        let mut digest = Sha256::new();
        for part in self.0.iter().flat_map(|(name, contents)| [name, contents]) {
            digest.update(u64::try_from(part.len()).expect("short").to_le_bytes());
            digest.update(part);
        }
        data_encoding::HEXLOWER.encode(&digest.finalize())
    }

    /// The version that all of its files name.
    pub(crate) fn version(&self) -> String {
        let version = |contents: &str| -> Option<String> {
            let line = contents.lines().find_map(|line| line.strip_prefix(PACKAGE))?;
            Some(line.strip_suffix(';')?.to_owned())
        };
        let mut versions: Vec<String> = self
            .0
            .iter()
            .map(|(name, contents)| version(contents).unwrap_or_else(|| panic!("{name}: no version")))
            .collect();
        versions.dedup();
        assert_eq!(versions.len(), 1, "{versions:?}");
        versions.remove(0)
    }

    /// The same with `from` in this file, which stands there once, as `to`.
    pub(crate) fn with(&self, file: &str, from: &str, to: &str) -> Self {
        let mut changed = self.clone();
        let (_, contents) = changed.0.iter_mut().find(|(name, _)| name == file).expect("the file");
        assert_eq!(contents.matches(from).count(), 1, "{file}: {from:?}");
        *contents = contents.replace(from, to);
        changed
    }

    /// The same with a file more.
    pub(crate) fn and(&self, file: &str, contents: &str) -> Self {
        let mut more = self.clone();
        more.0.push((file.to_owned(), format!("{PACKAGE}{};\n{contents}", self.version())));
        more
    }

    /// The same without a file.
    pub(crate) fn without(&self, file: &str) -> Self {
        let mut less = self.clone();
        less.0.retain(|(name, _)| name != file);
        less
    }

    /// What `later` does to those who were built against this one.
    pub(crate) fn judge(&self, later: &Self) -> Verdict {
        for world in self.worlds() {
            if let Err(why) = Pair::of(self, later).takes_old(&world) {
                return Verdict::BreaksOldComponents(format!("{world}: {why}"));
            }
            if let Err(why) = Pair::of(self, later).old_takes_rest_of_new(&world) {
                return Verdict::BreaksNewComponents(format!("{world}: {why}"));
            }
        }
        Verdict::Fits
    }

    /// Whether `later` says the same: nothing is gone and nothing was added.
    pub(crate) fn says_the_same(&self, later: &Self) -> Result<(), String> {
        if self.worlds() != later.worlds() {
            return Err(format!("worlds: {:?}, {:?}", self.worlds(), later.worlds()));
        }
        for world in self.worlds() {
            Pair::of(self, later).takes_old(&world)?;
            Pair::of(later, self).takes_old(&world)?;
        }
        Ok(())
    }

    fn worlds(&self) -> Vec<String> {
        let mut resolve = Resolve::default();
        let package = self.push(&mut resolve, "0.0.1");
        let mut names: Vec<String> = resolve.packages[package].worlds.keys().cloned().collect();
        names.sort();
        names
    }

    /// Puts it into a resolve as a package of this version: two texts of one version cannot stand in one, and the
    /// comparison looks at no version.
    fn push(&self, resolve: &mut Resolve, version: &str) -> PackageId {
        let mut sources = SourceMap::default();
        for (name, contents) in &self.0 {
            let own = format!("{PACKAGE}{}", self.version());
            sources.push_str(&format!("{version}/{name}"), contents.replace(&own, &format!("{PACKAGE}{version}")));
        }
        let group = sources.parse().unwrap_or_else(|(_, error)| panic!("the text does not parse: {error:?}"));
        resolve.push_group(group).unwrap_or_else(|error| panic!("the text does not hold together: {error:?}"))
    }
}

/// Two texts side by side.
struct Pair {
    resolve: Resolve,
    old: PackageId,
    new: PackageId,
}

impl Pair {
    fn of(old: &Text, new: &Text) -> Self {
        let mut resolve = Resolve::default();
        let (old, new) = (old.push(&mut resolve, "0.0.1"), new.push(&mut resolve, "0.0.2"));
        Self { resolve, old, new }
    }

    fn worlds(&self, name: &str) -> Result<(WorldId, WorldId), String> {
        let of = |package: PackageId| self.resolve.packages[package].worlds.get(name).copied();
        of(self.old).zip(of(self.new)).ok_or_else(|| "the world is gone".to_owned())
    }

    fn takes_old(self, world: &str) -> Result<(), String> {
        let (old, new) = self.worlds(world)?;
        wit_component::semver_check(self.resolve, old, new).map_err(|error| format!("{error:#}"))
    }

    fn old_takes_rest_of_new(mut self, world: &str) -> Result<(), String> {
        let (old, new) = self.worlds(world)?;
        self.forget_additions(old, new);
        wit_component::semver_check(self.resolve, new, old).map_err(|error| format!("{error:#}"))
    }

    /// Takes out of the later world what the earlier one has not got: interfaces, and functions and types of those that
    /// the host provides. What a connector exports is left as it is, because none of it may change.
    fn forget_additions(&mut self, old: WorldId, new: WorldId) {
        let (imported, exported) = (self.interfaces(old, false), self.interfaces(old, true));
        let named = |known: &[(String, InterfaceId)], name: &Option<String>| {
            known.iter().find(|(known, _)| Some(known) == name.as_ref()).map(|(_, id)| *id)
        };
        let names = |resolve: &Resolve, key: &WorldKey| match key {
            WorldKey::Interface(id) => resolve.interfaces[*id].name.clone(),
            WorldKey::Name(name) => Some(name.clone()),
        };
        let mut world = self.resolve.worlds[new].clone();
        world.imports.retain(|key, _| named(&imported, &names(&self.resolve, key)).is_some());
        world.exports.retain(|key, _| named(&exported, &names(&self.resolve, key)).is_some());
        for key in world.imports.keys() {
            let WorldKey::Interface(id) = key else { continue };
            let Some(before) = named(&imported, &self.resolve.interfaces[*id].name) else { continue };
            let before = self.resolve.interfaces[before].clone();
            let now = &mut self.resolve.interfaces[*id];
            now.functions.retain(|name, _| before.functions.contains_key(name));
            now.types.retain(|name, _| before.types.contains_key(name));
        }
        self.resolve.worlds[new] = world;
    }

    /// The interfaces that a world imports or exports, by name.
    fn interfaces(&self, world: WorldId, exported: bool) -> Vec<(String, InterfaceId)> {
        let world = &self.resolve.worlds[world];
        let items = if exported { &world.exports } else { &world.imports };
        let ids = items.values().filter_map(|item| match item {
            WorldItem::Interface { id, .. } => Some(*id),
            _ => None,
        });
        ids.filter_map(|id| Some((self.resolve.interfaces[id].name.clone()?, id))).collect()
    }
}
