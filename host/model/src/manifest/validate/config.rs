//! `{config.NAME}`: where it may stand, and what its value has to be.

use super::{address, names};
use crate::manifest::{
    Manifest,
    places::{self, Part, Place, is_segment, named},
    problem::{Finding, Findings},
};

/// What is wrong at every place, each with the name in `[config]` whose value it is; none where the place is wrong.
pub(crate) fn check(manifest: &Manifest) -> Vec<(Option<String>, Finding)> {
    let mut wrong = Vec::new();
    let mut places = Vec::new();
    places::each(&mut manifest.clone(), &mut |path, place, _, text| places.push((path, place, text.clone())));
    for (path, place, text) in places {
        let Some(found) = named(&text) else { continue };
        if let Some(part) = found.part(place) {
            if let Err((message, remedy)) = value(manifest, place, part, found.name) {
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

fn misplaced(place: Place, text: &str) -> (String, String) {
    let remedy = match place {
        Place::Url => {
            "write \"{config.NAME}\" for the whole address, \"https://api.example.com{config.NAME}\" for its whole path, or \
             \"/{config.NAME}/\" for one part of the path between two slashes"
        }
        Place::Origin => "write \"{config.NAME}\" for the whole origin",
        Place::PathPrefix => {
            "write \"{config.NAME}\" for the whole prefix, or \"/{config.NAME}/\" for one part of it between two slashes"
        }
    };
    (format!("{text:?} has something beside {{config.NAME}}"), remedy.to_owned())
}

fn value(manifest: &Manifest, place: Place, part: Part, name: &str) -> Result<(), address::Refusal> {
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
    if text.len() > places::LONGEST {
        let message = format!("{name:?} in [config] has {} bytes", text.len());
        return Err((message, format!("write an address of at most {}", places::LONGEST)));
    }
    if text.contains(['{', '}']) {
        let message = format!("{text:?} of {name:?} in [config] has a placeholder of its own");
        return Err((message, "write the address as it is".to_owned()));
    }
    let nothing = address::Fillers::default();
    let checked = match (place, part) {
        (_, Part::Segment) if is_segment(text) => Ok(()),
        (_, Part::Segment) => Err((
            format!("{text:?} is no part of a path between two slashes"),
            "write letters, digits, -, ., _ and ~ only".to_owned(),
        )),
        (Place::Origin, _) => address::origin(text, &nothing).map(drop),
        (Place::Url, Part::Whole) => address::url(text, &nothing).map(drop),
        (Place::Url | Place::PathPrefix, _) => address::path(text).map(drop),
    };
    checked.map_err(|(message, remedy)| (format!("{name:?} in [config]: {message}"), remedy))
}
