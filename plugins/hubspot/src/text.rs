//! Texts as HubSpot shows them, which is HTML, and names of files.

use patchbay_sdk::{Error, Result, run, time};

/// Letters of a step's key in a mark: enough that no two items share them.
const MARK: usize = 12;
/// Letters of a file's name before its mark.
const STEM: usize = 80;
/// Letters of an extension; what is longer is none.
const EXTENSION: usize = 10;

/// A text as HTML: an empty line ends a paragraph.
pub(crate) fn html(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let paragraph = |part: &str| format!("<p>{}</p>", escaped(part.trim()).replace('\n', "<br>"));
    text.split("\n\n").filter(|part| !part.trim().is_empty()).map(paragraph).collect()
}

/// A title as HTML; nothing where there is none.
pub(crate) fn heading(title: &str) -> String {
    if title.is_empty() { String::new() } else { format!("<p><strong>{}</strong></p>", escaped(title)) }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What is called so, and the day that it is about.
pub(crate) fn title(title: Option<&str>, meeting: Option<&str>, date: Option<&str>) -> String {
    let said = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    match (said(title).or_else(|| said(meeting)), said(date)) {
        (Some(title), Some(date)) => format!("{title} ({date})"),
        (title, date) => title.or(date).unwrap_or_default(),
    }
}

/// The letters by which what a step wrote is found again.
pub(crate) fn letters(step: &str) -> Result<String> {
    let key = run::step_key(step);
    key.get(..MARK).map(str::to_owned).ok_or_else(|| Error::other("The host gave no key for this step."))
}

/// The same as a text that people hardly read.
pub(crate) fn mark(step: &str) -> Result<String> {
    Ok(format!("[pb:{}]", letters(step)?))
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

/// A file's name with letters of its step's key before the extension: the same on every attempt, and no other file's.
pub(crate) fn file_name(name: &str, step: &str) -> Result<String> {
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= EXTENSION => (stem, extension),
        _ => (name, ""),
    };
    let plain = |letter: char| if letter.is_control() || r#"<>:"/\|?*%#&+"#.contains(letter) { '_' } else { letter };
    let stem: String = stem.chars().map(plain).take(STEM).collect();
    let stem = Some(stem.trim_matches([' ', '.'])).filter(|stem| !stem.is_empty()).unwrap_or("file").to_owned();
    let extension: String = extension.chars().filter(char::is_ascii_alphanumeric).collect();
    let mark = letters(step)?;
    Ok(if extension.is_empty() { format!("{stem} ({mark})") } else { format!("{stem} ({mark}).{extension}") })
}

/// The moment of a day's hour in a zone so much ahead of UTC, ms; none for what is no day.
pub(crate) fn on_day(day: &str, hour: u64, offset_ms: i64) -> Option<u64> {
    let midnight = time::parse_rfc3339(&format!("{}T00:00:00Z", day.trim()))?;
    (midnight + hour * 3_600_000).checked_add_signed(offset_ms.checked_neg()?)
}

#[cfg(test)]
mod tests {
    use super::{html, on_day, shortened, title};

    #[test]
    fn a_text_becomes_paragraphs_and_nothing_in_it_is_markup() {
        assert_eq!(
            html("Een <b> & twee\nregels\r\n\r\nslot\n"),
            "<p>Een &lt;b&gt; &amp; twee<br>regels</p><p>slot</p>"
        );
        assert_eq!(html(" \n\n "), "");
    }

    #[test]
    fn a_title_falls_back_on_the_meeting_and_has_the_day_behind_it() {
        assert_eq!(title(None, Some("Overleg"), Some("2026-03-12")), "Overleg (2026-03-12)");
        assert_eq!(title(Some(" "), None, Some("2026-03-12")), "2026-03-12");
        assert_eq!(title(None, None, None), "");
    }

    #[test]
    fn an_hour_of_a_day_is_meant_where_the_account_is() {
        assert_eq!(on_day("2026-12-01", 9, 3_600_000), Some(1_796_112_000_000));
        assert_eq!(on_day("2026-12-01", 9, -18_000_000), Some(1_796_133_600_000));
        assert_eq!(on_day("12-03-2026", 9, 0), None);
    }

    #[test]
    fn what_is_too_long_ends_in_an_ellipsis() {
        assert_eq!(shortened("Een twee", 5), "Een…");
        assert_eq!(shortened("Een", 3), "Een");
    }
}
