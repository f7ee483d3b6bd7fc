//! `{config.NAME}`: where it may stand, and what its value has to be.

use super::{address, names};
use crate::manifest::{
    Manifest,
    places::{self, Place, named},
    problem::{Finding, Findings},
};

/// What is wrong at every place, each with the name in `[config]` whose value it is; none where the place is wrong.
pub(crate) fn check(manifest: &Manifest) -> Vec<(Option<String>, Finding)> {
    let mut wrong = Vec::new();
    let mut places = Vec::new();
    places::each(&mut manifest.clone(), &mut |path, place, _, text| places.push((path, place, text.clone())));
    for (path, place, text) in places {
        let Some(found) = named(&text) else { continue };
        if found.after.is_empty() && stands(place, found.before) {
            if let Err((message, remedy)) = value(manifest, place, found.before, found.name) {
                wrong.push((Some(found.name.to_owned()), Finding { path, message, remedy }));
            }
        } else {
            let (message, remedy) = misplaced(place, &text);
            wrong.push((None, Finding { path, message, remedy }));
        }
    }
    wrong
}

pub(super) fn findings(manifest: &Manifest, findings: &mut Findings) {
    findings.0.extend(check(manifest).into_iter().map(|(_, finding)| finding));
}

/// Whether this may stand before it: nothing, or the host of an address whose path it is.
fn stands(place: Place, before: &str) -> bool {
    let is_host = || match before.strip_prefix("https://") {
        Some(host) => !host.is_empty() && !host.contains(['/', '?', '#', '\\']),
        None => before.starts_with('{') && before.ends_with('}') && before.matches('{').count() == 1,
    };
    before.is_empty() || (place == Place::Url && is_host())
}

fn misplaced(place: Place, text: &str) -> (String, String) {
    let remedy = match place {
        Place::Url => {
            "write \"{config.NAME}\" for the whole address, or \"https://api.example.com{config.NAME}\" for its \
                       whole path"
        }
        Place::Origin => "write \"{config.NAME}\" for the whole origin",
        Place::PathPrefix => "write \"{config.NAME}\" for the whole prefix",
    };
    (format!("{text:?} has something beside {{config.NAME}}"), remedy.to_owned())
}

fn value(manifest: &Manifest, place: Place, before: &str, name: &str) -> Result<(), address::Refusal> {
    if !names::is_name(name) {
        let message = format!("{name:?} is no name that can stand in an address");
        return Err((message, "name the key in [config] with a-z, 0-9, _ and -".to_owned()));
    }
    let Some(value) = manifest.config.as_ref().and_then(|config| config.defaults.get(name)) else {
        let message = format!("the defaults of [config] have no {name:?}");
        return Err((message, format!("write it in defaults: '{{\"{name}\": \"https://…\"}}'")));
    };
    let Some(text) = value.as_str() else {
        return Err((format!("{name:?} in [config] is no text"), "write it as text".to_owned()));
    };
    if text.contains(['{', '}']) {
        let message = format!("{text:?} of {name:?} in [config] has a placeholder of its own");
        return Err((message, "write the address as it is".to_owned()));
    }
    let nothing = address::Fillers::default();
    let checked = match place {
        Place::Origin => address::origin(text, &nothing).map(drop),
        Place::Url if before.is_empty() => address::url(text, &nothing).map(drop),
        Place::Url | Place::PathPrefix => address::path(text).map(drop),
    };
    checked.map_err(|(message, remedy)| (format!("{name:?} in [config]: {message}"), remedy))
}
