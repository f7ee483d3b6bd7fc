//! What a connector is told about the connection it works for.

use serde::de::DeserializeOwned;

use crate::{Error, Result, shape};

/// The connection that a call is for. Never holds a secret.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Id of the auth method in use, as the manifest spells it.
    pub auth: String,
    /// Id of the selected account, for a stream that is read per account.
    pub account: Option<String>,
    /// Facts of the connection, from the login and from [`Identity::facts`](crate::Identity).
    pub facts: Vec<(String, String)>,
    /// Facts of the account, from [`Account::facts`](crate::Account).
    pub account_facts: Vec<(String, String)>,
    /// The connection's settings: JSON text.
    pub settings: Vec<u8>,
    /// The manifest's `config.defaults` with the operator's corrections: JSON text.
    pub config: Vec<u8>,
}

impl Context {
    /// The selected account's id.
    ///
    /// # Errors
    /// `invalid-config` when none is selected.
    pub fn account(&self) -> Result<&str> {
        self.account.as_deref().ok_or_else(|| Error::invalid_config("Choose an account for this connection first."))
    }

    /// A fact of the connection.
    ///
    /// # Errors
    /// `auth-required` when the login did not tell it: a new login does.
    pub fn fact(&self, key: &str) -> Result<&str> {
        find(&self.facts, key).ok_or_else(|| missing(key))
    }

    /// A fact of the selected account.
    ///
    /// # Errors
    /// `auth-required` when `identify` did not tell it: listing the accounts anew does.
    pub fn account_fact(&self, key: &str) -> Result<&str> {
        find(&self.account_facts, key).ok_or_else(|| missing(key))
    }

    /// The connection's settings as a type. Give its members `#[serde(default)]` where the schema lets them be absent.
    ///
    /// # Errors
    /// `invalid-config` when they do not fit.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T> {
        read(&self.settings, "settings")
    }

    /// The operator's configuration as a type.
    ///
    /// # Errors
    /// `invalid-config` when it does not fit.
    pub fn config<T: DeserializeOwned>(&self) -> Result<T> {
        read(&self.config, "configuration")
    }
}

fn find<'a>(list: &'a [(String, String)], key: &str) -> Option<&'a str> {
    list.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
}

fn missing(key: &str) -> Error {
    Error::auth_required("Something about this account is not known yet. Reconnect it.")
        .detail(format!("the fact `{key}` is missing"))
}

fn read<T: DeserializeOwned>(text: &[u8], what: &str) -> Result<T> {
    // A connection without settings may come as no text at all.
    let text = if text.is_empty() { b"{}".as_slice() } else { text };
    serde_json::from_slice(text).map_err(|error| {
        Error::invalid_config(format!("The {what} of this connection cannot be used."))
            .detail(format!("{what}: {}", shape::of(&error)))
    })
}

#[cfg(test)]
mod tests {
    use super::Context;
    use crate::Case;

    #[derive(serde::Deserialize, Debug, PartialEq)]
    struct Settings {
        #[serde(default)]
        tasks: bool,
    }

    #[test]
    fn settings_that_are_absent_take_their_defaults() {
        assert_eq!(Context::default().settings::<Settings>().unwrap(), Settings { tasks: false });
    }

    #[test]
    fn settings_of_another_shape_are_the_persons_to_change() {
        let ctx = Context { settings: br#"{"tasks":"yes"}"#.to_vec(), ..Context::default() };
        assert_eq!(ctx.settings::<Settings>().unwrap_err().case(), Case::InvalidConfig);
    }

    #[test]
    fn a_fact_that_is_missing_asks_for_a_new_login() {
        let ctx = Context { facts: vec![("firm_id".into(), "7".into())], ..Context::default() };
        assert_eq!(ctx.fact("firm_id").unwrap(), "7");
        assert_eq!(ctx.fact("realm").unwrap_err().case(), Case::AuthRequired);
    }
}
