//! Many connections at once, each with a sync and a run that is due, without consents.

use patchbay_model::TenantId;

use super::World;

impl World {
    /// `count` connections of a tenant, numbered from `first`, and a due run of each.
    pub(crate) async fn crowd(&self, tenant: &TenantId, connector: &str, first: usize, count: usize) {
        let (now, last) = (self.store.now().as_micros(), first + count - 1);
        let numbers = format!(
            "WITH RECURSIVE n (i) AS (SELECT CAST({first} AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {last})"
        );
        let id = |prefix: &str| format!("'{prefix}00000000000000000000' || CAST(100000 + i AS TEXT)");
        let (connection, sync, run) = (id("con_"), id("syn_"), id("run_"));
        self.ddl(format!(
            "{numbers} INSERT INTO connections (id, tenant, connector, auth, business_id, business_name, facts, settings, \
             name, state, enabled, created_at, authorized_at, identified_at, updated_at) SELECT {connection}, '{tenant}', \
             '{connector}', 'oauth', 'c' || CAST(i AS TEXT), 'crowd', '{{}}', '{{}}', 'crowd', 'active', TRUE, {now}, {now}, {now}, {now} \
             FROM n"
        ))
        .await;
        self.ddl(format!(
            "{numbers} INSERT INTO syncs (id, tenant, connection, account, stream, schedule, every, enabled, created_at) \
             SELECT {sync}, '{tenant}', {connection}, '', 'invoices', '{{\"every\":\"15m\"}}', 900000000, TRUE, {now} FROM n"
        ))
        .await;
        self.ddl(format!(
            "{numbers} INSERT INTO runs (id, sync, tenant, connection, connector, state, \"trigger\", next_at, created_at) \
             SELECT {run}, {sync}, '{tenant}', {connection}, '{connector}', 'due', 'schedule', {now} - 1000000 + i, {now} \
             FROM n"
        ))
        .await;
    }
}
