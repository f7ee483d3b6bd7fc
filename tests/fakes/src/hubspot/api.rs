//! `api.hubapi.com`: the token first, then how often, then the scope, then what is asked.

use super::{
    Hubspot,
    data::{Portal, Store, known},
    files, lists,
    problem::{forbidden, missing, problem, refusal},
    search,
    tokens::{Caller, Refused},
    upsert, writes,
};
use crate::{
    exchange::{Answer, Incoming},
    lock, strict,
};

/// Who asks, what, and when.
pub(super) struct Call<'a> {
    pub(super) request: &'a Incoming,
    pub(super) caller: Caller,
    /// Milliseconds since 1970.
    pub(super) now: i64,
}

impl Call<'_> {
    /// That this was granted.
    pub(super) fn scope(&self, scope: &str) -> Result<(), Answer> {
        let has = self.caller.scopes.iter().any(|granted| granted == scope);
        if has { Ok(()) } else { Err(forbidden(scope)) }
    }

    /// That records of this type may be read or written; notes and tasks belong to the scopes of contacts.
    pub(super) fn may(&self, kind: &str, verb: &str) -> Result<(), Answer> {
        let of = if ["notes", "tasks"].contains(&kind) { "contacts" } else { kind };
        self.scope(&format!("crm.objects.{of}.{verb}"))
    }

    /// The portal of the token.
    pub(super) fn portal<'a>(&self, store: &'a mut Store) -> &'a mut Portal {
        store.portal(self.caller.portal)
    }
}

/// Answers a call.
pub(super) fn answer(hubspot: &Hubspot, request: &Incoming) -> Answer {
    if let Err(why) = strict::headers(request, &["transfer-encoding"]) {
        return refusal(&why);
    }
    let now = hubspot.clock.now();
    let value = request.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    let found = lock(&hubspot.tokens).caller(value.unwrap_or_default(), &hubspot.private_token(), now);
    let caller = match found {
        Ok(caller) => caller,
        Err(Refused::Unknown) => {
            return problem(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.");
        }
        Err(Refused::Ended(name)) => {
            return problem(401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired.")
                .to(Some(name));
        }
    };
    let name = Some(caller.name.clone());
    let counted = lock(&hubspot.limits).count(request.path.ends_with("/search"), now);
    let answer = match counted {
        Ok(headers) => {
            let call = Call { request, caller, now: now.as_millis() };
            let answer = route(&call, &mut lock(&hubspot.store)).unwrap_or_else(|answer| answer);
            headers.iter().fold(answer, |answer, (name, value)| answer.with(name, value))
        }
        Err(answer) => answer,
    };
    answer.to(name)
}

fn route(call: &Call<'_>, store: &mut Store) -> Result<Answer, Answer> {
    let unknown = || refusal("the fake does not know this path");
    let segments = call.request.segments();
    // A version with a date stands behind the word that it is a version of.
    let place: Vec<&str> = match segments.as_slice() {
        ["crm", "v3" | "v4", what @ ("objects" | "owners" | "properties"), rest @ ..]
        | ["crm", what @ ("objects" | "owners" | "properties"), "2026-03" | "2026-09", rest @ ..] => {
            [&[*what], rest].concat()
        }
        ["account-info", "v3", "details"] => vec!["details"],
        ["files", "v3", "files"] => vec!["files"],
        _ => return Err(unknown()),
    };
    let linking = segments.contains(&"associations");
    if linking != (segments.get(1) == Some(&"v4")) && !segments.contains(&"2026-03") {
        return Err(unknown());
    }
    match (call.request.method.as_str(), place.as_slice()) {
        ("GET", ["details"]) => lists::details(call),
        ("GET", ["owners"]) => lists::owners(call, store),
        ("GET", ["properties", kind]) => lists::properties(call, store, known(kind).ok_or_else(missing)?),
        ("GET", ["objects", kind]) => lists::records(call, store, known(kind).ok_or_else(missing)?),
        ("POST", ["objects", kind, "search"]) => search::answer(call, store, known(kind).ok_or_else(missing)?),
        ("POST", ["objects", kind]) => writes::create(call, store, known(kind).ok_or_else(missing)?),
        ("PATCH", ["objects", kind, id]) => writes::change(call, store, known(kind).ok_or_else(missing)?, id),
        ("POST", ["objects", kind, "batch", "upsert"]) => upsert::answer(call, store, known(kind).ok_or_else(missing)?),
        ("PUT", ["objects", from, id, "associations", "default", to, other]) => {
            writes::link(call, store, (known(from).ok_or_else(missing)?, id), (known(to).ok_or_else(missing)?, other))
        }
        ("POST", ["files"]) => files::upload(call, store),
        _ => Err(unknown()),
    }
}
