//! The connection of `patchbay dev` at its host: made as a person would make it, with what was given at the command line.
//!
//! Where answers are recorded, each field of the login that nobody entered is made up, since nobody looks at it. Where the provider
//! itself is asked nothing is made up: it would be asked with invented credentials, again in each round, until it locks somebody out.

use patchbay_model::manifest::{Auth, FieldKind, Manifest};
use serde_json::{Map, Value, json};

use super::{host::DevHost, round::Rounds};
use crate::{
    cli::{answer::cell, client::Client},
    exit::{Exit, Stop},
};

/// What stands in for a field that nobody entered.
const MADE_UP: &str = "recorded";
const JSON: &str = "application/json";

/// A connection, or where it has to be made by somebody.
pub(super) enum Made {
    /// Its id, and whether something was set after its streams began to be read.
    Here(String, bool),
    /// The address of a connect session.
    InABrowser(String),
    /// Nowhere: its logins lead to the provider, and answers were recorded only.
    Nowhere,
}

impl Rounds<'_> {
    /// Makes the connection.
    pub(super) fn connect(&mut self, host: &DevHost, manifest: &Manifest) -> Result<Made, Stop> {
        let client = host.tenant()?;
        if let Some(correction) = self.given.correction()? {
            let body = json!({ "config": correction, "approve_powers": true }).to_string();
            host.operator()?.put(&format!("/v1/connectors/{}/config", manifest.id), JSON, body.as_bytes())?;
        }
        // One that only could not be set is not made again: that would be one login more at the provider for each save.
        let (id, made) = match self.unset.take() {
            Some(unset) => unset,
            None => match self.log_in(&client, manifest)? {
                Ok(made) => made,
                Err(elsewhere) => return Ok(elsewhere),
            },
        };
        match self.set(&client, &id, &made) {
            Ok(set) => Ok(Made::Here(id, set)),
            Err(stop) => {
                self.unset = Some((id, made));
                Err(stop)
            }
        }
    }

    /// A connection that was just made, with what the host said of it; or where it is to be made.
    fn log_in(&self, client: &Client, manifest: &Manifest) -> Result<Result<(String, Value), Made>, Stop> {
        let Some(auth) = self.login(manifest)? else {
            if !self.live {
                return Ok(Err(Made::Nowhere));
            }
            let wanted = json!({ "connector": manifest.id }).to_string();
            let session = client.post("/v1/connect-sessions", JSON, wanted.as_bytes())?;
            return Ok(Err(Made::InABrowser(cell(session.get("url")))));
        };
        let wanted = json!({ "connector": manifest.id, "auth": auth.id, "fields": self.fields(auth)? });
        let made = client.post("/v1/connections", JSON, wanted.to_string().as_bytes())?;
        let id = cell(made.get("id"));
        println!("connected: {} is {}", cell(made.get("name")), cell(made.get("state")));
        Ok(Ok((id, made)))
    }

    /// The login that is a form: the one that was named, else the manifest's first; none where a person has to go to the provider.
    fn login<'m>(&self, manifest: &'m Manifest) -> Result<Option<&'m Auth>, Stop> {
        let by_form = |auth: &&Auth| !auth.kind.has_consent();
        let chosen = match self.given.auth() {
            Some(id) => Some(manifest.auth(id).ok_or_else(|| usage(format!("the manifest has no auth method {id}")))?),
            // Answers that were recorded are the same for everybody: any login that needs no browser will do.
            None if !self.live => manifest.auths.iter().find(by_form),
            None => manifest.auths.first(),
        };
        Ok(chosen.filter(by_form))
    }

    /// What a person would type.
    fn fields(&self, auth: &Auth) -> Result<Map<String, Value>, Stop> {
        let facts =
            patchbay_check::fixture::Folder::read(&self.project.fixtures()).defaults.context.facts.unwrap_or_default();
        let (mut fields, mut missing) = (Map::new(), Vec::new());
        for field in &auth.fields {
            let value = match self.given.entered(&field.id)? {
                Some(given) => given,
                None if self.live => {
                    if !field.optional {
                        let flag = if field.kind == FieldKind::Secret { "--secret" } else { "--field" };
                        let file = if field.kind == FieldKind::Secret { "@FILE" } else { "VALUE" };
                        missing.push(format!("{flag} {}={file}", field.id));
                    }
                    continue;
                }
                None => facts.get(&field.id).cloned().unwrap_or_else(|| match (field.kind, field.options.first()) {
                    (FieldKind::Select, Some(first)) => first.clone(),
                    (FieldKind::Date, _) => "2026-11-21".to_owned(),
                    (FieldKind::Origin, _) => "https://recorded.example".to_owned(),
                    _ => MADE_UP.to_owned(),
                }),
            };
            fields.insert(field.id.clone(), json!(value));
        }
        if missing.is_empty() {
            return Ok(fields);
        }
        Err(usage(format!(
            "the login {} is not complete, and its provider would be asked; add {}",
            auth.id,
            missing.join(" ")
        )))
    }

    /// Sets the settings and the account that were given; whether there were any.
    fn set(&self, client: &Client, connection: &str, made: &Value) -> Result<bool, Stop> {
        let mut change = Map::new();
        if let Some(settings) = self.given.settings()? {
            change.insert("settings".to_owned(), settings);
        }
        if let Some(wanted) = self.given.account() {
            let accounts = made.get("accounts").and_then(Value::as_array).into_iter().flatten();
            let chosen: Map<String, Value> = accounts
                .map(|account| (cell(account.get("id")), json!(cell(account.get("provider_id")) == wanted)))
                .collect();
            if !chosen.values().any(|read| *read == json!(true)) {
                return Err(usage(format!("{} has no account {wanted}", cell(made.get("name")))));
            }
            change.insert("accounts".to_owned(), Value::Object(chosen));
        }
        if change.is_empty() {
            return Ok(false);
        }
        let change = Value::Object(change).to_string();
        client.patch(&format!("/v1/connections/{connection}"), JSON, change.as_bytes())?;
        Ok(true)
    }
}

fn usage(why: String) -> Stop {
    Stop { exit: Exit::Usage, ..Stop::failed(why) }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use clap::Parser;

    use super::*;
    use crate::cli::{build::Project, given::Given, packed};

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        given: Given,
    }

    fn given(arguments: &[String]) -> Given {
        Typed::parse_from([&["dev".to_owned()], arguments].concat()).given
    }

    /// The example as a project, with a second login in front of its own.
    fn project(folder: &std::path::Path) -> Project {
        let example = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../sdk/example");
        let manifest = fs::read_to_string(example.join("connector.toml")).expect("the example");
        let login = "[[auth]]\nid = \"person\"\nkind = \"fields\"\nlabel = \"Name and password\"\n\
            [[auth.field]]\nid = \"user\"\nlabel = \"Name\"\ntype = \"text\"\n\
            [[auth.field]]\nid = \"password\"\nlabel = \"Password\"\ntype = \"secret\"\n\n[[auth]]";
        let manifest = manifest.replacen("[[auth]]", login, 1);
        fs::write(folder.join("connector.toml"), manifest).expect("written");
        fs::copy(example.join("logo.svg"), folder.join("logo.svg")).expect("copied");
        fs::write(folder.join("Cargo.toml"), "").expect("written");
        Project::find(folder).expect("a project")
    }

    #[test]
    fn a_provider_is_never_asked_with_what_nobody_entered() {
        let folder = tempfile::tempdir().expect("a folder");
        let project = project(folder.path());
        let manifest = packed::manifest(&project).expect("a manifest");
        let secret = folder.path().join("key.txt");
        fs::write(&secret, "n-1\n").expect("written");
        let flag = |name: &str| format!("{name}=@{}", secret.display());

        // The first login is the one, as for the calls that are tried; it is not complete.
        let some = given(&["--secret".to_owned(), flag("password")]);
        let rounds = Rounds::of(&project, &some, true);
        let login = rounds.login(&manifest).expect("a login").expect("a form");
        assert_eq!(login.id, "person");
        let refused = rounds.fields(login).expect_err("a name is missing");
        assert_eq!(refused.exit, Exit::Usage);
        assert!(refused.fault.person.ends_with("add --field user=VALUE"), "{}", refused.fault.person);

        // The one that was named is another, and has all that it needs.
        let all = given(&["--auth".to_owned(), "key".to_owned(), "--secret".to_owned(), flag("key")]);
        let rounds = Rounds::of(&project, &all, true);
        let login = rounds.login(&manifest).expect("a login").expect("a form");
        assert_eq!(login.id, "key");
        assert_eq!(Value::Object(rounds.fields(login).expect("complete")), json!({ "key": "n-1" }));

        // Where answers are recorded, nobody looks at what is made up.
        let none = given(&[]);
        let rounds = Rounds::of(&project, &none, false);
        let login = rounds.login(&manifest).expect("a login").expect("a form");
        assert_eq!(rounds.fields(login).expect("made up").len(), 2);

        let wrong = given(&["--auth".to_owned(), "nobody".to_owned()]);
        assert!(Rounds::of(&project, &wrong, true).login(&manifest).is_err());
    }
}
