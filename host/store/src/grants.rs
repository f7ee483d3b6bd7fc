//! What an operator grants to a connector beyond what its releases ask for.

use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
};

impl Store {
    /// Which addresses of customers' own a connector may reach, JSON; none where nothing was said.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn customer_origins(&self, connector: &str) -> Result<Option<String>, StoreError> {
        let statement = sqlx::query_scalar("SELECT customer_origins FROM grants WHERE connector = $1");
        Ok(statement.bind(connector).fetch_optional(self.read()).await?)
    }

    /// Says which addresses of customers' own a connector may reach from now on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn set_customer_origins(&self, connector: &str, json: &str, actor: &str) -> Result<(), StoreError> {
        let (connector, json, now) = (connector.to_owned(), json.to_owned(), self.now());
        let line = NewAudit::of(None, actor, "grant.customer_origins", &connector);
        let line = self.audit_line(line.detail(&serde_json::json!({ "customer_origins": json })));
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO grants (connector, customer_origins, updated_at) VALUES ($1, $2, $3) \
                     ON CONFLICT (connector) DO UPDATE SET customer_origins = excluded.customer_origins, \
                     updated_at = excluded.updated_at",
                )
                .bind(connector.as_str())
                .bind(json.as_str())
                .bind(now.as_micros())
                .execute(&mut *tx)
                .await?;
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
    async fn the_last_word_of_the_operator_counts_and_each_is_written_down() {
        let world = World::open().await;
        let (store, connector) = (&world.store, "acme.books");
        assert_eq!(store.customer_origins(connector).await, Ok(None));
        for said in ["\"any-public\"", "\"none\""] {
            store.set_customer_origins(connector, said, "operator").await.expect("said");
            assert_eq!(store.customer_origins(connector).await, Ok(Some(said.to_owned())));
        }
        assert_eq!(store.customer_origins("acme.other").await, Ok(None));
        let lines = store.audit(None, None, 10, Some(connector)).await.expect("lines").items;
        assert_eq!(lines.len(), 2);
    }
}
