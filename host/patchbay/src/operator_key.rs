//! The first key: made once, written to a file that only the operator's own account can read.

use std::{
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use patchbay_model::Secret;

/// Where the first operator key of a host is written.
pub(crate) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("operator.key")
}

/// Writes the key, mode 0600. A file that is there is replaced as a whole, never half written.
///
/// # Errors
/// The folder does not take it.
pub(crate) fn write(path: &Path, key: &Secret) -> std::io::Result<()> {
    let fresh = path.with_extension("key.fresh");
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    file.write_all(key.expose().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)
}

/// Reads a key from a file.
///
/// # Errors
/// There is none, or it is not a key.
pub(crate) fn read(path: &Path) -> std::io::Result<Secret> {
    let text = std::fs::read_to_string(path)?;
    let key = text.trim();
    let plain = !key.is_empty() && key.len() <= 128 && key.bytes().all(|byte| byte.is_ascii_graphic());
    if plain { Ok(Secret::new(key)) } else { Err(std::io::Error::other("this file holds no API key")) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_comes_back_and_only_its_owner_can_read_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = path(folder.path());
        write(&path, &Secret::new("pbo_first")).expect("written");
        write(&path, &Secret::new("pbo_second")).expect("replaced");
        assert_eq!(read(&path).expect("a key").expose(), "pbo_second");
        assert_eq!(std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_of_something_else_is_no_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        std::fs::write(&path, "two words\nand lines\n").expect("written");
        assert!(read(&path).is_err());
    }
}
