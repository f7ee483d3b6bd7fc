//! `{placeholders}`: the only thing in a definition that is not said outright.
//!
//! `{name}` is a field or setting of the connection, or, in an action, a member of the payload; `{account}` the selected
//! account; `{target.name}` a member of an action's target; `{/a/0/b}` a JSON pointer into the payload;
//! `{attachment.content}` and its like the item's file; `{idempotency-key}` the host's key of the write. `{{` and `}}` are
//! braces.

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it stands.
    Text(String),
    /// A value.
    Value(Name),
}

/// What a placeholder names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// A field or setting, or a member of the payload.
    Plain(String),
    /// The selected account.
    Account,
    /// A member of the target.
    Target(String),
    /// A place in the payload.
    Pointer(String),
    /// Something of the item's file: `content` `name` `media-type` `size` `sha256`.
    Attachment(String),
    /// The host's key of the write.
    IdempotencyKey,
}

/// What can be told of a file.
pub const ATTACHMENT: &[&str] = &["content", "name", "media-type", "size", "sha256"];

/// The pieces of a template.
///
/// # Errors
/// What is wrong with a brace or a name.
pub fn parse(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        if let Some(after) = from.strip_prefix("{{") {
            plain.push('{');
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            plain.push('}');
            rest = after;
        } else if let Some((inside, after)) = from.strip_prefix('{').and_then(|open| open.split_once('}')) {
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Value(name(inside)?));
            rest = after;
        } else {
            return Err(format!("{text:?} has a brace that is not closed, or was not opened"));
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

/// The one placeholder that this text is, when it is nothing else.
#[must_use]
pub fn alone(text: &str) -> Option<Name> {
    match parse(text).ok()?.as_slice() {
        [Piece::Value(name)] => Some(name.clone()),
        _ => None,
    }
}

fn name(text: &str) -> Result<Name, String> {
    let is_word = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    if text.starts_with('/') {
        return if crate::pointer::is_pointer(text) {
            Ok(Name::Pointer(text.to_owned()))
        } else {
            Err(format!("{{{text}}} is no JSON pointer"))
        };
    }
    match text.split_once('.') {
        None if text == "account" => Ok(Name::Account),
        None if text == "idempotency-key" => Ok(Name::IdempotencyKey),
        None if is_word(text) => Ok(Name::Plain(text.to_owned())),
        Some(("target", member)) if is_word(member) => Ok(Name::Target(member.to_owned())),
        Some(("attachment", what)) if ATTACHMENT.contains(&what) => Ok(Name::Attachment(what.to_owned())),
        Some(("attachment", _)) => {
            Err(format!("{{{text}}} is nothing of a file; of it there are {}", ATTACHMENT.join(", ")))
        }
        _ => Err(format!("{{{text}}} is no name of a value")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};

    use super::{Name, Piece, alone, parse};

    #[test]
    fn names_are_told_apart_and_doubled_braces_are_braces() {
        let pieces = parse("a {b} {{c}} {target.id}{/x/0}").unwrap();
        let text = |text: &str| Piece::Text(text.to_owned());
        let value = Piece::Value;
        assert_eq!(
            pieces,
            [
                text("a "),
                value(Name::Plain("b".to_owned())),
                text(" {c} "),
                value(Name::Target("id".to_owned())),
                value(Name::Pointer("/x/0".to_owned())),
            ]
        );
        assert_eq!(alone("{account}"), Some(Name::Account));
        assert_eq!(alone("{account} "), None);
    }

    #[test]
    fn a_brace_without_its_other_half_and_a_name_of_nothing_are_refused() {
        for bad in ["{", "}", "a{b", "a}b", "{}", "{a b}", "{a.b}", "{attachment.path}", "{/~2}", "{a{b}}"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn any_text_with_its_braces_doubled_means_itself(text in any::<String>()) {
            let doubled = text.replace('{', "{{").replace('}', "}}");
            let pieces = parse(&doubled).unwrap();
            let plain: String = pieces.iter().map(|piece| match piece {
                Piece::Text(text) => text.as_str(),
                Piece::Value(_) => "a value",
            }).collect();
            prop_assert_eq!(plain, text);
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
