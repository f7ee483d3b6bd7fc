//! The ways through the pages of the providers: from the address that the host gave to the page that leads
//! back. [`Browser::follow`] opens the host's callback then.

use patchbay_fakes::{Login, logins::Credentials};

use crate::{Browser, Page, Result, Trouble};

impl Browser {
    /// Walks the login and the consent of the Silverfin fake, from the address that the host gave; the
    /// page that comes back redirects to the host's callback, which [`Browser::follow`] opens.
    ///
    /// # Errors
    ///
    /// A page is not the one that was expected.
    pub fn silverfin(&mut self, address: &str, user: &str, password: &str, firm: u64, allow: bool) -> Result<Page> {
        let page = self.open(address)?;
        let mut page = self.settle(page, |_| false)?;
        if page.text.contains("user[password]") {
            let form = page.form()?;
            let signed = self.submit(&page, &form, &[("user[email]", user), ("user[password]", password)])?;
            page = self.settle(signed, |_| false)?;
        }
        if page.status != 200 {
            return Err(Trouble::new(format!("{} is no consent page: {} {}", page.url, page.status, page.text)));
        }
        let (form, firm) = (page.form()?, firm.to_string());
        let decision = if allow { "allow" } else { "deny" };
        self.submit(&page, &form, &[("firm_id", &firm), ("decision", decision)])
    }

    /// Walks the login and the consent of the OpenID provider (`tests/oidc`); the page that comes back
    /// redirects to the host's callback, which [`Browser::follow`] opens.
    ///
    /// # Errors
    ///
    /// A page is not the one that was expected.
    pub fn oidc(&mut self, address: &str, login: &str, password: &str, allow: bool) -> Result<Page> {
        let page = self.open(address)?;
        let provider = page.url.origin().ascii_serialization();
        let decision = ("decision", if allow { "allow" } else { "deny" });
        let mut page = self.settle_at(page, &[&provider])?;
        if page.form_named("login").is_ok() {
            let signed = self.submit_named(&page, "login", &[("login", login), ("password", password), decision])?;
            page = self.settle_at(signed, &[&provider])?;
        }
        if page.form_named("consent").is_ok() {
            let decided = self.submit_named(&page, "consent", &[decision])?;
            page = self.settle_at(decided, &[&provider])?;
        }
        leads_away(page)
    }

    /// Walks the pages of the GitHub fake; a person who allowed the application before is not asked.
    ///
    /// # Errors
    ///
    /// A page is not the one that was expected.
    pub fn github(&mut self, address: &str, login: &Login, allow: bool) -> Result<Page> {
        let page = self.open(address)?;
        let provider = page.url.origin().ascii_serialization();
        let mut page = self.settle_at(page, &[&provider])?;
        if page.form_named("login").is_ok() {
            let filled = [("login", login.user.as_str()), ("password", login.password.as_str())];
            let signed = self.submit_named(&page, "login", &filled)?;
            page = self.settle_at(signed, &[&provider])?;
        }
        if page.form_named("authorize").is_ok() {
            page = self.submit_named(&page, "authorize", &[("authorize", if allow { "1" } else { "0" })])?;
        }
        leads_away(page)
    }

    /// Walks the consent page of the fake of all logins; no region when it is empty.
    ///
    /// # Errors
    ///
    /// A page is not the one that was expected.
    pub fn logins(&mut self, address: &str, known: &Credentials, region: &str, allow: bool) -> Result<Page> {
        let page = self.open(address)?;
        if page.location().is_some() {
            return Ok(page);
        }
        let decision = if allow { "allow" } else { "deny" };
        let filled = [
            ("user", known.user.as_str()),
            ("password", known.password.as_str()),
            ("region", region),
            ("decision", decision),
        ];
        let decided = self.submit_named(&page, "consent", &filled)?;
        leads_away(decided)
    }
}

/// The page itself when it redirects.
fn leads_away(page: Page) -> Result<Page> {
    match page.location() {
        Some(_) => Ok(page),
        None => Err(Trouble::new(format!("{} leads nowhere: {} {}", page.url, page.status, page.text))),
    }
}

#[cfg(test)]
mod tests {
    use patchbay_fakes::{Fakes, FakesConfig, github::AppKind};
    use url::Url;

    use super::*;

    const BACK: &str = "http://127.0.0.1:9/oauth/callback/cli_1";

    fn address(origin: &str, path: &str, client: &str, scope: &str) -> String {
        let mut url = Url::parse(&format!("{origin}{path}")).expect("an address");
        url.query_pairs_mut()
            .append_pair("client_id", client)
            .append_pair("redirect_uri", BACK)
            .append_pair("response_type", "code")
            .append_pair("scope", scope)
            .append_pair("state", "st4te")
            .append_pair("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
            .append_pair("code_challenge_method", "S256");
        url.into()
    }

    fn told(page: &Page, name: &str) -> Option<String> {
        page.location().filter(|to| to.as_str().starts_with(BACK))?;
        page.told(name)
    }

    #[test]
    fn the_pages_of_the_github_fake_lead_back() {
        let fakes = Fakes::start(FakesConfig::small()).expect("the fakes start");
        let github = &fakes.github.provider;
        github.allow_redirect(BACK);
        let to = address(&fakes.github.plain, "/login/oauth/authorize", &github.client(AppKind::Oauth).id, "repo");
        let mut browser = Browser::default();
        let refused = browser.github(&to, &github.login(), false).expect("the way back");
        assert_eq!(told(&refused, "error").as_deref(), Some("access_denied"));
        let back = browser.github(&to, &github.login(), true).expect("the way back");
        assert!(told(&back, "code").is_some() && told(&back, "state").as_deref() == Some("st4te"));
        let stranger = Login { user: "els".to_owned(), password: "wrong".to_owned() };
        assert!(Browser::default().github(&to, &stranger, true).is_err());
    }

    #[test]
    fn the_page_of_the_fake_of_all_logins_leads_back_with_a_region() {
        let fakes = Fakes::start(FakesConfig::small()).expect("the fakes start");
        let logins = &fakes.logins.provider;
        logins.allow_redirect(BACK);
        let to = address(&fakes.logins.plain, "/oauth/authorize", &logins.client().id, "read");
        let mut browser = Browser::default();
        let back = browser.logins(&to, &logins.credentials("two"), "in", true).expect("the way back");
        assert_eq!(told(&back, "location").as_deref(), Some("in"));
        assert_eq!(told(&back, "realm_id").as_deref(), Some("realm-two"));
        let refused = browser.logins(&to, &logins.credentials("two"), "", false).expect("the way back");
        assert_eq!(told(&refused, "error").as_deref(), Some("access_denied"));
    }

    #[test]
    fn a_tab_that_is_closed_still_asked() {
        let fakes = Fakes::start(FakesConfig::small()).expect("the fakes start");
        let mut browser = Browser::default();
        browser.plant("127.0.0.1", "one", "1");
        browser
            .abandon(&format!("{}/gone?a=b", fakes.logins.plain), std::time::Duration::from_secs(1))
            .expect("it asks");
        let seen = crate::wait_until("the request", std::time::Duration::from_secs(20), || {
            Ok(fakes.logins.journal.entries().pop())
        });
        let seen = seen.expect("it came");
        assert_eq!((seen.path.as_str(), seen.query["a"].as_str()), ("/gone", "b"));
    }
}
