//! What a release asks of the work itself beyond what was granted.
//!
//! Whatever decides which object is written, or how often, counts as power: a write that is repeated in another way can
//! pay an invoice twice without a single new address. So do the bounds that a connector was given to keep: they protect
//! the customers' quota at the provider. And so does its face: people enter what they are told to, where they think they
//! are.

use std::time::Duration;

use super::Lines;
use crate::{
    Schedule,
    manifest::{
        Asks, StreamMode,
        asks::work::{ActionAsked, RateAsked, StreamAsked},
        parse_duration,
    },
};

/// For how long a key is sent again where the manifest does not say.
const KEY_LIFE: Duration = DAY;
/// How long after a lost write a look is believed where the manifest does not say.
const SETTLE: Duration = Duration::from_secs(120);
const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn streams(asks: &Asks, granted: &Asks, lines: &mut Lines) {
    for (name, stream) in &asks.streams {
        match granted.streams.get(name) {
            None => lines.add(format!("reads a new stream: {name}")),
            Some(before) => stream_changed(name, stream, before, lines),
        }
        match (granted.stream_logins.get(name), asks.stream_logins.get(name)) {
            (Some(_), None) => lines.add(format!("reads the stream {name} with every login")),
            (Some(before), Some(now)) => {
                for login in now.difference(before) {
                    lines.add(format!("reads the stream {name} with another login: {login}"));
                }
            }
            (None, _) => {}
        }
    }
    for (prefix, asked) in &asks.discovered {
        let Some(before) = granted.discovered.get(prefix) else {
            lines.add(format!("reads streams that only a connection can name: {prefix}…"));
            continue;
        };
        if asked.function != before.function {
            lines.add(format!("moves the streams {prefix}… to another switch: {}", asked.function.word()));
        }
        if asked.limit > before.limit {
            lines.add(format!("reads more streams {prefix}…: {} instead of {}", asked.limit, before.limit));
        }
        if asked.mode == StreamMode::Full && before.mode != StreamMode::Full {
            lines.add(format!("takes what a pass does not bring for deleted: {prefix}…"));
        }
        if is_oftener(&asked.schedule, &before.schedule) {
            lines.add(format!("reads {prefix}… more often: {} instead of {}", asked.schedule, before.schedule));
        }
    }
}

fn stream_changed(name: &str, stream: &StreamAsked, before: &StreamAsked, lines: &mut Lines) {
    if stream.function != before.function {
        lines.add(format!("moves the stream {name} to another switch: {}", stream.function.word()));
    }
    if stream.key != before.key {
        lines.add(format!("tells the records of {name} apart in another way: by {}", stream.key.join(", ")));
    }
    if stream.mode == StreamMode::Full && before.mode != StreamMode::Full {
        lines.add(format!("takes what a pass does not bring for deleted: {name}"));
    }
    if before.per_account && !stream.per_account {
        lines.add(format!("reads {name} for the whole connection, not only for the accounts that were chosen"));
    }
    if is_oftener(&stream.schedule, &before.schedule) {
        lines.add(format!("reads {name} more often: {} instead of {}", stream.schedule, before.schedule));
    }
}

/// Whether one interval is shorter than another. Times of a day are as often as each other.
fn is_oftener(now: &str, before: &str) -> bool {
    match (Schedule::parse(now), Schedule::parse(before)) {
        (Ok(Schedule::Every(now)), Ok(Schedule::Every(before))) => now < before,
        (Ok(Schedule::Cron { cron: now, .. }), Ok(Schedule::Cron { cron: before, .. })) => now != before,
        // An interval of a day or more is no oftener than any expression that names a time.
        (Ok(Schedule::Every(now)), Ok(_)) => now < DAY,
        (Ok(Schedule::Cron { .. }), Ok(_)) => true,
        (_, Err(_)) | (Err(_), _) => now != before,
    }
}

pub(super) fn actions(asks: &Asks, granted: &Asks, lines: &mut Lines) {
    for (name, action) in &asks.actions {
        match granted.actions.get(name) {
            None => lines.add(format!("writes with a new action: {name}")),
            Some(before) => action_changed(name, action, before, lines),
        }
    }
    for (name, picker) in &asks.pickers {
        if granted.pickers.get(name).is_some_and(|before| before != picker) {
            lines.add(format!("offers other choices, or by other names, when a target is picked: {name}"));
        }
    }
}

fn action_changed(name: &str, action: &ActionAsked, before: &ActionAsked, lines: &mut Lines) {
    if action.function != before.function {
        lines.add(format!("moves the action {name} to another switch: {}", action.function.word()));
    }
    if action.idempotency != before.idempotency {
        let (now, was) = (action.idempotency.word(), before.idempotency.word());
        lines.add(format!("resolves a lost answer of {name} in another way: {now} instead of {was}"));
    }
    let length = |text: &Option<String>| text.as_deref().and_then(|text| parse_duration(text).ok());
    if length(&action.key_life).unwrap_or(KEY_LIFE) > length(&before.key_life).unwrap_or(KEY_LIFE) {
        lines.add(format!("sends {name} again with its key for longer than before"));
    }
    if length(&before.settle).unwrap_or(SETTLE) > length(&action.settle).unwrap_or(SETTLE) {
        lines.add(format!("believes sooner that a lost write of {name} is not there"));
    }
    for (is, was, what) in [
        (before.ordered, action.ordered, "writes items of one target side by side"),
        (action.multi_step, before.multi_step, "sends several requests for one item"),
        (action.update, before.update, "changes what it wrote before"),
    ] {
        if is && !was {
            lines.add(format!("{what}: {name}"));
        }
    }
    if action.target != before.target || action.picker != before.picker {
        lines.add(format!("writes {name} to other targets"));
    }
    if let Some((most, types)) = &action.files {
        let grew = before.files.as_ref().is_none_or(|(was, before)| {
            most > was || (!before.is_empty() && (types.is_empty() || !types.is_subset(before)))
        });
        if grew {
            lines.add(format!("sends more files, or others: {name}"));
        }
    }
    if action.meeting.is_some() && action.meeting != before.meeting {
        lines.add(format!("sends other parts of a meeting: {name}"));
    }
}

/// Bounds that are gone, or wider.
pub(super) fn rates(asks: &Asks, granted: &Asks, lines: &mut Lines) {
    let holds = |now: &RateAsked, before: &RateAsked| {
        let bounds = now.bounds.iter().zip(&before.bounds);
        let bounded = bounds.into_iter().all(|(now, before)| match (now, before) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(now), Some(before)) => now <= before,
        });
        let headers = now.headers.iter().zip(&before.headers);
        let heard = headers.into_iter().all(|(now, before)| before.is_none() || now == before);
        now.scope == before.scope && now.path == before.path && bounded && heard && (before.alone || !now.alone)
    };
    for before in &granted.rates {
        if !asks.rates.iter().any(|now| holds(now, before)) {
            lines.add(format!("asks the provider faster than a bound that held before: {}", in_words(before)));
        }
    }
}

pub(in crate::manifest::asks) fn in_words(rate: &RateAsked) -> String {
    let units = ["in a second", "in a minute", "at the same time"];
    let bounds = rate.bounds.iter().zip(units).filter_map(|(bound, unit)| Some(format!("{} {unit}", (*bound)?)));
    let mut words: Vec<String> = bounds.collect();
    if words.is_empty() {
        words.push("as the provider says".to_owned());
    }
    let path = rate.path.as_ref().map(|path| format!(" under {path}")).unwrap_or_default();
    format!("{}{path}", words.join(", "))
}

/// Who it says that it is, and where it sends people.
pub(super) fn face(asks: &Asks, granted: &Asks, lines: &mut Lines) {
    if !granted.name.is_empty() && asks.name != granted.name {
        lines.add(format!("calls itself {} instead of {}", asks.name, granted.name));
    }
    if asks.logo.is_some() && asks.logo != granted.logo {
        lines.add("shows another logo".to_owned());
    }
    for link in asks.links.difference(&granted.links) {
        lines.add(format!("sends people to another place: {link}"));
    }
}
