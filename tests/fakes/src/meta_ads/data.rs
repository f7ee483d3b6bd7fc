//! Ad accounts, their objects, and what was delivered on which day.

use std::collections::BTreeMap;

use patchbay_model::Timestamp;
use serde_json::{Map, Value, json};

use super::{day, edges::Edge};
use crate::journal::Served;

/// Objects of each kind that an account begins with, besides one that is archived and one that is deleted.
const OBJECTS: u64 = 14;
/// Ads that deliver.
const DELIVERING: u64 = 4;
/// Days with deliveries: those before the start.
const DAYS: i64 = 4;
const DAY_SECONDS: i64 = 86_400;

/// All accounts, in the order in which they are listed.
#[derive(Debug, Default)]
pub(super) struct Data {
    accounts: Vec<Account>,
}

/// One ad account.
#[derive(Debug)]
pub(super) struct Account {
    /// `1010101`
    pub(super) number: String,
    name: String,
    status: u32,
    currency: &'static str,
    zone: &'static str,
    /// Hours ahead of UTC, summer and winter.
    pub(super) hours: i64,
    /// Whether it belongs to the business; others are its clients'.
    owned: bool,
    /// Nobody who connects may see it any more.
    pub(super) lost: bool,
    things: BTreeMap<Edge, Vec<Thing>>,
    /// How many of each were ever made: numbers are not given twice.
    made: BTreeMap<Edge, u64>,
    pub(super) cells: Vec<Cell>,
}

/// A campaign, an ad set, an ad or a creative.
#[derive(Debug, Clone)]
pub(super) struct Thing {
    pub(super) id: String,
    /// Whole seconds.
    pub(super) updated: i64,
    pub(super) record: Map<String, Value>,
}

/// What an ad delivered on one day to one kind of people.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    /// Which of the account's ads: its number.
    pub(super) ad: u64,
    pub(super) day: i64,
    pub(super) age: &'static str,
    pub(super) gender: &'static str,
    pub(super) impressions: u64,
    pub(super) clicks: u64,
    pub(super) cents: u64,
    pub(super) purchases: u64,
}

impl Data {
    pub(super) fn seeded(now: Timestamp) -> Self {
        let now = day::seconds(now);
        let accounts = [
            ("1010101", "Voorbeeld Webshop BE", 1, "EUR", "Europe/Brussels", 1, true),
            ("1010102", "Example Shop US", 1, "USD", "America/New_York", -5, true),
            ("1010103", "Openstaande rekening", 3, "EUR", "Europe/Brussels", 1, false),
            ("2020202", "Oud account", 101, "EUR", "Europe/Brussels", 1, true),
            ("2020203", "Geblokkeerd account", 2, "EUR", "Europe/Brussels", 1, true),
        ];
        let account = |(number, name, status, currency, zone, hours, owned): (&str, &str, u32, _, _, i64, bool)| {
            let (number, name) = (number.to_owned(), name.to_owned());
            let mut account = Account {
                number,
                name,
                status,
                currency,
                zone,
                hours,
                owned,
                lost: false,
                things: BTreeMap::new(),
                made: BTreeMap::new(),
                cells: Vec::new(),
            };
            account.fill(now);
            account
        };
        Self { accounts: accounts.into_iter().map(account).collect() }
    }

    /// By its number, without `act_`.
    pub(super) fn account(&self, number: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.number == number)
    }

    pub(super) fn account_mut(&mut self, number: &str) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.number == number)
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter()
    }

    /// An account more, without anything in it.
    pub(super) fn open_account(&mut self, number: &str, name: &str, status: u32) {
        self.accounts.push(Account {
            number: number.to_owned(),
            name: name.to_owned(),
            status,
            currency: "EUR",
            zone: "Europe/Brussels",
            hours: 1,
            owned: true,
            lost: false,
            things: BTreeMap::new(),
            made: BTreeMap::new(),
            cells: Vec::new(),
        });
    }

    /// All records of a kind: `account`, or a list of all accounts by its path.
    pub(super) fn all(&self, kind: &str) -> Option<Vec<Value>> {
        if kind == "account" {
            return Some(self.accounts.iter().map(|account| Value::Object(account.record())).collect());
        }
        let edge = Edge::of(kind)?;
        let of_account = |account: &Account| account.things(edge).to_vec();
        Some(self.accounts.iter().flat_map(of_account).map(|thing| Value::Object(thing.record)).collect())
    }
}

impl Account {
    /// Everything of the account that the sheet names.
    pub(super) fn record(&self) -> Map<String, Value> {
        let mut record = members(json!({
            "id": format!("act_{}", self.number), "account_id": self.number, "name": self.name,
            "account_status": self.status, "currency": self.currency, "timezone_name": self.zone,
            "timezone_offset_hours_utc": self.hours, "disable_reason": u32::from(self.status == 2), "amount_spent": "184233",
        }));
        if self.owned {
            record.insert("business".to_owned(), json!({ "id": super::accounts::BUSINESS, "name": "Voorbeeld Groep" }));
        }
        record
    }

    pub(super) fn is_owned(&self) -> bool {
        self.owned
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn currency(&self) -> &'static str {
        self.currency
    }

    pub(super) fn things(&self, edge: Edge) -> &[Thing] {
        self.things.get(&edge).map_or(&[][..], Vec::as_slice)
    }

    /// The day that it is there.
    pub(super) fn today(&self, now: Timestamp) -> i64 {
        day::of(day::seconds(now), self.hours)
    }

    /// The id of an object by its number.
    pub(super) fn id(&self, edge: Edge, number: u64) -> String {
        format!("{}{}{number:04}", self.number, edge.digit())
    }

    /// What an object is called; its number where there is none.
    pub(super) fn name_of(&self, edge: Edge, number: u64) -> String {
        let id = self.id(edge, number);
        let found = self.things(edge).iter().find(|thing| thing.id == id);
        found.and_then(|thing| thing.record.get("name")?.as_str()).map_or(id.clone(), str::to_owned)
    }

    /// An object more, changed now; its id.
    pub(super) fn add(&mut self, edge: Edge, name: &str, now: i64) -> String {
        let made = self.made.entry(edge).or_default();
        let number = *made;
        *made += 1;
        let thing = self.make(edge, number, name, now);
        let id = thing.id.clone();
        self.things.entry(edge).or_default().push(thing);
        id
    }

    /// Changes members of an object now; whether there is one.
    pub(super) fn change(&mut self, edge: Edge, id: &str, changed: &[(&str, Value)], now: i64) -> bool {
        let hours = self.hours;
        let Some(thing) = self.things.entry(edge).or_default().iter_mut().find(|thing| thing.id == id) else {
            return false;
        };
        for (name, value) in changed {
            thing.record.insert((*name).to_owned(), value.clone());
        }
        thing.updated = now;
        if edge != Edge::Creatives {
            thing.record.insert("updated_time".to_owned(), json!(day::moment(now, hours)));
        }
        true
    }

    /// Pauses a campaign now; whether there is one. What stands below it is effectively paused with it, and its own time of change
    /// stays.
    pub(super) fn pause(&mut self, id: &str, now: i64) -> bool {
        let paused = [("status", json!("PAUSED")), ("effective_status", json!("PAUSED"))];
        if !self.change(Edge::Campaigns, id, &paused, now) {
            return false;
        }
        for edge in [Edge::AdSets, Edge::Ads] {
            let below = self.things.entry(edge).or_default().iter_mut();
            for thing in below.filter(|thing| thing.status() == "ACTIVE" && thing.is_of(id)) {
                thing.record.insert("effective_status".to_owned(), json!("CAMPAIGN_PAUSED"));
            }
        }
        true
    }

    /// Removes an object without a trace; whether there was one.
    pub(super) fn remove(&mut self, edge: Edge, id: &str) -> bool {
        let things = self.things.entry(edge).or_default();
        let before = things.len();
        things.retain(|thing| thing.id != id);
        things.len() < before
    }

    fn fill(&mut self, now: i64) {
        let first = now - 30 * DAY_SECONDS;
        for edge in Edge::ALL {
            for number in 0..OBJECTS {
                self.add(
                    edge,
                    &format!("{} {number}", edge.word()),
                    first + i64::try_from(number).unwrap_or_default() * 60,
                );
            }
        }
        for edge in [Edge::Campaigns, Edge::AdSets, Edge::Ads] {
            for status in ["ARCHIVED", "DELETED"] {
                let id = self.add(edge, &format!("{} {}", edge.word(), status.to_lowercase()), first);
                self.change(edge, &id, &[("status", json!(status)), ("effective_status", json!(status))], first);
            }
        }
        let today = day::of(now, self.hours);
        for (back, ad) in (1..=DAYS).flat_map(|back| (0..DELIVERING).map(move |ad| (back, ad))) {
            self.deliver(ad, today - back);
        }
    }

    /// An ad delivers on a day, to two kinds of people.
    pub(super) fn deliver(&mut self, ad: u64, day: i64) {
        let some = u64::try_from(day).unwrap_or_default() % 7 + ad;
        self.cells.push(Cell {
            ad,
            day,
            age: "25-34",
            gender: "female",
            impressions: 1_000 + some * 37,
            clicks: 20 + some,
            cents: 900 + some * 11,
            purchases: some % 2,
        });
        self.cells.push(Cell {
            ad,
            day,
            age: "35-44",
            gender: "male",
            impressions: 500 + some * 13,
            clicks: 0,
            cents: 340,
            purchases: 0,
        });
    }

    fn make(&self, edge: Edge, number: u64, name: &str, at: i64) -> Thing {
        let (id, time) = (self.id(edge, number), day::moment(at, self.hours));
        let upper = |edge: Edge| self.id(edge, number % OBJECTS);
        let mut record = members(json!({ "id": id, "account_id": self.number, "name": name, "status": "ACTIVE" }));
        let more = match edge {
            Edge::Campaigns => json!({ "objective": "OUTCOME_SALES", "buying_type": "AUCTION",
                "bid_strategy": "LOWEST_COST_WITHOUT_CAP", "daily_budget": "5000", "budget_remaining": "1234",
                "special_ad_categories": [], "start_time": time }),
            Edge::AdSets => json!({ "campaign_id": upper(Edge::Campaigns), "billing_event": "IMPRESSIONS",
                "optimization_goal": "OFFSITE_CONVERSIONS", "bid_amount": 250, "lifetime_budget": "0",
                "start_time": time, "end_time": time }),
            Edge::Ads => json!({ "campaign_id": upper(Edge::Campaigns), "adset_id": upper(Edge::AdSets),
                "adset": { "id": upper(Edge::AdSets) }, "creative": { "id": upper(Edge::Creatives) } }),
            Edge::Creatives => {
                json!({ "title": "Winteractie — tot −30 %", "body": "Nu \"alles\" <voordelig> & snel 🚀",
                "object_type": "SHARE", "call_to_action_type": "SHOP_NOW", "image_hash": "a1b2c3d4",
                "effective_object_story_id": "77_88", "url_tags": "utm_source=meta" })
            }
        };
        record.extend(members(more));
        if edge != Edge::Creatives {
            let times = json!({ "configured_status": "ACTIVE", "effective_status": "ACTIVE", "created_time": time,
                "updated_time": time });
            record.extend(members(times));
        }
        Thing { id, updated: at, record }
    }
}

impl Thing {
    /// What it is effectively: `ACTIVE`, `ARCHIVED`, `DELETED`.
    pub(super) fn status(&self) -> &str {
        self.record.get("effective_status").or(self.record.get("status")).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether it stands below this campaign.
    fn is_of(&self, campaign: &str) -> bool {
        self.record.get("campaign_id").and_then(Value::as_str) == Some(campaign)
    }

    /// As the journal keeps it.
    pub(super) fn served(&self, edge: Edge, record: &Value) -> Served {
        let served = Served::of(edge.word(), record);
        Served { id: self.id.clone(), version: self.updated.to_string(), ..served }
    }
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
