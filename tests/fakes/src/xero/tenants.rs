//! Organisations, and who has connected which of them to the application (sheet 4).

use patchbay_model::Timestamp;
use serde_json::{Value, json};

use super::{Xero, problem, refusal};
use crate::{
    exchange::{Answer, Incoming},
    lock, strict,
};

/// Connections that an application of the Starter tier may have in all.
const STARTER: usize = 5;
/// When the old connections were made: 2025-09-01T09:46:19Z.
const LONG_AGO: i64 = 1_756_719_979_000;
/// The consent that they came with.
const OLD_EVENT: &str = "d99e0000-0000-4000-8000-000000000001";

/// A set of books, or the office of an accountant, which has none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    /// Who may share it.
    pub(super) owner: &'static str,
}

/// All that there are; the place is the number.
pub(super) const BODIES: [Body; 5] = [
    Body { name: "De Molen BV", kind: "ORGANISATION", owner: "owner" },
    Body { name: "Bakkerij Peeters", kind: "ORGANISATION", owner: "owner" },
    Body { name: "Garage Claes NV", kind: "ORGANISATION", owner: "owner" },
    Body { name: "Praktijk Noord", kind: "PRACTICE", owner: "owner" },
    Body { name: "Ander Kantoor NV", kind: "ORGANISATION", owner: "other" },
];

/// The tenant id of a body.
pub(super) fn tenant_id(body: usize) -> String {
    format!("fe79cccc-{body:04}-4000-8000-000000000003")
}

/// The body of a tenant id.
pub(super) fn body_of(tenant: &str) -> Option<usize> {
    (0..BODIES.len()).find(|body| tenant_id(*body) == tenant)
}

/// A connection of the application to a body, by a person.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) id: String,
    pub(super) body: usize,
    pub(super) who: &'static str,
    event: String,
    created: Timestamp,
    updated: Timestamp,
}

/// All connections of the application.
#[derive(Debug)]
pub(crate) struct Tenants {
    pub(super) links: Vec<Link>,
    /// How many there may be.
    pub(super) allowed: usize,
    /// Whether a consent may share several at once.
    pub(super) bulk: bool,
    /// Whether a consent goes well and connects nothing all the same.
    pub(super) swallows: bool,
    made: usize,
}

impl Tenants {
    pub(super) fn seeded() -> Self {
        let mut tenants = Self { links: Vec::new(), allowed: STARTER, bulk: false, swallows: false, made: 0 };
        for body in [0, 3] {
            tenants.link("owner", body, OLD_EVENT, Timestamp::from_millis(LONG_AGO));
        }
        tenants
    }

    /// Whether a person could share this without the application having too many.
    pub(super) fn has_room(&self, who: &str, bodies: &[usize]) -> bool {
        let more = bodies.iter().filter(|body| !self.is_linked(who, **body)).count();
        self.links.len() + more <= self.allowed
    }

    /// Whether this person's tokens reach a body.
    pub(super) fn is_linked(&self, who: &str, body: usize) -> bool {
        self.links.iter().any(|link| link.who == who && link.body == body)
    }

    /// Shares a body; one that is shared already is of this consent from now on.
    pub(super) fn link(&mut self, who: &'static str, body: usize, event: &str, now: Timestamp) {
        if let Some(link) = self.links.iter_mut().find(|link| link.who == who && link.body == body) {
            event.clone_into(&mut link.event);
            link.updated = now;
            return;
        }
        self.made += 1;
        let id = format!("7cb5aaaa-{:04}-4000-8000-000000000001", self.made);
        self.links.push(Link { id, body, who, event: event.to_owned(), created: now, updated: now });
    }

    /// Takes away what a person shared.
    pub(super) fn unlink(&mut self, who: &str, body: Option<usize>) {
        self.links.retain(|link| link.who != who || body.is_some_and(|body| body != link.body));
    }
}

/// `/connections`.
pub(super) fn answer(xero: &Xero, request: &Incoming, who: &str, rest: &[&str]) -> Result<Answer, Answer> {
    if request.header("xero-tenant-id").is_some() {
        return Err(refusal("/connections has no xero-tenant-id".to_owned()));
    }
    strict::no_body(request).map_err(refusal)?;
    let mut tenants = lock(&xero.tenants);
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            strict::params("query parameter", &request.query, &["authEventId"]).map_err(refusal)?;
            let event = request.param("authEventId");
            let asked = |link: &&Link| link.who == who && event.is_none_or(|event| event == link.event);
            Ok(Answer::json(200, &tenants.links.iter().filter(asked).map(shown).collect()))
        }
        ("DELETE", [id]) => {
            strict::no_query(request).map_err(refusal)?;
            let before = tenants.links.len();
            tenants.links.retain(|link| link.who != who || link.id != *id);
            if tenants.links.len() == before {
                return Err(problem(404, "There is no such connection"));
            }
            Ok(Answer { status: 204, ..Answer::default() })
        }
        _ => Err(refusal("the fake does not know this method and path of /connections".to_owned())),
    }
}

fn shown(link: &Link) -> Value {
    let body = BODIES.get(link.body);
    json!({
        "id": link.id,
        "authEventId": link.event,
        "tenantId": tenant_id(link.body),
        "tenantType": body.map(|body| body.kind),
        "tenantName": body.map(|body| body.name),
        "createdDateUtc": moment(link.created),
        "updatedDateUtc": moment(link.updated),
    })
}

/// Seven digits behind the second, and no zone.
fn moment(at: Timestamp) -> String {
    format!("{}.5165400", super::iso(at.as_millis()))
}
