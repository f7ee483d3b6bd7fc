//! What was heard becomes files, without what must not be kept.

use std::{collections::BTreeMap, fs, path::Path};

use patchbay_fixture::{Defaults, Said};
use serde_json::Value;

use super::{RecordError, Recorded, Session, mask::Mask};
use crate::diary::{live_key, step_key};

impl Session<'_> {
    /// Masks all of it and writes it.
    pub(super) fn write(self, out: &Path) -> Result<Recorded, RecordError> {
        let author = serde_json::to_string(self.stage.manifest()).unwrap_or_default();
        let mut mask = Mask::of(self.salt, author, self.wanted.keep_text);
        for step in &self.keys {
            mask.learn_key(live_key(&self.seed, step), step_key(step));
        }
        let account = self.account.clone();
        let account_facts: BTreeMap<String, String> =
            account.as_ref().map(|account| account.facts.iter().cloned().collect()).unwrap_or_default();
        let mut defaults = Defaults {
            context: Said {
                auth: Some(self.auth.id.clone()),
                account: account.map(|account| Some(account.id)),
                facts: Some(self.context.facts.iter().cloned().collect()),
                account_facts: Some(account_facts).filter(|facts| !facts.is_empty()),
                settings: self.wanted.settings.clone(),
                config: self.wanted.config.clone(),
            },
            now: Some(self.now.to_string()),
        };
        mask.learn_said(&defaults.context);
        if let Some(account) = &self.account {
            mask.learn_value("name", &Value::String(account.name.clone()));
        }
        self.wanted.items.iter().for_each(|item| mask.learn_item(item));
        for (_, fixture) in &self.heard {
            fixture.exchanges.iter().for_each(|exchange| mask.learn(exchange));
        }
        mask.said(&mut defaults.context);
        let mut recorded = Recorded { missing: self.missing, masked: mask.count(), ..Recorded::default() };
        let mut files = vec![("context.json".to_owned(), defaults.text())];
        for (file, mut fixture) in self.heard {
            let withheld = mask.fixture(&mut fixture).into_iter().map(|media| format!("{file}: {media}"));
            recorded.withheld.extend(withheld);
            files.push((file, fixture.text()));
        }
        for (file, text) in files {
            let path = out.join(file);
            let wrong = |source| RecordError::Write { file: path.clone(), source };
            path.parent().map_or(Ok(()), fs::create_dir_all).map_err(wrong)?;
            fs::write(&path, text).map_err(wrong)?;
            recorded.files.push(path);
        }
        Ok(recorded)
    }
}
