//! Every connector over the real host and the fake of its provider: one module each.
#![cfg(test)]

mod adminpulse_;
mod announced;
mod brokercloud_;
mod complete;
mod consent;
mod fid_manager;
mod generic;
mod github;
mod google_workspace;
mod harness;
mod hubspot_;
mod meta_ads;
mod odoo;
mod odoo_models;
mod quickbooks_online_;
mod sare;
mod silverfin;
mod slack_;
mod xero_;
mod zoho_crm;

use patchbay_connector_tests::Case;

/// The case of each connector, and of each way to connect it that has a journey of its own.
fn cases() -> Vec<Case> {
    vec![
        adminpulse_::case(),
        brokercloud_::case(),
        fid_manager::case(),
        generic::case(),
        github::case(),
        hubspot_::case(),
        hubspot_::by_private_app(),
        google_workspace::case(),
        google_workspace::of_administrator(),
        meta_ads::case(),
        meta_ads::by_system_user(),
        odoo::case(),
        odoo::by_login(),
        quickbooks_online_::case(),
        sare::case(),
        silverfin::case(),
        slack_::case(),
        xero_::case(),
        zoho_crm::case(),
    ]
}
