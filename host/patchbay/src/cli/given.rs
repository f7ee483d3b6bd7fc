//! As whom a live provider is asked: what was given at the command line instead of a login.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use patchbay_check::record::Wanted;
use patchbay_egress::{EgressConfig, Rewrite};
use patchbay_model::Secret;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::package as packing;
use crate::exit::{Exit, Stop};

#[derive(Debug, clap::Args)]
pub(super) struct Given {
    /// The auth method; the manifest's first when it is not given.
    #[arg(long, value_name = "ID")]
    auth: Option<String>,
    /// A plain field of the login, NAME=VALUE.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    field: Vec<(String, String)>,
    /// A secret field of the login, NAME=@FILE.
    #[arg(long, value_name = "NAME=@FILE", value_parser = pair)]
    secret: Vec<(String, String)>,
    /// A token that a login gave, NAME=@FILE.
    #[arg(long, value_name = "NAME=@FILE", value_parser = pair)]
    token: Vec<(String, String)>,
    /// A fact that a login told, NAME=VALUE.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    fact: Vec<(String, String)>,
    /// The account; the first that can be read when it is not given.
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// The connection's settings, a JSON file.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// A correction of the manifest's [config], a JSON file.
    #[arg(long, value_name = "FILE")]
    correction: Option<PathBuf>,
    /// Opens connections to an origin elsewhere, ORIGIN=URL: for a provider of a test.
    #[arg(long, value_name = "ORIGIN=URL", value_parser = pair)]
    rewrite: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

impl Given {
    /// Whether anything was given that only a live provider is told.
    pub(super) fn is_live(&self) -> bool {
        !self.secret.is_empty() || !self.token.is_empty()
    }

    /// What is asked, and as whom.
    pub(super) fn wanted(&self, pages: u32, page_hint: u32) -> Result<Wanted, Stop> {
        let mut secrets = BTreeMap::new();
        for (name, value) in self.secret.iter().chain(&self.token) {
            secrets.insert(name.clone(), secret(name, value)?);
        }
        Ok(Wanted {
            auth: self.auth.clone(),
            facts: self.field.iter().chain(&self.fact).cloned().collect(),
            secrets,
            account: self.account.clone(),
            settings: self.settings()?,
            config: self.correction()?,
            items: Vec::new(),
            pages,
            page_hint,
            keep_text: false,
        })
    }

    /// What was given for a field of the login; of a plain field it is a fact, too.
    pub(super) fn entered(&self, field: &str) -> Result<Option<String>, Stop> {
        if let Some((_, value)) = self.field.iter().chain(&self.fact).find(|(name, _)| name == field) {
            return Ok(Some(value.clone()));
        }
        let sealed = self.secret.iter().find(|(name, _)| name == field);
        sealed.map(|(name, value)| secret(name, value).map(|secret| secret.expose().to_owned())).transpose()
    }

    /// The auth method that was named.
    pub(super) fn auth(&self) -> Option<&str> {
        self.auth.as_deref()
    }

    /// The account that was named, as the provider calls it.
    pub(super) fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The settings that were given.
    pub(super) fn settings(&self) -> Result<Option<Value>, Stop> {
        self.settings.as_deref().map(json).transpose()
    }

    /// The correction that was given.
    pub(super) fn correction(&self) -> Result<Option<Value>, Stop> {
        self.correction.as_deref().map(json).transpose()
    }

    /// Origins that are elsewhere, and where.
    pub(super) fn rewrites(&self) -> &[(String, String)] {
        &self.rewrite
    }

    /// How the gate reaches the provider.
    pub(super) fn egress(&self) -> EgressConfig {
        let rewrite = |(origin, connect): &(String, String)| Rewrite {
            origin: origin.clone(),
            connect: connect.clone(),
            browser: None,
        };
        EgressConfig { rewrite: self.rewrite.iter().map(rewrite).collect(), ..EgressConfig::default() }
    }
}

/// A secret of a file: one on the command line would stand in the shell's history.
fn secret(name: &str, value: &str) -> Result<Secret, Stop> {
    let Some(file) = value.strip_prefix('@') else {
        let why = format!("{name}: secrets are read from files, write {name}=@FILE");
        return Err(Stop { exit: Exit::Usage, ..Stop::failed(why) });
    };
    let text =
        String::from_utf8(packing::read(Path::new(file))?).map_err(|_| Stop::failed(format!("{file} is not UTF-8")))?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// A JSON file that somebody named.
pub(super) fn json<T: DeserializeOwned>(file: &Path) -> Result<T, Stop> {
    let bytes = packing::read(file)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Stop { exit: Exit::Usage, ..Stop::failed(format!("{}: {error}", file.display())) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_on_the_command_line_is_refused() {
        let stop = secret("key", "sk-123").expect_err("refused");
        assert_eq!(stop.exit, Exit::Usage);
        assert!(!stop.fault.person.contains("sk-123"), "{:?}", stop.fault);
        assert!(pair("no-value").is_err());
    }
}
