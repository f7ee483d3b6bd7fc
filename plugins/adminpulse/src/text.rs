//! Days as AdminPulse writes them, and texts as it shows them.

use patchbay_sdk::time;

/// Characters of a task's name.
const NAME: usize = 200;

/// `2026-11-21` as queries write it: `21112026`.
pub(crate) fn of_query(day: &str) -> Option<String> {
    let mut parts = day_of(day)?.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    Some(format!("{day}{month}{year}"))
}

/// The day that a text begins with, when it is one.
pub(crate) fn day_of(text: &str) -> Option<&str> {
    let day = text.get(..10)?;
    time::parse_rfc3339(&format!("{day}T00:00:00Z")).map(|_| day)
}

/// A day or moment as bodies write it, without an offset: `2026-11-21T10:00:00`.
pub(crate) fn of_body(text: &str) -> Option<String> {
    let day = day_of(text)?;
    let clock =
        text.get(10..19).filter(|_| time::parse_rfc3339(&format!("{}Z", text.get(..19).unwrap_or_default())).is_some());
    Some(format!("{day}{}", clock.unwrap_or("T00:00:00")))
}

/// The day before, as `2026-11-20`.
pub(crate) fn day_before(day: &str) -> Option<String> {
    let ms = time::parse_rfc3339(&format!("{}T00:00:00Z", day_of(day)?))?;
    Some(time::date(ms.saturating_sub(86_400_000)))
}

/// Plain text as HTML: paragraphs at empty lines, line ends kept.
pub(crate) fn html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let normal = escaped.replace("\r\n", "\n");
    let paragraphs = normal.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    paragraphs.map(|paragraph| format!("<p>{}</p>", paragraph.replace('\n', "<br>"))).collect()
}

/// The name of a to-do: its title, else the first line of its text, cut where a list would cut it.
pub(crate) fn name(title: Option<&str>, text: &str) -> String {
    let filled = |text: &&str| !text.is_empty();
    let first = title.map(str::trim).filter(filled);
    let first = first.or_else(|| text.lines().map(str::trim).find(filled)).unwrap_or_default();
    if first.chars().count() <= NAME {
        return first.to_owned();
    }
    let cut: String = first.chars().take(NAME - 1).collect();
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::{day_before, html, name, of_body, of_query};

    #[test]
    fn days_are_written_day_first_in_queries_and_as_iso_in_bodies() {
        assert_eq!(of_query("2026-11-02T10:00:00Z").as_deref(), Some("02112026"));
        assert_eq!(of_body("2026-11-02").as_deref(), Some("2026-11-02T00:00:00"));
        assert_eq!(of_body("2026-11-02T10:30:00+01:00").as_deref(), Some("2026-11-02T10:30:00"));
        assert_eq!(of_body("2026-11-02 in the morning").as_deref(), Some("2026-11-02T00:00:00"));
        for text in ["", "2026-13-02", "2026-02-30", "next week", "21/11/2026", "2026-11-0é"] {
            assert_eq!((of_query(text), of_body(text)), (None, None), "{text}");
        }
        assert_eq!(day_before("2026-03-01").as_deref(), Some("2026-02-28"));
    }

    #[test]
    fn a_text_becomes_paragraphs_and_nothing_of_it_is_markup() {
        assert_eq!(html("A & <b>\r\nc\n\n\n\nd"), "<p>A &amp; &lt;b&gt;<br>c</p><p>d</p>");
        assert_eq!(html(" \n"), "");
    }

    #[test]
    fn a_long_first_line_is_cut_and_a_title_goes_before_it() {
        assert_eq!(name(Some(" "), "\n Bel \nde klant"), "Bel");
        assert_eq!(name(Some("Bel"), "x"), "Bel");
        assert_eq!(name(None, &"é".repeat(300)).chars().count(), 200);
    }
}
