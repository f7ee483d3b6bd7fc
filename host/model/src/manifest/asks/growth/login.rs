//! What a way to log in asks for beyond what was granted.

use super::Lines;
use crate::manifest::{
    FieldKind, RevokeEnds, TokenRequest,
    asks::{FieldAsked, LoginAsked},
};

pub(super) fn changed(id: &str, login: &LoginAsked, before: &LoginAsked, lines: &mut Lines) {
    if login.kind != before.kind {
        lines.add(format!("logs in another way: {id}"));
    }
    if login.uses_operators_client() && !before.uses_operators_client() {
        let hosts: Vec<String> = login.token.iter().flat_map(|token| login.hosts(token)).collect();
        lines.add(format!(
            "logs in at {} with the operator's own client instead of what the person enters: {id}",
            hosts.join(", ")
        ));
    }
    changed_request(id, "login page", login.authorize.as_ref(), before.authorize.as_ref(), lines);
    changed_request(id, "token address", login.token.as_ref(), before.token.as_ref(), lines);
    changed_request(id, "refresh address", login.refresh.as_ref(), before.refresh.as_ref(), lines);
    changed_request(id, "exchange address", login.exchange.as_ref(), before.exchange.as_ref(), lines);
    changed_request(id, "session's login address", login.login.as_ref(), before.login.as_ref(), lines);
    changed_request(id, "revocation address", login.revoke.as_ref(), before.revoke.as_ref(), lines);
    if before.exchange.is_some() && login.exchange.is_none() {
        lines.add(format!("no longer exchanges the first tokens: {id}"));
    }
    if before.revoke.is_some() && login.revoke.is_none() {
        lines.add(format!("no longer gives tokens back when a connection is deleted: {id}"));
    }
    if login.revoke_ends != before.revoke_ends {
        let ends = match login.revoke_ends {
            RevokeEnds::Token => "the tokens of one login",
            RevokeEnds::Grant => "all that a person ever granted",
        };
        lines.add(format!("takes a revocation to end {ends}: {id}"));
    }
    answer(id, login, before, lines);
    regions(id, login, before, lines);
    if before.pkce && !login.pkce {
        lines.add(format!("no longer binds the login with PKCE: {id}"));
    }
    if before.issuer.is_some() && login.issuer != before.issuer {
        lines.add(format!("no longer compares the same issuer: {id}"));
    }
    for scope in login.scopes.difference(&before.scopes) {
        lines.add(format!("asks the provider for a new scope: {scope} ({id})"));
    }
    if login.scope_separator != before.scope_separator && !login.scopes.is_empty() {
        lines.add(format!("writes scopes in another way: {id}"));
    }
    if login.rules != before.rules {
        lines
            .add(format!("takes other answers for the end of a credential, and sends requests again after them: {id}"));
    }
    if login.rotation != before.rotation {
        lines.add(format!("renews tokens in another way: {id}"));
    }
    for (name, field) in &login.fields {
        match before.fields.get(name) {
            None => lines.add(format!("asks the person for a new field: {name} ({id})")),
            Some(was) if was.kind == FieldKind::Secret && field.kind != FieldKind::Secret => {
                lines.add(format!("is told what was a secret: {name} ({id})"));
            }
            Some(was) if only_the_label(field, was) => {
                let (now, was) = (field.label.as_deref().unwrap_or_default(), was.label.as_deref().unwrap_or_default());
                lines.add(format!("asks the person for {now} instead of {was}: {name} ({id})"));
            }
            Some(was) if !is_narrower(field, was) => lines.add(format!("uses the field {name} in another way ({id})")),
            Some(_) => {}
        }
    }
    for (name, fact) in &login.facts {
        match before.facts.get(name) {
            None => lines.add(format!("is told a new fact of the login: {name} from {} ({id})", fact.from)),
            Some(was) if was != fact => {
                lines.add(format!("takes the fact {name} from {} as {} ({id})", fact.from, fact.pattern));
            }
            Some(_) => {}
        }
    }
    for (name, slot) in &login.slots {
        match before.slots.get(name) {
            None => lines.add(format!("puts the credential in a new slot: {name} ({id})")),
            Some(was) => {
                for other in slot.with.difference(&was.with) {
                    lines.add(format!("sends the credential {other} along with {name} ({id})"));
                }
                if slot.signature != was.signature {
                    lines.add(format!("signs slot {name} in another way ({id})"));
                }
                if (slot.place, &slot.name, &slot.value) != (was.place, &was.name, &was.value) {
                    lines.add(format!("puts the credential of slot {name} elsewhere ({id})"));
                }
            }
        }
    }
}

/// Whether a secret is only asked for by another name: people enter what they are told to.
fn only_the_label(field: &FieldAsked, was: &FieldAsked) -> bool {
    field.label != was.label && FieldAsked { label: was.label.clone(), ..field.clone() } == *was
}

/// Whether it is the same field, perhaps with fewer choices.
fn is_narrower(field: &FieldAsked, was: &FieldAsked) -> bool {
    let fewer = field.options.is_subset(&was.options) && (was.options.is_empty() || !field.options.is_empty());
    fewer && FieldAsked { options: was.options.clone(), ..field.clone() } == *was
}

fn changed_request(
    id: &str,
    what: &str,
    asked: Option<&TokenRequest>,
    granted: Option<&TokenRequest>,
    lines: &mut Lines,
) {
    match (asked, granted) {
        (Some(asked), Some(granted)) if asked.url != granted.url => {
            lines.add(format!("changes the {what} of {id} from {} to {}", granted.url, asked.url));
        }
        (Some(asked), Some(granted)) if asked != granted => {
            lines.add(format!("sends other parameters to the {what} of {id}: {}", asked.url));
        }
        (Some(asked), None) => lines.add(format!("has a new {what} of {id}: {}", asked.url)),
        _ => {}
    }
}

/// Tokens that are kept besides the usual ones, and tokens that are taken from elsewhere.
fn answer(id: &str, login: &LoginAsked, before: &LoginAsked, lines: &mut Lines) {
    for (name, pointer) in &login.answer.more {
        match before.answer.more.get(name) {
            None => lines.add(format!("keeps a further token of the login: {name} from {pointer} ({id})")),
            Some(was) if was != pointer => lines.add(format!("takes the token {name} from {pointer} ({id})")),
            Some(_) => {}
        }
    }
    let (asked, granted) = (&login.answer, &before.answer);
    for (what, usual, now, was) in [
        ("access token", "/access_token", &asked.access_token, &granted.access_token),
        ("refresh token", "/refresh_token", &asked.refresh_token, &granted.refresh_token),
        ("granted scopes", "/scope", &asked.scope, &granted.scope),
    ] {
        let place = now.as_deref().unwrap_or(usual);
        if place != was.as_deref().unwrap_or(usual) {
            lines.add(format!("takes the {what} from {place} ({id})"));
        }
    }
}

/// Every place that the table adds is one where secrets may go.
fn regions(id: &str, login: &LoginAsked, before: &LoginAsked, lines: &mut Lines) {
    for (region, values) in &login.regions {
        match before.regions.get(region) {
            None => {
                let places = super::listed(values.values().map(String::as_str));
                lines.add(format!("adds the region {region} to {id}: {places}"));
            }
            Some(was) => {
                for (name, value) in values.iter().filter(|(name, value)| was.get(*name) != Some(value)) {
                    let from = was.get(name).map(|was| format!(" from {was}")).unwrap_or_default();
                    lines.add(format!("changes {name} of the region {region} of {id}{from} to {value}"));
                }
            }
        }
    }
    if let (Some(by), Some(was)) = (&login.region_by, &before.region_by)
        && by != was
    {
        lines.add(format!("chooses the region of {id} in another way: {}", by.from));
    }
}
