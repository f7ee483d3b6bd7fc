//! What one instance may use up, besides time.
//!
//! | what | bound | then |
//! |---|---|---|
//! | linear memory, all together | the run's `memory_bytes`, at most [`MEMORY_BYTES`] | growth refused; the run fails as *out of memory* |
//! | table elements, all together | [`TABLE_ELEMENTS`] | the same |
//! | calls of the host in one call of the guest | [`HOST_CALLS`] | *contract broken* |
//! | bytes passed to the host in one of them | `contract::limits::HOSTCALL_BYTES` | trap |
//! | handles and host resources | [`HANDLES`] | trap |
//! | log | [`LOG_BYTES`] a run | the rest is counted and dropped |
//! | computing in one call | `compute` of the engine ([`crate::compute`]) | *computed without end* |

use wasmtime::{ResourceLimiter, Result};

/// The most that any run may ask for; the size of a place in the pool.
pub(crate) const MEMORY_BYTES: usize = 256 * 1024 * 1024;
/// Large language runtimes need tens of thousands.
pub(crate) const TABLE_ELEMENTS: usize = 100_000;
/// A page of 1,000 records needs a dozen.
pub(crate) const HOST_CALLS: u32 = 100_000;
/// Component handles, and entries of the host's resource table.
pub(crate) const HANDLES: usize = 1_000;
/// What a run may say in its log.
pub(crate) const LOG_BYTES: usize = 256 * 1024;

/// Counts what an instance grows, and remembers that it had to refuse: the guest only sees a failed
/// allocation and traps somewhere else.
#[derive(Debug)]
pub(crate) struct Growth {
    memory_bytes: usize,
    memory_left: usize,
    elements_left: usize,
    refused: bool,
}

impl Growth {
    pub(crate) fn of(memory_bytes: usize) -> Self {
        let memory_bytes = memory_bytes.min(MEMORY_BYTES);
        Self { memory_bytes, memory_left: memory_bytes, elements_left: TABLE_ELEMENTS, refused: false }
    }

    /// Bytes of memory that were taken. Linear memory does not shrink, so this is the most as well.
    pub(crate) fn taken(&self) -> usize {
        self.memory_bytes.saturating_sub(self.memory_left)
    }

    /// Whether the instance wanted more than it may have.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }

    fn take(left: &mut usize, refused: &mut bool, current: usize, desired: usize) -> bool {
        let rest = left.checked_sub(desired.saturating_sub(current));
        match rest {
            Some(rest) => *left = rest,
            None => *refused = true,
        }
        rest.is_some()
    }
}

impl ResourceLimiter for Growth {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        Ok(Self::take(&mut self.memory_left, &mut self.refused, current, desired))
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> Result<()> {
        self.refused = true;
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        Ok(Self::take(&mut self.elements_left, &mut self.refused, current, desired))
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> Result<()> {
        self.refused = true;
        Ok(())
    }

    fn instances(&self) -> usize {
        200
    }

    fn tables(&self) -> usize {
        64
    }

    fn memories(&self) -> usize {
        16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_small_memories_count_together() {
        let mut growth = Growth::of(3 * 65_536);
        for _ in 0..3 {
            assert!(growth.memory_growing(0, 65_536, None).expect("an answer"));
        }
        assert!(!growth.refused());
        assert!(!growth.memory_growing(65_536, 131_072, None).expect("an answer"));
        assert!(growth.refused());
    }
}
