//! `POST /v1/meetings`

use axum::{Json, extract::State};
use patchbay_app as app;
use patchbay_model::ConnectionId;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    Api,
    body::Body,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::{AttachmentWanted, MeetingResults, SendWhen},
};

/// A meeting: a report, notes or to-dos, or all of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "source": "meeting-4711",
    "connector": "acme.books",
    "target": {"id": "42"},
    "title": "Year-end talk",
    "date": "2026-03-12",
    "report": {"text": "We went through the figures."},
    "todos": [{"id": "9", "text": "Send the figures of March", "due": "2026-03-31"}]
}))]
pub(crate) struct Meeting {
    /// Your name for the meeting, for ever. Each part's key is made of it, so that the same meeting sent again doubles
    /// nothing, and `GET /v1/pushes?source=…` finds its parts. Printable characters.
    #[schema(example = "meeting-4711", min_length = 1, max_length = 120)]
    source: String,
    /// The connector; may be left out when the connection is named. Without a connection the tenant's single
    /// active one of this connector is used; while there is none, or several, the items wait.
    #[schema(example = "acme.books")]
    connector: Option<String>,
    /// The connection.
    #[schema(value_type = Option<String>, example = "con_068r3m5e4pvk3b8c9d0e1f2g3h")]
    connection: Option<ConnectionId>,
    /// Where at the provider, for all parts: each action gets of it the members that its `target` schema names.
    #[schema(value_type = Option<Object>)]
    target: Option<Value>,
    /// Its title.
    #[schema(example = "Year-end talk")]
    title: Option<String>,
    /// Its day, as the connector's actions take days: `YYYY-MM-DD` unless the catalog says otherwise.
    #[schema(example = "2026-03-12")]
    date: Option<String>,
    /// Its report.
    report: Option<MeetingReport>,
    /// Its notes; together with the to-dos at most 200.
    #[serde(default)]
    #[schema(max_items = 200)]
    notes: Vec<MeetingNote>,
    /// What is to be done; together with the notes at most 200.
    #[serde(default)]
    #[schema(max_items = 200)]
    todos: Vec<MeetingTodo>,
    /// When the items are sent; `automatically` when left out.
    #[serde(default)]
    send: SendWhen,
}

/// The report of a meeting: text, files, or both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MeetingReport {
    /// Its title; the meeting's when left out.
    title: Option<String>,
    /// Its text.
    text: Option<String>,
    /// Its files, in this order. Where the connector's action takes no files, they are left out if there is a text.
    #[serde(default)]
    attachments: Vec<AttachmentWanted>,
}

/// A note of a meeting.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MeetingNote {
    /// Your name for it within the meeting, without `/`. When left out, its content is its name: changed content is
    /// then another note.
    #[schema(example = "n1", min_length = 1, max_length = 64)]
    id: Option<String>,
    /// Its title.
    title: Option<String>,
    /// Its text.
    text: String,
    /// The day that it is about, `YYYY-MM-DD` unless the catalog says otherwise.
    #[schema(example = "2026-03-12")]
    date: Option<String>,
}

/// Something to do after a meeting.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MeetingTodo {
    /// Your name for it within the meeting, without `/`. When left out, its content is its name: changed content is
    /// then another to-do.
    #[schema(example = "9", min_length = 1, max_length = 64)]
    id: Option<String>,
    /// Its title.
    title: Option<String>,
    /// Its text.
    text: String,
    /// Until when, `YYYY-MM-DD` unless the catalog says otherwise.
    #[schema(example = "2026-03-31")]
    due: Option<String>,
    /// Who does it, as the provider names people.
    #[schema(example = "jane@acme.example")]
    assignee: Option<String>,
}

impl From<Meeting> for app::MeetingRequest {
    fn from(meeting: Meeting) -> Self {
        Self {
            connector: meeting.connector,
            connection: meeting.connection,
            source: meeting.source,
            target: meeting.target,
            title: meeting.title,
            date: meeting.date,
            report: meeting.report.map(Into::into),
            notes: meeting.notes.into_iter().map(Into::into).collect(),
            todos: meeting.todos.into_iter().map(Into::into).collect(),
            on_demand: meeting.send == SendWhen::OnDemand,
        }
    }
}

impl From<MeetingReport> for app::MeetingReport {
    fn from(report: MeetingReport) -> Self {
        let attachments = report.attachments.into_iter().map(Into::into).collect();
        Self { title: report.title, text: report.text, attachments }
    }
}

impl From<MeetingNote> for app::MeetingNote {
    fn from(note: MeetingNote) -> Self {
        Self { id: note.id, title: note.title, text: note.text, date: note.date }
    }
}

impl From<MeetingTodo> for app::MeetingTodo {
    fn from(todo: MeetingTodo) -> Self {
        Self { id: todo.id, title: todo.title, text: todo.text, due: todo.due, assignee: todo.assignee }
    }
}

/// Sends a meeting: each part that the connector takes becomes an item of its own, once.
///
/// Which action takes a report, a note or a to-do stands in the catalog (`meeting` of an action). What is forwarded is
/// decided by the switches of the connection: a part whose function is off is recorded as `skipped`. A part that is
/// refused keeps none of the others from being accepted. Sending the same meeting again doubles nothing; a part whose
/// content is other than before under the same `id` changes what was written where the action's `update` says so, and
/// is refused otherwise.
#[utoipa::path(
    post, path = "/v1/meetings", tag = "pushes", operation_id = "pushMeeting",
    request_body = Meeting,
    responses((status = 200, description = "What became of each part, also of those refused", body = MeetingResults), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    Body(meeting): Body<Meeting>,
) -> Result<Json<MeetingResults>, Problem> {
    let items = api.app.push_meeting(tenant.id, meeting.into()).await?;
    Ok(Json(MeetingResults::seen_by(items, &tenant.caller)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_meeting_is_taken_part_by_part_and_nothing_else_is() {
        let body = json!({
            "source": "m-1", "connection": "con_00000000000000000000000000", "title": "Talk", "send": "on_demand",
            "report": {"text": "x", "attachments": [{"blob": "blb_00000000000000000000000000"}]},
            "notes": [{"text": "a", "date": "2026-03-12"}],
            "todos": [{"id": "9", "text": "b", "due": "2026-03-31", "assignee": "jane"}],
        });
        let read = |body: &Value| serde_json::from_value::<Meeting>(body.clone()).map(app::MeetingRequest::from);
        let asked = read(&body).expect("a meeting");
        assert!(asked.on_demand && asked.connection.is_some() && asked.target.is_none());
        assert_eq!(asked.report.map(|report| report.attachments.len()), Some(1));
        assert_eq!(asked.notes[0].date.as_deref(), Some("2026-03-12"));
        assert_eq!((asked.todos[0].id.as_deref(), asked.todos[0].assignee.as_deref()), (Some("9"), Some("jane")));
        for place in ["", "/report", "/notes/0", "/todos/0"] {
            let mut odd = body.clone();
            odd.pointer_mut(place).expect("a part")["titel"] = json!("x");
            assert!(read(&odd).is_err(), "{place}");
        }
    }
}
