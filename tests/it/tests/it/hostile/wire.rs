//! The provider of the hostile guests: keeps every byte that it received, and answers as the path says.
//!
//! | path | the answer |
//! |---|---|
//! | `/lost` | none: it hangs up once it has the request |
//! | `/hang` | none: it holds on until the other side leaves |
//! | `/tells` | the credential in each place of an answer that a connector can see |
//! | `/refuses` | status 500, with the credential in its error |
//! | `/leads` | a redirect to an address with the credential in it |
//! | all else | status 200 and a small document |

use std::{
    fmt::Write as _,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use patchbay_test_support::Result;

/// The origins under which the manifest knows it; a credential goes to the first only.
const ORIGINS: [&str; 2] = ["https://wire.example", "https://bare.example"];
/// Bytes of a request that are read.
const LARGEST: usize = 4 * 1024 * 1024;
/// How long a silent caller is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server; its threads end with the process.
pub(super) struct Wire {
    seen: Arc<Mutex<Seen>>,
    connect: String,
}

#[derive(Default)]
struct Seen {
    requests: Vec<Vec<u8>>,
    accepted: usize,
    held: usize,
}

impl Wire {
    pub(super) fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let connect = format!("http://{}", listener.local_addr()?);
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(std::result::Result::ok) {
                let seen = Arc::clone(&shared);
                lock(&seen).accepted += 1;
                // A caller that goes away is no failure of the server.
                std::thread::spawn(move || drop(answer(stream, &seen)));
            }
        });
        Ok(Self { seen, connect })
    }

    /// The entries of `egress.rewrite` that lead here, as TOML.
    pub(super) fn rewrites(&self) -> String {
        let entry =
            |origin: &&str| format!("[[egress.rewrite]]\norigin = \"{origin}\"\nconnect = \"{}\"\n", self.connect);
        ORIGINS.iter().map(entry).collect()
    }

    /// Every request so far, byte for byte.
    pub(super) fn requests(&self) -> Vec<Vec<u8>> {
        lock(&self.seen).requests.clone()
    }

    /// How many connections were made to it.
    pub(super) fn accepted(&self) -> usize {
        lock(&self.seen).accepted
    }

    /// How many requests are being held.
    pub(super) fn held(&self) -> usize {
        lock(&self.seen).held
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(mut stream: TcpStream, seen: &Mutex<Seen>) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = read(&mut stream)?;
    let text = String::from_utf8_lossy(&request).into_owned();
    lock(seen).requests.push(request);
    let target = text.split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    let secret = text.lines().find_map(|line| line.strip_prefix("authorization: ")).unwrap_or_default();
    match path {
        "/lost" => {}
        "/hang" => {
            lock(seen).held += 1;
            // Nothing comes; it ends when the other side has left.
            let left = stream.read(&mut [0; 1]);
            lock(seen).held -= 1;
            left?;
        }
        "/tells" => {
            let halves = secret.split_at(secret.len() / 2);
            // In the reason, in a name, in values, in the body whole and cut between two chunks, in a trailer.
            let mut said = format!(
                "HTTP/1.1 200 {secret}\r\nx-told: {secret}\r\nlocation: https://wire.example/?t={secret}\r\n\
                 www-authenticate: Bearer realm=\"{secret}\"\r\nlink: <https://wire.example/{secret}>; rel=next\r\n\
                 set-cookie: t={secret}\r\ntrailer: x-end\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
            );
            for piece in ["{\"id\":\"business-1\",\"whole\":\"", secret, "\",\"cut\":\"", halves.0, halves.1, "\"}"] {
                if !piece.is_empty() {
                    write!(said, "{:x}\r\n{piece}\r\n", piece.len())?;
                }
            }
            write!(said, "0\r\nx-end: {secret}\r\n\r\n")?;
            stream.write_all(said.as_bytes())?;
        }
        "/refuses" => respond(&mut stream, "500 No", "", &format!("{{\"error\":\"{secret} is not welcome\"}}"))?,
        "/leads" => {
            let place = format!("location: https://elsewhere.example/login?token={secret}\r\n");
            respond(&mut stream, "302 Found", &place, "")?;
        }
        _ => respond(&mut stream, "200 OK", "content-type: application/json\r\n", "{\"id\":\"business-1\"}")?,
    }
    Ok(())
}

fn respond(stream: &mut TcpStream, status: &str, headers: &str, body: &str) -> Result<()> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    Ok(())
}

/// Head and body of one request, as they came.
fn read(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut request = Vec::new();
    let mut part = [0; 16 * 1024];
    loop {
        let head = request.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if request.len() >= head + length.unwrap_or(0).min(LARGEST) {
                return Ok(request);
            }
        }
        match stream.read(&mut part)? {
            0 => return Ok(request),
            _ if request.len() > LARGEST => return Ok(request),
            read => request.extend_from_slice(&part[..read]),
        }
    }
}
