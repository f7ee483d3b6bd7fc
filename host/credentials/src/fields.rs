//! What a person enters, checked by the manifest's typed fields; no connector code runs.

mod date;
mod origin;
mod subdomain;

use std::collections::BTreeMap;

use patchbay_model::{
    Secret,
    contract::FieldError,
    manifest::{Auth, Field, FieldKind, REGION},
};

use crate::{oauth::region, pattern::matches_whole};

pub(crate) use origin::reduce as origin;

/// Bytes of one entered value.
pub const LONGEST: usize = 4 * 1024;

/// What was entered, apart by who may see it.
#[derive(Debug, Default)]
pub struct Entered {
    /// Fields of type `secret`: sealed, told to nobody.
    pub secrets: BTreeMap<String, Secret>,
    /// All others, and the region where a field chooses it: placeholders, and told to the connector.
    pub facts: BTreeMap<String, String>,
}

/// Checks everything that was entered for one way to log in.
///
/// Text, choices and addresses are trimmed, since people paste; a secret is taken exactly as it is.
///
/// # Errors
/// All that is wrong, one entry for each field by JSON pointer (`/subdomain`); no message quotes a value.
pub fn check(auth: &Auth, entered: &BTreeMap<String, String>) -> Result<Entered, Vec<FieldError>> {
    let mut taken = Entered::default();
    let mut errors = Vec::new();
    for field in &auth.fields {
        match check_one(field, entered.get(&field.id).map_or("", String::as_str)) {
            Ok(None) => {}
            Ok(Some(value)) if field.kind == FieldKind::Secret => {
                taken.secrets.insert(field.id.clone(), Secret::new(value));
            }
            Ok(Some(value)) => {
                taken.facts.insert(field.id.clone(), value);
            }
            Err(message) => errors.push(FieldError { pointer: pointer(&field.id), message }),
        }
    }
    for name in entered.keys().filter(|name| !auth.fields.iter().any(|field| field.id == **name)) {
        errors.push(FieldError { pointer: pointer(name), message: "There is no such field".to_owned() });
    }
    if let Some((by, field)) = region::by(auth, "field")
        && !errors.iter().any(|error| error.pointer == pointer(field))
    {
        match region::chosen(auth, by, taken.facts.get(field).map(String::as_str)) {
            Some(id) => {
                taken.facts.insert(REGION.to_owned(), id.to_owned());
            }
            None => errors.push(FieldError { pointer: pointer(field), message: "There is no such region".to_owned() }),
        }
    }
    if errors.is_empty() { Ok(taken) } else { Err(errors) }
}

fn check_one(field: &Field, value: &str) -> Result<Option<String>, String> {
    if value.len() > LONGEST {
        return Err("This is too long: at most 4,096 bytes".to_owned());
    }
    let value = if field.kind == FieldKind::Secret { value } else { value.trim() };
    if value.is_empty() {
        return if field.optional { Ok(None) } else { Err("This has to be filled in".to_owned()) };
    }
    if value.chars().any(char::is_control) {
        return Err("This holds a line break or another invisible character".to_owned());
    }
    let value = match field.kind {
        FieldKind::Text | FieldKind::Secret => value.to_owned(),
        FieldKind::Date if date::is_day(value) => value.to_owned(),
        FieldKind::Date => return Err("This is not a day: write year-month-day, e.g. 2026-11-21".to_owned()),
        FieldKind::Origin => origin::reduce(value)?,
        FieldKind::Select if field.options.iter().any(|option| option == value) => value.to_owned(),
        FieldKind::Select => return Err("This is not one of the choices".to_owned()),
        FieldKind::Subdomain => subdomain::reduce(value, field.suffix.as_deref())?,
    };
    match field.pattern.as_deref().map(|pattern| matches_whole(pattern, &value)) {
        None | Some(Some(true)) => Ok(Some(value)),
        Some(Some(false)) => Err("This does not look right".to_owned()),
        Some(None) => Err("The connector's pattern for this field cannot be read".to_owned()),
    }
}

/// RFC 6901; a name that a stranger made up is cut.
fn pointer(name: &str) -> String {
    let name: String = name.chars().take(64).collect();
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(id: &str, kind: FieldKind) -> Field {
        Field {
            id: id.to_owned(),
            label: id.to_owned(),
            help: None,
            kind,
            pattern: None,
            options: Vec::new(),
            suffix: None,
            optional: false,
        }
    }

    fn auth(fields: Vec<Field>) -> Auth {
        let mut auth: Auth =
            serde_json::from_value(serde_json::json!({"id": "a", "kind": "fields", "label": "A"})).expect("auth");
        auth.fields = fields;
        auth
    }

    fn entered(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_type_of_field_takes_and_refuses_what_it_should() {
        let pattern = Some("[a-z]+_[0-9]+".to_owned());
        let text = Field { pattern: pattern.clone(), ..field("f", FieldKind::Text) };
        let secret = Field { pattern, ..field("f", FieldKind::Secret) };
        let select = Field { options: vec!["eu".into(), "us".into()], ..field("f", FieldKind::Select) };
        let optional = Field { optional: true, ..text.clone() };
        let (date, origin) = (field("f", FieldKind::Date), field("f", FieldKind::Origin));
        let own = Field { pattern: Some("https://.*[.]acme[.]example".into()), ..origin.clone() };
        let broken = Field { pattern: Some("(".into()), ..text.clone() };
        let plain = field("f", FieldKind::Text);
        let longest = "x".repeat(LONGEST);
        let too_long = "x".repeat(LONGEST + 1);
        for (field, value, expected) in [
            (&text, "ab_12", Some("ab_12")),
            (&text, "  ab_12\n", Some("ab_12")),
            (&text, "ab_12 x", None),
            (&text, "", None),
            (&text, "   ", None),
            (&secret, "ab_12", Some("ab_12")),
            (&secret, "ab_12 ", None),
            (&secret, "ab_12\n", None),
            (&select, "eu", Some("eu")),
            (&select, "EU", None),
            (&select, "eu,us", None),
            (&date, " 2026-11-21 ", Some("2026-11-21")),
            (&date, "2026-02-30", None),
            (&date, "tomorrow", None),
            (&origin, " Odoo.Acme.example/web ", Some("https://odoo.acme.example")),
            (&origin, "http://odoo.acme.example", None),
            (&origin, "https://169.254.169.254", None),
            (&own, "odoo.acme.example", Some("https://odoo.acme.example")),
            (&own, "odoo.evil.example", None),
            (&optional, "", Some("")),
            (&optional, "nonsense", None),
            (&broken, "x", None),
            (&plain, "Żółć & Söhne", Some("Żółć & Söhne")),
            (&plain, "a\0b", None),
            (&plain, "a\r\nb", None),
            (&plain, &longest, Some(&longest)),
            (&plain, &too_long, None),
        ] {
            let auth = auth(vec![field.clone()]);
            match (check(&auth, &entered(&[("f", value)])), expected) {
                (Ok(taken), Some("")) => assert!(taken.secrets.is_empty() && taken.facts.is_empty()),
                (Ok(taken), Some(expected)) if field.kind == FieldKind::Secret => {
                    assert_eq!(taken.secrets["f"].expose(), expected);
                    assert!(taken.facts.is_empty(), "a secret is no fact");
                }
                (Ok(taken), Some(expected)) => assert_eq!(taken.facts["f"], expected),
                (Err(errors), None) => assert_eq!(errors[0].pointer, "/f"),
                (got, expected) => panic!("{:?} {value:?}: {got:?}, not {expected:?}", field.kind),
            }
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let auth = auth(vec![field("user", FieldKind::Text), field("password", FieldKind::Secret)]);
        let errors = check(&auth, &entered(&[("pass/word~", "hunter2"), ("password", "")])).expect_err("wrong");
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/user", "/password", "/pass~1word~0"]);
        assert!(!format!("{errors:?}").contains("hunter2"));
    }

    #[test]
    fn a_field_that_was_left_out_is_as_one_left_empty() {
        let auth = auth(vec![field("user", FieldKind::Text)]);
        assert_eq!(check(&auth, &BTreeMap::new()).expect_err("wrong")[0].pointer, "/user");
    }

    #[test]
    fn no_message_quotes_a_value() {
        let secret = Field { pattern: Some("x".into()), ..field("f", FieldKind::Secret) };
        let errors = check(&auth(vec![secret]), &entered(&[("f", "canary-canary")])).expect_err("wrong");
        assert!(!format!("{errors:?}").contains("canary"));
    }

    #[test]
    fn a_field_that_chooses_a_region_names_an_entry_of_the_table() {
        let mut auth = crate::oauth::script::spread();
        auth.region_by = serde_json::from_value(serde_json::json!({"from": "field:place"})).ok();
        auth.fields = vec![Field { optional: true, ..field("place", FieldKind::Text) }];
        let taken = check(&auth, &entered(&[("place", "eu")])).expect("taken");
        assert_eq!(taken.facts, entered(&[("place", "eu"), ("region", "eu")]));
        for value in ["mars", "", "accounts.books.example.eu"] {
            let errors = check(&auth, &entered(&[("place", value)])).expect_err(value);
            assert_eq!((errors.len(), errors[0].pointer.as_str()), (1, "/place"));
        }
        auth.region_by.as_mut().expect("by").otherwise = Some("us".to_owned());
        assert_eq!(check(&auth, &BTreeMap::new()).expect("taken").facts, entered(&[("region", "us")]));
        assert!(check(&auth, &entered(&[("region", "us")])).is_err(), "nobody enters the region itself");
    }
}
