//! What every request to the ledger needs, and the shape of its pages.

use patchbay_sdk::{
    Context, Error, Page, RawValue, ReadRequest, Records, Result,
    http::{self, Response},
};
use serde::Deserialize;

const ORIGIN: &str = "https://ledger.test";
/// What the ledger gives at most.
const PER_PAGE: u32 = 1_000;

/// What a connection may choose.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    page_size: Option<u32>,
    paging: Paging,
    pub(crate) unchecked: bool,
    pub(crate) wait_ms: Option<u64>,
}

/// How to get from page to page.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Paging {
    /// By the newest change of the page: nothing is missed when records move while they are read.
    #[default]
    Change,
    /// By the number that the provider says, as simple connectors do.
    Number,
}

impl Settings {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        ctx.settings()
    }

    /// Whether only the provider's numbers lead on.
    pub(crate) fn by_number(&self) -> bool {
        self.paging == Paging::Number
    }

    /// How many records to ask for.
    pub(crate) fn page_size(&self, request: &ReadRequest) -> u32 {
        request.page_size(self.page_size.unwrap_or(PER_PAGE).min(PER_PAGE))
    }
}

/// A page of whatever.
#[derive(Deserialize)]
pub(crate) struct Items<T> {
    pub(crate) items: Vec<T>,
}

/// A page of records, with the text of the list as it came.
#[derive(Deserialize)]
pub(crate) struct Listing<'a> {
    #[serde(borrow)]
    items: &'a RawValue,
    next: Option<Next>,
}

/// The same, for nothing but to be passed on.
#[derive(Deserialize)]
pub(crate) struct Passed {
    pub(crate) items: Records,
    pub(crate) next: Option<Next>,
}

/// Records on their way to the host.
pub(crate) enum Rows {
    /// Looked at by the SDK, which refuses a page with a record that is no object or too large.
    Checked(Records),
    /// As they came: the host shall look.
    Raw(Vec<u8>, u32),
}

impl Rows {
    /// The page that this makes of them.
    pub(crate) fn page(self, make: impl FnOnce(Records) -> Result<Page>) -> Result<Page> {
        match self {
            Self::Checked(records) => make(records),
            Self::Raw(records, count) => Ok(Page { records, count, ..make(Records::empty())? }),
        }
    }
}

/// The ledger says an address, `/bulk` a number.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Next {
    Number(u64),
    Address(String),
}

impl Listing<'_> {
    /// The list, passed through byte for byte.
    pub(crate) fn rows(&self, settings: &Settings) -> Result<Rows> {
        let json = self.items.get().as_bytes().to_vec();
        if !settings.unchecked {
            return Records::from_array(json).map(Rows::Checked);
        }
        let count = serde_json::from_slice::<Vec<&RawValue>>(&json).map_or(0, |rows| rows.len());
        Ok(Rows::Raw(json, u32::try_from(count).unwrap_or(u32::MAX)))
    }

    /// One member of each record.
    pub(crate) fn members<'b, T: Deserialize<'b>>(&'b self, answer: &Response) -> Result<Vec<T>> {
        serde_json::from_str(self.items.get()).map_err(|_| answer.unreadable("a record without what it needs"))
    }

    /// The number of the next page.
    pub(crate) fn next(&self, answer: &Response) -> Result<Option<u64>> {
        next(self.next.as_ref(), answer)
    }
}

/// The number of the page that an answer names.
pub(crate) fn next(next: Option<&Next>, answer: &Response) -> Result<Option<u64>> {
    let page = |address: &str| -> Option<u64> {
        let (_, query) = address.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix("page="))?.parse().ok()
    };
    match next {
        None => Ok(None),
        Some(Next::Number(number)) => Ok(Some(*number)),
        Some(Next::Address(address)) => match page(address) {
            Some(page) => Ok(Some(page)),
            None => Err(answer.unreadable("a next page without a number")),
        },
    }
}

pub(crate) fn address(path: &str) -> String {
    format!("{ORIGIN}{path}")
}

/// The path of an account's lines.
pub(crate) fn lines(account: &str) -> Result<String> {
    path(&http::address(ORIGIN, &["accounts", account, "lines"])?)
}

/// The path of an address of the ledger.
pub(crate) fn path(address: &str) -> Result<String> {
    let path = address.strip_prefix(ORIGIN);
    path.map(str::to_owned).ok_or_else(|| Error::other("This is no address of the ledger."))
}
