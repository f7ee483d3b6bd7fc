//! What every request needs, and what answers hold. What faults mean is in `fault.rs`.

use std::collections::BTreeMap;

use patchbay_sdk::{
    Context, Error, RawValue, Result,
    http::{self, Effect, Request, Response},
    run, time,
};
use serde::Deserialize;

use crate::{assumed::Assumed, fault};

/// How to talk to QuickBooks about one company.
pub(crate) struct Api {
    pub(crate) assumed: Assumed,
    realm: String,
}

/// An answer with rows in it.
pub(crate) struct Listing {
    response: Response,
}

type Members<'a> = BTreeMap<String, &'a RawValue>;

#[derive(Deserialize)]
struct Found<'a> {
    #[serde(borrow, rename = "QueryResponse")]
    rows: Option<Members<'a>>,
}

#[derive(Deserialize)]
struct Changed<'a> {
    #[serde(borrow, rename = "CDCResponse")]
    parts: Option<Vec<Part<'a>>>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, rename = "QueryResponse")]
    lists: Option<Vec<Members<'a>>>,
    #[serde(rename = "Fault", alias = "fault")]
    fault: Option<fault::Fault>,
}

#[derive(Deserialize)]
struct Timed {
    time: Option<String>,
}

/// Who connected: the one address that belongs to no company.
pub(crate) fn person(api: &Api) -> Request {
    let url = format!("{}/v1/openid_connect/userinfo", api.assumed.userinfo_origin);
    http::get(url).header("accept", "application/json")
}

impl Api {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        Ok(Self { assumed: Assumed::of(ctx)?, realm: ctx.fact("realm")?.to_owned() })
    }

    /// The company's own record.
    pub(crate) fn company(&self) -> Result<Request> {
        Ok(self.asking(http::get(self.address(&["companyinfo", &self.realm])?)))
    }

    /// Rows by a query.
    pub(crate) fn query(&self, query: &str) -> Result<Listing> {
        let request = http::get(self.address(&["query"])?).query("query", query);
        self.listing(self.asking(request))
    }

    /// What changed of an entity since a moment.
    pub(crate) fn changes(&self, entity: &str, since: &str) -> Result<Listing> {
        let request = http::get(self.address(&["cdc"])?).query("entities", entity).query("changedSince", since);
        self.listing(self.asking(request))
    }

    /// A write. A `requestid` that QuickBooks knows is answered with its first answer.
    pub(crate) fn post(&self, path: &str, step: &str) -> Result<Request> {
        let request = self.asking(http::post(self.address(&[path])?)).query("requestid", run::step_key(step));
        Ok(request.effect(Effect::Write).step(step))
    }

    /// The answer, when it is one: a fault may come with any status, 200 as well. `step` is that of a write.
    pub(crate) fn ok(&self, response: Response, step: Option<&str>) -> Result<Response> {
        fault::looked_for(response, step, self.assumed.throttle_seconds)
    }

    fn listing(&self, request: Request) -> Result<Listing> {
        Ok(Listing::of(self.ok(request.send()?, None)?))
    }

    fn address(&self, path: &[&str]) -> Result<String> {
        let base = http::address(&format!("{}/v3/company", self.assumed.api_origin), &[&self.realm])?;
        http::address(&base, path)
    }

    /// Without `accept` the answer is XML.
    fn asking(&self, request: Request) -> Request {
        request.header("accept", "application/json").query("minorversion", self.assumed.minor_version)
    }
}

impl Listing {
    pub(crate) fn of(response: Response) -> Self {
        Self { response }
    }

    /// The rows of a query. Where there are none, the list is left out of the answer.
    pub(crate) fn found(&self, entity: &str) -> Result<Vec<&RawValue>> {
        let Some(rows) = self.response.json::<Found<'_>>()?.rows else {
            return Err(self.unreadable("an answer to a query without its part"));
        };
        self.list(&rows, entity)
    }

    /// What changed of an entity.
    pub(crate) fn changed(&self, api: &Api, entity: &str) -> Result<Vec<&RawValue>> {
        let Some(parts) = self.response.json::<Changed<'_>>()?.parts else {
            return Err(self.unreadable("an answer about changes without its part"));
        };
        let mut rows = Vec::new();
        for part in parts {
            if let Some(fault) = part.fault {
                return Err(fault.error(&self.response, None, api.assumed.throttle_seconds));
            }
            for list in part.lists.unwrap_or_default() {
                if let Some(text) = list.get("Fault").or_else(|| list.get("fault")) {
                    let fault: fault::Fault = self.row(text)?;
                    return Err(fault.error(&self.response, None, api.assumed.throttle_seconds));
                }
                rows.extend(self.list(&list, entity)?);
            }
        }
        Ok(rows)
    }

    /// One member of the answer.
    pub(crate) fn member(&self, name: &str) -> Result<&RawValue> {
        let members: Members<'_> = self.response.json()?;
        members.get(name).copied().ok_or_else(|| self.unreadable("an answer without its record"))
    }

    pub(crate) fn row<'a, T: Deserialize<'a>>(&self, row: &'a RawValue) -> Result<T> {
        serde_json::from_str(row.get()).map_err(|_| self.unreadable("a row of an unexpected shape"))
    }

    /// When QuickBooks answered, ms by its own clock.
    pub(crate) fn time(&self) -> Option<u64> {
        time::parse_rfc3339(&self.response.json::<Timed>().ok()?.time?)
    }

    /// Bytes of the answer.
    pub(crate) fn bytes(&self) -> usize {
        self.response.body().len()
    }

    pub(crate) fn unreadable(&self, what: &str) -> Error {
        self.response.unreadable(what)
    }

    fn list<'a>(&self, members: &Members<'a>, entity: &str) -> Result<Vec<&'a RawValue>> {
        let Some(rows) = members.get(entity) else { return Ok(Vec::new()) };
        serde_json::from_str(rows.get()).map_err(|_| self.unreadable("something else than a list"))
    }
}
