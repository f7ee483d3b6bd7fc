//! What would become of an item, without writing anything down: the very statements that accept it, taken back at the end.

use std::sync::{Arc, Mutex, PoisonError};

use super::{BY_KEY, again::again};
use crate::{
    Accepted, NewPush, Push, Store, StoreError,
    row::{maybe, select},
};

/// Why the transaction is taken back.
const JUDGED: &str = "it was only asked";

impl Store {
    /// What [`Store::accept_push`] would say of an item whose key is taken; none where it is free.
    ///
    /// # Errors
    /// As [`Store::accept_push`].
    pub async fn judge_push(&self, new: NewPush) -> Result<Option<Accepted>, StoreError> {
        let (store, judged) = (self.clone(), Arc::new(Mutex::new(None)));
        let keep = Arc::clone(&judged);
        let done: Result<(), StoreError> = self
            .write(move |tx| {
                Box::pin(async move {
                    let statement = sqlx::query(select::<Push>(BY_KEY)).bind(new.tenant.as_str());
                    let statement = statement.bind(new.connector.as_str()).bind(new.action.as_str());
                    if maybe::<Push>(&mut *tx, statement.bind(new.key.as_str())).await?.is_some() {
                        let accepted = again(tx, &store, &new, store.now()).await?;
                        *keep.lock().unwrap_or_else(PoisonError::into_inner) = Some(accepted);
                    }
                    Err(StoreError::Conflict(JUDGED))
                })
            })
            .await;
        match done {
            Err(StoreError::Conflict(JUDGED)) => Ok(judged.lock().unwrap_or_else(PoisonError::into_inner).take()),
            Err(error) => Err(error),
            Ok(()) => Ok(None),
        }
    }
}
