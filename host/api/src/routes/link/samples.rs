//! What the tests of the pages show, and the pages written to a folder to be looked at:
//! `PATCHBAY_PAGES=/tmp/pages cargo nextest run -p patchbay-api the_pages`.

use std::time::Duration;

use patchbay_app::{
    Accent, Brand, Choice, Confirm, Journey, Landing, Language, Logo, LogoKind, Review, Sender, Shared, Stage,
};
use patchbay_model::{
    Code, Fault, ManualClock, SeededRandom, SessionId, Timestamp,
    manifest::{Category, Field, FieldKind, Guide},
};

use super::{
    before, choose, confirm, connect_page, form::Typed, landing, review::Wanted, review_page, script, style,
    texts::Texts, trouble, waiting,
};

pub(super) const NASTY: &str = "\"><img src=x onerror='alert(1)'>";
const TENANT: &str = "Kantoor <V> & Zn";
/// What the operator registered it as.
const REGISTERED: &str = "Kantoor Vos <V> BV";
/// The first 32 bytes of nothing in particular.
const DIGEST: &str = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";
const HALF_AN_HOUR: Duration = Duration::from_secs(1_790);

pub(super) fn session() -> SessionId {
    SessionId::fresh(&ManualClock::at(Timestamp::from_millis(1_800_000_000_000)), &SeededRandom::new(7))
}

pub(super) fn sender() -> Sender {
    Sender {
        brand: Brand {
            name: TENANT.to_owned(),
            accent: Accent::read("#1f5fd6"),
            logo: Some(Logo { digest: DIGEST.to_owned(), kind: LogoKind::Svg }),
        },
        tenant: REGISTERED.to_owned(),
        user: Some("Els <E> (user-4711)".to_owned()),
        language: None,
        back: "https://app.example.com/back?session=ses_1".parse().ok(),
    }
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
            logo: n.is_multiple_of(2).then(|| DIGEST.to_owned()),
        })
        .collect()
}

pub(super) fn journey(stage: Stage) -> Journey {
    Journey { sender: sender(), remaining: HALF_AN_HOUR, stage, trouble: None, portal: false }
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
    let shared = |lines: &[(&str, &str)]| {
        lines.iter().map(|(what, why)| Shared { what: (*what).to_owned(), why: (*why).to_owned() }).collect()
    };
    Review {
        sender: sender(),
        logo: None,
        provider: "Acme Books".to_owned(),
        connector: "acme.books".to_owned(),
        auth: "key".to_owned(),
        logins: vec![("key".to_owned(), "Secret key".to_owned()), ("login".to_owned(), "Log in at Acme".to_owned())],
        reads: shared(&[
            ("Invoices", "Sales and purchase invoices."),
            ("Relations", "Customers and suppliers."),
            ("Ledger accounts", "The chart of accounts."),
            ("Bookings", "Lines of all journals."),
            ("Files", "Names of files, not what is in them."),
            ("Periods", "Years and months, and whether they are closed."),
            ("Employees", "Who works where."),
            ("", "Tables of your own, once somebody switches them on."),
        ]),
        writes: shared(&[("Note", "A note at a relation.")]),
        asks: shared(&[("books.read", "To read invoices.")]),
        reaches: shared(&[("https://api.books.example", "All of it.")]),
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
        remaining: HALF_AN_HOUR,
        one_of: 3,
        failures: 0,
        portal: false,
    }
}

/// Reads every page, by name.
fn each(texts: &'static Texts, read: &dyn Fn(&str, String)) {
    let (session, fields) = (session(), fields());
    let landed = Landing { sender: sender(), remaining: HALF_AN_HOUR, opened: None, portal: false };
    let wrong =
        Fault::new(Code::FieldInvalid).field("/fields/firm", "must be a word").field("/fields/key", "is missing");
    let typed = [("firm", "a b"), ("user", "els")].map(|(id, value)| (id.to_owned(), value.to_owned()));
    let typed = Typed::of(&fields, &typed.into(), &wrong);
    let mut tried = journey(Stage::Choose(Vec::new()));
    tried.trouble = Some(Code::ConsentRefused);
    let chooses = journey(Stage::Choose(Vec::new()));
    let mut stays = journey(Stage::Done(confirm()));
    stays.sender.back = None;
    let (confirms, done) = (journey(Stage::Confirm(confirm())), journey(Stage::Done(confirm())));
    let wanted = Wanted { review: review(), own_window: false };
    let mut leaves = Wanted { review: review(), own_window: false };
    (leaves.review.leaves, leaves.review.fields, leaves.review.logins) = (true, Vec::new(), Vec::new());
    let said = trouble::said(texts, &Fault::new(Code::CredentialRefused));
    let sender = sender();
    let fresh = Typed::default();
    for (name, page) in [
        ("landing", landing::page(texts, &landed)),
        ("choose", choose::page(texts, &session, "", &tried, &choices(3))),
        ("choose-many", choose::page(texts, &session, "books", &chooses, &choices(12))),
        ("before", before::page(texts, &session, &wanted.review)),
        ("review-form", review_page::page(texts, &session, &wanted, None)),
        ("review-away", review_page::page(texts, &session, &leaves, None)),
        ("connect", connect_page::page(texts, &session, &wanted, &fresh, None)),
        ("connect-errors", connect_page::page(texts, &session, &wanted, &typed, Some(said))),
        ("confirm", confirm::waiting(texts, &session, &confirms, &confirm())),
        ("confirm-stays", confirm::waiting(texts, &session, &stays, &confirm())),
        ("done", confirm::done(texts, &session, &done, &confirm())),
        ("done-stays", confirm::done(texts, &session, &stays, &confirm())),
        ("window-over", waiting::over(texts, &session, Some(&sender))),
        ("window-failed", waiting::failed(texts, &session, Some(&sender), &Fault::new(Code::ConsentRefused))),
    ] {
        read(name, page.markup());
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "whoever wants to look at the pages says where; no product code reads it"
)]
fn the_pages_hold_no_script_but_the_one_no_style_of_their_own_and_no_text_as_markup() {
    let folder = std::env::var_os("PATCHBAY_PAGES").map(std::path::PathBuf::from);
    for language in Language::ALL {
        each(Texts::of(language), &|name, page| {
            for power in [" style=", " onclick", " onerror", "javascript:", "<iframe", "<V>", "<Janssens>"] {
                assert!(!page.contains(power), "{name}: {power}");
            }
            assert!(!page.contains("{"), "{name} has a place that was not filled: {page}");
            assert_eq!(page.matches("<h1>").count(), 1, "{name}");
            assert_eq!(page.matches("<script").count(), 1, "{name}");
            // What is loaded comes from this host.
            for from in page.split(" src=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                let own = ["/link/journey.js?v=", "/brand/", "/logos/"];
                assert!(own.iter().any(|own| from.starts_with(own)), "{name}: {from}");
            }
            // Ids are what labels and errors are tied to: each once.
            let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
            let unique: std::collections::BTreeSet<_> = ids.iter().collect();
            assert_eq!(ids.len(), unique.len(), "{name}: {ids:?}");
            for tied in page.split("aria-describedby=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(tied.split(' ').all(|id| unique.contains(&id)), "{name}: {tied}");
            }
            if let Some(folder) = &folder {
                let page = page.replace(&*style::ADDRESS, "style.css").replace(&*script::ADDRESS, "journey.js");
                std::fs::write(folder.join(format!("{name}.{}.html", language.as_str())), page).expect("written");
            }
        });
    }
    if let Some(folder) = &folder {
        std::fs::write(folder.join("style.css"), style::SHEET).expect("written");
        std::fs::write(folder.join("journey.js"), script::SCRIPT).expect("written");
    }
}
