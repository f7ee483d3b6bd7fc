//! The list of a tenant's connections: any column up or down, page by page, quick with ten thousand of them.
//!
//! A page goes on after the place where the one before ended: the value that the list is ordered by, and the id, which
//! tells equal values apart. So nothing is skipped and nothing comes twice, whatever is added or removed meanwhile; only a
//! connection whose own value changes may move over the reader's place.

use patchbay_model::{ConnectionState, TenantId};
use sqlx::AssertSqlSafe;

use super::Connection;
use crate::{
    Page, Store, StoreError,
    row::{Row as _, Statement, json, many, one_more},
};

/// What a list is ordered by; equal ones by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConnectionSort {
    /// When it was made.
    #[default]
    Created,
    /// Its name, whatever the case of its letters.
    Name,
    /// When it was changed last.
    Updated,
    /// The connector's id.
    Connector,
    /// What people call the business account, whatever the case of its letters.
    BusinessName,
    /// Loading, then by the number of accounts that can be read, then those whose credential is not accepted.
    AccountStatus,
    /// The provider's id of the business account.
    BusinessId,
    /// When it was authorised last.
    Authorized,
    /// Broken, needs set-up, pending, active.
    State,
}

/// Which connections, in which order.
#[derive(Debug, Clone, Default)]
pub struct ConnectionFilter {
    /// Of one of these connectors; of any where there is none.
    pub connectors: Vec<String>,
    /// In this state.
    pub state: Option<ConnectionState>,
    /// Switched on, or off.
    pub enabled: Option<bool>,
    /// Whose name, business account or login contains this.
    pub query: Option<String>,
    /// Connectors that the query finds by the names of their providers; each of their connections is found, too.
    pub found: Vec<String>,
    /// In this order.
    pub sort: ConnectionSort,
    /// The other way round than the order is read when nobody says: [`ConnectionSort::descends`].
    pub descending: Option<bool>,
    /// [`Page::next`] of the page before, with the same filter.
    pub after: Option<String>,
    /// At most so many, and at most 200.
    pub limit: u32,
}

/// The largest page.
const LIMIT: u32 = 200;
/// Characters of an id, which starts the place where a page ends.
const ID: usize = 30;
/// Where a connection stands whose accounts are not known, and one whose credential is not accepted.
const LOADING: i64 = -1;
const REFUSED: i64 = 1_000_000_000;

/// The conditions of a filter: `$1` to `$6`.
const FILTER: &str = "c.tenant = $1 AND c.state <> 'deleted' AND ($2 IS NULL OR c.connector IN (SELECT o.value FROM json_each($2) o)) \
    AND ($3 IS NULL OR c.state = $3) AND ($4 IS NULL OR c.enabled = $4) \
    AND ($5 IS NULL OR instr(lower(c.name), $5) OR instr(lower(c.business_name), $5) \
    OR instr(lower(c.business_id), $5) OR instr(lower(coalesce(c.login, '')), $5) \
    OR c.connector IN (SELECT f.value FROM json_each($6) f))";

/// A value that a list is ordered by.
enum Key {
    Text(String),
    Number(i64),
}

impl ConnectionSort {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::Created,
        Self::Name,
        Self::Updated,
        Self::Connector,
        Self::BusinessName,
        Self::AccountStatus,
        Self::BusinessId,
        Self::Authorized,
        Self::State,
    ];

    /// Whether it is read downwards when nobody says: times are, newest first.
    #[must_use]
    pub const fn descends(self) -> bool {
        matches!(self, Self::Created | Self::Updated | Self::Authorized)
    }

    /// In a statement. What has an index is spelled as the index spells it.
    const fn key(self) -> &'static str {
        match self {
            // Ids are made in the order of time.
            Self::Created => "c.id",
            Self::Name => "lower(c.name)",
            Self::Updated => "c.updated_at",
            Self::Connector => "c.connector",
            Self::BusinessName => "lower(c.business_name)",
            Self::AccountStatus => {
                "CASE c.state WHEN 'pending' THEN -1 WHEN 'broken' THEN 1000000000 \
                 ELSE (SELECT count(*) FROM accounts k WHERE k.connection = c.id AND k.usable) END"
            }
            Self::BusinessId => "c.business_id",
            Self::Authorized => "c.authorized_at",
            Self::State => {
                "CASE c.state WHEN 'broken' THEN 0 WHEN 'needs_setup' THEN 1 WHEN 'pending' THEN 2 ELSE 3 END"
            }
        }
    }

    /// The same of a connection that was read.
    fn of(self, row: &Connection) -> Key {
        match self {
            Self::Created => Key::Text(row.id.to_string()),
            Self::Name => Key::Text(row.name.to_ascii_lowercase()),
            Self::Updated => Key::Number(row.updated_at.as_micros()),
            Self::Connector => Key::Text(row.connector.clone()),
            Self::BusinessName => Key::Text(row.business_name.to_ascii_lowercase()),
            Self::AccountStatus => Key::Number(match row.state {
                ConnectionState::Pending => LOADING,
                ConnectionState::Broken => REFUSED,
                ConnectionState::NeedsSetup | ConnectionState::Active | ConnectionState::Deleted => {
                    i64::from(row.usable_accounts)
                }
            }),
            Self::BusinessId => Key::Text(row.business_id.clone()),
            Self::Authorized => Key::Number(row.authorized_at.as_micros()),
            Self::State => Key::Number(match row.state {
                ConnectionState::Broken => 0,
                ConnectionState::NeedsSetup => 1,
                ConnectionState::Pending => 2,
                ConnectionState::Active | ConnectionState::Deleted => 3,
            }),
        }
    }

    const fn is_number(self) -> bool {
        matches!(self, Self::Updated | Self::AccountStatus | Self::Authorized | Self::State)
    }

    /// The letter that begins a place, so that one of another order is not taken for one of this.
    const fn letter(self, descending: bool) -> char {
        let letter = match self {
            Self::Created => 'c',
            Self::Name => 'n',
            Self::Updated => 'u',
            Self::Connector => 'k',
            Self::BusinessName => 'b',
            Self::AccountStatus => 'a',
            Self::BusinessId => 'i',
            Self::Authorized => 't',
            Self::State => 's',
        };
        if descending { letter.to_ascii_uppercase() } else { letter }
    }
}

impl ConnectionFilter {
    fn descends(&self) -> bool {
        self.descending.unwrap_or(self.sort.descends())
    }

    /// What the filter's parameters are.
    fn bound<'q>(&self, statement: Statement<'q>, tenant: &TenantId) -> Result<Statement<'q>, StoreError> {
        Ok(statement
            .bind(tenant.to_string())
            .bind(Some(&self.connectors).filter(|of| !of.is_empty()).map(json).transpose()?)
            .bind(self.state.map(ConnectionState::as_str))
            .bind(self.enabled)
            .bind(self.query.as_deref().filter(|query| !query.is_empty()).map(str::to_ascii_lowercase))
            .bind(json(&self.found)?))
    }

    /// Where the page before ended: the id and the value.
    fn place(&self) -> Result<Option<(&str, Key)>, StoreError> {
        let Some(after) = self.after.as_deref() else { return Ok(None) };
        let rest = after.strip_prefix(self.sort.letter(self.descends())).ok_or(StoreError::NoPlace)?;
        let (id, value) = rest.split_at_checked(ID).ok_or(StoreError::NoPlace)?;
        let key = match self.sort {
            ConnectionSort::Created => Key::Text(id.to_owned()),
            sort if sort.is_number() => Key::Number(value.parse().map_err(|_| StoreError::NoPlace)?),
            _ => Key::Text(value.to_owned()),
        };
        Ok(Some((id, key)))
    }

    fn place_of(&self, row: &Connection) -> String {
        let (letter, id) = (self.sort.letter(self.descends()), &row.id);
        match self.sort.of(row) {
            _ if self.sort == ConnectionSort::Created => format!("{letter}{id}"),
            Key::Text(value) => format!("{letter}{id}{value}"),
            Key::Number(value) => format!("{letter}{id}{value}"),
        }
    }
}

/// The statement of a page, the first or one behind a place.
fn page(sort: ConnectionSort, descends: bool, behind: bool) -> String {
    let key = sort.key();
    let (way, beyond) = if descends { ("DESC", "<") } else { ("ASC", ">") };
    // Written into the statement only where there is one: `$8 IS NULL OR …` would read the list from its beginning.
    let behind = match sort {
        _ if !behind => String::new(),
        ConnectionSort::Created => format!("AND c.id {beyond} $8"),
        // It stands in no index, and is counted for each.
        ConnectionSort::AccountStatus => format!("AND ({key}, c.id) {beyond} ($8, $9)"),
        // An index of an expression is entered by the expression alone.
        _ => format!("AND {key} {beyond}= $8 AND ({key}, c.id) {beyond} ($8, $9)"),
    };
    // An id tells itself apart.
    let then = if matches!(sort, ConnectionSort::Created) { String::new() } else { format!(", c.id {way}") };
    // The page is found first, then read: what is not on it is only ordered.
    format!(
        "WITH page AS (SELECT c.id AS id, {key} AS place FROM connections c WHERE {FILTER} {behind} \
         ORDER BY place {way}{then} LIMIT $7) \
         SELECT {} FROM page JOIN connections c ON c.id = page.id ORDER BY page.place {way}{then}",
        Connection::COLUMNS
    )
}

impl Store {
    /// Connections of a tenant.
    ///
    /// # Errors
    /// [`StoreError::NoPlace`] for an `after` that is none of this order.
    pub async fn connections(
        &self,
        tenant: &TenantId,
        filter: &ConnectionFilter,
    ) -> Result<Page<Connection>, StoreError> {
        let (limit, place) = (filter.limit.min(LIMIT), filter.place()?);
        let statement = AssertSqlSafe(page(filter.sort, filter.descends(), place.is_some()));
        let statement = filter.bound(sqlx::query(statement), tenant)?.bind(one_more(limit));
        let statement = match place {
            None => statement,
            Some((_, Key::Text(id))) if filter.sort == ConnectionSort::Created => statement.bind(id),
            Some((id, Key::Text(value))) => statement.bind(value).bind(id.to_owned()),
            Some((id, Key::Number(value))) => statement.bind(value).bind(id.to_owned()),
        };
        let items: Vec<Connection> = many(self.read(), statement).await?;
        Ok(Page::cut(items, limit, |row: &Connection| filter.place_of(row)))
    }

    /// How many connections a filter takes, on all pages together.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn count_connections(&self, tenant: &TenantId, filter: &ConnectionFilter) -> Result<u64, StoreError> {
        let statement = AssertSqlSafe(format!("SELECT count(*) FROM connections c WHERE {FILTER}"));
        let row = filter.bound(sqlx::query(statement), tenant)?.fetch_one(self.read()).await?;
        crate::row::Reader::of(&row, "connections").next("count")
    }
}

#[cfg(test)]
mod tests;
