//! The blobs of a test host.

use std::collections::BTreeMap;

/// Bytes of one reading, as at the real host.
const READ: usize = 1024 * 1024;

/// What was kept, by id.
#[derive(Debug, Default)]
pub(super) struct Blobs(BTreeMap<String, Vec<u8>>);

impl Blobs {
    /// Keeps bytes; the id of their blob.
    pub(super) fn keep(&mut self, data: &[u8]) -> String {
        let id = format!("blob-{}", self.0.len() + 1);
        self.0.insert(id.clone(), data.to_vec());
        id
    }

    pub(super) fn size(&self, blob: &str) -> Option<u64> {
        self.0.get(blob).and_then(|data| u64::try_from(data.len()).ok())
    }

    pub(super) fn read(&self, blob: &str, offset: u64, len: u32) -> Option<Vec<u8>> {
        let data = self.0.get(blob)?;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(data.len());
        let len = usize::try_from(len).unwrap_or(usize::MAX).min(READ);
        let until = from.saturating_add(len).min(data.len());
        data.get(from..until).map(<[u8]>::to_vec)
    }

    pub(super) fn append(&mut self, blob: &str, data: &[u8]) -> bool {
        match self.0.get_mut(blob) {
            Some(kept) => {
                kept.extend_from_slice(data);
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{blob, http, testing::TestHost};

    #[test]
    fn an_answer_that_is_left_at_the_host_can_be_read_and_sent_on_by_its_blob() {
        let host = TestHost::answering(
            r#"[{ "request": { "method": "GET", "url": "https://files.example/1" }, "answer": { "text": "report" } }]"#,
        );
        let answer = http::get("https://files.example/1").into_blob().send().expect("an answer");
        let kept = answer.blob().expect("a blob").to_owned();
        assert!(answer.body().is_empty(), "its bytes stay at the host");
        assert_eq!((blob::size(&kept), blob::read(&kept, 2, 3)), (Some(6), Some(b"por".to_vec())));
        assert_eq!(blob::read(&kept, 9, 3), Some(Vec::new()));

        let made = blob::create("text/plain");
        assert!(blob::append(&made, b"on") && blob::append(&made, b"e"));
        assert_eq!(blob::read(&made, 0, 10), Some(b"one".to_vec()));
        assert_eq!(blob::size(&host.keep_blob(b"mail")), Some(4));
        assert!(
            blob::size("blob-9").is_none() && blob::read("blob-9", 0, 1).is_none() && !blob::append("blob-9", b"x")
        );
    }
}
