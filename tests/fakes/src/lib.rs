//! Fake providers: real HTTP on the loopback, checked as strictly as the provider sheets say, so that
//! the real connectors, unchanged, can be run against them (`egress.rewrite`).
//!
//! Each fake
//!
//! - **refuses what its sheet does not name**: an unknown parameter, header or body field is a 400 with
//!   a text that says which one, so a connector that invents something fails here and not in production;
//! - **keeps a journal** of every request, answer, record served and object created, in memory and as
//!   JSON lines in a file, with the *name* of the token that was sent and never its value: what a
//!   checker compares with the host's database after a crash;
//! - **misbehaves on request**: a [`Rule`] says which requests get another answer, wait, are held, or
//!   lose their connection before or after they took effect.
//!
//! One of them, [`ledger`], is no real provider: small records in many pages, for tests and benchmarks of the engine, and
//! wrong in ways ([`Odd`]) that the others cannot be.
//!
//! Another one, [`desk`], is what tests of writing stand on: it takes items in every way that providers do.
//!
//! [`notebook`] is the provider of the example connector, which `patchbay new` writes.
//!
//! [`registry`] is where connectors come from: a registry of OCI artifacts that can lie.
//!
//! A test starts them in its own process with [`Fakes::start`]; the demo and authors of connectors use
//! the binary `patchbay-fakes`. The same controls are typed here and under `/_fake/` on the plain port.

pub mod adminpulse;
pub mod also;
pub mod anyapi;
mod behaviour;
pub mod brokercloud;
mod config;
mod consent;
mod control;
pub mod desk;
mod exchange;
mod fake;
mod fakes;
pub mod fid_manager;
pub mod github;
pub mod google_workspace;
pub mod hubspot;
mod journal;
pub mod ledger;
mod login;
pub mod logins;
pub mod meta_ads;
pub mod notebook;
mod odd;
pub mod odoo;
pub mod quickbooks_online;
pub mod registry;
pub mod sare;
mod seed;
mod server;
pub mod silverfin;
pub mod slack;
mod strict;
mod tls;
mod upload;
pub mod xero;
pub mod zoho;

pub use behaviour::{Act, Rule, Script};
pub use config::{DeskConfig, FakesConfig, GithubConfig, LedgerConfig, SilverfinConfig};
pub use fakes::{Fakes, FakesError, Rewrite, Stand};
pub use journal::{Created, Entry, Journal, Served};
pub use login::{Client, Login};
pub use odd::Odd;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The lock, also after a panic elsewhere: a fake goes on and the test that panicked is what fails.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
