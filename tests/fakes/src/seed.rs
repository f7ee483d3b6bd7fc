//! Names, numbers and texts that follow from a seed and a label alone, whatever was asked before.

use sha2::{Digest, Sha256};

const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Sentences of the texts; some hold what breaks careless code: quotes, entities, emoji, line ends.
const SENTENCES: [&str; 12] = [
    "De bijlage van het tweede kwartaal ontbreekt nog in het dossier.",
    "Steps to reproduce: open the report, click \"Export\", wait for the spinner.",
    "Gelieve de aansluiting van de tussenrekeningen na te kijken vóór vrijdag.",
    "It fails with `HTTP 502` about once a day, always between 02:00 and 02:15.",
    "Zie ook <https://example.org/a?b=1&c=2> & de e-mail van Zoë — dringend! 🚀",
    "The totals differ by 0.01 EUR because each line is rounded on its own.",
    "Klant vraagt of de btw-aangifte al werd ingediend; antwoord is neen.",
    "Works on my machine;\r\nthe build server has an older certificate bundle.",
    "Path: C:\\dossiers\\2026\\Q1\\\tbalans.xlsx (met een tab in de naam).",
    "We agreed in the meeting to move this to the next release.",
    "日本の子会社の残高確認書を待っています。",
    "A table with 1.200 rows takes four seconds; with an index it takes forty milliseconds.",
];

/// A number below 2^64 for this label.
pub(crate) fn number(seed: u64, label: &str) -> u64 {
    digest(seed, label).iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// A secret of `length` letters and digits for this label.
pub(crate) fn secret(seed: u64, label: &str, length: usize) -> String {
    (0_usize..)
        .flat_map(|block| digest(seed, &format!("{label}/{block}")))
        .filter_map(|byte| LETTERS.get(usize::from(byte) % 62))
        .map(|letter| char::from(*letter))
        .take(length)
        .collect()
}

/// A text of at least `length` bytes for this label.
pub(crate) fn text(seed: u64, label: &str, length: usize) -> String {
    let mut text = String::new();
    for byte in (0_usize..).flat_map(|block| digest(seed, &format!("{label}#{block}"))) {
        if text.len() >= length {
            break;
        }
        if !text.is_empty() {
            text.push_str(if byte % 5 == 0 { "\n\n" } else { " " });
        }
        text.push_str(pick(&SENTENCES, usize::from(byte)));
    }
    text
}

/// One of the choices, by number.
pub(crate) fn pick<'a>(choices: &[&'a str], number: usize) -> &'a str {
    choices.iter().cycle().nth(number % choices.len().max(1)).copied().unwrap_or_default()
}

/// SHA-256 as lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn digest(seed: u64, label: &str) -> [u8; 32] {
    Sha256::new().chain_update(seed.to_be_bytes()).chain_update(label).finalize().into()
}
