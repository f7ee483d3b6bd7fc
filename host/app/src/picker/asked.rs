//! Whether a question fits its picker.

use std::collections::BTreeMap;

use patchbay_model::{Code, Fault, choice, manifest::Picker};

use super::PickAsked;

/// Characters that somebody types.
const QUERY: usize = 200;

/// The choices that the picker depends on, in the order of the manifest; each one that is missing or that it does not
/// know is named.
pub(super) fn check(picker: &Picker, asked: &PickAsked) -> Result<Vec<(String, String)>, Fault> {
    let mut fault = Fault::new(Code::ParameterInvalid);
    let length = asked.query.chars().count();
    if length > QUERY {
        fault = fault.field("/q", format!("has {length} characters; write at most {QUERY}"));
    }
    let named: BTreeMap<&str, &str> = asked.parents.iter().map(|(name, id)| (name.as_str(), id.as_str())).collect();
    let mut parents = Vec::with_capacity(picker.parents.len());
    for parent in &picker.parents {
        let name = parent.picker.as_str();
        match named.get(name).copied().unwrap_or_default() {
            "" => {
                let why = format!("is missing: what {} offers depends on the choice of {name}", picker.name);
                fault = fault.field(format!("/parent.{name}"), why);
            }
            id if !fits(id) => fault = fault.field(format!("/parent.{name}"), "is no id of a choice"),
            id => parents.push((name.to_owned(), id.to_owned())),
        }
    }
    for name in named.keys().filter(|name| picker.parents.iter().all(|parent| parent.picker != **name)) {
        let known: Vec<&str> = picker.parents.iter().map(|parent| parent.picker.as_str()).collect();
        let known = if known.is_empty() { "on no choice".to_owned() } else { format!("on {}", known.join(", ")) };
        fault = fault.field(format!("/parent.{name}"), format!("{} does not depend on it, but {known}", picker.name));
    }
    if asked.account.as_deref().is_some_and(|account| !fits(account)) {
        fault = fault.field("/account", "is no id of an account");
    }
    if fault.fields.is_empty() { Ok(parents) } else { Err(fault) }
}

fn fits(id: &str) -> bool {
    id.len() <= choice::ID && !id.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use patchbay_model::manifest::PickerParent;

    use super::*;

    fn depends_on(parents: &[&str]) -> Picker {
        let parents = parents.iter().map(|name| PickerParent { picker: (*name).to_owned(), pointer: None });
        Picker {
            name: "folders".to_owned(),
            title: "Folder".to_owned(),
            from_stream: None,
            value: None,
            label: None,
            hint: None,
            parents: parents.collect(),
        }
    }

    fn ask(query: &str, parents: &[(&str, &str)]) -> PickAsked {
        let parents = parents.iter().map(|(name, id)| ((*name).to_owned(), (*id).to_owned())).collect();
        PickAsked { query: query.to_owned(), parents, ..PickAsked::default() }
    }

    fn wrong(picker: &Picker, asked: &PickAsked) -> Vec<String> {
        let fault = check(picker, asked).expect_err("refused");
        assert_eq!(fault.code, Code::ParameterInvalid);
        fault.fields.into_iter().map(|field| field.pointer).collect()
    }

    #[test]
    fn every_choice_that_it_depends_on_is_there_and_no_other() {
        let both = depends_on(&["clients", "books"]);
        let given = check(&both, &ask("x", &[("books", "b"), ("clients", "c")])).expect("it fits");
        assert_eq!(given, [("clients".to_owned(), "c".to_owned()), ("books".to_owned(), "b".to_owned())]);
        assert_eq!(wrong(&both, &ask("x", &[("books", "b")])), ["/parent.clients"]);
        assert_eq!(
            wrong(&both, &ask("x", &[("books", ""), ("clients", "\u{0}")])),
            ["/parent.clients", "/parent.books"]
        );
        assert_eq!(wrong(&depends_on(&[]), &ask("x", &[("books", "b")])), ["/parent.books"]);
        let fault = check(&both, &ask("", &[("odd", "1"), ("books", "b"), ("clients", "c")])).expect_err("refused");
        assert!(fault.fields[0].message.contains("clients, books"), "{fault:?}");
    }

    #[test]
    fn what_is_asked_is_bounded() {
        let picker = depends_on(&["clients"]);
        let clients = |id: &str| ask(&"ä".repeat(QUERY), &[("clients", id)]);
        assert!(check(&picker, &clients(&"1".repeat(choice::ID))).is_ok());
        assert_eq!(wrong(&picker, &clients(&"1".repeat(choice::ID + 1))), ["/parent.clients"]);
        assert_eq!(wrong(&picker, &ask(&"ä".repeat(QUERY + 1), &[("clients", "1")])), ["/q"]);
        let odd = PickAsked { account: Some("a\n".to_owned()), ..ask("", &[("clients", "1")]) };
        assert_eq!(wrong(&picker, &odd), ["/account"]);
    }
}
