//! The streams, and what QuickBooks calls what they hold.

/// A stream that is read by change.
pub(crate) struct Stream {
    name: &'static str,
    /// What it holds, as it stands in queries and answers.
    pub(crate) entity: &'static str,
    /// Whether its records can be made inactive: a query hides those unless both kinds are asked for.
    pub(crate) has_inactive: bool,
}

/// The company itself: one record, read whole.
pub(crate) const COMPANY: &str = "company";

const STREAMS: [Stream; 11] = [
    Stream::list("customers", "Customer"),
    Stream::list("vendors", "Vendor"),
    Stream::list("accounts", "Account"),
    Stream::list("items", "Item"),
    Stream::documents("invoices", "Invoice"),
    Stream::documents("bills", "Bill"),
    Stream::documents("payments", "Payment"),
    Stream::documents("purchases", "Purchase"),
    Stream::documents("deposits", "Deposit"),
    Stream::documents("transfers", "Transfer"),
    Stream::documents("journal_entries", "JournalEntry"),
];

/// The stream of this name.
pub(crate) fn named(name: &str) -> Option<&'static Stream> {
    STREAMS.iter().find(|stream| stream.name == name)
}

impl Stream {
    const fn list(name: &'static str, entity: &'static str) -> Self {
        Self { name, entity, has_inactive: true }
    }

    const fn documents(name: &'static str, entity: &'static str) -> Self {
        Self { name, entity, has_inactive: false }
    }
}
