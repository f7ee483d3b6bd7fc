//! The permission card: what a release asks for beside what was approved before, line by line.
//!
//! [`Asks::beyond`] decides; this shows. A line has a group, a subject that stays the same from one release to the next,
//! and what is said of it on either side, so that a page can lay out two columns and a person sees what was taken away as
//! well as what was added.

mod login;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{ActionAsked, Asks, StreamAsked, growth};
use crate::manifest::{Idempotency, StreamMode};

/// What a line is about, in the order in which people ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardGroup {
    /// Who it says that it is.
    Is,
    /// What it reads.
    Reads,
    /// What it writes.
    Writes,
    /// Where its requests go.
    Reaches,
    /// How one logs in, and what else is asked of people and where it goes.
    LogsIn,
    /// What it may use.
    Uses,
}

/// One line of the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardLine {
    /// What it is about.
    pub group: CardGroup,
    /// Of what in it: a stream, an address, a login.
    pub subject: String,
    /// What was approved; none where nothing was.
    pub before: Option<String>,
    /// What is asked; none where it is not asked any more.
    pub after: Option<String>,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardChange {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is other than before.
    Changed,
    /// It is as before.
    Same,
}

impl CardLine {
    /// What becomes of it.
    #[must_use]
    pub fn change(&self) -> CardChange {
        match (&self.before, &self.after) {
            (None, _) => CardChange::Added,
            (_, None) => CardChange::Removed,
            (before, after) if before == after => CardChange::Same,
            _ => CardChange::Changed,
        }
    }
}

/// Lines of one side, by group and subject.
type Side = BTreeMap<(CardGroup, String), String>;

impl Asks {
    /// Every line of what is asked and of what was approved, in the order of the groups.
    #[must_use]
    pub fn card(&self, approved: &Self) -> Vec<CardLine> {
        let (mut before, mut after) = (side(approved), side(self));
        let subjects: BTreeSet<(CardGroup, String)> = before.keys().chain(after.keys()).cloned().collect();
        let line = |(group, subject): (CardGroup, String)| {
            let at = (group, subject);
            let (before, after) = (before.remove(&at), after.remove(&at));
            CardLine { group: at.0, subject: at.1, before, after }
        };
        subjects.into_iter().map(line).collect()
    }
}

fn side(asks: &Asks) -> Side {
    let mut side = Side::new();
    if *asks == Asks::default() {
        return side;
    }
    let mut say = |group, subject: String, text: String| {
        side.insert((group, subject), text);
    };
    say(CardGroup::Is, "its name".to_owned(), asks.name.clone());
    if let Some(logo) = &asks.logo {
        say(CardGroup::Is, "its logo".to_owned(), logo.get(..12).unwrap_or(logo).to_owned());
    }
    if !asks.links.is_empty() {
        say(CardGroup::Is, "its guide leads to".to_owned(), joined(&asks.links));
    }
    for (name, stream) in &asks.streams {
        let logins = asks.stream_logins.get(name).map(|logins| format!("; only with the login {}", joined(logins)));
        say(CardGroup::Reads, name.clone(), format!("{}{}", read(stream), logins.unwrap_or_default()));
    }
    for (prefix, asked) in &asks.discovered {
        let text =
            format!("{}, up to {} that a connection names; {}", asked.function.word(), asked.limit, asked.schedule);
        say(CardGroup::Reads, format!("{prefix}…"), text);
    }
    for (name, action) in &asks.actions {
        say(CardGroup::Writes, name.clone(), written(action));
    }
    let mut places: BTreeMap<String, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for part in &asks.reach {
        let (methods, slots) = places.entry(format!("{}{}", part.origin, part.path)).or_default();
        methods.insert(&part.method);
        slots.extend(part.slot.as_deref());
    }
    for (place, (methods, slots)) in places {
        let with =
            if slots.is_empty() { "never with a credential".to_owned() } else { format!("with {}", joined(slots)) };
        say(CardGroup::Reaches, place, format!("{}, {with}", joined(methods)));
    }
    for (origin, ports) in &asks.customer_origins {
        let ports = joined(std::iter::once(&443).chain(ports));
        say(CardGroup::Reaches, format!("{origin}, a customer's own address"), format!("port {ports}"));
    }
    for (id, asked) in &asks.logins {
        login::lines(id, asked, &mut |subject, text| say(CardGroup::LogsIn, subject, text));
    }
    let mut typed: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for setting in asks.settings.iter().flatten() {
        typed.entry(&setting.name).or_default().push(setting.in_words());
    }
    for (name, words) in typed {
        let text = format!("typed by people, told to the connector: {}", words.join("; or "));
        say(CardGroup::LogsIn, format!("asks in the settings for {name}"), text);
    }
    let hosts = asks.client_secret_hosts();
    if !hosts.is_empty() {
        say(CardGroup::LogsIn, "the operator's client secret goes to".to_owned(), joined(hosts));
    }
    say(CardGroup::Uses, "memory".to_owned(), format!("{} MiB", asks.limits.memory_mib));
    say(CardGroup::Uses, "time of a run".to_owned(), format!("{} minutes", asks.limits.run_minutes));
    let rates: Vec<String> = asks.rates.iter().map(growth::work::in_words).collect();
    if !rates.is_empty() {
        say(CardGroup::Uses, "requests".to_owned(), rates.join("; "));
    }
    side
}

fn read(stream: &StreamAsked) -> String {
    let whole = if stream.mode == StreamMode::Full { "; what a pass does not bring is gone" } else { "" };
    let of = if stream.per_account { "; of the accounts that are chosen" } else { "" };
    format!("{}, {}; told apart by {}{of}{whole}", stream.function.word(), stream.schedule, joined(&stream.key))
}

fn written(action: &ActionAsked) -> String {
    let mut text = action.function.word().to_owned();
    text.push_str(match action.idempotency {
        Idempotency::Key => "; the provider does nothing twice under one key",
        Idempotency::Find => "; what was lost is looked for",
        Idempotency::Upsert => "; twice is once",
        Idempotency::None => "; a person decides when an answer was lost",
    });
    for (is, words) in [
        (action.ordered, "; one after the other for each target"),
        (action.multi_step, "; in several requests"),
        (action.update, "; changes what it wrote before"),
    ] {
        text.push_str(if is { words } else { "" });
    }
    let mut add = |words: String| text.push_str(&words);
    if let Some(life) = &action.key_life {
        add(format!("; a key holds for {life}"));
    }
    if let Some(settle) = &action.settle {
        add(format!("; looked for after {settle}"));
    }
    if let Some(picker) = &action.picker {
        add(format!("; to what is picked by {picker}"));
    }
    if let Some((most, types)) = &action.files {
        let types = if types.is_empty() { "of any type".to_owned() } else { joined(types) };
        add(format!("; with up to {most} files, {types}"));
    }
    if let Some((part, payload)) = &action.meeting {
        add(format!("; made of a meeting's {}: {payload}", part.word()));
    }
    text
}

/// With commas.
fn joined<T: ToString>(all: impl IntoIterator<Item = T>) -> String {
    all.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join(", ")
}
