//! Pickers: the streams that they search, and the choices that they depend on.

use super::{names, root};
use crate::manifest::{
    Manifest, Picker, PickerParent,
    problem::{Findings, Path},
};

/// Choices that one picker may depend on.
const PARENTS: usize = 5;

pub(super) fn check(manifest: &Manifest, findings: &mut Findings) {
    let at = |index, key: &str| root().entry("picker", index).key(key);
    for (index, picker) in manifest.pickers.iter().enumerate() {
        names::name(&picker.name, at(index, "name"), findings);
        names::said(&picker.title, 100, at(index, "title"), findings);
        from_stream(manifest, picker, index, findings);
        parents(manifest, picker, index, findings);
    }
    names::unique(
        manifest.pickers.iter().enumerate().map(|(i, picker)| (picker.name.as_str(), at(i, "name"))),
        findings,
    );
}

fn from_stream(manifest: &Manifest, picker: &Picker, index: usize, findings: &mut Findings) {
    let path = root().entry("picker", index);
    let pointers = [("value", &picker.value), ("label", &picker.label), ("hint", &picker.hint)];
    for (key, pointer) in pointers {
        if let Some(pointer) = pointer {
            names::pointer(pointer, path.key(key), findings);
        }
        let searches = picker.from_stream.is_none();
        if searches && pointer.is_some() {
            findings.add(
                path.key(key),
                format!("{key} means nothing without from-stream"),
                "write from-stream = \"…\", or leave it out when the connector searches by itself",
            );
        }
        if !searches && pointer.is_none() && key != "hint" {
            findings.add(
                path.key(key),
                format!("a picker from a stream needs {key}"),
                format!("write {key} = \"/…\", the JSON pointer into the stream's records"),
            );
        }
    }
    if let Some(stream) = &picker.from_stream
        && manifest.stream(stream).is_none()
    {
        let streams: Vec<_> = manifest.streams.iter().map(|stream| stream.name.as_str()).collect();
        findings.add(
            path.key("from-stream"),
            format!("there is no stream {stream:?}"),
            format!("name one of the streams: {}", streams.join(", ")),
        );
    }
}

fn parents(manifest: &Manifest, picker: &Picker, index: usize, findings: &mut Findings) {
    let entry = root().entry("picker", index);
    if picker.parents.len() > PARENTS {
        let message = format!("it depends on {} choices", picker.parents.len());
        findings.add(entry.key("parent"), message, format!("write at most {PARENTS}"));
        return;
    }
    let at = |place, key: &str| entry.entry("parent", place).key(key);
    for (place, parent) in picker.parents.iter().enumerate() {
        known(manifest, picker, parent, at(place, "picker"), findings);
        pointer(picker, parent, at(place, "pointer"), findings);
    }
    let named = picker.parents.iter().enumerate();
    names::unique(named.map(|(place, parent)| (parent.picker.as_str(), at(place, "picker"))), findings);
}

fn known(manifest: &Manifest, picker: &Picker, parent: &PickerParent, path: Path, findings: &mut Findings) {
    if manifest.picker(&parent.picker).is_none() {
        let others = manifest.pickers.iter().map(|other| other.name.as_str()).filter(|name| *name != picker.name);
        let others: Vec<_> = others.collect();
        let remedy = if others.is_empty() {
            format!("write a [[picker]] with name = {:?}", parent.picker)
        } else {
            format!("name one of the other pickers: {}", others.join(", "))
        };
        findings.add(path, format!("there is no picker {:?}", parent.picker), remedy);
    } else if leads_to(manifest, &parent.picker, &picker.name) {
        let message = format!("{:?} depends on a choice that depends on it", picker.name);
        findings.add(path, message, "leave one of the parents out, so that there is a first choice");
    }
}

/// Whether the choice of one picker depends on that of another, through however many.
fn leads_to(manifest: &Manifest, from: &str, to: &str) -> bool {
    let (mut seen, mut next) = (Vec::new(), vec![from]);
    while let Some(name) = next.pop() {
        if name == to {
            return true;
        }
        if !seen.contains(&name) {
            seen.push(name);
            let parents = manifest.picker(name).map(|picker| picker.parents.as_slice()).unwrap_or_default();
            next.extend(parents.iter().take(PARENTS).map(|parent| parent.picker.as_str()));
        }
    }
    false
}

fn pointer(picker: &Picker, parent: &PickerParent, path: Path, findings: &mut Findings) {
    match (&picker.from_stream, &parent.pointer) {
        (Some(_), Some(pointer)) => names::pointer(pointer, path, findings),
        (Some(_), None) => findings.add(
            path,
            format!("nothing says which records belong to a choice of {:?}", parent.picker),
            "write pointer = \"/…\", the JSON pointer into the stream's records to the id of that choice",
        ),
        (None, Some(_)) => findings.add(
            path,
            "a picker that the connector answers has no records to point into",
            "leave pointer out: pick is told the choice",
        ),
        (None, None) => {}
    }
}
