//! What an operator says about connectors before any comes: which are taken unsigned, which upgrades go ahead.

use semver::Version;

/// Which connectors are taken without a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unsigned {
    /// None.
    #[default]
    Refuse,
    /// Those that an operator uploads, or that lie in the folder.
    Local,
    /// All, also those that come out of a registry.
    All,
}

/// Which upgrades go ahead by themselves, of those that ask for nothing beyond what was approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Upgrades {
    /// None: each waits for an approval.
    Manual,
    /// Those within a major version, or within a minor one before 1.0.
    #[default]
    Minor,
    /// All.
    All,
}

impl Upgrades {
    /// All of them, by their words.
    pub const WORDS: [(&'static str, Self); 3] = [("manual", Self::Manual), ("minor", Self::Minor), ("all", Self::All)];

    /// As configuration and API spell it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Minor => "minor",
            Self::All => "all",
        }
    }

    /// The one of this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(known, _)| *known == word).map(|(_, policy)| policy)
    }

    /// Why a version that asks for no more waits all the same; none where it goes ahead.
    #[must_use]
    pub fn holds(self, from: &str, to: &str) -> Option<String> {
        let compatible = || {
            let (Ok(from), Ok(to)) = (Version::parse(from), Version::parse(to)) else { return false };
            from.major == to.major && (from.major > 0 || from.minor == to.minor)
        };
        match self {
            Self::All => None,
            Self::Minor if compatible() => None,
            Self::Minor => Some(format!(
                "waits for an approval: {to} may change what {from} does, and upgrades of this connector go ahead by \
                 themselves only within such a version (`minor`)"
            )),
            Self::Manual => Some(
                "waits for an approval: upgrades of this connector do not go ahead by themselves (`manual`)".to_owned(),
            ),
        }
    }
}

/// The newest of these versions, by the precedence of semver; what is none is left out.
#[must_use]
pub fn newest<'a>(versions: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let parsed = versions.filter_map(|text| Version::parse(text).ok().map(|version| (version, text)));
    parsed.max_by(|(a, _), (b, _)| a.cmp_precedence(b)).map(|(_, text)| text)
}

/// Whether a version is lower than another, by the precedence of semver.
#[must_use]
pub fn is_lower(version: &str, than: &str) -> bool {
    match (Version::parse(version), Version::parse(than)) {
        (Ok(version), Ok(than)) => version.cmp_precedence(&than).is_lt(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upgrade_within_a_version_goes_ahead_and_one_that_may_break_things_does_not() {
        for (from, to, ahead) in [
            ("1.2.3", "1.9.0", true),
            ("1.2.3", "2.0.0", false),
            ("0.1.0", "0.1.9", true),
            ("0.1.0", "0.2.0", false),
            ("0.9.0", "1.0.0", false),
            ("1.0.0-rc.1", "1.0.0", true),
            ("x", "1.0.0", false),
        ] {
            assert_eq!(Upgrades::Minor.holds(from, to).is_none(), ahead, "{from} to {to}");
            assert_eq!(Upgrades::All.holds(from, to), None);
            assert!(Upgrades::Manual.holds(from, to).is_some());
        }
    }

    #[test]
    fn versions_are_compared_as_numbers_and_not_as_text() {
        assert_eq!(newest(["0.9.0", "0.10.0", "0.2.0", "x"].into_iter()), Some("0.10.0"));
        assert!(is_lower("0.9.0", "0.10.0") && is_lower("1.0.0-rc.1", "1.0.0"));
        assert!(!is_lower("1.0.0", "1.0.0") && !is_lower("1.0.0+a", "1.0.0+b") && !is_lower("2.0.0", "1.0.0"));
    }

    #[test]
    fn a_policy_is_spelled_as_it_is_read() {
        for (word, policy) in Upgrades::WORDS {
            assert_eq!((policy.word(), Upgrades::of(word)), (word, Some(policy)));
        }
        assert_eq!(Upgrades::of("major"), None);
    }
}
