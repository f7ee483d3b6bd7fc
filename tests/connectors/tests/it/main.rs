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
mod harness;
mod odoo;
mod odoo_models;
mod sare;
mod silverfin;
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
        odoo::case(),
        odoo::by_login(),
        sare::case(),
        silverfin::case(),
        zoho_crm::case(),
    ]
}
