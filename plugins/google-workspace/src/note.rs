//! What notes, reports and to-dos say. They become lines at the end of a description, which may hold HTML: so `<` and `>` are
//! sent as entities, and nothing that was written becomes markup.

use patchbay_sdk::{Error, Item, Result};
use serde::Deserialize;

/// Fewer letters of a report than this are no report.
const LEAST: usize = 200;
/// What stands where something was cut off.
const CUT: &str = "… (cut off here: there is no more room)";

#[derive(Deserialize)]
struct Payload {
    text: Option<String>,
    link: Option<String>,
    title: Option<String>,
    date: Option<String>,
    meeting: Option<String>,
    due: Option<String>,
    assignee: Option<String>,
    #[serde(default)]
    todos: Vec<Todo>,
}

#[derive(Deserialize)]
struct Todo {
    text: Option<String>,
    title: Option<String>,
    due: Option<String>,
    assignee: Option<String>,
}

/// What is to be added.
pub(crate) struct Addition {
    text: String,
    /// What must not be cut off: links and to-dos.
    tail: String,
    /// Whether the text may be shortened.
    is_report: bool,
}

impl Addition {
    pub(crate) fn of(item: &Item) -> Result<Self> {
        let said: Payload = item.payload()?;
        let link = filled(said.link.as_deref()).map(|link| format!("Link: {link}"));
        let is_report = item.action == "report";
        let (text, tail) = if item.action == "todo" {
            let todo = Todo { text: said.text, title: said.title, due: said.due, assignee: said.assignee };
            (todo.line().map(|line| format!("To-do: {line}")).unwrap_or_default(), None)
        } else {
            let (title, date) = (filled(said.title.as_deref()), filled(said.date.as_deref()));
            let heading = [title, filled(said.meeting.as_deref()), date].into_iter().flatten();
            let heading = heading.collect::<Vec<_>>().join(" · ");
            let body = filled(said.text.as_deref()).unwrap_or_default();
            let lines: Vec<String> = said.todos.iter().filter_map(Todo::line).map(|line| format!("• {line}")).collect();
            let todos = if lines.is_empty() { None } else { Some(format!("To-dos:\n{}", lines.join("\n"))) };
            if body.is_empty() && link.is_none() && todos.is_none() {
                return Err(Error::invalid_input("There is nothing to add.").field("/text", "Write a text or a link."));
            }
            let parts = [heading.as_str(), body.as_str()].into_iter().filter(|part| !part.is_empty());
            let tail: Vec<String> = [todos, link].into_iter().flatten().collect();
            (parts.collect::<Vec<_>>().join("\n"), Some(tail.join("\n")).filter(|tail| !tail.is_empty()))
        };
        Ok(Self { text: plain(&text), tail: plain(&tail.unwrap_or_default()), is_report })
    }

    /// The description with this at its end, in so many letters at most.
    pub(crate) fn behind(&self, before: &str, limit: usize) -> Result<String> {
        let before = before.trim_end();
        let gap = if before.is_empty() { "" } else { "\n\n" };
        let tail = match (self.text.is_empty(), self.tail.is_empty()) {
            (_, true) => String::new(),
            (true, false) => self.tail.clone(),
            (false, false) => format!("\n{}", self.tail),
        };
        let count = |text: &str| text.chars().count();
        let taken = count(before).saturating_add(count(gap)).saturating_add(count(&tail));
        let room = limit.saturating_sub(taken);
        if taken <= limit && count(&self.text) <= room {
            return Ok(format!("{before}{gap}{}{tail}", self.text));
        }
        if self.is_report && room >= LEAST {
            return Ok(format!("{before}{gap}{}{tail}", cut(&self.text, room)));
        }
        Err(Error::invalid_input("The description of this event has no room for this.")
            .detail(format!("{taken} characters are taken, and {limit} there may be")))
    }
}

impl Todo {
    fn line(&self) -> Option<String> {
        let (title, text) = (filled(self.title.as_deref()), filled(self.text.as_deref()));
        let said = match (title, text) {
            (Some(title), Some(text)) if title != text => format!("{title}: {text}"),
            (title, text) => title.or(text)?,
        };
        let more: Vec<String> =
            [filled(self.assignee.as_deref()), filled(self.due.as_deref())].into_iter().flatten().collect();
        let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
        Some(if more.is_empty() { line } else { format!("{line} ({})", more.join(", ")) })
    }
}

fn filled(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A text that nobody takes for markup.
pub(crate) fn plain(text: &str) -> String {
    text.replace('<', "&lt;").replace('>', "&gt;")
}

/// The beginning of a text that has so many letters at most, and says that it was cut. No entity is cut in two.
fn cut(text: &str, room: usize) -> String {
    let most = room.saturating_sub(CUT.chars().count() + 1);
    let mut taken: String = text.chars().take(most).collect();
    if let Some(at) = taken.rfind('&').filter(|at| taken.len() - at < 4 && !taken[*at..].contains(';')) {
        taken.truncate(at);
    }
    format!("{}\n{CUT}", taken.trim_end())
}

#[cfg(test)]
mod tests {
    use patchbay_sdk::Item;
    use serde_json::{Value, json};

    use super::{Addition, cut, plain};

    fn of(action: &str, payload: &Value) -> Addition {
        let item = Item { action: action.to_owned(), payload: payload.to_string().into_bytes(), ..Item::default() };
        Addition::of(&item).unwrap()
    }

    #[test]
    fn what_is_there_stays_and_the_addition_stands_behind_it() {
        let note = of("note", &json!({ "text": " Els belt. ", "title": "Afspraak", "date": "2026-11-21" }));
        assert_eq!(note.behind("Agenda\n", 8_192).unwrap(), "Agenda\n\nAfspraak · 2026-11-21\nEls belt.");
        assert_eq!(note.behind("", 8_192).unwrap(), "Afspraak · 2026-11-21\nEls belt.");
        let link = of("note", &json!({ "link": "https://a.example/x?a=1&b=2" }));
        assert_eq!(link.behind("", 8_192).unwrap(), "Link: https://a.example/x?a=1&b=2");
    }

    #[test]
    fn a_to_do_says_who_and_until_when() {
        let todo = of(
            "todo",
            &json!({ "title": "Offerte", "text": "nieuwe\nprijzen", "due": "2026-12-01", "assignee": "An" }),
        );
        assert_eq!(todo.behind("", 100).unwrap(), "To-do: Offerte: nieuwe prijzen (An, 2026-12-01)");
    }

    #[test]
    fn nothing_becomes_markup() {
        assert_eq!(plain("<b>R&D</b>"), "&lt;b&gt;R&D&lt;/b&gt;");
        let note = of("note", &json!({ "text": "<a href=x>" }));
        assert_eq!(note.behind("<b>Agenda</b>", 100).unwrap(), "<b>Agenda</b>\n\n&lt;a href=x&gt;");
    }

    #[test]
    fn a_report_is_cut_and_keeps_its_to_dos_and_a_note_is_not_cut() {
        let report = of(
            "report",
            &json!({ "text": "<x ".repeat(400), "todos": [{ "title": "Bel" }], "link": "https://a.example" }),
        );
        let whole = report.behind("Agenda", 500).unwrap();
        assert!(whole.chars().count() <= 500, "{}", whole.chars().count());
        assert!(
            whole.starts_with("Agenda\n\n&lt;x") && whole.ends_with("To-dos:\n• Bel\nLink: https://a.example"),
            "{whole}"
        );
        assert!(report.behind(&"x".repeat(490), 500).is_err());
        assert!(of("note", &json!({ "text": "y".repeat(600) })).behind("", 500).is_err());
    }

    #[test]
    fn no_entity_is_cut_in_two() {
        for room in 42..80 {
            let short = cut(&"a&lt;".repeat(40), room);
            let kept = short.split('\n').next().unwrap().replace("&lt;", "");
            assert!(!kept.contains('&') && short.chars().count() <= room, "{room}: {short}");
        }
    }
}
