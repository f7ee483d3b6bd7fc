//! Bytes over TCP, for requests that no client library would send.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::Result;

const LARGEST_ANSWER: u64 = 16 * 1024 * 1024;

/// Sends the bytes and reads until the other side closes, or says nothing for `patience`.
///
/// # Errors
///
/// There was no connection, or it broke while the bytes were sent.
pub fn exchange(to: SocketAddr, bytes: &[u8], patience: Duration) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&to, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    stream.write_all(bytes)?;
    let mut answer = Vec::new();
    // A reset or a silence ends the answer; what came before is what counts.
    drop(stream.take(LARGEST_ANSWER).read_to_end(&mut answer));
    Ok(answer)
}
