//! What a test does at the fake: logins, credentials that end, and people who go on working.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Client, Login, Slack,
    data::{Channel, Kind, MAIN},
    message::{Message, entities},
    seeded,
};
use crate::{control, exchange::Incoming, fake::Provider, lock, seed};

impl Slack {
    /// The registered application; its redirect addresses are told by [`Slack::allow_redirect`].
    #[must_use]
    pub fn client(&self) -> Client {
        let number = seed::number(self.seed, "slack/client") % 1_000_000_000_000;
        Client { id: format!("1076534.{number:012}"), secret: seed::secret(self.seed, "slack/secret", 32) }
    }

    /// A person of both workspaces, who chooses one on the consent page.
    #[must_use]
    pub fn login(&self) -> Login {
        let password = seed::secret(self.seed, "slack/password/els", 16);
        Login { user: "els@voorbeeld.example".to_owned(), password }
    }

    /// A person of the second workspace only.
    #[must_use]
    pub fn login_of_other(&self) -> Login {
        let password = seed::secret(self.seed, "slack/password/jan", 16);
        Login { user: "jan@tweede.example".to_owned(), password }
    }

    /// The workspace that tests look at.
    #[must_use]
    pub fn team(&self) -> &'static str {
        MAIN
    }

    /// Registers a redirect address of the application; it is compared byte by byte.
    pub fn allow_redirect(&self, address: &str) {
        lock(&self.pages).redirects.insert(address.to_owned());
    }

    /// Whether the application has token rotation; it has when nobody said.
    pub fn rotate(&self, on: bool) {
        lock(&self.tokens).rotation = on;
    }

    /// Ends the access tokens that can end; refresh tokens stay good.
    pub fn expire_access(&self) {
        lock(&self.tokens).expire();
    }

    /// Ends everything that was granted, as when the application is removed from the workspace.
    pub fn revoke_all(&self) {
        lock(&self.tokens).end_all("token_revoked");
    }

    /// The same, as when the workspace itself is closed.
    pub fn close_account(&self) {
        lock(&self.tokens).end_all("account_inactive");
    }

    /// Takes a scope away from everything that was granted.
    pub fn take_scope(&self, scope: &str) {
        lock(&self.tokens).without(scope);
    }

    /// Whether this refresh token would be accepted now.
    #[must_use]
    pub fn accepts_refresh(&self, value: &str) -> bool {
        lock(&self.tokens).accepts(value)
    }

    /// How many access tokens were given out.
    #[must_use]
    pub fn tokens_given(&self) -> usize {
        lock(&self.tokens).count()
    }

    /// The values of all tokens that were ever given out, and the client's secret.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = lock(&self.tokens).values();
        secrets.push(self.client().secret);
        secrets
    }

    /// Counts calls by the tiers of the sheet, or no longer.
    pub fn limit(&self, on: bool) {
        lock(&self.limits).tiers = on;
    }

    /// Makes the application one outside the marketplace: messages fifteen a page, and one call in this time (a minute at
    /// the real one); none for an application that is not so limited.
    pub fn outside_marketplace(&self, window: Option<Duration>) {
        lock(&self.limits).outside = window;
    }

    /// Most rows of a page, whatever is asked for; ten when nobody said.
    pub fn rows_per_page(&self, rows: usize) {
        lock(&self.limits).rows = rows.max(1);
    }

    /// All of a kind as the bot sees it now: `user` `channel` `member` `message` `reply` `group` `team` `file`, and
    /// `posted`, which is all that the bot wrote anywhere, with its metadata.
    #[must_use]
    pub fn records(&self, kind: &str) -> Vec<Value> {
        Provider::records(self, kind).unwrap_or_default()
    }

    /// The id of the channel of this name, also of one that the bot does not see.
    #[must_use]
    pub fn channel(&self, name: &str) -> String {
        self.main(|space| {
            space.channels.iter().find(|one| one.name == name).map(|one| one.id.clone()).unwrap_or_default()
        })
    }

    /// Gives a person another name; whether there is one.
    pub fn rename_user(&self, id: &str, name: &str) -> bool {
        self.change_user(id, "real_name", &json!(name))
    }

    /// Deactivates a person; whether there is one.
    pub fn deactivate_user(&self, id: &str) -> bool {
        self.change_user(id, "deleted", &json!(true))
    }

    fn change_user(&self, id: &str, member: &str, value: &Value) -> bool {
        let now = self.seconds();
        self.main(|space| {
            let Some(user) = space.users.iter_mut().find(|user| user["id"] == id) else { return false };
            set(user, member, value.clone());
            set(user, "updated", json!(now));
            true
        })
    }

    /// Adds a person; the id.
    pub fn add_user(&self, name: &str) -> String {
        let now = self.seconds();
        self.main(|space| {
            let at = space.users.len() + 500;
            let mut user = seeded::person(MAIN, at, now);
            set(&mut user, "real_name", json!(name));
            set(&mut user, "deleted", json!(false));
            set(&mut user, "updated", json!(now));
            space.users.push(user);
            seeded::user_id(at)
        })
    }

    /// Adds a public channel with these people; the id.
    pub fn add_channel(&self, name: &str, members: &[&str]) -> String {
        let created = self.seconds();
        self.main(|space| {
            let id = format!("C0VC{:05}", space.next());
            let members = members.iter().map(|user| (*user).to_owned()).collect();
            let (name, messages) = (name.to_owned(), Vec::new());
            space.channels.push(Channel {
                id: id.clone(),
                name,
                kind: Kind::Public,
                archived: false,
                created,
                members,
                messages,
            });
            id
        })
    }

    /// Gives a channel another name; whether there is one.
    pub fn rename_channel(&self, id: &str, name: &str) -> bool {
        self.main(|space| space.channel_mut(id).map(|channel| name.clone_into(&mut channel.name)).is_some())
    }

    /// Archives a channel, and everybody leaves it; whether there is one.
    pub fn archive(&self, id: &str) -> bool {
        let left = |channel: &mut Channel| {
            channel.archived = true;
            channel.members.clear();
        };
        self.main(|space| space.channel_mut(id).map(left).is_some())
    }

    /// Removes a channel with all that was said in it; whether there was one.
    pub fn remove_channel(&self, id: &str) -> bool {
        self.main(|space| {
            let before = space.channels.len();
            space.channels.retain(|channel| channel.id != id);
            space.channels.len() < before
        })
    }

    /// Lets somebody into a channel; the bot where nobody is named. Whether there is such a channel.
    pub fn invite(&self, channel: &str, user: Option<&str>) -> bool {
        self.main(|space| {
            let user = user.unwrap_or(&space.bot).to_owned();
            let Some(channel) = space.channel_mut(channel) else { return false };
            if !channel.members.contains(&user) {
                channel.members.push(user);
            }
            true
        })
    }

    /// Puts somebody out of a channel; the bot where nobody is named. Whether that person was in it.
    pub fn kick(&self, channel: &str, user: Option<&str>) -> bool {
        self.main(|space| {
            let user = user.unwrap_or(&space.bot).to_owned();
            let Some(channel) = space.channel_mut(channel) else { return false };
            let before = channel.members.len();
            channel.members.retain(|member| *member != user);
            channel.members.len() < before
        })
    }

    /// A person says something in a channel, or in a thread of it; the `ts`.
    pub fn say(&self, channel: &str, thread: Option<&str>, text: &str) -> String {
        let now = self.seconds();
        let text = entities(text);
        let make = |ts| Message::of(ts, thread, &seeded::user_id(2), &text);
        self.main(|space| space.post(channel, now, make).unwrap_or_default())
    }

    /// A person changes what a message says; whether there is one.
    pub fn edit(&self, channel: &str, ts: &str, text: &str) -> bool {
        self.main(|space| {
            let messages = space.channel_mut(channel).map(|channel| channel.messages.iter_mut());
            let found = messages.and_then(|mut messages| messages.find(|message| message.ts == ts));
            found.map(|message| message.text = entities(text)).is_some()
        })
    }

    /// Gives a user group another name; whether there is one.
    pub fn rename_group(&self, id: &str, name: &str) -> bool {
        self.change_group(id, "name", &json!(name))
    }

    /// Disables a user group; whether there is one.
    pub fn disable_group(&self, id: &str) -> bool {
        self.change_group(id, "date_delete", &json!(self.seconds()))
    }

    fn change_group(&self, id: &str, member: &str, value: &Value) -> bool {
        let now = self.seconds();
        self.main(|space| {
            let Some(group) = space.groups.iter_mut().find(|group| group["id"] == id) else { return false };
            set(group, member, value.clone());
            set(group, "date_update", json!(now));
            true
        })
    }

    /// Adds a user group; the id.
    pub fn add_group(&self, name: &str) -> String {
        let now = self.seconds();
        self.main(|space| {
            let at = space.groups.len() + 500;
            let mut group = seeded::group(at, now);
            set(&mut group, "name", json!(name));
            set(&mut group, "date_delete", json!(0));
            set(&mut group, "date_update", json!(now));
            space.groups.push(group);
            format!("S0VB{at:05}")
        })
    }

    /// Gives the workspace's e-mail another domain.
    pub fn change_email_domain(&self, domain: &str) {
        self.main(|space| domain.clone_into(&mut space.email_domain));
    }
}

/// Gives a record's member this value.
fn set(record: &mut Value, name: &str, value: Value) {
    if let Some(members) = record.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// `/_fake/slack/…`.
pub(super) fn answer(slack: &Slack, request: &Incoming) -> Option<Result<Value, String>> {
    let field = |name: &str| control::field(&request.body, name);
    Some(match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/_fake/credentials") => {
            Ok(json!({ "client": slack.client(), "login": slack.login(), "login_of_other": slack.login_of_other() }))
        }
        ("POST", "/_fake/slack/redirect") => field("redirect_uri").map(|address| {
            slack.allow_redirect(&address);
            json!({})
        }),
        ("POST", "/_fake/slack/expire") => {
            slack.expire_access();
            Ok(json!({}))
        }
        ("POST", "/_fake/slack/revoke") => {
            slack.revoke_all();
            Ok(json!({}))
        }
        ("POST", "/_fake/slack/say") => field("channel").and_then(|channel| {
            let text = field("text")?;
            Ok(json!({ "ts": slack.say(&slack.channel(&channel), None, &text) }))
        }),
        _ => return None,
    })
}
