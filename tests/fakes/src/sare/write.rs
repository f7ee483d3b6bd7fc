//! What is written: contacts, groups of contacts, mails.

use serde_json::{Map, Value, json};

use super::{
    Mail,
    base::{Base, Contact},
    problem, refusal, said,
};
use crate::{
    exchange::{Answer, Incoming},
    journal::Created,
    strict,
};

const ADD: [&str; 5] =
    ["only_add_to_groups", "update_on_duplicate", "update_status_on_duplicate", "send_confirmation", "emails"];
const CONTACT: [&str; 10] =
    ["email", "gsm", "status", "groups", "name", "interface", "mail_type", "comment", "prop", "prop_cust"];
const MAIL: [&str; 8] = ["email", "subject", "from", "newsletter", "html", "txt", "encoding", "replyto"];

pub(super) fn answer(
    base: &mut Base,
    mails: &mut Vec<Mail>,
    request: &Incoming,
    rest: &[&str],
) -> Result<Answer, Answer> {
    strict::no_query(request).map_err(refusal)?;
    match (request.method.as_str(), rest) {
        ("POST", ["email", "add"]) => add(base, request),
        ("POST", ["group", "add_emails"]) => members(base, request, true),
        ("POST", ["group", "remove_emails"]) => members(base, request, false),
        ("POST", ["send", "mail", "transactional"]) => send(base, mails, request),
        _ => Err(refusal(format!("{} {} is not in the sheet", request.method, request.path))),
    }
}

/// `POST /email/add`, with its three flags.
fn add(base: &mut Base, request: &Incoming) -> Result<Answer, Answer> {
    let body = strict::object(request, &ADD).map_err(refusal)?;
    let flag = |name: &str| body.get(name).and_then(Value::as_bool).unwrap_or_default();
    let rows = body.get("emails").and_then(Value::as_array).filter(|rows| (1..=1_000).contains(&rows.len()));
    let rows = rows.ok_or_else(|| problem(422, "emails"))?;
    let (mut added, mut updated, mut wrong, mut created) = (0, 0, Vec::new(), None);
    for row in rows {
        let row = row.as_object().ok_or_else(|| problem(422, "emails"))?;
        if let Some(name) = row.keys().find(|name| !CONTACT.contains(&name.as_str())) {
            return Err(refusal(format!("field {name:?} of an address is not in the sheet")));
        }
        let email = row.get("email").and_then(Value::as_str).unwrap_or_default();
        if !is_address(email) {
            wrong.push(json!({ "email": email, "why": "Invalid email address" }));
            continue;
        }
        let groups: Vec<u64> =
            row.get("groups").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_u64).collect();
        if let Some(unknown) = groups.iter().find(|id| !base.has_group(**id)) {
            wrong.push(json!({ "email": email, "why": format!("Group {unknown} does not exist") }));
            continue;
        }
        let status = row.get("status").and_then(Value::as_u64).and_then(|status| u8::try_from(status).ok());
        let mut more: Map<String, Value> = row.clone();
        more.retain(|name, _| !["email", "status", "groups"].contains(&name.as_str()));
        match base.contact_mut(email) {
            None => {
                let (email, status) = (email.to_owned(), status.unwrap_or(6));
                base.push_contact(Contact { email, status, groups: groups.into_iter().collect(), more });
                added += 1;
            }
            Some(known) => {
                if !flag("only_add_to_groups") {
                    known.groups.clear();
                }
                known.groups.extend(groups);
                if flag("update_on_duplicate") {
                    known.more.extend(more);
                    updated += 1;
                }
                if let Some(status) = status.filter(|_| flag("update_status_on_duplicate")) {
                    known.status = status;
                }
            }
        }
        created = Some(("contact", email.to_lowercase(), Value::Object(row.clone())));
    }
    Ok(after(said(&json!({ "added": added, "updated": updated, "error": wrong })), created))
}

/// `POST /group/add_emails`, `POST /group/remove_emails`.
fn members(base: &mut Base, request: &Incoming, joins: bool) -> Result<Answer, Answer> {
    let body = strict::object(request, &["emails", "groups"]).map_err(refusal)?;
    let list = |name: &str| body.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let groups: Vec<u64> = list("groups").iter().filter_map(Value::as_u64).collect();
    if groups.is_empty() || groups.iter().any(|id| !base.has_group(*id)) {
        return Err(problem(404, "Nie ma takiej grupy"));
    }
    let (mut wrong, mut created) = (Vec::new(), None);
    for email in list("emails").iter().filter_map(Value::as_str) {
        match base.contact_mut(email) {
            Some(contact) if joins => contact.groups.extend(&groups),
            Some(contact) => contact.groups.retain(|id| !groups.contains(id)),
            None => {
                wrong.push(json!({ "email": email, "why": "Email does not exist" }));
                continue;
            }
        }
        let kind = if joins { "member" } else { "member-removed" };
        created = Some((kind, email.to_lowercase(), json!({ "email": email, "groups": groups })));
    }
    Ok(after(said(&json!({ "error": wrong })), created))
}

/// `POST /send/mail/transactional`: a list of mails, each of which goes out as often as it is sent.
fn send(base: &Base, mails: &mut Vec<Mail>, request: &Incoming) -> Result<Answer, Answer> {
    if request.media_type() != "application/json" {
        return Err(refusal("content-type must be application/json".to_owned()));
    }
    let rows: Vec<Map<String, Value>> =
        serde_json::from_slice(&request.body).map_err(|_| refusal("the body must be a list of objects".to_owned()))?;
    let (mut sent, mut wrong, mut created) = (Vec::new(), Vec::new(), None);
    for row in rows {
        if let Some(name) = row.keys().find(|name| !MAIL.contains(&name.as_str())) {
            return Err(refusal(format!("field {name:?} of a mail is not in the sheet")));
        }
        let text = |name: &str| row.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(email), Some(subject), Some(from)) = (text("email"), text("subject"), text("from")) else {
            return Err(problem(400, "email, subject i from są wymagane"));
        };
        let newsletter = row.get("newsletter").map(Value::as_u64);
        if newsletter.is_none() && text("html").is_none() && text("txt").is_none() {
            return Err(problem(400, "newsletter, html lub txt jest wymagane"));
        }
        if newsletter.is_some_and(|id| id.is_none_or(|id| !base.has_newsletter(id))) {
            return Err(problem(404, "Nie ma takiego newslettera"));
        }
        let blocked = base.contact(email).is_some_and(|contact| [2, 3, 4, 7].contains(&contact.status));
        if !is_address(email) || blocked {
            let why = if blocked { "Address was removed or blocked" } else { "Invalid email address" };
            wrong.push(json!({ "email": email, "why": why }));
            continue;
        }
        let id = format!("m{}", mails.len() + 1);
        mails.push(Mail {
            id: id.clone(),
            email: email.to_owned(),
            subject: subject.to_owned(),
            from: from.to_owned(),
        });
        sent.push(json!({ "email": email, "id": id }));
        created = Some(("mail", id, Value::Object(row.clone())));
    }
    let response = if wrong.is_empty() { json!(sent) } else { json!({ "sent": sent, "error": wrong }) };
    Ok(after(said(&response), created))
}

fn after(answer: Answer, created: Option<(&str, String, Value)>) -> Answer {
    match created {
        Some((kind, id, content)) => {
            answer.after(Created { kind: kind.to_owned(), id, parent: String::new(), content })
        }
        None => answer,
    }
}

fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(who, host)| !who.is_empty() && host.contains('.') && !host.contains('@'))
}
