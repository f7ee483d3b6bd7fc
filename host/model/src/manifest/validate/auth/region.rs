//! The table of regions, and what chooses one of them.

use std::collections::BTreeMap;

use super::{SECRETS, address, fact, names};
use crate::manifest::{
    Auth, AuthKind, FieldKind, Region, RegionBy,
    problem::{Findings, Path},
};

/// What the region is chosen by, in the order in which it is learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Chosen {
    /// By a field, before anything is asked.
    Field,
    /// By the callback, before the code is exchanged.
    Callback,
    /// By the answer of the login, before anything else is asked.
    Answer,
}

/// What chooses the region, where that is written well.
pub(super) fn chosen(auth: &Auth) -> Option<Chosen> {
    let by = auth.region_by.as_ref().filter(|_| !auth.regions.is_empty())?;
    match by.from.split_once(':')?.0 {
        "field" => Some(Chosen::Field),
        "callback" => Some(Chosen::Callback),
        "answer" => Some(Chosen::Answer),
        _ => None,
    }
}

pub(super) fn check(auth: &Auth, path: &Path, findings: &mut Findings) {
    table(auth, path, findings);
    match (&auth.region_by, auth.regions.first()) {
        (None, None) => {}
        (Some(_), None) => findings.add(
            path.key("region-by"),
            "there are no regions to choose from",
            "write [[auth.region]] with id, label and values for each, or leave region-by out",
        ),
        (None, Some(_)) => findings.add(
            path.entry("region", 0),
            "nothing chooses the region",
            "write [auth.region-by] with from = \"field:ID\", \"callback:NAME\" or \"answer:/json/pointer\"",
        ),
        (Some(by), Some(first)) => choice(auth, by, first, path, findings),
    }
}

fn table(auth: &Auth, path: &Path, findings: &mut Findings) {
    let at = |index| path.entry("region", index);
    let ids = auth.regions.iter().enumerate().map(|(i, region)| (region.id.as_str(), at(i).key("id")));
    names::unique(ids, findings);
    let first: Vec<&str> = auth.regions.iter().take(1).flat_map(|region| region.values.keys()).map(|k| &**k).collect();
    for (index, region) in auth.regions.iter().enumerate() {
        names::name(&region.id, at(index).key("id"), findings);
        names::said(&region.label, 100, at(index).key("label"), findings);
        let own: Vec<&str> = region.values.keys().map(String::as_str).collect();
        if own.is_empty() {
            findings.add(
                at(index).key("values"),
                "the region has no values",
                "write values = { api = \"api.example.eu\" }",
            );
        } else if own != first && !first.is_empty() {
            findings.add(
                at(index).key("values"),
                format!("it has other values than the first region: {}", own.join(", ")),
                format!("write in every region the same: {}", first.join(", ")),
            );
        }
        for (name, value) in &region.values {
            let place = at(index).key("values").key(name);
            names::name(name, place.clone(), findings);
            // What only chooses is compared and never an address: an address of it is refused where it is used.
            let compared = auth.region_by.as_ref().is_some_and(|by| by.equals.as_ref() == Some(name));
            if compared {
                if value.is_empty() || value.len() > 253 || !value.bytes().all(|b| b.is_ascii_graphic()) {
                    let remedy = "write it as the provider says it, with no spaces, at most 253 characters";
                    findings.add(place, format!("{value:?} is nothing to compare with"), remedy);
                }
            } else if address::is_address(value) || !(address::is_label(value) || address::is_host(value)) {
                findings.add(
                    place,
                    format!("{value:?} is no host, nor a part of one"),
                    "write only the host in lower case, e.g. \"api.example.eu\", or what stands between two dots of \
                     it: no https://, no port, no path",
                );
            }
        }
    }
}

fn choice(auth: &Auth, by: &RegionBy, first: &Region, of_auth: &Path, findings: &mut Findings) {
    let path = &of_auth.key("region-by");
    let (source, name) = by.from.split_once(':').unwrap_or((&by.from, ""));
    match source {
        "field" => chosen_by_field(auth, by, name, of_auth, findings),
        "callback" if auth.kind != AuthKind::Oauth2 => {
            let message = "nobody is sent to the provider, so no browser comes back with a region";
            findings.add(path.key("from"), message, "write field:ID or answer:/json/pointer");
        }
        "answer" if auth.kind == AuthKind::Fields => {
            findings.add(path.key("from"), "a login by fields has no answer", "write field:ID of a select");
        }
        "callback" if fact::is_parameter(name) && !SECRETS.contains(&name) => {}
        "answer" if names::is_pointer(name) => {}
        _ => findings.add(
            path.key("from"),
            format!("{:?} says not what chooses the region", by.from),
            "write field:ID, callback:NAME or answer:/json/pointer",
        ),
    }
    if let Some(named) = &by.equals {
        if first.values.contains_key(named) {
            once_each(auth, named, path, findings);
        } else {
            let known: Vec<&str> = first.values.keys().map(String::as_str).collect();
            let message = format!("no region has a value {named:?}");
            let remedy = format!("name one of {}, or leave equals out to compare the region's id", known.join(", "));
            findings.add(path.key("equals"), message, remedy);
        }
    }
    if let Some(id) = &by.otherwise
        && auth.region(id).is_none()
    {
        let known: Vec<&str> = auth.regions.iter().map(|region| region.id.as_str()).collect();
        let message = format!("there is no region {id:?}");
        findings.add(path.key("otherwise"), message, format!("name one of {}", known.join(", ")));
    }
}

/// What is compared has to tell the regions apart.
fn once_each(auth: &Auth, named: &str, path: &Path, findings: &mut Findings) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for region in &auth.regions {
        let Some(value) = region.values.get(named) else { continue };
        if let Some(other) = seen.insert(value, &region.id) {
            findings.add(
                path.key("equals"),
                format!("{named} is {value:?} in {other:?} and in {:?}, so it chooses neither", region.id),
                "name a value that differs in every region, or leave equals out",
            );
        }
    }
}

fn chosen_by_field(auth: &Auth, by: &RegionBy, id: &str, of_auth: &Path, findings: &mut Findings) {
    let path = of_auth.key("region-by");
    let Some(place) = auth.fields.iter().position(|field| field.id == id) else {
        let remedy = format!("write an [[auth.field]] with id = {id:?}, type = \"select\" and the regions as options");
        return findings.add(path.key("from"), format!("there is no field {id:?}"), remedy);
    };
    let Some(field) = auth.fields.get(place) else { return };
    if field.kind != FieldKind::Select {
        let remedy = "write type = \"select\" in the field, so that only a region of the table can be chosen";
        return findings.add(path.key("from"), format!("the field {id:?} is no select"), remedy);
    }
    if field.optional && by.otherwise.is_none() {
        let remedy = "write otherwise = \"ID\" for when nothing is chosen, or leave optional out of the field";
        findings.add(path.key("from"), format!("the field {id:?} may be left empty"), remedy);
    }
    let value_of = |region: &Region| match &by.equals {
        None => Some(region.id.clone()),
        Some(named) => region.values.get(named).cloned(),
    };
    let known: Vec<String> = auth.regions.iter().filter_map(value_of).collect();
    if known.is_empty() {
        return;
    }
    let options = of_auth.entry("field", place);
    for (index, option) in field.options.iter().enumerate() {
        if !known.contains(option) {
            let message = format!("{option:?} is no region, and this field chooses the region");
            let remedy = format!("write options = [\"{}\"]", known.join("\", \""));
            findings.add(options.entry("options", index), message, remedy);
        }
    }
    for value in known.iter().filter(|value| !field.options.contains(value)) {
        let message = format!("nobody can choose the region {value:?}");
        findings.add(options.key("options"), message, "write it in options as well, or leave the region out");
    }
}
