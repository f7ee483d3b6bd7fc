//! What fits into a note, and what a file is called.

/// Letters of a file's name.
const NAME: usize = 200;
/// Letters of an extension; what is longer is none.
const EXTENSION: usize = 10;
/// What `(12 of 34) ` takes.
const NUMBERED: usize = 16;
/// Notes that one text may become.
const NOTES: usize = 20;

/// A text as notes: one, or as many as it needs, numbered. None when it is longer than anybody reads there.
pub(crate) fn notes(text: &str, limit: usize) -> Option<Vec<String>> {
    let text = text.trim();
    if text.chars().count() <= limit {
        return Some(vec![text.to_owned()]);
    }
    let room = limit.saturating_sub(NUMBERED).max(1);
    let (mut parts, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        if parts.len() == NOTES {
            return None;
        }
        let end = rest.char_indices().nth(room).map_or(rest.len(), |(at, _)| at);
        let cut = if end == rest.len() { end } else { gap(rest.get(..end)?) };
        let (part, after) = rest.split_at_checked(cut)?;
        parts.push(part.trim_end());
        rest = after.trim_start();
    }
    let count = parts.len();
    Some(parts.iter().enumerate().map(|(at, part)| format!("({} of {count}) {part}", at + 1)).collect())
}

/// Where a text is best cut: at the end of a line or a word in its second half, else at its end.
fn gap(text: &str) -> usize {
    let half = text.len() / 2;
    let last = |between: char| text.rfind(between).filter(|at| *at > half);
    last('\n').or_else(|| last(' ')).unwrap_or(text.len())
}

/// The text, with an ellipsis where it is longer than this.
pub(crate) fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(limit.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// A file's name without what names a folder or breaks a line.
pub(crate) fn file_name(name: &str) -> String {
    let (stem, extension) = parted(name);
    let stem: String = stem.chars().map(plain).take(NAME).collect();
    let stem = stem.trim_matches([' ', '.']);
    let stem = if stem.is_empty() { "file" } else { stem };
    let extension: String = extension.chars().filter(char::is_ascii_alphanumeric).collect();
    if extension.is_empty() { stem.to_owned() } else { format!("{stem}.{extension}") }
}

/// The name without its extension, and the extension.
pub(crate) fn parted(name: &str) -> (&str, &str) {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= EXTENSION => (stem, extension),
        _ => (name, ""),
    }
}

fn plain(letter: char) -> char {
    if letter.is_control() || r#"<>:"/\|?*"#.contains(letter) { '_' } else { letter }
}

#[cfg(test)]
mod tests {
    use super::{NOTES, file_name, notes, shortened};

    #[test]
    fn a_long_text_becomes_several_notes_and_no_word_is_lost() {
        let text = "een twee drie ".repeat(60);
        let notes = notes(&text, 100).unwrap();
        assert!(notes.len() > 1 && notes.iter().all(|note| note.chars().count() <= 100), "{notes:?}");
        let again: Vec<&str> = notes.iter().flat_map(|note| note.split(") ").nth(1).unwrap().split(' ')).collect();
        assert_eq!(again, text.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn a_text_without_gaps_and_with_long_letters_is_cut_between_letters() {
        let notes = notes(&"é".repeat(250), 100).unwrap();
        assert_eq!(notes.len(), 3);
        assert_eq!(notes.concat().matches('é').count(), 250);
    }

    #[test]
    fn a_text_of_more_notes_than_anybody_reads_is_refused() {
        assert_eq!(notes(&"x".repeat(84 * NOTES), 100).map(|notes| notes.len()), Some(NOTES));
        assert_eq!(notes(&"x".repeat(84 * NOTES + 1), 100), None);
        assert_eq!(notes(" kort ", 100), Some(vec!["kort".to_owned()]));
    }

    #[test]
    fn a_file_has_a_name_that_is_no_path() {
        assert_eq!(file_name("verslag.pdf"), "verslag.pdf");
        assert_eq!(file_name("../a/b?.pdf"), "_a_b_.pdf");
        assert_eq!(file_name("..."), "file");
        assert_eq!(file_name("regel\r\nX: y"), "regel__X_ y");
    }

    #[test]
    fn what_is_too_long_ends_in_an_ellipsis() {
        assert_eq!(shortened("abcdef", 4), "abc…");
        assert_eq!(shortened("abcd", 4), "abcd");
    }
}
