//! Markup that can only be made with its texts escaped.

/// A piece of HTML.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Html(String);

impl Html {
    /// Nothing.
    pub(super) fn none() -> Self {
        Self::default()
    }

    /// A text, escaped for element content and for attributes in double quotes.
    pub(super) fn text(text: &str) -> Self {
        let escaped = text.chars().fold(String::with_capacity(text.len()), |mut html, c| {
            match c {
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                '"' => html.push_str("&quot;"),
                '\'' => html.push_str("&#39;"),
                plain => html.push(plain),
            }
            html
        });
        Self(escaped)
    }

    /// For [`html`](html!) and the renderer of guides only.
    pub(super) fn made(markup: String) -> Self {
        Self(markup)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Html> for Html {
    fn from_iter<I: IntoIterator<Item = Html>>(pieces: I) -> Self {
        Self(pieces.into_iter().map(|piece| piece.0).collect())
    }
}

/// What may stand in markup: markup as it is, anything else as text.
pub(super) trait ToHtml {
    /// As markup.
    fn to_html(&self) -> Html;
}

impl ToHtml for Html {
    fn to_html(&self) -> Html {
        self.clone()
    }
}

impl ToHtml for str {
    fn to_html(&self) -> Html {
        Html::text(self)
    }
}

impl ToHtml for String {
    fn to_html(&self) -> Html {
        Html::text(self)
    }
}

impl<T: ToHtml + ?Sized> ToHtml for &T {
    fn to_html(&self) -> Html {
        (*self).to_html()
    }
}

/// Markup with pieces at each `{}`; a text among them is escaped. `concat!` forbids names inside the braces,
/// which would let a text in as it is.
macro_rules! html {
    ($markup:literal $(, $piece:expr)* $(,)?) => {
        $crate::routes::link::html::Html::made(format!(
            concat!($markup)
            $(, $crate::routes::link::html::ToHtml::to_html(&$piece).as_str())*
        ))
    };
}
pub(super) use html;

/// One of our own texts with its `{name}` places filled; what fills them is escaped, and not looked at again.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> Html {
    filled(template, values, Html::text)
}

/// The same, with what fills the places emphasised.
pub(super) fn fill_strong(template: &str, values: &[(&str, &str)]) -> Html {
    filled(template, values, |value| html!("<strong>{}</strong>", value))
}

/// The same for names that a stranger chose: set apart, too, so that one that is written from right to left does not turn
/// the words around it.
pub(super) fn fill_apart(template: &str, values: &[(&str, &str)]) -> Html {
    filled(template, values, |value| html!("<strong><bdi>{}</bdi></strong>", value))
}

fn filled(template: &str, values: &[(&str, &str)], shown: impl Fn(&str) -> Html) -> Html {
    let mut parts = template.split('{');
    let first = Html::text(parts.next().unwrap_or_default());
    let rest = parts.map(|part| {
        let (name, after) = part.split_once('}').unwrap_or((part, ""));
        let value = values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        html!("{}{}", shown(value), after)
    });
    std::iter::once(first).chain(rest).collect()
}

/// A value in a query, percent-encoded (RFC 3986, section 2.3).
pub(super) fn in_query(value: &str) -> String {
    value.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: &str = "<img src=x onerror='a'>&\"";
    const HARMLESS: &str = "&lt;img src=x onerror=&#39;a&#39;&gt;&amp;&quot;";

    #[test]
    fn a_text_cannot_bring_markup_into_a_page() {
        assert_eq!(Html::text(NASTY).as_str(), HARMLESS);
        assert_eq!(
            html!("<p title=\"{}\">{}</p>", NASTY, NASTY.to_owned()).as_str(),
            format!("<p title=\"{HARMLESS}\">{HARMLESS}</p>")
        );
        assert_eq!(html!("<p>{}</p>", html!("<b>{}</b>", "<")).as_str(), "<p><b>&lt;</b></p>");
    }

    #[test]
    fn what_fills_a_text_is_escaped_and_not_filled_again() {
        let filled = fill("{tenant} & {provider}.", &[("tenant", "{provider}<"), ("provider", "P")]);
        assert_eq!(filled.as_str(), "{provider}&lt; &amp; P.");
        assert_eq!(
            fill_strong("Back to {tenant}", &[("tenant", "<A>")]).as_str(),
            "Back to <strong>&lt;A&gt;</strong>"
        );
    }

    #[test]
    fn a_value_cannot_leave_its_place_in_a_query() {
        assert_eq!(in_query("a.b-c&d=#/ é\r\n"), "a.b-c%26d%3D%23%2F%20%C3%A9%0D%0A");
    }
}
