//! `blob`: bytes that the host keeps for a push.

use super::contract::blob;
use crate::state::State;

/// Bytes in one read.
const READ: u32 = 1024 * 1024;

impl blob::Host for State {
    async fn size(&mut self, blob: String) -> wasmtime::Result<Option<u64>> {
        self.host_call()?;
        Ok(self.blobs.size(&blob).await)
    }

    async fn read(&mut self, blob: String, offset: u64, len: u32) -> wasmtime::Result<Option<Vec<u8>>> {
        self.host_call()?;
        Ok(self.blobs.read(&blob, offset, len.min(READ)).await)
    }

    async fn create(&mut self, media_type: String) -> wasmtime::Result<String> {
        self.host_call()?;
        Ok(self.blobs.create(&media_type).await)
    }

    async fn append(&mut self, blob: String, data: Vec<u8>) -> wasmtime::Result<bool> {
        self.host_call()?;
        Ok(self.blobs.append(&blob, data).await)
    }
}
