//! What comes with a request: named values, of which only the expected ones are taken, each once.

use std::collections::BTreeMap;

use axum::{
    Form,
    extract::{
        Query,
        rejection::{FormRejection, QueryRejection},
    },
    response::IntoResponse,
};
use patchbay_model::{Code, Fault};

/// A query as the extractor gives it.
pub(super) type Queried = Result<Query<Vec<(String, String)>>, QueryRejection>;
/// A form as the extractor gives it.
pub(super) type Sent = Result<Form<Vec<(String, String)>>, FormRejection>;

/// The values of a query, which may name these.
pub(super) fn query(given: Queried, known: &[&str]) -> Result<BTreeMap<String, String>, Fault> {
    let Query(pairs) = given.map_err(|rejection| Fault::new(Code::ParameterInvalid).operator(rejection.body_text()))?;
    only(pairs, |name| known.contains(&name), Code::ParameterInvalid)
}

/// The pairs of a form.
pub(super) fn sent(given: Sent) -> Result<Vec<(String, String)>, Fault> {
    match given {
        Ok(Form(pairs)) => Ok(pairs),
        Err(rejection) => {
            // What was sent may hold a secret: only the kind of failure is told on.
            let status = rejection.into_response().status();
            Err(Fault::new(Code::BodyInvalid).operator(format_args!("a form that cannot be read: {status}")))
        }
    }
}

/// The pairs by name; refused when one is unknown or comes twice. Names and values are not repeated in what
/// is said: whoever made the address chose them.
pub(super) fn only(
    pairs: Vec<(String, String)>,
    known: impl Fn(&str) -> bool,
    code: Code,
) -> Result<BTreeMap<String, String>, Fault> {
    let mut values = BTreeMap::new();
    for (name, value) in pairs {
        if !known(&name) {
            return Err(Fault::new(code).operator("a name that is not expected"));
        }
        if values.insert(name, value).is_some() {
            return Err(Fault::new(code).operator("a name that comes twice"));
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(address: &str) -> Result<BTreeMap<String, String>, Fault> {
        query(Query::try_from_uri(&address.parse().expect("an address")), &["connector", "auth"])
    }

    #[test]
    fn only_what_is_expected_is_taken_and_each_once() {
        assert_eq!(asked("/?connector=a.b").ok(), Some(BTreeMap::from([("connector".to_owned(), "a.b".to_owned())])));
        assert_eq!(asked("/").ok(), Some(BTreeMap::new()));
        for address in ["/?connector=a.b&return_to=//evil.example", "/?auth=a&auth=b", "/?%3Cscript%3E=1"] {
            let fault = asked(address).expect_err(address);
            assert_eq!(fault.code, Code::ParameterInvalid);
            assert!(!format!("{fault:?}").contains("evil") && !format!("{fault:?}").contains("script"), "{fault:?}");
        }
    }
}
