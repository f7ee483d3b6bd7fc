//! The directory of the company: users, groups, who belongs to them, and the apps that people let in.

use serde_json::{Value, json};

use super::{GoogleWorkspace, calendars::ADMIN, lists, problem, refusal, served, tokens::Caller};
use crate::{
    exchange::{Answer, Incoming},
    lock, strict,
};

const USER: &str = "https://www.googleapis.com/auth/admin.directory.user.readonly";
const GROUP: &str = "https://www.googleapis.com/auth/admin.directory.group.readonly";
const MEMBER: &str = "https://www.googleapis.com/auth/admin.directory.group.member.readonly";
const SECURITY: &str = "https://www.googleapis.com/auth/admin.directory.user.security";

/// What is there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Directory {
    pub(super) users: Vec<Value>,
    /// Users that were deleted less than twenty days ago.
    pub(super) deleted: Vec<Value>,
    pub(super) groups: Vec<Value>,
    /// Group and member.
    pub(super) members: Vec<(String, Value)>,
    /// User and token.
    pub(super) tokens: Vec<(Value, Value)>,
    /// How many came since the start.
    pub(super) hired: usize,
    /// Whether `an` still administers it.
    pub(super) without_admin: bool,
}

impl Directory {
    /// Puts a user into a group.
    pub(super) fn join(&mut self, group: &str, user: usize) {
        let member = json!({ "kind": "admin#directory#member", "id": user_id(user), "email": email(user),
            "role": if user == 0 { "OWNER" } else { "MEMBER" }, "type": "USER", "status": "ACTIVE" });
        self.members.push((group.to_owned(), member));
    }

    /// All rows of a kind; children name their parents.
    pub(super) fn records(&self, kind: &str) -> Option<Vec<Value>> {
        Some(match kind {
            "user" => self.users.iter().chain(&self.deleted).cloned().collect(),
            "group" => self.groups.clone(),
            "member" => {
                let of = |(group, member): &(String, Value)| {
                    let mut member = member.clone();
                    member["group_id"] = json!(group);
                    member
                };
                self.members.iter().map(of).collect()
            }
            "token" => self.tokens.iter().map(|(_, token)| token.clone()).collect(),
            _ => return None,
        })
    }
}

pub(super) fn user_id(at: usize) -> String {
    (118_000 + at).to_string()
}

pub(super) fn email(at: usize) -> String {
    format!("p{at:02}@voorbeeld.example")
}

pub(super) fn user(at: usize, now: &str) -> Value {
    json!({ "kind": "admin#directory#user", "id": user_id(at), "primaryEmail": email(at), "etag": format!("\"u{at}\""),
        "name": { "givenName": format!("Persoon {at}"), "familyName": "Claes", "fullName": format!("Persoon {at} Claes") },
        "isAdmin": false, "isDelegatedAdmin": false, "suspended": false, "archived": false, "orgUnitPath": "/",
        "creationTime": now, "lastLoginTime": "1970-01-01T00:00:00.000Z", "customerId": "C03az79cb",
        "isEnrolledIn2Sv": at.is_multiple_of(2), "aliases": [] })
}

pub(super) fn group(at: usize) -> Value {
    json!({ "kind": "admin#directory#group", "id": format!("group{at:04}"), "email": format!("groep{at}@voorbeeld.example"),
        "name": format!("Groep {at}"), "description": "", "adminCreated": true })
}

pub(super) fn token(user: usize, client: usize) -> Value {
    json!({ "kind": "admin#directory#token", "clientId": format!("88{client}.apps.example"), "displayText": format!("App {client}"),
        "scopes": ["https://www.googleapis.com/auth/drive"], "anonymous": false, "nativeApp": false, "userKey": user_id(user) })
}

/// `/admin/directory/v1/…`.
pub(super) fn answer(
    google: &GoogleWorkspace,
    request: &Incoming,
    caller: &Caller,
    path: &[String],
) -> Result<Answer, Answer> {
    if request.method != "GET" {
        return Err(refusal("the directory is only read"));
    }
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let scope = match path.as_slice() {
        ["users"] => USER,
        ["groups"] => GROUP,
        ["groups", _, "members"] => MEMBER,
        ["users", _, "tokens"] => SECURITY,
        _ => return Err(refusal(&format!("the fake does not know {:?}", request.path))),
    };
    caller.may(&[scope])?;
    let directory = lock(&google.directory);
    if caller.who != ADMIN || directory.without_admin {
        return Err(problem(403, "forbidden", "Not Authorized to access this resource/api"));
    }
    let most = lock(&google.calendars).most;
    let page = |kind: &str, member: &str, key: &str, (default, ceiling): (usize, usize), rows: &[Value]| {
        let page = lists::page(request, rows, (default, ceiling), most)?;
        let mut body = json!({ "kind": format!("admin#directory#{member}"), "etag": "\"d\"" });
        // A list without rows has no member for them.
        if !page.rows.is_empty() {
            body[member] = Value::from(page.rows.clone());
        }
        if let Some(next) = page.next {
            body["nextPageToken"] = json!(next);
        }
        let id = |row: &Value| row[key].as_str().unwrap_or_default().to_owned();
        Ok::<Answer, Answer>(
            Answer::json(200, &body).serving(page.rows.iter().map(|row| served(kind, &id(row), row)).collect()),
        )
    };
    let known = |names: &[&str]| strict::params("query parameter", &request.query, names).map_err(|why| refusal(&why));
    let mine = || match request.param("customer") {
        Some("my_customer") => Ok(()),
        other => Err(refusal(&format!("customer must be my_customer, not {other:?}"))),
    };
    match path.as_slice() {
        ["users"] => {
            known(&["customer", "maxResults", "pageToken", "projection", "orderBy", "showDeleted"])?;
            mine()?;
            strict::choice(request, "projection", &["basic", "full"]).map_err(|why| refusal(&why))?;
            strict::choice(request, "orderBy", &["email", "familyName", "givenName"]).map_err(|why| refusal(&why))?;
            let deleted = strict::choice(request, "showDeleted", &["false", "true"]).map_err(|why| refusal(&why))?;
            page(
                "user",
                "users",
                "id",
                (100, 500),
                if deleted == "true" { &directory.deleted } else { &directory.users },
            )
        }
        ["groups"] => {
            known(&["customer", "maxResults", "pageToken"])?;
            mine()?;
            page("group", "groups", "id", (200, 200), &directory.groups)
        }
        ["groups", group, _] => {
            known(&["maxResults", "pageToken"])?;
            if !directory.groups.iter().any(|there| there["id"] == **group) {
                return Err(problem(404, "notFound", "Resource Not Found: groupKey"));
            }
            let of = directory.members.iter().filter(|(of, _)| of == group).map(|(_, member)| member.clone());
            page("member", "members", "id", (200, 200), &of.collect::<Vec<_>>())
        }
        [_, user, ..] => {
            known(&[])?;
            if !directory.users.iter().any(|there| there["id"] == **user) {
                return Err(problem(404, "notFound", "Resource Not Found: userKey"));
            }
            let of = directory.tokens.iter().filter(|(of, _)| *of == **user).map(|(_, token)| token.clone());
            let rows: Vec<Value> = of.collect();
            let mut body = json!({ "kind": "admin#directory#tokenList", "etag": "\"t\"" });
            if !rows.is_empty() {
                body["items"] = Value::from(rows.clone());
            }
            let id = |row: &Value| row["clientId"].as_str().unwrap_or_default().to_owned();
            Ok(Answer::json(200, &body).serving(rows.iter().map(|row| served("token", &id(row), row)).collect()))
        }
        _ => Err(refusal("no such path")),
    }
}
