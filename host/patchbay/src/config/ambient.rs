//! The one place that reads the outside world for the configuration: variables, and the file.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::Read,
    path::{Path, PathBuf},
};

/// What is looked for when nobody names a file.
pub(crate) const DEFAULT_FILE: &str = "patchbay.toml";
const LARGEST_FILE: u64 = 1024 * 1024;

/// The variables of the process that are text; one that is not cannot be meant for us.
pub(crate) fn variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// One variable whose name the configuration gives, as its bytes are.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
    std::env::var_os(name)
}

/// The folder in which systemd leaves the credentials of a service.
pub(crate) fn credentials_folder() -> Option<PathBuf> {
    variable("CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// This user's folder for what can be made again (XDG Base Directory Specification).
pub(crate) fn caches_folder() -> Option<PathBuf> {
    let named = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    named("XDG_CACHE_HOME").or_else(|| named("HOME").map(|home| home.join(".cache")))
}

/// The text of the configuration file. `None` when none was named and the usual one is not there.
///
/// # Errors
/// A sentence for the person: the file cannot be read.
pub(crate) fn file(named: Option<&Path>) -> Result<Option<String>, String> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{} cannot be opened: {error}", path.display())),
    };
    let mut text = String::new();
    match file.take(LARGEST_FILE + 1).read_to_string(&mut text) {
        Ok(length) if length as u64 > LARGEST_FILE => Err(format!("{} is larger than 1 MiB", path.display())),
        Ok(_) => Ok(Some(text)),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}
