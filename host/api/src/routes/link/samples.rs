//! What the tests of the pages show, and the pages written to a folder to be looked at:
//! `PATCHBAY_PAGES=/tmp/pages cargo nextest run -p patchbay-api the_pages`.

use std::time::Duration;

use patchbay_app::{Choice, Confirm, Journey, Landing, Language, Review, Stage};
use patchbay_model::{
    Code, Fault, ManualClock, SeededRandom, SessionId, Timestamp,
    manifest::{Category, Field, FieldKind, Guide},
};

use super::{choose, confirm, form::Typed, landing, review_page, style, texts::Texts, trouble};

pub(super) const NASTY: &str = "\"><img src=x onerror='alert(1)'>";
const TENANT: &str = "Kantoor <V> & Zn";
const HALF_AN_HOUR: Duration = Duration::from_secs(1_790);

pub(super) fn session() -> SessionId {
    SessionId::fresh(&ManualClock::at(Timestamp::from_millis(1_800_000_000_000)), &SeededRandom::new(7))
}

pub(super) fn choices(count: usize) -> Vec<Choice> {
    let categories = [
        Category::Accounting,
        Category::Communication,
        Category::Marketing,
        Category::Productivity,
        Category::SalesCrm,
    ];
    categories
        .into_iter()
        .cycle()
        .take(count)
        .enumerate()
        .map(|(n, category)| Choice {
            connector: format!("acme.books{n}"),
            name: format!("Acme Books {n}"),
            summary: "Ledgers & invoices.".to_owned(),
            category,
        })
        .collect()
}

pub(super) fn journey(stage: Stage) -> Journey {
    Journey { tenant: TENANT.to_owned(), language: None, remaining: HALF_AN_HOUR, stage, trouble: None, returns: true }
}

pub(super) fn confirm() -> Confirm {
    Confirm {
        provider: "Acme Books".to_owned(),
        business_name: "Bakkerij <Janssens>".to_owned(),
        login: Some("els@example.com".to_owned()),
        accounts: 3,
        renewed: false,
    }
}

pub(super) fn fields() -> Vec<Field> {
    let field = |id: &str, label: &str, kind| Field {
        id: id.to_owned(),
        label: label.to_owned(),
        help: Some(format!("Where to find it: {label}.")),
        kind,
        pattern: None,
        options: Vec::new(),
        suffix: None,
        optional: false,
    };
    vec![
        Field {
            suffix: Some(".books.example".to_owned()),
            help: None,
            ..field("firm", "Your firm", FieldKind::Subdomain)
        },
        Field { pattern: Some("[a-z]+".to_owned()), ..field("user", "User name", FieldKind::Text) },
        field("key", "Secret key", FieldKind::Secret),
        Field { options: vec!["eu".to_owned(), "us".to_owned()], ..field("region", "Region", FieldKind::Select) },
        Field { optional: true, ..field("since", "Read from", FieldKind::Date) },
        field("address", "Address of your server", FieldKind::Origin),
    ]
}

pub(super) fn review() -> Review {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
    Review {
        tenant: TENANT.to_owned(),
        provider: "Acme Books".to_owned(),
        connector: "acme.books".to_owned(),
        auth: "key".to_owned(),
        logins: vec![("key".to_owned(), "Secret key".to_owned()), ("login".to_owned(), "Log in at Acme".to_owned())],
        reads: lines(&["Invoices: sales and purchase invoices.", "Relations: customers and suppliers."]),
        writes: lines(&["Note: a note at a relation."]),
        asks: lines(&["books.read: to read invoices."]),
        reaches: lines(&["https://api.books.example: all of it."]),
        checklist: lines(&["Administrator rights at Acme Books.", "The address of your firm."]),
        guides: vec![Guide {
            id: "end-user".to_owned(),
            audience: "the person who connects".to_owned(),
            title: "Make a secret key".to_owned(),
            text: "1. Open **Settings**\n2. Choose *Keys*, see [help](https://help.books.example/keys)".to_owned(),
        }],
        fields: fields(),
        leaves: false,
        pkce: true,
        language: None,
        remaining: HALF_AN_HOUR,
        one_of: 3,
    }
}

/// Every page, by name.
fn pages(texts: &'static Texts) -> Vec<(&'static str, String)> {
    let (session, review, fields) = (session(), review(), fields());
    let landed = Landing { tenant: TENANT.to_owned(), language: None, remaining: HALF_AN_HOUR, opened: None };
    let wrong =
        Fault::new(Code::FieldInvalid).field("/fields/firm", "must be a word").field("/fields/key", "is missing");
    let typed = [("firm", "a b"), ("user", "els")].map(|(id, value)| (id.to_owned(), value.to_owned()));
    let typed = Typed::of(&fields, &typed.into(), &wrong);
    let mut tried = journey(Stage::Choose(Vec::new()));
    tried.trouble = Some(Code::ConsentRefused);
    let mut stays = journey(Stage::Done(confirm()));
    stays.returns = false;
    let mut leaves = self::review();
    (leaves.leaves, leaves.fields, leaves.logins) = (true, Vec::new(), Vec::new());
    let said = trouble::said(texts, &Fault::new(Code::CredentialRefused));
    [
        ("landing", landing::page(texts, &landed)),
        ("choose", choose::page(texts, &session, "", &tried, &choices(3))),
        ("choose-many", choose::page(texts, &session, "books", &journey(Stage::Choose(Vec::new())), &choices(12))),
        ("review-form", review_page::page(texts, &session, &review, &Typed::default(), None)),
        ("review-errors", review_page::page(texts, &session, &review, &typed, Some(said))),
        ("review-away", review_page::page(texts, &session, &leaves, &Typed::default(), None)),
        ("confirm", confirm::waiting(texts, &session, &journey(Stage::Confirm(confirm())), &confirm())),
        ("confirm-stays", confirm::waiting(texts, &session, &stays, &confirm())),
        ("done", confirm::done(texts, &session, &journey(Stage::Done(confirm())), &confirm())),
        ("done-stays", confirm::done(texts, &session, &stays, &confirm())),
    ]
    .map(|(name, page)| (name, page.markup()))
    .into()
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "whoever wants to look at the pages says where; no product code reads it"
)]
fn the_pages_hold_no_script_no_style_of_their_own_and_no_text_as_markup() {
    let folder = std::env::var_os("PATCHBAY_PAGES").map(std::path::PathBuf::from);
    for language in Language::ALL {
        for (name, page) in pages(Texts::of(language)) {
            for power in
                ["<script", " style=", " onclick", " onerror", "javascript:", "<iframe", "<V>", "<Janssens>", "src="]
            {
                assert!(!page.contains(power), "{name}: {power}");
            }
            assert!(!page.contains("{"), "{name} has a place that was not filled: {page}");
            assert_eq!(page.matches("<h1>").count(), 1, "{name}");
            // Ids are what labels and errors are tied to: each once.
            let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
            let unique: std::collections::BTreeSet<_> = ids.iter().collect();
            assert_eq!(ids.len(), unique.len(), "{name}: {ids:?}");
            for tied in page.split("aria-describedby=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(tied.split(' ').all(|id| unique.contains(&id)), "{name}: {tied}");
            }
            if let Some(folder) = &folder {
                let page = page.replace(style::ADDRESS, "style.css");
                std::fs::write(folder.join(format!("{name}.{}.html", language.as_str())), page).expect("written");
            }
        }
    }
    if let Some(folder) = &folder {
        std::fs::write(folder.join("style.css"), style::SHEET).expect("written");
    }
}
