//! Whose login it is, and which organisations it reaches.
//!
//! The connection is the person's, not an organisation's: one login holds the tokens of all organisations that the person ever
//! connected to this app, and where the app's tier allows one organisation in a consent, the next consent adds the next one to
//! the same login. Which consent a token comes from stands in the token (`authentication_event_id`), and beside each organisation.
//! Those of other consents may have been meant for somebody else: they are read only when a person chooses them.

use patchbay_sdk::{Account, Context, Identity, Result};
use serde::Deserialize;

use crate::wire::{self, Api};

/// The tenants that have books.
const ORGANISATION: &str = "ORGANISATION";

/// An organisation as the list of connections tells it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tenant {
    tenant_id: String,
    tenant_type: Option<String>,
    tenant_name: Option<String>,
    /// The consent that connected it.
    auth_event_id: Option<String>,
    created_date_utc: Option<String>,
}

pub(crate) fn identify(ctx: &Context) -> Result<Identity> {
    let api = Api::of(ctx)?;
    let answer = api.ok(wire::connections().send()?)?;
    let mut tenants: Vec<Tenant> = answer.json()?;
    if tenants.iter().any(|tenant| !wire::is_uuid(&tenant.tenant_id)) {
        return Err(answer.unreadable("a tenant whose id is none"));
    }
    let consent = ctx.fact("consent").ok();
    tenants.sort_by(|one, other| one.place(consent).cmp(&other.place(consent)));
    let books: Vec<&Tenant> = tenants.iter().filter(|tenant| tenant.has_books()).collect();
    let login = ctx.fact("email").ok();
    let mut identity = Identity::of(ctx.fact("user")?, name(&books, login));
    if let [only] = books.as_slice() {
        // Then a target need not say whose record it is.
        identity = identity.fact("organisation", only.tenant_id.as_str());
    }
    let identity = identity.accounts(tenants.iter().map(|tenant| tenant.account(consent)).collect());
    Ok(match login {
        Some(login) => identity.login(login),
        None => identity,
    })
}

/// The organisation's name; of several the first's.
fn name(books: &[&Tenant], login: Option<&str>) -> String {
    match books {
        [] => login.unwrap_or("Xero").to_owned(),
        [only] => only.name().to_owned(),
        [first, rest @ ..] => format!("{} and {} more", first.name(), rest.len()),
    }
}

impl Tenant {
    fn has_books(&self) -> bool {
        self.tenant_type.as_deref() == Some(ORGANISATION)
    }

    fn is_of(&self, consent: Option<&str>) -> bool {
        consent.is_none_or(|consent| self.auth_event_id.as_deref() == Some(consent))
    }

    /// Those of this consent come first, then those that were connected first.
    fn place(&self, consent: Option<&str>) -> (bool, Option<&str>) {
        (!self.is_of(consent), self.created_date_utc.as_deref())
    }

    fn name(&self) -> &str {
        self.tenant_name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or(&self.tenant_id)
    }

    fn account(&self, consent: Option<&str>) -> Account {
        let account = Account::of(&self.tenant_id, self.name()).fact("name", self.name());
        if !self.has_books() {
            return account.unusable("This is no organisation with books of its own, so there is nothing to read.");
        }
        if self.is_of(consent) {
            return account;
        }
        let note = "Connected by an earlier consent of the same person. It is read only when it is chosen here.";
        Account { note: Some(note.to_owned()), ..account.unselected() }
    }
}
