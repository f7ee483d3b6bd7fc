//! Repositories, issues and comments: made from the seed, changed by writes and by `touch`.

use std::collections::BTreeSet;

use super::Touched;
use crate::{GithubConfig, seed};

/// 2025-06-01T00:00:00Z; all seeded records lie in the 500 days after it.
pub(crate) const FIRST_SECOND: i64 = 1_748_736_000;
const SPAN_SECONDS: i64 = 500 * 86_400;

const REPOSITORY_NAMES: [&str; 6] = ["app", "docs", "infra", "site", "tools", "archief"];
pub(crate) const LOGINS: [&str; 5] = ["els", "jan-de-smet", "sofie", "m-peeters", "bot-van-dienst[bot]"];
pub(crate) const LABELS: [(&str, &str); 4] =
    [("bug", "d73a4a"), ("vraag", "cc317c"), ("documentatie", "0075ca"), ("dringend: nu!", "b60205")];

/// Everything that can be read.
#[derive(Debug, Default)]
pub(crate) struct Data {
    pub(crate) repositories: Vec<Repository>,
    pub(crate) issues: Vec<Issue>,
    pub(crate) comments: Vec<Comment>,
    revoked: BTreeSet<String>,
}

/// A repository.
#[derive(Debug)]
pub(crate) struct Repository {
    pub(crate) id: u64,
    pub(crate) owner: &'static str,
    pub(crate) name: String,
    /// Private, and seen by `stranger` only.
    pub(crate) foreign: bool,
    pub(crate) updated: i64,
}

/// An issue or a pull request.
#[derive(Debug)]
pub(crate) struct Issue {
    pub(crate) id: u64,
    /// Id of its repository.
    pub(crate) repository: u64,
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) body: Option<String>,
    pub(crate) open: bool,
    pub(crate) login: String,
    pub(crate) labels: Vec<String>,
    pub(crate) assignees: Vec<String>,
    pub(crate) comments: u64,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) closed: Option<i64>,
    pub(crate) pull_request: bool,
}

/// A comment on an issue.
#[derive(Debug)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) repository: u64,
    pub(crate) number: u64,
    pub(crate) login: String,
    pub(crate) body: String,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

impl Data {
    /// The data of a seed: two issues to three comments, every twelfth issue a pull request, and groups
    /// of records with the same `updated_at`, which fall over the edges of pages.
    pub(crate) fn seeded(seed: u64, config: &GithubConfig) -> Self {
        let mut data = Self { revoked: BTreeSet::from(["revoked".to_owned()]), ..Self::default() };
        for at in 0..config.repositories.max(1) {
            let base = seed::pick(&REPOSITORY_NAMES, at);
            let round = at / REPOSITORY_NAMES.len();
            let name = if round == 0 { base.to_owned() } else { format!("{base}-{round}") };
            let id = 1_300_000 + index(at);
            data.repositories.push(Repository { id, owner: "voorbeeld", name, foreign: false, updated: FIRST_SECOND });
        }
        let step = SPAN_SECONDS / i64::try_from(config.records.max(1)).unwrap_or(i64::MAX);
        let places: Vec<u64> = data.repositories.iter().map(|repository| repository.id).collect();
        let issues = config.records * 2 / 5;
        for at in 0..issues {
            let repository = places.get(at % places.len().max(1)).copied().unwrap_or_default();
            let updated = FIRST_SECOND + i64::try_from(at - at % 3).unwrap_or_default() * step * 5 / 2;
            data.push_issue(seed, at, repository, updated);
        }
        for at in 0..config.records - issues {
            let Some(issue) = data.issues.get(at % issues.max(1)) else { break };
            let updated = FIRST_SECOND + i64::try_from(at - at % 4).unwrap_or_default() * step * 5 / 3;
            let label = format!("comment/{at}");
            let dice = usize::try_from(seed::number(seed, &label) % 1_000).unwrap_or_default();
            let comment = Comment {
                id: 5_000_000 + index(at),
                repository: issue.repository,
                number: issue.number,
                login: seed::pick(&LOGINS, dice).to_owned(),
                body: seed::text(seed, &label, 300 + dice % 200),
                created: updated,
                updated,
            };
            data.comments.push(comment);
        }
        let id = 1_900_000;
        let (owner, name) = ("ander", "geheim".to_owned());
        data.repositories.push(Repository { id, owner, name, foreign: true, updated: FIRST_SECOND });
        data.push_issue(seed, 900_000, id, FIRST_SECOND);
        data
    }

    fn push_issue(&mut self, seed: u64, at: usize, repository: u64, updated: i64) {
        let label = format!("issue/{at}");
        let dice = usize::try_from(seed::number(seed, &label) % 1_000).unwrap_or_default();
        let title: String = seed::text(seed, &format!("{label}/title"), 40).chars().take(70).collect();
        let open = dice % 3 != 0;
        let mut labels = Vec::new();
        if let (0..=3, Some((name, _))) = (dice % 8, LABELS.get(dice % 8)) {
            labels.push((*name).to_owned());
        }
        let issue = Issue {
            id: 1_000_000 + index(at),
            repository,
            number: self.next_number(repository),
            title: title.replace(['\r', '\n'], " "),
            body: (dice % 17 != 0).then(|| seed::text(seed, &label, 300 + dice % 300)),
            open,
            login: seed::pick(&LOGINS, dice).to_owned(),
            labels,
            assignees: if dice % 4 == 0 { vec!["els".to_owned()] } else { Vec::new() },
            comments: 0,
            created: updated - 3_600,
            updated,
            closed: (!open).then_some(updated),
            pull_request: at % 12 == 11,
        };
        self.issues.push(issue);
    }

    /// The repository of this name, when the caller may see it.
    pub(crate) fn repository(&self, stranger: bool, owner: &str, name: &str) -> Option<&Repository> {
        let visible = self.repositories.iter().filter(|repository| repository.foreign == stranger);
        visible.into_iter().find(|repository| repository.owner == owner && repository.name == name)
    }

    /// The next free number of a repository.
    pub(crate) fn next_number(&self, repository: u64) -> u64 {
        1 + index(self.issues.iter().filter(|issue| issue.repository == repository).count())
    }

    /// The next free id of issues and comments that are made later.
    pub(crate) fn next_id(&self) -> u64 {
        let issues = self.issues.iter().map(|issue| issue.id).filter(|id| *id >= 9_000_000);
        issues
            .chain(self.comments.iter().map(|comment| comment.id))
            .filter(|id| *id >= 9_000_000)
            .max()
            .map_or(9_000_000, |id| id + 1)
    }

    pub(crate) fn is_revoked(&self, token: &str) -> bool {
        self.revoked.contains(token)
    }

    pub(crate) fn set_revoked(&mut self, token: &str, revoked: bool) {
        if revoked {
            self.revoked.insert(token.to_owned());
        } else {
            self.revoked.remove(token);
        }
    }

    /// See [`Github::touch`](super::Github::touch).
    pub(crate) fn touch(
        &mut self,
        repository: Option<&str>,
        change: usize,
        create: usize,
        comments: usize,
        now: i64,
    ) -> Touched {
        let mut touched = Touched::default();
        let named = |candidate: &&Repository| repository.is_none_or(|name| candidate.full_name() == name);
        let Some(id) = self.repositories.iter().find(named).map(|repository| repository.id) else { return touched };
        let mut oldest: Vec<&mut Issue> = self.issues.iter_mut().filter(|issue| issue.repository == id).collect();
        oldest.sort_by_key(|issue| (issue.updated, issue.id));
        for issue in oldest.into_iter().take(change) {
            issue.title.push_str(" (bijgewerkt)");
            issue.updated = now;
            touched.changed.push(issue.id);
        }
        for _ in 0..create {
            let (fresh, number) = (self.next_id(), self.next_number(id));
            self.issues.push(Issue::fresh(fresh, id, number, format!("Nieuw punt {fresh}"), now));
            touched.created.push(fresh);
        }
        for _ in 0..comments {
            let fresh = self.next_id();
            let body = format!("Nieuwe opmerking {fresh}");
            let (login, number) = ("sofie".to_owned(), 1);
            self.comments.push(Comment { id: fresh, repository: id, number, login, body, created: now, updated: now });
            touched.comments.push(fresh);
        }
        touched
    }
}

impl Issue {
    /// An open issue of `els` without anything else.
    pub(crate) fn fresh(id: u64, repository: u64, number: u64, title: String, now: i64) -> Self {
        Self {
            id,
            repository,
            number,
            title,
            body: None,
            open: true,
            login: "els".to_owned(),
            labels: Vec::new(),
            assignees: Vec::new(),
            comments: 0,
            created: now,
            updated: now,
            closed: None,
            pull_request: false,
        }
    }
}

impl Repository {
    /// `owner/name`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

/// A place as a number of the provider.
pub(crate) fn index(at: usize) -> u64 {
    u64::try_from(at).unwrap_or(u64::MAX)
}
