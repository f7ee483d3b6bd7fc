//! `[connectors]`: where connectors lie, which are taken, and what no approval can exceed.

use std::path::PathBuf;

use patchbay_model::{Ceiling, HostPatterns, OriginsCeiling, Unsigned, Upgrades};

use super::reader::Reader;

/// `[connectors]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Connectors {
    /// Folder of packaged connectors.
    pub(crate) dir: PathBuf,
    /// Whether a file dropped there is installed while the host runs.
    pub(crate) watch: bool,
    /// Which are taken without a signature.
    pub(crate) unsigned: Unsigned,
    /// Which upgrades go ahead by themselves.
    pub(crate) upgrades: Upgrades,
    /// How many releases are kept beside the active one.
    pub(crate) retained: u32,
    /// `[connectors.ceiling]`.
    pub(crate) ceiling: Ceiling,
}

impl Connectors {
    /// Reads the section.
    pub(super) fn read(from: &mut Reader<'_>, dir: impl FnOnce() -> PathBuf) -> Self {
        let unsigned = [("refuse", Unsigned::Refuse), ("local", Unsigned::Local), ("all", Unsigned::All)];
        Self {
            dir: from.path("connectors.dir", dir),
            watch: from.switch("connectors.watch", true),
            unsigned: from.choice("connectors.unsigned", &unsigned, Unsigned::default()),
            upgrades: from.choice("connectors.upgrades", &Upgrades::WORDS, Upgrades::default()),
            retained: u32::try_from(from.number("connectors.retained", (1, 100), 3)).unwrap_or(3),
            ceiling: ceiling(from),
        }
    }
}

fn ceiling(from: &mut Reader<'_>) -> Ceiling {
    let origins =
        [("none", OriginsCeiling::None), ("listed", OriginsCeiling::Listed), ("any-public", OriginsCeiling::AnyPublic)];
    Ceiling {
        hosts: hosts(from, "connectors.ceiling.hosts"),
        memory_mib: bound(from, "connectors.ceiling.memory_mib", 4_096),
        run_minutes: bound(from, "connectors.ceiling.run_minutes", 1_440),
        push: from.switch("connectors.ceiling.push", true),
        customer_origins: from.choice("connectors.ceiling.customer_origins", &origins, OriginsCeiling::default()),
    }
}

/// A bound that is none where nobody says one.
fn bound(from: &mut Reader<'_>, key: &str, most: u64) -> Option<u32> {
    from.place(key)?;
    u32::try_from(from.number(key, (1, most), most)).ok()
}

/// Hosts; all where nobody says any. An empty list is one, too.
fn hosts(from: &mut Reader<'_>, key: &str) -> HostPatterns {
    let Some(place) = from.place(key) else { return HostPatterns::default() };
    let patterns = from.texts(key).into_iter().map(|(text, _)| text).collect();
    HostPatterns::only(patterns).unwrap_or_else(|wrong| {
        let text = format!("`{key}` takes api.example.com, *.example.com for all below it, or *; `{wrong}` is none");
        from.complain(&place, text);
        HostPatterns::default()
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::Path};

    use super::{super::Config, *};

    fn read(text: &str) -> Result<Connectors, String> {
        let config = Config::read(Some(text), Path::new(""), &BTreeMap::new());
        config.map(|config| config.connectors).map_err(|problems| problems[0].to_string())
    }

    #[test]
    fn unsigned_connectors_are_refused_unless_somebody_says_otherwise() {
        let usual = read("").expect("the defaults");
        assert_eq!((usual.unsigned, usual.upgrades), (Unsigned::Refuse, Upgrades::Minor));
        assert_eq!(usual.ceiling, Ceiling::default());
        let said = read("[connectors]\nunsigned = \"local\"\nupgrades = \"manual\"").expect("both");
        assert_eq!((said.unsigned, said.upgrades), (Unsigned::Local, Upgrades::Manual));
        assert!(read("[connectors]\nunsigned = \"yes\"").expect_err("no word").contains("refuse, local, all"));
    }

    #[test]
    fn a_ceiling_says_what_no_approval_can_exceed() {
        let text = "[connectors.ceiling]\nhosts = [\"api.example.com\", \"*.example.org\"]\nmemory_mib = 128\n\
            run_minutes = 10\npush = false\ncustomer_origins = \"listed\"";
        let ceiling = read(text).expect("a ceiling").ceiling;
        assert!(ceiling.hosts.allow("a.example.org") && !ceiling.hosts.allow("evil.example"));
        assert_eq!((ceiling.memory_mib, ceiling.run_minutes, ceiling.push), (Some(128), Some(10), false));
        assert_eq!(ceiling.customer_origins, OriginsCeiling::Listed);
        assert!(!read("[connectors.ceiling]\nhosts = []").expect("none").ceiling.hosts.allow("api.example.com"));
        let wrong = read("[connectors.ceiling]\nhosts = [\"https://api.example.com\"]").expect_err("no host");
        assert!(wrong.contains("connectors.ceiling.hosts"), "{wrong}");
    }
}
