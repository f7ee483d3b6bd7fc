//! One event that becomes several items: a meeting with its report, its notes and its to-dos.
//!
//! Which action takes which part, and how, stands in the manifest (`[action.meeting]`); what is forwarded is decided by
//! the connection's switches, like for every other item: what is off is recorded as skipped. A provider that links to-dos
//! to a report gets both in one item (`[action.meeting.todos]`). Each part has a key of its
//! own made of the source, so that the same meeting sent again doubles nothing.

use std::{collections::BTreeMap, sync::Arc};

use patchbay_model::{
    Code, ConnectionId, Fault, TenantId,
    manifest::{self, Action, Manifest, MeetingPart},
};
use patchbay_store::Connection;
use serde_json::Value;

use super::{AttachmentAsked, PushAnswer, PushRequest, accept::switched_off, content};
use crate::{App, connectors::Release};

/// Notes and to-dos of one meeting, together.
const PARTS: usize = 200;
/// Characters of a source.
const SOURCE: usize = 120;
/// Characters of the caller's name of a part: with the source and the part's word they are a key, of at most 200.
const NAME: usize = 64;

/// A meeting.
#[derive(Debug, Clone, Default)]
pub struct MeetingRequest {
    /// Which connector; may be left out when the connection is named.
    pub connector: Option<String>,
    /// Which connection.
    pub connection: Option<ConnectionId>,
    /// Names the meeting at the caller, for ever.
    pub source: String,
    /// Where at the provider; each action gets of it what its schema names.
    pub target: Option<Value>,
    /// Its title.
    pub title: Option<String>,
    /// Its day, as the caller writes days.
    pub date: Option<String>,
    /// Its report.
    pub report: Option<MeetingReport>,
    /// Its notes.
    pub notes: Vec<MeetingNote>,
    /// What is to be done.
    pub todos: Vec<MeetingTodo>,
    /// Sent only when somebody says so.
    pub on_demand: bool,
}

/// The report of a meeting.
#[derive(Debug, Clone, Default)]
pub struct MeetingReport {
    /// Its title; without it the meeting's.
    pub title: Option<String>,
    /// Its text.
    pub text: Option<String>,
    /// Its files.
    pub attachments: Vec<AttachmentAsked>,
}

/// A note of a meeting.
#[derive(Debug, Clone, Default)]
pub struct MeetingNote {
    /// The caller's name of it; without it its content is its name.
    pub id: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its text.
    pub text: String,
    /// The day that it is about.
    pub date: Option<String>,
}

/// Something to do after a meeting.
#[derive(Debug, Clone, Default)]
pub struct MeetingTodo {
    /// The caller's name of it; without it its content is its name.
    pub id: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its text.
    pub text: String,
    /// Until when.
    pub due: Option<String>,
    /// Who does it, as the provider names people.
    pub assignee: Option<String>,
}

/// What became of one part.
pub struct MeetingItem {
    /// Which part.
    pub part: MeetingPart,
    /// Which one of that part, from 0.
    pub index: usize,
    /// The action that takes it; none when this connector has none.
    pub action: Option<String>,
    /// What became of it; none when there is no action for it, or when it went with the report.
    pub answer: Option<Result<PushAnswer, Fault>>,
    /// Whether it is a to-do that is part of the report's item.
    pub with_report: bool,
}

/// A way to make an item of a part.
struct Way {
    request: PushRequest,
    /// Whether the to-dos go with it.
    with_todos: bool,
}

/// One part with what its template is filled with.
#[derive(Clone)]
struct Part {
    part: MeetingPart,
    index: usize,
    name: String,
    values: BTreeMap<String, String>,
    attachments: Vec<AttachmentAsked>,
}

impl App {
    /// Sends each part of a meeting that the connector takes.
    pub async fn push_meeting(
        self: &Arc<Self>,
        tenant: TenantId,
        meeting: MeetingRequest,
    ) -> Result<Vec<MeetingItem>, Fault> {
        let parts = parts_of(&meeting)?;
        let release = self.release_for_meeting(&tenant, &meeting).await?;
        let switches = self.switches_of_meeting(&tenant, &meeting).await?;
        let went_alone = self.todos_went_alone(&tenant, &meeting, &release, &parts).await?;
        let app = Arc::clone(self);
        self.own(async move {
            let mut items = Vec::with_capacity(parts.len());
            // The action whose item the to-dos went with.
            let mut along: Option<String> = None;
            let todos: Vec<Part> = parts.iter().filter(|part| part.part == MeetingPart::Todo).cloned().collect();
            for part in parts {
                let (kind, index) = (part.part, part.index);
                if kind == MeetingPart::Todo && along.is_some() {
                    items.push(MeetingItem {
                        part: kind,
                        index,
                        action: along.clone(),
                        answer: None,
                        with_report: true,
                    });
                    continue;
                }
                let action = action_for(&release.manifest, kind);
                let apart = |action: &Action| went_alone || todos_are_off(&release.manifest, action, switches.as_ref());
                let answer = match action {
                    None => None,
                    Some(action) => Some(match ways(&meeting, action, part, &todos, apart(action)) {
                        Ok(ways) => {
                            let (answer, with_todos) = app.first_that_fits(&tenant, &release, ways).await;
                            along = with_todos.then(|| action.name.clone()).or(along);
                            answer
                        }
                        Err(fault) => Err(fault),
                    }),
                };
                let action = action.map(|action| action.name.clone());
                items.push(MeetingItem { part: kind, index, action, answer, with_report: false });
            }
            Ok(items)
        })
        .await
    }

    /// Accepts an item in the first way that is no other content than what its key was used for; whether the to-dos belong
    /// to it. So a meeting that is sent again goes as it went before, whatever was switched since. To-dos of a report that
    /// is refused are not sent by themselves: with the report that is accepted in the end they would be there twice.
    async fn first_that_fits(
        self: &Arc<Self>,
        tenant: &TenantId,
        release: &Release,
        ways: Vec<Way>,
    ) -> (Result<PushAnswer, Fault>, bool) {
        let mut refused: Option<(Fault, String, String)> = None;
        for way in ways {
            let (action, key) = (way.request.action.clone(), way.request.key.clone().unwrap_or_default());
            match self.accept(tenant, way.request).await {
                Err(fault) if fault.code == Code::KeyReused => refused = refused.or(Some((fault, action, key))),
                other => return (other, way.with_todos),
            }
        }
        let Some((fault, action, key)) = refused else { return (Err(Fault::new(Code::Internal)), false) };
        // They belong to the report that there is, if it has any.
        let there = match self.store.push_by_key(tenant, &release.manifest.id, &action, &key).await {
            Ok(there) => there,
            Err(error) => return (Err(error.into()), true),
        };
        let into = release.manifest.action(&action).and_then(|action| action.meeting.as_ref()?.todos.as_ref());
        let payload = there.and_then(|push| serde_json::from_str::<Value>(&push.payload).ok());
        let has = into.zip(payload).is_some_and(|(linked, payload)| carries(&payload, &linked.into));
        (Err(fault), has)
    }

    /// Whether to-dos of this meeting were sent by themselves before: then all of them go so.
    async fn todos_went_alone(
        &self,
        tenant: &TenantId,
        meeting: &MeetingRequest,
        release: &Release,
        parts: &[Part],
    ) -> Result<bool, Fault> {
        let manifest = &release.manifest;
        let report = action_for(manifest, MeetingPart::Report).and_then(|action| action.meeting.as_ref());
        let linked = meeting.report.is_some() && report.is_some_and(|from| from.todos.is_some());
        // Nothing to decide, so nothing to read, where to-dos never go with a report.
        let (true, Some(action)) = (linked, action_for(manifest, MeetingPart::Todo)) else { return Ok(false) };
        for part in parts.iter().filter(|part| part.part == MeetingPart::Todo) {
            let key = key_of(meeting, part);
            if self.store.push_by_key(tenant, &release.manifest.id, &action.name, &key).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The connection whose switches hold for a meeting; none where there is none yet, or several.
    async fn switches_of_meeting(
        &self,
        tenant: &TenantId,
        meeting: &MeetingRequest,
    ) -> Result<Option<Connection>, Fault> {
        match (&meeting.connection, &meeting.connector) {
            (Some(id), _) => Ok(Some(self.store.connection(tenant, id).await?)),
            (None, Some(connector)) => self.single_connection(tenant, connector).await,
            (None, None) => Ok(None),
        }
    }

    async fn release_for_meeting(&self, tenant: &TenantId, meeting: &MeetingRequest) -> Result<Arc<Release>, Fault> {
        match (&meeting.connection, &meeting.connector) {
            (Some(id), _) => self.release_of(&self.store.connection(tenant, id).await?).await,
            (None, Some(connector)) => match self.single_connection(tenant, connector).await? {
                Some(row) => self.release_of(&row).await,
                None => self.active_release(connector).await,
            },
            (None, None) => Err(Fault::new(Code::BodyInvalid).field("/connector", "name a connector or a connection")),
        }
    }
}

pub(super) fn action_for(manifest: &Manifest, part: MeetingPart) -> Option<&Action> {
    manifest.actions.iter().find(|action| action.meeting.as_ref().is_some_and(|from| from.part == part))
}

/// Whether a payload has to-dos in this member.
pub(super) fn carries(payload: &Value, into: &str) -> bool {
    payload.get(into).and_then(Value::as_array).is_some_and(|todos| !todos.is_empty())
}

/// Whether the switches keep to-dos apart from a report: one of the two is off.
fn todos_are_off(manifest: &Manifest, report: &Action, connection: Option<&Connection>) -> bool {
    let off = |action: &Action| connection.is_some_and(|row| switched_off(row, action).is_some());
    off(report) || action_for(manifest, MeetingPart::Todo).is_some_and(off)
}

fn key_of(meeting: &MeetingRequest, part: &Part) -> String {
    format!("{}/{}", meeting.source, part.name)
}

/// How an item of this part can be made, the way that is wanted first. To-dos go with a report where the provider links
/// them to it, unless they are kept `apart`; what went the other way before stays so.
fn ways(meeting: &MeetingRequest, action: &Action, part: Part, todos: &[Part], apart: bool) -> Result<Vec<Way>, Fault> {
    let kind = part.part;
    let alone = Way { request: request_of(meeting, action, part)?, with_todos: false };
    let linked = action.meeting.as_ref().and_then(|from| from.todos.as_ref());
    let (MeetingPart::Report, Some(linked), false) = (kind, linked, todos.is_empty()) else { return Ok(vec![alone]) };
    let filled = todos.iter().map(|todo| manifest::payload_of(&linked.payload, &todo.values));
    let filled: Result<Vec<Value>, String> = filled.collect();
    let filled = filled.map_err(|error| Fault::new(Code::ReleaseUnusable).operator(error))?;
    let mut together = Way { request: alone.request.clone(), with_todos: true };
    if let Some(members) = together.request.payload.as_object_mut() {
        members.insert(linked.into.clone(), Value::Array(filled));
    }
    Ok(match (apart, action.update) {
        // The other way would be a change of what is there.
        (true, true) => vec![alone],
        (false, true) => vec![together],
        (true, false) => vec![alone, together],
        (false, false) => vec![together, alone],
    })
}

/// The item of one part.
fn request_of(meeting: &MeetingRequest, action: &Action, part: Part) -> Result<PushRequest, Fault> {
    let Some(from) = &action.meeting else { return Err(Fault::new(Code::Internal)) };
    let payload = manifest::payload_of(&from.payload, &part.values)
        .map_err(|error| Fault::new(Code::ReleaseUnusable).operator(error))?;
    let key = Some(key_of(meeting, &part));
    // A report that is also there as text loses nothing where the action takes no files.
    let files =
        if action.attachments.is_none() && part.values.contains_key("text") { Vec::new() } else { part.attachments };
    Ok(PushRequest {
        connector: meeting.connector.clone(),
        connection: meeting.connection.clone(),
        action: action.name.clone(),
        key,
        source: Some(meeting.source.clone()),
        target: action.target.as_ref().and_then(|schema| of_schema(schema, meeting.target.as_ref())),
        payload,
        attachments: files,
        on_demand: meeting.on_demand,
        expires_at: None,
    })
}

/// What an action's schema names of a target that is meant for several actions.
fn of_schema(schema: &Value, target: Option<&Value>) -> Option<Value> {
    let members = target?.as_object()?;
    let Some(named) = schema.get("properties").and_then(Value::as_object) else { return target.cloned() };
    let of_it = members.iter().filter(|(name, _)| named.contains_key(*name));
    let of_it: serde_json::Map<String, Value> = of_it.map(|(name, value)| (name.clone(), value.clone())).collect();
    // One that has nothing for this action is none yet.
    (!of_it.is_empty()).then_some(Value::Object(of_it))
}

fn wrong<T>(pointer: String, text: String) -> Result<T, Fault> {
    Err(Fault::new(Code::BodyInvalid).field(pointer, text))
}

/// The parts of a meeting, the report first.
fn parts_of(meeting: &MeetingRequest) -> Result<Vec<Part>, Fault> {
    let plain = |text: &str| {
        !text.is_empty() && text.chars().count() <= NAME && !text.chars().any(|c| c.is_control() || c == '/')
    };
    if meeting.source.is_empty()
        || meeting.source.chars().count() > SOURCE
        || meeting.source.chars().any(char::is_control)
    {
        return wrong("/source".to_owned(), format!("must have 1 to {SOURCE} printable characters"));
    }
    if meeting.notes.len() + meeting.todos.len() > PARTS {
        return wrong("/notes".to_owned(), format!("at most {PARTS} notes and to-dos together"));
    }
    let mut parts = Vec::new();
    if let Some(report) = &meeting.report {
        let title = report.title.clone().or_else(|| meeting.title.clone());
        let values = values(meeting, [("title", title), ("text", report.text.clone())]);
        let (part, name) = (MeetingPart::Report, "report".to_owned());
        parts.push(Part { part, index: 0, name, values, attachments: report.attachments.clone() });
    }
    let mut named = |part: MeetingPart, index: usize, id: Option<&String>, values: BTreeMap<String, String>| {
        let pointer = format!("/{}s/{index}/id", part.word());
        if id.is_some_and(|id| !plain(id)) {
            return wrong(pointer, format!("must have 1 to {NAME} printable characters without /"));
        }
        // What is said of the whole meeting is no part of it: a corrected title makes no other notes.
        let own = values.iter().filter(|(name, _)| !name.starts_with("meeting-"));
        let own: Value = own.map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect();
        let content = || content::short_hash(&content::canonical(&own));
        let name = format!("{}/{}", part.word(), id.cloned().unwrap_or_else(content));
        if parts.iter().any(|there: &Part| there.name == name) {
            return wrong(pointer, "is there twice; give each an `id` of its own".to_owned());
        }
        parts.push(Part { part, index, name, values, attachments: Vec::new() });
        Ok(())
    };
    for (index, note) in meeting.notes.iter().enumerate() {
        let own = [("title", note.title.clone()), ("text", Some(note.text.clone())), ("date", note.date.clone())];
        named(MeetingPart::Note, index, note.id.as_ref(), values(meeting, own))?;
    }
    for (index, todo) in meeting.todos.iter().enumerate() {
        let own = [
            ("title", todo.title.clone()),
            ("text", Some(todo.text.clone())),
            ("due", todo.due.clone()),
            ("assignee", todo.assignee.clone()),
        ];
        named(MeetingPart::Todo, index, todo.id.as_ref(), values(meeting, own))?;
    }
    if parts.is_empty() {
        return wrong(String::new(), "a meeting has a report, notes or to-dos".to_owned());
    }
    Ok(parts)
}

fn values<const N: usize>(meeting: &MeetingRequest, own: [(&str, Option<String>); N]) -> BTreeMap<String, String> {
    let of_all = [("meeting-title", meeting.title.clone()), ("meeting-date", meeting.date.clone())];
    let all = own.into_iter().chain(of_all);
    all.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn todo(id: Option<&str>, text: &str) -> MeetingTodo {
        MeetingTodo { id: id.map(str::to_owned), text: text.to_owned(), ..MeetingTodo::default() }
    }

    fn meeting(todos: Vec<MeetingTodo>) -> MeetingRequest {
        MeetingRequest { source: "m-1".to_owned(), todos, ..MeetingRequest::default() }
    }

    fn names(meeting: &MeetingRequest) -> Vec<String> {
        parts_of(meeting).expect("parts").into_iter().map(|part| part.name).collect()
    }

    #[test]
    fn a_part_without_a_name_is_named_by_its_content_whatever_its_place() {
        let one = names(&meeting(vec![todo(None, "Call"), todo(None, "Pay")]));
        let two = names(&meeting(vec![todo(None, "Pay"), todo(None, "Call")]));
        assert_eq!((&one[0], &one[1]), (&two[1], &two[0]));
        assert_eq!(names(&meeting(vec![todo(Some("t9"), "Call")])), ["todo/t9"]);
        let renamed = MeetingRequest { title: Some("Corrected".to_owned()), ..meeting(vec![todo(None, "Call")]) };
        assert_eq!(names(&renamed)[0], one[0], "a corrected title makes no other to-do");
        assert!(parts_of(&meeting(vec![todo(None, "Pay"), todo(None, "Pay")])).is_err(), "which is which?");
        assert!(parts_of(&meeting(Vec::new())).is_err());
        assert!(parts_of(&meeting(vec![todo(Some("a/b"), "x")])).is_err());
    }

    #[test]
    fn of_a_common_target_each_action_gets_what_its_schema_names() {
        let schema = json!({"type": "object", "properties": {"id": {}}});
        let target = json!({"id": "7", "folder": "f"});
        assert_eq!(of_schema(&schema, Some(&target)), Some(json!({"id": "7"})));
        assert_eq!(of_schema(&schema, None), None);
        assert_eq!(of_schema(&schema, Some(&json!({"folder": "f"}))), None, "none yet");
    }
}
