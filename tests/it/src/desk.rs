//! The connector of the fake desk, its connections, and items for it.
//!
//! [`DeskItem`] is one item as a tenant's backend sends it, with a title of its own, so that the provider's side can
//! say how often it was written: `rig.fakes.desk` is a [`DeskStand`], [`DeskItem::objects`] counts there, and
//! [`Rig::written_once`] is what every test of lost answers ends with.

use std::{collections::BTreeSet, time::Duration};

use patchbay_test_support::{
    Answer, Result, Trouble,
    fakes::{
        Act, Rule,
        desk::{DeskObject, DeskStand, Kind},
    },
    wait_until,
};
use serde_json::{Value, json};

use crate::{Rig, Tenant, Variant, tenant::at};

/// The connector's id.
pub const DESK: &str = "acme.desk";
/// Every action, with the steps that it writes in.
pub const ACTIONS: [(&str, &[&str]); 7] = [
    ("letter", &["send"]),
    ("note", &["create"]),
    ("task", &["create"]),
    ("card", &["put"]),
    ("call", &["send"]),
    ("entry", &["create"]),
    ("report", &["upload", "report"]),
];
/// Longest wait for something that the host does by itself.
const LIMIT: Duration = Duration::from_secs(60);

impl Rig {
    /// Installs the connector `acme.desk`; its release.
    ///
    /// # Errors
    ///
    /// It is not built, or does not become active.
    pub fn install_desk(&self) -> Result<String> {
        self.install(Variant::of_fake("desk")?.pack()?)
    }

    /// Whether each of these items was written to the desk at most once, and nothing else was; how many were.
    ///
    /// # Errors
    ///
    /// One was written twice, or something that nobody sent.
    pub fn written_once(&self, items: &[DeskItem]) -> Result<usize> {
        let desk = &self.fakes.desk;
        let doubles = desk.provider.doubles();
        if !doubles.is_empty() {
            return Err(Trouble::new(format!("written twice: {doubles:?}")));
        }
        // Each kind is looked through once: there are thousands of items in a long form.
        let mut written = 0;
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::File) {
            let sent: BTreeSet<&str> = items.iter().filter(|item| item.kind() == kind).map(DeskItem::title).collect();
            let objects = desk.provider.objects(kind);
            if let Some(object) = objects.iter().find(|object| !sent.contains(object.text("title"))) {
                return Err(Trouble::new(format!("nobody sent this: {object:?}")));
            }
            written += objects.len();
        }
        Ok(written)
    }
}

impl Tenant {
    /// Connects the desk as an office of its own (`owner`, `other`, `load-7`); the connection. Its streams begin at
    /// once.
    ///
    /// # Errors
    ///
    /// It is not connected.
    pub fn connect_desk(&self, desk: &DeskStand, office: &str) -> Result<String> {
        let fields = json!({ "api_key": desk.provider.key(office) });
        let made = self.api.post("/v1/connections", &json!({ "connector": DESK, "fields": fields }))?;
        if ![200, 201].contains(&made.status) {
            return made.expect(201)?.text_at("/id");
        }
        match made.text_at("/state")?.as_str() {
            "active" => made.text_at("/id"),
            _ => Err(Trouble::new(format!("it is not active: {}", made.text()))),
        }
    }

    /// Changes a connection: `{"settings": {…}}`, `{"functions": {"reports": false}}`.
    ///
    /// # Errors
    ///
    /// That is refused.
    pub fn change(&self, connection: &str, change: &Value) -> Result<Answer> {
        self.api.patch(&format!("/v1/connections/{connection}"), change)?.expect(200)
    }

    /// Uploads a file; its blob.
    ///
    /// # Errors
    ///
    /// It is refused.
    pub fn upload(&self, name: &str, media_type: &str, bytes: Vec<u8>) -> Result<String> {
        let path = format!("/v1/blobs?name={name}");
        self.api.send("POST", &path, Some(media_type), bytes)?.expect(201)?.text_at("/id")
    }

    /// The choices of a picker for what was typed, with the choices that it depends on (picker and id).
    ///
    /// # Errors
    ///
    /// They are not told.
    pub fn pick(&self, connection: &str, picker: &str, typed: &str, parents: &[(&str, &str)]) -> Result<Vec<Value>> {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("q", typed);
        for (parent, id) in parents {
            query.append_pair(&format!("parent.{parent}"), id);
        }
        let path = format!("/v1/connections/{connection}/pickers/{picker}?{}", query.finish());
        self.get(&path)?.array_at("/choices")
    }

    /// Sends an item, whatever comes of it.
    ///
    /// # Errors
    ///
    /// There was no answer.
    pub fn send(&self, item: &DeskItem) -> Result<Answer> {
        self.api.post("/v1/pushes", &item.body)
    }

    /// Sends an item that is new; its push.
    ///
    /// # Errors
    ///
    /// It is refused, or was sent before.
    pub fn push(&self, item: &DeskItem) -> Result<String> {
        self.send(item)?.expect(201)?.text_at("/id")
    }

    /// Waits for the end of a push, or until only a person can go on; the push.
    ///
    /// # Errors
    ///
    /// It does not come to that.
    pub fn push_ended(&self, push: &str) -> Result<Value> {
        let path = format!("/v1/pushes/{push}");
        let mut last = Value::Null;
        let ended = wait_until(&format!("the end of {push}"), LIMIT, || {
            last = self.get(&path)?.json;
            let over = match at(&last, "state").as_str() {
                Some("planned" | "sending" | "waiting") => false,
                Some("unknown") => at(&last, "next_at").is_null(),
                _ => true,
            };
            Ok(over.then(|| last.clone()))
        });
        ended.map_err(|error| Trouble::new(format!("{error}; it is {last}")))
    }
}

/// One item for the desk.
#[derive(Debug, Clone)]
pub struct DeskItem {
    /// What is posted to `/v1/pushes`; a test changes it as it likes.
    pub body: Value,
}

impl DeskItem {
    /// An item of an action for the client `c1` of whichever connection there is; its title is made of both.
    #[must_use]
    pub fn of(action: &str, key: &str) -> Self {
        let title = format!("{action} {key}");
        let payload = match action {
            "letter" | "note" => json!({ "title": title, "text": "Agreed." }),
            _ => json!({ "title": title }),
        };
        let body =
            json!({ "connector": DESK, "action": action, "key": key, "target": { "id": "c1" }, "payload": payload });
        Self { body }
    }

    /// A report of this file.
    #[must_use]
    pub fn report(key: &str, blob: &str) -> Self {
        Self::of("report", key).with("attachments", json!([{ "blob": blob }]))
    }

    /// The same with another member, or without it where it is null.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        if let Some(body) = self.body.as_object_mut() {
            if value.is_null() {
                body.remove(name)
            } else {
                body.insert(name.to_owned(), value)
            };
        }
        self
    }

    /// For this connection.
    #[must_use]
    pub fn through(self, connection: &str) -> Self {
        self.with("connection", json!(connection)).with("connector", Value::Null)
    }

    /// For another client.
    #[must_use]
    pub fn to(self, client: &str) -> Self {
        self.with("target", json!({ "id": client }))
    }

    /// With another text.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        if let Some(payload) = self.body.get_mut("payload").and_then(Value::as_object_mut) {
            payload.insert("text".to_owned(), json!(text));
        }
        self
    }

    /// Its action.
    #[must_use]
    pub fn action(&self) -> &str {
        at(&self.body, "action").as_str().unwrap_or_default()
    }

    /// Its title.
    #[must_use]
    pub fn title(&self) -> &str {
        at(at(&self.body, "payload"), "title").as_str().unwrap_or_default()
    }

    /// What it becomes at the desk; a call for an action that there is not.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::ALL.into_iter().find(|kind| kind.word() == self.action()).unwrap_or(Kind::Call)
    }

    /// The objects that the desk has of it.
    #[must_use]
    pub fn objects(&self, desk: &DeskStand) -> Vec<DeskObject> {
        let objects = desk.provider.objects(self.kind());
        objects.into_iter().filter(|object| object.text("title") == self.title()).collect()
    }

    /// A rule for the next request that writes a step of it. An upload is known by the name of its file alone
    /// ([`Rule::saying`]): the rule is for the next one.
    #[must_use]
    pub fn on(&self, step: &str, act: Act) -> Rule {
        let (method, path) = match (self.action(), step) {
            (_, "upload") => return Rule::on("POST", "/files", act),
            (_, "put") => ("PUT", "/cards/".to_owned()),
            (_, "change") => ("PATCH", "/notes/".to_owned()),
            _ => ("POST", format!("/{}", self.kind().plural())),
        };
        // With its quotes, so that `task 1` is not `task 10`.
        Rule::on(method, &path, act).saying(&json!(self.title()).to_string())
    }
}

/// A file that begins as a PDF does, of so many bytes that follow from the seed alone.
#[must_use]
pub fn pdf(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut file = b"%PDF-1.7\n".to_vec();
    while file.len() < bytes {
        // Xorshift: nothing that could be packed.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.extend_from_slice(&state.to_le_bytes());
    }
    file.truncate(bytes);
    file
}
