//! What is written for people: HTML as Odoo's own editor makes it, with a mark by which it is found again.

use patchbay_sdk::{Error, Result, run};

use crate::wire::Api;

/// Letters of the host's key that are enough to tell one text from all others.
const MARK: usize = 12;

/// What a step is found by: `[pb:…]`. Comments and hidden elements do not survive: the server cleans HTML.
pub(crate) fn mark(step: &str) -> Result<String> {
    match run::step_key(step).get(..MARK) {
        Some(key) => Ok(format!("[pb:{key}]")),
        None => Err(Error::other("The host gave no key for this step.")),
    }
}

/// A title, a text with its lines and paragraphs, and the mark.
pub(crate) fn html(title: Option<&str>, text: &str, mark: &str) -> String {
    let mut html = String::new();
    if let Some(title) = title.filter(|title| !title.is_empty()) {
        html.push_str(&format!("<p><strong>{}</strong></p>", escaped(title)));
    }
    let text = text.replace("\r\n", "\n");
    for paragraph in text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
        html.push_str(&format!("<p>{}</p>", escaped(paragraph).replace('\n', "<br>")));
    }
    html.push_str(&format!("<p>{mark}</p>"));
    html
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// Where a person sees a record.
pub(crate) fn link(api: &Api, model: &str, id: u64) -> String {
    let path = api.assumed.record_path.replace("{model}", model).replace("{id}", &id.to_string());
    format!("{}{path}", api.server)
}

#[cfg(test)]
mod tests {
    use super::html;

    #[test]
    fn what_people_write_is_text_and_never_markup() {
        assert_eq!(
            html(Some("A & B"), "one <b>\r\ntwo\n\n\nthree'\"", "[pb:x]"),
            "<p><strong>A &amp; B</strong></p><p>one &lt;b&gt;<br>two</p><p>three&#39;&quot;</p><p>[pb:x]</p>"
        );
        assert_eq!(html(None, " ", "[pb:x]"), "<p>[pb:x]</p>");
    }
}
