//! Just enough of Rust's lexical rules to tell code from comments and texts.

/// The source with every comment, text and character blanked out; lines keep their numbers.
pub(super) fn code_only(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let skipped =
            comment(rest).or_else(|| raw_text(rest, &code)).or_else(|| text(rest)).or_else(|| character(rest));
        let taken = skipped.unwrap_or(first.len_utf8());
        let (head, tail) = rest.split_at_checked(taken).unwrap_or((rest, ""));
        if skipped.is_some() {
            code.extend(head.chars().map(|char| if char == '\n' { '\n' } else { ' ' }));
        } else {
            code.push_str(head);
        }
        rest = tail;
    }
    code
}

/// Length of the comment that begins here; block comments nest.
fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(here) = rest.get(at..).filter(|here| !here.is_empty()) {
        if here.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    Some(rest.len())
}

/// Length of the raw text (`r"…"`, `br#"…"#`) that begins here, unless the `r` ends a name.
fn raw_text(rest: &str, before: &str) -> Option<usize> {
    if before.ends_with(|char: char| char.is_alphanumeric() || char == '_') {
        return None;
    }
    let prefix = ["r", "br", "cr"]
        .into_iter()
        .find(|prefix| rest.strip_prefix(prefix).is_some_and(|after| after.trim_start_matches('#').starts_with('"')))?;
    let after = rest.strip_prefix(prefix)?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = prefix.len() + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = rest.get(body..)?.find(&end)?;
    Some(body + length + end.len())
}

/// Length of the text that begins here.
fn text(rest: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, char) in rest.strip_prefix('"')?.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 2),
            _ => {}
        }
    }
    Some(rest.len())
}

/// Length of the character that begins here; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    let mut chars = inner.char_indices();
    let (_, first) = chars.next()?;
    if first == '\\' {
        chars.next()?;
        let (end, _) = chars.find(|(_, char)| *char == '\'')?;
        return Some(end + 2);
    }
    let (end, closing) = chars.next()?;
    (closing == '\'').then_some(end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_are_blank_and_lines_stay() {
        let source = "a /* x /* y */ z\n */ b // c\nd \"e\\\"f\" g r#\"h\"i\"# j 'k' '\\'' l::<'m>()";
        let code = code_only(source);
        assert_eq!(code.lines().count(), source.lines().count());
        for gone in ["x", "z", "c\n", "e", "f", "h", "i", "k"] {
            assert!(!code.contains(gone), "{gone:?} in {code:?}");
        }
        for stays in ["a", "b", "d", "g", "j", "l::<'m>()"] {
            assert!(code.contains(stays), "{stays:?} not in {code:?}");
        }
    }

    #[test]
    fn what_never_ends_does_not_hang_or_panic() {
        for source in ["\"", "/*", "r#\"", "'", "'\\", "é'é'é\"", "b'\\'"] {
            let _ = code_only(source);
        }
    }
}
