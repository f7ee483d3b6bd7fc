//! Reads without messages: who it is, people, user groups, channels and who is in them.

use serde_json::{Value, json};

use super::{
    Slack,
    api::{may, page},
    args::Args,
    data::{Kind, Space},
    fine, problem, refusal, served,
    tokens::Caller,
};
use crate::{
    exchange::{Answer, Incoming},
    journal::Served,
    lock,
};

/// `auth.test`.
pub(super) fn own(slack: &Slack, request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    Args::of_read(request, &[])?;
    Ok(lock(&slack.spaces).of(caller.team, |space| {
        fine(json!({ "url": format!("https://{}.slack.com/", space.domain), "team": space.name, "user": "patchbay",
            "team_id": space.id, "user_id": space.bot, "bot_id": "B0PATCHBY", "is_enterprise_install": false }))
    }))
}

/// `team.info`.
pub(super) fn team(slack: &Slack, request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    Args::of_read(request, &[])?;
    let team = lock(&slack.spaces).of(caller.team, |space| space.team_json());
    Ok(fine(json!({ "team": team })).serving(of("team", "id", &[team])))
}

/// `users.list`.
pub(super) fn users(slack: &Slack, request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    let args = Args::of_read(request, &["limit", "cursor", "team_id"])?;
    of_team(&args, caller)?;
    let email = may(caller, "users:read.email").is_ok();
    let all: Vec<Value> = lock(&slack.spaces)
        .of(caller.team, |space| space.users.iter().map(|user| space.user_json(user, email)).collect());
    let (shown, next) = page(slack, "users.list", &args, &all)?;
    let served = of("user", "id", &shown);
    Ok(fine(json!({ "members": shown, "response_metadata": { "next_cursor": next } })).serving(served))
}

/// `users.lookupByEmail`.
pub(super) fn by_email(slack: &Slack, request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    let args = Args::of_read(request, &["email"])?;
    let email = args.needed("email")?;
    let fits = |user: &&Value| user.pointer("/profile/email").and_then(Value::as_str) == Some(email);
    let found = lock(&slack.spaces).of(caller.team, |space| space.users.iter().find(fits).cloned());
    let user = found.filter(|user| user["deleted"] != true).ok_or_else(|| problem("users_not_found"))?;
    let id = user.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    lock(&slack.spaces).of(caller.team, |space| space.looked_up.insert(id));
    Ok(fine(json!({ "user": user })).serving(of("user", "id", &[user])))
}

/// `usergroups.list`: no pages.
pub(super) fn groups(slack: &Slack, request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    let args = Args::of_read(request, &["include_disabled", "include_count", "team_id"])?;
    of_team(&args, caller)?;
    let (disabled, count) = (args.flag("include_disabled", false)?, args.flag("include_count", false)?);
    let mut shown = lock(&slack.spaces).of(caller.team, |space| space.groups.clone());
    shown.retain(|group| disabled || group["date_delete"] == 0);
    for group in shown.iter_mut().filter_map(Value::as_object_mut).filter(|_| !count) {
        group.remove("user_count");
    }
    let served = of("group", "id", &shown);
    Ok(fine(json!({ "usergroups": shown })).serving(served))
}

/// `conversations.list`.
pub(super) fn channels(slack: &Slack, request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    let args = Args::of_read(request, &["types", "exclude_archived", "limit", "cursor", "team_id"])?;
    of_team(&args, caller)?;
    let types: Vec<&str> = args.text("types").unwrap_or("public_channel").split(',').collect();
    if let Some(other) = types.iter().find(|kind| !["public_channel", "private_channel"].contains(kind)) {
        return Err(refusal(&format!("types {other:?} is not in the sheet")));
    }
    let (public, private) = (types.contains(&"public_channel"), types.contains(&"private_channel"));
    if public {
        may(caller, "channels:read")?;
    }
    if private {
        may(caller, "groups:read")?;
    }
    let no_archived = args.flag("exclude_archived", false)?;
    let all: Vec<Value> = lock(&slack.spaces).of(caller.team, |space| {
        let wanted = space.listed().filter(|channel| {
            let kind = if channel.kind == Kind::Private { private } else { public };
            kind && !(no_archived && channel.archived)
        });
        wanted.map(|channel| space.channel_json(channel)).collect()
    });
    let (shown, next) = page(slack, "conversations.list", &args, &all)?;
    let served = of("channel", "id", &shown);
    Ok(fine(json!({ "channels": shown, "response_metadata": { "next_cursor": next } })).serving(served))
}

/// `conversations.members`.
pub(super) fn members(slack: &Slack, request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    let args = Args::of_read(request, &["channel", "limit", "cursor"])?;
    let channel = args.needed("channel")?;
    let all: Vec<Value> = lock(&slack.spaces).of(caller.team, |space| {
        allowed(space, caller, channel, "read")?;
        let channel = space.channel(channel).ok_or_else(|| problem("channel_not_found"))?;
        Ok(channel.members.iter().map(|user| json!(user)).collect())
    })?;
    let (shown, next) = page(slack, "conversations.members", &args, &all)?;
    let id = |user: &Value| format!("{channel}/{}", user.as_str().unwrap_or_default());
    let served = shown.iter().map(|user| served("member", &id(user), user)).collect();
    Ok(fine(json!({ "members": shown, "response_metadata": { "next_cursor": next } })).serving(served))
}

/// Whether a conversation is there for the bot, and the scope of its kind was granted. One that is private and without the
/// bot looks as if it were not there.
pub(super) fn allowed(space: &Space, caller: &Caller, channel: &str, what: &str) -> Result<(), Answer> {
    let channel = space.visible(channel).ok_or_else(|| problem("channel_not_found"))?;
    let family = match channel.kind {
        Kind::Public => "channels",
        Kind::Private => "groups",
        Kind::Direct => "im",
    };
    may(caller, &format!("{family}:{what}"))
}

/// `team_id` may be said, and then it has to be the one.
fn of_team(args: &Args, caller: &Caller) -> Result<(), Answer> {
    match args.text("team_id") {
        Some(team) if team != caller.team => Err(problem("invalid_arguments")),
        _ => Ok(()),
    }
}

fn of(kind: &str, id: &str, records: &[Value]) -> Vec<Served> {
    records
        .iter()
        .map(|record| served(kind, record.get(id).and_then(Value::as_str).unwrap_or_default(), record))
        .collect()
}
