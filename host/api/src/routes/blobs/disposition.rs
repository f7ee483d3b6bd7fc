//! The name of a file in a header (RFC 6266): in plain letters for old clients, and as it is.

/// `Content-Disposition` of a download: never shown by a browser, always kept.
pub(super) fn attachment(name: &str) -> String {
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let mut exact = String::new();
    for byte in name.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => exact.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => exact.push(char::from(byte)),
            _ => exact.push_str(&format!("%{byte:02X}")),
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

/// What stands in quotes and means only itself everywhere.
const fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '.' | '_' | '(' | ')' | '+' | ',' | '&')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_itself_and_nothing_else() {
        assert_eq!(
            attachment("Übersicht 100%.pdf"),
            "attachment; filename=\"_bersicht 100_.pdf\"; filename*=UTF-8''%C3%9Cbersicht%20100%25.pdf"
        );
        let hostile = attachment("a\"; filename=\"b.exe\r\nX: y;'%41");
        assert_eq!(hostile.matches('"').count(), 2, "{hostile}");
        assert!(hostile.is_ascii() && !hostile.contains(['\r', '\n', '\\']), "{hostile}");
        assert!(
            hostile.ends_with("filename*=UTF-8''a%22%3B%20filename%3D%22b.exe%0D%0AX%3A%20y%3B%27%2541"),
            "{hostile}"
        );
    }
}
