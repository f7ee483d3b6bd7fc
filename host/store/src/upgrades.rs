//! Which upgrades of a connector go ahead by themselves: the operator's word for one connector, where he said one.

use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
};

impl Store {
    /// What was said of a connector; none where the configuration decides.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn upgrades(&self, connector: &str) -> Result<Option<String>, StoreError> {
        let statement = sqlx::query_scalar("SELECT upgrades FROM upgrade_policies WHERE connector = $1");
        Ok(statement.bind(connector).fetch_optional(self.read()).await?)
    }

    /// Says it, or leaves it to the configuration again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn set_upgrades(&self, connector: &str, said: Option<&str>, actor: &str) -> Result<(), StoreError> {
        let (connector, said, now) = (connector.to_owned(), said.map(str::to_owned), self.now());
        let line = NewAudit::of(None, actor, "connector.upgrades", &connector);
        let line = self.audit_line(line.detail(&serde_json::json!({ "upgrades": said })));
        self.write(move |tx| {
            Box::pin(async move {
                let statement = match &said {
                    None => sqlx::query("DELETE FROM upgrade_policies WHERE connector = $1").bind(connector.as_str()),
                    Some(said) => sqlx::query(
                        "INSERT INTO upgrade_policies (connector, upgrades, updated_at) VALUES ($1, $2, $3) \
                         ON CONFLICT (connector) DO UPDATE SET upgrades = excluded.upgrades, \
                         updated_at = excluded.updated_at",
                    )
                    .bind(connector.as_str())
                    .bind(said.as_str())
                    .bind(now.as_micros()),
                };
                statement.execute(&mut *tx).await?;
                append(tx, &line).await
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::World;

    #[tokio::test]
    async fn the_last_word_counts_until_it_is_taken_back() {
        let world = World::open().await;
        let (store, connector) = (&world.store, "acme.books");
        assert_eq!(store.upgrades(connector).await, Ok(None));
        for said in [Some("manual"), Some("all"), None] {
            store.set_upgrades(connector, said, "operator").await.expect("said");
            assert_eq!(store.upgrades(connector).await, Ok(said.map(str::to_owned)));
            assert_eq!(store.upgrades("acme.other").await, Ok(None));
        }
        assert_eq!(world.number("SELECT count(*) FROM audit WHERE action = 'connector.upgrades'").await, 3);
    }
}
