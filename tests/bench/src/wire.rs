//! A client that does nothing but ask and read: what the provider and the socket cost without the gate.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{Result, provider::Provider, told};

/// One kept connection.
pub(crate) struct Wire {
    stream: TcpStream,
    head: String,
}

impl Wire {
    pub(crate) async fn open(provider: &Provider) -> Result<Self> {
        let stream = TcpStream::connect(&provider.address).await.map_err(told)?;
        stream.set_nodelay(true).map_err(told)?;
        let (host, key) = (provider.fake.host(), provider.key.expose());
        let head = format!("Host: {host}\r\nX-Api-Key: {key}\r\nAccept: application/json\r\n\r\n");
        Ok(Self { stream, head })
    }

    /// Asks for a path; how many bytes the answer's body has.
    pub(crate) async fn get(&mut self, path: &str, body: &mut Vec<u8>) -> Result<usize> {
        let request = format!("GET {path} HTTP/1.1\r\n{}", self.head);
        self.ask(request.as_bytes(), 200, body).await
    }

    /// Sends a whole request; how many bytes the body of the answer has, which is to have this status.
    pub(crate) async fn ask(&mut self, request: &[u8], status: u16, body: &mut Vec<u8>) -> Result<usize> {
        self.stream.write_all(request).await.map_err(told)?;
        body.clear();
        let begin = loop {
            if self.stream.read_buf(body).await.map_err(told)? == 0 {
                return Err("the provider ended the connection".to_owned());
            }
            if let Some(at) = body.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = String::from_utf8_lossy(body.get(..begin).unwrap_or_default()).to_ascii_lowercase();
        if !head.starts_with(&format!("http/1.1 {status}")) {
            return Err(format!("the provider answered {head}"));
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.and_then(|length| length.trim().parse().ok()).ok_or("an answer without a length")?;
        body.reserve(length);
        while body.len() < begin + length {
            if self.stream.read_buf(body).await.map_err(told)? == 0 {
                return Err("the provider ended the connection".to_owned());
            }
        }
        Ok(length)
    }
}
