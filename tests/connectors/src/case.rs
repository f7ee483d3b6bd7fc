//! What a connector says of itself, so that the journeys can be walked with it.

use std::sync::Arc;

use patchbay_test_support::{
    Result,
    fakes::{Fakes, FakesConfig, Journal, Script, also},
};
use serde_json::Value;

use crate::{ErrorRow, Scene};

/// A connector and its provider. Functions are plain ones: all that changes is at the fake, reached by the [`Scene`].
pub struct Case {
    /// Its folder under `plugins/`. The fake of this name is started.
    pub connector: &'static str,
    /// The id that the host knows it by; `patchbay.FOLDER` unless said otherwise.
    pub id: String,
    /// The fake's journal and script: `stage::<ITS_TYPE>`.
    pub stage: fn(&Fakes) -> Option<Stage>,
    /// Other sizes of the fakes.
    pub fakes: fn(&mut FakesConfig),
    /// Installs the connector; packages of `plugins/` unless said otherwise.
    pub install: fn(&Scene<'_>) -> Result<()>,
    /// What the operator does before anybody connects: registers a client, grants a customer's origin.
    pub prepare: fn(&Scene<'_>) -> Result<()>,
    /// Connects; the connection.
    pub connect: fn(&Scene<'_>) -> Result<String>,
    /// The connection's settings, whole; null for none.
    pub settings: fn(&Scene<'_>) -> Result<Value>,
    /// What people call the business account that was connected.
    pub account: &'static str,
    /// Every stream that this case reads. Streams of the connector that are not here are switched off.
    pub streams: Vec<StreamCase>,
    /// Changes a little of each stream at the provider: something new, something other, something gone where the
    /// stream can tell. Called several times; each time something has to be other than before.
    pub change: fn(&Scene<'_>) -> Result<()>,
    /// Every action that this case writes.
    pub actions: Vec<ActionCase>,
    /// Takes the credential's access away, so that no renewal helps.
    pub break_credential: fn(&Scene<'_>) -> Result<()>,
    /// The code of the connection that was broken so.
    pub broken: &'static str,
    /// Gives the access back, or makes another credential, and reconnects this connection.
    pub reconnect: fn(&Scene<'_>, &str) -> Result<()>,
    /// What must be nowhere in the host's answers, database and log: 8 bytes or more each.
    pub secrets: fn(&Scene<'_>) -> Result<Vec<String>>,
    /// The error table of the sheet.
    pub rows: fn(&Scene<'_>) -> Result<Vec<ErrorRow>>,
}

/// What every fake has.
pub struct Stage {
    /// What it served and accepted.
    pub journal: Arc<Journal>,
    /// How it misbehaves.
    pub script: Arc<Script>,
}

/// A stream.
pub struct StreamCase {
    /// Its name.
    pub name: &'static str,
    /// What the provider has now.
    pub truth: fn(&Scene<'_>) -> Result<Vec<Row>>,
    /// For an incremental stream: what at least one request of a second run says in its path, query or body. None where
    /// only the number of records can tell.
    pub asks_since: Option<&'static str>,
    /// [`Case::change`] does not touch it.
    pub still: bool,
}

/// A record as it is at the provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The account's id at the provider; empty for a stream that is read once.
    pub account: String,
    /// The record's key, as the feed says it.
    pub key: String,
    /// Members that the stored record has to have with these values. All that can change has to be among them: two
    /// truths are compared to know what has to come.
    pub record: Value,
}

/// An action.
pub struct ActionCase {
    /// Its name.
    pub name: &'static str,
    /// Where to; null for an action without a target.
    pub target: fn(&Scene<'_>) -> Result<Value>,
    /// What, with this text somewhere in it: each item has another.
    pub payload: fn(&str) -> Value,
    /// Its files.
    pub files: Vec<File>,
    /// Kinds of what the fake's journal has of one item ([`Created::kind`](patchbay_test_support::fakes::Created)), and
    /// how many: `&[("file", 1), ("note", 1)]`. Nothing else may be written.
    pub writes: &'static [(&'static str, usize)],
    /// For an action with `update`: the kinds that the journal has when the same key comes with other content.
    pub changes: &'static [(&'static str, usize)],
}

/// A file of an item.
pub struct File {
    /// `report.pdf`
    pub name: &'static str,
    /// `application/pdf`
    pub media_type: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl Case {
    /// A case that only has its connector and its fake: `Case { connect: …, ..Case::of("github", stage) }`.
    #[must_use]
    pub fn of(connector: &'static str, stage: fn(&Fakes) -> Option<Stage>) -> Self {
        Self {
            connector,
            id: format!("patchbay.{connector}"),
            stage,
            fakes: |_| {},
            install: |scene| scene.rig.install_connectors(&[scene.case.connector]),
            prepare: |_| Ok(()),
            connect: |scene| scene.connect_by_fields("", &Value::Object(serde_json::Map::new())),
            settings: |_| Ok(Value::Null),
            account: "",
            streams: Vec::new(),
            change: |_| Ok(()),
            actions: Vec::new(),
            break_credential: |_| Ok(()),
            broken: "PB2002",
            reconnect: |_, _| Ok(()),
            secrets: |_| Ok(Vec::new()),
            rows: |_| Ok(Vec::new()),
        }
    }

    /// The fakes that it needs, and no other.
    pub(crate) fn config(&self) -> FakesConfig {
        let also = also::all().into_iter().filter(|fake| fake.name() == self.connector).collect();
        let mut config = FakesConfig { also, ..FakesConfig::small() };
        (self.fakes)(&mut config);
        config
    }
}

/// Journal and script of a provider of [`also::all`]; `Case { stage: stage::<Adminpulse>, .. }`.
#[must_use]
pub fn stage<P: 'static>(fakes: &Fakes) -> Option<Stage> {
    let stand = fakes.stand::<P>()?;
    Some(Stage { journal: Arc::clone(&stand.journal), script: Arc::clone(&stand.script) })
}

impl StreamCase {
    /// A stream that [`Case::change`] changes.
    #[must_use]
    pub fn of(name: &'static str, truth: fn(&Scene<'_>) -> Result<Vec<Row>>) -> Self {
        Self { name, truth, asks_since: None, still: false }
    }

    /// A second run says this in a request.
    #[must_use]
    pub fn asks_since(self, text: &'static str) -> Self {
        Self { asks_since: Some(text), ..self }
    }

    /// [`Case::change`] does not touch it.
    #[must_use]
    pub fn still(self) -> Self {
        Self { still: true, ..self }
    }
}

impl Row {
    /// A record of a stream that is read once, with its `id` as key.
    #[must_use]
    pub fn by_id(record: Value) -> Self {
        Self::of("", "/id", record)
    }

    /// A record of an account, with what stands at this JSON pointer as key.
    #[must_use]
    pub fn of(account: &str, pointer: &str, record: Value) -> Self {
        let key = match record.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        Self { account: account.to_owned(), key, record }
    }
}

impl ActionCase {
    /// An action whose items are one object of this kind each.
    #[must_use]
    pub fn of(
        name: &'static str,
        target: fn(&Scene<'_>) -> Result<Value>,
        payload: fn(&str) -> Value,
        writes: &'static [(&'static str, usize)],
    ) -> Self {
        Self { name, target, payload, files: Vec::new(), writes, changes: &[] }
    }

    /// With these files.
    #[must_use]
    pub fn with(self, files: Vec<File>) -> Self {
        Self { files, ..self }
    }

    /// The same key with other content changes what was written: these kinds then.
    #[must_use]
    pub fn changing(self, changes: &'static [(&'static str, usize)]) -> Self {
        Self { changes, ..self }
    }
}

impl File {
    /// A small PDF.
    #[must_use]
    pub fn pdf(name: &'static str) -> Self {
        Self { name, media_type: "application/pdf", bytes: patchbay_it::pdf(7, 20_000) }
    }
}
