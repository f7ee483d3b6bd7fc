//! Firms, companies, periods and remarks, made from the seed.

use serde_json::{Value, json};

use super::{FIRM, OTHER_FIRM, documents::Document};
use crate::{SilverfinConfig, seed};

const TRADES: [&str; 8] =
    ["Bakkerij", "Garage", "Apotheek", "Schrijnwerkerij", "Café", "Drukkerij \"De Pers\"", "Architecten", "Slagerij"];
const NAMES: [&str; 9] =
    ["De Molen", "Janssens & Zonen", "Peeters", "D'Hondt", "Müller", "Van den Bossche", "Éclair", "Claes", "Wouters"];
const CITIES: [&str; 6] = ["Gent", "Antwerpen", "Liège", "Brugge", "Hasselt", "Kortrijk"];

/// Everything that can be read.
#[derive(Debug, Default)]
pub(crate) struct Data {
    pub(crate) companies: Vec<Company>,
    pub(crate) remarks: Vec<Remark>,
    pub(crate) documents: Vec<Document>,
    next_remark: u64,
    /// How often something was changed by [`Data::touch`].
    touched: u64,
}

/// A company, with its periods.
#[derive(Debug)]
pub(crate) struct Company {
    pub(crate) id: u64,
    pub(crate) firm: u64,
    pub(crate) name: String,
    pub(crate) visibility: Visibility,
    pub(crate) periods: Vec<Period>,
    city: &'static str,
    number: usize,
}

/// Whether a company is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visibility {
    Listed,
    /// Gone from the list and by id.
    Archived,
    /// The user lost access to it: gone from the list and by id.
    Hidden,
}

/// A period of a company.
#[derive(Debug)]
pub(crate) struct Period {
    pub(crate) id: u64,
    end_date: &'static str,
    year: u32,
}

/// A remark on a period of a company.
#[derive(Debug, Clone)]
pub(crate) struct Remark {
    pub(crate) id: u64,
    pub(crate) company: u64,
    pub(crate) period: u64,
    pub(crate) text: String,
    pub(crate) author: Option<String>,
    pub(crate) owner: (String, u64),
    pub(crate) todo: bool,
    pub(crate) created_at: String,
}

impl Data {
    /// The data of a seed: the listed companies of [`FIRM`] (the fourth without a period), one archived
    /// and one hidden one, and three companies of [`OTHER_FIRM`].
    pub(crate) fn seeded(seed: u64, config: &SilverfinConfig) -> Self {
        let mut data = Self { next_remark: 90_411, ..Self::default() };
        for at in 0..config.companies {
            data.push_company(seed, FIRM, at, Visibility::Listed);
        }
        data.push_company(seed, FIRM, config.companies, Visibility::Archived);
        data.push_company(seed, FIRM, config.companies + 1, Visibility::Hidden);
        for at in 0..3 {
            data.push_company(seed, OTHER_FIRM, config.companies + 2 + at, Visibility::Listed);
        }
        let places: Vec<(u64, u64)> = data
            .companies
            .iter()
            .filter_map(|company| company.periods.last().map(|period| (company.id, period.id)))
            .take(5)
            .collect();
        for (company, period) in places {
            for at in 0..config.remarks {
                let text = seed::text(seed, &format!("remark/{company}/{at}"), 200);
                let created_at = format!("2026-03-{:02}T11:20:05.000+01:00", at % 28 + 1);
                let owner = ("Company".to_owned(), company);
                let todo = at % 2 == 1;
                data.add_remark(Remark { id: 0, company, period, text, author: None, owner, todo, created_at });
            }
        }
        data
    }

    fn push_company(&mut self, seed: u64, firm: u64, at: usize, visibility: Visibility) {
        let dice = usize::try_from(seed::number(seed, &format!("company/{at}")) % 10_000).unwrap_or_default();
        let name = format!("{} {} BV", seed::pick(&TRADES, dice), seed::pick(&NAMES, dice / 8));
        let number = u64::try_from(at).unwrap_or_default();
        let (first, second) = (771_000 + number * 2, 771_001 + number * 2);
        let periods = if at == 3 {
            Vec::new()
        } else {
            vec![
                Period { id: first, end_date: "2025-12-31", year: 2025 },
                Period { id: second, end_date: "2026-12-31", year: 2026 },
            ]
        };
        let city = CITIES.iter().cycle().nth(dice % 6).copied().unwrap_or_default();
        self.companies.push(Company { id: 398_000 + number, firm, name, visibility, periods, city, number: at });
    }

    /// See [`Silverfin::touch`](super::Silverfin::touch).
    pub(crate) fn touch(&mut self, seed: u64, now: &str) {
        self.touched += 1;
        let at = self.companies.len();
        self.push_company(seed, FIRM, at, Visibility::Listed);
        let mut listed = self.companies.iter_mut().filter(|company| company.firm == FIRM);
        let mut listed: Vec<&mut Company> =
            listed.by_ref().filter(|company| company.visibility == Visibility::Listed).collect();
        // From behind: the first ones are what tests write to.
        let last = listed.len().saturating_sub(1);
        if let Some(company) = listed.get_mut(last.saturating_sub(1)) {
            company.name.push_str(" II");
        }
        if let Some(company) = listed.get_mut(last.saturating_sub(2)) {
            company.visibility = Visibility::Archived;
        }
        if let Some(remark) = self.remarks.first_mut() {
            remark.text = format!("Touched {} times", self.touched);
        }
        if let Some(remark) = self.remarks.first().cloned() {
            self.add_remark(Remark { created_at: now.to_owned(), ..remark });
        }
    }

    /// The listed companies of a firm, in order of their ids.
    pub(crate) fn listed(&self, firm: u64) -> impl Iterator<Item = &Company> {
        self.companies.iter().filter(move |company| company.firm == firm && company.visibility == Visibility::Listed)
    }

    /// Adds a remark; its id.
    pub(crate) fn add_remark(&mut self, remark: Remark) -> u64 {
        let id = self.next_remark;
        self.next_remark += 1;
        self.remarks.push(Remark { id, ..remark });
        id
    }

    /// See [`Silverfin::records`](super::Silverfin::records).
    pub(crate) fn records(&self, kind: &str) -> Option<Vec<Value>> {
        match kind {
            "company" => Some(self.listed(FIRM).map(Company::json).collect()),
            "period" => Some(self.listed(FIRM).flat_map(|company| &company.periods).map(Period::json).collect()),
            "reconciliation" => {
                Some(self.listed(FIRM).flat_map(|company| &company.periods).flat_map(Period::papers).collect())
            }
            "document" => Some(self.documents.iter().map(Document::json).collect()),
            "remark" => Some(self.remarks.iter().map(Remark::json).collect()),
            _ => None,
        }
    }
}

impl Company {
    /// What companies are found by: `C0042`.
    pub(crate) fn file_code(&self) -> String {
        format!("C{:04}", self.number)
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "created_at": "2020-01-15T10:00:00.000+01:00",
            "organisation_form": "BV",
            "country": "BE",
            "city": self.city,
            "street": format!("Molenstraat {}", self.number + 1),
            "file_code": self.file_code(),
            "company_type": "company",
            "periods_per_year": 1,
            "sync_reference": null,
            "accountancy_synchronisation_reference": self.number.to_string(),
            "accountancy_synchronisation_entity_id": 7,
            "accountancy_synchronisation_entity_type": "ExactOnline",
            "account_mapping_list_id": 3,
            "administration_synchronisation_reference": null,
        })
    }
}

/// The working papers of a period: name and handle.
const PAPERS: [(&str, &str); 2] = [("Vaste activa", "fixed_assets"), ("Vorderingen", "receivables")];

impl Period {
    /// Its working papers; the first of them is starred in the newest period.
    pub(crate) fn papers(&self) -> Vec<Value> {
        let papers = (1..).zip(PAPERS);
        papers
            .map(|(at, (name, handle))| {
                let starred = at == 1 && self.year == 2026;
                json!({ "id": self.id * 10 + at, "name": name, "handle": handle, "starred": starred })
            })
            .collect()
    }

    pub(crate) fn json(&self) -> Value {
        let year = self.year;
        json!({
            "id": self.id,
            "end_date": self.end_date,
            "public": false,
            "fiscal_year": { "start_date": format!("{year}-01-01"), "end_date": format!("{year}-12-31") },
            "extra_data_headers": [],
        })
    }
}

impl Remark {
    pub(crate) fn json(&self) -> Value {
        let name = self.author.as_deref().unwrap_or("An Peeters");
        json!({
            "id": self.id,
            "created_at": self.created_at,
            "author": {
                "id": 554_005,
                "name": name,
                "username": "an.peeters",
                "created_at": "2021-04-02T09:11:00.000+02:00",
                "email": "an@vermeulen.example",
            },
            "owner": { "id": self.owner.1, "type": self.owner.0 },
            "followers": [{ "id": 554_005, "name": "An Peeters" }],
            "text": self.text,
            "todo": self.todo,
            "done_at": null,
            "done_by": null,
        })
    }
}
