//! Checks of a logo: SVG that can do nothing but be drawn, and be drawn soon.
//!
//! A list of what is allowed, because a list of what is dangerous is never complete.

mod references;

use references::References;

/// Bytes of a logo.
const BYTES: usize = 64 * 1024;

const ELEMENTS: &[&str] = &[
    "circle",
    "clippath",
    "defs",
    "desc",
    "ellipse",
    "fegaussianblur",
    "feoffset",
    "feblend",
    "fecolormatrix",
    "feflood",
    "fecomposite",
    "femerge",
    "femergenode",
    "filter",
    "g",
    "line",
    "lineargradient",
    "mask",
    "path",
    "polygon",
    "polyline",
    "radialgradient",
    "rect",
    "stop",
    "style",
    "svg",
    "symbol",
    "text",
    "title",
    "tspan",
    "use",
];

/// What keeps `text` from being shown as a logo; `Ok` when nothing does.
///
/// # Errors
/// What is in it that may not be.
pub fn check(text: &str) -> Result<(), String> {
    if text.len() > BYTES {
        return Err(format!("the SVG has {} bytes; {BYTES} are the most", text.len()));
    }
    let lower = text.to_ascii_lowercase();
    let mut rest = lower.as_str();
    let mut first = true;
    let mut references = References::default();
    while let Some((between, tag)) = rest.split_once('<') {
        references.of_sheet(between);
        rest = if let Some(comment) = tag.strip_prefix("!--") {
            comment.split_once("-->").ok_or("a comment is not closed")?.1
        } else if tag.starts_with("?xml ") && first {
            tag.split_once("?>").ok_or("the first line is not closed")?.1
        } else if tag.starts_with(['!', '?']) {
            return Err(format!("<{} is not allowed in it", word(tag)));
        } else {
            let name = word(tag.trim_start_matches('/'));
            if first && name != "svg" {
                return Err(format!("it begins with <{name}>, not with <svg>"));
            }
            first = false;
            if !ELEMENTS.contains(&name) {
                return Err(format!("<{name}> is not allowed in it"));
            }
            if !tag.starts_with('/') {
                references.element(name);
            }
            attributes(tag, |attribute, value| references.of_element(name, attribute, value))?
        };
    }
    if first {
        return Err("it is not an SVG".to_owned());
    }
    for (needle, what) in [
        ("@import", "@import"),
        ("image-set(", "image-set"),
        ("\\", "a backslash"),
        ("&#", "a character written as a number"),
        ("blur(", "an effect of CSS"),
        ("drop-shadow(", "an effect of CSS"),
    ] {
        if lower.contains(needle) {
            return Err(format!("{what} is not allowed in it"));
        }
    }
    for (at, _) in lower.match_indices("url(") {
        let target = lower.get(at + 4..).unwrap_or_default().trim_start_matches(['"', '\'', ' ']);
        if !target.starts_with('#') {
            return Err("url(…) may only lead to a part of the same file".to_owned());
        }
    }
    references.check(&lower)
}

/// Checks the attributes of a tag, and gives what follows its `>`. Each is read, its name without a prefix.
fn attributes<'t>(tag: &'t str, mut read: impl FnMut(&'t str, &'t str)) -> Result<&'t str, String> {
    let mut rest = tag;
    loop {
        let stop = rest.find(['>', '=']).ok_or("a tag is not closed")?;
        let (before, from) = rest.split_at(stop);
        let after = from.get(1..).unwrap_or_default();
        if from.starts_with('>') {
            return Ok(after);
        }
        let name = before.trim_end().rsplit([' ', '\t', '\n', '\r', '/', '"', '\'']).next().unwrap_or_default();
        let value = after.trim_start();
        let quote = value.chars().next().filter(|c| ['"', '\''].contains(c)).ok_or("an attribute has no quotes")?;
        let (value, next) =
            value.get(1..).and_then(|value| value.split_once(quote)).ok_or("an attribute is not closed")?;
        let plain = name.rsplit(':').next().unwrap_or_default();
        if plain.starts_with("on") {
            return Err(format!("the attribute {name} is not allowed in it"));
        }
        if ["href", "src", "base"].contains(&plain) && !value.trim_start().starts_with('#') {
            return Err(format!("the attribute {name} may only lead to a part of the same file"));
        }
        read(plain, value);
        rest = next;
    }
}

fn word(text: &str) -> &str {
    text.split(|c: char| c.is_whitespace() || ['>', '/', '<'].contains(&c)).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_drawing_is_a_logo() {
        let text = "<?xml version=\"1.0\"?><!-- x > y --><svg xmlns=\"http://www.w3.org/2000/svg\" viewBox='0 0 1 1'>\
                    <defs><linearGradient id=\"a\"/></defs><use href=\"#a\"/><path fill=\"url(#a)\" d=\"M0 0h1>\"/></svg>";
        assert_eq!(check(text), Ok(()));
    }

    #[test]
    fn whatever_could_act_or_fetch_is_refused() {
        for inside in [
            "<script>alert(1)</script>",
            "<SCRIPT/>",
            "<x:script/>",
            "<foreignObject/>",
            "<image href='https://example.com/x.png'/>",
            "<use href='https://example.com/x.svg#a'/>",
            "<use xlink:href='//example.com/x.svg#a'/>",
            "<use href='data:image/svg+xml,x'/>",
            "<path onload='x()'/>",
            "<path d='M0'onclick='x()'/>",
            "<path\nonmouseover = \"x()\"/>",
            "<path/onload='x()'/>",
            "<a href='#x'/>",
            "<animate/>",
            "<path style=\"fill:url(https://example.com/x)\"/>",
            "<style>@import 'https://example.com/x.css'</style>",
            "<path d='&#106;'/>",
            "<path d=M0 />",
            "<style>path{fill:\\75rl(https://example.com/x)}</style>",
            "<path style=\"fill:image-set('https://example.com/x' 1x)\"/>",
            "<path d='M0",
            "<![CDATA[<script/>]]>",
            "<?xml-stylesheet href='x'?>",
        ] {
            let text = format!("<svg>{inside}</svg>");
            assert!(check(&text).is_err(), "{text}");
        }
        for text in ["", "logo", "<html/>", "<!DOCTYPE svg [<!ENTITY x 'y'>]><svg/>", "<svg"] {
            assert!(check(text).is_err(), "{text}");
        }
        assert!(check(&format!("<svg>{}</svg>", " ".repeat(BYTES))).is_err());
    }
}
