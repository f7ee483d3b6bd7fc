//! Fixtures of a live provider: the connector is run through the real gate, and what both sides said is written down.
//!
//! The credential is filled in by the gate, so that no request that is kept has ever held it, and answers come back
//! without it. Other secrets (what signs a link, a token that an answer hands on to the next request) and what says who
//! somebody is are replaced before anything is written (`mask.rs`); nothing of the original touches the disk.

mod items;
mod listener;
mod mask;
mod named;
mod place;
mod shape;
mod text;
mod withheld;
mod write;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use patchbay_egress::{CredentialSource, Tape, Values};
use patchbay_engine::Instance;
use patchbay_fixture::{Call, Fixture, Item, Nothing, Pick, Read, Said, VERSION};
use patchbay_model::{
    Random, Secret, Timestamp,
    contract::{Account, Context, PickRequest, Position, ReadRequest},
    manifest::{Auth, Stream},
};
use serde_json::{Value, json};

use self::listener::{GivenCredential, Listener};
use crate::{
    Stage,
    reading::told,
    stage::{Setting, Writer, config_of, grant},
};

/// What is recorded, and as whom.
pub struct Wanted {
    /// The auth method; the manifest's first when left out.
    pub auth: Option<String>,
    /// Plain fields and facts of the login.
    pub facts: BTreeMap<String, String>,
    /// Secrets by the names that slots use.
    pub secrets: BTreeMap<String, Secret>,
    /// The account; the first that is usable when left out.
    pub account: Option<String>,
    /// The connection's settings.
    pub settings: Option<Value>,
    /// Laid over the manifest's defaults.
    pub config: Option<Value>,
    /// Items to write, each by its action.
    pub items: Vec<Item>,
    /// Pages of each stream.
    pub pages: u32,
    /// Records that a page should have.
    pub page_hint: u32,
    /// Answers that are no JSON, and files, are written as they came: nobody can look through them for people.
    pub keep_text: bool,
}

/// What was written.
#[derive(Debug, Default)]
pub struct Recorded {
    /// Files, in their order.
    pub files: Vec<PathBuf>,
    /// What could not be recorded, and why.
    pub missing: Vec<String>,
    /// Answers that something stands for, because they were no JSON: the file and the media type.
    pub withheld: Vec<String>,
    /// How many values were replaced by invented ones.
    pub masked: usize,
}

/// Why nothing could be recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The manifest or its configuration does not take what was given.
    #[error("{0}")]
    Given(String),
    /// Whose account it is could not be told.
    #[error("identify: {0}")]
    Identify(String),
    /// A file cannot be written.
    #[error("{} cannot be written: {source}", file.display())]
    Write {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Records a connector's fixtures into a folder.
///
/// # Errors
/// See [`RecordError`]. A stream or an action that fails is not one: it is among [`Recorded::missing`].
pub async fn record(
    stage: &Stage,
    wanted: &Wanted,
    now: Timestamp,
    random: &dyn Random,
    out: &Path,
) -> Result<Recorded, RecordError> {
    let mut session = Session::begin(stage, wanted, now, random)?;
    session.identify().await.map_err(RecordError::Identify)?;
    session.discover().await;
    for stream in stage.manifest().streams.clone() {
        session.stream(&stream).await;
    }
    session.pickers().await;
    for item in &wanted.items {
        session.item(item).await;
    }
    session.write(out)
}

/// A connection to a live provider that has said whose it is.
pub(crate) struct Connected {
    /// Without an account.
    pub(crate) plain: Setting,
    /// With the account that was named, or the first that can be read.
    pub(crate) of_account: Setting,
    /// What was given.
    pub(crate) credential: Arc<dyn CredentialSource>,
    /// Makes the keys of steps new.
    pub(crate) seed: String,
}

/// Connects without keeping anything of what is said.
pub(crate) async fn connect(
    stage: &Stage,
    wanted: &Wanted,
    now: Timestamp,
    random: &dyn Random,
) -> Result<Connected, RecordError> {
    let mut session = Session::begin(stage, wanted, now, random)?;
    session.identify().await.map_err(RecordError::Identify)?;
    let setting = |context: Context| session.setting(context).map_err(RecordError::Given);
    Ok(Connected {
        plain: setting(session.context.clone())?,
        of_account: setting(session.of_account())?,
        credential: Arc::clone(&session.credential) as _,
        seed: session.seed.clone(),
    })
}

struct Session<'a> {
    stage: &'a Stage,
    wanted: &'a Wanted,
    auth: Auth,
    context: Context,
    account: Option<Account>,
    now: Timestamp,
    credential: Arc<GivenCredential>,
    /// Makes the keys of steps new.
    seed: String,
    salt: [u8; 32],
    heard: Vec<(String, Fixture)>,
    keys: Vec<String>,
    missing: Vec<String>,
}

impl<'a> Session<'a> {
    fn begin(stage: &'a Stage, wanted: &'a Wanted, now: Timestamp, random: &dyn Random) -> Result<Self, RecordError> {
        let manifest = stage.manifest();
        let auth = match &wanted.auth {
            None => manifest.auths.first(),
            Some(id) => manifest.auth(id),
        };
        let auth =
            auth.cloned().ok_or_else(|| RecordError::Given("the manifest has no such auth method".to_owned()))?;
        let correction = wanted.config.clone().unwrap_or_else(|| json!({}));
        let manifest = manifest.corrected(&correction).map_err(|fields| {
            let told: Vec<String> = fields.iter().map(|field| format!("{} {}", field.pointer, field.message)).collect();
            RecordError::Given(format!("the configuration does not fit: {}", told.join("; ")))
        })?;
        let mut bytes = [0; 64];
        random.fill(&mut bytes);
        let (seed, salt) = bytes.split_at(32);
        let settings = wanted.settings.clone().unwrap_or_else(|| json!({}));
        Ok(Self {
            stage,
            wanted,
            context: Context {
                auth: auth.id.clone(),
                account: None,
                facts: wanted.facts.clone().into_iter().collect(),
                account_facts: Vec::new(),
                settings: settings.to_string().into_bytes(),
                config: config_of(&manifest).to_string().into_bytes(),
            },
            account: None,
            auth,
            now,
            credential: Arc::new(GivenCredential(Arc::new(Values {
                secrets: wanted.secrets.clone(),
                obtained_at: now,
                generation: 1,
                renewable: false,
                after_refusal: false,
            }))),
            seed: data_encoding::HEXLOWER.encode(seed),
            salt: salt.try_into().unwrap_or([0; 32]),
            heard: Vec::new(),
            keys: Vec::new(),
            missing: Vec::new(),
        })
    }

    fn setting(&self, context: Context) -> Result<Setting, String> {
        let correction = self.wanted.config.clone().unwrap_or_else(|| json!({}));
        let manifest =
            self.stage.manifest().corrected(&correction).map_err(|_| "the configuration does not fit".to_owned())?;
        let facts: BTreeMap<String, String> = context.facts.iter().cloned().collect();
        let grant = grant(&manifest, &self.auth, &facts, context.account.clone());
        Ok(Setting { context, grant: Arc::new(grant), now: self.now })
    }

    /// An instance whose conversation is listened to.
    async fn open(&self, context: &Context, writer: Option<Writer>) -> Result<(Instance, Arc<Listener>), String> {
        let setting = self.setting(context.clone())?;
        let listener = Arc::new(Listener::default());
        let tape = Tape::Records(Arc::clone(&listener) as _);
        let credential = Arc::clone(&self.credential) as _;
        let opened = self.stage.instance(&setting, tape, credential, writer, false).await;
        let (instance, _, stop) = opened.map_err(|failure| told(&failure))?;
        // Nobody stops a recording: it ends by its own bounds.
        drop(stop);
        Ok((instance, listener))
    }

    fn keep(&mut self, file: String, call: Call, context: Said, listener: &Listener) {
        let exchanges = listener.exchanges();
        self.heard.push((file, Fixture { version: VERSION, call: Some(call), context, now: None, exchanges }));
    }

    fn miss(&mut self, what: &str, why: impl std::fmt::Display) {
        self.missing.push(format!("{what}: {why}"));
    }

    /// The connection without an account.
    fn plain(&self) -> Said {
        match &self.account {
            None => Said::default(),
            Some(_) => Said { account: Some(None), account_facts: Some(BTreeMap::new()), ..Said::default() },
        }
    }

    async fn identify(&mut self) -> Result<(), String> {
        let context = self.context.clone();
        let (mut instance, listener) = self.open(&context, None).await?;
        let identity = instance.identify(&context).await.map_err(|failure| told(&failure))?;
        for (name, value) in identity.facts {
            self.context.facts.retain(|(known, _)| *known != name);
            self.context.facts.push((name, value));
        }
        let usable = |account: &&Account| match &self.wanted.account {
            Some(id) => account.id == *id,
            None => account.usable,
        };
        self.account = identity.accounts.iter().find(usable).cloned();
        // It was asked before anything of this was known.
        let facts = Some(self.wanted.facts.clone());
        let said = Said { facts, ..self.plain() };
        self.keep("identify.json".to_owned(), Call::Identify(Nothing {}), said, &listener);
        Ok(())
    }

    async fn discover(&mut self) {
        if !self.stage.inspected.exports.fetch {
            return;
        }
        let context = self.context.clone();
        let came = match self.open(&context, None).await {
            Ok((mut instance, listener)) => {
                instance.discover(&context).await.map(|_| listener).map_err(|failure| told(&failure))
            }
            Err(why) => Err(why),
        };
        match came {
            // One that asks nobody needs no fixture.
            Ok(listener) if listener.exchanges().is_empty() => {}
            Ok(listener) => self.keep("discover.json".to_owned(), Call::Discover(Nothing {}), self.plain(), &listener),
            Err(why) => self.miss("discover", why),
        }
    }

    async fn stream(&mut self, stream: &Stream) {
        let file = format!("streams/{}.json", stream.name);
        let (context, said) = if stream.per_account {
            (self.of_account(), Said::default())
        } else {
            (self.context.clone(), self.plain())
        };
        match self.read(&stream.name, &context).await {
            Ok((listener, pages)) => {
                let call = Read {
                    stream: stream.name.clone(),
                    page_hint: self.wanted.page_hint,
                    since: None,
                    cursor: None,
                    pages,
                };
                self.keep(file, Call::Read(call), said, &listener);
            }
            Err(why) => self.miss(&file, why),
        }
    }

    /// Reads up to so many pages; the number where there would be more.
    async fn read(&self, stream: &str, context: &Context) -> Result<(Arc<Listener>, Option<u32>), String> {
        let (mut instance, listener) = self.open(context, None).await?;
        let mut cursor = None;
        for page in 1..=self.wanted.pages.max(1) {
            let request =
                ReadRequest { stream: stream.to_owned(), cursor, page_hint: self.wanted.page_hint, since_ms: None };
            match instance.read(context, &request).await.map_err(|failure| told(&failure))?.position {
                Position::More(_) | Position::Wait(..) if page >= self.wanted.pages => {
                    return Ok((listener, Some(page)));
                }
                Position::More(next) | Position::Wait(next, _) => cursor = Some(next),
                Position::End(_) | Position::Complete(_) => break,
            }
        }
        Ok((listener, None))
    }

    fn of_account(&self) -> Context {
        let account = self.account.clone();
        Context {
            account: account.as_ref().map(|account| account.id.clone()),
            account_facts: account.map(|account| account.facts).unwrap_or_default(),
            ..self.context.clone()
        }
    }

    /// Those that the connector answers, each with the first choice of those before.
    async fn pickers(&mut self) {
        let mut chosen: BTreeMap<String, String> = BTreeMap::new();
        for picker in self.stage.manifest().pickers.clone() {
            if picker.from_stream.is_some() {
                continue;
            }
            let context = self.of_account();
            let parents: BTreeMap<String, String> = picker
                .parents
                .iter()
                .filter_map(|parent| Some((parent.picker.clone(), chosen.get(&parent.picker)?.clone())))
                .collect();
            let request = PickRequest {
                picker: picker.name.clone(),
                query: String::new(),
                parents: parents.clone().into_iter().collect(),
                cursor: None,
            };
            let came = match self.open(&context, None).await {
                Ok((mut instance, listener)) => instance
                    .pick(&context, &request)
                    .await
                    .map(|choices| (choices, listener))
                    .map_err(|failure| told(&failure)),
                Err(why) => Err(why),
            };
            let file = format!("pickers/{}.json", picker.name);
            match came {
                Ok((choices, listener)) => {
                    if let Some(first) = choices.items.first() {
                        chosen.insert(picker.name.clone(), first.id.clone());
                    }
                    let call = Call::Pick(Pick { picker: picker.name, query: String::new(), parents });
                    self.keep(file, call, Said::default(), &listener);
                }
                Err(why) => self.miss(&file, why),
            }
        }
    }
}
