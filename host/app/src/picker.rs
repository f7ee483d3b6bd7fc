//! Typeaheads: targets that a person chooses for a push.
//!
//! A picker `from-stream` searches the records that the host holds ([`records`]); *refresh* runs that stream now, and
//! the stream is read for the picker even where the person does not have it extracted. A picker without a stream asks
//! the connector each time ([`provider`]), once a minute at most for one question ([`answers`]).
//!
//! A choice may depend on others: the folder of a client. Which ones is the manifest's word, so what is asked is held
//! against it before anything is searched or anybody asked ([`asked`]).

mod answers;
mod asked;
mod provider;
mod records;

use std::{collections::BTreeMap, sync::Arc};

use patchbay_model::{Code, ConnectionId, Fault, RunId, TenantId, Timestamp, contract::Choice, manifest::Picker};
use patchbay_store::{Account, Connection};

use crate::{App, connectors::Release};

pub(crate) use answers::Answers;

/// Choices in one answer.
const SHOWN: u32 = 20;

/// What somebody typed, and what was chosen before.
#[derive(Debug, Clone, Default)]
pub struct PickAsked {
    /// The text typed so far.
    pub query: String,
    /// Choices made before, by picker.
    pub parents: BTreeMap<String, String>,
    /// In this account, by its id at the provider.
    pub account: Option<String>,
    /// [`Picked::next`] of the answer before.
    pub cursor: Option<Vec<u8>>,
}

/// An answer of a picker.
pub struct Picked {
    /// The choices, in the order to show.
    pub choices: Vec<Choice>,
    /// Where to go on; none at the end.
    pub next: Option<Vec<u8>>,
    /// When the searched records were last read to their end, or when the provider was asked.
    pub as_of: Option<Timestamp>,
    /// Whether the searched records are being read just now.
    pub refreshing: bool,
}

/// A question that fits its picker.
struct Question<'q> {
    row: &'q Connection,
    release: &'q Release,
    picker: &'q Picker,
    /// Without spaces around it.
    query: &'q str,
    /// In the order of the manifest.
    parents: Vec<(String, String)>,
    account: Option<Account>,
    cursor: Option<Vec<u8>>,
}

fn picker<'r>(release: &'r Release, name: &str) -> Result<&'r Picker, Fault> {
    release.manifest.picker(name).ok_or_else(|| Fault::because(Code::NotFound, format!("There is no picker {name:?}.")))
}

impl App {
    /// What fits the text typed so far.
    pub async fn pick(
        self: &Arc<Self>,
        tenant: &TenantId,
        connection: &ConnectionId,
        name: &str,
        asked: PickAsked,
    ) -> Result<Picked, Fault> {
        let row = self.store.connection(tenant, connection).await?;
        let release = self.release_of(&row).await?;
        let picker = picker(&release, name)?;
        let parents = asked::check(picker, &asked)?;
        let account = match &asked.account {
            Some(account) => Some(self.account_of(&row, &release, picker, account).await?),
            None => None,
        };
        let (query, cursor) = (asked.query.trim(), asked.cursor);
        let question = Question { row: &row, release: &release, picker, query, parents, account, cursor };
        match &picker.from_stream {
            Some(stream) => self.pick_from_records(stream, question).await,
            None => self.pick_at_provider(question).await,
        }
    }

    /// The account to pick in: one that is selected, of a picker that picks in accounts.
    async fn account_of(
        &self,
        row: &Connection,
        release: &Release,
        picker: &Picker,
        account: &str,
    ) -> Result<Account, Fault> {
        let wrong = |why: &str| Err(Fault::new(Code::ParameterInvalid).field("/account", why));
        let stream = picker.from_stream.as_deref().and_then(|stream| release.manifest.stream(stream));
        if stream.is_some_and(|stream| !stream.per_account) {
            return wrong("this picker searches what is read once for the whole connection");
        }
        let found = self.store.accounts(&row.tenant, &row.id).await?;
        match found.into_iter().find(|there| there.provider_id == account) {
            Some(there) if there.selected => Ok(there),
            Some(_) => wrong("is not selected, so nothing of it is read"),
            None => wrong("is no account of this connection"),
        }
    }

    /// Reads the picker's stream now, for one account or for all: the run to follow, of several the first. None where
    /// there is nothing to read; what the provider answered a moment ago is forgotten then.
    pub async fn refresh_picker(
        self: &Arc<Self>,
        tenant: &TenantId,
        connection: &ConnectionId,
        name: &str,
        account: Option<&str>,
    ) -> Result<Option<RunId>, Fault> {
        let row = self.store.connection(tenant, connection).await?;
        let release = self.release_of(&row).await?;
        let picker = picker(&release, name)?;
        if let Some(account) = account {
            self.account_of(&row, &release, picker, account).await?;
        }
        match &picker.from_stream {
            Some(stream) => self.refresh_records(&row, &release, stream, account).await,
            None => {
                self.answers.forget(&row.id);
                Ok(None)
            }
        }
    }
}
