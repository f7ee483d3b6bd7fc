//! The `Link` header (RFC 8288), as far as paging needs it.

/// The address of the first link with this relation.
pub(crate) fn find<'a>(header: &'a str, relation: &str) -> Option<&'a str> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (address, after) = after.split_once('>')?;
        let (parameters, next) = split_at_comma(after);
        if relations(parameters).is_some_and(|found| found.split_ascii_whitespace().any(|one| one == relation)) {
            return Some(address);
        }
        rest = next;
    }
    None
}

/// The value of `rel` among a link's parameters.
fn relations(parameters: &str) -> Option<&str> {
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("rel").then(|| value.trim().trim_matches('"'))
    })
}

/// The parameters up to the comma that ends this link; a comma inside quotes does not.
fn split_at_comma(text: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => return text.split_at(at),
            _ => {}
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn the_next_page_is_found_among_its_neighbours() {
        let header = r#"<https://a.example/x?page=1,2>; rel="prev", <https://a.example/x?page=3>; title="a, b"; rel="next last""#;
        assert_eq!(find(header, "next"), Some("https://a.example/x?page=3"));
        assert_eq!(find(header, "prev"), Some("https://a.example/x?page=1,2"));
        assert_eq!(find(header, "first"), None);
    }

    #[test]
    fn nonsense_has_no_links() {
        for header in ["", "<", "<a", "a>; rel=next", "<a>", "<a>; rel", "next"] {
            assert_eq!(find(header, "next"), None, "{header}");
        }
        assert_eq!(find("<a>;rel=next", "next"), Some("a"));
    }
}
