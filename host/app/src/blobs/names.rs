//! What a file may be called. Its name goes to providers and onto the disks of people, so it is a name and no path, has
//! nothing that a screen or a header would read as a command, and shows its letters in the order in which they stand.

use patchbay_model::{Code, Fault};

/// Bytes of a name.
const NAME: usize = 255;
/// Bytes of a media type.
const MEDIA_TYPE: usize = 127;

/// Refuses what is no name of a file.
pub(super) fn check(name: &str) -> Result<(), Fault> {
    let why = if name.trim().is_empty() {
        "is empty"
    } else if name.len() > NAME {
        "is longer than 255 bytes"
    } else if name.contains(['/', '\\']) || matches!(name.trim(), "." | "..") {
        "is a path: give the name alone"
    } else if name.chars().any(|c| c.is_control() || turns(c)) {
        "has characters that cannot be seen"
    } else {
        return Ok(());
    };
    Err(Fault::because(Code::ParameterInvalid, format!("The name of the file {why}.")))
}

/// Line separators, what changes the direction of writing (`invoice<RLO>fdp.exe`), and a mark of byte order.
const fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A media type without its parameters, in lower case.
pub(super) fn media_type(given: &str) -> Result<String, Fault> {
    let plain = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let refused = |text: &str| Err(Fault::because(Code::MediaType, text));
    let token = |part: &str| !part.is_empty() && part.bytes().all(is_token);
    match plain.split_once('/') {
        Some((kind, rest)) if token(kind) && token(rest) && plain.len() <= MEDIA_TYPE => {}
        _ => return refused("Say with `Content-Type` what the file is, e.g. application/pdf."),
    }
    if plain.starts_with("multipart/") || plain == "application/x-www-form-urlencoded" {
        return refused("Send the bytes of the file as the body, not a form, and say with `Content-Type` what it is.");
    }
    Ok(plain)
}

/// The letters of a restricted name (RFC 6838, section 4.2).
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'!' | b'#' | b'$' | b'&' | b'-' | b'^' | b'_' | b'.' | b'+')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_any_language_is_taken() {
        for name in ["Report Q3 (final).pdf", "Übersicht.pdf", "отчёт.docx", "報告書.pdf", "تقرير.pdf", "a", ".hidden"]
        {
            assert_eq!(check(name).map_err(|fault| fault.person), Ok(()), "{name}");
        }
        assert!(check(&"ü".repeat(127)).is_ok() && check(&"ü".repeat(128)).is_err(), "255 bytes");
    }

    #[test]
    fn a_path_or_what_cannot_be_seen_is_no_name() {
        for name in [
            "",
            " ",
            ".",
            "..",
            "../a.pdf",
            "a/b.pdf",
            "C:\\a.pdf",
            "a\0.pdf",
            "a\r\nx: y",
            "a\u{7f}",
            "a\u{85}b",
            "invoice\u{202e}fdp.exe",
            "a\u{2028}b",
            "\u{feff}a",
        ] {
            assert_eq!(check(name).map_err(|fault| fault.code), Err(Code::ParameterInvalid), "{name:?}");
        }
    }

    #[test]
    fn a_media_type_is_kept_plain() {
        let plain = |given: &str| media_type(given).map_err(|fault| fault.code);
        assert_eq!(plain("Application/PDF; name=\"x\""), Ok("application/pdf".to_owned()));
        assert_eq!(plain("image/svg+xml"), Ok("image/svg+xml".to_owned()));
        for odd in
            ["", "pdf", "/", "a/", "a/b/c", "*/*", "a b/c", "text/html\r\nx", "é/x", "multipart/form-data; boundary=x"]
        {
            assert_eq!(plain(odd), Err(Code::MediaType), "{odd:?}");
        }
        assert_eq!(plain("application/x-www-form-urlencoded"), Err(Code::MediaType), "what curl says by itself");
        assert_eq!(plain(&format!("a/{}", "b".repeat(126))), Err(Code::MediaType));
    }
}
