//! `/api/v1/…`: the office by its host, the keys, then what is asked.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use patchbay_model::Timestamp;
use serde_json::{Value, json};

use super::{Behaviour, FidManager, SUFFIX, documents, office::Office, problem, refusal};
use crate::{
    exchange::{Answer, Incoming},
    journal::Served,
    lock, seed, strict,
};

/// Rows of a page at most.
const LARGEST_PAGE: usize = 100;
const SESSION_LIFE: Duration = Duration::from_secs(7_200);
const PAGE: [&str; 2] = ["page", "per_page"];

pub(super) fn answer(fid: &FidManager, request: &Incoming) -> Result<Answer, Answer> {
    // A body of unknown length is what an upload of a stored file is.
    strict::headers(request, &["transfer-encoding"]).map_err(refusal)?;
    let host = request.header("host").unwrap_or_default();
    let name = host.strip_suffix(SUFFIX).unwrap_or_default();
    let behaviour = lock(&fid.behaviour).clone();
    let mut offices = lock(&fid.offices);
    let Some(office) = offices.iter_mut().find(|office| office.name == name) else {
        return Err(refusal(format!("no office of this fake is at {host:?}")));
    };
    let now = fid.clock.now();
    let segments = request.segments();
    if (request.method.as_str(), segments.as_slice()) == ("POST", &["api", "v1", "login"]) {
        return log_in(office, request, fid.seed, now, &behaviour);
    }
    let token = admitted(office, request, now, &behaviour)?;
    let known = |answer: Answer| answer.to(Some(token.clone()));
    if office.closed {
        return Err(known(problem(403, "forbidden", "De toegang van deze partner is gesloten")));
    }
    route(office, request, segments.as_slice(), now, &behaviour).map(known).map_err(known)
}

fn route(
    office: &mut Office,
    request: &Incoming,
    segments: &[&str],
    now: Timestamp,
    behaviour: &Behaviour,
) -> Result<Answer, Answer> {
    if request.method == "GET" {
        strict::no_body(request).map_err(refusal)?;
    }
    match (request.method.as_str(), segments) {
        ("GET", ["api", "v1", "me"]) if !behaviour.without_me => {
            strict::no_query(request).map_err(refusal)?;
            let name = if office.name == super::OFFICE { "Kantoor Voorbeeld" } else { "Tweede Kantoor" };
            Ok(Answer::json(
                200,
                &json!({
                    "office": { "id": office.name, "name": name },
                    "partner": { "code": "PATCHBAY", "name": "Patchbay" },
                }),
            ))
        }
        ("GET", ["api", "v1", "clients"]) => {
            params(request, &["updated_since"])?;
            let since = match request.param("updated_since") {
                None => None,
                Some(text) => {
                    let moment = text.parse::<Timestamp>();
                    Some(moment.map_err(|_| refusal(format!("updated_since is no moment: {text:?}")))?)
                }
            };
            let changed = office.clients.iter().filter(|client| since.is_none_or(|since| client.updated_at >= since));
            page(request, "client", changed.map(super::office::Client::json).collect())
        }
        ("GET", ["api", "v1", "clients", client, "folders"]) => {
            params(request, &[])?;
            let client = office.clients.iter().find(|known| known.id.to_string() == *client).ok_or_else(nothing)?.id;
            let folders = office.folders.iter().filter(|folder| folder.client == client);
            page(request, "folder", folders.map(super::office::Folder::json).collect())
        }
        ("GET", ["api", "v1", "document-types"]) => {
            params(request, &["partner_code"])?;
            page(request, "document_type", office.types_json(request.param("partner_code")))
        }
        ("GET", ["api", "v1", "documents"]) => {
            params(request, &["status"])?;
            let status = request.param("status").ok_or_else(|| refusal("say which status".to_owned()))?;
            if !["pending", "validated", "refused"].contains(&status) {
                return Err(refusal(format!("no document has the status {status:?}")));
            }
            let documents = office.documents.iter().filter(|document| document.status == status);
            page(request, "document", documents.map(super::Document::json).collect())
        }
        ("GET", ["api", "v1", "documents", id]) => {
            strict::no_query(request).map_err(refusal)?;
            let document = office.documents.iter().find(|document| document.id.to_string() == *id);
            document.map(|document| Answer::json(200, &document.json())).ok_or_else(nothing)
        }
        ("POST", ["api", "v1", "documents"]) => {
            strict::no_query(request).map_err(refusal)?;
            documents::create(office, request, now, behaviour.repeat)
        }
        ("GET", ["api", "v1", "me"]) => Err(nothing()),
        _ => Err(refusal(format!("{} {} is not in the sheet", request.method, request.path))),
    }
}

/// `POST /login`: a session for the keys.
fn log_in(
    office: &mut Office,
    request: &Incoming,
    seed: u64,
    now: Timestamp,
    behaviour: &Behaviour,
) -> Result<Answer, Answer> {
    strict::no_query(request).map_err(refusal)?;
    let body = strict::object(request, &["username", "password"]).map_err(refusal)?;
    let said = |name: &str| body.get(name).and_then(Value::as_str);
    if said("username") != Some(&office.keys.user) || said("password") != Some(&office.keys.password) {
        return Err(not_admitted(behaviour));
    }
    office.opened += 1;
    let token = seed::secret(seed, &format!("fid-manager/{}/session/{}", office.name, office.opened), 40);
    office.sessions.push((token.clone(), now.plus(SESSION_LIFE)));
    office.secrets.push(token.clone());
    Ok(Answer::json(200, &json!({ "token": token, "expires_in": SESSION_LIFE.as_secs() })))
}

/// What the journal calls the credential that was sent.
fn admitted(office: &Office, request: &Incoming, now: Timestamp, behaviour: &Behaviour) -> Result<String, Answer> {
    let sent = request.header("authorization").unwrap_or_default();
    if let Some(token) = sent.strip_prefix("Bearer ") {
        let good = office.sessions.iter().any(|(known, ends)| known == token && now < *ends);
        return if good { Ok("session".to_owned()) } else { Err(not_admitted(behaviour)) };
    }
    let pair = sent.strip_prefix("Basic ").and_then(|text| STANDARD.decode(text).ok());
    let pair = pair.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    if pair == format!("{}:{}", office.keys.user, office.keys.password) {
        Ok("keys".to_owned())
    } else {
        Err(not_admitted(behaviour))
    }
}

fn not_admitted(behaviour: &Behaviour) -> Answer {
    if behaviour.html_401 {
        return Answer::html(
            401,
            "<!doctype html><html lang=\"nl\"><title>FID-Manager (fake)</title><form method=\"post\"><label>E-mail \
             <input name=\"email\"></label><label>Wachtwoord <input type=\"password\" name=\"password\"></label></form>",
        );
    }
    problem(401, "unauthorized", "De gebruiker of het wachtwoord is niet juist")
}

fn nothing() -> Answer {
    problem(404, "not_found", "Dit bestaat niet")
}

fn params(request: &Incoming, more: &[&str]) -> Result<(), Answer> {
    strict::params("query parameter", &request.query, &[&PAGE, more].concat()).map_err(refusal)
}

/// One page, counted from 1, with how many rows the whole list has.
fn page(request: &Incoming, kind: &str, rows: Vec<Value>) -> Result<Answer, Answer> {
    let number = strict::number(request, "page", 1, usize::MAX / LARGEST_PAGE, 1).map_err(refusal)?;
    let size = strict::number(request, "per_page", 1, LARGEST_PAGE, LARGEST_PAGE).map_err(refusal)?;
    let total = rows.len();
    let data: Vec<Value> = rows.into_iter().skip((number - 1) * size).take(size).collect();
    let served = data.iter().map(|row| Served::of(kind, row)).collect();
    Ok(Answer::json(200, &json!({ "data": data, "page": number, "per_page": size, "total": total })).serving(served))
}
