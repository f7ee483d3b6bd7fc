//! Where a performed call reaches its provider: over recorded answers, or live with what was given.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use patchbay_egress::{CredentialSource, NoCredential, Tape};
use patchbay_fixture::{Call, Folder, Item, Kind, Nothing, Pick, Placed, Read};
use patchbay_model::{Random, Timestamp};

use super::{Ask, PerformError, meter::Meter};
use crate::{
    Stage,
    player::{Actor, Twist},
    record::{Wanted, connect},
    stage::Setting,
};

/// Pages of a stream that are read of a live provider when nobody says how many.
const LIVE_PAGES: u32 = 3;

/// Who answers.
pub enum Provider<'a> {
    /// The fixtures of a folder.
    Recorded {
        /// The folder.
        folder: &'a Path,
        /// Which file of it, where there are several of the thing that is asked.
        fixture: Option<&'a str>,
    },
    /// The provider itself, through the gate.
    Live {
        /// As whom.
        wanted: &'a Wanted,
        /// What time it is.
        now: Timestamp,
        /// Makes the keys of steps new.
        random: &'a dyn Random,
    },
}

/// One call with everything that it runs with.
pub(super) struct Line {
    pub(super) call: Call,
    pub(super) setting: Setting,
    pub(super) meter: Arc<Meter>,
    pub(super) tape: Tape,
    pub(super) credential: Arc<dyn CredentialSource>,
    /// What the keys of steps are made of at a live provider.
    pub(super) seed: Option<String>,
    pub(super) fixture: Option<String>,
}

impl Line {
    pub(super) async fn of(stage: &Stage, ask: &Ask, provider: &Provider<'_>) -> Result<Self, PerformError> {
        match provider {
            Provider::Recorded { folder, fixture } => Self::recorded(stage, ask, folder, *fixture),
            Provider::Live { wanted, now, random } => {
                let connected = connect(stage, wanted, *now, *random).await?;
                let per_account = match ask {
                    Ask::Read { stream, .. } => stage.manifest().stream(stream).is_none_or(|stream| stream.per_account),
                    Ask::Identify | Ask::Discover => false,
                    Ask::Pick { .. } | Ask::Push { .. } => true,
                };
                let meter = Arc::new(Meter::beside());
                Ok(Self {
                    call: asked(ask, wanted.page_hint)?,
                    setting: if per_account { connected.of_account } else { connected.plain },
                    tape: Tape::Records(Arc::clone(&meter) as _),
                    meter,
                    credential: connected.credential,
                    seed: Some(connected.seed),
                    fixture: None,
                })
            }
        }
    }

    fn recorded(stage: &Stage, ask: &Ask, folder: &Path, fixture: Option<&str>) -> Result<Self, PerformError> {
        let folder = Folder::read(folder);
        if let Some(problem) = folder.problems.first() {
            return Err(PerformError::Given(problem.to_string()));
        }
        let placed = placed(&folder, ask, fixture)?;
        let setting = stage
            .setting(&folder, &placed)
            .map_err(|finding| PerformError::Given(format!("{}: {}; {}", finding.at, finding.what, finding.remedy)))?;
        let actor = Actor::of(&placed.fixture.exchanges, &BTreeSet::new(), Twist::None);
        let meter = Arc::new(Meter::before(Arc::new(actor)));
        let call = placed
            .fixture
            .call
            .clone()
            .ok_or_else(|| PerformError::Given(format!("{}: it has no call", placed.file)))?;
        Ok(Self {
            call: instead(call, ask),
            setting,
            tape: Tape::Plays(Arc::clone(&meter) as _),
            meter,
            credential: Arc::new(NoCredential),
            seed: None,
            fixture: Some(placed.file),
        })
    }
}

/// Whether an item is for the action that is asked, and the manifest has it. Looked at before anybody is asked anything:
/// what the item says would be really written.
pub(super) fn agree<'a>(action: &str, item: Option<&Item>, known: impl Iterator<Item = &'a str>) -> Result<(), String> {
    if let Some(item) = item.filter(|item| item.action != action) {
        let other = &item.action;
        return Err(format!(
            "the action {action} is asked, and the item is for the action {other}, so nothing was sent: \
             say \"action\": \"{action}\" in the item, or ask for {other}"
        ));
    }
    let known: Vec<&str> = known.collect();
    if known.contains(&action) {
        return Ok(());
    }
    let known = if known.is_empty() { "no action".to_owned() } else { known.join(", ") };
    Err(format!("the manifest has no action {action}, so nothing was sent; it has {known}"))
}

/// The fixture of what is asked: the one that was named, or the plain one.
fn placed(folder: &Folder, ask: &Ask, named: Option<&str>) -> Result<Placed, PerformError> {
    let kind = match ask {
        Ask::Identify => Kind::Identify,
        Ask::Discover => Kind::Discover,
        Ask::Read { stream, .. } => Kind::Stream(stream.clone()),
        Ask::Pick { picker, .. } => Kind::Picker(picker.clone()),
        Ask::Push { action, .. } => Kind::Action(action.clone()),
    };
    let mut all: Vec<&Placed> = folder.of(&kind).collect();
    all.sort_by_key(|placed| placed.file.matches('.').count());
    let found = match named {
        None => all.first(),
        Some(named) => all.iter().find(|placed| placed.file == named || placed.file.ends_with(&format!("/{named}"))),
    };
    found.map(|placed| (*placed).clone()).ok_or_else(|| {
        let there: Vec<&str> = all.iter().map(|placed| placed.file.as_str()).collect();
        let there = if there.is_empty() { String::new() } else { format!(" (there is {})", there.join(", ")) };
        let file = match (named, ask) {
            (Some(named), _) => named.to_owned(),
            (None, Ask::Identify) => "identify.json".to_owned(),
            (None, Ask::Discover) => "discover.json".to_owned(),
            (None, Ask::Read { stream, .. }) => format!("streams/{stream}.json"),
            (None, Ask::Pick { picker, .. }) => format!("pickers/{picker}.json"),
            (None, Ask::Push { action, .. }) => format!("actions/{action}.json"),
        };
        PerformError::Given(format!(
            "no recorded answers for {}{there}: write the fixture {file}, or let `patchbay record` write it",
            ask.title()
        ))
    })
}

/// The fixture's call, with what the person asked for instead.
fn instead(call: Call, ask: &Ask) -> Call {
    match (call, ask) {
        (Call::Read(read), Ask::Read { pages, .. }) => Call::Read(Read { pages: pages.or(read.pages), ..read }),
        (Call::Push(_), Ask::Push { item: Some(item), .. }) => Call::Push(item.clone()),
        (Call::Pick(pick), Ask::Pick { query: Some(query), .. }) => Call::Pick(Pick { query: query.clone(), ..pick }),
        (call, _) => call,
    }
}

/// The call that a live provider is asked.
fn asked(ask: &Ask, page_hint: u32) -> Result<Call, PerformError> {
    Ok(match ask {
        Ask::Identify => Call::Identify(Nothing {}),
        Ask::Discover => Call::Discover(Nothing {}),
        Ask::Read { stream, pages } => Call::Read(Read {
            stream: stream.clone(),
            page_hint,
            since: None,
            cursor: None,
            pages: Some(pages.unwrap_or(LIVE_PAGES)),
        }),
        Ask::Pick { picker, query } => Call::Pick(Pick {
            picker: picker.clone(),
            query: query.clone().unwrap_or_default(),
            parents: Default::default(),
        }),
        Ask::Push { item: Some(item), .. } => Call::Push(Item::clone(item)),
        Ask::Push { item: None, .. } => {
            return Err(PerformError::Given("say what is written with --item; it is really written".to_owned()));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(action: &str) -> Item {
        serde_json::from_value(serde_json::json!({ "action": action, "payload": {} })).expect("an item")
    }

    #[test]
    fn an_item_of_another_action_is_refused_by_a_sentence_that_names_both() {
        let refused = agree("note", Some(&item("invoice")), ["note", "invoice"].into_iter()).expect_err("refused");
        assert!(refused.contains("action note") && refused.contains("action invoice"), "{refused}");
        assert_eq!(agree("note", Some(&item("note")), ["note", "invoice"].into_iter()), Ok(()));
        assert_eq!(agree("note", None, ["note"].into_iter()), Ok(()));
    }

    #[test]
    fn an_action_that_the_manifest_does_not_have_is_refused_by_a_sentence_that_says_which_it_has() {
        for item in [None, Some(item("nota"))] {
            let refused = agree("nota", item.as_ref(), ["note", "invoice"].into_iter()).expect_err("refused");
            assert!(refused.contains("no action nota") && refused.ends_with("it has note, invoice"), "{refused}");
        }
        let refused = agree("note", None, std::iter::empty()).expect_err("refused");
        assert!(refused.ends_with("it has no action"), "{refused}");
    }
}
