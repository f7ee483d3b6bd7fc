//! What people fill in asks them for no secret.
//!
//! Settings, payloads and targets are kept in plain text and handed to the connector, and the portal makes a form of them
//! with the publisher's own words. A password that is typed there leaves the sealed path before it was ever on it. What
//! is said by format or by name is refused here; other words that lead somebody to type one are shown to whoever
//! approves ([`SettingAsked`](crate::manifest::asks::SettingAsked)).

use serde_json::Value;

use super::{names, root};
use crate::manifest::{
    Manifest,
    problem::{Findings, Path},
    secrecy::asks_for_a_secret,
    typed::{hides, typed},
};

const REMEDY: &str = "a secret is no part of it, because it is kept in plain text and told to the connector: write an \
    [[auth.field]] with type = \"secret\"; what is no secret gets another name";

/// Letters of a name, a title, a format or an example, and of what stands below a setting.
const SHORT: usize = 300;
const LONG: usize = 1_000;

pub(super) fn check(manifest: &Manifest, findings: &mut Findings) {
    if let Some(settings) = &manifest.settings {
        let path = root().key("settings");
        no_secret(settings, &path, findings);
        shown(settings, &path, findings);
    }
    for (index, action) in manifest.actions.iter().enumerate() {
        let path = root().entry("action", index);
        no_secret(&action.schema, &path.key("schema"), findings);
        if let Some(target) = &action.target {
            no_secret(target, &path.key("target"), findings);
        }
    }
    // It names what secrets are called at the provider, so its names say nothing.
    if let Some(config) = &manifest.config {
        hidden(&config.schema, &root().key("config").key("schema"), findings);
    }
}

fn hidden(schema: &Value, path: &Path, findings: &mut Findings) {
    if let Some(said) = hides(schema) {
        findings.add(path.clone(), format!("something in it is asked for as a secret, with {said}"), REMEDY);
    }
}

fn no_secret(schema: &Value, path: &Path, findings: &mut Findings) {
    hidden(schema, path, findings);
    for asked in typed(schema).into_iter().filter(|asked| asked.takes_text) {
        let name = asked.is_property.then_some(asked.name);
        if let Some(called) = [name, asked.title].into_iter().flatten().find(|called| asks_for_a_secret(called)) {
            findings.add(path.clone(), format!("{called:?} asks people for a secret"), REMEDY);
        }
    }
}

/// Whoever approves a release reads these words in a terminal too.
fn shown(settings: &Value, path: &Path, findings: &mut Findings) {
    for asked in typed(settings) {
        for (what, words, most) in [
            // Also of one that is no property: it stands where a title is missing.
            ("name", Some(asked.name).filter(|name| !name.is_empty()), SHORT),
            ("title", asked.title, SHORT),
            ("description", asked.help, LONG),
            ("format", asked.format, SHORT),
            ("example", asked.example, SHORT),
            ("default", asked.start.as_deref(), LONG),
        ] {
            let Some(words) = words else { continue };
            let mut told = Findings::default();
            names::said(words, most, path.clone(), &mut told);
            for finding in told.0 {
                let message = format!("the {what} of {:?}: {}", asked.name, finding.message);
                findings.add(finding.path, message, finding.remedy);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::manifest::{ConfigAsked, validate, validate::smallest as manifest};

    fn object(property: &Value) -> Value {
        json!({ "type": "object", "properties": { "inner": { "type": "object", "properties": property } } })
    }

    #[test]
    fn a_secret_is_asked_for_nowhere_but_at_the_login() {
        for property in [
            json!({ "key": { "type": "string", "format": "password", "title": "Acme" } }),
            json!({ "key": { "type": "string", "writeOnly": true } }),
            json!({ "key": { "type": "string", "title": "Acme API password" } }),
            json!({ "api_key": { "type": "string" } }),
            json!({ "accessToken": {} }),
            json!({ "client_secret": true }),
            json!({ "passwords": { "type": "array", "items": { "type": "string" } } }),
            json!({ "logins": { "title": "API keys", "type": "object", "additionalProperties": { "type": "string" } } }),
        ] {
            for place in ["settings", "action[0].schema", "action[0].target"] {
                let mut manifest = manifest();
                match place {
                    "settings" => manifest.settings = Some(object(&property)),
                    "action[0].schema" => manifest.actions[0].schema = object(&property),
                    _ => manifest.actions[0].target = Some(object(&property)),
                }
                let problems = validate(&manifest);
                assert_eq!(problems.len(), 1, "{place}: {property}: {problems:#?}");
                assert_eq!(problems[0].key, place);
                assert!(problems[0].remedy.contains("[[auth.field]] with type = \"secret\""), "{}", problems[0]);
            }
        }
    }

    #[test]
    fn what_is_no_secret_is_asked_for_by_its_own_name() {
        for property in [
            json!({ "note_key_property": { "type": "string", "title": "Property of notes with unique values" } }),
            json!({ "max_tokens": { "type": "integer", "title": "Max tokens" } }),
            json!({ "send_password_mails": { "type": "boolean", "title": "Send mails about passwords" } }),
            json!({ "token": { "title": "Which token", "enum": ["first", "second"] } }),
            json!({ "days_of_password": { "type": "integer" } }),
        ] {
            let mut manifest = manifest();
            manifest.settings = Some(object(&property));
            assert_eq!(validate(&manifest), [], "{property}");
        }
        // The operator's own corrections say where a token is; they hide nothing.
        let mut manifest = manifest();
        let schema = object(&json!({ "token": { "type": "string", "title": "Name of the token" } }));
        manifest.config = Some(ConfigAsked { schema, defaults: json!({}) });
        assert_eq!(validate(&manifest), []);
        let schema = object(&json!({ "token": { "type": "string", "format": "password" } }));
        manifest.config = Some(ConfigAsked { schema, defaults: json!({}) });
        assert_eq!(validate(&manifest)[0].key, "config.schema");
    }

    #[test]
    fn the_words_of_settings_are_shown_as_they_are_written() {
        for (words, told) in [
            (json!({ "title": "a\u{1b}[2Jb" }), "the title of \"folder\": it has the character U+001B"),
            (json!({ "description": "a\u{202e}b" }), "the description of \"folder\": it has the character U+202E"),
            (json!({ "title": "x".repeat(301) }), "the title of \"folder\": it has 301 characters"),
            (json!({ "default": "x".repeat(1_001) }), "the default of \"folder\": it has 1001 characters"),
        ] {
            let mut manifest = manifest();
            manifest.settings = Some(object(&json!({ "folder": words })));
            let problems = validate(&manifest);
            assert!(problems.len() == 1 && problems[0].message.contains(told), "{problems:#?}");
        }
    }
}
