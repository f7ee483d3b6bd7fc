//! `/v1/…`: the key, then what is asked.

use patchbay_model::Timestamp;
use serde_json::{Value, json};

use super::{Note, Notebook};
use crate::{
    exchange::{Answer, Incoming},
    journal::{Created, Served},
    lock, strict,
};

/// Rows of a page at most.
const LARGEST_PAGE: usize = 100;
const HOST: &str = "api.notebook.example";
/// The name of the key in the journal.
const KEY: &str = "key";

pub(super) fn answer(notebook: &Notebook, request: &Incoming) -> Result<Answer, Answer> {
    strict::headers(request, &[]).map_err(refusal)?;
    strict::host(request, HOST).map_err(refusal)?;
    if request.header("authorization") != Some(format!("Bearer {}", notebook.key()).as_str()) {
        return Err(problem(401, "this key is not known"));
    }
    let known = |answer: Answer| answer.to(Some(KEY.to_owned()));
    route(notebook, request).map(known).map_err(known)
}

fn route(notebook: &Notebook, request: &Incoming) -> Result<Answer, Answer> {
    match (request.method.as_str(), request.segments().as_slice()) {
        ("GET", ["v1", "me"]) => {
            strict::no_query(request).map_err(refusal)?;
            let me = json!({ "id": 7, "name": "Kantoor Voorbeeld", "email": "els@voorbeeld.example" });
            Ok(Answer::json(200, &me))
        }
        ("GET", ["v1", "notebooks"]) => {
            params(request, &["limit", "cursor"])?;
            let rows = lock(&notebook.data).notebooks.iter().map(self::notebook).collect();
            page(request, "notebook", rows)
        }
        ("GET", ["v1", "notes"]) if request.param("reference").is_some() => {
            params(request, &["reference"])?;
            let reference = request.param("reference");
            let notes = notebook.notes().into_iter().filter(|note| note.reference.as_deref() == reference);
            page(request, "note", notes.map(|note| written(&note)).collect())
        }
        ("GET", ["v1", "notes"]) => {
            params(request, &["limit", "cursor", "changed_since"])?;
            let since = match request.param("changed_since") {
                None => None,
                Some(text) => {
                    let moment = text.parse::<Timestamp>();
                    Some(moment.map_err(|_| refusal(format!("changed_since is no moment: {text:?}")))?)
                }
            };
            let mut notes = notebook.notes();
            notes.retain(|note| since.is_none_or(|since| note.changed >= since));
            notes.sort_by_key(|note| (note.changed, note.id));
            page(request, "note", notes.iter().map(note).collect())
        }
        ("POST", ["v1", "notes"]) => add(notebook, request),
        _ => Err(problem(404, "there is nothing here")),
    }
}

fn add(notebook: &Notebook, request: &Incoming) -> Result<Answer, Answer> {
    let object = strict::object(request, &["notebook_id", "text", "reference"]).map_err(refusal)?;
    let text = |name: &str| object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let (Some(id), Some(says)) = (text("notebook_id"), text("text")) else {
        return Err(problem(422, "notebook_id and text are needed"));
    };
    if !lock(&notebook.data).notebooks.iter().any(|(known, _)| *known == id) {
        return Err(problem(404, "there is no such notebook"));
    }
    let note = notebook.write(&id, &says, text("reference"));
    let created =
        Created { kind: "note".to_owned(), id: note.id.to_string(), parent: id, content: Value::Object(object) };
    Ok(Answer::json(201, &written(&note)).after(created))
}

/// One page; it is called by the number of its first row.
fn page(request: &Incoming, kind: &str, rows: Vec<Value>) -> Result<Answer, Answer> {
    let limit = strict::number(request, "limit", 1, LARGEST_PAGE, LARGEST_PAGE).map_err(refusal)?;
    let first = match request.param("cursor") {
        None => 0,
        Some(name) => {
            let number = name.strip_prefix('p').and_then(|number| number.parse::<usize>().ok());
            number.ok_or_else(|| refusal(format!("no page is called {name:?}")))?
        }
    };
    let next = (first + limit < rows.len()).then(|| format!("p{}", first + limit));
    let rows: Vec<Value> = rows.into_iter().skip(first).take(limit).collect();
    let served = rows.iter().map(|row| Served::of(kind, row)).collect();
    Ok(Answer::json(200, &json!({ "items": rows, "next": next })).serving(served))
}

pub(super) fn notebook((id, name): &(String, String)) -> Value {
    json!({ "id": id, "name": name })
}

pub(super) fn note(note: &Note) -> Value {
    json!({ "id": note.id, "notebook_id": note.notebook, "text": note.text, "changed_at": note.changed.to_string() })
}

/// As it is told who wrote it, or looks for it.
fn written(note: &Note) -> Value {
    json!({ "id": note.id, "url": format!("https://notebook.example/notes/{}", note.id) })
}

fn params(request: &Incoming, names: &[&str]) -> Result<(), Answer> {
    strict::no_body(request).map_err(refusal)?;
    strict::params("query parameter", &request.query, names).map_err(refusal)
}

fn problem(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({ "message": message }))
}

/// 400 for what is not in the sheet.
fn refusal(why: String) -> Answer {
    problem(400, &format!("fake: {why}")).refused(&why)
}
