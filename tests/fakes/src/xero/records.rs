//! The lists of the sheet's table, and a record of each as it is at the start.

use serde_json::{Map, Value, json};

use super::{iso, wire_date};
use crate::seed;

/// A list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// What stands in the path.
    pub(super) path: &'static str,
    /// What the answer calls the array.
    pub(super) array: &'static str,
    /// The member that is the record's own id.
    pub(super) key: &'static str,
    /// The member that people know it by.
    pub(super) named: &'static str,
    /// Without `.read`.
    pub(super) scope: &'static str,
    /// What the journal calls a record.
    pub(super) served: &'static str,
    /// Whether it is given in pages.
    pub(super) paged: bool,
    /// Whether records tell when they changed, and `If-Modified-Since` is known.
    pub(super) dated: bool,
    /// What its ids begin with.
    digits: &'static str,
    /// How many the first organisation has, and how many each other.
    pub(super) counts: (usize, usize),
}

const SETTINGS: &str = "accounting.settings";

const fn kind(path: &'static str, key: &'static str, named: &'static str, digits: &'static str) -> Kind {
    Kind {
        path,
        array: path,
        key,
        named,
        scope: SETTINGS,
        served: path,
        paged: false,
        dated: false,
        digits,
        counts: (3, 2),
    }
}

const fn pages(from: Kind, scope: &'static str, served: &'static str, counts: (usize, usize)) -> Kind {
    Kind { scope, served, counts, paged: true, dated: true, ..from }
}

/// All lists that are no journals.
pub(super) const KINDS: [Kind; 12] = [
    pages(kind("Contacts", "ContactID", "Name", "2b1d"), "accounting.contacts", "contact", (220, 16)),
    pages(kind("Invoices", "InvoiceID", "Reference", "5f3c"), "accounting.invoices", "invoice", (250, 15)),
    pages(
        kind("BankTransactions", "BankTransactionID", "Reference", "6a2e"),
        "accounting.banktransactions",
        "bank-transaction",
        (210, 14),
    ),
    pages(kind("Payments", "PaymentID", "Reference", "b26f"), "accounting.payments", "payment", (205, 14)),
    pages(kind("CreditNotes", "CreditNoteID", "Reference", "7df8"), "accounting.invoices", "credit-note", (203, 13)),
    Kind { dated: true, served: "account", counts: (17, 14), ..kind("Accounts", "AccountID", "Name", "297c") },
    Kind { dated: true, served: "item", counts: (15, 13), ..kind("Items", "ItemID", "Name", "19b7") },
    Kind {
        array: "Organisations",
        served: "organisation",
        counts: (1, 1),
        ..kind("Organisation", "OrganisationID", "LegalName", "b2c8")
    },
    Kind { served: "user", ..kind("Users", "UserID", "LastName", "7cf4") },
    Kind { served: "tax-rate", ..kind("TaxRates", "TaxType", "Name", "") },
    Kind {
        served: "tracking-category",
        counts: (2, 1),
        ..kind("TrackingCategories", "TrackingCategoryID", "Name", "093a")
    },
    Kind { served: "currency", ..kind("Currencies", "Code", "Description", "") },
];

/// The list of this path.
pub(super) fn of(path: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.path == path)
}

/// The id of a record: by organisation and number.
pub(super) fn id(kind: &Kind, body: usize, number: usize) -> String {
    match kind.path {
        "TaxRates" => format!("TAX{number:03}"),
        "Currencies" => seed::pick(&["EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN"], number).to_owned(),
        _ => format!("{}0000-{body:04}-4000-8000-{number:012}", kind.digits),
    }
}

/// Everything of a record but its id and the time of its change.
pub(super) fn seeded(kind: &Kind, body: usize, number: usize, name: &str, at: i64) -> Map<String, Value> {
    let contact = || json!({ "ContactID": id(&KINDS[0], body, number % 7), "Name": format!("Relatie {}", number % 7) });
    // The tenth is of before 1970, which people do type.
    let day = if number == 10 { -86_400_000 } else { at.div_euclid(86_400_000) * 86_400_000 };
    let cents = 10_000 + i64::try_from(number).unwrap_or_default() * 125;
    let amount = |cents: i64| json!(f64_of(cents));
    let lines = || {
        json!([{ "LineItemID": format!("9e000000-{body:04}-4000-8000-{number:012}"), "Description": "Advies",
            "Quantity": 1.0, "UnitAmount": 33.3333, "AccountCode": "200", "TaxType": "OUTPUT2",
            "TaxAmount": amount(cents * 21 / 100), "LineAmount": amount(cents), "Tracking": [] }])
    };
    let totals = || {
        json!({ "SubTotal": amount(cents), "TotalTax": amount(cents * 21 / 100), "Total": amount(cents + cents * 21 / 100),
            "CurrencyCode": "EUR", "CurrencyRate": 1.0, "Date": wire_date(day), "DateString": iso(day),
            "Contact": contact(), "Reference": name, "HasAttachments": false })
    };
    let own = match kind.path {
        "Contacts" => json!({
            "Name": name, "ContactNumber": format!("K{number:05}"), "FirstName": "Zoë", "LastName": "D'Hondt",
            "ContactStatus": if number == 3 { "ARCHIVED" } else { "ACTIVE" },
            "EmailAddress": format!("relatie{number}@example.org"), "TaxNumber": "BE0404616494",
            "Addresses": [{ "AddressType": "STREET", "City": "Gent", "Country": "België" }],
            "Phones": [{ "PhoneType": "DEFAULT", "PhoneNumber": "09 111 22 33" }],
            "IsSupplier": !number.is_multiple_of(2), "IsCustomer": number.is_multiple_of(2), "DefaultCurrency": "EUR",
        }),
        "Invoices" => json!({
            "Type": if number.is_multiple_of(3) { "ACCPAY" } else { "ACCREC" }, "InvoiceNumber": format!("INV-{number:04}"),
            "Status": if number == 4 { "VOIDED" } else { "AUTHORISED" }, "LineAmountTypes": "Exclusive",
            "DueDate": wire_date(day + 2_592_000_000), "DueDateString": iso(day + 2_592_000_000), "LineItems": lines(),
            "AmountDue": amount(cents), "AmountPaid": amount(0), "AmountCredited": amount(0), "SentToContact": false,
        }),
        "BankTransactions" => json!({
            "Type": if number.is_multiple_of(2) { "SPEND" } else { "RECEIVE" }, "IsReconciled": number.is_multiple_of(5),
            "Status": if number == 4 { "DELETED" } else { "AUTHORISED" }, "LineAmountTypes": "Exclusive",
            "BankAccount": { "AccountID": id(&KINDS[5], body, 1), "Code": "090", "Name": "Zichtrekening" },
            "LineItems": lines(),
        }),
        "Payments" => json!({
            "Date": wire_date(day), "Amount": amount(cents), "BankAmount": amount(cents), "CurrencyRate": 1.0,
            "PaymentType": "ACCRECPAYMENT", "Status": if number == 4 { "DELETED" } else { "AUTHORISED" },
            "Reference": name, "IsReconciled": false, "HasAccount": true,
            "Account": { "AccountID": id(&KINDS[5], body, 1), "Code": "090" },
            "Invoice": { "InvoiceID": id(&KINDS[1], body, number % 11), "InvoiceNumber": format!("INV-{:04}", number % 11) },
        }),
        "CreditNotes" => json!({
            "Type": "ACCRECCREDIT", "CreditNoteNumber": format!("CN-{number:04}"), "LineAmountTypes": "Exclusive",
            "Status": if number == 4 { "VOIDED" } else { "AUTHORISED" }, "RemainingCredit": amount(cents),
            "LineItems": lines(),
        }),
        "Accounts" => json!({
            "Code": format!("{:03}", 90 + number), "Name": name, "Type": if number == 1 { "BANK" } else { "REVENUE" },
            "Class": if number == 1 { "ASSET" } else { "REVENUE" }, "Status": if number == 6 { "ARCHIVED" } else { "ACTIVE" },
            "TaxType": "OUTPUT2", "BankAccountNumber": "BE68539007547034", "CurrencyCode": "EUR", "SystemAccount": "",
        }),
        "Items" => json!({
            "Code": format!("ART-{number:03}"), "Name": name, "Description": seed::text(7, &format!("item/{number}"), 40),
            "IsSold": true, "IsPurchased": false, "SalesDetails": { "UnitPrice": 12.3456, "AccountCode": "200" },
        }),
        "Organisation" => json!({
            "Name": super::tenants::BODIES.get(body).map(|body| body.name), "LegalName": name, "BaseCurrency": "EUR",
            "CountryCode": "BE", "IsDemoCompany": false, "OrganisationStatus": "ACTIVE", "Timezone": "ROMANCESTANDARDTIME",
            "ShortCode": format!("!m{body}Ab7"), "FinancialYearEndDay": 31, "FinancialYearEndMonth": 12,
            "PeriodLockDate": wire_date(1_767_139_200_000),
        }),
        "Users" => json!({
            "EmailAddress": format!("collega{number}@example.org"), "FirstName": "Els", "LastName": name,
            "IsSubscriber": number == 0, "OrganisationRole": "FINANCIALADVISER",
        }),
        "TaxRates" => json!({
            "Name": name, "Status": "ACTIVE", "ReportTaxType": "OUTPUT", "DisplayTaxRate": 21.0, "EffectiveRate": 21.0,
            "CanApplyToRevenue": true, "TaxComponents": [{ "Name": "Btw", "Rate": 21.0, "IsCompound": false }],
        }),
        "TrackingCategories" => json!({
            "Name": name, "Status": "ACTIVE",
            "Options": [{ "TrackingOptionID": format!("ae770000-{body:04}-4000-8000-{number:012}"),
                "Name": "Noord", "Status": "ACTIVE" }],
        }),
        _ => json!({ "Description": name }),
    };
    let both = if ["Invoices", "BankTransactions", "CreditNotes"].contains(&kind.path) { totals() } else { json!({}) };
    [own, both].into_iter().filter_map(|part| part.as_object().cloned()).flatten().collect()
}

/// Hundredths as a number of JSON.
fn f64_of(cents: i64) -> f64 {
    // Small sums: exact as far as two decimals go.
    format!("{}.{:02}", cents / 100, cents % 100).parse().unwrap_or_default()
}
