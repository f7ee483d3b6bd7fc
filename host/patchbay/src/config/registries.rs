//! `[registries]`, `[[indexes]]` and `[updates]`: where connectors may come from, who lists them, and when a newer one
//! is taken by itself.

use std::{collections::BTreeMap, path::Path, time::Duration};

use patchbay_app::{FollowedIndex, Registries, RegistryLogin, RegistryPlace};
use patchbay_model::{Secret, package::signature::PublicKey};
use url::Url;

use super::{ambient, reader::Reader, source::Place};

/// Bytes of a password's file.
const LONGEST_PASSWORD: usize = 16 * 1024;

/// Where connectors may come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sources {
    /// `HOST[:PORT][/PREFIX]`, as written; each is a place.
    pub(crate) allowed: Vec<String>,
    /// Hosts that they may send to.
    pub(crate) also: Vec<String>,
    /// Registries on loopback that speak no TLS.
    pub(crate) plain_http: Vec<String>,
    /// Who we are where.
    pub(crate) logins: Vec<Login>,
    /// Which indexes are followed.
    pub(crate) indexes: Vec<Index>,
    /// How old a version has to be before it is taken by itself.
    pub(crate) update_age: Duration,
    /// How often an index is asked.
    pub(crate) update_check: Duration,
}

/// An entry of `[[registries.login]]`. The password is read when it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    registry: String,
    user: String,
    password: Password,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Password {
    File(std::path::PathBuf),
    Variable(String),
}

/// An entry of `[[indexes]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    name: String,
    url: String,
    key: String,
}

impl Sources {
    /// Reads the sections.
    pub(super) fn read(from: &mut Reader<'_>) -> Self {
        Self {
            allowed: places(from, "registries.allowed"),
            also: hosts(from, "registries.also", false),
            plain_http: hosts(from, "registries.plain_http", true),
            logins: logins(from),
            indexes: indexes(from),
            update_age: from.seconds("updates.age_hours", (0, 8_760), 24) * 3_600,
            update_check: from.seconds("updates.check_minutes", (1, 10_080), 60) * 60,
        }
    }

    /// What the use cases need, with the passwords read.
    ///
    /// # Errors
    /// A sentence for the person: a password cannot be read.
    pub(crate) fn registries(&self) -> Result<Registries, String> {
        let logins: Result<Vec<RegistryLogin>, String> = self.logins.iter().map(Login::open).collect();
        Ok(Registries {
            allowed: self.allowed.iter().filter_map(|text| RegistryPlace::parse(text)).collect(),
            also: self.also.clone(),
            logins: logins?,
        })
    }

    /// The indexes that are followed.
    pub(crate) fn indexes(&self) -> Vec<FollowedIndex> {
        let followed = |index: &Index| {
            let key = PublicKey::from_text(&index.key).ok()?;
            Some(FollowedIndex { name: index.name.clone(), url: index.url.clone(), key })
        };
        self.indexes.iter().filter_map(followed).collect()
    }
}

impl Login {
    fn open(&self) -> Result<RegistryLogin, String> {
        let what = format!("the password of registries.login for {}", self.registry);
        let text = match &self.password {
            Password::File(path) => {
                std::fs::read_to_string(path).map_err(|error| format!("{what}: {}: {error}", path.display()))?
            }
            Password::Variable(name) => ambient::variable(name)
                .and_then(|value| value.into_string().ok())
                .ok_or_else(|| format!("{what}: the variable {name} is not set"))?,
        };
        let text = Secret::new(text.trim_end_matches(['\r', '\n']));
        if text.is_empty() || text.len() > LONGEST_PASSWORD {
            return Err(format!("{what} is empty or longer than {LONGEST_PASSWORD} bytes"));
        }
        Ok(RegistryLogin { registry: self.registry.clone(), user: self.user.clone(), password: text })
    }
}

fn places(from: &mut Reader<'_>, key: &str) -> Vec<String> {
    let mut places = Vec::new();
    for (text, place) in from.texts(key) {
        match RegistryPlace::parse(&text) {
            Some(_) => places.push(text),
            None => {
                from.complain(&place, format!("`{key}` takes ghcr.io/acme or registry.example:8443; `{text}` is none"))
            }
        }
    }
    places
}

/// Hosts with their ports; `local` for those that are reached without TLS.
fn hosts(from: &mut Reader<'_>, key: &str, local: bool) -> Vec<String> {
    let mut hosts = Vec::new();
    for (text, place) in from.texts(key) {
        if text.contains('/') || RegistryPlace::parse(&text).is_none() {
            from.complain(
                &place,
                format!("`{key}` takes hosts such as registry.example or localhost:5000; `{text}` is none"),
            );
        } else if local && !text.starts_with("localhost:") {
            from.complain(
                &place,
                format!("`{key}` takes localhost:PORT only: without TLS anybody on the way can answer"),
            );
        } else {
            hosts.push(text);
        }
    }
    hosts
}

type Row = (BTreeMap<String, String>, Place);

fn logins(from: &mut Reader<'_>) -> Vec<Login> {
    const KEY: &str = "registries.login";
    let mut logins = Vec::new();
    for (row, place) in from.tables(KEY, &["registry", "user"], &["password_file", "password_env"]) {
        let password = match (row.get("password_file"), row.get("password_env")) {
            (Some(path), None) => Password::File(from.folder().join(Path::new(path))),
            (None, Some(name)) => Password::Variable(name.clone()),
            _ => {
                from.complain(
                    &place,
                    format!("this entry of `{KEY}` needs `password_file` or `password_env`, and not both"),
                );
                continue;
            }
        };
        let (registry, user) = (field(&row, "registry"), field(&row, "user"));
        if registry.contains('/') || RegistryPlace::parse(&registry).is_none() {
            from.complain(&place, format!("`{KEY}[].registry` has to be a host such as registry.example"));
            continue;
        }
        if user.contains(':') {
            from.complain(&place, format!("`{KEY}[].user` must not have a colon"));
            continue;
        }
        logins.push(Login { registry, user, password });
    }
    logins
}

fn indexes(from: &mut Reader<'_>) -> Vec<Index> {
    const KEY: &str = "indexes";
    let mut indexes: Vec<Index> = Vec::new();
    let rows: Vec<Row> = from.tables(KEY, &["name", "url", "key"], &[]);
    for (row, place) in rows {
        let index = Index { name: field(&row, "name"), url: field(&row, "url"), key: field(&row, "key") };
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let why = if index.name.is_empty() || index.name.len() > 40 || !index.name.bytes().all(letter) {
            Some("`name` has to be made of a-z, 0-9 and hyphens")
        } else if indexes.iter().any(|other| other.name == index.name) {
            Some("its `name` stands there twice")
        } else if Url::parse(&index.url).map_or(true, |url| url.scheme() != "https") {
            Some("`url` has to begin with https://")
        } else if PublicKey::from_text(&index.key).is_err() {
            Some("`key` has to be the public key that signs the index, as `patchbay index sign` shows it")
        } else {
            None
        };
        match why {
            Some(why) => from.complain(&place, format!("this entry of `{KEY}` is wrong: {why}")),
            None => indexes.push(index),
        }
    }
    indexes
}

fn field(row: &BTreeMap<String, String>, name: &str) -> String {
    row.get(name).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{super::Config, *};

    fn read(text: &str) -> Result<Sources, Vec<String>> {
        let config = Config::read(Some(text), Path::new("/etc/patchbay"), &BTreeMap::new());
        config.map(|config| config.sources).map_err(|all| all.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn nothing_may_be_fetched_unless_it_is_written() {
        let sources = read("").expect("a configuration");
        assert!(sources.allowed.is_empty() && sources.indexes.is_empty());
        assert_eq!(sources.update_age, Duration::from_secs(86_400));
    }

    #[test]
    fn places_and_logins_are_read() {
        let text = "[registries]\nallowed = [\"ghcr.io/acme\"]\nalso = [\"files.example:8443\"]\nplain_http = [\"localhost:5000\"]\n\
            [[registries.login]]\nregistry = \"ghcr.io\"\nuser = \"bot\"\npassword_file = \"token\"\n\
            [updates]\nage_hours = 0";
        let sources = read(text).expect("a configuration");
        let (registry, user) = ("ghcr.io".to_owned(), "bot".to_owned());
        assert_eq!(sources.logins, [Login { registry, user, password: Password::File("/etc/patchbay/token".into()) }]);
        assert_eq!((sources.also.len(), sources.plain_http.len(), sources.update_age), (1, 1, Duration::ZERO));
        assert!(sources.registries().expect_err("no such file").contains("/etc/patchbay/token"));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_its_place() {
        for (text, why) in [
            ("[registries]\nallowed = [\"https://ghcr.io\"]", "is none"),
            ("[registries]\nalso = [\"ghcr.io/acme\"]", "is none"),
            ("[registries]\nplain_http = [\"registry.example\"]", "localhost:PORT only"),
            ("[[registries.login]]\nregistry = \"ghcr.io\"\nuser = \"a\"", "password_file"),
            ("[[registries.login]]\nregistry = \"ghcr.io\"\nuser = \"a\"\npassword = \"b\"", "password"),
            ("[[indexes]]\nname = \"a\"\nurl = \"http://x.example\"\nkey = \"x\"", "https://"),
            ("[[indexes]]\nname = \"a\"\nurl = \"https://x.example\"\nkey = \"x\"", "`key`"),
            ("[[indexes]]\nname = \"A\"\nurl = \"https://x.example\"\nkey = \"x\"", "`name`"),
            ("[[indexes]]\nname = \"a\"", "needs `url`"),
        ] {
            let told = read(text).expect_err(text);
            assert!(told.iter().any(|line| line.contains(why)), "{text}: {told:?}");
        }
    }
}
