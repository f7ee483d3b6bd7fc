//! What is read of a packed manifest: only what a definition has to agree with.

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(super) struct Manifest {
    #[serde(default, rename = "auth")]
    pub(super) auths: Vec<Auth>,
    #[serde(default, rename = "host")]
    pub(super) hosts: Vec<Host>,
    #[serde(default, rename = "stream")]
    pub(super) streams: Vec<Stream>,
    #[serde(default, rename = "picker")]
    pub(super) pickers: Vec<Picker>,
    #[serde(default, rename = "action")]
    pub(super) actions: Vec<Action>,
    pub(super) settings: Option<Value>,
    pub(super) config: Option<Value>,
}

#[derive(Deserialize)]
pub(super) struct Auth {
    pub(super) id: String,
    #[serde(default, rename = "field")]
    pub(super) fields: Vec<Field>,
    #[serde(default, rename = "fact")]
    pub(super) facts: Vec<Fact>,
    #[serde(default, rename = "slot")]
    pub(super) slots: Vec<Slot>,
}

#[derive(Deserialize)]
pub(super) struct Field {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

#[derive(Deserialize)]
pub(super) struct Fact {
    pub(super) id: String,
}

#[derive(Deserialize)]
pub(super) struct Slot {
    pub(super) place: String,
    pub(super) name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Host {
    pub(super) origin: String,
    #[serde(default)]
    pub(super) paths: Vec<String>,
    #[serde(default)]
    pub(super) methods: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Stream {
    pub(super) name: String,
    pub(super) key: Vec<String>,
    #[serde(default)]
    pub(super) per_account: bool,
    #[serde(default)]
    pub(super) mode: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Picker {
    pub(super) name: String,
    pub(super) from_stream: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Action {
    pub(super) name: String,
    pub(super) schema: Value,
    pub(super) target: Option<Value>,
    #[serde(default)]
    pub(super) multi_step: bool,
    #[serde(default)]
    pub(super) update: bool,
    pub(super) attachments: Option<Attachments>,
    pub(super) idempotency: String,
}

#[derive(Deserialize)]
pub(super) struct Attachments {
    #[serde(default)]
    pub(super) min: u32,
    pub(super) max: u32,
}
