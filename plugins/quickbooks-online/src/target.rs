//! What a note or file is attached to: a customer, a vendor, or a document.

use patchbay_sdk::{Error, Item, Result};
use serde::{Deserialize, Serialize};

/// Digits of an id.
const DIGITS: usize = 20;

#[derive(Deserialize)]
struct Chosen<K> {
    id: String,
    kind: Option<K>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Who {
    Customer,
    Vendor,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Document {
    Invoice,
    Bill,
    Payment,
    Purchase,
    Deposit,
    Transfer,
    JournalEntry,
}

/// A record, as an attachment names it.
#[derive(Serialize)]
pub(crate) struct Target {
    #[serde(rename = "type")]
    entity: &'static str,
    #[serde(rename = "value")]
    pub(crate) id: String,
}

impl Target {
    /// A customer; a vendor where the target says so.
    pub(crate) fn of_relation(item: &Item) -> Result<Self> {
        let chosen: Chosen<Who> = item.target()?;
        let entity = match chosen.kind {
            None | Some(Who::Customer) => "Customer",
            Some(Who::Vendor) => "Vendor",
        };
        Self::of(entity, chosen.id)
    }

    /// An invoice, or a document of the kind that the target says.
    pub(crate) fn of_document(item: &Item) -> Result<Self> {
        let chosen: Chosen<Document> = item.target()?;
        let entity = match chosen.kind {
            None | Some(Document::Invoice) => "Invoice",
            Some(Document::Bill) => "Bill",
            Some(Document::Payment) => "Payment",
            Some(Document::Purchase) => "Purchase",
            Some(Document::Deposit) => "Deposit",
            Some(Document::Transfer) => "Transfer",
            Some(Document::JournalEntry) => "JournalEntry",
        };
        Self::of(entity, chosen.id)
    }

    /// A customer, and nothing else.
    pub(crate) fn of_customer(item: &Item) -> Result<Self> {
        let chosen: Chosen<()> = item.target()?;
        Self::of("Customer", chosen.id)
    }

    fn of(entity: &'static str, id: String) -> Result<Self> {
        if !is_id(&id) {
            return Err(
                Error::invalid_input("Choose a record.").field("/id", "This is not the id of a record in QuickBooks.")
            );
        }
        Ok(Self { entity, id })
    }
}

/// Whether this is an id of QuickBooks: a number, written as text. Only such a one may stand in a query.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
