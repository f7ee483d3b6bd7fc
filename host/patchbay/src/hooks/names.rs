//! What a test says of names, instead of the system's resolver: so one can be a name server that lies.

use std::{
    collections::BTreeMap,
    io,
    net::IpAddr,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use patchbay_egress::{Resolve, SystemResolver};

/// Answers from a file that is read at each look; a test replaces it by renaming.
///
/// A line is a name and what it leads to: `turns.example 10.0.0.8 ::1`. Of several lines of a name each look takes the next, and
/// after the last the first again; a file that says something else begins anew. A name without a line is asked of the system.
pub(super) struct ToldNames {
    path: PathBuf,
    looks: Mutex<Looks>,
}

/// How often each name was looked up while the file said this.
#[derive(Default)]
struct Looks {
    told: String,
    of: BTreeMap<String, usize>,
}

impl ToldNames {
    pub(super) fn of(path: PathBuf) -> Self {
        Self { path, looks: Mutex::default() }
    }

    /// How often this name was looked up before.
    fn look(&self, host: &str, told: &str) -> usize {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        if looks.told != told {
            *looks = Looks { told: told.to_owned(), of: BTreeMap::new() };
        }
        let looked = looks.of.entry(host.to_owned()).or_default();
        *looked += 1;
        *looked - 1
    }
}

#[async_trait]
impl Resolve for ToldNames {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let told = std::fs::read_to_string(&self.path)?;
        let lines = told.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let answers: Vec<Vec<&str>> = lines.filter(|words| words.first() == Some(&host)).collect();
        let Some(turn) = self.look(host, &told).checked_rem(answers.len()) else {
            return SystemResolver.resolve(host).await;
        };
        let words = answers.get(turn).and_then(|words| words.get(1..)).unwrap_or_default();
        words.iter().map(|word| word.parse().map_err(io::Error::other)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_look_takes_the_next_line_of_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("names");
        std::fs::write(&path, "a.example 10.0.0.8 ::1\nb.example 1.1.1.1\na.example 127.0.0.1\nc.example nowhere\n")
            .expect("written");
        let names = ToldNames::of(path);
        let ips = |text: &str| text.split(' ').map(|ip| ip.parse().expect("an address")).collect::<Vec<IpAddr>>();
        for wanted in ["10.0.0.8 ::1", "127.0.0.1", "10.0.0.8 ::1"] {
            assert_eq!(names.resolve("a.example").await.expect("an answer"), ips(wanted));
        }
        std::fs::write(&names.path, std::fs::read_to_string(&names.path).expect("read") + "\n").expect("written");
        assert_eq!(names.resolve("a.example").await.expect("an answer"), ips("10.0.0.8 ::1"), "from the first");
        assert_eq!(names.resolve("b.example").await.expect("an answer"), ips("1.1.1.1"));
        assert!(names.resolve("c.example").await.is_err());
        assert!(!names.resolve("localhost").await.expect("the system's").is_empty());
    }
}
