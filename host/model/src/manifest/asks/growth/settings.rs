//! What a release leads people to type into settings beyond what was granted.

use std::collections::BTreeSet;

use super::Lines;
use crate::manifest::Asks;

pub(super) fn typed(asks: &Asks, granted: &Asks, lines: &mut Lines) {
    let nothing = BTreeSet::new();
    let before = granted.settings.as_ref().unwrap_or(&nothing);
    let now = asks.settings.as_ref().unwrap_or(&nothing);
    for setting in now.difference(before) {
        let was = before.difference(now).find(|was| was.name == setting.name);
        let words = setting.in_words();
        lines.add(match was {
            None => format!("asks people for something new in the settings: {words}"),
            Some(was) => format!("asks people for {words} instead of {} in the settings", was.in_words()),
        });
    }
}
