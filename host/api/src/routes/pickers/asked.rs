//! What is asked of a picker, from the query of its address.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use patchbay_app::PickAsked;
use patchbay_model::{Code, Fault};

use crate::problem::Problem;

/// What stands before the name of a picker whose choice was made before.
const PARENT: &str = "parent.";

/// Reads the parameters; each one once, and no other.
pub(super) fn asked(given: Vec<(String, String)>) -> Result<PickAsked, Problem> {
    let mut rest: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in given {
        if let Some(before) = rest.insert(name.clone(), value) {
            drop(before);
            return Err(wrong(&name, "is there twice"));
        }
    }
    let query = rest.remove("q").unwrap_or_default();
    let account = rest.remove("account").filter(|account| !account.is_empty());
    let cursor = match rest.remove("cursor").filter(|cursor| !cursor.is_empty()) {
        None => None,
        Some(text) => match BASE64URL_NOPAD.decode(text.as_bytes()) {
            Ok(cursor) => Some(cursor),
            Err(_) => return Err(wrong("cursor", "is not the `next` of an earlier answer")),
        },
    };
    let mut parents = BTreeMap::new();
    for (name, value) in rest {
        match name.strip_prefix(PARENT) {
            Some(parent) => drop(parents.insert(parent.to_owned(), value)),
            None => return Err(wrong(&name, "is no parameter; there are q, parent.NAME, account and cursor")),
        }
    }
    Ok(PickAsked { query, parents, account, cursor })
}

fn wrong(name: &str, why: &str) -> Problem {
    // What somebody made up is not sent back at any length.
    let name: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
    Problem(Fault::new(Code::ParameterInvalid).field(format!("/{name}"), why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: &[(&str, &str)]) -> Result<PickAsked, String> {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        asked(given).map_err(|problem| {
            assert_eq!(problem.0.code, Code::ParameterInvalid);
            problem.0.fields[0].pointer.clone()
        })
    }

    #[test]
    fn choices_made_before_are_read_by_the_names_of_their_pickers() {
        let asked = read(&[
            ("parent.clients", "42"),
            ("q", "ann"),
            ("parent.books", "a=b"),
            ("cursor", "AP8"),
            ("account", "a1"),
        ])
        .expect("it is read");
        let parents = [("books", "a=b"), ("clients", "42")].map(|(name, id)| (name.to_owned(), id.to_owned()));
        assert_eq!((asked.query.as_str(), asked.parents), ("ann", BTreeMap::from(parents)));
        assert_eq!((asked.cursor, asked.account.as_deref()), (Some(vec![0, 255]), Some("a1")));
        let nothing = read(&[("cursor", ""), ("account", "")]).expect("it is read");
        assert_eq!((nothing.query.as_str(), nothing.cursor, nothing.account), ("", None, None));
    }

    #[test]
    fn a_parameter_that_is_none_or_there_twice_is_refused_by_its_name() {
        for (given, pointer) in [
            (vec![("q", "a"), ("parent", "1")], "/parent"),
            (vec![("Q", "a")], "/Q"),
            (vec![("q", "a"), ("q", "b")], "/q"),
            (vec![("parent.x", "a"), ("parent.x", "a")], "/parent.x"),
            (vec![("cursor", "a+b/")], "/cursor"),
            (vec![("cursor", "A")], "/cursor"),
        ] {
            assert_eq!(read(&given).err().as_deref(), Some(pointer));
        }
    }
}
