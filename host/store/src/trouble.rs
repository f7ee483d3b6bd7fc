//! What a status is derived from: what is wrong with connections, and how many of each connector stand how.
//!
//! Trouble of a connection is, of the syncs that are extracted, a last run that failed, stalled or is held, or no success
//! for three intervals; and a push of which nobody knows whether it was written. Each of these has an index of its own, which
//! is all but empty where things go well: ten thousand connections are judged by what is wrong with a few of them.

use patchbay_model::{Code, ConnectionId, RunState, TenantId, Timestamp};

use crate::{
    Store, StoreError,
    row::{Reader, Row, json, many},
};

/// Troubles of one connection that are told; the rest is counted.
const TOLD: i64 = 5;

/// A sync that has trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Its connection.
    pub connection: ConnectionId,
    /// The account's provider id; empty where the stream is read once per connection.
    pub account: String,
    /// The stream.
    pub stream: String,
    /// How its last run ended, where that is the trouble; none where there was no success for too long.
    pub state: Option<RunState>,
    /// Why the last run ended as it did.
    pub code: Option<Code>,
    /// The same for the person.
    pub person: Option<String>,
    /// When a run of it last read to the end.
    pub last_success_at: Option<Timestamp>,
    /// Syncs of the connection that have trouble, with those that are not told.
    pub of: u64,
}

/// Pushes of a connection of which it is not known whether they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownPushes {
    /// The connection.
    pub connection: ConnectionId,
    /// How many.
    pub count: u64,
}

/// How the connections of one connector stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The connector.
    pub connector: String,
    /// All that are there.
    pub connections: u64,
    /// Of those, not confirmed yet.
    pub pending: u64,
    /// Of those, broken or in need of set-up.
    pub lost: u64,
    /// Of those, active, switched on, and with trouble.
    pub troubled: u64,
}

impl Row for Trouble {
    const TABLE: &'static str = "syncs";
    const FROM: &'static str = "syncs s";
    const COLUMNS: &'static str = "";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            connection: r.next("connection")?,
            account: r.next("account")?,
            stream: r.next("stream")?,
            state: r.next("last_state")?,
            code: r.next("last_code")?,
            person: r.next("last_person")?,
            last_success_at: r.next("last_success_at")?,
            of: r.next("of")?,
        })
    }
}

impl Row for UnknownPushes {
    const TABLE: &'static str = "pushes";
    const FROM: &'static str = "pushes p";
    const COLUMNS: &'static str = "p.connection, count(*)";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self { connection: r.next("connection")?, count: r.next("count")? })
    }
}

impl Row for Tally {
    const TABLE: &'static str = "connections";
    const FROM: &'static str = "connections c";
    const COLUMNS: &'static str = "";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            connector: r.next("connector")?,
            connections: r.next("connections")?,
            pending: r.next("pending")?,
            lost: r.next("lost")?,
            troubled: r.next("troubled")?,
        })
    }
}

impl Store {
    /// Syncs of these connections that have trouble: five of each connection, those that failed first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn troubles(&self, tenant: &TenantId, of: &[ConnectionId]) -> Result<Vec<Trouble>, StoreError> {
        let statement = sqlx::query(
            "SELECT t.connection, t.account, t.stream, t.state, t.last_code, t.last_person, t.last_success_at, t.total \
             FROM (SELECT s.connection, s.account, s.stream, s.last_code, s.last_person, s.last_success_at, \
             CASE WHEN s.last_state IN ('failed', 'stalled', 'held') THEN s.last_state END AS state, \
             row_number() OVER (PARTITION BY s.connection ORDER BY \
             CASE WHEN s.last_state IN ('failed', 'stalled', 'held') THEN 0 ELSE 1 END, s.stream, s.account) AS place, \
             count(*) OVER (PARTITION BY s.connection) AS total \
             FROM syncs s WHERE s.connection IN (SELECT j.value FROM json_each($2) j) AND s.tenant = $1 AND s.enabled \
             AND (s.last_state IN ('failed', 'stalled', 'held') \
             OR coalesce(s.last_success_at, s.created_at) + 3 * s.every < $3)) t \
             WHERE t.place <= $4 ORDER BY t.connection, t.place",
        );
        let statement = statement.bind(tenant.as_str()).bind(json(&of)?).bind(self.now().as_micros()).bind(TOLD);
        many(self.read(), statement).await
    }

    /// How many pushes of these connections are unknown; those with none are left out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn unknown_pushes(
        &self,
        tenant: &TenantId,
        of: &[ConnectionId],
    ) -> Result<Vec<UnknownPushes>, StoreError> {
        let statement = sqlx::query(
            "SELECT p.connection, count(*) FROM pushes p WHERE p.tenant = $1 AND p.state = 'unknown' \
             AND p.connection IN (SELECT j.value FROM json_each($2) j) GROUP BY p.connection",
        );
        many(self.read(), statement.bind(tenant.as_str()).bind(json(&of)?)).await
    }

    /// How the connections of a tenant stand, by connector; of one of them, or of all.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tally(&self, tenant: &TenantId, connector: Option<&str>) -> Result<Vec<Tally>, StoreError> {
        let statement = sqlx::query(
            "WITH troubled AS (\
             SELECT s.connection AS id FROM syncs s WHERE s.tenant = $1 AND s.enabled \
             AND s.last_state IN ('failed', 'stalled', 'held') \
             UNION SELECT s.connection FROM syncs s WHERE s.tenant = $1 AND s.enabled \
             AND coalesce(s.last_success_at, s.created_at) + 3 * s.every < $2 \
             UNION SELECT p.connection FROM pushes p WHERE p.tenant = $1 AND p.state = 'unknown' \
             AND p.connection IS NOT NULL) \
             SELECT c.connector, count(*), count(CASE WHEN c.state = 'pending' THEN 1 END), \
             count(CASE WHEN c.state IN ('broken', 'needs_setup') THEN 1 END), \
             count(CASE WHEN c.state = 'active' AND c.enabled AND c.id IN (SELECT id FROM troubled) THEN 1 END) \
             FROM connections c WHERE c.tenant = $1 AND c.state <> 'deleted' AND ($3 IS NULL OR c.connector = $3) \
             GROUP BY c.connector ORDER BY c.connector",
        );
        many(self.read(), statement.bind(tenant.as_str()).bind(self.now().as_micros()).bind(connector)).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use patchbay_model::{ConnectionState, PushState};

    use super::*;
    use crate::{Accepted, BreakConnection, ConnectionUpdate, PushEnd, RunEnd, testing::World};

    impl World {
        async fn tallied(&self) -> Tally {
            self.store.tally(&self.tenant, None).await.expect("a tally").remove(0)
        }

        async fn troubles_of(&self, id: &ConnectionId) -> Vec<Trouble> {
            self.store.troubles(&self.tenant, std::slice::from_ref(id)).await.expect("troubles")
        }
    }

    #[tokio::test]
    async fn failure_and_silence_are_trouble_and_a_lost_credential_is_more_than_that() {
        let world = World::open().await;
        let (settled, run) = world.running("b1").await;
        let id = settled.connection.id;
        let well = Tally { connector: "acme.books".to_owned(), connections: 1, pending: 0, lost: 0, troubled: 0 };
        assert_eq!((world.tallied().await, world.troubles_of(&id).await), (well.clone(), Vec::new()));
        world.clock.advance(Duration::from_secs(3 * 900 + 1));
        assert_eq!(world.tallied().await, Tally { troubled: 1, ..well.clone() }, "no success for three intervals");
        let silent = world.troubles_of(&id).await.remove(0);
        assert_eq!((silent.stream.as_str(), silent.account.as_str(), silent.state), ("invoices", "a1", None));
        assert_eq!((silent.code, silent.of), (None, 1));

        let run = world.claim().await.into_iter().find(|ours| ours.run == run.run).expect("taken over");
        let found = BreakConnection {
            state: ConnectionState::Broken,
            row_version: Some(1),
            code: Code::CredentialRefused,
            person: "Connect again".to_owned(),
        };
        let end = RunEnd {
            code: Some(Code::CredentialRefused),
            due_at: Some(None),
            breaks: Some(found),
            ..RunEnd::of(RunState::Failed)
        };
        assert_eq!(world.store.finish_run(&run.run, run.epoch, end).await, Ok(None));
        assert_eq!(world.tallied().await, Tally { lost: 1, ..well }, "one is counted once");
        let failed = world.troubles_of(&id).await.remove(0);
        assert_eq!((failed.state, failed.code), (Some(RunState::Failed), Some(Code::CredentialRefused)));
        let there = world.store.connection(&world.tenant, &id).await.expect("a connection");
        assert_eq!(
            (there.reason_code, there.reason.as_deref()),
            (Some(Code::CredentialRefused), Some("Connect again"))
        );
        assert_eq!(world.store.next_due().await, Ok(None), "nothing happens until somebody reconnects");
    }

    #[tokio::test]
    async fn a_push_that_nobody_knows_about_is_trouble_of_its_connection_alone() {
        let world = World::open().await;
        let (one, other) = (world.connect("b1").await.connection.id, world.connect("b2").await.connection.id);
        let Ok(Accepted::New(_)) = world.store.accept_push(world.push("k1", Some(&one))).await else { panic!("new") };
        let taken = world.store.claim_pushes(&crate::testing::places(1)).await.expect("a claim").remove(0);
        let end = PushEnd::of(PushState::Unknown);
        world.store.finish_push(&taken.push.id, taken.push.epoch, end).await.expect("ended");
        let both = [one.clone(), other];
        let unknown = world.store.unknown_pushes(&world.tenant, &both).await.expect("counts");
        assert_eq!(unknown, [UnknownPushes { connection: one.clone(), count: 1 }]);
        assert_eq!((world.tallied().await.connections, world.tallied().await.troubled), (2, 1));
        let off = ConnectionUpdate { enabled: Some(false), ..ConnectionUpdate::default() };
        world.store.update_connection(&world.tenant, &one, off, "person").await.expect("off");
        assert_eq!(world.tallied().await.troubled, 0, "what is switched off has no trouble");
    }

    #[tokio::test]
    async fn of_many_troubles_some_are_told_and_all_are_counted() {
        let world = World::open().await;
        let mut consent = world.consent("b1");
        let sync = consent.syncs.remove(0);
        let named = |n: usize| crate::NewSync { stream: format!("stream_{n}"), ..sync.clone() };
        consent.syncs = (0..7).map(named).collect();
        let id = world.store.settle(consent).await.expect("a connection").connection.id;
        world.clock.advance(Duration::from_secs(3 * 900 + 1));
        let troubles = world.troubles_of(&id).await;
        let streams: Vec<&str> = troubles.iter().map(|trouble| trouble.stream.as_str()).collect();
        assert_eq!(streams, ["stream_0", "stream_1", "stream_2", "stream_3", "stream_4"]);
        assert!(troubles.iter().all(|trouble| trouble.of == 7));
        let other = world.store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
        assert_eq!(world.store.troubles(&other, std::slice::from_ref(&id)).await, Ok(Vec::new()));
        assert_eq!(world.store.unknown_pushes(&other, std::slice::from_ref(&id)).await, Ok(Vec::new()));
    }
}
