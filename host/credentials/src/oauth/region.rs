//! Which entry of the release's table a login belongs to.
//!
//! **What somebody says only chooses an entry; where a request goes is what stands in the table.** A
//! callback is the browser's, so an address in it is compared and never used.

use patchbay_model::manifest::{Auth, RegionBy};

/// The region that `said` chooses; where nothing is said, the manifest's `otherwise`.
pub(crate) fn chosen<'a>(auth: &'a Auth, by: &RegionBy, said: Option<&str>) -> Option<&'a str> {
    let region = match said {
        None => auth.region(by.otherwise.as_deref()?),
        Some(said) => auth.regions.iter().find(|region| match &by.equals {
            None => region.id == said,
            Some(name) => region.values.get(name).is_some_and(|value| value == said),
        }),
    };
    region.map(|region| region.id.as_str())
}

/// What chooses the region, where it comes from a source of this kind: `field`, `callback` or `answer`.
pub(crate) fn by<'a>(auth: &'a Auth, kind: &str) -> Option<(&'a RegionBy, &'a str)> {
    let by = auth.region_by.as_ref()?;
    let (from, name) = by.from.split_once(':')?;
    (from == kind).then_some((by, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::script::spread;

    #[test]
    fn only_what_equals_an_entry_letter_by_letter_chooses_it() {
        let auth = spread();
        let (by, name) = by(&auth, "callback").expect("a callback chooses");
        assert_eq!(name, "accounts-server");
        for (said, expected) in [
            ("https://accounts.books.example.eu", Some("eu")),
            ("https://accounts.books.example", Some("us")),
            ("https://accounts.books.example.eu/", None),
            ("https://ACCOUNTS.books.example.eu", None),
            ("https://accounts.books.example.eu.evil.example", None),
            ("https://accounts.books.example.eu@evil.example", None),
            ("accounts.books.example.eu", None),
            ("eu", None),
            ("", None),
        ] {
            assert_eq!(chosen(&auth, by, Some(said)), expected, "{said:?}");
        }
        assert_eq!(chosen(&auth, by, None), None, "nothing said is refused");
    }

    #[test]
    fn the_id_is_compared_where_no_value_is_named_and_silence_may_have_a_meaning() {
        let mut auth = spread();
        let by = RegionBy { from: "field:place".to_owned(), equals: None, otherwise: Some("us".to_owned()) };
        assert_eq!(chosen(&auth, &by, Some("eu")), Some("eu"));
        assert_eq!(chosen(&auth, &by, None), Some("us"));
        assert_eq!(chosen(&auth, &by, Some("mars")), None, "what is said and unknown is not silence");
        auth.regions.retain(|region| region.id != "us");
        assert_eq!(chosen(&auth, &by, None), None, "an entry that is not in the table is none");
    }
}
