//! Forms of a page, as far as the login and consent pages of the fakes and of the host need it.

/// A form as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Form {
    /// Its name, else its id; empty without either.
    pub name: String,
    /// `GET` or `POST`.
    pub method: String,
    /// Where it goes, as written; empty for the page itself.
    pub action: String,
    /// What is filled in already: hidden fields, values, selected options.
    pub fields: Vec<(String, String)>,
    /// Buttons with a name, of which one is pressed.
    pub buttons: Vec<(String, String)>,
}

/// Where the link that looks like a button leads, as written.
pub(crate) fn way_on(page: &str) -> Option<String> {
    let tag = tags(page).into_iter().find(|tag| tag.name == "a" && tag.get("class").as_deref() == Some("button"))?;
    tag.get("href")
}

/// All forms of a page, in order.
pub(crate) fn forms(page: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut open = false;
    let mut select = String::new();
    for tag in tags(page) {
        match tag.name.as_str() {
            "form" => {
                let method = tag.get("method").unwrap_or_default().to_ascii_uppercase();
                let method = if method == "POST" { method } else { "GET".to_owned() };
                let name = tag.get("name").or_else(|| tag.get("id")).unwrap_or_default();
                let action = tag.get("action").unwrap_or_default();
                forms.push(Form { name, method, action, ..Form::default() });
                open = true;
            }
            "/form" => open = false,
            _ => {}
        }
        let (true, Some(form)) = (open, forms.last_mut()) else { continue };
        match tag.name.as_str() {
            "input" => {
                let kind = tag.get("type").unwrap_or_default();
                let ticked = tag.get("checked").is_some() || !["checkbox", "radio"].contains(&kind.as_str());
                if let (true, Some(name)) = (ticked && kind != "submit", tag.get("name")) {
                    form.fields.push((name, tag.get("value").unwrap_or_default()));
                }
            }
            "button" => {
                if let Some(name) = tag.get("name") {
                    form.buttons.push((name, tag.get("value").unwrap_or_default()));
                }
            }
            "select" => {
                select = tag.get("name").unwrap_or_default();
            }
            "option" if !select.is_empty() => {
                let value = tag.get("value").unwrap_or_default();
                let known = form.fields.iter_mut().find(|(name, _)| *name == select);
                match known {
                    None => form.fields.push((select.clone(), value)),
                    // The first option holds unless a later one is selected.
                    Some(known) if tag.get("selected").is_some() => known.1 = value,
                    Some(_) => {}
                }
            }
            "textarea" => form.fields.extend(tag.get("name").map(|name| (name, String::new()))),
            "/select" => select.clear(),
            _ => {}
        }
    }
    forms
}

struct Tag {
    /// Lower case; with its slash when it is an end tag.
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, name: &str) -> Option<String> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }
}

fn tags(page: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        // A sign of its own, as in `1 < 2`, starts no tag.
        if !after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') {
            rest = after;
            continue;
        }
        let (tag, next) = tag(after);
        tags.push(tag);
        rest = next;
    }
    tags
}

/// Reads a tag after its `<`; what follows it.
fn tag(text: &str) -> (Tag, &str) {
    let end = text.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return (Tag { name: name.to_ascii_lowercase(), attributes }, after);
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '=' || c == '>').unwrap_or(rest.len());
        if end == 0 {
            return (Tag { name: name.to_ascii_lowercase(), attributes }, rest.get(1..).unwrap_or_default());
        }
        let (attribute, after) = rest.split_at(end);
        let (value, after) = value(after);
        attributes.push((attribute.to_ascii_lowercase(), value));
        rest = after;
    }
}

fn value(text: &str) -> (String, &str) {
    let Some(text) = text.strip_prefix('=') else { return (String::new(), text) };
    for quote in ['"', '\''] {
        if let Some((value, after)) = text.strip_prefix(quote).and_then(|text| text.split_once(quote)) {
            return (unescape(value), after);
        }
    }
    let end = text.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(text.len());
    let (value, after) = text.split_at(end);
    (unescape(value), after)
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&#34;", "\"")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_with_what_is_filled_in() {
        let page = "<p>1 < 2<form name=x method=post action='/a?b=1&amp;c=2'><input type=hidden name=\"t\" value=\"x&quot;y\">\
            <input type=checkbox name=no value=1><input name=user><select name=\"firm\"><option value=1>A</option>\
            <option value=2 selected>B</option></select><button name=\"decision\" value=\"deny\">No</button></form>\
            <input name=outside>";
        let form = &forms(page)[0];
        assert_eq!((form.name.as_str(), form.method.as_str(), form.action.as_str()), ("x", "POST", "/a?b=1&c=2"));
        let fields: Vec<(&str, &str)> = form.fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(fields, [("t", "x\"y"), ("user", ""), ("firm", "2")]);
        assert_eq!(form.buttons, [("decision".to_owned(), "deny".to_owned())]);
    }
}
