//! What a [`StoreError::Conflict`](crate::StoreError::Conflict) of a push says, for whoever has to tell them apart.

/// A file that it names was forgotten, is another tenant's, or its upload did not end.
pub const FILE_GONE: &str = "a file is gone";
/// It has no connection, and none was named.
pub const NO_CONNECTION: &str = "the push has no connection";
/// Its connection was deleted.
pub const CONNECTION_GONE: &str = "the connection is gone";
/// The connection that was named is of another connector.
pub const OTHER_CONNECTOR: &str = "the connection is of another connector";
/// Something of it may have been written through another connection, or to another target.
pub const SENT_ELSEWHERE: &str = "something of the push was sent elsewhere";
/// A worker has it, or it stands where nobody sends it.
pub const NOT_NOW: &str = "the push cannot be sent now";
