//! Who gets the next place: one tenant, or one connection, whose provider hangs does not take them all.
//!
//! The next place goes to the tenant that has the fewest at work, and among those to the push that has been due the
//! longest. What is at work is what has a lease, on whatever node; claims stand in line ([`super::due`]), so the limits
//! are exact.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use patchbay_model::ConnectionId;

use crate::{
    NewPush, PushLimits, StoreError,
    row::{Reader, Row, Statement},
    writer::Answer,
};

/// A push that may be taken.
#[derive(Debug, Clone)]
pub(super) struct Due {
    pub(super) id: String,
    pub(super) tenant: String,
    pub(super) connection: String,
    pub(super) lane: Option<String>,
    pub(super) at: i64,
}

impl Row for Due {
    const TABLE: &'static str = "pushes";
    const FROM: &'static str = "pushes p";
    const COLUMNS: &'static str = "p.id, p.tenant, p.connection, p.lane, p.next_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: r.next("id")?,
            tenant: r.next("tenant")?,
            connection: r.next("connection")?,
            lane: r.next("lane")?,
            at: r.next("next_at")?,
        })
    }
}

/// How many are at work for each, and which ones are taken now.
pub(super) struct Choice {
    limit: usize,
    per_tenant: u32,
    per_connection: u32,
    tenants: HashMap<String, u32>,
    connections: HashMap<String, u32>,
    pub(super) taken: Vec<String>,
    seen: HashSet<String>,
}

/// A limit of zero is none.
const fn or_none(limit: u32) -> u32 {
    if limit == 0 { u32::MAX } else { limit }
}

impl Choice {
    pub(super) fn new(limits: &PushLimits) -> Self {
        Self {
            limit: usize::try_from(limits.limit).unwrap_or(usize::MAX),
            per_tenant: or_none(limits.per_tenant),
            per_connection: or_none(limits.per_connection),
            tenants: HashMap::new(),
            connections: HashMap::new(),
            taken: Vec::new(),
            seen: HashSet::new(),
        }
    }

    /// Counts one that has a lease.
    pub(super) fn count(&mut self, tenant: &str, connection: &str) {
        *self.tenants.entry(tenant.to_owned()).or_default() += 1;
        *self.connections.entry(connection.to_owned()).or_default() += 1;
    }

    /// Places that this claim may still fill.
    pub(super) fn missing(&self) -> usize {
        self.limit.saturating_sub(self.taken.len())
    }

    /// How many more of this tenant and connection may be at work.
    pub(super) fn room(&self, tenant: &str, connection: &str) -> u32 {
        let left = |counts: &HashMap<String, u32>, key: &str, limit: u32| {
            limit.saturating_sub(counts.get(key).copied().unwrap_or(0))
        };
        left(&self.tenants, tenant, self.per_tenant).min(left(&self.connections, connection, self.per_connection))
    }

    /// How many of a tenant are at work.
    pub(super) fn of(&self, tenant: &str) -> u32 {
        self.tenants.get(tenant).copied().unwrap_or(0)
    }

    /// Takes one that was somebody's whose lease has lapsed: it has its place already.
    pub(super) fn take_again(&mut self, push: Due) {
        if self.missing() > 0 && self.seen.insert(push.id.clone()) {
            self.taken.push(push.id);
        }
    }

    /// Takes of these what may be taken.
    pub(super) fn take(&mut self, mut pushes: Vec<Due>) {
        let mut waiting: HashMap<String, VecDeque<Due>> = HashMap::new();
        pushes.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        for push in pushes {
            waiting.entry(push.tenant.clone()).or_default().push_back(push);
        }
        // By tenants: how many it has, since when its next one waits.
        let mut line: BTreeSet<(u32, i64, String)> = waiting
            .iter()
            .filter_map(|(tenant, pushes)| Some((self.of(tenant), pushes.front()?.at, tenant.clone())))
            .collect();
        while self.missing() > 0
            && let Some((_, _, tenant)) = line.pop_first()
        {
            let Some(pushes) = waiting.get_mut(&tenant) else { continue };
            while let Some(push) = pushes.pop_front() {
                if self.room(&push.tenant, &push.connection) > 0 && self.seen.insert(push.id.clone()) {
                    self.count(&push.tenant, &push.connection);
                    self.taken.push(push.id);
                    break;
                }
            }
            if let Some(next) = pushes.front() {
                line.insert((self.of(&tenant), next.at, tenant));
            }
        }
    }
}

/// Asks whether one more push of this tenant and connection may be at work, inside a transaction that is alone: for
/// whoever takes one in hand besides a claim. Nothing is counted where nothing is limited.
pub(crate) fn room_asked(new: &NewPush) -> Statement<'_> {
    let unlimited = |limit: u32| or_none(limit) == u32::MAX;
    sqlx::query(
        "SELECT count(CASE WHEN tenant = $1 THEN 1 END), count(CASE WHEN connection = $2 THEN 1 END) FROM pushes \
         WHERE lease_until IS NOT NULL AND $3",
    )
    .bind(new.tenant.as_str())
    .bind(new.connection.as_ref().map(ConnectionId::as_str))
    .bind(!(unlimited(new.room.0) && unlimited(new.room.1)))
}

/// The answer.
pub(crate) fn has_room(answer: &Answer, (per_tenant, per_connection): (u32, u32)) -> Result<bool, StoreError> {
    let Some(mut r) = answer.first(Due::TABLE) else { return Ok(false) };
    let (of_tenant, of_connection) = (r.next::<u32>("tenant")?, r.next::<u32>("connection")?);
    Ok(of_tenant < or_none(per_tenant) && of_connection < or_none(per_connection))
}
