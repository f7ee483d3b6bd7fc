//! Connections and their accounts on the wire. Nothing of a credential is here.

use patchbay_model as model;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Raw, Reason, Time, account,
    words::{ConnectionState, ConnectionStatus, Function},
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
    /// How it stands, for a person.
    status: ConnectionStatus,
    /// Why it is a warning: at most five streams, and pushes that are `unknown`; empty where it is none.
    warnings: Vec<Warning>,
    /// How many warnings there are, with those that are not listed.
    warning_count: u64,
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

/// Something to know of a connection that works.
#[derive(Debug, Serialize, ToSchema)]
struct Warning {
    /// What sort of trouble, `PB…`; its page stands under `/errors/{code}`.
    #[schema(example = "PB3004")]
    code: String,
    /// What it is, for a person; without the name of the stream.
    text: String,
    /// The stream that has it; null where it is not of a stream.
    stream: Option<String>,
    /// That stream's account, by its id at the provider; null for a stream that is read once for the connection.
    account: Option<String>,
    /// How many pushes are `unknown`; null where it is of a stream.
    pushes: Option<u64>,
}

impl From<patchbay_app::Warning> for Warning {
    fn from(warning: patchbay_app::Warning) -> Self {
        Self {
            code: warning.code.id().to_owned(),
            text: warning.text,
            stream: warning.stream,
            account: account(warning.account),
            pushes: warning.pushes,
        }
    }
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

impl From<(patchbay_app::Connection, patchbay_app::Standing)> for Connection {
    fn from((row, standing): (patchbay_app::Connection, patchbay_app::Standing)) -> Self {
        Self {
            status: standing.status.into(),
            warnings: standing.warnings.into_iter().map(Into::into).collect(),
            warning_count: standing.warning_count,
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

/// A page of connections.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionList {
    /// The page, in the order of the list.
    items: Vec<Connection>,
    /// Pass it as `after` for the next page; null at the end.
    next: Option<String>,
    /// How many connections the filter takes, on all pages together.
    total: u64,
}

impl From<patchbay_app::ConnectionList> for ConnectionList {
    fn from(list: patchbay_app::ConnectionList) -> Self {
        Self { items: list.items.into_iter().map(Into::into).collect(), next: list.next, total: list.total }
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
            connection: (detail.connection, detail.standing).into(),
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
