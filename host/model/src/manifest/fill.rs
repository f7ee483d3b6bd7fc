//! Placeholders in the texts of a manifest: `{name}`, single braces, nothing else.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986, so that a value can never end the part it stands in.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How a value is written into the place of its placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Into an address before its query: percent-encoded; an empty value and dot segments are refused,
    /// because they would lead to another path.
    Path,
    /// Into a query: percent-encoded.
    Query,
    /// As it is; for a header's value, a form's value or a JSON text, which the writer encodes itself.
    Raw,
}

/// `template` with each `{name}` replaced by its value.
///
/// # Errors
/// A text for the operator when the template is broken, a placeholder has no value, or a value would
/// change the path. It never quotes a value.
pub fn fill(template: &str, values: &BTreeMap<String, String>, encoding: Encoding) -> Result<String, String> {
    let mut filled = String::with_capacity(template.len());
    for part in split(template)? {
        match part {
            Part::Text(text) => filled.push_str(text),
            Part::Placeholder(name) => {
                let value = values.get(name).ok_or_else(|| format!("there is no value for {{{name}}}"))?;
                match encoding {
                    Encoding::Raw => filled.push_str(value),
                    Encoding::Path if value.is_empty() => return Err(format!("the value for {{{name}}} is empty")),
                    Encoding::Path | Encoding::Query => filled.extend(utf8_percent_encode(value, RESERVED)),
                }
            }
        }
    }
    if encoding == Encoding::Path && has_dot_segment(&filled) {
        return Err(format!("a value makes a dot segment in {template:?}"));
    }
    Ok(filled)
}

/// The names of the placeholders of `template`, in their order.
///
/// # Errors
/// What is wrong with its braces.
pub fn placeholders(template: &str) -> Result<Vec<&str>, String> {
    Ok(split(template)?
        .into_iter()
        .filter_map(|part| match part {
            Part::Placeholder(name) => Some(name),
            Part::Text(_) => None,
        })
        .collect())
}

/// Whether a part between slashes is `.` or `..`, also when it is written with percent signs.
pub(crate) fn has_dot_segment(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.split(['/', '\\']).any(|segment| {
        let plain = segment.replace("%2e", ".").replace("%2E", ".");
        plain == "." || plain == ".."
    })
}

enum Part<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

fn split(template: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(brace) = rest.find(['{', '}']) {
        let (text, from) = rest.split_at(brace);
        let inside = from.strip_prefix('{').ok_or_else(|| format!("{template:?} has a }} without a {{"))?;
        let (name, after) = inside.split_once('}').ok_or_else(|| format!("{template:?} has a {{ without a }}"))?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.".contains(&b))
        {
            return Err(format!("{{{name}}} in {template:?} is no placeholder: a-z, 0-9, _, - and . only"));
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        parts.push(Part::Placeholder(name));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_value_stays_in_the_part_it_stands_in() {
        let values = values(&[("firm", "13/../827?x=1#y é")]);
        assert_eq!(fill("/f/{firm}/x", &values, Encoding::Path).unwrap(), "/f/13%2F..%2F827%3Fx%3D1%23y%20%C3%A9/x");
        assert_eq!(fill("a={firm}&b", &values, Encoding::Query).unwrap(), "a=13%2F..%2F827%3Fx%3D1%23y%20%C3%A9&b");
        assert_eq!(fill("{firm}", &values, Encoding::Raw).unwrap(), "13/../827?x=1#y é");
    }

    #[test]
    fn a_value_never_leads_to_another_path() {
        for (template, value) in [("/f/{x}/y", ".."), ("/f/{x}/y", "."), ("/f/{x}{x}/y", "."), ("/f/{x}/y", "")] {
            assert!(fill(template, &values(&[("x", value)]), Encoding::Path).is_err(), "{template} with {value:?}");
        }
    }

    #[test]
    fn a_broken_template_or_an_unknown_placeholder_is_refused() {
        let values = values(&[("a", "1")]);
        for template in ["{", "}", "{}", "{b}", "{{a}}", "{a", "a}", "{A}", "{a b}"] {
            assert!(fill(template, &values, Encoding::Raw).is_err(), "{template}");
        }
        assert_eq!(placeholders("x{a}y{b}{a}").unwrap(), ["a", "b", "a"]);
    }

    #[test]
    fn a_refusal_never_quotes_a_value() {
        let refusal = fill("/{x}/{y}", &values(&[("x", "canary"), ("y", "..")]), Encoding::Path).unwrap_err();
        assert!(!refusal.contains("canary"), "{refusal}");
    }
}
