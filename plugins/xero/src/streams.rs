//! The streams: where each is read, and how.

/// How a stream is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// By change, in pages.
    Pages,
    /// By change, in one list; what is deleted there leaves no trace, so from time to time it is read whole.
    List,
    /// Whole each time.
    Whole,
}

/// A stream.
pub(crate) struct Stream {
    name: &'static str,
    /// Its path, and the member of the answer that holds its rows.
    pub(crate) path: &'static str,
    pub(crate) list: &'static str,
    pub(crate) way: Way,
    /// Parameters besides those of its way.
    pub(crate) asked: &'static [(&'static str, &'static str)],
    /// Whether amounts in its records change without a new moment, so that from time to time all of it is read.
    pub(crate) drifts: bool,
    /// Whether its records are what something can be written to.
    pub(crate) is_target: bool,
}

/// Prices keep their four places with it; without it they come rounded to two.
const PLACES: &[(&str, &str)] = &[("unitdp", "4")];

const STREAMS: [Stream; 12] = [
    Stream {
        asked: &[("includeArchived", "true")],
        is_target: true,
        drifts: true,
        ..Stream::of("contacts", "Contacts", Way::Pages)
    },
    Stream { asked: PLACES, is_target: true, drifts: true, ..Stream::of("invoices", "Invoices", Way::Pages) },
    Stream { asked: PLACES, is_target: true, ..Stream::of("credit_notes", "CreditNotes", Way::Pages) },
    Stream { asked: PLACES, is_target: true, ..Stream::of("bank_transactions", "BankTransactions", Way::Pages) },
    Stream::of("payments", "Payments", Way::Pages),
    Stream::of("accounts", "Accounts", Way::List),
    Stream { asked: PLACES, ..Stream::of("items", "Items", Way::List) },
    Stream { list: "Organisations", is_target: true, ..Stream::of("organisation", "Organisation", Way::Whole) },
    Stream::of("users", "Users", Way::Whole),
    Stream::of("tax_rates", "TaxRates", Way::Whole),
    Stream::of("tracking_categories", "TrackingCategories", Way::Whole),
    Stream::of("currencies", "Currencies", Way::Whole),
];

/// The stream of this name.
pub(crate) fn named(name: &str) -> Option<&'static Stream> {
    STREAMS.iter().find(|stream| stream.name == name)
}

impl Stream {
    const fn of(name: &'static str, path: &'static str, way: Way) -> Self {
        Self { name, path, list: path, way, asked: &[], drifts: false, is_target: false }
    }
}
