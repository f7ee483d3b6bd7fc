//! From a connector's page to records with keys: what the host checks before anything is stored.
//!
//! The records stay the bytes that the connector sent. A page is stepped through once to find where each
//! record begins and ends, and each record once more for its key and for what a database could not take;
//! nothing is serialised again.
//!
//! **One bad record stops nobody.** What is wrong with a single record makes only that record [`Refused`]: it
//! is set aside with its reason and a hash, and the page is stored without it. What is wrong with the page, or
//! with half of its records, is the connector's or the provider's doing, and the page is refused as a whole,
//! so that the cursor never passes what was not understood.

pub(crate) mod pointer;

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use self::pointer::{Pointer, Search, walk};
use crate::{
    Failure,
    contract::{Page, limits},
    scan::{Kind, unescaped},
};

/// Containers within each other that a record may have.
const DEPTH: usize = 64;
/// Bytes of a refused record that are kept for a person to look at.
const EXCERPT: usize = 4 * 1024;
/// A page of fewer records is never refused for what is wrong with them.
const TELLING: usize = 10;

/// A page taken apart.
#[derive(Debug)]
pub struct Split<'a> {
    /// What is to be stored, in the connector's order.
    pub records: Vec<PageRecordRef<'a>>,
    /// What is to be set aside.
    pub refused: Vec<Refused>,
    /// Keys that the provider says are gone, without those that no record can have.
    pub deleted: Vec<&'a str>,
}

/// One record of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRecordRef<'a> {
    /// Unique in (connection, account, stream).
    pub key: String,
    /// Its JSON as the connector sent it.
    pub content: &'a str,
}

/// A record that cannot be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which record of the page, from 0.
    pub index: u32,
    /// Its key, where that is not what is wrong.
    pub key: Option<String>,
    /// What is wrong with it.
    pub reason: String,
    /// SHA-256 of its bytes: the same bad record is recognised when it comes again.
    pub hash: [u8; 32],
    /// How its JSON begins, at most 4 KiB.
    pub excerpt: String,
}

/// Splits a page and takes the keys by the manifest's pointers.
///
/// # Errors
/// The page breaks the contract as a whole.
pub fn split<'a>(page: &'a Page, keys: &[String]) -> Result<Split<'a>, Failure> {
    let broken = |text: String| Failure::ContractBroken(text);
    if page.records.len() > limits::PAGE_BYTES {
        return Err(broken(format!("a page of {} bytes, at most {}", page.records.len(), limits::PAGE_BYTES)));
    }
    if page.position.cursor().len() > limits::CURSOR_BYTES {
        return Err(broken(format!("a cursor of {} bytes", page.position.cursor().len())));
    }
    let deleted = page.deleted.iter().map(String::as_str).filter(|key| usable(key).is_ok()).collect();
    let mut split = Split { records: Vec::new(), refused: Vec::new(), deleted };
    if page.records.is_empty() && page.count == 0 {
        return Ok(split);
    }
    let text = std::str::from_utf8(&page.records).map_err(|_| broken("a page that is not UTF-8".to_owned()))?;
    let raw: Vec<&'a RawValue> =
        serde_json::from_str(text).map_err(|error| broken(format!("a page that is no JSON array: {error}")))?;
    if raw.len() != page.count as usize || page.count > limits::PAGE_RECORDS {
        return Err(broken(format!(
            "a page of {} records that says {}, at most {}",
            raw.len(),
            page.count,
            limits::PAGE_RECORDS
        )));
    }
    let pointers: Vec<(&str, Pointer)> = keys.iter().map(|key| (key.as_str(), Pointer::of(key))).collect();
    split.records.reserve(raw.len());
    for (index, record) in (0..).zip(&raw) {
        let content = record.get();
        match read(content, &pointers) {
            Ok(key) => split.records.push(PageRecordRef { key, content }),
            Err((key, reason)) => split.refused.push(refused(index, key, reason, content)),
        }
    }
    match split.refused.first() {
        Some(first) if raw.len() >= TELLING && split.refused.len() * 2 >= raw.len() => Err(broken(format!(
            "a page of which {} of {} records are unusable, the first because {}",
            split.refused.len(),
            raw.len(),
            first.reason
        ))),
        _ => Ok(split),
    }
}

fn refused(index: u32, key: Option<String>, reason: String, content: &str) -> Refused {
    let end = content.floor_char_boundary(EXCERPT);
    let excerpt = content.get(..end).unwrap_or_default().to_owned();
    Refused { index, key, reason, hash: Sha256::digest(content.as_bytes()).into(), excerpt }
}

/// The key of a record; or what is wrong with it, with the key as far as it has one.
fn read(content: &str, pointers: &[(&str, Pointer)]) -> Result<String, (Option<String>, String)> {
    if content.len() > limits::RECORD_BYTES {
        let reason = format!("it has {} bytes, at most {} are allowed", content.len(), limits::RECORD_BYTES);
        return Err((None, reason));
    }
    if !content.starts_with('{') {
        return Err((None, "it is no object".to_owned()));
    }
    let mut searches: Vec<Search<'_, '_>> = pointers.iter().map(|(_, pointer)| Search::of(pointer)).collect();
    let sound = walk(content, DEPTH, &mut searches, &mut finite);
    let key = key(pointers, &searches);
    match (sound, key) {
        (Ok(()), Ok(key)) => Ok(key),
        (Ok(()), Err(reason)) => Err((None, reason)),
        (Err(reason), key) => Err((key.ok(), reason)),
    }
}

/// A number that no database and no program could read back is refused.
fn finite(kind: Kind, text: &str) -> Result<(), String> {
    // Without an exponent it takes more than 308 digits to get there.
    let suspect = kind == Kind::Number && (text.len() > 300 || text.contains(['e', 'E']));
    if suspect && !text.parse::<f64>().is_ok_and(f64::is_finite) {
        let short: String = text.chars().take(32).collect();
        return Err(format!("the number {short} is too large"));
    }
    Ok(())
}

/// The value itself for one pointer, a JSON array of the values for several.
fn key(pointers: &[(&str, Pointer)], searches: &[Search<'_, '_>]) -> Result<String, String> {
    let mut parts = Vec::with_capacity(searches.len());
    for ((name, _), search) in pointers.iter().zip(searches) {
        match search.found {
            Some((Kind::Text | Kind::Number | Kind::Boolean, text)) => parts.push(text),
            _ => return Err(format!("it has no key: nothing usable at {name}")),
        }
    }
    let key = match parts.as_slice() {
        [one] => part(one)?,
        several => {
            let mut written = String::from("[");
            for text in several {
                let separator = if written.len() > 1 { "," } else { "" };
                let part = part(text)?;
                let quoted = if text.starts_with('"') { serde_json::Value::String(part).to_string() } else { part };
                written.extend([separator, &quoted]);
            }
            written + "]"
        }
    };
    usable(&key).map(|()| key)
}

/// One value as a key says it.
fn part(text: &str) -> Result<String, String> {
    if let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        let part = unescaped(inner).ok_or("its key has half of a character")?;
        return if part.contains('\0') { Err("its key has a NUL".to_owned()) } else { Ok(part.into_owned()) };
    }
    // One spelling for each number, as serde_json writes it; an integer has only one, however long it is.
    if text.contains(['.', 'e', 'E'])
        && let Ok(number) = serde_json::from_str::<serde_json::Value>(text)
    {
        return Ok(number.to_string());
    }
    Ok(text.to_owned())
}

fn usable(key: &str) -> Result<(), String> {
    if key.is_empty() || key.len() > limits::KEY_BYTES {
        return Err(format!("its key has {} bytes, 1 to {} are allowed", key.len(), limits::KEY_BYTES));
    }
    if key.contains('\0') {
        return Err("its key has a NUL".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
