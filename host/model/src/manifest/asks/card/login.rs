//! What a way to log in says on the card.

use super::joined;
use crate::manifest::{
    AuthKind, ClientAuth, FieldKind, RevokeEnds, SlotPlace, TokenRequest,
    asks::{FieldAsked, LoginAsked, SlotAsked},
};

pub(super) fn lines(id: &str, login: &LoginAsked, say: &mut dyn FnMut(String, String)) {
    let mut say = |what: &str, text: String| say(format!("{id}: {what}"), text);
    say("the way", way(login));
    for (what, request) in [
        ("login page", &login.authorize),
        ("token address", &login.token),
        ("refresh address", &login.refresh),
        ("exchange address", &login.exchange),
        ("session's login address", &login.login),
        ("revocation address", &login.revoke),
    ] {
        if let Some(request) = request {
            say(what, asked(request));
        }
    }
    if !login.scopes.is_empty() {
        say("asks the provider to allow", joined(&login.scopes));
    }
    for (name, field) in &login.fields {
        say(&format!("asks the person for {name}"), entered(field));
    }
    for (name, fact) in &login.facts {
        say(&format!("is told {name}"), format!("from {}, as {}", fact.from, fact.pattern));
    }
    for (name, slot) in &login.slots {
        say(&format!("puts the credential in {name}"), put(slot));
    }
    for (region, values) in &login.regions {
        let values = values.iter().map(|(name, value)| format!("{name} is {value}"));
        say(&format!("place {region}"), joined(values));
    }
    if let Some(by) = &login.region_by {
        say("the place is chosen by", by.from.clone());
    }
    let answer = &login.answer;
    let places = [("access token", &answer.access_token), ("refresh token", &answer.refresh_token)];
    let places = places.into_iter().filter_map(|(what, place)| Some(format!("{what} from {}", place.as_deref()?)));
    let more = answer.more.iter().map(|(name, place)| format!("{name} from {place}"));
    let kept: Vec<String> = places.chain(more).collect();
    if !kept.is_empty() {
        say("keeps of an answer", kept.join(", "));
    }
}

fn way(login: &LoginAsked) -> String {
    let kind = match login.kind {
        AuthKind::Fields => "what the person enters",
        AuthKind::Oauth2 => "the provider's login page",
        AuthKind::Oauth2ClientCredentials => "a client, without a person",
        AuthKind::Session => "a session that is opened with what the person enters",
    };
    let pkce = match (login.kind, login.pkce) {
        (AuthKind::Oauth2, true) => ", bound by PKCE",
        (AuthKind::Oauth2, false) => ", without PKCE",
        _ => "",
    };
    let issuer = login.issuer.as_ref().map(|issuer| format!(", of the issuer {issuer}")).unwrap_or_default();
    let ends = match login.revoke_ends {
        RevokeEnds::Token => "",
        RevokeEnds::Grant => ", and giving back ends all that the person ever granted",
    };
    format!("{kind}{pkce}{issuer}{ends}")
}

fn asked(request: &TokenRequest) -> String {
    let params = request.params.iter().map(|(name, value)| format!("{name}={value}"));
    let params = joined(params);
    let params = if params.is_empty() { params } else { format!(", with {params}") };
    let proof = match request.client_auth {
        ClientAuth::Body | ClientAuth::None => "",
        ClientAuth::Basic => ", the client by Basic",
    };
    format!("{} {}{params}{proof}", request.method, request.url)
}

fn entered(field: &FieldAsked) -> String {
    let kind = match field.kind {
        FieldKind::Text => "text",
        FieldKind::Secret => "a secret",
        FieldKind::Select => "a choice",
        FieldKind::Subdomain => "one label of a host",
        FieldKind::Date => "a day",
        FieldKind::Origin => "an address of the customer's own",
    };
    let label = field.label.as_ref().map(|label| format!(", as {label}")).unwrap_or_default();
    let suffix = field.suffix.as_ref().map(|suffix| format!(" before {suffix}")).unwrap_or_default();
    let options = joined(&field.options);
    let options = if options.is_empty() { options } else { format!(" of {options}") };
    let pattern = field.pattern.as_ref().map(|pattern| format!(", like {pattern}")).unwrap_or_default();
    format!("{kind}{suffix}{options}{label}{pattern}")
}

fn put(slot: &SlotAsked) -> String {
    let place = match slot.place {
        SlotPlace::Header => "the header",
        SlotPlace::Query => "the parameter",
        SlotPlace::Basic => "Basic authorisation",
        SlotPlace::Json => "the body, at",
        SlotPlace::Signed => "a signature, in",
    };
    let name = slot.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    let with = joined(&slot.with);
    let with = if with.is_empty() { with } else { format!(", together with {with}") };
    format!("{place}{name}: {}{with}", slot.value)
}
