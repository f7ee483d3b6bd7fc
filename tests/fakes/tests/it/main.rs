//! The fakes are what every other test leans on: they are tested first, over real connections.
#![cfg(test)]

mod calls;
mod desk;
mod github;
mod github_oauth;
mod ledger;
mod ledger_pages;
mod ledger_wire;
mod logins;
mod silverfin;
