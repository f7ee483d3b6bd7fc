//! `/workdrive/api/v1/…`: who it is, folders and their lists, uploads and links.
//!
//! A folder that is not there, or is hidden, is a **401 R008**, which no fresh token helps against; the twentieth list of one
//! folder in a minute is a 429 that asks for two minutes.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::{
    PLACES, Zoho, crm,
    drive::{Drive, Link, MEMBER, Node, OWN, PERSON, TEAM},
    refusal, seconds, writes,
};
use crate::{
    exchange::{Answer, Incoming},
    journal::Created,
    lock, strict,
};

const MEDIA: &str = "application/vnd.api+json";

/// Answers a call of WorkDrive.
pub(super) fn answer(zoho: &Zoho, request: &Incoming, place: &str, rest: &[&str]) -> Result<Answer, Answer> {
    strict::headers(request, &["transfer-encoding"]).map_err(refusal)?;
    if request.header("accept") != Some(MEDIA) {
        return Err(refusal(format!("accept must be {MEDIA}")));
    }
    let caller = crm::caller(zoho, request, place).map_err(|name| {
        problem(401, "F7003", "Invalid OAuth token").with("www-authenticate", "error=\"expired_token\"").to(name)
    })?;
    let needed = match (request.method.as_str(), rest) {
        ("POST", ["links"]) => "WorkDrive.links.CREATE",
        (_, ["files", _, "links"]) => "WorkDrive.links.READ",
        (_, ["links", _]) => "WorkDrive.links.DELETE",
        (_, ["teams", _, "workspaces"]) => "WorkDrive.workspace.READ",
        (_, ["users" | "teams", ..]) => "WorkDrive.team.READ",
        ("POST", _) => "WorkDrive.files.CREATE",
        _ => "WorkDrive.files.READ",
    };
    let known = |answer: Answer| answer.to(Some(caller.name.clone()));
    if !caller.may(needed) {
        return Err(known(problem(401, "F7003", "INVALID_OAUTHSCOPE")));
    }
    let api = PLACES.iter().find(|(id, ..)| *id == place).map(|(.., api)| *api).unwrap_or_default();
    route(zoho, request, api, rest).map(known).map_err(known)
}

fn route(zoho: &Zoho, request: &Incoming, api: &str, rest: &[&str]) -> Result<Answer, Answer> {
    let mut drive = lock(&zoho.drive);
    let now = seconds(zoho.clock.now());
    match (request.method.as_str(), rest) {
        ("GET", ["users", "me"]) => {
            nothing_more(request)?;
            let edition = if drive.personal { "PERSONAL" } else { "TEAM" };
            let attributes = json!({ "email_id": "an@vermeulen.example", "edition": edition });
            Ok(ok(200, &json!({ "data": { "id": PERSON, "type": "users", "attributes": attributes } })))
        }
        ("GET", ["users", PERSON, "teams"]) if !drive.personal => {
            nothing_more(request)?;
            let team = json!({ "id": TEAM, "type": "teams", "attributes": { "name": "Vermeulen Advies" } });
            Ok(ok(200, &json!({ "data": [team] })))
        }
        ("GET", ["users", PERSON, "teams"]) => Ok(ok(200, &json!({ "data": [] }))),
        ("GET", ["teams", TEAM, "currentuser"]) => {
            nothing_more(request)?;
            Ok(ok(200, &json!({ "data": { "id": MEMBER, "type": "users", "attributes": {} } })))
        }
        ("GET", ["users", who @ (MEMBER | PERSON), "privatespace"]) if drive.personal == (*who == PERSON) => {
            nothing_more(request)?;
            let space = json!({ "id": OWN, "type": "privatespace", "attributes": { "name": "My Folders" } });
            Ok(ok(200, &json!({ "data": [space] })))
        }
        ("GET", ["teams", TEAM, "workspaces"]) => {
            nothing_more(request)?;
            let shown: Vec<Value> = drive.inside(TEAM).into_iter().map(workspace).collect();
            Ok(ok(200, &json!({ "data": shown })))
        }
        ("GET", ["files", id]) => {
            nothing_more(request)?;
            Ok(ok(200, &json!({ "data": node(&drive, id)?.json(api) })))
        }
        ("GET", ["files", id, "files"]) => list(&mut drive, request, api, id, now),
        ("GET", ["files", id, "links"]) => {
            nothing_more(request)?;
            node(&drive, id)?;
            let shown: Vec<Value> = drive.links.iter().filter(|link| link.resource == *id).map(link_json).collect();
            Ok(ok(200, &json!({ "data": shown })))
        }
        ("POST", ["files"]) => make_folder(&mut drive, request, api, now),
        ("POST", ["upload"]) => upload(&mut drive, request, api, now),
        ("POST", ["links"]) => make_link(&mut drive, request),
        ("DELETE", ["links", id]) => {
            let before = drive.links.len();
            drive.links.retain(|link| link.id != *id);
            if drive.links.len() == before { Err(hidden()) } else { Ok(Answer { status: 204, ..Answer::default() }) }
        }
        ("GET", ["users" | "teams", ..]) => Err(hidden()),
        _ => Err(problem(404, "F6016", "URL Rule is not configured").refused("the fake does not know this path")),
    }
}

/// Largest page of a list, and the default.
fn list(drive: &mut Drive, request: &Incoming, api: &str, id: &str, now: i64) -> Result<Answer, Answer> {
    strict::params("query parameter", &request.query, &["page[limit]", "page[next]"]).map_err(refusal)?;
    node(drive, id)?;
    if !drive.may_list(id, now) {
        return Err(problem(429, "F7008", "Request rate limit exceeded").with("retry-after", "119"));
    }
    let size = strict::number(request, "page[limit]", 1, 1_000, 50).map_err(refusal)?;
    let from = strict::number(request, "page[next]", 0, usize::MAX / 2, 0).map_err(refusal)?;
    let all = drive.inside(id);
    let shown: Vec<Value> = all.iter().skip(from).take(size).map(|node| node.json(api)).collect();
    let has_next = all.len() > from + shown.len();
    let end = api.trim_start_matches("www.zohoapis");
    let next = format!("https://workdrive.zoho{end}/api/v1/files/{id}/files?page%5Bnext%5D={}", from + shown.len());
    let cursor = json!({ "has_next": has_next, "next": if has_next { json!(next) } else { Value::Null } });
    Ok(ok(200, &json!({ "data": shown, "links": { "cursor": cursor } })))
}

fn make_folder(drive: &mut Drive, request: &Incoming, api: &str, now: i64) -> Result<Answer, Answer> {
    let attributes = sent(request, "files", &["name", "parent_id"])?;
    let text = |name: &str| attributes.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (name, parent) = (text("name"), text("parent_id"));
    node(drive, &parent)?;
    if name.is_empty() {
        return Err(problem(500, "F000", "LESS_THAN_MIN_OCCURANCE"));
    }
    let id = drive.next_id();
    let (size, sha256) = (0, String::new());
    let made = Node { id: id.clone(), name, parent, folder: true, size, sha256, versions: 1, changed: now };
    let answer = ok(201, &json!({ "data": made.json(api) }));
    let created = created("folder", &made);
    drive.nodes.insert(id, made);
    Ok(answer.after(created))
}

/// `filename` is encoded twice in effect; the same name is a new version or another file, as asked.
fn upload(drive: &mut Drive, request: &Incoming, api: &str, now: i64) -> Result<Answer, Answer> {
    let names = ["filename", "parent_id", "override-name-exist"];
    strict::params("query parameter", &request.query, &names).map_err(refusal)?;
    let part = writes::file(request, "content")?;
    let encoded = request.param("filename").unwrap_or_default();
    if encoded.contains(' ') || !encoded.is_ascii() {
        return Err(refusal("filename must be url-encoded, and as a value once more".to_owned()));
    }
    let name = percent_decode_str(encoded).decode_utf8_lossy().into_owned();
    let parent = request.param("parent_id").unwrap_or_default().to_owned();
    let replace = strict::choice(request, "override-name-exist", &["false", "true"]).map_err(refusal)? == "true";
    if !node(drive, &parent)?.folder || parent == TEAM {
        return Err(hidden());
    }
    if name.trim().is_empty() || part.size == 0 {
        return Err(problem(500, "F000", "LESS_THAN_MIN_OCCURANCE"));
    }
    let same =
        drive.inside(&parent).into_iter().find(|node| node.name == name && !node.folder).map(|one| one.id.clone());
    let versions = same.as_ref().and_then(|id| drive.nodes.get(id)).map_or(0, |node| node.versions);
    let (id, name, versions) = match same {
        Some(id) if replace => (id, name, versions + 1),
        Some(_) => (drive.next_id(), format!("{now}_{name}"), 1),
        None => (drive.next_id(), name, 1),
    };
    let (size, sha256) = (part.size, part.sha256.clone());
    let made = Node { id: id.clone(), name, parent, folder: false, size, sha256, versions, changed: now };
    let info = json!({ "RESOURCE_ID": id, "PARENT_ID": made.parent, "MD5_CHECKSUM": "", "OPERATION": "UPLOAD" });
    let attributes = json!({
        "Permalink": made.permalink(api), "parent_id": made.parent, "FileName": made.name, "resource_id": id,
        "File INFO": info.to_string(),
    });
    let created = created("file", &made);
    drive.nodes.insert(id, made);
    Ok(ok(200, &json!({ "data": [{ "attributes": attributes, "type": "files" }] })).after(created))
}

fn make_link(drive: &mut Drive, request: &Incoming) -> Result<Answer, Answer> {
    let known = [
        "resource_id",
        "link_name",
        "request_user_data",
        "allow_download",
        "role_id",
        "expiration_date",
        "password_text",
    ];
    let attributes = sent(request, "links", &known)?;
    let text = |name: &str| attributes.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let resource = text("resource_id");
    let of = node(drive, &resource)?;
    let role = text("role_id");
    if text("link_name").is_empty() || role != if of.folder { "6" } else { "34" } {
        return Err(problem(422, "F6004", "the link cannot be made so"));
    }
    let id = drive.next_id();
    let download = attributes.get("allow_download") == Some(&json!(true));
    let link = Link { id: id.clone(), resource: resource.clone(), name: text("link_name"), role, download };
    let content = Value::Object(attributes);
    let made = Created { kind: "link".to_owned(), id, parent: resource, content };
    let answer = ok(201, &json!({ "data": link_json(&link) })).after(made);
    drive.links.push(link);
    Ok(answer)
}

/// The attributes of a JSON:API body of this type.
fn sent(request: &Incoming, kind: &str, names: &[&str]) -> Result<Map<String, Value>, Answer> {
    strict::no_query(request).map_err(refusal)?;
    let body = strict::object(request, &["data"]).map_err(refusal)?;
    let data = body.get("data").and_then(Value::as_object);
    let data = data.ok_or_else(|| refusal("data must be an object".to_owned()))?;
    let attributes = data.get("attributes").and_then(Value::as_object);
    let (2, Some("files" | "links"), Some(attributes)) =
        (data.len(), data.get("type").and_then(Value::as_str), attributes)
    else {
        return Err(refusal("data must have attributes and a type, and nothing else".to_owned()));
    };
    if data.get("type") != Some(&json!(kind)) {
        return Err(refusal(format!("the type must be {kind:?}")));
    }
    match attributes.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(refusal(format!("attribute {name:?} is not in the sheet; known: {names:?}"))),
        None => Ok(attributes.clone()),
    }
}

fn node<'a>(drive: &'a Drive, id: &str) -> Result<&'a Node, Answer> {
    // The second team folder is not this person's.
    drive.nodes.get(id).filter(|node| node.name != "Directie").ok_or_else(hidden)
}

/// A folder that is not there, or that this person does not see.
fn hidden() -> Answer {
    problem(401, "R008", "Unauthorized access")
}

fn nothing_more(request: &Incoming) -> Result<(), Answer> {
    strict::no_body(request).map_err(refusal)?;
    strict::no_query(request).map_err(refusal)
}

fn created(kind: &str, node: &Node) -> Created {
    let content = json!({ "name": node.name, "size": node.size, "sha256": node.sha256, "version": node.versions });
    Created { kind: kind.to_owned(), id: node.id.clone(), parent: node.parent.clone(), content }
}

fn workspace(node: &Node) -> Value {
    let attributes = json!({ "name": node.name, "is_partof": node.name != "Directie" });
    json!({ "id": node.id, "type": "workspaces", "attributes": attributes })
}

fn link_json(link: &Link) -> Value {
    let address = format!("https://workdrive.zohoexternal.eu/external/{}", link.id);
    json!({ "id": link.id, "type": "links", "attributes": { "link": address, "link_name": link.name,
        "allow_download": link.download, "resource_id": link.resource, "role_id": link.role } })
}

fn ok(status: u16, body: &Value) -> Answer {
    let mut answer = Answer::json(status, body);
    answer.headers = vec![("content-type".to_owned(), format!("{MEDIA};charset=UTF-8"))];
    answer
}

/// The body that WorkDrive has for an error.
fn problem(status: u16, id: &str, title: &str) -> Answer {
    Answer { status, ..ok(status, &json!({ "errors": [{ "id": id, "title": title }] })) }
}
