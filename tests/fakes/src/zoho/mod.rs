//! Zoho as `providers/zoho-crm.md` and `providers/zoho-workdrive.md` describe it: one consent for both, several data
//! centres that are several origins, token errors in answers with status 200, lists of modules with page tokens and
//! lists of what was deleted, writes that say success or error row by row, and files in WorkDrive.
//!
//! | origin | what |
//! |---|---|
//! | `accounts.zoho.…` | login, consent, tokens; a code and its tokens belong to one data centre |
//! | `www.zohoapis.…/crm/v8` | modules, users, organisation |
//! | `www.zohoapis.…/workdrive/api/v1` | folders, files, links |
//!
//! The person decides in which data centre the account is: [`Zoho::login`] is in the EU, [`Zoho::login_in_us`] in the US,
//! [`Zoho::login_in_china`] in China.
//! All data centres show the same records; the organisation has another number in each.
//!
//! PKCE is not needed says the sheet: it is accepted, and refused only when it is wrong. The list of modules
//! (`/settings/modules`) is not in the sheet, which only names the one of fields; custom modules need it. Not here: COQL,
//! bulk reads, upserts, notifications, large uploads.

mod accounts;
mod control;
mod crm;
mod data;
mod drive;
mod files;
mod lists;
mod pages;
mod writes;

use std::sync::{Arc, Mutex};

use patchbay_model::{Clock, Timestamp};
use serde_json::{Value, json};

use crate::{
    also::Sheet,
    exchange::{Answer, Incoming},
    fake::Provider,
    journal::Served,
    lock, seed,
};
use accounts::Accounts;
use data::Crm;
use drive::Drive;
use pages::Pages;

pub use crate::login::{Client, Login};

/// Data centres: how the callback calls them, and the hosts of accounts and API.
pub(crate) const PLACES: [(&str, &str, &str); 3] = [
    ("us", "accounts.zoho.com", "www.zohoapis.com"),
    ("eu", "accounts.zoho.eu", "www.zohoapis.eu"),
    ("cn", "accounts.zoho.com.cn", "www.zohoapis.com.cn"),
];

/// The fake's data and its controls.
pub struct Zoho {
    seed: u64,
    clock: Arc<dyn Clock>,
    accounts: Mutex<Accounts>,
    pages: Mutex<Pages>,
    crm: Mutex<Crm>,
    drive: Mutex<Drive>,
}

impl Zoho {
    fn route(&self, request: &Incoming) -> Result<Answer, Answer> {
        let host = request.header("host").unwrap_or_default();
        if pages::serves(request) {
            return pages::answer(self, request);
        }
        match PLACES.iter().find(|(_, accounts, api)| host == *accounts || host == *api) {
            Some((place, accounts, _)) if host == *accounts => accounts::answer(self, request, place),
            Some((place, ..)) => self.api(request, place),
            None => Err(refusal(format!("host {host:?} is none of Zoho's data centres"))),
        }
    }

    fn api(&self, request: &Incoming, place: &str) -> Result<Answer, Answer> {
        match request.segments().as_slice() {
            ["crm", "v8", rest @ ..] => crm::answer(self, request, place, rest),
            ["workdrive", "api", "v1", rest @ ..] => files::answer(self, request, place, rest),
            _ => Err(problem(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one")
                .refused("the fake does not know this path")),
        }
    }
}

impl Provider for Zoho {
    fn origin(&self) -> &'static str {
        "https://www.zohoapis.eu"
    }

    fn answer(&self, request: &Incoming) -> Answer {
        self.route(request).unwrap_or_else(|answer| answer)
    }

    fn control(&self, request: &Incoming) -> Option<Result<Value, String>> {
        control::answer(self, request)
    }

    fn records(&self, kind: &str) -> Option<Vec<Value>> {
        match kind {
            "file" => Some(lock(&self.drive).nodes()),
            "link" => Some(lock(&self.drive).links()),
            kind => lock(&self.crm).all(kind),
        }
    }

    fn reset(&self) {
        *lock(&self.accounts) = Accounts::open(self.seed);
        *lock(&self.pages) = Pages::open(self.seed);
        *lock(&self.crm) = Crm::seeded(self.seed);
        *lock(&self.drive) = Drive::seeded();
    }

    fn digests(&self, method: &str, path: &str) -> bool {
        method == "POST" && (path == "/workdrive/api/v1/upload" || path.ends_with("/Attachments"))
    }
}

impl Sheet for Zoho {
    const NAME: &'static str = "zoho-crm";

    fn open(seed: u64, clock: Arc<dyn Clock>) -> Self {
        Self {
            seed,
            clock,
            accounts: Mutex::new(Accounts::open(seed)),
            pages: Mutex::new(Pages::open(seed)),
            crm: Mutex::new(Crm::seeded(seed)),
            drive: Mutex::new(Drive::seeded()),
        }
    }

    fn origins(&self) -> Vec<String> {
        let hosts = |(_, accounts, api): &(&str, &str, &str)| [format!("https://{api}"), format!("https://{accounts}")];
        PLACES.iter().flat_map(hosts).collect()
    }

    fn describe(&self) -> Value {
        json!({ "client": self.client(), "login": self.login(), "login_in_us": self.login_in_us(),
            "login_in_china": self.login_in_china() })
    }
}

/// A moment as Zoho writes it: whole seconds with the offset of the user's zone.
pub(crate) fn moment(seconds: i64) -> String {
    let text = Timestamp::from_millis(seconds.saturating_add(3_600).saturating_mul(1_000)).to_string();
    format!("{}+01:00", text.get(..19).unwrap_or_default())
}

/// Whole seconds since 1970.
pub(crate) fn seconds(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(1_000)
}

/// A record as the journal keeps it.
pub(crate) fn served(kind: &str, record: &Value) -> Served {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let sha256 = seed::sha256(record.to_string().as_bytes());
    Served { kind: kind.to_owned(), id: text("id"), version: text("Modified_Time"), sha256 }
}

/// The body that the CRM has for an error.
pub(crate) fn problem(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "code": code, "details": {}, "message": message, "status": "error" }))
}

/// 400 for what the sheet does not name.
pub(crate) fn refusal(why: String) -> Answer {
    problem(400, "INVALID_REQUEST", &format!("fake: {why}")).refused(&why)
}
