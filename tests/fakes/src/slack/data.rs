//! Workspaces: their people, channels with messages, user groups and files, and what happens to them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::message::{Message, entities};

/// The workspace that tests look at.
pub(super) const MAIN: &str = "T0VOORB01";
/// Another one.
pub(super) const OTHER: &str = "T0TWEED02";
/// Who consents.
pub(super) const ELS: &str = "U0VB00000";

/// Both workspaces.
#[derive(Debug)]
pub(super) struct Spaces {
    pub(super) main: Space,
    pub(super) other: Space,
}

/// A workspace.
#[derive(Debug)]
pub(super) struct Space {
    pub(super) id: &'static str,
    pub(super) name: String,
    pub(super) domain: &'static str,
    pub(super) email_domain: String,
    /// The user that the application is.
    pub(super) bot: String,
    pub(super) users: Vec<Value>,
    pub(super) channels: Vec<Channel>,
    pub(super) groups: Vec<Value>,
    pub(super) files: Vec<File>,
    /// People who were found by their e-mail address, and so may be mentioned.
    pub(super) looked_up: BTreeSet<String>,
    /// Counts what was made, for ids and for the microseconds of messages.
    pub(super) made: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Public,
    Private,
    /// Between the bot and this person.
    Direct,
}

/// A conversation.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) archived: bool,
    pub(super) created: i64,
    pub(super) members: Vec<String>,
    pub(super) messages: Vec<Message>,
}

/// A file, from the moment that room was asked for it.
#[derive(Debug)]
pub(super) struct File {
    pub(super) id: String,
    /// The end of the address that its bytes go to.
    pub(super) ticket: String,
    pub(super) name: String,
    pub(super) length: usize,
    /// Of the bytes, once they came.
    pub(super) sha256: Option<String>,
    /// Where it is seen, once it was completed.
    pub(super) shared: Option<(Option<String>, String)>,
}

impl Spaces {
    /// Does something with the workspace of this id.
    pub(super) fn of<T>(&mut self, team: &str, act: impl FnOnce(&mut Space) -> T) -> T {
        act(if team == OTHER { &mut self.other } else { &mut self.main })
    }
}

impl Space {
    /// A number that nothing has, for an id.
    pub(super) fn next(&mut self) -> u32 {
        self.made += 1;
        self.made
    }

    /// A `ts` that no message has.
    pub(super) fn stamp(&mut self, seconds: i64) -> String {
        format!("{seconds:010}.{:06}", self.next())
    }

    pub(super) fn channel(&self, id: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.id == id)
    }

    pub(super) fn channel_mut(&mut self, id: &str) -> Option<&mut Channel> {
        self.channels.iter_mut().find(|channel| channel.id == id)
    }

    /// The conversation, unless it is private and without the bot.
    pub(super) fn visible(&self, id: &str) -> Option<&Channel> {
        self.channel(id).filter(|channel| channel.kind == Kind::Public || self.is_in(channel))
    }

    /// Whether the bot is in it.
    pub(super) fn is_in(&self, channel: &Channel) -> bool {
        channel.members.contains(&self.bot)
    }

    /// Channels that a list shows.
    pub(super) fn listed(&self) -> impl Iterator<Item = &Channel> {
        self.channels
            .iter()
            .filter(|channel| channel.kind == Kind::Public || (channel.kind == Kind::Private && self.is_in(channel)))
    }

    pub(super) fn user(&self, id: &str) -> Option<&Value> {
        self.users.iter().find(|user| user["id"] == id)
    }

    /// The direct channel of a person; opened where there is none.
    pub(super) fn direct(&mut self, user: &str, now: i64) -> String {
        let with = |channel: &&Channel| channel.kind == Kind::Direct && channel.members.iter().any(|one| one == user);
        if let Some(known) = self.channels.iter().find(with) {
            return known.id.clone();
        }
        let (id, members) = (format!("D0VB{:05}", self.next()), vec![user.to_owned(), self.bot.clone()]);
        let (name, messages) = (String::new(), Vec::new());
        self.channels.push(Channel {
            id: id.clone(),
            name,
            kind: Kind::Direct,
            archived: false,
            created: now,
            members,
            messages,
        });
        id
    }

    /// Adds a message; its `ts`. The channel has to be there.
    pub(super) fn post(&mut self, channel: &str, seconds: i64, make: impl FnOnce(String) -> Message) -> Option<String> {
        let ts = self.stamp(seconds);
        let message = make(ts.clone());
        self.channel_mut(channel)?.messages.push(message);
        Some(ts)
    }

    pub(super) fn user_json(&self, user: &Value, email: bool) -> Value {
        let mut user = user.clone();
        if let (false, Some(profile)) = (email, user.get_mut("profile").and_then(Value::as_object_mut)) {
            profile.remove("email");
        }
        user
    }

    pub(super) fn channel_json(&self, channel: &Channel) -> Value {
        let private = channel.kind == Kind::Private;
        json!({
            "id": channel.id, "name": channel.name, "is_channel": !private, "is_group": private, "is_private": private,
            "is_archived": channel.archived, "is_general": channel.name == "general", "is_member": self.is_in(channel),
            "created": channel.created, "creator": ELS, "num_members": channel.members.len(), "is_shared": false,
            "topic": { "value": "", "creator": "", "last_set": 0 },
            "purpose": { "value": entities(&format!("Over {}", channel.name)), "creator": ELS, "last_set": channel.created },
        })
    }

    pub(super) fn team_json(&self) -> Value {
        json!({ "id": self.id, "name": self.name, "domain": self.domain, "email_domain": self.email_domain,
            "icon": { "image_default": true } })
    }

    /// All of a kind as the bot sees it now; none when there is no such kind.
    pub(super) fn records(&self, kind: &str) -> Option<Vec<Value>> {
        Some(match kind {
            "user" => self.users.clone(),
            "channel" => self.listed().map(|channel| self.channel_json(channel)).collect(),
            "member" => self.listed().flat_map(members).collect(),
            "message" => self.messages(|message| message.thread.is_none()),
            "reply" => self.messages(|message| message.thread.is_some()),
            "group" => self.groups.clone(),
            "team" => vec![self.team_json()],
            "posted" => self.posted(),
            "file" => self.files.iter().filter_map(File::json).collect(),
            _ => return None,
        })
    }

    /// Messages of the channels that the bot is in.
    fn messages(&self, wanted: fn(&Message) -> bool) -> Vec<Value> {
        let joined = self.listed().filter(|channel| self.is_in(channel));
        let of = |channel: &Channel| {
            let wanted = channel.messages.iter().filter(|message| wanted(message));
            wanted.map(|message| placed(channel, message.json(&channel.messages, self.id, false))).collect::<Vec<_>>()
        };
        joined.flat_map(of).collect()
    }

    /// Everything that the bot wrote anywhere, with its metadata.
    fn posted(&self) -> Vec<Value> {
        let of = |channel: &Channel| {
            let own = channel.messages.iter().filter(|message| message.user == self.bot);
            own.map(|message| placed(channel, message.json(&channel.messages, self.id, true))).collect::<Vec<_>>()
        };
        self.channels.iter().flat_map(of).collect()
    }
}

impl File {
    /// A file that people see.
    fn json(&self) -> Option<Value> {
        let (channel, title) = self.shared.as_ref()?;
        Some(json!({ "id": self.id, "name": self.name, "title": title, "size": self.length, "sha256": self.sha256,
            "channel": channel }))
    }
}

fn members(channel: &Channel) -> Vec<Value> {
    channel.members.iter().map(|user| json!({ "channel_id": channel.id, "user_id": user })).collect()
}

/// A message with the id of its channel.
fn placed(channel: &Channel, mut message: Value) -> Value {
    if let Some(members) = message.as_object_mut() {
        members.insert("channel_id".to_owned(), json!(channel.id));
    }
    message
}
