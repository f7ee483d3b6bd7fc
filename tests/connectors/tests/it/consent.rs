//! The way through the pages of the providers whose login is a form `login` and a form `consent`.

use patchbay_test_support::{Browser, Page, Result, fakes::Login};

/// From the address that the host gave to the page that leads back.
pub(crate) fn walk(browser: &mut Browser, address: &str, login: &Login) -> Result<Page> {
    let page = browser.open(address)?;
    let provider = page.url.origin().ascii_serialization();
    let mut page = browser.settle_at(page, &[&provider])?;
    if page.form_named("login").is_ok() {
        let typed = [("user", login.user.as_str()), ("password", login.password.as_str())];
        let signed = browser.submit_named(&page, "login", &typed)?;
        page = browser.settle_at(signed, &[&provider])?;
    }
    browser.submit_named(&page, "consent", &[("decision", "allow")])
}
