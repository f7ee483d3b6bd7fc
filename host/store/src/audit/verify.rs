//! Reads the whole chain and says where it breaks.

use patchbay_model::AuditId;

use super::{
    AuditKey, AuditLine,
    chain::{Chained, FIRST, Head},
};
use crate::{
    Store, StoreError,
    row::{many, select},
};

/// Lines that are read at a time.
const BATCH: i64 = 1_000;

/// What became of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditVerdict {
    /// Lines that are as they were written, from the first one on.
    pub lines: u64,
    /// The hash of the last of them, in hex: kept elsewhere, it shows later that nothing was put back.
    pub head: Option<String>,
    /// The first line at which something is wrong, and what.
    pub broken: Option<(AuditId, String)>,
}

/// How far the chain was followed.
struct Walk {
    lines: u64,
    no: i64,
    hash: [u8; 32],
    last: Option<AuditLine>,
}

impl Walk {
    /// Follows the chain by one line; what is wrong with it, if anything.
    fn step(&mut self, key: &AuditKey, next: Chained) -> Result<Option<&'static str>, StoreError> {
        if next.no != self.no + 1 {
            return Ok(Some("Lines before this one are missing."));
        }
        let hash = key.hash(&self.hash, next.no, &next.line)?;
        if next.hash != hash {
            return Ok(Some("This line, or the one before it, is not the one that was written."));
        }
        (self.lines, self.no, self.hash, self.last) = (self.lines + 1, next.no, hash, Some(next.line));
        Ok(None)
    }

    fn verdict(&self, broken: Option<(AuditId, String)>) -> AuditVerdict {
        let head = self.last.is_some().then(|| self.hash.iter().map(|byte| format!("{byte:02x}")).collect());
        AuditVerdict { lines: self.lines, head, broken }
    }
}

impl Store {
    /// Reads the whole audit log and finds the first line that was changed, taken out, moved or put in by
    /// anybody but this program.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; [`StoreError::Inconsistent`] for a line that cannot be one.
    pub async fn verify_audit(&self) -> Result<AuditVerdict, StoreError> {
        let key = &self.audit_key;
        let mut walk = Walk { lines: 0, no: 0, hash: FIRST, last: None };
        // Lines come while this reads, each with its head: what is behind the head that was read has a newer one.
        let mut head = Head::load(self.read(), key).await?;
        loop {
            let rest = "WHERE u.no > $1 ORDER BY u.no LIMIT $2";
            let batch: Vec<Chained> =
                many(self.read(), sqlx::query(select::<Chained>(rest)).bind(walk.no).bind(BATCH)).await?;
            let done = batch.is_empty();
            for next in batch {
                let id = next.line.id.clone();
                if let Some(why) = walk.step(key, next)? {
                    return Ok(walk.verdict(Some((id, why.to_owned()))));
                }
            }
            if done {
                break;
            }
            head = Head::load(self.read(), key).await?;
        }
        let broken = match (&head, &walk.last) {
            (None, None) => None,
            (None, Some(last)) => Some((last.id.clone(), "The mark of the newest line is missing.")),
            (Some(head), last) => {
                let id = AuditId::try_from(head.id.clone()).ok().or_else(|| last.as_ref().map(|last| last.id.clone()));
                match id {
                    Some(id) if !head.intact => {
                        Some((id, "The mark of the newest line is not the one that was written."))
                    }
                    Some(id) if head.no > walk.no => Some((id, "The newest lines, up to this one, are missing.")),
                    Some(id) if head.no == walk.no && head.hash != walk.hash => {
                        Some((id, "The newest line is not the one that was written."))
                    }
                    Some(id) if head.no < walk.no => Some((id, "Lines behind this one were put in.")),
                    _ => None,
                }
            }
        };
        Ok(walk.verdict(broken.map(|(id, why)| (id, why.to_owned()))))
    }
}
