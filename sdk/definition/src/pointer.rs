//! JSON Pointer (RFC 6901), as far as it can be told without a document.

/// Whether this is a pointer: empty, or tokens that each follow a `/`, with `~0` and `~1` as the only escapes.
#[must_use]
pub fn is_pointer(text: &str) -> bool {
    if !text.is_empty() && !text.starts_with('/') {
        return false;
    }
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        if letter == '~' && !matches!(rest.next(), Some('0' | '1')) {
            return false;
        }
    }
    true
}

/// The tokens of a pointer, without their escapes.
pub fn tokens(pointer: &str) -> impl Iterator<Item = String> {
    // The second replacement must not meet what the first one made: `~01` is `~1`.
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"))
}

/// A token as it stands in a pointer.
#[must_use]
pub fn escaped(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, prop, prop_assert, prop_assert_eq, proptest};

    use super::{escaped, is_pointer, tokens};

    #[test]
    fn a_pointer_begins_with_a_slash_and_has_two_escapes() {
        for good in ["", "/", "/a", "/a~1b/0", "/~0~1", "/a b"] {
            assert!(is_pointer(good), "{good}");
        }
        for bad in ["a", "/~", "/~2", "a/b", "$.a"] {
            assert!(!is_pointer(bad), "{bad}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn any_tokens_survive_being_written_as_a_pointer(names in prop::collection::vec(any::<String>(), 0..5)) {
            let pointer: String = names.iter().map(|name| format!("/{}", escaped(name))).collect();
            prop_assert!(is_pointer(&pointer));
            prop_assert_eq!(tokens(&pointer).collect::<Vec<_>>(), names);
        }
    }
}
