//! What a test does at the fake: logins, permissions that end, sync tokens that grow old, and people who go on working.

use serde_json::{Value, json};

use super::{
    Client, GoogleWorkspace, Login,
    calendars::{address, entry},
    directory, seeded,
};
use crate::{control, exchange::Incoming, fake::Provider, lock, seed};

impl GoogleWorkspace {
    /// The registered application; its redirect addresses are told by [`GoogleWorkspace::allow_redirect`].
    #[must_use]
    pub fn client(&self) -> Client {
        let number = seed::number(self.seed, "google/client") % 1_000_000_000_000;
        let id = format!("{number:012}-fake.apps.googleusercontent.example");
        Client { id, secret: format!("GOCSPX-{}", seed::secret(self.seed, "google/secret", 28)) }
    }

    /// Who can log in: `els`, `an` (an administrator) and `piet` (a private account).
    #[must_use]
    pub fn login(&self, who: &str) -> Login {
        let password = seed::secret(self.seed, &format!("google/password/{who}"), 16);
        Login { user: address(who).to_owned(), password }
    }

    /// Registers a redirect address of the application; it is compared byte by byte.
    pub fn allow_redirect(&self, address: &str) {
        lock(&self.pages).redirects.insert(address.to_owned());
    }

    /// The consent page answers with this error: `admin_policy_enforced`, `org_internal`; none lets people in again.
    pub fn refuse_consent(&self, error: Option<&'static str>) {
        lock(&self.pages).refuses = error;
    }

    /// Ends all access tokens; refresh tokens stay good.
    pub fn expire_access(&self) {
        lock(&self.tokens).expire(self.clock.now());
    }

    /// A person takes back all that the application was allowed.
    pub fn revoke(&self, who: &str) {
        lock(&self.tokens).end(who, self.clock.now());
    }

    /// Puts the application into status *Testing*: refresh tokens live seven days.
    pub fn testing(&self, on: bool) {
        lock(&self.tokens).testing = on;
    }

    /// A policy of the company wants a new login before anything is renewed.
    pub fn want_login(&self, on: bool) {
        lock(&self.tokens).policy = on;
    }

    /// How many access and refresh tokens were given out.
    #[must_use]
    pub fn tokens_given(&self) -> (usize, usize) {
        lock(&self.tokens).given()
    }

    /// Whose refresh tokens are good now.
    #[must_use]
    pub fn granted(&self) -> Vec<&'static str> {
        lock(&self.tokens).alive()
    }

    /// The values of all tokens that were ever given out, and the client's secret.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = lock(&self.tokens).values();
        secrets.push(self.client().secret);
        secrets
    }

    /// Gives pages this many rows at most, whatever is asked.
    pub fn short_pages(&self, most: Option<usize>) {
        lock(&self.calendars).most = most;
    }

    /// Makes every sync token that was given out too old.
    pub fn forget_changes(&self) {
        let mut all = lock(&self.calendars);
        all.list.number += 1;
        all.list.floor = all.list.number;
        for rows in all.events.values_mut() {
            rows.number += 1;
            rows.floor = rows.number;
        }
    }

    /// The ids of the calendars: the main one, the team's, a colleague's, the holidays, and a hidden one.
    #[must_use]
    pub fn calendars(&self) -> [&'static str; 5] {
        [address("els"), seeded::TEAM, seeded::SHARED, seeded::HOLIDAYS, seeded::HIDDEN]
    }

    /// The id of the weekly event, and of one that somebody else organises, in the main calendar.
    #[must_use]
    pub fn special_events(&self) -> (&'static str, &'static str) {
        (seeded::SERIES, seeded::INVITED)
    }

    /// All records of a kind as they are now: `calendar`, `event`, `user`, `group`, `member`, `token`.
    #[must_use]
    pub fn stored(&self, kind: &str) -> Vec<Value> {
        self.records(kind).unwrap_or_default()
    }

    /// An event as it is now; null where there is none.
    #[must_use]
    pub fn event(&self, calendar: &str, id: &str) -> Value {
        let all = lock(&self.calendars);
        let row = all.events.get(calendar).and_then(|rows| rows.row(id)).filter(|row| !row.gone);
        row.map(|row| row.value.clone()).unwrap_or_default()
    }

    /// Adds an event that begins so many hours from now; whether there is such a calendar.
    pub fn add_event(&self, calendar: &str, id: &str, title: &str, hours: i64) -> bool {
        let now = self.clock.now().as_millis();
        let mut all = lock(&self.calendars);
        let Some(rows) = all.events.get_mut(calendar) else { return false };
        seeded::add(rows, id, title, now + hours * 3_600_000, now);
        true
    }

    /// Gives an event another title; whether it is there.
    pub fn rename_event(&self, calendar: &str, id: &str, title: &str) -> bool {
        let mut all = lock(&self.calendars);
        all.events.get_mut(calendar).is_some_and(|rows| rows.change(id, |event| event["summary"] = json!(title)))
    }

    /// Deletes an event; whether it was there.
    pub fn remove_event(&self, calendar: &str, id: &str) -> bool {
        lock(&self.calendars).events.get_mut(calendar).is_some_and(|rows| rows.remove(id))
    }

    /// Adds a calendar without events to the list; one that is hidden is in nobody's sight.
    pub fn add_calendar(&self, id: &str, name: &str, hidden: bool) {
        let mut all = lock(&self.calendars);
        let mut added = entry(id, name, "owner", false);
        if hidden {
            added["hidden"] = json!(true);
        }
        all.list.put(added, 0);
        all.events.entry(id.to_owned()).or_default();
    }

    /// Gives a calendar another name; whether it is there.
    pub fn rename_calendar(&self, id: &str, name: &str) -> bool {
        lock(&self.calendars).list.change(id, |calendar| calendar["summary"] = json!(name))
    }

    /// Takes a calendar off the list; whether it was there.
    pub fn remove_calendar(&self, id: &str) -> bool {
        lock(&self.calendars).list.remove(id)
    }

    /// Takes the administrator's right away, or gives it back.
    pub fn demote(&self, on: bool) {
        lock(&self.directory).without_admin = on;
    }

    /// In the company: somebody is renamed, somebody comes, a group gets another name and another member, an app is let in.
    pub fn touch_directory(&self, text: &str) {
        let now = seeded::moment(self.clock.now().as_millis());
        let mut all = lock(&self.directory);
        all.hired += 1;
        let at = all.hired + 100;
        if let Some(user) = all.users.get_mut(1) {
            user["name"]["fullName"] = json!(text);
        }
        all.users.push(directory::user(at, &now));
        if let Some(group) = all.groups.get_mut(1) {
            group["name"] = json!(text);
        }
        all.join("group0002", at);
        let client = at;
        all.tokens.push((json!(directory::user_id(2)), directory::token(2, client)));
        if let Some((_, token)) = all.tokens.first_mut() {
            token["displayText"] = json!(text);
        }
    }

    /// Somebody leaves: no user, no member and no token any more, but a deleted user. The id.
    pub fn dismiss(&self) -> String {
        let now = seeded::moment(self.clock.now().as_millis());
        let mut all = lock(&self.directory);
        let Some(mut user) = all.users.pop() else { return String::new() };
        let id = user["id"].as_str().unwrap_or_default().to_owned();
        user["deletionTime"] = json!(now);
        all.deleted.push(user);
        all.members.retain(|(_, member)| member["id"] != *id);
        all.tokens.retain(|(of, _)| *of != *id);
        id
    }
}

/// `/_fake/google-workspace/…`.
pub(super) fn answer(google: &GoogleWorkspace, request: &Incoming) -> Option<Result<Value, String>> {
    let field = |name: &str| control::field(&request.body, name);
    Some(match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/_fake/credentials") => Ok(
            json!({ "client": google.client(), "els": google.login("els"), "an": google.login("an"), "piet": google.login("piet") }),
        ),
        ("POST", "/_fake/google-workspace/redirect") => field("redirect_uri").map(|address| {
            google.allow_redirect(&address);
            json!({})
        }),
        ("POST", "/_fake/google-workspace/expire") => {
            google.expire_access();
            Ok(json!({}))
        }
        ("POST", "/_fake/google-workspace/revoke") => field("who").map(|who| {
            google.revoke(&who);
            json!({})
        }),
        ("POST", "/_fake/google-workspace/forget") => {
            google.forget_changes();
            Ok(json!({}))
        }
        _ => return None,
    })
}
