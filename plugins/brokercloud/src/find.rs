//! Looking for a file whose answer was lost.
//!
//! The party's files are looked through. Where a mark is told, it decides; else one of the same name and size that was made
//! since is it, whoever reads it. One that may be it, as not all of this is told, leaves it to a person.

use patchbay_sdk::{Context, Error, Item, Object, Result, run, time};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    push::{self, File},
    wire::{Api, LENGTH},
};

/// How far the clocks of host and provider may be apart.
const SKEW_MS: u64 = 120_000;
/// What a mark begins with.
pub(crate) const MARKED: &str = "[pb:";

/// A file as Brokercloud tells it.
#[derive(Deserialize)]
pub(crate) struct Stored {
    id: Value,
    name: Option<String>,
    size: Option<u64>,
    description: Option<String>,
    created_at: Option<String>,
}

/// What a file of the party is to the one that is looked for.
enum Is {
    /// It carries the mark.
    Marked,
    /// Name, size and moment are the same, and no mark is told.
    Alike,
    Other,
    /// Not enough of it is told.
    Doubtful,
}

pub(crate) fn find(ctx: &Context, item: &Item, step: &str, sent_ms: u64) -> Result<Option<Object>> {
    let api = Api::of(ctx)?;
    let (party, report) = push::asked(item)?;
    let file = push::files(item, &report)?.into_iter().find(|file| file.step == step);
    let file = file.ok_or_else(|| Error::other("This item has no such step.").detail(format!("step {step}")))?;
    let (path, since) = (api.assumed.files_of(party), sent_ms.saturating_sub(SKEW_MS));
    let mark = push::mark(step)?;
    let (mut start, mut alike, mut doubtful) = (0_u64, None, 0_u32);
    loop {
        let listing = api.list(&path, "id", "", start, LENGTH)?;
        let rows = listing.rows()?;
        for row in &rows.rows {
            let stored: Stored = listing.row(row)?;
            match (stored.is(&file, &mark, since), stored.id()) {
                (Is::Marked, Some(id)) => return Ok(Some(Object::of(id))),
                (Is::Alike, Some(id)) => alike = alike.or(Some(Object::of(id))),
                (Is::Other, _) => {}
                _ => doubtful += 1,
            }
        }
        if rows.is_last {
            return if alike.is_none() && doubtful > 0 { Err(undecided(doubtful)) } else { Ok(alike) };
        }
        if run::should_stop() {
            return Err(Error::transient("There was no time to look through all files of the party."));
        }
        start = start.saturating_add(u64::try_from(rows.rows.len()).unwrap_or_default());
    }
}

fn undecided(files: u32) -> Error {
    Error::other(
        "The party has a file that may be this one, and Brokercloud does not say enough of it. Look at the party's files, and \
         say whether the report is there.",
    )
    .detail(format!("{files} files of which name, size or moment is not told"))
}

impl Stored {
    /// Whether it is what a step wrote that may have left at `since`.
    fn is(&self, file: &File<'_>, mark: &str, since: u64) -> Is {
        if let Some(said) = self.description.as_deref().filter(|said| said.contains(MARKED)) {
            return if said.contains(mark) { Is::Marked } else { Is::Other };
        }
        let named = self.name.as_deref().map(|name| name == file.name);
        let sized = self.size.map(|size| size == file.size);
        let made = self.created_at.as_deref().and_then(time::parse_rfc3339).map(|made| made >= since);
        match [named, sized, made] {
            all if all.contains(&Some(false)) => Is::Other,
            all if all.contains(&None) => Is::Doubtful,
            _ => Is::Alike,
        }
    }

    /// Its id, whether it is told as a number or as a text.
    pub(crate) fn id(&self) -> Option<String> {
        match &self.id {
            Value::Number(id) => Some(id.to_string()),
            Value::String(id) if !id.is_empty() => Some(id.clone()),
            _ => None,
        }
    }
}
