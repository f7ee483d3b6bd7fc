//! Whose business account it is, and which accounts it reaches.

/// The answer of [`Auth::identify`](crate::Auth::identify).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The provider's id of the business account; one that does not change when it is renamed.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// E-mail or login behind the credential.
    pub login: Option<String>,
    /// What can be selected, at most 10,000; empty when the connection is its only account.
    pub accounts: Vec<Account>,
    /// Told to the connector as [`Context::facts`](crate::Context) with each later call.
    pub facts: Vec<(String, String)>,
    /// Scopes that were really granted, where the provider says so.
    pub scopes: Option<Vec<String>>,
    /// When the credential ends, milliseconds since 1970, where the provider says so.
    pub credential_ends_ms: Option<u64>,
}

/// Something selectable under one credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The provider's id; one that does not change.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whether it can be read.
    pub usable: bool,
    /// Whether it is read without anybody choosing it, where it is new; what a person chose stays.
    pub selected: bool,
    /// Why not, or what to know about it.
    pub note: Option<String>,
    /// Told to the connector as [`Context::account_facts`](crate::Context) with each call for this account.
    pub facts: Vec<(String, String)>,
}

impl Identity {
    /// A business account without accounts below it.
    pub fn of(id: impl ToString, name: impl Into<String>) -> Self {
        Self { id: id.to_string(), name: name.into(), ..Self::default() }
    }

    /// Adds the e-mail or login behind the credential.
    #[must_use]
    pub fn login(mut self, login: impl Into<String>) -> Self {
        self.login = Some(login.into());
        self
    }

    /// Adds the accounts that can be selected.
    #[must_use]
    pub fn accounts(mut self, accounts: Vec<Account>) -> Self {
        self.accounts = accounts;
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn fact(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.facts.push((key.into(), value.into()));
        self
    }

    /// Adds the scopes that were really granted.
    #[must_use]
    pub fn scopes(mut self, scopes: Vec<String>) -> Self {
        self.scopes = Some(scopes);
        self
    }
}

impl Account {
    /// An account that can be read.
    pub fn of(id: impl ToString, name: impl Into<String>) -> Self {
        Self { id: id.to_string(), name: name.into(), usable: true, selected: true, note: None, facts: Vec::new() }
    }

    /// Adds a fact.
    #[must_use]
    pub fn fact(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.facts.push((key.into(), value.into()));
        self
    }

    /// Marks it as one that is read only when a person chooses it: the login reaches it, but may not have been meant for it.
    #[must_use]
    pub fn unselected(mut self) -> Self {
        self.selected = false;
        self
    }

    /// Marks it as one that cannot be read, and why.
    #[must_use]
    pub fn unusable(mut self, why: impl Into<String>) -> Self {
        self.usable = false;
        self.note = Some(why.into());
        self
    }
}
