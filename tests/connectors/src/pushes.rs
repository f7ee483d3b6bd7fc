//! Writing items, and what the provider's journal has of them.

use std::time::Duration;

use patchbay_test_support::{Answer, Result, Trouble, wait_until};
use serde_json::{Value, json};

use crate::{
    ActionCase, Scene,
    signs::{more_objects, objects, stands, text},
};

/// Longest wait for something that the host does by itself.
const LIMIT: Duration = Duration::from_secs(60);

/// Items of one action of one connection.
pub(crate) struct Writer<'a> {
    pub(crate) scene: &'a Scene<'a>,
    pub(crate) connection: &'a str,
    pub(crate) action: &'a ActionCase,
    /// Uploaded files.
    blobs: Vec<String>,
}

impl<'a> Writer<'a> {
    /// Uploads the action's files.
    ///
    /// # Errors
    ///
    /// One is refused.
    pub(crate) fn of(scene: &'a Scene<'a>, connection: &'a str, action: &'a ActionCase) -> Result<Self> {
        let upload = |file: &crate::File| scene.tenant.upload(file.name, file.media_type, file.bytes.clone());
        let blobs = action.files.iter().map(upload).collect::<Result<_>>()?;
        Ok(Self { scene, connection, action, blobs })
    }

    /// Sends an item, whatever comes of it.
    ///
    /// # Errors
    ///
    /// There was no answer.
    pub(crate) fn send(&self, key: &str, content: &str) -> Result<Answer> {
        let mut item = json!({
            "connection": self.connection,
            "action": self.action.name,
            "key": key,
            "payload": (self.action.payload)(content),
        });
        let target = (self.action.target)(self.scene)?;
        if let (false, Some(members)) = (target.is_null(), item.as_object_mut()) {
            members.insert("target".to_owned(), target);
        }
        if let (false, Some(members)) = (self.blobs.is_empty(), item.as_object_mut()) {
            let files = self.blobs.iter().map(|blob| json!({ "blob": blob })).collect();
            members.insert("attachments".to_owned(), files);
        }
        self.scene.tenant.api.post("/v1/pushes", &item)
    }

    /// Sends an item that is new; its push.
    ///
    /// # Errors
    ///
    /// It is refused, or was sent before.
    pub(crate) fn push(&self, key: &str) -> Result<String> {
        self.send(key, &content(key))?.expect(201)?.text_at("/id")
    }

    /// Writes an item twice under one key, once under another, and changes it where the action can: each is at the
    /// provider once.
    ///
    /// # Errors
    ///
    /// One is not.
    pub(crate) fn twice(&self) -> Result<()> {
        let name = self.action.name;
        self.written(&format!("{name}-1"))?;
        let before = objects(self.scene);
        let (key, first) = (format!("{name}-2"), self.written(&format!("{name}-2"))?);
        let again = self.send(&key, &content(&key))?.expect(200)?;
        let told = (again.text_at("/change")?, again.text_at("/duplicate_of")?);
        if told != ("duplicate".to_owned(), text(&first, "id")) {
            return Err(Trouble::new(format!("the same item again is {told:?}: {}", again.text())));
        }
        more_objects(self.scene, &before, self.action.writes)?;
        if self.action.changes.is_empty() {
            return Ok(());
        }
        let before = objects(self.scene);
        let changed = self.send(&key, &format!("{} But otherwise.", content(&key)))?.expect(200)?;
        let done = self.done(&changed.text_at("/id")?)?;
        if done.pointer("/object/id") != first.pointer("/object/id") {
            return Err(Trouble::new(format!("another object was changed: {done}")));
        }
        more_objects(self.scene, &before, self.action.changes)
    }

    /// Writes a new item; its push, once it is at the provider exactly once.
    ///
    /// # Errors
    ///
    /// It is not.
    pub(crate) fn written(&self, key: &str) -> Result<Value> {
        let before = objects(self.scene);
        let done = self.done(&self.push(key)?)?;
        more_objects(self.scene, &before, self.action.writes)?;
        if done.pointer("/object/id").is_none_or(Value::is_null) {
            return Err(Trouble::new(format!("it does not say what it became: {done}")));
        }
        Ok(done)
    }

    /// Waits until a push is done; the push.
    ///
    /// # Errors
    ///
    /// It ends otherwise.
    pub(crate) fn done(&self, push: &str) -> Result<Value> {
        let ended = self.scene.tenant.push_ended(push)?;
        if text(&ended, "state") == "done" { Ok(ended) } else { Err(Trouble::new(format!("it is not done: {ended}"))) }
    }

    /// Waits until a push stands so; the push.
    ///
    /// # Errors
    ///
    /// It has ended otherwise, or does not come to that.
    pub(crate) fn stands(&self, push: &str, state: &str, code: Option<&str>) -> Result<Value> {
        let mut last = Value::Null;
        let found = wait_until(&format!("{push} to be {state} {code:?}"), LIMIT, || {
            last = self.scene.tenant.get(&format!("/v1/pushes/{push}"))?.json;
            let (is, why) = stands(&last);
            if is == state && why.as_deref() == code {
                return Ok(Some(last.clone()));
            }
            match is.as_str() {
                "done" | "rejected" | "failed" | "expired" | "skipped" => {
                    Err(Trouble::new(format!("{state} {code:?} was expected: {last}")))
                }
                _ => Ok(None),
            }
        });
        found.map_err(|error| Trouble::new(format!("{error}; it is {last}")))
    }
}

/// What an item says.
fn content(key: &str) -> String {
    format!("Agreed on {key}.")
}
