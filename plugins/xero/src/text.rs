//! What fits into a note, and what a file is called.

use patchbay_sdk::{Error, Result, run};

/// Letters of the step's key in the name of a file.
const MARK: usize = 8;
/// Letters of a file's name before its mark.
const STEM: usize = 80;
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
        let end = rest.char_indices().nth(room).map_or(rest.len(), |(at, _)| at);
        let cut = if end == rest.len() { end } else { gap(rest.get(..end)?) };
        let (part, after) = rest.split_at_checked(cut)?;
        parts.push(part.trim_end());
        rest = after.trim_start();
        if parts.len() > NOTES {
            return None;
        }
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

/// A file's name with letters of its step's key before the extension: a name that is there already may be replaced at Xero,
/// and every meeting has its `report.pdf`.
pub(crate) fn file_name(name: &str, step: &str) -> Result<String> {
    let key = run::step_key(step);
    let Some(mark) = key.get(..MARK) else { return Err(Error::other("The host gave no key for this step.")) };
    let (stem, extension) = parted(name);
    let stem: String = stem.chars().map(plain).take(STEM).collect();
    let stem = stem.trim_matches([' ', '.']);
    let stem = if stem.is_empty() { "file" } else { stem };
    let extension: String = extension.chars().filter(char::is_ascii_alphanumeric).take(EXTENSION).collect();
    Ok(if extension.is_empty() { format!("{stem} {mark}") } else { format!("{stem} {mark}.{extension}") })
}

/// The name without its extension, and the extension.
pub(crate) fn parted(name: &str) -> (&str, &str) {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= EXTENSION => (stem, extension),
        _ => (name, ""),
    }
}

/// Letters that no system takes in a file's name become `_`.
fn plain(letter: char) -> char {
    if letter.is_control() || r#"<>:"/\|?*%#&+"#.contains(letter) { '_' } else { letter }
}

#[cfg(test)]
mod tests {
    use super::{NOTES, file_name, notes, shortened};
    use patchbay_sdk::testing::TestHost;

    #[test]
    fn a_long_text_becomes_several_notes_and_no_word_is_lost() {
        let text = "een twee drie ".repeat(60);
        let notes = notes(&text, 100).unwrap();
        assert!(notes.len() > 1 && notes.iter().all(|note| note.chars().count() <= 100), "{notes:?}");
        assert!(notes[0].starts_with(&format!("(1 of {}) een", notes.len())));
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
    fn a_text_that_would_fill_the_history_is_refused() {
        assert_eq!(notes(&"x".repeat(100 * (NOTES + 5)), 100), None);
        assert_eq!(notes(" kort ", 100), Some(vec!["kort".to_owned()]));
    }

    #[test]
    fn two_files_of_one_name_have_two_names_at_xero() {
        let _host = TestHost::empty();
        assert_eq!(file_name("verslag.pdf", "file-1").unwrap(), "verslag file2222.pdf");
        assert_eq!(file_name("../a/b?.pdf", "file-1").unwrap(), "_a_b_ file2222.pdf");
        assert_eq!(file_name("...", "file-1").unwrap(), "file file2222");
        assert_eq!(file_name("zonder", "file-1").unwrap(), "zonder file2222");
    }

    #[test]
    fn what_is_too_long_ends_in_an_ellipsis() {
        assert_eq!(shortened("abcdef", 4), "abc…");
        assert_eq!(shortened("abcd", 4), "abcd");
    }
}
