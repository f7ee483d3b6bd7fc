//! A browser as small as a login needs: cookies, forms, and redirects one step at a time.

use std::{collections::BTreeMap, io::Write, net::TcpStream, thread, time::Duration};

use url::{Url, form_urlencoded};

use crate::{Form, Result, Trouble, api, cookies::Cookies, html};

const BODY_BYTES: u64 = 8 * 1024 * 1024;
const STEPS: usize = 20;

/// A person's browser, with its cookies.
pub struct Browser {
    agent: ureq::Agent,
    cookies: Cookies,
}

/// A page, or a redirect that was not followed yet.
#[derive(Debug, Clone)]
pub struct Page {
    /// Where it came from.
    pub url: Url,
    /// HTTP status.
    pub status: u16,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub text: String,
}

impl Default for Browser {
    fn default() -> Self {
        Self { agent: api::agent(), cookies: Cookies::default() }
    }
}

impl Browser {
    /// Opens an address; a redirect is not followed.
    ///
    /// # Errors
    ///
    /// There was no answer.
    pub fn open(&mut self, url: &str) -> Result<Page> {
        self.send("GET", Url::parse(url)?, None)
    }

    /// Follows the redirect of a page, one step.
    ///
    /// # Errors
    ///
    /// It is none, or there was no answer.
    pub fn follow(&mut self, page: &Page) -> Result<Page> {
        let to = page
            .location()
            .ok_or_else(|| Trouble::new(format!("{} is no redirect: {} {}", page.url, page.status, page.text)))?;
        self.send("GET", to, None)
    }

    /// Goes where the page's link that looks like a button leads: *Continue*.
    ///
    /// # Errors
    ///
    /// There is no such link, or no answer.
    pub fn go_on(&mut self, page: &Page) -> Result<Page> {
        let to = html::way_on(&page.text)
            .ok_or_else(|| Trouble::new(format!("{} leads nowhere: {} {}", page.url, page.status, page.text)))?;
        self.send("GET", page.url.join(&to)?, None)
    }

    /// Follows redirects until there is a page, or until one leads to an address that `stop` knows.
    ///
    /// # Errors
    ///
    /// A step had no answer, or there were more than 20.
    pub fn settle(&mut self, mut page: Page, stop: impl Fn(&Url) -> bool) -> Result<Page> {
        for _ in 0..STEPS {
            match page.location() {
                None => return Ok(page),
                Some(to) if stop(&to) => return Ok(page),
                Some(_) => page = self.follow(&page)?,
            }
        }
        Err(Trouble::new(format!("more than {STEPS} redirects, the last to {}", page.url)))
    }

    /// Follows redirects as long as they lead to one of these origins; the page, or the redirect that leads
    /// somewhere else.
    ///
    /// # Errors
    ///
    /// As [`Browser::settle`].
    pub fn settle_at(&mut self, page: Page, origins: &[&str]) -> Result<Page> {
        let known = |to: &Url| origins.iter().any(|origin| *origin == to.origin().ascii_serialization());
        self.settle(page, |to| !known(to))
    }

    /// Sends the form of this name with these values; a button is one of them.
    ///
    /// # Errors
    ///
    /// There is no such form, or no answer.
    pub fn submit_named(&mut self, page: &Page, form: &str, values: &[(&str, &str)]) -> Result<Page> {
        let form = page.form_named(form)?;
        self.submit(page, &form, values)
    }

    /// Sends a form of a page with these values in place of what is filled in; a button is one of them.
    ///
    /// # Errors
    ///
    /// There was no answer, or the form's address is none.
    pub fn submit(&mut self, page: &Page, form: &Form, values: &[(&str, &str)]) -> Result<Page> {
        let mut fields = form.fields.clone();
        for (name, value) in values {
            fields.retain(|(known, _)| known != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        let sent = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut to = if form.action.is_empty() { page.url.clone() } else { page.url.join(&form.action)? };
        if form.method == "POST" {
            return self.send("POST", to, Some((page.url.origin().ascii_serialization(), sent)));
        }
        to.set_query(Some(&sent));
        self.send("GET", to, None)
    }

    /// Sends a form that stands on a page of another site, with this browser's cookies.
    ///
    /// # Errors
    ///
    /// There was no answer, or the address is none.
    pub fn forge(&mut self, site: &str, to: &str, values: &[(&str, &str)]) -> Result<Page> {
        let sent = form_urlencoded::Serializer::new(String::new()).extend_pairs(values).finish();
        self.send("POST", Url::parse(to)?, Some((site.to_owned(), sent)))
    }

    /// Asks for an address with this browser's cookies, and hangs up after `patience` without reading what
    /// comes back: a tab that is closed.
    ///
    /// # Errors
    ///
    /// There is nobody to ask.
    pub fn abandon(&self, url: &str, patience: Duration) -> Result<()> {
        let url = Url::parse(url)?;
        let address = url.socket_addrs(|| None)?.into_iter().next();
        let address = address.ok_or_else(|| Trouble::new(format!("{url} has no address")))?;
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let cookies = self.cookies.header(&url).map(|header| format!("cookie: {header}\r\n")).unwrap_or_default();
        let request =
            format!("GET {}{query} HTTP/1.1\r\nhost: {address}\r\naccept: text/html\r\n{cookies}\r\n", url.path());
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(request.as_bytes())?;
        thread::sleep(patience);
        Ok(())
    }

    /// Sets a cookie, as an attacker does who can write into this browser.
    pub fn plant(&mut self, host: &str, name: &str, value: &str) {
        self.cookies.set(host, name, value);
    }

    /// The value of a cookie for this host name.
    #[must_use]
    pub fn cookie(&self, host: &str, name: &str) -> Option<&str> {
        self.cookies.value(host, name)
    }

    /// Forgets all cookies, as another browser would.
    pub fn forget(&mut self) {
        self.cookies.clear();
    }

    /// `form` is the origin of the page that it stands on, and its content.
    fn send(&mut self, method: &str, url: Url, form: Option<(String, String)>) -> Result<Page> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(url.as_str())
            .header("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
            .header("user-agent", "Mozilla/5.0 (patchbay-test)");
        if let Some(cookies) = self.cookies.header(&url) {
            request = request.header("cookie", cookies);
        }
        let failed = |error: ureq::Error| Trouble::new(format!("{method} {url}: no answer: {error}"));
        let answer = match form {
            None => self.agent.run(request.body(())?),
            Some((origin, form)) => {
                let typed = request.header("content-type", "application/x-www-form-urlencoded");
                self.agent.run(typed.header("origin", origin).body(form)?)
            }
        };
        let mut answer = answer.map_err(failed)?;
        for cookie in answer.headers().get_all("set-cookie") {
            self.cookies.keep(&url, &String::from_utf8_lossy(cookie.as_bytes()));
        }
        let headers = api::flat(answer.headers());
        let bytes = answer.body_mut().with_config().limit(BODY_BYTES).read_to_vec().map_err(failed)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Page { status: answer.status().as_u16(), headers, text, url })
    }
}

impl Page {
    /// Where it redirects to.
    #[must_use]
    pub fn location(&self) -> Option<Url> {
        if !(300..400).contains(&self.status) {
            return None;
        }
        self.headers.get("location").and_then(|to| self.url.join(to).ok())
    }

    /// What the redirect tells in its query, by name: `code`, `state`, `error`.
    #[must_use]
    pub fn told(&self, name: &str) -> Option<String> {
        let to = self.location()?;
        to.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }

    /// Its forms.
    #[must_use]
    pub fn forms(&self) -> Vec<Form> {
        html::forms(&self.text)
    }

    /// The form with this name or id.
    ///
    /// # Errors
    ///
    /// It has none.
    pub fn form_named(&self, name: &str) -> Result<Form> {
        let form = self.forms().into_iter().find(|form| form.name == name);
        form.ok_or_else(|| Trouble::new(format!("{} has no form {name}: {} {}", self.url, self.status, self.text)))
    }

    /// Its only form, or the first.
    ///
    /// # Errors
    ///
    /// It has none.
    pub fn form(&self) -> Result<Form> {
        let form = self.forms().into_iter().next();
        form.ok_or_else(|| Trouble::new(format!("{} has no form: {} {}", self.url, self.status, self.text)))
    }
}

#[cfg(test)]
mod tests {
    use patchbay_fakes::{Fakes, FakesConfig};

    use super::*;

    #[test]
    fn the_login_and_consent_of_a_fake_lead_back_with_a_code() {
        let fakes = Fakes::start(FakesConfig::small()).expect("the fakes start");
        let silverfin = &fakes.silverfin.provider;
        let back = "http://127.0.0.1:9/oauth/callback/cli_1";
        silverfin.allow_redirect(back);
        let (client, login) = (silverfin.client(), silverfin.login());
        let mut address = Url::parse(&format!("{}/oauth/authorize", fakes.silverfin.plain)).expect("an address");
        address
            .query_pairs_mut()
            .append_pair("client_id", &client.id)
            .append_pair("redirect_uri", back)
            .append_pair("response_type", "code")
            .append_pair("scope", "user:profile user:firm")
            .append_pair("state", "a b&c");
        let mut browser = Browser::default();
        let page = browser.silverfin(address.as_str(), &login.user, &login.password, 13_999, true).expect("a redirect");
        let to = page.location().expect("the callback");
        assert!(to.as_str().starts_with(back), "{to}");
        let told: BTreeMap<String, String> = to.query_pairs().into_owned().collect();
        assert_eq!((told["state"].as_str(), told["authorized_firm_id"].as_str()), ("a b&c", "13999"));
        let denied = browser.silverfin(address.as_str(), &login.user, "", 13_827, false).expect("a redirect");
        assert!(denied.location().is_some_and(|to| to.as_str().contains("error=access_denied")), "still signed in");
        browser.forget();
        assert!(browser.silverfin(address.as_str(), &login.user, "wrong", 13_827, true).is_err());
    }
}
