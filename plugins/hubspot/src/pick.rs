//! The picker that asks HubSpot while a person types: contacts by name or e-mail address, companies by name or domain, deals by name.
//! Without a text, those that changed last.

use patchbay_sdk::{Case, Choice, Choices, Context, Error, PickRequest, Result};
use serde_json::{Value, json};

use crate::{
    search::{Row, changed_by, search},
    wire::Api,
};

/// Choices of one type.
const MOST: u32 = 15;
/// Words of a text that are searched for.
const WORDS: usize = 3;

/// A type, what people call it, and the properties that its choices show.
const TYPES: [(&str, &str, &[&str]); 3] = [
    ("contacts", "Contact", &["firstname", "lastname", "email"]),
    ("companies", "Company", &["name", "domain"]),
    ("deals", "Deal", &["dealname"]),
];

pub(crate) fn pick(ctx: &Context, request: &PickRequest) -> Result<Choices> {
    if request.picker != "records" {
        return Err(Error::unsupported(format!("This connector has no picker `{}`.", request.picker)));
    }
    let api = Api::of(ctx)?;
    let words: Vec<&str> = request.query.split_whitespace().take(WORDS).collect();
    let (mut choices, mut refused) = (Vec::new(), None);
    for (kind, title, properties) in TYPES {
        match of_type(&api, kind, &words, properties) {
            Ok(rows) => choices.extend(rows.into_iter().map(|row| choice(kind, title, row))),
            // A type that is closed to this connection has nothing to choose from.
            Err(error) if error.case() == Case::PermissionDenied => refused = Some(error),
            Err(error) => return Err(error),
        }
    }
    match refused {
        Some(error) if choices.is_empty() => Err(error),
        _ => Ok(Choices::of(choices)),
    }
}

fn of_type(api: &Api, kind: &str, words: &[&str], properties: &[&str]) -> Result<Vec<Row>> {
    let groups = groups(api, kind, words);
    let listing = search(api, kind, &groups, (changed_by(kind), "DESCENDING"), properties, MOST, 0)?;
    let listed = listing.rows()?;
    listed.results.iter().map(|row| listing.row(row)).collect()
}

fn choice(kind: &str, title: &str, row: Row) -> Choice {
    let (label, more) = match kind {
        "contacts" => (Some(row.person()), row.properties.email),
        "companies" => (row.properties.name, row.properties.domain),
        _ => (row.properties.dealname, None),
    };
    let label = label.filter(|label| !label.trim().is_empty()).unwrap_or_else(|| format!("{title} {}", row.id));
    let hint = match more.filter(|more| *more != label && !more.is_empty()) {
        Some(more) => format!("{title} · {more}"),
        None => title.to_owned(),
    };
    Choice::of(format!("{kind}/{}", row.id), label).hint(hint)
}

/// What has to fit: one of the groups, and of it all. The last word may be only begun.
fn groups(api: &Api, kind: &str, words: &[&str]) -> Value {
    let Some((last, before)) = words.split_last() else { return json!([]) };
    let begun = format!("{last}{}", api.assumed.wildcard);
    let is =
        |property: &str, word: &str| json!({ "propertyName": property, "operator": "CONTAINS_TOKEN", "value": word });
    let all = |property: &str| {
        let filters = before.iter().map(|word| is(property, word)).chain([is(property, &begun)]);
        json!({ "filters": filters.collect::<Vec<_>>() })
    };
    let both = |one: &str, other: &str, first: &str| {
        let rest = before.iter().skip(1).map(|word| is(other, word)).chain([is(other, &begun)]);
        let filters: Vec<Value> = [is(one, first)].into_iter().chain(rest).collect();
        json!({ "filters": filters })
    };
    match (kind, before.first()) {
        ("contacts", None) => json!([all("firstname"), all("lastname"), all("email")]),
        // The first name and then the last, the other way round, or a last name of several words.
        ("contacts", Some(first)) => {
            json!([both("firstname", "lastname", first), both("lastname", "firstname", first), all("lastname")])
        }
        ("companies", None) => json!([all("name"), all("domain")]),
        ("companies", Some(_)) => json!([all("name")]),
        _ => json!([all("dealname")]),
    }
}
