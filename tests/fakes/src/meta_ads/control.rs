//! What a test or a person does at the provider: logins, tokens that end, accounts, objects, deliveries, plans of jobs.

use serde_json::{Value, json};

use super::{Edge, Kind, MetaAds, Plan, Seen, day, problem, proof, rows::Question};
use crate::{control, exchange::Incoming, lock, seed};

impl MetaAds {
    /// The token of a system user of an application of the customer's own, which demands the proof.
    #[must_use]
    pub fn signed_token(&self) -> String {
        format!("EAAB{}", seed::secret(self.seed, "meta/signed", 160))
    }

    /// The secret of that application.
    #[must_use]
    pub fn app_secret(&self) -> String {
        let secret = seed::sha256(seed::secret(self.seed, "meta/own-secret", 32).as_bytes());
        secret.chars().take(32).collect()
    }

    pub(super) fn system_tokens(&self) -> [(&'static str, String); 2] {
        [("system", self.system_token()), ("signed", self.signed_token())]
    }

    /// Registers a redirect address of the application.
    pub fn allow_redirect(&self, address: &str) {
        lock(&self.pages).redirects.insert(address.to_owned());
    }

    /// Whether answers of the token address say how long a token lives; they do when nobody said.
    pub fn says_life(&self, on: bool) {
        lock(&self.tokens).says_life = on;
    }

    /// Everybody takes the consent back, and the tokens of system users are revoked.
    pub fn revoke_all(&self) {
        lock(&self.tokens).end(None, problem::REMOVED);
    }

    /// Ends everything that was given out with this subcode: 458, 459, 460, 463, 464, 467.
    pub fn end_all(&self, subcode: u32) {
        lock(&self.tokens).end(None, subcode);
    }

    /// The tokens of system users are accepted again.
    pub fn accept_system(&self) {
        lock(&self.tokens).accept_system();
    }

    /// Names of the persons' tokens that are good now: `short:1`, `long:2`.
    #[must_use]
    pub fn living(&self) -> Vec<String> {
        lock(&self.tokens).living(self.clock.now())
    }

    /// The proof that a call with this token of a person needs.
    #[must_use]
    pub fn proof(&self, token: &str) -> String {
        proof::of(&self.client().secret, token)
    }

    /// Everything that must never be seen outside.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = lock(&self.tokens).values();
        secrets.extend(self.system_tokens().map(|(_, value)| value));
        secrets.extend([self.client().secret, self.app_secret()]);
        secrets.extend(["owner", "other"].map(|who| self.login(who).password));
        secrets
    }

    /// An account more, with nothing in it; its number comes without `act_`.
    pub fn add_account(&self, number: &str, name: &str, status: u32) {
        lock(&self.data).open_account(number, name, status);
    }

    /// Nobody who connects sees this account any more, or everybody does again; whether there is one.
    pub fn lose_account(&self, number: &str, lost: bool) -> bool {
        let mut data = lock(&self.data);
        let account = data.account_mut(number);
        account.map(|account| account.lost = lost).is_some()
    }

    /// All objects of a list of an account as they are now, also those that were deleted.
    #[must_use]
    pub fn objects(&self, number: &str, edge: Edge) -> Vec<Value> {
        let data = lock(&self.data);
        let things = data.account(number).map(|account| account.things(edge).to_vec()).unwrap_or_default();
        things.into_iter().map(|thing| Value::Object(thing.record)).collect()
    }

    /// An object more; its id, empty where there is no such account.
    pub fn add(&self, number: &str, edge: Edge, name: &str) -> String {
        let now = day::seconds(self.clock.now());
        lock(&self.data).account_mut(number).map(|account| account.add(edge, name, now)).unwrap_or_default()
    }

    /// Gives an object another name; whether there is one.
    pub fn rename(&self, number: &str, edge: Edge, id: &str, name: &str) -> bool {
        self.set(number, edge, id, &[("name", json!(name))])
    }

    /// Gives an object another status, e.g. `ARCHIVED` or `DELETED`; whether there is one.
    pub fn set_status(&self, number: &str, edge: Edge, id: &str, status: &str) -> bool {
        self.set(number, edge, id, &[("status", json!(status)), ("effective_status", json!(status))])
    }

    /// Pauses a campaign; whether there is one. Its ad sets and ads are effectively paused too, and do not say that they changed.
    pub fn pause(&self, number: &str, campaign: &str) -> bool {
        let now = day::seconds(self.clock.now());
        lock(&self.data).account_mut(number).is_some_and(|account| account.pause(campaign, now))
    }

    /// Removes an object without a trace, as creatives go; whether there was one.
    pub fn remove(&self, number: &str, edge: Edge, id: &str) -> bool {
        lock(&self.data).account_mut(number).is_some_and(|account| account.remove(edge, id))
    }

    fn set(&self, number: &str, edge: Edge, id: &str, members: &[(&str, Value)]) -> bool {
        let now = day::seconds(self.clock.now());
        lock(&self.data).account_mut(number).is_some_and(|account| account.change(edge, id, members, now))
    }

    /// An ad, by its number, delivers on the day that is so many days ago in the account's zone; whether there is such an
    /// account.
    pub fn deliver(&self, number: &str, ad: u64, days_ago: i64) -> bool {
        let now = self.clock.now();
        let mut data = lock(&self.data);
        let account = data.account_mut(number);
        account.map(|account| account.deliver(ad, account.today(now) - days_ago)).is_some()
    }

    /// Rows of a report over all days that an account delivered on, day by day, with these fields and breakdowns, and with the
    /// attribution of the sheet; none when a field is not known.
    #[must_use]
    pub fn rows(&self, number: &str, fields: &str, breakdowns: &[&str]) -> Vec<Value> {
        let data = lock(&self.data);
        let Some(account) = data.account(number) else { return Vec::new() };
        let today = account.today(self.clock.now());
        let range = json!({ "since": day::text(today - 300), "until": day::text(today) }).to_string();
        let asked = [
            ("level", "ad".to_owned()),
            ("fields", fields.to_owned()),
            ("time_increment", "1".to_owned()),
            ("time_range", range),
            ("breakdowns", json!(breakdowns).to_string()),
            ("action_attribution_windows", json!(["7d_click", "1d_view"]).to_string()),
        ];
        let asked = asked.map(|(name, value)| (name.to_owned(), value));
        Question::of(&asked, today).map(|question| question.rows(account)).unwrap_or_default()
    }

    /// What becomes of the next jobs of an account, one after the other; those behind them go by the clock.
    pub fn plan(&self, number: &str, plans: &[Plan]) {
        lock(&self.reports).plan(number, plans);
    }

    /// All jobs that are still to come go by the clock.
    pub fn forget_plans(&self) {
        lock(&self.reports).unplan();
    }

    /// All jobs that were started, in order.
    #[must_use]
    pub fn jobs(&self) -> Vec<Seen> {
        lock(&self.reports).seen()
    }

    /// This account is too large: its reports are not answered at once, and its lists not in pages of more than ten.
    pub fn enlarge(&self, number: &str) {
        lock(&self.reports).large.push(number.to_owned());
    }

    /// An account has used so many percent of a limit, and each call adds so many more. At 100 percent calls are refused for
    /// five minutes; then, or after five quiet minutes, it has used nothing.
    pub fn use_up(&self, number: &str, kind: Kind, percent: u32, step: u32) {
        lock(&self.limits).set(number, kind, percent, step);
    }
}

/// `/_fake/…`
pub(super) fn answer(fake: &MetaAds, request: &Incoming) -> Option<Result<Value, String>> {
    let field = |name: &str| control::field(&request.body, name);
    let done = || Ok(json!({}));
    Some(match (request.method.as_str(), request.path.strip_prefix("/_fake/")?) {
        ("GET", "credentials") => Ok(json!({ "client": fake.client(), "owner": fake.login("owner"),
            "other": fake.login("other"), "system_token": fake.system_token(), "signed_token": fake.signed_token(),
            "app_secret": fake.app_secret() })),
        ("GET", "jobs") => Ok(json!({ "jobs": fake.jobs() })),
        ("POST", "redirect") => field("redirect_uri").map(|address| {
            fake.allow_redirect(&address);
            json!({})
        }),
        ("POST", "revoke") => {
            fake.revoke_all();
            done()
        }
        ("POST", "give-back") => {
            fake.accept_system();
            done()
        }
        ("POST", "throttle") => field("account").map(|number| {
            fake.use_up(&number, Kind::Insights, 100, 0);
            json!({})
        }),
        ("POST", "campaign") => field("account").and_then(|number| {
            let name = field("name")?;
            Ok(json!({ "id": fake.add(&number, Edge::Campaigns, &name) }))
        }),
        _ => return None,
    })
}
