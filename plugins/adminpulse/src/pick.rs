//! The picker of relations: AdminPulse itself is searched, so that a relation which was made a minute ago is there.
//!
//! A choice is the relation's *unique identifier*: documents, tasks and interactions name it by that one, not by its id.

use patchbay_sdk::{Choice, Choices, Context, Error, PickRequest, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::wire::{Api, text};

/// Choices of one answer.
const SIZE: u32 = 25;

#[derive(Serialize, Deserialize)]
struct Cursor {
    page: u64,
}

pub(crate) fn pick(ctx: &Context, request: &PickRequest) -> Result<Choices> {
    if request.picker != "relations" {
        return Err(Error::unsupported(format!("This connector has no picker `{}`.", request.picker)));
    }
    let api = Api::of(ctx)?;
    let page = request.cursor::<Cursor>()?.map_or(0, |cursor| cursor.page);
    let typed = request.query.trim();
    let number = company_number(typed);
    let query = match &number {
        Some(number) => vec![("vatNumber", number.as_str())],
        None if typed.is_empty() => Vec::new(),
        None => vec![("search", typed)],
    };
    let listing = api.list("/relations", &query, page, SIZE)?;
    let rows = listing.rows()?;
    let mut choices = Vec::new();
    for row in &rows.rows {
        choices.extend(choice(&listing.row(row)?));
    }
    // A bare array may be the whole list, whatever was asked for.
    choices.truncate(100);
    let choices = Choices::of(choices);
    if rows.is_last { Ok(choices) } else { choices.next(&Cursor { page: page.saturating_add(1) }) }
}

/// A relation without a unique identifier cannot be written to.
fn choice(relation: &Map<String, Value>) -> Option<Choice> {
    let says = |name: &str| text(relation, name);
    let id = says("uniqueIdentifier")?;
    let label = says("name").or_else(|| says("companyName")).unwrap_or_else(|| id.clone());
    let hints: Vec<String> = ["code", "vatNumber"].into_iter().filter_map(says).collect();
    let choice = Choice::of(id, label);
    Some(if hints.is_empty() { choice } else { choice.hint(hints.join(" · ")) })
}

/// What looks like a company number, as AdminPulse keeps them: 9 or 10 digits without `BE` and dots.
fn company_number(typed: &str) -> Option<String> {
    let bare = typed.strip_prefix("BE").or_else(|| typed.strip_prefix("be")).unwrap_or(typed);
    let plain = bare.chars().all(|letter| letter.is_ascii_digit() || matches!(letter, '.' | ' '));
    let digits: String = bare.chars().filter(char::is_ascii_digit).collect();
    (plain && matches!(digits.len(), 9 | 10)).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::company_number;

    #[test]
    fn a_company_number_is_known_however_it_is_typed() {
        for typed in ["BE 0712.345.678", "0712345678", "be0712.345.678"] {
            assert_eq!(company_number(typed).as_deref(), Some("0712345678"), "{typed}");
        }
        for typed in ["K-0042", "0712", "De 12 apostelen 0712345678", "07123456789"] {
            assert_eq!(company_number(typed), None, "{typed}");
        }
    }
}
