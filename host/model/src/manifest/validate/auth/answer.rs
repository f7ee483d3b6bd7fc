//! What answers mean: where the tokens stand, and which answers are no answer.

use super::{OF_THE_HOST, names};
use crate::manifest::{
    Auth, AuthKind, REGION, ResponseRule,
    problem::{Findings, Path},
};

pub(super) fn check(auth: &Auth, path: &Path, findings: &mut Findings) {
    places(auth, &path.key("answer"), findings);
    for (place, one) in auth.expired.iter().enumerate() {
        let at = path.entry("expired", place);
        rule(one, "an expired credential", "status = 401", &at, findings);
        if one.status.is_some_and(|status| status >= 500 || [408, 409, 425, 429].contains(&status)) {
            findings.add(
                at.key("status"),
                "a provider in trouble would count as an expired credential, and a write would be sent again",
                "write a status from 200 to 499, but not 408, 409, 425 or 429",
            );
        }
    }
    let lists = [
        ("dead", &auth.dead, "the end of the access"),
        ("throttled", &auth.throttled, "a request to wait"),
        ("misconfigured", &auth.misconfigured, "a wrong client of the operator's"),
    ];
    for (nth, (key, rules, meaning)) in lists.iter().enumerate() {
        for (place, one) in rules.iter().enumerate() {
            let at = path.entry(key, place);
            rule(one, meaning, "status = 400", &at, findings);
            certain(key, one, meaning, &at, findings);
            let earlier = lists.iter().take(nth).find(|(_, others, _)| others.contains(one));
            if let Some((other, ..)) = earlier {
                let message = format!("the same answer stands in [[auth.{other}]]");
                findings.add(at, message, "write it in the one that is meant");
            }
        }
    }
}

/// Every token of the answer with the pointer to it.
pub(super) fn tokens(auth: &Auth) -> impl Iterator<Item = (&str, &str)> {
    let answer = &auth.answer;
    let access = answer.access_token.as_deref().unwrap_or("/access_token");
    let refresh = answer.refresh_token.as_deref().unwrap_or("/refresh_token");
    let more = answer.more.iter().map(|(name, pointer)| (name.as_str(), pointer.as_str()));
    [("access-token", access), ("refresh-token", refresh)].into_iter().chain(more)
}

fn places(auth: &Auth, path: &Path, findings: &mut Findings) {
    let answer = &auth.answer;
    let own = [
        ("access-token", &answer.access_token),
        ("refresh-token", &answer.refresh_token),
        ("expires-in", &answer.expires_in),
        ("scope", &answer.scope),
    ];
    for (key, pointer) in own {
        if let Some(pointer) = pointer {
            names::pointer(pointer, path.key(key), findings);
        }
    }
    if auth.kind == AuthKind::Session && answer.access_token.is_none() {
        findings.add(
            path.key("access-token"),
            "the answer of the login says not where the session's token stands",
            "write [auth.answer] with access-token = \"/token\", as the provider's answer has it",
        );
    }
    let again = matches!(auth.kind, AuthKind::Session | AuthKind::Oauth2ClientCredentials);
    if again && answer.refresh_token.is_some() {
        let message = "the next token is got like the first one, without a refresh token";
        findings.add(path.key("refresh-token"), message, "leave refresh-token out");
    }
    if answer.access_token.is_some() && answer.access_token.as_deref() == Some(refresh_place(auth)) {
        findings.add(
            path.key("access-token"),
            "the refresh token stands there, and it never leaves for a provider's API",
            "write the pointer to the access token",
        );
    }
    for (name, pointer) in &answer.more {
        let at = path.key("more").key(name);
        names::name(name, at.clone(), findings);
        if OF_THE_HOST.contains(&name.as_str()) || name == REGION {
            let message = format!("{{{name}}} belongs to the login itself");
            findings.add(at.clone(), message, "give the token another name");
        }
        if pointer == refresh_place(auth) {
            findings.add(
                at,
                "the refresh token stands there, and it never leaves for a provider's API",
                "leave it out; it is kept by itself",
            );
        } else {
            names::pointer(pointer, at, findings);
        }
    }
}

fn refresh_place(auth: &Auth) -> &str {
    auth.answer.refresh_token.as_deref().unwrap_or("/refresh_token")
}

fn rule(rule: &ResponseRule, meaning: &str, example: &str, path: &Path, findings: &mut Findings) {
    if let Some(pointer) = &rule.pointer {
        names::pointer(pointer, path.key("pointer"), findings);
    }
    if rule.status.is_some_and(|status| !(100..=599).contains(&status)) {
        findings.add(path.key("status"), "this is not an HTTP status", "write a number from 400 to 599");
    }
    if rule.equals.is_some() && rule.pointer.is_none() {
        findings.add(path.key("equals"), "equals what?", "write the pointer to the value in the answer");
    }
    if rule.equals.as_ref().is_some_and(|value| value.is_array() || value.is_object() || value.is_null()) {
        findings.add(path.key("equals"), "only one value is compared", "write a text, a number, true or false");
    }
    let excepted = !rule.unless.is_empty();
    if excepted && (rule.pointer.is_none() || rule.equals.is_some()) {
        findings.add(path.key("unless"), "unless what?", "write the pointer to the value in the answer, and no equals");
    }
    if rule.unless.iter().any(|value| value.is_array() || value.is_object() || value.is_null()) {
        findings.add(path.key("unless"), "only single values are compared", "write texts, numbers, true or false");
    }
    if excepted && rule.status.is_none_or(|status| (200..300).contains(&status)) {
        findings.add(
            path.key("unless"),
            format!("all other good answers would count as {meaning}"),
            format!("write {example} beside it, or equals instead"),
        );
    }
    if rule.pointer.is_none() && rule.status.is_none_or(|status| (200..300).contains(&status)) {
        findings.add(
            if rule.status.is_some() { path.key("status") } else { path.clone() },
            format!("good answers would count as {meaning}"),
            format!("write {example}, or the pointer to a value in the answer"),
        );
    }
}

/// What ends a grant, or says that it waits or that the operator is wrong, has to be said by the provider.
fn certain(key: &str, rule: &ResponseRule, meaning: &str, path: &Path, findings: &mut Findings) {
    if rule.pointer.is_some() && rule.equals.is_none() {
        findings.add(
            path.key("pointer"),
            format!("any value there would count as {meaning}"),
            "write equals = \"…\" with the provider's word beside it",
        );
    }
    let trouble = rule.status.is_some_and(|status| status >= 500 || [408, 429].contains(&status));
    if key != "throttled" && trouble {
        findings.add(
            path.key("status"),
            format!("a provider in trouble would count as {meaning}"),
            "write a status from 400 to 499, but not 408 or 429; or write the rule as [[auth.throttled]]",
        );
    }
}
