//! Which database it is, and whether it can be reached.

use std::{
    net::{TcpStream, ToSocketAddrs},
    os::unix::{fs::MetadataExt, net::UnixStream},
    path::Path,
    time::Duration,
};

use super::Finding;
use crate::config::{Address, Database, Location};

const WHAT: &str = "database";
/// How long a server may take to answer a call.
const WAIT: Duration = Duration::from_secs(5);

pub(super) fn look(database: &Database) -> Finding {
    match &database.location {
        Location::File(path) => file(path),
        Location::Server(address) => server(address),
    }
}

fn file(path: &Path) -> Finding {
    let shown = path.display();
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Finding::ok(WHAT, format!("SQLite: {shown} is made at the first start"))
        }
        Err(error) => {
            Finding::fail(WHAT, format!("{shown}: {error}"), format!("make {shown} readable for this account"))
        }
        Ok(found) if !found.is_file() => {
            Finding::fail(WHAT, format!("{shown} is not a file"), "set database.path to a file".to_owned())
        }
        Ok(found) => Finding::ok(WHAT, format!("SQLite: {shown}, {} KiB", found.size() / 1024)),
    }
}

/// Only whether somebody answers there: to log in would be to bring its tables up to date.
fn server(address: &Address) -> Finding {
    let (host, port) = address.host();
    let called = if host.starts_with('/') {
        UnixStream::connect(Path::new(host).join(format!(".s.PGSQL.{port}"))).map(drop)
    } else {
        call(host.trim_start_matches('[').trim_end_matches(']'), port)
    };
    match called {
        Err(error) => Finding::fail(
            WHAT,
            format!("PostgreSQL: {address} cannot be reached: {error}"),
            "start the server, open the way to it, or correct database.url".to_owned(),
        ),
        Ok(()) if address.is_unproven() => Finding::warn(
            WHAT,
            format!("PostgreSQL: {address} answers, and nothing proves that it is the right server"),
            "add ?sslmode=verify-full to database.url".to_owned(),
        ),
        Ok(()) => Finding::ok(WHAT, format!("PostgreSQL: {address} answers; name and password are tried at the start")),
    }
}

fn call(host: &str, port: u16) -> std::io::Result<()> {
    let mut last = std::io::Error::other("the name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, WAIT) {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, net::TcpListener};

    use super::{super::State, *};
    use crate::config::Config;

    fn found(url: &str) -> Finding {
        let text = format!("[database]\nurl = {url:?}");
        look(&Config::read(Some(&text), Path::new(""), &BTreeMap::new()).expect("a configuration").database)
    }

    #[test]
    fn a_server_is_named_without_its_password_and_called() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let url = format!("postgres://hub:hunter2@127.0.0.1:{port}/patchbay");
        let there = found(&url);
        assert_eq!(there.state, State::Ok);
        assert!(there.detail.contains(&format!("patchbay at 127.0.0.1:{port}")), "{}", there.detail);
        drop(listener);
        let gone = found(&url);
        assert_eq!(gone.state, State::Fail);
        assert!(gone.remedy.is_some());
        assert!(!format!("{there:?}{gone:?}").contains("hunter2"));
    }

    #[test]
    fn a_socket_that_is_not_there_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().display();
        assert_eq!(found(&format!("postgres:///patchbay?host={path}")).state, State::Fail);
        let _server = std::os::unix::net::UnixListener::bind(folder.path().join(".s.PGSQL.5432")).expect("a socket");
        assert_eq!(found(&format!("postgres:///patchbay?host={path}")).state, State::Ok);
    }
}
