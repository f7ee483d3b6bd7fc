//! A manifest's pattern against a whole value.

use regex_lite::RegexBuilder;

/// Whether all of `value` matches; none when the pattern cannot be read.
pub fn matches_whole(pattern: &str, value: &str) -> Option<bool> {
    // Read alone first: `a)|(b` would otherwise close our group and escape the anchors.
    compile(pattern)?;
    Some(compile(&format!(r"\A(?:{pattern})\z"))?.is_match(value))
}

fn compile(pattern: &str) -> Option<regex_lite::Regex> {
    // The pattern is a stranger's: matching takes time in its size times the value's.
    RegexBuilder::new(pattern).size_limit(64 * 1024).nest_limit(20).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_the_whole_value_or_not_at_all() {
        for (pattern, value, expected) in [
            ("[0-9]+", "13827", Some(true)),
            ("[0-9]+", "13827/../1", Some(false)),
            ("[0-9]+", "13827\n", Some(false)),
            ("a|b", "ab", Some(false)),
            ("a|ab", "ab", Some(true)),
            ("(?m)^a$", "a\nb", Some(false)),
            ("(?i)abc", "ABC", Some(true)),
            ("a)|(b", "xb", None),
            ("(", "x", None),
            ("((((((((((((((((((((((((a))))))))))))))))))))))))", "a", None),
            ("(?:a{1000}){1000}", "a", None),
            ("(?x) a # b", "a", None),
        ] {
            assert_eq!(matches_whole(pattern, value), expected, "{pattern} on {value:?}");
        }
    }
}
