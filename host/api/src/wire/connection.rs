//! Connections and their accounts on the wire. Nothing of a credential is here.

use patchbay_model as model;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Raw, Reason, Time,
    words::{ConnectionState, Function},
};
use crate::problem::Problem;

/// One authorised business account of the tenant at a provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Connection {
    /// Its id, `con_…`.
    #[schema(example = "con_068r3m5e4pvk3b8c9d0e1f2g3h")]
    id: String,
    /// The connector, `publisher.name`.
    #[schema(example = "acme.books")]
    connector: String,
    /// What the tenant calls it.
    name: String,
    /// How it stands.
    state: ConnectionState,
    /// Why it is broken or needs set-up.
    reason: Option<Reason>,
    /// How its accounts stand.
    account_status: AccountStatus,
    /// Accounts that can be read.
    account_count: u32,
    /// Whether it is switched on. Off, nothing is read or written.
    enabled: bool,
    /// The way to log in that it was made with.
    auth: String,
    /// The provider's id of the business account: tells equal names apart.
    business_id: String,
    /// What people call the business account.
    business_name: String,
    /// E-mail or login behind the credential.
    login: Option<String>,
    /// Whether your backend confirmed, or made, the login in its own user's name. False for a connect session
    /// with verification off: whoever had the link may have connected.
    verified: bool,
    /// The release that it is pinned to; null when it follows the active one.
    release: Option<String>,
    /// Since when it exists.
    created_at: Time,
    /// When it was authorised last.
    authorized_at: Time,
    /// When the provider was asked last whose account it is and which accounts it reaches.
    identified_at: Time,
    /// When it was changed last.
    updated_at: Time,
}

/// How the accounts of a connection stand: `loading_accounts` (the authorisation is not confirmed yet),
/// `no_accounts` (it works, and reaches none that can be read), `accounts` (it reaches `account_count`),
/// `error` (the credential is no longer accepted).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AccountStatus {
    LoadingAccounts,
    NoAccounts,
    Accounts,
    Error,
}

impl AccountStatus {
    fn of(state: model::ConnectionState, usable: u32) -> Self {
        match (state, usable) {
            (model::ConnectionState::Pending, _) => Self::LoadingAccounts,
            (model::ConnectionState::Broken | model::ConnectionState::Deleted, _) => Self::Error,
            (model::ConnectionState::NeedsSetup | model::ConnectionState::Active, 0) => Self::NoAccounts,
            (model::ConnectionState::NeedsSetup | model::ConnectionState::Active, _) => Self::Accounts,
        }
    }
}

impl From<patchbay_app::Connection> for Connection {
    fn from(row: patchbay_app::Connection) -> Self {
        Self {
            account_status: AccountStatus::of(row.state, row.usable_accounts),
            account_count: row.usable_accounts,
            id: row.id.to_string(),
            connector: row.connector,
            name: row.name,
            state: row.state.into(),
            reason: Reason::of(row.reason_code, row.reason),
            enabled: row.enabled,
            auth: row.auth,
            business_id: row.business_id,
            business_name: row.business_name,
            login: row.login,
            verified: row.verified,
            release: row.release.map(|id| id.to_string()),
            created_at: row.created_at.into(),
            authorized_at: row.authorized_at.into(),
            identified_at: row.identified_at.into(),
            updated_at: row.updated_at.into(),
        }
    }
}

/// A connection with its settings and what it reaches.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionDetail {
    /// The connection.
    #[serde(flatten)]
    connection: Connection,
    /// Its settings; they fit the schema in the catalog.
    settings: Raw,
    /// The accounts that its credential reaches, by name.
    accounts: Vec<Account>,
    /// The functions that its connector serves, each with its switch.
    functions: Vec<FunctionSwitch>,
}

/// The switch of a function: a named group of streams and actions.
#[derive(Debug, Serialize, ToSchema)]
struct FunctionSwitch {
    /// Which function.
    function: Function,
    /// Whether it is on. Off, items of its actions are recorded as `skipped`, and its streams are not extracted.
    enabled: bool,
    /// The streams that belong to it.
    #[schema(example = json!(["issues"]))]
    streams: Vec<String>,
    /// The actions that belong to it.
    #[schema(example = json!(["issue"]))]
    actions: Vec<String>,
}

impl From<patchbay_app::FunctionSwitch> for FunctionSwitch {
    fn from(switch: patchbay_app::FunctionSwitch) -> Self {
        Self {
            function: switch.function.into(),
            enabled: switch.enabled,
            streams: switch.streams,
            actions: switch.actions,
        }
    }
}

/// Something selectable under one credential: an ad account, a firm, a repository.
#[derive(Debug, Serialize, ToSchema)]
struct Account {
    /// Its id, `acc_…`: what a change of the selection names.
    id: String,
    /// The provider's id: what records and changes name.
    provider_id: String,
    /// What people call it.
    name: String,
    /// Whether it can be read.
    usable: bool,
    /// Why not, or what to know about it.
    note: Option<String>,
    /// Whether it is read.
    selected: bool,
}

impl From<patchbay_app::Account> for Account {
    fn from(row: patchbay_app::Account) -> Self {
        Self {
            id: row.id.to_string(),
            provider_id: row.provider_id,
            name: row.name,
            usable: row.usable,
            note: row.note,
            selected: row.selected,
        }
    }
}

impl TryFrom<patchbay_app::ConnectionDetail> for ConnectionDetail {
    type Error = Problem;

    fn try_from(mut detail: patchbay_app::ConnectionDetail) -> Result<Self, Problem> {
        Ok(Self {
            settings: std::mem::take(&mut detail.connection.settings).try_into()?,
            connection: detail.connection.into(),
            accounts: detail.accounts.into_iter().map(Into::into).collect(),
            functions: detail.functions.into_iter().map(Into::into).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use model::ConnectionState;

    use super::*;

    #[test]
    fn accounts_count_only_while_the_connection_works() {
        assert_eq!(AccountStatus::of(ConnectionState::Pending, 0), AccountStatus::LoadingAccounts);
        assert_eq!(AccountStatus::of(ConnectionState::NeedsSetup, 3), AccountStatus::Accounts);
        assert_eq!(AccountStatus::of(ConnectionState::Active, 0), AccountStatus::NoAccounts);
        assert_eq!(AccountStatus::of(ConnectionState::Broken, 3), AccountStatus::Error);
        assert_eq!(serde_json::to_value(AccountStatus::LoadingAccounts).ok(), Some("loading_accounts".into()));
    }
}
