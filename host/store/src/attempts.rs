//! Login attempts on their way to a provider and back, found by the hash of their state.

use patchbay_model::{ClientId, ConnectionId, ReleaseId, SessionId, TenantId, Timestamp};

use crate::{
    Store, StoreError,
    row::{Reader, Row},
};

/// A login attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// SHA-256 of the state; what the verifier is sealed to.
    pub state_hash: [u8; 32],
    /// The connect session; none for a tenant's backend or portal.
    pub session: Option<SessionId>,
    /// Whose.
    pub tenant: TenantId,
    /// The connector.
    pub connector: String,
    /// Its release when the attempt began; endpoints come from this one.
    pub release: ReleaseId,
    /// The registration it goes through.
    pub client: Option<ClientId>,
    /// The manifest's auth method.
    pub auth: String,
    /// The PKCE verifier, sealed.
    pub verifier: Option<Vec<u8>>,
    /// What it is sealed to.
    pub row_version: i64,
    /// SHA-256 of the browser's cookie.
    pub cookie_hash: Option<[u8; 32]>,
    /// The connection to renew.
    pub reconnect: Option<ConnectionId>,
    /// The name that the person gave.
    pub name: Option<String>,
    /// Plain fields that were entered (never a secret), a JSON object.
    pub facts: String,
    /// Whether the provider's pages were opened in a window of their own, which is over when it comes back.
    pub own_window: bool,
    /// When it began.
    pub created_at: Timestamp,
    /// Until when it can come back.
    pub expires_at: Timestamp,
}

impl Row for Attempt {
    const TABLE: &'static str = "attempts";
    const FROM: &'static str = "attempts";
    const COLUMNS: &'static str = "state_hash, session, tenant, connector, release, client, auth, verifier, \
        row_version, cookie_hash, reconnect, name, facts, own_window, created_at, expires_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            state_hash: r.next("state_hash")?,
            session: r.next("session")?,
            tenant: r.next("tenant")?,
            connector: r.next("connector")?,
            release: r.next("release")?,
            client: r.next("client")?,
            auth: r.next("auth")?,
            verifier: r.next("verifier")?,
            row_version: r.next("row_version")?,
            cookie_hash: r.next("cookie_hash")?,
            reconnect: r.next("reconnect")?,
            name: r.next("name")?,
            facts: r.next("facts")?,
            own_window: r.next("own_window")?,
            created_at: r.next("created_at")?,
            expires_at: r.next("expires_at")?,
        })
    }
}

impl Store {
    /// Keeps an attempt in place of earlier ones of its session; `created_at` is set here.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] for a state that is there.
    pub async fn insert_attempt(&self, new: Attempt) -> Result<(), StoreError> {
        let now = self.now();
        self.write(move |tx| {
            Box::pin(async move {
                // One session has one login under way, and its holder cannot fill the table.
                sqlx::query("DELETE FROM attempts WHERE session = $1")
                    .bind(new.session.as_ref().map(SessionId::as_str))
                    .execute(&mut *tx)
                    .await?;
                sqlx::query(
                    "INSERT INTO attempts (state_hash, session, tenant, connector, release, client, auth, verifier, \
                     row_version, cookie_hash, reconnect, name, facts, own_window, created_at, expires_at) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
                )
                .bind(new.state_hash.to_vec())
                .bind(new.session.as_ref().map(SessionId::as_str))
                .bind(new.tenant.as_str())
                .bind(new.connector)
                .bind(new.release.as_str())
                .bind(new.client.as_ref().map(ClientId::as_str))
                .bind(new.auth)
                .bind(new.verifier)
                .bind(new.row_version)
                .bind(new.cookie_hash.map(|hash| hash.to_vec()))
                .bind(new.reconnect.as_ref().map(ConnectionId::as_str))
                .bind(new.name)
                .bind(new.facts)
                .bind(new.own_window)
                .bind(now.as_micros())
                .bind(new.expires_at.as_micros())
                .execute(tx)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// Takes an attempt out, in one statement: a second taker finds nothing. One that is over is
    /// taken out too, and not answered.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn take_attempt(&self, state_hash: [u8; 32]) -> Result<Option<Attempt>, StoreError> {
        let now = self.now();
        let taken = self
            .write(move |tx| {
                Box::pin(async move {
                    let row = sqlx::query(
                        "DELETE FROM attempts WHERE state_hash = $1 RETURNING state_hash, session, tenant, connector, \
                         release, client, auth, verifier, row_version, cookie_hash, reconnect, name, facts, \
                         own_window, created_at, expires_at",
                    )
                    .bind(state_hash.to_vec())
                    .fetch_optional(tx)
                    .await?;
                    row.map(|row| Attempt::read(&mut Reader::of(&row, Attempt::TABLE))).transpose()
                })
            })
            .await?;
        Ok(taken.filter(|attempt| attempt.expires_at > now))
    }

    /// Drops attempts that are over, so many at most; how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn purge_attempts(&self) -> Result<u64, StoreError> {
        const LIMIT: i64 = 1_000;
        let now = self.now().as_micros();
        self.write(move |tx| {
            Box::pin(async move {
                let attempts = sqlx::query(
                    "DELETE FROM attempts WHERE state_hash IN \
                     (SELECT state_hash FROM attempts WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
                );
                Ok(attempts.bind(now).bind(LIMIT).execute(tx).await?.rows_affected())
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::World;

    async fn attempt(world: &World, state: u8) -> Attempt {
        let release = world.release(&format!("1.0.{state}")).await;
        Attempt {
            state_hash: [state; 32],
            session: None,
            tenant: world.tenant.clone(),
            connector: "acme.books".to_owned(),
            release,
            client: None,
            auth: "oauth".to_owned(),
            verifier: Some(vec![9; 20]),
            row_version: 1,
            cookie_hash: Some([3; 32]),
            reconnect: None,
            name: None,
            facts: "{}".to_owned(),
            own_window: false,
            created_at: world.store.now(),
            expires_at: world.store.now().plus(Duration::from_secs(600)),
        }
    }

    #[tokio::test]
    async fn an_attempt_is_taken_once_by_however_many() {
        let world = World::open().await;
        let attempt = attempt(&world, 1).await;
        world.store.insert_attempt(attempt.clone()).await.expect("kept");
        let (one, other) = tokio::join!(world.store.take_attempt([1; 32]), world.store.take_attempt([1; 32]));
        // Which of the two is nobody's promise: a server takes them in the order in which their transactions come.
        let (first, second) = if one == Ok(None) { (other, one) } else { (one, other) };
        assert_eq!(first, Ok(Some(attempt)));
        assert_eq!(second, Ok(None));
    }

    #[tokio::test]
    async fn an_attempt_that_is_over_is_not_answered() {
        let world = World::open().await;
        world.store.insert_attempt(attempt(&world, 1).await).await.expect("kept");
        world.store.insert_attempt(attempt(&world, 2).await).await.expect("kept");
        world.clock.advance(Duration::from_secs(600));
        assert_eq!(world.store.take_attempt([1; 32]).await, Ok(None));
        assert_eq!(world.store.purge_attempts().await, Ok(1));
    }
}
