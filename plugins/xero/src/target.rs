//! What an action is about: an organisation, and a record in it.
//!
//! The picker's choices name both (`ORGANISATION/RECORD`), since one login reaches several organisations. A record alone will do
//! where the organisation is said beside it, or is the only one.

use patchbay_sdk::{Context, Error, Item, Result};
use serde::Deserialize;

use crate::wire;

/// What stands between the two ids of a choice.
const BETWEEN: char = '/';

#[derive(Deserialize)]
struct Chosen {
    id: String,
    organisation: Option<String>,
    #[serde(default)]
    kind: Kind,
}

/// A document that notes and files can be put on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    #[default]
    Invoice,
    CreditNote,
    BankTransaction,
}

/// An organisation, and a record in it.
pub(crate) struct Target {
    /// The organisation.
    pub(crate) tenant: String,
    /// The list that the record is in, as it stands in addresses.
    pub(crate) list: &'static str,
    /// The record.
    pub(crate) id: String,
}

impl Target {
    /// A contact.
    pub(crate) fn contact(ctx: &Context, item: &Item) -> Result<Self> {
        Self::of(ctx, item.target()?, "Contacts")
    }

    /// A document of the kind that the target names.
    pub(crate) fn document(ctx: &Context, item: &Item) -> Result<Self> {
        let chosen: Chosen = item.target()?;
        let list = match chosen.kind {
            Kind::Invoice => "Invoices",
            Kind::CreditNote => "CreditNotes",
            Kind::BankTransaction => "BankTransactions",
        };
        Self::of(ctx, chosen, list)
    }

    /// An organisation alone, for what is made anew in it.
    pub(crate) fn organisation(ctx: &Context, item: &Item) -> Result<String> {
        #[derive(Deserialize)]
        struct Organisation {
            id: Option<String>,
        }
        let chosen = item.target::<Organisation>()?.id;
        let Some(tenant) = chosen.or_else(|| only(ctx)).filter(|tenant| wire::is_uuid(tenant)) else {
            return Err(Error::invalid_input("Choose an organisation.")
                .field("/id", "This is not the id of an organisation in Xero."));
        };
        Ok(tenant)
    }

    fn of(ctx: &Context, chosen: Chosen, list: &'static str) -> Result<Self> {
        let (named, id) = match chosen.id.split_once(BETWEEN) {
            Some((tenant, id)) => (Some(tenant.to_owned()), id.to_owned()),
            None => (None, chosen.id),
        };
        if named.is_some() && chosen.organisation.is_some() && named != chosen.organisation {
            return Err(Error::invalid_input("The record belongs to another organisation.")
                .field("/organisation", "The id names another organisation."));
        }
        let Some(tenant) = named.or(chosen.organisation).or_else(|| only(ctx)) else {
            return Err(Error::invalid_input("Say which organisation the record belongs to.")
                .field("/organisation", "The connection has several organisations."));
        };
        if !wire::is_uuid(&tenant) || !wire::is_uuid(&id) {
            return Err(
                Error::invalid_input("Choose a record.").field("/id", "This is not the id of a record in Xero.")
            );
        }
        Ok(Self { tenant, list, id })
    }
}

/// The organisation of a connection that has only one.
fn only(ctx: &Context) -> Option<String> {
    ctx.fact("organisation").ok().map(str::to_owned)
}
