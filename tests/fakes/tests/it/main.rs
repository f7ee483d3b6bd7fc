//! The fakes are what every other test leans on: they are tested first, over real connections.
#![cfg(test)]

mod adminpulse_;
mod anyapi;
mod brokercloud_;
mod calls;
mod consent;
mod desk;
mod fid_manager;
mod github;
mod github_oauth;
mod google_workspace;
mod hubspot;
mod ledger;
mod ledger_pages;
mod ledger_wire;
mod logins;
mod meta_ads;
mod odoo;
mod quickbooks_online_;
mod sare;
mod silverfin;
mod slack_;
mod xero;
mod zoho;
