//! Searching files for secrets, in every spelling in which one could have slipped out.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use memchr::memmem;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{Result, Trouble};

/// Shorter ones would be found by chance.
const SHORTEST: usize = 8;

/// A secret where it must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The file.
    pub file: PathBuf,
    /// First byte of the first place.
    pub offset: usize,
    /// Which of the secrets, by its place in the list; never the secret itself.
    pub secret: usize,
    /// How it is written there.
    pub encoding: &'static str,
}

/// Looks for each secret in all files under the folders (a file may also be named): raw, hexadecimal,
/// base64 of both alphabets at each of its three alignments, percent-encoded, JSON-escaped (once and twice), as HTML,
/// UTF-16LE.
///
/// # Errors
///
/// A folder or file cannot be read, or a secret is shorter than 8 bytes.
pub fn search(places: &[&Path], secrets: &[&str]) -> Result<Vec<Hit>> {
    if let Some(short) = secrets.iter().position(|secret| secret.len() < SHORTEST) {
        return Err(Trouble::new(format!("secret {short} is shorter than {SHORTEST} bytes")));
    }
    let needles: Vec<(usize, &'static str, Vec<u8>)> = secrets
        .iter()
        .enumerate()
        .flat_map(|(at, secret)| spellings(secret).into_iter().map(move |(name, bytes)| (at, name, bytes)))
        .collect();
    let mut hits = Vec::new();
    for file in files(places)? {
        let content = match fs::read(&file) {
            Ok(content) => content,
            // A WAL may be removed between the listing and the reading.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Trouble::new(format!("{}: {error}", file.display()))),
        };
        for (secret, encoding, needle) in &needles {
            if let Some(offset) = memmem::find(&content, needle) {
                hits.push(Hit { file: file.clone(), offset, secret: *secret, encoding });
            }
        }
    }
    Ok(hits)
}

/// The files that [`search`] reads.
///
/// # Errors
///
/// A folder cannot be read.
pub fn files(places: &[&Path]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut open: Vec<PathBuf> = places.iter().map(|place| place.to_path_buf()).collect();
    while let Some(place) = open.pop() {
        let kind =
            fs::symlink_metadata(&place).map_err(|error| Trouble::new(format!("{}: {error}", place.display())))?;
        if kind.is_dir() {
            for entry in fs::read_dir(&place)? {
                open.push(entry?.path());
            }
        } else if kind.is_file() {
            files.push(place);
        }
    }
    files.sort();
    Ok(files)
}

fn spellings(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = secret.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let quoted = serde_json::Value::from(secret).to_string();
    let escaped = inside(&quoted).as_bytes().to_vec();
    let mut all = vec![
        ("raw", bytes.to_vec()),
        ("hex", hex.to_ascii_uppercase().into_bytes()),
        ("hex", hex.into_bytes()),
        ("percent", utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string().into_bytes()),
        ("json", escaped),
        // JSON within JSON, as a record or a log line has it.
        ("json twice", inside(&serde_json::Value::from(inside(&quoted)).to_string()).as_bytes().to_vec()),
        ("percent", percent(secret, b"-._~", false)),
        ("percent", percent(secret, b"-._~", true)),
        ("percent", percent(secret, b"", true)),
        ("html", html(secret)),
        ("utf-16", secret.encode_utf16().flat_map(u16::to_le_bytes).collect()),
    ];
    for lead in 0..3 {
        all.push(("base64", aligned(&STANDARD_NO_PAD, bytes, lead)));
        all.push(("base64url", aligned(&URL_SAFE_NO_PAD, bytes, lead)));
    }
    let mut found: Vec<(&'static str, Vec<u8>)> = Vec::new();
    for (name, spelling) in all {
        if found.iter().all(|(_, known)| *known != spelling) {
            found.push((name, spelling));
        }
    }
    found
}

/// A JSON text without its quotes.
fn inside(quoted: &str) -> &str {
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(quoted)
}

/// Percent-encoded, but for letters, digits and these.
fn percent(secret: &str, bare: &[u8], lower: bool) -> Vec<u8> {
    let mut spelt = String::new();
    for byte in secret.bytes() {
        match byte.is_ascii_alphanumeric() || bare.contains(&byte) {
            true => spelt.push(char::from(byte)),
            false if lower => spelt.push_str(&format!("%{byte:02x}")),
            false => spelt.push_str(&format!("%{byte:02X}")),
        }
    }
    spelt.into_bytes()
}

/// As a page's markup writes it.
fn html(secret: &str) -> Vec<u8> {
    let pairs = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#39;")];
    pairs.iter().fold(secret.to_owned(), |text, (sign, entity)| text.replace(sign, entity)).into_bytes()
}

/// The characters of base64 that depend on the secret alone when `lead` bytes stand before it.
fn aligned(engine: &impl Engine, secret: &[u8], lead: usize) -> Vec<u8> {
    let mut bytes = vec![0; lead];
    bytes.extend_from_slice(secret);
    let text = engine.encode(&bytes).into_bytes();
    let first = (lead * 8).div_ceil(6);
    let last = bytes.len() * 8 / 6;
    text.get(first..last).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const SECRET: &str = "p\"ss/w+rd~longer";

    fn found(content: &[u8]) -> Vec<&'static str> {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("inner")).expect("a folder");
        fs::write(folder.path().join("inner/file.db-wal"), content).expect("a file");
        let hits = search(&[folder.path()], &["something else", SECRET]).expect("a search");
        assert!(hits.iter().all(|hit| hit.secret == 1));
        hits.into_iter().map(|hit| hit.encoding).collect()
    }

    #[test]
    fn each_spelling_is_found() {
        assert_eq!(found(format!("x{SECRET}y").as_bytes()), ["raw"]);
        let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found(hex.as_bytes()), ["hex"]);
        assert_eq!(found(b"p%22ss%2Fw%2Brd%7Elonger"), ["percent"]);
        assert_eq!(found(serde_json::json!({ "a": SECRET }).to_string().as_bytes()), ["json"]);
        assert_eq!(found(b"p%22ss%2fw%2brd~longer"), ["percent"]);
        assert_eq!(found(b"p&quot;ss/w+rd~longer"), ["html"]);
        let twice = serde_json::json!({ "a": serde_json::json!({ "b": SECRET }).to_string() }).to_string();
        assert_eq!(found(twice.as_bytes()), ["json twice"]);
        let wide: Vec<u8> = SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(found(&wide), ["utf-16"]);
    }

    #[test]
    fn base64_is_found_wherever_the_secret_stands_in_it() {
        for user in ["", "u", "us", "user:", "a longer user:"] {
            let basic = STANDARD.encode(format!("{user}{SECRET}:tail"));
            assert_eq!(found(format!("Basic {basic}").as_bytes()), ["base64"], "{user:?}");
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        assert!(found(b"p\"ss/w+rd, but not all of it").is_empty());
        assert!(search(&[], &["short"]).is_err());
    }
}
