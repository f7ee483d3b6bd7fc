//! Whose account it is, and lists in pages (section 5).

use serde_json::{Map, Value, json};

use super::{
    api::Call,
    data::Store,
    problem::{problem, refusal},
    served,
};
use crate::{exchange::Answer, strict};

/// Bytes of an address with its query.
const ADDRESS: usize = 4_000;

/// `GET /account-info/v3/details`
pub(super) fn details(call: &Call<'_>) -> Result<Answer, Answer> {
    call.scope("oauth")?;
    strict::no_query(call.request).map_err(|why| refusal(&why))?;
    let portal: u64 = call.caller.portal.parse().unwrap_or_default();
    Ok(Answer::json(
        200,
        &json!({ "portalId": portal, "accountType": "STANDARD", "timeZone": "Europe/Brussels", "companyCurrency": "EUR",
            "additionalCurrencies": [], "utcOffset": "+01:00", "utcOffsetMilliseconds": 3_600_000,
            "uiDomain": "app.hubspot.com", "dataHostingLocation": "eu1" }),
    ))
}

/// `GET /crm/v3/objects/{type}`: in the order of ids; `after` is the id from which the next page begins.
pub(super) fn records(call: &Call<'_>, store: &mut Store, kind: &'static str) -> Result<Answer, Answer> {
    call.may(kind, "read")?;
    let request = call.request;
    if request.target().len() > ADDRESS {
        return Err(problem(414, "URI_TOO_LONG", "The URI is too long."));
    }
    let names = ["limit", "after", "properties", "associations", "archived"];
    strict::params("query parameter", &request.query, &names).map_err(|why| refusal(&why))?;
    let limit = strict::number(request, "limit", 1, 100, 10).map_err(|why| refusal(&why))?;
    let archived = strict::choice(request, "archived", &["false", "true"]).map_err(|why| refusal(&why))? == "true";
    let after = strict::number(request, "after", 0, usize::MAX / 2, 0).map_err(|why| refusal(&why))?;
    let after = u64::try_from(after).unwrap_or_default();
    let properties: Vec<&str> =
        request.param("properties").unwrap_or_default().split(',').filter(|name| !name.is_empty()).collect();
    let portal = call.portal(store);
    let mut rows = portal.of(kind).filter(|record| record.archived.is_some() == archived && record.id >= after);
    let shown: Vec<Value> = rows.by_ref().take(limit).map(|record| record.json(portal, kind, &properties)).collect();
    let next = rows.next().map(|record| record.id.to_string());
    Ok(page(kind, &shown, next.as_deref()))
}

/// `GET /crm/v3/owners`
pub(super) fn owners(call: &Call<'_>, store: &mut Store) -> Result<Answer, Answer> {
    call.scope("crm.objects.owners.read")?;
    let request = call.request;
    strict::params("query parameter", &request.query, &["limit", "after", "archived"]).map_err(|why| refusal(&why))?;
    let limit = strict::number(request, "limit", 1, 500, 100).map_err(|why| refusal(&why))?;
    let archived = strict::choice(request, "archived", &["false", "true"]).map_err(|why| refusal(&why))? == "true";
    let after = strict::number(request, "after", 0, usize::MAX / 2, 0).map_err(|why| refusal(&why))?;
    let all = call.portal(store).owners.iter().filter(|owner| owner["archived"] == json!(archived));
    let mut rows = all.skip(after);
    let shown: Vec<Value> = rows.by_ref().take(limit).cloned().collect();
    let next = rows.next().map(|_| (after + shown.len()).to_string());
    Ok(page("owner", &shown, next.as_deref()))
}

/// `GET /crm/v3/properties/{type}`: all of them at once.
pub(super) fn properties(call: &Call<'_>, store: &mut Store, kind: &'static str) -> Result<Answer, Answer> {
    call.may(kind, "read")?;
    strict::params("query parameter", &call.request.query, &["archived"]).map_err(|why| refusal(&why))?;
    let archived = strict::choice(call.request, "archived", &["false", "true"]).map_err(|why| refusal(&why))? == "true";
    let all = call.portal(store).properties.get(kind).into_iter().flatten();
    let shown: Vec<Value> = all.filter(|one| one["archived"] == json!(archived)).cloned().collect();
    Ok(page("property", &shown, None))
}

/// A page; `paging` is absent on the last one.
pub(super) fn page(kind: &str, shown: &[Value], next: Option<&str>) -> Answer {
    Answer::json(200, &Value::Object(paged(shown, next)))
        .serving(shown.iter().map(|record| served(kind, record)).collect())
}

/// Its members.
pub(super) fn paged(shown: &[Value], next: Option<&str>) -> Map<String, Value> {
    let mut body = Map::from_iter([("results".to_owned(), json!(shown))]);
    if let Some(next) = next {
        let link = format!("https://api.hubapi.com/next?after={next}");
        body.insert("paging".to_owned(), json!({ "next": { "after": next, "link": link } }));
    }
    body
}
