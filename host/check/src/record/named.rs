//! Which members say who somebody is, by what they are called.

use serde_json::Number;

/// Parts of the names of members that say who somebody is, or that people wrote.
pub(super) const PERSONAL: &[&str] = &[
    "name",
    "naam",
    "mail",
    "phone",
    "telefoon",
    "mobile",
    "gsm",
    "fax",
    "street",
    "straat",
    "address",
    "adres",
    "city",
    "town",
    "gemeente",
    "zip",
    "postal",
    "postcode",
    "birth",
    "geboorte",
    "text",
    "note",
    "subject",
    "title",
    "description",
    "comment",
    "remark",
    "message",
    "login",
    "user",
    "contact",
    "content",
    "body",
    "summary",
    "label",
    "author",
    "owner",
    "website",
    "recipient",
];
/// Of these, what says who somebody is even as one word in lower case, which elsewhere is a state or a kind.
pub(super) const WHO: &[&str] = &[
    "login",
    "user",
    "mail",
    "phone",
    "mobile",
    "first",
    "last_name",
    "lastname",
    "surname",
    "given",
    "family",
    "street",
];
/// Parts of the names of numbers that begin with a country.
pub(super) const NUMBERED: &[&str] = &[
    "vat",
    "iban",
    "btw",
    "tax",
    "company_number",
    "companynumber",
    "enterprise",
    "national",
    "rijksregister",
    "insz",
    "ssn",
    "bic",
];
/// Of the personal ones, those of which also a short number is somebody's: a house, a town, a year.
const SHORT: &[&str] =
    &["phone", "telefoon", "mobile", "gsm", "fax", "street", "house", "zip", "postal", "postcode", "birth"];
/// Parts of the names of numbers that count or date something.
const COUNTS: &[&str] = &[
    "count", "total", "size", "length", "amount", "rate", "percent", "update", "create", "modif", "_at", "time",
    "version",
];
/// Digits from which on a number is as good as a name.
const DIGITS: usize = 6;

pub(super) fn called(name: &str, parts: &[&str]) -> bool {
    let lower = name.to_ascii_lowercase();
    parts.iter().any(|part| lower.contains(part))
}

/// Whether a number is somebody's, whatever it stands under elsewhere.
pub(super) fn is_long_number_of_somebody(name: &str, number: &Number) -> bool {
    let digits = number.to_string().trim_end_matches(".0").bytes().filter(u8::is_ascii_digit).count();
    let id = name.to_ascii_lowercase().ends_with("id") || name.ends_with("ids");
    digits >= DIGITS
        && !called(name, COUNTS)
        && (called(name, NUMBERED) || called(name, SHORT) || (called(name, PERSONAL) && !id))
}

/// Whether a short number is somebody's where it stands; elsewhere the same one may be the number of a page.
pub(super) fn is_short_number_of_somebody(name: &str) -> bool {
    called(name, SHORT) && !called(name, COUNTS) && !name.to_ascii_lowercase().ends_with("id")
}
