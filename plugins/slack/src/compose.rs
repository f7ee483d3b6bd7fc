//! What a message says: a heading in bold, the text, and for a to-do whose it is. A text that is longer than a message may be is
//! begun there, and all of it goes along as a file.

use patchbay_sdk::{Case, Error, Item, Result, log};
use serde::Deserialize;

use crate::{
    refusal::{self, Doing, nameless},
    text::{beginning, escaped, file_name, length, line},
    wire::{Api, is_id},
};

/// The action that posts files without a message of its own.
pub(crate) const FILE: &str = "file";
/// What stands before a to-do.
const BOX: &str = "\u{2610} ";

#[derive(Deserialize)]
struct Payload {
    text: Option<String>,
    title: Option<String>,
    meeting: Option<String>,
    date: Option<String>,
    due: Option<String>,
    assignee: Option<String>,
}

/// A message as it is sent.
pub(crate) struct Post {
    /// Escaped, and no longer than a message may be.
    pub(crate) text: String,
    /// Name and content of the file that holds all of the text, where a message has no room for it.
    pub(crate) whole: Option<(String, String)>,
}

#[derive(Deserialize)]
struct Found {
    user: User,
}

#[derive(Deserialize)]
struct User {
    id: String,
}

/// The message of an item.
pub(crate) fn post(api: &Api, item: &Item) -> Result<Post> {
    let mut payload: Payload = item.payload()?;
    let text = payload.text.take().filter(|text| !text.trim().is_empty()).unwrap_or_default();
    let empty = text.is_empty();
    let (head, tail) = match item.action.as_str() {
        "message" => (String::new(), String::new()),
        FILE => {
            if item.attachments.is_empty() {
                return Err(Error::invalid_input("Attach the files that are to be posted."));
            }
            (String::new(), String::new())
        }
        "report" => {
            if empty && item.attachments.is_empty() {
                return Err(Error::invalid_input("There is nothing in this report.")
                    .field("/text", "Write a text, or attach a file."));
            }
            (payload.heading(item, Some("Report")), String::new())
        }
        "note" => (payload.heading(item, None), String::new()),
        "todo" => (payload.subject(), payload.whose(api)?),
        _ => return Err(item.unsupported()),
    };
    if empty && matches!(item.action.as_str(), "message" | "note" | "todo") {
        return Err(Error::invalid_input("There is nothing to be posted.").field("/text", "Write a text."));
    }
    let named = payload.title.or(payload.meeting).unwrap_or_else(|| "Message".to_owned());
    Ok(fitted(api.assumed.text_limit, &head, &text, &tail, &named))
}

/// Head, text and tail in one message; the text begun only, and kept as a file, where that would be too long.
fn fitted(limit: usize, head: &str, text: &str, tail: &str, named: &str) -> Post {
    let text = text.trim();
    let joined = |middle: &str| {
        let parts = [head, middle, tail].into_iter().filter(|part| !part.is_empty() && *part != BOX);
        let marked = if head == BOX { head } else { "" };
        format!("{marked}{}", parts.collect::<Vec<_>>().join("\n"))
    };
    let whole = joined(&escaped(text));
    if length(&whole) <= limit {
        return Post { text: whole, whole: None };
    }
    // What stands around the text never takes all of the room: its parts have lengths of their own.
    let around = length(&joined("")).saturating_add(2);
    let begun = joined(&beginning(text, limit.saturating_sub(around)));
    Post { text: begun, whole: Some((file_name(named), text.to_owned())) }
}

impl Post {
    /// Whether files go with it.
    pub(crate) fn has_files(&self, item: &Item) -> bool {
        self.whole.is_some() || !item.attachments.is_empty()
    }
}

impl Payload {
    /// What it is and of which meeting, in bold.
    fn heading(&self, item: &Item, otherwise: Option<&str>) -> String {
        let filled = |text: &Option<String>| text.as_deref().map(line).filter(|text| !text.is_empty());
        let (title, meeting) = (filled(&self.title), filled(&self.meeting));
        let of_file = || item.attachments.first().map(|file| line(&file.name)).filter(|_| otherwise.is_some());
        let first = title.clone().or_else(|| meeting.clone()).or_else(of_file).or_else(|| otherwise.map(str::to_owned));
        let Some(first) = first else { return filled(&self.date).unwrap_or_default() };
        let meeting = meeting.filter(|meeting| *meeting != first).map(|meeting| format!(" \u{b7} {meeting}"));
        let date = filled(&self.date).map(|date| format!(" ({date})"));
        format!("{}{}{}", bold(&first), meeting.unwrap_or_default(), date.unwrap_or_default())
    }

    fn subject(&self) -> String {
        match self.title.as_deref().map(line).filter(|title| !title.is_empty()) {
            Some(title) => format!("{BOX}{}", bold(&title)),
            None => BOX.to_owned(),
        }
    }

    /// Whose a to-do is, until when, and of which meeting.
    fn whose(&self, api: &Api) -> Result<String> {
        let filled = |text: &Option<String>| text.as_deref().map(line).filter(|text| !text.is_empty());
        let mut parts = Vec::new();
        if let Some(assignee) = self.assignee.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
            let mention = mention(api, assignee)?;
            parts.push(format!("For: {}", mention.unwrap_or_else(|| line(assignee))));
        }
        parts.extend(filled(&self.due).map(|due| format!("Due: {due}")));
        parts.extend(filled(&self.meeting).map(|meeting| format!("Meeting: {meeting}")));
        Ok(parts.join(" \u{b7} "))
    }
}

/// How a person is mentioned; none where nobody is known by this.
fn mention(api: &Api, person: &str) -> Result<Option<String>> {
    // A name in capitals is no id: ids have digits.
    if is_id(person, "UW") && person.len() >= 8 && person.contains(|letter: char| letter.is_ascii_digit()) {
        return Ok(Some(format!("<@{person}>")));
    }
    if !person.contains('@') || person.contains(char::is_whitespace) {
        return Ok(None);
    }
    let answer = api.ask("users.lookupByEmail")?.query("email", person).send().map_err(nameless)?;
    // Slack's own word that there is nobody, not a status that says so of the address.
    let told = answer.is_success();
    match refusal::ok(answer, Doing::Reading) {
        Ok(answer) => Ok(Some(answer.json::<Found>().map_err(nameless)?.user.id)
            .filter(|id| is_id(id, "UW"))
            .map(|id| format!("<@{id}>"))),
        Err(error) if told && matches!(error.case(), Case::NotFound | Case::PermissionDenied) => {
            log::info("the person that a to-do is for is not mentioned", &[("why", &format!("{:?}", error.case()))]);
            Ok(None)
        }
        Err(error) => Err(nameless(error)),
    }
}

/// In bold. What ends it early is taken out.
fn bold(text: &str) -> String {
    format!("*{}*", text.replace('*', ""))
}

#[cfg(test)]
mod tests {
    use super::{BOX, fitted};
    use crate::text::length;

    #[test]
    fn a_text_that_fits_needs_no_file() {
        let post = fitted(500, "*Verslag*", " Alles goed & wel ", "", "Verslag");
        assert_eq!((post.text.as_str(), post.whole), ("*Verslag*\nAlles goed &amp; wel", None));
        assert_eq!(fitted(500, BOX, "Bel Els", "Due: 2026-12-01", "x").text, "\u{2610} Bel Els\nDue: 2026-12-01");
    }

    #[test]
    fn a_long_text_is_begun_and_goes_along_as_a_file() {
        let text = "a&".repeat(4_000);
        let post = fitted(500, "*Verslag*", &text, "Due: 2026-12-01", "Verslag");
        assert!(length(&post.text) <= 500, "{}", length(&post.text));
        assert!(post.text.starts_with("*Verslag*\na&amp;") && post.text.ends_with("…\nDue: 2026-12-01"));
        assert_eq!(post.whole, Some(("Verslag.txt".to_owned(), text)));
    }
}
