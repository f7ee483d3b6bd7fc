//! Slots that are filled together: all of them are there, allowed wherever one is, and in places of their own.

use crate::manifest::{
    Auth, Host, SignedInto, Slot, SlotPlace,
    problem::{Findings, Path},
};

pub(super) fn check(auth: &Auth, hosts: &[Host], path: &Path, findings: &mut Findings) {
    for (place, slot) in auth.slots.iter().enumerate() {
        let at = path.entry("slot", place);
        if slot.with.is_empty() || !named(auth, slot, &at, findings) {
            continue;
        }
        let others = all_with(auth, slot);
        if others.iter().any(|other| other.id == slot.id) {
            findings.add(
                at.key("with"),
                format!("{:?} is filled together with itself, by way of another slot", slot.id),
                "write with in one of them only: the one that requests name",
            );
            continue;
        }
        places(slot, &others, &at, findings);
        for (index, host) in hosts.iter().enumerate().filter(|(_, host)| host.slots.contains(&slot.id)) {
            if let Some(missing) = others.iter().find(|other| !host.slots.contains(&other.id)) {
                findings.add(
                    Path::default().entry("host", index).key("slots"),
                    format!("{:?} is filled together with {:?}, which is not allowed here", slot.id, missing.id),
                    format!("write {:?} in slots as well, or leave {:?} out", missing.id, slot.id),
                );
            }
        }
    }
}

/// Whether each slot that is named is another one of this login, once.
fn named(auth: &Auth, slot: &Slot, path: &Path, findings: &mut Findings) -> bool {
    let mut good = true;
    for (index, other) in slot.with.iter().enumerate() {
        let message = if *other == slot.id {
            "a slot is always filled together with itself".to_owned()
        } else if auth.slot(other).is_none() {
            format!("this login has no slot {other:?}")
        } else if slot.with.iter().take(index).any(|before| before == other) {
            format!("{other:?} is there twice")
        } else {
            continue;
        };
        let known: Vec<&str> = auth.slots.iter().map(|one| one.id.as_str()).filter(|id| *id != slot.id).collect();
        let remedy = if known.is_empty() {
            "leave with out".to_owned()
        } else {
            format!("name one of the other slots: {}", known.join(", "))
        };
        findings.add(path.entry("with", index), message, remedy);
        good = false;
    }
    good
}

/// All slots that come along, also by way of others; the slot itself only when it comes along with itself.
pub(super) fn all_with<'a>(auth: &'a Auth, slot: &Slot) -> Vec<&'a Slot> {
    let mut found: Vec<&Slot> = Vec::new();
    let mut open: Vec<&str> = slot.with.iter().map(String::as_str).collect();
    while let Some(id) = open.pop() {
        if found.iter().any(|one| one.id == id) {
            continue;
        }
        if let Some(other) = auth.slot(id) {
            found.push(other);
            open.extend(other.with.iter().map(String::as_str));
        }
    }
    found
}

fn places(slot: &Slot, others: &[&Slot], path: &Path, findings: &mut Findings) {
    let mut taken = vec![(slot.id.as_str(), place(slot))];
    for other in others {
        let own = place(other);
        if let Some((before, _)) = taken.iter().find(|(_, place)| same(place, &own)) {
            findings.add(
                path.key("with"),
                format!("{before:?} and {:?} fill the same place of one request", other.id),
                "give one of them another place or name",
            );
        }
        taken.push((&other.id, own));
    }
}

/// The kind of the place, and its name there.
fn place(slot: &Slot) -> (SlotPlace, String) {
    let name = slot.name.clone().unwrap_or_default();
    match (slot.place, slot.signature.as_ref().map(|signature| signature.into)) {
        (SlotPlace::Basic, _) => (SlotPlace::Header, "authorization".to_owned()),
        (SlotPlace::Header, _) | (SlotPlace::Signed, Some(SignedInto::Header) | None) => {
            (SlotPlace::Header, name.to_ascii_lowercase())
        }
        (SlotPlace::Query, _) | (SlotPlace::Signed, Some(SignedInto::Query)) => (SlotPlace::Query, name),
        (SlotPlace::Json, _) => (SlotPlace::Json, name),
    }
}

/// Whether two places are one, or one is within the other.
fn same((kind, name): &(SlotPlace, String), (other_kind, other): &(SlotPlace, String)) -> bool {
    let within = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    kind == other_kind && (name == other || (*kind == SlotPlace::Json && (within(name, other) || within(other, name))))
}
