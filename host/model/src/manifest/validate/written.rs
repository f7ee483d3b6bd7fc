//! What an action says about its files and about meetings, beyond its schemas.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::root;
use crate::manifest::{
    Action, Attachments, FromMeeting, Manifest, MeetingPart, compile_schema, meeting,
    problem::{Findings, Path},
};

/// Files of one item.
const FILES: u32 = 20;

pub(super) fn check(manifest: &Manifest, findings: &mut Findings) {
    let mut parts = BTreeSet::new();
    for (index, action) in manifest.actions.iter().enumerate() {
        if let Some(attachments) = &action.attachments {
            files(attachments, index, findings);
        }
        if let Some(from) = &action.meeting {
            if !parts.insert(from.part) {
                findings.add(
                    root().entry("action", index).key("meeting").key("part"),
                    format!("another action takes the {} of a meeting already", from.part.word()),
                    "leave [action.meeting] with the action that people expect",
                );
            }
            meetings(action, from, index, findings);
        }
    }
}

fn files(asked: &Attachments, index: usize, findings: &mut Findings) {
    let at = root().entry("action", index).key("attachments");
    if asked.max == 0 || asked.max > FILES || asked.min > asked.max {
        let message = format!("{} to {} files cannot be had", asked.min, asked.max);
        findings.add(at.key("max"), message, format!("write max = 1 to {FILES}, and min not above it"));
    }
    for (place, media_type) in asked.types.iter().enumerate() {
        let part = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"!#$&^_.+-".contains(&b))
        };
        let good = media_type.split_once('/').is_some_and(|(kind, name)| part(kind) && (name == "*" || part(name)));
        if !good {
            let message = format!("{media_type:?} is no media type");
            findings.add(at.entry("types", place), message, "write e.g. application/pdf or image/*");
        }
    }
}

fn meetings(action: &Action, from: &FromMeeting, index: usize, findings: &mut Findings) {
    let at = || root().entry("action", index).key("meeting");
    let good = template(&from.payload, from.part, &|| at().key("payload"), findings);
    let mut payload = if good { meeting::payload_of(&from.payload, &sample(from.part)).ok() } else { None };
    if let Some(todos) = &from.todos {
        let at = || at().key("todos");
        if from.part != MeetingPart::Report {
            let message = format!("to-dos do not go with a {}", from.part.word());
            findings.add(at(), message, "leave it to the action that takes the report");
        }
        let good = template(&todos.payload, MeetingPart::Todo, &|| at().key("payload"), findings);
        let one = if good { meeting::payload_of(&todos.payload, &sample(MeetingPart::Todo)).ok() } else { None };
        match (payload.as_mut().and_then(Value::as_object_mut), one) {
            (Some(members), Some(_)) if members.contains_key(&todos.into) => {
                let message = format!("the payload has {:?} already", todos.into);
                findings.add(at().key("into"), message, "name a member of its own");
            }
            (Some(members), Some(one)) => {
                members.insert(todos.into.clone(), Value::Array(vec![one]));
            }
            _ => {}
        }
    }
    if let (Ok(schema), Some(payload)) = (compile_schema(&action.schema), payload)
        && let Err(error) = schema.validate(&payload)
    {
        let place = error.instance_path().to_string();
        let message = format!("what it makes does not fit the action's schema at {place:?}: {error}");
        findings.add(at().key("payload"), message, "correct the payload, or the schema");
    }
}

/// Whether a template is an object with placeholders of this part; what is not is told.
fn template(payload: &Value, part: MeetingPart, at: &dyn Fn() -> Path, findings: &mut Findings) -> bool {
    if !payload.is_object() {
        findings.add(at(), "the payload is no JSON object", "write a JSON object that fits the action's schema");
        return false;
    }
    let known = part.placeholders();
    let named = match meeting::named(payload) {
        Ok(named) => named,
        Err(error) => {
            findings.add(at(), error, "write placeholders as {text}");
            return false;
        }
    };
    let mut good = true;
    for name in named.into_iter().filter(|name| !known.contains(name)) {
        let message = format!("a {} of a meeting has no {{{name}}}", part.word());
        findings.add(at(), message, format!("write one of {{{}}}", known.join("}, {")));
        good = false;
    }
    good
}

/// What templates are tried with. Who does it is named as the provider names people: no sample can guess that.
fn sample(part: MeetingPart) -> BTreeMap<String, String> {
    let value = |name: &str| match name {
        "date" | "due" | "meeting-date" => "2026-01-31",
        "title" | "meeting-title" => "A title",
        _ => "A text",
    };
    let told = part.placeholders().iter().filter(|name| **name != "assignee");
    told.map(|name| ((*name).to_owned(), value(name).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use crate::manifest::parse;

    fn wrong(tables: &str) -> Vec<String> {
        let manifest = format!(
            "id = \"acme.books\"\nversion = \"1.0.0\"\ncontract = \"0.1.0\"\nname = \"Books\"\n\
             category = \"accounting\"\nsummary = \"Books.\"\n[[action]]\nname = \"note\"\ntitle = \"Note\"\n\
             function = \"notes\"\nmeaning = \"Writes.\"\nidempotency = \"none\"\n\
             schema = '{{\"type\":\"object\",\"required\":[\"text\"],\"properties\":{{\"text\":{{\"type\":\"string\"}}}}}}'\n{tables}"
        );
        match parse::parse(&manifest, &|_| None) {
            Ok(_) => Vec::new(),
            // There is no way to log in either; that is not the question here.
            Err(problems) => problems.iter().map(ToString::to_string).filter(|told| told.contains("action")).collect(),
        }
    }

    fn says(tables: &str, text: &str) {
        let wrong = wrong(tables);
        assert!(wrong.iter().any(|problem| problem.contains(text)), "{tables}: {wrong:?}");
    }

    #[test]
    fn a_payload_of_a_meeting_has_known_placeholders_and_fits_the_schema() {
        let good = "[action.meeting]\npart = \"note\"\npayload = '{\"text\": \"{meeting-title}: {text}\"}'\n";
        assert_eq!(wrong(good), Vec::<String>::new());
        says("[action.meeting]\npart = \"note\"\npayload = '{\"text\": \"{due}\"}'\n", "has no {due}");
        says("[action.meeting]\npart = \"note\"\npayload = '{\"text\": 7}'\n", "does not fit");
        says("[action.meeting]\npart = \"note\"\npayload = '{\"text\": \"{text\"}'\n", "without a }");
        let todos = |into: &str, of: &str| {
            format!(
                "[action.meeting]\npart = \"report\"\npayload = '{{\"text\": \"{{title}}\"}}'\n\
                 [action.meeting.todos]\ninto = \"{into}\"\npayload = '{of}'\n"
            )
        };
        assert_eq!(wrong(&todos("todos", "{\"what\": \"{text}\"}")), Vec::<String>::new());
        says(&todos("todos", "{\"what\": \"{date}\"}"), "a todo of a meeting has no {date}");
        says(&todos("text", "{}"), "has \"text\" already");
        says(&todos("todos", "{}").replace("report", "note"), "do not go with a note");
        says("[action.meeting]\npart = \"note\"\npayload = '[]'\n", "no JSON object");
    }

    #[test]
    fn files_are_of_a_number_and_of_types_that_there_are() {
        assert_eq!(
            wrong("[action.attachments]\nmax = 2\ntypes = [\"application/pdf\", \"image/*\"]\n"),
            Vec::<String>::new()
        );
        says("[action.attachments]\nmin = 3\nmax = 2\n", "3 to 2 files");
        says("[action.attachments]\nmax = 21\n", "0 to 21 files");
        says("[action.attachments]\nmax = 1\ntypes = [\"PDF\"]\n", "no media type");
    }
}
