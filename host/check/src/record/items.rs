//! Items that are written while recording, and the looks for them before and after.

use std::sync::Arc;

use patchbay_fixture::{Call, Expects, Find, Item, Said};
use patchbay_model::{
    Failure,
    manifest::{Action, Idempotency},
};

use super::{Session, listener::Listener};
use crate::{
    diary::Diary,
    reading::told,
    stage::{Mode, Writer},
    writing::written,
};

impl Session<'_> {
    /// Writes one item, and looks for it before and after.
    pub(super) async fn item(&mut self, item: &Item) {
        let file = format!("actions/{}.json", item.action);
        let Some(action) = self.stage.manifest().action(&item.action).cloned() else {
            self.miss(&file, "the manifest has no such action");
            return;
        };
        // Before it is written, so that what is recorded as absent is.
        let before = if action.idempotency == Idempotency::Find { self.look_before(&action, item).await } else { None };
        let steps = match self.push(&action, item).await {
            Ok((listener, steps)) => {
                self.keep(file, Call::Push(item.clone()), Said::default(), &listener);
                steps
            }
            Err(why) => return self.miss(&file, why),
        };
        let Some(step) = steps.into_iter().next() else { return };
        self.keys.push(step.clone());
        if action.idempotency != Idempotency::Find {
            return;
        }
        let file = |word: &str| format!("actions/{}.{word}.json", item.action);
        match before {
            Some(listener) => {
                self.keep(file("absent"), self.find_call(item, &step, Expects::Absent), Said::default(), &listener)
            }
            None => self.miss(&file("absent"), "it was found before it was written, or could not be looked for"),
        }
        match self.find(&action, item, &step).await {
            Ok((listener, true)) => {
                self.keep(file("found"), self.find_call(item, &step, Expects::Found), Said::default(), &listener)
            }
            Ok((_, false)) => self.miss(&file("found"), "it is not found yet; record again later"),
            Err(why) => self.miss(&file("found"), why),
        }
    }

    /// A look for what the first step will write; none when it is there already, or cannot be looked for.
    async fn look_before(&self, action: &Action, item: &Item) -> Option<Arc<Listener>> {
        let context = self.of_account();
        let (writer, written) = self.writer(action, item, Mode::Rehearses);
        let diary = Arc::clone(&writer.diary);
        let (mut instance, _) = self.open(&context, Some(writer)).await.ok()?;
        // It ends where the first write would begin, so whatever it says of that is not of interest.
        let _ = instance.push(&context, &written).await;
        let step = diary.rehearsed().into_iter().next()?;
        self.find(action, item, &step).await.ok().filter(|(_, found)| !found).map(|(listener, _)| listener)
    }

    fn writer(&self, action: &Action, item: &Item, mode: Mode) -> (Writer, patchbay_model::contract::Item) {
        let (files, written) = written(item, 1);
        let by_key = action.idempotency == Idempotency::Key;
        let diary = Arc::new(Diary::live(action.multi_step, by_key, &self.seed));
        (Writer { diary, files: Arc::new(files), mode }, written)
    }

    async fn push(&self, action: &Action, item: &Item) -> Result<(Arc<Listener>, Vec<String>), String> {
        let context = self.of_account();
        let (writer, written) = self.writer(action, item, Mode::Writes);
        let (mut instance, listener) = self.open(&context, Some(writer)).await?;
        instance.push(&context, &written).await.map_err(|failure: Failure| told(&failure))?;
        let steps = listener.exchanges().into_iter().filter_map(|exchange| exchange.request.step).collect();
        Ok((listener, steps))
    }

    async fn find(&self, action: &Action, item: &Item, step: &str) -> Result<(Arc<Listener>, bool), String> {
        let context = self.of_account();
        let (writer, written) = self.writer(action, item, Mode::Looks);
        let (mut instance, listener) = self.open(&context, Some(writer)).await?;
        let sent_ms = u64::try_from(self.now.as_millis()).unwrap_or_default();
        let found = instance.find(&context, &written, step, sent_ms).await.map_err(|failure| told(&failure))?;
        Ok((listener, found.is_some()))
    }

    fn find_call(&self, item: &Item, step: &str, expects: Expects) -> Call {
        let Item { action, key, target, payload, attachments, ext } = item.clone();
        let sent = Some(self.now.to_string());
        Call::Find(Find { action, key, target, payload, attachments, ext, step: step.to_owned(), sent, expects })
    }
}
