//! An answer that becomes a blob while it is read.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use patchbay_egress::AnswerSink;

use crate::Blobs;

/// The media type of bytes of which nobody says what they are.
const UNKNOWN: &str = "application/octet-stream";

/// Takes one answer. An attempt that broke off leaves a blob that nobody asks for; it is given back.
pub(super) struct IntoBlob {
    blobs: Arc<dyn Blobs>,
    id: Mutex<Option<String>>,
}

impl IntoBlob {
    pub(super) fn of(blobs: &Arc<dyn Blobs>) -> Self {
        Self { blobs: Arc::clone(blobs), id: Mutex::default() }
    }

    /// The blob that holds the answer; empty when there was none to hold.
    pub(super) fn id(&self) -> String {
        self.now().unwrap_or_default()
    }

    /// Gives back what came of an answer that is none.
    pub(super) async fn discard(&self) {
        if let Some(id) = self.swap(None) {
            self.blobs.discard(&id).await;
        }
    }

    fn now(&self) -> Option<String> {
        self.id.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn swap(&self, id: Option<String>) -> Option<String> {
        std::mem::replace(&mut *self.id.lock().unwrap_or_else(PoisonError::into_inner), id)
    }
}

#[async_trait]
impl AnswerSink for IntoBlob {
    async fn begin(&self, media_type: Option<&str>) {
        self.discard().await;
        let id = self.blobs.create(media_type.unwrap_or(UNKNOWN)).await;
        self.swap(Some(id));
    }

    async fn take(&self, bytes: Vec<u8>) -> bool {
        match self.now() {
            Some(id) => self.blobs.append(&id, bytes).await,
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::http::tests::Held;

    #[tokio::test]
    async fn an_answer_becomes_a_blob_of_its_media_type() {
        let held = Arc::new(Held::default());
        let blobs: Arc<dyn Blobs> = held.clone();
        let into = IntoBlob::of(&blobs);
        assert!(!into.take(vec![1]).await, "nothing began");
        into.begin(Some("application/pdf")).await;
        assert!(into.take(vec![7; 300_000]).await && into.take(vec![8]).await);
        assert_eq!(into.id(), "application/pdf");
        assert_eq!(blobs.size(&into.id()).await, Some(300_001));
    }

    #[tokio::test]
    async fn what_came_of_an_attempt_that_broke_off_is_given_back() {
        let held = Arc::new(Held::default());
        let blobs: Arc<dyn Blobs> = held.clone();
        let into = IntoBlob::of(&blobs);
        into.begin(Some("text/first")).await;
        assert!(into.take(vec![1; 10]).await);
        into.begin(None).await;
        assert!(into.take(vec![2; 5]).await);
        assert_eq!((blobs.size("text/first").await, blobs.size(&into.id()).await), (None, Some(5)));
        into.discard().await;
        assert_eq!((held.count(), into.id()), (0, String::new()));
    }
}
