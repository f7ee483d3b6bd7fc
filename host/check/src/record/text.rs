//! Looking for what is private in a text, and putting something else in its place.

use super::shape::Inventor;

/// `from` becomes `to` where it stands as words of its own.
pub(super) fn replaced(text: &str, from: &str, to: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, after) = (rest.get(..at).unwrap_or_default(), rest.get(at + from.len()..).unwrap_or_default());
        let last = before.chars().next_back().or_else(|| out.chars().next_back());
        let inside = last.is_some_and(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric);
        // `%2C` before a word ends in a letter that belongs to no word.
        let inside = inside && !ends_in_escape(before);
        out.push_str(before);
        out.push_str(if inside { from } else { to });
        rest = after;
    }
    out.push_str(rest);
    out
}

fn ends_in_escape(text: &str) -> bool {
    let bytes = text.as_bytes();
    let tail = bytes.len().checked_sub(3).and_then(|at| bytes.get(at..));
    tail.is_some_and(|tail| matches!(tail, [b'%', one, two] if one.is_ascii_hexdigit() && two.is_ascii_hexdigit()))
}

pub(super) fn percent(text: &str, space: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b' ' => out.push_str(space),
            _ if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}

/// A text and what takes its place, in each way that they may be spelt: as they are, in an address, and in JSON that
/// stands in a text.
pub(super) fn spellings(from: &str, to: &str) -> Vec<(String, String)> {
    let mut all = vec![(from.to_owned(), to.to_owned())];
    if from.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return all;
    }
    let ways: [fn(&str) -> String; 5] = [
        |text| percent(text, "%20"),
        |text| percent(text, "+"),
        |text| in_small_letters(&percent(text, "%20")),
        escaped,
        |text| escaped(text).replace('/', "\\/"),
    ];
    for way in ways {
        let from = way(from);
        if all.iter().all(|(known, _)| *known != from) {
            all.push((from, way(to)));
        }
    }
    all
}

/// `%2f` for `%2F`.
fn in_small_letters(text: &str) -> String {
    let mut of_escape = 0_u8;
    let small = |letter: char| {
        let made = if of_escape > 0 { letter.to_ascii_lowercase() } else { letter };
        of_escape = if letter == '%' { 2 } else { of_escape.saturating_sub(1) };
        made
    };
    text.chars().map(small).collect()
}

/// As it stands between the quotes of JSON.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or(text).to_owned()
}

/// Without `%` escapes; what is no UTF-8 then stays as it is.
pub(super) fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let escape = (*first == b'%').then(|| after.get(..2)).flatten();
        let byte = escape
            .filter(|two| two.iter().all(u8::is_ascii_hexdigit))
            .and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Its words of some length, in lower case.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| word.chars().count() > 2).map(str::to_lowercase)
}

/// The name of a file without its kind.
pub(super) fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Whether it may be bytes in base64.
pub(super) fn is_encoded(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=-_\r\n".contains(&byte))
}

/// The e-mail addresses in a text.
pub(super) fn addresses(text: &str) -> Vec<&str> {
    let local = |letter: char| letter.is_ascii_alphanumeric() || "._%+-".contains(letter);
    let domain = |letter: char| letter.is_ascii_alphanumeric() || ".-".contains(letter);
    let mut found = Vec::new();
    for (at, _) in text.match_indices('@') {
        let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
        let begins = before
            .rfind(|letter| !local(letter))
            .map_or(0, |last| last + before.get(last..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8));
        let host = after.split(|letter| !domain(letter)).next().unwrap_or_default().trim_end_matches('.');
        if begins < at && host.contains('.') {
            found.extend(text.get(begins..at + 1 + host.len()));
        }
    }
    found
}

pub(super) fn is_telephone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.starts_with('+')
        && (8..=15).contains(&digits)
        && text.chars().all(|letter| letter.is_ascii_digit() || "+ /.-()".contains(letter))
}

pub(super) fn is_date(text: &str) -> bool {
    Inventor::day(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_and_what_is_none_stays() {
        assert_eq!(decoded("els%40claes.be%20%C3%A9"), "els@claes.be é");
        for plain in ["100%", "%4", "%zz", "%FF", ""] {
            assert_eq!(decoded(plain), plain);
        }
    }

    #[test]
    fn a_value_is_known_in_addresses_of_either_case_and_within_json() {
        let spelt: Vec<String> = spellings("a/b \"c\"", "x").into_iter().map(|(from, _)| from).collect();
        for way in ["a%2Fb%20%22c%22", "a%2Fb+%22c%22", "a%2fb%20%22c%22", r#"a/b \"c\""#, r#"a\/b \"c\""#] {
            assert!(spelt.iter().any(|known| known == way), "{way} is not among {spelt:?}");
        }
        assert_eq!(spellings("abc1", "xyz2"), [("abc1".to_owned(), "xyz2".to_owned())]);
    }

    #[test]
    fn a_word_within_a_longer_one_is_another_word() {
        assert_eq!(replaced("Jan, Janssens, %2CJan", "Jan", "Bob"), "Bob, Janssens, %2CBob");
    }
}
