//! Whether the judge would see it: facts of a round in which all was well, each forged in another way.

use patchbay_test_support::{
    Result, Trouble as Failed,
    fakes::desk::{DeskObject, Kind},
};
use serde_json::{Value, json};

use super::judge::{Fact, at_the_desk, judge};

/// What a forgery changes.
struct Forged {
    facts: Vec<Fact>,
    objects: Vec<DeskObject>,
}

impl Forged {
    /// A fact of a push that is done, of an action.
    fn done(&mut self, action: &str) -> &mut Fact {
        let mut facts = self.facts.iter_mut();
        let found = facts.find(|fact| fact.case.place.action == action && fact.push["state"] == json!("done"));
        found.unwrap_or_else(|| panic!("no {action} is done"))
    }

    fn object_of(&self, action: &str) -> usize {
        let fact =
            self.facts.iter().find(|fact| fact.case.place.action == action && fact.push["state"] == json!("done"));
        let found =
            fact.and_then(|fact| at_the_desk(&fact.case, &self.objects).first().map(|object| object.id.clone()));
        self.objects.iter().position(|object| Some(&object.id) == found.as_ref()).unwrap_or_default()
    }

    fn object(&mut self, action: &str) -> &mut DeskObject {
        let place = self.object_of(action);
        self.objects.get_mut(place).unwrap_or_else(|| panic!("no {action} is there"))
    }
}

/// A forgery, and what the judge has to say.
type Forgery = (&'static str, fn(&mut Forged));

const FORGERIES: [Forgery; 15] = [
    ("written 2 times", |all| {
        let double = all.object("task").clone();
        all.objects.push(DeskObject { id: "task-0".to_owned(), ..double });
    }),
    ("its file was written 2 times", |all| {
        let file = all.done("report").case.file.clone().unwrap_or_default();
        let double =
            all.objects.iter().find(|object| object.kind == Kind::File && object.text("name") == file).cloned();
        all.objects.extend(double);
    }),
    ("lost", |all| all.done("letter").push = Value::Null),
    ("said to be done, and it is not there", |all| {
        let place = all.object_of("card");
        all.objects.remove(place);
    }),
    ("said to have failed, and it is there", |all| all.done("call").push["state"] = json!("failed")),
    ("it stays \"planned\"", |all| all.done("note").push["state"] = json!("planned")),
    ("it stays \"sending\"", |all| all.done("entry").push["state"] = json!("sending")),
    ("another object than", |all| all.done("letter").push["object"]["id"] = json!("letter-0")),
    ("the desk says", |all| all.object("note").content["text"] = json!("Something else.")),
    ("left to a person", |all| all.done("letter").push["state"] = json!("unknown")),
    ("was sent", |all| *all.done("call").requests.entry("send".to_owned()).or_default() += 5),
    ("a person was needed", |all| *all.done("card").told.entry("push.unknown".to_owned()).or_default() += 1),
    ("and that was told", |all| *all.done("task").told.entry("push.ended".to_owned()).or_default() += 1),
    ("its history is", |all| {
        if let Some(moves) = all.done("task").push["history"].as_array_mut() {
            moves.remove(0);
        }
    }),
    ("out of order", |all| {
        let of = |fact: &&Fact| fact.case.place.action == "entry" && fact.case.item.body["target"]["id"] == json!("c1");
        let ids: Vec<String> = all.facts.iter().filter(of).map(|fact| fact.push["object"]["id"].to_string()).collect();
        let places: Vec<usize> = all
            .objects
            .iter()
            .enumerate()
            .filter(|(_, object)| ids.contains(&json!(object.id).to_string()))
            .map(|(place, _)| place)
            .collect();
        if let [one, other] = places.as_slice() {
            all.objects.swap(*one, *other);
        }
    }),
];

/// The judge objects to each forgery.
pub(super) fn all_are_seen(facts: &[Fact], objects: &[DeskObject]) -> Result<()> {
    judge(facts, objects).map_err(Failed::new)?;
    for (wanted, forge) in FORGERIES {
        let mut forged = Forged { facts: facts.to_vec(), objects: objects.to_vec() };
        forge(&mut forged);
        match judge(&forged.facts, &forged.objects) {
            Err(why) if why.contains(wanted) => {}
            other => return Err(Failed::new(format!("not seen: {wanted}: {other:?}"))),
        }
    }
    Ok(())
}
