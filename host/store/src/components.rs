//! The bytes of installed components, where several nodes share the database: what one node was given, the others find
//! here. On a file of SQLite there is one node, and its folder is enough.

use crate::{Store, StoreError, row::Reader};

/// Bytes of one piece.
const PIECE: usize = 256 * 1024;

impl Store {
    /// Keeps a component under its digest; one that is there stays.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn keep_component(&self, digest: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        let digest = digest.to_owned();
        self.write(move |tx| {
            Box::pin(async move {
                for (no, piece) in bytes.chunks(PIECE).enumerate() {
                    sqlx::query(
                        "INSERT INTO component_pieces (digest, no, bytes) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                    )
                    .bind(digest.as_str())
                    .bind(i64::try_from(no).unwrap_or(i64::MAX))
                    .bind(piece)
                    .execute(&mut *tx)
                    .await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// A component; none when no node was given it since the database is shared.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let statement = sqlx::query("SELECT bytes FROM component_pieces WHERE digest = $1 ORDER BY no");
        let rows = statement.bind(digest).fetch_all(self.read()).await?;
        let mut bytes = Vec::new();
        for row in &rows {
            bytes.extend(Reader::of(row, "component_pieces").next::<Vec<u8>>("bytes")?);
        }
        Ok((!rows.is_empty()).then_some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[tokio::test]
    async fn a_component_comes_back_as_it_was_given_and_is_kept_once() {
        let world = World::open().await;
        assert_eq!(world.store.component("d1").await, Ok(None));
        let bytes: Vec<u8> = (0..PIECE * 2 + 17).map(|n| u8::try_from(n % 251).unwrap_or(0)).collect();
        world.store.keep_component("d1", bytes.clone()).await.expect("kept");
        world.store.keep_component("d1", bytes.clone()).await.expect("kept already");
        world.store.keep_component("d2", vec![1]).await.expect("kept");
        assert_eq!(world.store.component("d1").await, Ok(Some(bytes)));
        assert_eq!(world.number("SELECT count(*) FROM component_pieces").await, 4);
    }
}
