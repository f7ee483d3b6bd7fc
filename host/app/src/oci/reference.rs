//! `registry.example/acme/books:1.2.0`: which registry, which repository in it, which artifact there.
//!
//! Stricter than most readers: the registry is always said, and so is the version. `books` is no short form of somebody's
//! repository at somebody's registry, and nothing stands for `latest`.

use std::fmt;

use patchbay_model::{Code, Fault};

/// Bytes of a reference.
const LONGEST: usize = 512;
/// Bytes of a tag.
const LONGEST_TAG: usize = 128;

/// An artifact in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Host, and its port where it has one.
    registry: String,
    repository: String,
    tag: Option<String>,
    /// `sha256:…`.
    digest: Option<String>,
}

impl Reference {
    /// Reads one as people write it.
    ///
    /// # Errors
    /// [`Code::ReferenceInvalid`], with what is wrong.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let wrong = |why: &str| {
            let shown: String = text.chars().take(100).filter(|c| !c.is_control()).collect();
            Fault::because(Code::ReferenceInvalid, format!("`{shown}` {why}"))
        };
        if text.len() > LONGEST {
            return Err(wrong("is longer than 512 bytes"));
        }
        let (named, digest) = match text.split_once('@') {
            Some((named, digest)) => (named, Some(digest)),
            None => (text, None),
        };
        let Some((registry, rest)) = named.split_once('/') else {
            return Err(wrong("names no registry: write registry.example/acme/books:1.2.0"));
        };
        let (repository, tag) = match rest.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (rest, None),
        };
        if !is_registry(registry) {
            return Err(wrong("does not begin with a registry: a host name with a dot, or localhost with a port"));
        }
        if repository.is_empty() || !repository.split('/').all(is_component) {
            return Err(wrong("has a repository that is not made of a-z, 0-9 and single . _ - between them"));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(wrong("has a tag that is none: at most 128 letters, digits, _ . -"));
        }
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return Err(wrong("has a digest that is none: sha256: and 64 digits of a-f and 0-9"));
        }
        if tag.is_none() && digest.is_none() {
            return Err(wrong("names neither a tag nor a digest: add :VERSION"));
        }
        Ok(Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }

    /// Host, and its port where it has one.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// What stands between registry and tag.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The digest that it is pinned to.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// What the registry is asked for: the digest, else the tag.
    pub(super) fn wanted(&self) -> &str {
        self.digest.as_deref().or(self.tag.as_deref()).unwrap_or_default()
    }

    /// The tag, where nothing is pinned.
    #[must_use]
    pub fn only_tag(&self) -> Option<&str> {
        self.tag.as_deref().filter(|_| self.digest.is_none())
    }

    /// The same repository, pinned.
    pub(super) fn pinned(&self, digest: &str) -> String {
        format!("{}/{}@{digest}", self.registry, self.repository)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

/// A host name as the gate takes it; what is no name with a dot and has no port is a folder of somebody's.
pub(super) fn is_registry(text: &str) -> bool {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |label: &str| !label.is_empty() && label.len() <= 63 && label.bytes().all(letter);
    let named = host.split('.').all(label) && (host.contains('.') || (host == "localhost" && port.is_some()));
    let digits =
        |port: &str| port.parse::<u16>().is_ok_and(|number| number > 0 && number != 443 && number.to_string() == port);
    named && port.is_none_or(digits)
}

fn is_component(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut before = b'.';
    for byte in text.bytes() {
        let between = matches!(byte, b'.' | b'_' | b'-');
        // `__` and any number of hyphens are the two runs that the specification knows.
        let run = byte == before && matches!(byte, b'_' | b'-');
        if !(plain(byte) || (between && (plain(before) || run))) {
            return false;
        }
        before = byte;
    }
    !text.is_empty() && plain(before)
}

fn is_tag(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let first = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= LONGEST_TAG && text.bytes().next().is_some_and(first) && text.bytes().all(letter)
}

/// The only kind of digest that is taken; others are rare, and each is one more thing to get wrong.
pub(super) fn is_digest(text: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix("sha256:").is_some_and(|rest| rest.len() == 64 && rest.bytes().all(hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    #[test]
    fn what_is_read_is_written_the_same() {
        for text in [
            "registry.example/books:1.2.0".to_owned(),
            "localhost:5000/acme/books:latest".to_owned(),
            format!("ghcr.io/acme/books@{DIGEST}"),
            format!("registry.example:8443/a/b-c/d__e/f.g:V1_0@{DIGEST}"),
        ] {
            assert_eq!(Reference::parse(&text).expect(&text).to_string(), text);
        }
        let both = Reference::parse(&format!("r.example/b:1@{DIGEST}")).expect("a reference");
        assert_eq!((both.wanted(), both.only_tag()), (DIGEST, None));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for text in [
            "",
            "books",
            "books:1",
            "acme/books:1",
            "localhost/books:1",
            "registry.example/books",
            "registry.example/:1",
            "registry.example//books:1",
            "registry.example/books/:1",
            "registry.example/Books:1",
            "Registry.example/books:1",
            "registry.example/../books:1",
            "registry.example/a/.b:1",
            "registry.example/a..b:1",
            "registry.example/books:",
            "registry.example/books:-1",
            "registry.example/books:1:2",
            "registry.example/books:1/2",
            "registry.example/books?x:1",
            "registry.example/bo oks:1",
            "registry.example/books%2f:1",
            "registry.example:0/books:1",
            "registry.example:99999/books:1",
            "registry.example:05/books:1",
            "registry.example:/books:1",
            "registry.example:443/books:1",
            "user@registry.example/books:1",
            "https://registry.example/books:1",
            "registry.example/books@sha256:abc",
            "registry.example/books@md5:9f86d081884c7d659a2feaa0c55ad015",
            "registry..example/books:1",
            ".example/books:1",
            "registry.example/b\u{202e}ooks:1",
            "registry.example/books:1\r\nx",
        ] {
            assert!(Reference::parse(text).is_err(), "{text:?}");
        }
        assert!(Reference::parse(&format!("r.example/{}:1", "a".repeat(LONGEST))).is_err());
    }
}
