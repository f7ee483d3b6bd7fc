//! Companies, who administers them, and how their subscription stands.

use std::collections::BTreeSet;

/// A company.
#[derive(Debug, Clone, Copy)]
pub(super) struct Company {
    pub(super) name: &'static str,
    /// Who may connect it.
    pub(super) owner: &'static str,
}

/// All that there are; the place is the number.
pub(super) const COMPANIES: [Company; 3] = [
    Company { name: "De Molen BV", owner: "owner" },
    Company { name: "Bakkerij Peeters", owner: "owner" },
    Company { name: "Ander Kantoor NV", owner: "other" },
];

/// What addresses call a company.
pub(super) fn realm_of(company: usize) -> String {
    format!("93414500000{company:05}")
}

/// The company of a realm.
pub(super) fn company_of(realm: &str) -> Option<usize> {
    (0..COMPANIES.len()).find(|company| realm_of(*company) == realm)
}

/// What has happened to companies.
#[derive(Debug, Default)]
pub(crate) struct Companies {
    /// Who is no administrator any more: person and company.
    pub(super) dismissed: BTreeSet<(String, usize)>,
    /// Whose subscription has ended.
    pub(super) ended: BTreeSet<usize>,
}

impl Companies {
    /// Whether this person may connect this company, and reach it by what was connected.
    pub(super) fn administers(&self, who: &str, company: usize) -> bool {
        COMPANIES.get(company).is_some_and(|found| found.owner == who)
            && !self.dismissed.contains(&(who.to_owned(), company))
    }
}
