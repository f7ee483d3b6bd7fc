//! Checks of single values that need more than their type.

use std::{net::IpAddr, net::SocketAddr, path::PathBuf};

use tracing_subscriber::EnvFilter;

use super::{reader::Reader, source::Place};

/// `IP:PORT`, an IP, or a CIDR range.
pub(super) fn private_addresses(from: &mut Reader<'_>, key: &str) -> Vec<String> {
    let mut addresses = Vec::new();
    for (text, place) in from.texts(key) {
        let fits = text.parse::<SocketAddr>().is_ok() || text.parse::<IpAddr>().is_ok() || cidr(&text);
        if fits {
            addresses.push(text);
        } else {
            from.complain(&place, format!("`{key}` takes 127.0.0.1:8080, 10.0.0.1 or 10.0.0.0/8; `{text}` is none"));
        }
    }
    addresses
}

/// A list of files that have to be there.
pub(super) fn files(from: &mut Reader<'_>, key: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for (text, place) in from.texts(key) {
        let path = match place {
            Place::Line(_) => from.folder().join(&text),
            Place::Variable(_) => PathBuf::from(&text),
        };
        if path.is_file() {
            files.push(path);
        } else {
            from.complain(&place, format!("`{key}` names {}, which is not a file", path.display()));
        }
    }
    files
}

/// A size in bytes.
pub(super) fn bytes(from: &mut Reader<'_>, key: &str, bounds: (u64, u64), default: u64) -> usize {
    usize::try_from(from.number(key, bounds, default)).unwrap_or(usize::MAX)
}

/// A filter of log lines.
pub(super) fn filter(from: &mut Reader<'_>, key: &str) -> String {
    let Some((text, place)) = from.text(key) else { return "info".to_owned() };
    if EnvFilter::try_new(&text).is_err() {
        from.complain(&place, format!("`{key}` has to be like info or patchbay_app=debug,info"));
    }
    text
}

fn cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let widest = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= widest)
}
