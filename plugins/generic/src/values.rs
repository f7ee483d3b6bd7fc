//! What placeholders are, and where which value may go.
//!
//! A value is kept as JSON text, so that a body keeps its type and its digits. In a path, a query or a header it becomes a
//! text; one that could change what is asked for is refused.

use std::{borrow::Cow, collections::BTreeMap};

use patchbay_definition::template::{Name, Piece, parse};
use patchbay_sdk::{Context, Error, Item, RawValue, Result, run};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::{push, raw};

/// What stays as it is in an address (RFC 3986, section 2.3).
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// All values of one call.
pub(crate) struct Values<'a> {
    ctx: &'a Context,
    settings: Value,
    item: Option<Brought>,
}

/// What an item brings.
struct Brought {
    payload: Box<RawValue>,
    target: Box<RawValue>,
    attachment: Option<patchbay_sdk::Attachment>,
}

/// Whose value is wrong.
enum Whose {
    Connection,
    /// A member of the payload or target, by pointer.
    Item(String),
}

impl<'a> Values<'a> {
    pub(crate) fn of(ctx: &'a Context) -> Result<Self> {
        Ok(Self { ctx, settings: ctx.settings()?, item: None })
    }

    pub(crate) fn with(mut self, item: &Item) -> Result<Self> {
        let attachment = item.attachments.first().cloned();
        self.item = Some(Brought { payload: item.payload()?, target: item.target()?, attachment });
        Ok(self)
    }

    /// The blob of the item's file.
    pub(crate) fn blob(&self) -> Option<&str> {
        self.item.as_ref()?.attachment.as_ref().map(|file| file.blob.as_str())
    }

    /// A value as JSON text; none where it is missing. The bytes of a file are none: they stay at the host.
    pub(crate) fn json(&self, name: &Name) -> Result<Option<Cow<'_, str>>> {
        let quoted = |text: &str| Some(Cow::Owned(Value::from(text).to_string()));
        Ok(match (name, &self.item) {
            // The connection first: where a schema lets further members through, none of them takes the place of a
            // field or a setting. The packer refuses a name that both declare.
            (Name::Plain(name), item) => self.of_connection(name).or_else(|| {
                let brought = item.as_ref().and_then(|item| member(&item.payload, name));
                brought.map(|value| Cow::Borrowed(value.get()))
            }),
            (Name::Account, _) => quoted(self.ctx.account()?),
            (Name::Target(name), Some(item)) => member(&item.target, name).map(|value| Cow::Borrowed(value.get())),
            (Name::Pointer(at), Some(item)) => raw::at(&item.payload, at).map(|value| Cow::Borrowed(value.get())),
            (Name::Attachment(what), Some(item)) => item.attachment.as_ref().and_then(|file| match what.as_str() {
                "name" => quoted(&file.name),
                "media-type" => quoted(&file.media_type),
                "size" => Some(Cow::Owned(file.size.to_string())),
                "sha256" => quoted(&file.sha256),
                _ => None,
            }),
            (Name::IdempotencyKey, Some(_)) => quoted(&run::step_key(push::STEP)),
            (Name::Target(_) | Name::Pointer(_) | Name::Attachment(_) | Name::IdempotencyKey, None) => None,
        })
    }

    fn of_connection(&self, name: &str) -> Option<Cow<'_, str>> {
        if let Some((_, fact)) = self.ctx.facts.iter().find(|(known, _)| known == name) {
            return Some(Cow::Owned(Value::from(fact.as_str()).to_string()));
        }
        self.settings.get(name).map(|value| Cow::Owned(value.to_string()))
    }

    /// Parameters, without those that have no value.
    pub(crate) fn parameters(&self, templates: &BTreeMap<String, String>) -> Result<Vec<(String, String)>> {
        let mut parameters = Vec::new();
        for (name, template) in templates {
            parameters.extend(self.query(template)?.map(|value| (name.clone(), value)));
        }
        Ok(parameters)
    }

    /// A template as text, in which a missing value is nothing; none where nothing at all is said.
    pub(crate) fn text(&self, template: &str) -> Result<Option<String>> {
        self.fill(template, &|value| Ok(value))
    }

    /// The value of a parameter, before it is percent-encoded.
    pub(crate) fn query(&self, template: &str) -> Result<Option<String>> {
        self.fill(template, &harmless)
    }

    /// The value of a header.
    pub(crate) fn header(&self, template: &str) -> Result<Option<String>> {
        self.fill(template, &|value| {
            if value.chars().any(char::is_control) { Err("a line end or another control character") } else { Ok(value) }
        })
    }

    fn fill(&self, template: &str, check: &dyn Fn(String) -> Result<String, &'static str>) -> Result<Option<String>> {
        let (mut filled, mut said) = (String::new(), false);
        for piece in pieces(template)? {
            match piece {
                Piece::Text(text) => {
                    filled.push_str(&text);
                    said = true;
                }
                Piece::Value(name) => {
                    if let Some(value) = self.plain(&name)? {
                        filled.push_str(&check(value).map_err(|why| refused(&name, self.whose(&name), why))?);
                        said = true;
                    }
                }
            }
        }
        Ok(said.then_some(filled))
    }

    /// A path with its values percent-encoded; all of them have to be there.
    pub(crate) fn path(&self, template: &str) -> Result<String> {
        let mut path = String::new();
        for piece in pieces(template)? {
            match piece {
                Piece::Text(text) => path.push_str(&text),
                Piece::Value(name) => {
                    let missing = || refused(&name, self.whose(&name), "nothing");
                    let value = self.plain(&name)?.filter(|value| !value.is_empty()).ok_or_else(missing)?;
                    let value = harmless(value).map_err(|why| refused(&name, self.whose(&name), why))?;
                    path.extend(utf8_percent_encode(&value, RESERVED));
                }
            }
        }
        // A value of one dot passes as a part of a segment, and changes the path as a whole one.
        if path.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(
                Error::invalid_input("An id or name cannot stand in an address.").detail(format!("path {template}"))
            );
        }
        Ok(path)
    }

    /// A value as it stands in a text.
    fn plain(&self, name: &Name) -> Result<Option<String>> {
        let Some(json) = self.json(name)? else { return Ok(None) };
        let value: Box<RawValue> =
            serde_json::from_str(&json).map_err(|_| refused(name, self.whose(name), "no JSON"))?;
        if value.get().starts_with(['{', '[']) {
            return Err(refused(name, self.whose(name), "a list or an object"));
        }
        Ok(raw::text(&value).map(Cow::into_owned))
    }

    fn whose(&self, name: &Name) -> Whose {
        let at = |name: &str| format!("/{}", patchbay_definition::pointer::escaped(name));
        match name {
            Name::Plain(name) if self.item.is_some() && self.of_connection(name).is_none() => Whose::Item(at(name)),
            Name::Target(name) => Whose::Item(at(name)),
            Name::Pointer(pointer) => Whose::Item(pointer.clone()),
            Name::Attachment(_) => Whose::Item("/attachments".to_owned()),
            Name::Plain(_) | Name::Account | Name::IdempotencyKey => Whose::Connection,
        }
    }
}

fn member<'v>(object: &'v RawValue, name: &str) -> Option<&'v RawValue> {
    raw::at(object, &format!("/{}", patchbay_definition::pointer::escaped(name)))
}

/// What the check of the definition has read already.
fn pieces(template: &str) -> Result<Vec<Piece>> {
    parse(template).map_err(|why| Error::invalid_config("The definition of this connector is wrong.").detail(why))
}

/// What may stand in an address: nothing that leaves its place in it.
fn harmless(value: String) -> Result<String, &'static str> {
    if value.contains('/') || value.contains('\\') {
        return Err("a slash");
    }
    if value.contains("..") {
        return Err("two dots");
    }
    if value.chars().any(char::is_control) {
        return Err("a line end or another control character");
    }
    Ok(value)
}

fn refused(name: &Name, whose: Whose, why: &str) -> Error {
    let name = match name {
        Name::Plain(name) | Name::Target(name) | Name::Pointer(name) | Name::Attachment(name) => name.as_str(),
        Name::Account => "account",
        Name::IdempotencyKey => "idempotency-key",
    };
    let detail = format!("the value of {{{name}}} has {why}");
    match whose {
        Whose::Connection => {
            Error::invalid_config(format!("The value of {name:?} of this connection cannot be used: it has {why}."))
                .detail(detail)
        }
        Whose::Item(pointer) => Error::invalid_input("A value of this item cannot be sent.")
            .field(pointer, format!("It has {why}."))
            .detail(detail),
    }
}

#[cfg(test)]
mod tests {
    use patchbay_sdk::{Case, Context, Item};
    use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};
    use serde_json::json;

    use super::Values;

    fn ctx(value: &str) -> Context {
        Context {
            facts: vec![("x".to_owned(), value.to_owned())],
            settings: br#"{"n":45.10,"list":[1]}"#.to_vec(),
            ..Context::default()
        }
    }

    fn item(payload: &str) -> Item {
        Item { payload: payload.as_bytes().to_vec(), target: br#"{"id":"c-7"}"#.to_vec(), ..Item::default() }
    }

    #[test]
    fn what_would_leave_its_place_in_an_address_is_refused() {
        for bad in ["a/b", "..", "a..b", "a\rb", "a\nb", "a\\b", "\0", "", "."] {
            let ctx = ctx(bad);
            let values = Values::of(&ctx).unwrap();
            assert!(values.path("/a/{x}").is_err(), "{bad:?}");
        }
        let ctx = ctx("é ?#%2e&");
        let values = Values::of(&ctx).unwrap();
        assert_eq!(values.path("/a/{x}/b").unwrap(), "/a/%C3%A9%20%3F%23%252e%26/b");
    }

    #[test]
    fn a_wrong_value_is_the_persons_or_the_items() {
        let ctx = ctx("a/b");
        let values = Values::of(&ctx).unwrap();
        assert_eq!(values.query("{x}").unwrap_err().case(), Case::InvalidConfig);
        let values = Values::of(&ctx).unwrap().with(&item(r#"{"y":"../admin"}"#)).unwrap();
        assert_eq!(values.path("/{y}").unwrap_err().case(), Case::InvalidInput);
        assert_eq!(values.path("/{z}").unwrap_err().case(), Case::InvalidInput);
        assert_eq!(values.header("{/y}").unwrap().as_deref(), Some("../admin"), "a header has no path");
    }

    #[test]
    fn a_member_that_nobody_declared_takes_no_field_and_no_setting() {
        let ctx = ctx("acme");
        let item = item(r#"{"x":"other","n":1,"own":"T","deep":{"x":"D"}}"#);
        let values = Values::of(&ctx).unwrap().with(&item).unwrap();
        assert_eq!(values.path("/{x}/a").unwrap(), "/acme/a");
        assert_eq!(values.header("{x}").unwrap().as_deref(), Some("acme"));
        assert_eq!(values.text("{n} {own}").unwrap().as_deref(), Some("45.1 T"));
        assert_eq!(values.text("{/x} {/deep/x}").unwrap().as_deref(), Some("other D"), "a pointer means the payload");
    }

    #[test]
    fn a_missing_value_is_nothing_in_a_text_and_leaves_out_what_it_is_all_of() {
        let ctx = ctx("a");
        let values = Values::of(&ctx).unwrap().with(&item(r#"{"t":"T","none":null,"m":1.50}"#)).unwrap();
        assert_eq!(values.text("{t}: {missing}{none}").unwrap().as_deref(), Some("T: "));
        assert_eq!(values.text("{missing}").unwrap(), None);
        assert_eq!(values.query("{none}").unwrap(), None);
        assert_eq!(values.text("{m} {target.id} {x}").unwrap().as_deref(), Some("1.50 c-7 a"));
        assert_eq!(values.text("{list}").unwrap_err().case(), Case::InvalidConfig);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn no_value_adds_a_segment_a_query_or_a_fragment(value in any::<String>()) {
            let ctx = ctx(&value);
            let values = Values::of(&ctx).unwrap();
            if let Ok(path) = values.path("/a/{x}/b") {
                prop_assert_eq!(path.split('/').count(), 4, "{}", &path);
                prop_assert!(path.is_ascii() && !path.contains(['?', '#', '\\', ' ', '\r', '\n']), "{}", &path);
                prop_assert!(path.split('/').all(|segment| segment != ".." && segment != "."));
            }
        }

        #[test]
        fn a_payloads_text_comes_through_whole(value in any::<String>()) {
            let ctx = ctx("a");
            let payload = json!({ "text": value }).to_string();
            let values = Values::of(&ctx).unwrap().with(&item(&payload)).unwrap();
            prop_assert_eq!(values.text("{text}").unwrap().unwrap_or_default(), value);
        }
    }
}
