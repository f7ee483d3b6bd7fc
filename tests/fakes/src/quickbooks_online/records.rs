//! The entities of the sheet's table, and a record of each as it is at the start.

use serde_json::{Map, Value, json};

use super::dated;

/// An entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// As queries and answers call it. In paths it is written in small letters.
    pub(super) entity: &'static str,
    /// The member that people know it by.
    pub(super) named: &'static str,
    /// Whether it is of a list of names: made inactive, and never deleted.
    pub(super) listed: bool,
    /// What its ids begin at.
    base: usize,
    /// How many the first company has, and how many each other.
    pub(super) counts: (usize, usize),
}

const fn list(entity: &'static str, named: &'static str, base: usize, counts: (usize, usize)) -> Kind {
    Kind { entity, named, listed: true, base, counts }
}

const fn document(entity: &'static str, base: usize, counts: (usize, usize)) -> Kind {
    Kind { entity, named: "PrivateNote", listed: false, base, counts }
}

/// All entities that are listed by queries.
pub(super) const KINDS: [Kind; 11] = [
    list("Customer", "DisplayName", 0, (530, 16)),
    list("Vendor", "DisplayName", 1_000, (15, 14)),
    list("Account", "Name", 2_000, (17, 14)),
    list("Item", "Name", 3_000, (15, 13)),
    document("Invoice", 4_000, (640, 15)),
    document("Bill", 5_000, (18, 14)),
    document("Payment", 6_000, (17, 14)),
    document("Purchase", 7_000, (16, 13)),
    document("Deposit", 8_000, (15, 13)),
    document("Transfer", 9_000, (14, 13)),
    document("JournalEntry", 10_000, (15, 13)),
];

/// Where notes and files are kept.
pub(super) const ATTACHABLE: Kind = document("Attachable", 0, (0, 0));

/// The entity of this name.
pub(super) fn of(entity: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.entity == entity)
}

/// The entity that a path names.
pub(super) fn at(path: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.entity.to_ascii_lowercase() == path)
}

/// The id of a record: a number as text, the same in several companies.
pub(super) fn id(kind: &Kind, number: usize) -> String {
    (kind.base + number + 1).to_string()
}

/// Everything of a record but its id, its state and its times.
pub(super) fn seeded(kind: &Kind, number: usize, name: &str, at: i64) -> Map<String, Value> {
    let day = dated(at).get(..10).unwrap_or_default().to_owned();
    let customer = || json!({ "value": id(&KINDS[0], number % 7), "name": format!("Klant {}", number % 7) });
    let vendor = || json!({ "value": id(&KINDS[1], number % 5), "name": format!("Leverancier {}", number % 5) });
    let account = || json!({ "value": id(&KINDS[2], 1), "name": "Zichtrekening" });
    let amount = f64_of(10_000 + i64::try_from(number).unwrap_or_default() * 125);
    let lines = || {
        json!([
            { "Id": "1", "LineNum": 1, "Description": "Advies", "Amount": amount, "DetailType": "SalesItemLineDetail",
              "SalesItemLineDetail": { "ItemRef": { "value": id(&KINDS[3], 2), "name": "Advies" }, "Qty": 1,
                "UnitPrice": 33.3333, "TaxCodeRef": { "value": "5" } } },
            { "Amount": amount, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {} },
        ])
    };
    let booked = || {
        json!([{ "Id": "1", "Amount": amount, "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": { "AccountRef": { "value": id(&KINDS[2], 4) } } }])
    };
    let own = match kind.entity {
        "Customer" => json!({
            "DisplayName": name, "CompanyName": name, "GivenName": "Zoë", "FamilyName": "D'Hondt",
            "PrimaryEmailAddr": { "Address": format!("klant{number}@example.org") },
            "PrimaryPhone": { "FreeFormNumber": "+32 9 111 22 33" }, "Balance": amount, "Notes": "",
            "BillAddr": { "Id": "95", "Line1": "Molenstraat 4", "City": "Gent", "PostalCode": "9000" },
        }),
        "Vendor" => json!({ "DisplayName": name, "AcctNum": format!("L{number:04}"), "Balance": amount,
            "PrimaryEmailAddr": { "Address": format!("leverancier{number}@example.org") } }),
        "Account" => json!({ "Name": name, "AcctNum": format!("{}", 400_000 + number), "CurrentBalance": amount,
            "AccountType": if number == 1 { "Bank" } else { "Income" }, "Classification": "Revenue" }),
        "Item" => json!({ "Name": name, "Type": "Service", "UnitPrice": 12.3456, "IncomeAccountRef": account() }),
        "Invoice" => json!({ "DocNumber": format!("{}", 1_000 + number), "TxnDate": day, "DueDate": day,
            "CustomerRef": customer(), "Line": lines(), "TxnTaxDetail": { "TotalTax": 21.0 }, "TotalAmt": amount,
            "Balance": amount, "EmailStatus": "NotSet" }),
        "Bill" => json!({ "DocNumber": format!("F-{number:04}"), "TxnDate": day, "DueDate": day, "VendorRef": vendor(),
            "Line": booked(), "TotalAmt": amount, "Balance": amount }),
        "Payment" => json!({ "TxnDate": day, "CustomerRef": customer(), "TotalAmt": amount, "UnappliedAmt": 0,
            "Line": [{ "Amount": amount, "LinkedTxn": [{ "TxnId": id(&KINDS[4], number), "TxnType": "Invoice" }] }] }),
        "Purchase" => json!({ "TxnDate": day, "PaymentType": "Check", "AccountRef": account(), "TotalAmt": amount,
            "EntityRef": { "value": id(&KINDS[1], number % 5), "type": "Vendor" }, "Line": booked() }),
        "Deposit" => json!({ "TxnDate": day, "DepositToAccountRef": account(), "TotalAmt": amount, "Line": booked() }),
        "Transfer" => json!({ "TxnDate": day, "FromAccountRef": account(), "Amount": amount,
            "ToAccountRef": { "value": id(&KINDS[2], 4), "name": "Spaarrekening" } }),
        _ => json!({ "DocNumber": format!("D{number:03}"), "TxnDate": day, "Adjustment": false, "Line": [
            { "Id": "0", "Amount": amount, "DetailType": "JournalEntryLineDetail",
              "JournalEntryLineDetail": { "PostingType": "Debit", "AccountRef": account() } },
            { "Id": "1", "Amount": amount, "DetailType": "JournalEntryLineDetail",
              "JournalEntryLineDetail": { "PostingType": "Credit", "AccountRef": { "value": id(&KINDS[2], 4) } } },
        ] }),
    };
    let both = if kind.listed {
        json!({ "Active": number != 3, "domain": "QBO", "sparse": false })
    } else {
        json!({ "PrivateNote": name, "CurrencyRef": { "value": "EUR" }, "domain": "QBO", "sparse": false })
    };
    [own, both].into_iter().filter_map(|part| part.as_object().cloned()).flatten().collect()
}

/// Hundredths as a number of JSON.
fn f64_of(cents: i64) -> f64 {
    format!("{}.{:02}", cents / 100, cents % 100).parse().unwrap_or_default()
}
