//! `[database]`: a file of SQLite, or a database of a PostgreSQL server that several nodes share. One of the
//! two, so that nobody has to know which would have won.
//!
//! The address of a server holds a password: it is kept as a secret, and no complaint repeats any of it.

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
};

use patchbay_model::Secret;
use url::Url;

use super::reader::Reader;

/// `[database]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Database {
    /// Which one.
    pub(crate) location: Location,
    /// Reading connections.
    pub(crate) readers: u32,
    /// Writing connections of a server; a file has one.
    pub(crate) writers: u32,
    /// MiB of pages that the writing connection of a file remembers.
    pub(crate) cache_mib: u32,
}

/// Which database.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Location {
    /// A file of SQLite.
    File(PathBuf),
    /// A database of a PostgreSQL server.
    Server(Address),
}

const PATH: &str = "database.path";
const URL: &str = "database.url";

impl Database {
    /// Reads the section; `default` is the file that holds without one.
    pub(super) fn read(from: &mut Reader<'_>, default: impl FnOnce() -> PathBuf) -> Self {
        if let (Some(place), Some(_)) = (from.place(PATH), from.place(URL)) {
            from.complain(&place, format!("`{PATH}` and `{URL}` are both set; there is one database, so keep one"));
        }
        let location = match Self::server(from) {
            Some(address) => Location::Server(address),
            // Whoever wrote an address that cannot be has heard of it; the file stands in until then.
            None => Location::File(from.path(PATH, default)),
        };
        let readers = if matches!(location, Location::Server(_)) { 8 } else { 4 };
        let mut number = |key, most, default| u32::try_from(from.number(key, (1, most), default)).unwrap_or(8);
        Self {
            location,
            readers: number("database.readers", 256, readers),
            writers: number("database.writers", 256, 8),
            cache_mib: number("database.cache_mib", 65_536, 64),
        }
    }

    fn server(from: &mut Reader<'_>) -> Option<Address> {
        let (text, place) = from.text(URL)?;
        let address = Address::parse(&text);
        if address.is_none() {
            let like = "postgres://NAME:PASSWORD@HOST:5432/DATABASE";
            from.complain(&place, format!("`{URL}` has to be like {like}, with what is special in it %-encoded"));
        }
        address
    }

    /// The file, where it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.location {
            Location::File(path) => Some(path),
            Location::Server(_) => None,
        }
    }
}

/// The address of a database on a server, whole; what is shown of it is where it is.
#[derive(Clone)]
pub(crate) struct Address {
    whole: Secret,
    shown: Shown,
}

/// What of an address may be seen.
#[derive(Clone)]
struct Shown {
    /// A name or an IP; for a socket, its folder.
    host: String,
    port: u16,
    database: String,
    /// `sslmode`, as it was written.
    tls: Option<String>,
    local: bool,
}

impl Address {
    fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text.trim()).ok()?;
        if !matches!(url.scheme(), "postgres" | "postgresql") || url.fragment().is_some() {
            return None;
        }
        let asked = |wanted: &str| {
            url.query_pairs().filter(|(name, _)| name == wanted).map(|(_, value)| value.into_owned()).last()
        };
        // The driver takes a folder with a socket as `host`, too.
        let host = asked("host").or_else(|| url.host_str().map(str::to_owned)).filter(|host| !host.is_empty())?;
        let local = host.starts_with('/') || loopback(&host);
        let database = url.path().trim_matches('/').to_owned();
        if database.is_empty() || database.contains('/') {
            return None;
        }
        let port = asked("port").and_then(|port| port.parse().ok()).or(url.port()).unwrap_or(5432);
        let shown = Shown { host, port, database, tls: asked("sslmode").or_else(|| asked("ssl-mode")), local };
        Some(Self { whole: Secret::new(text.trim()), shown })
    }

    /// The address itself, with its password.
    pub(crate) fn secret(&self) -> &Secret {
        &self.whole
    }

    /// Host (or folder of the socket) and port.
    pub(crate) fn host(&self) -> (&str, u16) {
        (&self.shown.host, self.shown.port)
    }

    /// Whether what goes there crosses a network without a proof of who answers.
    pub(crate) fn is_unproven(&self) -> bool {
        !self.shown.local && !matches!(self.shown.tls.as_deref(), Some("verify-full" | "verify-ca"))
    }
}

fn loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Two addresses are one when they are written alike; asked by tests only.
impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.whole.expose() == other.whole.expose()
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where it is, and nothing of who logs in.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}:{}", self.shown.database, self.shown.host, self.shown.port)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{super::Config, *};

    fn read(text: &str, variables: &[(&str, &str)]) -> Result<Database, Vec<String>> {
        let variables: BTreeMap<String, String> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::read(Some(text), Path::new("/etc/patchbay"), &variables)
            .map(|config| config.database)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    fn server(text: &str) -> Option<Address> {
        match read("", &[("PATCHBAY_DATABASE__URL", text)]).ok()?.location {
            Location::Server(address) => Some(address),
            Location::File(_) => None,
        }
    }

    #[test]
    fn a_server_is_named_by_file_or_variable_and_brings_more_readers() {
        let written = read("[database]\nurl = \"postgres://hub:pw@db.example.com/patchbay\"", &[]).expect("a server");
        assert_eq!((written.readers, written.writers), (8, 8));
        assert_eq!(
            written.location,
            Location::Server(server("postgres://hub:pw@db.example.com/patchbay").expect("one"))
        );
        let file = read("[database]\nreaders = 2\nwriters = 3\ncache_mib = 4", &[]).expect("a file");
        assert_eq!((file.readers, file.writers, file.cache_mib), (2, 3, 4));
        assert_eq!(file.file(), Some(Path::new("patchbay-data/patchbay.db")));
    }

    #[test]
    fn the_password_is_nowhere_that_anybody_reads() {
        let address = server("postgresql://hub:hunter2@db.example.com:6432/patchbay?sslmode=verify-full").expect("one");
        assert_eq!(address.to_string(), "patchbay at db.example.com:6432");
        assert!(!format!("{address:?} {:?}", address.secret()).contains("hunter2"));
        assert!(address.secret().expose().contains("hunter2"));
        for wrong in ["postgres://hub:hunter2@", "mysql://hub:hunter2@db/x", "hunter2", "postgres://hub:hunter2@db/"] {
            let told = read("", &[("PATCHBAY_DATABASE__URL", wrong)]).expect_err(wrong);
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told.iter().all(|text| text.contains("`database.url`") && !text.contains("hunter2")), "{told:?}");
        }
    }

    #[test]
    fn a_file_and_a_server_are_one_too_many() {
        let both = "[database]\npath = \"x.db\"\nurl = \"postgres://hub:hunter2@db/patchbay\"";
        assert_eq!(
            read(both, &[]).expect_err("two"),
            ["line 2: `database.path` and `database.url` are both set; there is one database, so keep one"]
        );
        let mixed = read("[database]\npath = \"x.db\"", &[("PATCHBAY_DATABASE__URL", "postgres://hub@db/patchbay")]);
        assert!(mixed.is_err());
    }

    #[test]
    fn a_network_without_a_proof_of_the_server_is_seen() {
        for (text, unproven) in [
            ("postgres://hub@db.example.com/patchbay", true),
            ("postgres://hub@db.example.com/patchbay?sslmode=require", true),
            ("postgres://hub@db.example.com/patchbay?sslmode=verify-full", false),
            ("postgres://hub@localhost/patchbay", false),
            ("postgres://hub@127.0.0.1:54991/patchbay", false),
            ("postgres://hub@[::1]/patchbay", false),
            ("postgres://hub@10.0.0.7/patchbay", true),
            ("postgres://hub@localhost/patchbay?host=/run/postgresql", false),
            ("postgres:///patchbay?host=/run/postgresql", false),
            ("postgres://hub@localhost/patchbay?host=db.example.com", true),
        ] {
            assert_eq!(server(text).expect(text).is_unproven(), unproven, "{text}");
        }
        let socket = server("postgres:///patchbay?host=/run/postgresql").expect("a socket");
        assert_eq!(socket.host(), ("/run/postgresql", 5432));
    }
}
