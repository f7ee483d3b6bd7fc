//! Records as GitHub writes them.

use serde_json::{Value, json};

use super::{
    data::{Comment, Data, FIRST_SECOND, Issue, LABELS, LOGINS, Repository, index},
    time,
};

impl Data {
    pub(crate) fn issue_json(&self, issue: &Issue) -> Option<Value> {
        let repository = self.repositories.iter().find(|repository| repository.id == issue.repository)?;
        let full_name = repository.full_name();
        let kind = if issue.pull_request { "pull" } else { "issues" };
        let html_url = format!("https://github.com/{full_name}/{kind}/{}", issue.number);
        let mut json = json!({
            "id": issue.id,
            "node_id": format!("I_kw{}", issue.id),
            "number": issue.number,
            "title": issue.title,
            "body": issue.body,
            "state": if issue.open { "open" } else { "closed" },
            "state_reason": if issue.open { Value::Null } else { json!("completed") },
            "user": user(&issue.login),
            "labels": issue.labels.iter().map(|name| label(name)).collect::<Vec<_>>(),
            "assignees": issue.assignees.iter().map(|login| user(login)).collect::<Vec<_>>(),
            "milestone": null,
            "comments": issue.comments,
            "locked": false,
            "created_at": time(issue.created),
            "updated_at": time(issue.updated),
            "closed_at": issue.closed.map(time),
            "html_url": html_url,
            "repository_url": format!("https://api.github.com/repos/{full_name}"),
            "author_association": "MEMBER",
        });
        if let (true, Some(object)) = (issue.pull_request, json.as_object_mut()) {
            object.insert("pull_request".to_owned(), json!({ "html_url": html_url }));
        }
        Some(json)
    }

    pub(crate) fn comment_json(&self, comment: &Comment) -> Option<Value> {
        let repository = self.repositories.iter().find(|repository| repository.id == comment.repository)?;
        let (full_name, number) = (repository.full_name(), comment.number);
        Some(json!({
            "id": comment.id,
            "node_id": format!("IC_kw{}", comment.id),
            "body": comment.body,
            "user": user(&comment.login),
            "created_at": time(comment.created),
            "updated_at": time(comment.updated),
            "html_url": format!("https://github.com/{full_name}/issues/{number}#issuecomment-{}", comment.id),
            "issue_url": format!("https://api.github.com/repos/{full_name}/issues/{number}"),
            "author_association": "MEMBER",
        }))
    }
}

impl Repository {
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "node_id": format!("R_kg{}", self.id),
            "name": self.name,
            "full_name": self.full_name(),
            "private": self.foreign,
            "owner": { "login": self.owner, "id": 70, "type": "Organization" },
            "html_url": format!("https://github.com/{}", self.full_name()),
            "description": null,
            "fork": false,
            "archived": false,
            "has_issues": true,
            "default_branch": "main",
            "created_at": time(FIRST_SECOND),
            "updated_at": time(self.updated),
        })
    }
}

fn user(login: &str) -> Value {
    let id = 77 + index(LOGINS.iter().position(|known| *known == login).unwrap_or(LOGINS.len()));
    json!({ "login": login, "id": id, "type": if login.ends_with("[bot]") { "Bot" } else { "User" } })
}

fn label(name: &str) -> Value {
    let at = LABELS.iter().position(|(known, _)| *known == name);
    let color = at.and_then(|at| LABELS.get(at)).map_or("ededed", |(_, color)| color);
    json!({ "id": 5 + index(at.unwrap_or(LABELS.len())), "name": name, "color": color })
}
