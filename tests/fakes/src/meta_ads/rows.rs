//! Rows of reports: sums of what was delivered. **All numbers are texts**, a metric that is zero is missing, and a list metric
//! holds one object per kind of action (sheet 5.1).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    data::{Account, Cell},
    day,
    edges::Edge,
    lists::{self, Filter},
    problem::{self, problem, refusal},
};
use crate::exchange::Answer;

const FIELDS: [&str; 28] = [
    "account_id",
    "account_name",
    "account_currency",
    "campaign_id",
    "campaign_name",
    "adset_id",
    "adset_name",
    "ad_id",
    "ad_name",
    "objective",
    "date_start",
    "date_stop",
    "impressions",
    "clicks",
    "spend",
    "reach",
    "frequency",
    "cpc",
    "cpm",
    "ctr",
    "inline_link_clicks",
    "unique_clicks",
    "actions",
    "action_values",
    "cost_per_action_type",
    "conversions",
    "purchase_roas",
    "outbound_clicks",
];
/// `dma` was removed; names of breakdowns are no fields.
const BREAKDOWNS: [&str; 9] = [
    "age",
    "gender",
    "country",
    "region",
    "publisher_platform",
    "platform_position",
    "impression_device",
    "device_platform",
    "comscore_market",
];
const WINDOWS: [&str; 6] = ["1d_click", "7d_click", "28d_click", "1d_view", "7d_view", "28d_view"];
/// History is kept so long.
const MONTHS: i64 = 37;
/// `reach` is not served with breakdowns beyond these.
const REACH_MONTHS: i64 = 13;
const PARAMS: [&str; 10] = [
    "level",
    "fields",
    "time_range",
    "time_ranges",
    "time_increment",
    "breakdowns",
    "action_attribution_windows",
    "filtering",
    "limit",
    "after",
];

/// What a report was asked for.
#[derive(Debug, Clone)]
pub(super) struct Question {
    fields: Vec<String>,
    pub(super) since: i64,
    pub(super) until: i64,
    daily: bool,
    breakdowns: Vec<String>,
    windows: Vec<String>,
}

impl Question {
    /// Reads the parameters of a report; days are those of the account's zone, whose today it is.
    pub(super) fn of(pairs: &[(String, String)], today: i64) -> Result<Self, Answer> {
        let mut known = PARAMS.to_vec();
        known.extend(["access_token", "appsecret_proof"]);
        crate::strict::params("parameter", pairs, &known).map_err(|why| refusal(&why))?;
        let get = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        if get("level") != Some("ad") {
            return Err(refusal("level is ad"));
        }
        let fields = get("fields").unwrap_or("impressions");
        // A breakdown among the fields is refused, although it comes back in the rows.
        let fields = lists::split(fields, &FIELDS)?.into_iter().map(str::to_owned).collect();
        let daily = match get("time_increment") {
            Some("1") => true,
            None => false,
            Some(other) => return Err(refusal(&format!("time_increment is 1, not {other:?}"))),
        };
        if get("time_ranges").is_some() {
            return Err(refusal("the fake takes time_range, not time_ranges"));
        }
        if let Some(text) = get("filtering") {
            Filter::default().read(text, Edge::Ads)?;
        }
        let breakdowns = names(get("breakdowns"), &BREAKDOWNS)?;
        let (since, until) = range(get("time_range").unwrap_or_default(), today)?;
        let windows = names(get("action_attribution_windows"), &WINDOWS)?;
        let question = Self { fields, since, until, daily, breakdowns, windows };
        if question.asks("reach") && !question.breakdowns.is_empty() && since < today - REACH_MONTHS * 31 {
            return Err(refusal("reach is not served with breakdowns for days beyond 13 months"));
        }
        Ok(question)
    }

    fn asks(&self, field: &str) -> bool {
        self.fields.iter().any(|known| known == field)
    }

    /// The rows, in the order of days and ads.
    pub(super) fn rows(&self, account: &Account) -> Vec<Value> {
        let mut groups: BTreeMap<(i64, u64, Vec<&str>), Vec<&Cell>> = BTreeMap::new();
        for cell in account.cells.iter().filter(|cell| (self.since..=self.until).contains(&cell.day)) {
            let by: Vec<&str> = self.breakdowns.iter().map(|name| value_of(cell, name)).collect();
            groups.entry((if self.daily { cell.day } else { self.since }, cell.ad, by)).or_default().push(cell);
        }
        groups.into_iter().map(|((from, ad, by), cells)| self.row(account, from, ad, &by, &cells)).collect()
    }

    fn row(&self, account: &Account, from: i64, ad: u64, by: &[&str], cells: &[&Cell]) -> Value {
        let sum = |of: fn(&Cell) -> u64| cells.iter().map(|cell| of(cell)).sum::<u64>();
        let (impressions, clicks, cents) =
            (sum(|cell| cell.impressions), sum(|cell| cell.clicks), sum(|cell| cell.cents));
        let (purchases, reach) = (sum(|cell| cell.purchases), impressions * 9 / 10);
        let money = |cents: u64| format!("{}.{:02}", cents / 100, cents % 100);
        let amount = |number: u64| if number == 0 { Value::Null } else { json!(number.to_string()) };
        let each = |cents: u64, number: u64| cents.checked_div(number).map_or(Value::Null, |each| json!(money(each)));
        let actions = |of: &dyn Fn(u64) -> String| self.actions(&[("link_click", clicks), ("purchase", purchases)], of);
        let value = |field: &str| match field {
            "account_id" => json!(account.number),
            "account_name" => json!(account.name()),
            "account_currency" => json!(account.currency()),
            "campaign_id" => json!(account.id(Edge::Campaigns, ad)),
            "campaign_name" => json!(account.name_of(Edge::Campaigns, ad)),
            "adset_id" => json!(account.id(Edge::AdSets, ad)),
            "adset_name" => json!(account.name_of(Edge::AdSets, ad)),
            "ad_id" => json!(account.id(Edge::Ads, ad)),
            "ad_name" => json!(account.name_of(Edge::Ads, ad)),
            "objective" => json!("OUTCOME_SALES"),
            "impressions" => amount(impressions),
            "clicks" | "inline_link_clicks" | "unique_clicks" => amount(clicks),
            "spend" => json!(money(cents)),
            "reach" => amount(reach),
            "cpc" => each(cents, clicks),
            "cpm" => each(cents * 1_000, impressions),
            "actions" => actions(&|count| count.to_string()),
            "action_values" => self.actions(&[("purchase", purchases)], &|count| money(count * 2_500)),
            "cost_per_action_type" => actions(&|count| money(cents / count.max(1))),
            _ => Value::Null,
        };
        let mut row = Map::new();
        for field in &self.fields {
            let value = value(field);
            if !value.is_null() {
                row.insert(field.clone(), value);
            }
        }
        row.insert("date_start".to_owned(), json!(day::text(from)));
        row.insert("date_stop".to_owned(), json!(day::text(if self.daily { from } else { self.until })));
        row.extend(self.breakdowns.iter().cloned().zip(by.iter().map(|value| json!(value))));
        Value::Object(row)
    }

    /// A list metric; missing when there is nothing in it.
    fn actions(&self, counts: &[(&str, u64)], of: &dyn Fn(u64) -> String) -> Value {
        let some = counts.iter().filter(|(_, count)| *count > 0);
        let items: Vec<Value> = some
            .map(|(kind, count)| {
                let mut item = Map::new();
                item.insert("action_type".to_owned(), json!(kind));
                item.insert("value".to_owned(), json!(of(*count)));
                item.extend(self.windows.iter().map(|window| (window.clone(), json!(of(*count)))));
                Value::Object(item)
            })
            .collect();
        if items.is_empty() { Value::Null } else { Value::Array(items) }
    }
}

/// A JSON list of texts that are all known.
fn names(text: Option<&str>, known: &[&str]) -> Result<Vec<String>, Answer> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let names: Vec<String> =
        serde_json::from_str(text).map_err(|_| refusal(&format!("{text:?} is no JSON list of names")))?;
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(refusal(&format!("{name:?} is none of {known:?}"))),
        None => Ok(names),
    }
}

fn range(text: &str, today: i64) -> Result<(i64, i64), Answer> {
    let range: BTreeMap<String, String> =
        serde_json::from_str(text).map_err(|_| refusal(&format!("time_range is no object of two days: {text:?}")))?;
    let day = |name: &str| range.get(name).and_then(|text| day::parse(text));
    let (Some(since), Some(until), 2) = (day("since"), day("until"), range.len()) else {
        return Err(refusal(&format!("time_range has since and until: {text:?}")));
    };
    let wrong = |text: &str| problem(400, problem::PARAMETER, 0, text).refused(text);
    if since > until || until > today {
        return Err(wrong(
            "(#100) time_range must not lie in the future of the account's zone, nor end before it begins",
        ));
    }
    if since < today - MONTHS * 31 {
        return Err(wrong("(#100) The start date of the time range cannot be beyond 37 months from the current date"));
    }
    Ok((since, until))
}

fn value_of(cell: &Cell, breakdown: &str) -> &'static str {
    match breakdown {
        "age" => cell.age,
        "gender" => cell.gender,
        "country" => "BE",
        "region" => "Oost-Vlaanderen",
        "publisher_platform" => "facebook",
        "platform_position" => "feed",
        "impression_device" => "android_smartphone",
        "device_platform" => "mobile_app",
        _ => "Unknown",
    }
}
