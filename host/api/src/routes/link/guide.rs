//! A guide's Markdown as HTML. Its publisher is not us: markup in it is shown as text, links lead to the web
//! or to a mail address, and pictures are their words.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use super::html::{Html, in_query};

/// Bytes of a guide that are shown.
const LONGEST: usize = 64 * 1024;

/// The address at which a guide stands by itself.
pub(super) fn address(connector: &str, guide: &str) -> String {
    format!("/guides/{}/{}", in_query(connector), in_query(guide))
}

/// The guide as markup.
pub(super) fn rendered(markdown: &str) -> Html {
    let shown = markdown.get(..markdown.floor_char_boundary(LONGEST)).unwrap_or_default();
    let mut links = Vec::new();
    let events = Parser::new_ext(shown, Options::ENABLE_TABLES).filter_map(|event| harmless(event, &mut links));
    let mut markup = String::new();
    html::push_html(&mut markup, events);
    Html::made(markup)
}

/// The event as it may be shown; `links` remembers for each open link whether it is one.
fn harmless<'m>(event: Event<'m>, links: &mut Vec<bool>) -> Option<Event<'m>> {
    match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::Link { dest_url, .. }) => {
            let leads = leads_out(&dest_url);
            links.push(leads);
            leads.then(|| opened(&dest_url))
        }
        Event::End(TagEnd::Link) => match links.pop() {
            Some(true) => Some(Event::InlineHtml(CowStr::Borrowed("</a>"))),
            _ => None,
        },
        // The policy of the page forbids pictures; what they are called is shown.
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        // The page has its own first headings.
        Event::Start(Tag::Heading { .. }) => Some(Event::Start(Tag::Heading {
            level: HeadingLevel::H3,
            id: None,
            classes: Vec::new(),
            attrs: Vec::new(),
        })),
        Event::End(TagEnd::Heading(_)) => Some(Event::End(TagEnd::Heading(HeadingLevel::H3))),
        other => Some(other),
    }
}

/// Whether a link leads to where a guide may lead.
fn leads_out(address: &str) -> bool {
    let lower = address.to_ascii_lowercase();
    ["https://", "http://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme))
}

/// In a window of its own, so that the journey stays where it is.
fn opened(address: &str) -> Event<'static> {
    let tag = super::html::html!("<a href=\"{}\" target=\"_blank\" rel=\"noopener noreferrer\">", address);
    Event::InlineHtml(CowStr::from(tag.as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(markdown: &str) -> String {
        rendered(markdown).as_str().to_owned()
    }

    #[test]
    fn a_guide_is_rendered() {
        let guide =
            shown("# Before\n\n1. Open **Settings**\n2. See [help](https://help.example.com/?a=1&b=2)\n\n`code`");
        for part in ["<h3>Before</h3>", "<li>Open <strong>Settings</strong></li>", "<code>code</code>"] {
            assert!(guide.contains(part), "{guide}");
        }
        let link =
            "<a href=\"https://help.example.com/?a=1&amp;b=2\" target=\"_blank\" rel=\"noopener noreferrer\">help</a>";
        assert!(guide.contains(link), "{guide}");
    }

    #[test]
    fn markup_in_a_guide_is_text() {
        for nasty in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "<div onclick=\"x()\">\n\nhello\n\n</div>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](data:text/html,<script>1</script>)",
            "[x](//evil.example)",
            "[x](/link/token)",
            "[x](vbscript:x)",
            "<javascript:alert(1)>",
            "![x](https://evil.example/pixel.png)",
            "[a\"onmouseover=\"x](https://e.example/\"onmouseover=\"x)",
            "# h {onclick=x #id .class}",
        ] {
            let guide = shown(nasty);
            for tag in guide.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default()) {
                let plain = ["p", "/p", "/a", "h3", "/h3"].contains(&tag);
                let link = tag.starts_with("a href=\"http")
                    && tag.ends_with("\" target=\"_blank\" rel=\"noopener noreferrer\"");
                assert!(plain || link && tag.matches('"').count() == 6, "{nasty}: <{tag}>");
            }
        }
    }

    #[test]
    fn a_guide_that_is_too_long_is_cut_between_two_characters() {
        let guide = "é".repeat(LONGEST);
        assert!(shown(&guide).len() <= LONGEST + 16);
    }
}
